//! The documents of a ceiling, ready for the solver and the evaluator.

use std::sync::Arc;

use crate::access::{Layers, OrganizationLevel, PolicyOrigin, PolicyRef};
use crate::baseline::CeilingDocument;
use crate::solve::{Access, build_effective_access};

/// The union of some policy documents.
pub(crate) struct ResolvedCeiling {
    /// The documents. The policy index of a statement id is the index of its document.
    pub documents: Vec<CeilingDocument>,
    /// What is declared, for the solver: what the documents allow, and the additions.
    pub access: Access,
    /// What the documents allow, for the evaluator.
    pub layers: Layers,
    /// What is declared elsewhere, for the evaluator. Each allows by itself.
    additions: Vec<Layers>,
    /// The number of branches of `access` that are not of additions.
    own_branches: usize,
}

impl ResolvedCeiling {
    /// The ceiling of some documents.
    pub fn from_documents(documents: Vec<CeilingDocument>) -> ResolvedCeiling {
        let access = Access::from_policies(documents.iter().enumerate().map(|(index, d)| (&d.document, index)));
        let to_policy = |d: &CeilingDocument| PolicyRef::new(&d.name, PolicyOrigin::Given, Arc::clone(&d.document));
        let layers = Layers::from_identity(documents.iter().map(to_policy).collect());
        ResolvedCeiling::new(documents, access, layers)
    }

    fn new(documents: Vec<CeilingDocument>, access: Access, layers: Layers) -> ResolvedCeiling {
        let own_branches = access.branches.len();
        ResolvedCeiling { documents, access, layers, additions: Vec::new(), own_branches }
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
        ResolvedCeiling::new(documents, access, layers)
    }

    /// A ceiling that also allows what each of some other ceilings allows. A Deny of one does not affect another.
    pub fn extend(&self, additions: &[ResolvedCeiling]) -> ResolvedCeiling {
        let mut access = self.access.clone();
        for addition in additions.iter().flat_map(|addition| &addition.access.branches) {
            let mut branch = addition.clone();
            branch.unlist_policies();
            access.branches.push(branch);
        }
        ResolvedCeiling {
            documents: self.documents.clone(),
            access,
            layers: self.layers.clone(),
            additions: self.additions.iter().chain(additions.iter().map(|a| &a.layers)).cloned().collect(),
            own_branches: self.own_branches,
        }
    }

    /// What the documents allow, without additions.
    pub fn own_access(&self) -> Access {
        Access { branches: self.access.branches.iter().take(self.own_branches).cloned().collect() }
    }

    /// Whether a request is declared. `allows` decides the request for one of the layers.
    pub fn allows(&self, allows: impl Fn(&Layers) -> bool) -> bool {
        allows(&self.layers) || self.additions.iter().any(allows)
    }

    /// The ceiling that allows nothing.
    pub fn empty() -> ResolvedCeiling {
        ResolvedCeiling::from_documents(Vec::new())
    }
}
