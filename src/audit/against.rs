//! One agent against one operator.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::ask::{Answer, Ask, Asker, BUDGET, Found, Founds};
use super::sides::both;
use super::subject::{Declared, Subject};
use crate::access::{Context, ContextValue, Known, Request};
use crate::iam::{ContextKey, Readings};
use crate::snapshot::LayerKind;
use crate::solve::{Access, Another, Depth, Undecided};

/// An operator, ready to be held against agents.
pub(super) struct Operator<'a> {
    /// The operator.
    pub subject: &'a Subject<'a>,
    access: OnceLock<Access>,
    /// What of a request's context is always the same for it.
    own: Context,
    /// What no request of its has.
    lacks: Vec<ContextKey>,
}

/// How an agent's access lies to an operator's.
pub(super) enum Relation {
    /// Each may do what the other may.
    Same,
    /// The agent may do less.
    Within,
    /// The agent may do what the operator may not: this.
    Beyond(Founds),
    /// It could not be decided, and why.
    Unknown(BTreeSet<String>),
}

/// An agent held against one of the operators that it is declared to be narrower than.
pub(super) struct Compared<'a> {
    /// The operator.
    pub operator: &'a Subject<'a>,
    /// What came of it.
    pub relation: Relation,
    /// What both may do, destroys, and is not declared for the agent.
    pub shared: Founds,
}

impl<'a> Operator<'a> {
    /// The operator, nothing of it asked yet.
    pub fn new(subject: &'a Subject<'a>) -> Operator<'a> {
        let (mut own, mut lacks) = (Context::default(), Vec::new());
        for (key, known) in subject.known.named() {
            match known {
                Known::Value(value) => drop(own.0.insert(key.clone(), ContextValue::One(value.clone()))),
                Known::Set(values) => drop(own.0.insert(key.clone(), ContextValue::Set(values.clone()))),
                Known::Missing => lacks.push(key.clone()),
                Known::Present | Known::StartsWith(_) | Known::Free => {}
            }
        }
        Operator { subject, access: OnceLock::new(), own, lacks }
    }

    /// A request with this operator's own context.
    fn request(&self, request: &Request) -> Request {
        let mut sent = request.clone();
        sent.context.0.retain(|key, _| !self.lacks.contains(key));
        sent.context.0.extend(self.own.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        sent
    }
}

/// An agent, and what is known of it.
pub(super) struct Agent<'a> {
    /// What the run shares.
    pub asker: &'a Asker<'a>,
    /// The agent.
    pub subject: &'a Subject<'a>,
    /// What it may do.
    pub access: &'a Access,
    /// What was found of it against its own ceiling.
    pub answer: &'a Answer,
    /// Everything that destroys.
    pub destructive: &'a Declared,
}

impl Agent<'_> {
    /// Whether an operator may do what examples show of the agent. Where not, it is not the same, and nobody need ask.
    pub fn may_be_same(&self, other: &Operator<'_>, all: &Founds) -> bool {
        let whole = |subject: &Subject<'_>| unknown_layer(subject).is_none();
        whole(self.subject) && whole(other.subject) && self.are_allowed(other, all)
    }

    fn are_allowed(&self, other: &Operator<'_>, all: &Founds) -> bool {
        let allowed = |request: &Request| {
            self.asker.is_allowed(&other.subject.layers, &other.request(request), Readings::default())
        };
        all.values().filter_map(|found| found.witness.as_ref()).all(allowed)
    }

    /// Whether it is proven that an operator may do all that the agent may; examples tell first where not.
    pub fn is_within(&self, other: &Operator<'_>, all: &Founds) -> bool {
        let another = self.another(other);
        self.are_allowed(other, all) && self.contained(self.access, &another.access, &another).is_empty()
    }

    /// Whether it is proven that each may do what the other may.
    pub fn is_same(&self, other: &Operator<'_>) -> bool {
        let another = self.another(other);
        self.contained(self.access, &another.access, &another).is_empty()
            && self.contained(&another.access, self.access, &another).is_empty()
    }

    /// Holds it against one that it is declared to be narrower than.
    pub fn held<'o>(&self, other: &Operator<'o>) -> Compared<'o> {
        let another = self.another(other);
        let operator = &other.subject.layers;
        let mut undecided = BTreeSet::new();
        let confirm = |request: &Request, readings| {
            let (own, its) = (another.told(request), another.request(request));
            let may = self.asker.is_allowed(&self.subject.layers, &own, readings);
            self.asker.confirm(may, self.asker.is_allowed(operator, &its, readings), &own)
        };
        let ask = Ask { known: &another.known, ..Ask::difference(self.asker, self.subject, &confirm) };
        let mut beyond = ask.closed(self.access, &another.access, &mut undecided);
        told(&mut beyond, &another);
        let relation = self.relation(beyond, undecided, other, &another);
        Compared { operator: other.subject, relation, shared: self.shared(other, &another) }
    }

    fn relation(
        &self,
        beyond: Founds,
        undecided: BTreeSet<Undecided>,
        other: &Operator<'_>,
        another: &Another,
    ) -> Relation {
        let unknown = |why: String| Relation::Unknown(BTreeSet::from([why]));
        if !beyond.is_empty() {
            // What is not known of the operator could allow it; what is not of the agent could take it back.
            return match unknown_layer(other.subject) {
                Some(missing) => unknown(missing),
                None if self.subject.may_be_narrower() => unknown_layer(self.subject).map_or(Relation::Within, unknown),
                None => Relation::Beyond(beyond),
            };
        }
        if !undecided.is_empty() {
            return Relation::Unknown(undecided.iter().map(ToString::to_string).collect());
        }
        if let Some(missing) = unknown_layer(self.subject) {
            return unknown(missing);
        }
        let lacking = self.contained(&another.access, self.access, another);
        match (lacking.is_empty(), unknown_layer(other.subject)) {
            (false, _) => Relation::Within,
            (true, Some(missing)) => unknown(missing),
            (true, None) => Relation::Same,
        }
    }

    /// What both may do, destroys, and is not declared for the agent.
    fn shared(&self, other: &Operator<'_>, another: &Another) -> Founds {
        let destroys = |found: &Found| found.actions.destructive(&self.asker.ranks) > 0;
        if self.subject.may_be_narrower() || !self.answer.excess.values().any(destroys) {
            return Founds::new();
        }
        let declared = &self.subject.declared;
        let confirm = |request: &Request, readings| {
            let (own, its) = (another.told(request), another.request(request));
            let may = self.asker.is_allowed(&self.subject.layers, &own, readings)
                && self.asker.is_allowed(&other.subject.layers, &its, readings)
                && self.asker.is_allowed(&self.destructive.layers, &own, readings);
            self.asker.confirm(may, self.asker.is_allowed(&declared.layers, &own, readings), &own)
        };
        let ask = Ask { known: &another.known, ..Ask::difference(self.asker, self.subject, &confirm) };
        let left = both(&both(self.access, &another.access), &self.destructive.access);
        // What is undecided of the agent's excess is told there.
        let mut shared = ask.closed(&left, &declared.access, &mut BTreeSet::new());
        told(&mut shared, another);
        shared
    }

    /// Why one side is not proven to be within the other; nothing where it is.
    fn contained(&self, left: &Access, right: &Access, another: &Another) -> Founds {
        let (budget, depth) = (BUDGET, Depth::Verdict);
        let ask = Ask { asker: self.asker, subject: self.subject, known: &another.known, budget, depth, confirm: None };
        let mut undecided = BTreeSet::new();
        let mut found = ask.closed(left, right, &mut undecided);
        if !undecided.is_empty() {
            found.entry((usize::MAX, 0)).or_default();
        }
        found
    }

    fn another(&self, other: &Operator<'_>) -> Another {
        let access = other.access.get_or_init(|| self.asker.effective(&other.subject.layers).0);
        Another::new(access, &other.subject.known, &self.subject.known)
    }
}

/// What of a principal's own layers is not known; a resource's policy decides over that resource alone.
fn unknown_layer(subject: &Subject<'_>) -> Option<String> {
    let missing = subject.missing.iter().find(|missing| missing.layer != LayerKind::Resource)?;
    Some(format!("{missing}, and it decides over {}", subject.principal.arn.resource()))
}

/// Takes out the names that only the question knows.
fn told(founds: &mut Founds, another: &Another) {
    for found in founds.values_mut() {
        another.told_cubes(&mut found.cubes);
        found.witness = found.witness.as_ref().map(|witness| another.told(witness));
    }
}
