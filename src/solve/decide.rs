//! The decision: group by group, statement by statement, case by case.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::TooBig;
use super::classes::{ActionGroup, Letter};
use super::compile::Solver;
use super::cubes::{Cubes, Goal, State, not_all};
use super::difference::{Cube, Grant, cube};
use super::domain::{Carries, Domain, domains, lift_to_arn};
use super::field::{FieldState, Left};
use super::glob::GlobRef;
use super::literal::{Field, Literal, Values};
use super::open_world::NewName;
use super::question::{Prepared, Question, ReadyBranch, agreeing};
use super::search::Budget;
use super::verdict::Undecided;
use crate::access::Request;
use crate::iam::ContextKey;

/// What one round of a decision found.
#[derive(Default)]
pub struct Outcome {
    /// Proven excess.
    pub grants: Vec<Grant>,
    /// What could not be decided.
    pub undecided: BTreeSet<Undecided>,
}

/// One round: a question under one binding of its variables.
pub struct Round<'a, 'q> {
    pub solver: &'a Solver<'a>,
    pub question: &'a Question<'q>,
    pub prepared: &'a Prepared,
    pub budget: &'a Budget,
    /// The values that variables were given in this round.
    pub assigned: &'a BTreeMap<ContextKey, String>,
    /// Whether variables are symbols: then only "nothing" is an answer.
    pub symbolic: bool,
}

/// The action's own part of a request: how its name is found, and on what it can be asked.
pub(super) struct Asked<'d> {
    /// The action; none for actions that do not exist yet.
    pub action: Option<&'d Letter>,
    /// What the resource meets; empty: anything.
    pub domain: Vec<Arc<[GlobRef]>>,
    /// What an ARN of the domain tells.
    pub carries: Carries,
    /// The group of existing actions that it stands for.
    pub group: Option<&'d ActionGroup>,
    /// Where the name may lie, for actions that do not exist yet.
    pub new_name: Option<&'d NewName<'d>>,
}

impl Round<'_, '_> {
    /// Decides all groups of existing actions.
    pub fn existing_actions(&self) -> Result<Outcome, TooBig> {
        let mut outcome = Outcome::default();
        for group in self.solver.groups(self.question, self.prepared) {
            self.group(&group, &mut outcome)?;
            if self.symbolic && !outcome.undecided.is_empty() {
                break;
            }
        }
        Ok(outcome)
    }

    fn group(&self, group: &ActionGroup, outcome: &mut Outcome) -> Result<(), TooBig> {
        let Some(first) = group.letters.first() else { return Ok(()) };
        let lists = |branch: &ReadyBranch| branch.narrowed(|i| self.prepared.statements.get(i).is_some_and(|s| first.is_in(s)));
        let effective: Vec<ReadyBranch> = self.prepared.effective.iter().map(lists).collect();
        let declared: Vec<ReadyBranch> = self.prepared.declared.iter().map(lists).collect();
        for domain in self.domains_of(group, first, &effective, &declared)? {
            let asked = Asked {
                action: Some(first),
                domain: if domain.globs.is_empty() { Vec::new() } else { vec![domain.globs] },
                carries: domain.carries,
                group: Some(group),
                new_name: None,
            };
            self.branches(&asked, &effective, &declared, outcome)?;
        }
        Ok(())
    }

    /// The resources that a group is asked on; told apart by what their ARNs tell only where some
    /// condition speaks of that.
    fn domains_of(
        &self,
        group: &ActionGroup,
        first: &Letter,
        effective: &[ReadyBranch],
        declared: &[ReadyBranch],
    ) -> Result<Vec<Domain>, TooBig> {
        let anything = Domain { globs: [].into(), carries: Carries::default() };
        let interner = &self.solver.interner;
        if let Some((_, resource)) = self.question.only {
            return Ok(vec![Domain { globs: [interner.exact(resource)?].into(), ..anything }]);
        }
        let shape = match (group.shape, first) {
            (Some(shape), _) => shape,
            (None, Letter::Known(id)) => self.solver.catalog.shape(*id),
            (None, Letter::Unknown(..)) => return Ok(vec![anything]),
        };
        let parts = domains(self.solver.catalog, interner, shape, self.question.partition)?;
        let speaks = |branch: &ReadyBranch| {
            branch.all().filter_map(|i| self.prepared.statements.get(i)).flat_map(|s| &s.literals).any(|l| match &l.field {
                Field::Key(key) => agreeing(key).is_some(),
                _ => false,
            })
        };
        if parts.len() < 2 || effective.iter().chain(declared).any(speaks) {
            return Ok(parts);
        }
        let globs: Vec<GlobRef> = parts.iter().flat_map(|p| p.globs.iter().cloned()).collect();
        Ok(vec![Domain { globs: globs.into(), ..anything }])
    }

    /// Decides one action, or one group, on one domain.
    pub(super) fn branches(
        &self,
        asked: &Asked<'_>,
        effective: &[ReadyBranch],
        declared: &[ReadyBranch],
        outcome: &mut Outcome,
    ) -> Result<(), TooBig> {
        let initial_error: RefCell<Option<TooBig>> = RefCell::new(None);
        let initial = |field: &Field| {
            self.initial(asked, field).unwrap_or_else(|error| {
                initial_error.replace(Some(error));
                FieldState::free()
            })
        };
        let cubes = Cubes { interner: &self.solver.interner, budget: self.budget, initial: &initial };
        let mut cases = vec![Vec::new()];
        for branch in declared {
            let of_branch = self.not_allowed(branch, asked);
            cases = cases.iter().flat_map(|c: &Vec<Goal>| of_branch.iter().map(|b| [c.as_slice(), b].concat())).collect();
        }
        for branch in effective {
            let Some((first, others)) = branch.require.split_first() else { continue };
            if others.iter().any(Vec::is_empty) {
                continue;
            }
            let mut base: Vec<Goal> = branch.except.iter().map(|l| vec![vec![l.clone()]]).collect();
            base.extend(others.iter().map(|list| list.iter().map(|i| self.literals(*i, asked)).collect()));
            base.extend(branch.forbid.iter().map(|i| not_all(&self.literals(*i, asked))));
            for granting in first {
                let mut found = Found { cubes: Vec::new(), more: false, witness: None };
                for case in &cases {
                    let mut goals = vec![vec![self.literals(*granting, asked)]];
                    goals.extend(base.iter().cloned());
                    goals.extend(case.iter().cloned());
                    let visited = cubes.visit(goals, &mut |state| self.cube(asked, state, &mut found, outcome));
                    if let Some(error) = initial_error.take() {
                        return Err(error);
                    }
                    if visited.is_err() {
                        outcome.undecided.insert(Undecided::Budget);
                        found.more = true;
                    }
                }
                if let (Some(witness), Some(statement)) = (found.witness, self.prepared.statements.get(*granting)) {
                    let actions = match (asked.group, asked.action) {
                        (Some(group), _) => group.letters.iter().map(|l| l.name(self.solver.catalog)).collect(),
                        (None, Some(letter)) => vec![letter.name(self.solver.catalog)],
                        (None, None) => vec![witness.action.clone()],
                    };
                    outcome.grants.push(Grant { tag: statement.tag, actions, cubes: found.cubes, more: found.more, witness });
                }
            }
        }
        Ok(())
    }

    /// A cube was found: tell it, and take a witness from it.
    fn cube(&self, asked: &Asked<'_>, state: &State, found: &mut Found, outcome: &mut Outcome) -> ControlFlow<()> {
        for (field, known) in state {
            if known.left(&self.solver.interner, self.budget) == Left::Unknown {
                outcome.undecided.insert(match field {
                    Field::Key(key) => Undecided::Condition(key.as_written().to_owned()),
                    Field::Action | Field::Resource => Undecided::Budget,
                });
                return ControlFlow::Continue(());
            }
        }
        if self.symbolic {
            outcome.undecided.insert(Undecided::Budget);
            return ControlFlow::Break(());
        }
        if found.cubes.len() >= self.question.cubes && found.witness.is_some() {
            found.more = true;
            return ControlFlow::Break(());
        }
        if found.witness.is_none() {
            match self.witness(asked, state) {
                Some(request) => match self.confirmed(&request) {
                    Ok(()) => found.witness = Some(request),
                    Err(refuted) => {
                        outcome.undecided.insert(Undecided::WitnessRefuted(refuted));
                        return ControlFlow::Continue(());
                    }
                },
                None => {
                    outcome.undecided.insert(Undecided::Budget);
                    return ControlFlow::Continue(());
                }
            }
        }
        found.cubes.push(cube(state, &asked.domain, &self.solver.interner));
        ControlFlow::Continue(())
    }

    fn confirmed(&self, request: &Request) -> Result<(), String> {
        self.question.confirm.map_or(Ok(()), |confirm| confirm(request))
    }

    /// The ways in which a branch does not allow, disjoint: some Deny matches; else no statement of some
    /// list does; else the branch does not speak of the resource.
    fn not_allowed(&self, branch: &ReadyBranch, asked: &Asked<'_>) -> Vec<Vec<Goal>> {
        let mut cases = Vec::new();
        let mut so_far: Vec<Goal> = Vec::new();
        for deny in &branch.forbid {
            let literals = self.literals(*deny, asked);
            cases.push([so_far.as_slice(), &[vec![literals.clone()]]].concat());
            so_far.push(not_all(&literals));
        }
        if let Some(except) = &branch.except {
            cases.push([so_far.as_slice(), &[vec![vec![except.negated()]]]].concat());
            so_far.push(vec![vec![except.clone()]]);
        }
        for list in &branch.require {
            let mut case = so_far.clone();
            case.extend(list.iter().map(|i| not_all(&self.literals(*i, asked))));
            cases.push(case);
            so_far.push(list.iter().map(|i| self.literals(*i, asked)).collect());
        }
        cases
    }

    /// A statement's literals; those on keys that the ARN tells become literals on the resource.
    fn literals(&self, index: usize, asked: &Asked<'_>) -> Vec<Literal> {
        let Some(statement) = self.prepared.statements.get(index) else { return Vec::new() };
        statement.literals.iter().map(|l| self.lifted(l, asked.carries)).collect()
    }

    fn lifted(&self, literal: &Literal, carries: Carries) -> Literal {
        let Field::Key(key) = &literal.field else { return literal.clone() };
        let Some(segment) = agreeing(key).filter(|s| carries.tells(*s)) else { return literal.clone() };
        let Values::Text(globs) = &literal.values else { return literal.clone() };
        let globs: Vec<GlobRef> = globs.iter().map(|g| lift_to_arn(&self.solver.interner, segment, g)).collect();
        Literal::text(Field::Resource, globs.into(), false, literal.holds)
    }

    fn initial(&self, asked: &Asked<'_>, field: &Field) -> Result<FieldState, TooBig> {
        match field {
            Field::Action => {
                Ok(asked.new_name.map_or_else(FieldState::present, |name| name.state(&self.solver.interner)))
            }
            Field::Resource => {
                let mut state = FieldState::present();
                for globs in &asked.domain {
                    state.add(&Literal::text(Field::Resource, Arc::clone(globs), false, true));
                }
                Ok(state)
            }
            Field::Key(key) => {
                let shape = match (asked.group.and_then(|g| g.shape), asked.action) {
                    (Some(shape), _) => Some(shape),
                    (None, Some(Letter::Known(id))) => Some(self.solver.catalog.shape(*id)),
                    _ => None,
                };
                let shape = if self.question.only.is_some() { None } else { shape };
                self.solver.known_state(key, self.question.known, shape)
            }
        }
    }
}

struct Found {
    cubes: Vec<Cube>,
    more: bool,
    witness: Option<Request>,
}

impl ReadyBranch {
    /// The branch with only the statements that `keep` names.
    pub(super) fn narrowed(&self, keep: impl Fn(usize) -> bool) -> ReadyBranch {
        let narrow = |list: &Vec<usize>| list.iter().copied().filter(|i| keep(*i)).collect();
        ReadyBranch {
            require: self.require.iter().map(narrow).collect(),
            forbid: narrow(&self.forbid),
            except: self.except.clone(),
        }
    }

    /// All its statements.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> {
        self.require.iter().flatten().chain(&self.forbid).copied()
    }
}
