//! What a principal can become that is broader than both its ceiling and itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};

use super::ask::{Asker, Founds, by_statement};
use super::subject::Subject;
use crate::access::{Layers, PolicyRef, Request, missing};
use crate::baseline::{Assignment, Assignments, Assumers, Baseline};
use crate::iam::Readings;
use crate::reach::{Alike, Being, Graph, Link, Met, Way};
use crate::snapshot::{LayerKind, MissingDocument, Snapshot};
use crate::solve::{Access, Confirm, Depth, Question, Undecided, Witnesses, World};
use crate::trust::lists;

/// Steps that the question about one being may take.
const BUDGET: u64 = 4_000_000;
const DIFFERENCE: Depth = Depth::Difference { cubes: 2, witnesses: Witnesses::EachStatementAlone };

/// The graph of becoming, and what of it is agreed.
pub(super) struct Reaching<'a> {
    pub(super) graph: Graph<'a>,
    snapshot: &'a Snapshot,
    /// Who is declared to assume each principal.
    assumers: Vec<Option<&'a Assumers>>,
    /// Positions in the snapshot, by ARN.
    positions: BTreeMap<&'a str, usize>,
    /// Who may do no more than a ceiling allows, by the ceiling's address: asked once for all whom it binds.
    within: Mutex<FxHashMap<(Alike, usize), bool>>,
    /// What someone may do beyond a ceiling, in the same way.
    beyond: Mutex<FxHashMap<(Alike, usize), Arc<Founds>>>,
}

/// What a principal can become.
#[derive(Default)]
pub(super) struct Reached {
    /// The shortest path to what is broader.
    pub(super) found: Option<Broader>,
    /// What could not be decided where no path was found.
    pub(super) undecided: BTreeSet<Undecided>,
}

/// A path, and what stands at its end.
pub(super) struct Broader {
    pub(super) links: Vec<Link>,
    /// What the last may do beyond the ceiling; the example is of what the principal may not do itself.
    pub(super) founds: Founds,
    /// The policies that the tags speak of.
    pub(super) policies: Vec<PolicyRef>,
}

impl<'a> Reaching<'a> {
    pub(super) fn new(
        graph: Graph<'a>,
        snapshot: &'a Snapshot,
        baseline: &'a Baseline,
        assignments: &Assignments,
    ) -> Reaching<'a> {
        let of = |assignment: &Assignment| match assignment {
            Assignment::Declared(entry) => baseline.entries.get(*entry).and_then(|entry| entry.assumable_by.as_ref()),
            _ => None,
        };
        let positions = snapshot.principals().enumerate().map(|(i, (_, p))| (p.arn.as_str(), i)).collect();
        Reaching {
            graph,
            snapshot,
            assumers: assignments.of.iter().map(of).collect(),
            positions,
            within: Mutex::default(),
            beyond: Mutex::default(),
        }
    }

    /// Looks for the shortest path to what is broader.
    pub(super) fn reached(&self, asker: &Asker<'_>, subject: &Subject<'_>) -> Reached {
        let Some(start) = self.positions.get(subject.principal.arn.as_str()) else { return Reached::default() };
        let (own, _) = asker.effective(&subject.layers);
        let mut branches = subject.declared.access.branches.clone();
        branches.extend(own.branches);
        let allowed = Access { branches };
        let graph = &self.graph;
        let least = graph.at_least(&allowed);
        if graph.is_everything(&least) {
            return Reached::default();
        }
        let mut no_more: FxHashSet<Alike> = FxHashSet::default();
        let mut goal = |way: &Way<'_>| {
            let last = way.last();
            if graph.may_only(last, &least) {
                return Met::No;
            }
            let alike = graph.alike(last, &allowed);
            if no_more.contains(&alike) {
                return Met::No;
            }
            if graph.is_limited_alike(last, &allowed) || self.is_within(last, subject) {
                no_more.insert(alike);
                return Met::No;
            }
            let Some((layers, access, policies)) = graph.layers_of(last) else { return Met::No };
            let end = (last, &layers, &access);
            let (gained, undecided) = self.gained(asker, subject, end, &allowed);
            if gained.is_empty() {
                if undecided.is_empty() {
                    no_more.insert(alike);
                    return Met::No;
                }
                return Met::Undecided(undecided);
            }
            let way = way.beings();
            let missing: BTreeSet<Undecided> = self.missing(&way).map(|m| Undecided::Unread(m.to_string())).collect();
            if !missing.is_empty() {
                return Met::Undecided(missing);
            }
            match graph.links(&way) {
                Err(undecided) => Met::Undecided(undecided),
                Ok(links) if links.iter().all(|link| self.is_agreed(link)) => Met::No,
                Ok(links) => Met::Yes(Broader { links, founds: self.told(asker, subject, end, gained), policies }),
            }
        };
        let search = self.graph.shortest(*start, &mut goal);
        match search.found {
            Some(found) => Reached { found: Some(found.shown), undecided: BTreeSet::new() },
            None => Reached { found: None, undecided: search.undecided },
        }
    }

    /// Whether someone may do no more than the ceiling of a principal allows; not, where that is undecided.
    fn is_within(&self, being: &Being, subject: &Subject<'_>) -> bool {
        let ceiling = &subject.declared.access;
        let key = (self.graph.alike(being, ceiling), Arc::as_ptr(&subject.declared) as usize);
        let lock = || self.within.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key) {
            return *known;
        }
        let within = self.graph.beyond(being, ceiling) == Ok(false);
        lock().insert(key, within);
        within
    }

    /// Whether whoever takes a step is declared to: it assumes a role that lists it in `assumable_by`.
    pub(super) fn is_agreed(&self, link: &Link) -> bool {
        let from = self.graph.arn(link.from.principal);
        let assumers = self.assumers.get(link.to.principal).copied().flatten();
        link.is_assumption() && assumers.is_some_and(|assumers| lists(&assumers.of, from))
    }

    /// The documents that could close the way and are not known.
    fn missing(&self, way: &[Being]) -> impl Iterator<Item = MissingDocument> {
        let closes = |missing: &MissingDocument| {
            !matches!(missing.layer, LayerKind::Identity | LayerKind::Trust | LayerKind::Resource)
        };
        let on_the_way = self.snapshot.principals().enumerate();
        let on_the_way = on_the_way.filter(|(index, _)| way.iter().any(|being| being.principal == *index));
        let absent = on_the_way.flat_map(|(_, (account, principal))| missing(self.snapshot, account, principal));
        absent.filter(closes).collect::<Vec<_>>().into_iter()
    }

    /// All that the end of a path may do beyond the ceiling, worked out once for all whom the ceiling binds, with what
    /// the principal gains as the example.
    fn told(&self, asker: &Asker<'_>, subject: &Subject<'_>, end: End<'_>, gained: Founds) -> Founds {
        let ceiling = &subject.declared;
        let key = (self.graph.alike(end.0, &ceiling.access), Arc::as_ptr(ceiling) as usize);
        let lock = || self.beyond.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&key).map(Arc::clone);
        let founds = known.unwrap_or_else(|| {
            let confirm = |request: &Request, readings: Readings| {
                let declared = asker.is_allowed(&ceiling.layers, request, readings);
                asker.confirm(asker.is_allowed(end.1, request, readings), declared, request)
            };
            let founds = Arc::new(self.ask(asker, end, &ceiling.access, DIFFERENCE, &confirm).0);
            lock().insert(key, Arc::clone(&founds));
            founds
        });
        let mut founds = (*founds).clone();
        for (tag, found) in gained {
            founds.entry(tag).and_modify(|told| told.witness.clone_from(&found.witness)).or_insert(found);
        }
        founds
    }

    /// What someone may do that is not allowed already.
    fn gained(
        &self,
        asker: &Asker<'_>,
        subject: &Subject<'_>,
        end: End<'_>,
        allowed: &Access,
    ) -> (Founds, BTreeSet<Undecided>) {
        let may = |layers: &Layers, request: &Request, readings: Readings| asker.is_allowed(layers, request, readings);
        let confirm = |request: &Request, readings: Readings| {
            let already = may(&subject.declared.layers, request, readings) || may(&subject.layers, request, readings);
            asker.confirm(may(end.1, request, readings), already, request)
        };
        self.ask(asker, end, allowed, Depth::Verdict, &confirm)
    }

    /// What someone may do that an access does not allow. Both sides are asked as that one: what its tags, name and
    /// number let it do is what the policies of both sides let it do.
    fn ask(
        &self,
        asker: &Asker<'_>,
        (being, _, access): End<'_>,
        allowed: &Access,
        depth: Depth,
        confirm: &Confirm<'_>,
    ) -> (Founds, BTreeSet<Undecided>) {
        let Some((known, partition, account)) = self.graph.known(being) else { return Default::default() };
        let answer = asker.solver.answer(&Question {
            effective: access,
            declared: allowed,
            known,
            partition: Some(partition),
            world: World::Closed,
            only: None,
            budget: BUDGET,
            depth,
            account: Some(account),
            confirm: Some(confirm),
        });
        (by_statement(&asker.ranks, answer.grants), answer.undecided.into_iter().collect())
    }
}

/// Who stands at the end of a path, with its layers and the access that they make.
type End<'e> = (&'e Being, &'e Layers, &'e Access);
