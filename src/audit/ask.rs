//! The questions that are asked of one principal, and the answers. The only file here that knows how the
//! solver is asked.

use std::collections::{BTreeMap, BTreeSet};

use super::action_patterns::{ActionSet, Summaries};
use super::rank::Ranks;
use super::sides::{both, granted_by, identity_only, speaking_of, wild_statements, without};
use super::subject::Subject;
use super::topic::Topic;
use crate::access::{KnownContext, Layers, PolicyOrigin, PolicyRef, Request, evaluate};
use crate::catalog::Catalog;
use crate::iam::{AccountId, Effect, Readings};
use crate::snapshot::{Holding, LayerKind, Snapshot};
use crate::solve::{
    Access, Confirm, Cube, Depth, Grant, Question, Solver, Undecided, Witnesses, World, effective_access,
};
use crate::trust::{Openings, Trust};

/// Steps that one question may take.
pub(super) const BUDGET: u64 = 4_000_000;
/// Steps for advice, which is left out rather than waited for.
const ADVICE_BUDGET: u64 = 200_000;
/// Of each grant so many cubes are told.
const DIFFERENCE: Depth = Depth::Difference { cubes: 8, witnesses: Witnesses::EachStatementAlone };

/// Of a part there are many questions: each is told more briefly.
const PART: Depth = Depth::Difference { cubes: 2, witnesses: Witnesses::EachStatementAlone };

/// A policy's index and a statement's in it.
pub(super) type Tag = (usize, usize);

/// What one statement allows beyond the other side.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The actions; for actions that do not exist yet, examples.
    pub actions: ActionSet,
    /// The difference for the witness's action.
    pub cubes: Vec<Cube>,
    /// Whether there is more of it.
    pub more: bool,
    /// A request that proves it.
    pub witness: Option<Request>,
}

/// What was found by statement.
pub(super) type Founds = BTreeMap<Tag, Found>;

/// All answers about one principal.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    /// Allowed and not declared.
    pub excess: Founds,
    /// The same of actions that do not exist yet, by statements that are not in `excess`.
    pub latent: Founds,
    /// Declared and not allowed, where that was asked.
    pub narrower: Founds,
    /// What could not be decided.
    pub undecided: BTreeSet<Undecided>,
    /// What is allowed and not expected, by topic of the principal.
    pub topics: Vec<Founds>,
    /// The policies that can all go without touching what is declared: indices.
    pub removable: Vec<usize>,
}

/// What a run shares.
pub(super) struct Asker<'a> {
    /// The solver.
    pub solver: &'a Solver<'a>,
    /// Which rules need their question asked.
    pub latent: bool,
    /// The same for what is declared and not allowed.
    pub narrower: bool,
    /// What to tell first.
    pub ranks: Ranks<'a>,
    /// What was told of large sets of actions.
    pub summaries: Summaries,
    snapshot: &'a Snapshot,
    trust: Trust<'a>,
}

impl<'a> Asker<'a> {
    /// Asks a solver.
    pub fn new(
        solver: &'a Solver<'a>,
        snapshot: &'a Snapshot,
        ranks: Ranks<'a>,
        latent: bool,
        narrower: bool,
    ) -> Asker<'a> {
        Asker {
            solver,
            snapshot,
            latent,
            narrower,
            ranks,
            summaries: Summaries::default(),
            trust: Trust::new(solver, snapshot),
        }
    }
}

impl Asker<'_> {
    /// What AWS defines.
    pub fn catalog(&self) -> &Catalog {
        self.solver.catalog
    }

    /// Whether resource control policies bind a service.
    pub fn rcp_supported(&self, service: &str) -> bool {
        self.catalog().find_service(service).is_some_and(|id| self.catalog().rcp_supported(id))
    }

    /// Who may assume the principal and is not declared.
    pub fn openings(&self, subject: &Subject<'_>) -> Openings {
        let assumers = subject.entry.and_then(|entry| entry.assumable_by.as_ref()).map(|by| by.of.as_slice());
        let mut openings = self.trust.openings(subject.account, subject.principal, assumers);
        if assumers.is_some() {
            let missing = subject.principal.missing.iter().filter(|missing| missing.layer == LayerKind::Trust);
            openings.undecided.extend(missing.map(|missing| Undecided::Unread(missing.to_string())));
        }
        openings
    }

    /// Whether an account belongs to the snapshot or to its organization.
    pub fn is_own_account(&self, account: &str) -> bool {
        let Some(id) = AccountId::parse(account) else { return false };
        let organization = self.snapshot.organization.as_ref();
        self.snapshot.account(&id).is_some() || organization.is_some_and(|o| o.path(&id).is_some())
    }

    /// Whether an organization is that of the snapshot.
    pub fn is_own_organization(&self, id: &str) -> bool {
        self.snapshot.organization.as_ref().is_some_and(|organization| organization.id == id)
    }

    /// What the layers allow, and the policies that its tags speak of.
    pub fn effective(&self, layers: &Layers) -> (Access, Vec<PolicyRef>) {
        effective_access(layers)
    }

    /// Whether a request is allowed by the principal's layers.
    pub fn is_allowed(&self, layers: &Layers, request: &Request, readings: Readings) -> bool {
        evaluate(layers, request, &|service| self.rcp_supported(service), readings).is_allowed()
    }

    /// Asks all that is to be known of a principal.
    pub fn answer(&self, subject: &Subject<'_>) -> Answer {
        let (effective, policies) = self.effective(&subject.layers);
        let declared = &subject.declared;
        let mut answer = Answer::default();
        let excess_of = |request: &Request, readings| {
            let (allowed, declared) = (
                self.is_allowed(&subject.layers, request, readings),
                self.is_allowed(&declared.layers, request, readings),
            );
            self.confirm(allowed, declared, request)
        };
        let ask = Ask::difference(self, subject, &excess_of);
        answer.excess = ask.closed(&effective, &declared.access, &mut answer.undecided);
        if self.latent && subject.entry.is_some() {
            let rest = wild_statements(&effective, |tag| !answer.excess.contains_key(&tag));
            answer.latent = ask.open(&rest, &declared.access, &mut answer.undecided);
        }
        if self.narrower && subject.entry.is_some() {
            let lack = |request: &Request, readings| {
                let (allowed, declared) = (
                    self.is_allowed(&subject.layers, request, readings),
                    self.is_allowed(&declared.layers, request, readings),
                );
                self.confirm(declared, allowed, request)
            };
            // What cannot be said of a mere information makes no audit incomplete.
            let ask = Ask::difference(self, subject, &lack);
            answer.narrower = ask.closed(&declared.access, &effective, &mut BTreeSet::new());
        }
        answer.topics =
            subject.topics.iter().map(|topic| self.part(subject, &effective, topic, &mut answer.undecided)).collect();
        if subject.entry.is_some() && subject.missing.is_empty() {
            answer.removable = self.removable(subject, &effective, &policies, &answer.excess);
        }
        answer
    }

    /// What is allowed within a part and not expected there.
    fn part(
        &self,
        subject: &Subject<'_>,
        effective: &Access,
        topic: &Topic,
        undecided: &mut BTreeSet<Undecided>,
    ) -> Founds {
        let confirm = |request: &Request, readings| {
            let may = self.is_allowed(&subject.layers, request, readings)
                && self.is_allowed(&topic.within.layers, request, readings);
            self.confirm(may, self.is_allowed(&topic.expected.layers, request, readings), request)
        };
        let mut open = BTreeSet::new();
        let left = both(&speaking_of(self.solver, effective, &topic.within.access), &topic.within.access);
        let ask = Ask { depth: PART, ..Ask::difference(self, subject, &confirm) };
        let founds = ask.closed(&left, &topic.expected.access, &mut open);
        undecided.extend(open.iter().map(|why| Undecided::Unread(format!("{}: {why}", topic.name))));
        founds
    }

    /// A witness proves what is asked where one side allows it and the other does not.
    pub fn confirm(&self, one: bool, other: bool, request: &Request) -> Result<(), String> {
        match (one, other) {
            (true, false) => Ok(()),
            _ => Err(format!("{} on {}", request.action, request.resource)),
        }
    }

    /// The policies behind the excess that can go, all together, while everything that is both allowed and
    /// declared stays allowed.
    fn removable(
        &self,
        subject: &Subject<'_>,
        effective: &Access,
        policies: &[PolicyRef],
        excess: &Founds,
    ) -> Vec<usize> {
        let wanted = both(effective, &subject.declared.access);
        let mut removed: Vec<usize> = Vec::new();
        let candidates: BTreeSet<usize> = excess.keys().map(|(policy, _)| *policy).collect();
        for candidate in candidates {
            let Some(policy) = policies.get(candidate).filter(|policy| is_attachment(policy)) else { continue };
            // A policy that denies also takes away: without it the principal could do more.
            if policy.document.statements.iter().any(|s| s.effect == Effect::Deny) {
                continue;
            }
            let goes = |tag: usize| tag == candidate || removed.contains(&tag);
            let (at_stake, left) = match effective.branches.as_slice() {
                // What other policies grant stays allowed, and what is at stake passes the other layers already.
                [_] => (
                    granted_by(&wanted, |one| goes(one.tag)),
                    identity_only(granted_by(effective, |one| !goes(one.tag))),
                ),
                _ => (wanted.clone(), without(effective, goes)),
            };
            let known = &subject.known;
            let (budget, depth) = (ADVICE_BUDGET, Depth::Verdict);
            let ask = Ask { asker: self, subject, known, budget, depth, confirm: None };
            let mut undecided = BTreeSet::new();
            if ask.closed(&at_stake, &left, &mut undecided).is_empty() && undecided.is_empty() {
                removed.push(candidate);
            }
        }
        removed
    }
}

/// Whether a policy can be detached from the principal, or deleted from it.
pub(super) fn is_attachment(policy: &PolicyRef) -> bool {
    matches!(policy.origin, PolicyOrigin::Held(Holding::Inline { .. } | Holding::Attached { .. }))
}

/// One way of asking.
pub(super) struct Ask<'a> {
    /// What the run shares.
    pub asker: &'a Asker<'a>,
    /// The principal of which it is asked.
    pub subject: &'a Subject<'a>,
    /// What is known of the context.
    pub known: &'a KnownContext,
    /// Steps that it may take.
    pub budget: u64,
    /// How much is wanted.
    pub depth: Depth,
    /// Replays witnesses.
    pub confirm: Option<&'a Confirm<'a>>,
}

impl<'a> Ask<'a> {
    /// The whole difference, of which each witness is replayed.
    pub fn difference(asker: &'a Asker<'a>, subject: &'a Subject<'a>, confirm: &'a Confirm<'a>) -> Ask<'a> {
        let known = &subject.known;
        Ask { asker, subject, known, budget: BUDGET, depth: DIFFERENCE, confirm: Some(confirm) }
    }

    /// What one side allows and the other does not, of the actions that exist.
    pub fn closed(&self, left: &Access, right: &Access, undecided: &mut BTreeSet<Undecided>) -> Founds {
        self.ask(left, right, World::Closed, undecided)
    }

    fn open(&self, left: &Access, right: &Access, undecided: &mut BTreeSet<Undecided>) -> Founds {
        if left.branches.iter().all(|branch| branch.require.iter().any(Vec::is_empty)) {
            return Founds::new();
        }
        self.ask(left, right, World::Open, undecided)
    }

    fn ask(&self, left: &Access, right: &Access, world: World, undecided: &mut BTreeSet<Undecided>) -> Founds {
        let question = Question {
            effective: left,
            declared: right,
            known: self.known,
            partition: Some(self.subject.account.partition),
            world,
            only: None,
            budget: self.budget,
            depth: self.depth,
            account: Some(self.subject.account.id.as_str()),
            confirm: self.confirm,
        };
        let answer = self.asker.solver.answer(&question);
        undecided.extend(answer.undecided);
        by_statement(&self.asker.ranks, answer.grants)
    }
}

pub(super) fn by_statement(ranks: &Ranks<'_>, grants: Vec<Grant>) -> Founds {
    let mut founds = Founds::new();
    for grant in grants {
        let found: &mut Found = founds.entry(grant.tag).or_default();
        grant.actions.known.iter().for_each(|action| found.actions.add(*action));
        grant.actions.others.iter().for_each(|name| found.actions.add_name(ranks.catalog, name));
        let Some(witness) = grant.witness else { continue };
        // The solver goes by the same ranks: a statement's first witness is of its most alarming action.
        if found.witness.is_none() {
            found.cubes = grant.cubes;
            found.more = grant.more;
            found.witness = Some(witness);
        }
    }
    founds
}
