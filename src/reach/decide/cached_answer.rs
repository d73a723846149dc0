//! Answers of the solver that principals share.

use crate::solve::UndecidedReason;

/// The resource of a cached answer, as far as the answer depends on it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum QueryTarget {
    /// At least one resource.
    AnyResource,
    /// A resource of this account. Its ARN is irrelevant otherwise.
    Account(String),
    /// The resource with this ARN.
    Arn(String),
}

/// The solver's answer to a question.
pub(crate) struct CachedAnswer {
    pub(crate) allowed: bool,
    pub(crate) undecided: Vec<UndecidedReason>,
}
