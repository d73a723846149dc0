//! A concrete request: action, resource and context.

use std::collections::BTreeMap;

use crate::iam::ContextKey;

/// The value of one context key in a request.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum ContextValue {
    /// The value of a single-valued key.
    Single(String),
    /// The values of a multivalued key. The empty set is present, not missing.
    Set(Vec<String>),
}

impl ContextValue {
    /// All values.
    pub fn values(&self) -> &[String] {
        match self {
            ContextValue::Single(value) => std::slice::from_ref(value),
            ContextValue::Set(values) => values,
        }
    }
}

/// The complete request context. A key that it does not contain is missing.
#[derive(Clone, Debug, Default, Eq, PartialEq, Hash)]
pub struct Context(pub BTreeMap<ContextKey, ContextValue>);

impl Context {
    /// The value of a key, ignoring case. `None` if the key is missing.
    pub fn get(&self, key: &ContextKey) -> Option<&ContextValue> {
        self.0.get(key)
    }

    /// Sets a key to a single value.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(ContextKey::new(key), ContextValue::Single(value.into()));
    }
}

/// A request. The principal that makes it is part of [`super::Layers`].
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Request {
    /// `service:Name`, in any case.
    pub action: String,
    /// An ARN, or `*` for an action without resource types.
    pub resource: String,
    /// All context keys of the request.
    pub context: Context,
}
