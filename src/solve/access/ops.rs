//! Operations on access formulas: intersection, and restriction to some statements.

use super::formula::{Access, Branch, PolicyIndex, StatementId, StatementUse};
use crate::iam::ElementKind;

impl Access {
    /// The requests that both formulas allow. The statements of `self` are the granting statements.
    pub(crate) fn intersect(&self, other: &Access) -> Access {
        let intersect_branches = |a: &Branch, b: &Branch| Branch {
            allow_layers: a.allow_layers.iter().chain(&b.allow_layers).cloned().collect(),
            deny_statements: a.deny_statements.iter().chain(&b.deny_statements).cloned().collect(),
            scope_exclusions: a.scope_exclusions.iter().chain(&b.scope_exclusions).cloned().collect(),
        };
        let pairs = self.branches.iter().flat_map(|a| other.branches.iter().map(move |b| (a, b)));
        Access { branches: pairs.map(|(a, b)| intersect_branches(a, b)).collect() }
    }

    /// The formula without the statements of some policies.
    pub(crate) fn exclude_policies(&self, is_excluded: impl Fn(PolicyIndex) -> bool) -> Access {
        let mut remaining = self.clone();
        for branch in &mut remaining.branches {
            for list in branch.allow_layers.iter_mut().chain([&mut branch.deny_statements]) {
                list.retain(|statement_use| !is_excluded(statement_use.policy_index));
            }
        }
        remaining
    }

    /// The formula with some granting statements only. The other layers are unchanged.
    pub(crate) fn restrict_grants(&self, keep: impl Fn(&StatementUse) -> bool) -> Access {
        let mut restricted = self.clone();
        for list in restricted.branches.iter_mut().filter_map(|branch| branch.allow_layers.first_mut()) {
            list.retain(&keep);
        }
        restricted
    }

    /// The granting statements alone, without the layers that limit them.
    pub(crate) fn grants_only(mut self) -> Access {
        for branch in &mut self.branches {
            branch.allow_layers.truncate(1);
            branch.deny_statements.clear();
            branch.scope_exclusions.clear();
        }
        self
    }

    /// The formula with those granting statements only that can allow a future action. `keep` takes the id of the
    /// statement.
    pub(crate) fn wildcard_grants(&self, keep: impl Fn(StatementId) -> bool) -> Access {
        self.restrict_grants(|statement_use| {
            let element = &statement_use.statement().action;
            let has_wildcard = element.kind == ElementKind::NotList || element.patterns.iter().any(|p| !p.is_literal());
            has_wildcard && keep((statement_use.policy_index, statement_use.statement_index))
        })
    }
}
