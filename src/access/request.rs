//! A concrete request: what is asked, of what, in which context.

use std::collections::BTreeMap;

use crate::iam::ContextKey;

/// The values of one context key in a request.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum ContextValue {
    /// The value of a single-valued key.
    Single(String),
    /// The values of a multi-valued key; the empty set is present, not missing.
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

/// The request context, whole: a key that is not in it is missing.
#[derive(Clone, Debug, Default, Eq, PartialEq, Hash)]
pub struct Context(pub BTreeMap<ContextKey, ContextValue>);

impl Context {
    /// The value of a key in any case; none where it is missing.
    pub fn get(&self, key: &ContextKey) -> Option<&ContextValue> {
        self.0.get(key)
    }

    /// Sets a single-valued key.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(ContextKey::new(key), ContextValue::Single(value.into()));
    }
}

/// What a principal asks for. The principal itself stands in its [`super::Layers`].
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Request {
    /// `service:Name`, in any case.
    pub action: String,
    /// An ARN, or `*` for an action that names no resource.
    pub resource: String,
    /// All context keys of the request.
    pub context: Context,
}
