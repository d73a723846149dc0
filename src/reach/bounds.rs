//! What an access allows at the most and at the least, by actions alone: cheap answers that spare questions.

use std::sync::Arc;

use fixedbitset::FixedBitSet;

use crate::iam::{Listing, Statement};
use crate::solve::{Access, Allowing, Branch, Solver};

/// The actions that an access may allow on something, under some condition. All others it denies for certain.
pub(super) fn at_most(solver: &Solver<'_>, access: &Access) -> FixedBitSet {
    union(solver, access, |branch| {
        let mut bits = FixedBitSet::with_capacity(solver.catalog.action_count());
        bits.insert_range(..);
        for list in &branch.require {
            bits.intersect_with(&listed(solver, list.iter(), Untold::IsAll));
        }
        bits.difference_with(&listed(solver, branch.forbid.iter().filter(|one| is_plain(one)), Untold::IsNone));
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
            bits.intersect_with(&listed(solver, list.iter().filter(|one| is_plain(one)), Untold::IsNone));
        }
        bits.difference_with(&listed(solver, branch.forbid.iter(), Untold::IsAll));
        bits
    })
}

/// Whether an access that may allow only some actions is within another for certain: the same layers limit both, and
/// the other's first list allows these actions on whatever resource, without a condition.
pub(super) fn is_within(solver: &Solver<'_>, access: &Access, most: &FixedBitSet, other: &Access) -> bool {
    let grants_all = |branch: &&Branch| {
        let first = branch.require.first();
        branch.except.is_empty()
            && first.is_some_and(|list| {
                most.is_subset(&listed(solver, list.iter().filter(|one| is_plain(one)), Untold::IsNone))
            })
    };
    // What the catalog does not know is in no set of actions.
    let unknown = unknown_actions(solver, access);
    let grants_unknown = |branch: &&Branch| {
        let plain = branch.require.iter().take(1).flatten().filter(|one| is_plain(one));
        let lists = |action: &String| plain.clone().any(|one| solver.lists_unknown(&one.document, one.index, action));
        unknown.as_ref().is_some_and(|unknown| unknown.iter().all(lists))
    };
    let candidates: Vec<&Branch> = other.branches.iter().filter(grants_all).filter(grants_unknown).collect();
    let limits = |branch: &Branch, by: &Branch| {
        let has = |list: &Vec<Allowing>| branch.require.iter().any(|own| is_same(own, list));
        by.require.iter().skip(1).all(has)
            && by.forbid.iter().all(|one| branch.forbid.iter().any(|own| is_one(own, one)))
    };
    access.branches.iter().all(|branch| candidates.iter().any(|by| limits(branch, by)))
}

/// The actions that the granting statements name and the catalog does not know; none where that cannot be told.
pub(super) fn unknown_actions(solver: &Solver<'_>, access: &Access) -> Option<Vec<String>> {
    let granting = access.branches.iter().flat_map(|branch| branch.require.iter().flatten());
    let of_all: Option<Vec<Vec<String>>> =
        granting.map(|one| solver.unknown_actions(&one.document, one.index)).collect();
    of_all.map(|all| all.concat())
}

fn is_same(one: &[Allowing], other: &[Allowing]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_one(one, other))
}

/// Whether two are one statement, by the place of its document in memory.
fn is_one(one: &Allowing, other: &Allowing) -> bool {
    Arc::ptr_eq(&one.document, &other.document)
        && one.index == other.index
        && one.rcp_services_only == other.rcp_services_only
        && one.covers.is_none()
        && other.covers.is_none()
}

fn union(solver: &Solver<'_>, access: &Access, of: impl Fn(&Branch) -> FixedBitSet) -> FixedBitSet {
    let mut all = FixedBitSet::with_capacity(solver.catalog.action_count());
    access.branches.iter().for_each(|branch| all.union_with(&of(branch)));
    all
}

/// What a statement lists whose actions cannot be told; the solver says so when it is asked.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Untold {
    IsAll,
    IsNone,
}

/// The actions that some statements list: never fewer than they do with [`Untold::IsAll`], never more with the other.
fn listed<'s>(solver: &Solver<'_>, statements: impl Iterator<Item = &'s Allowing>, untold: Untold) -> FixedBitSet {
    let mut bits = FixedBitSet::with_capacity(solver.catalog.action_count());
    for one in statements {
        match solver.listed_actions(&one.document, one.index) {
            Some(actions) => bits.union_with(&actions),
            None if untold == Untold::IsAll => bits.insert_range(..),
            None => {}
        }
    }
    bits
}

/// Whether a statement speaks of every request of its actions.
fn is_plain(one: &Allowing) -> bool {
    let Some(statement) = one.statement() else { return false };
    one.covers.is_none() && !one.rcp_services_only && statement.conditions.is_empty() && is_on_everything(statement)
}

/// Whether a statement is about every resource.
pub(super) fn is_on_everything(statement: &Statement) -> bool {
    statement.resource.as_ref().is_none_or(|element| {
        element.listing == Listing::Only && element.patterns.iter().any(|pattern| pattern.is_everything())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::catalog::Catalog;
    use crate::iam::{DocumentKind, PolicyDocument};
    use crate::source::SourceFile;

    /// How many actions a policy allows at the least and at the most.
    fn bounds(statements: &Value) -> (usize, usize) {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let document = PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap();
        let access = Access::of_policies([(&Arc::new(document), 0)]);
        let solver = Solver::new(Catalog::embedded());
        (at_least(&solver, &access).count_ones(..), at_most(&solver, &access).count_ones(..))
    }

    #[test]
    fn what_cannot_be_told_is_neither_certain_nor_excluded() {
        let all = Catalog::embedded().action_count();
        // More characters than the solver has symbols for.
        let untold: String = (0..200).filter_map(|i| char::from_u32(0x4e00 + i)).collect();
        let of = |effect: &str, action: &str| json!({ "Effect": effect, "Action": action, "Resource": "*" });
        let strange = format!("s3:*{untold}");
        assert_eq!(bounds(&json!([of("Allow", "*")])), (all, all));
        assert_eq!(bounds(&json!([of("Allow", &strange)])), (0, all));
        assert_eq!(bounds(&json!([of("Allow", "*"), of("Deny", &strange)])), (0, all));
        assert_eq!(bounds(&json!([of("Allow", "*"), of("Deny", "*")])), (0, 0));
    }

    fn document(statements: &Value) -> Arc<PolicyDocument> {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        Arc::new(PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap())
    }

    /// What a policy allows under a permissions boundary and the Deny of an SCP.
    fn limited(policy: &Arc<PolicyDocument>, boundary: &Arc<PolicyDocument>, scp: &Arc<PolicyDocument>) -> Access {
        let mut branch = Branch::of_policies([(policy, 0)]);
        branch.add_allows(1, boundary, 1);
        branch.add_denies(scp, 2);
        Access { branches: vec![branch] }
    }

    #[test]
    fn whom_the_same_limits_bind_may_do_no_more_than_one_whose_policies_allow_it_all() {
        let solver = Solver::new(Catalog::embedded());
        let allow = |actions: Value| document(&json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]));
        let within = |one: &Access, other: &Access| is_within(&solver, one, &at_most(&solver, one), other);
        let boundary = allow(json!(["s3:*", "ec2:*"]));
        let regions = json!({ "StringNotEquals": { "aws:RequestedRegion": "eu-central-1" } });
        let deny = |condition: &Value| {
            document(&json!([{ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition }]))
        };
        let scp = deny(&regions);
        let (all, some) = (allow(json!("*")), allow(json!(["s3:Get*", "iam:CreateUser"])));
        let narrow = limited(&some, &boundary, &scp);
        assert!(within(&narrow, &limited(&all, &boundary, &scp)));
        // The boundary leaves nothing of iam.
        assert!(within(&narrow, &limited(&allow(json!("s3:*")), &boundary, &scp)));
        assert!(!within(&narrow, &limited(&allow(json!("s3:GetObject")), &boundary, &scp)));
        // The same text in another document is another layer, of which nothing is known.
        assert!(!within(&narrow, &limited(&all, &boundary, &deny(&regions))));
        assert!(!within(&narrow, &limited(&all, &allow(json!("s3:*")), &scp)));
        // Who has one limit less may do more.
        assert!(!within(&Access::of_policies([(&some, 0)]), &limited(&all, &boundary, &scp)));
        assert!(within(&narrow, &Access::of_policies([(&all, 0)])));
        // A condition may fail.
        let when = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": regions }]);
        assert!(!within(&narrow, &limited(&document(&when), &boundary, &scp)));
    }

    #[test]
    fn actions_that_the_catalog_does_not_know_are_looked_for_by_their_names() {
        let solver = Solver::new(Catalog::embedded());
        let allow = |actions: Value| {
            let policy = document(&json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]));
            Access::of_policies([(&policy, 0)])
        };
        let within = |one: &Access, other: &Access| is_within(&solver, one, &at_most(&solver, one), other);
        let unknown = allow(json!(["s3:GetObject", "s3:DoWhatIsNotKnown"]));
        assert!(within(&unknown, &allow(json!("s3:*"))));
        assert!(!within(&unknown, &allow(json!(["s3:GetObject", "s3:List*"]))));
        assert!(within(&unknown, &unknown.clone()));
    }
}
