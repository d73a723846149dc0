//! Parses the `Principal`, `Action` and `Resource` elements of a statement.

use super::DocumentParser;
use crate::iam::action_pattern::ActionPattern;
use crate::iam::element::{ActionElement, ElementKind, ResourceElement};
use crate::iam::policy_document::{DocumentKind, Effect};
use crate::iam::principal_element::{AwsPrincipal, PrincipalElement, PrincipalEntry};
use crate::iam::template::Template;
use crate::source::json_tree::{JsonMember, JsonNode, JsonValue};
use crate::source::{Diagnostic, Span};

/// Whether a pattern can match an ARN, by its text up to the first wildcard. A placeholder of an infrastructure
/// template (`${Bucket.Arn}/*`) is accepted, although it matches nothing until it is replaced.
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
        Some(ActionElement { kind, patterns })
    }

    pub(super) fn parse_resource(&mut self, node: &JsonNode) -> Option<ResourceElement> {
        let before = self.problems.len();
        let Some((kind, element)) = self.find_element(node, "Resource", "NotResource") else {
            // The resource of a trust policy is its role. A resource policy can omit its resource.
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
        let variables = self.version.resource_variables();
        let mut patterns = Vec::new();
        for (text, span) in self.parse_strings(element, "Resource") {
            // AWS: API Gateway resource policy examples. `access::api_policies` completes these names.
            let is_short_name = self.kind == DocumentKind::Resource && text.starts_with("execute-api:/");
            if !is_short_name && !can_match_arn(text) {
                self.report_error(span, format!("`{text}` is not a resource"), "an ARN or \"*\"");
            }
            patterns.push(Template::from_policy_resource(text, variables));
        }
        Some(ResourceElement { kind, patterns })
    }

    pub(super) fn parse_principal(&mut self, node: &JsonNode, effect: Option<Effect>) -> Option<PrincipalElement> {
        let before = self.problems.len();
        let Some((element_kind, element)) = self.find_element(node, "Principal", "NotPrincipal") else {
            let is_required = !matches!(self.kind, DocumentKind::Identity | DocumentKind::ServiceControl);
            if is_required && self.problems.len() == before {
                self.report_error(node.span, "the statement has no `Principal`", "`Principal`");
            }
            return None;
        };
        let name = if element_kind == ElementKind::List { "Principal" } else { "NotPrincipal" };
        if matches!(self.kind, DocumentKind::Identity | DocumentKind::ServiceControl) {
            self.report_error(
                element.span,
                format!("`{name}` is not allowed in this kind of policy"),
                "a statement without it",
            );
            return None;
        }
        if element_kind == ElementKind::NotList
            && (self.kind != DocumentKind::Resource || effect == Some(Effect::Allow))
        {
            self.report_error(
                element.span,
                "`NotPrincipal` is allowed only with `Deny` in resource policies",
                "`Principal`",
            );
            return None;
        }
        let entries = self.parse_principal_entries(name, element);
        if self.kind == DocumentKind::ResourceControl && entries != [PrincipalEntry::Anyone] {
            self.report_error(
                element.span,
                "the principal of a resource control policy must be `*`",
                "`Principal`: \"*\"",
            );
        }
        Some(PrincipalElement { kind: element_kind, entries, span: element.span })
    }

    fn parse_principal_entries(&mut self, name: &str, element: &JsonNode) -> Vec<PrincipalEntry> {
        let mut entries = Vec::new();
        match &element.value {
            JsonValue::String(text) => entries.extend(self.parse_aws_principal(text, element.span)),
            JsonValue::Object(members) => {
                self.report_duplicate_members(element);
                for member in members {
                    for (text, span) in self.parse_strings(&member.value, &member.name) {
                        let entry = match &*member.name {
                            "AWS" => self.parse_aws_principal(text, span),
                            "Service" => Some(PrincipalEntry::Service(text.into())),
                            "Federated" => Some(PrincipalEntry::Federated(text.into())),
                            "CanonicalUser" => Some(PrincipalEntry::CanonicalUser(text.into())),
                            _ => {
                                self.report_unknown_principal_type(member);
                                break;
                            }
                        };
                        entries.extend(entry);
                    }
                }
            }
            _ => self.report_error(
                element.span,
                format!("`{name}` cannot be {}", element.describe_type()),
                "\"*\" or an object",
            ),
        }
        entries
    }

    fn report_unknown_principal_type(&mut self, member: &JsonMember) {
        const KNOWN: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];
        let message = format!("unknown principal type `{}`", member.name);
        let expected = format!("one of {}", KNOWN.join(", "));
        let problem = Diagnostic::error(self.source, member.name_span, message, expected);
        self.problems.push(problem.with_suggestion(&member.name, KNOWN));
    }

    fn parse_aws_principal(&mut self, text: &str, span: Span) -> Option<PrincipalEntry> {
        if text == "*" {
            return Some(PrincipalEntry::Anyone);
        }
        let principal = AwsPrincipal::parse(text);
        if principal.is_none() {
            self.report_error(
                span,
                format!("`{text}` is not an AWS principal"),
                "an account, an ARN without wildcards, a unique ID, or \"*\"",
            );
        }
        principal.map(PrincipalEntry::Aws)
    }
}
