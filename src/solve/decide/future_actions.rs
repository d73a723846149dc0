//! Future actions: would a wildcard allow an action that AWS has not released and that is not declared?
//!
//! A future action belongs to a service that some statement names, or to any other service. Its name is a string field,
//! and its resources and keys are free. Each granting pattern is decided separately, so that the answer names the
//! patterns that allow future actions.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::outcome::DecisionOutcome;
use super::request_shape::{FutureActionName, RequestShape};
use super::round::DecisionRound;
use super::shape_facts::ShapeFacts;
use crate::iam::ElementKind;
use crate::solve::access::formula::StatementId;
use crate::solve::actions::future_patterns::{FutureMatch, NamePatterns};
use crate::solve::actions::named_actions::Actions;
use crate::solve::answer::{Grant, UndecidedReason};
use crate::solve::budget::LimitExceeded;
use crate::solve::compile::prepared::{CompiledBranch, CompiledQuestion, CompiledUse};
use crate::solve::question::{AnswerDetail, Question, WitnessPolicy};
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::strings::interner::LetterCase;
use crate::solve::strings::token::{GlobToken, SymbolClass};
use crate::solve::values::literal::{Field, Literal};

/// The number of existing names that the search for a future name may skip.
const MAX_SKIPPED_NAMES: usize = 64;

/// The services whose future actions are decided one by one. `None` represents all other services.
pub(crate) fn collect_services<'p>(prepared: &'p CompiledQuestion<'_>) -> BTreeSet<Option<&'p str>> {
    let granting = prepared.effective.iter().flat_map(CompiledBranch::granting_layer);
    let granting: Vec<&Arc<CompiledUse>> = granting.map(|i| prepared.statement(i)).collect();
    let mut services: BTreeSet<Option<&str>> =
        granting.iter().flat_map(|s| s.actions.future_patterns.services()).map(Some).collect();
    if granting.iter().any(|s| s.actions.future_patterns.may_list_any_service()) {
        services.extend(prepared.statements().iter().flat_map(|s| s.actions.future_patterns.services()).map(Some));
        services.insert(None);
    }
    services
}

/// The future actions to decide.
#[derive(Copy, Clone)]
pub(crate) struct FutureActions<'s> {
    /// Their service. None for all services that are not named.
    pub service: Option<&'s str>,
    /// All services that the statements name.
    pub named_services: &'s [&'s str],
}

/// A pattern of a granting statement that future actions may match.
struct GrantingPattern {
    granting_index: usize,
    /// The pattern over the name. None for a statement that lists all names except some.
    glob: Option<GlobRef>,
    source_text: String,
}

/// The branches for one granting pattern.
struct PatternBranches<'b> {
    effective: &'b [CompiledBranch],
    declared: &'b [CompiledBranch],
}

impl DecisionRound<'_, '_> {
    /// Decides future actions.
    pub(crate) fn decide_future_actions(
        &self,
        actions: FutureActions<'_>,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        let service = actions.service;
        if self.add_evident_grants(service, effective, declared, outcome) {
            return Ok(());
        }
        let matches: Vec<FutureMatch> = self.prepared.statements().iter().map(|s| s.future_match(service)).collect();
        let may_match = |i: usize| matches.get(i).is_some_and(|s| !matches!(s, FutureMatch::NoActions));
        let filter = |branches: &[CompiledBranch]| -> Vec<CompiledBranch> {
            branches.iter().map(|b| b.filter_statements(may_match)).collect()
        };
        let (effective, declared) = (filter(effective), filter(declared));
        for branch in &effective {
            for granting_index in branch.granting_layer() {
                let mut granting_branch = branch.clone();
                if let Some(first) = granting_branch.allow_layers.first_mut() {
                    *first = vec![granting_index];
                }
                let branches = PatternBranches { effective: &[granting_branch], declared: &declared };
                for pattern in list_granting_patterns(granting_index, matches.get(granting_index), service) {
                    self.decide_future_pattern(actions, &pattern, &matches, &branches, outcome)?;
                    if outcome.is_complete(self.question) {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds grants without a search in the most common case: no declared statement lists actions of the service, nothing
    /// limits the granting statements, and each has a witness. False if this is another case.
    fn add_evident_grants(
        &self,
        service: Option<&str>,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
        outcome: &mut DecisionOutcome,
    ) -> bool {
        let lists_none = |i: &usize| !self.prepared.statement(*i).may_list_future_actions(service);
        let [branch] = effective else { return false };
        let [granting] = branch.allow_layers.as_slice() else { return false };
        let undeclared = declared.iter().all(|b| b.allow_layers.iter().any(|list| list.iter().all(lists_none)));
        if self.is_symbolic || !undeclared || !is_unlimited(branch) {
            return false;
        }
        let mut evident: Vec<(StatementId, NamePatterns)> = Vec::new();
        for statement in granting.iter().map(|i| self.prepared.statement(*i)) {
            match statement.future_match(service) {
                FutureMatch::NoActions => {}
                FutureMatch::ByName(names, ElementKind::List)
                    if statement.literals.is_empty()
                        && outcome.has_enough_witnesses(statement.statement_id, self.question.detail)
                        && names.iter().all(|(glob, _)| has_star(glob)) =>
                {
                    evident.push((statement.statement_id, names));
                }
                _ => return false,
            }
        }
        for (statement_id, names) in evident {
            let patterns = names.into_iter().map(|(_, written)| written.into_string()).collect();
            let actions = Actions { known: Vec::new(), unknown: patterns };
            outcome.merge_by_statement(DecisionOutcome::from_grant(Grant::from_future_actions(statement_id, actions)));
        }
        true
    }

    /// Whether nothing limits a pattern with a star and nothing declares its actions. No search is needed then.
    fn is_evident(&self, pattern: &GrantingPattern, branches: &PatternBranches<'_>) -> bool {
        pattern.glob.as_ref().is_some_and(has_star)
            && branches.effective.iter().all(|b| b.allow_layers.len() == 1 && is_unlimited(b))
            && branches.declared.iter().all(|b| b.allow_layers.iter().any(Vec::is_empty))
            && self.prepared.statement(pattern.granting_index).literals.is_empty()
            && !self.is_symbolic
    }

    fn decide_future_pattern(
        &self,
        future: FutureActions<'_>,
        pattern: &GrantingPattern,
        matches: &[FutureMatch],
        branches: &PatternBranches<'_>,
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        let actions = Actions { known: Vec::new(), unknown: vec![pattern.source_text.clone()] };
        let statement_id = self.prepared.statement(pattern.granting_index).statement_id;
        if self.is_evident(pattern, branches) && outcome.has_enough_witnesses(statement_id, self.question.detail) {
            outcome.merge_by_statement(DecisionOutcome::from_grant(Grant::from_future_actions(statement_id, actions)));
            return Ok(());
        }
        let prepared = self.add_name_literals(pattern, matches, branches);
        let mut taken_names = self.taken_by_named_services(future)?;
        // The evaluator replays the witness once its action is known to be a future action.
        let detail = AnswerDetail::Difference { max_cubes: 1, witnesses: WitnessPolicy::PerStatement };
        let question = Question { replay: None, detail, ..self.question.clone() };
        let round = DecisionRound { prepared: &prepared, question: &question, ..*self };
        let mut skipped_names = 0;
        for domain in round.build_any_domains(branches.effective, branches.declared)? {
            loop {
                let mut trial = DecisionOutcome::default();
                let name = FutureActionName { service: future.service, taken_names: &taken_names };
                let request_shape = RequestShape {
                    action: None,
                    resource_globs: domain.glob_lists(),
                    arn_segments: domain.arn_segments,
                    keys: round.collect_keys(branches.effective, branches.declared),
                    facts: future.service.map_or_else(ShapeFacts::default, |service| {
                        ShapeFacts::of_service(service, self.question.partition)
                    }),
                    actions: &actions,
                    future_name: Some(&name),
                };
                round.decide_branches(&request_shape, branches.effective, branches.declared, &mut trial)?;
                let action = trial.grants.first().and_then(|g| g.witness.as_ref()).map(|w| w.action.clone());
                let Some(existing) = action.filter(|action| self.solver.is_existing_action(action)) else {
                    if trial.grants.is_empty() {
                        outcome.undecided.extend(trial.undecided);
                        break;
                    }
                    outcome.merge_replayed(trial, self.question, self.interpretation);
                    return Ok(());
                };
                skipped_names += 1;
                if skipped_names > MAX_SKIPPED_NAMES {
                    outcome.undecided.insert(UndecidedReason::Budget);
                    return Ok(());
                }
                taken_names.push(self.intern_taken_name(future.service, &existing)?);
            }
        }
        Ok(())
    }

    /// The question with the test of the action's name as a literal of each statement.
    fn add_name_literals(
        &self,
        pattern: &GrantingPattern,
        matches: &[FutureMatch],
        branches: &PatternBranches<'_>,
    ) -> CompiledQuestion<'_> {
        let all_branches = branches.effective.iter().chain(branches.declared);
        let involved: BTreeSet<usize> = all_branches.flat_map(CompiledBranch::statement_indices).collect();
        let mut prepared = self.prepared.clone();
        for index in involved {
            // A statement that lists all actions needs no literal. Statements that list none are filtered out.
            let Some(FutureMatch::ByName(names, kind)) = matches.get(index) else { continue };
            let globs: Vec<GlobRef> = match &pattern.glob {
                Some(glob) if index == pattern.granting_index => vec![glob.clone()],
                _ => names.iter().map(|(glob, _)| glob.clone()).collect(),
            };
            let literal = match kind {
                ElementKind::List => Literal::matching(Field::Action, globs.into()),
                ElementKind::NotList => Literal::not_matching(Field::Action, globs.into()),
            };
            let mut statement = Arc::clone(prepared.statement(index));
            Arc::make_mut(&mut statement).literals.insert(0, literal);
            prepared.replace_statement(index, statement);
        }
        prepared
    }

    /// For a service that no statement names, the names of all actions of named services.
    fn taken_by_named_services(&self, future: FutureActions<'_>) -> Result<Vec<GlobRef>, LimitExceeded> {
        let interner = &self.solver.interner;
        let mut taken_names = Vec::new();
        if future.service.is_none() {
            for name in future.named_services {
                let mut toks = interner.tokenize_literal(name, LetterCase::Ignore)?;
                toks.extend([GlobToken::Literal(b':'), GlobToken::AnyRun(SymbolClass::Any)]);
                taken_names.push(interner.intern(&toks));
            }
        }
        Ok(taken_names)
    }

    fn intern_taken_name(&self, service: Option<&str>, action: &str) -> Result<GlobRef, LimitExceeded> {
        let interner = &self.solver.interner;
        let name = match service {
            Some(_) => action.split_once(':').map_or(action, |(_, name)| name),
            None => action,
        };
        Ok(interner.intern(&interner.tokenize_literal(name, LetterCase::Ignore)?))
    }
}

/// The patterns of a granting statement that future actions of a service may match.
fn list_granting_patterns(
    granting_index: usize,
    future_match: Option<&FutureMatch>,
    service: Option<&str>,
) -> Vec<GrantingPattern> {
    match future_match {
        Some(FutureMatch::ByName(names, ElementKind::List)) => {
            let pattern = |(glob, written): &(GlobRef, Box<str>)| GrantingPattern {
                granting_index,
                glob: Some(glob.clone()),
                source_text: written.to_string(),
            };
            names.iter().map(pattern).collect()
        }
        Some(FutureMatch::ByName(_, ElementKind::NotList) | FutureMatch::AllActions) => {
            let source_text = format!("{}:*", service.unwrap_or("*"));
            vec![GrantingPattern { granting_index, glob: None, source_text }]
        }
        Some(FutureMatch::NoActions) | None => Vec::new(),
    }
}

/// Whether no Deny statement and no exclusion limits a branch.
fn is_unlimited(branch: &CompiledBranch) -> bool {
    branch.deny_statements.is_empty() && branch.scope_exclusions.is_empty()
}

/// Whether a pattern matches names of any length.
fn has_star(glob: &GlobRef) -> bool {
    glob.toks.contains(&GlobToken::AnyRun(SymbolClass::Any))
}
