//! IAM009: a baseline entry is stale or ambiguous, or an exception has expired.

use super::context::BaselineContext;
use super::rule::{Rule, RuleInfo, RuleInput};
use crate::audit::model::finding::{Finding, FindingBuilder};
use crate::audit::model::reason::Reason;
use crate::audit::model::remediation::Remediation;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::severity::Severity;
use crate::audit::model::title::{BaselineItem, StaleCause, Title};
use crate::baseline::{AmbiguousMatch, StaleItem, StaleReason, StaleSubject};

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Baseline,
    explanation: "
**What it does.** Finds entries and ignores that apply to no principal, guards that no entry names, exceptions that match
no finding or whose last day has passed, and principals that several entries match although none `overrides` the others.

**Why is this bad?** If two entries match a principal, nobody knows which of them was meant. Until that is settled, only
what both ceilings allow counts as declared, and the other rules apply as usual. A stale entry applies to the next
principal with that name. A stale exception hides the next finding with its fingerprint.

**Example.** `match = [\"arn:*:iam::*:role/agents/*\"]` and `match = [\"arn:*:iam::*:role/*-readonly\"]` both match
`role/agents/cost-readonly`.

**How to fix it.** Narrow the selectors, or add `overrides` to one entry. Remove stale items. Fix what an expired exception
covered, or have it approved again.

**How to accept it.** Do not put entries for short-lived principals into the audited manifest, or accept the finding with
an `[[exception]]`. An exception cannot accept an expired exception: give that one a new day and have it approved again.
",
};

/// IAM009.
pub(super) struct BaselineEntryRule;

impl Rule for BaselineEntryRule {
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding> {
        let RuleInput::Baseline(context) = input else { return Vec::new() };
        let mut findings: Vec<Finding> = context
            .assignments
            .ambiguities
            .iter()
            .filter_map(|ambiguity| build_ambiguity_finding(context, ambiguity))
            .collect();
        if context.has_all_principals {
            findings.extend(context.assignments.stale.iter().map(|stale| build_stale_finding(context, stale)));
        }
        findings.extend(find_expired_exceptions(context));
        findings.extend(find_unused_guards(context));
        findings.extend(find_stale_exceptions(context));
        findings
    }
}

/// Entries that match the same principals. None if none of the principals is audited.
fn build_ambiguity_finding(context: &BaselineContext<'_>, ambiguity: &AmbiguousMatch) -> Option<Finding> {
    let is_selected = |index: &&usize| context.selected.get(**index) == Some(&true);
    let mut arns: Vec<String> = ambiguity
        .principals
        .iter()
        .filter(is_selected)
        .filter_map(|index| context.arns.get(*index).map(|arn| (*arn).to_owned()))
        .collect();
    if arns.is_empty() {
        return None;
    }
    arns.sort_unstable();
    let entries: Vec<String> = ambiguity
        .entries
        .iter()
        .filter_map(|index| context.baseline.entries.get(*index))
        .map(|entry| entry.name.value.clone())
        .collect();
    let reasons: Vec<Reason> = match arns.as_slice() {
        // The title names a single principal.
        [_] => Vec::new(),
        arns => arns.iter().map(|arn| Reason::CeilingsIntersected { principal: arn.clone() }).collect(),
    };
    let causes: Vec<String> =
        entries.iter().map(|entry| format!("ambiguous entry {entry}")).chain(arns.iter().cloned()).collect();
    let title = Title::AmbiguousEntries { entries, principals: arns };
    let finding = FindingBuilder::for_baseline(Severity::High, title, ambiguity.diagnostic.place())
        .causes(causes)
        .reasons(reasons)
        .remediations([Remediation::NarrowSelectors]);
    Some(finding.build())
}

fn build_stale_finding(context: &BaselineContext<'_>, stale: &StaleItem) -> Finding {
    let cause = match stale.reason {
        StaleReason::MatchesNothing => StaleCause::MatchesNothing,
        StaleReason::Overridden => StaleCause::Overridden,
    };
    let item = to_baseline_item(context, stale.subject);
    let token = match &item {
        BaselineItem::Entry(name) => format!("stale entry {name}"),
        BaselineItem::Ignore { globs, reason } => format!("stale ignore {} {reason}", globs.join(" ")),
        BaselineItem::Exception(fingerprint) => format!("stale exception {fingerprint}"),
        BaselineItem::Guard(name) => format!("stale guard {name}"),
    };
    FindingBuilder::for_baseline(Severity::Low, Title::StaleItem { item, cause }, stale.place.clone())
        .causes([token])
        .remediations([Remediation::RemoveStaleItem])
        .build()
}

fn to_baseline_item(context: &BaselineContext<'_>, subject: StaleSubject) -> BaselineItem {
    let baseline = context.baseline;
    // INVARIANT: the indices refer to this baseline.
    match subject {
        StaleSubject::Entry(index) => {
            let entry = baseline.entries.get(index).expect("a stale entry exists");
            BaselineItem::Entry(entry.name.value.clone())
        }
        StaleSubject::Ignore(index) => {
            let ignore = baseline.ignores.get(index).expect("a stale ignore exists");
            BaselineItem::Ignore {
                globs: ignore.selector.arns.iter().map(|glob| glob.as_str().to_owned()).collect(),
                reason: ignore.reason.clone(),
            }
        }
        StaleSubject::Exception(index) => {
            let exception = baseline.exceptions.get(index).expect("a stale exception exists");
            BaselineItem::Exception(exception.fingerprint.value.clone())
        }
    }
}

fn find_unused_guards<'a>(context: &'a BaselineContext<'_>) -> impl Iterator<Item = Finding> + 'a {
    context.baseline.find_unused_guards().map(|guard| {
        let name = guard.name.value.clone();
        let causes = [format!("unused guard {name}")];
        let title = Title::StaleItem { item: BaselineItem::Guard(name), cause: StaleCause::Unused };
        FindingBuilder::for_baseline(Severity::Low, title, context.baseline.place(guard.span))
            .causes(causes)
            .remediations([Remediation::UseGuard])
            .build()
    })
}

/// Exceptions that match no finding. One that has expired is reported as expired only.
fn find_stale_exceptions(context: &BaselineContext<'_>) -> Vec<Finding> {
    let Some(fingerprints) = context.fingerprints else { return Vec::new() };
    let stale = context.baseline.find_stale_exceptions(|fingerprint| fingerprints.iter().any(|f| f == fingerprint));
    let is_in_force = |stale: &&StaleItem| match stale.subject {
        StaleSubject::Exception(index) => {
            context.baseline.exceptions.get(index).is_some_and(|e| !e.is_expired(context.today))
        }
        _ => true,
    };
    stale.iter().filter(is_in_force).map(|stale| build_stale_finding(context, stale)).collect()
}

fn find_expired_exceptions<'a>(context: &'a BaselineContext<'_>) -> impl Iterator<Item = Finding> + 'a {
    context.baseline.exceptions.iter().filter(|exception| exception.is_expired(context.today)).map(|exception| {
        let fingerprint = exception.fingerprint.value.clone();
        let causes = [format!("expired exception {fingerprint}")];
        let title = Title::ExpiredException { fingerprint, expires: exception.expires.value.to_string() };
        FindingBuilder::for_baseline(Severity::Low, title, context.baseline.place(exception.expires.span))
            .causes(causes)
            .reasons([Reason::AcceptedFor(exception.reason.clone())])
            .remediations([Remediation::RenewException])
            .build()
    })
}
