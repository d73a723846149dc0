//! The `Action` and `Resource` elements of a statement.

use super::action_pattern::ActionPattern;
use super::template::Template;
use crate::base::glob::Glob;

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

impl ActionElement {
    /// Whether the element applies to an action, `service:Name` in any case.
    pub(crate) fn lists_action(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let matches = |pattern: &ActionPattern| {
            // `*` alone matches every action, and has no colon.
            (pattern.service(), pattern.name()) == ("*", "*")
                || Glob::new(&pattern.as_written().to_ascii_lowercase()).matches(&action)
        };
        self.patterns.iter().any(matches) == (self.kind == ElementKind::List)
    }
}
