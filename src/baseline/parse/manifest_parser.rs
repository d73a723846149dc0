//! Parses a manifest: settings, entries and ignores; the other tables are parsed in their own files.

use super::documents::DocumentLoader;
use super::keys;
use super::reader::{ManifestReader, ManifestTable, item_span};
use super::references::{References, check_references};
use crate::baseline::model::entry::{BoundaryRequirement, Entry, Ignore, Settings};
use crate::baseline::model::exception::Exception;
use crate::baseline::model::guard::Guard;
use crate::baseline::model::hint::Hint;
use crate::baseline::model::levels::LevelCatalog;
use crate::baseline::model::persona::Persona;
use crate::baseline::model::principal_class::PrincipalClass;
use crate::baseline::model::selector::Selector;
use crate::source::toml::DeValue;

/// The supported version of the format.
const SUPPORTED_VERSION: &str = "1";

/// The state of the parser.
pub(in crate::baseline) struct ManifestParser<'a> {
    pub(super) reader: ManifestReader<'a>,
    pub(super) documents: DocumentLoader,
    pub(super) catalog: Option<&'a dyn LevelCatalog>,
}

/// The tables of a manifest that could be parsed.
pub(in crate::baseline) struct ParsedManifest {
    pub(super) settings: Settings,
    pub(super) entries: Vec<Entry>,
    pub(super) ignores: Vec<Ignore>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) personas: Vec<Persona>,
    pub(super) guards: Vec<Guard>,
    pub(super) hints: Vec<Hint>,
}

impl ManifestParser<'_> {
    /// Parses all tables. `None` if the version is not supported, since then nothing else can be checked.
    pub(super) fn parse(&mut self, root: &ManifestTable<'_>) -> Option<ParsedManifest> {
        self.check_version(root)?;
        self.reader.check_keys(root, keys::ROOT);
        let settings = self.parse_settings(root);
        let principals = self.reader.read_tables(root, "principal", "[[principal]]");
        let personas = self.reader.read_tables(root, "persona", "[[persona]]");
        let guards = self.reader.read_tables(root, "guard", "[[guard]]");
        let ignores = self.reader.read_tables(root, "ignore", "[[ignore]]");
        let exceptions = self.reader.read_tables(root, "exception", "[[exception]]");
        let hints = self.reader.read_tables(root, "hint", "[[hint]]");
        let mut references = References::default();
        let entries = principals.iter().filter_map(|table| self.parse_entry(table, &mut references)).collect();
        let personas = personas.iter().filter_map(|table| self.parse_persona(table, &mut references)).collect();
        let guards = guards.iter().filter_map(|table| self.parse_guard(table, &mut references)).collect();
        let ignores = ignores.iter().filter_map(|table| self.parse_ignore(table)).collect();
        let exceptions = exceptions.iter().filter_map(|table| self.parse_exception(table, &mut references)).collect();
        let hints: Vec<Hint> = hints.iter().filter_map(|table| self.reader.parse_hint(table)).collect();
        references.hints.extend(hints.iter().map(|hint| hint.name.clone()));
        check_references(&mut self.reader, &references);
        Some(ParsedManifest { settings, entries, ignores, exceptions, personas, guards, hints })
    }

    fn check_version(&mut self, root: &ManifestTable<'_>) -> Option<()> {
        let Some((_, item)) = root.get("version") else {
            self.reader.report_missing_key(root, "version", "`version = 1` at the top");
            return None;
        };
        match item.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 && number.as_str() == SUPPORTED_VERSION => Some(()),
            DeValue::Integer(_) => {
                self.reader.report_error(item_span(item), "unsupported version of the manifest format", "version 1");
                None
            }
            _ => {
                self.reader.report_wrong_type("version", item, "the number 1");
                None
            }
        }
    }

    fn parse_settings(&mut self, root: &ManifestTable<'_>) -> Settings {
        let Some(table) = self.reader.read_table(root, "settings", "[settings]") else {
            return Settings { agent_hints: true, through_agents: true };
        };
        self.reader.check_keys(&table, keys::SETTINGS);
        let mut read_flag = |key: &str| match table.get(key).map(|(_, item)| (item, item.get_ref())) {
            None => true,
            Some((_, DeValue::Boolean(value))) => *value,
            Some((item, _)) => {
                self.reader.report_wrong_type(key, item, "true or false");
                true
            }
        };
        Settings { agent_hints: read_flag("agent_hints"), through_agents: read_flag("through_agents") }
    }

    fn parse_entry(&mut self, table: &ManifestTable<'_>, references: &mut References) -> Option<Entry> {
        self.reader.check_keys(table, keys::PRINCIPAL);
        let name = self.reader.read_required_text(table, "name", "a unique name, shown in reports");
        let selector = self.parse_selector(table);
        let class = self.reader.read_choice(table, "kind", &PrincipalClass::ALL);
        let owner = self.reader.read_text(table, "owner").map(|owner| owner.value);
        let ceiling = self.parse_ceiling(table);
        let assumable_by = self.parse_assumable_by(table);
        let boundary = self.parse_boundary(table);
        let narrower_than = self.reader.read_text(table, "narrower_than");
        // Optional lists. A value of a wrong type was reported, and the baseline is not used.
        let guards = self.reader.read_texts(table, "guards").map(|texts| texts.value).unwrap_or_default();
        let overrides = self.reader.read_texts(table, "overrides").map(|texts| texts.value).unwrap_or_default();
        references.add_entry(&name, &overrides, &narrower_than, guards.clone());
        Some(Entry {
            name: name?,
            selector: selector?,
            class: class?,
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

    fn parse_ignore(&mut self, table: &ManifestTable<'_>) -> Option<Ignore> {
        self.reader.check_keys(table, keys::IGNORE);
        let selector = self.parse_selector(table);
        let reason = self.reader.read_required_text(table, "reason", "why these principals are not audited");
        Some(Ignore { selector: selector?, reason: reason?.value, span: table.span })
    }

    /// Parses `match` and `tags`, at least one of which is required.
    fn parse_selector(&mut self, table: &ManifestTable<'_>) -> Option<Selector> {
        let arns = self.reader.read_nonempty_texts(table, "match", "at least one glob over an ARN");
        let Some((span, _)) = table.get("match").or_else(|| table.get("tags")) else {
            let message = format!("the {} has neither `match` nor `tags`", table.description);
            self.reader.report_error(table.span, message, "the principals that it applies to");
            return None;
        };
        let mut selector = Selector { span, ..Selector::default() };
        // `match` is optional beside `tags`. A value of a wrong type was reported.
        for text in arns.map(|texts| texts.value).unwrap_or_default() {
            selector.arns.extend(self.reader.parse_arn_glob("match", &text));
        }
        selector.tags = self.reader.read_tag_selectors(table).unwrap_or_default();
        Some(selector)
    }

    fn parse_boundary(&mut self, table: &ManifestTable<'_>) -> Option<BoundaryRequirement> {
        let (span, _) = table.get("boundary")?;
        let text = self.reader.read_text(table, "boundary")?;
        let glob = self.reader.parse_arn_glob("boundary", &text)?;
        Some(BoundaryRequirement { globs: vec![glob], span })
    }
}
