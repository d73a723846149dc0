//! Fields of AWS's JSON by name: a field of the wrong type is an error at its place, an unknown one is not.

use std::sync::Arc;

use crate::iam::{AccountId, Arn};
use crate::source::json::{Node, Value};
use crate::source::{Diagnostic, SourceFile, Span};

/// Reads fields out of one file and gathers what is wrong with them.
pub(super) struct Fields<'a> {
    pub(super) source: &'a Arc<SourceFile>,
    pub(super) problems: Vec<Diagnostic>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(source: &'a Arc<SourceFile>) -> Fields<'a> {
        Fields { source, problems: Vec::new() }
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Diagnostic::error(self.source, span, message, expected));
    }

    /// A field's value; a `null` is a field that is not there.
    pub(super) fn field<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n Node> {
        node.get(name).filter(|value| !matches!(value.value, Value::Null))
    }

    fn wrong(&mut self, name: &str, node: &Node, expected: &str) {
        self.error(node.span, format!("`{name}` cannot be {}", node.kind()), expected);
    }

    /// Whether a node is an object, an error else.
    pub(super) fn is_object(&mut self, node: &Node, what: &str) -> bool {
        let object = matches!(node.value, Value::Object(_));
        if !object {
            self.error(node.span, format!("{what} cannot be {}", node.kind()), "an object");
        }
        object
    }

    /// A string, if the field is there.
    pub(super) fn text<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n str> {
        let value = self.field(node, name)?;
        let text = value.as_str();
        if text.is_none() {
            self.wrong(name, value, "a string");
        }
        text
    }

    /// A field that must be there.
    pub(super) fn required<'n>(&mut self, node: &'n Node, name: &str, what: &str) -> Option<&'n Node> {
        let value = self.field(node, name);
        if value.is_none() {
            self.error(first_char(node.span), format!("{what} has no `{name}`"), format!("`{name}` in this object"));
        }
        value
    }

    /// A string that must be there and not be empty.
    pub(super) fn required_text<'n>(&mut self, node: &'n Node, name: &str, what: &str) -> Option<(&'n str, Span)> {
        let value = self.required(node, name, what)?;
        match value.as_str() {
            Some("") => {
                self.error(value.span, format!("`{name}` is empty"), "a string that is not empty");
                None
            }
            Some(text) => Some((text, value.span)),
            None => {
                self.wrong(name, value, "a string");
                None
            }
        }
    }

    /// An ARN that must be there.
    pub(super) fn required_arn(&mut self, node: &Node, name: &str, what: &str) -> Option<(Arn, Span)> {
        let (text, span) = self.required_text(node, name, what)?;
        let arn = Arn::parse(text);
        if arn.is_none() {
            self.error(span, format!("`{text}` is not an ARN"), "arn:partition:service:region:account:resource");
        }
        Some((arn?, span))
    }

    /// An account number that must be there.
    pub(super) fn required_account(&mut self, node: &Node, name: &str, what: &str) -> Option<(AccountId, Span)> {
        let (text, span) = self.required_text(node, name, what)?;
        let id = AccountId::parse(text);
        if id.is_none() {
            self.error(span, format!("`{text}` is not an account number"), "twelve digits");
        }
        Some((id?, span))
    }

    /// `true` or `false`, if the field is there.
    pub(super) fn flag(&mut self, node: &Node, name: &str) -> Option<bool> {
        let value = self.field(node, name)?;
        match value.value {
            Value::Bool(flag) => Some(flag),
            _ => {
                self.wrong(name, value, "true or false");
                None
            }
        }
    }

    /// The elements of a list; none where the field is not there.
    pub(super) fn list<'n>(&mut self, node: &'n Node, name: &str) -> &'n [Node] {
        let Some(value) = self.field(node, name) else { return &[] };
        match value.as_array() {
            Some(list) => list,
            None => {
                self.wrong(name, value, "a list");
                &[]
            }
        }
    }

    /// The elements of a list that must be there.
    pub(super) fn required_list<'n>(&mut self, node: &'n Node, name: &str, what: &str) -> &'n [Node] {
        if self.required(node, name, what).is_none() {
            return &[];
        }
        self.list(node, name)
    }

    /// The strings of a list.
    pub(super) fn texts<'n>(&mut self, node: &'n Node, name: &str) -> Vec<(&'n str, Span)> {
        let mut texts = Vec::new();
        for element in self.list(node, name) {
            match element.as_str() {
                Some(text) => texts.push((text, element.span)),
                None => self.error(element.span, format!("`{name}` cannot hold {}", element.kind()), "a string"),
            }
        }
        texts
    }
}

/// The brace that opens an object: the whole of it would underline a page.
pub(super) fn first_char(span: Span) -> Span {
    Span::new(span.start, span.start + 1)
}
