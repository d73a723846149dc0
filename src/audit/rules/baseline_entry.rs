//! IAM009: something of the baseline is idle, ambiguous or past its date.

use super::judged::{Whole, of_baseline};
use super::{About, Rule, RuleId};
use crate::audit::count::count;
use crate::audit::finding::Finding;
use crate::audit::severity::Severity;
use crate::baseline::{Stale, StaleReason, StaleSubject};

static ABOUT: About = About {
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
pub(super) struct BaselineEntry;

impl Rule for BaselineEntry {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn of_baseline(&self, whole: &Whole<'_>) -> Vec<Finding> {
        let mut findings = ambiguous(whole);
        if whole.everyone {
            findings.extend(whole.assignments.stale.iter().map(|stale| self::stale(whole, stale)));
        }
        findings.extend(expired(whole));
        findings.extend(whole.baseline.idle_guards().map(|guard| {
            let name = &guard.name.value;
            let (title, place) =
                (format!("the guard \"{name}\" is named by no entry"), whole.baseline.place(guard.span));
            let mut finding = of_baseline(Severity::Low, "stale", title, place, vec![format!("guard {name}")]);
            finding.advice = vec!["name it in `guards` of the entries that it is for, or remove it".to_owned()];
            finding
        }));
        if let Some(found) = whole.found {
            let idle = whole.baseline.stale_exceptions(|fingerprint| found.iter().any(|f| f == fingerprint));
            // One that has expired is told already.
            let holds = |stale: &&Stale| match stale.subject {
                StaleSubject::Exception(index) => {
                    whole.baseline.exceptions.get(index).is_some_and(|e| !e.is_expired(whole.today))
                }
                _ => true,
            };
            findings.extend(idle.iter().filter(holds).map(|stale| self::stale(whole, stale)));
        }
        findings
    }
}

fn ambiguous(whole: &Whole<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ambiguity in &whole.assignments.ambiguities {
        let selected = |index: &&usize| whole.selected.get(**index) == Some(&true);
        let mut arns: Vec<&str> =
            ambiguity.principals.iter().filter(selected).filter_map(|i| whole.arns.get(*i).copied()).collect();
        if arns.is_empty() {
            continue;
        }
        arns.sort_unstable();
        let names: Vec<String> = ambiguity
            .entries
            .iter()
            .filter_map(|e| whole.baseline.entries.get(*e))
            .map(|entry| format!("\"{}\"", entry.name.value))
            .collect();
        let names_them = names.join(" and ");
        let (title, reasons) = match arns.as_slice() {
            [one] => (format!("{names_them} match {one}"), vec!["it is held against neither ceiling".to_owned()]),
            several => (
                format!("{names_them} match the same {}", count(several.len(), "principal")),
                several.iter().map(|arn| format!("{arn} is held against neither ceiling")).collect(),
            ),
        };
        let causes = names.iter().cloned().chain(arns.iter().map(|arn| (*arn).to_owned())).collect();
        let mut finding = of_baseline(Severity::High, "ambiguous", title, ambiguity.diagnostic.place(), causes);
        finding.reasons = reasons;
        finding.advice = vec!["narrow the selectors, or let one entry say `overrides`".to_owned()];
        findings.push(finding);
    }
    findings
}

fn stale(whole: &Whole<'_>, stale: &Stale) -> Finding {
    let why = match stale.reason {
        StaleReason::MatchesNothing => "matches nothing",
        StaleReason::Overruled => "decides for no principal: other entries do",
    };
    let (what, key) = match stale.subject {
        StaleSubject::Entry(index) => {
            let name = whole.baseline.entries.get(index).map_or("", |entry| entry.name.value.as_str());
            (format!("the entry \"{name}\""), format!("entry {name}"))
        }
        StaleSubject::Ignore(index) => {
            let ignore = whole.baseline.ignores.get(index);
            let globs: Vec<&str> = ignore.iter().flat_map(|i| i.selector.arns.iter().map(|g| g.as_str())).collect();
            let reason = ignore.map_or("", |i| i.reason.as_str());
            (format!("the ignore of {} ({reason})", globs.join(", ")), format!("ignore {globs:?} {reason}"))
        }
        StaleSubject::Exception(index) => {
            let fingerprint = whole.baseline.exceptions.get(index).map_or("", |e| e.fingerprint.value.as_str());
            (format!("the exception for {fingerprint}"), format!("exception {fingerprint}"))
        }
    };
    let mut finding = of_baseline(Severity::Low, "stale", format!("{what} {why}"), stale.place.clone(), vec![key]);
    finding.advice = vec!["remove it, or correct what it should match".to_owned()];
    finding
}

fn expired<'a>(whole: &'a Whole<'_>) -> impl Iterator<Item = Finding> + 'a {
    whole.baseline.exceptions.iter().filter(|exception| exception.is_expired(whole.today)).map(|exception| {
        let fingerprint = exception.fingerprint.value.clone();
        let title = format!("the exception for {fingerprint} expired on {}", exception.expires.value);
        let place = whole.baseline.place(exception.expires.span);
        let mut finding = of_baseline(Severity::Low, "expired", title, place, vec![fingerprint]);
        finding.reasons = vec![format!("it was accepted for: {}", exception.reason)];
        finding.advice = vec!["fix what it covered and remove it, or have it approved anew".to_owned()];
        finding
    })
}
