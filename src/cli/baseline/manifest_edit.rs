//! Writes exceptions into a manifest, with their documents beside it. Nothing else in the manifest changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use iamdrift::audit::Extent;
use iamdrift::base::toml_text::quote_toml;
use iamdrift::baseline::{Baseline, Exception};
use iamdrift::report::text::render_json;
use iamdrift::source::{SourceFile, toml};

use crate::cli::UserError;

/// The folder of the documents, beside the manifest.
const DOCUMENT_FOLDER: &str = "exceptions";
/// The largest number of characters of a key in a file name.
const MAX_NAME: usize = 180;
/// The length of the hash in a file name, in hexadecimal digits of 4 bits.
const HASH_DIGITS: usize = 32;
/// The number of names to try if files with other contents have them.
const MAX_NAMES: usize = 100;

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
    /// The manifest.
    pub manifest: PathBuf,
    /// Its new text.
    pub text: String,
    /// The documents, by path.
    pub documents: BTreeMap<PathBuf, String>,
    /// Documents that only replaced exceptions named.
    pub replaced_documents: Vec<PathBuf>,
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
        let mut documents = BTreeMap::new();
        for exception in exceptions {
            let names = add_documents(exception, &directory, &mut documents)?;
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
            .filter(|old| !documents.contains_key(old))
            .collect();
        Ok(ManifestEdit { manifest, text, documents, replaced_documents })
    }
}

/// Adds the documents of an exception, and returns their names in the manifest.
fn add_documents(
    exception: &NewException<'_>,
    directory: &Path,
    documents: &mut BTreeMap<PathBuf, String>,
) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for document in &exception.extent.documents {
        let text = render_document(document);
        let (name, path) = choose_name(exception.key, &text, directory)?;
        add_document(documents, path, text)?;
        names.push(name);
    }
    Ok(names)
}

/// A document as it is written.
pub(super) fn render_document(document: &serde_json::Value) -> String {
    render_json(document) + "\n"
}

/// Adds a document. Two exceptions can have the same file only with the same text.
fn add_document(documents: &mut BTreeMap<PathBuf, String>, path: PathBuf, text: String) -> anyhow::Result<()> {
    match documents.get(&path) {
        Some(other) if *other != text => {
            let message = format!("two different documents would have the name {}", path.display());
            Err(UserError::new(message, "accept the findings one by one").into())
        }
        _ => {
            documents.insert(path, text);
            Ok(())
        }
    }
}

/// The name of a document in the manifest, and its path. No file with another text has the path.
fn choose_name(key: &str, text: &str, directory: &Path) -> anyhow::Result<(String, PathBuf)> {
    for number in 1..=MAX_NAMES {
        let name = name_document(key, text, number);
        let path = directory.join(&name);
        match std::fs::read(&path) {
            Ok(existing) if existing == text.as_bytes() => return Ok((name, path)),
            // Someone changed the file after it was written.
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((name, path)),
            Err(error) => return Err(cannot_write(&path, &error)),
        }
    }
    let message = format!("the documents of {key} have other contents than they were written with");
    Err(UserError::new(message, "remove those that no exception names").into())
}

/// The name of a document: the key of its finding, readable and unambiguous, and a hash of key and text.
fn name_document(key: &str, text: &str, number: usize) -> String {
    let mut slug = String::with_capacity(key.len());
    for c in key.chars() {
        match c {
            '/' => slug.push('~'),
            c if c.is_ascii_alphanumeric() || "-_.+=@".contains(c) => slug.push(c),
            c => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| slug.push_str(&format!("%{byte:02X}"))),
        }
    }
    // Only a key that is too long for the name of a file is cut: the hash, of 128 bits, distinguishes the files.
    slug.truncate(MAX_NAME);
    let mut hasher = blake3::Hasher::new();
    hasher.update(key.as_bytes());
    hasher.update(&[0]);
    hasher.update(text.as_bytes());
    let hash: String = hasher.finalize().to_hex().chars().take(HASH_DIGITS).collect();
    let suffix = if number == 1 { String::new() } else { format!(".{number}") };
    format!("{DOCUMENT_FOLDER}/{slug}.{hash}{suffix}.json")
}

fn render_table(exception: &NewException<'_>, documents: &[String], approval: &Approval<'_>) -> String {
    let list = |texts: &mut dyn Iterator<Item = &str>| {
        let quoted: Vec<String> = texts.map(quote_toml).collect();
        format!("[{}]", quoted.join(", "))
    };
    let document_list = match documents {
        [single] => quote_toml(single),
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
        quote_toml(exception.key),
        quote_toml(approval.reason),
        quote_toml(approval.requested_by),
        quote_toml(approval.approved_by),
        approval.expires,
    )
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

pub(super) fn cannot_write(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let message = format!("cannot write {}: {error}", path.display());
    UserError::new(message, "use a baseline directory that you can write").into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_different_findings_have_different_names() {
        let keys =
            ["iam001/1/role/a-b", "iam001/1/role/a/b", "iam001/1/role/a:b", "iam001/1/role/a%2Fb", "iam001/1/role/a~b"];
        let slug = |key: &str| {
            name_document(key, "{}", 1).rsplit_once(&['.'][..]).unwrap().0.split_once('.').map(|(s, _)| s.to_owned())
        };
        let slugs: std::collections::BTreeSet<_> = keys.iter().map(|key| slug(key)).collect();
        assert_eq!(slugs.len(), keys.len(), "{slugs:?}");
        let long = |end: &str| name_document(&format!("iam001/1/role/{}{end}", "x".repeat(500)), "{}", 1);
        assert_ne!(long("a"), long("b"));
        assert!(long("a").len() < 255);
        assert_ne!(name_document("k", "{}", 1), name_document("k", "[]", 1));
    }

    #[test]
    fn two_texts_for_one_path_are_refused() {
        let mut documents = BTreeMap::new();
        add_document(&mut documents, PathBuf::from("a.json"), "{}".to_owned()).unwrap();
        add_document(&mut documents, PathBuf::from("a.json"), "{}".to_owned()).unwrap();
        add_document(&mut documents, PathBuf::from("a.json"), "[]".to_owned()).unwrap_err();
        assert_eq!(documents.len(), 1);
    }
}
