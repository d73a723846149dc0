//! OIDC providers that have many customers under one URL: only a claim of a token identifies the customer.
//!
//! The providers are listed in `shared_idp.toml`.

use std::sync::LazyLock;

use crate::iam::condition::ConditionValue;
use crate::iam::{Condition, ConditionOperator, PolicyDocument, Template, TemplatePart};

/// An OIDC provider that issues tokens for many customers under one URL.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedIdp {
    /// Its URL without `https://`.
    pub host: String,
    /// Its product name.
    pub name: String,
    /// The noun for one of its customers: `repository`.
    pub tenant: String,
    /// The formats of the beginning of its `sub` claim, with `{}` in place of the customer.
    pub subjects: Vec<String>,
    /// The claims that identify the customer.
    pub claims: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedIdpFile {
    shared_idp: Vec<SharedIdp>,
}

static SHARED_IDPS: LazyLock<Vec<SharedIdp>> = LazyLock::new(|| {
    // INVARIANT: the file is part of the program, and the tests read it.
    toml::from_str::<SharedIdpFile>(include_str!("shared_idp.toml")).expect("shared_idp.toml is valid").shared_idp
});

/// All known shared providers.
pub fn list_shared_idps() -> &'static [SharedIdp] {
    &SHARED_IDPS
}

/// The customers that the conditions of a trust policy name for one claim.
pub(super) struct NamedTenants {
    /// The operator that compares the claim.
    pub operator: ConditionOperator,
    /// The context key of the claim.
    pub key: String,
    /// Globs over the values of the claim, one per customer.
    pub globs: Vec<String>,
}

impl SharedIdp {
    /// The shared provider with this URL (without `https://`). `None` if the provider is not a known shared one.
    pub fn find_by_host(host: &str) -> Option<&'static SharedIdp> {
        SHARED_IDPS.iter().find(|idp| idp.host.eq_ignore_ascii_case(host))
    }

    /// The customers that the conditions of a trust policy name in full, by operator and context key.
    pub(super) fn collect_named_tenants(&self, document: &PolicyDocument) -> Vec<NamedTenants> {
        let mut all: Vec<NamedTenants> = Vec::new();
        for condition in document.statements.iter().flat_map(|statement| &statement.conditions) {
            // The URL of a provider can end with a slash in its context keys.
            let key = condition.key.lower().replace("/:", ":");
            let Some(claim) = key.strip_prefix(&format!("{}:", self.host)) else { continue };
            let named_tenants =
                list_text_values(condition).filter_map(|value| Some((value, self.parse_tenant(claim, value)?)));
            let (operator, globs): (_, Vec<String>) = match condition.operator {
                // A glob is case-sensitive, so only the literal values can be compared in any letter case.
                operator @ ConditionOperator::StringEqualsIgnoreCase => {
                    let literals = named_tenants.filter_map(|(value, _)| Some(escape_wildcards(value.as_literal()?)));
                    (operator, literals.collect())
                }
                _ => (ConditionOperator::StringLike, named_tenants.map(|(_, glob)| glob).collect()),
            };
            if globs.is_empty() {
                continue;
            }
            let key = condition.key.as_written();
            match all.iter_mut().find(|named| named.operator == operator && named.key == key) {
                Some(named) => named.globs.extend(globs),
                None => all.push(NamedTenants { operator, key: key.to_owned(), globs }),
            }
        }
        all
    }

    /// The glob over all values of a claim that tokens of one customer can have. `None` if the value does not name a
    /// customer in full.
    fn parse_tenant(&self, claim: &str, value: &Template) -> Option<String> {
        let (literal, is_literal) = match value.parts() {
            [TemplatePart::Literal(text)] => (&**text, true),
            [TemplatePart::Literal(text), ..] => (&**text, false),
            _ => return None,
        };
        if claim == "sub" {
            for subject_format in &self.subjects {
                // INVARIANT: every format has `{}` (a test checks this).
                let Some((before, after)) = subject_format.split_once("{}") else { continue };
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

/// Escapes a text so that it is literal in the value of a condition with wildcards and variables.
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
    fn only_full_names_identify_a_customer() {
        let github = "token.actions.githubusercontent.com";
        let parse_github_subject = |value| parse_tenant_at(github, "sub", value);
        assert_eq!(parse_github_subject("repo:corp/app:ref:refs/heads/main").as_deref(), Some("repo:corp/*"));
        assert_eq!(parse_github_subject("repo:corp/*").as_deref(), Some("repo:corp/*"));
        // Anyone can register an organization whose name starts with `corp`.
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
    fn every_idp_identifies_its_customers() {
        for idp in list_shared_idps() {
            assert!(!idp.subjects.is_empty() || !idp.claims.is_empty(), "{}", idp.host);
            assert!(idp.subjects.iter().all(|form| form.split_once("{}").is_some_and(|(_, end)| !end.is_empty())));
        }
    }
}
