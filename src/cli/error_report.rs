//! Telling what went wrong: diagnostics with the text they speak of, everything else in one line.

use std::io::Write;

use iamdrift::base::sanitize::sanitize;
use iamdrift::source::{Diagnostics, RenderStyle};

use super::ExitStatus;

/// A failure that the user can do something about.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct UserError {
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl UserError {
    /// A failure with what to do about it.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> UserError {
        UserError { message: message.into(), help: help.into() }
    }
}

/// Writes a failure to standard error, and says how to end. A reader that has gone away is no failure.
pub fn report_error(error: &anyhow::Error) -> ExitStatus {
    if error.chain().any(is_broken_pipe) {
        return ExitStatus::Clean;
    }
    // Where standard error cannot be written either, the exit status is all that is left to tell.
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

/// Tells, on standard error, of something that is worth knowing and ends nothing.
#[cfg(feature = "aws")]
pub fn print_warning(message: &str) -> anyhow::Result<()> {
    ignore_broken_pipe(writeln!(anstream::stderr().lock(), "warning: {}", sanitize(message)))
}

/// Tells, on standard error, what to do about what was told before.
#[cfg(feature = "aws")]
pub fn print_help(message: &str) -> anyhow::Result<()> {
    ignore_broken_pipe(writeln!(anstream::stderr().lock(), "help: {}", sanitize(message)))
}

/// A reader of standard error that has gone away does not end the work.
#[cfg(feature = "aws")]
fn ignore_broken_pipe(result: std::io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
