//! The oracle: a second implementation at the level of the audit, on random accounts with every layer.
//!
//! [`evaluator`] decides one request from the files of a snapshot and shares no code with the library. The tool audits
//! generated accounts; then thousands of requests are drawn for each. It is a failure if the tool says "as declared" and
//! a possible request is allowed and not declared, or if the oracle refutes a witness. The bounded run is part of
//! `cargo test`; `docs/testing.md` describes the long one.

// Without the dereference, the type of a text that is drawn is not inferred.
#![allow(clippy::explicit_auto_deref)]

mod audit_run;
mod checks;
mod commands;
mod evaluator;
mod facts;
mod generator;
mod manifest;
mod sampler;
mod shrink;
mod trust_checks;

use rayon::prelude::*;

use self::audit_run::run_audit;
use self::checks::{Comparison, Difference, Tally};
use self::evaluator::world::World;
use self::generator::random::Dice;
use self::generator::{Case, generate_case};
use self::manifest::Manifest;

/// Areas with known differences between the tool and the oracle, each with its reason. Generated accounts do not have
/// what these areas need, or a witness is not refuted for it. `IAMDRIFT_ORACLE_OPEN=1` includes them.
const OPEN: [(&str, &str); 16] = [
    ("clock", "aws:CurrentTime and aws:EpochTime are free, not the day of the audit"),
    ("empty-set", "a witness has an empty set, which may count as a missing key, although another witness exists"),
    (
        "facts-of-who-can",
        "witnesses of `who-can` have another Region than the ARN, and keys that the action does not list",
    ),
    ("global-region", "aws:RequestedRegion is free for global services"),
    ("linked-keys", "aws:RequestTag, aws:TagKeys and ec2:Region are free, with every action"),
    ("mfa-age", "a witness has aws:MultiFactorAuthAge without MFA"),
    ("mfa-of-roles", "a verdict that needs MFA in a role session is proven, not undecided"),
    ("mixed-excess", "a finding that another action proves lists actions that depend on an open question"),
    ("rcp", "the audit uses the RCPs of the principal's account, not of the resource's"),
    ("resource-account", "aws:ResourceAccount is free although the ARN has the account"),
    ("resource-org", "aws:ResourceOrgID is free although the owner is in the organization"),
    ("session", "aws:SourceIdentity and aws:TokenIssueTime are free for users"),
    ("tag-without-resource", "a witness has aws:ResourceTag with an action that takes no resource"),
    ("tags-of-roles", "aws:PrincipalTag of some roles is free although no trust statement lets a session bring tags"),
    ("trust-of-outsiders", "without `assumable_by`, an account outside the organization is no finding"),
    ("userid-of-session", "a witness of a grant to one session has the aws:userid of another one"),
];

fn is_decided(area: &str) -> bool {
    std::env::var_os("IAMDRIFT_ORACLE_OPEN").is_some() || !OPEN.iter().any(|(open, _)| *open == area)
}

/// A number from the environment.
fn read_number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).unwrap_or_default();
    if text.is_empty() { default } else { text.parse().unwrap_or_else(|_| panic!("{variable} is not a number")) }
}

/// Compares one case. An error if the tool refuses it.
fn compare(case: &Case, seed: u64, samples: usize) -> Result<(Tally, Vec<Difference>), String> {
    let audit = run_audit(case)?;
    let (world, manifest) = (World::read(&case.snapshot), Manifest::read(&case.baseline));
    let comparison = Comparison { audit: &audit, world: &world, manifest: &manifest, areas: &is_decided };
    Ok(comparison.check(&mut Dice::new(seed ^ 0x5A5A), samples))
}

/// Whether a smaller case shows the same difference.
fn shows(case: &Case, difference: &Difference) -> bool {
    let Ok(audit) = run_audit(case) else { return false };
    let (world, manifest) = (World::read(&case.snapshot), Manifest::read(&case.baseline));
    let comparison = Comparison { audit: &audit, world: &world, manifest: &manifest, areas: &is_decided };
    match (&difference.probe, world.find_principal(&difference.principal)) {
        (_, None) => false,
        (Some(probe), Some(_)) => comparison.misses(&difference.principal, &difference.check, probe),
        (None, Some(role)) if difference.check == "trust" => comparison.misses_caller(role),
        (None, Some(principal)) => {
            let found = comparison.check_witnesses(principal, &mut Tally::default());
            let kind = |text: &str| text.split(':').next().unwrap().to_owned();
            found.iter().any(|other| other.check == difference.check && kind(&other.text) == kind(&difference.text))
        }
    }
}

/// Describes a difference with the smallest case that shows it.
fn describe(seed: u64, case: &Case, difference: &Difference) -> String {
    let small = shrink::shrink(case, &|case| shows(case, difference), 250);
    if let Some(folder) = std::env::var_os("IAMDRIFT_ORACLE_DUMP") {
        audit_run::write_case(&small, &std::path::Path::new(&folder).join(seed.to_string()));
    }
    let mut text =
        format!("seed {seed}, {}, check of {}\n{}\n", difference.principal, difference.check, difference.text);
    let shown = small.snapshot.iter().chain(&small.baseline);
    for (name, content) in shown {
        text += &format!("--- {name}\n{content}\n");
    }
    text
}

/// Compares the accounts of some seeds, and fails with the first differences.
fn compare_accounts(first: u64, count: u64, samples: usize) -> Tally {
    let results: Vec<(Tally, Vec<String>)> = (first..first + count)
        .into_par_iter()
        .map(|seed| {
            let case = generate_case(seed, &is_decided);
            match compare(&case, seed, samples) {
                Ok((tally, differences)) => {
                    let texts = differences.iter().take(1).map(|difference| describe(seed, &case, difference));
                    (tally, texts.collect())
                }
                Err(refused) => (Tally::default(), vec![format!("seed {seed}: the tool refuses the case: {refused}")]),
            }
        })
        .collect();
    let tally = results.iter().fold(Tally::default(), |sum, (tally, _)| sum.add(*tally));
    let texts: Vec<&String> = results.iter().flat_map(|(_, texts)| texts).collect();
    println!("{tally:?}");
    let shown: Vec<&str> = texts.iter().take(5).map(|text| text.as_str()).collect();
    assert!(texts.is_empty(), "{} accounts differ from the oracle:\n{}", texts.len(), shown.join("\n"));
    tally
}

#[test]
fn audits_agree_with_the_oracle() {
    let first = read_number("IAMDRIFT_ORACLE_SEED", 1);
    let tally = compare_accounts(first, read_number("IAMDRIFT_ORACLE_ACCOUNTS", 40), 300);
    assert!(tally.confirmed > 0 && tally.as_declared > 0 && tally.witnesses > 0);
}

#[test]
fn commands_agree_with_the_oracle() {
    let first = read_number("IAMDRIFT_ORACLE_SEED", 1);
    let seeds = first..first + read_number("IAMDRIFT_ORACLE_ACCOUNTS", 12);
    let results: Vec<_> = seeds.into_par_iter().map(|seed| commands::check_commands(seed, &is_decided, 30)).collect();
    let tally = results.iter().fold(Tally::default(), |sum, (tally, _)| sum.add(*tally));
    println!("{tally:?}");
    let differences: Vec<&String> = results.iter().flat_map(|(_, differences)| differences).collect();
    let shown: Vec<&str> = differences.iter().take(5).map(|text| text.as_str()).collect();
    assert!(differences.is_empty(), "{} answers differ from the oracle:\n{}", differences.len(), shown.join("\n"));
    assert!(tally.allowed > 0 && tally.witnesses > 0);
}
