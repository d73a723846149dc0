//! What the rules look at.

use std::borrow::Cow;

use jiff::civil::Date;

use super::id::RuleId;
use crate::access::{Layers, PolicyRef};
use crate::audit::ask::{Answer, Asker, Found, Founds};
use crate::audit::excess::{Telling, Told};
use crate::audit::finding::Finding;
use crate::audit::fingerprint::fingerprint;
use crate::audit::peers::Comparison;
use crate::audit::reaching::{Reached, Reaching};
use crate::audit::severity::Severity;
use crate::audit::shared::Shared;
use crate::audit::subject::Subject;
use crate::audit::topic::Topic;
use crate::audit::void::Way;
use crate::baseline::{Assignments, Baseline};
use crate::reach::Link;
use crate::solve::Undecided;
use crate::source::Place;
use crate::trust::Openings;

/// One principal with all answers about it.
pub(in crate::audit) struct Judged<'a> {
    /// What the run shares.
    pub asker: &'a Asker<'a>,
    /// The principal.
    pub subject: &'a Subject<'a>,
    /// The policies of its layers, by the index in a tag.
    pub policies: &'a [PolicyRef],
    /// The answers.
    pub answer: &'a Answer,
    /// What was declared.
    pub baseline: &'a Baseline,
    /// The guards that it satisfies alone, by their places in the baseline, and how.
    pub voids: &'a [(usize, Vec<Way>)],
    /// How it lies to others, where it is an agent or declared to be narrower than someone.
    pub comparison: Option<&'a Comparison<'a>>,
    /// The people and agents who can take it on, where there are both.
    pub shared: Option<&'a Shared>,
    /// Who may assume it and is not declared.
    pub trust: &'a Openings,
    /// What it can become.
    pub reached: &'a Reached,
    /// The graph of becoming; none where it was not asked for.
    pub reaching: Option<&'a Reaching<'a>>,
}

/// The baseline as a whole, and what the audit made of it.
pub(in crate::audit) struct Whole<'a> {
    /// The baseline.
    pub baseline: &'a Baseline,
    /// Which entry binds which principal.
    pub assignments: &'a Assignments,
    /// The principals' ARNs, in the order of the assignments.
    pub arns: &'a [&'a str],
    /// Which of them are audited.
    pub selected: &'a [bool],
    /// Whether the snapshot holds all principals: else nothing that matches none of them is stale.
    pub everyone: bool,
    /// The fingerprints of all findings of principals; none where only some principals or rules were asked for.
    pub found: Option<&'a [String]>,
    /// The day on which exceptions must hold.
    pub today: Date,
}

impl Judged<'_> {
    /// What of it holds whatever the missing policies of resources say: that of which the witness is no request
    /// on such a resource.
    pub fn proven<'f>(&self, founds: &'f Founds) -> Cow<'f, Founds> {
        let stands =
            |found: &Found| found.witness.as_ref().is_none_or(|witness| !self.subject.may_be_denied(&witness.resource));
        if founds.values().all(stands) {
            return Cow::Borrowed(founds);
        }
        let proven =
            founds.iter().filter(|(_, found)| stands(found)).map(|(tag, found)| (*tag, found.clone())).collect();
        Cow::Owned(proven)
    }

    /// What could not be decided about it.
    pub fn undecided(&self) -> impl Iterator<Item = &Undecided> {
        self.answer.undecided.iter().chain(&self.trust.undecided).chain(&self.reached.undecided)
    }

    /// Tells what was found beyond the ceiling.
    pub fn tell(&self, founds: &Founds, latent: bool) -> Told {
        let other = &self.subject.declared.layers;
        self.telling(other, latent, self.subject.is_agent()).tell(founds)
    }

    /// Tells what was found of a part of what it may do.
    pub fn tell_part(&self, founds: &Founds, topic: &Topic, is_agent: bool) -> Told {
        self.telling(&topic.expected.layers, false, is_agent).tell(&self.proven(founds))
    }

    fn telling<'t>(&'t self, other: &'t Layers, latent: bool, is_agent: bool) -> Telling<'t> {
        Telling { asker: self.asker, subject: self.subject, policies: self.policies, other, latent, is_agent }
    }

    /// Tells what was found beyond something else than the ceiling.
    pub fn tell_beyond(&self, founds: &Founds, other: &Layers) -> Told {
        self.telling(other, false, self.subject.is_agent()).tell(&self.proven(founds))
    }

    /// Tells what was found beyond the ceiling by the policies of another.
    pub fn tell_of(&self, policies: &[PolicyRef], founds: &Founds) -> Told {
        let other = &self.subject.declared.layers;
        Telling { policies, ..self.telling(other, false, self.subject.is_agent()) }.tell(founds)
    }

    /// The ARN of a principal of the graph.
    pub fn arn_of(&self, principal: usize) -> &str {
        self.reaching.map_or("", |reaching| reaching.graph.arn(principal))
    }

    /// Whether whoever takes a step is declared to.
    pub fn is_agreed(&self, link: &Link) -> bool {
        self.reaching.is_some_and(|reaching| reaching.is_agreed(link))
    }

    /// A finding about the principal that rests on excess.
    pub fn finding(&self, rule: RuleId, title: String, told: Told, advice: Vec<String>) -> Finding {
        let arn = self.subject.principal.arn.as_str();
        Finding {
            rule,
            severity: told.severity,
            fingerprint: fingerprint(rule, arn, told.severity, told.causes),
            principal: Some(self.subject.brief.clone()),
            title,
            action_count: told.action_count,
            destructive_count: told.destructive_count,
            excess: told.excess,
            reasons: Vec::new(),
            path: Vec::new(),
            place: Some(self.subject.principal.place.clone()),
            advice,
            first_seen: None,
            accepted: None,
        }
    }

    /// What of the snapshot could take back what was found, in a line each.
    pub fn caveats(&self) -> Vec<String> {
        self.subject.missing.iter().map(|missing| format!("{missing}; it could deny some of this")).collect()
    }
}

/// A finding about something of the baseline.
pub(super) fn of_baseline(
    severity: Severity,
    subject: &str,
    title: String,
    place: Place,
    causes: Vec<String>,
) -> Finding {
    Finding {
        rule: RuleId::Baseline,
        severity,
        fingerprint: fingerprint(RuleId::Baseline, subject, severity, causes),
        principal: None,
        title,
        action_count: 0,
        destructive_count: 0,
        excess: Vec::new(),
        reasons: Vec::new(),
        path: Vec::new(),
        place: Some(place),
        advice: Vec::new(),
        first_seen: None,
        accepted: None,
    }
}
