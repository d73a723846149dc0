//! Reading a `[[hint]]`.

use super::entry::{Kind, Placed};
use super::glob::Glob;
use super::hint::{Asked, Clue, Entity, Hint, Strength};
use super::keys;
use super::read::{Item, Reader, Table, span_of};
use super::selector::TagSelector;
use super::words::Words;
use crate::iam::ContextKey;
use crate::source::toml::DeValue;

/// The keys that say what a hint looks at.
const CLUES: [&str; 8] = ["service", "oidc", "saml", "trusted", "tags", "policy", "match", "words"];
const GLOBS: &str = "at least one glob";
const TAGS: &str = "at least one tag, such as { agent = \"*\" }";
const ASKED: &str = "condition keys and globs over their values, such as { sub = \"repo:*\" }";

impl Reader<'_> {
    /// Reads a hint; none where something is wrong with it.
    pub(super) fn hint(&mut self, table: &Table<'_>) -> Option<Hint> {
        self.check_keys(table, keys::HINT);
        let name = self.required_text(table, "name", "a name of its own, for the reports");
        let kind = self.choice(table, "kind", &Kind::ALL);
        let because = self.required_text(table, "because", "why, in a few words");
        let source = self.text(table, "source").map(|text| text.value);
        let of = table.get("of").and_then(|_| self.choice(table, "of", &Entity::ALL));
        let strength = table.get("strength").map(|_| self.choice(table, "strength", &Strength::ALL));
        let when = self.asked(table);
        let clue = self.clue(table);
        let (name, kind, because, when, clue) = (name?, kind?, because?.value, when?, clue?);
        let strength = match strength {
            Some(given) => given?,
            None => clue.strength(),
        };
        if let (Some((span, _)), false) = (table.get("when"), clue.is_of_trust()) {
            let message = format!("`when` says nothing of `{}`", clue.key());
            self.error(span, message, "`when` alone, or with service, oidc, saml or trusted");
            return None;
        }
        Some(Hint { name, kind, clue, when, of, strength, because, source, span: table.span })
    }

    fn clue(&mut self, table: &Table<'_>) -> Option<Clue> {
        let given: Vec<&str> = CLUES.into_iter().filter(|key| table.get(key).is_some()).collect();
        match given.as_slice() {
            [] if table.get("when").is_some() => Some(Clue::Condition),
            [] if table.get("of").is_some() => Some(Clue::Entity),
            [] => {
                let expected = format!("one of {}, when, of", CLUES.join(", "));
                self.error(table.span, "the [[hint]] looks at nothing", expected);
                None
            }
            ["tags"] => self.tag_selectors(table).map(Clue::Tags),
            ["words"] => self.words(table).map(Clue::Words),
            ["service"] => self.lower_globs(table, "service").map(Clue::Service),
            ["oidc"] => self.lower_globs(table, "oidc").map(Clue::Oidc),
            ["saml"] => self.globs(table, "saml").map(Clue::Saml),
            ["trusted"] => self.arn_globs(table, "trusted").map(Clue::Trusted),
            ["policy"] => self.arn_globs(table, "policy").map(Clue::Policy),
            ["match"] => self.arn_globs(table, "match").map(Clue::Arn),
            [_, second, ..] => {
                let at = table.get(second).map_or(table.span, |(span, _)| span);
                let message = format!("the [[hint]] looks at several things: {}", given.join(", "));
                self.error(at, message, "one of them; give the other a hint of its own");
                None
            }
            [_] => None,
        }
    }

    fn globs(&mut self, table: &Table<'_>, key: &str) -> Option<Vec<Glob>> {
        let texts = self.some_texts(table, key, GLOBS)?.value;
        (!texts.is_empty()).then(|| texts.iter().map(|text| Glob::new(&text.value)).collect())
    }

    /// Globs over names of hosts, in which the case of letters does not matter.
    fn lower_globs(&mut self, table: &Table<'_>, key: &str) -> Option<Vec<Glob>> {
        let texts = self.some_texts(table, key, GLOBS)?.value;
        (!texts.is_empty()).then(|| texts.iter().map(|text| Glob::new(&text.value.to_ascii_lowercase())).collect())
    }

    fn arn_globs(&mut self, table: &Table<'_>, key: &str) -> Option<Vec<Glob>> {
        let texts = self.some_texts(table, key, GLOBS)?.value;
        let globs: Vec<Glob> = texts.iter().filter_map(|text| self.arn_glob(key, text)).collect();
        (!globs.is_empty() && globs.len() == texts.len()).then_some(globs)
    }

    fn words(&mut self, table: &Table<'_>) -> Option<Vec<Words>> {
        const EXPECTED: &str = "words of letters and digits, such as \"claude code\"";
        let mut all = Vec::new();
        for text in self.some_texts(table, "words", EXPECTED)?.value {
            let words = Words::of(&text.value);
            if words.is_empty() {
                self.error(text.span, format!("`words` cannot be `{}`", text.value), EXPECTED);
                return None;
            }
            all.push(words);
        }
        (!all.is_empty()).then_some(all)
    }

    /// `when`; nothing where it is not there.
    fn asked(&mut self, table: &Table<'_>) -> Option<Vec<Asked>> {
        let Some(asked) = self.table(table, "when", "`when`") else {
            // A `when` of another kind is an error already.
            return table.get("when").is_none().then(Vec::new);
        };
        if asked.items.is_empty() {
            self.error(asked.span, "`when` is empty", ASKED);
            return None;
        }
        let mut all = Vec::new();
        for (key, _) in asked.items {
            let name: &str = key.get_ref();
            let texts = self.some_texts(&asked, name, GLOBS)?.value;
            let values = texts.iter().map(|text| Glob::new(&text.value)).collect();
            all.push(Asked { key: ContextKey::new(name), values });
        }
        Some(all)
    }

    /// `tags`, each key once; none where something is wrong with them.
    pub(super) fn tag_selectors(&mut self, table: &Table<'_>) -> Option<Vec<TagSelector>> {
        let before = self.problems.len();
        let tags = self.table(table, "tags", "`tags`")?;
        if tags.items.is_empty() {
            self.error(tags.span, "`tags` is empty", TAGS);
        }
        let mut selectors: Vec<TagSelector> = Vec::new();
        for (key, item) in tags.items {
            let name = key.get_ref();
            if selectors.iter().any(|tag| tag.has_key(name)) {
                let message = format!("the tag `{name}` stands twice, in another case");
                self.error(span_of(key), message, "each tag once: the case of its key does not matter");
            }
            if let Some(value) = self.tag_value(name, item) {
                selectors.push(TagSelector { key: name.clone().into_owned(), value });
            }
        }
        (self.problems.len() == before).then_some(selectors)
    }

    fn tag_value(&mut self, name: &str, item: &Item<'_>) -> Option<Glob> {
        let DeValue::String(value) = item.get_ref() else {
            self.wrong_kind(name, item, "a glob over the tag's value, such as \"*\"");
            return None;
        };
        Some(Glob::new(value))
    }

    /// A glob that can be over an ARN.
    pub(super) fn arn_glob(&mut self, key: &str, text: &Placed<String>) -> Option<Glob> {
        let glob = Glob::over_arn(&text.value);
        if glob.is_none() {
            let message = format!("`{key}` cannot be `{}`", text.value);
            self.error(text.span, message, "a glob over an ARN: it begins with `arn:` or `*`");
        }
        glob
    }
}
