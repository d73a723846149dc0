//! Whom the Allow statements of a trust policy name, and what they ask.

use crate::baseline::Glob;
use crate::iam::condition::ConditionValue;
use crate::iam::principal_element::{AwsPrincipal, PrincipalEntry};
use crate::iam::{
    Condition, ConditionOperator, Effect, ElementKind, MissingKeyRule, PolicyDocument, Quantifier, Statement,
};

/// Whom a statement lets assume the role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum TrustedParty {
    /// An AWS service, as `lambda.amazonaws.com` in every partition.
    Service(String),
    /// An OIDC provider, without `https://`.
    Oidc(String),
    /// A SAML provider, by its name.
    Saml(String),
    /// A user, a role or a session, by its ARN.
    Principal(String),
    /// Whoever an account lets.
    Account(String),
    /// Anyone.
    Anyone,
    /// Something of another form, as it was written.
    Other(String),
}

/// One way in: whom a statement names, and what it asks.
#[derive(Clone, Debug)]
pub(crate) struct TrustPolicyGrant {
    /// Whom it names.
    pub party: TrustedParty,
    /// Context keys in lower case, with the values of which the request must have one. Only what narrows a request
    /// for certain is here: no `…IfExists`, no `ForAllValues:`, no negation.
    pub required_values: Vec<(String, Vec<String>)>,
}

impl TrustedParty {
    /// Whom it lets in, in words: `trusts the service lambda.amazonaws.com`.
    pub fn describe(&self) -> String {
        match self {
            TrustedParty::Service(name) => format!("trusts the service {name}"),
            TrustedParty::Oidc(name) => format!("trusts the OIDC provider {name}"),
            TrustedParty::Saml(name) => format!("trusts the SAML provider {name}"),
            TrustedParty::Principal(arn) => format!("trusts {arn}"),
            TrustedParty::Account(account) => format!("trusts account {account}"),
            TrustedParty::Anyone => "trusts anyone".to_owned(),
            TrustedParty::Other(text) => format!("trusts {text}"),
        }
    }
}

impl TrustPolicyGrant {
    /// The values that are asked of a key. A key without a colon is a claim of the OIDC provider (`sub`, `aud`).
    pub fn values(&self, key: &str) -> impl Iterator<Item = &str> {
        let name = match &self.party {
            TrustedParty::Oidc(provider) if !key.contains(':') => format!("{}:{key}", provider.to_ascii_lowercase()),
            _ => key.to_owned(),
        };
        self.required_values
            .iter()
            .filter(move |(asked, _)| *asked == name)
            .flat_map(|(_, values)| values)
            .map(String::as_str)
    }
}

/// Every way into a role.
pub(crate) fn list_trust_grants(document: &PolicyDocument) -> Vec<TrustPolicyGrant> {
    let mut grants = Vec::new();
    for statement in document.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        let Some(principal) = statement.principal.as_ref().filter(|p| p.kind == ElementKind::List) else { continue };
        let required_values: Vec<(String, Vec<String>)> =
            statement.conditions.iter().filter_map(parse_required_values).collect();
        for entry in &principal.entries {
            let party = parse_party(entry);
            if allows_assuming(statement, &party) {
                grants.push(TrustPolicyGrant { party: party, required_values: required_values.clone() });
            }
        }
    }
    grants
}

fn parse_party(entry: &PrincipalEntry) -> TrustedParty {
    match entry {
        PrincipalEntry::Anyone => TrustedParty::Anyone,
        PrincipalEntry::Service(name) => TrustedParty::Service(normalize_service_name(name)),
        PrincipalEntry::Federated(name) => parse_federated(name),
        PrincipalEntry::CanonicalUser(id) => TrustedParty::Other(format!("canonical user {id}")),
        PrincipalEntry::Aws(AwsPrincipal::Account(account)) => TrustedParty::Account(account.as_str().to_owned()),
        PrincipalEntry::Aws(AwsPrincipal::Root(arn)) => TrustedParty::Account(arn.account().to_owned()),
        PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => TrustedParty::Principal(arn.as_str().to_owned()),
        PrincipalEntry::Aws(AwsPrincipal::UniqueId(id)) => TrustedParty::Other(id.to_string()),
    }
}

/// A service's name as partition `aws` writes it, by the DNS suffixes of the others.
pub(crate) fn normalize_service_name(name: &str) -> String {
    const SUFFIXES: [&str; 6] =
        [".amazonaws.com.cn", ".amazonaws.eu", ".c2s.ic.gov", ".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov"];
    let name = name.to_ascii_lowercase();
    match SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)) {
        Some(stem) => format!("{stem}.amazonaws.com"),
        None => name,
    }
}

/// An identity provider, by its ARN in IAM; those that AWS knows by themselves go by their host.
fn parse_federated(text: &str) -> TrustedParty {
    if let Some((_, provider)) = text.split_once(":oidc-provider/") {
        return TrustedParty::Oidc(provider.trim_end_matches('/').to_owned());
    }
    if let Some((_, provider)) = text.split_once(":saml-provider/") {
        return TrustedParty::Saml(provider.to_owned());
    }
    let is_host = text.contains('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    if is_host { TrustedParty::Oidc(text.to_owned()) } else { TrustedParty::Other(text.to_owned()) }
}

/// Whether a statement allows the action by which such a principal assumes a role.
fn allows_assuming(statement: &Statement, party: &TrustedParty) -> bool {
    let action = match party {
        TrustedParty::Oidc(_) => "sts:assumerolewithwebidentity",
        TrustedParty::Saml(_) => "sts:assumerolewithsaml",
        _ => "sts:assumerole",
    };
    let is_listed = |action: &str| {
        let matches = |written: &str| Glob::new(&written.to_ascii_lowercase()).matches(action);
        statement.action.patterns.iter().any(|pattern| matches(pattern.as_written()))
    };
    let is_allowed = |action: &str| is_listed(action) == (statement.action.kind == ElementKind::List);
    match party {
        // A federated principal of an unknown form, or anyone, may come in either way.
        TrustedParty::Other(_) | TrustedParty::Anyone => {
            ["sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"].into_iter().any(is_allowed)
        }
        _ => is_allowed(action),
    }
}

fn parse_required_values(condition: &Condition) -> Option<(String, Vec<String>)> {
    let is_narrowing = !condition.operator.is_negated()
        && condition.operator != ConditionOperator::Null
        && condition.quantifier != Quantifier::ForAllValues
        && condition.when_missing == MissingKeyRule::OperatorDefault;
    let to_text = |value: &ConditionValue| match value {
        ConditionValue::Text(template) => template.as_written().to_owned(),
        ConditionValue::Typed(typed) => typed.to_string(),
    };
    is_narrowing.then(|| {
        // The path of a provider's URL may end with a slash in the key and without one in its ARN.
        let key = condition.key.lower().replace("/:", ":");
        (key, condition.values.iter().map(to_text).collect())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::iam::DocumentKind;
    use crate::source::SourceFile;

    fn parse_grants(statements: &str) -> Vec<TrustPolicyGrant> {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#);
        let document = PolicyDocument::parse(&SourceFile::new("trust.json", text), DocumentKind::Trust);
        list_trust_grants(&document.map_err(|problems| problems.to_string()).unwrap())
    }

    fn parse_parties(principal: &str, action: &str) -> Vec<TrustedParty> {
        let statement = format!(r#"{{"Effect": "Allow", "Principal": {principal}, "Action": {action}}}"#);
        parse_grants(&statement).into_iter().map(|grant| grant.party).collect()
    }

    #[test]
    fn trusted_parties_of_a_statement() {
        use TrustedParty::*;
        let assume = r#""sts:AssumeRole""#;
        let web = r#"["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]"#;
        for (principal, action, expected) in [
            (r#"{"Service": "ec2.amazonaws.com.cn"}"#, assume, Service("ec2.amazonaws.com".into())),
            (r#"{"Service": "Lambda.amazonaws.com"}"#, assume, Service("lambda.amazonaws.com".into())),
            (r#"{"AWS": "111122223333"}"#, assume, Account("111122223333".into())),
            (r#"{"AWS": "arn:aws-cn:iam::111122223333:root"}"#, assume, Account("111122223333".into())),
            (
                r#"{"AWS": "arn:aws:iam::111122223333:user/a"}"#,
                assume,
                Principal("arn:aws:iam::111122223333:user/a".into()),
            ),
            (r#""*""#, assume, Anyone),
            (r#"{"Federated": "arn:aws:iam::111122223333:saml-provider/corp"}"#, r#""sts:*""#, Saml("corp".into())),
            (
                r#"{"Federated": "arn:aws:iam::111122223333:oidc-provider/a.example/x/"}"#,
                web,
                Oidc("a.example/x".into()),
            ),
            (r#"{"Federated": "accounts.google.com"}"#, web, Oidc("accounts.google.com".into())),
            (r#"{"Federated": "${Provider.Arn}"}"#, web, Other("${Provider.Arn}".into())),
        ] {
            assert_eq!(parse_parties(principal, action), [expected], "{principal}");
        }
    }

    #[test]
    fn only_assume_role_actions_grant_trust() {
        let service = r#"{"Service": "lambda.amazonaws.com"}"#;
        assert_eq!(parse_parties(service, r#""sts:TagSession""#), []);
        assert_eq!(parse_parties(service, r#""sts:AssumeRoleWithSAML""#), []);
        assert_eq!(parse_parties(r#"{"Federated": "accounts.google.com"}"#, r#""sts:AssumeRole""#), []);
        let deny = format!(r#"{{"Effect": "Deny", "Principal": {service}, "Action": "sts:AssumeRole"}}"#);
        assert!(parse_grants(&deny).is_empty());
        let not_action = format!(r#"{{"Effect": "Allow", "Principal": {service}, "NotAction": "sts:TagSession"}}"#);
        assert_eq!(parse_grants(&not_action).len(), 1);
    }

    #[test]
    fn only_narrowing_conditions_are_kept() {
        let condition = r#"{
            "StringLike": {"sts:RoleSessionName": ["kiro-*", "${aws:username}"], "accounts.google.com:SUB": "1*"},
            "StringNotLike": {"aws:userid": "x"}, "Null": {"aws:TokenIssueTime": "false"},
            "BoolIfExists": {"aws:SecureTransport": "true"}, "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "ForAnyValue:StringEquals": {"accounts.google.com:amr": "b"}
        }"#;
        let grants = parse_grants(&format!(
            r#"{{"Effect": "Allow", "Principal": {{"Federated": "accounts.google.com"}},
                 "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {condition}}}"#
        ));
        let values = |key: &str| grants[0].values(key).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(values("sts:rolesessionname"), ["kiro-*", "${aws:username}"]);
        assert_eq!((values("sub"), values("amr")), (vec!["1*".to_owned()], vec!["b".to_owned()]));
        assert_eq!(values("aws:multifactorauthpresent"), ["true"]);
        for key in ["aws:userid", "aws:tokenissuetime", "aws:securetransport", "aws:tagkeys"] {
            assert!(values(key).is_empty(), "{key}");
        }
    }
}
