//! Writes results to standard output or a file, and status lines to standard error.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::Context;
use iamdrift::report::{Colour, Layout};

use iamdrift::base::sanitize::sanitize;

use super::error_report::UserError;

/// Standard output. Colors are removed if they are not wanted.
pub fn stdout() -> anstream::AutoStream<std::io::StdoutLock<'static>> {
    anstream::AutoStream::auto(std::io::stdout().lock())
}

/// The layout of text for standard output. It contains colors, which [`stdout`] removes if they are not wanted.
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

/// Writes text to standard output and flushes it.
pub fn write_stdout(text: &str) -> anyhow::Result<()> {
    let mut out = stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
}

fn write_atomically(path: &Path, text: &str) -> std::io::Result<()> {
    // Write to a device or pipe. Replacing it by a file would remove it for all programs.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
    }
    // Follow a symbolic link and replace its target.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        let why = format!("no such directory: {}", directory.display());
        return Err(std::io::Error::new(std::io::ErrorKind::NotFound, why));
    }
    // Temporary files are readable by the user only; renaming keeps the permissions.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}

/// Writes a line to standard error. Errors are ignored, because they cannot be reported.
pub fn print_status(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", sanitize(text));
}

/// Writes a warning to standard error.
pub fn print_warning(text: &str) -> std::io::Result<()> {
    writeln!(anstream::stderr().lock(), "warning: {}", sanitize(text))
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
    write_atomically(path, text).map_err(|error| {
        let help = format!("choose a writable path for `{option}`");
        UserError::new(format!("cannot write {}: {error}", path.display()), help).into()
    })
}
