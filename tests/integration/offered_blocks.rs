//! Copying a block of the manifest that a report offers never makes a finding worse.

use std::collections::BTreeMap;
use std::path::Path;

use iamdrift::audit::{Audit, AuditOptions, Finding, RuleId, Severity, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::report::text::render_remediation;
use iamdrift::snapshot::Snapshot;
use rayon::prelude::*;

use crate::recorded_results::generate_account;

const GENERATED_ACCOUNTS: usize = 12;

/// An account with its baseline, in a folder.
struct Account {
    snapshot: Snapshot,
    folder: tempfile::TempDir,
}

impl Account {
    /// Copies the baseline, so that blocks can be added to it.
    fn load(snapshot: &Path, baseline: &Path) -> Account {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(baseline, folder.path());
        Account { snapshot: Snapshot::load(snapshot).unwrap_or_else(|e| panic!("{e}")), folder }
    }

    /// Audits with blocks at the end of the manifest.
    fn audit_with(&self, blocks: &[String]) -> Audit {
        let manifest = self.folder.path().join("baseline.toml");
        let original = std::fs::read_to_string(&manifest).unwrap();
        let extended = format!("{original}\n{}\n", blocks.join("\n\n"));
        std::fs::write(&manifest, &extended).unwrap();
        let baseline = Baseline::load(self.folder.path()).unwrap_or_else(|e| panic!("{e}\n{extended}"));
        std::fs::write(&manifest, original).unwrap();
        let options = AuditOptions::new(jiff::civil::date(2026, 11, 20));
        audit(&self.snapshot, &baseline, Catalog::embedded(), &options).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The blocks that a report offers.
fn list_offered(audit: &Audit) -> Vec<String> {
    let remediations = audit.findings.iter().flat_map(|finding| &finding.remediations);
    let snippets = remediations.filter_map(|remediation| render_remediation(remediation).snippet);
    snippets.filter(|snippet| snippet.starts_with("[[persona]]") || snippet.starts_with("[[principal]]")).collect()
}

/// The worst severity and the largest number of actions of some findings.
type Worst<K> = BTreeMap<K, (Severity, usize)>;

fn find_worst<'a, K: Ord>(audit: &'a Audit, keys_of: impl Fn(&'a Finding) -> Vec<K>) -> Worst<K> {
    let mut worst = BTreeMap::new();
    for finding in &audit.findings {
        for key in keys_of(finding) {
            let entry = worst.entry(key).or_insert((finding.severity, finding.action_count));
            *entry = (entry.0.max(finding.severity), entry.1.max(finding.action_count));
        }
    }
    worst
}

fn by_principal_and_rule(finding: &Finding) -> Vec<(&str, RuleId)> {
    finding.all_principals().map(|principal| (principal.arn.as_str(), finding.rule)).collect()
}

fn by_principal(finding: &Finding) -> Vec<&str> {
    finding.all_principals().map(|principal| principal.arn.as_str()).collect()
}

/// What is worse after a change of the baseline.
fn find_worse(before: &Audit, after: &Audit) -> Vec<String> {
    let mut worse = Vec::new();
    let old = find_worst(before, by_principal_and_rule);
    for ((arn, rule), (severity, actions)) in find_worst(after, by_principal_and_rule) {
        if let Some((old_severity, old_actions)) = old.get(&(arn, rule))
            && (severity > *old_severity || actions > *old_actions)
        {
            worse.push(format!("{arn} {rule}: {old_severity} {old_actions} -> {severity} {actions}"));
        }
    }
    let old_keys: Vec<&str> = before.findings.iter().map(|finding| finding.key.as_str()).collect();
    let old_by_principal = find_worst(before, by_principal);
    for finding in after.findings.iter().filter(|finding| !old_keys.contains(&finding.key.as_str())) {
        let allowed = finding.all_principals().filter_map(|p| old_by_principal.get(p.arn.as_str())).map(|o| o.0).max();
        if allowed.is_none_or(|allowed| finding.severity > allowed) {
            worse.push(format!("new {} {} {}", finding.key, finding.severity, finding.action_count));
        }
    }
    if after.is_incomplete() && !before.is_incomplete() {
        worse.push("the audit is incomplete".to_owned());
    }
    worse
}

/// Adds each block by itself, and all together. Returns the blocks and what became worse.
fn check_blocks(account: &Account) -> (Vec<String>, Vec<String>) {
    let before = account.audit_with(&[]);
    let blocks = list_offered(&before);
    let mut selections: Vec<&[String]> = blocks.iter().map(std::slice::from_ref).collect();
    if blocks.len() > 1 {
        selections.push(&blocks);
    }
    let mut worse = Vec::new();
    for selection in selections {
        let found = find_worse(&before, &account.audit_with(selection));
        worse.extend(found.into_iter().map(|line| format!("{line}\n{}", selection.join("\n\n"))));
    }
    (blocks, worse)
}

#[test]
fn blocks_of_the_incident_make_nothing_worse() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    let (blocks, worse) = check_blocks(&Account::load(&folder.join("snapshot"), &folder.join("baseline")));
    assert!(worse.is_empty(), "{}", worse.join("\n\n"));
    assert!(!blocks.is_empty(), "the report offers no block");
}

#[test]
fn blocks_of_generated_accounts_make_nothing_worse() {
    let check = |number: usize| {
        let folder = tempfile::tempdir().unwrap();
        generate_account(number).write_files(folder.path());
        let account = Account::load(&folder.path().join("snapshot"), &folder.path().join("baseline"));
        let (blocks, worse) = check_blocks(&account);
        (blocks, worse.into_iter().map(|line| format!("account {number}: {line}")).collect::<Vec<_>>())
    };
    let results: Vec<(Vec<String>, Vec<String>)> = (1..=GENERATED_ACCOUNTS).into_par_iter().map(check).collect();
    let worse: Vec<&str> = results.iter().flat_map(|(_, worse)| worse).map(String::as_str).collect();
    assert!(worse.is_empty(), "{}", worse.join("\n\n"));
    let count = results.iter().map(|(blocks, _)| blocks.len()).sum::<usize>();
    assert!(count >= 5, "{count} blocks");
}
