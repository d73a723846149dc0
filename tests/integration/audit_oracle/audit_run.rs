//! Runs the tool on a case: the library's audit.

use std::path::Path;

use iamdrift::audit::{Audit, AuditOptions, Finding, RuleId, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::snapshot::Snapshot;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::generator::Case;

/// The rules that the oracle checks.
const RULES: [RuleId; 6] =
    [RuleId::Broader, RuleId::Unguarded, RuleId::Trust, RuleId::Undeclared, RuleId::Baseline, RuleId::Undecided];

/// Writes the files of a case: `snapshot/` and `baseline/`.
pub fn write_case(case: &Case, folder: &Path) {
    for (parent, files) in [("snapshot", &case.snapshot), ("baseline", &case.baseline)] {
        for (name, content) in files {
            let path = folder.join(parent).join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            if name == "baseline.json" {
                std::fs::write(path.with_extension("toml"), render_manifest(content)).unwrap();
            } else {
                std::fs::write(path, content.to_string()).unwrap();
            }
        }
    }
}

fn render_manifest(manifest: &Json) -> String {
    // JSON has no dates: those of TOML are not quoted.
    let text = toml::to_string(&toml::Value::try_from(manifest).unwrap()).unwrap();
    let unquote = |line: &str| match line.strip_prefix("expires = ") {
        Some(date) => format!("expires = {}\n", date.replace('"', "")),
        None => format!("{line}\n"),
    };
    text.lines().map(unquote).collect()
}

/// Audits a case. An error if the tool refuses the input.
pub fn run_audit(case: &Case) -> Result<Audit, String> {
    let folder = TempDir::new().unwrap();
    write_case(case, folder.path());
    let catalog = Catalog::embedded();
    let snapshot = Snapshot::load(&folder.path().join("snapshot")).map_err(|error| error.to_string())?;
    let baseline = Baseline::load_with_catalog(&folder.path().join("baseline"), catalog);
    let baseline = baseline.map_err(|problems| format!("{problems:?}"))?;
    let mut options = AuditOptions::new(jiff::civil::date(2026, 11, 29));
    options.rules = RULES.to_vec();
    audit(&snapshot, &baseline, catalog, &options).map_err(|problems| format!("{problems:?}"))
}

/// The findings of a rule about a principal.
pub fn list_findings<'a>(audit: &'a Audit, rule: RuleId, arn: &'a str) -> impl Iterator<Item = &'a Finding> {
    let is_about = move |finding: &&Finding| finding.principal.as_ref().is_some_and(|principal| principal.arn == arn);
    audit.findings.iter().filter(move |finding| finding.rule == rule).filter(is_about)
}
