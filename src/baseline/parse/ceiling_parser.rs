//! Parses `allow`, `levels` and `resources` into a ceiling.

use std::sync::Arc;

use super::documents::EXPECTED_DOCUMENT;
use super::manifest_parser::ManifestParser;
use super::reader::{ManifestTable, item_span};
use crate::baseline::model::ceiling::{Ceiling, CeilingPart};
use crate::baseline::model::levels::{LEVELS, LevelGrant, Levels, parse_level};
use crate::baseline::model::spanned::Spanned;
use crate::iam::{DocumentKind, PolicyDocument};
use crate::source::Diagnostic;

impl ManifestParser<'_> {
    /// Parses `allow`, `levels` and `resources` of an entry or a persona.
    pub(super) fn parse_ceiling(&mut self, table: &ManifestTable<'_>) -> Option<Ceiling> {
        let allow = self.reader.read_texts(table, "allow");
        let levels = self.parse_levels(table);
        if table.get("allow").is_none() && table.get("levels").is_none() {
            let message = format!("the {} has neither `allow` nor `levels`", table.description);
            let problem = Diagnostic::error(self.reader.source, table.span, message, "`allow` or `levels`");
            self.reader.problems.push(problem.with_help("`allow = []` declares no access"));
        }
        let mut parts = Vec::new();
        // `allow` is optional beside `levels`. A value of a wrong type was reported.
        for text in allow.map(|texts| texts.value).unwrap_or_default() {
            parts.extend(self.parse_allow_item(text));
        }
        parts.extend(levels.map(CeilingPart::Levels));
        Some(Ceiling { parts, source: Arc::clone(self.reader.source) })
    }

    /// Parses one string of `allow`.
    fn parse_allow_item(&mut self, text: Spanned<String>) -> Option<CeilingPart> {
        let Spanned { value, span } = &text;
        if let Some(path) = value.strip_prefix("aws:policy/") {
            if !is_policy_path(path) {
                self.reader.report_error(
                    *span,
                    format!("`{value}` is not an AWS managed policy"),
                    "path and name, such as aws:policy/ReadOnlyAccess",
                );
                return None;
            }
            return Some(CeilingPart::AwsManaged { path: path.to_owned(), span: *span });
        }
        if value.contains(':') {
            let problem = Diagnostic::error(
                self.reader.source,
                *span,
                format!("`{value}` is not the path of a document"),
                EXPECTED_DOCUMENT,
            );
            let managed = value.strip_prefix("arn:").and_then(|rest| rest.split_once(":iam::aws:policy/"));
            self.reader.problems.push(match managed {
                Some((_, path)) => problem.with_help(format!("did you mean `aws:policy/{path}`?")),
                None => problem,
            });
            return None;
        }
        let document = self.load_document(&text, DocumentKind::Identity)?;
        Some(CeilingPart::Document { path: text.value, document, span: text.span })
    }

    /// Loads a document of the baseline directory.
    pub(super) fn load_document(&mut self, path: &Spanned<String>, kind: DocumentKind) -> Option<Arc<PolicyDocument>> {
        let Spanned { value, span } = path;
        let leaves_directory =
            value.starts_with('/') || value.contains('\\') || value.split('/').any(|part| part == "..");
        if leaves_directory {
            let message = format!("`{value}` is outside the baseline directory");
            self.reader.report_error(*span, message, "a relative path with forward slashes and without `..`");
            return None;
        }
        self.documents.load(&mut self.reader, path, kind)
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
                let message = format!("`{}` is not a service prefix", service.value);
                self.reader.report_error(service.span, message, "the prefix of a service, in lower case");
                continue;
            }
            let names = self.reader.read_nonempty_texts(&services, &service.value, "at least one level");
            let mut levels = Vec::new();
            // A value of a wrong type was reported.
            for name in names.map(|texts| texts.value).unwrap_or_default() {
                match parse_level(&name.value) {
                    Some(value) => levels.push(Spanned { value, span: name.span }),
                    None => {
                        let known = LEVELS.iter().map(|(known, _)| *known);
                        let message = format!("unknown access level `{}`", name.value);
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

    /// Parses the patterns of `resources`. Default: `*`.
    fn parse_resources(&mut self, table: &ManifestTable<'_>) -> Vec<String> {
        let Some(patterns) = self.reader.read_nonempty_texts(table, "resources", "at least one resource") else {
            return vec!["*".to_owned()];
        };
        if let (Some((span, _)), None) = (table.get("resources"), table.get("levels")) {
            self.reader.report_error(span, "`resources` without `levels`", "`levels`, to which `resources` applies");
        }
        for pattern in &patterns.value {
            if pattern.value != "*" && !pattern.value.starts_with("arn:") {
                let message = format!("`resources` cannot be `{}`", pattern.value);
                self.reader.report_error(pattern.span, message, "a resource as in a policy: an ARN, or `*`");
            }
        }
        patterns.value.into_iter().map(|pattern| pattern.value).collect()
    }
}

/// Whether a text is a valid path and name of a policy in IAM.
fn is_policy_path(text: &str) -> bool {
    let is_policy_path_char = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    text.split('/').all(|part| !part.is_empty() && part.chars().all(is_policy_path_char))
}
