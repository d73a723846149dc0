//! Parses JSON into a tree with positions.
//!
//! `serde_json` decides whether a text is JSON. `jsonc-parser`, in its strictest mode, then provides the byte ranges. A
//! duplicate key in an object is an error, since parsers disagree about which one applies. A file that contains policy
//! documents is read with [`parse_with_duplicates`], so that such a key concerns its document only.

use std::cell::Cell;
use std::sync::Arc;

use jsonc_parser::ast;
use rustc_hash::FxHashSet;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::file::{SourceFile, Span};

/// The maximum number of values in a text: strings, numbers, lists, objects. A value takes far more memory than text.
const MAX_VALUES: u64 = 40_000_000;
/// The number of lists and objects that can be nested in each other. `serde_json` stops at this depth.
const MAX_DEPTH: usize = 127;

/// A JSON value with its position.
#[derive(Clone, Debug)]
pub struct JsonNode {
    /// The position in its file.
    pub span: Span,
    /// The value.
    pub value: JsonValue,
}

/// The value of a [`JsonNode`].
#[derive(Clone, Debug)]
pub enum JsonValue {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number in its original text.
    Number(Box<str>),
    /// A string, unescaped.
    String(Box<str>),
    /// A list.
    Array(Vec<JsonNode>),
    /// An object: its members, in order. Their names are unique, except after [`parse_with_duplicates`].
    Object(Vec<JsonMember>),
}

/// A name and its value in an object.
#[derive(Clone, Debug)]
pub struct JsonMember {
    /// The name, unescaped.
    pub name: Box<str>,
    /// The position of the name, with its quotes.
    pub name_span: Span,
    /// The value.
    pub value: JsonNode,
}

impl JsonNode {
    /// The value of a member. `None` if this is not an object, or has no such member.
    pub fn get(&self, name: &str) -> Option<&JsonNode> {
        self.members().iter().find(|m| &*m.name == name).map(|m| &m.value)
    }

    /// The members of an object. Empty for any other value.
    pub fn members(&self) -> &[JsonMember] {
        match &self.value {
            JsonValue::Object(members) => members,
            _ => &[],
        }
    }

    /// The text of a string. `None` for any other value.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            JsonValue::String(s) => Some(s),
            _ => None,
        }
    }

    /// The elements of a list. `None` for any other value.
    pub fn as_array(&self) -> Option<&[JsonNode]> {
        match &self.value {
            JsonValue::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The same value without positions.
    pub fn to_value(&self) -> serde_json::Value {
        match &self.value {
            JsonValue::Null => serde_json::Value::Null,
            JsonValue::Bool(flag) => (*flag).into(),
            JsonValue::Number(text) => {
                // INVARIANT: the text of a number is a JSON number, so that it parses.
                serde_json::Value::Number(text.parse().expect("a number's text is a JSON number"))
            }
            JsonValue::String(text) => text.to_string().into(),
            JsonValue::Array(list) => list.iter().map(JsonNode::to_value).collect(),
            JsonValue::Object(members) => {
                members.iter().map(|member| (member.name.to_string(), member.value.to_value())).collect()
            }
        }
    }

    /// The type of the value, as error messages name it.
    pub fn describe_type(&self) -> &'static str {
        match self.value {
            JsonValue::Null => "null",
            JsonValue::Bool(_) => "a boolean",
            JsonValue::Number(_) => "a number",
            JsonValue::String(_) => "a string",
            JsonValue::Array(_) => "a list",
            JsonValue::Object(_) => "an object",
        }
    }
}

/// Parses a file that contains one JSON value.
///
/// # Errors
/// Text that is not JSON, that exceeds a limit, or that has an object with duplicate keys.
pub fn parse(source: &Arc<SourceFile>) -> Result<JsonNode, Diagnostics> {
    let (node, duplicates) = parse_with_duplicates(source)?;
    if duplicates.is_empty() { Ok(node) } else { Err(Diagnostics(duplicates)) }
}

/// Parses a file that contains one JSON value, and returns the errors of duplicate keys apart. [`JsonNode::get`] returns
/// the first of the members with a duplicate key.
///
/// # Errors
/// Text that is not JSON, or that exceeds a limit.
pub fn parse_with_duplicates(source: &Arc<SourceFile>) -> Result<(JsonNode, Vec<Diagnostic>), Diagnostics> {
    let text = source.text();
    if text.trim_ascii().is_empty() {
        return Err(Diagnostic::error(source, Span::default(), "the file is empty", "a JSON value").into());
    }
    check_syntax(source)?;
    let options = jsonc_parser::ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = jsonc_parser::parse_to_ast(text, &jsonc_parser::CollectOptions::default(), &options).map_err(|e| {
        let range = e.range();
        Diagnostic::error(source, Span::new(range.start, range.end), format!("not JSON: {}", e.kind()), "here")
    })?;
    let Some(root) = parsed.value else {
        return Err(Diagnostic::error(source, Span::default(), "the file is empty", "a JSON value").into());
    };
    let mut duplicates = Vec::new();
    let node = convert_node(source, root, &mut duplicates);
    Ok((node, duplicates))
}

/// Checks that a text is JSON and within the limits.
fn check_syntax(source: &Arc<SourceFile>) -> Result<(), Diagnostics> {
    let text = source.text();
    let count = Cell::new(0);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let checked = serde::de::DeserializeSeed::deserialize(SyntaxCheck { count: &count }, &mut deserializer)
        .and_then(|()| deserializer.end());
    let Err(error) = checked else { return Ok(()) };
    let offset = byte_offset(source, error.line(), error.column());
    let full = error.to_string();
    let message = match full.split(" at line ").next().unwrap_or("malformed JSON") {
        "recursion limit exceeded" => format!("more than {MAX_DEPTH} lists and objects are nested in each other"),
        _ if count.get() > MAX_VALUES => format!("more than {MAX_VALUES} values in one file"),
        message => format!("not JSON: {message}"),
    };
    Err(Diagnostic::error(source, char_span(text, offset), message, "here").into())
}

/// Accepts what `serde_json` accepts, including its depth limit, without keeping the value. Counts the values.
#[derive(Copy, Clone)]
struct SyntaxCheck<'c> {
    count: &'c Cell<u64>,
}

impl<'de> serde::de::DeserializeSeed<'de> for SyntaxCheck<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.count.set(self.count.get() + 1);
        if self.count.get() > MAX_VALUES {
            return Err(serde::de::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> serde::de::Visitor<'de> for SyntaxCheck<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(self)?.is_some() {
            map.next_value_seed(self)?;
        }
        Ok(())
    }
}

fn convert_node(source: &Arc<SourceFile>, value: ast::Value<'_>, duplicates: &mut Vec<Diagnostic>) -> JsonNode {
    let span = |r: jsonc_parser::common::Range| Span::new(r.start, r.end);
    match value {
        ast::Value::StringLit(s) => JsonNode { span: span(s.range), value: JsonValue::String(s.value.into()) },
        ast::Value::NumberLit(n) => JsonNode { span: span(n.range), value: JsonValue::Number(n.value.into()) },
        ast::Value::BooleanLit(b) => JsonNode { span: span(b.range), value: JsonValue::Bool(b.value) },
        ast::Value::NullKeyword(n) => JsonNode { span: span(n.range), value: JsonValue::Null },
        ast::Value::Array(a) => JsonNode {
            span: span(a.range),
            value: JsonValue::Array(a.elements.into_iter().map(|e| convert_node(source, e, duplicates)).collect()),
        },
        ast::Value::Object(o) => {
            let object_span = span(o.range);
            let mut seen: FxHashSet<Box<str>> = FxHashSet::default();
            let mut members = Vec::with_capacity(o.properties.len());
            for property in o.properties {
                let name_span = match &property.name {
                    ast::ObjectPropName::String(s) => span(s.range),
                    ast::ObjectPropName::Word(w) => span(w.range),
                };
                let name: Box<str> = property.name.into_string().into();
                if !seen.insert(name.clone()) {
                    duplicates.push(Diagnostic::error(
                        source,
                        name_span,
                        format!("duplicate key \"{name}\" in an object"),
                        "each key once",
                    ));
                }
                members.push(JsonMember { name, name_span, value: convert_node(source, property.value, duplicates) });
            }
            JsonNode { span: object_span, value: JsonValue::Object(members) }
        }
    }
}

fn byte_offset(source: &SourceFile, line: usize, column: usize) -> usize {
    let start: usize = source.text().split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(source.text().len())
}

fn char_span(text: &str, mut offset: usize) -> Span {
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let width = text.get(offset..).and_then(|s| s.chars().next()).map_or(0, char::len_utf8);
    Span::new(offset, offset + width)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn error(text: &str) -> Diagnostic {
        parse(&SourceFile::new("x.json", text)).unwrap_err().0.remove(0)
    }

    #[test]
    fn duplicate_keys_are_reported_with_their_place() {
        let error = error("{\n \"a\": 1,\n \"a\": 2}");
        assert_eq!(error.place().to_string(), "x.json:3:2");
        insta::assert_snapshot!("a_key_that_stands_twice", error.to_string());
    }

    #[test]
    fn rejects_invalid_json() {
        let texts =
            ["", "{", "{a:1}", "[1,]", "// x\n{}", "{'a':1}", "0x10", "NaN", "[1 2]", "\"\\x41\"", "+1", "{} {}"];
        let columns = texts.map(|text| {
            let place = error(text).place();
            assert_eq!((place.file.as_str(), place.line), ("x.json", 1), "{text}");
            place.column
        });
        assert_eq!(columns, [1, 1, 2, 4, 1, 2, 2, 1, 4, 3, 1, 4]);
        for text in ["[".repeat(100_000), "{\"a\":".repeat(10_000), "[".repeat(MAX_DEPTH + 1)] {
            let too_deep = error(&text);
            assert!(too_deep.message.contains(&MAX_DEPTH.to_string()), "{}", too_deep.message);
        }
        let deepest = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        assert!(parse(&SourceFile::new("x.json", deepest)).is_ok());
    }

    #[test]
    fn spans_are_byte_ranges() {
        let file = SourceFile::new("x.json", "{\"é\": [true, null, \"a\\u0041\"]}");
        let node = parse(&file).unwrap();
        let list = node.get("é").unwrap();
        assert_eq!(file.slice(list.span), "[true, null, \"a\\u0041\"]");
        assert_eq!(list.as_array().unwrap()[2].as_str(), Some("aA"));
    }
}
