//! The limits of a decision: its budget of steps, and the error of a problem that is too large.

use std::cell::Cell;

use crate::base::allowance::spend_steps;

/// The steps of one query of the audit.
pub(crate) const AUDIT_STEPS: u64 = 4_000_000;
/// The steps of a query for a remediation. A remediation that needs more is left out.
pub(crate) const REMEDIATION_STEPS: u64 = 200_000;
/// The steps of one direction of `compare`.
pub(crate) const COMPARE_STEPS: u64 = 2_000_000;
/// The steps of one question of the escalation search.
pub(crate) const ESCALATION_STEPS: u64 = 1_000_000;
/// The steps of one question about a trust policy.
pub(crate) const TRUST_STEPS: u64 = 1_000_000;
/// The steps to decide a literal on a key of which only a prefix is known. An undecided literal is kept.
pub(crate) const PREFIX_STEPS: u64 = 10_000;

/// A pattern, a problem or a number exceeds a limit. The verdict is then undecided.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too large to be decided within the limits")]
pub struct LimitExceeded;

/// The steps that a verdict may still use. All searches for the verdict share them.
#[derive(Debug)]
pub struct Budget {
    remaining: Cell<u64>,
    /// The steps that the allowance of the principal does not count yet.
    uncounted: Cell<u64>,
}

/// The allowance counts steps in portions: it also looks at the clock.
const PORTION: u64 = 256;

impl Budget {
    /// A budget of this many steps.
    pub fn new(steps: u64) -> Budget {
        spend_steps(1);
        Budget { remaining: Cell::new(steps), uncounted: Cell::new(0) }
    }

    /// Uses steps. False if none are left.
    pub fn spend(&self, steps: u64) -> bool {
        let remaining = self.remaining.get().saturating_sub(steps);
        self.remaining.set(remaining);
        let uncounted = self.uncounted.get().saturating_add(steps);
        self.uncounted.set(uncounted);
        if uncounted >= PORTION {
            self.uncounted.set(0);
            spend_steps(uncounted);
        }
        remaining > 0
    }
}
