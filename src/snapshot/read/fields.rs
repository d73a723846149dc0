//! Fields of AWS's JSON by name: a field of the wrong type is an error at its place, an unknown one is not.

use std::sync::Arc;

use crate::iam::{AccountId, Arn};
use crate::source::json_tree::{JsonNode, JsonValue};
use crate::source::{Diagnostic, SourceFile, Span};

/// Reads fields out of one file and gathers what is wrong with them.
pub(crate) struct FieldReader<'a> {
    pub(crate) source: &'a Arc<SourceFile>,
    pub(crate) problems: Vec<Diagnostic>,
}

impl<'a> FieldReader<'a> {
    pub(crate) fn new(source: &'a Arc<SourceFile>) -> FieldReader<'a> {
        FieldReader { source, problems: Vec::new() }
    }

    pub(crate) fn report_error(&mut self, span: Span, message: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Diagnostic::error(self.source, span, message, expected));
    }

    /// A field's value; a `null` is a field that is not there.
    pub(crate) fn optional_field<'n>(&mut self, node: &'n JsonNode, name: &str) -> Option<&'n JsonNode> {
        node.get(name).filter(|value| !matches!(value.value, JsonValue::Null))
    }

    fn report_wrong_type(&mut self, name: &str, node: &JsonNode, expected: &str) {
        self.report_error(node.span, format!("`{name}` cannot be {}", node.describe_type()), expected);
    }

    /// Whether a node is an object, an error else.
    pub(crate) fn is_object(&mut self, node: &JsonNode, subject: &str) -> bool {
        let object = matches!(node.value, JsonValue::Object(_));
        if !object {
            self.report_error(node.span, format!("{subject} cannot be {}", node.describe_type()), "an object");
        }
        object
    }

    /// A string, if the field is there.
    pub(crate) fn optional_text<'n>(&mut self, node: &'n JsonNode, name: &str) -> Option<&'n str> {
        let value = self.optional_field(node, name)?;
        let text = value.as_str();
        if text.is_none() {
            self.report_wrong_type(name, value, "a string");
        }
        text
    }

    /// A field that must be there.
    pub(crate) fn required_field<'n>(&mut self, node: &'n JsonNode, name: &str, subject: &str) -> Option<&'n JsonNode> {
        let value = self.optional_field(node, name);
        if value.is_none() {
            self.report_error(
                first_char_span(node.span),
                format!("{subject} has no `{name}`"),
                format!("`{name}` in this object"),
            );
        }
        value
    }

    /// A string that must be there and not be empty.
    pub(crate) fn required_text<'n>(
        &mut self,
        node: &'n JsonNode,
        name: &str,
        subject: &str,
    ) -> Option<(&'n str, Span)> {
        let value = self.required_field(node, name, subject)?;
        match value.as_str() {
            Some("") => {
                self.report_error(value.span, format!("`{name}` is empty"), "a string that is not empty");
                None
            }
            Some(text) => Some((text, value.span)),
            None => {
                self.report_wrong_type(name, value, "a string");
                None
            }
        }
    }

    /// An ARN that must be there.
    pub(crate) fn required_arn(&mut self, node: &JsonNode, name: &str, subject: &str) -> Option<(Arn, Span)> {
        let (text, span) = self.required_text(node, name, subject)?;
        let arn = Arn::parse(text);
        if arn.is_none() {
            self.report_error(span, format!("`{text}` is not an ARN"), "arn:partition:service:region:account:resource");
        }
        Some((arn?, span))
    }

    /// An account number that must be there.
    pub(crate) fn required_account_id(
        &mut self,
        node: &JsonNode,
        name: &str,
        subject: &str,
    ) -> Option<(AccountId, Span)> {
        let (text, span) = self.required_text(node, name, subject)?;
        let id = AccountId::parse(text);
        if id.is_none() {
            self.report_error(span, format!("`{text}` is not an account number"), "twelve digits");
        }
        Some((id?, span))
    }

    /// `true` or `false`, if the field is there.
    pub(crate) fn optional_bool(&mut self, node: &JsonNode, name: &str) -> Option<bool> {
        let value = self.optional_field(node, name)?;
        match value.value {
            JsonValue::Bool(flag) => Some(flag),
            _ => {
                self.report_wrong_type(name, value, "true or false");
                None
            }
        }
    }

    /// The elements of a list; none where the field is not there.
    pub(crate) fn optional_list<'n>(&mut self, node: &'n JsonNode, name: &str) -> &'n [JsonNode] {
        let Some(value) = self.optional_field(node, name) else { return &[] };
        match value.as_array() {
            Some(list) => list,
            None => {
                self.report_wrong_type(name, value, "a list");
                &[]
            }
        }
    }

    /// The elements of a list that must be there.
    pub(crate) fn required_list<'n>(&mut self, node: &'n JsonNode, name: &str, subject: &str) -> &'n [JsonNode] {
        if self.required_field(node, name, subject).is_none() {
            return &[];
        }
        self.optional_list(node, name)
    }

    /// The strings of a list.
    pub(crate) fn text_list<'n>(&mut self, node: &'n JsonNode, name: &str) -> Vec<(&'n str, Span)> {
        let mut texts = Vec::new();
        for element in self.optional_list(node, name) {
            match element.as_str() {
                Some(text) => texts.push((text, element.span)),
                None => self.report_error(
                    element.span,
                    format!("`{name}` cannot hold {}", element.describe_type()),
                    "a string",
                ),
            }
        }
        texts
    }
}

/// The brace that opens an object: the whole of it would underline a page.
pub(crate) fn first_char_span(span: Span) -> Span {
    Span::new(span.start, span.start + 1)
}
