//! Lists of actions as patterns. Many findings share a list.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Serialize;

use crate::catalog::AccessLevel;

/// Action patterns, the most severe first.
///
/// The excess of an administrator over a narrow ceiling has thousands of patterns, and every administrator has the same
/// ones. Therefore the list of a finding is shared, and a JSON report contains each list once.
#[derive(Clone, Eq, PartialEq)]
pub struct ActionList {
    id: String,
    patterns: Arc<[PatternCount]>,
    all_but: Option<Arc<[PatternCount]>>,
    tokens: Tokens,
}

/// The patterns as causes of fingerprints, ascending: computed once for all findings with the list.
#[derive(Clone, Default)]
struct Tokens(Arc<OnceLock<Box<[String]>>>);

/// The tokens follow from the patterns.
impl PartialEq for Tokens {
    fn eq(&self, _: &Tokens) -> bool {
        true
    }
}

impl Eq for Tokens {}

/// The id instead of the patterns: a list of thousands of them is no text to read or to compare.
impl fmt::Debug for ActionList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionList").field("id", &self.id).field("all_but", &self.all_but).finish()
    }
}

impl ActionList {
    /// Twelve hexadecimal digits. Equal lists have the same id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The patterns of the actions of the catalog that are not in the list, if these are far fewer than its own.
    pub(crate) fn all_but(&self) -> Option<&[PatternCount]> {
        self.all_but.as_deref()
    }

    /// Stable tokens of the patterns for fingerprints, ascending.
    pub(crate) fn tokens(&self) -> &[String] {
        self.tokens.0.get_or_init(|| {
            let to_token = |pattern: &PatternCount| format!("action {} {}", pattern.pattern, pattern.count);
            let mut tokens: Vec<String> = self.patterns.iter().map(to_token).collect();
            tokens.sort_unstable();
            tokens.into()
        })
    }

    /// The same list, with the patterns of the actions that are not in it.
    pub(crate) fn with_all_but(self, all_but: Option<Vec<PatternCount>>) -> ActionList {
        ActionList { all_but: all_but.map(Arc::from), ..self }
    }
}

impl From<Vec<PatternCount>> for ActionList {
    fn from(patterns: Vec<PatternCount>) -> ActionList {
        let mut hasher = blake3::Hasher::new();
        for pattern_count in &patterns {
            // A length before each text keeps different lists from producing the same bytes.
            hasher.update(&(pattern_count.pattern.len() as u64).to_le_bytes());
            hasher.update(pattern_count.pattern.as_bytes());
            hasher.update(&(pattern_count.count as u64).to_le_bytes());
        }
        let id = hasher.finalize().to_hex().chars().take(12).collect();
        ActionList { id, patterns: patterns.into(), all_but: None, tokens: Tokens::default() }
    }
}

impl std::ops::Deref for ActionList {
    type Target = [PatternCount];

    fn deref(&self) -> &[PatternCount] {
        &self.patterns
    }
}

/// Actions as a pattern.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PatternCount {
    /// `ec2:Delete*`, or the name of one action.
    pub pattern: String,
    /// The number of actions that it matches.
    pub count: usize,
    /// The number of actions of each access level.
    pub levels: BTreeMap<ActionAccessLevel, usize>,
}

/// The access level of an action (AWS: Service Authorization Reference).
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActionAccessLevel {
    /// Lists resources.
    List,
    /// Reads contents or attributes.
    Read,
    /// Changes tags only.
    Tagging,
    /// Creates, changes or deletes resources.
    Write,
    /// Grants or changes permissions.
    PermissionsManagement,
    /// The catalog does not have the action.
    Unknown,
}

impl From<AccessLevel> for ActionAccessLevel {
    fn from(level: AccessLevel) -> ActionAccessLevel {
        match level {
            AccessLevel::List => ActionAccessLevel::List,
            AccessLevel::Read => ActionAccessLevel::Read,
            AccessLevel::Tagging => ActionAccessLevel::Tagging,
            AccessLevel::Write => ActionAccessLevel::Write,
            AccessLevel::PermissionsManagement => ActionAccessLevel::PermissionsManagement,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(patterns: &[(&str, usize)]) -> ActionList {
        let to_pattern_count = |(pattern, count): &(&str, usize)| PatternCount {
            pattern: (*pattern).to_owned(),
            count: *count,
            levels: BTreeMap::new(),
        };
        ActionList::from(patterns.iter().map(to_pattern_count).collect::<Vec<_>>())
    }

    #[test]
    fn only_equal_lists_have_the_same_id() {
        assert_eq!(list(&[("s3:Get*", 2), ("s3:X", 1)]).id(), list(&[("s3:Get*", 2), ("s3:X", 1)]).id());
        let others = [
            list(&[]),
            list(&[("s3:Get*", 3), ("s3:X", 1)]),
            list(&[("s3:X", 1), ("s3:Get*", 2)]),
            list(&[("s3:Get*", 2)]),
        ];
        for (i, candidate) in others.iter().enumerate() {
            assert_ne!(candidate.id(), list(&[("s3:Get*", 2), ("s3:X", 1)]).id());
            assert!(others.iter().skip(i + 1).all(|other| other.id() != candidate.id()));
        }
        assert_eq!(list(&[]).id().len(), 12);
    }
}
