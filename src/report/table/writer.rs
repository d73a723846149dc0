//! The output of the table, and what the table has shown so far.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::report::layout::{Layout, Paragraph};
use crate::report::render_options::{RenderOptions, Verbosity};
use crate::report::text::counts::format_number;

/// The output of the table, and what the table has shown so far.
pub(super) struct TableWriter<'a> {
    pub(super) layout: Layout,
    pub(super) verbosity: Verbosity,
    pub(super) out: &'a mut dyn Write,
    /// Whether something was omitted that `--all` would show.
    pub(super) has_omissions: bool,
    /// Whether the snippets to declare or ignore a principal were shown.
    pub(super) has_shown_declare_snippet: bool,
    /// The snippets that were shown.
    pub(super) shown_snippets: BTreeSet<String>,
}

impl<'a> TableWriter<'a> {
    pub(super) fn new(options: &RenderOptions, out: &'a mut dyn Write) -> TableWriter<'a> {
        TableWriter {
            layout: options.layout,
            verbosity: options.verbosity,
            out,
            has_omissions: false,
            has_shown_declare_snippet: false,
            shown_snippets: BTreeSet::new(),
        }
    }

    pub(super) fn write_blank_line(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    pub(super) fn write_paragraph(&mut self, paragraph: Paragraph) -> io::Result<()> {
        paragraph.write(self.layout, self.out)
    }

    /// How many of `total` items to show, if a brief report shows `brief`. A brief report also shows one more item
    /// instead of a line that says that one is omitted.
    pub(super) fn limit_shown(&mut self, total: usize, brief: usize) -> usize {
        if self.verbosity == Verbosity::All || total <= brief + 1 {
            return total;
        }
        self.has_omissions = true;
        brief
    }
}

/// What is omitted, and how to see it: `… 194 more actions, --all`.
pub(super) fn describe_omitted(n: usize, noun: &str) -> String {
    format!("… {} more {noun}{}, --all", format_number(n), if n == 1 { "" } else { "s" })
}
