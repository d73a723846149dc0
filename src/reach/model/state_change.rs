//! The changes that were made to the permissions of a principal.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::chosen_boundary::ChosenBoundary;
use super::chosen_tags::ChosenTags;
use super::created_principal::CreatedPrincipal;
use super::holdings::Holding;
use super::lifted_controls::LiftedControl;
use super::session_start::SessionStart;

/// Changes to the policies that apply to a principal.
#[derive(Clone, Debug, Default, Eq, PartialEq, Hash)]
pub struct StateChange {
    /// Its identity policies allow everything. Boundary, SCPs, RCPs and Deny statements still apply.
    pub grants_all: bool,
    /// Its permissions boundary, if that was removed or replaced.
    pub boundary: Option<ChosenBoundary>,
    /// The groups that it joined, by their positions in its account, ascending.
    pub joined_groups: Vec<usize>,
    /// Policies with a Deny statement that were removed from it: positions among its policies, ascending.
    pub removed_policies: Vec<usize>,
    /// The ARNs of the managed policies that were attached to it, ascending.
    pub attached_policies: Vec<Arc<str>>,
    /// It represents a new principal of the account, which is allowed everything: a role of a new permission set, or the
    /// root user. Policies and boundary of the original do not apply.
    pub is_new_principal: bool,
    /// It acts for another principal, with some of its permissions only: the id of the technique, which names them.
    pub limited_by: Option<&'static str>,
    /// The managed policies of the principal whose default version was changed: one version of each, ascending.
    pub policy_versions: Vec<PolicyVersionRef>,
    /// Its trust policy was rewritten, so that it names the principal that acts as it.
    pub is_trust_rewritten: bool,
    /// Its trust policy was rewritten so that who acts as it chooses the tags of the session.
    pub has_session_tags: bool,
    /// Its tags that were chosen.
    pub tags: ChosenTags,
    /// Whether it is a federated session of a user (`sts:GetFederationToken`).
    pub is_federated: bool,
    /// Its ARN under a new name or path. None if it was not renamed.
    pub renamed: Option<Arc<str>>,
    /// Its account left the organization, so that SCPs and RCPs do not apply.
    pub has_left_organization: bool,
    /// Changes of the SCPs and RCPs that apply to it, ascending.
    pub lifted_controls: Vec<LiftedControl>,
    /// It created grants for itself for KMS keys.
    pub has_key_grants: bool,
    /// It did not exist: a state created it.
    pub was_absent: bool,
    /// How its session began. None if in any way that its trust policy admits.
    pub session: Option<SessionStart>,
    /// It is a user or role that the principal created in its account.
    pub created: Option<Arc<CreatedPrincipal>>,
}

/// One version of a managed policy.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PolicyVersionRef {
    /// The policy.
    pub policy_arn: Arc<str>,
    /// The version, such as `v2`.
    pub version_id: Arc<str>,
}

impl StateChange {
    /// Whether nothing was changed. A session that began with `sts:AssumeRole` leaves the principal as it was. Field by field: a
    /// comparison with the default value costs a call for each list.
    pub fn is_unchanged(&self) -> bool {
        let StateChange {
            grants_all,
            boundary,
            joined_groups,
            removed_policies,
            attached_policies,
            is_new_principal,
            limited_by,
            policy_versions,
            is_trust_rewritten,
            has_session_tags,
            tags,
            is_federated,
            renamed,
            has_left_organization,
            lifted_controls,
            has_key_grants,
            was_absent,
            session,
            created,
        } = self;
        let is_any_set = *grants_all
            | *is_new_principal
            | *is_trust_rewritten
            | *has_session_tags
            | *is_federated
            | *has_left_organization
            | *has_key_grants
            | *was_absent;
        !is_any_set
            && boundary.is_none()
            && limited_by.is_none()
            && renamed.is_none()
            && created.is_none()
            && session.as_ref().is_none_or(|session| *session == SessionStart::Assumed)
            && joined_groups.is_empty()
            && removed_policies.is_empty()
            && attached_policies.is_empty()
            && policy_versions.is_empty()
            && tags.is_empty()
            && lifted_controls.is_empty()
    }

    /// Whether it is something else than the principal in the snapshot, or acts for it with some of its permissions only.
    pub(crate) fn is_separate(&self) -> bool {
        self.is_new_principal || self.limited_by.is_some() || self.created.is_some()
    }

    /// Both changes together. None if that is the same as this change alone, or if the two exclude each other: then each
    /// of them is searched.
    pub(crate) fn merge(&self, other: &StateChange) -> Option<StateChange> {
        fn join_values<T: Clone + PartialEq>(first: &Option<T>, second: &Option<T>) -> Option<Option<T>> {
            match (first, second) {
                (Some(first), Some(second)) if first != second => None,
                (first, second) => Some(first.clone().or_else(|| second.clone())),
            }
        }
        if self.is_new_principal || self.created.is_some() {
            return None;
        }
        // "Allow all" needs no other permissions.
        if self.grants_all && other.adds_policies() {
            return None;
        }
        let merged = StateChange {
            is_new_principal: other.is_new_principal,
            limited_by: other.limited_by.or(self.limited_by),
            created: other.created.clone(),
            is_federated: self.is_federated || other.is_federated,
            is_trust_rewritten: self.is_trust_rewritten || other.is_trust_rewritten,
            has_session_tags: self.has_session_tags || other.has_session_tags,
            grants_all: self.grants_all || other.grants_all,
            // The later one replaces the earlier one.
            boundary: other.boundary.clone().or_else(|| self.boundary.clone()),
            joined_groups: join_lists(&self.joined_groups, &other.joined_groups),
            removed_policies: join_lists(&self.removed_policies, &other.removed_policies),
            attached_policies: join_lists(&self.attached_policies, &other.attached_policies),
            policy_versions: join_versions(&self.policy_versions, &other.policy_versions)?,
            has_left_organization: self.has_left_organization || other.has_left_organization,
            lifted_controls: join_lists(&self.lifted_controls, &other.lifted_controls),
            has_key_grants: self.has_key_grants || other.has_key_grants,
            was_absent: self.was_absent || other.was_absent,
            session: join_values(&self.session, &other.session)?,
            renamed: join_values(&self.renamed, &other.renamed)?,
            tags: match (self.tags.is_empty(), other.tags.is_empty()) {
                (false, false) => return None,
                (true, _) => other.tags.clone(),
                (false, true) => self.tags.clone(),
            },
        };
        (merged != *self).then_some(merged)
    }

    /// What this change adds to an earlier one and what stays when the tags, the name or the boundary change again. None if that is
    /// nothing.
    pub(crate) fn lasting_since(&self, earlier: &StateChange) -> Option<StateChange> {
        let lasting = StateChange {
            grants_all: self.grants_all && !earlier.grants_all,
            joined_groups: minus(&self.joined_groups, &earlier.joined_groups),
            removed_policies: minus(&self.removed_policies, &earlier.removed_policies),
            attached_policies: minus(&self.attached_policies, &earlier.attached_policies),
            policy_versions: minus(&self.policy_versions, &earlier.policy_versions),
            boundary: self.boundary.clone().filter(|_| self.boundary != earlier.boundary),
            ..StateChange::default()
        };
        (!lasting.is_unchanged() && !self.is_separate()).then_some(lasting)
    }

    /// Whether SCPs or RCPs no longer apply to it as they did.
    pub(crate) fn lifts_controls(&self) -> bool {
        self.has_left_organization || !self.lifted_controls.is_empty()
    }

    /// Adds what another change of the same principal adds and what stays when the tags, the name or the boundary change again.
    pub(crate) fn add_lasting(&mut self, other: &StateChange) {
        self.grants_all |= other.grants_all;
        self.joined_groups = join_lists(&self.joined_groups, &other.joined_groups);
        self.removed_policies = join_lists(&self.removed_policies, &other.removed_policies);
        self.attached_policies = join_lists(&self.attached_policies, &other.attached_policies);
        self.lifted_controls = join_lists(&self.lifted_controls, &other.lifted_controls);
        self.is_trust_rewritten |= other.is_trust_rewritten;
        self.has_session_tags |= other.has_session_tags;
        self.has_left_organization |= other.has_left_organization;
        self.has_key_grants |= other.has_key_grants;
        self.was_absent |= other.was_absent;
        if self.grants_all {
            // "Allow all" needs no other permissions.
            self.joined_groups.clear();
            self.attached_policies.clear();
        }
    }

    /// Whether principals with the same statements have the same successors after this change. Not if it adds a group
    /// or a managed policy: the successors depend on the groups and managed policies of the principal.
    pub(crate) fn can_share_successors(&self) -> bool {
        !self.adds_policies()
    }

    /// The policies and groups that the principal got.
    pub(crate) fn holdings(&self) -> impl Iterator<Item = Holding> + '_ {
        let policies = self.attached_policies.iter().map(|policy| Holding::Policy(Arc::clone(policy)));
        policies.chain(self.joined_groups.iter().map(|group| Holding::Group(*group)))
    }

    /// The change that gives a principal a policy or a group.
    pub(crate) fn of_holding(holding: &Holding) -> StateChange {
        match holding {
            Holding::Policy(policy) => {
                StateChange { attached_policies: vec![Arc::clone(policy)], ..StateChange::default() }
            }
            Holding::Group(group) => StateChange { joined_groups: vec![*group], ..StateChange::default() },
        }
    }

    /// Whether the principal got a policy or a group.
    pub(crate) fn has_holding(&self, holding: &Holding) -> bool {
        self.holdings().any(|other| other == *holding)
    }

    /// The number of policies, groups and versions that the principal got.
    pub(crate) fn count_additions(&self) -> usize {
        self.joined_groups.len() + self.attached_policies.len() + self.policy_versions.len()
    }

    /// Whether it adds groups or managed policies.
    pub(crate) fn adds_policies(&self) -> bool {
        !self.joined_groups.is_empty() || !self.attached_policies.is_empty()
    }
}

/// The values of the first list that the second one lacks.
fn minus<T: Clone + PartialEq>(first: &[T], second: &[T]) -> Vec<T> {
    first.iter().filter(|value| !second.contains(value)).cloned().collect()
}

/// The values of both lists, ascending.
fn join_lists<T: Clone + Ord>(first: &[T], second: &[T]) -> Vec<T> {
    first.iter().chain(second).cloned().collect::<BTreeSet<T>>().into_iter().collect()
}

/// The versions of both lists. None if one policy has two.
fn join_versions(first: &[PolicyVersionRef], second: &[PolicyVersionRef]) -> Option<Vec<PolicyVersionRef>> {
    let joined = join_lists(first, second);
    let policies: BTreeSet<&Arc<str>> = joined.iter().map(|version| &version.policy_arn).collect();
    (policies.len() == joined.len()).then_some(joined)
}
