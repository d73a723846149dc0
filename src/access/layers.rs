//! The layers of policies that decide one principal's requests (`docs/semantics.md` §4).

use std::sync::Arc;

use crate::iam::{AccountId, Arn, PolicyDocument, Template};
use crate::snapshot::AttachmentKind;

/// What kind of principal asks.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum PrincipalType {
    /// An IAM user.
    User,
    /// An IAM role, or a session of it.
    Role,
    /// A role of path `/aws-service-role/`: bound by no SCP and no RCP.
    ServiceLinkedRole,
    /// A federated user session (`sts:GetFederationToken`).
    FederatedUser,
    /// The root user of an account: bound by SCPs only.
    Root,
}

/// Which sessions of a role are spoken of.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum SessionScope {
    /// Any: what some session of the role can do, the role can do. Also for principals without sessions.
    Any,
    /// The one session of that ARN (`arn:aws:sts::…:assumed-role/role/name`).
    Single(Arn),
}

/// What is known of the principal that asks.
#[derive(Clone, Debug)]
pub struct PrincipalInfo {
    /// The user's or role's ARN (for a session, the role's); none where a policy is looked at by itself.
    pub arn: Option<Arn>,
    /// The account that it belongs to; none where a policy is looked at by itself.
    pub account: Option<AccountId>,
    /// What kind of principal it is.
    pub principal_type: PrincipalType,
    /// Its unique id (`AIDA…`, `AROA…`), where known.
    pub unique_id: Option<String>,
    /// Which of its sessions is meant.
    pub sessions: SessionScope,
}

/// Where a policy of a layer comes from.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum PolicyOrigin {
    /// A user or role holds it, itself or by a group.
    Identity(AttachmentKind),
    /// An SCP or RCP with its id or ARN, attached to a root, OU or account.
    Organization {
        /// The policy's id.
        id: String,
        /// The id of the root, OU or account.
        target: String,
    },
    /// The policy of a resource.
    Resource {
        /// The resource's ARN.
        arn: String,
    },
    /// Given by the caller (`simulate`, `compare`, ceilings).
    Given,
}

/// A document in a layer, with the name that people know it by.
#[derive(Clone, Debug)]
pub struct PolicyRef {
    /// The policy's name.
    pub name: String,
    /// Where it comes from.
    pub origin: PolicyOrigin,
    /// What it says.
    pub document: Arc<PolicyDocument>,
}

/// The policies attached at one root, OU or account; a request needs an Allow at every level.
#[derive(Clone, Debug)]
pub struct OrganizationLevel {
    /// The root's, OU's or account's id, with its name where known.
    pub name: String,
    /// The policies attached there.
    pub policies: Vec<PolicyRef>,
}

/// The policy of a resource.
#[derive(Clone, Debug)]
pub struct ResourcePolicy {
    /// The resources that it speaks for: a pattern (`arn:aws:s3:::b` and `arn:aws:s3:::b/*` are two).
    pub resources: Vec<Template>,
    /// The account that owns the resource.
    pub owner: AccountId,
    /// The policy.
    pub policy: PolicyRef,
}

/// The policies of resources: a list that is kept once, however many principals it decides over.
#[derive(Clone, Debug)]
pub struct ResourcePolicies(Arc<[ResourcePolicy]>);

impl ResourcePolicies {
    /// No policy of any resource.
    pub fn none() -> ResourcePolicies {
        ResourcePolicies(Arc::new([]))
    }
}

impl FromIterator<ResourcePolicy> for ResourcePolicies {
    fn from_iter<I: IntoIterator<Item = ResourcePolicy>>(policies: I) -> ResourcePolicies {
        ResourcePolicies(policies.into_iter().collect())
    }
}

impl std::ops::Deref for ResourcePolicies {
    type Target = [ResourcePolicy];

    fn deref(&self) -> &[ResourcePolicy] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a ResourcePolicies {
    type Item = &'a ResourcePolicy;
    type IntoIter = std::slice::Iter<'a, ResourcePolicy>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// What a resource of another account means whose policy is not known.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum UnknownResourcePolicy {
    /// It has none: a request across accounts is denied (`simulate`, where everything is given).
    IsNone,
    /// It may allow: identity decides (an audit of a snapshot, which does not hold every account).
    MayAllow,
}

/// All policies that decide the requests of one principal. A layer that is `None` does not exist.
#[derive(Clone, Debug)]
pub struct Layers {
    /// Who asks.
    pub principal: PrincipalInfo,
    /// Inline, attached and, for users, group policies.
    pub identity: Vec<PolicyRef>,
    /// The permissions boundary (one policy; a list in AWS's simulator).
    pub boundary: Option<Vec<PolicyRef>>,
    /// SCPs by level, root first.
    pub scps: Option<Vec<OrganizationLevel>>,
    /// RCPs by level, root first, along the path of the account that owns the resource. They only deny.
    pub rcps: Option<Vec<OrganizationLevel>>,
    /// The policies of resources that are known.
    pub resource_policies: ResourcePolicies,
    /// What holds for a resource of another account that is not among them.
    pub unknown_resource_policy: UnknownResourcePolicy,
    /// The account that owns resources whose ARN does not tell; none: the principal's.
    pub resource_owner: Option<AccountId>,
    /// Session policies.
    pub session: Option<Vec<PolicyRef>>,
}

impl Layers {
    /// Identity policies by themselves, whoever has them.
    pub fn from_identity(identity: Vec<PolicyRef>) -> Layers {
        Layers {
            principal: PrincipalInfo {
                arn: None,
                account: None,
                principal_type: PrincipalType::Role,
                unique_id: None,
                sessions: SessionScope::Any,
            },
            identity,
            boundary: None,
            scps: None,
            rcps: None,
            resource_policies: ResourcePolicies::none(),
            unknown_resource_policy: UnknownResourcePolicy::MayAllow,
            resource_owner: None,
            session: None,
        }
    }
}
