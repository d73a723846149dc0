//! Loads the policy documents that a manifest refers to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::reader::ManifestReader;
use crate::baseline::model::spanned::Spanned;
use crate::iam::{DocumentKind, PolicyDocument};
use crate::source::SourceFile;

pub(super) const EXPECTED_DOCUMENT: &str = "a policy document of the baseline directory, or `aws:policy/NAME`";

/// Whether `file` is in `directory` by its path, but not after following symbolic links. A link could show a part of any file
/// in an error, or replace the reviewed text by another.
pub(super) fn leads_outside(directory: &Path, file: &Path) -> bool {
    let directory = if directory == Path::new("") { Path::new(".") } else { directory };
    match (directory.canonicalize(), file.canonicalize()) {
        (Ok(directory), Ok(target)) => !target.starts_with(directory),
        // Reading it reports the error.
        _ => false,
    }
}

/// The documents of a baseline. Each is loaded once. Trust policies are loaded for exceptions alone.
pub(in crate::baseline) struct DocumentLoader {
    directory: PathBuf,
    /// The texts by path, if they are in memory. Then no file is read.
    provided: Option<BTreeMap<String, Arc<SourceFile>>>,
    /// By path as in the manifest, and kind. `None` for an invalid document, whose errors are reported.
    loaded: BTreeMap<(String, bool), Option<Arc<PolicyDocument>>>,
}

impl DocumentLoader {
    /// Loads documents from a directory.
    pub(super) fn from_directory(directory: &Path) -> DocumentLoader {
        DocumentLoader { directory: directory.to_path_buf(), provided: None, loaded: BTreeMap::new() }
    }

    /// Loads documents from texts in memory, by path.
    pub(super) fn from_texts(texts: impl IntoIterator<Item = (String, Arc<SourceFile>)>) -> DocumentLoader {
        DocumentLoader {
            directory: PathBuf::new(),
            provided: Some(texts.into_iter().collect()),
            loaded: BTreeMap::new(),
        }
    }

    fn read_source(&self, path: &str, file: &Path) -> std::io::Result<Arc<SourceFile>> {
        match &self.provided {
            Some(texts) => texts.get(path).cloned().ok_or_else(|| std::io::ErrorKind::NotFound.into()),
            None => SourceFile::read(file),
        }
    }

    /// The texts of the loaded documents, by path.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, &Arc<SourceFile>)> {
        self.loaded.iter().filter_map(|((path, _), document)| Some((path.as_str(), document.as_ref()?.source())))
    }

    pub(super) fn load(
        &mut self,
        reader: &mut ManifestReader<'_>,
        path: &Spanned<String>,
        kind: DocumentKind,
    ) -> Option<Arc<PolicyDocument>> {
        let cache_key = (path.value.clone(), kind == DocumentKind::Trust);
        if let Some(loaded) = self.loaded.get(&cache_key) {
            return loaded.clone();
        }
        let file = self.directory.join(&path.value);
        if self.provided.is_none() && leads_outside(&self.directory, &file) {
            reader.report_error(
                path.span,
                format!("{} leads outside the baseline directory", file.display()),
                EXPECTED_DOCUMENT,
            );
            return None;
        }
        let document = match self.read_source(&path.value, &file) {
            Ok(source) => match PolicyDocument::parse(&source, kind) {
                Ok(document) => Some(Arc::new(document)),
                Err(mut problems) => {
                    reader.problems.append(&mut problems.0);
                    None
                }
            },
            Err(error) => {
                let message = match error.kind() {
                    std::io::ErrorKind::NotFound => format!("{} does not exist", file.display()),
                    _ => format!("cannot read {}: {error}", file.display()),
                };
                reader.report_error(path.span, message, EXPECTED_DOCUMENT);
                return None; // not cached: each reference is reported
            }
        };
        self.loaded.insert(cache_key, document.clone());
        document
    }
}
