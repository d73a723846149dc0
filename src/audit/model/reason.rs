//! Why a finding is as it is, as data. `report::text` renders it.

use super::assumer_evidence::AssumerEvidence;
use super::excess::ActionCounts;
use crate::classify::{ClassReason, InferredClass};
use crate::snapshot::MissingDocument;
use crate::solve::UndecidedReason;
use crate::source::Place;

/// A fact that a reader needs in order to judge a finding. Principals are named by their ARNs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reason {
    /// IAM010: a document that decides is missing.
    MissingDocument(MissingDocument),
    /// IAM010: the solver, or an analysis that uses it, could not decide.
    Undecided(UndecidedReason),
    /// IAM010: what the policies that were read allow beyond the ceiling.
    UnprovenExcess(ActionCounts),
    /// A caveat of any finding: a missing document could deny some of the access.
    Caveat(MissingDocument),
    /// IAM003: agent and operator also share destructive actions that the ceiling of the agent does not have.
    SharesDestructiveActions {
        /// The number of destructive actions.
        count: usize,
    },
    /// IAM003: another operator with the same access.
    SameAsAlso {
        /// The operator.
        operator: String,
    },
    /// IAM003: why humans can assume the role.
    HumansAssume {
        /// The evidence.
        evidence: AssumerEvidence,
    },
    /// IAM003: why agents can assume the role.
    AgentsAssume {
        /// The evidence.
        evidence: AssumerEvidence,
    },
    /// IAM005: a fact that the path depends on and that the snapshot cannot confirm.
    Assumes(String),
    /// IAM005: the principal has further paths, which are not listed.
    FurtherPathsLeftOut,
    /// IAM006: the entry declares that nobody can assume the role.
    NoAssumerDeclared {
        /// The name of the entry.
        entry: String,
    },
    /// IAM006: the principals that the entry declares.
    DeclaredAssumers {
        /// The name of the entry.
        entry: String,
        /// The declared patterns.
        patterns: Vec<String>,
    },
    /// IAM006: only external principals are checked, because the entry has no `assumable_by`.
    OnlyExternalChecked {
        /// The name of the entry. None if no entry matches the role.
        entry: Option<String>,
    },
    /// IAM006: only external principals are checked, because an `[[ignore]]` excludes the role.
    IgnoredInBaseline,
    /// IAM006: any account that satisfies the conditions can assume the role.
    AnyAccountThatSatisfies,
    /// IAM006: a wildcard matches every identity provider.
    AnyIdentityProvider,
    /// IAM006: no condition restricts the callers to an account or an organization.
    NoAccountCondition,
    /// IAM006: no condition restricts a shared identity provider to one customer.
    SharedProvider {
        /// The provider.
        provider: String,
        /// What identifies a customer: `owner`.
        customer: String,
    },
    /// IAM006: guests of an application need only the id of a customer of a shared identity provider.
    AnyGuest {
        /// The provider.
        provider: String,
        /// The noun for a customer: `identity pool`.
        customer: String,
    },
    /// IAM006: the external account assumes the role without an external ID.
    NoExternalId {
        /// The account id.
        account: String,
    },
    /// IAM007: the class that was inferred.
    Classified {
        /// The class.
        class: InferredClass,
        /// Why.
        reason: ClassReason,
    },
    /// IAM008: the entry that declares the boundary.
    BoundaryDeclared {
        /// The name of the entry.
        entry: String,
        /// Where it declares the boundary.
        place: Place,
    },
    /// IAM009: the principal is compared with what all ceilings allow.
    CeilingsIntersected {
        /// The principal.
        principal: String,
    },
    /// An exception accepts a part of the finding. What is shown is beyond that part.
    BeyondAccepted {
        /// The last day of the exception.
        expires: String,
    },
    /// Whether an exception accepts the finding is undecided.
    AcceptanceUndecided {
        /// The last day of the exception.
        expires: String,
        /// Why.
        reasons: Vec<UndecidedReason>,
    },
    /// IAM009: the reason of an expired exception.
    AcceptedFor(String),
}
