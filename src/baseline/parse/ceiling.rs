//! Reading `allow`, `levels` and `resources` into a ceiling.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::manifest_parser::ManifestParser;
use super::reader::{ManifestReader, ManifestTable, item_span};
use crate::baseline::model::ceiling::{Ceiling, CeilingPart};
use crate::baseline::model::entry::Spanned;
use crate::baseline::model::levels::{LEVELS, LevelGrant, Levels, parse_level};
use crate::iam::{DocumentKind, PolicyDocument};
use crate::source::{Diagnostic, SourceFile};

const EXPECTED_DOCUMENT: &str = "a policy document beside the manifest, or `aws:policy/NAME`";

/// The documents of a baseline directory, each read once.
pub(crate) struct DocumentLoader {
    directory: PathBuf,
    /// Texts that are already at hand, by path: then no file is read.
    provided: Option<BTreeMap<String, Arc<SourceFile>>>,
    /// By path as written; none for a document that could not be read and was reported.
    loaded: BTreeMap<String, Option<Arc<PolicyDocument>>>,
}

impl DocumentLoader {
    /// The documents of a directory, none of them read yet.
    pub(crate) fn from_directory(directory: &Path) -> DocumentLoader {
        DocumentLoader { directory: directory.to_path_buf(), provided: None, loaded: BTreeMap::new() }
    }

    /// Documents that are already at hand, by path.
    pub(crate) fn from_texts(texts: impl IntoIterator<Item = (String, Arc<SourceFile>)>) -> DocumentLoader {
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

    /// The texts of the documents that were read, by path.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, &Arc<SourceFile>)> {
        self.loaded.iter().filter_map(|(path, document)| Some((path.as_str(), document.as_ref()?.source())))
    }

    fn load(&mut self, reader: &mut ManifestReader<'_>, path: &Spanned<String>) -> Option<Arc<PolicyDocument>> {
        if let Some(loaded) = self.loaded.get(&path.value) {
            return loaded.clone();
        }
        let file = self.directory.join(&path.value);
        let document = match self.read_source(&path.value, &file) {
            Ok(source) => match PolicyDocument::parse(&source, DocumentKind::Identity) {
                Ok(document) => Some(Arc::new(document)),
                Err(mut problems) => {
                    reader.problems.append(&mut problems.0);
                    None
                }
            },
            Err(error) => {
                let message = match error.kind() {
                    std::io::ErrorKind::NotFound => format!("there is no file {}", file.display()),
                    _ => format!("cannot read {}: {error}", file.display()),
                };
                reader.report_error(path.span, message, EXPECTED_DOCUMENT);
                return None; // not kept: every place that names it is told
            }
        };
        self.loaded.insert(path.value.clone(), document.clone());
        document
    }
}

impl ManifestParser<'_> {
    /// `allow`, `levels` and `resources` of an entry or a persona.
    pub(crate) fn parse_ceiling(&mut self, table: &ManifestTable<'_>) -> Option<Ceiling> {
        let allow = self.reader.read_texts(table, "allow");
        let levels = self.parse_levels(table);
        if table.get("allow").is_none() && table.get("levels").is_none() {
            let message = format!("the {} has neither `allow` nor `levels`", table.description);
            let problem = Diagnostic::error(self.reader.source, table.span, message, "what the principal may do");
            self.reader.problems.push(problem.with_help("`allow = []` declares no access at all"));
        }
        let mut parts = Vec::new();
        for text in allow.map(|texts| texts.value).unwrap_or_default() {
            parts.extend(self.parse_allow_item(text));
        }
        parts.extend(levels.map(CeilingPart::Levels));
        Some(Ceiling { parts, source: Arc::clone(self.reader.source) })
    }

    /// One string of `allow`.
    fn parse_allow_item(&mut self, text: Spanned<String>) -> Option<CeilingPart> {
        let Spanned { value, span } = &text;
        if let Some(path) = value.strip_prefix("aws:policy/") {
            if !is_policy_path(path) {
                self.reader.report_error(
                    *span,
                    format!("`{value}` names no AWS managed policy"),
                    "such as aws:policy/ReadOnlyAccess",
                );
                return None;
            }
            return Some(CeilingPart::AwsManaged { path: path.to_owned(), span: *span });
        }
        if value.contains(':') {
            let problem =
                Diagnostic::error(self.reader.source, *span, format!("`{value}` is no document"), EXPECTED_DOCUMENT);
            let managed = value.strip_prefix("arn:").and_then(|rest| rest.split_once(":iam::aws:policy/"));
            self.reader.problems.push(match managed {
                Some((_, path)) => problem.with_help(format!("did you mean `aws:policy/{path}`?")),
                None => problem,
            });
            return None;
        }
        let leaves_directory =
            value.starts_with('/') || value.contains('\\') || value.split('/').any(|part| part == "..");
        if leaves_directory {
            let message = format!("`{value}` leaves the directory of the baseline");
            self.reader.report_error(*span, message, "a path below it, with forward slashes and without `..`");
            return None;
        }
        let document = self.documents.load(&mut self.reader, &text)?;
        Some(CeilingPart::Document { path: text.value, document, span: text.span })
    }

    fn parse_levels(&mut self, table: &ManifestTable<'_>) -> Option<Levels> {
        let resources = self.parse_resources(table);
        let (span, _) = table.get("levels")?;
        let services = self.reader.read_table(table, "levels", "`levels`")?;
        if services.items.is_empty() {
            self.reader.report_error(
                services.span,
                "`levels` is empty",
                "services and levels, such as { ce = [\"List\"] }",
            );
        }
        let mut grants = Vec::new();
        for (key, _) in services.items {
            let service = Spanned { value: key.get_ref().clone().into_owned(), span: item_span(key) };
            let is_prefix_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if !service.value.chars().all(is_prefix_char) {
                let message = format!("`{}` is no service prefix", service.value);
                self.reader.report_error(service.span, message, "the prefix of a service's actions, in lower case");
                continue;
            }
            let names = self.reader.read_nonempty_texts(&services, &service.value, "at least one level");
            let mut levels = Vec::new();
            for name in names.map(|texts| texts.value).unwrap_or_default() {
                match parse_level(&name.value) {
                    Some(value) => levels.push(Spanned { value, span: name.span }),
                    None => {
                        let known = LEVELS.iter().map(|(known, _)| *known);
                        let message = format!("there is no access level `{}`", name.value);
                        self.reader.report_unknown_name(name.span, message, &name.value, known);
                    }
                }
            }
            grants.push(LevelGrant { service, levels });
        }
        let levels = Levels { grants, resources, span };
        if let Some(catalog) = self.catalog {
            let mut problems = levels.find_problems(self.reader.source, catalog);
            self.reader.problems.append(&mut problems);
        }
        Some(levels)
    }

    /// The patterns of `resources`; everything where the key is not there.
    fn parse_resources(&mut self, table: &ManifestTable<'_>) -> Vec<String> {
        let Some(patterns) = self.reader.read_nonempty_texts(table, "resources", "at least one resource") else {
            return vec!["*".to_owned()];
        };
        if let (Some((span, _)), None) = (table.get("resources"), table.get("levels")) {
            self.reader.report_error(span, "`resources` without `levels`", "`levels`, which the resources are for");
        }
        for pattern in &patterns.value {
            if pattern.value != "*" && !pattern.value.starts_with("arn:") {
                let message = format!("`resources` cannot be `{}`", pattern.value);
                self.reader.report_error(pattern.span, message, "a resource of a policy: an ARN, or `*`");
            }
        }
        patterns.value.into_iter().map(|pattern| pattern.value).collect()
    }
}

/// Whether a text is path and name of a policy, as IAM allows them.
fn is_policy_path(text: &str) -> bool {
    let is_policy_path_char = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    text.split('/').all(|part| !part.is_empty() && part.chars().all(is_policy_path_char))
}
