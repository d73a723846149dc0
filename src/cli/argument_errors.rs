//! Prints help pages and errors of arguments.
//!
//! Clap repeats arguments in its texts as they are. So an error that repeats a hostile argument is not printed: the
//! arguments are parsed once more with their hostile characters escaped, and the error of that is.

use std::ffi::OsString;
use std::io::Write;

use iamdrift::base::sanitize::sanitize;

use super::exit_status::ExitStatus;
use super::{UserError, error_report, terminal_output};

/// Prints a help page to standard output, or an error to standard error. `parse` is the error of parsing other arguments.
pub fn print_message(
    error: clap::Error,
    arguments: &[OsString],
    parse: impl Fn(&[OsString]) -> Option<clap::Error>,
) -> ExitStatus {
    let error = match escape_arguments(arguments) {
        None => error,
        Some(escaped) => match parse(&escaped).filter(|again| again.kind() == error.kind()) {
            Some(again) => again,
            // Escaping changed what is wrong.
            None => {
                let help = "`iamdrift --help` lists the commands and options";
                return error_report::report_error(&UserError::new(error.kind().to_string(), help).into());
            }
        },
    };
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
        return ExitStatus::Usage;
    }
    match terminal_output::write_stdout(&text) {
        Ok(()) => ExitStatus::Clean,
        Err(error) => error_report::report_error(&error),
    }
}

/// The arguments with their hostile characters escaped. `None` if they have none.
fn escape_arguments(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let escaped: Vec<OsString> =
        arguments.iter().map(|argument| OsString::from(sanitize(&argument.to_string_lossy()).into_owned())).collect();
    (escaped != arguments).then_some(escaped)
}
