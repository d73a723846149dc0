//! Writes exceptions into a manifest, with their documents beside it. Nothing else in the manifest changes.

use std::io::Write;
use std::path::{Path, PathBuf};

use iamdrift::audit::Extent;
use iamdrift::baseline::{Baseline, Exception};
use iamdrift::report::text::render_json;
use iamdrift::source::{SourceFile, toml};

use crate::cli::UserError;

/// The folder of the documents, beside the manifest.
const DOCUMENT_FOLDER: &str = "exceptions";
/// The largest number of characters of a key in a file name.
const MAX_NAME: usize = 100;

/// An exception to write.
pub(super) struct NewException<'e> {
    /// The key of the finding.
    pub key: &'e str,
    /// What is accepted.
    pub extent: &'e Extent,
}

/// What all exceptions of one run have in common.
pub(super) struct Approval<'a> {
    pub reason: &'a str,
    pub requested_by: &'a str,
    pub approved_by: &'a str,
    pub expires: jiff::civil::Date,
}

/// The files that a run writes.
pub(super) struct ManifestEdit {
    manifest: PathBuf,
    text: String,
    documents: Vec<(PathBuf, String)>,
    /// Documents that only replaced exceptions named.
    replaced_documents: Vec<PathBuf>,
}

impl ManifestEdit {
    /// Plans an edit. An exception replaces the one with its key.
    ///
    /// # Errors
    /// A manifest that cannot be read, or to which no table can be added.
    pub fn plan(
        path: &Path,
        baseline: &Baseline,
        exceptions: &[NewException<'_>],
        approval: &Approval<'_>,
    ) -> anyhow::Result<ManifestEdit> {
        let manifest = if path.is_dir() { path.join("baseline.toml") } else { path.to_path_buf() };
        // A link is followed, so that its target is replaced.
        let manifest = std::fs::canonicalize(&manifest).map_err(|error| cannot_write(&manifest, &error))?;
        let directory = manifest.parent().unwrap_or(Path::new(".")).to_path_buf();
        let text = std::fs::read_to_string(&manifest).map_err(|error| cannot_write(&manifest, &error))?;
        let is_replaced = |old: &&Exception| exceptions.iter().any(|new| new.key == old.finding.value);
        let replaced: Vec<&Exception> = baseline.exceptions.iter().filter(is_replaced).collect();
        let mut text = remove_tables(text, baseline, &replaced);
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut documents = Vec::new();
        for exception in exceptions {
            let names = add_documents(exception, &directory, &mut documents);
            if !text.is_empty() && !text.ends_with('\n') {
                text.push_str(line_end);
            }
            let table = render_table(exception, &names, approval);
            text.push_str(&format!("\n{table}").replace('\n', line_end));
        }
        check_manifest(&manifest, &text)?;
        let kept = baseline.exceptions.iter().filter(|old| !is_replaced(old));
        let named: Vec<&str> = kept.flat_map(|old| &old.accepts.documents).map(|d| d.name.as_str()).collect();
        let replaced_documents = replaced
            .iter()
            .flat_map(|old| &old.accepts.documents)
            .filter(|old| old.name.starts_with(&format!("{DOCUMENT_FOLDER}/")) && !named.contains(&old.name.as_str()))
            .map(|old| directory.join(&old.name))
            .filter(|old| !documents.iter().any(|(new, _)| new == old))
            .collect();
        Ok(ManifestEdit { manifest, text, documents, replaced_documents })
    }

    /// Writes the documents, then the manifest, which is replaced as a whole.
    ///
    /// # Errors
    /// A file that cannot be written. Then the manifest is unchanged.
    pub fn write(&self) -> anyhow::Result<()> {
        let permissions =
            std::fs::metadata(&self.manifest).map_err(|error| cannot_write(&self.manifest, &error))?.permissions();
        for (path, text) in &self.documents {
            self.check_inside(path)?;
            write_file(path, text, &permissions).map_err(|error| cannot_write(path, &error))?;
        }
        write_file(&self.manifest, &self.text, &permissions).map_err(|error| cannot_write(&self.manifest, &error))?;
        for path in &self.replaced_documents {
            // The exceptions are in force already. A document that is left over has no effect.
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }

    /// A link in the directory of the manifest must not lead the documents elsewhere.
    fn check_inside(&self, path: &Path) -> anyhow::Result<()> {
        let (Some(root), Some(folder)) = (self.manifest.parent(), path.parent()) else { return Ok(()) };
        std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
        let target = std::fs::canonicalize(folder).map_err(|error| cannot_write(folder, &error))?;
        if target.starts_with(root) {
            return Ok(());
        }
        let message = format!("{} leads outside the baseline directory", folder.display());
        Err(UserError::new(message, "replace the link by a folder").into())
    }
}

/// Adds the documents of an exception, and returns their names in the manifest. A name contains the content, so that no
/// file in use is overwritten.
fn add_documents(
    exception: &NewException<'_>,
    directory: &Path,
    documents: &mut Vec<(PathBuf, String)>,
) -> Vec<String> {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let slug: String = exception.key.chars().map(|c| if is_kept(c) { c } else { '-' }).take(MAX_NAME).collect();
    let mut names = Vec::new();
    for document in &exception.extent.documents {
        let text = render_json(document) + "\n";
        let mut hasher = blake3::Hasher::new();
        hasher.update(exception.key.as_bytes());
        hasher.update(&[0]);
        hasher.update(text.as_bytes());
        let content: String = hasher.finalize().to_hex().chars().take(8).collect();
        let name = format!("{DOCUMENT_FOLDER}/{slug}.{content}.json");
        documents.push((directory.join(&name), text));
        names.push(name);
    }
    names
}

fn render_table(exception: &NewException<'_>, documents: &[String], approval: &Approval<'_>) -> String {
    let list = |texts: &mut dyn Iterator<Item = &str>| {
        let quoted: Vec<String> = texts.map(quote).collect();
        format!("[{}]", quoted.join(", "))
    };
    let document_list = match documents {
        [single] => quote(single),
        several => list(&mut several.iter().map(String::as_str)),
    };
    let accepts = if exception.extent.items.is_empty() {
        document_list
    } else {
        let documents = (!documents.is_empty()).then(|| format!("documents = {document_list}"));
        let items = exception.extent.items.iter();
        let items = items.map(|(key, values)| format!("{key} = {}", list(&mut values.iter().map(String::as_str))));
        let members: Vec<String> = documents.into_iter().chain(items).collect();
        format!("{{ {} }}", members.join(", "))
    };
    format!(
        "[[exception]]\nfinding      = {}\naccepts      = {accepts}\nreason       = {}\nrequested_by = {}\napproved_by  = {}\nexpires      = {}\n",
        quote(exception.key),
        quote(approval.reason),
        quote(approval.requested_by),
        quote(approval.approved_by),
        approval.expires,
    )
}

/// A text as a TOML basic string.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The text without some tables, each with its line end and the blank line before it.
fn remove_tables(text: String, baseline: &Baseline, replaced: &[&Exception]) -> String {
    // The positions are those of the text without a byte order mark.
    let shift = text.len() - baseline.source().text().len();
    let mut kept = text;
    let mut spans: Vec<(usize, usize)> =
        replaced.iter().map(|old| (old.text_span.start + shift, old.text_span.end + shift)).collect();
    spans.sort_unstable_by(|a, b| b.cmp(a));
    for (start, end) in spans {
        let rest_of_line = kept.get(end..).and_then(|rest| rest.find('\n')).map_or(kept.len(), |at| end + at + 1);
        let before = kept.get(..start).unwrap_or("");
        let start = match before.strip_suffix("\n\n").or_else(|| before.strip_suffix("\n\r\n")) {
            Some(trimmed) => trimmed.len() + 1,
            None => start,
        };
        kept.replace_range(start..rest_of_line, "");
    }
    kept
}

/// Whether the new text is TOML: `exception = [...]` in the manifest allows no `[[exception]]`.
fn check_manifest(manifest: &Path, text: &str) -> anyhow::Result<()> {
    let source = SourceFile::new(manifest.display().to_string(), text.trim_start_matches('\u{feff}'));
    toml::parse(&source).map(drop).map_err(|_| {
        let message = format!("no `[[exception]]` can be added to {}", manifest.display());
        UserError::new(message, "write existing exceptions as `[[exception]]` tables, not as an inline list").into()
    })
}

fn write_file(path: &Path, text: &str, permissions: &std::fs::Permissions) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(permissions.clone())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn cannot_write(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let message = format!("cannot write {}: {error}", path.display());
    UserError::new(message, "use a baseline directory that you can write").into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn quoted_texts_are_read_back() {
        for text in ["a", "a\"b\\c", "tab\tline\nend\u{7}", "é ✓"] {
            let manifest = format!("x = {}", quote(text));
            let table: ::toml::Table = manifest.parse().unwrap();
            assert_eq!(table.get("x").unwrap().as_str().unwrap(), text);
        }
    }
}
