//! Whether an action is allowed on at least one resource, for techniques that create or choose the resource.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use super::action_bounds::is_on_all_resources;
use super::cached_answer::{CachedAnswer, QueryTarget};
use super::effective::{EffectiveAccess, RequiredLayers, restrict_to_action};
use super::world::World;
use crate::access::decide_condition;
use crate::catalog::ActionId;
use crate::iam::PolicyDocument;
use crate::solve::{Access, Branch, StatementUse, UndecidedReason, build_allow_all, has_open_reading};

/// What no question is asked about. There are some hundreds for each state.
static ALLOWED: LazyLock<Arc<CachedAnswer>> = LazyLock::new(|| decided_answer(true));
static DENIED: LazyLock<Arc<CachedAnswer>> = LazyLock::new(|| decided_answer(false));

fn decided_answer(allowed: bool) -> Arc<CachedAnswer> {
    Arc::new(CachedAnswer { allowed, undecided: Vec::new() })
}

/// Whether a statement matches requests for its actions, as far as the known context decides it.
#[derive(Clone, Copy, Eq, PartialEq)]
enum MatchCertainty {
    Always,
    Never,
    Sometimes,
}

impl World<'_> {
    /// Whether an action of a technique is allowed on at least one resource.
    pub(crate) fn is_allowed_on_any_resource(
        &self,
        effective: &EffectiveAccess<'_>,
        action: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        // The catalog lists the actions of all techniques (a test checks this), and `complements` has one policy each.
        let Some(id) = self.find_action(action) else { return false };
        let Some(complement) = self.complements.get(id).filter(|_| effective.upper_bound.contains(id.0 as usize))
        else {
            return false;
        };
        let answer = match effective.has_own_context {
            true => {
                effective.any_resource.get_or_compute(id, || self.decide_on_any_resource(effective, id, complement))
            }
            false => self.decide_on_any_resource(effective, id, complement),
        };
        undecided.extend(answer.undecided.iter().cloned());
        answer.allowed
    }

    fn decide_on_any_resource(
        &self,
        effective: &EffectiveAccess<'_>,
        id: ActionId,
        complement: &Arc<PolicyDocument>,
    ) -> Arc<CachedAnswer> {
        let decided = |allowed| Arc::clone(if allowed { &ALLOWED } else { &DENIED });
        let access = restrict_to_action(self.solver, effective, id, RequiredLayers::IdentityAndBoundary);
        let branches: Vec<Branch> =
            access.branches.into_iter().filter_map(|branch| simplify_branch(effective, branch)).collect();
        if branches.iter().any(|branch| branch.allow_layers.is_empty() && branch.deny_statements.is_empty()) {
            return decided(true);
        }
        let with_allow_layer = |mut branch: Branch| {
            if branch.allow_layers.is_empty() {
                branch.allow_layers.push(build_allow_all());
            }
            branch
        };
        let access = Access { branches: branches.into_iter().map(with_allow_layer).collect() };
        if access.branches.is_empty() {
            return decided(false);
        }
        let decision_key =
            self.decision_keys.make_key(&access.branches, effective.partition, |key| effective.known.fact(key));
        self.answers.get_or_compute((id, QueryTarget::AnyResource, decision_key), || {
            let excluded = Access::from_policies([(complement, 0)]);
            let answer = self.solver.answer(&self.build_question(effective, &access, &excluded));
            Arc::new(CachedAnswer { allowed: !answer.grants.is_empty(), undecided: answer.undecided })
        })
    }
}

/// The branch without statements and layers that the known context decides. None if the branch allows nothing.
fn simplify_branch(effective: &EffectiveAccess<'_>, branch: Branch) -> Option<Branch> {
    let certainty = |statement_use: &StatementUse| compute_match_certainty(effective, statement_use);
    let mut allow_layers = Vec::with_capacity(branch.allow_layers.len());
    for mut layer in branch.allow_layers {
        if layer.iter().any(|statement_use| certainty(statement_use) == MatchCertainty::Always) {
            continue;
        }
        layer.retain(|statement_use| certainty(statement_use) != MatchCertainty::Never);
        if layer.is_empty() {
            return None;
        }
        allow_layers.push(layer);
    }
    let mut deny_statements = branch.deny_statements;
    if deny_statements.iter().any(|statement_use| certainty(statement_use) == MatchCertainty::Always) {
        return None;
    }
    deny_statements.retain(|statement_use| certainty(statement_use) != MatchCertainty::Never);
    Some(Branch { allow_layers, deny_statements, scope_exclusions: Vec::new() })
}

fn compute_match_certainty(effective: &EffectiveAccess<'_>, statement_use: &StatementUse) -> MatchCertainty {
    let statement = statement_use.statement();
    let mut always = is_on_all_resources(statement) && !has_open_reading(statement);
    for condition in &statement.conditions {
        let is_open = effective.known.has_alternative(&condition.key);
        let decided = || decide_condition(condition, &effective.known.fact(&condition.key));
        match (!is_open).then(decided).flatten() {
            Some(true) => {}
            Some(false) => return MatchCertainty::Never,
            None => always = false,
        }
    }
    if always { MatchCertainty::Always } else { MatchCertainty::Sometimes }
}
