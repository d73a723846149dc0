//! The effective access of a state, and its part for one action.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::action_bounds::action_upper_bound;
use super::cached_answer::CachedAnswer;
use super::time_floor::TimeFloor;
use crate::access::{KnownContext, Layers, PolicyRef};
use crate::base::cache::Cache;
use crate::catalog::ActionId;
use crate::iam::Partition;
use crate::solve::{Access, Branch, Solver, StatementUse, build_allow_all, build_effective_access};

/// The effective access of a state, and the facts about its requests.
pub(crate) struct EffectiveAccess<'n> {
    formula: Arc<AccessFormula>,
    pub(crate) known: Cow<'n, KnownContext>,
    pub(crate) partition: Partition,
    pub(crate) account: &'n str,
    /// Whether `known` is the context of the state, and nothing more.
    pub(super) has_own_context: bool,
}

/// What a state is allowed.
pub(crate) struct AccessFormula {
    pub(crate) layers: Layers,
    /// The layers as an access formula, without requests in the past.
    pub(crate) access: Access,
    /// The policies that the statement uses of `access` refer to.
    pub(crate) policies: Vec<PolicyRef>,
    /// A superset of the allowed actions.
    pub(crate) upper_bound: FixedBitSet,
    /// Whether an action is allowed on at least one resource, in the context of the state.
    pub(super) any_resource: Cache<ActionId, Arc<CachedAnswer>>,
}

impl Deref for EffectiveAccess<'_> {
    type Target = AccessFormula;

    fn deref(&self) -> &AccessFormula {
        &self.formula
    }
}

impl AccessFormula {
    pub(crate) fn new(solver: &Solver<'_>, time_floor: &TimeFloor, layers: Layers) -> AccessFormula {
        let (mut access, policies) = build_effective_access(&layers);
        time_floor.apply(&mut access);
        let upper_bound = action_upper_bound(solver, &access);
        AccessFormula { layers, access, policies, upper_bound, any_resource: Cache::default() }
    }
}

impl<'n> EffectiveAccess<'n> {
    pub(crate) fn new(
        formula: Arc<AccessFormula>,
        known: Cow<'n, KnownContext>,
        partition: Partition,
        account: &'n str,
    ) -> EffectiveAccess<'n> {
        EffectiveAccess { formula, known, partition, account, has_own_context: true }
    }

    /// The same access, with more known about the condition keys.
    pub(crate) fn with_known<'k>(&self, known: &'k KnownContext) -> EffectiveAccess<'k>
    where
        'n: 'k,
    {
        EffectiveAccess {
            formula: Arc::clone(&self.formula),
            known: Cow::Borrowed(known),
            partition: self.partition,
            account: self.account,
            has_own_context: false,
        }
    }

    /// Whether the upper bound contains an action.
    pub(crate) fn may_allow(&self, action: ActionId) -> bool {
        self.upper_bound.contains(action.0 as usize)
    }

    /// Whether a statement has a condition on a key, given in lower case.
    pub(crate) fn has_condition_on(&self, key: &str) -> bool {
        let statements = self.policies.iter().flat_map(|policy| &policy.document.statements);
        statements.flat_map(|statement| &statement.conditions).any(|condition| condition.key.lower() == key)
    }
}

/// The layers that must allow a request. SCPs must always allow it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum RequiredLayers {
    /// Identity policies and boundary.
    IdentityAndBoundary,
    /// The boundary alone: the resource policy names the principal.
    BoundaryOnly,
    /// None: the resource policy names a session of the principal, or anyone (`docs/semantics.md` §4).
    OrganizationOnly,
}

/// The part of an access formula for one action, with the required layers only. All Deny statements are kept.
pub(crate) fn restrict_to_action(
    solver: &Solver<'_>,
    effective: &EffectiveAccess<'_>,
    action: ActionId,
    required_layers: RequiredLayers,
) -> Access {
    let lists_action = |statement_use: &&StatementUse| {
        statement_use.resource_scope.is_none() && may_list_action(solver, statement_use, action)
    };
    let restricted = |branch: &Branch| {
        let list = |list: &Vec<StatementUse>| list.iter().filter(lists_action).cloned().collect();
        // INVARIANT: `build_effective_access` puts the identity policies first and the boundary next.
        let skip = match required_layers {
            RequiredLayers::IdentityAndBoundary => 0,
            RequiredLayers::BoundaryOnly => 1,
            RequiredLayers::OrganizationOnly => 1 + usize::from(effective.layers.boundary.is_some()),
        };
        let mut allow_layers: Vec<Vec<StatementUse>> = branch.allow_layers.iter().skip(skip).map(list).collect();
        if allow_layers.is_empty() {
            allow_layers.push(build_allow_all());
        }
        Branch {
            allow_layers,
            deny_statements: branch.deny_statements.iter().filter(lists_action).cloned().collect(),
            scope_exclusions: Vec::new(),
        }
    };
    Access { branches: effective.access.branches.iter().filter(is_identity_branch).map(restricted).collect() }
}

/// The branches of an access formula without statements of resource policies.
pub(crate) fn identity_branches(access: &Access) -> Vec<Branch> {
    let without_resource_policies = |list: &Vec<StatementUse>| {
        list.iter().filter(|statement_use| statement_use.resource_scope.is_none()).cloned().collect()
    };
    let restricted = |branch: &Branch| Branch {
        allow_layers: branch.allow_layers.iter().map(without_resource_policies).collect(),
        deny_statements: without_resource_policies(&branch.deny_statements),
        scope_exclusions: Vec::new(),
    };
    access.branches.iter().filter(is_identity_branch).map(restricted).collect()
}

fn is_identity_branch(branch: &&Branch) -> bool {
    branch
        .allow_layers
        .first()
        .is_some_and(|list| list.iter().all(|statement_use| statement_use.resource_scope.is_none()))
}

/// Whether a statement may list an action. Also true if its action patterns exceed the solver's limits.
pub(crate) fn may_list_action(solver: &Solver<'_>, statement_use: &StatementUse, action: ActionId) -> bool {
    let is_applicable = statement_use.controlled_resources.is_none()
        || solver.catalog.supports_rcp(solver.catalog.action_service(action));
    is_applicable && solver.listed_actions(statement_use).map_or(true, |bits| bits.contains(action.0 as usize))
}
