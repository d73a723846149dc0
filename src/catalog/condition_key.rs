//! Finds condition keys by name: exact names, and templates such as `aws:ResourceTag/${TagKey}`.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::ids::{KeyDefinition, Multiplicity, ValueType};
use super::lists::content_lines;

/// Global keys, cross-service keys, and corrections of the package's facts.
const KEY_LIST: &str = include_str!("lists/condition_keys.txt");

/// A condition key of the catalog.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub(super) struct KeyId(pub(super) u32);

/// All condition keys of a catalog, with their definitions.
#[derive(Debug, Default)]
pub(super) struct KeyTable {
    keys: Vec<ConditionKey>,
    exact: FxHashMap<Box<str>, KeyId>,
    /// Templates by service prefix, in the order in which they were added. The first match applies.
    templates: FxHashMap<Box<str>, Vec<KeyId>>,
}

#[derive(Debug)]
struct ConditionKey {
    definition: KeyDefinition,
    is_global: bool,
    /// The literal parts around the placeholders, in lower case. An exact name has one part.
    pieces: Vec<Box<str>>,
}

impl KeyTable {
    /// Adds a key of the catalog file. The first key has ID 0, the next ID 1, and so on.
    pub(super) fn insert(&mut self, name: &str, definition: KeyDefinition) -> KeyId {
        // INVARIANT: each key has a line of a catalog file, which is less than 4 GiB.
        let id = KeyId(u32::try_from(self.keys.len()).expect("a catalog has less than 2^32 keys"));
        let pieces = split_template(&to_lowercase(name));
        match pieces.as_slice() {
            [exact] => {
                self.exact.insert(exact.clone(), id);
            }
            [first, ..] => self.templates.entry(service_prefix(first).into()).or_default().push(id),
            [] => {}
        }
        self.keys.push(ConditionKey { definition, is_global: false, pieces });
        id
    }

    /// Adds the reviewed list. Its definitions replace those of the catalog file.
    pub(super) fn insert_listed_keys(&mut self) {
        for (name, definition, is_global) in parse_listed_keys() {
            let pieces = split_template(&to_lowercase(name));
            let existing = match pieces.as_slice() {
                [exact] => self.exact.get(exact).copied(),
                _ => self.find_template(&to_lowercase(name), |key| key.pieces == pieces),
            };
            let id = existing.unwrap_or_else(|| self.insert(name, definition));
            if let Some(key) = self.keys.get_mut(id.0 as usize) {
                key.definition = definition;
                key.is_global = is_global;
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether a request can contain a key. `listed` are the keys of its action and resource types, in ascending
    /// order. Some keys are available in every request.
    pub(super) fn is_available(&self, name: &str, listed: &[KeyId]) -> bool {
        let name = to_lowercase(name);
        if is_claim(&name) {
            return true;
        }
        if let Some(id) = self.exact.get(&*name) {
            let is_global = self.get(*id).is_some_and(|key| key.is_global);
            return is_global || listed.binary_search(id).is_ok();
        }
        let is_listed = listed.iter().any(|id| self.get(*id).is_some_and(|key| key.matches(&name)));
        // A key that no action lists may be newer than the catalog. A placeholder without a value is no such key.
        is_listed || self.find_template(&name, |key| key.matches(&name) || key.pieces.concat() == *name).is_none()
    }

    /// The key of a name: an exact name, or the template that matches it.
    pub(super) fn find_id(&self, name: &str) -> Option<KeyId> {
        let name = to_lowercase(name);
        self.exact.get(&*name).copied().or_else(|| self.find_template(&name, |key| key.matches(&name)))
    }

    pub(super) fn find_definition(&self, name: &str) -> Option<KeyDefinition> {
        let name = to_lowercase(name);
        match self.find_id(&name) {
            Some(id) => self.get(id).map(|key| key.definition),
            None => is_claim(&name)
                .then_some(KeyDefinition { value_type: ValueType::String, multiplicity: Multiplicity::Single }),
        }
    }

    /// The first template of the name's service that satisfies a predicate.
    fn find_template(&self, name: &str, predicate: impl Fn(&ConditionKey) -> bool) -> Option<KeyId> {
        let templates = self.templates.get(service_prefix(name)).into_iter().flatten();
        templates.copied().find(|id| self.get(*id).is_some_and(&predicate))
    }

    fn get(&self, id: KeyId) -> Option<&ConditionKey> {
        self.keys.get(id.0 as usize)
    }
}

/// The part of a key's name before the first colon. Empty if it has none.
fn service_prefix(name: &str) -> &str {
    name.split_once(':').map_or("", |(service, _)| service)
}

impl ConditionKey {
    /// Whether a name in lower case matches this template. A placeholder matches one or more characters.
    fn matches(&self, name: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return false;
        };
        let Some(mut rest) = name.strip_prefix(&**first) else {
            return false;
        };
        // The leftmost match is sufficient: a placeholder matches any characters, and the rest after an earlier match
        // contains the rest after a later one.
        for piece in middle {
            let found = rest
                .char_indices()
                .nth(1)
                .and_then(|(next, _)| rest.get(next..))
                .and_then(|after| after.split_once(&**piece));
            match found {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.strip_suffix(&**last).is_some_and(|value| !value.is_empty())
    }
}

/// Whether a key is a claim of an identity provider. Its prefix is the host of the provider:
/// `token.actions.githubusercontent.com:sub`. Anyone can operate a provider, so that the reference lists only a few.
/// The claims stay available in the requests of the session.
fn is_claim(name: &str) -> bool {
    name.split_once(':').is_some_and(|(provider, claim)| provider.contains('.') && !claim.is_empty())
}

/// The name in lower case, borrowed if it already is.
pub(super) fn to_lowercase(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// A placeholder that the reference writes without `${…}`: `secretsmanager:ResourceTag/tag-key`.
// AWS: Actions, resources, and condition keys for AWS Secrets Manager; … for AWS Systems Manager
const BARE_PLACEHOLDER: &str = "/tag-key";

/// Splits a name at its placeholders: `rds:db-tag/${TagKey}` is `["rds:db-tag/", ""]`.
fn split_template(name: &str) -> Vec<Box<str>> {
    let mut pieces = Vec::with_capacity(1);
    if let Some(before) = name.strip_suffix(BARE_PLACEHOLDER) {
        return vec![format!("{before}/").into(), "".into()];
    }
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((_, after)) = after.split_once('}') else {
            break;
        };
        pieces.push(before.into());
        rest = after;
    }
    pieces.push(rest.into());
    pieces
}

/// The lines of the reviewed list: name, definition, and whether every request can contain the key.
pub(super) fn parse_listed_keys() -> impl Iterator<Item = (&'static str, KeyDefinition, bool)> {
    content_lines(KEY_LIST).map(|line| parse_listed_key(line).expect("a test parses the embedded list"))
}

fn parse_listed_key(line: &'static str) -> Option<(&'static str, KeyDefinition, bool)> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let definition = KeyDefinition {
        value_type: parse_value_type(words.next()?)?,
        multiplicity: parse_multiplicity(words.next()?)?,
    };
    Some((name, definition, words.next() == Some("everywhere")))
}

fn parse_value_type(word: &str) -> Option<ValueType> {
    Some(match word {
        "String" => ValueType::String,
        "Arn" => ValueType::Arn,
        "Bool" => ValueType::Bool,
        "Numeric" => ValueType::Numeric,
        "Date" => ValueType::Date,
        "IpAddress" => ValueType::IpAddress,
        "Binary" => ValueType::Binary,
        _ => return None,
    })
}

fn parse_multiplicity(word: &str) -> Option<Multiplicity> {
    Some(match word {
        "single" => Multiplicity::Single,
        "multi" => Multiplicity::Multi,
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_valid() {
        let lines = content_lines(KEY_LIST).count();
        assert_eq!(parse_listed_keys().count(), lines);
    }

    #[test]
    fn a_placeholder_matches_one_or_more_characters() {
        let key = |name: &str| ConditionKey {
            definition: KeyDefinition { value_type: ValueType::String, multiplicity: Multiplicity::Single },
            is_global: false,
            pieces: split_template(name),
        };
        let tag = key("aws:resourcetag/${tagkey}");
        assert!(tag.matches("aws:resourcetag/team"));
        assert!(tag.matches("aws:resourcetag/a:b/c"));
        assert!(!tag.matches("aws:resourcetag/"));
        assert!(!tag.matches("aws:requesttag/team"));
        let two = key("x:${a}/b/${c}.value");
        assert!(two.matches("x:1/b/2.value"));
        assert!(!two.matches("x:/b/2.value"));
        assert!(!two.matches("x:1/b/.value"));
    }
}
