//! Standard output, where the answer goes and nothing else.

use std::io::{IsTerminal, Write};
use std::path::Path;

use iamdrift::report::{Colour, Layout};

use super::UserError;

/// Standard output, with colours taken out where they are not wanted.
fn stdout() -> anstream::AutoStream<std::io::StdoutLock<'static>> {
    anstream::AutoStream::auto(std::io::stdout().lock())
}

/// How wide a report is where neither a terminal nor `COLUMNS` tells.
const WIDTH: usize = 100;

/// How a report is laid out: for the terminal that reads it, or for a pipe or a file.
pub fn layout(to_file: bool) -> Layout {
    let columns = || std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let terminal = std::io::stdout().is_terminal() && !to_file;
    let width = match terminal_size::terminal_size() {
        Some((width, _)) if terminal => usize::from(width.0),
        _ => columns().unwrap_or(WIDTH),
    };
    let layout = if terminal { Layout::terminal(width) } else { Layout::piped(width) };
    // `--color always` holds for a pipe too; what a terminal shall not see is taken out on the way.
    match anstream::ColorChoice::global() {
        anstream::ColorChoice::Always | anstream::ColorChoice::AlwaysAnsi if !to_file => layout.with_colour(Colour::Ansi),
        _ => layout,
    }
}

/// Writes a text and sees it out.
pub fn write(text: &str) -> anyhow::Result<()> {
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Writes a file that only the user can read, whole or not at all.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let written = || -> std::io::Result<()> {
        // Temporary files are made readable for the user alone, and keep that when they get their name.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    written().map_err(|error| {
        let help = "give `-o` a file in a directory that you can write to";
        UserError::new(format!("cannot write {}: {error}", path.display()), help).into()
    })
}
