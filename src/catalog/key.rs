//! Condition keys by name: exact names through a hash, templates (`aws:ResourceTag/${TagKey}`)
//! piece by piece.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::ids::{KeyFacts, Multiplicity, ValueType};

/// Global keys, cross-service keys, and corrections: what the package does not tell.
const KNOWN_KEYS: &str = include_str!("lists/condition_keys.txt");

/// A condition key of the catalog.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub(super) struct KeyId(pub(super) u32);

/// All condition keys of a catalog, with what is known of each.
#[derive(Debug, Default)]
pub(super) struct KeyTable {
    keys: Vec<Key>,
    exact: FxHashMap<Box<str>, KeyId>,
    /// Templates by the service that they begin with: those of the global list, then those of the services;
    /// the first match counts.
    templates: FxHashMap<Box<str>, Vec<KeyId>>,
}

#[derive(Debug)]
struct Key {
    facts: KeyFacts,
    everywhere: bool,
    /// The literal pieces around the placeholders, in lower case; one piece is an exact name.
    pieces: Vec<Box<str>>,
}

impl KeyTable {
    /// Adds a key of the catalog file; keys get their ids in the order they are added.
    pub(super) fn add(&mut self, name: &str, facts: KeyFacts) -> KeyId {
        let id = KeyId(u32::try_from(self.keys.len()).unwrap_or(u32::MAX));
        let pieces = template_pieces(&lowercase(name));
        match pieces.as_slice() {
            [exact] => {
                self.exact.insert(exact.clone(), id);
            }
            [first, ..] => self.templates.entry(service(first).into()).or_default().push(id),
            [] => {}
        }
        self.keys.push(Key { facts, everywhere: false, pieces });
        id
    }

    /// Adds the reviewed list, whose facts replace those of the catalog file.
    pub(super) fn add_known_keys(&mut self) {
        for (name, facts, everywhere) in known_keys() {
            let pieces = template_pieces(&lowercase(name));
            let present = match pieces.as_slice() {
                [exact] => self.exact.get(exact).copied(),
                _ => self.template(&lowercase(name), |key| key.pieces == pieces),
            };
            let id = present.unwrap_or_else(|| self.add(name, facts));
            if let Some(key) = self.keys.get_mut(id.0 as usize) {
                key.facts = facts;
                key.everywhere = everywhere;
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether the key, as a policy writes it, is one of the listed or goes with any request.
    /// `listed` is in ascending order.
    pub(super) fn is_among(&self, name: &str, listed: &[KeyId]) -> bool {
        let name = lowercase(name);
        if is_claim(&name) {
            return true;
        }
        if let Some(id) = self.exact.get(&*name) {
            let everywhere = self.get(*id).is_some_and(|key| key.everywhere);
            return everywhere || listed.binary_search(id).is_ok();
        }
        listed.iter().any(|id| self.get(*id).is_some_and(|key| key.matches(&name)))
    }

    pub(super) fn facts(&self, name: &str) -> Option<KeyFacts> {
        let name = lowercase(name);
        let id = self.exact.get(&*name).copied().or_else(|| self.template(&name, |key| key.matches(&name)));
        match id {
            Some(id) => self.get(id).map(|key| key.facts),
            None => is_claim(&name)
                .then_some(KeyFacts { value_type: ValueType::String, multiplicity: Multiplicity::Single }),
        }
    }

    /// The first template of a name's service for which this holds.
    fn template(&self, name: &str, holds: impl Fn(&Key) -> bool) -> Option<KeyId> {
        let templates = self.templates.get(service(name)).into_iter().flatten();
        templates.copied().find(|id| self.get(*id).is_some_and(&holds))
    }

    fn get(&self, id: KeyId) -> Option<&Key> {
        self.keys.get(id.0 as usize)
    }
}

/// What a key's name has before its first colon.
fn service(name: &str) -> &str {
    name.split_once(':').map_or("", |(service, _)| service)
}

impl Key {
    /// Whether a name in lower case is an instance of this template: each placeholder stands for
    /// one or more characters.
    fn matches(&self, name: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return false;
        };
        let Some(mut rest) = name.strip_prefix(&**first) else {
            return false;
        };
        // Leftmost is enough: a placeholder takes any characters, so what an earlier match leaves
        // over contains what a later one would.
        for piece in middle {
            let found = rest
                .char_indices()
                .nth(1)
                .and_then(|(one, _)| rest.get(one..))
                .and_then(|after| after.split_once(&**piece));
            match found {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.strip_suffix(&**last).is_some_and(|value| !value.is_empty())
    }
}

/// Whether the key is a claim of an identity provider, whose host stands where a service's prefix
/// would: `token.actions.githubusercontent.com:sub`. Anyone can run a provider, so the reference
/// lists but a few, and a session may keep what its provider said.
fn is_claim(name: &str) -> bool {
    name.split_once(':').is_some_and(|(provider, claim)| provider.contains('.') && !claim.is_empty())
}

/// The name in lower case, borrowed where it already is.
pub(super) fn lowercase(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// `rds:db-tag/${TagKey}` is `["rds:db-tag/", ""]`; a name with no placeholder is one piece.
fn template_pieces(name: &str) -> Vec<Box<str>> {
    let mut pieces = Vec::with_capacity(1);
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

/// The lines of the reviewed list: name, facts, and whether any request may carry the key.
pub(super) fn known_keys() -> impl Iterator<Item = (&'static str, KeyFacts, bool)> {
    super::rule::list_lines(KNOWN_KEYS).filter_map(|line| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let facts = KeyFacts { value_type: value_type(words.next()?)?, multiplicity: multiplicity(words.next()?)? };
        Some((name, facts, words.next() == Some("everywhere")))
    })
}

fn value_type(word: &str) -> Option<ValueType> {
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

fn multiplicity(word: &str) -> Option<Multiplicity> {
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
    fn every_line_of_the_list_is_read() {
        let lines = super::super::rule::list_lines(KNOWN_KEYS).count();
        assert_eq!(known_keys().count(), lines);
    }

    #[test]
    fn a_placeholder_stands_for_one_or_more_characters() {
        let key = |name: &str| Key {
            facts: KeyFacts { value_type: ValueType::String, multiplicity: Multiplicity::Single },
            everywhere: false,
            pieces: template_pieces(name),
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
