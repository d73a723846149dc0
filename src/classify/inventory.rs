//! Everyone of a snapshot, with kind, reason and what the baseline says.

use super::classification::{Classification, classify_principals};
use super::evidence::InferredClass;
use crate::baseline::{Assignment, Baseline, IgnoreReason, PrincipalView};
use crate::snapshot::{Account, LayerKind, Principal, Snapshot};

/// What decides the kind of a principal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClassSource {
    /// The entry of the manifest that binds it.
    Manifest,
    /// Hints.
    Hint,
    /// Nothing.
    Nothing,
}

/// What the baseline says of a principal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeclarationStatus {
    /// An entry binds it.
    Declared,
    /// Several entries match it, and none decides.
    Ambiguous,
    /// Nothing speaks of it.
    Undeclared,
    /// It is left out: by an `[[ignore]]`, or since AWS owns it.
    Ignored,
}

impl DeclarationStatus {
    /// All of them, with the names that options and reports use.
    pub const ALL: [(&'static str, DeclarationStatus); 4] = [
        ("declared", DeclarationStatus::Declared),
        ("ambiguous", DeclarationStatus::Ambiguous),
        ("undeclared", DeclarationStatus::Undeclared),
        ("ignored", DeclarationStatus::Ignored),
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        DeclarationStatus::ALL.iter().find(|(_, coverage)| *coverage == self).map_or("", |(name, _)| name)
    }
}

/// A principal of a snapshot.
#[derive(Clone, Debug)]
pub struct InventoryRow<'s> {
    /// Its account.
    pub account: &'s Account,
    /// The principal.
    pub principal: &'s Principal,
    /// What it is: as the manifest says, else as hints have it.
    pub class: InferredClass,
    /// What decides that.
    pub class_source: ClassSource,
    /// Why, in one line.
    pub reason: String,
    /// What hints have it for, whatever the manifest says.
    pub classification: Classification,
    /// What the baseline says of it; none where there is no baseline.
    pub declaration: Option<DeclarationStatus>,
    /// The names of the entries that match it: one where it is declared, several where it is ambiguous.
    pub entries: Vec<String>,
    /// Whom to ask, where the entry says so.
    pub owner: Option<String>,
    /// Why it is left out.
    pub ignore_reason: Option<String>,
}

impl InventoryRow<'_> {
    /// Whether its trust policy is missing or cannot be read, so that hints had less to go by.
    pub fn is_trust_missing(&self) -> bool {
        self.principal.missing_documents.iter().any(|missing| missing.layer == LayerKind::Trust)
    }
}

/// Everyone of a snapshot, in its order.
pub fn list_principals<'s>(snapshot: &'s Snapshot, baseline: Option<&Baseline>) -> Vec<InventoryRow<'s>> {
    let classifications = classify_principals(snapshot, baseline);
    let principals: Vec<(&Account, &Principal)> = snapshot.principals().collect();
    let views: Vec<PrincipalView<'_>> =
        principals.iter().map(|(_, principal)| PrincipalView::from_principal(principal)).collect();
    let assigned_baseline = baseline.map(|baseline| (baseline, baseline.assign(&views)));
    let mut rows = Vec::with_capacity(principals.len());
    for (index, ((account, principal), classification)) in principals.into_iter().zip(classifications).enumerate() {
        let class_source = if classification.evidence.is_empty() { ClassSource::Nothing } else { ClassSource::Hint };
        let mut row = InventoryRow {
            account,
            principal,
            class: classification.class,
            class_source: class_source,
            reason: classification.reason.clone(),
            classification: classification,
            declaration: None,
            entries: Vec::new(),
            owner: None,
            ignore_reason: None,
        };
        if let Some((baseline, assignments)) = &assigned_baseline
            && let Some(assignment) = assignments.by_principal.get(index)
        {
            let ambiguities = &assignments.ambiguities;
            let find_competing = |index: usize| ambiguities.get(index).map_or(&[][..], |ambiguity| &ambiguity.entries);
            apply_assignment(&mut row, baseline, assignment, find_competing);
        }
        rows.push(row);
    }
    rows
}

/// Notes what the baseline says of a principal.
fn apply_assignment<'a>(
    row: &mut InventoryRow<'_>,
    baseline: &Baseline,
    assignment: &Assignment,
    find_competing: impl Fn(usize) -> &'a [usize],
) {
    let declaration = match assignment {
        Assignment::Undeclared => DeclarationStatus::Undeclared,
        Assignment::Declared(index) => {
            if let Some(entry) = baseline.entries.get(*index) {
                row.class = entry.class.into();
                row.class_source = ClassSource::Manifest;
                row.reason = "the manifest says so".to_owned();
                row.entries = vec![entry.name.value.clone()];
                row.owner = entry.owner.clone();
            }
            DeclarationStatus::Declared
        }
        Assignment::Ambiguous(index) => {
            let entries = find_competing(*index).iter().filter_map(|entry| baseline.entries.get(*entry));
            row.entries = entries.map(|entry| entry.name.value.clone()).collect();
            DeclarationStatus::Ambiguous
        }
        Assignment::Ignored(ignored_by) => {
            row.ignore_reason = match ignored_by {
                IgnoreReason::Ignore(index) => baseline.ignores.get(*index).map(|ignore| ignore.reason.clone()),
                IgnoreReason::ServiceLinked => Some("AWS owns it".to_owned()),
            };
            DeclarationStatus::Ignored
        }
    };
    row.declaration = Some(declaration);
}
