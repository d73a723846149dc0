//! What someone may do of all that paths need.

use fixedbitset::FixedBitSet;

use super::bounds::at_most;
use super::clock::Clock;
use crate::access::{KnownContext, Layers, PolicyRef};
use crate::catalog::ActionId;
use crate::iam::Partition;
use crate::solve::{Access, Allowing, Branch, Solver, effective_access, everything};

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
            require.push(everything());
        }
        Branch { require, forbid: branch.forbid.iter().filter(speaks).cloned().collect(), except: Vec::new() }
    };
    Access { branches: access.branches.iter().filter(is_own).map(narrowed).collect() }
}

/// The branches of an access without what the policies of resources say, which is about those resources.
pub(super) fn own_branches(access: &Access) -> Vec<Branch> {
    let own = |list: &Vec<Allowing>| list.iter().filter(|one| one.covers.is_none()).cloned().collect();
    let narrowed = |branch: &Branch| Branch {
        require: branch.require.iter().map(own).collect(),
        forbid: own(&branch.forbid),
        except: Vec::new(),
    };
    access.branches.iter().filter(is_own).map(narrowed).collect()
}

fn is_own(branch: &&Branch) -> bool {
    branch.require.first().is_some_and(|list| list.iter().all(|one| one.covers.is_none()))
}

/// Whether a statement may speak of an action.
pub(super) fn speaks(solver: &Solver<'_>, one: &Allowing, action: ActionId) -> bool {
    let binds = !one.rcp_services_only || solver.catalog.rcp_supported(solver.catalog.action_service(action));
    binds && solver.listed_actions(&one.document, one.index).is_none_or(|bits| bits.contains(action.0 as usize))
}
