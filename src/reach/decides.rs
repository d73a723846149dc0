//! What decides over a question. Two of whom the same statements speak and the same is known get one answer; whole
//! fleets of roles are alike so.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::targets::variables_of;
use crate::access::{Known, settled};
use crate::iam::{ContextKey, Partition, PolicyDocument};
use crate::solve::{Allowing, Branch};

/// The statements that decide, and what is known of the keys that they name.
#[derive(Eq, Hash, PartialEq)]
pub(super) struct Decides {
    partition: &'static str,
    /// The statements of each branch, list by list; what must not match comes last.
    branches: Vec<Vec<Vec<One>>>,
    known: Vec<Told>,
}

/// A statement by the place of its document in memory, which it keeps.
struct One {
    document: Arc<PolicyDocument>,
    index: usize,
    rcp_services_only: bool,
}

/// What is known of a key that a statement names.
#[derive(Eq, Hash, PartialEq)]
enum Told {
    /// Whether the condition holds: what else is known of its key makes no difference.
    Holds(bool),
    Key(ContextKey, Known),
}

impl One {
    fn place(&self) -> (usize, usize, bool) {
        (Arc::as_ptr(&self.document) as usize, self.index, self.rcp_services_only)
    }
}

impl PartialEq for One {
    fn eq(&self, other: &One) -> bool {
        self.place() == other.place()
    }
}

impl Eq for One {}

impl Hash for One {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place().hash(state);
    }
}

impl Decides {
    /// What decides over branches of which none holds the policy of a resource.
    pub(super) fn new(branches: &[Branch], partition: Partition, known: impl Fn(&ContextKey) -> Known) -> Decides {
        let mut decides = Decides { partition: partition.as_str(), branches: Vec::new(), known: Vec::new() };
        for branch in branches {
            let lists = branch.require.iter().chain([&branch.forbid]);
            decides.branches.push(lists.clone().map(|list| list.iter().map(one).collect()).collect());
            lists.flatten().for_each(|one| decides.add(one, &known));
        }
        decides
    }

    /// Adds what is known of the keys that a statement names, in its conditions and as variables.
    pub(super) fn add(&mut self, one: &Allowing, known: &impl Fn(&ContextKey) -> Known) {
        let Some(statement) = one.document.statements.get(one.index) else { return };
        for condition in &statement.conditions {
            let of_key = known(&condition.key);
            self.known.push(match settled(condition, &of_key) {
                Some(holds) => Told::Holds(holds),
                None => Told::Key(condition.key.clone(), of_key),
            });
        }
        self.known.extend(variables_of(statement).map(|key| Told::Key(key.clone(), known(key))));
    }
}

fn one(one: &Allowing) -> One {
    One { document: Arc::clone(&one.document), index: one.index, rcp_services_only: one.rcp_services_only }
}
