//! Actions that do not exist yet: would one be allowed that is not declared?
//!
//! A new action has a service that some statement names, or any other; its name is a text field, its
//! resources and keys are free. Each granting pattern is asked by itself, so that the answer names the
//! patterns that let new actions in.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::TooBig;
use super::classes::Actions;
use super::decide::{Asked, Outcome, Round};
use super::difference::Grant;
use super::field::{FieldState, Present};
use super::glob::{Class, GlobRef, Interner, Tok};
use super::literal::{Field, Literal};
use super::question::{Depth, Prepared, Question, Ready, ReadyBranch, Witnesses};
use super::text::Text;
use super::verdict::Undecided;
use super::wild::{NamePatterns, Speaks};

/// How many existing names are stepped over before the search for a new one gives up.
const MAX_EXISTING: usize = 64;

/// The services whose new actions are asked about one by one; the last, without a name, is all others.
pub(super) fn services<'p>(prepared: &'p Prepared<'_>) -> BTreeSet<Option<&'p str>> {
    let granting = prepared.effective.iter().flat_map(|b| b.require.first().into_iter().flatten());
    let granting: Vec<&Arc<Ready>> = granting.filter_map(|i| prepared.statements.get(*i)).collect();
    let mut services: BTreeSet<Option<&str>> =
        granting.iter().flat_map(|s| s.actions.wild.services()).map(Some).collect();
    if granting.iter().any(|s| s.actions.wild.speaks_of_any()) {
        services.extend(prepared.statements.iter().flat_map(|s| s.actions.wild.services()).map(Some));
        services.insert(None);
    }
    services
}

impl<'q> Round<'_, 'q> {
    /// Decides the new actions of one service, or of all that are not `named`.
    pub(super) fn new_actions_of(
        &self,
        service: Option<&str>,
        named: &[&str],
        effective: &[ReadyBranch],
        declared: &[ReadyBranch],
        outcome: &mut Outcome,
    ) -> Result<(), TooBig> {
        if self.all_plainly_granted(service, effective, declared, outcome) {
            return Ok(());
        }
        let speaks: Vec<Speaks> = self.prepared.statements.iter().map(|s| s.said_of_new(service)).collect();
        let effective: Vec<ReadyBranch> = effective
            .iter()
            .map(|b| b.narrowed(|i| speaks.get(i).is_some_and(|s| !matches!(s, Speaks::Nothing))))
            .collect();
        for (index, branch) in effective.iter().enumerate() {
            for granting in branch.require.first().into_iter().flatten() {
                let patterns: Vec<(Option<GlobRef>, String)> = match speaks.get(*granting) {
                    Some(Speaks::Names(names, true)) => {
                        names.iter().map(|(glob, written)| (Some(glob.clone()), written.to_string())).collect()
                    }
                    Some(Speaks::Names(_, false) | Speaks::Everything) => {
                        vec![(None, format!("{}:*", service.unwrap_or("*")))]
                    }
                    _ => Vec::new(),
                };
                for (pattern, written) in patterns {
                    let only = self.only_granting(&effective, index, *granting);
                    let speaks = speaks.as_slice();
                    self.new_action(
                        service,
                        named,
                        &Pattern { granting: *granting, glob: pattern, written },
                        speaks,
                        &only,
                        declared,
                        outcome,
                    )?;
                    if self.question.depth == Depth::Verdict && !outcome.grants.is_empty() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// The branches with one granting statement alone.
    fn only_granting(&self, effective: &[ReadyBranch], branch: usize, granting: usize) -> Vec<ReadyBranch> {
        let one = effective.get(branch).map(|b| {
            let mut one = b.clone();
            if let Some(first) = one.require.first_mut() {
                *first = vec![granting];
            }
            one
        });
        one.into_iter().collect()
    }

    /// The common case, found without any search: no declared statement speaks of the service, nothing
    /// stands between the granting statements and what they grant, and each has its witness already.
    fn all_plainly_granted(
        &self,
        service: Option<&str>,
        effective: &[ReadyBranch],
        declared: &[ReadyBranch],
        outcome: &mut Outcome,
    ) -> bool {
        let statement = |i: &usize| self.prepared.statements.get(*i);
        let silent = |i: &usize| statement(i).is_none_or(|s| !s.speaks_of_new(service));
        let [only] = effective else { return false };
        let [granting] = only.require.as_slice() else { return false };
        let undeclared = declared.iter().all(|b| b.require.iter().any(|list| list.iter().all(silent)));
        if self.symbolic || !undeclared || !only.forbid.is_empty() || !only.except.is_empty() {
            return false;
        }
        let mut plain: Vec<((usize, usize), NamePatterns)> = Vec::new();
        for statement in granting.iter().filter_map(statement) {
            match statement.said_of_new(service) {
                Speaks::Nothing => {}
                Speaks::Names(names, true)
                    if statement.literals.is_empty()
                        && outcome.is_witnessed(statement.tag, self.question.depth)
                        && names.iter().all(|(g, _)| g.toks.contains(&Tok::Run(Class::Any))) =>
                {
                    plain.push((statement.tag, names));
                }
                _ => return false,
            }
        }
        for (tag, names) in plain {
            let others = names.into_iter().map(|(_, written)| written.into_string()).collect();
            outcome.add(Outcome::of(Grant::of_new_actions(tag, Actions { known: Vec::new(), others })));
        }
        true
    }

    /// The statement's tag, if nothing at all stands between a pattern without end and what it grants.
    fn plainly_granted(
        &self,
        pattern: &Pattern,
        effective: &[ReadyBranch],
        declared: &[ReadyBranch],
    ) -> Option<(usize, usize)> {
        let endless = pattern.glob.as_ref().is_some_and(|g| g.toks.contains(&Tok::Run(Class::Any)));
        let alone = effective.iter().all(|b| b.forbid.is_empty() && b.require.len() == 1 && b.except.is_empty());
        let undeclared = declared.iter().all(|b| b.require.iter().any(Vec::is_empty));
        let statement = self.prepared.statements.get(pattern.granting)?;
        (endless && alone && undeclared && statement.literals.is_empty() && !self.symbolic).then_some(statement.tag)
    }

    #[allow(clippy::too_many_arguments, reason = "one search; its parts are told apart by name")]
    fn new_action(
        &self,
        service: Option<&str>,
        named: &[&str],
        pattern: &Pattern,
        speaks: &[Speaks],
        effective: &[ReadyBranch],
        declared: &[ReadyBranch],
        outcome: &mut Outcome,
    ) -> Result<(), TooBig> {
        let interner = &self.solver.interner;
        let declared: Vec<ReadyBranch> = declared
            .iter()
            .map(|b| b.narrowed(|i| speaks.get(i).is_some_and(|s| !matches!(s, Speaks::Nothing))))
            .collect();
        let actions = Actions { known: Vec::new(), others: vec![pattern.written.clone()] };
        if let Some(tag) = self.plainly_granted(pattern, effective, &declared)
            && outcome.is_witnessed(tag, self.question.depth)
        {
            outcome.add(Outcome::of(Grant::of_new_actions(tag, actions)));
            return Ok(());
        }
        // The statements again, with the test of the action's name among their literals.
        let involved: BTreeSet<usize> = effective.iter().chain(&declared).flat_map(ReadyBranch::all).collect();
        let mut statements = self.prepared.statements.clone();
        for index in involved {
            let (Some(statement), Some(Speaks::Names(names, listed))) = (statements.get_mut(index), speaks.get(index))
            else {
                continue;
            };
            let globs: Vec<GlobRef> = match &pattern.glob {
                Some(glob) if index == pattern.granting => vec![glob.clone()],
                _ => names.iter().map(|(glob, _)| glob.clone()).collect(),
            };
            Arc::make_mut(statement).literals.insert(0, Literal::text(Field::Action, globs.into(), false, *listed));
        }
        let prepared = Prepared { statements, ..self.prepared.clone() };
        let mut taken: Vec<GlobRef> = Vec::new();
        if service.is_none() {
            for name in named {
                let mut toks = interner.literal(name, true)?;
                toks.extend([Tok::Sym(b':'), Tok::Run(Class::Any)]);
                taken.push(interner.glob(&toks));
            }
        }
        // The evaluator is asked once the name is known to be new.
        let depth = Depth::Difference { cubes: 1, witnesses: Witnesses::EachStatement };
        let question = Question { confirm: None, depth, ..self.question.clone() };
        let round = Round { prepared: &prepared, question: &question, ..*self };
        let mut stepped_over = 0;
        for domain in round.any_domains(effective, &declared)? {
            loop {
                let mut trial = Outcome::default();
                let name = NewName { service, outside: &taken };
                let asked = Asked {
                    action: None,
                    domain: domain.within(),
                    carries: domain.carries,
                    actions: &actions,
                    group: None,
                    new_name: Some(&name),
                };
                round.branches(&asked, effective, &declared, &mut trial)?;
                let existing = trial.grants.first().and_then(|g| g.witness.as_ref()).map(|w| w.action.clone());
                let Some(existing) = existing.filter(|action| self.solver.exists(action)) else {
                    if trial.grants.is_empty() {
                        outcome.undecided.extend(trial.undecided);
                        break;
                    }
                    outcome.take_confirmed(trial, self);
                    return Ok(());
                };
                stepped_over += 1;
                if stepped_over > MAX_EXISTING {
                    outcome.undecided.insert(Undecided::Budget);
                    return Ok(());
                }
                let text = match service {
                    Some(_) => existing.split_once(':').map_or("", |(_, name)| name),
                    None => existing.as_str(),
                };
                taken.push(interner.glob(&interner.literal(text, true)?));
            }
        }
        Ok(())
    }
}

/// A granting statement's pattern that new actions may match.
struct Pattern {
    granting: usize,
    glob: Option<GlobRef>,
    written: String,
}

impl Ready {
    /// Whether the statement speaks of new actions of a service.
    pub(super) fn speaks_of_new(&self, service: Option<&str>) -> bool {
        !matches!(self.said_of_new(service), Speaks::Nothing)
    }

    fn said_of_new(&self, service: Option<&str>) -> Speaks {
        match &self.service {
            Some(only) if only.service.is_some() && only.service.as_deref() != service => Speaks::Nothing,
            _ => self.actions.wild.of(service),
        }
    }
}

impl Grant {
    /// A statement that lets new actions in, without bounds.
    fn of_new_actions(tag: (usize, usize), actions: Actions) -> Grant {
        Grant { tag, actions, cubes: Vec::new(), more: false, witness: None }
    }
}

impl Outcome {
    fn of(grant: Grant) -> Outcome {
        Outcome { grants: vec![grant], ..Outcome::default() }
    }

    /// Adds what was found for one more pattern once the evaluator confirms it, if a witness is wanted yet.
    fn take_confirmed(&mut self, mut trial: Outcome, round: &Round<'_, '_>) {
        let question = round.question;
        let tag = trial.grants.first().map(|g| g.tag);
        if tag.is_some_and(|tag| self.is_witnessed(tag, question.depth)) {
            trial.grants.iter_mut().for_each(|g| g.witness = None);
        }
        let witness = trial.grants.first().and_then(|g| g.witness.as_ref());
        match witness.and_then(|w| question.confirm.and_then(|confirm| confirm(w, round.readings).err())) {
            Some(refuted) => drop(self.undecided.insert(Undecided::WitnessRefuted(refuted))),
            None => self.add(trial),
        }
    }

    /// Adds what was found for one more pattern: a statement's patterns are told as one.
    fn add(&mut self, further: Outcome) {
        self.undecided.extend(further.undecided);
        for grant in further.grants {
            match self.grants.iter_mut().find(|g| g.tag == grant.tag && g.actions.known.is_empty()) {
                Some(told) => {
                    for pattern in grant.actions.others {
                        if !told.actions.others.contains(&pattern) {
                            told.actions.others.push(pattern);
                        }
                    }
                    told.more |= grant.cubes != told.cubes;
                }
                None => {
                    if grant.witness.is_some() {
                        self.witnessed.insert(grant.tag);
                    }
                    self.grants.push(grant);
                }
            }
        }
    }
}

/// Where the name of a new action may lie.
pub(super) struct NewName<'a> {
    /// The service, where the statements name it; none: any other, and the name holds it.
    pub service: Option<&'a str>,
    /// Names that are taken.
    pub outside: &'a [GlobRef],
}

impl NewName<'_> {
    /// The names that such an action may have.
    pub(super) fn state(&self, interner: &Interner) -> FieldState {
        let mut toks = Vec::new();
        if self.service.is_none() {
            toks.extend([Tok::One(Class::Region), Tok::Run(Class::Region), Tok::Sym(b':')]);
        }
        toks.extend([Tok::One(Class::ActionName), Tok::Run(Class::ActionName)]);
        let within: Arc<[GlobRef]> = [interner.glob(&toks)].into();
        let text = Text { within: vec![within], outside: self.outside.to_vec() };
        let mut state = FieldState::of(Present::Text(text));
        state.missing = false;
        state
    }
}
