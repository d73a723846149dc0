//! Parses policy documents from JSON. All errors of a document are reported at once, each with its position.
//!
//! - `document_text.rs`: documents as objects and as strings.
//! - `elements.rs`: `Principal`, `Action`, `Resource`.
//! - `condition_element.rs`: `Condition`.

mod condition_element;
mod document_text;
mod elements;

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::condition::Condition;
use super::element::ElementKind;
use super::policy_document::{DocumentKind, Effect, PolicyDocument, Statement, Version};
use crate::source::json_tree::{JsonMember, JsonNode, JsonValue};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

/// The maximum number of statements of a document. A document at AWS's quotas has fewer than 1,000.
const MAX_STATEMENTS: usize = 20_000;
/// The maximum number of actions, resources, principals and condition values of a document.
const MAX_ENTRIES: usize = 200_000;
const DOCUMENT_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// Parses a `Condition` element that is not part of a policy document, with the policy variables of `2012-10-17`.
pub fn parse_condition_element(source: &Arc<SourceFile>, node: &JsonNode) -> Result<Vec<Condition>, Diagnostics> {
    let mut parser = DocumentParser::new(source, DocumentKind::Identity);
    parser.version = Version::V2012;
    let conditions = parser.parse_conditions(node);
    if parser.problems.is_empty() { Ok(conditions) } else { Err(Diagnostics(parser.problems)) }
}

fn parse_document(source: &Arc<SourceFile>, node: &JsonNode, kind: DocumentKind) -> ParsedDocument {
    let mut parser = DocumentParser::new(source, kind);
    let statements = parser.parse_document(node);
    ParsedDocument {
        document: PolicyDocument::new(parser.version, statements, source, node.span),
        problems: parser.problems,
        readable_statements: parser.readable_statements,
        is_unreadable: parser.is_unreadable,
    }
}

/// A document with its errors.
struct ParsedDocument {
    document: PolicyDocument,
    problems: Vec<Diagnostic>,
    readable_statements: usize,
    is_unreadable: bool,
}

impl ParsedDocument {
    fn into_result(self) -> Result<PolicyDocument, Diagnostics> {
        if self.problems.is_empty() { Ok(self.document) } else { Err(Diagnostics(self.problems)) }
    }

    fn into_readable_part(self) -> Option<PolicyDocument> {
        (!self.is_unreadable && self.readable_statements > 0).then_some(self.document)
    }
}

struct DocumentParser<'a> {
    source: &'a Arc<SourceFile>,
    kind: DocumentKind,
    version: Version,
    problems: Vec<Diagnostic>,
    /// The number of statements without an error.
    readable_statements: usize,
    /// Whether an error outside of the statements leaves their meaning open.
    is_unreadable: bool,
    /// The number of actions, resources, principals and condition values so far.
    entries: usize,
}

impl<'a> DocumentParser<'a> {
    fn new(source: &'a Arc<SourceFile>, kind: DocumentKind) -> DocumentParser<'a> {
        DocumentParser {
            source,
            kind,
            version: Version::V2008,
            problems: Vec::new(),
            readable_statements: 0,
            is_unreadable: false,
            entries: 0,
        }
    }
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
        let has_duplicates = self.report_duplicate_members(node);
        self.is_unreadable |= has_duplicates;
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
            Some(JsonNode { value: JsonValue::Array(list), span }) => self.parse_statements(list, *span),
            Some(single) => self.parse_statements(std::slice::from_ref(single), single.span),
        }
    }

    /// The statements, with an empty statement in place of each that has an error.
    fn parse_statements(&mut self, list: &[JsonNode], span: Span) -> Vec<Statement> {
        if list.len() > MAX_STATEMENTS {
            self.is_unreadable = true;
            let message = format!("the policy document has {} statements", list.len());
            self.report_error(span, message, format!("at most {MAX_STATEMENTS}"));
            return Vec::new();
        }
        let mut statements = Vec::with_capacity(list.len());
        for (index, node) in list.iter().enumerate() {
            let before = self.problems.len();
            let statement = self.parse_statement(index, node);
            statements.push(match statement.filter(|_| self.problems.len() == before) {
                Some(statement) => {
                    self.readable_statements += 1;
                    statement
                }
                None => Statement::empty(index, node.span),
            });
            if self.entries > MAX_ENTRIES {
                self.is_unreadable = true;
                let message = format!("the policy document has more than {MAX_ENTRIES} entries");
                self.report_error(node.span, message, "fewer actions, resources, principals and condition values");
                break;
            }
        }
        statements
    }

    /// Reports the names that occur twice in an object. Parsers disagree about which member counts.
    fn report_duplicate_members(&mut self, node: &JsonNode) -> bool {
        let before = self.problems.len();
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        for member in node.members() {
            if !seen.insert(&member.name) {
                let message = format!("duplicate key \"{}\" in an object", member.name);
                self.report_error(member.name_span, message, "each key once");
            }
        }
        self.problems.len() > before
    }

    fn parse_statement(&mut self, index: usize, node: &JsonNode) -> Option<Statement> {
        if !matches!(node.value, JsonValue::Object(_)) {
            self.report_error(node.span, format!("a statement cannot be {}", node.describe_type()), "an object");
            return None;
        }
        self.report_duplicate_members(node);
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
            // The version decides whether `${` begins a policy variable.
            self.is_unreadable |= !matches!(version.as_str(), Some("2008-10-17" | "2012-10-17"));
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
                self.entries += list.len();
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
