//! OIDC providers that many customers share: only a claim tells whose a token is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::iam::condition::{ConditionValue, Operator};
use crate::iam::{Condition, Part, PolicyDocument, Template};

/// A provider that vouches for many customers under one address.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
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
struct File {
    issuer: Vec<Issuer>,
}

static ISSUERS: LazyLock<Vec<Issuer>> =
    LazyLock::new(|| toml::from_str::<File>(include_str!("issuers.toml")).expect("a valid list").issuer);

/// All shared providers that are known.
pub fn issuers() -> &'static [Issuer] {
    &ISSUERS
}

impl Issuer {
    /// The shared provider of that address.
    pub fn of(host: &str) -> Option<&'static Issuer> {
        ISSUERS.iter().find(|issuer| issuer.host.eq_ignore_ascii_case(host))
    }

    /// The customers that the conditions of a document name in full, as values of claims, by the operator that reads
    /// them and by context key.
    pub(super) fn named(&self, document: &PolicyDocument) -> BTreeMap<(&'static str, String), Vec<String>> {
        let mut named: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
        for condition in document.statements.iter().flat_map(|statement| &statement.conditions) {
            // The path of a provider may end with a slash in its key.
            let key = condition.key.lower().replace("/:", ":");
            let Some(claim) = key.strip_prefix(&format!("{}:", self.host)) else { continue };
            let key = condition.key.as_written().to_owned();
            let whose = values(condition).filter(|value| self.tenant_of(claim, value).is_some());
            if condition.operator == Operator::StringEqualsIgnoreCase {
                // In whatever letter case: there is no glob for that.
                let whole = whose.filter_map(|value| Some(escaped(value.as_literal()?)));
                named.entry((condition.operator.name(), key)).or_default().extend(whole);
            } else {
                let globs = whose.filter_map(|value| self.tenant_of(claim, value));
                named.entry((Operator::StringLike.name(), key)).or_default().extend(globs);
            }
        }
        named.retain(|_, globs| !globs.is_empty());
        named
    }

    /// The glob over all that one customer can bring, if the value of a claim names a customer in full.
    fn tenant_of(&self, claim: &str, value: &Template) -> Option<String> {
        let (literal, whole) = match value.parts() {
            [Part::Literal(text)] => (&**text, true),
            [Part::Literal(text), ..] => (&**text, false),
            _ => return None,
        };
        if claim == "sub" {
            for form in &self.subjects {
                let (before, after) = form.split_once("{}")?;
                if let Some(rest) = literal.strip_prefix(before)
                    && let Some((tenant, _)) = rest.split_once(after).filter(|(tenant, _)| !tenant.is_empty())
                {
                    return Some(format!("{}*", escaped(&format!("{before}{tenant}{after}"))));
                }
            }
            return whole.then(|| escaped(literal));
        }
        if !self.claims.iter().any(|known| known == claim) {
            return None;
        }
        match literal.split_once('/') {
            Some((tenant, _)) if !tenant.is_empty() => Some(format!("{}/*", escaped(tenant))),
            _ => whole.then(|| escaped(literal)),
        }
    }
}

fn values(condition: &Condition) -> impl Iterator<Item = &Template> {
    condition.values.iter().filter_map(|value| match value {
        ConditionValue::Text(template) => Some(template),
        ConditionValue::Typed(_) => None,
    })
}

/// A text that stands for itself in a policy's value.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '*' | '?' | '$' => out.extend(["${", c.encode_utf8(&mut [0; 4]), "}"]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::template::{Variables, Wildcards};

    fn named(host: &str, claim: &str, value: &str) -> Option<String> {
        let template = Template::parse(value, Wildcards::Active, Variables::Anywhere);
        Issuer::of(host).and_then(|issuer| issuer.tenant_of(claim, &template))
    }

    #[test]
    fn a_customer_is_named_in_full_or_not_at_all() {
        let github = "token.actions.githubusercontent.com";
        let of = |value| named(github, "sub", value);
        assert_eq!(of("repo:corp/app:ref:refs/heads/main").as_deref(), Some("repo:corp/*"));
        assert_eq!(of("repo:corp/*").as_deref(), Some("repo:corp/*"));
        // Anyone can register an organization whose name begins like ours.
        for open in ["repo:corp*", "repo:*", "*", "repo:*/app:*", "repo:${aws:PrincipalTag/org}/app"] {
            assert_eq!(of(open), None, "{open}");
        }
        assert_eq!(named(github, "repository", "corp/app").as_deref(), Some("corp/*"));
        assert_eq!(named(github, "ref", "refs/heads/main"), None);
        assert_eq!(named("accounts.google.com", "aud", "123").as_deref(), Some("123"));
        assert_eq!(named("accounts.google.com", "aud", "12*"), None);
        assert_eq!(named("gitlab.com", "sub", "project_path:g/p:*").as_deref(), Some("project_path:g/*"));
    }

    #[test]
    fn every_issuer_can_be_told_apart() {
        for issuer in issuers() {
            assert!(!issuer.subjects.is_empty() || !issuer.claims.is_empty(), "{}", issuer.host);
            assert!(issuer.subjects.iter().all(|form| form.split_once("{}").is_some_and(|(_, end)| !end.is_empty())));
        }
    }
}
