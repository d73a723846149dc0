//! Users and roles that do not exist and that a state can create, for other states to change and to act as.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::creation::Creation;
use super::new_resource_kind::NewResource;
use super::new_resources::TAG_KEYS;
use super::request_proof::StepRequest;
use super::step_finder::{StepFinder, TargetQuery};
use super::step_prover::{StepProver, TechniqueProof};
use crate::iam::{ContextKey, Statement};
use crate::reach::decide::context_facts::ContextFacts;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::arn_classes::MAX_CLASSES;
use crate::reach::model::chosen_boundary::{BOUNDARY_KEY, ChosenBoundary};
use crate::reach::model::search_techniques::{find_search_technique, find_technique_from_outside};
use crate::reach::model::state::NodeState;
use crate::reach::model::tag_condition_keys::find_resource_tag;
use crate::reach::model::technique::TechniqueKind;
use crate::solve::UndecidedReason;

/// Users and roles that a state can create with the same permissions boundary.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CreationGrant {
    pub(crate) targets: FixedBitSet,
    /// None if they have none.
    pub(crate) boundary: Option<ChosenBoundary>,
}

impl StepFinder<'_> {
    /// The users and roles that the state can create, by their boundaries.
    pub(super) fn find_creations(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<CreationGrant> {
        let mut grants = Vec::new();
        for (kind, mut candidates) in
            [(NewResource::Role, self.account_roles()), (NewResource::User, self.account_users())]
        {
            candidates.intersect_with(&self.world.creatable);
            if candidates.is_clear() || !self.may_allow(kind.create_action()) {
                continue;
            }
            let mut boundaries = vec![(None, true)];
            if self.has_condition_on(BOUNDARY_KEY) {
                let written = self.list_written_boundaries(undecided).into_iter();
                boundaries.extend(written.map(|written| (Some(written), true)));
                let existing = self.list_boundaries(undecided).into_iter();
                boundaries.extend(existing.map(|(arn, is_readable)| (Some(ChosenBoundary::Policy(arn)), is_readable)));
            }
            for (boundary, is_readable) in boundaries {
                let targets = self.filter_creatable((kind, boundary.as_ref()), &candidates, undecided);
                match (targets.is_clear(), is_readable) {
                    (true, _) => {}
                    (false, true) => grants.push(CreationGrant { targets, boundary }),
                    // The boundary could allow anything.
                    (false, false) => undecided.extend(
                        boundary
                            .as_ref()
                            .and_then(ChosenBoundary::policy_arn)
                            .map(|arn| UndecidedReason::UnreadablePolicy { arn: arn.to_string() }),
                    ),
                }
            }
        }
        if !grants.is_empty() && self.world.incomplete_accounts.contains(self.effective.account) {
            undecided.insert(UndecidedReason::TooMany {
                most: MAX_CLASSES,
                items: "classes of names that policies distinguish for new users and roles",
            });
        }
        grants
    }

    /// Whether the state can create users or roles with tags, and none without tags: those without a boundary, or any.
    pub(crate) fn creates_only_with_tags(
        &self,
        with_boundary: bool,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        if !self.has_condition_on_tags() {
            return false;
        }
        let mut boundaries = vec![None];
        if with_boundary && self.has_condition_on(BOUNDARY_KEY) {
            let existing = self.list_boundaries(undecided).into_iter();
            boundaries.extend(existing.map(|(arn, _)| Some(ChosenBoundary::Policy(arn))));
        }
        let kinds = [NewResource::Role, NewResource::User].into_iter();
        let mut creations =
            kinds.flat_map(|kind| boundaries.iter().map(move |b| build_plain_creation(kind, b.as_ref())));
        creations.any(|creation| {
            self.can_create(&creation.clone().with_tags(), undecided) && !self.can_create(&creation, undecided)
        })
    }

    /// The tags of the requested resource that the statements about some actions name, in lower case.
    pub(crate) fn list_resource_tags(&self, actions: &[&str]) -> BTreeSet<String> {
        let lists = |statement: &&Statement| actions.iter().any(|action| statement.action.lists_action(action));
        let keys = self.statements().filter(lists).flat_map(Statement::keys);
        keys.filter_map(|key| find_resource_tag(key.lower())).map(str::to_owned).collect()
    }

    /// Whether a statement names a tag of a request or a resource, so that requests with tags and without them can differ.
    pub(super) fn has_condition_on_tags(&self) -> bool {
        let is_tag = |key: &ContextKey| {
            key.lower() == "aws:tagkeys" || TAG_KEYS.iter().any(|prefix| key.lower().starts_with(prefix))
        };
        let statements = self.statements();
        statements.flat_map(Statement::keys).any(is_tag)
    }

    /// Whether the state can create users or roles with one of these boundaries, and none without a boundary.
    pub(crate) fn creates_only_with_boundary(
        &self,
        boundaries: &[ChosenBoundary],
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        !boundaries.is_empty()
            && self.has_condition_on(BOUNDARY_KEY)
            && [NewResource::Role, NewResource::User].into_iter().any(|kind| {
                let mut can_create = |boundary: Option<&ChosenBoundary>| {
                    self.can_create(&build_plain_creation(kind, boundary), undecided)
                };
                boundaries.iter().any(|boundary| can_create(Some(boundary))) && !can_create(None)
            })
    }

    /// Whether the state can create a user or role that does not exist.
    fn can_create(&self, creation: &Creation<'_>, undecided: &mut BTreeSet<UndecidedReason>) -> bool {
        let mut candidates =
            if creation.kind == NewResource::Role { self.account_roles() } else { self.account_users() };
        candidates.intersect_with(&self.world.creatable);
        let allows = |action: &&str| self.may_allow(action);
        if candidates.is_clear() || !creation.actions.iter().all(allows) {
            return false;
        }
        for action in &creation.actions {
            let facts = |_: usize, key: &ContextKey| creation.fact(self.effective.partition, action, key);
            candidates = self.filter_creations(action, &candidates, &facts, undecided);
        }
        !candidates.is_clear()
    }

    /// The candidates that can be created with a boundary.
    fn filter_creatable(
        &self,
        (kind, boundary): (NewResource, Option<&ChosenBoundary>),
        candidates: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let creation = build_plain_creation(kind, boundary);
        let action = kind.create_action();
        let facts = |_: usize, key: &ContextKey| creation.fact(self.effective.partition, action, key);
        self.filter_creations(action, candidates, &facts, undecided)
    }

    fn filter_creations(
        &self,
        action: &str,
        candidates: &FixedBitSet,
        facts: &ContextFacts<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let query = TargetQuery { action, required_layers, arn_index: &self.world.principals, candidates, facts };
        self.filter_allowed(&query, undecided)
    }
}

impl StepProver<'_> {
    /// The creation of a user or role with the boundary of a state. None if it is not proven.
    pub(crate) fn prove_absent(
        &self,
        created: &NodeState,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let world = self.step_finder.world;
        let arn = world.arn(created.principal);
        let kind = NewResource::of_arn(arn)?;
        let action = kind.create_action();
        let creation = build_plain_creation(kind, created.change.boundary.as_ref());
        let mut requests = Vec::new();
        if let Some(ChosenBoundary::Rewritten(policy)) = &creation.boundary {
            requests.extend(self.prove_written_policy(policy, undecided)?);
        }
        let partition = self.step_finder.effective.partition;
        let facts = |_: usize, key: &ContextKey| creation.fact(partition, action, key);
        requests.push(self.request_prover.prove_on_resource(action, arn, &facts, undecided)?);
        Some(TechniqueProof::new(find_search_technique(action), requests))
    }

    /// How the state uses a role whose trust policy was written for it. None if it is not proven.
    pub(crate) fn prove_use_of_new_role(
        &self,
        created: &NodeState,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let technique = |action: &str| find_search_technique(action);
        let role = created.principal;
        let arn = self.step_finder.world.arn(role);
        if let Some(session) = &created.change.session {
            return self.prove_session_start(role, session, undecided);
        }
        if let Some(technique) = created.change.limited_by {
            return self.prove_limited_use(role, technique, undecided);
        }
        Some(match self.step_finder.find_trust_use(role, created.change.has_session_tags, undecided) {
            TechniqueKind::UpdateTrustPolicy => TechniqueProof::new(technique("sts:AssumeRole"), Vec::new()),
            TechniqueKind::UpdateTrustForTags => TechniqueProof::new(technique("sts:TagSession"), Vec::new()),
            TechniqueKind::UpdateTrustThenPass => {
                let (running, requests): (_, Vec<StepRequest>) = self.prove_passing(arn, None, undecided)?;
                TechniqueProof::new(running, requests)
            }
            _ => TechniqueProof::new(find_technique_from_outside(), Vec::new()),
        })
    }
}

/// Something without tags that is not created for a service.
fn build_plain_creation(kind: NewResource, boundary: Option<&ChosenBoundary>) -> Creation<'static> {
    Creation {
        kind,
        actions: vec![kind.create_action()],
        boundary: boundary.cloned(),
        policy_arn: None,
        is_tagged: false,
        service: None,
        is_passed_with_tags: false,
    }
}
