//! What the search for escalation paths finds.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::audit::actions::by_statement::ExcessByStatement;
use crate::reach::{NodeState, ProvenStep};
use crate::solve::UndecidedReason;

/// What a principal can escalate to.
#[derive(Default)]
pub(crate) struct EscalationResult {
    /// A path to each state with access that no exception accepts. The shortest paths first.
    pub(crate) paths: Vec<BroaderPath>,
    /// Paths whose end has only access that an exception accepts.
    pub(crate) accepted: Vec<BroaderPath>,
    /// Why it is undecided whether there are further paths.
    pub(crate) undecided: BTreeSet<UndecidedReason>,
}

/// A path to broader access. At least one of its steps is not declared.
pub(crate) struct BroaderPath {
    /// The key of its finding.
    pub(crate) key: String,
    /// Its last state.
    pub(crate) end: NodeState,
    /// The name of the guard whose actions the end is allowed without the condition. None if the end has access beyond the
    /// ceiling.
    pub(crate) guard: Option<String>,
    pub(crate) steps: Vec<ProvenStep>,
    /// The access of the last state beyond the ceiling, or without the guard, by the statements of that state. At least one witness shows access that
    /// the principal does not have itself.
    pub(crate) excess: Arc<ExcessByStatement>,
    /// The principals at the ends of paths that are not reported by themselves: they begin in the same way, and lead to no
    /// access that this path does not lead to.
    pub(crate) covered_ends: Vec<String>,
    /// Whether the search left out other gains, because its last state has everything that the account allows.
    pub(crate) leaves_out_others: bool,
}
