//! The `Action` and `Resource` elements of a statement.

use super::action_pattern::ActionPattern;
use super::template::Template;

/// Whether an element lists what it matches, or what it does not match (`NotAction`, …).
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum ElementKind {
    /// The element matches what it lists.
    List,
    /// The element matches everything except what it lists.
    NotList,
}

/// An `Action` or `NotAction` element.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct ActionElement {
    /// Whether it is the plain or the `Not…` form.
    pub kind: ElementKind,
    /// The patterns, in order.
    pub patterns: Vec<ActionPattern>,
}

impl ActionElement {
    /// Whether the statement applies to an action such as `sts:AssumeRole`, in any letter case: `Action` has a pattern
    /// that matches it, or `NotAction` has none.
    pub fn lists_action(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        // INVARIANT: the name of an action has a colon.
        let (service, name) = action.split_once(':').unwrap_or((&action, ""));
        let is_listed = self.patterns.iter().any(|pattern| pattern.matches(service, name));
        is_listed == (self.kind == ElementKind::List)
    }
}

/// A `Resource` or `NotResource` element.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct ResourceElement {
    /// Whether it is the plain or the `Not…` form.
    pub kind: ElementKind,
    /// The patterns, in order.
    pub patterns: Vec<Template>,
}
