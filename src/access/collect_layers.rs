//! Collects the layers of a principal from a snapshot (`docs/semantics.md` §4).
//!
//! INVARIANT: a document that these layers leave out is one of [`find_missing_documents`], so that a caller that asks
//! for both never treats a partial layer as complete. A boundary or SCP that is left out does not restrict: the layers
//! are an upper bound of the access that those policies allow.
//!
//! [`find_missing_documents`]: super::find_missing_documents

use std::sync::OnceLock;

use jiff::civil::Date;
use rustc_hash::FxHashSet;

use super::api_policies::{expand_short_names, find_api};
use super::governed_resources::GovernedResources;
use super::known_context::KnownContext;
use super::layers::{
    Layers, PolicyConsent, PrincipalInfo, PrincipalType, ResourcePolicies, ResourcePolicy, SessionScope,
    TrustPolicyEffect, UnknownResourcePolicy,
};
use super::missing_documents::{find_binding_path, is_layer_missing};
use super::policy_ref::{OrganizationLevel, PolicyOrigin, PolicyRef};
use super::principal_context::ContextBuilder;
use super::resource_controls::ResourceControls;
use super::role_trust::{LocatedRole, RoleTrustIndex};
use super::session_providers::SessionProviders;
use super::unread_grants::UnreadGrants;
use crate::iam::PolicyDocument;
use crate::snapshot::{Account, IamEntityKind, OrganizationPolicyType, Principal, ResourceWithPolicy, Snapshot};

/// The layers of one principal, without the documents that the snapshot lacks. See
/// [`find_missing_documents`](super::find_missing_documents).
pub fn collect_layers(snapshot: &Snapshot, account: &Account, principal: &Principal) -> Layers {
    LayerCollector::new(snapshot).collect(account, principal)
}

/// Collects the layers and the known contexts of many principals of one snapshot. They share the resource policies and
/// what is known about resources.
pub struct LayerCollector<'s> {
    snapshot: &'s Snapshot,
    resource_policies: ResourcePolicies,
    role_trust: OnceLock<RoleTrustIndex<'s>>,
    context_builder: ContextBuilder,
    rcps: Option<ResourceControls>,
}

impl<'s> LayerCollector<'s> {
    /// A collector for a snapshot.
    pub fn new(snapshot: &'s Snapshot) -> LayerCollector<'s> {
        let known: FxHashSet<&str> = snapshot.resource_policies.iter().map(|resource| resource.arn.as_str()).collect();
        let to_policy = |resource| to_resource_policy(resource, &known);
        let resource_policies = snapshot.resource_policies.iter().filter_map(to_policy).collect();
        let context_builder = ContextBuilder::new(snapshot);
        LayerCollector {
            rcps: ResourceControls::from_snapshot(snapshot, context_builder.directory()),
            snapshot,
            resource_policies,
            role_trust: OnceLock::new(),
            context_builder,
        }
    }

    /// The same collector, for requests on a day. Without it, they are made at any time.
    pub fn on_day(self, day: Date) -> LayerCollector<'s> {
        LayerCollector { context_builder: self.context_builder.on_day(day), ..self }
    }

    /// The known context of every direct request of a principal.
    pub fn build_known_context(&self, principal: &Principal) -> KnownContext {
        self.context_builder.build(principal)
    }

    /// The layers of one principal; see [`collect_layers`].
    pub fn collect(&self, account: &Account, principal: &Principal) -> Layers {
        let boundary = principal.boundary.as_ref().and_then(|boundary| boundary.policy.as_ref());
        Layers {
            principal: build_principal_info(account, principal),
            identity: principal.identity_policies.iter().map(PolicyRef::held).collect(),
            boundary: boundary.map(|boundary| vec![PolicyRef::held(boundary)]),
            scps: collect_scp_levels(self.snapshot, account, principal),
            rcps: self.rcps.clone(),
            resource_policies: self.resource_policies.clone(),
            trust_policy_effect: TrustPolicyEffect::GrantAndRestrict,
            unknown_resource_policy: UnknownResourcePolicy::MayAllow,
            resource_owner: None,
            session: None,
        }
    }
}

impl<'s> LayerCollector<'s> {
    /// The layers of one principal for an audit: with the trust policies of the roles that name it, and of those that its
    /// policies or the `compared` documents name in full.
    pub fn collect_with_role_trust<'d>(
        &self,
        account: &Account,
        principal: &'s Principal,
        compared: impl Iterator<Item = &'d PolicyDocument>,
    ) -> Layers {
        let layers = self.collect(account, principal);
        let trust_policies = self.role_trust().find_trust_policies(principal, compared);
        if trust_policies.is_empty() {
            return layers;
        }
        let resource_policies = layers.resource_policies.iter().cloned().chain(trust_policies).collect();
        Layers { resource_policies, trust_policy_effect: TrustPolicyEffect::GrantToNamed, ..layers }
    }

    /// The roles of a principal's own account whose trust policy names the principal or one of its sessions.
    pub(crate) fn find_roles_naming(&self, principal: &'s Principal) -> Vec<LocatedRole<'s>> {
        self.role_trust().find_roles_naming(principal)
    }

    fn role_trust(&self) -> &RoleTrustIndex<'s> {
        self.role_trust.get_or_init(|| RoleTrustIndex::new(self.snapshot))
    }
}

fn build_principal_info(account: &Account, principal: &Principal) -> PrincipalInfo {
    PrincipalInfo {
        arn: Some(principal.arn.clone()),
        account: Some(account.id.clone()),
        principal_type: match principal.entity_kind {
            IamEntityKind::User => PrincipalType::User,
            IamEntityKind::Role | IamEntityKind::SsoRole => PrincipalType::Role,
            IamEntityKind::ServiceLinkedRole => PrincipalType::ServiceLinkedRole,
        },
        unique_id: principal.unique_id.clone(),
        sessions: SessionScope::Any,
        providers: principal
            .trust_policy
            .as_ref()
            .map_or_else(SessionProviders::default, |trust| SessionProviders::from_trust_policy(&trust.document)),
    }
}

fn collect_scp_levels(snapshot: &Snapshot, account: &Account, principal: &Principal) -> Option<Vec<OrganizationLevel>> {
    let policy_type = OrganizationPolicyType::ServiceControl;
    let path = find_binding_path(snapshot, account, principal)?;
    if is_layer_missing(snapshot, policy_type) {
        // A level without policies would deny every request.
        return None;
    }
    Some(path.into_iter().map(|unit| OrganizationLevel::from_node(unit, policy_type)).collect())
}

/// `known`: the resources whose policies the snapshot has.
fn to_resource_policy(resource: &ResourceWithPolicy, known: &FxHashSet<&str>) -> Option<ResourcePolicy> {
    let arn = resource.arn.as_str().to_owned();
    // The statements that can be read count. The others are among the missing documents.
    let document = resource.policy.readable()?;
    let api = find_api(&resource.arn, &resource.owner);
    let expanded = api.as_ref().map(|api| expand_short_names(document, api));
    Some(ResourcePolicy {
        resources: GovernedResources::of_policy(api.as_ref().unwrap_or(&resource.arn), document, |arn| {
            known.contains(arn)
        }),
        owner: resource.owner.clone(),
        policy: PolicyRef::collected(
            "resource policy",
            PolicyOrigin::Resource { arn },
            expanded.as_ref().unwrap_or(document),
            &resource.policy.places,
        ),
        consent: PolicyConsent::Required,
        unread_grants: UnreadGrants::of_resource(resource),
    })
}
