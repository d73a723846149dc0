//! A principal of the snapshot with its policy layers, and its layers after a change.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;

use super::arn_index::name_in_arn;
use super::attachable_policies::find_attachable_policy;
use super::chosen_boundary::ChosenBoundary;
use super::chosen_tags::ChosenTag;
use super::created_principal::{CreatedAccess, CreatedPrincipal};
use super::federated_session::{set_session_facts, to_session_layers};
use super::holdings::Holding;
use super::key_grants::add_key_grants;
use super::lifted_controls::lift_controls;
use super::managed_policies::managed_policy_arn;
use super::state_change::{PolicyVersionRef, StateChange};
use super::technique::find_technique;
use crate::access::{KeyFact, KnownContext, LayerCollector, Layers, PolicyOrigin, PolicyRef};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Effect, PolicyDocument, Statement};
use crate::snapshot::{Account, AttachmentKind, IamGroup, PolicyVersionDocument, Principal, Snapshot};

const SELF_GRANTED_POLICY: &str = "self-attached policy";

static ALLOW_ALL_POLICY: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| {
    let statement = Statement::allow(ActionElement::any(), ResourceElement::any());
    Arc::new(PolicyDocument::from_statements(SELF_GRANTED_POLICY, vec![statement]))
});

/// A principal of the snapshot.
pub(crate) struct PrincipalNode<'a> {
    pub(crate) account: &'a Account,
    pub(crate) principal: Cow<'a, Principal>,
    /// All policies that apply to it.
    pub(crate) layers: Layers,
    /// What is fixed about the condition keys of its requests.
    pub(crate) known: KnownContext,
}

impl<'a> PrincipalNode<'a> {
    /// All principals, in the order of the snapshot. Their requests are made `today`.
    pub(crate) fn collect_from(snapshot: &'a Snapshot, today: Date) -> Vec<PrincipalNode<'a>> {
        let principals = snapshot.principals().map(|(account, principal)| (account, Cow::Borrowed(principal)));
        PrincipalNode::collect(snapshot, today, principals)
    }

    /// Principals of accounts of a snapshot. Their requests are made `today`.
    pub(crate) fn collect(
        snapshot: &'a Snapshot,
        today: Date,
        principals: impl Iterator<Item = (&'a Account, Cow<'a, Principal>)>,
    ) -> Vec<PrincipalNode<'a>> {
        let collector = LayerCollector::new(snapshot).on_day(today);
        let node = |(account, principal): (&'a Account, Cow<'a, Principal>)| PrincipalNode {
            account,
            layers: collector.collect(account, &principal),
            known: collector.build_known_context(&principal),
            principal,
        };
        principals.map(node).collect()
    }

    /// The identity policies, the permissions boundary and the SCPs.
    pub(super) fn own_policies(&self) -> impl Iterator<Item = &PolicyRef> {
        let levels = self.layers.scps.iter().flatten().flat_map(|level| &level.policies);
        self.layers.identity.iter().chain(self.layers.boundary.iter().flatten()).chain(levels)
    }

    /// The layers after a change.
    pub(crate) fn build_layers_after(&self, change: &StateChange) -> Layers {
        let mut layers = self.layers.clone();
        if !change.removed_policies.is_empty() {
            let mut positions = 0..;
            layers.identity.retain(|_| positions.next().is_none_or(|at| !change.removed_policies.contains(&at)));
        }
        for arn in &change.attached_policies {
            // A policy that is created before it is attached has no document.
            let Some(policy) = find_attachable_policy(self.account, arn) else { continue };
            let Some(default) = policy.document else { continue };
            let document = match change.policy_versions.iter().find(|version| version.policy_arn == *arn) {
                Some(version) => Arc::clone(&self.find_version(version).document),
                None => default,
            };
            layers.identity.push(PolicyRef::new(policy.name, PolicyOrigin::Given, document));
        }
        for position in &change.joined_groups {
            // INVARIANT: the position is that of a group of this account.
            layers.identity.extend(group_policies(self.account.groups.get(*position).expect("a group of the account")));
        }
        if let Some(boundary) = &change.boundary {
            layers.boundary = boundary.limiting_policy().map(|arn| vec![self.find_boundary(arn)]);
        }
        for version in &change.policy_versions {
            self.set_version(&mut layers, version);
        }
        if change.grants_all {
            // Other Allow statements add nothing to "allow all". Without them, more states share cached answers.
            layers.identity.retain(|policy| has_deny(&policy.document));
            layers.identity.push(allow_all());
        }
        if change.is_new_principal {
            layers.boundary = None;
            layers.identity = vec![allow_all()];
        }
        if let Some(technique) = change.limited_by.and_then(find_technique) {
            let document = technique.deny_other_actions();
            layers.identity.push(PolicyRef::new(technique.id.as_str(), PolicyOrigin::Given, document));
        }
        if change.has_left_organization {
            (layers.scps, layers.rcps) = (None, None);
        }
        if !change.lifted_controls.is_empty() {
            lift_controls(&mut layers, &change.lifted_controls);
        }
        if change.has_key_grants {
            add_key_grants(&mut layers);
        }
        if change.is_federated {
            to_session_layers(&mut layers);
        }
        if let Some(created) = &change.created {
            self.set_created(&mut layers, created);
        }
        if let Some(session) = &change.session {
            layers.principal.providers = session.to_providers();
        }
        layers
    }

    /// Replaces a managed policy by another version.
    fn set_version(&self, layers: &mut Layers, version: &PolicyVersionRef) {
        let policy_arn = &version.policy_arn;
        let version = self.find_version(version);
        let policies = layers.identity.iter_mut().chain(layers.boundary.iter_mut().flatten());
        for policy in policies.filter(|policy| is_managed_policy(policy, policy_arn)) {
            policy.document = Arc::clone(&version.document);
            policy.places = Some(version.places.clone());
        }
    }

    /// A managed policy as a permissions boundary.
    fn find_boundary(&self, arn: &Arc<str>) -> PolicyRef {
        // INVARIANT: the boundary is one of `list_attachable_policies`, with a readable document.
        let policy = find_attachable_policy(self.account, arn).expect("the policy is attachable");
        let origin = PolicyOrigin::Identity(AttachmentKind::Boundary { arn: arn.to_string() });
        PolicyRef::new(policy.name, origin, policy.document.expect("the document is readable"))
    }

    /// Replaces what is the principal's own in its layers by that of a user or role that it creates.
    fn set_created(&self, layers: &mut Layers, created: &CreatedPrincipal) {
        // INVARIANT: the policies are of `list_attachable_policies`, with a readable document.
        let find_policy = |arn: &str| {
            let policy = find_attachable_policy(self.account, arn).expect("the policy is attachable");
            PolicyRef::new(policy.name, PolicyOrigin::Given, policy.document.expect("the document is readable"))
        };
        // They are ordered by ARN.
        let existing = self.account.principals.binary_search_by(|other| other.arn.as_str().cmp(&created.arn));
        layers.principal = created.to_info(&layers.principal, existing.is_ok());
        layers.session = None;
        let limiting = created.boundary.as_ref().and_then(ChosenBoundary::limiting_policy);
        layers.boundary = limiting.map(|arn| vec![self.find_boundary(arn)]);
        layers.identity = match &created.access {
            CreatedAccess::Nothing => Vec::new(),
            CreatedAccess::Everything => vec![allow_all()],
            CreatedAccess::Policy(arn) => vec![find_policy(arn)],
            // INVARIANT: the position is that of a group of this account.
            CreatedAccess::Group(at) => {
                group_policies(self.account.groups.get(*at).expect("a group of the account")).collect()
            }
        };
    }

    /// What is fixed about the condition keys of its requests after a change.
    pub(crate) fn known_after(&self, change: &StateChange) -> Cow<'_, KnownContext> {
        let is_own = change.tags.is_empty() && change.renamed.is_none() && change.created.is_none();
        let is_same_session = !change.is_federated && !change.has_session_tags && change.session.is_none();
        if is_own && is_same_session && !change.has_left_organization {
            return Cow::Borrowed(&self.known);
        }
        let mut known = self.known.clone();
        if let Some(session) = &change.session {
            // Tags of the role that were changed come after those that it has.
            session.set_facts(&mut known, &self.principal);
        }
        if change.has_left_organization {
            known.set("aws:PrincipalOrgID", KeyFact::Missing);
            known.set("aws:PrincipalOrgPaths", KeyFact::Missing);
        }
        if let Some(arn) = &change.renamed {
            // AWS: Rename an IAM user: resource policies and trust policies that name the user follow the new name, so that
            // the principal of the layers stays the same.
            known.set("aws:PrincipalArn", KeyFact::Value(arn.to_string()));
            known.set("aws:username", KeyFact::Value(name_in_arn(arn).to_owned()));
        }
        for (key, chosen) in change.tags.iter().filter(|_| !change.has_session_tags) {
            known.set(&format!("aws:PrincipalTag/{key}"), chosen.to_fact());
        }
        if change.has_session_tags {
            known.set_all_principal_tags(KeyFact::Free);
            // A session tag replaces a tag of the role, and does not remove it.
            let is_removed = |name: &str| {
                let chosen = change.tags.iter().find(|(key, _)| name.eq_ignore_ascii_case(key));
                chosen.is_some_and(|(_, tag)| matches!(tag, ChosenTag::Any | ChosenTag::Removed))
            };
            let kept = self.principal.tags.iter().filter(|(name, _)| !is_removed(name));
            kept.for_each(|(name, _)| known.set(&format!("aws:PrincipalTag/{name}"), KeyFact::Present));
        }
        if change.is_federated {
            set_session_facts(&mut known, &self.principal);
        }
        if let Some(created) = &change.created {
            created.set_facts(&mut known);
        }
        Cow::Owned(known)
    }

    /// Whether a managed policy is its permissions boundary in the snapshot.
    pub(crate) fn has_boundary(&self, arn: &str) -> bool {
        self.principal.boundary.as_ref().is_some_and(|own| own.arn.as_str() == arn)
    }

    /// Whether it has a tag in the snapshot, by the key in lower case.
    pub(crate) fn has_tag(&self, key: &str) -> bool {
        self.principal.tags.iter().any(|(name, _)| name.eq_ignore_ascii_case(key))
    }

    /// Whether a managed policy comes with a policy or a group that the principal gets.
    pub(crate) fn includes_policy(&self, holding: &Holding, policy_arn: &str) -> bool {
        match holding {
            Holding::Policy(policy) => **policy == *policy_arn,
            Holding::Group(group) => {
                let group = self.account.groups.get(*group);
                let mut policies = group.into_iter().flat_map(|group| &group.identity_policies);
                policies.any(|policy| managed_policy_arn(policy) == Some(policy_arn))
            }
        }
    }

    /// Whether a policy or a group that the principal gets has a Deny statement.
    pub(crate) fn has_deny_in(&self, holding: &Holding) -> bool {
        self.has_effect_in(holding, Effect::Deny)
    }

    /// Whether a policy or group has an Allow statement.
    pub(crate) fn has_allow_in(&self, holding: &Holding) -> bool {
        self.has_effect_in(holding, Effect::Allow)
    }

    fn has_effect_in(&self, holding: &Holding, effect: Effect) -> bool {
        match holding {
            Holding::Policy(policy) => {
                let document = find_attachable_policy(self.account, policy).and_then(|policy| policy.document);
                document.is_some_and(|document| has_effect(&document, effect))
            }
            Holding::Group(group) => {
                let group = self.account.groups.get(*group);
                let mut policies = group.into_iter().flat_map(|group| &group.identity_policies);
                policies.any(|policy| has_effect(&policy.document, effect))
            }
        }
    }

    fn find_version(&self, version: &PolicyVersionRef) -> &PolicyVersionDocument {
        // INVARIANT: the change was made from `other_versions` of a policy of this account.
        let policy = self.account.policies.get(version.policy_arn.as_ref()).expect("a policy of the account");
        let found = policy.other_versions.iter().find(|other| other.id == version.version_id.as_ref());
        found.expect("a version of the policy")
    }
}

fn allow_all() -> PolicyRef {
    PolicyRef::new(SELF_GRANTED_POLICY, PolicyOrigin::Given, Arc::clone(&ALLOW_ALL_POLICY))
}

/// Whether a document has a Deny statement.
pub(crate) fn has_deny(document: &PolicyDocument) -> bool {
    has_effect(document, Effect::Deny)
}

fn has_effect(document: &PolicyDocument, effect: Effect) -> bool {
    document.statements.iter().any(|statement| statement.effect == effect)
}

/// Whether a policy is the managed policy with this ARN, attached or as the boundary.
fn is_managed_policy(policy: &PolicyRef, managed: &str) -> bool {
    let arn = match &policy.origin {
        PolicyOrigin::Identity(AttachmentKind::Attached { arn, .. } | AttachmentKind::Boundary { arn }) => arn,
        _ => return false,
    };
    arn == managed
}

fn group_policies(group: &IamGroup) -> impl Iterator<Item = PolicyRef> {
    group.identity_policies.iter().map(PolicyRef::held)
}
