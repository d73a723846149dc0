//! The answer to a question.

use super::difference::Grant;
use crate::iam::Choice;

/// Whether one side's access is contained in the other's.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Every request that the effective side allows is declared: proven.
    Contained,
    /// Some are not: for each granting statement, which, with a witness.
    Broader(Vec<Grant>),
    /// It could not be decided.
    Undecided(Vec<Undecided>),
}

/// All that was found of a question: what is proven, and what could not be decided beside it.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Proven excess.
    pub grants: Vec<Grant>,
    /// Why there may be more.
    pub undecided: Vec<Undecided>,
}

impl Answer {
    /// The verdict: excess that is proven is excess, whatever else is undecided.
    pub fn verdict(self) -> Verdict {
        match (self.grants.is_empty(), self.undecided.is_empty()) {
            (false, _) => Verdict::Broader(self.grants),
            (true, false) => Verdict::Undecided(self.undecided),
            (true, true) => Verdict::Contained,
        }
    }
}

/// Why a question could not be decided.
#[derive(Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum Undecided {
    /// The search ended at its budget.
    Budget,
    /// The policies hold what the solver has no room for.
    TooBig,
    /// The value of a policy variable that nobody knows decides it.
    Variable(String),
    /// A condition compares a key in a way that is not modelled.
    Condition(String),
    /// The verdict would be another under the other reading of a choice.
    Choice(&'static str),
    /// The evaluator does not confirm the witness that was found: a defect of this program.
    WitnessRefuted(String),
    /// Part of what decides could not be read.
    Unread(String),
}

impl From<Choice> for Undecided {
    fn from(choice: Choice) -> Undecided {
        Undecided::Choice(choice.name())
    }
}

impl std::fmt::Display for Undecided {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Undecided::Budget => f.write_str("the search ended at its budget"),
            Undecided::TooBig => {
                f.write_str("a pattern is too long, or too many different characters outside ASCII stand in patterns")
            }
            Undecided::Variable(key) => write!(f, "it depends on the value of ${{{key}}}"),
            Undecided::Condition(key) => {
                write!(f, "conditions on {key} compare it in ways that cannot be decided together")
            }
            Undecided::Choice(name) => {
                write!(f, "AWS's documentation leaves open how to read \"{name}\", and it decides")
            }
            Undecided::WitnessRefuted(request) => {
                write!(f, "the evaluator does not confirm the witness {request}; please report this defect")
            }
            Undecided::Unread(what) => f.write_str(what),
        }
    }
}
