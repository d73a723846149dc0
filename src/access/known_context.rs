//! What is known of a request's context before anything is asked (`docs/semantics.md` §3).
//!
//! The solver substitutes what is fixed and ranges over what is free; where unsure, free.

use std::collections::BTreeMap;

use super::request::{Context, ContextValue};
use crate::iam::ContextKey;

/// What is known of one context key.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum KeyFact {
    /// Exactly this value.
    Value(String),
    /// Exactly this set.
    Set(Vec<String>),
    /// Never in a request.
    Missing,
    /// Present, its value unknown.
    Present,
    /// Present, and starting with this text.
    StartsWith(String),
    /// Anything, missing included.
    Free,
}

/// What is known of every context key.
#[derive(Clone, Debug)]
pub struct KnownContext {
    keys: BTreeMap<ContextKey, KeyFact>,
    /// What holds for a tag of the principal that `keys` does not name.
    default_principal_tag: KeyFact,
    /// What holds for any other key that `keys` does not name.
    default_fact: KeyFact,
}

const PRINCIPAL_TAG: &str = "aws:principaltag/";

/// Keys that AWS documents as part of every request (*AWS global condition context keys*).
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

/// Keys that only an AWS service's own call carries.
const SERVICE_CALLS_ONLY: [&str; 6] = [
    "aws:SourceArn",
    "aws:SourceAccount",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
];

impl KnownContext {
    /// Nothing is known of the principal: what holds for the direct call of anyone who is not an AWS
    /// service. For comparing two documents.
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

    /// Exactly this context: a key that is not in it is missing.
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

    /// The same with values that hold no character counted as missing (the other reading of
    /// [`Choice::EmptySetNull`](crate::iam::Choice)).
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

    /// What is known of a key, in any case.
    pub fn fact(&self, key: &ContextKey) -> KeyFact {
        match self.keys.get(key) {
            Some(known) => known.clone(),
            None if key.lower().starts_with(PRINCIPAL_TAG) => self.default_principal_tag.clone(),
            None => self.default_fact.clone(),
        }
    }

    /// The keys of which something is known by their names.
    pub fn facts(&self) -> impl Iterator<Item = (&ContextKey, &KeyFact)> {
        self.keys.iter()
    }

    /// Sets what is known of a key.
    pub fn set(&mut self, key: &str, known: KeyFact) {
        self.keys.insert(ContextKey::new(key), known);
    }

    /// Fixes `aws:PrincipalTag/…` to these tags: any other is missing. Names that differ only in case are
    /// one key, and which value it has is then not known.
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
