//! The values of a variable with which a template matches a text.

use std::collections::BTreeSet;

use crate::base::glob::matches_glob;
use crate::iam::{ContextKey, Template, TemplatePart};

/// A variable of templates: its key, and the characters of its values.
#[derive(Clone, Copy)]
pub(crate) struct SoughtVariable<'v> {
    pub(crate) is_key: &'v dyn Fn(&ContextKey) -> bool,
    pub(crate) is_character: fn(char) -> bool,
}

impl SoughtVariable<'_> {
    /// Whether a template has the variable.
    pub(crate) fn is_in(&self, template: &Template) -> bool {
        template.parts().iter().any(|part| self.is_part(part))
    }

    /// Values with which a template matches a text: the shortest from each position.
    pub(crate) fn find_values(&self, template: &Template, text: &str) -> BTreeSet<String> {
        let before: Option<&str> = match template.parts() {
            [TemplatePart::Literal(before), part, ..] if self.is_part(part) => Some(before),
            [part, ..] if self.is_part(part) => Some(""),
            _ => None,
        };
        let positions: Vec<usize> = match before {
            Some(before) => text.strip_prefix(before).map(|_| before.len()).into_iter().collect(),
            None => text.char_indices().map(|(at, _)| at).collect(),
        };
        let find_from = |at: usize| {
            let rest = text.get(at..)?;
            let length = rest.find(|c: char| !(self.is_character)(c)).unwrap_or(rest.len());
            let candidates = (1..=length).filter_map(|end| rest.get(..end));
            candidates.into_iter().find(|value| matches_glob(&self.to_glob(template, value), text)).map(str::to_owned)
        };
        positions.into_iter().filter_map(find_from).collect()
    }

    /// A template as a glob, for one value of the variable. Other variables have any value.
    pub(crate) fn to_glob(self, template: &Template, value: &str) -> String {
        let part = |part: &TemplatePart| match part {
            part if self.is_part(part) => value.to_owned(),
            TemplatePart::Literal(text) => text.to_string(),
            TemplatePart::AnyString | TemplatePart::Variable { .. } => "*".to_owned(),
            TemplatePart::AnyChar => "?".to_owned(),
        };
        template.parts().iter().map(part).collect()
    }

    fn is_part(&self, part: &TemplatePart) -> bool {
        matches!(part, TemplatePart::Variable { key, .. } if (self.is_key)(key))
    }
}
