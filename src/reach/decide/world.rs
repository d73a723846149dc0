//! Everything that decisions about a snapshot share: its principals, the indices over them, the solver, and a cache of
//! answers. It does not change, except for the cache.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use jiff::civil::Date;
use rustc_hash::FxHashMap;

use super::cached_answer::{CachedAnswer, QueryTarget};
use super::context_facts::{find_chosen, principal_fact};
use super::decision_key::{DecisionKey, DecisionKeys};
use super::effective::{AccessFormula, EffectiveAccess};
use super::time_floor::TimeFloor;
use crate::access::{KeyFact, Layers, Request, evaluate};
use crate::base::cache::Cache;
use crate::catalog::{ActionId, Catalog};
use crate::iam::{ContextKey, Interpretation};
use crate::reach::model::arn_index::ArnIndex;
use crate::reach::model::boundary_conditions::BoundaryConditions;
use crate::reach::model::chosen_boundary::BOUNDARY_KEY;
use crate::reach::model::chosen_tags::TargetView;
use crate::reach::model::complement::ComplementPolicies;
use crate::reach::model::creatable_principals::CreatablePrincipals;
use crate::reach::model::managed_policies::list_customer_policies;
use crate::reach::model::name_patterns::NamePatternIndex;
use crate::reach::model::node::PrincipalNode;
use crate::reach::model::organization_index::OrganizationIndex;
use crate::reach::model::principal_sets::PrincipalSets;
use crate::reach::model::service_index::ServiceIndex;
use crate::reach::model::session_keys::SessionKeyIndex;
use crate::reach::model::state::NodeState;
use crate::reach::model::tag_condition_keys::find_resource_tag;
use crate::reach::model::tag_index::TagIndex;
use crate::reach::model::technique::techniques;
use crate::reach::model::trust_index::TrustIndex;
use crate::snapshot::Snapshot;
use crate::solve::budget::ESCALATION_STEPS;
use crate::solve::{Access, ActionWorld, AnswerDetail, Question, Solver, UndecidedReason};
use crate::trust::{TrustAnalyzer, TrustGrant};

/// The number of access formulas that are stored, of about 10 kB each.
const MAX_FORMULAS: usize = 4_096;

/// The principals of a snapshot, and what decisions about them need.
pub(crate) struct World<'a> {
    pub(crate) solver: &'a Solver<'a>,
    nodes: Vec<PrincipalNode<'a>>,
    /// The number of principals of the snapshot. They come before those that may be created.
    existing_count: usize,
    /// The users and roles that do not exist and may be created.
    pub(crate) creatable: FixedBitSet,
    /// The managed policies that do not exist and may be created.
    pub(crate) creatable_policies: ArnIndex,
    /// Whether a condition names the managed policies that may be attached or set as a boundary.
    pub(crate) limits_policies: bool,
    /// The accounts in which further users and roles may be created.
    pub(crate) incomplete_accounts: BTreeSet<String>,
    /// Those in which further managed policies may be created.
    pub(crate) incomplete_policies: BTreeSet<String>,
    pub(crate) time_floor: TimeFloor,
    /// The principals, in the order of the snapshot, and then those that may be created.
    pub(crate) principals: ArnIndex,
    /// The groups of all accounts.
    pub(crate) groups: ArnIndex,
    group_positions: Vec<GroupPosition>,
    /// The customer managed policies.
    pub(crate) policies: ArnIndex,
    pub(crate) trust_index: TrustIndex,
    pub(crate) principal_sets: PrincipalSets,
    pub(crate) tag_index: TagIndex,
    pub(crate) session_keys: SessionKeyIndex,
    /// The roles of which sessions that begin with `sts:AssumeRole` differ from others.
    pub(crate) limited_if_assumed: FixedBitSet,
    /// The resources of services that use roles.
    pub(crate) service_index: ServiceIndex,
    pub(crate) organization: OrganizationIndex<'a>,
    /// The patterns over names in trust policies, resource policies, SCPs and RCPs.
    pub(crate) name_patterns: NamePatternIndex,
    pub(crate) boundary_conditions: BoundaryConditions,
    pub(crate) complements: ComplementPolicies,
    /// The actions that techniques require, by name.
    technique_actions: FxHashMap<&'static str, ActionId>,
    /// What states are allowed. Each is needed for every step that leads to the state or away from it.
    formulas: Cache<NodeState, Arc<AccessFormula>>,
    trust: TrustAnalyzer<'a>,
    /// By role, and the name of the service or `*`.
    rewritten_trust: Cache<(usize, String), Arc<CachedAnswer>>,
    pub(crate) decision_keys: DecisionKeys,
    pub(crate) answers: Cache<(ActionId, QueryTarget, DecisionKey), Arc<CachedAnswer>>,
}

/// Where a group is in the snapshot.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct GroupPosition {
    /// The position of its account.
    pub(crate) account: usize,
    /// Its position among the groups of the account.
    pub(crate) position: usize,
}

impl<'a> World<'a> {
    /// `today`: the day of all requests.
    pub(crate) fn new(solver: &'a Solver<'a>, snapshot: &'a Snapshot, today: Date) -> World<'a> {
        let mut nodes = PrincipalNode::collect_from(snapshot, today);
        let existing_count = nodes.len();
        let name_patterns = NamePatternIndex::of_snapshot(solver, &nodes);
        let CreatablePrincipals { principals, policies, limits_policies, incomplete, incomplete_policies } =
            CreatablePrincipals::collect_from(solver, snapshot, &nodes, &name_patterns);
        let creatable_policies = ArnIndex::new(policies.into_iter().collect());
        if !principals.is_empty() {
            let creatable = principals.into_iter().map(|(account, principal)| (account, Cow::Owned(principal)));
            nodes.extend(PrincipalNode::collect(snapshot, today, creatable));
        }
        let principals = ArnIndex::new(nodes.iter().map(|node| node.principal.arn.as_str().to_owned()).collect());
        let trust = TrustAnalyzer::new(solver, snapshot).on_day(today);
        let trust_index = TrustIndex::new(&nodes, &principals, &trust);
        let mut group_positions = Vec::new();
        let mut group_arns = Vec::new();
        for (account_position, account) in snapshot.accounts.iter().enumerate() {
            for (position, group) in account.groups.iter().enumerate() {
                group_positions.push(GroupPosition { account: account_position, position });
                group_arns.push(group.arn.as_str().to_owned());
            }
        }
        let groups = ArnIndex::new(group_arns);
        let policies = ArnIndex::new(list_customer_policies(snapshot));
        let principal_sets = PrincipalSets::new(snapshot, &nodes, &principals, &groups, &policies);
        let mut creatable = principals.empty_set();
        creatable.insert_range(existing_count..);
        let session_keys = SessionKeyIndex::new(snapshot, &nodes);
        World {
            solver,
            existing_count,
            creatable,
            incomplete_accounts: incomplete,
            limits_policies,
            incomplete_policies,
            creatable_policies,
            name_patterns,
            limited_if_assumed: session_keys.find_limited(&nodes, principals.empty_set()),
            session_keys,
            boundary_conditions: BoundaryConditions::new(snapshot, &nodes),
            organization: OrganizationIndex::new(snapshot),
            service_index: ServiceIndex::new(&snapshot.service_roles, &nodes),
            tag_index: TagIndex::new(snapshot, &nodes, &principals.empty_set()),
            nodes,
            time_floor: TimeFloor::new(today),
            principals,
            groups,
            group_positions,
            policies,
            trust_index,
            principal_sets,
            complements: ComplementPolicies::new(solver.catalog),
            technique_actions: find_technique_actions(solver.catalog),
            formulas: Cache::with_capacity(MAX_FORMULAS),
            trust,
            rewritten_trust: Cache::default(),
            decision_keys: DecisionKeys::default(),
            answers: Cache::default(),
        }
    }

    /// The action with a name. None if the catalog does not have it.
    pub(crate) fn find_action(&self, name: &str) -> Option<ActionId> {
        self.technique_actions.get(name).copied().or_else(|| self.solver.catalog.find_action(name))
    }

    /// The number of principals of the snapshot.
    pub(crate) fn len(&self) -> usize {
        self.existing_count
    }

    /// The number of principals, with those that may be created.
    pub(crate) fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The principal at a position of the snapshot.
    pub(crate) fn node(&self, principal: usize) -> &PrincipalNode<'a> {
        // INVARIANT: states are made from positions of this snapshot.
        self.nodes.get(principal).expect("a principal of the snapshot")
    }

    /// The ARN of a principal.
    pub(crate) fn arn(&self, principal: usize) -> &str {
        self.principals.arn(principal)
    }

    /// The ARN of the principal as which a state makes requests.
    pub(crate) fn state_arn<'s>(&'s self, state: &'s NodeState) -> &'s str {
        state.change.created.as_ref().map_or_else(|| self.arn(state.principal), |created| &created.arn)
    }

    /// Where a group is in the snapshot, by its position in `groups`.
    pub(crate) fn group_position(&self, group: usize) -> GroupPosition {
        *self.group_positions.get(group).expect("a group of the snapshot")
    }

    /// The effective access of a state.
    pub(crate) fn effective(&self, state: &NodeState) -> EffectiveAccess<'_> {
        let node = self.node(state.principal);
        let formula = self.formulas.get_or_compute_borrowed(state, || {
            let layers = node.build_layers_after(&state.change);
            Arc::new(AccessFormula::new(self.solver, &self.time_floor, layers))
        });
        let known = node.known_after(&state.change);
        EffectiveAccess::new(formula, known, node.account.partition, node.account.id.as_str())
    }

    /// The fact about a key in a request on a user or role whose tags and boundary are those of a view.
    pub(crate) fn principal_fact(&self, principal: usize, tags: &TargetView, key: &ContextKey) -> Option<KeyFact> {
        let node = self.node(principal);
        if key.lower() == BOUNDARY_KEY
            && let Some(boundary) = tags.find_boundary(principal)
        {
            return Some(boundary.to_fact());
        }
        match find_resource_tag(key.lower()).filter(|_| !tags.grants.is_empty()) {
            Some(tag) => {
                let chosen = tags.find_tags(principal, |key| node.has_tag(key));
                find_chosen(&chosen, tag).or_else(|| principal_fact(node, key))
            }
            None => principal_fact(node, key),
        }
    }

    /// Whether a role admits a service, or anyone of an account outside, once its trust policy is rewritten so.
    pub(crate) fn admits_if_rewritten(
        &self,
        role: usize,
        grant: &TrustGrant,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let answer = self.rewritten_trust.get_or_compute((role, grant.as_str().to_owned()), || {
            let node = self.node(role);
            let analysis = self.trust.analyze_rewritten(node.account, &node.principal, grant);
            let undecided = analysis.undecided.into_iter().collect();
            Arc::new(CachedAnswer { allowed: !analysis.undeclared.is_empty(), undecided })
        });
        if !answer.allowed {
            undecided.extend(answer.undecided.iter().cloned());
        }
        answer.allowed
    }

    /// The question whether `allowed` has a request that `excluded` does not have, among the requests that a state can
    /// send: only the verdict, without a witness. A caller that needs more replaces some fields.
    pub(crate) fn build_question<'q>(
        &self,
        effective: &'q EffectiveAccess<'_>,
        allowed: &'q Access,
        excluded: &'q Access,
    ) -> Question<'q> {
        Question {
            effective: allowed,
            declared: excluded,
            known: &effective.known,
            partition: Some(effective.partition),
            world: ActionWorld::Existing,
            single_request: None,
            budget: ESCALATION_STEPS,
            detail: AnswerDetail::Verdict,
            witness_account: Some(effective.account),
            replay: None,
        }
    }

    /// Evaluates a witness with the concrete evaluator.
    ///
    /// # Errors
    /// The request, if it is not allowed.
    pub(crate) fn replay(
        &self,
        layers: &Layers,
        request: &Request,
        interpretation: Interpretation,
    ) -> Result<(), String> {
        let catalog = self.solver.catalog;
        let supports_rcp = |service: &str| catalog.find_service(service).is_some_and(|id| catalog.supports_rcp(id));
        match evaluate(layers, request, &supports_rcp, interpretation).is_allowed() {
            true => Ok(()),
            false => Err(format!("{} on {}", request.action, request.resource)),
        }
    }
}

/// The actions that techniques require, by name. Each is looked up for every state.
fn find_technique_actions(catalog: &Catalog) -> FxHashMap<&'static str, ActionId> {
    let names = techniques().iter().flat_map(|technique| &technique.required_actions);
    names.filter_map(|name| Some((name.as_str(), catalog.find_action(name)?))).collect()
}
