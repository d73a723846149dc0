//! On which of many things an action is allowed. Things that the same statements match are decided once.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::decides::Decides;
use super::graph::{Answer, Graph};
use super::power::{BUDGET, Power};
use super::universe::Universe;
use crate::access::{Known, KnownContext, settled};
use crate::catalog::ActionId;
use crate::iam::{Condition, ContextKey, Listing, Part, Statement, Template};
use crate::solve::{Access, Allowing, Branch, Depth, Question, Undecided, World, everything};

/// A question about many things.
pub(super) struct Asked<'q> {
    pub(super) graph: &'q Graph<'q>,
    pub(super) power: &'q Power<'q>,
    pub(super) action: ActionId,
    /// The part of the principal's access that speaks of the action ([`super::power::speaking`]).
    pub(super) access: &'q Access,
    pub(super) universe: &'q Universe,
    /// Those that are asked about.
    pub(super) among: &'q FixedBitSet,
    /// What is known of a key in a request on one of them, beyond what is known of every request.
    pub(super) facts: &'q Facts<'q>,
}

/// What is known of a key in a request on something.
pub(super) type Facts<'f> = dyn Fn(usize, &ContextKey) -> Option<Known> + Sync + 'f;

/// Keys that tell what the thing itself is like: where a condition asks for one, each thing is asked about.
const OF_THE_THING: [&str; 3] = ["aws:resourcetag/", "iam:resourcetag/", "iam:permissionsboundary"];

fn is_of_the_thing(key: &ContextKey) -> bool {
    OF_THE_THING.iter().any(|name| key.lower().starts_with(name))
}

/// What one statement says of the things.
#[derive(Clone)]
struct Said<'q> {
    one: &'q Allowing,
    matched: Arc<FixedBitSet>,
    /// Whether it matches these and no others, whatever the request.
    exact: bool,
    /// Whether it holds for whatever request on them.
    always: bool,
    /// Whether each of them must be asked about.
    each: bool,
}

/// What the statements of a branch say.
struct SaidBranch<'q> {
    require: Vec<Vec<Said<'q>>>,
    forbid: Vec<Said<'q>>,
}

impl Asked<'_> {
    /// Those on which it is allowed.
    pub(super) fn allowed(&self, undecided: &mut BTreeSet<Undecided>) -> FixedBitSet {
        let mut allowed = self.universe.none();
        if self.among.is_clear() {
            return allowed;
        }
        let of = |branch| self.said_of(branch);
        let branches: Vec<SaidBranch<'_>> = self.access.branches.iter().map(of).collect();
        let mut blocks = vec![self.among.clone()];
        for said in branches.iter().flat_map(SaidBranch::all) {
            split(&mut blocks, &said.matched);
        }
        for block in blocks {
            let Some(first) = block.minimum() else { continue };
            let open: Vec<SaidBranch<'_>> = match left(&branches, first) {
                Left::Allowed => {
                    allowed.union_with(&block);
                    continue;
                }
                Left::Denied => continue,
                Left::Open(open) => open,
            };
            let access = Access { branches: open.iter().map(SaidBranch::branch).collect() };
            let exact = open.iter().flat_map(SaidBranch::all).all(|said| said.exact);
            if open.iter().flat_map(SaidBranch::all).any(|said| said.each) {
                for thing in block.ones() {
                    if self.ask(&access, thing, exact, undecided) {
                        allowed.insert(thing);
                    }
                }
            } else if self.ask(&access, first, exact, undecided) {
                allowed.union_with(&block);
            }
        }
        allowed
    }

    /// Whether it is allowed on a thing. Where every statement matches exactly, all that counts of the thing's ARN is
    /// its account.
    fn ask(&self, access: &Access, thing: usize, exact: bool, undecided: &mut BTreeSet<Undecided>) -> bool {
        let solver = self.graph.solver;
        let arn = self.universe.arn(thing);
        let of_arn = if exact { arn.split(':').nth(4).unwrap_or_default() } else { arn };
        let asked = (self.action, of_arn.to_owned());
        let decides = Decides::new(&access.branches, self.power.partition, |key| self.known(thing, key));
        let answer = self.graph.answers.of((asked, decides), || {
            let known = with_facts(self.power.known, access, thing, self.facts);
            let answer = solver.answer(&Question {
                effective: access,
                declared: &Access::default(),
                known: &known,
                partition: Some(self.power.partition),
                world: World::Closed,
                only: Some((&solver.catalog.full_name(self.action), arn)),
                budget: BUDGET,
                depth: Depth::Verdict,
                account: None,
                confirm: None,
            });
            Arc::new(Answer { allowed: !answer.grants.is_empty(), undecided: answer.undecided })
        });
        undecided.extend(answer.undecided.iter().cloned());
        answer.allowed
    }

    fn said_of<'q>(&self, branch: &'q Branch) -> SaidBranch<'q> {
        let require = branch.require.iter().map(|list| list.iter().map(|one| self.said(one)).collect()).collect();
        SaidBranch { require, forbid: branch.forbid.iter().map(|one| self.said(one)).collect() }
    }

    fn said<'q>(&self, one: &'q Allowing) -> Said<'q> {
        let Some(statement) = one.statement() else {
            return Said { one, matched: Arc::new(self.universe.none()), exact: true, always: false, each: false };
        };
        let (matched, exact) = self.matched(statement);
        let each = !exact || statement.keys().any(is_of_the_thing);
        let mut open = false;
        for condition in &statement.conditions {
            match self.settled(condition) {
                Some(true) => {}
                Some(false) => {
                    let matched = Arc::new(self.universe.none());
                    return Said { one, matched, exact: true, always: false, each: false };
                }
                None => open = true,
            }
        }
        Said { one, matched, exact, always: exact && !open, each }
    }

    /// Whether a condition holds in every such request, or in none; nothing where requests or things differ.
    fn settled(&self, condition: &Condition) -> Option<bool> {
        let thing = self.among.minimum().filter(|_| !is_of_the_thing(&condition.key))?;
        settled(condition, &self.known(thing, &condition.key))
    }

    /// What is known of a key in a request on a thing.
    fn known(&self, thing: usize, key: &ContextKey) -> Known {
        (self.facts)(thing, key).unwrap_or_else(|| self.power.known.of(key))
    }

    /// The things that the resources of a statement match, and whether these are all of them exactly.
    fn matched(&self, statement: &Statement) -> (Arc<FixedBitSet>, bool) {
        let everything = || self.universe.matching("*");
        let Some(element) = &statement.resource else { return (everything(), true) };
        let globs: Vec<Option<String>> = element.patterns.iter().map(|pattern| self.glob(pattern)).collect();
        match (element.listing, globs.as_slice()) {
            (Listing::Only, [Some(glob)]) => (self.universe.matching(glob), true),
            (Listing::Only, _) => {
                let mut found = self.universe.none();
                let exact = globs.iter().all(Option::is_some);
                for (glob, pattern) in globs.iter().zip(&element.patterns) {
                    match glob {
                        Some(glob) => found.union_with(&self.universe.matching(glob)),
                        None => found.union_with(&self.universe.matching(&wide(pattern))),
                    }
                }
                (Arc::new(found), exact)
            }
            (Listing::AllBut, _) => {
                let mut found = (*everything()).clone();
                globs.iter().flatten().for_each(|glob| found.difference_with(&self.universe.matching(glob)));
                (Arc::new(found), globs.iter().all(Option::is_some))
            }
        }
    }

    /// A pattern as a glob with its variables replaced; none where one is not known.
    fn glob(&self, pattern: &Template) -> Option<String> {
        let mut glob = String::new();
        for part in pattern.parts() {
            match part {
                Part::Literal(text) if text.contains(['*', '?']) => return None,
                Part::Literal(text) => glob.push_str(text),
                Part::AnyRun => glob.push('*'),
                Part::AnyOne => glob.push('?'),
                Part::Variable { key, .. } => match self.power.known.of(key) {
                    Known::Value(value) if !value.contains(['*', '?']) => glob.push_str(&value),
                    _ => return None,
                },
            }
        }
        Some(glob)
    }
}

/// What is known of a request on a thing: what is known of every request, and the facts about the keys that some
/// statement names.
pub(super) fn with_facts(known: &KnownContext, access: &Access, thing: usize, facts: &Facts<'_>) -> KnownContext {
    let mut known = known.clone();
    for key in access.uses().filter_map(Allowing::statement).flat_map(Statement::keys) {
        if let Some(fact) = facts(thing, key) {
            known.set(key.as_written(), fact);
        }
    }
    known
}

/// A pattern as a glob that matches at least as much.
fn wide(pattern: &Template) -> String {
    let part = |part: &Part| match part {
        Part::Literal(text) => text.replace(['*', '?'], "?"),
        Part::AnyOne => "?".to_owned(),
        Part::AnyRun | Part::Variable { .. } => "*".to_owned(),
    };
    pattern.parts().iter().map(part).collect()
}

/// Splits blocks into what a set holds and what it does not.
fn split(blocks: &mut Vec<FixedBitSet>, by: &FixedBitSet) {
    for i in 0..blocks.len() {
        let Some(block) = blocks.get_mut(i) else { continue };
        if block.is_disjoint(by) || block.is_subset(by) {
            continue;
        }
        let mut inside = block.clone();
        inside.intersect_with(by);
        block.difference_with(by);
        blocks.push(inside);
    }
}

impl<'q> SaidBranch<'q> {
    fn all(&self) -> impl Iterator<Item = &Said<'q>> {
        self.require.iter().flatten().chain(&self.forbid)
    }

    fn branch(&self) -> Branch {
        let list = |list: &[Said<'_>]| list.iter().map(|said| said.one.clone()).collect::<Vec<_>>();
        let mut require: Vec<Vec<Allowing>> = self.require.iter().map(|one| list(one)).collect();
        if require.is_empty() {
            require.push(everything());
        }
        Branch { require, forbid: list(&self.forbid), except: Vec::new() }
    }
}

/// What the statements leave to be asked of a thing.
enum Left<'q> {
    Allowed,
    Denied,
    /// What the conditions and variables of these decide.
    Open(Vec<SaidBranch<'q>>),
}

/// What is left of the branches on a thing, without the statements that do not match it and the lists that one
/// statement meets for certain.
fn left<'q>(branches: &[SaidBranch<'q>], thing: usize) -> Left<'q> {
    let mut open = Vec::new();
    for SaidBranch { require, forbid } in branches {
        let matching = |list: &[Said<'q>]| -> Vec<Said<'q>> {
            list.iter().filter(|said| said.matched.contains(thing)).cloned().collect()
        };
        let require: Vec<Vec<Said<'q>>> = require.iter().map(|list| matching(list)).collect();
        let forbid = matching(forbid);
        if require.iter().any(Vec::is_empty) || forbid.iter().any(|said| said.always) {
            continue;
        }
        let unmet = |list: &Vec<Said<'q>>| !list.iter().any(|said| said.always);
        let require: Vec<Vec<Said<'q>>> = require.into_iter().filter(unmet).collect();
        if require.is_empty() && forbid.is_empty() {
            return Left::Allowed;
        }
        open.push(SaidBranch { require, forbid });
    }
    if open.is_empty() { Left::Denied } else { Left::Open(open) }
}
