//! How the cost of an audit grows: generated organizations of several sizes, measured from process start to the last byte
//! written. Prints wall time, processor time, peak memory and bytes written, and how they grow between two sizes: an exponent of
//! 1 is linear. Fails if a bound is exceeded.
//!
//! ```sh
//! cargo bench --bench scale                    # all inputs
//! cargo bench --bench scale -- mixed IAM005    # one kind, one rule
//! ```
//!
//! Needs GNU time (`/usr/bin/time`). `IAMDRIFT_CEILING` names a policy document to use as the ceiling of all, such as AWS's
//! ReadOnlyAccess; without it the ceiling allows to read 20 services.
#![allow(clippy::disallowed_macros, clippy::indexing_slicing, clippy::panic)]

mod generators;

use std::path::{Path, PathBuf};
use std::process::Command;

use generators::Kind;
use serde_json::Value;

/// An input, what is audited, and what it may cost.
struct Case {
    kind: Kind,
    size: usize,
    /// `None` for all rules.
    rule: Option<&'static str>,
    bound: Option<Bound>,
}

struct Bound {
    seconds: f64,
    megabytes: f64,
}

struct Cost {
    seconds: f64,
    processor_seconds: f64,
    megabytes: f64,
    written_megabytes: f64,
}

const fn case(kind: Kind, size: usize, rule: Option<&'static str>, bound: Option<Bound>) -> Case {
    Case { kind, size, rule, bound }
}

const fn at_most(seconds: f64, megabytes: f64) -> Option<Bound> {
    Some(Bound { seconds, megabytes })
}

/// Each size of an input follows the smaller ones.
const CASES: &[Case] = &[
    case(Kind::Mixed, 250, Some("IAM006"), None),
    case(Kind::Mixed, 1_000, Some("IAM006"), None),
    case(Kind::Mixed, 250, Some("IAM005"), None),
    case(Kind::Mixed, 1_000, Some("IAM005"), at_most(1.0, 150.0)),
    case(Kind::Mixed, 4_000, Some("IAM005"), at_most(4.5, 600.0)),
    case(Kind::Mixed, 250, None, None),
    case(Kind::Mixed, 1_000, None, at_most(2.0, 150.0)),
    case(Kind::Mixed, 4_000, None, at_most(9.0, 400.0)),
    case(Kind::Dense, 1_000, Some("IAM005"), None),
    case(Kind::Dense, 5_000, Some("IAM005"), at_most(2.0, 400.0)),
    case(Kind::Chain, 1_000, Some("IAM005"), None),
    case(Kind::Chain, 5_000, Some("IAM005"), at_most(2.0, 400.0)),
    case(Kind::Copies, 30, None, None),
    case(Kind::Copies, 300, None, at_most(4.0, 400.0)),
    case(Kind::Copies, 400, Some("IAM005"), at_most(8.0, 600.0)),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_known = |word: &String| Kind::ALL.iter().any(|kind| kind.name() == word) || word.starts_with("IAM");
    assert!(wanted.iter().all(is_known), "name kinds of input (mixed, copies, dense, chain) and rules (IAM005)");
    let is_wanted = |case: &&Case| {
        wanted.iter().all(|word| word == case.kind.name() || case.rule.is_some_and(|rule| rule == word.as_str()))
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    println!(
        "{:<7} {:>6} {:<7} {:>8} {:>8} {:>7} {:>8}  growth",
        "input", "size", "rule", "time", "CPU", "memory", "output"
    );
    let mut exceeded = 0;
    let mut previous: Option<(&Case, Cost)> = None;
    for case in CASES.iter().filter(is_wanted) {
        let cost = measure(directory.path(), case);
        let growth = previous
            .as_ref()
            .filter(|(smaller, _)| smaller.kind == case.kind && smaller.rule == case.rule)
            .map(|(smaller, before)| render_growth(case.size as f64 / smaller.size as f64, before, &cost));
        let is_over = case.bound.as_ref().is_some_and(|b| cost.seconds > b.seconds || cost.megabytes > b.megabytes);
        exceeded += usize::from(is_over);
        println!(
            "{:<7} {:>6} {:<7} {:>6.2} s {:>6.2} s {:>4.0} MB {:>5.1} MB  {}{}",
            case.kind.name(),
            case.size,
            case.rule.unwrap_or("all"),
            cost.seconds,
            cost.processor_seconds,
            cost.megabytes,
            cost.written_megabytes,
            growth.unwrap_or_default(),
            if is_over { "  above its bound" } else { "" },
        );
        previous = Some((case, cost));
    }
    assert!(exceeded == 0, "{exceeded} above their bounds");
}

/// The exponents of processor time, memory and output.
fn render_growth(factor: f64, before: &Cost, after: &Cost) -> String {
    let exponent = |before: f64, after: f64| (after / before).ln() / factor.ln();
    format!(
        "CPU {:.2}, memory {:.2}, output {:.2}",
        exponent(before.processor_seconds, after.processor_seconds),
        exponent(before.megabytes, after.megabytes),
        exponent(before.written_megabytes, after.written_megabytes),
    )
}

fn measure(directory: &Path, case: &Case) -> Cost {
    let input = directory.join(format!("{}-{}", case.kind.name(), case.size));
    if !input.exists() {
        case.kind.write(&input, case.size, 1, read_ceiling().as_ref()).expect("a generated input");
    }
    let (report, figures) = (directory.join("report.json"), directory.join("figures.txt"));
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%e %U %S %M", "-o"]).arg(&figures).arg(env!("CARGO_BIN_EXE_iamdrift"));
    command.arg("audit").arg("--snapshot").arg(input.join(case.kind.snapshot()));
    command.arg("--baseline").arg(input.join("baseline")).args(["--format", "json", "-o"]).arg(&report);
    if let Some(rule) = case.rule {
        command.args(["--rule", rule]);
    }
    let status = command.output().expect("GNU time").status;
    assert!(matches!(status.code(), Some(0 | 1 | 3)), "{} ended with {status}", case.kind.name());
    // GNU time puts a line about the exit status first.
    let text = std::fs::read_to_string(figures).expect("the figures");
    let figures: Vec<f64> =
        text.lines().last().unwrap_or_default().split(' ').map(|word| word.parse().expect("a figure")).collect();
    let [seconds, user, system, kilobytes] = figures[..] else { panic!("no figures: {text}") };
    let written = std::fs::metadata(report).expect("a report").len();
    Cost {
        seconds,
        processor_seconds: user + system,
        megabytes: kilobytes / 1024.0,
        written_megabytes: written as f64 / 1e6,
    }
}

fn read_ceiling() -> Option<Value> {
    let path = PathBuf::from(std::env::var_os("IAMDRIFT_CEILING")?);
    let text = std::fs::read_to_string(&path).expect("the document of IAMDRIFT_CEILING");
    Some(serde_json::from_str(&text).expect("JSON"))
}
