//! Standard output, where the answer goes and nothing else.

use std::io::Write;

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
