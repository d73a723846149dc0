//! The resources, out of many, on which an action is allowed. Resources that the same statements match form an
//! equivalence class, which is decided once.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::cached_answer::{CachedAnswer, QueryTarget};
use super::context_facts::{ContextFacts, add_context_facts};
use super::effective::EffectiveAccess;
use super::world::World;
use crate::access::{KeyFact, decide_condition};
use crate::catalog::ActionId;
use crate::iam::{Condition, ContextKey, ElementKind, Statement, Template, TemplatePart};
use crate::reach::model::arn_index::ArnIndex;
use crate::solve::{
    Access, Branch, Question, StatementUse, UndecidedReason, build_allow_all, has_mid_segment_star, has_open_reading,
};

/// A question about one action and many resources.
pub(crate) struct ResourceQuery<'q> {
    pub(crate) world: &'q World<'q>,
    pub(crate) effective: &'q EffectiveAccess<'q>,
    pub(crate) action: ActionId,
    /// The principal's access for the action ([`super::effective::restrict_to_action`]).
    pub(crate) access: &'q Access,
    pub(crate) arn_index: &'q ArnIndex,
    /// The resources in question.
    pub(crate) candidates: &'q FixedBitSet,
    /// The facts about keys in a request on one of them, in addition to those about every request.
    pub(crate) facts: &'q ContextFacts<'q>,
}

/// Prefixes of keys about the resource itself. A condition on such a key is decided for each resource.
const RESOURCE_KEYS: [&str; 3] = ["aws:resourcetag/", "iam:resourcetag/", "iam:permissionsboundary"];

fn is_resource_key(key: &ContextKey) -> bool {
    RESOURCE_KEYS.iter().any(|name| key.lower().starts_with(name))
}

/// The candidates that a statement matches.
#[derive(Clone)]
struct StatementMatch<'q> {
    statement_use: &'q StatementUse,
    matched: Arc<FixedBitSet>,
    /// Whether the statement's resources match exactly these. Otherwise `matched` is a superset.
    is_exact: bool,
    /// Whether it matches every request on them.
    is_unconditional: bool,
    /// Whether each of them must be decided by itself.
    is_resource_specific: bool,
}

/// The candidates that the statements of a branch match.
struct BranchMatch<'q> {
    allow_layers: Vec<Vec<StatementMatch<'q>>>,
    deny_statements: Vec<StatementMatch<'q>>,
}

impl ResourceQuery<'_> {
    /// The candidates on which the action is allowed.
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

    /// Whether the action is allowed on a resource.
    ///
    /// `exact`: every statement matches exactly, so that only the account of the resource's ARN matters.
    fn is_allowed_on(
        &self,
        access: &Access,
        resource: usize,
        exact: bool,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let solver = self.world.solver;
        let arn = self.arn_index.arn(resource);
        let target = match arn.split(':').nth(4).filter(|_| exact) {
            Some(account) => QueryTarget::Account(account.to_owned()),
            None => QueryTarget::Arn(arn.to_owned()),
        };
        let decision_key = self
            .world
            .decision_keys
            .make_key(&access.branches, self.effective.partition, |key| self.fact_for(resource, key));
        let answer = self.world.answers.get_or_compute((self.action, target, decision_key), || {
            let known = add_context_facts(&self.effective.known, access, resource, self.facts);
            let answer = solver.answer(&Question {
                known: &known,
                single_request: Some((&solver.catalog.full_name(self.action), arn)),
                // Principals of other accounts use the answer, too.
                witness_account: None,
                ..self.world.build_question(self.effective, access, &Access::default())
            });
            Arc::new(CachedAnswer { allowed: !answer.grants.is_empty(), undecided: answer.undecided })
        });
        undecided.extend(answer.undecided.iter().cloned());
        answer.allowed
    }

    fn match_branch<'q>(&self, branch: &'q Branch) -> BranchMatch<'q> {
        let match_list = |list: &'q Vec<StatementUse>| {
            list.iter().map(|statement_use| self.match_statement(statement_use)).collect()
        };
        BranchMatch {
            allow_layers: branch.allow_layers.iter().map(match_list).collect(),
            deny_statements: match_list(&branch.deny_statements),
        }
    }

    fn match_statement<'q>(&self, statement_use: &'q StatementUse) -> StatementMatch<'q> {
        let matches_nothing = || StatementMatch {
            statement_use,
            matched: Arc::new(self.arn_index.empty_set()),
            is_exact: true,
            is_unconditional: false,
            is_resource_specific: false,
        };
        let statement = statement_use.statement();
        let (matched, is_exact) = self.find_matched(statement);
        let mut has_undecided_condition = false;
        for condition in &statement.conditions {
            match self.decide_for_candidates(condition) {
                Some(true) => {}
                Some(false) => return matches_nothing(),
                None => has_undecided_condition = true,
            }
        }
        StatementMatch {
            statement_use,
            matched,
            is_exact,
            is_unconditional: is_exact && !has_undecided_condition,
            is_resource_specific: !is_exact || statement.keys().any(is_resource_key),
        }
    }

    /// Whether a condition holds in every request on the candidates, or in none. None if requests or candidates differ.
    fn decide_for_candidates(&self, condition: &Condition) -> Option<bool> {
        let is_open = is_resource_key(&condition.key) || self.effective.known.has_alternative(&condition.key);
        let resource = self.candidates.minimum().filter(|_| !is_open)?;
        decide_condition(condition, &self.fact_for(resource, &condition.key))
    }

    /// The fact about a key in a request on a resource.
    fn fact_for(&self, resource: usize, key: &ContextKey) -> KeyFact {
        (self.facts)(resource, key).unwrap_or_else(|| self.effective.known.fact(key))
    }

    /// The resources that a statement matches, and whether the set is exact. Otherwise it is a superset.
    fn find_matched(&self, statement: &Statement) -> (Arc<FixedBitSet>, bool) {
        let everything = || self.arn_index.find_matching("*");
        if has_open_reading(statement) || (self.arn_index.has_colons_in_names() && has_mid_segment_star(statement)) {
            return (everything(), false);
        }
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

    /// A pattern as a glob, with the values of its policy variables. None if a value is unknown, or if a literal part
    /// contains a wildcard character.
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

/// A pattern as a glob that matches a superset.
fn to_wider_glob(pattern: &Template) -> String {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.replace(['*', '?'], "?"),
        TemplatePart::AnyChar => "?".to_owned(),
        TemplatePart::AnyString | TemplatePart::Variable { .. } => "*".to_owned(),
    };
    pattern.parts().iter().map(part).collect()
}

/// Splits each class into its members inside and outside of a set.
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
        Branch { allow_layers, deny_statements: list(&self.deny_statements), scope_exclusions: Vec::new() }
    }
}

/// The question about one resource that remains.
enum Residual<'q> {
    Allowed,
    Denied,
    /// The conditions and variables of these statements decide.
    Undecided(Vec<BranchMatch<'q>>),
}

/// Removes the statements that do not match a resource, and the layers that one statement satisfies in every request.
fn compute_residual<'q>(branches: &[BranchMatch<'q>], resource: usize) -> Residual<'q> {
    let matching = |list: &[StatementMatch<'q>]| -> Vec<StatementMatch<'q>> {
        list.iter().filter(|statement_match| statement_match.matched.contains(resource)).cloned().collect()
    };
    let has_unconditional =
        |list: &[StatementMatch<'q>]| list.iter().any(|statement_match| statement_match.is_unconditional);
    let mut undecided = Vec::new();
    for branch in branches {
        let mut allow_layers: Vec<_> = branch.allow_layers.iter().map(|layer| matching(layer)).collect();
        let deny_statements = matching(&branch.deny_statements);
        if allow_layers.iter().any(Vec::is_empty) || has_unconditional(&deny_statements) {
            continue;
        }
        allow_layers.retain(|layer| !has_unconditional(layer));
        if allow_layers.is_empty() && deny_statements.is_empty() {
            return Residual::Allowed;
        }
        undecided.push(BranchMatch { allow_layers, deny_statements });
    }
    if undecided.is_empty() { Residual::Denied } else { Residual::Undecided(undecided) }
}
