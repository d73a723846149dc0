//! Actions that do not exist yet: would one be allowed that is not declared?
//!
//! A new action has a service that some statement names, or any other; its name is a text field, its
//! resources and keys are free. Each granting pattern is asked by itself, so that the answer names the
//! patterns that let new actions in.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::difference::Grant;
use super::round::{DecisionOutcome, DecisionRound, RequestShape};
use crate::solve::LimitExceeded;
use crate::solve::actions::future_patterns::{FutureMatch, NamePatterns};
use crate::solve::answer::UndecidedReason;
use crate::solve::compile::action_classes::Actions;
use crate::solve::question::{AnswerDetail, CompiledBranch, CompiledQuestion, CompiledUse, Question, WitnessPolicy};
use crate::solve::strings::interned_glob::{GlobInterner, GlobRef, GlobToken, SymbolClass};
use crate::solve::values::field_state::{FieldState, ValueConstraint};
use crate::solve::values::literal::{Field, Literal};
use crate::solve::values::string_constraint::StringConstraint;

/// How many existing names are stepped over before the search for a new one gives up.
const MAX_SKIPPED_NAMES: usize = 64;

/// The services whose new actions are asked about one by one; the last, without a name, is all others.
pub(crate) fn collect_services<'p>(prepared: &'p CompiledQuestion<'_>) -> BTreeSet<Option<&'p str>> {
    let granting = prepared.effective.iter().flat_map(|b| b.allow_layers.first().into_iter().flatten());
    let granting: Vec<&Arc<CompiledUse>> = granting.filter_map(|i| prepared.statements.get(*i)).collect();
    let mut services: BTreeSet<Option<&str>> =
        granting.iter().flat_map(|s| s.actions.future_patterns.services()).map(Some).collect();
    if granting.iter().any(|s| s.actions.future_patterns.may_list_any_service()) {
        services.extend(prepared.statements.iter().flat_map(|s| s.actions.future_patterns.services()).map(Some));
        services.insert(None);
    }
    services
}

impl<'q> DecisionRound<'_, 'q> {
    /// Decides the new actions of one service, or of all that are not `named`.
    pub(crate) fn decide_future_actions(
        &self,
        service: Option<&str>,
        named_services: &[&str],
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        if self.add_evident_grants(service, effective, declared, outcome) {
            return Ok(());
        }
        let future_matches: Vec<FutureMatch> =
            self.prepared.statements.iter().map(|s| s.future_match(service)).collect();
        let effective: Vec<CompiledBranch> = effective
            .iter()
            .map(|b| {
                b.filter_statements(|i| future_matches.get(i).is_some_and(|s| !matches!(s, FutureMatch::NoActions)))
            })
            .collect();
        for (index, branch) in effective.iter().enumerate() {
            for granting_index in branch.allow_layers.first().into_iter().flatten() {
                let patterns: Vec<(Option<GlobRef>, String)> = match future_matches.get(*granting_index) {
                    Some(FutureMatch::ByName(names, true)) => {
                        names.iter().map(|(glob, written)| (Some(glob.clone()), written.to_string())).collect()
                    }
                    Some(FutureMatch::ByName(_, false) | FutureMatch::AllActions) => {
                        vec![(None, format!("{}:*", service.unwrap_or("*")))]
                    }
                    _ => Vec::new(),
                };
                for (pattern, source_text) in patterns {
                    let granting_branch = self.restrict_to_statement(&effective, index, *granting_index);
                    let future_matches = future_matches.as_slice();
                    self.decide_future_pattern(
                        service,
                        named_services,
                        &GrantingPattern { granting_index: *granting_index, glob: pattern, source_text: source_text },
                        future_matches,
                        &granting_branch,
                        declared,
                        outcome,
                    )?;
                    if self.question.detail == AnswerDetail::Verdict && !outcome.grants.is_empty() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// The branches with one granting statement alone.
    fn restrict_to_statement(
        &self,
        effective: &[CompiledBranch],
        branch: usize,
        granting_index: usize,
    ) -> Vec<CompiledBranch> {
        let restricted = effective.get(branch).map(|b| {
            let mut restricted = b.clone();
            if let Some(first) = restricted.allow_layers.first_mut() {
                *first = vec![granting_index];
            }
            restricted
        });
        restricted.into_iter().collect()
    }

    /// The common case, found without any search: no declared statement speaks of the service, nothing
    /// stands between the granting statements and what they grant, and each has its witness already.
    fn add_evident_grants(
        &self,
        service: Option<&str>,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
        outcome: &mut DecisionOutcome,
    ) -> bool {
        let statement = |i: &usize| self.prepared.statements.get(*i);
        let lists_none = |i: &usize| statement(i).is_none_or(|s| !s.may_list_future_actions(service));
        let [branch] = effective else { return false };
        let [granting] = branch.allow_layers.as_slice() else { return false };
        let undeclared = declared.iter().all(|b| b.allow_layers.iter().any(|list| list.iter().all(lists_none)));
        if self.is_symbolic || !undeclared || !branch.deny_statements.is_empty() || !branch.scope_exclusions.is_empty()
        {
            return false;
        }
        let mut evident: Vec<((usize, usize), NamePatterns)> = Vec::new();
        for statement in granting.iter().filter_map(statement) {
            match statement.future_match(service) {
                FutureMatch::NoActions => {}
                FutureMatch::ByName(names, true)
                    if statement.literals.is_empty()
                        && outcome.has_enough_witnesses(statement.statement_id, self.question.detail)
                        && names.iter().all(|(g, _)| g.toks.contains(&GlobToken::AnyRun(SymbolClass::Any))) =>
                {
                    evident.push((statement.statement_id, names));
                }
                _ => return false,
            }
        }
        for (statement_id, names) in evident {
            let others = names.into_iter().map(|(_, written)| written.into_string()).collect();
            outcome.merge_by_statement(DecisionOutcome::from_grant(Grant::from_future_actions(
                statement_id,
                Actions { known: Vec::new(), unknown: others },
            )));
        }
        true
    }

    /// The statement's tag, if nothing at all stands between a pattern without end and what it grants.
    fn find_evident_grant(
        &self,
        pattern: &GrantingPattern,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
    ) -> Option<(usize, usize)> {
        let has_star = pattern.glob.as_ref().is_some_and(|g| g.toks.contains(&GlobToken::AnyRun(SymbolClass::Any)));
        let is_unrestricted = effective
            .iter()
            .all(|b| b.deny_statements.is_empty() && b.allow_layers.len() == 1 && b.scope_exclusions.is_empty());
        let undeclared = declared.iter().all(|b| b.allow_layers.iter().any(Vec::is_empty));
        let statement = self.prepared.statements.get(pattern.granting_index)?;
        (has_star && is_unrestricted && undeclared && statement.literals.is_empty() && !self.is_symbolic)
            .then_some(statement.statement_id)
    }

    #[allow(clippy::too_many_arguments, reason = "one search; its parts are told apart by name")]
    fn decide_future_pattern(
        &self,
        service: Option<&str>,
        named_services: &[&str],
        pattern: &GrantingPattern,
        future_matches: &[FutureMatch],
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        let interner = &self.solver.interner;
        let declared: Vec<CompiledBranch> = declared
            .iter()
            .map(|b| {
                b.filter_statements(|i| future_matches.get(i).is_some_and(|s| !matches!(s, FutureMatch::NoActions)))
            })
            .collect();
        let actions = Actions { known: Vec::new(), unknown: vec![pattern.source_text.clone()] };
        if let Some(statement_id) = self.find_evident_grant(pattern, effective, &declared)
            && outcome.has_enough_witnesses(statement_id, self.question.detail)
        {
            outcome.merge_by_statement(DecisionOutcome::from_grant(Grant::from_future_actions(statement_id, actions)));
            return Ok(());
        }
        // The statements again, with the test of the action's name among their literals.
        let involved: BTreeSet<usize> =
            effective.iter().chain(&declared).flat_map(CompiledBranch::statement_indices).collect();
        let mut statements = self.prepared.statements.clone();
        for index in involved {
            let (Some(statement), Some(FutureMatch::ByName(names, listed))) =
                (statements.get_mut(index), future_matches.get(index))
            else {
                continue;
            };
            let globs: Vec<GlobRef> = match &pattern.glob {
                Some(glob) if index == pattern.granting_index => vec![glob.clone()],
                _ => names.iter().map(|(glob, _)| glob.clone()).collect(),
            };
            Arc::make_mut(statement)
                .literals
                .insert(0, Literal::from_globs(Field::Action, globs.into(), false, *listed));
        }
        let prepared = CompiledQuestion { statements, ..self.prepared.clone() };
        let mut taken_names: Vec<GlobRef> = Vec::new();
        if service.is_none() {
            for name in named_services {
                let mut toks = interner.tokenize_literal(name, true)?;
                toks.extend([GlobToken::Literal(b':'), GlobToken::AnyRun(SymbolClass::Any)]);
                taken_names.push(interner.intern(&toks));
            }
        }
        // The evaluator is asked once the name is known to be new.
        let depth = AnswerDetail::Difference { max_cubes: 1, witnesses: WitnessPolicy::PerStatement };
        let question = Question { replay: None, detail: depth, ..self.question.clone() };
        let round = DecisionRound { prepared: &prepared, question: &question, ..*self };
        let mut skipped_names = 0;
        for domain in round.build_any_domains(effective, &declared)? {
            loop {
                let mut trial = DecisionOutcome::default();
                let name = FutureActionName { service, taken_names: &taken_names };
                let request_shape = RequestShape {
                    action: None,
                    resource_globs: domain.glob_lists(),
                    arn_segments: domain.arn_segments,
                    actions: &actions,
                    action_class: None,
                    future_name: Some(&name),
                };
                round.decide_branches(&request_shape, effective, &declared, &mut trial)?;
                let existing = trial.grants.first().and_then(|g| g.witness.as_ref()).map(|w| w.action.clone());
                let Some(existing) = existing.filter(|action| self.solver.is_existing_action(action)) else {
                    if trial.grants.is_empty() {
                        outcome.undecided.extend(trial.undecided);
                        break;
                    }
                    outcome.merge_replayed(trial, self);
                    return Ok(());
                };
                skipped_names += 1;
                if skipped_names > MAX_SKIPPED_NAMES {
                    outcome.undecided.insert(UndecidedReason::Budget);
                    return Ok(());
                }
                let text = match service {
                    Some(_) => existing.split_once(':').map_or("", |(_, name)| name),
                    None => existing.as_str(),
                };
                taken_names.push(interner.intern(&interner.tokenize_literal(text, true)?));
            }
        }
        Ok(())
    }
}

/// A granting statement's pattern that new actions may match.
struct GrantingPattern {
    granting_index: usize,
    glob: Option<GlobRef>,
    source_text: String,
}

impl CompiledUse {
    /// Whether the statement speaks of new actions of a service.
    pub(crate) fn may_list_future_actions(&self, service: Option<&str>) -> bool {
        !matches!(self.future_match(service), FutureMatch::NoActions)
    }

    fn future_match(&self, service: Option<&str>) -> FutureMatch {
        match &self.resource_scope {
            Some(scope) if scope.service.is_some() && scope.service.as_deref() != service => FutureMatch::NoActions,
            _ => self.actions.future_patterns.future_match(service),
        }
    }
}

impl Grant {
    /// A statement that lets new actions in, without bounds.
    fn from_future_actions(statement_id: (usize, usize), actions: Actions) -> Grant {
        Grant { statement_id: statement_id, actions, cubes: Vec::new(), has_more_cubes: false, witness: None }
    }
}

impl DecisionOutcome {
    fn from_grant(grant: Grant) -> DecisionOutcome {
        DecisionOutcome { grants: vec![grant], ..DecisionOutcome::default() }
    }

    /// Adds what was found for one more pattern once the evaluator confirms it, if a witness is wanted yet.
    fn merge_replayed(&mut self, mut trial: DecisionOutcome, round: &DecisionRound<'_, '_>) {
        let question = round.question;
        let statement_id = trial.grants.first().map(|g| g.statement_id);
        if statement_id.is_some_and(|tag| self.has_enough_witnesses(tag, question.detail)) {
            trial.grants.iter_mut().for_each(|g| g.witness = None);
        }
        let witness = trial.grants.first().and_then(|g| g.witness.as_ref());
        match witness.and_then(|w| question.replay.and_then(|confirm| confirm(w, round.interpretation).err())) {
            Some(refuted) => drop(self.undecided.insert(UndecidedReason::WitnessRefuted(refuted))),
            None => self.merge_by_statement(trial),
        }
    }

    /// Adds what was found for one more pattern: a statement's patterns are told as one.
    fn merge_by_statement(&mut self, further: DecisionOutcome) {
        self.undecided.extend(further.undecided);
        for grant in further.grants {
            match self.grants.iter_mut().find(|g| g.statement_id == grant.statement_id && g.actions.known.is_empty()) {
                Some(existing) => {
                    for pattern in grant.actions.unknown {
                        if !existing.actions.unknown.contains(&pattern) {
                            existing.actions.unknown.push(pattern);
                        }
                    }
                    existing.has_more_cubes |= grant.cubes != existing.cubes;
                }
                None => {
                    if grant.witness.is_some() {
                        self.witnessed.insert(grant.statement_id);
                    }
                    self.grants.push(grant);
                }
            }
        }
    }
}

/// Where the name of a new action may lie.
pub(crate) struct FutureActionName<'a> {
    /// The service, where the statements name it; none: any other, and the name holds it.
    pub service: Option<&'a str>,
    /// Names that are taken.
    pub taken_names: &'a [GlobRef],
}

impl FutureActionName<'_> {
    /// The names that such an action may have.
    pub(crate) fn to_field_state(&self, interner: &GlobInterner) -> FieldState {
        let mut toks = Vec::new();
        if self.service.is_none() {
            toks.extend([
                GlobToken::AnyOne(SymbolClass::Region),
                GlobToken::AnyRun(SymbolClass::Region),
                GlobToken::Literal(b':'),
            ]);
        }
        toks.extend([GlobToken::AnyOne(SymbolClass::ActionName), GlobToken::AnyRun(SymbolClass::ActionName)]);
        let within: Arc<[GlobRef]> = [interner.intern(&toks)].into();
        let text = StringConstraint { matches_any_of: vec![within], matches_none_of: self.taken_names.to_vec() };
        let mut state = FieldState::from_constraint(ValueConstraint::Text(text));
        state.may_be_missing = false;
        state
    }
}
