//! What is known of a request's context before anything is asked (`docs/semantics.md` §3).
//!
//! The solver substitutes what is fixed and ranges over what is free; where unsure, free.

use std::collections::BTreeMap;

use super::request::{Context, ContextValue};
use crate::iam::ContextKey;

/// What is known of one context key.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum Known {
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
    keys: BTreeMap<ContextKey, Known>,
    /// What holds for a tag of the principal that `keys` does not name.
    other_principal_tags: Known,
    /// What holds for any other key that `keys` does not name.
    others: Known,
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
    pub fn nothing() -> KnownContext {
        let mut known = KnownContext { keys: BTreeMap::new(), other_principal_tags: Known::Free, others: Known::Free };
        for key in NEVER_MISSING {
            known.set(key, Known::Present);
        }
        for key in SERVICE_CALLS_ONLY {
            known.set(key, Known::Missing);
        }
        known.set("aws:PrincipalIsAWSService", Known::Value("false".to_owned()));
        known
    }

    /// Exactly this context: a key that is not in it is missing.
    pub fn exactly(context: &Context) -> KnownContext {
        let mut known =
            KnownContext { keys: BTreeMap::new(), other_principal_tags: Known::Missing, others: Known::Missing };
        for (key, value) in &context.0 {
            let value = match value {
                ContextValue::One(value) => Known::Value(value.clone()),
                ContextValue::Set(values) => Known::Set(values.clone()),
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
                Known::Value(value) => value.is_empty(),
                Known::Set(values) => values.iter().all(String::is_empty),
                _ => false,
            };
            if empty {
                *known = Known::Missing;
            }
        }
        self
    }

    /// What is known of a key, in any case.
    pub fn of(&self, key: &ContextKey) -> Known {
        match self.keys.get(key) {
            Some(known) => known.clone(),
            None if key.lower().starts_with(PRINCIPAL_TAG) => self.other_principal_tags.clone(),
            None => self.others.clone(),
        }
    }

    /// The keys of which something is known by their names.
    pub fn named(&self) -> impl Iterator<Item = (&ContextKey, &Known)> {
        self.keys.iter()
    }

    /// Sets what is known of a key.
    pub fn set(&mut self, key: &str, known: Known) {
        self.keys.insert(ContextKey::new(key), known);
    }

    /// Fixes `aws:PrincipalTag/…` to these tags: any other is missing. Names that differ only in case are
    /// one key, and which value it has is then not known.
    pub fn set_principal_tags<'a>(&mut self, tags: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.other_principal_tags = Known::Missing;
        for (name, value) in tags {
            let key = ContextKey::new(&format!("aws:PrincipalTag/{name}"));
            let known = match self.keys.get(&key) {
                Some(Known::Value(other)) if other != value => Known::Present,
                Some(Known::Present) => Known::Present,
                _ => Known::Value(value.to_owned()),
            };
            self.keys.insert(key, known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(known: &KnownContext, key: &str) -> Known {
        known.of(&ContextKey::new(key))
    }

    #[test]
    fn nothing_knows_what_holds_for_everyone() {
        let known = KnownContext::nothing();
        assert_eq!(of(&known, "AWS:currenttime"), Known::Present);
        assert_eq!(of(&known, "aws:SourceArn"), Known::Missing);
        assert_eq!(of(&known, "aws:PrincipalTag/a"), Known::Free);
        assert_eq!(of(&known, "aws:SourceIp"), Known::Free);
        assert_eq!(of(&known, "s3:prefix"), Known::Free);
    }

    #[test]
    fn tags_are_all_or_nothing() {
        let mut known = KnownContext::nothing();
        known.set_principal_tags([("Team", "a"), ("x", "1"), ("X", "2")]);
        assert_eq!(of(&known, "aws:principaltag/TEAM"), Known::Value("a".to_owned()));
        assert_eq!(of(&known, "aws:PrincipalTag/x"), Known::Present);
        assert_eq!(of(&known, "aws:PrincipalTag/other"), Known::Missing);
    }
}
