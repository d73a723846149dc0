//! One question about a part of the effective access: a guard, a persona, a boundary, a delegated agent.
//!
//! A check is violated by a request that is allowed, within the scope of the check, and not expected there.

use std::sync::Arc;

use super::resolved_ceiling::ResolvedCeiling;
use crate::baseline::CeilingDocument;

/// The subject of a check.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum CheckKind {
    /// A guard, by its index in the baseline.
    Guard(usize),
    /// A persona, by its index in the baseline.
    Persona(usize),
    /// Destructive actions of an agent that uses the credentials of this operator.
    DelegatedAgent,
    /// Whether the principal can bypass the declared boundary.
    Boundary,
}

/// One question about a part of the effective access.
pub(crate) struct Check {
    /// The subject of the check.
    pub kind: CheckKind,
    /// The name of the check in reasons.
    pub name: String,
    /// The requests that the check is about.
    pub scope: ResolvedCeiling,
    /// The requests that may be allowed in the scope.
    pub expected: Arc<ResolvedCeiling>,
}

impl Check {
    /// The documents of the scope and of the expected requests.
    pub fn documents(&self) -> impl Iterator<Item = &CeilingDocument> {
        self.scope.documents.iter().chain(&self.expected.documents)
    }
}
