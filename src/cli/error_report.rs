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

/// Writes an error to standard error and returns the exit status.
pub fn report_error(error: &anyhow::Error) -> ExitStatus {
    // If standard error cannot be written either, only the exit status reports the error.
    let _ = write_error(error);
    ExitStatus::Usage
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
