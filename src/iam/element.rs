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

/// A `Resource` or `NotResource` element.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct ResourceElement {
    /// Whether it is the plain or the `Not…` form.
    pub kind: ElementKind,
    /// The patterns, in order.
    pub patterns: Vec<Template>,
}
