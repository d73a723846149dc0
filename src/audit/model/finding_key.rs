//! Keys of findings: readable names that stay the same for as long as a finding exists.
//!
//! `iam001/111122223333/role/operators/x` is the rule, the account and the principal. A part after a colon says which
//! finding of that rule it is: `iam004/111122223333/role/operators/x:guard/second%20person`. Characters other than
//! letters, digits and `-_.+=@/` are percent-encoded, so that keys can be typed, and copied into a manifest.

use std::fmt::Write;

use super::principal_ref::PrincipalRef;
use super::rule_id::RuleId;
use super::title::BaselineItem;
use super::trusted_party::TrustedParty;
use crate::iam::Arn;
use crate::trust::{TrustGrant, TrustScope};

/// Which finding of a rule about one principal it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyPart<'a> {
    /// The rule has one finding about a principal.
    Only,
    /// The ceiling of a persona, by its name.
    Persona(&'a str),
    /// A guard that is not enforced, by its name.
    Guard(&'a str),
    /// A guard that is ineffective, by its name.
    GuardBypass(&'a str),
    /// The comparison with the operators of an entry, by its name.
    Operators(&'a str),
    /// The comparison with operators that are not declared.
    SameAccess,
    /// A role that humans and agents share.
    SharedRole,
    /// A declared boundary that is not attached.
    BoundaryMissing,
    /// A declared boundary that can be bypassed.
    BoundaryBypass,
    /// An escalation path to this principal.
    PathEnd(&'a str),
    /// An escalation of the own privileges.
    PathToItself,
    /// A trusted party.
    Trusted(&'a TrustedParty),
}

/// The key of a finding about a principal.
pub(crate) fn build_principal_key(rule: RuleId, principal: &PrincipalRef, part: KeyPart<'_>) -> String {
    let mut key = format!("{}/{}", rule.as_str().to_ascii_lowercase(), escape_arn(&principal.arn));
    if let Some(part) = describe_part(part) {
        key.push(':');
        key.push_str(&part);
    }
    key
}

/// The key of a finding about an item of the baseline.
pub(crate) fn build_item_key(item: &BaselineItem) -> String {
    let named = |kind: &str, name: &str| format!("iam009/{kind}/{}", escape(name));
    match item {
        BaselineItem::Entry(name) => named("entry", name),
        BaselineItem::Guard(name) => named("guard", name),
        BaselineItem::Exception(key) => named("exception", key),
        BaselineItem::Ignore { globs, reason } => format!("{}:{}", named("ignore", &globs.join(" ")), escape(reason)),
    }
}

/// The key of the finding about what agents could do with the credentials of an entry's principals. `None` for undeclared
/// operators.
pub(crate) fn build_agent_use_key(entry: Option<&str>) -> String {
    match entry {
        Some(name) => format!("iam004/entry/{}:agents", escape(name)),
        None => "iam004/undeclared:agents".to_owned(),
    }
}

/// The key of a finding about an expired exception.
pub(crate) fn build_expired_key(exception: &str) -> String {
    format!("iam009/expired/{}", escape(exception))
}

/// The key of a finding about entries that match the same principals.
pub(crate) fn build_ambiguity_key(entries: &[String]) -> String {
    let names: Vec<String> = entries.iter().map(|name| escape(name)).collect();
    format!("iam009/ambiguous/{}", names.join(":"))
}

fn describe_part(part: KeyPart<'_>) -> Option<String> {
    let named = |kind: &str, name: &str| Some(format!("{kind}/{}", escape(name)));
    match part {
        KeyPart::Only => None,
        KeyPart::Persona(name) => named("persona", name),
        KeyPart::Guard(name) => named("guard", name),
        KeyPart::GuardBypass(name) => named("guard-bypass", name),
        KeyPart::Operators(entry) => named("operators", entry),
        KeyPart::SameAccess => Some("same-access".to_owned()),
        KeyPart::SharedRole => Some("shared-role".to_owned()),
        KeyPart::BoundaryMissing => Some("boundary".to_owned()),
        KeyPart::BoundaryBypass => Some("boundary-bypass".to_owned()),
        KeyPart::PathEnd(arn) => Some(format!("to/{}", escape_arn(arn))),
        KeyPart::PathToItself => Some("to/itself".to_owned()),
        KeyPart::Trusted(party) => Some(describe_party(party)),
    }
}

fn describe_party(party: &TrustedParty) -> String {
    let named = |kind: &str, name: &str| format!("{kind}/{}", escape(name));
    match &party.scope {
        TrustScope::Anyone => match party.grant {
            TrustGrant::AnyOidcProvider => "any-oidc-provider".to_owned(),
            TrustGrant::AnySamlProvider => "any-saml-provider".to_owned(),
            _ => "anyone".to_owned(),
        },
        TrustScope::AnyTenant(idp) => named("any-tenant", &idp.host),
        TrustScope::Guests(idp) => named("guests", &idp.host),
        TrustScope::Organization(id) => named("organization", id),
        TrustScope::Account(account) => named("account", account.as_str()),
        TrustScope::Principal(arn) => format!("principal/{}", escape_arn(arn.as_str())),
        TrustScope::Provider => named("provider", party.grant.as_str()),
        TrustScope::Service if party.grant.is_wildcard() => "any-service".to_owned(),
        TrustScope::ServiceForOtherAccount if party.grant.is_wildcard() => "any-service-for-other-account".to_owned(),
        TrustScope::Service => named("service", party.grant.as_str()),
        TrustScope::ServiceForOtherAccount => named("service-for-other-account", party.grant.as_str()),
    }
}

/// The account and the resource of an ARN. Accounts of different partitions have different ids.
fn escape_arn(arn: &str) -> String {
    match Arn::parse(arn) {
        Some(arn) => format!("{}/{}", escape(arn.account()), escape_with(arn.resource(), |c| c == '/')),
        None => escape(arn),
    }
}

fn escape(text: &str) -> String {
    escape_with(text, |_| false)
}

fn escape_with(text: &str, is_also_kept: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || "-_.+=@".contains(c) || is_also_kept(c) {
            escaped.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // INVARIANT: writing to a `String` does not fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::model::declared_class::DeclaredClass;

    fn principal(arn: &str) -> PrincipalRef {
        let kind = DeclaredClass::Undeclared;
        PrincipalRef::for_test(arn, "", kind)
    }

    #[test]
    fn keys_name_rule_account_principal_and_part() {
        let role = principal("arn:aws-cn:iam::111122223333:role/operators/x");
        let key = |part| build_principal_key(RuleId::Unguarded, &role, part);
        assert_eq!(key(KeyPart::Only), "iam004/111122223333/role/operators/x");
        assert_eq!(key(KeyPart::Guard("second person")), "iam004/111122223333/role/operators/x:guard/second%20person");
        assert_eq!(build_agent_use_key(Some("on call/1")), "iam004/entry/on%20call%2F1:agents");
        let end = "arn:aws-cn:iam::444455556666:role/t";
        assert_eq!(key(KeyPart::PathEnd(end)), "iam004/111122223333/role/operators/x:to/444455556666/role/t");
    }

    #[test]
    fn no_name_makes_two_findings_have_one_key() {
        let plain = principal("arn:aws:iam::111122223333:role/x");
        let with_colon = principal("arn:aws:iam::111122223333:role/x:guard/a");
        assert_ne!(
            build_principal_key(RuleId::Unguarded, &plain, KeyPart::Guard("a")),
            build_principal_key(RuleId::Unguarded, &with_colon, KeyPart::Only)
        );
        assert_eq!(escape("a/b:c%\u{202e}é"), "a%2Fb%3Ac%25%E2%80%AE%C3%A9");
        let names = |list: &[&str]| build_ambiguity_key(&list.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_ne!(names(&["a:b"]), names(&["a", "b"]));
    }
}
