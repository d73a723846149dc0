//! What someone may do of all that paths need.

use fixedbitset::FixedBitSet;

use super::action_bounds::action_upper_bound;
use super::time_floor::TimeFloor;
use crate::access::{KnownContext, Layers, PolicyRef};
use crate::catalog::ActionId;
use crate::iam::Partition;
use crate::solve::{Access, Branch, Solver, StatementUse, build_allow_all, build_effective_access};

/// Steps that one question may take.
pub(crate) const BUDGET: u64 = 1_000_000;

/// Someone's access, made ready for many questions.
pub(crate) struct EffectiveAccess<'n> {
    pub(crate) layers: Layers,
    pub(crate) access: Access,
    pub(crate) policies: Vec<PolicyRef>,
    pub(crate) known: &'n KnownContext,
    pub(crate) partition: Partition,
    pub(crate) account: &'n str,
    /// What it may do at the most.
    pub(crate) upper_bound: FixedBitSet,
}

impl<'n> EffectiveAccess<'n> {
    pub(crate) fn new(
        solver: &Solver<'_>,
        time_floor: &TimeFloor,
        layers: Layers,
        known: &'n KnownContext,
        partition: Partition,
        account: &'n str,
    ) -> EffectiveAccess<'n> {
        let (mut access, policies) = build_effective_access(&layers);
        time_floor.apply(&mut access);
        let upper_bound = action_upper_bound(solver, &access);
        EffectiveAccess { layers, access, policies, known, partition, account, upper_bound: upper_bound }
    }

    /// Whether it may do something at all, by actions alone.
    pub(crate) fn may_allow(&self, solver: &Solver<'_>, action: &str) -> bool {
        solver.catalog.find_action(action).is_some_and(|id| self.upper_bound.contains(id.0 as usize))
    }

    /// Whether some statement asks for a key, in lower case.
    pub(crate) fn has_condition_on(&self, key: &str) -> bool {
        let statements = self.policies.iter().flat_map(|policy| &policy.document.statements);
        statements.flat_map(|statement| &statement.conditions).any(|condition| condition.key.lower() == key)
    }
}

/// What must allow a request beside the organization.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum RequiredLayers {
    /// Its own policies and its boundary.
    IdentityAndBoundary,
    /// Its boundary: the policy of the resource names it.
    BoundaryOnly,
    /// Nothing: the policy of the resource names a session of it, or anyone (`docs/semantics.md` §4).
    OrganizationOnly,
}

/// The part of an access that speaks of an action, and what of it must allow. Every Deny counts on every side.
pub(crate) fn restrict_to_action(
    solver: &Solver<'_>,
    access: &Access,
    action: ActionId,
    required_layers: RequiredLayers,
    has_boundary: bool,
) -> Access {
    let lists_action = |statement_use: &&StatementUse| {
        statement_use.resource_scope.is_none() && may_list_action(solver, statement_use, action)
    };
    let restricted = |branch: &Branch| {
        let list = |list: &Vec<StatementUse>| list.iter().filter(lists_action).cloned().collect();
        // Its own policies stand first, its boundary next.
        let skip = match required_layers {
            RequiredLayers::IdentityAndBoundary => 0,
            RequiredLayers::BoundaryOnly => 1,
            RequiredLayers::OrganizationOnly => 1 + usize::from(has_boundary),
        };
        let mut allow_layers: Vec<Vec<StatementUse>> = branch.allow_layers.iter().skip(skip).map(list).collect();
        if allow_layers.is_empty() {
            allow_layers.push(build_allow_all());
        }
        Branch {
            allow_layers: allow_layers,
            deny_statements: branch.deny_statements.iter().filter(lists_action).cloned().collect(),
            scope_exclusions: Vec::new(),
        }
    };
    Access { branches: access.branches.iter().filter(is_identity_branch).map(restricted).collect() }
}

/// The branches of an access without what the policies of resources say, which is about those resources.
pub(crate) fn identity_branches(access: &Access) -> Vec<Branch> {
    let without_resource_policies =
        |list: &Vec<StatementUse>| list.iter().filter(|one| one.resource_scope.is_none()).cloned().collect();
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

/// Whether a statement may speak of an action.
pub(crate) fn may_list_action(solver: &Solver<'_>, statement_use: &StatementUse, action: ActionId) -> bool {
    let is_applicable =
        !statement_use.rcp_services_only || solver.catalog.supports_rcp(solver.catalog.action_service(action));
    is_applicable && solver.listed_actions(statement_use).map_or(true, |bits| bits.contains(action.0 as usize))
}
