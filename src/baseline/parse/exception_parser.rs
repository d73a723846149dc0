//! Parses `[[exception]]`.

use std::collections::BTreeSet;

use super::keys;
use super::manifest_parser::ManifestParser;
use super::reader::{ManifestTable, TomlItem, item_span};
use super::references::References;
use crate::baseline::model::ceiling::CeilingDocument;
use crate::baseline::model::exception::{AcceptedExtent, Exception, is_trust_finding};
use crate::baseline::model::person_name::is_same_person;
use crate::baseline::model::spanned::Spanned;
use crate::iam::DocumentKind;
use crate::source::toml::DeValue;
use crate::source::{Diagnostic, Span};

const EXPECTED_KEY: &str = "the key of a finding as the report prints it, such as iam001/111122223333/role/x";
const EXPECTED_EXTENT: &str = "a document, a list of documents or a table, as `iamdrift baseline accept` writes it";

impl ManifestParser<'_> {
    pub(super) fn parse_exception(
        &mut self,
        table: &ManifestTable<'_>,
        references: &mut References,
    ) -> Option<Exception> {
        if let Some(old_key) = keys::OLD_EXCEPTION.iter().find_map(|key| table.get(key)) {
            self.report_old_form(table, old_key);
            return None;
        }
        self.reader.check_keys(table, keys::EXCEPTION);
        let finding = self.reader.read_required_text(table, "finding", EXPECTED_KEY);
        let finding = finding.filter(|finding| self.check_finding_key(finding));
        let accepts = finding.as_ref().and_then(|finding| self.parse_accepts(table, &finding.value));
        let reason = self.reader.read_required_text(table, "reason", "why the finding is accepted");
        let requested_by =
            self.reader.read_required_text(table, "requested_by", "the person who requested the exception");
        let approved_by = self.reader.read_required_text(table, "approved_by", "the person who approved it");
        let expires = self.reader.read_required_date(table, "expires");
        if let (Some(requested), Some(approved)) = (&requested_by, &approved_by)
            && is_same_person(&requested.value, &approved.value)
        {
            let message = format!("`{}` cannot approve their own request", approved.value);
            self.reader.report_error(approved.span, message, "a person other than `requested_by`");
        }
        references.exceptions.extend(finding.clone());
        Some(Exception {
            finding: finding?,
            accepts: accepts?,
            reason: reason?.value,
            requested_by: requested_by?.value,
            approved_by: approved_by?.value,
            expires: expires?,
            span: table.span,
            text_span: find_text_span(table),
        })
    }

    fn check_finding_key(&mut self, finding: &Spanned<String>) -> bool {
        let is_key = finding.value.split_once('/').is_some_and(|(rule, rest)| {
            let digits = rule.strip_prefix("iam").unwrap_or("");
            digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty()
        }) && !finding.value.contains(char::is_whitespace);
        if !is_key {
            self.reader.report_error(
                finding.span,
                format!("`{}` is not the key of a finding", finding.value),
                EXPECTED_KEY,
            );
        }
        is_key
    }

    /// An exception by fingerprint does not say what it accepts, so that it cannot be decided.
    fn report_old_form(&mut self, table: &ManifestTable<'_>, (span, _): (Span, &TomlItem<'_>)) {
        let text_of = |key: &str| match table.get(key).map(|(_, item)| item.get_ref()) {
            Some(DeValue::String(text)) => quote_for_shell(text),
            Some(DeValue::Datetime(when)) => when.to_string(),
            _ => "…".to_owned(),
        };
        let command = format!(
            "iamdrift baseline accept KEY --baseline DIR --snapshot PATH --reason {} --requested-by {} --approved-by {} --expires {}",
            text_of("reason"),
            text_of("requested_by"),
            text_of("approved_by"),
            text_of("expires")
        );
        let message = "this exception has the old form, which does not say how much it accepts";
        let problem = Diagnostic::error(self.reader.source, span, message, "`finding` and `accepts`");
        let help =
            format!("remove the table, and accept the finding again with its key, which the report prints: {command}");
        self.reader.problems.push(problem.with_help(help));
    }

    fn parse_accepts(&mut self, table: &ManifestTable<'_>, finding: &str) -> Option<AcceptedExtent> {
        let Some((_, item)) = table.get("accepts") else {
            self.reader.report_missing_key(table, "accepts", EXPECTED_EXTENT);
            return None;
        };
        let kind = if is_trust_finding(finding) { DocumentKind::Trust } else { DocumentKind::Identity };
        let mut extent = AcceptedExtent::default();
        match item.get_ref() {
            DeValue::String(_) | DeValue::Array(_) => {
                extent.documents = self.parse_documents(table, "accepts", kind)?
            }
            DeValue::Table(items) => {
                let inner = ManifestTable { items, description: "`accepts`", span: item_span(item) };
                self.reader.check_keys(&inner, keys::ACCEPTS);
                if inner.get("documents").is_some() {
                    extent.documents = self.parse_documents(&inner, "documents", kind)?;
                }
                for key in keys::ACCEPTS.iter().filter(|key| **key != "documents") {
                    if let Some(texts) = self.reader.read_texts(&inner, key) {
                        let values: BTreeSet<String> = texts.value.into_iter().map(|text| text.value).collect();
                        extent.items.insert((*key).to_owned(), values);
                    }
                }
            }
            _ => {
                self.reader.report_wrong_type("accepts", item, EXPECTED_EXTENT);
                return None;
            }
        }
        Some(extent)
    }

    fn parse_documents(
        &mut self,
        table: &ManifestTable<'_>,
        key: &str,
        kind: DocumentKind,
    ) -> Option<Vec<CeilingDocument>> {
        let paths = self.reader.read_texts(table, key)?.value;
        let mut documents = Vec::new();
        for path in paths {
            let document = self.load_document(&path, kind)?;
            documents.push(CeilingDocument { place: document.place(), name: path.value, document });
        }
        Some(documents)
    }
}

/// From the header of a table to the end of its last value.
fn find_text_span(table: &ManifestTable<'_>) -> Span {
    let ends = table.items.iter().map(|(_, item)| item_span(item).end);
    Span::new(table.span.start, ends.max().unwrap_or(table.span.end).max(table.span.end))
}

/// A text as one word of a POSIX shell.
fn quote_for_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
