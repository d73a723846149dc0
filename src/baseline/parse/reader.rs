//! Reading TOML tables key by key, with every mistake reported where it stands.

use std::sync::Arc;

use jiff::civil::Date;

use crate::baseline::model::entry::Spanned;
use crate::source::toml::{DeTable, DeValue, TomlSpanned};
use crate::source::{Diagnostic, SourceFile, Span};

/// A value of the manifest with its place.
pub(crate) type TomlItem<'t> = TomlSpanned<DeValue<'t>>;

/// Where something of the TOML tree stands.
pub(crate) fn item_span<T>(item: &TomlSpanned<T>) -> Span {
    let range = item.span();
    Span::new(range.start, range.end)
}

/// What kind of value this is, as an error message names it.
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

/// A table, what an error calls it, and where it begins.
#[derive(Copy, Clone)]
pub(crate) struct ManifestTable<'t> {
    pub(crate) items: &'t DeTable<'t>,
    pub(crate) description: &'static str,
    pub(crate) span: Span,
}

impl<'t> ManifestTable<'t> {
    /// A key's name and value, if the table has it.
    pub(crate) fn get(&self, key: &str) -> Option<(Span, &'t TomlItem<'t>)> {
        self.items.iter().find(|(name, _)| name.get_ref() == key).map(|(name, item)| (item_span(name), item))
    }
}

/// Reads tables and keeps what is wrong with them.
pub(crate) struct ManifestReader<'a> {
    pub(crate) source: &'a Arc<SourceFile>,
    pub(crate) problems: Vec<Diagnostic>,
}

impl ManifestReader<'_> {
    pub(crate) fn report_error(&mut self, span: Span, message: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Diagnostic::error(self.source, span, message, expected));
    }

    pub(crate) fn report_wrong_type(&mut self, key: &str, item: &TomlItem<'_>, expected: &str) {
        self.report_error(item_span(item), format!("`{key}` cannot be {}", describe_type(item.get_ref())), expected);
    }

    pub(crate) fn report_missing_key(&mut self, table: &ManifestTable<'_>, key: &str, expected: &str) {
        self.report_error(table.span, format!("the {} has no `{key}`", table.description), expected);
    }

    /// What is none of a few known names.
    pub(crate) fn report_unknown_name<'k>(
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

    /// Reports the keys that have no place in a table.
    pub(crate) fn check_keys(&mut self, table: &ManifestTable<'_>, known: &[&str]) {
        for key in table.items.keys() {
            let name = key.get_ref();
            if !known.contains(&&**name) {
                let message = format!("unknown key `{name}` in the {}", table.description);
                self.report_unknown_name(item_span(key), message, name, known.iter().copied());
            }
        }
    }

    /// A table under a key, written `[key]` or inline.
    pub(crate) fn read_table<'t>(
        &mut self,
        parent: &ManifestTable<'t>,
        key: &str,
        description: &'static str,
    ) -> Option<ManifestTable<'t>> {
        let (_, item) = parent.get(key)?;
        match item.get_ref() {
            DeValue::Table(items) => Some(ManifestTable { items, description: description, span: item_span(item) }),
            _ => {
                self.report_wrong_type(key, item, "a table");
                None
            }
        }
    }

    /// The tables of a list of tables, each written `[[key]]`.
    pub(crate) fn read_tables<'t>(
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
                DeValue::Table(items) => {
                    tables.push(ManifestTable { items, description: description, span: item_span(element) })
                }
                _ => self.report_wrong_type(key, element, "a table"),
            }
        }
        tables
    }

    /// A string that is not blank.
    pub(crate) fn read_text(&mut self, table: &ManifestTable<'_>, key: &str) -> Option<Spanned<String>> {
        let (_, item) = table.get(key)?;
        self.parse_text(key, item)
    }

    /// A string that is not blank and has to be there.
    pub(crate) fn read_required_text(
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

    /// A list of strings that are not blank, or one alone; none where the key is not there.
    pub(crate) fn read_texts(&mut self, table: &ManifestTable<'_>, key: &str) -> Option<Spanned<Vec<Spanned<String>>>> {
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

    /// The same with at least one string in it.
    pub(crate) fn read_nonempty_texts(
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

    /// One of a few names.
    pub(crate) fn read_choice<T: Copy>(
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

    /// A day that has to be there, as TOML writes dates.
    pub(crate) fn read_required_date(&mut self, table: &ManifestTable<'_>, key: &str) -> Option<Spanned<Date>> {
        const EXPECTED: &str = "a date without quotes, such as 2026-12-31";
        let Some((_, item)) = table.get(key) else {
            self.report_missing_key(table, key, EXPECTED);
            return None;
        };
        let span = item_span(item);
        match item.get_ref() {
            DeValue::Datetime(when) if when.time.is_none() => {
                let date = when.date.as_ref()?;
                let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
                let value = Date::new(i16::try_from(date.year).ok()?, month, day);
                if value.is_err() {
                    self.report_error(span, format!("`{key}` is no day of the calendar"), EXPECTED);
                }
                value.ok().map(|value| Spanned { value, span })
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

    /// The text of a value that has to be a string and not blank.
    pub(crate) fn parse_text(&mut self, key: &str, item: &TomlItem<'_>) -> Option<Spanned<String>> {
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
}
