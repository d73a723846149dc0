//! The question to the solver: two access formulas, the known context, and the level of detail of the answer.

use std::collections::BTreeSet;

use super::access::formula::Access;
use crate::access::{KnownContext, Request};
use crate::iam::{Condition, ContextKey, Interpretation, Partition, Statement};

/// The actions that a question covers.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum ActionWorld {
    /// The actions of the catalog, and the actions that the documents name.
    Existing,
    /// Actions that AWS has not released.
    Future,
}

/// The level of detail of an answer.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum AnswerDetail {
    /// Only whether there is excess.
    Verdict,
    /// The difference: for each granting statement, all actions and some cubes.
    Difference {
        /// The largest number of cubes for each class of actions.
        max_cubes: usize,
        /// The parts of the difference that get a witness.
        witnesses: WitnessPolicy,
    },
}

/// The parts of a difference that get a witness. Each witness is replayed.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum WitnessPolicy {
    /// Each granting statement.
    PerStatement,
    /// Each granting statement. Only the grant with the witness has cubes.
    PerStatementRequired,
    /// The difference as a whole.
    Single,
    /// Nothing: the caller has a witness already.
    None,
}

/// Evaluates a witness with the concrete evaluator under an interpretation. The error describes the actual decision.
pub type WitnessReplay<'a> = dyn Fn(&Request, Interpretation) -> Result<(), String> + Sync + 'a;

/// A question: is there a request that `effective` allows and `declared` does not?
#[derive(Clone)]
pub struct Question<'a> {
    /// The access that should be contained.
    pub effective: &'a Access,
    /// The access that should contain it.
    pub declared: &'a Access,
    /// The known context.
    pub known: &'a KnownContext,
    /// The partition of the principal. None for any partition.
    pub partition: Option<Partition>,
    /// The actions that the question covers.
    pub world: ActionWorld,
    /// The action and the resource of the only request to decide. `known` is its context. None for all requests.
    pub single_request: Option<(&'a str, &'a str)>,
    /// The budget, in steps.
    pub budget: u64,
    /// The level of detail of the answer.
    pub detail: AnswerDetail,
    /// The account ID that witnesses prefer.
    pub witness_account: Option<&'a str>,
    /// Replays witnesses. None if witnesses are not replayed.
    pub replay: Option<&'a WitnessReplay<'a>>,
}

impl Question<'_> {
    /// The statements of both formulas.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.effective.uses().chain(self.declared.uses()).map(|statement_use| statement_use.statement())
    }

    /// Whether a condition compares a key with an empty string.
    pub(crate) fn compares_empty_string(&self, key: &ContextKey) -> bool {
        let mut conditions = self.statements().flat_map(|statement| &statement.conditions);
        conditions.any(|condition| condition.key == *key && condition.compares_empty_string())
    }

    /// Whether a condition compares a key with an empty string, or with a pattern that every other string matches.
    pub(crate) fn distinguishes_empty_string(&self, key: &ContextKey) -> bool {
        let mut conditions = self.statements().flat_map(|statement| &statement.conditions);
        let distinguishes = |c: &Condition| c.compares_empty_string() || c.matches_all_but_empty_string();
        conditions.any(|condition| condition.key == *key && distinguishes(condition))
    }

    /// The context keys that the statements name.
    pub(crate) fn context_keys(&self) -> BTreeSet<&ContextKey> {
        self.statements().flat_map(|s| s.keys()).collect()
    }
}
