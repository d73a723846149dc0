//! What the caller decides about a report.

use super::exit_info::ExitInfo;
use super::layout::Layout;
use crate::base::json_writer::JsonLayout;

/// How to write a report, and how the program will end.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct RenderOptions {
    /// The width and colors of the output. JSON ignores it.
    #[doc(hidden)]
    pub layout: Layout,
    /// How much to write. JSON ignores it.
    pub verbosity: Verbosity,
    /// How JSON is laid out.
    #[doc(hidden)]
    pub json_layout: JsonLayout,
    /// How the program will end.
    pub exit_info: ExitInfo,
}

impl RenderOptions {
    /// A brief report for a terminal of `width` columns, with colors.
    ///
    /// ```
    /// use iamdrift::report::{ExitInfo, RenderOptions, Verbosity};
    ///
    /// let exit_info = ExitInfo { exit_status: 0, fail_on: None };
    /// let options = RenderOptions { verbosity: Verbosity::All, ..RenderOptions::for_terminal(120, exit_info) };
    /// # assert_eq!(options.exit_info, exit_info);
    /// ```
    pub fn for_terminal(width: usize, exit_info: ExitInfo) -> RenderOptions {
        RenderOptions {
            layout: Layout::for_terminal(width),
            verbosity: Verbosity::Brief,
            json_layout: JsonLayout::OneLine,
            exit_info,
        }
    }

    /// A brief report for a file or a pipe: no colors, and every ARN on one line, so that it can be searched for.
    ///
    /// ```
    /// use iamdrift::report::{ExitInfo, RenderOptions, Verbosity};
    ///
    /// let options = RenderOptions::for_pipe(100, ExitInfo { exit_status: 0, fail_on: None });
    /// assert_eq!(options.verbosity, Verbosity::Brief);
    /// ```
    pub fn for_pipe(width: usize, exit_info: ExitInfo) -> RenderOptions {
        RenderOptions {
            layout: Layout::for_pipe(width),
            verbosity: Verbosity::Brief,
            json_layout: JsonLayout::OneLine,
            exit_info,
        }
    }
}

/// How much of a report to write.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Verbosity {
    /// The worst items of each list, and the number of the others.
    Brief,
    /// Every action pattern, statement, note and accepted finding (`--all`).
    All,
}
