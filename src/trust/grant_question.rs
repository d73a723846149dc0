//! One grant of the trust policy of one role, as the analysis asks about it.

use std::sync::Arc;

use super::grant::TrustGrant;
use crate::access::{Layers, PolicyOrigin, PolicyRef};
use crate::iam::PolicyDocument;
use crate::snapshot::{Account, Principal};
use crate::solve::Branch;

/// One grant of the trust policy of one role.
pub(super) struct GrantQuestion<'q> {
    pub account: &'q Account,
    pub role: &'q Principal,
    pub grant: &'q TrustGrant,
    /// The trust policy as it applies to the grant.
    pub restricted_policy: &'q Arc<PolicyDocument>,
    /// What exceptions accept. Each document allows by itself.
    pub accepted: &'q [Arc<PolicyDocument>],
    /// The Deny statements of the RCPs on the role, as they apply to the grant.
    pub rcps: &'q [Arc<PolicyDocument>],
}

impl GrantQuestion<'_> {
    /// The statements of the trust policy and of the RCPs, to find what their conditions name.
    pub fn join_documents(&self) -> PolicyDocument {
        let mut joined = PolicyDocument::clone(self.restricted_policy);
        joined.statements.extend(self.rcps.iter().flat_map(|rcp| &rcp.statements).cloned());
        joined
    }
}

/// The access that documents allow together.
pub(super) fn build_branch(documents: &[&Arc<PolicyDocument>]) -> Branch {
    Branch::from_policies(documents.iter().copied().zip(0..))
}

/// The same, for the evaluator.
pub(super) fn build_layers(documents: &[&Arc<PolicyDocument>]) -> Layers {
    let to_policy_ref = |document: &&Arc<PolicyDocument>| PolicyRef::new("", PolicyOrigin::Given, Arc::clone(document));
    Layers::from_identity(documents.iter().map(to_policy_ref).collect())
}
