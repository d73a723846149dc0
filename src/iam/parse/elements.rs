//! Whom, what and on what: the elements of a statement beside its conditions.

use super::DocumentParser;
use crate::iam::action_pattern::ActionPattern;
use crate::iam::element::{ActionElement, ElementKind, ResourceElement};
use crate::iam::policy_document::{DocumentKind, Effect, Version};
use crate::iam::principal_element::{AwsPrincipal, PrincipalElement, PrincipalEntry};
use crate::iam::template::{Template, VariableScope};
use crate::source::json_tree::{JsonNode, JsonValue};
use crate::source::{Diagnostic, Span};

/// Whether what a pattern starts with, up to its first wildcard, is how an ARN starts. A placeholder of a
/// template (`${Bucket.Arn}/*`) may become one; as it stands it matches nothing.
fn can_match_arn(text: &str) -> bool {
    if text.starts_with("${") {
        return true;
    }
    let fixed = text.split(['*', '?']).next().unwrap_or(text);
    fixed.starts_with("arn:") || ("arn:".starts_with(fixed) && fixed.len() < text.len())
}

impl DocumentParser<'_> {
    pub(super) fn parse_action(&mut self, node: &JsonNode) -> Option<ActionElement> {
        let before = self.problems.len();
        let Some((kind, element)) = self.find_element(node, "Action", "NotAction") else {
            if self.problems.len() == before {
                self.report_error(node.span, "the statement has neither `Action` nor `NotAction`", "one of the two");
            }
            return None;
        };
        let mut patterns = Vec::new();
        for (text, span) in self.parse_strings(element, "Action") {
            match ActionPattern::parse(text) {
                Some(pattern) => patterns.push(pattern),
                None => self.report_error(span, format!("`{text}` is not an action"), "\"service:Action\" or \"*\""),
            }
        }
        Some(ActionElement { kind: kind, patterns })
    }

    pub(super) fn parse_resource(&mut self, node: &JsonNode) -> Option<ResourceElement> {
        let before = self.problems.len();
        let Some((kind, element)) = self.find_element(node, "Resource", "NotResource") else {
            // A trust policy is on its role; a policy on a resource may leave out what it is on.
            let is_required = !matches!(self.kind, DocumentKind::Trust | DocumentKind::Resource);
            if is_required && self.problems.len() == before {
                self.report_error(
                    node.span,
                    "the statement has neither `Resource` nor `NotResource`",
                    "one of the two",
                );
            }
            return None;
        };
        let variables = match self.version {
            Version::V2012 => VariableScope::AfterFifthColon,
            Version::V2008 => VariableScope::Nowhere,
        };
        let mut patterns = Vec::new();
        for (text, span) in self.parse_strings(element, "Resource") {
            // Some services take short names in the policies of their resources (`execute-api:/…`).
            if self.kind != DocumentKind::Resource && !can_match_arn(text) {
                self.report_error(span, format!("`{text}` is not a resource"), "an ARN or \"*\"");
            }
            patterns.push(Template::from_resource(text, variables));
        }
        Some(ResourceElement { kind: kind, patterns })
    }

    pub(super) fn parse_principal(&mut self, node: &JsonNode, effect: Option<Effect>) -> Option<PrincipalElement> {
        let before = self.problems.len();
        let Some((element_kind, element)) = self.find_element(node, "Principal", "NotPrincipal") else {
            let is_required = !matches!(self.kind, DocumentKind::Identity | DocumentKind::ServiceControl);
            if is_required && self.problems.len() == before {
                self.report_error(node.span, "the statement has no `Principal`", "whom it speaks of");
            }
            return None;
        };
        let name = if element_kind == ElementKind::List { "Principal" } else { "NotPrincipal" };
        if matches!(self.kind, DocumentKind::Identity | DocumentKind::ServiceControl) {
            self.report_error(element.span, format!("`{name}` has no place in this kind of policy"), "no such element");
            return None;
        }
        if element_kind == ElementKind::NotList
            && (self.kind != DocumentKind::Resource || effect == Some(Effect::Allow))
        {
            self.report_error(
                element.span,
                "`NotPrincipal` stands only with Deny, in resource policies",
                "`Principal`",
            );
            return None;
        }
        let mut entries = Vec::new();
        match &element.value {
            JsonValue::String(text) => self.parse_aws_principal(text, element.span, &mut entries),
            JsonValue::Object(members) => {
                for member in members {
                    for (text, span) in self.parse_strings(&member.value, &member.name) {
                        match &*member.name {
                            "AWS" => self.parse_aws_principal(text, span, &mut entries),
                            "Service" => entries.push(PrincipalEntry::Service(text.into())),
                            "Federated" => entries.push(PrincipalEntry::Federated(text.into())),
                            "CanonicalUser" => entries.push(PrincipalEntry::CanonicalUser(text.into())),
                            unknown => {
                                const KNOWN: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];
                                self.problems.push(
                                    Diagnostic::error(
                                        self.source,
                                        member.name_span,
                                        format!("unknown kind of principal `{unknown}`"),
                                        format!("one of {}", KNOWN.join(", ")),
                                    )
                                    .with_suggestion(unknown, KNOWN),
                                );
                                break;
                            }
                        }
                    }
                }
            }
            _ => self.report_error(
                element.span,
                format!("`{name}` cannot be {}", element.describe_type()),
                "\"*\" or an object",
            ),
        }
        if self.kind == DocumentKind::ResourceControl && entries != [PrincipalEntry::Anyone] {
            self.report_error(element.span, "a resource control policy speaks of everyone", "`Principal`: \"*\"");
        }
        Some(PrincipalElement { kind: element_kind, entries, span: element.span })
    }

    fn parse_aws_principal(&mut self, text: &str, span: Span, entries: &mut Vec<PrincipalEntry>) {
        if text == "*" {
            entries.push(PrincipalEntry::Anyone);
            return;
        }
        match AwsPrincipal::parse(text) {
            Some(principal) => entries.push(PrincipalEntry::Aws(principal)),
            None => self.report_error(
                span,
                format!("`{text}` names no AWS principal"),
                "an account, an ARN without wildcards, a unique id, or \"*\"",
            ),
        }
    }
}
