//! Runs `iamdrift audit` with every rule, and replays the witnesses of its report.

use std::collections::BTreeMap;
use std::path::Path;

use assert_cmd::Command;
use iamdrift::access::{Context, ContextValue, LayerCollector, Layers, Request, evaluate};
use iamdrift::iam::{ContextKey, Interpretation};
use iamdrift::snapshot::Snapshot;
use serde_json::Value;

use crate::corpus::rcp_supported;

/// Every rule, also those that are off by default.
pub const RULES: [&str; 11] =
    ["IAM001", "IAM002", "IAM003", "IAM004", "IAM005", "IAM006", "IAM007", "IAM008", "IAM009", "IAM010", "IAM011"];

/// One audit: its report, and the policies of the snapshot that it is about.
pub struct AuditRun {
    pub report: Value,
    /// The policies that decide the requests of each principal, by ARN.
    layers: BTreeMap<String, Layers>,
}

impl AuditRun {
    /// Audits a snapshot against a baseline. Panics if the input is refused.
    pub fn execute(snapshot: &Path, baseline: &Path) -> AuditRun {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iamdrift"));
        command.arg("audit").arg("--snapshot").arg(snapshot).arg("--baseline").arg(baseline);
        command.args(["--format", "json"]).args(RULES.iter().flat_map(|rule| ["--rule", rule]));
        let output = command.output().unwrap();
        let status = output.status.code();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(status, Some(0 | 1 | 3)), "{}: {status:?}: {errors}", snapshot.display());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["summary"]["exit_status"].as_i64(), status.map(i64::from), "{}", snapshot.display());
        let snapshot = Snapshot::load(snapshot).unwrap_or_else(|error| panic!("{error}"));
        let collector = LayerCollector::new(&snapshot);
        let principals = snapshot.principals();
        let layers = principals
            .map(|(account, principal)| {
                (
                    principal.arn.as_str().to_owned(),
                    collector.collect_with_role_trust(account, principal, std::iter::empty()),
                )
            })
            .collect();
        AuditRun { report, layers }
    }

    /// Whether the snapshot has a principal. A path can lead to one that it creates.
    pub fn has_principal(&self, arn: &str) -> bool {
        self.layers.contains_key(arn)
    }

    /// Evaluates a witness of the report as a request of a principal, with the policies that the snapshot gives it.
    pub fn is_allowed(&self, arn: &str, witness: &Value) -> bool {
        let layers = self.layers.get(arn).unwrap_or_else(|| panic!("{arn} is not in the snapshot"));
        let text = |field: &str| witness[field].as_str().unwrap().to_owned();
        let request =
            Request { action: text("action"), resource: text("resource"), context: read_context(&witness["context"]) };
        evaluate(layers, &request, &rcp_supported, Interpretation::default()).is_allowed()
    }
}

fn read_context(context: &Value) -> Context {
    let mut entries = Context::default();
    for (key, values) in context.as_object().unwrap() {
        let values: Vec<String> = values.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect();
        let value = match values.as_slice() {
            [one] => ContextValue::Single(one.clone()),
            _ => ContextValue::Set(values),
        };
        entries.0.insert(ContextKey::new(key), value);
    }
    entries
}
