//! The policy layers that decide the requests of one principal (`docs/semantics.md` §4).

use std::sync::Arc;

use super::governed_resources::GovernedResources;
use super::policy_ref::{OrganizationLevel, PolicyOrigin, PolicyRef};
use super::resource_controls::ResourceControls;
use super::session_providers::SessionProviders;
use super::unread_grants::UnreadGrants;
use crate::iam::{AccountId, Arn, Template};
use crate::snapshot::{Account, Principal};

/// The service that SCPs do not restrict: Amazon Mechanical Turk. AWS: *Service control policies (SCPs)*, "Tasks and entities
/// not restricted by SCPs".
pub const SCP_EXEMPT_SERVICE: &str = "mechanicalturk";

/// The type of the principal that makes a request.
///
/// These are the principals of concrete requests. `snapshot::IamEntityKind` has the entities that a snapshot holds;
/// `baseline::PrincipalClass` has the declared classes.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum PrincipalType {
    /// An IAM user.
    User,
    /// An IAM role, or a session of a role.
    Role,
    /// A role with the path `/aws-service-role/`. SCPs and RCPs do not apply to it.
    ServiceLinkedRole,
    /// A federated user session (`sts:GetFederationToken`).
    FederatedUser,
    /// The root user of an account. Only SCPs and RCPs restrict it.
    Root,
}

/// The sessions of a role that a question is about.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum SessionScope {
    /// Any session: the role can do what one of its sessions can do. Also used for principals without sessions.
    Any,
    /// The session with this ARN (`arn:aws:sts::…:assumed-role/role/name`).
    Single(Arn),
}

/// The principal that makes a request.
#[derive(Clone, Debug)]
pub struct PrincipalInfo {
    /// The ARN of the user or role (for a session, of its role). `None` if policies are evaluated without a principal.
    pub arn: Option<Arn>,
    /// The account of the principal. `None` if policies are evaluated without a principal.
    pub account: Option<AccountId>,
    /// The type of the principal.
    pub principal_type: PrincipalType,
    /// The unique ID (`AIDA…`, `AROA…`), if known.
    pub unique_id: Option<String>,
    /// The sessions in question.
    pub sessions: SessionScope,
    /// The identity providers that can start them.
    pub providers: SessionProviders,
}

/// A resource policy.
#[derive(Clone, Debug)]
pub struct ResourcePolicy {
    /// The resources that the policy applies to: `arn:aws:s3:::b` and `arn:aws:s3:::b/*` for a bucket.
    pub resources: GovernedResources,
    /// The account that owns the resource.
    pub owner: AccountId,
    /// The policy.
    pub policy: PolicyRef,
    /// Whether it must allow a request that needs its consent.
    pub consent: PolicyConsent,
    /// The grants of the resource that are not known. None if it can have none.
    pub unread_grants: Option<UnreadGrants>,
}

/// Whether the policy of a role or KMS key must allow a request even if identity policies do.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum PolicyConsent {
    /// It must, as AWS decides.
    Required,
    /// Consent to what identity policies allow is assumed. Only its own grants and its Deny statements count.
    Assumed,
}

impl ResourcePolicy {
    /// The trust policy of a role, which decides `sts:AssumeRole` on it. `None` if the snapshot does not have it.
    pub fn from_trust_policy(account: &Account, role: &Principal) -> Option<ResourcePolicy> {
        let trust = role.trust_policy.as_ref()?;
        let arn = role.arn.as_str();
        Some(ResourcePolicy {
            resources: GovernedResources::alone(vec![Template::from_literal(arn)]),
            owner: account.id.clone(),
            policy: PolicyRef::collected(
                "trust policy",
                PolicyOrigin::Resource { arn: arn.to_owned() },
                &trust.document,
                &trust.places,
            ),
            consent: PolicyConsent::Required,
            unread_grants: None,
        })
    }
}

/// Resource policies, shared by the layers of all principals.
#[derive(Clone, Debug)]
pub struct ResourcePolicies(Arc<[ResourcePolicy]>);

impl ResourcePolicies {
    /// No resource policies.
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

/// How to treat a resource of another account whose policy is not known.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum UnknownResourcePolicy {
    /// It has no policy, so that cross-account requests are denied (`simulate`, where the input is complete).
    IsNone,
    /// Its policy may allow the request, so that the identity policies decide (an audit, since a snapshot does not
    /// contain every account).
    MayAllow,
}

/// What a trust policy can do to the requests of a principal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum TrustPolicyEffect {
    /// It can grant `sts:AssumeRole` without an identity policy, as AWS decides a request.
    GrantAndRestrict,
    /// The same, except that a grant to everyone only restricts what identity policies allow. An audit reports such a
    /// grant once, with the role (IAM006), and not with each principal of the account.
    GrantToNamed,
}

/// All policies that decide the requests of one principal. A layer that is `None` does not exist.
#[derive(Clone, Debug)]
pub struct Layers {
    /// The principal.
    pub principal: PrincipalInfo,
    /// Inline and attached policies; for users, including the policies of groups.
    pub identity: Vec<PolicyRef>,
    /// The permissions boundary. One policy in IAM; AWS's simulator accepts a list.
    pub boundary: Option<Vec<PolicyRef>>,
    /// SCPs by level, starting at the root.
    pub scps: Option<Vec<OrganizationLevel>>,
    /// The RCPs, by the owners of the resources. They can only deny. All principals of a snapshot have the same.
    pub rcps: Option<ResourceControls>,
    /// The known resource policies.
    pub resource_policies: ResourcePolicies,
    /// What the trust policies among them can do.
    pub trust_policy_effect: TrustPolicyEffect,
    /// How to treat a resource of another account without a known policy.
    pub unknown_resource_policy: UnknownResourcePolicy,
    /// The account that owns resources whose ARN contains no account. `None` for the principal's account.
    pub resource_owner: Option<AccountId>,
    /// Session policies.
    pub session: Option<Vec<PolicyRef>>,
}

impl Layers {
    /// Identity policies without a principal.
    pub fn from_identity(identity: Vec<PolicyRef>) -> Layers {
        Layers {
            principal: PrincipalInfo {
                arn: None,
                account: None,
                principal_type: PrincipalType::Role,
                unique_id: None,
                sessions: SessionScope::Any,
                providers: SessionProviders::default(),
            },
            identity,
            boundary: None,
            scps: None,
            rcps: None,
            resource_policies: ResourcePolicies::none(),
            trust_policy_effect: TrustPolicyEffect::GrantAndRestrict,
            unknown_resource_policy: UnknownResourcePolicy::MayAllow,
            resource_owner: None,
            session: None,
        }
    }

    /// Whether the levels are SCPs, which do not restrict [`SCP_EXEMPT_SERVICE`]. The ceilings of a principal that several entries
    /// match limit each other like levels of SCPs, and belong to no account.
    pub(crate) fn has_scp_exemption(&self) -> bool {
        self.principal.account.is_some()
    }
}
