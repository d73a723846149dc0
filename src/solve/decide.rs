//! The decision: group by group, statement by statement, case by case.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::TooBig;
use super::classes::{ActionGroup, Actions, Letter};
use super::compile::Solver;
use super::cubes::{Cubes, Goal, State, Stopped, not_all};
use super::difference::{Cube, Grant, cube};
use super::domain::{Carries, Domain, any_resource, any_resource_apart, lift_to_arn};
use super::field::{FieldState, Left};
use super::glob::GlobRef;
use super::literal::{Field, Literal, Values};
use super::open_world::NewName;
use super::question::{Depth, Prepared, Question, ReadyBranch, Witnesses, agreeing};
use super::search::Budget;
use super::verdict::Undecided;
use crate::access::{KnownContext, Request};
use crate::iam::{Arn, ContextKey, Partition, Readings};

/// What was found so far.
#[derive(Default)]
pub struct Outcome {
    /// Proven excess.
    pub grants: Vec<Grant>,
    /// What could not be decided.
    pub undecided: BTreeSet<Undecided>,
    /// The statements that a witness is at hand for.
    pub witnessed: FxHashSet<(usize, usize)>,
}

impl Outcome {
    /// Whether no witness need be taken for a statement any more.
    pub(super) fn is_witnessed(&self, tag: (usize, usize), depth: Depth) -> bool {
        match depth {
            Depth::Verdict
            | Depth::Difference { witnesses: Witnesses::EachStatement | Witnesses::EachStatementAlone, .. } => {
                self.witnessed.contains(&tag)
            }
            Depth::Difference { witnesses: Witnesses::One, .. } => !self.witnessed.is_empty(),
            Depth::Difference { witnesses: Witnesses::None, .. } => true,
        }
    }
}

/// One round: some actions under one binding of their variables.
#[derive(Copy, Clone)]
pub struct Round<'a, 'q> {
    pub solver: &'a Solver<'a>,
    pub question: &'a Question<'q>,
    pub prepared: &'a Prepared<'q>,
    pub budget: &'a Budget,
    /// How the choices are read.
    pub readings: Readings,
    /// What is known of the context in this round.
    pub known: &'a KnownContext,
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
    /// The actions that this one stands for.
    pub actions: &'d Actions,
    /// The group of existing actions, if it is one.
    pub group: Option<&'d ActionGroup>,
    /// Where the name may lie, for actions that do not exist yet.
    pub new_name: Option<&'d NewName<'d>>,
}

impl Round<'_, '_> {
    /// Decides a group of existing actions whose branches are narrowed to the statements that speak of it.
    pub(super) fn group(
        &self,
        group: &ActionGroup,
        effective: &[ReadyBranch],
        declared: &[ReadyBranch],
        outcome: &mut Outcome,
    ) -> Result<(), TooBig> {
        for domain in self.domains_of(group, effective, declared)? {
            let asked = Asked {
                action: Some(&group.first),
                domain: domain.within(),
                carries: domain.carries,
                actions: &group.actions,
                group: Some(group),
                new_name: None,
            };
            self.branches(&asked, effective, declared, outcome)?;
        }
        Ok(())
    }

    /// The resources that a group is asked on; told apart by what their ARNs tell only where some
    /// condition speaks of that.
    fn domains_of(
        &self,
        group: &ActionGroup,
        effective: &[ReadyBranch],
        declared: &[ReadyBranch],
    ) -> Result<Vec<Domain>, TooBig> {
        if let Some((_, resource)) = self.question.only {
            // A principal acts in its own partition only.
            let told = Arn::parse(resource).and_then(|arn| Partition::parse(arn.partition()));
            if told.is_some_and(|told| self.question.partition.is_some_and(|own| own != told)) {
                return Ok(Vec::new());
            }
            let globs = [self.solver.interner.exact(resource)?].into();
            return Ok(vec![Domain { globs, carries: Carries::default() }]);
        }
        let told_apart = self.is_told_apart(effective, declared);
        let shape = match (group.shape, &group.first) {
            (Some(shape), _) => shape,
            (None, Letter::Known(id)) => self.solver.catalog.shape(*id),
            (None, Letter::Unknown(..)) => return self.any_domains(effective, declared),
        };
        let domains = self.solver.domains(shape, self.question.partition)?;
        if told_apart { Ok(domains.apart.clone()) } else { Ok(vec![domains.together.clone()]) }
    }

    /// Whether some condition speaks of what an ARN tells.
    fn is_told_apart(&self, effective: &[ReadyBranch], declared: &[ReadyBranch]) -> bool {
        let speaks = |branch: &ReadyBranch| {
            branch
                .all()
                .filter_map(|i| self.prepared.statements.get(i))
                .flat_map(|s| &s.literals)
                .any(|l| matches!(&l.field, Field::Key(key) if agreeing(key).is_some()))
        };
        self.assigned.keys().any(|key| agreeing(key).is_some()) || effective.iter().chain(declared).any(speaks)
    }

    /// The resources that an action may be asked on of which nothing is known.
    pub(super) fn any_domains(
        &self,
        effective: &[ReadyBranch],
        declared: &[ReadyBranch],
    ) -> Result<Vec<Domain>, TooBig> {
        if self.is_told_apart(effective, declared) {
            return any_resource_apart(&self.solver.interner, self.question.partition);
        }
        Ok(vec![any_resource(&self.solver.interner, self.question.partition)?])
    }

    /// Decides one action, or all that it stands for, on one domain.
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
            cases =
                cases.iter().flat_map(|c: &Vec<Goal>| of_branch.iter().map(|b| [c.as_slice(), b].concat())).collect();
        }
        for branch in effective {
            let Some((first, others)) = branch.require.split_first() else { continue };
            if others.iter().any(Vec::is_empty) {
                continue;
            }
            let mut base: Vec<Goal> = self.excepted(branch, asked).map(|l| vec![vec![l.clone()]]).collect();
            base.extend(self.assigned_segments(asked).into_iter().map(|l| vec![vec![l]]));
            base.extend(others.iter().map(|list| list.iter().map(|i| self.literals(*i, asked)).collect()));
            base.extend(branch.forbid.iter().map(|i| not_all(&self.literals(*i, asked))));
            for granting in first {
                let Some(statement) = self.prepared.statements.get(*granting) else { continue };
                let mut found = Found { cubes: Vec::new(), more: false, any: false, tag: statement.tag, witness: None };
                for case in &cases {
                    let mut goals = vec![vec![self.literals(*granting, asked)]];
                    goals.extend(base.iter().cloned());
                    goals.extend(case.iter().cloned());
                    let visited = cubes.visit(goals, &mut |state| self.cube(asked, state, &mut found, outcome));
                    if let Some(error) = initial_error.take() {
                        return Err(error);
                    }
                    match visited {
                        Ok(ControlFlow::Continue(())) => {}
                        // Enough is known of this statement.
                        Ok(ControlFlow::Break(())) => break,
                        Err(Stopped) => {
                            outcome.undecided.insert(Undecided::Budget);
                            found.more = true;
                        }
                    }
                }
                if found.any {
                    if found.witness.is_some() {
                        outcome.witnessed.insert(found.tag);
                    }
                    let actions = asked.actions.clone();
                    outcome.grants.push(Grant {
                        tag: found.tag,
                        actions,
                        cubes: found.cubes,
                        more: found.more,
                        witness: found.witness,
                    });
                    if self.question.depth == Depth::Verdict {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// A cube was found: tell it, and take a witness from it if the statement has none yet.
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
        let wanted = match self.question.depth {
            Depth::Verdict => 1,
            Depth::Difference { cubes, .. } => cubes,
        };
        if found.any && found.cubes.len() >= wanted {
            found.more = true;
            return ControlFlow::Break(());
        }
        if !found.any && !outcome.is_witnessed(found.tag, self.question.depth) {
            let Some(request) = self.witness(asked, state) else {
                outcome.undecided.insert(Undecided::Budget);
                return ControlFlow::Continue(());
            };
            if let Err(refuted) = self.question.confirm.map_or(Ok(()), |confirm| confirm(&request, self.readings)) {
                outcome.undecided.insert(Undecided::WitnessRefuted(refuted));
                return ControlFlow::Continue(());
            }
            found.witness = Some(request);
        }
        found.any = true;
        let alone = matches!(self.question.depth, Depth::Difference { witnesses: Witnesses::EachStatementAlone, .. });
        if self.question.depth == Depth::Verdict || (alone && found.witness.is_none()) {
            found.more = true;
            return ControlFlow::Break(());
        }
        found.cubes.push(cube(state, &asked.domain, &self.solver.interner));
        ControlFlow::Continue(())
    }

    /// The ways in which a branch does not allow, disjoint: some Deny matches; else it does not speak of
    /// the resource; else no statement of some list matches.
    fn not_allowed(&self, branch: &ReadyBranch, asked: &Asked<'_>) -> Vec<Vec<Goal>> {
        let mut cases = Vec::new();
        let mut so_far: Vec<Goal> = Vec::new();
        for deny in &branch.forbid {
            let literals = self.literals(*deny, asked);
            cases.push([so_far.as_slice(), &[vec![literals.clone()]]].concat());
            so_far.push(not_all(&literals));
        }
        for except in self.excepted(branch, asked) {
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

    /// What a branch leaves to others, for the service of the action asked.
    fn excepted<'b>(&self, branch: &'b ReadyBranch, asked: &Asked<'_>) -> impl Iterator<Item = &'b Literal> {
        let service = match (asked.action, asked.new_name) {
            (Some(letter), _) => Some(letter.service(self.solver.catalog)),
            (None, Some(name)) => name.service.map(str::to_owned),
            (None, None) => None,
        };
        branch.except.iter().filter(move |(s, _)| s.is_none() || service == *s).map(|(_, literal)| literal)
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

    /// Where a variable was given a value that the ARN tells too, the ARN must tell the same.
    fn assigned_segments(&self, asked: &Asked<'_>) -> Vec<Literal> {
        let told = self.assigned.iter().filter_map(|(key, value)| {
            let segment = agreeing(key).filter(|s| asked.carries.tells(*s))?;
            let glob = self.solver.interner.exact(value).ok()?;
            let lifted = lift_to_arn(&self.solver.interner, segment, &glob);
            Some(Literal::text(Field::Resource, [lifted].into(), false, true))
        });
        told.collect()
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
                    _ if self.question.only.is_some() => None,
                    (Some(shape), _) => Some(shape),
                    (None, Some(Letter::Known(id))) => Some(self.solver.catalog.shape(*id)),
                    _ => None,
                };
                self.solver.known_state(key, self.known, shape)
            }
        }
    }
}

/// What one granting statement was found to allow beyond.
struct Found {
    tag: (usize, usize),
    any: bool,
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
