//! The shortest path to someone of whom something holds.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::being::{Being, Change};
use super::graph::Graph;
use crate::solve::Undecided;

/// What a goal says of someone.
#[derive(Clone, Debug)]
pub enum Met<T> {
    /// It holds, with what shows it.
    Yes(T),
    /// It does not.
    No,
    /// It could not be decided.
    Undecided(BTreeSet<Undecided>),
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// Whom the principal becomes, one after the other; itself first.
    pub beings: Vec<Being>,
    /// What shows that the goal holds of the last.
    pub shown: T,
}

/// The outcome of a search.
#[derive(Clone, Debug)]
pub struct Search<T> {
    /// A shortest path.
    pub found: Option<Found<T>>,
    /// What could not be decided on the way.
    pub undecided: BTreeSet<Undecided>,
}

/// From whom each was reached; the one who searches from nobody.
type Parents = FxHashMap<Being, Option<Being>>;

/// A way that a search took.
pub struct Way<'s> {
    parents: &'s Parents,
    last: &'s Being,
}

impl Way<'_> {
    /// Who stands at its end.
    pub fn last(&self) -> &Being {
        self.last
    }

    /// Whom the principal becomes on it, one after the other; itself first.
    pub fn beings(&self) -> Vec<Being> {
        let mut beings = vec![self.last.clone()];
        let mut last = self.last;
        while let Some(Some(parent)) = self.parents.get(last) {
            beings.push(parent.clone());
            last = parent;
        }
        beings.reverse();
        beings
    }
}

/// Whose policies can be made to allow everything.
type Widen = Arc<FixedBitSet>;

/// Who was reached.
struct Seen {
    /// As they are.
    plain: FixedBitSet,
    /// With a policy that allows everything, and nothing else changed.
    widened: FixedBitSet,
}

impl Graph<'_> {
    /// Looks for the shortest path from a principal to someone of whom `goal` holds, itself unchanged left out. Of
    /// paths that are as short, that to the one who may do most.
    pub fn shortest<T>(&self, from: usize, goal: &mut dyn FnMut(&Way<'_>) -> Met<T>) -> Search<T> {
        let start = Being { principal: from, change: Change::default() };
        let mut search = Search { found: None, undecided: BTreeSet::new() };
        let mut seen = Seen { plain: self.principals.none(), widened: self.principals.none() };
        seen.plain.insert(from);
        let mut parents = Parents::default();
        parents.insert(start.clone(), None);
        let mut frontier = vec![(start, Arc::new(self.principals.none()))];
        while !frontier.is_empty() {
            let mut next: Vec<(Being, Widen)> = Vec::new();
            for (being, widen) in &frontier {
                let (steps, widen) = self.steps(being, widen, &mut seen, &mut search.undecided);
                for step in steps {
                    if !parents.contains_key(&step) {
                        parents.insert(step.clone(), Some(being.clone()));
                        next.push((step, Arc::clone(&widen)));
                    }
                }
            }
            // What takes one path comes before what takes two: a target that is widened and become.
            let takes = |being: &Being| match (seen_before(&parents, being), being.change.is_none()) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => 2,
            };
            next.sort_by_cached_key(|(being, _)| (takes(being), std::cmp::Reverse(self.breadth(being.principal))));
            for (being, _) in &next {
                let way = Way { parents: &parents, last: being };
                match goal(&way) {
                    Met::Yes(shown) => {
                        search.found = Some(Found { beings: way.beings(), shown });
                        return search;
                    }
                    Met::No => {}
                    Met::Undecided(why) => search.undecided.extend(why),
                }
            }
            frontier = next;
        }
        search
    }

    /// Whom someone becomes in one step and who was not seen yet; and whose policies it, or who took the steps to it,
    /// can write anything into.
    fn steps(
        &self,
        being: &Being,
        before: &Widen,
        seen: &mut Seen,
        undecided: &mut BTreeSet<Undecided>,
    ) -> (Vec<Being>, Widen) {
        let edges = self.edges(being);
        undecided.extend(edges.undecided.iter().cloned());
        let mut steps = Vec::new();
        let widened =
            |principal: usize, change: &Change| Being { principal, change: Change { widened: true, ..change.clone() } };
        if edges.widen.contains(being.principal) && !being.change.widened {
            steps.push(widened(being.principal, &being.change));
        }
        steps.extend(edges.changed.iter().cloned());
        let mut widen = Arc::clone(before);
        if !edges.widen.is_subset(&widen) {
            Arc::make_mut(&mut widen).union_with(&edges.widen);
        }
        let mut broader = edges.reached.clone();
        broader.intersect_with(&widen);
        broader.difference_with(&seen.widened);
        seen.widened.union_with(&broader);
        steps.extend(broader.ones().map(|principal| widened(principal, &Change::default())));
        let mut fresh = edges.reached.clone();
        fresh.difference_with(&seen.plain);
        seen.plain.union_with(&fresh);
        steps.extend(fresh.ones().map(|principal| Being { principal, change: Change::default() }));
        (steps, widen)
    }

    /// How many actions a principal may do at the most.
    fn breadth(&self, principal: usize) -> usize {
        self.at_most(principal).count
    }
}

/// Whether a step changes whoever takes it, and leads to nobody else.
fn seen_before(parents: &Parents, being: &Being) -> bool {
    matches!(parents.get(being), Some(Some(parent)) if parent.principal == being.principal)
}
