//! What a caller decides about a report.

use super::layout::Layout;
use crate::audit::Severity;

/// How a report is to be written, and how the program will end.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct RenderOptions {
    /// What it is written on; formats for machines do not ask.
    pub layout: Layout,
    /// How much of it; formats for machines write all.
    pub verbosity: Verbosity,
    /// How the program will end.
    pub exit_info: ExitInfo,
}

/// How much of a report is written.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Verbosity {
    /// The worst of everything, and how much more there is.
    Brief,
    /// Every action pattern, statement, note and accepted finding (`--all`).
    All,
}

impl Verbosity {
    /// How many of something are shown, of which a brief report shows `brief`.
    pub(super) fn limit_items(self, brief: usize) -> usize {
        match self {
            Verbosity::Brief => brief,
            Verbosity::All => usize::MAX,
        }
    }
}

/// How the program will end, and by what measure; reports tell it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct ExitInfo {
    /// The exit status: 0 clean, 1 drift, 3 incomplete.
    pub exit_status: u8,
    /// The least severity that counts (`--fail-on`); none where none does.
    pub fail_on: Option<Severity>,
}
