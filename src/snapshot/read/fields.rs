//! Reads fields of a JSON object by name. A field of the wrong type is an error at its place. Unknown fields are
//! ignored, except in formats of this project ([`FieldReader::reject_unknown_members`]).

use std::sync::Arc;

use crate::iam::{AccountId, Arn};
use crate::source::json_tree::{JsonNode, JsonValue};
use crate::source::{Diagnostic, SourceFile, Span};

/// Reads the fields of one file and collects their errors.
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

    /// The value of a field. `None` if it is missing or `null`.
    pub(crate) fn optional_field<'n>(&mut self, node: &'n JsonNode, name: &str) -> Option<&'n JsonNode> {
        node.get(name).filter(|value| !matches!(value.value, JsonValue::Null))
    }

    fn report_wrong_type(&mut self, name: &str, node: &JsonNode, expected: &str) {
        self.report_error(node.span, format!("`{name}` cannot be {}", node.describe_type()), expected);
    }

    /// Whether a node is an object. Reports an error if not.
    pub(crate) fn is_object(&mut self, node: &JsonNode, subject: &str) -> bool {
        let object = matches!(node.value, JsonValue::Object(_));
        if !object {
            self.report_error(node.span, format!("{subject} cannot be {}", node.describe_type()), "an object");
        }
        object
    }

    /// A string. `None` if the field is missing or, with an error, of another type.
    pub(crate) fn optional_text<'n>(&mut self, node: &'n JsonNode, name: &str) -> Option<&'n str> {
        let value = self.optional_field(node, name)?;
        let text = value.as_str();
        if text.is_none() {
            self.report_wrong_type(name, value, "a string");
        }
        text
    }

    /// A required field.
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

    /// A required string that is not empty.
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

    /// A required ARN.
    pub(crate) fn required_arn(&mut self, node: &JsonNode, name: &str, subject: &str) -> Option<(Arn, Span)> {
        let (text, span) = self.required_text(node, name, subject)?;
        let arn = Arn::parse(text);
        if arn.is_none() {
            self.report_error(span, format!("`{text}` is not an ARN"), "arn:partition:service:region:account:resource");
        }
        Some((arn?, span))
    }

    /// A required account number.
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

    /// A Boolean. `None` if the field is missing or, with an error, of another type.
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

    /// The elements of a list. Empty if the field is missing or, with an error, of another type.
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

    /// The elements of a required list.
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

    /// Reports the members of an object that a format of this project does not have.
    pub(crate) fn reject_unknown_members(&mut self, node: &JsonNode, subject: &str, known: &[&str]) {
        for member in node.members() {
            if !known.contains(&&*member.name) && &*member.name != "$schema" {
                let message = format!("{subject} has no field `{}`", member.name);
                let expected = format!("one of {}", known.join(", "));
                self.problems.push(
                    Diagnostic::error(self.source, member.name_span, message, expected)
                        .with_suggestion(&member.name, known.iter().copied()),
                );
            }
        }
    }
}

/// The first character of an object, for diagnostics: the whole object could fill a page.
pub(crate) fn first_char_span(span: Span) -> Span {
    Span::new(span.start, span.start + 1)
}
