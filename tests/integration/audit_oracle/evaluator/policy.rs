//! Policy documents as plain data.

use serde_json::Value as Json;

use super::condition::Condition;
use super::pattern::{ActionPattern, Pattern, Syntax, matches_parts, matches_within_segments};
use super::{Reading, Request};

/// A policy document.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub statements: Vec<Statement>,
    /// The document.
    pub document: Json,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    pub allows: bool,
    /// The element `NotAction` instead of `Action`.
    pub not_action: bool,
    actions: Vec<ActionPattern>,
    /// The element `NotResource` instead of `Resource`.
    pub not_resource: bool,
    /// `None` if the statement has neither: it applies to the resource that its policy is attached to.
    pub resources: Option<Vec<String>>,
    resource_patterns: Vec<Pattern>,
    /// The patterns with variables in all fields.
    early_patterns: Vec<Pattern>,
    pub conditions: Vec<Condition>,
    /// The element `Principal` or `NotPrincipal`.
    pub principal: Option<(bool, Vec<(String, String)>)>,
}

impl Policy {
    /// Whether a statement has the ARN of a resource in full.
    pub fn names_resource(&self, arn: &str) -> bool {
        self.statements.iter().filter_map(|statement| statement.resources.as_ref()).flatten().any(|text| text == arn)
    }

    /// Parses a document: an object, a text with JSON, or the same percent-encoded.
    pub fn parse(document: &Json) -> Policy {
        match document {
            Json::String(text) if text.starts_with('%') => Policy::parse_text(&decode_percent(text)),
            Json::String(text) => Policy::parse_text(text),
            document => {
                let variables = document["Version"] == "2012-10-17";
                let statements = match &document["Statement"] {
                    Json::Array(statements) => statements.iter().collect(),
                    statement => vec![statement],
                };
                let statements = statements.into_iter().map(|s| Statement::parse(s, variables)).collect();
                Policy { statements, document: document.clone() }
            }
        }
    }

    fn parse_text(text: &str) -> Policy {
        Policy::parse(&serde_json::from_str(text).unwrap())
    }
}

fn decode_percent(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next().unwrap()).to_digit(16).unwrap();
        bytes.push(if byte == b'%' { u8::try_from(digit() * 16 + digit()).unwrap() } else { byte });
    }
    String::from_utf8(bytes).unwrap()
}

/// The texts of a value that can be one text or a list. Numbers and Booleans count as their text.
pub fn list_texts(value: &Json) -> Vec<String> {
    match value {
        Json::Array(items) => items.iter().flat_map(list_texts).collect(),
        Json::String(text) => vec![text.clone()],
        Json::Null => Vec::new(),
        other => vec![other.to_string()],
    }
}

/// The conditions of a condition block.
pub fn parse_conditions(block: &Json, variables: bool) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (operator, keys) in block.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().unwrap() {
            conditions.push(Condition::parse(operator, key, list_texts(values), variables));
        }
    }
    conditions
}

impl Statement {
    fn parse(statement: &Json, variables: bool) -> Statement {
        let not_action = statement.get("NotAction").is_some();
        let not_resource = statement.get("NotResource").is_some();
        let resources = statement.get(if not_resource { "NotResource" } else { "Resource" }).map(list_texts);
        let syntax = Syntax { wildcards: true, variables };
        let principal = ["Principal", "NotPrincipal"].into_iter().find_map(|name| {
            let entries = match statement.get(name)? {
                Json::String(anyone) => vec![("AWS".to_owned(), anyone.clone())],
                types => {
                    let types = types.as_object().unwrap().iter();
                    types.flat_map(|(kind, names)| list_texts(names).into_iter().map(|n| (kind.clone(), n))).collect()
                }
            };
            Some((name == "NotPrincipal", entries))
        });
        Statement {
            allows: statement["Effect"] == "Allow",
            not_action,
            actions: list_texts(&statement[if not_action { "NotAction" } else { "Action" }])
                .iter()
                .map(|text| ActionPattern::parse(text))
                .collect(),
            not_resource,
            resource_patterns: resources.iter().flatten().map(|text| Pattern::parse_resource(text, syntax)).collect(),
            early_patterns: resources.iter().flatten().map(|text| Pattern::parse(text, syntax)).collect(),
            resources,
            conditions: parse_conditions(&statement["Condition"], variables),
            principal,
        }
    }

    /// Whether the statement lists an action.
    pub fn matches_action(&self, action: &str) -> bool {
        let action = action.to_lowercase();
        self.actions.iter().any(|pattern| pattern.matches(&action)) != self.not_action
    }

    /// Whether action, resource and all conditions match.
    pub fn matches(&self, request: &Request, reading: Reading) -> bool {
        self.matches_action(&request.action)
            && self.matches_resource(request, reading)
            && self.conditions.iter().all(|condition| condition.holds(&request.context, reading))
    }

    fn matches_resource(&self, request: &Request, reading: Reading) -> bool {
        if self.resources.is_none() {
            return true;
        }
        let fits = |pattern: &Pattern| match pattern.resolve(&request.context) {
            Some(parts) if reading.star_stays_in_segment => matches_within_segments(&parts, &request.resource),
            Some(parts) => matches_parts(&parts, &request.resource),
            None => self.not_resource && reading.unresolved_excludes_all,
        };
        let patterns = if reading.early_variables { &self.early_patterns } else { &self.resource_patterns };
        patterns.iter().any(fits) != self.not_resource
    }
}
