//! `[[guard]]`: actions that may be allowed only under a condition.

use super::condition_block::ConditionBlock;
use super::entry::{Baseline, Spanned};
use super::levels::LEVELS;
use crate::base::glob::Glob;
use crate::baseline::parse::keys;
use crate::baseline::parse::manifest_parser::ManifestParser;
use crate::baseline::parse::reader::ManifestTable;
use crate::baseline::parse::references::References;
use crate::catalog::RiskClass;
use crate::iam::ActionPattern;
use crate::source::Span;

/// One `[[guard]]`.
#[derive(Clone, Debug)]
pub struct Guard {
    /// `name`, unique among the guards.
    pub name: Spanned<String>,
    /// `actions`.
    pub actions: Vec<GuardedActions>,
    /// `unless`: the only requests that may be allowed.
    pub unless: ConditionBlock,
    /// `severity` of the finding when the guard does not hold.
    pub severity: GuardSeverity,
    /// Where it begins.
    pub span: Span,
}

/// Actions that a guard is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GuardedActions {
    /// `class:destructive`: a class of the catalog.
    Class(RiskClass),
    /// A pattern as in a policy: `iam:*`.
    Pattern(String),
}

/// `severity` of a guard.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
#[allow(missing_docs)]
pub enum GuardSeverity {
    Low,
    Medium,
    High,
    Critical,
}

impl GuardSeverity {
    /// All severities, with the names that the manifest uses.
    pub const ALL: [(&'static str, GuardSeverity); 4] = [
        ("low", GuardSeverity::Low),
        ("medium", GuardSeverity::Medium),
        ("high", GuardSeverity::High),
        ("critical", GuardSeverity::Critical),
    ];
}

const EXPECTED_ACTIONS: &str = "action globs such as iam:*, and classes such as class:destructive";

impl ManifestParser<'_> {
    /// Reads a `[[guard]]`.
    pub(crate) fn parse_guard(&mut self, table: &ManifestTable<'_>, references: &mut References) -> Option<Guard> {
        self.reader.check_keys(table, keys::GUARD);
        let name = self.reader.read_required_text(table, "name", "a name of its own, for `guards`");
        if table.get("actions").is_none() {
            self.reader.report_missing_key(table, "actions", EXPECTED_ACTIONS);
        }
        let texts = self.reader.read_nonempty_texts(table, "actions", EXPECTED_ACTIONS).map(|texts| texts.value);
        let actions = texts.map(|texts| texts.iter().filter_map(|text| self.parse_guarded_actions(text)).collect());
        let unless = self.parse_condition_block(table, "unless");
        let severity = self.reader.read_choice(table, "severity", &GuardSeverity::ALL);
        references.guards.extend(name.clone());
        Some(Guard { name: name?, actions: actions?, unless: unless?, severity: severity?, span: table.span })
    }

    fn parse_guarded_actions(&mut self, text: &Spanned<String>) -> Option<GuardedActions> {
        if let Some(class) = text.value.strip_prefix("class:") {
            let found = class.parse().ok().map(GuardedActions::Class);
            if found.is_none() {
                let known = RiskClass::ALL.map(|class| format!("class:{class}"));
                let message = format!("there is no class of actions `{class}`");
                self.reader.report_unknown_name(text.span, message, &text.value, known.iter().map(String::as_str));
            }
            return found;
        }
        let Some(pattern) = ActionPattern::parse(&text.value) else {
            self.reader.report_error(
                text.span,
                format!("`{}` is no action and no class", text.value),
                EXPECTED_ACTIONS,
            );
            return None;
        };
        // A guard over a service that is misspelt would hold for ever.
        let service = pattern.service();
        if let Some(catalog) = self.catalog.filter(|_| !service.contains(['*', '?']))
            && !catalog.has_service(service)
        {
            let known = catalog.services();
            let message = format!("the catalog knows no service `{service}`");
            let problem =
                crate::source::Diagnostic::error(self.reader.source, text.span, message, "a service's prefix");
            self.reader
                .problems
                .push(problem.with_suggestion(service, known.iter().map(String::as_str).collect::<Vec<_>>()));
            return None;
        }
        self.check_matches_an_action(text, &pattern)?;
        Some(GuardedActions::Pattern(text.value.clone()))
    }

    /// Whether a pattern matches an action that there is: else the guard would hold for ever, too.
    fn check_matches_an_action(&mut self, text: &Spanned<String>, pattern: &ActionPattern) -> Option<()> {
        let Some(catalog) = self.catalog else { return Some(()) };
        let service = pattern.service();
        let names: Vec<String> = LEVELS.iter().flat_map(|(_, level)| catalog.actions(service, *level)).collect();
        let glob = Glob::new(&pattern.name().to_ascii_lowercase());
        if names.is_empty() || names.iter().any(|name| glob.matches(&name.to_ascii_lowercase())) {
            return Some(());
        }
        let known: Vec<String> = names.iter().map(|name| format!("{service}:{name}")).collect();
        let message = format!("the catalog knows no action `{}`", text.value);
        let problem =
            crate::source::Diagnostic::error(self.reader.source, text.span, message, "an action that there is");
        self.reader
            .problems
            .push(problem.with_suggestion(&text.value, known.iter().map(String::as_str).collect::<Vec<_>>()));
        None
    }
}

impl Baseline {
    /// The guard of that name.
    pub fn find_guard(&self, name: &str) -> Option<&Guard> {
        self.guards.iter().find(|guard| guard.name.value == name)
    }

    /// The guards that no entry names.
    pub fn find_unused_guards(&self) -> impl Iterator<Item = &Guard> {
        let is_named = |guard: &Guard| {
            let mut names = self.entries.iter().flat_map(|entry| &entry.guards);
            names.any(|name| name.value == guard.name.value)
        };
        self.guards.iter().filter(move |guard| !is_named(guard))
    }
}
