//! What an access allows at the most and at the least, by actions alone: cheap answers that spare questions.

use fixedbitset::FixedBitSet;

use crate::iam::{Listing, Statement};
use crate::solve::{Access, Allowing, Branch, Solver};

/// The actions that an access may allow on something, under some condition. All others it denies for certain.
pub(super) fn at_most(solver: &Solver<'_>, access: &Access) -> FixedBitSet {
    union(solver, access, |branch| {
        let mut bits = FixedBitSet::with_capacity(solver.catalog.action_count());
        bits.insert_range(..);
        for list in &branch.require {
            bits.intersect_with(&listed(solver, list.iter()));
        }
        bits.difference_with(&listed(solver, branch.forbid.iter().filter(|one| is_plain(one))));
        bits
    })
}

/// The actions that an access allows for certain, on whatever resource, without a condition.
pub(super) fn at_least(solver: &Solver<'_>, access: &Access) -> FixedBitSet {
    union(solver, access, |branch| {
        let mut bits = FixedBitSet::with_capacity(solver.catalog.action_count());
        if !branch.except.is_empty() {
            return bits;
        }
        bits.insert_range(..);
        for list in &branch.require {
            bits.intersect_with(&listed(solver, list.iter().filter(|one| is_plain(one))));
        }
        bits.difference_with(&listed(solver, branch.forbid.iter()));
        bits
    })
}

fn union(solver: &Solver<'_>, access: &Access, of: impl Fn(&Branch) -> FixedBitSet) -> FixedBitSet {
    let mut all = FixedBitSet::with_capacity(solver.catalog.action_count());
    access.branches.iter().for_each(|branch| all.union_with(&of(branch)));
    all
}

fn listed<'s>(solver: &Solver<'_>, statements: impl Iterator<Item = &'s Allowing>) -> FixedBitSet {
    let mut bits = FixedBitSet::with_capacity(solver.catalog.action_count());
    for one in statements {
        match solver.listed_actions(&one.document, one.index) {
            Some(actions) => bits.union_with(&actions),
            // What cannot be told is neither certain nor excluded; the solver says so when it is asked.
            None => bits.insert_range(..),
        }
    }
    bits
}

/// Whether a statement speaks of every request of its actions.
fn is_plain(one: &Allowing) -> bool {
    let Some(statement) = one.document.statements.get(one.index) else { return false };
    one.covers.is_none() && !one.rcp_services_only && statement.conditions.is_empty() && on_everything(statement)
}

/// Whether a statement is about every resource.
fn on_everything(statement: &Statement) -> bool {
    statement.resource.as_ref().is_none_or(|element| {
        element.listing == Listing::Only && element.patterns.iter().any(|pattern| pattern.is_everything())
    })
}
