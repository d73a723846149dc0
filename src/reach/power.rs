//! What someone may do of all that paths need.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::bounds::at_most;
use super::clock::Clock;
use crate::access::{KnownContext, Layers, PolicyRef};
use crate::catalog::ActionId;
use crate::iam::{Partition, PolicyDocument};
use crate::solve::{Access, Allowing, Branch, Depth, Question, Solver, Undecided, Witnesses, World, effective_access};

/// Steps that one question may take.
pub(super) const BUDGET: u64 = 1_000_000;

/// Someone's access, made ready for many questions.
pub(super) struct Power<'n> {
    pub(super) layers: Layers,
    pub(super) access: Access,
    pub(super) policies: Vec<PolicyRef>,
    pub(super) known: &'n KnownContext,
    pub(super) partition: Partition,
    pub(super) account: &'n str,
    /// What it may do at the most.
    pub(super) most: FixedBitSet,
}

impl<'n> Power<'n> {
    pub(super) fn new(
        solver: &Solver<'_>,
        clock: &Clock,
        layers: Layers,
        known: &'n KnownContext,
        partition: Partition,
        account: &'n str,
    ) -> Power<'n> {
        let (mut access, policies) = effective_access(&layers);
        clock.bind(&mut access);
        let most = at_most(solver, &access);
        Power { layers, access, policies, known, partition, account, most }
    }

    /// Whether it may do something at all, by actions alone.
    pub(super) fn may(&self, solver: &Solver<'_>, action: &str) -> bool {
        solver.catalog.find_action(action).is_some_and(|id| self.most.contains(id.0 as usize))
    }

    /// Whether some statement asks for a key, in lower case.
    pub(super) fn asks_for(&self, key: &str) -> bool {
        let statements = self.policies.iter().flat_map(|policy| &policy.document.statements);
        statements.flat_map(|statement| &statement.conditions).any(|condition| condition.key.lower() == key)
    }

    /// Which of some actions it may do, on whatever resource; `others` is a policy that allows all other actions.
    pub(super) fn of(
        &self,
        solver: &Solver<'_>,
        others: &Arc<PolicyDocument>,
        undecided: &mut BTreeSet<Undecided>,
    ) -> BTreeSet<ActionId> {
        let answer = solver.answer(&Question {
            effective: &self.access,
            declared: &Access::of_policies([(others, 0)]),
            known: self.known,
            partition: Some(self.partition),
            world: World::Closed,
            only: None,
            budget: BUDGET,
            depth: Depth::Difference { cubes: 1, witnesses: Witnesses::None },
            account: Some(self.account),
            confirm: None,
        });
        undecided.extend(answer.undecided);
        answer.grants.into_iter().flat_map(|grant| grant.actions.known).collect()
    }
}

/// What must allow a request beside the organization.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Side {
    /// Its own policies and its boundary.
    Own,
    /// Its boundary: the policy of the resource names it.
    Named,
    /// Nothing: the policy of the resource names a session of it, or anyone (`docs/semantics.md` §4).
    Session,
}

/// The part of an access that speaks of an action, and what of it must allow. Every Deny counts on every side.
pub(super) fn speaking(solver: &Solver<'_>, access: &Access, action: ActionId, side: Side, bound: bool) -> Access {
    let speaks = |one: &&Allowing| one.covers.is_none() && speaks(solver, one, action);
    let narrowed = |branch: &Branch| {
        let list = |list: &Vec<Allowing>| list.iter().filter(speaks).cloned().collect();
        // Its own policies stand first, its boundary next.
        let skip = match side {
            Side::Own => 0,
            Side::Named => 1,
            Side::Session => 1 + usize::from(bound),
        };
        let mut require: Vec<Vec<Allowing>> = branch.require.iter().skip(skip).map(list).collect();
        if require.is_empty() {
            require.push(super::clock::anything());
        }
        Branch { require, forbid: branch.forbid.iter().filter(speaks).cloned().collect(), except: Vec::new() }
    };
    // What the policies of resources grant is about those resources.
    let own = |branch: &&Branch| branch.require.first().is_some_and(|list| list.iter().all(|one| one.covers.is_none()));
    Access { branches: access.branches.iter().filter(own).map(narrowed).collect() }
}

/// Whether a statement may speak of an action.
pub(super) fn speaks(solver: &Solver<'_>, one: &Allowing, action: ActionId) -> bool {
    let binds = !one.rcp_services_only || solver.catalog.rcp_supported(solver.catalog.action_service(action));
    binds && solver.listed_actions(&one.document, one.index).is_none_or(|bits| bits.contains(action.0 as usize))
}
