//! Reports errors: diagnostics with their source text, all others in one line.

use std::io::Write;

use iamdrift::base::sanitize::sanitize;
use iamdrift::source::{Diagnostics, RenderStyle};

use super::exit_status::ExitStatus;

/// An error that the user can resolve.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct UserError {
    /// The error, in one line.
    pub message: String,
    /// What the user can do.
    pub help: String,
}

impl UserError {
    /// An error with help.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> UserError {
        UserError { message: message.into(), help: help.into() }
    }
}

/// Writes an error to standard error and returns the exit status. A closed pipe is not an error.
pub fn report_error(error: &anyhow::Error) -> ExitStatus {
    if error.chain().any(is_broken_pipe) {
        return ExitStatus::Clean;
    }
    // If standard error cannot be written either, only the exit status reports the error.
    let _ = write_error(error);
    ExitStatus::Usage
}

fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

fn write_error(error: &anyhow::Error) -> std::io::Result<()> {
    let mut err = anstream::stderr().lock();
    if let Some(diagnostics) = error.downcast_ref::<Diagnostics>() {
        for diagnostic in &diagnostics.0 {
            writeln!(err, "{}", diagnostic.render(RenderStyle::Colored))?;
        }
        return Ok(());
    }
    writeln!(err, "error: {}", sanitize(&format!("{error:#}")))?;
    if let Some(user) = error.downcast_ref::<UserError>() {
        writeln!(err, "help: {}", sanitize(&user.help))?;
    }
    Ok(())
}

/// Writes a warning to standard error.
#[cfg(feature = "aws")]
pub fn print_warning(message: &str) -> anyhow::Result<()> {
    ignore_broken_pipe(writeln!(anstream::stderr().lock(), "warning: {}", sanitize(message)))
}

/// Writes a help line to standard error, after warnings.
#[cfg(feature = "aws")]
pub fn print_help(message: &str) -> anyhow::Result<()> {
    ignore_broken_pipe(writeln!(anstream::stderr().lock(), "help: {}", sanitize(message)))
}

/// Ignores a closed standard error, so that the work continues.
#[cfg(feature = "aws")]
fn ignore_broken_pipe(result: std::io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
