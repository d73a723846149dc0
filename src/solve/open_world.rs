//! Actions that do not exist yet: would one be allowed that is not declared?
//!
//! A new action has a service that some statement names, or any other; its name is a text field, its
//! resources and keys are free. Patterns without wildcards name existing actions only.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::TooBig;
use super::decide::{Asked, Outcome, Round};
use super::domain::Carries;
use super::field::{FieldState, Present};
use super::glob::{Class, GlobRef, Interner, Tok};
use super::literal::{Field, Literal};
use super::question::{Prepared, Question, Ready, ReadyBranch};
use super::text::Text;
use crate::iam::{ActionPattern, Listing};

/// How many existing names are stepped over before the search for a new one gives up.
const MAX_EXISTING: usize = 64;

impl Round<'_, '_> {
    /// Decides actions that do not exist yet.
    pub fn new_actions(&self) -> Result<Outcome, TooBig> {
        let mut outcome = Outcome::default();
        let wild = |s: &Ready| s.actions.element.listing == Listing::AllBut || s.actions.element.patterns.iter().any(|p| !p.is_literal());
        let mut services: BTreeSet<Option<&str>> = BTreeSet::from([None]);
        for statement in self.prepared.statements.iter().filter(|s| wild(s)) {
            for pattern in statement.actions.element.patterns.iter().filter(|p| !p.is_literal()) {
                if !pattern.service().contains(['*', '?']) {
                    services.insert(Some(pattern.service()));
                }
            }
        }
        let named: Vec<&str> = services.iter().copied().flatten().collect();
        for service in &services {
            self.new_actions_of(*service, &named, &mut outcome)?;
            if self.symbolic && !outcome.undecided.is_empty() {
                break;
            }
        }
        Ok(outcome)
    }

    fn new_actions_of(&self, service: Option<&str>, named: &[&str], outcome: &mut Outcome) -> Result<(), TooBig> {
        let interner = &self.solver.interner;
        let mut texts = Vec::with_capacity(self.prepared.statements.len());
        for statement in &self.prepared.statements {
            texts.push(action_test(statement, service, interner)?);
        }
        let speaks = |i: usize| texts.get(i).is_some_and(|t| !matches!(t, ActionTest::Nothing));
        let narrowed = |b: &ReadyBranch| b.narrowed(speaks);
        let effective: Vec<ReadyBranch> = self.prepared.effective.iter().map(narrowed).collect();
        let declared: Vec<ReadyBranch> = self.prepared.declared.iter().map(narrowed).collect();
        if effective.iter().all(|b| b.require.iter().any(Vec::is_empty)) {
            return Ok(());
        }
        // Statements again, with the test of the action's name among their literals.
        let statements = self
            .prepared
            .statements
            .iter()
            .zip(texts)
            .map(|(s, test)| {
                let mut literals = s.literals.clone();
                if let ActionTest::Literal(literal) = test {
                    literals.insert(0, literal);
                }
                Ready { actions: Arc::clone(&s.actions), literals, tag: s.tag, sensitive: s.sensitive }
            })
            .collect();
        let prepared = Prepared { statements, effective: Vec::new(), declared: Vec::new() };
        let mut existing: Vec<GlobRef> = Vec::new();
        if service.is_none() {
            for name in named {
                let mut toks = interner.literal(name, true)?;
                toks.extend([Tok::Sym(b':'), Tok::Run(Class::Any)]);
                existing.push(interner.glob(&toks));
            }
        }
        for _ in 0..MAX_EXISTING {
            let mut trial = Outcome::default();
            let name = NewName { service, outside: &existing };
            let question = Question { cubes: 1, ..self.question.clone() };
            let round = Round { prepared: &prepared, question: &question, ..*self };
            let asked = Asked { action: None, domain: Vec::new(), carries: Carries::default(), group: None, new_name: Some(&name) };
            round.branches(&asked, &effective, &declared, &mut trial)?;
            let taken: Vec<String> = trial.grants.iter().filter(|g| self.solver.exists(&g.witness)).map(|g| g.witness.action.clone()).collect();
            if taken.is_empty() {
                outcome.grants.extend(trial.grants);
                outcome.undecided.extend(trial.undecided);
                return Ok(());
            }
            for action in taken {
                let name = match service {
                    Some(_) => action.split_once(':').map_or("", |(_, name)| name).to_owned(),
                    None => action,
                };
                existing.push(interner.glob(&interner.literal(&name, true)?));
            }
        }
        outcome.undecided.insert(super::Undecided::Budget);
        Ok(())
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
        let mut text = Text { within: vec![[interner.glob(&toks)].into()], outside: Vec::new() };
        text.outside.extend(self.outside.iter().cloned());
        FieldState { missing: false, present: true, values: Present::Text(text) }
    }
}

enum ActionTest {
    /// Speaks of no such action.
    Nothing,
    /// Speaks of all of them.
    Everything,
    /// Speaks of those whose name meets this.
    Literal(Literal),
}

fn action_test(statement: &Ready, service: Option<&str>, interner: &Interner) -> Result<ActionTest, TooBig> {
    let element = &statement.actions.element;
    let mut globs: Vec<GlobRef> = Vec::new();
    for pattern in element.patterns.iter().filter(|p| !p.is_literal()) {
        if let Some(toks) = name_pattern(pattern, service, interner)? {
            globs.push(interner.glob(&toks));
        }
    }
    let everything = globs.iter().any(|g| g.is_everything());
    Ok(match element.listing {
        Listing::Only if everything => ActionTest::Everything,
        Listing::Only if globs.is_empty() => ActionTest::Nothing,
        Listing::AllBut if everything => ActionTest::Nothing,
        Listing::AllBut if globs.is_empty() => ActionTest::Everything,
        listing => ActionTest::Literal(Literal::text(Field::Action, globs.into(), false, listing == Listing::Only)),
    })
}

/// The pattern over the names of a service's actions; over `service:name` where the service is any other.
fn name_pattern(pattern: &ActionPattern, service: Option<&str>, interner: &Interner) -> Result<Option<Vec<Tok>>, TooBig> {
    let wildcards = |text: &str| -> Result<Vec<Tok>, TooBig> {
        let mut toks = Vec::new();
        for c in text.chars() {
            match c {
                '*' => toks.push(Tok::Run(Class::Any)),
                '?' => toks.push(Tok::One(Class::Any)),
                c => toks.extend(interner.literal(c.encode_utf8(&mut [0; 4]), true)?),
            }
        }
        Ok(toks)
    };
    match service {
        Some(service) => {
            super::compile::wildcard_matches(pattern.service(), service).then(|| wildcards(pattern.name())).transpose()
        }
        None if !pattern.service().contains(['*', '?']) => Ok(None),
        None if pattern.service() == "*" && pattern.name() == "*" => Ok(Some(vec![Tok::Run(Class::Any)])),
        None => {
            let mut toks = wildcards(pattern.service())?;
            toks.push(Tok::Sym(b':'));
            toks.extend(wildcards(pattern.name())?);
            Ok(Some(toks))
        }
    }
}

