//! The answer to a question.

use super::decide::difference::Grant;
use crate::iam::Ambiguity;

/// Whether one side's access is contained in the other's.
#[derive(Clone, Debug)]
pub enum ContainmentVerdict {
    /// Every request that the effective side allows is declared: proven.
    Contained,
    /// Some are not: for each granting statement, which, with a witness.
    Broader(Vec<Grant>),
    /// It could not be decided.
    Undecided(Vec<UndecidedReason>),
}

/// All that was found of a question: what is proven, and what could not be decided beside it.
#[derive(Clone, Debug, Default)]
pub struct SolverAnswer {
    /// Proven excess.
    pub grants: Vec<Grant>,
    /// Why there may be more.
    pub undecided: Vec<UndecidedReason>,
}

impl SolverAnswer {
    /// The verdict: excess that is proven is excess, whatever else is undecided.
    pub fn into_verdict(self) -> ContainmentVerdict {
        match (self.grants.is_empty(), self.undecided.is_empty()) {
            (false, _) => ContainmentVerdict::Broader(self.grants),
            (true, false) => ContainmentVerdict::Undecided(self.undecided),
            (true, true) => ContainmentVerdict::Contained,
        }
    }
}

/// Why a question could not be decided.
#[derive(Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum UndecidedReason {
    /// The search ended at its budget.
    Budget,
    /// The policies hold what the solver has no room for.
    LimitExceeded,
    /// The value of a policy variable that nobody knows decides it.
    Variable(String),
    /// A condition compares a key in a way that is not modelled.
    Condition(String),
    /// The verdict would be another under the other reading of a choice.
    Ambiguity(&'static str),
    /// The evaluator does not confirm the witness that was found: a defect of this program.
    WitnessRefuted(String),
    /// Part of what decides could not be read.
    UnreadInput(String),
}

impl From<Ambiguity> for UndecidedReason {
    fn from(ambiguity: Ambiguity) -> UndecidedReason {
        UndecidedReason::Ambiguity(ambiguity.name())
    }
}

impl std::fmt::Display for UndecidedReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            UndecidedReason::Budget => f.write_str("the search ended at its budget"),
            UndecidedReason::LimitExceeded => {
                f.write_str("a pattern is too long, or too many different characters outside ASCII stand in patterns")
            }
            UndecidedReason::Variable(key) => write!(f, "it depends on the value of ${{{key}}}"),
            UndecidedReason::Condition(key) => {
                write!(f, "conditions on {key} compare it in ways that cannot be decided together")
            }
            UndecidedReason::Ambiguity(name) => {
                write!(f, "AWS's documentation leaves open how to read \"{name}\", and it decides")
            }
            UndecidedReason::WitnessRefuted(request) => {
                write!(f, "the evaluator does not confirm the witness {request}; please report this defect")
            }
            UndecidedReason::UnreadInput(input) => f.write_str(input),
        }
    }
}
