//! The list for programs (`schemas/principals.schema.json`).

use std::collections::BTreeMap;

use iamdrift::baseline::Baseline;
use iamdrift::classify::{ClassSource, DeclarationStatus, Evidence, InferredClass, InventoryRow};
use iamdrift::snapshot::Snapshot;
use schemars::JsonSchema;
use serde::Serialize;

/// The list of `iamdrift principals`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Principals")]
struct PrincipalsDocument<'a> {
    /// The version of this form: "1". It changes when a field goes or changes its meaning, not when one is added.
    schema_version: &'static str,
    /// The snapshot: a path.
    snapshot: String,
    /// The baseline; null where none was given.
    baseline: Option<BaselineJson<'a>>,
    /// How many principals of each kind are listed.
    by_kind: BTreeMap<InferredClass, usize>,
    /// How many the baseline says what of; empty where none was given.
    by_coverage: BTreeMap<DeclarationStatus, usize>,
    /// Everyone who was asked for, by kind and ARN.
    principals: Vec<PrincipalJson<'a>>,
    /// What of the snapshot could not be read, a line each.
    unread: Vec<String>,
}

/// The baseline that was given.
#[derive(Debug, Serialize, JsonSchema)]
struct BaselineJson<'a> {
    /// The manifest: a path.
    path: &'a str,
    /// Seven hexadecimal digits that change with its content.
    content_id: &'a str,
    /// Whether agents are recognised by hints.
    agent_hints: bool,
}

/// A principal.
#[derive(Debug, Serialize, JsonSchema)]
struct PrincipalJson<'a> {
    /// Its ARN.
    arn: &'a str,
    /// Its name, without its path.
    name: &'a str,
    /// The number of its account.
    account: &'a str,
    /// What it is.
    kind: InferredClass,
    /// What decides that: the manifest, hints, or nothing.
    basis: ClassSource,
    /// Why, in one line.
    reason: &'a str,
    /// What the baseline says of it; null where none was given.
    coverage: Option<DeclarationStatus>,
    /// The names of the entries that match it: one where it is declared, several where it is ambiguous.
    entries: &'a [String],
    /// Whom to ask, where the entry says so.
    owner: Option<&'a str>,
    /// Why it is left out, where it is.
    ignored_because: Option<&'a str>,
    /// All that speaks for a kind, the strongest first; the manifest overrules it.
    hints: &'a [Evidence],
    /// Whether its trust policy is missing or cannot be read, so that hints had less to go by.
    trust_missing: bool,
}

/// Writes the list.
pub fn render(
    snapshot: &Snapshot,
    baseline: Option<&Baseline>,
    rows: &[InventoryRow<'_>],
) -> Result<String, serde_json::Error> {
    let (mut by_kind, mut by_coverage) = (BTreeMap::new(), BTreeMap::new());
    for row in rows {
        *by_kind.entry(row.class).or_default() += 1;
        if let Some(coverage) = row.declaration {
            *by_coverage.entry(coverage).or_default() += 1;
        }
    }
    let document = PrincipalsDocument {
        schema_version: "1",
        snapshot: snapshot.origin.display().to_string(),
        baseline: baseline.map(|baseline| BaselineJson {
            path: baseline.source().name(),
            content_id: baseline.content_id(),
            agent_hints: baseline.settings.agent_hints,
        }),
        by_kind,
        by_coverage,
        principals: rows.iter().map(to_principal_json).collect(),
        unread: super::unread_inputs(snapshot),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn to_principal_json<'a>(row: &'a InventoryRow<'_>) -> PrincipalJson<'a> {
    PrincipalJson {
        arn: row.principal.arn.as_str(),
        name: &row.principal.name,
        account: row.account.id.as_str(),
        kind: row.class,
        basis: row.class_source,
        reason: &row.reason,
        coverage: row.declaration,
        entries: &row.entries,
        owner: row.owner.as_deref(),
        ignored_because: row.ignore_reason.as_deref(),
        hints: &row.classification.evidence,
        trust_missing: row.is_trust_missing(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// `UPDATE_SCHEMAS=1` writes the schema anew.
    #[test]
    fn published_schema_matches_the_types() {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let schema = settings.into_generator().into_root_schema_for::<PrincipalsDocument<'static>>();
        let schema_text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write("schemas/principals.schema.json", &schema_text).unwrap();
        }
        assert_eq!(std::fs::read_to_string("schemas/principals.schema.json").unwrap(), schema_text);
    }
}
