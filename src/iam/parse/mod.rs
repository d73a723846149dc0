//! Reading a document out of JSON, with every mistake reported where it stands.

mod conditions;
mod elements;

use std::sync::Arc;

use super::document::{DocumentKind, Effect, Listing, PolicyDocument, Statement, Version};
use crate::source::json::{Member, Node, Value};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const DOCUMENT_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The text of a document that was a string: URL-encoded (RFC 3986) as most IAM calls return it, or plain.
/// JSON starts with a brace, its encoded form with a percent sign: a `%` inside plain JSON is left alone.
pub(super) fn decode(source: &Arc<SourceFile>, span: Span, text: &str) -> Result<String, Diagnostics> {
    if !text.trim_start().starts_with('%') {
        return Ok(text.to_owned());
    }
    percent_encoding::percent_decode_str(text).decode_utf8().map(|t| t.into_owned()).map_err(|_| {
        Diagnostic::error(source, span, "the URL-encoded document is not UTF-8", "a URL-encoded policy document").into()
    })
}

pub(super) fn document(
    source: &Arc<SourceFile>,
    node: &Node,
    kind: DocumentKind,
) -> Result<PolicyDocument, Diagnostics> {
    let mut reader = Reader { source, kind, version: Version::V2008, problems: Vec::new() };
    let statements = reader.document(node);
    if reader.problems.is_empty() {
        Ok(PolicyDocument::new(reader.version, statements, source, node.span))
    } else {
        Err(Diagnostics(reader.problems))
    }
}

struct Reader<'a> {
    source: &'a Arc<SourceFile>,
    kind: DocumentKind,
    version: Version,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Diagnostic::error(self.source, span, message, expected));
    }

    fn unknown(&mut self, member: &Member, holder: &str, known: &[&str]) {
        self.problems.push(
            Diagnostic::error(
                self.source,
                member.name_span,
                format!("unknown element `{}` in a {holder}", member.name),
                format!("one of {}", known.join(", ")),
            )
            .with_suggestion(&member.name, known.iter().copied()),
        );
    }

    fn document(&mut self, node: &Node) -> Vec<Statement> {
        if !matches!(node.value, Value::Object(_)) {
            self.error(node.span, format!("a policy document cannot be {}", node.kind()), "an object");
            return Vec::new();
        }
        for member in node.members() {
            if !DOCUMENT_ELEMENTS.contains(&&*member.name) {
                self.unknown(member, "policy document", &DOCUMENT_ELEMENTS);
            }
        }
        if let Some(version) = node.get("Version") {
            match version.as_str() {
                Some("2008-10-17") => {}
                Some("2012-10-17") => self.version = Version::V2012,
                Some(other) => self.error(
                    version.span,
                    format!("unknown policy version `{other}`"),
                    "\"2012-10-17\" or \"2008-10-17\"",
                ),
                None => self.error(version.span, format!("`Version` cannot be {}", version.kind()), "\"2012-10-17\""),
            }
        }
        if let Some(id) = node.get("Id")
            && id.as_str().is_none()
        {
            self.error(id.span, format!("`Id` cannot be {}", id.kind()), "a string");
        }
        match node.get("Statement") {
            None => {
                self.error(
                    node.span,
                    "the policy document has no `Statement`",
                    "a `Statement` with one statement or a list",
                );
                Vec::new()
            }
            Some(Node { value: Value::Array(list), .. }) => {
                list.iter().enumerate().filter_map(|(i, n)| self.statement(i, n)).collect()
            }
            Some(single) => self.statement(0, single).into_iter().collect(),
        }
    }

    fn statement(&mut self, index: usize, node: &Node) -> Option<Statement> {
        if !matches!(node.value, Value::Object(_)) {
            self.error(node.span, format!("a statement cannot be {}", node.kind()), "an object");
            return None;
        }
        for member in node.members() {
            if !STATEMENT_ELEMENTS.contains(&&*member.name) {
                self.unknown(member, "statement", &STATEMENT_ELEMENTS);
            }
        }
        let sid = match node.get("Sid") {
            None => None,
            Some(sid) => match sid.as_str() {
                Some(text) => (!text.is_empty()).then(|| text.into()),
                None => {
                    self.error(sid.span, format!("`Sid` cannot be {}", sid.kind()), "a string");
                    None
                }
            },
        };
        let effect = match node.get("Effect") {
            Some(effect) => match effect.as_str() {
                Some("Allow") => Some(Effect::Allow),
                Some("Deny") => Some(Effect::Deny),
                Some(other) => {
                    self.error(effect.span, format!("unknown effect `{other}`"), "\"Allow\" or \"Deny\"");
                    None
                }
                None => {
                    self.error(effect.span, format!("`Effect` cannot be {}", effect.kind()), "\"Allow\" or \"Deny\"");
                    None
                }
            },
            None => {
                self.error(node.span, "the statement has no `Effect`", "`Effect`: \"Allow\" or \"Deny\"");
                None
            }
        };
        let principal = self.principal(node, effect);
        let action = self.action(node);
        let resource = self.resource(node);
        let conditions = node.get("Condition").map(|c| self.conditions(c)).unwrap_or_default();
        Some(Statement {
            index,
            sid,
            effect: effect?,
            principal,
            action: action?,
            resource,
            conditions,
            span: node.span,
        })
    }

    /// The one of an element and its `Not…` twin that a statement has.
    fn one_of<'n>(&mut self, node: &'n Node, name: &str, not_name: &str) -> Option<(Listing, &'n Node)> {
        match (node.get(name), node.get(not_name)) {
            (Some(_), Some(second)) => {
                self.error(second.span, format!("the statement has both `{name}` and `{not_name}`"), "one of the two");
                None
            }
            (Some(only), None) => Some((Listing::Only, only)),
            (None, Some(all_but)) => Some((Listing::AllBut, all_but)),
            (None, None) => None,
        }
    }

    /// A string, or a list of strings that is not empty.
    fn strings<'n>(&mut self, node: &'n Node, element: &str) -> Vec<(&'n str, Span)> {
        match &node.value {
            Value::String(text) => vec![(text, node.span)],
            Value::Array(list) if list.is_empty() => {
                self.error(node.span, format!("`{element}` is an empty list"), "at least one string");
                Vec::new()
            }
            Value::Array(list) => {
                let mut texts = Vec::with_capacity(list.len());
                for element_node in list {
                    match element_node.as_str() {
                        Some(text) => texts.push((text, element_node.span)),
                        None => self.error(
                            element_node.span,
                            format!("`{element}` cannot hold {}", element_node.kind()),
                            "a string",
                        ),
                    }
                }
                texts
            }
            _ => {
                self.error(
                    node.span,
                    format!("`{element}` cannot be {}", node.kind()),
                    "a string or a list of strings",
                );
                Vec::new()
            }
        }
    }
}
