//! Actions as a person would write them, in lists that many findings share.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::catalog::AccessLevel;

/// Patterns of actions, the most alarming first.
///
/// Where an administrator is held against a narrow ceiling there are thousands of them, and as many administrators
/// as there are have the same. So a list is serialised as its id alone: the JSON report has each list once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ActionList {
    id: String,
    patterns: Arc<[ActionPattern]>,
}

impl ActionList {
    /// Twelve hexadecimal digits, the same for equal lists.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl From<Vec<ActionPattern>> for ActionList {
    fn from(patterns: Vec<ActionPattern>) -> ActionList {
        let mut hasher = blake3::Hasher::new();
        for one in &patterns {
            // Each text goes in behind its length, so that no two lists run together into the same bytes.
            hasher.update(&(one.pattern.len() as u64).to_le_bytes());
            hasher.update(one.pattern.as_bytes());
            hasher.update(&(one.count as u64).to_le_bytes());
        }
        let id = hasher.finalize().to_hex().chars().take(12).collect();
        ActionList { id, patterns: patterns.into() }
    }
}

impl std::ops::Deref for ActionList {
    type Target = [ActionPattern];

    fn deref(&self) -> &[ActionPattern] {
        &self.patterns
    }
}

impl Serialize for ActionList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.id)
    }
}

impl schemars::JsonSchema for ActionList {
    fn schema_name() -> Cow<'static, str> {
        "ActionListId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The id of a list of `action_lists`: twelve hexadecimal digits, the same for equal lists.",
            "type": "string",
            "pattern": "^[0-9a-f]{12}$",
        })
    }
}

/// Actions, as a person would write them.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ActionPattern {
    /// `ec2:Delete*`, or a name.
    pub pattern: String,
    /// How many actions it stands for.
    pub count: usize,
    /// How many there are of each access level.
    pub levels: BTreeMap<Level, usize>,
}

/// An access level, as AWS's reference gives it to an action.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Sees that resources exist.
    List,
    /// Reads contents or attributes.
    Read,
    /// Changes only tags.
    Tagging,
    /// Creates, changes or deletes.
    Write,
    /// Grants or changes permissions.
    PermissionsManagement,
    /// The catalog does not know the action.
    Unknown,
}

impl From<AccessLevel> for Level {
    fn from(level: AccessLevel) -> Level {
        match level {
            AccessLevel::List => Level::List,
            AccessLevel::Read => Level::Read,
            AccessLevel::Tagging => Level::Tagging,
            AccessLevel::Write => Level::Write,
            AccessLevel::PermissionsManagement => Level::PermissionsManagement,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(patterns: &[(&str, usize)]) -> ActionList {
        let one = |(pattern, count): &(&str, usize)| ActionPattern {
            pattern: (*pattern).to_owned(),
            count: *count,
            levels: BTreeMap::new(),
        };
        ActionList::from(patterns.iter().map(one).collect::<Vec<_>>())
    }

    #[test]
    fn equal_lists_have_the_same_id_and_others_have_not() {
        assert_eq!(list(&[("s3:Get*", 2), ("s3:X", 1)]).id(), list(&[("s3:Get*", 2), ("s3:X", 1)]).id());
        let others = [
            list(&[]),
            list(&[("s3:Get*", 3), ("s3:X", 1)]),
            list(&[("s3:X", 1), ("s3:Get*", 2)]),
            list(&[("s3:Get*", 2)]),
        ];
        for (i, one) in others.iter().enumerate() {
            assert_ne!(one.id(), list(&[("s3:Get*", 2), ("s3:X", 1)]).id());
            assert!(others.iter().skip(i + 1).all(|other| other.id() != one.id()));
        }
        assert_eq!(list(&[]).id().len(), 12);
    }
}
