//! The list for programs (`schemas/principals.schema.json`).

use std::collections::BTreeMap;

use iamdrift::baseline::Baseline;
use iamdrift::kinds::{Basis, Coverage, Evidence, Listed, Who};
use iamdrift::snapshot::Snapshot;
use schemars::JsonSchema;
use serde::Serialize;

/// The list of `iamdrift principals`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Principals")]
struct Document<'a> {
    /// The version of this form: "1". It changes when a field goes or changes its meaning, not when one is added.
    schema_version: &'static str,
    /// The snapshot: a path.
    snapshot: String,
    /// The baseline; null where none was given.
    baseline: Option<BaselineTold<'a>>,
    /// How many principals of each kind are listed.
    by_kind: BTreeMap<Who, usize>,
    /// How many the baseline says what of; empty where none was given.
    by_coverage: BTreeMap<Coverage, usize>,
    /// Everyone who was asked for, by kind and ARN.
    principals: Vec<PrincipalTold<'a>>,
    /// What of the snapshot could not be read, a line each.
    unread: Vec<String>,
}

/// The baseline that was given.
#[derive(Debug, Serialize, JsonSchema)]
struct BaselineTold<'a> {
    /// The manifest: a path.
    path: &'a str,
    /// Seven hexadecimal digits that change with its content.
    content_id: &'a str,
    /// Whether agents are recognised by hints.
    agent_hints: bool,
}

/// A principal.
#[derive(Debug, Serialize, JsonSchema)]
struct PrincipalTold<'a> {
    /// Its ARN.
    arn: &'a str,
    /// Its name, without its path.
    name: &'a str,
    /// The number of its account.
    account: &'a str,
    /// What it is.
    kind: Who,
    /// What decides that: the manifest, hints, or nothing.
    basis: Basis,
    /// Why, in one line.
    reason: &'a str,
    /// What the baseline says of it; null where none was given.
    coverage: Option<Coverage>,
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
    listed: &[Listed<'_>],
) -> Result<String, serde_json::Error> {
    let (mut by_kind, mut by_coverage) = (BTreeMap::new(), BTreeMap::new());
    for one in listed {
        *by_kind.entry(one.who).or_default() += 1;
        if let Some(coverage) = one.coverage {
            *by_coverage.entry(coverage).or_default() += 1;
        }
    }
    let document = Document {
        schema_version: "1",
        snapshot: snapshot.origin.display().to_string(),
        baseline: baseline.map(|baseline| BaselineTold {
            path: baseline.source().name(),
            content_id: baseline.content_id(),
            agent_hints: baseline.settings.agent_hints,
        }),
        by_kind,
        by_coverage,
        principals: listed.iter().map(told).collect(),
        unread: super::unread(snapshot),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn told<'a>(listed: &'a Listed<'_>) -> PrincipalTold<'a> {
    PrincipalTold {
        arn: listed.principal.arn.as_str(),
        name: &listed.principal.name,
        account: listed.account.id.as_str(),
        kind: listed.who,
        basis: listed.basis,
        reason: &listed.reason,
        coverage: listed.coverage,
        entries: &listed.entries,
        owner: listed.owner.as_deref(),
        ignored_because: listed.ignored_because.as_deref(),
        hints: &listed.recognised.evidence,
        trust_missing: listed.is_trust_missing(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// `UPDATE_SCHEMAS=1` writes the schema anew.
    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let schema = settings.into_generator().into_root_schema_for::<Document<'static>>();
        let made = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write("schemas/principals.schema.json", &made).unwrap();
        }
        assert_eq!(std::fs::read_to_string("schemas/principals.schema.json").unwrap(), made);
    }
}
