//! Action patterns: `service:Name` with wildcards, case-insensitive.

use crate::base::glob::Glob;

/// A pattern of action names in lower case, for example `s3:get*`.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct ActionPattern {
    service: Box<str>,
    name: Box<str>,
    written: Box<str>,
    service_has_wildcards: bool,
    name_has_wildcards: bool,
    has_outer_space: bool,
}

impl ActionPattern {
    /// Parses a pattern, without surrounding white space. `*` alone matches every action. `None` if a colon, the
    /// service or the name is missing.
    pub fn parse(text: &str) -> Option<ActionPattern> {
        let written = text.trim();
        let lower = written.to_ascii_lowercase();
        let (service, name) = match lower.split_once(':') {
            Some((service, name)) if !service.is_empty() && !name.is_empty() => (service, name),
            None if !lower.is_empty() && lower.bytes().all(|b| b == b'*') => ("*", "*"),
            _ => return None,
        };
        let has_wildcards = |part: &str| part.contains(['*', '?']);
        Some(ActionPattern {
            service: service.into(),
            name: name.into(),
            written: written.into(),
            service_has_wildcards: has_wildcards(service),
            name_has_wildcards: has_wildcards(name),
            has_outer_space: written.len() < text.len(),
        })
    }

    /// The part before the colon, in lower case.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The part after the colon, in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The original text, without surrounding white space.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// Whether the pattern matches the action with this service prefix and name, both in lower case.
    pub fn matches(&self, service: &str, name: &str) -> bool {
        let part_matches = |pattern: &str, has_wildcards: bool, text: &str| match has_wildcards {
            true => Glob::new(pattern).matches(text),
            false => pattern == text,
        };
        part_matches(&self.service, self.service_has_wildcards, service)
            && part_matches(&self.name, self.name_has_wildcards, name)
    }

    /// Whether the pattern has no wildcards, so that it names one action.
    pub fn is_literal(&self) -> bool {
        !self.service_has_wildcards && !self.name_has_wildcards
    }

    /// Whether the part before the colon has wildcards.
    pub fn service_has_wildcards(&self) -> bool {
        self.service_has_wildcards
    }

    /// Whether white space surrounds the original text. Whether AWS ignores it is ambiguous.
    pub fn has_outer_space(&self) -> bool {
        self.has_outer_space
    }

    /// Whether the part after the colon has wildcards.
    pub fn name_has_wildcards(&self) -> bool {
        self.name_has_wildcards
    }
}
