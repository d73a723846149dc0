//! Standard output, where the answer goes and nothing else.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::Context;
use iamdrift::report::{Colour, Layout};

use iamdrift::base::sanitize::sanitize;

use super::error_report::UserError;

/// Standard output, with colours taken out where they are not wanted.
pub fn stdout() -> anstream::AutoStream<std::io::StdoutLock<'static>> {
    anstream::AutoStream::auto(std::io::stdout().lock())
}

/// What a text for people is laid out for. Colours are always in it: [`stdout`] takes them out where they are
/// not wanted.
pub fn detect_layout() -> Layout {
    if !is_terminal() {
        return detect_file_layout().with_colour(Colour::Ansi);
    }
    let size = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    Layout::for_terminal(size.or_else(read_columns).unwrap_or(WIDTH))
}

/// How a report is laid out that goes to a file, or through a pipe: plain, and every ARN whole.
pub fn detect_file_layout() -> Layout {
    Layout::for_pipe(read_columns().unwrap_or(WIDTH))
}

/// How wide a report is where neither a terminal nor `COLUMNS` tells.
const WIDTH: usize = 100;

fn read_columns() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Writes a text and sees it out.
pub fn write_stdout(text: &str) -> anyhow::Result<()> {
    let mut out = stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
}

fn write_atomically(path: &Path, text: &str) -> std::io::Result<()> {
    // A device or a pipe is written to; to put a file in its place would take it from everybody.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
    }
    // Where the name is a link, the file that it leads to is written.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        let why = format!("there is no directory {}", directory.display());
        return Err(std::io::Error::new(std::io::ErrorKind::NotFound, why));
    }
    // Temporary files are made readable for the user alone, and keep that when they get their name.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}

/// Writes a line to standard error. Where that cannot be written there is nobody to tell.
pub fn print_status(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", sanitize(text));
}

/// Writes a warning to standard error.
pub fn print_warning(text: &str) -> std::io::Result<()> {
    writeln!(anstream::stderr().lock(), "warning: {}", sanitize(text))
}

/// Writes a file that only the user can read, whole or not at all. `option` is what it was asked for with.
pub fn write_private(path: &Path, text: &str, option: &str) -> anyhow::Result<()> {
    write_atomically(path, text).map_err(|error| {
        let help = format!("give `{option}` a place that you can write to");
        UserError::new(format!("cannot write {}: {error}", path.display()), help).into()
    })
}
