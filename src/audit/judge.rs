//! One principal after the other: what is asked of each, and what the rules tell of the answers.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use rayon::prelude::*;

use super::ask::{Answer, Asker};
use super::finding::Finding;
use super::memo::Key;
use super::peers::{Comparison, Narrowness, Peers};
use super::reaching::Reaching;
use super::rules::{Judged, RULES};
use super::shared::Sharing;
use super::subject::Subject;
use super::topic;
use super::void::{self, Kinds, Way};
use crate::access::{Layers, Request};
use crate::baseline::Baseline;
use crate::iam::Readings;
use crate::solve::Undecided;

/// What decides, and what is told of it.
pub(super) struct Judge<'a> {
    pub asker: &'a Asker<'a>,
    pub baseline: &'a Baseline,
    pub kinds: &'a Kinds<'a>,
    pub peers: Option<&'a Peers<'a>>,
    pub reaching: Option<&'a Reaching<'a>>,
    pub sharing: Option<&'a Sharing<'a>>,
}

impl Judge<'_> {
    /// Decides all principals, those that are alike once, and tells what the rules find.
    pub fn decide(&self, subjects: &[Subject<'_>]) -> Vec<Finding> {
        let mut alike: IndexMap<Key, Vec<usize>> = IndexMap::new();
        for (index, subject) in subjects.iter().enumerate() {
            alike.entry(Key::of(subject)).or_default().push(index);
        }
        let groups: Vec<Vec<usize>> = alike.into_values().collect();
        let by_group = groups.par_iter().map(|members| {
            let mut members = members.iter().filter_map(|index| subjects.get(*index));
            let Some(first) = members.next() else { return Vec::new() };
            let answer = self.asker.answer(first);
            let mut findings = self.judge(first, answer.clone());
            for subject in members {
                let own = moved(self.asker, first, subject, &answer).unwrap_or_else(|| self.asker.answer(subject));
                findings.extend(self.judge(subject, own));
            }
            findings
        });
        by_group.flatten_iter().collect()
    }

    fn judge(&self, subject: &Subject<'_>, mut answer: Answer) -> Vec<Finding> {
        let (_, policies) = self.asker.effective(&subject.layers);
        let comparison = self.peers.and_then(|peers| peers.compare(self.asker, subject, &answer));
        if let Some(Narrowness::Unknown(why)) = comparison.as_ref().map(Comparison::narrowness) {
            answer.undecided.extend(why.into_iter().map(Undecided::Unread));
        }
        let comparison = comparison.as_ref();
        let voids = self.voids(subject, &mut answer);
        let trust = &self.asker.openings(subject);
        let reached = &self.reaching.map(|reaching| reaching.reached(self.asker, subject)).unwrap_or_default();
        let shared = &self.sharing.and_then(|sharing| sharing.of(subject));
        let Judge { asker, baseline, reaching, .. } = *self;
        let (policies, answer, voids) = (policies.as_slice(), &answer, voids.as_slice());
        let shared = shared.as_ref();
        let judged =
            Judged { asker, subject, policies, answer, baseline, voids, comparison, shared, trust, reached, reaching };
        RULES.iter().flat_map(|rule| rule.all_of_principal(&judged)).collect()
    }

    /// The guards that a principal satisfies alone, and how.
    fn voids(&self, subject: &Subject<'_>, answer: &mut Answer) -> Vec<(usize, Vec<Way>)> {
        let mut voids = Vec::new();
        for topic in &subject.topics {
            let topic::About::Guard(index) = topic.about else { continue };
            let Some(guard) = self.baseline.guards.get(index) else { continue };
            let mut open = BTreeSet::new();
            let ways = void::ways(self.asker, subject, guard, topic, self.kinds, &mut open);
            match ways {
                Some(ways) => voids.push((index, ways)),
                None => {
                    let told = |why| Undecided::Unread(format!("whether {} is void: {why}", topic.name));
                    answer.undecided.extend(open.iter().map(told));
                }
            }
        }
        voids
    }
}

/// The answer for a principal that is like another, its witnesses in its own account; none where one of them
/// proves nothing there.
fn moved(asker: &Asker<'_>, from: &Subject<'_>, to: &Subject<'_>, answer: &Answer) -> Option<Answer> {
    let mut moved = answer.clone();
    let (old, new) = (format!(":{}:", from.account.id.as_str()), format!(":{}:", to.account.id.as_str()));
    let declared = &to.declared.layers;
    let allows = |layers: &Layers, request: &Request| asker.is_allowed(layers, request, Readings::default());
    for (founds, topic) in moved.topics.iter_mut().zip(&to.topics) {
        for request in founds.values_mut().filter_map(|found| found.witness.as_mut()) {
            request.resource = request.resource.replace(&old, &new);
            let within = allows(&to.layers, request) && allows(&topic.within.layers, request);
            if !within || allows(&topic.expected.layers, request) {
                return None;
            }
        }
    }
    for (founds, effective_first) in
        [(&mut moved.excess, true), (&mut moved.latent, true), (&mut moved.narrower, false)]
    {
        for request in founds.values_mut().filter_map(|found| found.witness.as_mut()) {
            request.resource = request.resource.replace(&old, &new);
            let sides = |request: &Request| (allows(&to.layers, request), allows(declared, request));
            if sides(request) != (effective_first, !effective_first) {
                return None;
            }
        }
    }
    Some(moved)
}
