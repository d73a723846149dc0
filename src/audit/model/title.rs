//! What a finding found, as data. `report::text` renders it.

use super::excess::ActionCounts;
use super::guard_bypass_method::GuardBypassMethod;
use super::reason::Reason;
use super::trusted_party::TrustedParty;

/// What a finding found. Principals are named by their ARNs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Title {
    /// IAM001: actions beyond the declared ceiling.
    BeyondCeiling(ActionCounts),
    /// IAM001: actions beyond the ceiling of a persona.
    BeyondPersona {
        /// The name of the persona.
        persona: String,
        /// The actions.
        actions: ActionCounts,
    },
    /// IAM002: wildcards that will allow future actions.
    FutureActions {
        /// The action patterns, sorted.
        patterns: Vec<String>,
    },
    /// IAM003: the agent has the same access as the operator that it must be narrower than.
    SameAsDeclaredOperator {
        /// The operator.
        operator: String,
        /// The actions of both.
        actions: ActionCounts,
    },
    /// IAM003: the agent has access that the operator does not have.
    ExceedsOperator {
        /// The operator.
        operator: String,
        /// The actions that the operator lacks.
        actions: ActionCounts,
    },
    /// IAM003: agent and operator share destructive actions that the ceiling of the agent does not have.
    SharesDestructiveActions {
        /// The operator.
        operator: String,
        /// The number of destructive actions.
        count: usize,
    },
    /// IAM003: the agent has the same access as an operator; nothing is declared about the two.
    SameAsOperator {
        /// The operator.
        operator: String,
        /// The actions of both.
        actions: ActionCounts,
    },
    /// IAM003: both humans and agents can assume the role.
    SharedRole(ActionCounts),
    /// IAM004: guarded actions are allowed although the condition of the guard is not met.
    GuardNotEnforced {
        /// The name of the guard.
        guard: String,
        /// The actions.
        actions: ActionCounts,
        /// The context keys of the guard.
        keys: Vec<String>,
    },
    /// IAM004: the principal satisfies the condition of the guard by itself.
    GuardIneffective {
        /// The name of the guard.
        guard: String,
        /// How it satisfies each condition.
        methods: Vec<GuardBypassMethod>,
    },
    /// IAM004: an agent that uses the credentials of operators can perform destructive actions.
    UnguardedAgentUse {
        /// The number of operators.
        operators: usize,
        /// The number of destructive actions.
        count: usize,
    },
    /// IAM005: the principal can escalate.
    Escalation {
        /// The principal that it becomes. None if it escalates its own privileges.
        target: Option<String>,
        /// The number of steps.
        steps: usize,
        /// The actions beyond its ceiling, or without the guard.
        actions: ActionCounts,
        /// The guard without whose condition it can perform the actions. None if they are beyond its ceiling.
        guard: Option<String>,
    },
    /// IAM006: principals that are not declared can assume the role.
    UndeclaredTrust {
        /// The principals, the worst first.
        parties: Vec<TrustedParty>,
    },
    /// IAM007: no baseline entry matches the principal.
    Undeclared(ActionCounts),
    /// IAM007: the same, of a principal whose existing access is accepted.
    UndeclaredLatent {
        /// The wildcards that match future actions.
        patterns: Vec<String>,
    },
    /// IAM008: the principal has no permissions boundary.
    BoundaryMissing {
        /// The declared glob.
        declared: String,
    },
    /// IAM008: the principal has a permissions boundary that is not declared.
    WrongBoundary {
        /// The ARN of the boundary.
        attached: String,
        /// The declared glob.
        declared: String,
    },
    /// IAM008: the principal can bypass its permissions boundary.
    BoundaryBypass(Vec<BoundaryCapability>),
    /// IAM009: several entries match the same principals.
    AmbiguousEntries {
        /// The names of the entries.
        entries: Vec<String>,
        /// The principals.
        principals: Vec<String>,
    },
    /// IAM009: an item of the baseline has no effect.
    StaleItem {
        /// The item.
        item: BaselineItem,
        /// Why it has no effect.
        cause: StaleCause,
    },
    /// IAM009: an exception has expired.
    ExpiredException {
        /// The key of the finding that it accepts.
        finding: String,
        /// Its last day: `2026-12-31`.
        expires: String,
    },
    /// IAM010: undecided for one reason.
    UndecidedBecause(Reason),
    /// IAM010: undecided for several reasons.
    UndecidedForReasons {
        /// The number of reasons.
        count: usize,
    },
    /// IAM011: declared actions that are not granted.
    NotGranted {
        /// The number of actions.
        count: usize,
    },
}

/// A way to bypass a permissions boundary.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum BoundaryCapability {
    /// Removing a boundary.
    Remove,
    /// Replacing a boundary.
    Replace,
    /// Rewriting the policy of the boundary.
    RewritePolicy,
    /// Creating another policy that the declared glob matches.
    CreateMatchingPolicy,
    /// Creating a principal without the boundary.
    CreatePrincipal,
}

/// An item of the baseline.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BaselineItem {
    /// A `[[principal]]`, by its name.
    Entry(String),
    /// An `[[ignore]]`.
    Ignore {
        /// Its globs.
        globs: Vec<String>,
        /// Its reason.
        reason: String,
    },
    /// An `[[exception]]`, by the key of the finding that it accepts.
    Exception(String),
    /// A `[[guard]]`, by its name.
    Guard(String),
}

/// Why an item of the baseline has no effect.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum StaleCause {
    /// It matches nothing.
    MatchesNothing,
    /// Other entries override it for every principal.
    Overridden,
    /// No entry uses it.
    Unused,
}
