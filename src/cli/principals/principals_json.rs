//! Renders the list as JSON (`schemas/principals.schema.json`).

use std::collections::BTreeMap;

use iamdrift::base::json_writer::{JsonLayout, render_json};
use iamdrift::baseline::{Baseline, Strength};
use iamdrift::classify::{ClassSource, DeclarationStatus, Evidence, InferredClass, InventoryRow};
use iamdrift::report::text::{render_basis, render_class_reason, render_match};
use iamdrift::snapshot::Snapshot;
use schemars::JsonSchema;
use serde::Serialize;

use super::principal_list::PrincipalList;

/// The output of `iamdrift principals`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Principals")]
struct PrincipalsDocument<'a> {
    /// The version of this format: "1". It changes when a field is removed or changes its meaning, not when one is added.
    schema_version: &'static str,
    /// The path of the snapshot.
    snapshot: String,
    /// The baseline. Null if none was given.
    baseline: Option<BaselineJson<'a>>,
    /// The number of listed principals per class.
    by_kind: BTreeMap<InferredClass, usize>,
    /// The number of listed principals per declaration status. Empty without a baseline.
    by_coverage: BTreeMap<DeclarationStatus, usize>,
    /// The selected principals, ordered by class and ARN.
    principals: Vec<PrincipalJson<'a>>,
    /// The number of principals of the snapshot that the filters leave out.
    not_listed: usize,
    /// The parts of the snapshot that could not be read and concern the selected principals or could contain more of them,
    /// one line each.
    unread: &'a [String],
}

/// The baseline.
#[derive(Debug, Serialize, JsonSchema)]
struct BaselineJson<'a> {
    /// The path of the manifest.
    path: &'a str,
    /// Sixteen hexadecimal digits of the hash of its content.
    content_id: &'a str,
    /// Whether hints can classify a principal as an agent.
    agent_hints: bool,
}

/// A principal.
#[derive(Debug, Serialize, JsonSchema)]
struct PrincipalJson<'a> {
    /// Its ARN.
    arn: &'a str,
    /// Its name, without its path.
    name: &'a str,
    /// Its account id.
    account: &'a str,
    /// Its class.
    kind: InferredClass,
    /// What decides the class: the manifest, hints, or nothing.
    basis: ClassSource,
    /// The reason, in one line.
    reason: String,
    /// Its declaration status. Null without a baseline.
    coverage: Option<DeclarationStatus>,
    /// The names of the entries that match it: one if it is declared, several if it is ambiguous.
    entries: &'a [String],
    /// The owner that the entry names. Null if it names none.
    owner: Option<&'a str>,
    /// Why the baseline ignores it. Null if it does not.
    ignored_because: Option<&'a str>,
    /// The evidence, the strongest first. The manifest takes precedence.
    hints: Vec<EvidenceJson<'a>>,
    /// Whether its trust policy is missing or cannot be read, so that hints are incomplete.
    trust_missing: bool,
}

/// A match of a hint.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Evidence")]
struct EvidenceJson<'a> {
    /// The name of the hint; `path` if AWS reserves the path of the principal; `assumed-by` if the class is that of a
    /// principal that can assume the role.
    hint: &'a str,
    /// The class that it suggests.
    kind: InferredClass,
    /// How reliable it is.
    strength: Strength,
    /// What matched: `trusts the service lambda.amazonaws.com`.
    found: String,
    /// Why this suggests the class.
    because: String,
    /// The URL of the documentation.
    source: Option<&'a str>,
}

impl<'a> EvidenceJson<'a> {
    fn new(evidence: &'a Evidence) -> EvidenceJson<'a> {
        EvidenceJson {
            hint: &evidence.hint,
            kind: evidence.kind,
            strength: evidence.strength,
            found: render_match(&evidence.found),
            because: render_basis(&evidence.because),
            source: evidence.source.as_deref(),
        }
    }
}

/// Renders the list.
pub fn render(snapshot: &Snapshot, baseline: Option<&Baseline>, list: &PrincipalList<'_>) -> std::io::Result<String> {
    let (mut by_kind, mut by_coverage) = (BTreeMap::new(), BTreeMap::new());
    for row in list.rows {
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
        principals: list.rows.iter().map(to_principal_json).collect(),
        not_listed: list.total - list.rows.len(),
        unread: &list.unread,
    };
    render_json(&document, JsonLayout::Indented)
}

fn to_principal_json<'a>(row: &'a InventoryRow<'_>) -> PrincipalJson<'a> {
    PrincipalJson {
        arn: row.principal.arn.as_str(),
        name: &row.principal.name,
        account: row.account.id.as_str(),
        kind: row.class,
        basis: row.class_source,
        reason: render_class_reason(&row.reason),
        coverage: row.declaration,
        entries: &row.entries,
        owner: row.owner.as_deref(),
        ignored_because: row.ignore_reason.as_deref(),
        hints: row.classification.evidence.iter().map(EvidenceJson::new).collect(),
        trust_missing: row.is_trust_missing(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::published_schema::check_published_schema;

    #[test]
    fn published_schema_matches_the_types() {
        check_published_schema::<PrincipalsDocument<'static>>("principals");
    }
}
