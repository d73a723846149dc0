//! Writes a comparison as SMT-LIB, for other solvers.

use std::path::Path;

use iamdrift::catalog::Catalog;
use iamdrift::solve::{SmtScript, render_smt_script};

use super::comparison_input::DocumentPair;
use crate::cli::{UserError, terminal_output};

/// Writes both directions to a directory, which is created if it does not exist.
pub fn write_scripts(directory: &Path, documents: &DocumentPair, catalog: &Catalog) -> anyhow::Result<()> {
    let DocumentPair { a, b, .. } = documents;
    std::fs::create_dir_all(directory).map_err(|error| {
        let message = format!("cannot create the directory {}: {error}", directory.display());
        UserError::new(message, "choose a writable directory for `--smt-lib`")
    })?;
    for (name, script) in
        [("a-not-b.smt2", render_smt_script(a, b, catalog)), ("b-not-a.smt2", render_smt_script(b, a, catalog))]
    {
        let path = directory.join(name);
        terminal_output::write_private(&path, &script.text, "--smt-lib")?;
        warn_about_omissions(&path, &script);
    }
    Ok(())
}

/// Warns of questions that the script omits. The answer of another solver does not cover them.
fn warn_about_omissions(path: &Path, script: &SmtScript) {
    let Some((action, reason)) = script.omitted.first() else { return };
    let questions = match script.omitted.len() {
        1 => "1 question".to_owned(),
        number => format!("{number} questions"),
    };
    terminal_output::print_warning(&format!(
        "{} contains {} questions and omits {questions}; first {action}: {reason}",
        path.display(),
        script.questions
    ));
}
