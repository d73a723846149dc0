//! Permissions boundaries that the start of a search chooses for principals.

use std::sync::Arc;

use fixedbitset::FixedBitSet;

use crate::access::KeyFact;

/// The condition key of the boundary, in lower case.
pub(crate) const BOUNDARY_KEY: &str = "iam:permissionsboundary";

/// What was chosen for the permissions boundary of a user or role.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ChosenBoundary {
    /// It has none.
    Removed,
    /// The managed policy with this ARN.
    Policy(Arc<str>),
    /// The managed policy with this ARN, which was written so that it allows everything.
    Rewritten(Arc<str>),
}

/// A permissions boundary, and the principals to which a state can give it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct BoundaryGrant {
    pub(crate) targets: FixedBitSet,
    pub(crate) boundary: ChosenBoundary,
}

impl ChosenBoundary {
    /// The fact about a key that holds the boundary.
    pub(crate) fn to_fact(&self) -> KeyFact {
        self.policy_arn().map_or(KeyFact::Missing, |arn| KeyFact::Value(arn.to_string()))
    }

    /// The ARN of the policy. None if there is no boundary.
    pub(crate) fn policy_arn(&self) -> Option<&Arc<str>> {
        match self {
            ChosenBoundary::Removed => None,
            ChosenBoundary::Policy(arn) | ChosenBoundary::Rewritten(arn) => Some(arn),
        }
    }

    /// The managed policy that limits the principal. None if nothing is limited.
    pub(crate) fn limiting_policy(&self) -> Option<&Arc<str>> {
        match self {
            ChosenBoundary::Policy(arn) if !is_administrator_access(arn) => Some(arn),
            _ => None,
        }
    }
}

/// Whether a managed policy is the one of AWS that allows everything.
pub(crate) fn is_administrator_access(arn: &str) -> bool {
    arn.ends_with(":iam::aws:policy/AdministratorAccess")
}
