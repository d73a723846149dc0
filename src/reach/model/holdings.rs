//! Managed policies and groups that principals got during a search: a change of the policy or of the group reaches them.

use std::sync::Arc;

/// A managed policy that was attached to a principal, or a group that it joined.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Holding {
    /// The ARN of the policy.
    Policy(Arc<str>),
    /// The position of the group in its account.
    Group(usize),
}

/// What one principal got.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct PrincipalHoldings {
    pub(crate) principal: usize,
    pub(crate) holdings: Vec<Holding>,
}
