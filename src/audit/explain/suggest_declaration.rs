//! Edits for a principal that no baseline entry matches.

use crate::audit::model::principal_ref::PrincipalRef;
use crate::audit::model::remediation::Remediation;
use crate::baseline::{Baseline, PrincipalClass};
use crate::classify::InferredClass;
use crate::snapshot::Snapshot;

/// The edits. `class` is the inferred class.
pub(crate) fn suggest_declaration(
    baseline: &Baseline,
    snapshot: &Snapshot,
    principal: &PrincipalRef,
    class: InferredClass,
) -> Vec<Remediation> {
    let mut suggestions = vec![Remediation::DeletePrincipal];
    // As a selector, a path with these characters would also match other principals.
    if !principal.arn.contains(['*', '?']) {
        suggestions.push(Remediation::DeclarePrincipal {
            name: choose_entry_name(baseline, snapshot, principal),
            arn: principal.arn.clone(),
            class: class.to_principal_class().unwrap_or(PrincipalClass::Workload),
        });
        suggestions.push(Remediation::IgnorePrincipal { arn: principal.arn.clone() });
    }
    suggestions
}

/// The name of the principal, or its ARN if an entry has that name, or another principal could get it.
fn choose_entry_name(baseline: &Baseline, snapshot: &Snapshot, principal: &PrincipalRef) -> String {
    let is_entry = baseline.entries.iter().any(|entry| entry.name.value == principal.name);
    let has_same_name = snapshot.principals().filter(|(_, other)| other.name == principal.name).nth(1).is_some();
    if is_entry || has_same_name { principal.arn.clone() } else { principal.name.clone() }
}
