//! OIDC providers that many customers share: only a claim tells whose a token is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::iam::condition::ConditionValue;
use crate::iam::operator::ConditionOperator;
use crate::iam::{Condition, PolicyDocument, Template, TemplatePart};

/// A provider that vouches for many customers under one address.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedIdp {
    /// Its address, without `https://`.
    pub host: String,
    /// What people call it.
    pub name: String,
    /// What one of its customers is called: `repository`.
    pub tenant: String,
    /// How its `sub` claim begins, with `{}` for the customer.
    pub subjects: Vec<String>,
    /// Claims that tell the customer.
    pub claims: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedIdpFile {
    issuer: Vec<SharedIdp>,
}

static SHARED_IDPS: LazyLock<Vec<SharedIdp>> =
    LazyLock::new(|| toml::from_str::<SharedIdpFile>(include_str!("shared_idp.toml")).expect("a valid list").issuer);

/// All shared providers that are known.
pub fn list_shared_idps() -> &'static [SharedIdp] {
    &SHARED_IDPS
}

impl SharedIdp {
    /// The shared provider of that address.
    pub fn find_by_host(host: &str) -> Option<&'static SharedIdp> {
        SHARED_IDPS.iter().find(|idp| idp.host.eq_ignore_ascii_case(host))
    }

    /// The customers that the conditions of a document name in full, as values of claims, by the operator that reads
    /// them and by context key.
    pub(super) fn collect_named_tenants(
        &self,
        document: &PolicyDocument,
    ) -> BTreeMap<(&'static str, String), Vec<String>> {
        let mut globs_by_claim: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
        for condition in document.statements.iter().flat_map(|statement| &statement.conditions) {
            // The path of a provider may end with a slash in its key.
            let key = condition.key.lower().replace("/:", ":");
            let Some(claim) = key.strip_prefix(&format!("{}:", self.host)) else { continue };
            let key = condition.key.as_written().to_owned();
            let tenant_values = list_text_values(condition).filter(|value| self.parse_tenant(claim, value).is_some());
            if condition.operator == ConditionOperator::StringEqualsIgnoreCase {
                // In whatever letter case: there is no glob for that.
                let literals = tenant_values.filter_map(|value| Some(escape_wildcards(value.as_literal()?)));
                globs_by_claim.entry((condition.operator.name(), key)).or_default().extend(literals);
            } else {
                let globs = tenant_values.filter_map(|value| self.parse_tenant(claim, value));
                globs_by_claim.entry((ConditionOperator::StringLike.name(), key)).or_default().extend(globs);
            }
        }
        globs_by_claim.retain(|_, globs| !globs.is_empty());
        globs_by_claim
    }

    /// The glob over all that one customer can bring, if the value of a claim names a customer in full.
    fn parse_tenant(&self, claim: &str, value: &Template) -> Option<String> {
        let (literal, is_literal) = match value.parts() {
            [TemplatePart::Literal(text)] => (&**text, true),
            [TemplatePart::Literal(text), ..] => (&**text, false),
            _ => return None,
        };
        if claim == "sub" {
            for subject_format in &self.subjects {
                let (before, after) = subject_format.split_once("{}")?;
                if let Some(tenant_and_rest) = literal.strip_prefix(before)
                    && let Some((tenant, _)) =
                        tenant_and_rest.split_once(after).filter(|(tenant, _)| !tenant.is_empty())
                {
                    return Some(format!("{}*", escape_wildcards(&format!("{before}{tenant}{after}"))));
                }
            }
            return is_literal.then(|| escape_wildcards(literal));
        }
        if !self.claims.iter().any(|claim_name| claim_name == claim) {
            return None;
        }
        match literal.split_once('/') {
            Some((tenant, _)) if !tenant.is_empty() => Some(format!("{}/*", escape_wildcards(tenant))),
            _ => is_literal.then(|| escape_wildcards(literal)),
        }
    }
}

fn list_text_values(condition: &Condition) -> impl Iterator<Item = &Template> {
    condition.values.iter().filter_map(|value| match value {
        ConditionValue::Text(template) => Some(template),
        ConditionValue::Typed(_) => None,
    })
}

/// A text that stands for itself in a policy's value.
pub(super) fn escape_wildcards(text: &str) -> String {
    let mut escaped_text = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '*' | '?' | '$' => escaped_text.extend(["${", c.encode_utf8(&mut [0; 4]), "}"]),
            c => escaped_text.push(c),
        }
    }
    escaped_text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::template::{VariableScope, WildcardMode};

    fn parse_tenant_at(host: &str, claim: &str, value: &str) -> Option<String> {
        let template = Template::parse(value, WildcardMode::Active, VariableScope::Anywhere);
        SharedIdp::find_by_host(host).and_then(|idp| idp.parse_tenant(claim, &template))
    }

    #[test]
    fn a_customer_is_named_in_full_or_not_at_all() {
        let github = "token.actions.githubusercontent.com";
        let parse_github_subject = |value| parse_tenant_at(github, "sub", value);
        assert_eq!(parse_github_subject("repo:corp/app:ref:refs/heads/main").as_deref(), Some("repo:corp/*"));
        assert_eq!(parse_github_subject("repo:corp/*").as_deref(), Some("repo:corp/*"));
        // Anyone can register an organization whose name begins like ours.
        for pattern in ["repo:corp*", "repo:*", "*", "repo:*/app:*", "repo:${aws:PrincipalTag/org}/app"] {
            assert_eq!(parse_github_subject(pattern), None, "{pattern}");
        }
        assert_eq!(parse_tenant_at(github, "repository", "corp/app").as_deref(), Some("corp/*"));
        assert_eq!(parse_tenant_at(github, "ref", "refs/heads/main"), None);
        assert_eq!(parse_tenant_at("accounts.google.com", "aud", "123").as_deref(), Some("123"));
        assert_eq!(parse_tenant_at("accounts.google.com", "aud", "12*"), None);
        assert_eq!(parse_tenant_at("gitlab.com", "sub", "project_path:g/p:*").as_deref(), Some("project_path:g/*"));
    }

    #[test]
    fn every_idp_identifies_its_tenants() {
        for idp in list_shared_idps() {
            assert!(!idp.subjects.is_empty() || !idp.claims.is_empty(), "{}", idp.host);
            assert!(idp.subjects.iter().all(|form| form.split_once("{}").is_some_and(|(_, end)| !end.is_empty())));
        }
    }
}
