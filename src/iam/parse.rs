//! Reading a document out of JSON, with every mistake reported where it stands.

use std::sync::Arc;

use super::action::ActionPattern;
use super::condition::{Condition, ConditionValue, ContextKey, Family, Operator, Quantifier, WhenMissing};
use super::document::{
    ActionElement, DocumentKind, Effect, Listing, PolicyDocument, ResourceElement, Statement, Version,
};
use super::principal::{AwsPrincipal, PrincipalElement, PrincipalEntry};
use super::template::{Template, Variables, Wildcards};
use super::value::Typed;
use crate::source::json::{Member, Node, Value};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const DOCUMENT_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The text of a document that was a string: URL-encoded (RFC 3986) as most IAM calls return it, or plain.
/// JSON starts with a brace, its encoded form with a percent sign: a `%` inside plain JSON is left alone.
pub(super) fn decode(source: &Arc<SourceFile>, span: Span, text: &str) -> Result<String, Diagnostics> {
    if !text.trim_start().starts_with('%') {
        return Ok(text.to_owned());
    }
    percent_encoding::percent_decode_str(text).decode_utf8().map(|t| t.into_owned()).map_err(|_| {
        Diagnostic::error(source, span, "the URL-encoded document is not UTF-8", "a URL-encoded policy document").into()
    })
}

pub(super) fn document(
    source: &Arc<SourceFile>,
    node: &Node,
    kind: DocumentKind,
) -> Result<PolicyDocument, Diagnostics> {
    let mut reader = Reader { source, kind, version: Version::V2008, problems: Vec::new() };
    let statements = reader.document(node);
    if reader.problems.is_empty() {
        Ok(PolicyDocument::new(reader.version, statements, source, node.span))
    } else {
        Err(Diagnostics(reader.problems))
    }
}

/// Whether what a pattern starts with, up to its first wildcard, is how an ARN starts. A placeholder of a
/// template (`${Bucket.Arn}/*`) may become one; as it stands it matches nothing.
fn can_match_an_arn(text: &str) -> bool {
    if text.starts_with("${") {
        return true;
    }
    let fixed = text.split(['*', '?']).next().unwrap_or(text);
    fixed.starts_with("arn:") || ("arn:".starts_with(fixed) && fixed.len() < text.len())
}

struct Reader<'a> {
    source: &'a Arc<SourceFile>,
    kind: DocumentKind,
    version: Version,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Diagnostic::error(self.source, span, message, expected));
    }

    fn unknown(&mut self, member: &Member, holder: &str, known: &[&str]) {
        self.problems.push(
            Diagnostic::error(
                self.source,
                member.name_span,
                format!("unknown element `{}` in a {holder}", member.name),
                format!("one of {}", known.join(", ")),
            )
            .with_suggestion(&member.name, known.iter().copied()),
        );
    }

    fn document(&mut self, node: &Node) -> Vec<Statement> {
        if !matches!(node.value, Value::Object(_)) {
            self.error(node.span, format!("a policy document cannot be {}", node.kind()), "an object");
            return Vec::new();
        }
        for member in node.members() {
            if !DOCUMENT_ELEMENTS.contains(&&*member.name) {
                self.unknown(member, "policy document", &DOCUMENT_ELEMENTS);
            }
        }
        if let Some(version) = node.get("Version") {
            match version.as_str() {
                Some("2008-10-17") => {}
                Some("2012-10-17") => self.version = Version::V2012,
                Some(other) => self.error(
                    version.span,
                    format!("unknown policy version `{other}`"),
                    "\"2012-10-17\" or \"2008-10-17\"",
                ),
                None => self.error(version.span, format!("`Version` cannot be {}", version.kind()), "\"2012-10-17\""),
            }
        }
        if let Some(id) = node.get("Id")
            && id.as_str().is_none()
        {
            self.error(id.span, format!("`Id` cannot be {}", id.kind()), "a string");
        }
        match node.get("Statement") {
            None => {
                self.error(
                    node.span,
                    "the policy document has no `Statement`",
                    "a `Statement` with one statement or a list",
                );
                Vec::new()
            }
            Some(Node { value: Value::Array(list), .. }) => {
                list.iter().enumerate().filter_map(|(i, n)| self.statement(i, n)).collect()
            }
            Some(single) => self.statement(0, single).into_iter().collect(),
        }
    }

    fn statement(&mut self, index: usize, node: &Node) -> Option<Statement> {
        if !matches!(node.value, Value::Object(_)) {
            self.error(node.span, format!("a statement cannot be {}", node.kind()), "an object");
            return None;
        }
        for member in node.members() {
            if !STATEMENT_ELEMENTS.contains(&&*member.name) {
                self.unknown(member, "statement", &STATEMENT_ELEMENTS);
            }
        }
        let sid = match node.get("Sid") {
            None => None,
            Some(sid) => match sid.as_str() {
                Some(text) => (!text.is_empty()).then(|| text.into()),
                None => {
                    self.error(sid.span, format!("`Sid` cannot be {}", sid.kind()), "a string");
                    None
                }
            },
        };
        let effect = match node.get("Effect") {
            Some(effect) => match effect.as_str() {
                Some("Allow") => Some(Effect::Allow),
                Some("Deny") => Some(Effect::Deny),
                Some(other) => {
                    self.error(effect.span, format!("unknown effect `{other}`"), "\"Allow\" or \"Deny\"");
                    None
                }
                None => {
                    self.error(effect.span, format!("`Effect` cannot be {}", effect.kind()), "\"Allow\" or \"Deny\"");
                    None
                }
            },
            None => {
                self.error(node.span, "the statement has no `Effect`", "`Effect`: \"Allow\" or \"Deny\"");
                None
            }
        };
        let principal = self.principal(node, effect);
        let action = self.action(node);
        let resource = self.resource(node);
        let conditions = node.get("Condition").map(|c| self.conditions(c)).unwrap_or_default();
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

    /// The one of an element and its `Not…` twin that a statement has.
    fn one_of<'n>(&mut self, node: &'n Node, name: &str, not_name: &str) -> Option<(Listing, &'n Node)> {
        match (node.get(name), node.get(not_name)) {
            (Some(_), Some(second)) => {
                self.error(second.span, format!("the statement has both `{name}` and `{not_name}`"), "one of the two");
                None
            }
            (Some(only), None) => Some((Listing::Only, only)),
            (None, Some(all_but)) => Some((Listing::AllBut, all_but)),
            (None, None) => None,
        }
    }

    /// A string, or a list of strings that is not empty.
    fn strings<'n>(&mut self, node: &'n Node, element: &str) -> Vec<(&'n str, Span)> {
        match &node.value {
            Value::String(text) => vec![(text, node.span)],
            Value::Array(list) if list.is_empty() => {
                self.error(node.span, format!("`{element}` is an empty list"), "at least one string");
                Vec::new()
            }
            Value::Array(list) => {
                let mut texts = Vec::with_capacity(list.len());
                for element_node in list {
                    match element_node.as_str() {
                        Some(text) => texts.push((text, element_node.span)),
                        None => self.error(
                            element_node.span,
                            format!("`{element}` cannot hold {}", element_node.kind()),
                            "a string",
                        ),
                    }
                }
                texts
            }
            _ => {
                self.error(
                    node.span,
                    format!("`{element}` cannot be {}", node.kind()),
                    "a string or a list of strings",
                );
                Vec::new()
            }
        }
    }

    fn action(&mut self, node: &Node) -> Option<ActionElement> {
        let before = self.problems.len();
        let Some((listing, element)) = self.one_of(node, "Action", "NotAction") else {
            if self.problems.len() == before {
                self.error(node.span, "the statement has neither `Action` nor `NotAction`", "one of the two");
            }
            return None;
        };
        let mut patterns = Vec::new();
        for (text, span) in self.strings(element, "Action") {
            match ActionPattern::parse(text) {
                Some(pattern) => patterns.push(pattern),
                None => self.error(span, format!("`{text}` is not an action"), "\"service:Action\" or \"*\""),
            }
        }
        Some(ActionElement { listing, patterns })
    }

    fn resource(&mut self, node: &Node) -> Option<ResourceElement> {
        let before = self.problems.len();
        let Some((listing, element)) = self.one_of(node, "Resource", "NotResource") else {
            // A trust policy is on its role; a policy on a resource may leave out what it is on.
            let needed = !matches!(self.kind, DocumentKind::Trust | DocumentKind::Resource);
            if needed && self.problems.len() == before {
                self.error(node.span, "the statement has neither `Resource` nor `NotResource`", "one of the two");
            }
            return None;
        };
        let variables = match self.version {
            Version::V2012 => Variables::AfterFifthColon,
            Version::V2008 => Variables::Nowhere,
        };
        let mut patterns = Vec::new();
        for (text, span) in self.strings(element, "Resource") {
            // Some services take short names in the policies of their resources (`execute-api:/…`).
            if self.kind != DocumentKind::Resource && !can_match_an_arn(text) {
                self.error(span, format!("`{text}` is not a resource"), "an ARN or \"*\"");
            }
            patterns.push(Template::resource(text, variables));
        }
        Some(ResourceElement { listing, patterns })
    }

    fn principal(&mut self, node: &Node, effect: Option<Effect>) -> Option<PrincipalElement> {
        let before = self.problems.len();
        let Some((listing, element)) = self.one_of(node, "Principal", "NotPrincipal") else {
            let needed = !matches!(self.kind, DocumentKind::Identity | DocumentKind::ServiceControl);
            if needed && self.problems.len() == before {
                self.error(node.span, "the statement has no `Principal`", "whom it speaks of");
            }
            return None;
        };
        let name = if listing == Listing::Only { "Principal" } else { "NotPrincipal" };
        if matches!(self.kind, DocumentKind::Identity | DocumentKind::ServiceControl) {
            self.error(element.span, format!("`{name}` has no place in this kind of policy"), "no such element");
            return None;
        }
        if listing == Listing::AllBut && (self.kind != DocumentKind::Resource || effect == Some(Effect::Allow)) {
            self.error(element.span, "`NotPrincipal` stands only with Deny, in resource policies", "`Principal`");
            return None;
        }
        let mut entries = Vec::new();
        match &element.value {
            Value::String(text) => self.aws_principal(text, element.span, &mut entries),
            Value::Object(members) => {
                for member in members {
                    for (text, span) in self.strings(&member.value, &member.name) {
                        match &*member.name {
                            "AWS" => self.aws_principal(text, span, &mut entries),
                            "Service" => entries.push(PrincipalEntry::Service(text.into())),
                            "Federated" => entries.push(PrincipalEntry::Federated(text.into())),
                            "CanonicalUser" => entries.push(PrincipalEntry::CanonicalUser(text.into())),
                            other => {
                                const KNOWN: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];
                                self.problems.push(
                                    Diagnostic::error(
                                        self.source,
                                        member.name_span,
                                        format!("unknown kind of principal `{other}`"),
                                        format!("one of {}", KNOWN.join(", ")),
                                    )
                                    .with_suggestion(other, KNOWN),
                                );
                                break;
                            }
                        }
                    }
                }
            }
            _ => self.error(element.span, format!("`{name}` cannot be {}", element.kind()), "\"*\" or an object"),
        }
        if self.kind == DocumentKind::ResourceControl && entries != [PrincipalEntry::Anyone] {
            self.error(element.span, "a resource control policy speaks of everyone", "`Principal`: \"*\"");
        }
        Some(PrincipalElement { listing, entries, span: element.span })
    }

    fn aws_principal(&mut self, text: &str, span: Span, entries: &mut Vec<PrincipalEntry>) {
        if text == "*" {
            entries.push(PrincipalEntry::Anyone);
            return;
        }
        match AwsPrincipal::parse(text) {
            Some(principal) => entries.push(PrincipalEntry::Aws(principal)),
            None => self.error(
                span,
                format!("`{text}` names no AWS principal"),
                "an account, an ARN without wildcards, a unique id, or \"*\"",
            ),
        }
    }

    fn conditions(&mut self, node: &Node) -> Vec<Condition> {
        if !matches!(node.value, Value::Object(_)) {
            self.error(node.span, format!("`Condition` cannot be {}", node.kind()), "an object of operators");
            return Vec::new();
        }
        let mut conditions = Vec::new();
        for operator_member in node.members() {
            let Some((quantifier, operator, when_missing)) = self.operator(operator_member) else { continue };
            if !matches!(operator_member.value.value, Value::Object(_)) {
                self.error(
                    operator_member.value.span,
                    format!("`{}` cannot be {}", operator_member.name, operator_member.value.kind()),
                    "an object of context keys",
                );
            }
            for key_member in operator_member.value.members() {
                let key = ContextKey::new(&key_member.name);
                if key.lower().is_empty() {
                    self.error(key_member.name_span, "the context key is empty", "a context key such as aws:SourceIp");
                    continue;
                }
                let values = self.values(operator, &key_member.value);
                let span = Span::new(key_member.name_span.start, key_member.value.span.end);
                conditions.push(Condition { quantifier, operator, when_missing, key, values, span });
            }
        }
        conditions
    }

    fn operator(&mut self, member: &Member) -> Option<(Quantifier, Operator, WhenMissing)> {
        let lower = member.name.to_ascii_lowercase();
        let (quantifier, rest) = match lower.split_once(':') {
            Some(("forallvalues", rest)) => (Quantifier::ForAllValues, rest),
            Some(("foranyvalue", rest)) => (Quantifier::ForAnyValue, rest),
            _ => (Quantifier::Plain, lower.as_str()),
        };
        let (when_missing, base) = match rest.strip_suffix("ifexists") {
            Some(base) => (WhenMissing::Holds, base),
            None => (WhenMissing::ByOperator, rest),
        };
        match Operator::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(base)) {
            Some((_, Operator::Null)) if (quantifier, when_missing) != (Quantifier::Plain, WhenMissing::ByOperator) => {
                self.error(member.name_span, format!("`Null` stands alone, not as `{}`", member.name), "`Null`");
                None
            }
            Some((_, operator)) => Some((quantifier, *operator, when_missing)),
            None => {
                let written = member.name.rsplit(':').next().unwrap_or(&member.name);
                self.problems.push(
                    Diagnostic::error(
                        self.source,
                        member.name_span,
                        format!("unknown operator `{}`", member.name),
                        "a condition operator such as StringEquals",
                    )
                    .with_suggestion(written, Operator::ALL.iter().map(|(name, _)| *name)),
                );
                None
            }
        }
    }

    fn values(&mut self, operator: Operator, node: &Node) -> Vec<ConditionValue> {
        let list = match &node.value {
            Value::Array(list) => list.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut values = Vec::with_capacity(list.len());
        for value in list {
            let text = match &value.value {
                Value::String(text) | Value::Number(text) => text.clone(),
                Value::Bool(true) => "true".into(),
                Value::Bool(false) => "false".into(),
                _ => {
                    self.error(
                        value.span,
                        format!("a condition value cannot be {}", value.kind()),
                        "a string, number or boolean",
                    );
                    continue;
                }
            };
            match operator.family() {
                Family::String | Family::Arn => {
                    let wildcards = if operator.has_wildcards() { Wildcards::Active } else { Wildcards::Literal };
                    let variables = match self.version {
                        Version::V2012 => Variables::Anywhere,
                        Version::V2008 => Variables::Nowhere,
                    };
                    values.push(ConditionValue::Text(Template::parse(&text, wildcards, variables)));
                }
                family => match Typed::parse(family, &text) {
                    Ok(typed) => values.push(ConditionValue::Typed(typed)),
                    Err(expected) => {
                        self.error(value.span, format!("`{}` cannot take `{text}`", operator.name()), expected)
                    }
                },
            }
        }
        values
    }
}
