//! What a terminal shows, as an SVG for the README.

use std::io::Read;
use std::path::Path;

use anstyle_svg::Term;
use anyhow::Context;

/// Writes the terminal output on standard input, with its colours, as an SVG.
pub fn run(to: &Path) -> anyhow::Result<()> {
    let mut shown = String::new();
    std::io::stdin().read_to_string(&mut shown).context("standard input is not text")?;
    anyhow::ensure!(
        !shown.trim().is_empty(),
        "pipe a report in: iamdrift demo --color always | cargo run -p xtask -- picture"
    );
    std::fs::write(to, Term::new().render_svg(&shown)).with_context(|| to.display().to_string())
}
