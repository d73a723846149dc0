//! The documents of a ceiling, ready for the solver and the evaluator.

use std::sync::Arc;

use crate::access::{Layers, OrganizationLevel, PolicyOrigin, PolicyRef};
use crate::baseline::CeilingDocument;
use crate::solve::{Access, build_effective_access};

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

    /// What every one of some ceilings allows. The first has the granting statements.
    pub fn intersect(ceilings: &[Arc<ResolvedCeiling>]) -> ResolvedCeiling {
        let documents: Vec<CeilingDocument> = ceilings.iter().flat_map(|ceiling| ceiling.documents.clone()).collect();
        let (first, others) = match ceilings.split_first() {
            Some((first, others)) => (first.layers.clone(), others),
            None => return ResolvedCeiling::empty(),
        };
        // Each further ceiling limits the first as a level of SCPs limits identity policies.
        let to_level = |ceiling: &Arc<ResolvedCeiling>| OrganizationLevel {
            name: String::new(),
            policies: ceiling.layers.identity.clone(),
        };
        let layers = Layers { scps: Some(others.iter().map(to_level).collect()), ..first };
        let (access, _) = build_effective_access(&layers);
        ResolvedCeiling { documents, access, layers }
    }

    /// The ceiling that allows nothing.
    pub fn empty() -> ResolvedCeiling {
        ResolvedCeiling::from_documents(Vec::new())
    }
}
