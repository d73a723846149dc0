//! The `Action` and `Resource` elements of a statement.

use super::action_pattern::ActionPattern;
use super::interpretation::{Ambiguity, Interpretation};
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
    /// The element without the patterns that match nothing in an interpretation. None if all may match.
    pub(crate) fn under(&self, interpretation: Interpretation) -> Option<ActionElement> {
        let is_alternative = interpretation.is_alternative(Ambiguity::ActionWhiteSpace);
        (is_alternative && self.patterns.iter().any(ActionPattern::has_outer_space)).then(|| ActionElement {
            kind: self.kind,
            patterns: self.patterns.iter().filter(|pattern| !pattern.has_outer_space()).cloned().collect(),
        })
    }

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

impl ResourceElement {
    /// The patterns that can match a resource in an interpretation.
    pub(crate) fn patterns_under(&self, interpretation: Interpretation) -> impl Iterator<Item = &Template> {
        let is_alternative = interpretation.is_alternative(Ambiguity::ServiceWildcard);
        self.patterns.iter().filter(move |pattern| !(is_alternative && pattern.has_service_wildcard()))
    }
}
