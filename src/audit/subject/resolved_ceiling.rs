//! The documents of a ceiling, ready for the solver and the evaluator.

use std::sync::Arc;

use crate::access::{Layers, PolicyOrigin, PolicyRef};
use crate::baseline::CeilingDocument;
use crate::solve::Access;

/// The union of some policy documents.
pub(crate) struct ResolvedCeiling {
    /// The documents. The policy index of a statement id is the index of its document.
    pub documents: Vec<CeilingDocument>,
    /// What the documents allow, for the solver.
    pub access: Access,
    /// The same for the evaluator.
    pub layers: Layers,
}

impl ResolvedCeiling {
    /// The ceiling of some documents.
    pub fn from_documents(documents: Vec<CeilingDocument>) -> ResolvedCeiling {
        let access = Access::from_policies(documents.iter().enumerate().map(|(index, d)| (&d.document, index)));
        let to_policy = |d: &CeilingDocument| PolicyRef::new(&d.name, PolicyOrigin::Given, Arc::clone(&d.document));
        let layers = Layers::from_identity(documents.iter().map(to_policy).collect());
        ResolvedCeiling { documents, access, layers }
    }

    /// The ceiling that allows nothing.
    pub fn empty() -> ResolvedCeiling {
        ResolvedCeiling::from_documents(Vec::new())
    }
}
