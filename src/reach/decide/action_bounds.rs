//! Bounds of an access formula by action: a superset and a subset of the allowed actions. They are cheap and save
//! questions to the solver.

use std::sync::Arc;

use fixedbitset::FixedBitSet;

use crate::iam::{ElementKind, Statement};
use crate::solve::{Access, Branch, Solver, StatementUse, has_open_reading};

/// A superset of the actions that an access formula allows. All other actions are denied in every request.
pub(crate) fn action_upper_bound(solver: &Solver<'_>, access: &Access) -> FixedBitSet {
    union(solver, access, |branch| {
        let mut bits = FixedBitSet::with_capacity(solver.catalog.action_count());
        bits.insert_range(..);
        for list in &branch.allow_layers {
            bits.intersect_with(&collect_listed_actions(solver, list.iter(), UnknownActions::AssumeAll));
        }
        bits.difference_with(&collect_listed_actions(
            solver,
            branch.deny_statements.iter().filter(|statement_use| matches_every_request(statement_use)),
            UnknownActions::AssumeNone,
        ));
        bits
    })
}

/// The actions that an access formula allows on all resources, unconditionally.
pub(crate) fn action_lower_bound(solver: &Solver<'_>, access: &Access) -> FixedBitSet {
    union(solver, access, |branch| {
        let mut bits = FixedBitSet::with_capacity(solver.catalog.action_count());
        if !branch.scope_exclusions.is_empty() {
            return bits;
        }
        bits.insert_range(..);
        for list in &branch.allow_layers {
            bits.intersect_with(&collect_listed_actions(
                solver,
                list.iter().filter(|statement_use| matches_every_request(statement_use)),
                UnknownActions::AssumeNone,
            ));
        }
        bits.difference_with(&collect_listed_actions(solver, branch.deny_statements.iter(), UnknownActions::AssumeAll));
        bits
    })
}

/// Whether an access formula is contained in another, as far as actions and common layers show it: the container has no
/// other limits, and its first layer allows the actions of `upper_bound` on all resources, unconditionally. False if
/// unknown.
pub(crate) fn is_contained(
    solver: &Solver<'_>,
    access: &Access,
    upper_bound: &FixedBitSet,
    container: &Access,
) -> bool {
    let grants_all = |branch: &&Branch| {
        let first = branch.allow_layers.first();
        branch.scope_exclusions.is_empty()
            && first.is_some_and(|list| {
                upper_bound.is_subset(&collect_listed_actions(
                    solver,
                    list.iter().filter(|statement_use| matches_every_request(statement_use)),
                    UnknownActions::AssumeNone,
                ))
            })
    };
    // The sets of actions lack actions that are not in the catalog.
    let unknown = find_uncataloged_actions(solver, access);
    let grants_unknown = |branch: &&Branch| {
        let plain =
            branch.allow_layers.iter().take(1).flatten().filter(|statement_use| matches_every_request(statement_use));
        let lists = |action: &String| {
            // A statement that exceeds a limit does not prove that the branch grants the action.
            plain.clone().any(|statement_use| solver.may_list_unknown_action(statement_use, action) == Ok(true))
        };
        unknown.as_ref().is_some_and(|unknown| unknown.iter().all(lists))
    };
    let candidates: Vec<&Branch> = container.branches.iter().filter(grants_all).filter(grants_unknown).collect();
    let has_limits_of = |branch: &Branch, candidate: &Branch| {
        let has = |list: &Vec<StatementUse>| branch.allow_layers.iter().any(|own_list| is_same_list(own_list, list));
        candidate.allow_layers.iter().skip(1).all(has)
            && candidate.deny_statements.iter().all(|statement_use| {
                branch.deny_statements.iter().any(|own_use| is_same_statement(own_use, statement_use))
            })
    };
    access.branches.iter().all(|branch| candidates.iter().any(|candidate| has_limits_of(branch, candidate)))
}

/// The actions of the granting statements that are not in the catalog. None if a pattern exceeds the solver's limits.
pub(crate) fn find_uncataloged_actions(solver: &Solver<'_>, access: &Access) -> Option<Vec<String>> {
    let granting = access.branches.iter().flat_map(|branch| branch.allow_layers.iter().flatten());
    let unknown_by_statement: Option<Vec<Vec<String>>> =
        // `None` makes the bound incomplete: then the solver decides.
        granting.map(|statement_use| solver.unknown_actions(statement_use).ok()).collect();
    unknown_by_statement.map(|all| all.concat())
}

fn is_same_list(first: &[StatementUse], second: &[StatementUse]) -> bool {
    first.len() == second.len() && first.iter().zip(second).all(|(first, second)| is_same_statement(first, second))
}

/// Whether two uses have the same statement, compared by the address of the document.
fn is_same_statement(first: &StatementUse, second: &StatementUse) -> bool {
    Arc::ptr_eq(&first.document, &second.document)
        && first.statement_index == second.statement_index
        && first.controlled_resources == second.controlled_resources
        && first.resource_scope.is_none()
        && second.resource_scope.is_none()
}

fn union(solver: &Solver<'_>, access: &Access, actions_of: impl Fn(&Branch) -> FixedBitSet) -> FixedBitSet {
    let mut all = FixedBitSet::with_capacity(solver.catalog.action_count());
    access.branches.iter().for_each(|branch| all.union_with(&actions_of(branch)));
    all
}

/// The actions that a statement lists if its patterns exceed the solver's limits. The solver then reports the question
/// as undecided.
#[derive(Copy, Clone, Eq, PartialEq)]
pub(crate) enum UnknownActions {
    AssumeAll,
    AssumeNone,
}

/// The actions that statements list: a superset with [`UnknownActions::AssumeAll`], a subset with `AssumeNone`.
pub(crate) fn collect_listed_actions<'s>(
    solver: &Solver<'_>,
    statements: impl Iterator<Item = &'s StatementUse>,
    unknown: UnknownActions,
) -> FixedBitSet {
    let mut bits = FixedBitSet::with_capacity(solver.catalog.action_count());
    for statement_use in statements {
        match solver.listed_actions(statement_use) {
            Ok(actions) => bits.union_with(&actions),
            Err(_) if unknown == UnknownActions::AssumeAll => bits.insert_range(..),
            // A subset stays one without these actions.
            Err(_) => {}
        }
    }
    bits
}

/// Whether a statement matches every request for its actions.
fn matches_every_request(statement_use: &StatementUse) -> bool {
    let statement = statement_use.statement();
    statement_use.resource_scope.is_none()
        && statement_use.controlled_resources.is_none()
        && statement.conditions.is_empty()
        && !has_open_reading(statement)
        && is_on_all_resources(statement)
}

/// Whether a statement applies to all resources.
pub(crate) fn is_on_all_resources(statement: &Statement) -> bool {
    statement.resource.as_ref().is_none_or(|element| {
        element.kind == ElementKind::List && element.patterns.iter().any(|pattern| pattern.is_match_all())
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

    /// The numbers of actions in the lower and in the upper bound.
    fn bounds(statements: &Value) -> (usize, usize) {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let document = PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap();
        let access = Access::from_policies([(&Arc::new(document), 0)]);
        let solver = Solver::new(Catalog::embedded());
        (action_lower_bound(&solver, &access).count_ones(..), action_upper_bound(&solver, &access).count_ones(..))
    }

    #[test]
    fn unparsable_actions_are_neither_certain_nor_excluded() {
        let all = Catalog::embedded().action_count();
        // More distinct characters than the solver's alphabet has.
        let unsupported_characters: String = (0..200).filter_map(|i| char::from_u32(0x4e00 + i)).collect();
        let statement = |effect: &str, action: &str| json!({ "Effect": effect, "Action": action, "Resource": "*" });
        let unsupported = format!("s3:*{unsupported_characters}");
        assert_eq!(bounds(&json!([statement("Allow", "*")])), (all, all));
        assert_eq!(bounds(&json!([statement("Allow", &unsupported)])), (0, all));
        assert_eq!(bounds(&json!([statement("Allow", "*"), statement("Deny", &unsupported)])), (0, all));
        assert_eq!(bounds(&json!([statement("Allow", "*"), statement("Deny", "*")])), (0, 0));
    }

    fn document(statements: &Value) -> Arc<PolicyDocument> {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        Arc::new(PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap())
    }

    /// The access of a policy, restricted by a permissions boundary and the Deny of an SCP.
    fn limited(policy: &Arc<PolicyDocument>, boundary: &Arc<PolicyDocument>, scp: &Arc<PolicyDocument>) -> Access {
        let mut branch = Branch::from_policies([(policy, 0)]);
        branch.add_allows(1, boundary, 1);
        branch.add_denies(scp, 2);
        Access { branches: vec![branch] }
    }

    #[test]
    fn same_limits_and_allow_all_is_an_upper_bound() {
        let solver = Solver::new(Catalog::embedded());
        let allow = |actions: Value| document(&json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]));
        let contained = |access: &Access, container: &Access| {
            is_contained(&solver, access, &action_upper_bound(&solver, access), container)
        };
        let boundary = allow(json!(["s3:*", "ec2:*"]));
        let regions = json!({ "StringNotEquals": { "aws:RequestedRegion": "eu-central-1" } });
        let deny = |condition: &Value| {
            document(&json!([{ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition }]))
        };
        let scp = deny(&regions);
        let (all, some) = (allow(json!("*")), allow(json!(["s3:Get*", "iam:CreateUser"])));
        let narrow = limited(&some, &boundary, &scp);
        assert!(contained(&narrow, &limited(&all, &boundary, &scp)));
        // The boundary allows no iam actions.
        assert!(contained(&narrow, &limited(&allow(json!("s3:*")), &boundary, &scp)));
        assert!(!contained(&narrow, &limited(&allow(json!("s3:GetObject")), &boundary, &scp)));
        // The same text in another document counts as a different layer.
        assert!(!contained(&narrow, &limited(&all, &boundary, &deny(&regions))));
        assert!(!contained(&narrow, &limited(&all, &allow(json!("s3:*")), &scp)));
        // One limit is missing.
        assert!(!contained(&Access::from_policies([(&some, 0)]), &limited(&all, &boundary, &scp)));
        assert!(contained(&narrow, &Access::from_policies([(&all, 0)])));
        // The container has a condition.
        let when = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": regions }]);
        assert!(!contained(&narrow, &limited(&document(&when), &boundary, &scp)));
    }

    #[test]
    fn uncataloged_actions_are_matched_by_name() {
        let solver = Solver::new(Catalog::embedded());
        let allow = |actions: Value| {
            let policy = document(&json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]));
            Access::from_policies([(&policy, 0)])
        };
        let contained = |access: &Access, container: &Access| {
            is_contained(&solver, access, &action_upper_bound(&solver, access), container)
        };
        let unknown = allow(json!(["s3:GetObject", "s3:UncatalogedAction"]));
        assert!(contained(&unknown, &allow(json!("s3:*"))));
        assert!(!contained(&unknown, &allow(json!(["s3:GetObject", "s3:List*"]))));
        assert!(contained(&unknown, &unknown.clone()));
    }
}
