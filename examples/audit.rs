//! Uses iamdrift as a library: loads a snapshot and a baseline, audits one against the other, and prints the findings.
//!
//! `cargo run --example audit` audits the account in `examples/incident`.
#![allow(clippy::disallowed_macros)] // an example prints its result

use std::path::Path;

use iamdrift::audit::{AuditOptions, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::report::text::{render_reason, render_title};
use iamdrift::snapshot::Snapshot;

fn main() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    let catalog = Catalog::embedded();
    let snapshot = Snapshot::load(&folder.join("snapshot"))?;
    let baseline = Baseline::load_with_catalog(&folder.join("baseline"), catalog)?;

    // Exceptions expire, so the audit needs a date. A scheduled program passes the current one.
    let audit = audit(&snapshot, &baseline, catalog, &AuditOptions::new(jiff::civil::date(2026, 11, 20)))?;

    for finding in audit.findings.iter().filter(|finding| finding.accepted.is_none()) {
        let who = finding.principal.as_ref().map_or("the baseline", |principal| principal.arn.as_str());
        println!(
            "{} {}: {who}\n    {}",
            finding.rule.as_str(),
            finding.severity.as_str(),
            render_title(&finding.title)
        );
        if let Some(excess) = finding.excess.first() {
            println!("    witness {} on {}", excess.witness.action, excess.witness.resource);
            println!("    granted by {}, {}", excess.granted_by.policy, excess.granted_by.place);
        }
        for reason in &finding.reasons {
            println!("    {}", render_reason(reason));
        }
    }
    println!("{} of {} principals are as declared", as_declared(&audit), audit.principals.len());
    Ok(())
}

fn as_declared(audit: &iamdrift::audit::Audit) -> usize {
    audit.principals.iter().filter(|principal| principal.status == iamdrift::audit::PrincipalStatus::AsDeclared).count()
}
