//! The questions of a comparison, written for other solvers.

use std::path::Path;

use iamdrift::catalog::Catalog;
use iamdrift::solve::{SmtScript, smt_script};

use super::Documents;
use crate::cli::{UserError, output};

/// Writes both directions into a directory, which is made where it is not there.
pub fn write(directory: &Path, (a, b): &Documents, catalog: &Catalog) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory).map_err(|error| {
        let message = format!("cannot make the directory {}: {error}", directory.display());
        UserError::new(message, "give `--smt-lib` a directory that you can write to")
    })?;
    for (name, script) in [("a-not-b.smt2", smt_script(a, b, catalog)), ("b-not-a.smt2", smt_script(b, a, catalog))] {
        let path = directory.join(name);
        output::write_private(&path, &script.text, "--smt-lib")?;
        tell(&path, &script)?;
    }
    Ok(())
}

/// Says on standard error what was left out: a solver's answer is not about that.
fn tell(path: &Path, script: &SmtScript) -> std::io::Result<()> {
    let Some((action, why)) = script.left_out.first() else { return Ok(()) };
    let questions = match script.left_out.len() {
        1 => "1 question".to_owned(),
        several => format!("{several} questions"),
    };
    output::warn(&format!(
        "{} lacks {questions} beside the {} that it asks; that of {action}: {why}",
        path.display(),
        script.questions
    ))
}
