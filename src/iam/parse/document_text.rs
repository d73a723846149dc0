//! Policy documents as AWS returns them: a JSON object, or a string that contains one, plain or URL-encoded.

use std::sync::Arc;

use super::parse_document;
use crate::iam::policy_document::{DocumentKind, PolicyDocument};
use crate::source::json_tree::{self, JsonNode, JsonValue};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

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
