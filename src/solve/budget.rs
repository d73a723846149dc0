//! The limits of a decision: its budget of steps, and the error of a problem that is too large.

use std::cell::Cell;

/// A pattern, a problem or a number exceeds a limit. The verdict is then undecided.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too large to be decided within the limits")]
pub struct LimitExceeded;

/// The steps that a verdict may still use. All searches for the verdict share them.
#[derive(Debug)]
pub struct Budget(Cell<u64>);

impl Budget {
    /// A budget of this many steps.
    pub fn new(steps: u64) -> Budget {
        Budget(Cell::new(steps))
    }

    /// Uses steps. False if none are left.
    pub fn spend(&self, steps: u64) -> bool {
        let remaining = self.0.get().saturating_sub(steps);
        self.0.set(remaining);
        remaining > 0
    }
}
