//! What the caller decides about a report.

use super::layout::Layout;
use crate::audit::Severity;

/// How to write a report, and how the program will end.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct RenderOptions {
    /// The width and colors of the output. JSON ignores it.
    pub layout: Layout,
    /// How much to write. JSON ignores it.
    pub verbosity: Verbosity,
    /// How the program will end.
    pub exit_info: ExitInfo,
}

/// How much of a report to write.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Verbosity {
    /// The worst items of each list, and the number of the others.
    Brief,
    /// Every action pattern, statement, note and accepted finding (`--all`).
    All,
}

/// How the program will end, and which findings decide that.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct ExitInfo {
    /// The exit status: 0 clean, 1 drift, 3 incomplete.
    pub exit_status: u8,
    /// The lowest severity that affects the exit status (`--fail-on`). None if no severity does.
    pub fail_on: Option<Severity>,
}
