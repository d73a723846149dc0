//! Parses policy documents from JSON. All errors of a document are reported at once, each with its position.
//!
//! - `elements.rs`: `Principal`, `Action`, `Resource`.
//! - `condition_element.rs`: `Condition`.

mod condition_element;
mod elements;

use std::sync::Arc;

use super::condition::Condition;
use super::element::ElementKind;
use super::policy_document::{DocumentKind, Effect, PolicyDocument, Statement, Version};
use crate::source::json_tree::{self, JsonMember, JsonNode, JsonValue};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const DOCUMENT_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

impl PolicyDocument {
    /// Parses a file that contains one policy document.
    pub fn parse(source: &Arc<SourceFile>, kind: DocumentKind) -> Result<PolicyDocument, Diagnostics> {
        let node = json_tree::parse(source)?;
        PolicyDocument::from_node(source, &node, kind)
    }

    /// Parses a document inside a larger file: an object, or a string that contains one, plain or URL-encoded.
    pub fn from_node(
        source: &Arc<SourceFile>,
        node: &JsonNode,
        kind: DocumentKind,
    ) -> Result<PolicyDocument, Diagnostics> {
        match &node.value {
            JsonValue::String(text) => {
                let decoded = decode_document(source, node.span, text)?;
                let inner = SourceFile::from_embedded(source, node.span, decoded);
                let node = json_tree::parse(&inner)?;
                parse_document(&inner, &node, kind)
            }
            _ => parse_document(source, node, kind),
        }
    }
}

/// Parses a `Condition` element that is not part of a policy document, with the policy variables of `2012-10-17`.
pub fn parse_condition_element(source: &Arc<SourceFile>, node: &JsonNode) -> Result<Vec<Condition>, Diagnostics> {
    let mut parser =
        DocumentParser { source, kind: DocumentKind::Identity, version: Version::V2012, problems: Vec::new() };
    let conditions = parser.parse_conditions(node);
    if parser.problems.is_empty() { Ok(conditions) } else { Err(Diagnostics(parser.problems)) }
}

/// The text of a document in a string: URL-encoded (RFC 3986), as most IAM operations return it, or plain.
/// Encoded JSON starts with `%`. A `%` inside plain JSON is not decoded.
fn decode_document(source: &Arc<SourceFile>, span: Span, text: &str) -> Result<String, Diagnostics> {
    if !text.trim_start().starts_with('%') {
        return Ok(text.to_owned());
    }
    percent_encoding::percent_decode_str(text).decode_utf8().map(|t| t.into_owned()).map_err(|_| {
        Diagnostic::error(source, span, "the URL-encoded document is not UTF-8", "a URL-encoded policy document").into()
    })
}

fn parse_document(
    source: &Arc<SourceFile>,
    node: &JsonNode,
    kind: DocumentKind,
) -> Result<PolicyDocument, Diagnostics> {
    let mut parser = DocumentParser { source, kind, version: Version::V2008, problems: Vec::new() };
    let statements = parser.parse_document(node);
    if parser.problems.is_empty() {
        Ok(PolicyDocument::new(parser.version, statements, source, node.span))
    } else {
        Err(Diagnostics(parser.problems))
    }
}

struct DocumentParser<'a> {
    source: &'a Arc<SourceFile>,
    kind: DocumentKind,
    version: Version,
    problems: Vec<Diagnostic>,
}

impl DocumentParser<'_> {
    fn report_error(&mut self, span: Span, message: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Diagnostic::error(self.source, span, message, expected));
    }

    fn report_unknown_element(&mut self, member: &JsonMember, description: &str, known: &[&str]) {
        self.problems.push(
            Diagnostic::error(
                self.source,
                member.name_span,
                format!("unknown element `{}` in a {description}", member.name),
                format!("one of {}", known.join(", ")),
            )
            .with_suggestion(&member.name, known.iter().copied()),
        );
    }

    fn parse_document(&mut self, node: &JsonNode) -> Vec<Statement> {
        if !matches!(node.value, JsonValue::Object(_)) {
            self.report_error(node.span, format!("a policy document cannot be {}", node.describe_type()), "an object");
            return Vec::new();
        }
        for member in node.members() {
            if !DOCUMENT_ELEMENTS.contains(&&*member.name) {
                self.report_unknown_element(member, "policy document", &DOCUMENT_ELEMENTS);
            }
        }
        self.parse_version(node);
        if let Some(id) = node.get("Id")
            && id.as_str().is_none()
        {
            self.report_error(id.span, format!("`Id` cannot be {}", id.describe_type()), "a string");
        }
        match node.get("Statement") {
            None => {
                self.report_error(
                    node.span,
                    "the policy document has no `Statement`",
                    "a `Statement` with one statement or a list",
                );
                Vec::new()
            }
            Some(JsonNode { value: JsonValue::Array(list), .. }) => {
                list.iter().enumerate().filter_map(|(i, n)| self.parse_statement(i, n)).collect()
            }
            Some(single) => self.parse_statement(0, single).into_iter().collect(),
        }
    }

    fn parse_statement(&mut self, index: usize, node: &JsonNode) -> Option<Statement> {
        if !matches!(node.value, JsonValue::Object(_)) {
            self.report_error(node.span, format!("a statement cannot be {}", node.describe_type()), "an object");
            return None;
        }
        for member in node.members() {
            if !STATEMENT_ELEMENTS.contains(&&*member.name) {
                self.report_unknown_element(member, "statement", &STATEMENT_ELEMENTS);
            }
        }
        let sid = self.parse_sid(node);
        let effect = self.parse_effect(node);
        let principal = self.parse_principal(node, effect);
        let action = self.parse_action(node);
        let resource = self.parse_resource(node);
        // A statement without `Condition` has no condition. An invalid one is an error of the document.
        let conditions = node.get("Condition").map(|c| self.parse_conditions(c)).unwrap_or_default();
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

    fn parse_version(&mut self, node: &JsonNode) {
        if let Some(version) = node.get("Version") {
            match version.as_str() {
                Some("2008-10-17") => {}
                Some("2012-10-17") => self.version = Version::V2012,
                Some(unknown) => self.report_error(
                    version.span,
                    format!("unknown policy version `{unknown}`"),
                    "\"2012-10-17\" or \"2008-10-17\"",
                ),
                None => self.report_error(
                    version.span,
                    format!("`Version` cannot be {}", version.describe_type()),
                    "\"2012-10-17\"",
                ),
            }
        }
    }

    fn parse_sid(&mut self, node: &JsonNode) -> Option<Box<str>> {
        match node.get("Sid") {
            None => None,
            Some(sid) => match sid.as_str() {
                Some(text) => (!text.is_empty()).then(|| text.into()),
                None => {
                    self.report_error(sid.span, format!("`Sid` cannot be {}", sid.describe_type()), "a string");
                    None
                }
            },
        }
    }

    fn parse_effect(&mut self, node: &JsonNode) -> Option<Effect> {
        match node.get("Effect") {
            Some(effect) => match effect.as_str() {
                Some("Allow") => Some(Effect::Allow),
                Some("Deny") => Some(Effect::Deny),
                Some(unknown) => {
                    self.report_error(effect.span, format!("unknown effect `{unknown}`"), "\"Allow\" or \"Deny\"");
                    None
                }
                None => {
                    self.report_error(
                        effect.span,
                        format!("`Effect` cannot be {}", effect.describe_type()),
                        "\"Allow\" or \"Deny\"",
                    );
                    None
                }
            },
            None => {
                self.report_error(node.span, "the statement has no `Effect`", "`Effect`: \"Allow\" or \"Deny\"");
                None
            }
        }
    }

    /// The element of a statement, in its plain or its `Not…` form. `None` if it has neither or both.
    fn find_element<'n>(
        &mut self,
        node: &'n JsonNode,
        name: &str,
        not_name: &str,
    ) -> Option<(ElementKind, &'n JsonNode)> {
        match (node.get(name), node.get(not_name)) {
            (Some(_), Some(second)) => {
                self.report_error(
                    second.span,
                    format!("the statement has both `{name}` and `{not_name}`"),
                    "one of the two",
                );
                None
            }
            (Some(element), None) => Some((ElementKind::List, element)),
            (None, Some(element)) => Some((ElementKind::NotList, element)),
            (None, None) => None,
        }
    }

    /// A string, or a nonempty list of strings.
    fn parse_strings<'n>(&mut self, node: &'n JsonNode, element: &str) -> Vec<(&'n str, Span)> {
        match &node.value {
            JsonValue::String(text) => vec![(text, node.span)],
            JsonValue::Array(list) if list.is_empty() => {
                self.report_error(node.span, format!("`{element}` is an empty list"), "at least one string");
                Vec::new()
            }
            JsonValue::Array(list) => {
                let mut texts = Vec::with_capacity(list.len());
                for element_node in list {
                    match element_node.as_str() {
                        Some(text) => texts.push((text, element_node.span)),
                        None => self.report_error(
                            element_node.span,
                            format!("`{element}` cannot hold {}", element_node.describe_type()),
                            "a string",
                        ),
                    }
                }
                texts
            }
            _ => {
                self.report_error(
                    node.span,
                    format!("`{element}` cannot be {}", node.describe_type()),
                    "a string or a list of strings",
                );
                Vec::new()
            }
        }
    }
}
