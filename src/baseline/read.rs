//! Reading TOML tables key by key, with every mistake reported where it stands.

use std::sync::Arc;

use jiff::civil::Date;

use super::entry::Placed;
use crate::source::toml::{DeTable, DeValue, Spanned};
use crate::source::{Diagnostic, SourceFile, Span};

/// A value of the manifest with its place.
pub(super) type Item<'t> = Spanned<DeValue<'t>>;

/// Where something of the TOML tree stands.
pub(super) fn span_of<T>(item: &Spanned<T>) -> Span {
    let range = item.span();
    Span::new(range.start, range.end)
}

/// What kind of value this is, as an error message names it.
fn kind_of(value: &DeValue<'_>) -> &'static str {
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
pub(super) struct Table<'t> {
    pub(super) items: &'t DeTable<'t>,
    pub(super) holder: &'static str,
    pub(super) span: Span,
}

impl<'t> Table<'t> {
    /// A key's name and value, if the table has it.
    pub(super) fn get(&self, key: &str) -> Option<(Span, &'t Item<'t>)> {
        self.items.iter().find(|(name, _)| name.get_ref() == key).map(|(name, item)| (span_of(name), item))
    }
}

/// Reads tables and keeps what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Arc<SourceFile>,
    pub(super) problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(super) fn error(&mut self, span: Span, message: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Diagnostic::error(self.source, span, message, expected));
    }

    pub(super) fn wrong_kind(&mut self, key: &str, item: &Item<'_>, expected: &str) {
        self.error(span_of(item), format!("`{key}` cannot be {}", kind_of(item.get_ref())), expected);
    }

    pub(super) fn missing(&mut self, table: &Table<'_>, key: &str, expected: &str) {
        self.error(table.span, format!("the {} has no `{key}`", table.holder), expected);
    }

    /// What is none of a few known names.
    pub(super) fn unknown<'k>(
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
    pub(super) fn check_keys(&mut self, table: &Table<'_>, known: &[&str]) {
        for key in table.items.keys() {
            let name = key.get_ref();
            if !known.contains(&&**name) {
                let message = format!("unknown key `{name}` in the {}", table.holder);
                self.unknown(span_of(key), message, name, known.iter().copied());
            }
        }
    }

    /// A table under a key, written `[key]` or inline.
    pub(super) fn table<'t>(&mut self, of: &Table<'t>, key: &str, holder: &'static str) -> Option<Table<'t>> {
        let (_, item) = of.get(key)?;
        match item.get_ref() {
            DeValue::Table(items) => Some(Table { items, holder, span: span_of(item) }),
            _ => {
                self.wrong_kind(key, item, "a table");
                None
            }
        }
    }

    /// The tables of a list of tables, each written `[[key]]`.
    pub(super) fn tables<'t>(&mut self, of: &Table<'t>, key: &str, holder: &'static str) -> Vec<Table<'t>> {
        let Some((name, item)) = of.get(key) else { return Vec::new() };
        let DeValue::Array(list) = item.get_ref() else {
            self.error(name, format!("`{key}` cannot be {}", kind_of(item.get_ref())), format!("`[[{key}]]`"));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(list.len());
        for element in list.iter() {
            match element.get_ref() {
                DeValue::Table(items) => tables.push(Table { items, holder, span: span_of(element) }),
                _ => self.wrong_kind(key, element, "a table"),
            }
        }
        tables
    }

    /// A string that is not blank.
    pub(super) fn text(&mut self, table: &Table<'_>, key: &str) -> Option<Placed<String>> {
        let (_, item) = table.get(key)?;
        self.string(key, item)
    }

    /// A string that is not blank and has to be there.
    pub(super) fn required_text(&mut self, table: &Table<'_>, key: &str, expected: &str) -> Option<Placed<String>> {
        if table.get(key).is_none() {
            self.missing(table, key, expected);
        }
        self.text(table, key)
    }

    /// A list of strings that are not blank, or one alone; none where the key is not there.
    pub(super) fn texts(&mut self, table: &Table<'_>, key: &str) -> Option<Placed<Vec<Placed<String>>>> {
        let (_, item) = table.get(key)?;
        let value = match item.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(|element| self.string(key, element)).collect(),
            DeValue::String(_) => self.string(key, item).into_iter().collect(),
            _ => {
                self.wrong_kind(key, item, "a list of strings");
                Vec::new()
            }
        };
        Some(Placed { value, span: span_of(item) })
    }

    /// The same with at least one string in it.
    pub(super) fn some_texts(
        &mut self,
        table: &Table<'_>,
        key: &str,
        expected: &str,
    ) -> Option<Placed<Vec<Placed<String>>>> {
        if let Some((_, item)) = table.get(key)
            && matches!(item.get_ref(), DeValue::Array(list) if list.is_empty())
        {
            self.error(span_of(item), format!("`{key}` is empty"), expected);
        }
        self.texts(table, key)
    }

    /// One of a few names.
    pub(super) fn choice<T: Copy>(&mut self, table: &Table<'_>, key: &str, known: &[(&'static str, T)]) -> Option<T> {
        let names = known.iter().map(|(name, _)| *name);
        let Some((_, item)) = table.get(key) else {
            let expected = format!("one of {}", names.collect::<Vec<_>>().join(", "));
            self.missing(table, key, &expected);
            return None;
        };
        let text = self.string(key, item)?;
        let found = known.iter().find(|(name, _)| *name == text.value);
        if found.is_none() {
            self.unknown(text.span, format!("`{key}` cannot be `{}`", text.value), &text.value, names);
        }
        found.map(|(_, value)| *value)
    }

    /// A day that has to be there, as TOML writes dates.
    pub(super) fn required_date(&mut self, table: &Table<'_>, key: &str) -> Option<Placed<Date>> {
        const EXPECTED: &str = "a date without quotes, such as 2026-12-31";
        let Some((_, item)) = table.get(key) else {
            self.missing(table, key, EXPECTED);
            return None;
        };
        let span = span_of(item);
        match item.get_ref() {
            DeValue::Datetime(when) if when.time.is_none() => {
                let date = when.date.as_ref()?;
                let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
                let value = Date::new(i16::try_from(date.year).ok()?, month, day);
                if value.is_err() {
                    self.error(span, format!("`{key}` is no day of the calendar"), EXPECTED);
                }
                value.ok().map(|value| Placed { value, span })
            }
            DeValue::Datetime(_) => {
                self.error(span, format!("`{key}` has a time of day"), EXPECTED);
                None
            }
            _ => {
                self.wrong_kind(key, item, EXPECTED);
                None
            }
        }
    }

    /// The text of a value that has to be a string and not blank.
    pub(super) fn string(&mut self, key: &str, item: &Item<'_>) -> Option<Placed<String>> {
        let span = span_of(item);
        match item.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                self.error(span, format!("`{key}` is blank"), "some text");
                None
            }
            DeValue::String(text) => Some(Placed { value: text.clone().into_owned(), span }),
            _ => {
                self.wrong_kind(key, item, "a string");
                None
            }
        }
    }
}
