//! A policy document inside another file, as AWS returned it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::source::SourceFile;
use crate::source::json_tree::{self, JsonNode, JsonValue};

/// The maximum nesting depth of a document, far beyond what IAM accepts. Deeper documents are kept as strings, so that
/// they cannot make their file unreadable.
const MAX_NESTING: usize = 32;

/// A policy document: an object, or a string that contains one, plain or URL-encoded.
///
/// The text of an object is kept unchanged: numbers, order of members, escapes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmbeddedDocument(Box<RawValue>);

impl EmbeddedDocument {
    /// Decodes the text that AWS returned: URL-encoded (IAM), or plain (Organizations, services with resource
    /// policies).
    ///
    /// The text is decoded once, so a `%` in plain JSON stays a `%`. Text that is not a JSON object is kept as a
    /// string, so that an error is reported when the snapshot is read.
    pub fn decode(text: &str) -> EmbeddedDocument {
        let decoded = if text.trim_start().starts_with('%') {
            // Text that cannot be decoded is kept: reading the snapshot reports it as an invalid document.
            percent_encoding::percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned())
        } else {
            None
        };
        let plain = decoded.as_deref().unwrap_or(text);
        let is_object = json_tree::parse(&SourceFile::new("", plain))
            .is_ok_and(|node| matches!(node.value, JsonValue::Object(_)) && nesting_depth(&node) <= MAX_NESTING);
        let raw_text = if is_object { plain.trim().to_owned() } else { serde_json::Value::from(text).to_string() };
        EmbeddedDocument(RawValue::from_string(raw_text).expect("an object was parsed, a string was written"))
    }

    /// Its JSON.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }
}

fn nesting_depth(node: &JsonNode) -> usize {
    // A value is an object, a list, or has no children.
    let children = node.members().iter().map(|member| &member.value).chain(node.as_array().unwrap_or_default());
    1 + children.map(nesting_depth).max().unwrap_or(0)
}

impl PartialEq for EmbeddedDocument {
    /// Compares the text.
    fn eq(&self, other: &EmbeddedDocument) -> bool {
        self.as_json() == other.as_json()
    }
}

impl JsonSchema for EmbeddedDocument {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Document".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A policy document: an object, or a string that contains one, plain or URL-encoded.",
            "anyOf": [
                { "description": "The document.", "type": "object", "additionalProperties": true },
                { "description": "A string that contains it.", "type": "string" }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded_once_and_kept_unchanged() {
        for (text, json) in [
            (r#"{"a":"%41 é"}"#, r#"{"a":"%41 é"}"#),
            (" \n{\"a\": 1.50}\n", r#"{"a": 1.50}"#),
            ("%7B%22a%22%3A%22%2541%20%C3%A9%22%7D", r#"{"a":"%41 é"}"#),
            // Text that is not an object stays as it is, so that it is not decoded twice.
            ("%257B%257D", r#""%257B%257D""#),
            ("%FF", r#""%FF""#),
            (r#"{"a":1,"a":2}"#, r#""{\"a\":1,\"a\":2}""#),
            ("[]", r#""[]""#),
            ("", r#""""#),
            ("{", r#""{""#),
        ] {
            assert_eq!(EmbeddedDocument::decode(text).as_json(), json, "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
        assert!(EmbeddedDocument::decode(&deep).as_json().starts_with('"'));
    }
}
