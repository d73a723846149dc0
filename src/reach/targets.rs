//! On which of many things an action is allowed. Things that the same statements match are decided once.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::power::{BUDGET, Power, Side, speaking};
use super::universe::Universe;
use crate::access::{Known, KnownContext};
use crate::catalog::ActionId;
use crate::iam::condition::ConditionValue;
use crate::iam::{ContextKey, Listing, Part, Statement, Template};
use crate::solve::{Access, Allowing, Branch, Depth, Question, Solver, Undecided, World};

/// A question about many things.
pub(super) struct Asked<'q> {
    pub(super) solver: &'q Solver<'q>,
    pub(super) power: &'q Power<'q>,
    /// `service:Name`.
    pub(super) action: &'q str,
    /// What must allow it.
    pub(super) side: Side,
    /// Whether the things belong to its account: its resource control policies bind those alone.
    pub(super) own: bool,
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

/// What one statement says of the things.
struct Said {
    matched: Arc<FixedBitSet>,
    /// Whether it holds for whatever request on them.
    always: bool,
    /// Whether each of them must be asked about.
    each: bool,
}

/// What the statements of a branch say.
struct SaidBranch {
    require: Vec<Vec<Said>>,
    forbid: Vec<Said>,
}

impl Asked<'_> {
    /// Those on which it is allowed.
    pub(super) fn allowed(&self, undecided: &mut BTreeSet<Undecided>) -> FixedBitSet {
        let mut allowed = self.universe.none();
        let Some(action) = self.solver.catalog.find_action(self.action) else { return allowed };
        if self.among.is_clear() || (self.side == Side::Own && !self.power.most.contains(action.0 as usize)) {
            return allowed;
        }
        let mut access =
            speaking(self.solver, &self.power.access, action, self.side, self.power.layers.boundary.is_some());
        if !self.own {
            access.branches.iter_mut().for_each(|branch| branch.forbid.retain(|one| !one.rcp_services_only));
        }
        let list = |list: &Vec<Allowing>| list.iter().map(|one| self.said(one)).collect();
        let of = |branch: &Branch| SaidBranch {
            require: branch.require.iter().map(list).collect(),
            forbid: list(&branch.forbid),
        };
        let branches: Vec<SaidBranch> = access.branches.iter().map(of).collect();
        let all = || branches.iter().flat_map(|branch| branch.require.iter().flatten().chain(&branch.forbid));
        let mut blocks = vec![self.among.clone()];
        for said in all() {
            split(&mut blocks, &said.matched);
        }
        for block in blocks {
            let Some(first) = block.minimum() else { continue };
            match decide(&branches, first) {
                Some(true) => allowed.union_with(&block),
                Some(false) => {}
                None if all().any(|said| said.each && said.matched.contains(first)) => {
                    for thing in block.ones() {
                        if self.ask(&access, action, thing, undecided) {
                            allowed.insert(thing);
                        }
                    }
                }
                None => {
                    if self.ask(&access, action, first, undecided) {
                        allowed.union_with(&block);
                    }
                }
            }
        }
        allowed
    }

    fn ask(&self, access: &Access, action: ActionId, thing: usize, undecided: &mut BTreeSet<Undecided>) -> bool {
        let known = with_facts(self.power.known, access, thing, self.facts);
        let answer = self.solver.answer(&Question {
            effective: access,
            declared: &Access::default(),
            known: &known,
            partition: Some(self.power.partition),
            world: World::Closed,
            only: Some((&self.solver.catalog.full_name(action), self.universe.arn(thing))),
            budget: BUDGET,
            depth: Depth::Verdict,
            account: None,
            confirm: None,
        });
        undecided.extend(answer.undecided);
        !answer.grants.is_empty()
    }

    fn said(&self, one: &Allowing) -> Said {
        let Some(statement) = one.document.statements.get(one.index) else {
            return Said { matched: Arc::new(self.universe.none()), always: false, each: false };
        };
        let (matched, exact) = self.matched(statement);
        let of_the_thing = |key: &ContextKey| OF_THE_THING.iter().any(|name| key.lower().starts_with(name));
        let by_thing = keys_of(statement).any(of_the_thing);
        Said { matched, always: exact && statement.conditions.is_empty(), each: by_thing || !exact }
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
    let lists = access.branches.iter().flat_map(|branch| branch.require.iter().flatten().chain(&branch.forbid));
    for key in lists.filter_map(|one| one.document.statements.get(one.index)).flat_map(keys_of) {
        if let Some(fact) = facts(thing, key) {
            known.set(key.as_written(), fact);
        }
    }
    known
}

/// The keys that a statement names, in conditions and as variables.
fn keys_of(statement: &Statement) -> impl Iterator<Item = &ContextKey> {
    let texts = statement.conditions.iter().flat_map(|condition| &condition.values).filter_map(|value| match value {
        ConditionValue::Text(template) => Some(template),
        ConditionValue::Typed(_) => None,
    });
    let resources = statement.resource.iter().flat_map(|element| &element.patterns);
    let variables = resources.chain(texts).flat_map(Template::variables);
    statement.conditions.iter().map(|condition| &condition.key).chain(variables)
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

/// Whether one of the branches allows it on a thing; none where conditions decide.
fn decide(branches: &[SaidBranch], thing: usize) -> Option<bool> {
    let mut open = false;
    for SaidBranch { require, forbid } in branches {
        let mut certain = true;
        let mut possible = true;
        for list in require {
            let mut matching = list.iter().filter(|said| said.matched.contains(thing)).peekable();
            possible &= matching.peek().is_some();
            certain &= matching.any(|said| said.always);
        }
        for said in forbid.iter().filter(|said| said.matched.contains(thing)) {
            certain = false;
            possible &= !said.always;
        }
        if possible && certain {
            return Some(true);
        }
        open |= possible;
    }
    if open { None } else { Some(false) }
}
