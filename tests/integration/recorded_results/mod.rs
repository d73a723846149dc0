//! Results recorded before a refactoring must stay the same: rule, severity, principal, numbers of actions, status and
//! confirmed witnesses of `examples/incident`, of other people's accounts and of 300 generated ones.
//!
//! `IAMDRIFT_RECORD=1` rewrites the files of `tests/results`. A difference that is intended is listed with its cause in
//! `tests/results/differences.md` instead.

mod accounts;
mod audit_run;
mod baselines;
mod comparison;
mod principals;
pub mod random;
mod record;
mod statements;
mod surroundings;
mod trust_policies;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rayon::prelude::*;

pub use self::accounts::generate_account;
use self::audit_run::{AuditRun, RULES};
use self::baselines::render_exception;
use self::comparison::{check_recorded, find_results_folder};
use self::record::record_audit;
use crate::split_findings::split_findings;

const GENERATED_ACCOUNTS: usize = 300;
/// Every so many generated accounts has exceptions for two of its findings.
const ACCOUNTS_PER_EXCEPTION: usize = 10;

/// Other people's accounts below `IAMDRIFT_CORPUS/accounts`; each has a baseline of this name in `tests/results/baselines`.
const CORPUS_ACCOUNTS: [&str; 4] = [
    "AirIAM__iam_data",
    "awscli__get-account-authorization-details",
    "cloudsplaining__example",
    "cloudsplaining__example-authz-details",
];

/// Audits the generated account of this number.
fn record_generated_account(number: usize) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let (snapshot, baseline) = (folder.path().join("snapshot"), folder.path().join("baseline"));
    generate_account(number).write_files(folder.path());
    let mut run = AuditRun::execute(&snapshot, &baseline);
    if number.is_multiple_of(ACCOUNTS_PER_EXCEPTION) {
        accept_findings(&run, &baseline.join("baseline.toml"));
        run = AuditRun::execute(&snapshot, &baseline);
    }
    record_audit(&format!("{number:03}"), &run)
}

/// Adds an exception that holds for the first finding, and one that has expired for the second.
fn accept_findings(run: &AuditRun, manifest: &Path) {
    let mut file = std::fs::OpenOptions::new().append(true).open(manifest).unwrap();
    let mut findings = split_findings(&run.report);
    // The worst first, then by principal and rule: which findings are accepted does not depend on the order of the report.
    findings.sort_by_key(|finding| {
        let severities = ["critical", "high", "medium", "low", "info"];
        let severity = severities.iter().position(|severity| finding["severity"] == *severity);
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        (severity, text(&finding["principals"][0]["arn"]), text(&finding["rule"]), text(&finding["key"]))
    });
    for (finding, last_day) in findings.iter().zip(["2999-12-31", "2001-01-01"]) {
        let key = finding["key"].as_str().unwrap();
        file.write_all(render_exception(key, last_day).as_bytes()).unwrap();
    }
    // Exceptions of trust accept trust policies, others accept every request.
    let folder = manifest.parent().unwrap();
    let statement = |resource: &str| format!(r#"{{ "Effect": "Allow", "Action": "*"{resource} }}"#);
    std::fs::write(
        folder.join("everything.json"),
        format!(r#"{{ "Version": "2012-10-17", "Statement": {} }}"#, statement(r#", "Resource": "*""#)),
    )
    .unwrap();
    let anyone = statement(r#", "Principal": "*""#);
    std::fs::write(folder.join("anyone.json"), format!(r#"{{ "Version": "2012-10-17", "Statement": {anyone} }}"#))
        .unwrap();
}

/// The lines of all generated accounts; they are audited once for all tests of the process.
fn list_generated_lines() -> &'static [String] {
    static LINES: OnceLock<Vec<String>> = OnceLock::new();
    LINES.get_or_init(|| {
        let accounts: Vec<Vec<String>> =
            (1..=GENERATED_ACCOUNTS).into_par_iter().map(record_generated_account).collect();
        accounts.concat()
    })
}

/// Counts the lines by one of their columns, of which the account's name is the first.
fn count_by_column<'a>(lines: impl Iterator<Item = &'a String>, column: usize) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line.split('\t').nth(column).unwrap()).or_default() += 1;
    }
    counts
}

fn find_corpus() -> PathBuf {
    let corpus = std::env::var_os("IAMDRIFT_CORPUS");
    corpus.expect("IAMDRIFT_CORPUS must name the folder of other people's accounts").into()
}

#[test]
fn results_of_the_incident_are_the_recorded_ones() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    let mut lines = Vec::new();
    for (name, snapshot) in [("incident", "snapshot"), ("incident-fixed", "fixed/snapshot")] {
        let run = AuditRun::execute(&folder.join(snapshot), &folder.join("baseline"));
        lines.extend(record_audit(name, &run));
    }
    check_recorded("incident.tsv", &lines);
}

#[test]
fn results_of_generated_accounts_are_the_recorded_ones() {
    check_recorded("generated.tsv", list_generated_lines());
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS"]
fn results_of_other_peoples_accounts_are_the_recorded_ones() {
    let accounts = find_corpus().join("accounts");
    let record = |name: &&str| {
        let baseline = find_results_folder().join("baselines").join(name);
        record_audit(name, &AuditRun::execute(&accounts.join(format!("{name}.json")), &baseline))
    };
    let lines: Vec<String> = CORPUS_ACCOUNTS.iter().flat_map(record).collect();
    check_recorded("accounts.tsv", &lines);
}

#[test]
fn generated_accounts_exercise_every_rule_and_status() {
    let lines = list_generated_lines();
    let rules = count_by_column(lines.iter().filter(|line| line.contains("\tIAM")), 1);
    let statuses = count_by_column(lines.iter().filter(|line| line.contains("\tprincipal\t")), 4);
    println!("findings by rule: {rules:?}\nprincipals by status: {statuses:?}");
    for rule in RULES {
        assert!(rules.get(rule).is_some_and(|count| *count >= 10), "{rule} has too few findings: {rules:?}");
    }
    for status in [
        "broader",
        "escalatable",
        "undeclared-trust",
        "undeclared",
        "requirement-violated",
        "undecided",
        "latent",
        "accepted",
        "narrower",
        "as-declared",
        "ignored",
    ] {
        assert!(statuses.get(status).is_some_and(|count| *count >= 3), "too few are {status}: {statuses:?}");
    }
}
/// What the evaluator says of the witnesses of rules whose requests the principal makes itself, as it is.
#[test]
fn witnesses_of_generated_accounts_are_confirmed() {
    let mut replayed = 0;
    for line in list_generated_lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let Some((allowed, all)) = columns.get(7).and_then(|witnesses| witnesses.split_once('/')) else { continue };
        match columns[1] {
            "IAM001" | "IAM002" | "IAM003" | "IAM007" | "IAM008" => assert_eq!(allowed, all, "{line}"),
            // Declared and not allowed.
            "IAM011" => assert_eq!(allowed, "0", "{line}"),
            _ => continue,
        }
        replayed += all.parse::<usize>().unwrap();
    }
    assert!(replayed >= 1000, "only {replayed} witnesses were replayed");
}
