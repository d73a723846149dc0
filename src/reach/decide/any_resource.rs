//! Whether someone may do a thing on whatever there is: no target is known, any will do.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::action_bounds::is_on_all_resources;
use super::decision_key::DecisionKey;
use super::effective::{BUDGET, EffectiveAccess, RequiredLayers, restrict_to_action};
use crate::access::decide_condition;
use crate::catalog::{ActionId, Catalog};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{PolicyDocument, Statement};
use crate::reach::graph::{CachedAnswer, Graph, INSTANCE_PROFILE_ACTIONS};
use crate::reach::model::technique::techniques;
use crate::solve::{
    Access, ActionWorld, AnswerDetail, Branch, Question, StatementUse, UndecidedReason, build_allow_all,
};

/// For each action that paths ask on whatever there is a policy that allows all others.
pub(crate) struct ComplementPolicies(FxHashMap<ActionId, Arc<PolicyDocument>>);

impl ComplementPolicies {
    pub(crate) fn new(catalog: &Catalog) -> ComplementPolicies {
        let actions = techniques()
            .iter()
            .filter(|technique| !technique.has_target_resource())
            .flat_map(|path| &path.required_actions);
        let unique_actions: BTreeSet<&str> = actions.map(String::as_str).chain(INSTANCE_PROFILE_ACTIONS).collect();
        ComplementPolicies(
            unique_actions
                .into_iter()
                .filter_map(|action| Some((catalog.find_action(action)?, allow_all_except(action))))
                .collect(),
        )
    }
}

/// A policy that allows every action but one.
pub(crate) fn allow_all_except(action: &str) -> Arc<PolicyDocument> {
    let statement = Statement::allow(ActionElement::all_except(action), ResourceElement::any());
    Arc::new(PolicyDocument::from_statements("all other actions", vec![statement]))
}

/// How far what is known tells whether a statement matches.
#[derive(Clone, Copy, Eq, PartialEq)]
enum MatchCertainty {
    Always,
    Never,
    Sometimes,
}

impl Graph<'_> {
    /// Whether someone may do something that a path needs, on whatever there is.
    pub(crate) fn is_allowed_on_any_resource(
        &self,
        effective: &EffectiveAccess<'_>,
        action: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let Some(id) = self.solver.catalog.find_action(action) else { return false };
        let Some(complement) = self.complements.0.get(&id).filter(|_| effective.upper_bound.contains(id.0 as usize))
        else {
            return false;
        };
        let access = restrict_to_action(
            self.solver,
            &effective.access,
            id,
            RequiredLayers::IdentityAndBoundary,
            effective.layers.boundary.is_some(),
        );
        let branches: Vec<Branch> =
            access.branches.into_iter().filter_map(|branch| simplify_branch(effective, branch)).collect();
        if branches.iter().any(|branch| branch.allow_layers.is_empty() && branch.deny_statements.is_empty()) {
            return true;
        }
        let with_allow_layer = |mut branch: Branch| {
            if branch.allow_layers.is_empty() {
                branch.allow_layers.push(build_allow_all());
            }
            branch
        };
        let access = Access { branches: branches.into_iter().map(with_allow_layer).collect() };
        if access.branches.is_empty() {
            return false;
        }
        let query_key = (id, "something".to_owned());
        let decision_key = DecisionKey::new(&access.branches, effective.partition, |key| effective.known.fact(key));
        let answer = self.answers.get_or_compute((query_key, decision_key), || {
            let answer = self.solver.answer(&Question {
                effective: &access,
                declared: &Access::from_policies([(complement, 0)]),
                known: effective.known,
                partition: Some(effective.partition),
                world: ActionWorld::Existing,
                single_request: None,
                budget: BUDGET,
                detail: AnswerDetail::Verdict,
                witness_account: Some(effective.account),
                replay: None,
            });
            Arc::new(CachedAnswer { allowed: !answer.grants.is_empty(), undecided: answer.undecided })
        });
        undecided.extend(answer.undecided.iter().cloned());
        answer.allowed
    }
}

/// What of a branch decides; none where it allows nothing.
fn simplify_branch(effective: &EffectiveAccess<'_>, branch: Branch) -> Option<Branch> {
    let mut allow_layers = Vec::with_capacity(branch.allow_layers.len());
    for mut list in branch.allow_layers {
        if list.iter().any(|statement_use| compute_match_certainty(effective, statement_use) == MatchCertainty::Always)
        {
            continue;
        }
        list.retain(|statement_use| compute_match_certainty(effective, statement_use) != MatchCertainty::Never);
        if list.is_empty() {
            return None;
        }
        allow_layers.push(list);
    }
    let mut deny_statements = branch.deny_statements;
    if deny_statements
        .iter()
        .any(|statement_use| compute_match_certainty(effective, statement_use) == MatchCertainty::Always)
    {
        return None;
    }
    deny_statements.retain(|statement_use| compute_match_certainty(effective, statement_use) != MatchCertainty::Never);
    Some(Branch { allow_layers: allow_layers, deny_statements: deny_statements, scope_exclusions: Vec::new() })
}

fn compute_match_certainty(effective: &EffectiveAccess<'_>, statement_use: &StatementUse) -> MatchCertainty {
    let statement = statement_use.statement();
    let mut always = is_on_all_resources(statement);
    for condition in &statement.conditions {
        match decide_condition(condition, &effective.known.fact(&condition.key)) {
            Some(true) => {}
            Some(false) => return MatchCertainty::Never,
            None => always = false,
        }
    }
    if always { MatchCertainty::Always } else { MatchCertainty::Sometimes }
}
