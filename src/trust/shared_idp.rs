//! OIDC providers that have many customers under one URL: only a claim of a token identifies the customer.
//!
//! The providers are listed in `shared_idp.toml`.

use std::sync::LazyLock;

use crate::iam::template::escape_wildcards;
use crate::iam::{Condition, ConditionOperator, ContextKey, Effect, PolicyDocument, Statement, Template, TemplatePart};

/// An OIDC provider that issues tokens for many customers under one URL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SharedIdp {
    /// Its URL without `https://`.
    pub host: String,
    /// Its product name.
    pub name: String,
    /// The noun for one of its customers: `repository`.
    pub tenant: String,
    /// The claim or context key that AWS requires in a trust policy. `None` if AWS does not list the provider.
    pub control: Option<String>,
    /// The formats of the beginning of its `sub` claim, with `{}` in place of the customer.
    pub subjects: Vec<String>,
    /// Whether a customer chooses the claims of which its subjects consist.
    pub custom_subjects: bool,
    /// The claims and context keys whose whole value identifies the customer.
    pub claims: Vec<String>,
    /// The claims whose part before the first slash identifies the customer.
    pub path_claims: Vec<String>,
    /// Subjects to show in a fix, one for each format that tokens have today.
    pub examples: Vec<String>,
    /// What marks the token of a guest. `None` if the provider issues none.
    pub guests: Option<GuestMark>,
}

/// The claim of a token that an OIDC provider issues to anyone who knows the id of a customer, without sign-in.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestMark {
    /// The claim.
    pub claim: String,
    /// Its values.
    pub values: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedIdpFile {
    /// The day on which the list was compared with the page of AWS.
    verified: String,
    shared_idp: Vec<SharedIdpTable>,
}

/// One provider of the file. It has one URL or several.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedIdpTable {
    host: Option<String>,
    #[serde(default)]
    hosts: Vec<String>,
    name: String,
    tenant: String,
    control: Option<String>,
    #[serde(default)]
    subjects: Vec<String>,
    #[serde(default)]
    custom_subjects: bool,
    #[serde(default)]
    claims: Vec<String>,
    #[serde(default)]
    path_claims: Vec<String>,
    #[serde(default)]
    examples: Vec<String>,
    guests: Option<GuestMark>,
}

impl SharedIdpTable {
    fn into_idps(self) -> impl Iterator<Item = SharedIdp> {
        let SharedIdpTable {
            host,
            hosts,
            name,
            tenant,
            control,
            subjects,
            custom_subjects,
            claims,
            path_claims,
            examples,
            guests,
        } = self;
        host.into_iter().chain(hosts).map(move |host| SharedIdp {
            host,
            name: name.clone(),
            tenant: tenant.clone(),
            control: control.clone(),
            subjects: subjects.clone(),
            custom_subjects,
            claims: claims.clone(),
            path_claims: path_claims.clone(),
            examples: examples.clone(),
            guests: guests.clone(),
        })
    }
}

struct SharedIdpList {
    verified: String,
    idps: Vec<SharedIdp>,
}

static SHARED_IDPS: LazyLock<SharedIdpList> = LazyLock::new(|| {
    // INVARIANT: the file is part of the program, and the tests read it.
    let file = toml::from_str::<SharedIdpFile>(include_str!("shared_idp.toml")).expect("shared_idp.toml is valid");
    let idps = file.shared_idp.into_iter().flat_map(SharedIdpTable::into_idps).collect();
    SharedIdpList { verified: file.verified, idps }
});

/// The day on which the list was compared with the page of AWS: `2026-11-29`.
pub fn shared_idps_verified_on() -> &'static str {
    &SHARED_IDPS.verified
}

/// All known shared providers.
pub fn list_shared_idps() -> &'static [SharedIdp] {
    &SHARED_IDPS.idps
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
        SHARED_IDPS.idps.iter().find(|idp| idp.host.eq_ignore_ascii_case(host))
    }

    /// The customers that the conditions of a trust policy name in full, by operator and context key: those that an Allow
    /// requires, and those that a Deny exempts.
    pub(super) fn collect_named_tenants(&self, document: &PolicyDocument) -> Vec<NamedTenants> {
        let mut all: Vec<NamedTenants> = Vec::new();
        let is_admitting = |statement: &Statement, condition: &&Condition| {
            condition.operator.is_negated() == (statement.effect == Effect::Deny)
        };
        let conditions = document.statements.iter().flat_map(|statement| {
            statement.conditions.iter().filter(move |condition| is_admitting(statement, condition))
        });
        for condition in conditions {
            let Some(claim) = self.find_claim(&condition.key) else { continue };
            let named_tenants = condition.texts().filter_map(|value| Some((value, self.parse_tenant(&claim, value)?)));
            let (operator, globs): (_, Vec<String>) = match condition.operator {
                // A glob is case-sensitive, so only the literal values can be compared in any letter case.
                ConditionOperator::StringEqualsIgnoreCase | ConditionOperator::StringNotEqualsIgnoreCase => {
                    let literals = named_tenants.filter_map(|(value, _)| Some(escape_wildcards(value.as_literal()?)));
                    (ConditionOperator::StringEqualsIgnoreCase, literals.collect())
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

    /// The claim of a context key in lower case: `sub` for `gitlab.com:sub`, and a key of another prefix as it is. `None`
    /// if the key can identify no customer.
    fn find_claim(&self, key: &ContextKey) -> Option<String> {
        // The URL of a provider can end with a slash in its context keys.
        let key = key.lower().replace("/:", ":");
        if let Some(claim) = key.strip_prefix(&format!("{}:", self.host.to_ascii_lowercase())) {
            return Some(claim.to_owned());
        }
        self.claims.iter().any(|claim| claim.contains(':') && claim.eq_ignore_ascii_case(&key)).then_some(key)
    }

    /// The glob over all values of a claim that tokens of one customer can have. `None` if the value does not name a
    /// customer in full.
    fn parse_tenant(&self, claim: &str, value: &Template) -> Option<String> {
        let (literal, is_literal) = match value.parts() {
            [TemplatePart::Literal(text)] => (&**text, true),
            [TemplatePart::Literal(text), ..] => (&**text, false),
            _ => return None,
        };
        let lists = |claims: &[String]| claims.iter().any(|listed| listed.eq_ignore_ascii_case(claim));
        if claim == "sub" {
            if let Some(tenant) = self.subjects.iter().find_map(|format| parse_subject(format, literal)) {
                return Some(tenant);
            }
            // A subject can end after the name of the customer.
            let ends_with_tenant =
                || self.subjects.iter().any(|format| parse_subject(format, &format!("{literal}:")).is_some());
            let has_known_format = !self.subjects.is_empty() && (!self.custom_subjects || ends_with_tenant());
            return (is_literal && (lists(&self.claims) || has_known_format)).then(|| escape_wildcards(literal));
        }
        if lists(&self.path_claims) {
            return match literal.split_once('/') {
                Some((tenant, _)) if !tenant.is_empty() => Some(format!("{}/*", escape_wildcards(tenant))),
                _ => is_literal.then(|| escape_wildcards(literal)),
            };
        }
        (is_literal && lists(&self.claims)).then(|| escape_wildcards(literal))
    }
}

/// The glob over all subjects of the customer that a subject of this format names. `None` if it has another format, or
/// does not name the customer in full.
fn parse_subject(subject_format: &str, literal: &str) -> Option<String> {
    // INVARIANT: every format has `{}` (a test checks this).
    let (before, after) = subject_format.split_once("{}")?;
    let (tenant, _) = literal.strip_prefix(before)?.split_once(after)?;
    (!tenant.is_empty()).then(|| format!("{}*", escape_wildcards(&format!("{before}{tenant}{after}"))))
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
        // A name cannot contain `@`, which begins an id.
        for (pattern, tenant) in [
            ("repo:corp@*/app@*:ref:refs/heads/main", Some("repo:corp@*")),
            ("repo:corp@4410/*", Some("repo:corp@4410/*")),
            ("repo:corp*/app*:ref:refs/heads/main", None),
        ] {
            assert_eq!(parse_github_subject(pattern).as_deref(), tenant, "{pattern}");
        }
        assert_eq!(
            parse_tenant_at("oidc.vercel.com", "aud", "https://vercel.com/acme").as_deref(),
            Some("https://vercel.com/acme")
        );
        assert_eq!(parse_tenant_at("oidc.vercel.com", "aud", "https://vercel.com/*"), None);
        let sentinel = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d";
        assert_eq!(parse_tenant_at(sentinel, "sub", "the-same-for-all"), None);
        assert_eq!(
            parse_tenant_at(sentinel, "sts:rolesessionname", "MicrosoftSentinel_1").as_deref(),
            Some("MicrosoftSentinel_1")
        );
        // An owner chooses the claims of its subjects.
        for subject in ["ref:refs/heads/main", "environment:prod", "runner_environment:github-hosted:repo:corp/app"] {
            assert_eq!(parse_github_subject(subject), None, "{subject}");
        }
        for (subject, tenant) in [
            ("repository:corp/app:environment:prod", "repository:corp/*"),
            ("workflow_ref:corp/app/.github/workflows/a.yml@*", "workflow_ref:corp/*"),
            ("enterprise_id:5:*", "enterprise_id:5:*"),
            ("repository_owner:corp", "repository_owner:corp"),
            ("repository_id:4410", "repository_id:4410"),
        ] {
            assert_eq!(parse_github_subject(subject).as_deref(), Some(tenant), "{subject}");
        }
        assert_eq!(parse_tenant_at("accounts.google.com", "oaud", "https://corp"), None);
        assert_eq!(parse_tenant_at("accounts.google.com", "aud", "123").as_deref(), Some("123"));
        assert_eq!(parse_tenant_at("accounts.google.com", "aud", "12*"), None);
        assert_eq!(parse_tenant_at("gitlab.com", "sub", "project_path:g/p:*").as_deref(), Some("project_path:g/*"));
    }

    #[test]
    fn the_table_of_aws_is_complete() {
        let listed = list_shared_idps().iter().filter(|idp| idp.control.is_some()).count();
        assert_eq!((listed, shared_idps_verified_on()), (22, "2026-11-29"));
    }

    #[test]
    fn every_idp_identifies_its_customers() {
        for idp in list_shared_idps() {
            assert!(!idp.subjects.is_empty() || !idp.claims.is_empty(), "{}", idp.host);
            // The claim that AWS requires identifies the customer.
            if let Some(control) = &idp.control {
                let by_subject = control == "sub" && !idp.subjects.is_empty();
                assert!(by_subject || idp.claims.contains(control), "{}", idp.host);
            }
            assert!(idp.subjects.iter().all(|form| form.split_once("{}").is_some_and(|(_, end)| !end.is_empty())));
        }
    }
}
