//! From a path to a [`Baseline`], or to all that is wrong with it.

use std::path::Path;
use std::sync::Arc;

use super::allow::Documents;
use super::content::content_id;
use super::entry::Baseline;
use super::levels::LevelCatalog;
use super::manifest::Manifest;
use super::read::{Reader, Table};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span, toml};

/// The manifest's name in its directory.
const MANIFEST: &str = "baseline.toml";

impl Baseline {
    /// Reads a manifest and the documents that it names, and reports everything that is wrong with them at once.
    ///
    /// `path` is the directory that holds `baseline.toml`, or the manifest itself under any name; documents are
    /// relative to the directory that it stands in. The services of `levels` are looked at only when a ceiling is
    /// resolved; [`Baseline::load_with`] does it here.
    pub fn load(path: &Path) -> Result<Baseline, Diagnostics> {
        load(path, None)
    }

    /// The same, with the services of `levels` held against a catalog.
    pub fn load_with(path: &Path, catalog: &dyn LevelCatalog) -> Result<Baseline, Diagnostics> {
        load(path, Some(catalog))
    }
}

fn load(path: &Path, catalog: Option<&dyn LevelCatalog>) -> Result<Baseline, Diagnostics> {
    let file = if path.is_dir() { path.join(MANIFEST) } else { path.to_path_buf() };
    let source = SourceFile::read(&file).map_err(|error| {
        let nothing = SourceFile::new(file.display().to_string(), "");
        Diagnostic::error(&nothing, Span::default(), format!("cannot read the baseline: {error}"), "a manifest")
            .with_help("start one with `iamdrift baseline init`")
    })?;
    let directory = file.parent().unwrap_or(Path::new(""));
    read(&source, directory, catalog)
}

fn read(
    source: &Arc<SourceFile>,
    directory: &Path,
    catalog: Option<&dyn LevelCatalog>,
) -> Result<Baseline, Diagnostics> {
    let tree = toml::parse(source)?;
    let root = Table { items: tree.get_ref(), holder: "manifest", span: Span::default() };
    let reader = Reader { source, problems: Vec::new() };
    let mut manifest = Manifest { reader, documents: Documents::under(directory), catalog };
    let declared = manifest.declared(&root);
    let Manifest { reader, documents, .. } = manifest;
    let mut problems = reader.problems;
    // The manifest's own first, in the order of its lines, then those of each document.
    problems.sort_by_key(|problem| {
        let place = problem.place();
        (place.file != source.name(), place)
    });
    let Some(declared) = declared.filter(|_| problems.is_empty()) else { return Err(Diagnostics(problems)) };
    Ok(Baseline {
        settings: declared.settings,
        entries: declared.entries,
        ignores: declared.ignores,
        exceptions: declared.exceptions,
        personas: declared.personas,
        guards: declared.guards,
        content_id: content_id(source, documents.sources()),
        source: Arc::clone(source),
    })
}
