//! Replays a witness of an audit: the solver found the request, and the evaluator must decide it in the same way.
//!
//! The evaluator decides in `access::evaluate`; `analysis::analyzer` calls it for a witness of the audit. `reach` replays the
//! requests of its steps in `reach::decide::world`, `trust` those of a grant in `trust::undeclared`, and `compare` its own in
//! `solve::compare`. The solver calls each replay where it accepts a witness: in `round`, `outcome` and `ambiguity` of
//! `solve::decide`.

use crate::access::Request;

/// The decisions of the evaluator about a witness.
pub(crate) struct ReplayDecisions {
    /// Whether the side that may exceed the other allows the request.
    pub allowed: bool,
    /// Whether the other side allows it.
    pub expected: bool,
}

impl ReplayDecisions {
    /// Checks that the witness proves the excess: one side allows it, and the other does not.
    ///
    /// # Errors
    /// The request as text, if it proves nothing.
    pub fn check_excess(&self, witness: &Request) -> Result<(), String> {
        if self.allowed && !self.expected {
            return Ok(());
        }
        Err(format!("{} on {}", witness.action, witness.resource))
    }
}
