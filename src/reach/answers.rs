//! What was asked before. Two questions that the same statements decide, of which the same is known, have one answer;
//! whole fleets of roles ask the same.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::targets::keys_of;
use crate::access::Known;
use crate::catalog::ActionId;
use crate::iam::{ContextKey, Partition, PolicyDocument};
use crate::solve::{Access, Allowing, Undecided};

/// All that decides the answer to a question about an action on a thing.
#[derive(Eq, Hash, PartialEq)]
pub(super) struct Before {
    action: ActionId,
    /// What counts of the thing's ARN.
    of_arn: String,
    partition: &'static str,
    /// The statements of each branch, list by list; what must not match comes last.
    branches: Vec<Vec<Vec<One>>>,
    /// What is known of the keys that they name.
    known: Vec<(ContextKey, Known)>,
}

/// A statement by the place of its document in memory, which it keeps.
struct One {
    document: Arc<PolicyDocument>,
    index: usize,
    rcp_services_only: bool,
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

impl Before {
    /// A question; none of the statements is the policy of a resource.
    pub(super) fn new(
        action: ActionId,
        of_arn: &str,
        partition: Partition,
        access: &Access,
        known: impl Fn(&ContextKey) -> Known,
    ) -> Before {
        let list = |list: &Vec<Allowing>| list.iter().map(one).collect::<Vec<One>>();
        let mut branches = Vec::with_capacity(access.branches.len());
        let mut of_keys = Vec::new();
        for branch in &access.branches {
            branches.push(branch.require.iter().chain([&branch.forbid]).map(list).collect());
            let all = branch.require.iter().flatten().chain(&branch.forbid);
            for key in all.filter_map(|one| one.document.statements.get(one.index)).flat_map(keys_of) {
                of_keys.push((key.clone(), known(key)));
            }
        }
        Before { action, of_arn: of_arn.to_owned(), partition: partition.as_str(), branches, known: of_keys }
    }
}

fn one(one: &Allowing) -> One {
    One { document: Arc::clone(&one.document), index: one.index, rcp_services_only: one.rcp_services_only }
}

/// What was answered.
pub(super) struct Answer {
    pub(super) allowed: bool,
    pub(super) undecided: Vec<Undecided>,
}

/// The questions of a graph and their answers.
#[derive(Default)]
pub(super) struct Answers(Mutex<FxHashMap<Before, Arc<Answer>>>);

impl Answers {
    /// The answer to a question, worked out where it was not asked before.
    pub(super) fn of(&self, asked: Before, work: impl FnOnce() -> Answer) -> Arc<Answer> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = lock().get(&asked) {
            return Arc::clone(answer);
        }
        let answer = Arc::new(work());
        lock().insert(asked, Arc::clone(&answer));
        answer
    }
}
