//! JSON read into a tree that knows where each of its parts stands.
//!
//! `serde_json` decides what is JSON; `jsonc-parser`, with every leniency off, then gives the byte ranges.
//! A key that stands twice in an object is an error: readers disagree on which one counts.

use std::sync::Arc;

use jsonc_parser::ast;
use rustc_hash::FxHashSet;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::file::{SourceFile, Span};

/// A JSON value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands in its file.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written.
    Number(Box<str>),
    /// A string, unescaped.
    String(Box<str>),
    /// A list.
    Array(Vec<Node>),
    /// An object; its members in order, no name twice.
    Object(Vec<Member>),
}

/// A name and its value in an object.
#[derive(Clone, Debug)]
pub struct Member {
    /// The name, unescaped.
    pub name: Box<str>,
    /// Where the name stands, quotes included.
    pub name_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value of a member, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.members().iter().find(|m| &*m.name == name).map(|m| &m.value)
    }

    /// The members of an object; none for anything else.
    pub fn members(&self) -> &[Member] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// The elements of a list.
    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// What kind of value this is, as an error message names it.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        }
    }
}

/// Reads a whole file as one JSON value.
pub fn parse(source: &Arc<SourceFile>) -> Result<Node, Diagnostics> {
    let text = source.text();
    if text.trim_ascii().is_empty() {
        return Err(Diagnostic::error(source, Span::default(), "the file is empty", "a JSON value").into());
    }
    if let Err(error) = serde_json::from_str::<Accepted>(text) {
        let offset = offset_of(source, error.line(), error.column());
        let full = error.to_string();
        let message = full.split(" at line ").next().unwrap_or("malformed JSON").to_owned();
        return Err(Diagnostic::error(source, one_char(text, offset), format!("not JSON: {message}"), "here").into());
    }
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
    let node = convert(source, root, &mut duplicates);
    if duplicates.is_empty() { Ok(node) } else { Err(Diagnostics(duplicates)) }
}

/// Accepts what `serde_json` accepts, with its limit on depth, and keeps nothing.
struct Accepted;

impl<'de> serde::Deserialize<'de> for Accepted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Accepted, D::Error> {
        struct Any;
        impl<'de> serde::de::Visitor<'de> for Any {
            type Value = Accepted;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Accepted, E> {
                Ok(Accepted)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Accepted, E> {
                Ok(Accepted)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Accepted, E> {
                Ok(Accepted)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Accepted, E> {
                Ok(Accepted)
            }
            fn visit_str<E>(self, _: &str) -> Result<Accepted, E> {
                Ok(Accepted)
            }
            fn visit_unit<E>(self) -> Result<Accepted, E> {
                Ok(Accepted)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Accepted, A::Error> {
                while seq.next_element::<Accepted>()?.is_some() {}
                Ok(Accepted)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Accepted, A::Error> {
                while map.next_entry::<Accepted, Accepted>()?.is_some() {}
                Ok(Accepted)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn convert(source: &Arc<SourceFile>, value: ast::Value<'_>, duplicates: &mut Vec<Diagnostic>) -> Node {
    let span = |r: jsonc_parser::common::Range| Span::new(r.start, r.end);
    match value {
        ast::Value::StringLit(s) => Node { span: span(s.range), value: Value::String(s.value.into()) },
        ast::Value::NumberLit(n) => Node { span: span(n.range), value: Value::Number(n.value.into()) },
        ast::Value::BooleanLit(b) => Node { span: span(b.range), value: Value::Bool(b.value) },
        ast::Value::NullKeyword(n) => Node { span: span(n.range), value: Value::Null },
        ast::Value::Array(a) => Node {
            span: span(a.range),
            value: Value::Array(a.elements.into_iter().map(|e| convert(source, e, duplicates)).collect()),
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
                        format!("the key \"{name}\" stands twice in one object"),
                        "each key once",
                    ));
                }
                members.push(Member { name, name_span, value: convert(source, property.value, duplicates) });
            }
            Node { span: object_span, value: Value::Object(members) }
        }
    }
}

fn offset_of(source: &SourceFile, line: usize, column: usize) -> usize {
    let start: usize = source.text().split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(source.text().len())
}

fn one_char(text: &str, mut offset: usize) -> Span {
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

    fn error(text: &str) -> String {
        parse(&SourceFile::new("x.json", text)).unwrap_err().to_string()
    }

    #[test]
    fn duplicate_keys_are_reported_with_their_place() {
        assert_eq!(
            error("{\n \"a\": 1,\n \"a\": 2}"),
            "x.json:3:2: the key \"a\" stands twice in one object (each key once)"
        );
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in
            ["", "{", "{a:1}", "[1,]", "// x\n{}", "{'a':1}", "0x10", "NaN", "[1 2]", "\"\\x41\"", "+1", "{} {}"]
        {
            assert!(error(text).contains("x.json:"), "{text}");
        }
        assert!(error(&"[".repeat(100_000)).contains("recursion limit"));
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
