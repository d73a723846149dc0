//! What verification asks about an edited snapshot, compared with the audit of all of it.

use std::collections::BTreeMap;

use iamdrift::audit::{Audit, EditedCopy, Finding, FixVerification, RuleId, ask_about_edits};
use iamdrift::catalog::Catalog;
use rayon::prelude::*;

use super::generated_account::draw_case;
use super::{Case, audit_of, options};
use crate::recorded_results::random::Random;

const ACCOUNTS: u64 = 4;

/// What must be the same of a finding.
type Content = (String, String, usize, usize);

fn content(finding: &Finding) -> Content {
    let severity = finding.severity.to_string();
    (severity, finding.fingerprint.clone(), finding.action_count, finding.destructive_count)
}

/// The findings about principals, by their keys. The baseline itself is not part of the question.
fn by_key<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> BTreeMap<&'f str, &'f Finding> {
    let about_principals = findings.into_iter().filter(|finding| finding.rule != RuleId::Baseline);
    about_principals.map(|finding| (finding.key.as_str(), finding)).collect()
}

fn arn_of(finding: &Finding) -> &str {
    finding.all_principals().next().map_or("", |principal| principal.arn.as_str())
}

fn ask(case: &Case, before: &Audit, wanted: &[&Finding]) -> Vec<Option<EditedCopy>> {
    let asked = (before.findings.as_slice(), wanted);
    ask_about_edits(&case.snapshot, &case.baseline, Catalog::embedded(), &options(), asked).unwrap()
}

/// The number of edits that were compared.
fn compare(seed: u64, case: &Case, before: &Audit) -> usize {
    let mut compared = 0;
    let wanted: Vec<&Finding> = before.findings.iter().filter(|f| !f.remediations.is_empty()).collect();
    for (finding, edited) in wanted.iter().zip(ask(case, before, &wanted)) {
        let Some(edited) = edited else { continue };
        compared += 1;
        let place = format!("seed {seed}, {}", finding.key);
        let full = audit_of(&edited.snapshot, &case.baseline);
        let is_affected = |finding: &&Finding| edited.affected.contains(arn_of(finding));
        let to_contents = |findings: BTreeMap<&str, &Finding>| -> BTreeMap<String, Content> {
            findings.into_iter().map(|(key, finding)| (key.to_owned(), content(finding))).collect()
        };
        let limited = to_contents(by_key(&edited.findings));
        assert_eq!(limited, to_contents(by_key(full.findings.iter().filter(is_affected))), "{place}");
        if !edited.keeps_access {
            continue;
        }
        // No other finding has appeared or grown.
        let known = by_key(&before.findings);
        for other in full.findings.iter().filter(|finding| finding.rule != RuleId::Baseline && !is_affected(finding)) {
            let was = known.get(other.key.as_str()).unwrap_or_else(|| panic!("{place}: {} has appeared", other.key));
            assert!(
                other.action_count <= was.action_count
                    && other.destructive_count <= was.destructive_count
                    && other.severity <= was.severity,
                "{place}: {} has grown",
                other.key
            );
        }
    }
    compared
}

#[test]
fn the_question_about_few_principals_has_the_answer_of_a_whole_audit() {
    let compared: usize = (1..=ACCOUNTS)
        .into_par_iter()
        .map(|seed| {
            let case = draw_case(&mut Random::from_seed(seed));
            compare(seed, &case, &case.audit())
        })
        .sum();
    assert!(compared > 10, "{compared}");
}

/// A verified fix does in a whole audit what the report says.
#[test]
fn verified_fixes_hold_in_a_whole_audit() {
    let verified: usize = (101..=100 + ACCOUNTS)
        .into_par_iter()
        .map(|seed| {
            let case = draw_case(&mut Random::from_seed(seed));
            let (before, audit) = (case.audit(), case.verified_audit());
            let is_verified = |finding: &&Finding| {
                matches!(finding.fix_verification, FixVerification::Ends | FixVerification::Reduces { .. })
            };
            let verified: Vec<&Finding> = audit.findings.iter().filter(is_verified).collect();
            for (finding, edited) in verified.iter().zip(ask(&case, &before, &verified)) {
                let left = match finding.fix_verification {
                    FixVerification::Reduces { left } => left,
                    _ => 0,
                };
                let edited = edited.unwrap();
                assert!(edited.keeps_access, "seed {seed}, {}", finding.key);
                let full = audit_of(&edited.snapshot, &case.baseline);
                let (was, now) = (by_key(&before.findings), by_key(&full.findings));
                assert_eq!(
                    now.get(finding.key.as_str()).map_or(0, |f| f.action_count),
                    left,
                    "seed {seed}, {}",
                    finding.key
                );
                let new: Vec<&&str> = now.keys().filter(|key| !was.contains_key(*key)).collect();
                assert!(new.is_empty(), "seed {seed}, {}: {new:?}", finding.key);
            }
            verified.len()
        })
        .sum();
    assert!(verified > 4, "{verified}");
}
