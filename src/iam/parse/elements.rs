//! Whom, what and on what: the elements of a statement beside its conditions.

use super::Reader;
use crate::iam::action::ActionPattern;
use crate::iam::document::{ActionElement, DocumentKind, Effect, Listing, ResourceElement, Version};
use crate::iam::principal::{AwsPrincipal, PrincipalElement, PrincipalEntry};
use crate::iam::template::{Template, Variables};
use crate::source::json::{Node, Value};
use crate::source::{Diagnostic, Span};

/// Whether what a pattern starts with, up to its first wildcard, is how an ARN starts. A placeholder of a
/// template (`${Bucket.Arn}/*`) may become one; as it stands it matches nothing.
fn can_match_an_arn(text: &str) -> bool {
    if text.starts_with("${") {
        return true;
    }
    let fixed = text.split(['*', '?']).next().unwrap_or(text);
    fixed.starts_with("arn:") || ("arn:".starts_with(fixed) && fixed.len() < text.len())
}

impl Reader<'_> {
    pub(super) fn action(&mut self, node: &Node) -> Option<ActionElement> {
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

    pub(super) fn resource(&mut self, node: &Node) -> Option<ResourceElement> {
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

    pub(super) fn principal(&mut self, node: &Node, effect: Option<Effect>) -> Option<PrincipalElement> {
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
}
