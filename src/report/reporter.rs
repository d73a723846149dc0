//! What a report format implements.

use std::io::{self, Write};

use super::render_options::RenderOptions;
use crate::audit::Audit;

/// Writes audits in one format.
pub(super) trait Reporter {
    /// Writes the report. The last line ends with a newline.
    fn write(&self, audit: &Audit, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()>;
}
