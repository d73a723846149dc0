//! Parses `[[guard]]`.

use super::keys;
use super::manifest_parser::ManifestParser;
use super::reader::ManifestTable;
use super::references::References;
use crate::base::glob::Glob;
use crate::baseline::model::guard::{Guard, GuardSeverity, GuardedActions};
use crate::baseline::model::levels::{LEVELS, LevelCatalog};
use crate::baseline::model::spanned::Spanned;
use crate::catalog::RiskClass;
use crate::iam::ActionPattern;
use crate::source::Diagnostic;

const EXPECTED_ACTIONS: &str = "action patterns such as iam:*, and classes such as class:destructive";

impl ManifestParser<'_> {
    pub(super) fn parse_guard(&mut self, table: &ManifestTable<'_>, references: &mut References) -> Option<Guard> {
        self.reader.check_keys(table, keys::GUARD);
        let name = self.reader.read_required_text(table, "name", "a unique name, which `guards` refers to");
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
        if let Some(name) = text.value.strip_prefix("class:") {
            let Ok(class) = name.parse() else {
                let known = RiskClass::ALL.map(|class| format!("class:{class}"));
                let message = format!("unknown class of actions `{name}`");
                self.reader.report_unknown_name(text.span, message, &text.value, known.iter().map(String::as_str));
                return None;
            };
            return Some(GuardedActions::Class(class));
        }
        let Some(pattern) = ActionPattern::parse(&text.value) else {
            let message = format!("`{}` is neither an action nor a class", text.value);
            self.reader.report_error(text.span, message, EXPECTED_ACTIONS);
            return None;
        };
        // A guard over a misspelled service or action would always be reported as enforced.
        let is_known = self.catalog.is_none_or(|catalog| {
            self.check_service(catalog, text, &pattern) && self.check_matches_an_action(catalog, text, &pattern)
        });
        is_known.then(|| GuardedActions::Pattern(text.value.clone()))
    }

    /// Whether the service of a pattern exists. If not, reports it.
    fn check_service(&mut self, catalog: &dyn LevelCatalog, text: &Spanned<String>, pattern: &ActionPattern) -> bool {
        let service = pattern.service();
        if service.contains(['*', '?']) || catalog.has_service(service) {
            return true;
        }
        let known = catalog.services();
        let message = format!("unknown service `{service}`");
        let problem = Diagnostic::error(self.reader.source, text.span, message, "the prefix of a service");
        self.reader.problems.push(problem.with_suggestion(service, known.iter().map(String::as_str)));
        false
    }

    /// Whether a pattern matches an action of its service. If not, reports it.
    fn check_matches_an_action(
        &mut self,
        catalog: &dyn LevelCatalog,
        text: &Spanned<String>,
        pattern: &ActionPattern,
    ) -> bool {
        let service = pattern.service();
        let names: Vec<String> = LEVELS.iter().flat_map(|(_, level)| catalog.actions(service, *level)).collect();
        let glob = Glob::new(pattern.name());
        // A service pattern, or a service without actions, has no names to compare with.
        if names.is_empty() || names.iter().any(|name| glob.matches(&name.to_ascii_lowercase())) {
            return true;
        }
        let known: Vec<String> = names.iter().map(|name| format!("{service}:{name}")).collect();
        let message = format!("no action matches `{}`", text.value);
        let problem = Diagnostic::error(self.reader.source, text.span, message, "a pattern that matches an action");
        self.reader.problems.push(problem.with_suggestion(&text.value, known.iter().map(String::as_str)));
        false
    }
}
