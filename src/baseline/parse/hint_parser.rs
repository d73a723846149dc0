//! Parses `[[hint]]`.

use super::keys;
use super::reader::{ManifestReader, ManifestTable};
use crate::base::glob::Glob;
use crate::base::word_match::WordSequence;
use crate::baseline::model::hint::{Hint, HintCondition, HintSelector, IdentityType, Strength};
use crate::baseline::model::principal_class::PrincipalClass;
use crate::iam::{ArnGlob, ContextKey};

/// The keys that say what a hint matches.
const SELECTOR_KEYS: [&str; 8] = ["service", "oidc", "saml", "trusted", "tags", "policy", "match", "words"];
const EXPECTED_GLOBS: &str = "at least one glob";
const EXPECTED_CONDITIONS: &str = "condition keys and globs over their values, such as { sub = \"repo:*\" }";

impl ManifestReader<'_> {
    /// Parses a hint. `None` if it has an error, which is reported.
    pub(super) fn parse_hint(&mut self, table: &ManifestTable<'_>) -> Option<Hint> {
        self.check_keys(table, keys::HINT);
        let name = self.read_required_text(table, "name", "a unique name, shown in reports");
        let class = self.read_choice(table, "kind", &PrincipalClass::ALL);
        let reason = self.read_required_text(table, "because", "a short explanation, shown in reports");
        let source = self.read_text(table, "source").map(|text| text.value);
        let identity_type = table.get("of").and_then(|_| self.read_choice(table, "of", &IdentityType::ALL));
        let strength = table.get("strength").map(|_| self.read_choice(table, "strength", &Strength::ALL));
        let when = self.read_hint_conditions(table);
        let selector = self.parse_hint_selector(table);
        let (name, class, reason, when, selector) = (name?, class?, reason?.value, when?, selector?);
        let strength = match strength {
            Some(given) => given?,
            None => selector.default_strength(),
        };
        if let (Some((span, _)), false) = (table.get("when"), selector.is_trust_selector()) {
            let message = format!("`when` cannot restrict `{}`", selector.key());
            self.report_error(span, message, "`when` alone, or with service, oidc, saml or trusted");
            return None;
        }
        Some(Hint { name, class, selector, when, identity_type, strength, reason, source, span: table.span })
    }

    fn parse_hint_selector(&mut self, table: &ManifestTable<'_>) -> Option<HintSelector> {
        let given: Vec<&str> = SELECTOR_KEYS.into_iter().filter(|key| table.get(key).is_some()).collect();
        match given.as_slice() {
            [] if table.get("when").is_some() => Some(HintSelector::Condition),
            [] if table.get("of").is_some() => Some(HintSelector::IdentityType),
            [] => {
                let expected = format!("one of {}, when, of", SELECTOR_KEYS.join(", "));
                self.report_error(table.span, "the [[hint]] has no selector", expected);
                None
            }
            ["tags"] => self.read_tag_selectors(table).map(HintSelector::Tags),
            ["words"] => self.read_words(table).map(HintSelector::Words),
            ["service"] => self.read_lowercase_globs(table, "service").map(HintSelector::Service),
            ["oidc"] => self.read_lowercase_globs(table, "oidc").map(HintSelector::Oidc),
            ["saml"] => self.read_globs(table, "saml").map(HintSelector::Saml),
            ["trusted"] => self.read_arn_globs(table, "trusted").map(HintSelector::TrustedPrincipal),
            ["policy"] => self.read_arn_globs(table, "policy").map(HintSelector::Policy),
            ["match"] => self.read_arn_globs(table, "match").map(HintSelector::Arn),
            [_, second, ..] => {
                let span = table.get(second).map_or(table.span, |(span, _)| span);
                let message = format!("the [[hint]] has several selectors: {}", given.join(", "));
                self.report_error(span, message, "one of them; use another [[hint]] for the other");
                None
            }
            [_] => None,
        }
    }

    fn read_globs(&mut self, table: &ManifestTable<'_>, key: &str) -> Option<Vec<Glob>> {
        let texts = self.read_nonempty_texts(table, key, EXPECTED_GLOBS)?.value;
        (!texts.is_empty()).then(|| texts.iter().map(|text| Glob::new(&text.value)).collect())
    }

    /// Globs over host names, in lower case, since host names are case-insensitive.
    fn read_lowercase_globs(&mut self, table: &ManifestTable<'_>, key: &str) -> Option<Vec<Glob>> {
        let texts = self.read_nonempty_texts(table, key, EXPECTED_GLOBS)?.value;
        (!texts.is_empty()).then(|| texts.iter().map(|text| Glob::new(&text.value.to_ascii_lowercase())).collect())
    }

    fn read_arn_globs(&mut self, table: &ManifestTable<'_>, key: &str) -> Option<Vec<ArnGlob>> {
        let texts = self.read_nonempty_texts(table, key, EXPECTED_GLOBS)?.value;
        let globs: Vec<ArnGlob> = texts.iter().filter_map(|text| self.parse_arn_glob(key, text)).collect();
        (!globs.is_empty() && globs.len() == texts.len()).then_some(globs)
    }

    fn read_words(&mut self, table: &ManifestTable<'_>) -> Option<Vec<WordSequence>> {
        const EXPECTED: &str = "words of letters and digits, such as \"claude code\"";
        let mut sequences = Vec::new();
        for text in self.read_nonempty_texts(table, "words", EXPECTED)?.value {
            let words = WordSequence::parse(&text.value);
            if words.is_empty() {
                self.report_error(text.span, format!("`words` cannot be `{}`", text.value), EXPECTED);
                return None;
            }
            sequences.push(words);
        }
        (!sequences.is_empty()).then_some(sequences)
    }

    /// Parses `when`. Empty if the key is missing; `None` if it has an error.
    fn read_hint_conditions(&mut self, table: &ManifestTable<'_>) -> Option<Vec<HintCondition>> {
        let Some(conditions) = self.read_table(table, "when", "`when`") else {
            // `read_table` has reported a `when` of another type.
            return table.get("when").is_none().then(Vec::new);
        };
        if conditions.items.is_empty() {
            self.report_error(conditions.span, "`when` is empty", EXPECTED_CONDITIONS);
            return None;
        }
        let mut parsed = Vec::new();
        for (key, _) in conditions.items {
            let name: &str = key.get_ref();
            let texts = self.read_nonempty_texts(&conditions, name, EXPECTED_GLOBS)?.value;
            let values = texts.iter().map(|text| Glob::new(&text.value)).collect();
            parsed.push(HintCondition { key: ContextKey::new(name), values });
        }
        Some(parsed)
    }
}
