//! Whom the Allow statements of a trust policy name, and what they ask.

use crate::baseline::Glob;
use crate::iam::condition::ConditionValue;
use crate::iam::principal::{AwsPrincipal, PrincipalEntry};
use crate::iam::{Condition, Effect, Listing, Operator, PolicyDocument, Quantifier, Statement, WhenMissing};

/// Whom a statement lets assume the role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Trusted {
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
pub(super) struct WayIn {
    /// Whom it names.
    pub trusted: Trusted,
    /// Context keys in lower case, with the values of which the request must have one. Only what narrows a request
    /// for certain is here: no `…IfExists`, no `ForAllValues:`, no negation.
    pub asked: Vec<(String, Vec<String>)>,
}

impl Trusted {
    /// Whom it lets in, in words: `trusts the service lambda.amazonaws.com`.
    pub fn words(&self) -> String {
        match self {
            Trusted::Service(name) => format!("trusts the service {name}"),
            Trusted::Oidc(name) => format!("trusts the OIDC provider {name}"),
            Trusted::Saml(name) => format!("trusts the SAML provider {name}"),
            Trusted::Principal(arn) => format!("trusts {arn}"),
            Trusted::Account(account) => format!("trusts account {account}"),
            Trusted::Anyone => "trusts anyone".to_owned(),
            Trusted::Other(text) => format!("trusts {text}"),
        }
    }
}

impl WayIn {
    /// The values that are asked of a key. A key without a colon is a claim of the OIDC provider (`sub`, `aud`).
    pub fn values(&self, key: &str) -> impl Iterator<Item = &str> {
        let name = match &self.trusted {
            Trusted::Oidc(provider) if !key.contains(':') => format!("{}:{key}", provider.to_ascii_lowercase()),
            _ => key.to_owned(),
        };
        self.asked.iter().filter(move |(asked, _)| *asked == name).flat_map(|(_, values)| values).map(String::as_str)
    }
}

/// Every way into a role.
pub(super) fn ways_in(document: &PolicyDocument) -> Vec<WayIn> {
    let mut ways = Vec::new();
    for statement in document.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        let Some(principal) = statement.principal.as_ref().filter(|p| p.listing == Listing::Only) else { continue };
        let asked: Vec<(String, Vec<String>)> = statement.conditions.iter().filter_map(asked).collect();
        for entry in &principal.entries {
            let trusted = trusted(entry);
            if lets_assume(statement, &trusted) {
                ways.push(WayIn { trusted, asked: asked.clone() });
            }
        }
    }
    ways
}

fn trusted(entry: &PrincipalEntry) -> Trusted {
    match entry {
        PrincipalEntry::Anyone => Trusted::Anyone,
        PrincipalEntry::Service(name) => Trusted::Service(plain_service(name)),
        PrincipalEntry::Federated(name) => federated(name),
        PrincipalEntry::CanonicalUser(id) => Trusted::Other(format!("canonical user {id}")),
        PrincipalEntry::Aws(AwsPrincipal::Account(account)) => Trusted::Account(account.as_str().to_owned()),
        PrincipalEntry::Aws(AwsPrincipal::Root(arn)) => Trusted::Account(arn.account().to_owned()),
        PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => Trusted::Principal(arn.as_str().to_owned()),
        PrincipalEntry::Aws(AwsPrincipal::UniqueId(id)) => Trusted::Other(id.to_string()),
    }
}

/// A service's name as partition `aws` writes it, by the DNS suffixes of the others.
pub(crate) fn plain_service(name: &str) -> String {
    const SUFFIXES: [&str; 6] =
        [".amazonaws.com.cn", ".amazonaws.eu", ".c2s.ic.gov", ".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov"];
    let name = name.to_ascii_lowercase();
    match SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)) {
        Some(stem) => format!("{stem}.amazonaws.com"),
        None => name,
    }
}

/// An identity provider, by its ARN in IAM; those that AWS knows by themselves go by their host.
fn federated(text: &str) -> Trusted {
    if let Some((_, provider)) = text.split_once(":oidc-provider/") {
        return Trusted::Oidc(provider.trim_end_matches('/').to_owned());
    }
    if let Some((_, provider)) = text.split_once(":saml-provider/") {
        return Trusted::Saml(provider.to_owned());
    }
    let is_host = text.contains('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    if is_host { Trusted::Oidc(text.to_owned()) } else { Trusted::Other(text.to_owned()) }
}

/// Whether a statement allows the action by which such a principal assumes a role.
fn lets_assume(statement: &Statement, trusted: &Trusted) -> bool {
    let action = match trusted {
        Trusted::Oidc(_) => "sts:assumerolewithwebidentity",
        Trusted::Saml(_) => "sts:assumerolewithsaml",
        _ => "sts:assumerole",
    };
    let listed = |action: &str| {
        let matches = |written: &str| Glob::new(&written.to_ascii_lowercase()).matches(action);
        statement.action.patterns.iter().any(|pattern| matches(pattern.as_written()))
    };
    let allowed = |action: &str| listed(action) == (statement.action.listing == Listing::Only);
    match trusted {
        // A federated principal of an unknown form, or anyone, may come in either way.
        Trusted::Other(_) | Trusted::Anyone => {
            ["sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"].into_iter().any(allowed)
        }
        _ => allowed(action),
    }
}

fn asked(condition: &Condition) -> Option<(String, Vec<String>)> {
    let narrows = !condition.operator.is_negated()
        && condition.operator != Operator::Null
        && condition.quantifier != Quantifier::ForAllValues
        && condition.when_missing == WhenMissing::ByOperator;
    let text = |value: &ConditionValue| match value {
        ConditionValue::Text(template) => template.as_written().to_owned(),
        ConditionValue::Typed(typed) => typed.to_string(),
    };
    narrows.then(|| {
        // The path of a provider's URL may end with a slash in the key and without one in its ARN.
        let key = condition.key.lower().replace("/:", ":");
        (key, condition.values.iter().map(text).collect())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::iam::DocumentKind;
    use crate::source::SourceFile;

    fn ways(statements: &str) -> Vec<WayIn> {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#);
        let document = PolicyDocument::parse(&SourceFile::new("trust.json", text), DocumentKind::Trust);
        ways_in(&document.map_err(|problems| problems.to_string()).unwrap())
    }

    fn named(principal: &str, action: &str) -> Vec<Trusted> {
        let statement = format!(r#"{{"Effect": "Allow", "Principal": {principal}, "Action": {action}}}"#);
        ways(&statement).into_iter().map(|way| way.trusted).collect()
    }

    #[test]
    fn whom_a_statement_names() {
        use Trusted::*;
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
            assert_eq!(named(principal, action), [expected], "{principal}");
        }
    }

    #[test]
    fn only_those_come_in_who_may_assume() {
        let service = r#"{"Service": "lambda.amazonaws.com"}"#;
        assert_eq!(named(service, r#""sts:TagSession""#), []);
        assert_eq!(named(service, r#""sts:AssumeRoleWithSAML""#), []);
        assert_eq!(named(r#"{"Federated": "accounts.google.com"}"#, r#""sts:AssumeRole""#), []);
        let deny = format!(r#"{{"Effect": "Deny", "Principal": {service}, "Action": "sts:AssumeRole"}}"#);
        assert!(ways(&deny).is_empty());
        let but = format!(r#"{{"Effect": "Allow", "Principal": {service}, "NotAction": "sts:TagSession"}}"#);
        assert_eq!(ways(&but).len(), 1);
    }

    #[test]
    fn what_narrows_for_certain_is_asked() {
        let condition = r#"{
            "StringLike": {"sts:RoleSessionName": ["kiro-*", "${aws:username}"], "accounts.google.com:SUB": "1*"},
            "StringNotLike": {"aws:userid": "x"}, "Null": {"aws:TokenIssueTime": "false"},
            "BoolIfExists": {"aws:SecureTransport": "true"}, "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "ForAnyValue:StringEquals": {"accounts.google.com:amr": "b"}
        }"#;
        let found = ways(&format!(
            r#"{{"Effect": "Allow", "Principal": {{"Federated": "accounts.google.com"}},
                 "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {condition}}}"#
        ));
        let values = |key: &str| found[0].values(key).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(values("sts:rolesessionname"), ["kiro-*", "${aws:username}"]);
        assert_eq!((values("sub"), values("amr")), (vec!["1*".to_owned()], vec!["b".to_owned()]));
        assert_eq!(values("aws:multifactorauthpresent"), ["true"]);
        for key in ["aws:userid", "aws:tokenissuetime", "aws:securetransport", "aws:tagkeys"] {
            assert!(values(key).is_empty(), "{key}");
        }
    }
}
