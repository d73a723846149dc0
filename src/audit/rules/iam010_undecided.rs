//! IAM010: it could not be proven either way.

use super::context::RuleContext;
use super::{Rule, RuleId, RuleInfo};
use crate::audit::model::finding::Finding;
use crate::audit::model::fingerprint::compute_fingerprint;
use crate::audit::model::severity::Severity;
use crate::base::plural::{format_count, format_destructive_share};
use crate::snapshot::MissingReason;
use crate::solve;

static INFO: RuleInfo = RuleInfo {
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
pub(super) struct UndecidedRule;

impl Rule for UndecidedRule {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn find_for_principal(&self, context: &RuleContext<'_>) -> Option<Finding> {
        let subject = context.subject;
        let missing = subject.missing_documents.iter().map(ToString::to_string);
        let mut reasons: Vec<String> = missing.chain(context.undecided().map(ToString::to_string)).collect();
        let first = reasons.first()?;
        let title = match reasons.len() {
            1 => first.clone(),
            several => format!("could not be proven either way, for {}", format_count(several, "reason")),
        };
        reasons.extend(self.describe_unproven_excess(context));
        let mut advice: Vec<String> = Vec::new();
        for missing in &subject.missing_documents {
            let line = match &missing.reason {
                // What is asked for with `--filter` comes without the policies and groups that it refers to.
                MissingReason::NotCollected => "collect the account details again, without `--filter`".to_owned(),
                MissingReason::CollectionFailed { permission: None, .. } => format!("collect {} again", missing.name),
                MissingReason::CollectionFailed { permission: Some(permission), .. } => {
                    format!("collect {} again, with the permission {permission}", missing.name)
                }
                MissingReason::Invalid(_) => format!("correct {} ({})", missing.name, missing.place),
            };
            if !advice.contains(&line) {
                advice.push(line);
            }
        }
        for reason in context.undecided() {
            let line = match reason {
                solve::UndecidedReason::Variable(key) => format!("write the statement without ${{{key}}}"),
                solve::UndecidedReason::Ambiguity(name) => {
                    format!("write the statement so that \"{name}\" does not matter")
                }
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
            fingerprint: compute_fingerprint(RuleId::Undecided, arn, severity, self.list_causes(context)),
            principal: Some(subject.principal_ref.clone()),
            title,
            action_count: 0,
            destructive_count: 0,
            excess: Vec::new(),
            reasons,
            path: Vec::new(),
            place: subject
                .missing_documents
                .first()
                .map(|m| m.place.clone())
                .or_else(|| Some(subject.principal.place.clone())),
            advice,
            first_seen: None,
            accepted: None,
        })
    }
}

impl UndecidedRule {
    /// What the layers at hand allow beyond the ceiling, where one that is missing could deny all of it: no finding yet,
    /// and nothing to keep quiet about.
    fn describe_unproven_excess(&self, context: &RuleContext<'_>) -> Option<String> {
        if context.subject.entry.is_none() || !context.subject.has_missing_restricting_layer() {
            return None;
        }
        let report = context.render_excess(&context.analysis.excess, false);
        let (action_count, destructive_count) = (report.action_count, report.destructive_count);
        let actions = format!(
            "{}{}",
            format_count(action_count, "action"),
            format_destructive_share(destructive_count, action_count)
        );
        (action_count > 0)
            .then(|| format!("what was read goes beyond its ceiling by {actions}; what is missing could deny that"))
    }

    /// The causes without their places: those of an unreadable document change from week to week.
    fn list_causes(&self, context: &RuleContext<'_>) -> Vec<String> {
        let missing = context.subject.missing_documents.iter().map(|missing| missing.name.clone());
        missing.chain(context.undecided().map(ToString::to_string)).collect()
    }
}
