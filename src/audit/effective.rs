//! What a principal may effectively do, as the solver reads it.
//!
//! Stands in for `solve::effective_access` until that has landed: no resource policies, no RCPs.

use std::sync::Arc;

use crate::access::{Layers, PolicyRef};
use crate::solve::{Access, Branch};

/// The access of all layers; a statement's tag is the index of its policy in the list.
pub(super) fn effective_access(layers: &Layers, _rcp_supported: &dyn Fn(&str) -> bool) -> (Access, Vec<PolicyRef>) {
    let mut branch = Branch { require: vec![Vec::new()], ..Branch::default() };
    let mut policies: Vec<PolicyRef> = Vec::new();
    let mut add = |list: usize, policy: &PolicyRef| {
        branch.add_allows(list, &policy.document, policies.len());
        branch.add_denies(&policy.document, policies.len());
        policies.push(PolicyRef { document: Arc::clone(&policy.document), ..policy.clone() });
    };
    layers.identity.iter().for_each(|policy| add(0, policy));
    layers.boundary.iter().flatten().for_each(|policy| add(1, policy));
    let first = usize::from(layers.boundary.is_some()) + 1;
    for (index, level) in layers.scps.iter().flatten().enumerate() {
        level.policies.iter().for_each(|policy| add(first + index, policy));
    }
    (Access { branches: vec![branch] }, policies)
}
