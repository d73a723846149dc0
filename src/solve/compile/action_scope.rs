//! An access formula without the statements that do not matter for some actions.

use fixedbitset::FixedBitSet;

use super::solver::Solver;
use crate::solve::access::formula::{Access, Branch, StatementUse};
use crate::solve::budget::LimitExceeded;

impl Solver<'_> {
    /// The statements of a formula that list an action which `scope` allows. The result allows the same requests as
    /// `access` for the actions of `scope`, and other requests for other actions. Returns all of `access` if that
    /// cannot be decided.
    pub(crate) fn restrict_to_actions_of(&self, access: &Access, scope: &Access) -> Access {
        match self.find_relevant_statements(access, scope) {
            Ok(Some(restricted)) => restricted,
            // All statements are a valid answer: the restriction only saves time.
            Ok(None) | Err(LimitExceeded) => access.clone(),
        }
    }

    /// None if an action that the catalog does not know is involved.
    fn find_relevant_statements(&self, access: &Access, scope: &Access) -> Result<Option<Access>, LimitExceeded> {
        // Any pattern may match an action that the catalog does not know.
        for statement_use in access.uses().chain(scope.uses()) {
            for action in self.unknown_actions(statement_use)? {
                for scope_use in scope.uses() {
                    if self.may_list_unknown_action(scope_use, &action)? {
                        return Ok(None);
                    }
                }
            }
        }
        let mut scope_actions = FixedBitSet::with_capacity(self.catalog.action_count());
        for statement_use in scope.branches.iter().flat_map(|branch| branch.allow_layers.iter().flatten()) {
            scope_actions.union_with(&*self.listed_actions(statement_use)?);
        }
        let restrict = |list: &Vec<StatementUse>| {
            let mut kept = Vec::new();
            for statement_use in list {
                if !self.listed_actions(statement_use)?.is_disjoint(&scope_actions) {
                    kept.push(statement_use.clone());
                }
            }
            Ok(kept)
        };
        let restrict_branch = |branch: &Branch| {
            Ok(Branch {
                allow_layers: branch.allow_layers.iter().map(restrict).collect::<Result<_, LimitExceeded>>()?,
                deny_statements: restrict(&branch.deny_statements)?,
                scope_exclusions: branch.scope_exclusions.clone(),
            })
        };
        let branches = access.branches.iter().map(restrict_branch).collect::<Result<_, LimitExceeded>>()?;
        Ok(Some(Access { branches }))
    }
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
        let find_kept = |statements: Value, scope: Value| -> Vec<usize> {
            let scope = parse_access(&json!([build_statement("Allow", scope)]));
            let restricted = solver.restrict_to_actions_of(&parse_access(&statements), &scope);
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
        // A pattern of another statement may match an action that the catalog does not know.
        let named = json!([
            build_statement("Allow", json!("s3:DoWhat*")),
            build_statement("Allow", json!("s3:DoWhatIsUnknown"))
        ]);
        assert_eq!(find_kept(named.clone(), json!("s3:*")), [0, 1]);
        assert_eq!(find_kept(named, json!("iam:*")), [] as [usize; 0]);
    }

    fn statement_indices(access: &Access) -> Vec<usize> {
        access.uses().map(|statement_use| statement_use.statement_index).collect()
    }
}
