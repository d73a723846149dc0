//! What a report format implements.

use std::io::{self, Write};

use super::render_options::RenderOptions;
use crate::audit::{Audit, FindingSink};

/// Writes audits in one format.
pub(super) trait Reporter {
    /// Writes the report. The last line ends with a newline.
    fn write(&self, audit: &Audit, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()>;
}

/// Writes the report of an audit while it runs.
pub trait ReportSink: FindingSink {
    /// Writes what is known after the last finding. A report without it is incomplete.
    fn end(&mut self, audit: &Audit, options: &RenderOptions) -> io::Result<()>;
}
