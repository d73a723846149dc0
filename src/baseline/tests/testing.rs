//! Test support: a small catalog, and baseline directories from texts.

use std::path::PathBuf;

use crate::baseline::model::baseline::Baseline;
use crate::baseline::model::levels::LevelCatalog;
use crate::baseline::parse::load::load_baseline;
use crate::catalog::AccessLevel;
use crate::source::{Diagnostics, RenderStyle};

/// Two services: `ce` with two levels, `s3` with one.
pub(crate) struct TinyCatalog;

impl LevelCatalog for TinyCatalog {
    fn has_service(&self, prefix: &str) -> bool {
        matches!(prefix, "ce" | "s3" | "iam")
    }

    fn services(&self) -> Vec<String> {
        vec!["ce".to_owned(), "s3".to_owned()]
    }

    fn actions(&self, service: &str, level: AccessLevel) -> Vec<String> {
        let names: &[&str] = match (service, level) {
            ("ce", AccessLevel::List) => &["ListTagsForResource"],
            ("ce", AccessLevel::Read) => &["GetTags", "GetCostAndUsage"],
            ("s3", AccessLevel::List) => &["ListBucket"],
            _ => &[],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

/// A directory with a manifest and the documents `good.json`, `bad.json` and `broken.json`.
pub(crate) struct ManifestDirectory(tempfile::TempDir);

impl ManifestDirectory {
    pub(crate) fn with_manifest(manifest: &str) -> ManifestDirectory {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        write("baseline.toml", manifest);
        write(
            "good.json",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ce:Get*", "Resource": "*"}}"#,
        );
        write(
            "bad.json",
            r#"{"Version": "2012-10-17", "Statement": {"Efect": "Allow", "Action": "ce", "Resource": "*"}}"#,
        );
        write("broken.json", "{");
        ManifestDirectory(directory)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().to_path_buf()
    }

    pub(crate) fn load(&self) -> Result<Baseline, Diagnostics> {
        load_baseline(&self.path(), Some(&TinyCatalog))
    }

    /// The errors as a user sees them, without the path of the directory.
    pub(crate) fn render_errors(&self) -> String {
        let problems = self.load().unwrap_err();
        let rendered: Vec<String> = problems.0.iter().map(|problem| problem.render(RenderStyle::Plain)).collect();
        rendered.join("\n\n").replace(&format!("{}/", self.path().display()), "")
    }
}

/// Loads a manifest that has no errors.
pub(crate) fn load_manifest(manifest: &str) -> Baseline {
    match ManifestDirectory::with_manifest(manifest).load() {
        Ok(baseline) => baseline,
        Err(problems) => panic!("{problems}"),
    }
}
