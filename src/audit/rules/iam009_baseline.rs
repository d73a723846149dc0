//! IAM009: something of the baseline is idle, ambiguous or past its date.

use super::context::{BaselineContext, build_baseline_finding};
use super::{Rule, RuleId, RuleInfo};
use crate::audit::model::finding::Finding;
use crate::audit::model::severity::Severity;
use crate::base::plural::format_count;
use crate::baseline::{StaleItem, StaleReason, StaleSubject};

static INFO: RuleInfo = RuleInfo {
    id: RuleId::Baseline,
    title: "stale or ambiguous baseline entry; expired exception",
    on_by_default: true,
    explanation: "
**What it does.** Finds entries and ignores that decide for no principal, guards that no entry names, exceptions that no finding has or whose last
day has passed, and principals that several entries match without one that `overrides` the others.

**Why is this bad?** A principal that two entries match is held against neither: their ceilings are never joined.
A stale entry waits for whoever takes the name; a stale exception hides the next finding like it.

**Example.** `match = [\"*:role/agents/*\"]` and `match = [\"*:role/*-readonly\"]` both match
`role/agents/cost-readonly`.

**How to fix it.** Narrow the selectors or let one entry say `overrides`. Remove what is stale. Fix what an expired
exception covered, or have it approved anew.

**How to accept it.** Keep an entry for principals that come and go out of the audited manifest, or accept the finding with
an `[[exception]]`. An expired exception is not accepted by another one: give it a new day, approved anew.
",
};

/// IAM009.
pub(super) struct BaselineEntryRule;

impl Rule for BaselineEntryRule {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn find_in_baseline(&self, context: &BaselineContext<'_>) -> Vec<Finding> {
        let mut findings = find_ambiguous(context);
        if context.has_all_principals {
            findings.extend(
                context
                    .assignments
                    .stale
                    .iter()
                    .map(|stale| super::iam009_baseline::build_stale_finding(context, stale)),
            );
        }
        findings.extend(find_expired(context));
        findings.extend(context.baseline.find_unused_guards().map(|guard| {
            let name = &guard.name.value;
            let (title, place) =
                (format!("the guard \"{name}\" is named by no entry"), context.baseline.place(guard.span));
            let mut finding =
                build_baseline_finding(Severity::Low, "stale", title, place, vec![format!("guard {name}")]);
            finding.advice = vec!["name it in `guards` of the entries that it is for, or remove it".to_owned()];
            finding
        }));
        if let Some(fingerprints) = context.fingerprints {
            let stale_exceptions =
                context.baseline.find_stale_exceptions(|fingerprint| fingerprints.iter().any(|f| f == fingerprint));
            // One that has expired is told already.
            let is_in_force = |stale: &&StaleItem| match stale.subject {
                StaleSubject::Exception(index) => {
                    context.baseline.exceptions.get(index).is_some_and(|e| !e.is_expired(context.today))
                }
                _ => true,
            };
            findings.extend(
                stale_exceptions
                    .iter()
                    .filter(is_in_force)
                    .map(|stale| super::iam009_baseline::build_stale_finding(context, stale)),
            );
        }
        findings
    }
}

fn find_ambiguous(context: &BaselineContext<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ambiguity in &context.assignments.ambiguities {
        let is_selected = |index: &&usize| context.selected.get(**index) == Some(&true);
        let mut arns: Vec<&str> =
            ambiguity.principals.iter().filter(is_selected).filter_map(|i| context.arns.get(*i).copied()).collect();
        if arns.is_empty() {
            continue;
        }
        arns.sort_unstable();
        let names: Vec<String> = ambiguity
            .entries
            .iter()
            .filter_map(|e| context.baseline.entries.get(*e))
            .map(|entry| format!("\"{}\"", entry.name.value))
            .collect();
        let names_text = names.join(" and ");
        let (title, reasons) = match arns.as_slice() {
            [arn] => (format!("{names_text} match {arn}"), vec!["it is held against neither ceiling".to_owned()]),
            arns => (
                format!("{names_text} match the same {}", format_count(arns.len(), "principal")),
                arns.iter().map(|arn| format!("{arn} is held against neither ceiling")).collect(),
            ),
        };
        let causes = names.iter().cloned().chain(arns.iter().map(|arn| (*arn).to_owned())).collect();
        let mut finding =
            build_baseline_finding(Severity::High, "ambiguous", title, ambiguity.diagnostic.place(), causes);
        finding.reasons = reasons;
        finding.advice = vec!["narrow the selectors, or let one entry say `overrides`".to_owned()];
        findings.push(finding);
    }
    findings
}

fn build_stale_finding(context: &BaselineContext<'_>, stale: &StaleItem) -> Finding {
    let reason_text = match stale.reason {
        StaleReason::MatchesNothing => "matches nothing",
        StaleReason::Overridden => "decides for no principal: other entries do",
    };
    let (subject, cause) = match stale.subject {
        StaleSubject::Entry(index) => {
            let name = context.baseline.entries.get(index).map_or("", |entry| entry.name.value.as_str());
            (format!("the entry \"{name}\""), format!("entry {name}"))
        }
        StaleSubject::Ignore(index) => {
            let ignore = context.baseline.ignores.get(index);
            let globs: Vec<&str> = ignore.iter().flat_map(|i| i.selector.arns.iter().map(|g| g.as_str())).collect();
            let reason = ignore.map_or("", |i| i.reason.as_str());
            (format!("the ignore of {} ({reason})", globs.join(", ")), format!("ignore {globs:?} {reason}"))
        }
        StaleSubject::Exception(index) => {
            let fingerprint = context.baseline.exceptions.get(index).map_or("", |e| e.fingerprint.value.as_str());
            (format!("the exception for {fingerprint}"), format!("exception {fingerprint}"))
        }
    };
    let mut finding = build_baseline_finding(
        Severity::Low,
        "stale",
        format!("{subject} {reason_text}"),
        stale.place.clone(),
        vec![cause],
    );
    finding.advice = vec!["remove it, or correct what it should match".to_owned()];
    finding
}

fn find_expired<'a>(context: &'a BaselineContext<'_>) -> impl Iterator<Item = Finding> + 'a {
    context.baseline.exceptions.iter().filter(|exception| exception.is_expired(context.today)).map(|exception| {
        let fingerprint = exception.fingerprint.value.clone();
        let title = format!("the exception for {fingerprint} expired on {}", exception.expires.value);
        let place = context.baseline.place(exception.expires.span);
        let mut finding = build_baseline_finding(Severity::Low, "expired", title, place, vec![fingerprint]);
        finding.reasons = vec![format!("it was accepted for: {}", exception.reason)];
        finding.advice = vec!["fix what it covered and remove it, or have it approved anew".to_owned()];
        finding
    })
}
