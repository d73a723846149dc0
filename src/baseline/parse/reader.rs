//! Typed access to the keys of TOML tables. Reports each error with its position.
//!
//! A `read_*` function returns `None` if the key is missing or has an error. It reports the error.

use std::sync::Arc;

use jiff::civil::Date;

use crate::base::glob::Glob;
use crate::baseline::model::selector::TagSelector;
use crate::baseline::model::spanned::Spanned;
use crate::iam::{ArnGlob, complete_arn_glob};
use crate::source::toml::{DeTable, DeValue, TomlSpanned};
use crate::source::{Diagnostic, SourceFile, Span};

const EXPECTED_TAGS: &str = "at least one tag, such as { agent = \"*\" }";

/// A value of the manifest with its position.
pub(super) type TomlItem<'t> = TomlSpanned<DeValue<'t>>;

/// The position of an item of the TOML tree.
pub(super) fn item_span<T>(item: &TomlSpanned<T>) -> Span {
    let range = item.span();
    Span::new(range.start, range.end)
}

/// The type of a value, as error messages name it.
fn describe_type(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The date, if it is in the calendar.
fn to_civil_date(date: &crate::source::toml::TomlDate) -> Option<Date> {
    Date::new(date.year.try_into().ok()?, date.month.try_into().ok()?, date.day.try_into().ok()?).ok()
}

/// A table, its name in error messages, and where it begins.
#[derive(Copy, Clone)]
pub(in crate::baseline) struct ManifestTable<'t> {
    pub(crate) items: &'t DeTable<'t>,
    pub(crate) description: &'static str,
    pub(crate) span: Span,
}

impl<'t> ManifestTable<'t> {
    /// The position of a key, and its value. `None` if the table does not have the key.
    pub(super) fn get(&self, key: &str) -> Option<(Span, &'t TomlItem<'t>)> {
        self.items.iter().find(|(name, _)| name.get_ref() == key).map(|(name, item)| (item_span(name), item))
    }
}

/// Reads tables and collects their errors.
pub(in crate::baseline) struct ManifestReader<'a> {
    pub(crate) source: &'a Arc<SourceFile>,
    pub(crate) problems: Vec<Diagnostic>,
}

impl ManifestReader<'_> {
    pub(super) fn report_error(&mut self, span: Span, message: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Diagnostic::error(self.source, span, message, expected));
    }

    pub(super) fn report_wrong_type(&mut self, key: &str, item: &TomlItem<'_>, expected: &str) {
        self.report_error(item_span(item), format!("`{key}` cannot be {}", describe_type(item.get_ref())), expected);
    }

    pub(super) fn report_missing_key(&mut self, table: &ManifestTable<'_>, key: &str, expected: &str) {
        self.report_error(table.span, format!("the {} has no `{key}`", table.description), expected);
    }

    /// Reports a name that is not one of the known names.
    pub(super) fn report_unknown_name<'k>(
        &mut self,
        span: Span,
        message: impl Into<String>,
        found: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let problem = Diagnostic::error(self.source, span, message, format!("one of {}", known.join(", ")));
        self.problems.push(problem.with_suggestion(found, known));
    }

    /// Reports unknown keys of a table.
    pub(super) fn check_keys(&mut self, table: &ManifestTable<'_>, known: &[&str]) {
        for key in table.items.keys() {
            let name = key.get_ref();
            if !known.contains(&&**name) {
                let message = format!("unknown key `{name}` in the {}", table.description);
                self.report_unknown_name(item_span(key), message, name, known.iter().copied());
            }
        }
    }

    /// Reads a table, `[key]` or inline.
    pub(super) fn read_table<'t>(
        &mut self,
        parent: &ManifestTable<'t>,
        key: &str,
        description: &'static str,
    ) -> Option<ManifestTable<'t>> {
        let (_, item) = parent.get(key)?;
        match item.get_ref() {
            DeValue::Table(items) => Some(ManifestTable { items, description, span: item_span(item) }),
            _ => {
                self.report_wrong_type(key, item, "a table");
                None
            }
        }
    }

    /// Reads an array of tables, `[[key]]`.
    pub(super) fn read_tables<'t>(
        &mut self,
        parent: &ManifestTable<'t>,
        key: &str,
        description: &'static str,
    ) -> Vec<ManifestTable<'t>> {
        let Some((name, item)) = parent.get(key) else { return Vec::new() };
        let DeValue::Array(list) = item.get_ref() else {
            self.report_error(
                name,
                format!("`{key}` cannot be {}", describe_type(item.get_ref())),
                format!("`[[{key}]]`"),
            );
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(list.len());
        for element in list.iter() {
            match element.get_ref() {
                DeValue::Table(items) => tables.push(ManifestTable { items, description, span: item_span(element) }),
                _ => self.report_wrong_type(key, element, "a table"),
            }
        }
        tables
    }

    /// Reads a string that is not blank.
    pub(super) fn read_text(&mut self, table: &ManifestTable<'_>, key: &str) -> Option<Spanned<String>> {
        let (_, item) = table.get(key)?;
        self.parse_text(key, item)
    }

    /// Reads a required string that is not blank.
    pub(super) fn read_required_text(
        &mut self,
        table: &ManifestTable<'_>,
        key: &str,
        expected: &str,
    ) -> Option<Spanned<String>> {
        if table.get(key).is_none() {
            self.report_missing_key(table, key, expected);
        }
        self.read_text(table, key)
    }

    /// Reads a list of strings that are not blank, or one such string.
    pub(super) fn read_texts(&mut self, table: &ManifestTable<'_>, key: &str) -> Option<Spanned<Vec<Spanned<String>>>> {
        let (_, item) = table.get(key)?;
        let value = match item.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(|element| self.parse_text(key, element)).collect(),
            DeValue::String(_) => self.parse_text(key, item).into_iter().collect(),
            _ => {
                self.report_wrong_type(key, item, "a list of strings");
                Vec::new()
            }
        };
        Some(Spanned { value, span: item_span(item) })
    }

    /// Like [`Self::read_texts`], with at least one string.
    pub(super) fn read_nonempty_texts(
        &mut self,
        table: &ManifestTable<'_>,
        key: &str,
        expected: &str,
    ) -> Option<Spanned<Vec<Spanned<String>>>> {
        if let Some((_, item)) = table.get(key)
            && matches!(item.get_ref(), DeValue::Array(list) if list.is_empty())
        {
            self.report_error(item_span(item), format!("`{key}` is empty"), expected);
        }
        self.read_texts(table, key)
    }

    /// Reads one of the known names.
    pub(super) fn read_choice<T: Copy>(
        &mut self,
        table: &ManifestTable<'_>,
        key: &str,
        known: &[(&'static str, T)],
    ) -> Option<T> {
        let names = known.iter().map(|(name, _)| *name);
        let Some((_, item)) = table.get(key) else {
            let expected = format!("one of {}", names.collect::<Vec<_>>().join(", "));
            self.report_missing_key(table, key, &expected);
            return None;
        };
        let text = self.parse_text(key, item)?;
        let found = known.iter().find(|(name, _)| *name == text.value);
        if found.is_none() {
            self.report_unknown_name(text.span, format!("`{key}` cannot be `{}`", text.value), &text.value, names);
        }
        found.map(|(_, value)| *value)
    }

    /// Reads a required TOML date.
    pub(super) fn read_required_date(&mut self, table: &ManifestTable<'_>, key: &str) -> Option<Spanned<Date>> {
        const EXPECTED: &str = "a date without quotes, such as 2026-12-31";
        let Some((_, item)) = table.get(key) else {
            self.report_missing_key(table, key, EXPECTED);
            return None;
        };
        let span = item_span(item);
        match item.get_ref() {
            DeValue::Datetime(when) if when.time.is_none() => {
                let value = when.date.as_ref().and_then(to_civil_date);
                if value.is_none() {
                    self.report_error(span, format!("`{key}` is not a date of the calendar"), EXPECTED);
                }
                value.map(|value| Spanned { value, span })
            }
            DeValue::Datetime(_) => {
                self.report_error(span, format!("`{key}` has a time of day"), EXPECTED);
                None
            }
            _ => {
                self.report_wrong_type(key, item, EXPECTED);
                None
            }
        }
    }

    /// The text of a value that must be a string and not blank.
    pub(super) fn parse_text(&mut self, key: &str, item: &TomlItem<'_>) -> Option<Spanned<String>> {
        let span = item_span(item);
        match item.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                self.report_error(span, format!("`{key}` is blank"), "some text");
                None
            }
            DeValue::String(text) => Some(Spanned { value: text.clone().into_owned(), span }),
            _ => {
                self.report_wrong_type(key, item, "a string");
                None
            }
        }
    }

    /// Reads `tags`. Keys must be unique.
    pub(super) fn read_tag_selectors(&mut self, table: &ManifestTable<'_>) -> Option<Vec<TagSelector>> {
        let before = self.problems.len();
        let tags = self.read_table(table, "tags", "`tags`")?;
        if tags.items.is_empty() {
            self.report_error(tags.span, "`tags` is empty", EXPECTED_TAGS);
        }
        let mut selectors: Vec<TagSelector> = Vec::new();
        for (key, item) in tags.items {
            let name = key.get_ref();
            if selectors.iter().any(|tag| tag.has_key(name)) {
                let message = format!("duplicate tag `{name}`, in another case");
                self.report_error(item_span(key), message, "each tag once; keys are case-insensitive");
            }
            if let Some(value) = self.parse_tag_value(name, item) {
                selectors.push(TagSelector { key: name.clone().into_owned(), value });
            }
        }
        (self.problems.len() == before).then_some(selectors)
    }

    fn parse_tag_value(&mut self, name: &str, item: &TomlItem<'_>) -> Option<Glob> {
        let DeValue::String(value) = item.get_ref() else {
            self.report_wrong_type(name, item, "a glob over the tag's value, such as \"*\"");
            return None;
        };
        Some(Glob::new(value))
    }

    /// Parses a glob over an ARN.
    pub(super) fn parse_arn_glob(&mut self, key: &str, text: &Spanned<String>) -> Option<ArnGlob> {
        let glob = ArnGlob::parse(&text.value).ok();
        if glob.is_none() {
            self.report_invalid_arn_glob(key, text, "a glob over an ARN: six fields, or `*` alone");
        }
        glob
    }

    /// Reports a text that is not a glob over an ARN, with the six fields that it may mean.
    pub(super) fn report_invalid_arn_glob(&mut self, key: &str, text: &Spanned<String>, expected: &str) {
        let default_type = if matches!(key, "boundary" | "policy") { "policy" } else { "role" };
        let message = format!("`{key}` cannot be `{}`", text.value);
        let full_form = complete_arn_glob(&text.value, default_type);
        let problem = Diagnostic::error(self.source, text.span, message, expected);
        self.problems.push(problem.with_help(format!("write all six fields: `{full_form}`")));
    }
}
