//! The exit status of the program. `report::exit_info` decides that of an audit.

use std::process::ExitCode;

/// The exit status.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[allow(dead_code)] // each command has its own
pub enum ExitStatus {
    /// Nothing to report at or above the threshold.
    Clean = 0,
    /// Drift was found.
    Drift = 1,
    /// The arguments or the input cannot be used.
    Usage = 2,
    /// Some input could not be read, or a principal is undecided. It takes precedence over drift.
    Incomplete = 3,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status as u8)
    }
}
