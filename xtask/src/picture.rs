//! Renders terminal output as an SVG for the README.

use std::io::Read;
use std::path::Path;

use anstyle_svg::Term;
use anyhow::Context;

/// Writes the terminal output on standard input, with its colours, as an SVG.
pub fn run(output_path: &Path) -> anyhow::Result<()> {
    let mut terminal_output = String::new();
    std::io::stdin().read_to_string(&mut terminal_output).context("standard input is not text")?;
    anyhow::ensure!(
        !terminal_output.trim().is_empty(),
        "pipe a report in: iamdrift demo --color always | cargo run -p xtask -- picture"
    );
    std::fs::write(output_path, Term::new().render_svg(&terminal_output))
        .with_context(|| output_path.display().to_string())
}
