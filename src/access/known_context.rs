//! What is known about a request's context before a request is made (`docs/semantics.md` §3).
//!
//! The solver substitutes known values and searches over free keys. A key that might be either is free.

use std::collections::BTreeMap;

use super::request::{Context, ContextValue};
use crate::iam::ContextKey;

/// What is known about one context key.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum KeyFact {
    /// Present, with this value.
    Value(String),
    /// Present, with this set of values.
    Set(Vec<String>),
    /// Missing from every request.
    Missing,
    /// Present, with an unknown value.
    Present,
    /// Present, with a value that starts with this text.
    StartsWith(String),
    /// Present with any value, or missing.
    Free,
}

/// What is known about every context key.
#[derive(Clone, Debug)]
pub struct KnownContext {
    keys: BTreeMap<ContextKey, KeyFact>,
    /// The fact about each principal tag that `keys` does not contain.
    default_principal_tag: KeyFact,
    /// The fact about each other key that `keys` does not contain.
    default_fact: KeyFact,
}

const PRINCIPAL_TAG: &str = "aws:principaltag/";

/// Keys that every request contains. AWS: *AWS global condition context keys*.
const NEVER_MISSING: [&str; 9] = [
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:SecureTransport",
    "aws:RequestedRegion",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:PrincipalAccount",
    "aws:PrincipalType",
    "aws:userid",
];

/// Keys that only requests made by an AWS service contain.
const SERVICE_CALLS_ONLY: [&str; 6] = [
    "aws:SourceArn",
    "aws:SourceAccount",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
];

impl KnownContext {
    /// The facts about a direct request of any principal that is not an AWS service. Used to compare two documents.
    pub fn unconstrained() -> KnownContext {
        let mut known =
            KnownContext { keys: BTreeMap::new(), default_principal_tag: KeyFact::Free, default_fact: KeyFact::Free };
        for key in NEVER_MISSING {
            known.set(key, KeyFact::Present);
        }
        for key in SERVICE_CALLS_ONLY {
            known.set(key, KeyFact::Missing);
        }
        known.set("aws:PrincipalIsAWSService", KeyFact::Value("false".to_owned()));
        known
    }

    /// The facts about one complete context: a key that it does not contain is missing.
    pub fn from_request_context(context: &Context) -> KnownContext {
        let mut known = KnownContext {
            keys: BTreeMap::new(),
            default_principal_tag: KeyFact::Missing,
            default_fact: KeyFact::Missing,
        };
        for (key, value) in &context.0 {
            let value = match value {
                ContextValue::Single(value) => KeyFact::Value(value.clone()),
                ContextValue::Set(values) => KeyFact::Set(values.clone()),
            };
            known.keys.insert(key.clone(), value);
        }
        known
    }

    /// The same facts with empty values as missing, the alternative interpretation of
    /// [`Ambiguity::EmptySetNull`](crate::iam::Ambiguity).
    pub fn with_empty_as_missing(mut self) -> KnownContext {
        for known in self.keys.values_mut() {
            let empty = match known {
                KeyFact::Value(value) => value.is_empty(),
                KeyFact::Set(values) => values.iter().all(String::is_empty),
                _ => false,
            };
            if empty {
                *known = KeyFact::Missing;
            }
        }
        self
    }

    /// The fact about a key, ignoring case.
    pub fn fact(&self, key: &ContextKey) -> KeyFact {
        match self.keys.get(key) {
            Some(known) => known.clone(),
            None if key.lower().starts_with(PRINCIPAL_TAG) => self.default_principal_tag.clone(),
            None => self.default_fact.clone(),
        }
    }

    /// The facts about individual keys.
    pub fn facts(&self) -> impl Iterator<Item = (&ContextKey, &KeyFact)> {
        self.keys.iter()
    }

    /// Sets the fact about a key.
    pub fn set(&mut self, key: &str, known: KeyFact) {
        self.keys.insert(ContextKey::new(key), known);
    }

    /// Sets `aws:PrincipalTag/…` to these tags; every other tag is missing. Tags whose names differ only in case are one
    /// key, whose value is then unknown.
    pub fn set_principal_tags<'a>(&mut self, tags: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.default_principal_tag = KeyFact::Missing;
        for (name, value) in tags {
            let key = ContextKey::new(&format!("aws:PrincipalTag/{name}"));
            let known = match self.keys.get(&key) {
                Some(KeyFact::Value(existing)) if existing != value => KeyFact::Present,
                Some(KeyFact::Present) => KeyFact::Present,
                _ => KeyFact::Value(value.to_owned()),
            };
            self.keys.insert(key, known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact_for(known: &KnownContext, key: &str) -> KeyFact {
        known.fact(&ContextKey::new(key))
    }

    #[test]
    fn unconstrained_context_keeps_global_facts() {
        let known = KnownContext::unconstrained();
        assert_eq!(fact_for(&known, "AWS:currenttime"), KeyFact::Present);
        assert_eq!(fact_for(&known, "aws:SourceArn"), KeyFact::Missing);
        assert_eq!(fact_for(&known, "aws:PrincipalTag/a"), KeyFact::Free);
        assert_eq!(fact_for(&known, "aws:SourceIp"), KeyFact::Free);
        assert_eq!(fact_for(&known, "s3:prefix"), KeyFact::Free);
    }

    #[test]
    fn unlisted_principal_tags_are_missing() {
        let mut known = KnownContext::unconstrained();
        known.set_principal_tags([("Team", "a"), ("x", "1"), ("X", "2")]);
        assert_eq!(fact_for(&known, "aws:principaltag/TEAM"), KeyFact::Value("a".to_owned()));
        assert_eq!(fact_for(&known, "aws:PrincipalTag/x"), KeyFact::Present);
        assert_eq!(fact_for(&known, "aws:PrincipalTag/other"), KeyFact::Missing);
    }
}
