//! The story of the incident as its README tells it: the four facts that the demonstration is for, and the account
//! after the mends that the report advises.

mod demo;
mod facts;
mod mends;

use std::path::{Path, PathBuf};

use iamdrift::access::{Context, ContextValue, Decision, Request, collect_layers, evaluate};
use iamdrift::audit::{Audit, AuditOptions, Finding, RuleId, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::iam::{ContextKey, Interpretation};
use iamdrift::snapshot::Snapshot;
use serde_json::Value;

use crate::corpus::rcp_supported;

const OPERATOR: &str = "cost-explorer-oncall";
const AGENT: &str = "lantern-cost-explorer";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident").join(name)
}

fn snapshot(name: &str) -> Snapshot {
    Snapshot::load(&folder(name)).unwrap_or_else(|error| panic!("{error}"))
}

fn audited(snapshot: &Snapshot, baseline: &Path) -> Audit {
    let catalog = Catalog::embedded();
    let baseline = Baseline::load_with_catalog(baseline, catalog).unwrap_or_else(|error| panic!("{error}"));
    let options = AuditOptions::new(jiff::civil::date(2026, 11, 27));
    audit(snapshot, &baseline, catalog, &options).unwrap_or_else(|error| panic!("{error}"))
}

fn incident() -> (Snapshot, Audit) {
    let snapshot = snapshot("snapshot");
    let audit = audited(&snapshot, &folder("baseline"));
    (snapshot, audit)
}

fn finding<'a>(audit: &'a Audit, rule: RuleId, who: &str) -> &'a Finding {
    let is_it = |finding: &&Finding| {
        finding.rule == rule && finding.principal.as_ref().is_some_and(|principal| principal.name == who)
    };
    let mut found = audit.findings.iter().filter(is_it);
    let one = found.next().unwrap_or_else(|| panic!("{rule:?} is not told of {who}"));
    // Of several gains, the one with the shortest path comes first.
    assert!(found.all(|other| other.path.len() > one.path.len()), "{who} has two findings of {rule:?}");
    one
}

/// Whether the evaluator allows a request of a principal, with these keys.
fn is_allowed(snapshot: &Snapshot, who: &str, action: &str, resource: &str, keys: &[(&str, &str)]) -> bool {
    let (account, principal) = snapshot.principals().find(|(_, principal)| principal.name == who).unwrap();
    let mut context = Context::default();
    context.set("aws:PrincipalArn", principal.arn.as_str());
    for (key, value) in keys {
        context.0.insert(ContextKey::new(key), ContextValue::Single((*value).to_owned()));
    }
    let request = Request { action: action.to_owned(), resource: resource.to_owned(), context };
    let layers = collect_layers(snapshot, account, principal);
    matches!(evaluate(&layers, &request, &rcp_supported, Interpretation::default()).decision, Decision::Allowed)
}

const STACK: &str = "arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/cost-explorer-api/5f0c";
const APPROVED: (&str, &str) = ("aws:PrincipalTag/change-approval", "CHG-1042");

/// The document that a finding gives to copy.
fn denies(finding: &Finding) -> Value {
    let text = iamdrift::report::text::render_remediation(&finding.remediations[0]).snippet.unwrap();
    serde_json::from_str(&text).unwrap()
}
