//! Sides of a question, made out of others.

use fixedbitset::FixedBitSet;

use crate::iam::ElementKind;
use crate::solve::{Access, Branch, Solver, StatementUse};

/// What both sides allow.
pub(crate) fn intersect(left: &Access, right: &Access) -> Access {
    let intersect_branches = |a: &Branch, b: &Branch| Branch {
        allow_layers: a.allow_layers.iter().chain(&b.allow_layers).cloned().collect(),
        deny_statements: a.deny_statements.iter().chain(&b.deny_statements).cloned().collect(),
        scope_exclusions: a.scope_exclusions.iter().chain(&b.scope_exclusions).cloned().collect(),
    };
    Access {
        branches: left
            .branches
            .iter()
            .flat_map(|a| right.branches.iter().map(move |b| intersect_branches(a, b)))
            .collect(),
    }
}

/// The statements of an access that speak of what a part is about; of its other actions nothing is asked.
pub(crate) fn restrict_to_actions_of(solver: &Solver<'_>, access: &Access, scope: &Access) -> Access {
    // An action that the catalog does not know may be meant by any pattern.
    let is_listed_in_scope = |action: &String| {
        scope.uses().any(|statement_use| {
            solver.may_list_unknown_action(&statement_use.document, statement_use.statement_index, action)
        })
    };
    let may_list_unknown_action = |statement_use: &StatementUse| match solver
        .unknown_actions(&statement_use.document, statement_use.statement_index)
    {
        Some(unknown) => unknown.iter().any(is_listed_in_scope),
        None => true,
    };
    if access.uses().chain(scope.uses()).any(may_list_unknown_action) {
        return access.clone();
    }
    let mut scope_actions = FixedBitSet::with_capacity(solver.catalog.action_count());
    for statement_use in scope.branches.iter().flat_map(|branch| branch.allow_layers.iter().flatten()) {
        if let Some(listed) = solver.listed_actions(&statement_use.document, statement_use.statement_index) {
            scope_actions.union_with(&listed);
        }
    }
    let lists_scope_action = |statement_use: &&StatementUse| {
        solver
            .listed_actions(&statement_use.document, statement_use.statement_index)
            .is_none_or(|listed| !listed.is_disjoint(&scope_actions))
    };
    let restrict = |list: &Vec<StatementUse>| list.iter().filter(lists_scope_action).cloned().collect();
    let restrict_branch = |branch: &Branch| Branch {
        allow_layers: branch.allow_layers.iter().map(restrict).collect(),
        deny_statements: restrict(&branch.deny_statements),
        scope_exclusions: branch.scope_exclusions.clone(),
    };
    Access { branches: access.branches.iter().map(restrict_branch).collect() }
}

/// The access without some policies.
pub(crate) fn exclude_policies(access: &Access, is_excluded: impl Fn(usize) -> bool) -> Access {
    let mut remaining = access.clone();
    for branch in &mut remaining.branches {
        for list in branch.allow_layers.iter_mut().chain([&mut branch.deny_statements]) {
            list.retain(|statement_use| !is_excluded(statement_use.policy_index));
        }
    }
    remaining
}

/// The access that is granted by some statements only; all the other layers as they are.
pub(crate) fn restrict_grants(access: &Access, keep: impl Fn(&StatementUse) -> bool) -> Access {
    let mut restricted = access.clone();
    for list in restricted.branches.iter_mut().filter_map(|branch| branch.allow_layers.first_mut()) {
        list.retain(&keep);
    }
    restricted
}

/// The access by its granting statements alone.
pub(crate) fn grants_only(mut access: Access) -> Access {
    for branch in &mut access.branches {
        branch.allow_layers.truncate(1);
        branch.deny_statements.clear();
        branch.scope_exclusions.clear();
    }
    access
}

/// The access by those granting statements that can allow an action that does not exist yet.
pub(crate) fn wildcard_grants(access: &Access, keep: impl Fn((usize, usize)) -> bool) -> Access {
    restrict_grants(access, |statement_use| {
        let element = statement_use.statement().map(|s| &s.action);
        let has_wildcard =
            element.is_some_and(|e| e.kind == ElementKind::NotList || e.patterns.iter().any(|p| !p.is_literal()));
        has_wildcard && keep((statement_use.policy_index, statement_use.statement_index))
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

    fn parse_access(statements: &Value) -> Access {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let document = PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap();
        Access::from_policies([(&Arc::new(document), 0)])
    }

    #[test]
    fn restriction_keeps_statements_that_list_actions_in_scope() {
        let solver = Solver::new(Catalog::embedded());
        let build_statement =
            |effect: &str, action: Value| json!({ "Effect": effect, "Action": action, "Resource": "*" });
        let find_kept = |statements: Value, part: Value| -> Vec<usize> {
            let part = parse_access(&json!([build_statement("Allow", part)]));
            let restricted = restrict_to_actions_of(&solver, &parse_access(&statements), &part);
            statement_indices(&restricted)
        };
        let three = json!([
            build_statement("Allow", json!("s3:Get*")),
            build_statement("Allow", json!("iam:*")),
            build_statement("Deny", json!("sqs:*"))
        ]);
        assert_eq!(find_kept(three.clone(), json!("iam:CreateUser")), [1]);
        assert_eq!(find_kept(three.clone(), json!(["s3:*", "sqs:SendMessage"])), [0, 2]);
        assert_eq!(find_kept(three, json!("*")), [0, 1, 2]);
        // An action that the catalog does not know may be what another statement's pattern means.
        let named = json!([
            build_statement("Allow", json!("s3:DoWhat*")),
            build_statement("Allow", json!("s3:DoWhatIsNotKnown"))
        ]);
        assert_eq!(find_kept(named.clone(), json!("s3:*")), [0, 1]);
        assert_eq!(find_kept(named, json!("iam:*")), [] as [usize; 0]);
    }

    fn statement_indices(access: &Access) -> Vec<usize> {
        access.uses().map(|statement_use| statement_use.statement_index).collect()
    }
}
