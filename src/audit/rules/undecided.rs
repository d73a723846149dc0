//! IAM010: it could not be proven either way.

use super::judged::Judged;
use super::{About, Rule, RuleId};
use crate::audit::count::{count, destructive};
use crate::audit::finding::Finding;
use crate::audit::fingerprint::fingerprint;
use crate::audit::severity::Severity;
use crate::snapshot::Absence;
use crate::solve;

static ABOUT: About = About {
    id: RuleId::Undecided,
    title: "undecided: could not be proven either way",
    on_by_default: true,
    explanation: "
**What it does.** Names the principals for which something that decides is not in the snapshot or cannot be read, and
those for which the decision ended without a proof, each with the reason. An audit with such a finding ends with
exit status 3, whatever else it found.

**Why is this bad?** \"No drift\" would rest on something that nobody looked at.

**Example.** A role has `arn:aws:iam::111122223333:policy/etl` attached, whose document was not collected.

**How to fix it.** Collect what is missing, with permissions to read it. Correct a document that AWS would refuse.
Where a policy variable or a reading that AWS leaves open decides, write the statement without it, or accept the
finding until a date.

**How to accept it.** An `[[exception]]` with the fingerprint: the audit then counts as complete although this is not decided.
The reason should say how it was looked at instead.
",
};

/// IAM010.
pub(super) struct Undecided;

impl Rule for Undecided {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn of_principal(&self, judged: &Judged<'_>) -> Option<Finding> {
        let subject = judged.subject;
        let missing = subject.missing.iter().map(ToString::to_string);
        let mut reasons: Vec<String> = missing.chain(judged.undecided().map(ToString::to_string)).collect();
        let first = reasons.first()?;
        let title = match reasons.len() {
            1 => first.clone(),
            several => format!("could not be proven either way, for {}", count(several, "reason")),
        };
        reasons.extend(self.excess(judged));
        let mut advice: Vec<String> = Vec::new();
        for missing in &subject.missing {
            let line = match &missing.why {
                // What is asked for with `--filter` comes without the policies and groups that it refers to.
                Absence::NotCollected => "collect the account details again, without `--filter`".to_owned(),
                Absence::Unread { permission: None, .. } => format!("collect {} again", missing.name),
                Absence::Unread { permission: Some(permission), .. } => {
                    format!("collect {} again, with the permission {permission}", missing.name)
                }
                Absence::Unreadable(_) => format!("correct {} ({})", missing.name, missing.place),
            };
            if !advice.contains(&line) {
                advice.push(line);
            }
        }
        for why in judged.undecided() {
            let line = match why {
                solve::Undecided::Variable(key) => format!("write the statement without ${{{key}}}"),
                solve::Undecided::Choice(name) => format!("write the statement so that \"{name}\" does not matter"),
                _ => continue,
            };
            if !advice.contains(&line) {
                advice.push(line);
            }
        }
        let severity = if subject.is_agent() { Severity::High } else { Severity::Medium };
        let arn = subject.principal.arn.as_str();
        Some(Finding {
            rule: RuleId::Undecided,
            severity,
            fingerprint: fingerprint(RuleId::Undecided, arn, severity, self.causes(judged)),
            principal: Some(subject.brief.clone()),
            title,
            action_count: 0,
            destructive_count: 0,
            excess: Vec::new(),
            reasons,
            path: Vec::new(),
            place: subject.missing.first().map(|m| m.place.clone()).or_else(|| Some(subject.principal.place.clone())),
            advice,
            first_seen: None,
            accepted: None,
        })
    }
}

impl Undecided {
    /// What the layers at hand allow beyond the ceiling, where one that is missing could deny all of it: no finding yet,
    /// and nothing to keep quiet about.
    fn excess(&self, judged: &Judged<'_>) -> Option<String> {
        if judged.subject.entry.is_none() || !judged.subject.may_be_narrower() {
            return None;
        }
        let told = judged.tell(&judged.answer.excess, false);
        let (all, destroy) = (told.action_count, told.destructive_count);
        let actions = format!("{}{}", count(all, "action"), destructive(destroy, all));
        (all > 0)
            .then(|| format!("what was read goes beyond its ceiling by {actions}; what is missing could deny that"))
    }

    /// The causes without their places: those of an unreadable document change from week to week.
    fn causes(&self, judged: &Judged<'_>) -> Vec<String> {
        let missing = judged.subject.missing.iter().map(|missing| missing.name.clone());
        missing.chain(judged.undecided().map(ToString::to_string)).collect()
    }
}
