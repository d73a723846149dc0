//! Every principal of a snapshot with its class, the reason and its declaration status.

use super::classification::{Classification, classify_principals};
use super::evidence::InferredClass;
use crate::baseline::{Assignment, Baseline, IgnoreReason, PrincipalView};
use crate::snapshot::{Account, LayerKind, Principal, Snapshot};

/// What decides the class of a principal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClassSource {
    /// The entry of the manifest that applies to it.
    Manifest,
    /// Hints.
    Hint,
    /// Nothing: the class is unknown.
    Nothing,
}

/// Whether the baseline declares a principal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeclarationStatus {
    /// An entry applies to it.
    Declared,
    /// Several entries match it, and none overrides the others.
    Ambiguous,
    /// No entry matches it.
    Undeclared,
    /// It is left out: it matches an `[[ignore]]`, or AWS owns it.
    Ignored,
}

impl DeclarationStatus {
    /// All statuses with their names in options and reports.
    pub const ALL: [(&'static str, DeclarationStatus); 4] = [
        ("declared", DeclarationStatus::Declared),
        ("ambiguous", DeclarationStatus::Ambiguous),
        ("undeclared", DeclarationStatus::Undeclared),
        ("ignored", DeclarationStatus::Ignored),
    ];

    /// The name in options and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            DeclarationStatus::Declared => "declared",
            DeclarationStatus::Ambiguous => "ambiguous",
            DeclarationStatus::Undeclared => "undeclared",
            DeclarationStatus::Ignored => "ignored",
        }
    }
}

/// A principal of a snapshot with its class and its declaration status.
#[derive(Clone, Debug)]
pub struct InventoryRow<'s> {
    /// Its account.
    pub account: &'s Account,
    /// The principal.
    pub principal: &'s Principal,
    /// The class: from the manifest if an entry applies, otherwise from hints.
    pub class: InferredClass,
    /// What decides the class.
    pub class_source: ClassSource,
    /// Why, in one line.
    pub reason: String,
    /// The class that hints infer. The manifest can override it.
    pub classification: Classification,
    /// The declaration status. `None` without a baseline.
    pub declaration: Option<DeclarationStatus>,
    /// The names of the entries that match it: one if it is declared, several if it is ambiguous.
    pub entries: Vec<String>,
    /// The owner that the entry names.
    pub owner: Option<String>,
    /// Why it is ignored.
    pub ignore_reason: Option<String>,
}

impl InventoryRow<'_> {
    /// Whether its trust policy is missing or cannot be read, so that hints about trust cannot match.
    pub fn is_trust_missing(&self) -> bool {
        self.principal.missing_documents.iter().any(|missing| missing.layer == LayerKind::Trust)
    }
}

/// Every principal of a snapshot, in its order.
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
            class_source,
            reason: classification.reason.clone(),
            classification,
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

/// Sets what the baseline declares about a principal.
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
                row.reason = "declared in the manifest".to_owned();
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
