//! Users and roles that a state can create: their ARNs, and what it can make them allow.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::creation::{Creation, build_creation};
use super::new_resource_kind::NewResource;
use super::new_resources::{NameLimits, NewRequest};
use super::reachable::PASS_ROLE_TAGS;
use super::step_finder::StepFinder;
use crate::iam::{Condition, ContextKey, Statement};
use crate::reach::decide::context_facts::ContextFacts;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::attachable_policies::{has_broad_policy, list_attachable_policies};
use crate::reach::model::chosen_boundary::{BOUNDARY_KEY, ChosenBoundary};
use crate::reach::model::created_principal::{CreatedAccess, CreatedPrincipal};
use crate::reach::model::state::NodeState;
use crate::reach::model::state_change::StateChange;
use crate::reach::model::tag_condition_keys::PRINCIPAL_TAG;
use crate::reach::model::technique::{Technique, TechniqueKind, techniques};
use crate::solve::UndecidedReason;

/// The condition key of the managed policy to attach, in lower case.
pub(super) const POLICY_ARN_KEY: &str = "iam:policyarn";

const OUTSIDE_TAGS: &str = "the creation of a role with session tags that a principal of an account outside sets";

/// The largest number of patterns over names that are tried.
const MAX_PATTERNS: usize = 64;

impl StepFinder<'_> {
    /// The users and roles that the state can create. One that is allowed everything makes others unnecessary.
    pub(super) fn find_all_created(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<CreatedPrincipal> {
        let mut found: Vec<CreatedPrincipal> = Vec::new();
        let names_users = self.world.name_patterns.has_users();
        for technique in techniques().iter().filter(|technique| technique.kind == TechniqueKind::CreatePrincipal) {
            let is_user = build_creation(technique).kind == NewResource::User;
            let is_enough = |created: &CreatedPrincipal| {
                created.access == CreatedAccess::Everything
                    && !matches!(created.boundary, Some(ChosenBoundary::Policy(_)))
                    && !created.is_passed
                    && (created.is_user == is_user || !names_users)
            };
            if !found.iter().any(is_enough) {
                found.extend(self.find_created(technique, undecided));
            }
        }
        found
    }

    /// The states of the users or roles that the state can create by a technique.
    pub(super) fn find_created_states(
        &self,
        technique: &'static Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        self.find_created(technique, undecided).into_iter().map(|created| self.to_created_state(created)).collect()
    }

    /// The state of a user or role that the state created.
    pub(super) fn to_created_state(&self, created: CreatedPrincipal) -> NodeState {
        let change = StateChange { created: Some(Arc::new(created)), ..StateChange::default() };
        NodeState::new(self.state.principal, change)
    }

    fn find_created(
        &self,
        technique: &'static Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<CreatedPrincipal> {
        if technique.kind != TechniqueKind::CreatePrincipal || !self.may_perform(technique) {
            return Vec::new();
        }
        let mut found: Vec<CreatedPrincipal> = Vec::new();
        for service in self.list_passing_services(technique, undecided) {
            for (access, policy_arn) in self.list_created_access(technique, undecided) {
                let is_all = found.iter().any(|created| created.access == CreatedAccess::Everything);
                if is_all && matches!(access, CreatedAccess::Policy(_)) {
                    // A principal that can be given everything needs no other policy.
                    continue;
                }
                let creation = Creation { policy_arn, service, ..build_creation(technique) };
                let created = self.create(&creation, &access, undecided);
                if created.is_empty() && service.is_some() && self.has_condition_on_tags() {
                    let with_tags = Creation { is_passed_with_tags: true, ..creation.with_tags() };
                    if !self.create(&with_tags, &access, undecided).is_empty() {
                        undecided.insert(UndecidedReason::Ambiguity(PASS_ROLE_TAGS));
                    }
                }
                found.extend(created);
            }
            if technique.required_actions.iter().any(|action| action.contains("iam:Attach")) {
                self.check_unread_policies(&Creation { service, ..build_creation(technique) }, &found, undecided);
            }
            if !found.is_empty() {
                break;
            }
        }
        found
    }

    /// Adds the policies outside of the snapshot that can be attached to what the state creates, unless it can be given a
    /// broad policy.
    fn check_unread_policies(
        &self,
        creation: &Creation<'_>,
        found: &[CreatedPrincipal],
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let attached = found.iter().filter_map(|created| match &created.access {
            CreatedAccess::Policy(arn) => Some(&**arn),
            _ => None,
        });
        let has_all = found.iter().any(|created| created.access == CreatedAccess::Everything);
        if has_all || has_broad_policy(attached) || !self.has_condition_on(POLICY_ARN_KEY) {
            return;
        }
        for policies in self.list_unread_policies(undecided) {
            let with_policy = Creation { policy_arn: Some(Arc::from(policies.example)), ..creation.clone() };
            if !self.create(&with_policy, &CreatedAccess::Nothing, undecided).is_empty() {
                undecided.insert(UndecidedReason::UnreadablePolicy { arn: policies.pattern });
            }
        }
    }

    /// The services to which a technique can pass the new role. A single None if it passes none.
    fn list_passing_services(
        &self,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<Option<&'static str>> {
        if !technique.passes_created_role() {
            return vec![None];
        }
        let mut services: Vec<Option<&'static str>> = Vec::new();
        for running in self.list_running_techniques(undecided) {
            services.extend(running.services.iter().map(|service| Some(service.as_str())));
        }
        services.sort_unstable();
        services.dedup();
        services
    }

    /// The techniques by which the state can run code with a role, if it can pass the role.
    pub(super) fn list_running_techniques(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<&'static Technique> {
        let passing = techniques()
            .iter()
            .filter(|technique| technique.kind == TechniqueKind::NewPassRole && !technique.acts_as_part());
        passing
            .filter(|technique| self.can_perform_required(technique, undecided))
            .filter(|technique| !technique.instance_profile || self.can_fill_profiles(&mut BTreeSet::new()))
            .collect()
    }

    /// What the identity policies of the new principal can allow, and the policy that is attached for that.
    fn list_created_access(
        &self,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<(CreatedAccess, Option<Arc<str>>)> {
        let requires = |name: &str| technique.required_actions.iter().any(|action| action.contains(name));
        if requires("iam:CreatePolicy") {
            let policies = self.find_new_policies(POLICY_ARN_KEY, undecided);
            return policies.into_iter().map(|arn| (CreatedAccess::Everything, Some(Arc::from(arn)))).collect();
        }
        if requires("iam:Put") {
            return vec![(CreatedAccess::Everything, None)];
        }
        if requires("iam:AddUserToGroup") {
            let account = self.world.principal_sets.account_of(self.state.principal);
            let groups = self.find_groups("iam:AddUserToGroup", None, undecided);
            let positions = groups.ones().map(|group| self.world.group_position(group));
            let own = positions.filter(|position| position.account == account);
            return own.map(|position| (CreatedAccess::Group(position.position), None)).collect();
        }
        if !requires("iam:Attach") {
            return vec![(CreatedAccess::Nothing, None)];
        }
        let mut all = vec![(CreatedAccess::Everything, None)];
        if self.has_condition_on(POLICY_ARN_KEY) {
            let policies = list_attachable_policies(self.world.node(self.state.principal).account);
            let readable = policies.into_iter().filter(|policy| policy.document.is_some());
            all.extend(readable.map(|policy| (CreatedAccess::Policy(Arc::clone(&policy.arn)), Some(policy.arn))));
        }
        all
    }

    /// The ARNs of new managed policies that the state can create, one for each pattern that its policies name in a
    /// condition on `key`: the policy to attach, or the boundary to set. Empty if no policy limits that: then it needs no
    /// new policy.
    pub(super) fn find_new_policies(&self, key: &str, undecided: &mut BTreeSet<UndecidedReason>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        if !self.has_condition_on(key) || !self.may_allow("iam:CreatePolicy") {
            return found;
        }
        let facts = |_: usize, _: &ContextKey| None;
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let request = NewRequest { action: "iam:CreatePolicy", required_layers, facts: &facts };
        let patterns = self.list_condition_values(key, undecided);
        let arns = self.list_new_arns(NewResource::Policy, &[request], undecided);
        let within = patterns.iter().map(NameLimits::within);
        for limits in [NameLimits::default()].into_iter().chain(within) {
            found.extend(self.choose_new_arn(&arns, limits, undecided));
        }
        found
    }

    /// The values with which the policies of the state compare a key, as they write them. Undecided if there are too many.
    pub(super) fn list_condition_values(
        &self,
        key: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> BTreeSet<String> {
        let statements = self.statements();
        let conditions = statements.flat_map(|statement| &statement.conditions);
        let on_key = conditions.filter(|condition| condition.key.lower() == key);
        let texts = on_key.flat_map(Condition::texts).map(|template| template.as_written().to_owned());
        let values: BTreeSet<String> = texts.collect();
        if values.len() > MAX_PATTERNS {
            undecided.insert(UndecidedReason::TooMany {
                most: MAX_PATTERNS,
                items: "values of a condition key that limits what is attached or set as a boundary",
            });
        }
        values.into_iter().take(MAX_PATTERNS).collect()
    }

    /// The principals of one kind that the state can create: without a boundary, or else with one that it writes itself, or
    /// with each that it may set.
    fn create(
        &self,
        creation: &Creation<'_>,
        access: &CreatedAccess,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<CreatedPrincipal> {
        let mut found = self.create_with_tags(creation, access, undecided);
        if !found.is_empty() || !self.has_condition_on(BOUNDARY_KEY) {
            return found;
        }
        for written in self.list_written_boundaries(undecided) {
            let with_boundary = Creation { boundary: Some(written), ..creation.clone() };
            found = self.create_with_tags(&with_boundary, access, undecided);
            if !found.is_empty() {
                return found;
            }
        }
        for (boundary, is_readable) in self.list_boundaries(undecided) {
            let chosen = ChosenBoundary::Policy(Arc::clone(&boundary));
            let with_boundary = Creation { boundary: Some(chosen), ..creation.clone() };
            let bounded = self.create_with_tags(&with_boundary, access, undecided);
            match is_readable {
                true => found.extend(bounded),
                false if bounded.is_empty() => {}
                // The boundary could allow anything.
                false => drop(undecided.insert(UndecidedReason::UnreadablePolicy { arn: boundary.to_string() })),
            }
        }
        found
    }

    fn create_with_tags(
        &self,
        creation: &Creation<'_>,
        access: &CreatedAccess,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<CreatedPrincipal> {
        let mut found = self.create_by_name(creation, access, undecided);
        // Tags are needed if a request requires them, or if they decide what the principal is allowed. The tags of a
        // session that the creator starts can have any value.
        let has_session_tags = creation.kind == NewResource::Role && creation.service.is_none();
        let are_named = !self.world.tag_index.keys().is_empty() || self.has_condition_on_tags();
        let may_matter = are_named && self.may_allow(creation.tag_action());
        if may_matter && (found.is_empty() || !has_session_tags) {
            found.extend(self.create_by_name(&creation.clone().with_tags(), access, undecided));
        }
        found
    }

    /// The principals that the state can create, one for each way in which policies treat names.
    fn create_by_name(
        &self,
        creation: &Creation<'_>,
        access: &CreatedAccess,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<CreatedPrincipal> {
        let partition = self.effective.partition;
        let facts: Vec<_> = creation
            .actions
            .iter()
            .map(|action| move |_: usize, key: &ContextKey| creation.fact(partition, action, key))
            .collect();
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let mut requests: Vec<NewRequest<'_>> = creation
            .actions
            .iter()
            .zip(&facts)
            .map(|(action, facts)| NewRequest { action, required_layers, facts })
            .collect();
        let is_assumed = creation.kind == NewResource::Role && creation.service.is_none();
        let no_facts = |_: usize, _: &ContextKey| None;
        if is_assumed {
            requests.push(self.assume_new_role("sts:AssumeRole", &no_facts));
        }
        let possible = self.list_new_arns(creation.kind, &requests, undecided);
        let arns = self.choose_created_names(&possible, (access, creation.boundary.as_ref()), undecided);
        if arns.is_empty() {
            return Vec::new();
        }
        let chooses_tags = is_assumed && !self.world.tag_index.keys().is_empty();
        let tag_session = self.assume_new_role("sts:TagSession", &no_facts);
        let taggable = chooses_tags.then(|| self.list_new_arns(creation.kind, &[tag_session], undecided));
        let is_tagged_from_outside = chooses_tags && !creation.is_tagged && self.names_tags(access);
        let mut build = |arn: String| {
            let has_session_tags = taggable
                .as_ref()
                .is_some_and(|taggable| self.choose_new_arn(taggable, NameLimits::within(&arn), undecided).is_some());
            if is_tagged_from_outside && !has_session_tags {
                undecided.insert(self.describe_uncombined(OUTSIDE_TAGS));
            }
            CreatedPrincipal {
                has_chosen_tags: creation.is_tagged || has_session_tags,
                is_tagged: creation.is_tagged,
                arn: Arc::from(arn),
                is_user: creation.kind == NewResource::User,
                boundary: creation.boundary.clone(),
                access: access.clone(),
                is_passed: creation.service.is_some(),
            }
        };
        arns.into_iter().map(&mut build).collect()
    }

    /// Whether the policy that a new principal gets names a tag of the principal.
    fn names_tags(&self, access: &CreatedAccess) -> bool {
        let CreatedAccess::Policy(arn) = access else { return false };
        let policies = list_attachable_policies(self.world.node(self.state.principal).account);
        let attached = policies.into_iter().filter(|policy| policy.arn == *arn).filter_map(|policy| policy.document);
        let has_tag = |statement: &Statement| statement.keys().any(|key| key.lower().starts_with(PRINCIPAL_TAG));
        attached.into_iter().any(|document| document.statements.iter().any(has_tag))
    }

    /// A request to the new role, whose trust policy names the principal, so that it needs no policy of its own. It can
    /// name a session of a role, which the role's boundary does not limit.
    fn assume_new_role<'q>(&self, action: &'q str, facts: &'q ContextFacts<'q>) -> NewRequest<'q> {
        let required_layers =
            if self.is_user() { RequiredLayers::BoundaryOnly } else { RequiredLayers::OrganizationOnly };
        NewRequest { action, required_layers, facts }
    }
}
