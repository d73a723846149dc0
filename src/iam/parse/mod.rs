//! Parses policy documents from JSON. All errors of a document are reported at once, each with its position.
//!
//! - `elements.rs`: `Principal`, `Action`, `Resource`.
//! - `condition_element.rs`: `Condition`.

mod condition_element;
mod elements;

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::condition::Condition;
use super::element::ElementKind;
use super::policy_document::{DocumentKind, Effect, PolicyDocument, Statement, Version};
use crate::source::json_tree::{self, JsonMember, JsonNode, JsonValue};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

/// The maximum number of statements of a document. A document at AWS's quotas has fewer than 1,000.
const MAX_STATEMENTS: usize = 20_000;
/// The maximum number of actions, resources, principals and condition values of a document.
const MAX_ENTRIES: usize = 200_000;
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
                let (inner, node) = parse_embedded(source, node.span, text)?;
                parse_document(&inner, &node, kind).into_result()
            }
            _ => parse_document(source, node, kind).into_result(),
        }
    }

    /// The kind of a document of its own, whose use is not known: a trust policy, whose statements have principals and no
    /// resources, or an identity policy.
    pub fn detect_kind(source: &Arc<SourceFile>, node: &JsonNode) -> DocumentKind {
        let embedded = node.as_str().and_then(|text| parse_embedded(source, node.span, text).ok());
        let document = embedded.as_ref().map_or(node, |(_, node)| node);
        let statements = match document.get("Statement") {
            Some(JsonNode { value: JsonValue::Array(list), .. }) => list.as_slice(),
            Some(single) => std::slice::from_ref(single),
            None => &[],
        };
        let has_any = |names: [&str; 2]| {
            statements.iter().any(|statement| names.iter().any(|name| statement.get(name).is_some()))
        };
        match has_any(["Principal", "NotPrincipal"]) && !has_any(["Resource", "NotResource"]) {
            true => DocumentKind::Trust,
            false => DocumentKind::Identity,
        }
    }

    /// The statements of an invalid document that are valid, each at its position. An empty statement, which matches no
    /// request, takes the place of each of the others. `None` if nothing of the document can be read.
    pub fn readable_part(source: &Arc<SourceFile>, node: &JsonNode, kind: DocumentKind) -> Option<PolicyDocument> {
        match &node.value {
            JsonValue::String(text) => {
                let (inner, node) = parse_embedded(source, node.span, text).ok()?;
                parse_document(&inner, &node, kind).into_readable_part()
            }
            _ => parse_document(source, node, kind).into_readable_part(),
        }
    }
}

/// The text and the tree of a document in a string.
fn parse_embedded(
    source: &Arc<SourceFile>,
    span: Span,
    text: &str,
) -> Result<(Arc<SourceFile>, JsonNode), Diagnostics> {
    let decoded = decode_document(source, span, text)?;
    let inner = SourceFile::from_embedded(source, span, decoded);
    // The parser reports duplicate keys itself, so that they concern one statement.
    let (node, _) = json_tree::parse_with_duplicates(&inner)?;
    Ok((inner, node))
}

/// Parses a `Condition` element that is not part of a policy document, with the policy variables of `2012-10-17`.
pub fn parse_condition_element(source: &Arc<SourceFile>, node: &JsonNode) -> Result<Vec<Condition>, Diagnostics> {
    let mut parser = DocumentParser::new(source, DocumentKind::Identity);
    parser.version = Version::V2012;
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
) -> ParsedDocument {
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
