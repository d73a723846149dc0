//! Trust policies as resource policies: `sts:AssumeRole` on a role needs the consent of its trust policy
//! (`docs/semantics.md` §4).

use rustc_hash::FxHashMap;

use super::layers::{ResourcePolicies, ResourcePolicy};
use crate::iam::{Effect, ElementKind, Statement, Template};
use crate::snapshot::{Account, Principal, Snapshot};

/// The actions on a role that a caller with AWS credentials uses to assume it.
const ASSUME_ROLE_ACTIONS: [&str; 3] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];

/// The roles of a snapshot that have a trust policy, by ARN.
pub(super) struct RoleTrustIndex<'s>(FxHashMap<&'s str, (&'s Account, &'s Principal)>);

impl<'s> RoleTrustIndex<'s> {
    pub fn new(snapshot: &'s Snapshot) -> RoleTrustIndex<'s> {
        let roles = snapshot.principals().filter(|(_, principal)| principal.trust_policy.is_some());
        RoleTrustIndex(roles.map(|(account, role)| (role.arn.as_str(), (account, role))).collect())
    }

    /// The trust policies of the roles that a principal's own policies name in full. A role that only a pattern matches
    /// has none here: its consent is then assumed, which allows more.
    pub fn find_trust_policies(&self, principal: &Principal) -> Vec<ResourcePolicy> {
        let statements = principal.identity_policies.iter().flat_map(|policy| &policy.document.statements);
        let assuming = statements.filter(|statement| allows_assuming(statement));
        let resources = assuming.filter_map(|statement| statement.resource.as_ref());
        let patterns = resources.filter(|element| element.kind == ElementKind::List).flat_map(|e| &e.patterns);
        let mut arns: Vec<&str> = patterns.map(Template::as_written).collect();
        arns.sort_unstable();
        arns.dedup();
        let roles = arns.into_iter().filter_map(|arn| self.0.get(arn));
        roles.filter_map(|(account, role)| ResourcePolicy::from_trust_policy(account, role)).collect()
    }
}

fn allows_assuming(statement: &Statement) -> bool {
    statement.effect == Effect::Allow && ASSUME_ROLE_ACTIONS.iter().any(|action| statement.action.lists_action(action))
}

/// The resource policies of a snapshot with the trust policy of the role that a request is about. The same policies if
/// the resource is not a role of the snapshot with a trust policy.
pub fn add_role_trust(snapshot: &Snapshot, resource: &str, policies: &ResourcePolicies) -> ResourcePolicies {
    let role = snapshot.principals().find(|(_, principal)| principal.arn.as_str() == resource);
    match role.and_then(|(account, role)| ResourcePolicy::from_trust_policy(account, role)) {
        Some(trust) => policies.iter().cloned().chain([trust]).collect(),
        None => policies.clone(),
    }
}
