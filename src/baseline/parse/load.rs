//! Loads a [`Baseline`] from a path or from texts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::documents::{DocumentLoader, leads_outside};
use super::manifest_parser::ManifestParser;
use super::reader::{ManifestReader, ManifestTable};
use crate::base::content_id::compute_content_id;
use crate::baseline::model::baseline::Baseline;
use crate::baseline::model::levels::LevelCatalog;
use crate::catalog::Catalog;
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span, toml};

/// The file name of the manifest in a baseline directory.
const MANIFEST_FILE_NAME: &str = "baseline.toml";

impl Baseline {
    /// Loads a manifest and its documents.
    ///
    /// `path` is a directory that contains `baseline.toml`, or a manifest with any name. The paths of documents are
    /// relative to the directory of the manifest. The services of `levels` are checked when a ceiling is resolved;
    /// [`Baseline::load_with_catalog`] checks them at once.
    ///
    /// ```
    /// use iamdrift::baseline::Baseline;
    /// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    ///
    /// let baseline = Baseline::load(&folder.join("baseline"))?;
    /// # assert!(!baseline.entries.is_empty());
    /// # Ok::<(), iamdrift::baseline::Diagnostics>(())
    /// ```
    ///
    /// # Errors
    /// All errors of the manifest and its documents.
    pub fn load(path: &Path) -> Result<Baseline, Diagnostics> {
        load_baseline(path, None)
    }

    /// Like [`Baseline::load`], and checks services and actions with a catalog.
    ///
    /// ```
    /// use iamdrift::baseline::Baseline;
    /// use iamdrift::catalog::Catalog;
    /// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    ///
    /// let baseline = Baseline::load_with_catalog(&folder.join("baseline"), Catalog::embedded())?;
    /// # assert!(!baseline.entries.is_empty());
    /// # Ok::<(), iamdrift::baseline::Diagnostics>(())
    /// ```
    ///
    /// # Errors
    /// All errors of the manifest and its documents, and each service and access level that the catalog does not have.
    pub fn load_with_catalog(path: &Path, catalog: &Catalog) -> Result<Baseline, Diagnostics> {
        load_baseline(path, Some(catalog))
    }

    /// Like [`Baseline::load_with_catalog`], from texts in memory: the manifest, and its documents by path.
    #[doc(hidden)]
    pub fn from_texts(
        manifest: &Arc<SourceFile>,
        documents: impl IntoIterator<Item = (String, Arc<SourceFile>)>,
        catalog: &Catalog,
    ) -> Result<Baseline, Diagnostics> {
        parse_baseline(manifest, DocumentLoader::from_texts(documents), Some(catalog))
    }
}

/// Loads a manifest and its documents, with a catalog of any type.
pub(in crate::baseline) fn load_baseline(
    path: &Path,
    catalog: Option<&dyn LevelCatalog>,
) -> Result<Baseline, Diagnostics> {
    let file = if path.is_dir() { path.join(MANIFEST_FILE_NAME) } else { path.to_path_buf() };
    // A file name without a folder is in the working directory.
    let directory = file.parent().unwrap_or(Path::new(""));
    if leads_outside(directory, &file) {
        let empty_source = SourceFile::new(file.display().to_string(), "");
        let message = "the manifest is a link that leads outside the baseline directory";
        let problem = Diagnostic::error(&empty_source, Span::default(), message, "a file of the directory");
        return Err(problem.with_help("copy the file, or pass the directory that contains it").into());
    }
    let source = SourceFile::read(&file).map_err(|error| {
        let empty_source = SourceFile::new(file.display().to_string(), "");
        Diagnostic::error(&empty_source, Span::default(), format!("cannot read the baseline: {error}"), "a manifest")
            .with_help("copy `policies/` from the iamdrift repository to create one, or pass the directory that contains `baseline.toml`")
    })?;
    parse_baseline(&source, DocumentLoader::from_directory(directory), catalog)
}

fn parse_baseline(
    source: &Arc<SourceFile>,
    documents: DocumentLoader,
    catalog: Option<&dyn LevelCatalog>,
) -> Result<Baseline, Diagnostics> {
    let tree = toml::parse(source)?;
    let root = ManifestTable { items: tree.get_ref(), description: "manifest", span: Span::default() };
    let reader = ManifestReader { source, problems: Vec::new() };
    let mut manifest = ManifestParser { reader, documents, catalog };
    let parsed = manifest.parse(&root);
    let ManifestParser { reader, documents, .. } = manifest;
    let mut problems = reader.problems;
    // First the errors of the manifest in the order of its lines, then those of each document.
    problems.sort_by_key(|problem| {
        let place = problem.place();
        (place.file != source.name(), place)
    });
    let Some(parsed) = parsed.filter(|_| problems.is_empty()) else { return Err(Diagnostics(problems)) };
    Ok(Baseline {
        settings: parsed.settings,
        entries: parsed.entries,
        ignores: parsed.ignores,
        exceptions: parsed.exceptions,
        personas: parsed.personas,
        guards: parsed.guards,
        hints: parsed.hints,
        content_id: compute_baseline_id(source, documents.sources()),
        source: Arc::clone(source),
    })
}

/// The content ID of the manifest and its documents with their paths.
fn compute_baseline_id<'a>(
    manifest: &SourceFile,
    documents: impl IntoIterator<Item = (&'a str, &'a Arc<SourceFile>)>,
) -> String {
    let documents: BTreeMap<&str, &Arc<SourceFile>> = documents.into_iter().collect();
    let texts = documents.into_iter().flat_map(|(path, document)| [path, document.text()]);
    compute_content_id(std::iter::once(manifest.text()).chain(texts))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::base::glob::Glob;
    use crate::baseline::model::ceiling::CeilingPart;
    use crate::baseline::tests::testing::{ManifestDirectory, TinyCatalog};

    const MANIFEST: &str =
        "version = 1\n[[principal]]\nname = \"a\"\nmatch = \"*\"\nkind = \"agent\"\nallow = [\"good.json\"]\n";

    #[test]
    fn loads_from_directory_or_manifest() {
        let directory = ManifestDirectory::with_manifest(MANIFEST);
        let by_directory = Baseline::load(&directory.path()).unwrap();
        let by_file = Baseline::load(&directory.path().join("baseline.toml")).unwrap();
        assert_eq!(by_directory.content_id(), by_file.content_id());
        assert_eq!(by_directory.place(by_directory.entries[0].span).line, 2);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_outside_are_refused() {
        use std::os::unix::fs::symlink;
        let outside = ManifestDirectory::with_manifest(MANIFEST);
        let directory = ManifestDirectory::with_manifest(MANIFEST);
        let (good, other) = (directory.path().join("good.json"), directory.path().join("other.json"));
        let outside_document = outside.path().join("good.json");
        // A link inside the directory, and a link to the directory, are followed.
        std::fs::rename(&good, &other).unwrap();
        symlink("other.json", &good).unwrap();
        assert!(directory.load().is_ok());
        let link_to_directory = outside.path().join("link");
        symlink(directory.path(), &link_to_directory).unwrap();
        assert!(Baseline::load(&link_to_directory).is_ok());
        // A document, a folder of documents, and the manifest.
        let refused_places = |path: &Path| -> Vec<usize> {
            Baseline::load(path).unwrap_err().0.iter().map(|problem| problem.place().line).collect()
        };
        std::fs::remove_file(&good).unwrap();
        symlink(&outside_document, &good).unwrap();
        assert_eq!(refused_places(&directory.path()), [6]);
        symlink(outside.path(), directory.path().join("folder")).unwrap();
        let manifest = directory.path().join("baseline.toml");
        std::fs::write(&manifest, MANIFEST.replace("good.json", "folder/good.json")).unwrap();
        assert_eq!(refused_places(&directory.path()), [6]);
        std::fs::remove_file(&manifest).unwrap();
        symlink(outside.path().join("baseline.toml"), &manifest).unwrap();
        assert_eq!(refused_places(&directory.path()), [1]);
        assert_eq!(refused_places(&manifest), [1]);
    }

    #[test]
    fn content_id_changes_with_the_content() {
        let directory = ManifestDirectory::with_manifest(MANIFEST);
        let before = directory.load().unwrap().content_id().to_owned();
        assert_eq!(before.len(), 16);
        assert_eq!(
            ManifestDirectory::with_manifest(MANIFEST).load().unwrap().content_id(),
            before,
            "the directory does not matter"
        );
        let changed = directory.path().join("good.json");
        let text = std::fs::read_to_string(&changed).unwrap();
        std::fs::write(&changed, text.replace("ce:Get*", "ce:List*")).unwrap();
        assert_ne!(directory.load().unwrap().content_id(), before);
        std::fs::write(directory.path().join("bad.json"), "").unwrap();
        assert_ne!(
            ManifestDirectory::with_manifest(&MANIFEST.replace("\"a\"", "\"b\"")).load().unwrap().content_id(),
            before
        );
    }

    #[test]
    fn services_are_checked_against_the_catalog() {
        let directory = ManifestDirectory::with_manifest(
            &MANIFEST.replace("allow = [\"good.json\"]", "levels = { cee = \"List\" }"),
        );
        let baseline = Baseline::load(&directory.path()).unwrap();
        assert!(baseline.entries[0].ceiling.resolve(&TinyCatalog, |_| None).is_err());
        assert!(directory.load().is_err());
    }

    #[test]
    fn shipped_baseline_loads() {
        let baseline =
            Baseline::load_with_catalog(Path::new("policies"), Catalog::embedded()).map_err(|e| e.to_string()).unwrap();
        assert_eq!(baseline.entries.len(), 5);
        // The manifest and the README name every document.
        let named = std::fs::read_to_string("policies/baseline.toml").unwrap();
        for folder in ["operators", "agents"] {
            for file in std::fs::read_dir(format!("policies/{folder}")).unwrap() {
                let path = format!("{folder}/{}", file.unwrap().file_name().display());
                assert!(named.contains(&path), "{path}");
                assert!(std::fs::read_to_string("policies/README.md").unwrap().contains(&path), "{path}");
            }
        }
    }

    #[test]
    fn every_shipped_pattern_matches_an_action() {
        let catalog = Catalog::embedded();
        let baseline = Baseline::load(Path::new("policies")).unwrap();
        let names: Vec<String> = catalog.actions().map(|id| catalog.full_name(id).to_ascii_lowercase()).collect();
        for part in baseline.entries.iter().flat_map(|entry| &entry.ceiling.parts) {
            let CeilingPart::Document { path, document, .. } = part else { continue };
            for pattern in document.statements.iter().flat_map(|statement| &statement.action.patterns) {
                assert!(catalog.find_service(pattern.service()).is_some(), "{path}: {}", pattern.as_written());
                let glob = Glob::new(&pattern.as_written().to_ascii_lowercase());
                assert!(names.iter().any(|name| glob.matches(name)), "{path}: {}", pattern.as_written());
            }
        }
    }
}
