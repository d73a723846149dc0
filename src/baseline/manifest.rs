//! The tables of a manifest, one after the other.

use super::allow::Documents;
use super::entry::{Duty, Entry, Ignore, Kind, Settings};
use super::exception::Exception;
use super::guard::Guard;
use super::hint::Hint;
use super::keys;
use super::levels::LevelCatalog;
use super::names::{Names, check_names};
use super::persona::Persona;
use super::read::{Reader, Table, span_of};
use super::selector::Selector;
use crate::source::toml::DeValue;

/// The only version of the format so far.
const VERSION: &str = "1";

/// A manifest while it is read.
pub(super) struct Manifest<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) documents: Documents,
    pub(super) catalog: Option<&'a dyn LevelCatalog>,
}

/// What of a manifest could be read.
pub(super) struct Declared {
    pub(super) settings: Settings,
    pub(super) entries: Vec<Entry>,
    pub(super) ignores: Vec<Ignore>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) personas: Vec<Persona>,
    pub(super) guards: Vec<Guard>,
    pub(super) hints: Vec<Hint>,
}

impl Manifest<'_> {
    /// Reads all tables; none where the manifest is of another version, of which nothing more can be said.
    pub(super) fn declared(&mut self, root: &Table<'_>) -> Option<Declared> {
        self.version(root)?;
        self.reader.check_keys(root, keys::ROOT);
        let settings = self.settings(root);
        let principals = self.reader.tables(root, "principal", "[[principal]]");
        let personas = self.reader.tables(root, "persona", "[[persona]]");
        let guards = self.reader.tables(root, "guard", "[[guard]]");
        let ignores = self.reader.tables(root, "ignore", "[[ignore]]");
        let exceptions = self.reader.tables(root, "exception", "[[exception]]");
        let hints = self.reader.tables(root, "hint", "[[hint]]");
        let mut names = Names::default();
        let entries = principals.iter().filter_map(|table| self.entry(table, &mut names)).collect();
        let personas = personas.iter().filter_map(|table| self.persona(table, &mut names)).collect();
        let guards = guards.iter().filter_map(|table| self.guard(table, &mut names)).collect();
        let ignores = ignores.iter().filter_map(|table| self.ignore(table)).collect();
        let exceptions = exceptions.iter().filter_map(|table| self.exception(table, &mut names)).collect();
        let hints: Vec<Hint> = hints.iter().filter_map(|table| self.reader.hint(table)).collect();
        names.hints.extend(hints.iter().map(|hint| hint.name.clone()));
        check_names(&mut self.reader, &names);
        Some(Declared { settings, entries, ignores, exceptions, personas, guards, hints })
    }

    fn version(&mut self, root: &Table<'_>) -> Option<()> {
        let Some((_, item)) = root.get("version") else {
            self.reader.missing(root, "version", "`version = 1` at the top");
            return None;
        };
        match item.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 && number.as_str() == VERSION => Some(()),
            DeValue::Integer(_) => {
                self.reader.error(span_of(item), "this version of iamdrift does not know this format", "version 1");
                None
            }
            _ => {
                self.reader.wrong_kind("version", item, "the number 1");
                None
            }
        }
    }

    fn settings(&mut self, root: &Table<'_>) -> Settings {
        let Some(table) = self.reader.table(root, "settings", "[settings]") else {
            return Settings { agent_hints: true, through_agents: true };
        };
        self.reader.check_keys(&table, keys::SETTINGS);
        let mut setting = |key: &str| match table.get(key).map(|(_, item)| (item, item.get_ref())) {
            None => true,
            Some((_, DeValue::Boolean(value))) => *value,
            Some((item, _)) => {
                self.reader.wrong_kind(key, item, "true or false");
                true
            }
        };
        Settings { agent_hints: setting("agent_hints"), through_agents: setting("through_agents") }
    }

    fn entry(&mut self, table: &Table<'_>, names: &mut Names) -> Option<Entry> {
        self.reader.check_keys(table, keys::PRINCIPAL);
        let name = self.reader.required_text(table, "name", "a name of its own, for the reports");
        let selector = self.selector(table);
        let kind = self.reader.choice(table, "kind", &Kind::ALL);
        let owner = self.reader.text(table, "owner").map(|owner| owner.value);
        let ceiling = self.ceiling(table);
        let assumable_by = self.assumable_by(table);
        let boundary = self.boundary(table);
        let narrower_than = self.reader.text(table, "narrower_than");
        let guards = self.reader.texts(table, "guards").map(|texts| texts.value).unwrap_or_default();
        let overrides = self.reader.texts(table, "overrides").map(|texts| texts.value).unwrap_or_default();
        names.entry(&name, &overrides, &narrower_than, guards.clone());
        Some(Entry {
            name: name?,
            selector: selector?,
            kind: kind?,
            owner,
            ceiling: ceiling?,
            assumable_by,
            boundary,
            narrower_than,
            guards,
            overrides,
            span: table.span,
        })
    }

    fn ignore(&mut self, table: &Table<'_>) -> Option<Ignore> {
        self.reader.check_keys(table, keys::IGNORE);
        let selector = self.selector(table);
        let reason = self.reader.required_text(table, "reason", "why these principals are left out");
        Some(Ignore { selector: selector?, reason: reason?.value, span: table.span })
    }

    fn exception(&mut self, table: &Table<'_>, names: &mut Names) -> Option<Exception> {
        self.reader.check_keys(table, keys::EXCEPTION);
        let fingerprint = self.reader.required_text(table, "fingerprint", "the fingerprint of a finding");
        let reason = self.reader.required_text(table, "reason", "why the finding is accepted");
        let requested_by = self.reader.required_text(table, "requested_by", "who asked for the exception");
        let approved_by = self.reader.required_text(table, "approved_by", "who agreed to it");
        let expires = self.reader.required_date(table, "expires");
        if let (Some(requested), Some(approved)) = (&requested_by, &approved_by)
            && requested.value.trim().to_lowercase() == approved.value.trim().to_lowercase()
        {
            let message = format!("`{}` approves their own request", approved.value);
            self.reader.error(approved.span, message, "someone other than `requested_by`");
        }
        if let Some(found) = &fingerprint
            && found.value.contains(char::is_whitespace)
        {
            self.reader.error(found.span, "`fingerprint` holds white space", "a fingerprint as the report prints it");
        }
        names.fingerprints.extend(fingerprint.clone());
        Some(Exception {
            fingerprint: fingerprint?,
            reason: reason?.value,
            requested_by: requested_by?.value,
            approved_by: approved_by?.value,
            expires: expires?,
            span: table.span,
        })
    }

    /// `match` and `tags`, at least one of them.
    fn selector(&mut self, table: &Table<'_>) -> Option<Selector> {
        let arns = self.reader.some_texts(table, "match", "at least one glob over an ARN");
        let (at_match, at_tags) = (table.get("match"), table.get("tags"));
        let Some((span, _)) = at_match.or(at_tags) else {
            let message = format!("the {} has neither `match` nor `tags`", table.holder);
            self.reader.error(table.span, message, "whom it speaks of");
            return None;
        };
        let mut selector = Selector { span, ..Selector::default() };
        for text in arns.map(|texts| texts.value).unwrap_or_default() {
            selector.arns.extend(self.reader.arn_glob("match", &text));
        }
        selector.tags = self.reader.tag_selectors(table).unwrap_or_default();
        Some(selector)
    }

    fn boundary(&mut self, table: &Table<'_>) -> Option<Duty> {
        let (span, _) = table.get("boundary")?;
        let text = self.reader.text(table, "boundary")?;
        let glob = self.reader.arn_glob("boundary", &text)?;
        Some(Duty { globs: vec![glob], span })
    }
}
