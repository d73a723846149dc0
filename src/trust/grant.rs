//! A trust policy as a list of grants: who may assume the role, and under which conditions.

use std::sync::Arc;

use crate::iam::condition::ConditionValue;
use crate::iam::principal_element::normalize_service_name;
use crate::iam::{
    AccountId, Arn, AwsPrincipal, Condition, ConditionOperator, Effect, ElementKind, MissingKeyRule, PolicyDocument,
    PrincipalElement, PrincipalEntry, Quantifier, Statement,
};

const ASSUME_ROLE: &str = "sts:AssumeRole";
const ASSUME_ROLE_WITH_SAML: &str = "sts:AssumeRoleWithSAML";
const ASSUME_ROLE_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

/// The principal or identity provider that a trust policy allows to assume the role.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum TrustGrant {
    /// Every principal: `*`.
    Anyone,
    /// Every principal but those of a `NotPrincipal` element. AWS rejects this element in trust policies; a policy that
    /// has it is read as widely as possible.
    AnyoneExcept(Vec<TrustGrant>),
    /// Every identity of every OIDC provider.
    AnyOidcProvider,
    /// Every identity of every SAML provider.
    AnySamlProvider,
    /// The principals that an account allows to assume the role.
    Account(AccountId),
    /// A user, a role or a session.
    Principal(Arn),
    /// The user or role with this unique ID (`AIDA…`, `AROA…`).
    UniqueId(String),
    /// An AWS service.
    Service {
        /// Its name as the policy writes it.
        written: String,
        /// Its name in partition `aws`: `lambda.amazonaws.com`.
        name: String,
    },
    /// A SAML provider.
    Saml {
        /// Its ARN.
        provider: String,
        /// Its name.
        name: String,
    },
    /// An OIDC provider.
    Oidc {
        /// Its ARN, or the host name of a provider that AWS knows without an ARN.
        provider: String,
        /// Its URL without `https://`.
        host: String,
    },
    /// A principal of any other form, as the policy writes it.
    Other(String),
}

impl TrustGrant {
    fn from_entry(entry: &PrincipalEntry) -> Vec<TrustGrant> {
        vec![match entry {
            PrincipalEntry::Anyone => TrustGrant::Anyone,
            PrincipalEntry::Aws(AwsPrincipal::Account(account)) => TrustGrant::Account(account.clone()),
            PrincipalEntry::Aws(AwsPrincipal::Root(root)) => match AccountId::parse(root.account()) {
                Some(account) => TrustGrant::Account(account),
                None => TrustGrant::Other(root.as_str().to_owned()),
            },
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => TrustGrant::Principal(arn.clone()),
            PrincipalEntry::Aws(AwsPrincipal::UniqueId(id)) => TrustGrant::UniqueId(id.to_string()),
            PrincipalEntry::Service(name) => TrustGrant::from_service(name),
            PrincipalEntry::Federated(text) if &**text == "*" => {
                return vec![TrustGrant::AnyOidcProvider, TrustGrant::AnySamlProvider];
            }
            PrincipalEntry::Federated(text) => parse_federated(text),
            PrincipalEntry::CanonicalUser(id) => TrustGrant::Other(format!("canonical user {id}")),
        }]
    }

    /// The grant to a service, by its name in any partition.
    pub(crate) fn from_service(name: &str) -> TrustGrant {
        TrustGrant::Service { written: name.to_owned(), name: normalize_service_name(name) }
    }

    /// The grant to an identity provider, by its ARN.
    pub(crate) fn from_provider(arn: &str) -> TrustGrant {
        parse_federated(arn)
    }

    /// The action that a caller uses to assume the role by this grant.
    pub fn assume_action(&self) -> &'static str {
        match self {
            TrustGrant::Saml { .. } | TrustGrant::AnySamlProvider => ASSUME_ROLE_WITH_SAML,
            TrustGrant::Oidc { .. } | TrustGrant::AnyOidcProvider => ASSUME_ROLE_WITH_WEB_IDENTITY,
            _ => ASSUME_ROLE,
        }
    }

    /// Whether it is a grant to every principal, or to the identities of every provider.
    pub fn is_wildcard(&self) -> bool {
        matches!(
            self,
            TrustGrant::Anyone
                | TrustGrant::AnyoneExcept(_)
                | TrustGrant::AnyOidcProvider
                | TrustGrant::AnySamlProvider
        )
    }

    /// The text that `assumable_by` is matched with: an ARN, an account, a service or a provider; `*` for anyone.
    pub fn as_str(&self) -> &str {
        match self {
            TrustGrant::Anyone
            | TrustGrant::AnyoneExcept(_)
            | TrustGrant::AnyOidcProvider
            | TrustGrant::AnySamlProvider => "*",
            TrustGrant::Account(account) => account.as_str(),
            TrustGrant::Principal(arn) => arn.as_str(),
            TrustGrant::Service { written: text, .. }
            | TrustGrant::Saml { provider: text, .. }
            | TrustGrant::Oidc { provider: text, .. }
            | TrustGrant::UniqueId(text)
            | TrustGrant::Other(text) => text,
        }
    }

    /// Whether this grant, in a statement, includes the callers of another grant: anyone includes all, and an account
    /// includes its principals.
    pub(crate) fn includes(&self, other: &TrustGrant) -> bool {
        match self {
            TrustGrant::Anyone => true,
            TrustGrant::Account(account) => other.account_id().as_ref() == Some(account),
            grant => grant == other,
        }
    }

    /// The account of the principal. `None` if the grant is not to one account or to a principal of one.
    pub fn account_id(&self) -> Option<AccountId> {
        match self {
            TrustGrant::Account(account) => Some(account.clone()),
            TrustGrant::Principal(arn) => AccountId::parse(arn.account()),
            _ => None,
        }
    }
}

fn parse_federated(text: &str) -> TrustGrant {
    if let Some((_, name)) = text.split_once(":saml-provider/") {
        return TrustGrant::Saml { provider: text.to_owned(), name: name.to_owned() };
    }
    let host = match text.split_once(":oidc-provider/") {
        Some((_, host)) => host,
        None if text.contains('.') && !text.contains(['$', '{']) => text,
        None => return TrustGrant::Other(text.to_owned()),
    };
    TrustGrant::Oidc { provider: text.to_owned(), host: host.trim_end_matches('/').to_owned() }
}

/// The principals and providers that a `Principal` or `NotPrincipal` element lists, in order.
pub fn parse_principal_element(element: &PrincipalElement) -> Vec<TrustGrant> {
    element.entries.iter().flat_map(TrustGrant::from_entry).collect()
}

/// A trust grant with the Allow statement that makes it. The index of the statement and its conditions are those of
/// [`ConditionalGrant::statement`].
#[derive(Clone, Debug)]
pub(crate) struct ConditionalGrant<'d> {
    /// Who may assume the role.
    pub grant: TrustGrant,
    /// The statement.
    pub statement: &'d Statement,
    required_values: Arc<[RequiredValues]>,
}

/// The values of a context key of which every request of a grant has one.
#[derive(Clone, Debug)]
struct RequiredValues {
    /// The key in lower case.
    key: String,
    values: Vec<String>,
}

impl ConditionalGrant<'_> {
    /// Whether the statement allows the action that assumes the role by this grant. A grant to anyone, or to a
    /// federated principal of an unknown form, needs any one of the three actions.
    pub fn allows_assuming(&self) -> bool {
        let lists = |action: &str| self.statement.action.lists_action(action);
        match &self.grant {
            TrustGrant::Anyone
            | TrustGrant::AnyoneExcept(_)
            | TrustGrant::AnyOidcProvider
            | TrustGrant::AnySamlProvider
            | TrustGrant::UniqueId(_)
            | TrustGrant::Other(_) => {
                [ASSUME_ROLE, ASSUME_ROLE_WITH_SAML, ASSUME_ROLE_WITH_WEB_IDENTITY].into_iter().any(lists)
            }
            grant => lists(grant.assume_action()),
        }
    }

    /// Whether the statement allows to assume the role in another way than this grant needs.
    pub fn lists_other_assume_action(&self) -> bool {
        let lists = |action: &&str| self.statement.action.lists_action(action);
        !self.allows_assuming() && [ASSUME_ROLE, ASSUME_ROLE_WITH_SAML, ASSUME_ROLE_WITH_WEB_IDENTITY].iter().any(lists)
    }

    /// The values of which the request must have one for a context key, given in lower case. A key without a colon is a
    /// claim of the OIDC provider (`sub`, `aud`). Only conditions that restrict every request count: none with
    /// `…IfExists`, `ForAllValues:`, `Null` or a negated operator.
    pub fn required_values(&self, key: &str) -> impl Iterator<Item = &str> {
        let key = match &self.grant {
            TrustGrant::Oidc { host, .. } if !key.contains(':') => format!("{}:{key}", host.to_ascii_lowercase()),
            _ => key.to_owned(),
        };
        let of_key = self.required_values.iter().filter(move |required| required.key == key);
        of_key.flat_map(|required| &required.values).map(String::as_str)
    }
}

/// The grants of a trust policy, in the order of its Allow statements and of their principals.
pub(crate) fn list_conditional_grants(document: &PolicyDocument) -> Vec<ConditionalGrant<'_>> {
    let mut grants = Vec::new();
    for statement in document.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        // A statement of a trust policy without a principal grants nothing.
        let Some(element) = &statement.principal else { continue };
        let required_values: Arc<[RequiredValues]> =
            statement.conditions.iter().filter_map(parse_required_values).collect();
        let listed = parse_principal_element(element);
        let statement_grants = match element.kind {
            ElementKind::List => listed,
            ElementKind::NotList => vec![TrustGrant::AnyoneExcept(listed)],
        };
        grants.extend(statement_grants.into_iter().map(|grant| ConditionalGrant {
            grant,
            statement,
            required_values: Arc::clone(&required_values),
        }));
    }
    grants
}

fn parse_required_values(condition: &Condition) -> Option<RequiredValues> {
    let restricts_every_request = !condition.operator.is_negated()
        && condition.operator != ConditionOperator::Null
        && condition.quantifier != Quantifier::ForAllValues
        && condition.when_missing == MissingKeyRule::OperatorDefault;
    let to_text = |value: &ConditionValue| match value {
        ConditionValue::Text(template) => template.as_written().to_owned(),
        ConditionValue::Typed(typed) => typed.to_string(),
    };
    restricts_every_request.then(|| RequiredValues {
        // The URL of a provider can end with a slash in the key and without one in the ARN.
        key: condition.key.lower().replace("/:", ":"),
        values: condition.values.iter().map(to_text).collect(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::iam::DocumentKind;
    use crate::source::SourceFile;

    fn parse_trust_policy(statements: &str) -> PolicyDocument {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#);
        let document = PolicyDocument::parse(&SourceFile::new("trust.json", text), DocumentKind::Trust);
        document.map_err(|problems| problems.to_string()).unwrap()
    }

    fn list_assuming_grants(statements: &str) -> Vec<TrustGrant> {
        let document = parse_trust_policy(statements);
        let grants = list_conditional_grants(&document).into_iter();
        grants.filter(ConditionalGrant::allows_assuming).map(|conditional| conditional.grant).collect()
    }

    fn list_statement_grants(principal: &str, action: &str) -> Vec<TrustGrant> {
        list_assuming_grants(&format!(r#"{{"Effect": "Allow", "Principal": {principal}, "Action": {action}}}"#))
    }

    #[test]
    fn grants_of_a_statement() {
        use TrustGrant::*;
        let account = || Account(AccountId::parse("111122223333").unwrap());
        let service = |written: &str, name: &str| Service { written: written.into(), name: name.into() };
        let oidc = |provider: &str, host: &str| Oidc { provider: provider.into(), host: host.into() };
        let user = "arn:aws:iam::111122223333:user/a";
        let saml = "arn:aws:iam::111122223333:saml-provider/corp";
        let oidc_arn = "arn:aws:iam::111122223333:oidc-provider/a.example/x/";
        let assume = r#""sts:AssumeRole""#;
        let web = r#"["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]"#;
        let text = |key: &str, value: &str| format!(r#"{{"{key}": "{value}"}}"#);
        for (principal, action, expected) in [
            (text("Service", "ec2.amazonaws.com.cn"), assume, service("ec2.amazonaws.com.cn", "ec2.amazonaws.com")),
            (text("Service", "Lambda.amazonaws.com"), assume, service("Lambda.amazonaws.com", "lambda.amazonaws.com")),
            (text("AWS", "111122223333"), assume, account()),
            (text("AWS", "arn:aws-cn:iam::111122223333:root"), assume, account()),
            (text("AWS", user), assume, Principal(Arn::parse(user).unwrap())),
            (text("AWS", "AROAEXAMPLE1234567890"), assume, UniqueId("AROAEXAMPLE1234567890".into())),
            (r#""*""#.to_owned(), assume, Anyone),
            (text("Federated", saml), r#""sts:*""#, Saml { provider: saml.into(), name: "corp".into() }),
            (text("Federated", oidc_arn), web, oidc(oidc_arn, "a.example/x")),
            (text("Federated", "accounts.google.com"), web, oidc("accounts.google.com", "accounts.google.com")),
            (text("Federated", "${Provider.Arn}"), web, Other("${Provider.Arn}".into())),
        ] {
            assert_eq!(list_statement_grants(&principal, action), [expected], "{principal}");
        }
    }

    #[test]
    fn only_assume_role_actions_grant_trust() {
        let service = r#"{"Service": "lambda.amazonaws.com"}"#;
        assert_eq!(list_statement_grants(service, r#""sts:TagSession""#), []);
        assert_eq!(list_statement_grants(service, r#""sts:AssumeRoleWithSAML""#), []);
        assert_eq!(list_statement_grants(r#"{"Federated": "accounts.google.com"}"#, r#""sts:AssumeRole""#), []);
        let deny = format!(r#"{{"Effect": "Deny", "Principal": {service}, "Action": "sts:AssumeRole"}}"#);
        assert_eq!(list_assuming_grants(&deny), []);
        let not_action = format!(r#"{{"Effect": "Allow", "Principal": {service}, "NotAction": "sts:TagSession"}}"#);
        assert_eq!(list_assuming_grants(&not_action).len(), 1);
    }

    #[test]
    fn a_grant_includes_narrower_grants() {
        let account = |id: &str| TrustGrant::Account(AccountId::parse(id).unwrap());
        let user = TrustGrant::Principal(Arn::parse("arn:aws:iam::111122223333:user/a").unwrap());
        for (grant, other, expected) in [
            (TrustGrant::Anyone, user.clone(), true),
            (account("111122223333"), user.clone(), true),
            (account("111122223333"), account("111122223333"), true),
            (user.clone(), user.clone(), true),
            (account("444455556666"), user.clone(), false),
            (user.clone(), account("111122223333"), false),
            (user.clone(), TrustGrant::Anyone, false),
            (account("111122223333"), TrustGrant::UniqueId("AROAEXAMPLE1234567890".into()), false),
        ] {
            assert_eq!(grant.includes(&other), expected, "{grant:?} {other:?}");
        }
    }

    #[test]
    fn only_restricting_conditions_are_kept() {
        let condition = r#"{
            "StringLike": {"sts:RoleSessionName": ["kiro-*", "${aws:username}"], "accounts.google.com:SUB": "1*"},
            "StringNotLike": {"aws:userid": "x"}, "Null": {"aws:TokenIssueTime": "false"},
            "BoolIfExists": {"aws:SecureTransport": "true"}, "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "ForAnyValue:StringEquals": {"accounts.google.com:amr": "b"}
        }"#;
        let document = parse_trust_policy(&format!(
            r#"{{"Effect": "Allow", "Principal": {{"Federated": "accounts.google.com"}},
                 "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {condition}}}"#
        ));
        let grants = list_conditional_grants(&document);
        let values = |key: &str| grants[0].required_values(key).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(values("sts:rolesessionname"), ["kiro-*", "${aws:username}"]);
        assert_eq!((values("sub"), values("amr")), (vec!["1*".to_owned()], vec!["b".to_owned()]));
        assert_eq!(values("aws:multifactorauthpresent"), ["true"]);
        for key in ["aws:userid", "aws:tokenissuetime", "aws:securetransport", "aws:tagkeys"] {
            assert!(values(key).is_empty(), "{key}");
        }
    }
}
