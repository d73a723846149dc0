//! The `Action` and `Resource` elements of a statement.

use super::action_pattern::ActionPattern;
use super::template::Template;

/// Whether an element lists what it means, or what it does not mean (`NotAction`, …).
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum ElementKind {
    /// What is listed.
    List,
    /// All but what is listed.
    NotList,
}

/// `Action`/`NotAction`.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct ActionElement {
    /// Which of the two.
    pub kind: ElementKind,
    /// The patterns, in order.
    pub patterns: Vec<ActionPattern>,
}

/// `Resource`/`NotResource`.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct ResourceElement {
    /// Which of the two.
    pub kind: ElementKind,
    /// The patterns, in order.
    pub patterns: Vec<Template>,
}
