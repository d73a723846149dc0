//! Standard output, where the answer goes and nothing else.

use std::io::Write;
use std::path::Path;

use super::UserError;

/// Standard output, with colours taken out where they are not wanted.
fn stdout() -> anstream::AutoStream<std::io::StdoutLock<'static>> {
    anstream::AutoStream::auto(std::io::stdout().lock())
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
