//! On which of many things an action is allowed. Things that the same statements match are decided once.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::decision_key::DecisionKey;
use super::effective::{BUDGET, EffectiveAccess};
use crate::access::{KeyFact, KnownContext, decide_condition};
use crate::catalog::ActionId;
use crate::iam::{Condition, ContextKey, ElementKind, Statement, Template, TemplatePart};
use crate::reach::graph::{CachedAnswer, Graph};
use crate::reach::model::arn_index::ArnIndex;
use crate::solve::{
    Access, ActionWorld, AnswerDetail, Branch, Question, StatementUse, UndecidedReason, build_allow_all,
};

/// A question about many things.
pub(crate) struct ResourceQuery<'q> {
    pub(crate) graph: &'q Graph<'q>,
    pub(crate) effective: &'q EffectiveAccess<'q>,
    pub(crate) action: ActionId,
    /// The part of the principal's access that speaks of the action ([`super::effective::speaking`]).
    pub(crate) access: &'q Access,
    pub(crate) arn_index: &'q ArnIndex,
    /// Those that are asked about.
    pub(crate) candidates: &'q FixedBitSet,
    /// What is known of a key in a request on one of them, beyond what is known of every request.
    pub(crate) facts: &'q ContextFacts<'q>,
}

/// What is known of a key in a request on something.
pub(crate) type ContextFacts<'f> = dyn Fn(usize, &ContextKey) -> Option<KeyFact> + Sync + 'f;

/// Keys that tell what the thing itself is like: where a condition asks for one, each thing is asked about.
const RESOURCE_KEYS: [&str; 3] = ["aws:resourcetag/", "iam:resourcetag/", "iam:permissionsboundary"];

fn is_resource_key(key: &ContextKey) -> bool {
    RESOURCE_KEYS.iter().any(|name| key.lower().starts_with(name))
}

/// What one statement says of the things.
#[derive(Clone)]
struct StatementMatch<'q> {
    statement_use: &'q StatementUse,
    matched: Arc<FixedBitSet>,
    /// Whether it matches these and no others, whatever the request.
    is_exact: bool,
    /// Whether it holds for whatever request on them.
    is_unconditional: bool,
    /// Whether each of them must be asked about.
    is_resource_specific: bool,
}

/// What the statements of a branch say.
struct BranchMatch<'q> {
    allow_layers: Vec<Vec<StatementMatch<'q>>>,
    deny_statements: Vec<StatementMatch<'q>>,
}

impl ResourceQuery<'_> {
    /// Those on which it is allowed.
    pub(crate) fn find_allowed(&self, undecided: &mut BTreeSet<UndecidedReason>) -> FixedBitSet {
        let mut allowed = self.arn_index.empty_set();
        if self.candidates.is_clear() {
            return allowed;
        }
        let to_match = |branch| self.match_branch(branch);
        let branches: Vec<BranchMatch<'_>> = self.access.branches.iter().map(to_match).collect();
        let mut classes = vec![self.candidates.clone()];
        for statement_match in branches.iter().flat_map(BranchMatch::statements) {
            refine_classes(&mut classes, &statement_match.matched);
        }
        for class in classes {
            let Some(first) = class.minimum() else { continue };
            let residual: Vec<BranchMatch<'_>> = match compute_residual(&branches, first) {
                Residual::Allowed => {
                    allowed.union_with(&class);
                    continue;
                }
                Residual::Denied => continue,
                Residual::Undecided(residual) => residual,
            };
            let access = Access { branches: residual.iter().map(BranchMatch::to_branch).collect() };
            let exact =
                residual.iter().flat_map(BranchMatch::statements).all(|statement_match| statement_match.is_exact);
            if residual
                .iter()
                .flat_map(BranchMatch::statements)
                .any(|statement_match| statement_match.is_resource_specific)
            {
                for resource in class.ones() {
                    if self.is_allowed_on(&access, resource, exact, undecided) {
                        allowed.insert(resource);
                    }
                }
            } else if self.is_allowed_on(&access, first, exact, undecided) {
                allowed.union_with(&class);
            }
        }
        allowed
    }

    /// Whether it is allowed on a thing. Where every statement matches exactly, all that counts of the thing's ARN is
    /// its account.
    fn is_allowed_on(
        &self,
        access: &Access,
        resource: usize,
        exact: bool,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let solver = self.graph.solver;
        let arn = self.arn_index.arn(resource);
        let arn_part = if exact { arn.split(':').nth(4).unwrap_or_default() } else { arn };
        let query_key = (self.action, arn_part.to_owned());
        let decision_key =
            DecisionKey::new(&access.branches, self.effective.partition, |key| self.fact_for(resource, key));
        let answer = self.graph.answers.get_or_compute((query_key, decision_key), || {
            let known = add_context_facts(self.effective.known, access, resource, self.facts);
            let answer = solver.answer(&Question {
                effective: access,
                declared: &Access::default(),
                known: &known,
                partition: Some(self.effective.partition),
                world: ActionWorld::Existing,
                single_request: Some((&solver.catalog.full_name(self.action), arn)),
                budget: BUDGET,
                detail: AnswerDetail::Verdict,
                witness_account: None,
                replay: None,
            });
            Arc::new(CachedAnswer { allowed: !answer.grants.is_empty(), undecided: answer.undecided })
        });
        undecided.extend(answer.undecided.iter().cloned());
        answer.allowed
    }

    fn match_branch<'q>(&self, branch: &'q Branch) -> BranchMatch<'q> {
        let allow_layers = branch
            .allow_layers
            .iter()
            .map(|list| list.iter().map(|statement_use| self.match_statement(statement_use)).collect())
            .collect();
        BranchMatch {
            allow_layers: allow_layers,
            deny_statements: branch
                .deny_statements
                .iter()
                .map(|statement_use| self.match_statement(statement_use))
                .collect(),
        }
    }

    fn match_statement<'q>(&self, statement_use: &'q StatementUse) -> StatementMatch<'q> {
        let statement = statement_use.statement();
        let (matched, exact) = self.find_matched(statement);
        let each = !exact || statement.keys().any(is_resource_key);
        let mut has_undecided_condition = false;
        for condition in &statement.conditions {
            match self.decide_for_candidates(condition) {
                Some(true) => {}
                Some(false) => {
                    let matched = Arc::new(self.arn_index.empty_set());
                    return StatementMatch {
                        statement_use: statement_use,
                        matched,
                        is_exact: true,
                        is_unconditional: false,
                        is_resource_specific: false,
                    };
                }
                None => has_undecided_condition = true,
            }
        }
        StatementMatch {
            statement_use: statement_use,
            matched,
            is_exact: exact,
            is_unconditional: exact && !has_undecided_condition,
            is_resource_specific: each,
        }
    }

    /// Whether a condition holds in every such request, or in none; nothing where requests or things differ.
    fn decide_for_candidates(&self, condition: &Condition) -> Option<bool> {
        let resource = self.candidates.minimum().filter(|_| !is_resource_key(&condition.key))?;
        decide_condition(condition, &self.fact_for(resource, &condition.key))
    }

    /// What is known of a key in a request on a thing.
    fn fact_for(&self, resource: usize, key: &ContextKey) -> KeyFact {
        (self.facts)(resource, key).unwrap_or_else(|| self.effective.known.fact(key))
    }

    /// The things that the resources of a statement match, and whether these are all of them exactly.
    fn find_matched(&self, statement: &Statement) -> (Arc<FixedBitSet>, bool) {
        let everything = || self.arn_index.find_matching("*");
        let Some(element) = &statement.resource else { return (everything(), true) };
        let globs: Vec<Option<String>> = element.patterns.iter().map(|pattern| self.resolve_glob(pattern)).collect();
        match (element.kind, globs.as_slice()) {
            (ElementKind::List, [Some(glob)]) => (self.arn_index.find_matching(glob), true),
            (ElementKind::List, _) => {
                let mut found = self.arn_index.empty_set();
                let exact = globs.iter().all(Option::is_some);
                for (glob, pattern) in globs.iter().zip(&element.patterns) {
                    match glob {
                        Some(glob) => found.union_with(&self.arn_index.find_matching(glob)),
                        None => found.union_with(&self.arn_index.find_matching(&to_wider_glob(pattern))),
                    }
                }
                (Arc::new(found), exact)
            }
            (ElementKind::NotList, _) => {
                let mut found = (*everything()).clone();
                globs.iter().flatten().for_each(|glob| found.difference_with(&self.arn_index.find_matching(glob)));
                (Arc::new(found), globs.iter().all(Option::is_some))
            }
        }
    }

    /// A pattern as a glob with its variables replaced; none where one is not known.
    fn resolve_glob(&self, pattern: &Template) -> Option<String> {
        let mut glob = String::new();
        for part in pattern.parts() {
            match part {
                TemplatePart::Literal(text) if text.contains(['*', '?']) => return None,
                TemplatePart::Literal(text) => glob.push_str(text),
                TemplatePart::AnyString => glob.push('*'),
                TemplatePart::AnyChar => glob.push('?'),
                TemplatePart::Variable { key, .. } => match self.effective.known.fact(key) {
                    KeyFact::Value(value) if !value.contains(['*', '?']) => glob.push_str(&value),
                    _ => return None,
                },
            }
        }
        Some(glob)
    }
}

/// What is known of a request on a thing: what is known of every request, and the facts about the keys that some
/// statement names.
pub(crate) fn add_context_facts(
    known: &KnownContext,
    access: &Access,
    resource: usize,
    facts: &ContextFacts<'_>,
) -> KnownContext {
    let mut known = known.clone();
    for key in access.uses().map(StatementUse::statement).flat_map(Statement::keys) {
        if let Some(fact) = facts(resource, key) {
            known.set(key.as_written(), fact);
        }
    }
    known
}

/// A pattern as a glob that matches at least as much.
fn to_wider_glob(pattern: &Template) -> String {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.replace(['*', '?'], "?"),
        TemplatePart::AnyChar => "?".to_owned(),
        TemplatePart::AnyString | TemplatePart::Variable { .. } => "*".to_owned(),
    };
    pattern.parts().iter().map(part).collect()
}

/// Splits blocks into what a set holds and what it does not.
fn refine_classes(classes: &mut Vec<FixedBitSet>, set: &FixedBitSet) {
    for i in 0..classes.len() {
        let Some(class) = classes.get_mut(i) else { continue };
        if class.is_disjoint(set) || class.is_subset(set) {
            continue;
        }
        let mut inside = class.clone();
        inside.intersect_with(set);
        class.difference_with(set);
        classes.push(inside);
    }
}

impl<'q> BranchMatch<'q> {
    fn statements(&self) -> impl Iterator<Item = &StatementMatch<'q>> {
        self.allow_layers.iter().flatten().chain(&self.deny_statements)
    }

    fn to_branch(&self) -> Branch {
        let list = |list: &[StatementMatch<'_>]| {
            list.iter().map(|statement_match| statement_match.statement_use.clone()).collect::<Vec<_>>()
        };
        let mut allow_layers: Vec<Vec<StatementUse>> =
            self.allow_layers.iter().map(|statement_matches| list(statement_matches)).collect();
        if allow_layers.is_empty() {
            allow_layers.push(build_allow_all());
        }
        Branch {
            allow_layers: allow_layers,
            deny_statements: list(&self.deny_statements),
            scope_exclusions: Vec::new(),
        }
    }
}

/// What the statements leave to be asked of a thing.
enum Residual<'q> {
    Allowed,
    Denied,
    /// What the conditions and variables of these decide.
    Undecided(Vec<BranchMatch<'q>>),
}

/// What is left of the branches on a thing, without the statements that do not match it and the lists that one
/// statement meets for certain.
fn compute_residual<'q>(branches: &[BranchMatch<'q>], resource: usize) -> Residual<'q> {
    let mut undecided = Vec::new();
    for BranchMatch { allow_layers: require, deny_statements: forbid } in branches {
        let matching = |list: &[StatementMatch<'q>]| -> Vec<StatementMatch<'q>> {
            list.iter().filter(|statement_match| statement_match.matched.contains(resource)).cloned().collect()
        };
        let require: Vec<Vec<StatementMatch<'q>>> = require.iter().map(|list| matching(list)).collect();
        let forbid = matching(forbid);
        if require.iter().any(Vec::is_empty) || forbid.iter().any(|said| said.is_unconditional) {
            continue;
        }
        let is_undecided =
            |list: &Vec<StatementMatch<'q>>| !list.iter().any(|statement_match| statement_match.is_unconditional);
        let require: Vec<Vec<StatementMatch<'q>>> = require.into_iter().filter(is_undecided).collect();
        if require.is_empty() && forbid.is_empty() {
            return Residual::Allowed;
        }
        undecided.push(BranchMatch { allow_layers: require, deny_statements: forbid });
    }
    if undecided.is_empty() { Residual::Denied } else { Residual::Undecided(undecided) }
}
