//! The name of a condition context key.

use std::fmt;
use std::hash::{Hash, Hasher};

/// A context key; its case does not matter.
#[derive(Clone, Debug)]
pub struct ContextKey {
    written: Box<str>,
    lower: Box<str>,
}

impl ContextKey {
    /// A key by its name in any case.
    pub fn new(name: &str) -> ContextKey {
        ContextKey { written: name.into(), lower: name.to_ascii_lowercase().into() }
    }

    /// The name as it was written.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The name in lower case, by which keys are compared.
    pub fn lower(&self) -> &str {
        &self.lower
    }
}

impl PartialEq for ContextKey {
    fn eq(&self, other: &ContextKey) -> bool {
        self.lower == other.lower
    }
}

impl Eq for ContextKey {}

impl PartialOrd for ContextKey {
    fn partial_cmp(&self, other: &ContextKey) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ContextKey {
    fn cmp(&self, other: &ContextKey) -> std::cmp::Ordering {
        self.lower.cmp(&other.lower)
    }
}

impl Hash for ContextKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lower.hash(state);
    }
}

impl fmt::Display for ContextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}
