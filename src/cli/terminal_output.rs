//! Writes results to standard output or a file, and status lines to standard error.
//!
//! A closed pipe is no error: nobody reads the rest, and the exit status is what was found. Every other failed write of a
//! result is an error. A failed write to standard error is ignored, because it cannot be reported.

use std::io::{IsTerminal, Write};
use std::path::Path;

use iamdrift::base::sanitize::sanitize;
use iamdrift::report::{Colour, Layout};

use super::error_report::UserError;
use super::report_output::ReportOutput;

/// Standard output. Colors are removed if they are not wanted. After its reader has gone, texts are dropped.
pub struct StandardOutput {
    stream: anstream::AutoStream<std::io::StdoutLock<'static>>,
    has_reader: bool,
}

impl StandardOutput {
    /// Standard output, whose reader is assumed to exist.
    pub fn new() -> StandardOutput {
        StandardOutput { stream: anstream::AutoStream::auto(std::io::stdout().lock()), has_reader: true }
    }

    /// Writes and flushes a text.
    ///
    /// # Errors
    /// Every failed write except to a closed pipe.
    pub fn write_text(&mut self, text: &str) -> Result<(), UserError> {
        if !self.has_reader {
            return Ok(());
        }
        match self.stream.write_all(text.as_bytes()).and_then(|()| self.stream.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.has_reader = false;
                Ok(())
            }
            Err(error) => Err(to_write_error(None, &error, "-o")),
            Ok(()) => Ok(()),
        }
    }
}

/// The layout of text for standard output. It contains colors, which [`StandardOutput`] removes if they are not wanted.
pub fn detect_layout() -> Layout {
    if !is_terminal() {
        return detect_file_layout().with_colour(Colour::Ansi);
    }
    let size = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    Layout::for_terminal(size.or_else(read_columns).unwrap_or(WIDTH))
}

/// The layout of text for the file `output` or, if it is `None`, for standard output.
pub fn layout_for(output: Option<&Path>) -> Layout {
    if output.is_some() { detect_file_layout() } else { detect_layout() }
}

/// The layout of text for a file or a pipe: no colors, and complete ARNs.
pub fn detect_file_layout() -> Layout {
    Layout::for_pipe(read_columns().unwrap_or(WIDTH))
}

/// The width of text if neither the terminal nor `COLUMNS` sets it.
const WIDTH: usize = 100;

fn read_columns() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Writes text to standard output and flushes it. A closed pipe is no error.
pub fn write_stdout(text: &str) -> anyhow::Result<()> {
    Ok(StandardOutput::new().write_text(text)?)
}

fn write_atomically(path: &Path, text: &str) -> std::io::Result<()> {
    let mut output = ReportOutput::create(path)?;
    output.write_all(text.as_bytes())?;
    output.complete()
}

/// Writes a line to standard error.
pub fn print_status(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", sanitize(text));
}

/// Writes a warning to standard error.
pub fn print_warning(text: &str) {
    print_status(&format!("warning: {text}"));
}

/// Writes a help line to standard error, after warnings.
#[cfg(feature = "aws")]
pub fn print_help(text: &str) {
    print_status(&format!("help: {text}"));
}

/// Writes text to the file of `-o`, or to standard output.
pub fn write_output(output: Option<&Path>, text: &str) -> anyhow::Result<()> {
    match output {
        Some(path) => write_private(path, text, "-o"),
        None => write_stdout(text),
    }
}

/// Writes a file that only the user can read, completely or not at all. `option` is the option that names it.
pub fn write_private(path: &Path, text: &str, option: &str) -> anyhow::Result<()> {
    write_atomically(path, text).map_err(|error| to_write_error(Some(path), &error, option).into())
}

/// The error of a failed write to the file of an option, or to standard output.
pub fn to_write_error(path: Option<&Path>, error: &std::io::Error, option: &str) -> UserError {
    match path {
        Some(path) => {
            let help = format!("choose a writable path for `{option}`");
            UserError::new(format!("cannot write {}: {error}", path.display()), help)
        }
        None => {
            let message = format!("cannot write to standard output: {error}");
            UserError::new(message, "the output is incomplete: write it to another place")
        }
    }
}
