//! Every principal of a snapshot with its class, the reason and its declaration status.

use super::classification::{Classification, classify_principals};
use super::evidence::{ClassReason, InferredClass};
use crate::baseline::{Assignment, Assignments, Baseline, Entry, IgnoreReason, PrincipalView};
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
    /// Why.
    pub reason: ClassReason,
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
    let declarations: Vec<Option<Declaration<'_>>> = match baseline {
        Some(baseline) => resolve_declarations(baseline, &baseline.assign(&views)),
        None => principals.iter().map(|_| None).collect(),
    };
    let inputs = principals.into_iter().zip(classifications).zip(declarations);
    inputs
        .map(|(((account, principal), classification), declaration)| {
            build_row(account, principal, classification, declaration)
        })
        .collect()
}

/// What the baseline declares about a principal.
struct Declaration<'b> {
    status: DeclarationStatus,
    /// The entries that match: one if the principal is declared.
    entries: Vec<&'b Entry>,
    ignore_reason: Option<String>,
}

/// The declaration of each principal, in order.
fn resolve_declarations<'b>(baseline: &'b Baseline, assignments: &Assignments) -> Vec<Option<Declaration<'b>>> {
    // INVARIANT: the indices of an assignment are those of this baseline and of these assignments.
    let to_declaration = |assignment: &Assignment| {
        let (status, entries, ignore_reason) = match assignment {
            Assignment::Undeclared => (DeclarationStatus::Undeclared, Vec::new(), None),
            Assignment::Declared(index) => {
                (DeclarationStatus::Declared, baseline.entries.get(*index).into_iter().collect(), None)
            }
            Assignment::Ambiguous(index) => {
                let indices = assignments.ambiguities.get(*index).into_iter().flat_map(|ambiguity| &ambiguity.entries);
                let entries = indices.filter_map(|entry| baseline.entries.get(*entry)).collect();
                (DeclarationStatus::Ambiguous, entries, None)
            }
            Assignment::Ignored(IgnoreReason::Ignore(index)) => {
                let reason = baseline.ignores.get(*index).map(|ignore| ignore.reason.clone());
                (DeclarationStatus::Ignored, Vec::new(), reason)
            }
            Assignment::Ignored(IgnoreReason::ServiceLinked) => {
                (DeclarationStatus::Ignored, Vec::new(), Some("AWS owns it".to_owned()))
            }
        };
        Some(Declaration { status, entries, ignore_reason })
    };
    assignments.by_principal.iter().map(to_declaration).collect()
}

fn build_row<'s>(
    account: &'s Account,
    principal: &'s Principal,
    classification: Classification,
    declaration: Option<Declaration<'_>>,
) -> InventoryRow<'s> {
    let declaring_entry = match &declaration {
        Some(Declaration { status: DeclarationStatus::Declared, entries, .. }) => entries.first().copied(),
        _ => None,
    };
    let (class, class_source, reason) = match declaring_entry {
        Some(entry) => (entry.class.into(), ClassSource::Manifest, ClassReason::Declared),
        None if classification.evidence.is_empty() => {
            (classification.class, ClassSource::Nothing, classification.reason.clone())
        }
        None => (classification.class, ClassSource::Hint, classification.reason.clone()),
    };
    let entries = declaration.iter().flat_map(|declaration| &declaration.entries);
    InventoryRow {
        account,
        principal,
        class,
        class_source,
        reason,
        classification,
        declaration: declaration.as_ref().map(|declaration| declaration.status),
        entries: entries.map(|entry| entry.name.value.clone()).collect(),
        owner: declaring_entry.and_then(|entry| entry.owner.clone()),
        ignore_reason: declaration.and_then(|declaration| declaration.ignore_reason),
    }
}
