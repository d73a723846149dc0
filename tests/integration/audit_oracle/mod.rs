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
mod found;
mod generator;
mod manifest;
mod sampler;
mod shrink;
mod tally;
mod trust_checks;

use std::time::{Duration, Instant};

use rayon::prelude::*;

use self::audit_run::run_audit;
use self::checks::{Comparison, Difference};
use self::evaluator::world::World;
use self::generator::random::Dice;
use self::generator::{Case, generate_case};
use self::manifest::Manifest;
use self::tally::Tally;

/// Areas with known differences between the tool and the oracle, each with its reason. Generated accounts do not have
/// what these areas need, or a witness is not refuted for it. `IAMDRIFT_ORACLE_OPEN=1` includes them.
const OPEN: [(&str, &str); 2] = [
    (
        "variable-as-account",
        "a witness of an action on resources of any service, such as `backup:DeleteRecoveryPoint`, can have the text of \
         a policy variable as the account of its ARN (seed 13701)",
    ),
    (
        "owner-without-resource",
        "a witness without a resource can have another member account in `aws:ResourceAccount`, whose RCPs the tool does \
         not apply to it (seed 30321): a false alarm of a policy that allows an action for that account only",
    ),
];

fn is_decided(area: &str) -> bool {
    let included = std::env::var("IAMDRIFT_ORACLE_OPEN").unwrap_or_default();
    included.split(',').any(|name| name == area || name == "1") || !OPEN.iter().any(|(open, _)| *open == area)
}

/// A number from the environment.
fn read_number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).unwrap_or_default();
    if text.is_empty() { default } else { text.parse().unwrap_or_else(|_| panic!("{variable} is not a number")) }
}

/// Compares one case. An error if the tool refuses it.
fn compare(case: &Case, seed: u64, samples: usize) -> Result<(Tally, Vec<Difference>), String> {
    let start = Instant::now();
    let audit = run_audit(case)?;
    let audited = start.elapsed();
    let (world, manifest) = (World::read(&case.snapshot), Manifest::read(&case.baseline));
    let comparison = Comparison { audit: &audit, world: &world, manifest: &manifest, areas: &is_decided };
    let result = comparison.check(&mut Dice::new(seed ^ 0x5A5A), samples);
    let compared = start.elapsed() - audited;
    if audited + compared >= SLOW {
        println!("seed {seed}: the audit takes {audited:.1?}, the comparison {compared:.1?}");
    }
    Ok(result)
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
        (None, Some(principal)) if difference.check == "missing document" => {
            comparison.check_missing_document(principal).is_some()
        }
        (None, Some(principal)) => {
            let found = comparison.check_witnesses(principal, &mut Tally::default());
            let kind = |text: &str| text.split(':').next().unwrap().to_owned();
            found.iter().any(|other| other.check == difference.check && kind(&other.text) == kind(&difference.text))
        }
    }
}

/// Describes a difference with the smallest case that shows it.
fn describe(seed: u64, case: &Case, difference: &Difference) -> String {
    let small = shrink::shrink(case, &|case| shows(case, difference), 150);
    if let Some(folder) = std::env::var_os("IAMDRIFT_ORACLE_DUMP") {
        audit_run::write_case(&small, &std::path::Path::new(&folder).join(seed.to_string()));
    }
    let mut text = format!("{}\n", difference.summarize(seed));
    let shown = small.snapshot.iter().chain(&small.baseline);
    for (name, content) in shown {
        text += &format!("--- {name}\n{content}\n");
    }
    text
}

/// How many differences are shown with their smallest case. The others are one line each.
const SHOWN_CASES: usize = 3;

/// Accounts that take longer are named.
const SLOW: Duration = Duration::from_secs(5);

/// Compares the accounts of some seeds, and fails with the first differences.
fn compare_accounts(first: u64, count: u64, samples: usize) -> Tally {
    let compare_seed = |seed: u64| (seed, compare(&generate_case(seed, &is_decided), seed, samples));
    let results: Vec<_> = (first..first + count).into_par_iter().map(compare_seed).collect();
    let mut tally = Tally::default();
    let mut texts = Vec::new();
    for (seed, result) in results {
        match result {
            Ok((found, differences)) => {
                tally = tally.add(found);
                let Some(difference) = differences.first() else { continue };
                texts.push(match texts.len() < SHOWN_CASES {
                    true => describe(seed, &generate_case(seed, &is_decided), difference),
                    false => difference.summarize(seed),
                });
            }
            Err(refused) => texts.push(format!("seed {seed}: the tool refuses the case: {refused}")),
        }
    }
    println!("{tally:?}");
    assert!(texts.is_empty(), "{} accounts differ from the oracle:\n{}", texts.len(), texts.join("\n"));
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
    let seeds = first..first + read_number("IAMDRIFT_ORACLE_ACCOUNTS", 6);
    let results: Vec<_> = seeds.into_par_iter().map(|seed| commands::check_commands(seed, &is_decided, 30)).collect();
    let tally = results.iter().fold(Tally::default(), |sum, (tally, _)| sum.add(*tally));
    println!("{tally:?}");
    let differences: Vec<&String> = results.iter().flat_map(|(_, differences)| differences).collect();
    let shown: Vec<&str> = differences.iter().take(5).map(|text| text.as_str()).collect();
    assert!(differences.is_empty(), "{} answers differ from the oracle:\n{}", differences.len(), shown.join("\n"));
    assert!(tally.allowed > 0 && tally.witnesses > 0);
}
