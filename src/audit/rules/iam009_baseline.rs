//! IAM009: a baseline entry is stale or ambiguous, or an exception has expired.

use super::context::BaselineContext;
use super::judgement::{ExtentItems, describe_exception, offer_items, single_item};
use super::rule::{Rule, RuleInfo, RuleInput};
use crate::audit::model::extent::{ExtentOffer, ExtentRefusal};
use crate::audit::model::finding::{Finding, FindingBuilder};
use crate::audit::model::finding_key::{build_ambiguity_key, build_expired_key, build_item_key};
use crate::audit::model::reason::Reason;
use crate::audit::model::remediation::Remediation;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::severity::Severity;
use crate::audit::model::title::{BaselineItem, StaleCause, Title};
use crate::audit::options::ExtentMode;
use crate::audit::subject::accepted_extents::AcceptedExtents;
use crate::baseline::{AmbiguousMatch, Baseline, StaleItem, StaleReason, StaleSubject};

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Baseline,
    explanation: "
**What it does.** Finds entries and ignores that apply to no principal, guards that no entry names, exceptions that match
no finding or whose last day has passed, and principals that several entries match although none `overrides` the others.

**Why is this bad?** If two entries match a principal, nobody knows which of them was meant. Until that is settled, only
what both ceilings allow counts as declared, and the other rules apply as usual. A stale entry applies to the next
principal with that name. A stale exception accepts what a later finding with its key has in common with it.

**Example.** `match = [\"arn:*:iam::*:role/agents/*\"]` and `match = [\"arn:*:iam::*:role/*-readonly\"]` both match
`role/agents/cost-readonly`.

**How to fix it.** Narrow the selectors, or add `overrides` to one entry. Remove stale items. Fix what an expired exception
covered, or have it approved again.

**How to accept it.** Do not put entries for short-lived principals into the audited manifest, or accept the finding
with `iamdrift baseline accept`. An exception cannot accept an expired exception: accept the finding of that one again.
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
        let stale = find_stale_exceptions(context, &findings);
        findings.extend(stale);
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
    let key = build_ambiguity_key(&entries);
    let title = Title::AmbiguousEntries { entries, principals: arns };
    let place = ambiguity.diagnostic.place();
    let finding = FindingBuilder::for_baseline(Severity::High, title, place, key)
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
        BaselineItem::Exception(finding) => format!("stale exception {finding}"),
        BaselineItem::Guard(name) => format!("stale guard {name}"),
    };
    let key = build_item_key(&item);
    FindingBuilder::for_baseline(Severity::Low, Title::StaleItem { item, cause }, stale.place.clone(), key)
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
            BaselineItem::Exception(exception.finding.value.clone())
        }
    }
}

fn find_unused_guards<'a>(context: &'a BaselineContext<'_>) -> impl Iterator<Item = Finding> + 'a {
    context.baseline.find_unused_guards().map(|guard| {
        let name = guard.name.value.clone();
        let causes = [format!("unused guard {name}")];
        let item = BaselineItem::Guard(name);
        let key = build_item_key(&item);
        let title = Title::StaleItem { item, cause: StaleCause::Unused };
        FindingBuilder::for_baseline(Severity::Low, title, context.baseline.place(guard.span), key)
            .causes(causes)
            .remediations([Remediation::UseGuard])
            .build()
    })
}

/// Exceptions that match no finding. One that has expired is reported as expired only.
fn find_stale_exceptions(context: &BaselineContext<'_>, others: &[Finding]) -> Vec<Finding> {
    let Some(keys) = context.keys else { return Vec::new() };
    let is_found = |key: &str| keys.iter().chain(others.iter().map(|other| &other.key)).any(|found| found == key);
    let stale = context.baseline.find_stale_exceptions(is_found);
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
        let finding = exception.finding.value.clone();
        let key = build_expired_key(&finding);
        let causes = [format!("expired exception {finding}")];
        let title = Title::ExpiredException { finding, expires: exception.expires.value.to_string() };
        FindingBuilder::for_baseline(Severity::Low, title, context.baseline.place(exception.expires.span), key)
            .causes(causes)
            .reasons([Reason::AcceptedFor(exception.reason.clone())])
            .remediations([Remediation::RenewException])
            .build()
    })
}

/// A finding about the baseline, with the exception that accepts it and its extent.
pub(in crate::audit) fn judge_baseline_finding(
    baseline: &Baseline,
    accepted_extents: &AcceptedExtents<'_>,
    extents: ExtentMode,
    mut finding: Finding,
) -> Finding {
    let items = list_accepted_items(&finding.title);
    let accepted = accepted_extents.find(&finding.key);
    let accepted = accepted.filter(|accepted| items.as_ref().is_some_and(|items| accepted.covers(items)));
    finding.accepted = accepted.map(|accepted| describe_exception(baseline, accepted.exception));
    if extents == ExtentMode::Offered && finding.accepted.is_none() {
        let refused = || ExtentOffer::Refused(ExtentRefusal::NotAccepted);
        finding.extent = Some(items.map_or_else(refused, offer_items));
    }
    finding
}

/// What an exception accepts of a finding about the baseline. None if it has no exceptions: an exception cannot keep
/// another one alive.
fn list_accepted_items(title: &Title) -> Option<ExtentItems> {
    let to_set = |texts: &[String]| texts.iter().cloned().collect();
    match title {
        Title::AmbiguousEntries { entries, principals } => {
            Some(ExtentItems::from([("items", to_set(entries)), ("principals", to_set(principals))]))
        }
        Title::StaleItem { item: BaselineItem::Entry(name) | BaselineItem::Guard(name), .. } => {
            Some(ExtentItems::from([("items", single_item(name))]))
        }
        Title::StaleItem { item: BaselineItem::Ignore { globs, .. }, .. } => {
            Some(ExtentItems::from([("items", to_set(globs))]))
        }
        _ => None,
    }
}
