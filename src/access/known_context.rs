//! What is known about a request's context before a request is made (`docs/semantics.md` §3).
//!
//! The solver substitutes known values and searches over free keys. A key that might be either is free.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;

use super::clock::{CLOCK_KEYS, find_day_start, is_not_before};
use super::request::{Context, ContextValue};
use super::resource_directory::ResourceDirectory;
use crate::base::glob::matches_glob;
use crate::iam::value::Instant;
use crate::iam::{Ambiguity, ContextKey, Interpretation};

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
    /// Missing, or present with values that do not match this glob.
    NoneLike(String),
    /// Present, with this point in time or a later one.
    NotBefore(Instant),
    /// Present with any value, or missing.
    Free,
}

impl KeyFact {
    /// Whether a request can have this value of the key. None is a missing key.
    pub fn is_consistent(&self, value: Option<&ContextValue>) -> bool {
        match self {
            KeyFact::Value(expected) => value.is_some_and(|value| value.values() == std::slice::from_ref(expected)),
            KeyFact::Set(expected) => value.is_some_and(|value| value.values() == expected),
            KeyFact::Missing => value.is_none(),
            KeyFact::Present => value.is_some(),
            KeyFact::StartsWith(start) => {
                value.is_some_and(|value| value.values().iter().all(|text| text.starts_with(start)))
            }
            KeyFact::NoneLike(glob) => {
                value.is_none_or(|value| !value.values().iter().any(|text| matches_glob(glob, text)))
            }
            KeyFact::NotBefore(start) => {
                value.is_some_and(|value| value.values().iter().all(|text| is_not_before(text, *start)))
            }
            KeyFact::Free => true,
        }
    }

    /// Whether the key has no value but empty ones.
    fn is_empty(&self) -> bool {
        match self {
            KeyFact::Value(value) => value.is_empty(),
            KeyFact::Set(values) => values.iter().all(String::is_empty),
            _ => false,
        }
    }
}

/// What is known about every context key.
#[derive(Clone, Debug)]
pub struct KnownContext {
    keys: BTreeMap<ContextKey, KeyFact>,
    /// The fact about each principal tag that `keys` does not contain.
    default_principal_tag: KeyFact,
    /// The fact about each claim of an identity provider that `keys` does not contain.
    default_claim: KeyFact,
    /// The fact about each other key that `keys` does not contain.
    default_fact: KeyFact,
    /// The facts under the alternative interpretation of an ambiguity.
    alternatives: Vec<(Ambiguity, ContextKey, KeyFact)>,
    /// The tags of the principal, by name without case. Names differ in more than the case of ASCII letters.
    folded_tags: BTreeMap<String, ContextKey>,
    /// Whether names of tags are equal that differ in the case of other letters.
    ignores_case_of_all_letters: bool,
    /// The owners of resources.
    directory: Arc<ResourceDirectory>,
    completeness: ContextCompleteness,
}

/// Whether the facts about a request that its action and resource settle are added to a known context.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum ContextCompleteness {
    /// They are.
    Partial,
    /// They are not: every key of the request is known.
    Complete,
}

/// The directory of a question without a snapshot.
static EMPTY_DIRECTORY: LazyLock<Arc<ResourceDirectory>> = LazyLock::new(Arc::default);

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
        let mut known = KnownContext::with_default(KeyFact::Free, ContextCompleteness::Partial);
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
        let mut known = KnownContext::with_default(KeyFact::Missing, ContextCompleteness::Complete);
        for (key, value) in &context.0 {
            let value = match value {
                ContextValue::Single(value) => KeyFact::Value(value.clone()),
                ContextValue::Set(values) => KeyFact::Set(values.clone()),
            };
            known.keys.insert(key.clone(), value);
        }
        known
    }

    fn with_default(default: KeyFact, completeness: ContextCompleteness) -> KnownContext {
        KnownContext {
            keys: BTreeMap::new(),
            default_principal_tag: default.clone(),
            default_claim: default.clone(),
            default_fact: default,
            alternatives: Vec::new(),
            folded_tags: BTreeMap::new(),
            ignores_case_of_all_letters: false,
            directory: Arc::clone(&EMPTY_DIRECTORY),
            completeness,
        }
    }

    /// The same facts, with the owners of resources that a snapshot knows.
    pub fn with_directory(mut self, directory: &Arc<ResourceDirectory>) -> KnownContext {
        self.directory = Arc::clone(directory);
        self
    }

    /// The owners of resources.
    pub fn directory(&self) -> &ResourceDirectory {
        &self.directory
    }

    /// Whether every key of the request is known, so that its action and resource settle nothing more.
    pub fn is_complete(&self) -> bool {
        self.completeness == ContextCompleteness::Complete
    }

    /// Sets the fact about a key, by the default and by the alternative interpretation of an ambiguity.
    pub fn set_ambiguous(&mut self, key: &str, known: KeyFact, ambiguity: Ambiguity, alternative: KeyFact) {
        self.set(key, known);
        self.add_alternative(key, ambiguity, alternative);
    }

    /// Adds the fact about a key by the alternative interpretation of an ambiguity.
    pub(super) fn add_alternative(&mut self, key: &str, ambiguity: Ambiguity, alternative: KeyFact) {
        self.alternatives.push((ambiguity, ContextKey::new(key), alternative));
    }

    /// Whether the fact about a key depends on an ambiguity.
    pub fn is_ambiguous(&self, key: &ContextKey, ambiguity: Ambiguity) -> bool {
        (ambiguity == Ambiguity::TagKeyCase && self.find_folded_tag(key).is_some())
            || self.alternatives.iter().any(|(other, ambiguous, _)| *other == ambiguity && ambiguous == key)
    }

    /// Whether the fact about a key depends on any ambiguity.
    pub(crate) fn has_alternative(&self, key: &ContextKey) -> bool {
        self.find_folded_tag(key).is_some() || self.alternatives.iter().any(|(_, ambiguous, _)| ambiguous == key)
    }

    /// The tag whose name differs from that of a key only in the case of letters, some of them outside of ASCII.
    fn find_folded_tag(&self, key: &ContextKey) -> Option<&ContextKey> {
        let tag = key.lower().strip_prefix(PRINCIPAL_TAG).filter(|_| !self.folded_tags.is_empty())?;
        self.folded_tags.get(&fold_case(tag)).filter(|folded| *folded != key && !self.keys.contains_key(key))
    }

    /// Whether a request has the facts of the alternative interpretation of an ambiguity.
    pub fn allows_under(&self, ambiguity: Ambiguity, context: &Context) -> bool {
        let facts = self.alternatives.iter().filter(|(other, ..)| *other == ambiguity);
        facts.into_iter().all(|(_, key, fact)| fact.is_consistent(context.get(key)))
    }

    /// The facts under an interpretation. None if they are the same. `compares_empty`: whether a condition compares a key
    /// with an empty string.
    pub fn under(
        &self,
        interpretation: Interpretation,
        compares_empty: &dyn Fn(&ContextKey) -> bool,
    ) -> Option<KnownContext> {
        let mut adapted = None;
        for (ambiguity, key, fact) in &self.alternatives {
            if interpretation.is_alternative(*ambiguity) {
                adapted.get_or_insert_with(|| self.clone()).keys.insert(key.clone(), fact.clone());
            }
        }
        if interpretation.is_alternative(Ambiguity::TagKeyCase) && !self.folded_tags.is_empty() {
            adapted.get_or_insert_with(|| self.clone()).ignores_case_of_all_letters = true;
        }
        if interpretation.is_alternative(Ambiguity::EmptySetNull) {
            let mut missing = adapted.unwrap_or_else(|| self.clone());
            let is_missing = |(key, known): &(&ContextKey, &mut KeyFact)| {
                known.is_empty() && !(matches!(known, KeyFact::Value(_)) && compares_empty(key))
            };
            missing.keys.iter_mut().filter(is_missing).for_each(|(_, known)| *known = KeyFact::Missing);
            adapted = Some(missing);
        }
        adapted
    }

    /// Whether the value of a key is known and empty, so that the key may count as missing.
    pub fn is_known_empty(&self, key: &ContextKey) -> bool {
        self.keys.get(key).is_some_and(KeyFact::is_empty)
    }

    /// The fact about a key, ignoring case.
    pub fn fact(&self, key: &ContextKey) -> KeyFact {
        let folded = self.find_folded_tag(key).filter(|_| self.ignores_case_of_all_letters);
        match self.keys.get(folded.unwrap_or(key)) {
            Some(known) => known.clone(),
            None if key.lower().starts_with(PRINCIPAL_TAG) => self.default_principal_tag.clone(),
            None if is_provider_claim(key) => self.default_claim.clone(),
            None => self.default_fact.clone(),
        }
    }

    /// The facts about individual keys.
    pub fn facts(&self) -> impl Iterator<Item = (&ContextKey, &KeyFact)> {
        self.keys.iter()
    }

    /// Sets the fact about a key. It holds in every interpretation.
    pub fn set(&mut self, key: &str, known: KeyFact) {
        let key = ContextKey::new(key);
        self.alternatives.retain(|(_, ambiguous, _)| *ambiguous != key);
        self.keys.insert(key, known);
    }

    /// Sets the time of the requests: a day, and all later ones. What a statement allows from next week on is not hidden
    /// until then, and nobody holds an expired grant.
    pub fn set_day(&mut self, day: Date) {
        CLOCK_KEYS.iter().for_each(|key| self.set(key, KeyFact::NotBefore(find_day_start(day))));
    }

    /// Sets the fact about every claim of an identity provider.
    pub fn set_provider_claims(&mut self, known: KeyFact) {
        self.keys.retain(|key, _| !is_provider_claim(key));
        self.default_claim = known;
    }

    /// Sets the fact about every tag of the principal.
    pub fn set_all_principal_tags(&mut self, known: KeyFact) {
        self.keys.retain(|key, _| !key.lower().starts_with(PRINCIPAL_TAG));
        self.default_principal_tag = known;
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
            self.folded_tags.insert(fold_case(name), key.clone());
            self.keys.insert(key, known);
        }
    }
}

/// A name without case. AWS compares the keys of conditions without case, and does not say what that means for letters
/// outside of ASCII, such as the Kelvin sign.
fn fold_case(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

/// Whether a key is a claim of an identity provider: `oidc.example.com:sub`, and the keys of SAML and AWS's own providers.
pub(super) fn is_provider_claim(key: &ContextKey) -> bool {
    key.lower().split_once(':').is_some_and(|(provider, _)| provider.contains('.') || provider == "saml")
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
