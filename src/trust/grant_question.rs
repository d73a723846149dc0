//! One grant of the trust policy of one role, as the analysis asks about it.

use std::sync::Arc;

use super::grant::TrustGrant;
use crate::iam::PolicyDocument;
use crate::snapshot::{Account, Principal};

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
