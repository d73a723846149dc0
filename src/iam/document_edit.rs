//! Policy documents as JSON, to edit them: what a person writes, and how large it is.

use serde_json::{Value, json};

use super::policy_document::{DocumentKind, PolicyDocument};
use crate::source::{Diagnostics, SourceFile};

/// The name of documents that an edit writes.
const EDITED: &str = "edited document";

/// A document as it is written, with its statements as a list. `None` if the program built the document.
pub(crate) fn to_json(document: &PolicyDocument) -> Option<Value> {
    let mut written: Value = serde_json::from_str(document.source().slice(document.span())).ok()?;
    let statements = written.as_object_mut()?.get_mut("Statement")?;
    if !statements.is_array() {
        *statements = json!([statements.take()]);
    }
    Some(written)
}

/// A document that an edit has written.
///
/// # Errors
/// The document is not valid.
pub(crate) fn from_json(written: &Value, kind: DocumentKind) -> Result<PolicyDocument, Diagnostics> {
    PolicyDocument::parse(&SourceFile::new(EDITED, written.to_string()), kind)
}

/// A document of these statements.
pub(crate) fn build_document(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A document with other statements in place of one. `None` if it has no such statement.
pub(crate) fn replace_statement(document: &Value, index: usize, replacement: &[Value]) -> Option<Value> {
    let mut edited = document.clone();
    let statements = edited.get_mut("Statement")?.as_array_mut()?;
    if index >= statements.len() {
        return None;
    }
    statements.splice(index..=index, replacement.iter().cloned());
    Some(edited)
}

/// The number of statements of a document.
pub(crate) fn count_statements(document: &Value) -> usize {
    document.get("Statement").and_then(Value::as_array).map_or(0, Vec::len)
}

/// The size of a document without white space between its elements. White space inside a text is counted, so that the size is
/// never too small.
pub(crate) fn count_characters(document: &Value) -> usize {
    document.to_string().chars().count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_edited_as_it_is_written() {
        let text = r#"{ "Version": "2012-10-17", "Id": "x",
            "Statement": { "Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*" } }"#;
        let document = PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap();
        let written = to_json(&document).unwrap();
        assert_eq!(written["Id"], "x");
        assert_eq!(from_json(&written, DocumentKind::Identity).unwrap(), document);
        let deny = json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "*" });
        let edited = replace_statement(&written, 0, &[deny.clone(), deny]).unwrap();
        assert_eq!((count_statements(&written), count_statements(&edited)), (1, 2));
        assert!(replace_statement(&written, 1, &[]).is_none());
        // Without the white space of the text.
        assert_eq!(count_characters(&json!({ "a": [1, "b c"] })), r#"{"a":[1,"b c"]}"#.len());
    }
}
