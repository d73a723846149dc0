//! Those who are declared to assume a role, as a policy that the solver reads.

use std::sync::Arc;

use serde_json::{Value, json};

use super::issuer::{Issuer, escaped};
use super::way::Way;
use crate::baseline::{Assumer, Glob};
use crate::iam::{AccountId, Arn, DocumentKind, PolicyDocument};
use crate::source::SourceFile;

/// The requests by a way that are declared: a document that allows them. With `telling`, only what tells by a
/// condition which requests it means.
pub(super) fn declared(way: &Way, assumers: &[Assumer], telling: bool) -> Option<Arc<PolicyDocument>> {
    let statements = assumers.iter().filter(|assumer| !telling || assumer.when.is_some()).filter_map(|assumer| {
        let mut condition = assumer.when.clone().unwrap_or_else(|| json!({}));
        match way {
            Way::Anyone | Way::Account(_) | Way::Principal(_) => {
                and_principal_arn(&mut condition, &principal_globs(assumer.who.as_str()));
            }
            _ if names(assumer, way) => {}
            _ => return None,
        }
        Some(condition)
    });
    document("assumable_by", "Allow", statements)
}

/// Whether a principal is among those who are declared to assume a role, under whatever condition.
pub fn lists(assumers: &[Assumer], arn: &str) -> bool {
    let globs = |assumer: &Assumer| principal_globs(assumer.who.as_str());
    assumers.iter().flat_map(globs).any(|glob| Glob::new(&glob.replace("${$}{", "${")).matches(arn))
}

/// A document whose statements say the same of everything, each under a condition; none without statements.
pub(super) fn document(
    name: &str,
    effect: &str,
    conditions: impl IntoIterator<Item = Value>,
) -> Option<Arc<PolicyDocument>> {
    let statements: Vec<Value> = conditions
        .into_iter()
        .map(|condition| json!({ "Effect": effect, "Action": "*", "Resource": "*", "Condition": condition }))
        .collect();
    if statements.is_empty() {
        return None;
    }
    let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    PolicyDocument::parse(&SourceFile::new(name, text), DocumentKind::Identity).ok().map(Arc::new)
}

/// Whether a service or an identity provider is meant.
fn names(assumer: &Assumer, way: &Way) -> bool {
    match way {
        Way::Service(name) => {
            let plain = crate::kinds::plain_service(name);
            assumer.who.matches(name) || assumer.who.matches(&plain)
        }
        Way::Oidc { provider, host } => assumer.who.matches(provider) || assumer.who.matches(host),
        other => assumer.who.matches(other.text()),
    }
}

/// The globs over `aws:PrincipalArn` that an assumer stands for: an account is all its principals, a session its role.
fn principal_globs(who: &str) -> Vec<String> {
    let plain = |glob: &str| glob.replace("${", "${$}{");
    let of_account = |partition: &str, account: &str| {
        ["iam", "sts"].map(|service| format!("arn:{}:{service}::{}:*", plain(partition), plain(account))).to_vec()
    };
    if AccountId::parse(who).is_some() {
        return of_account("*", who);
    }
    if let Some(arn) = Arn::parse(who) {
        if arn.service() == "iam" && arn.resource() == "root" {
            return of_account(arn.partition(), arn.account());
        }
        if let ("sts", Some((role, _))) =
            (arn.service(), arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/')))
        {
            let (partition, account, role) = (plain(arn.partition()), plain(arn.account()), plain(role));
            return vec![
                format!("arn:{partition}:iam::{account}:role/{role}"),
                format!("arn:{partition}:iam::{account}:role/*/{role}"),
            ];
        }
    }
    vec![plain(who)]
}

/// Narrows a condition block to principals whose ARN matches. A block that tests the ARN itself keeps its test: the
/// key is never missing from these requests, so that the test with `IfExists` says the same.
fn and_principal_arn(condition: &mut Value, globs: &[String]) {
    for operator in ["StringLike", "StringLikeIfExists"] {
        let Some(block) = condition.as_object_mut() else { return };
        let Some(test) = block.entry(operator).or_insert_with(|| json!({})).as_object_mut() else { return };
        if !test.keys().any(|key| key.eq_ignore_ascii_case("aws:PrincipalArn")) {
            test.insert("aws:PrincipalArn".to_owned(), json!(globs));
            return;
        }
    }
}

/// The requests of customers of a shared provider that the trust policy names in full.
pub(super) fn named_tenants(issuer: &Issuer, view: &PolicyDocument) -> Option<Arc<PolicyDocument>> {
    let named = issuer.named(view);
    document(
        "named customers",
        "Allow",
        named.into_iter().map(|((operator, key), of)| json!({ operator: { key: of } })),
    )
}

/// The requests that come from accounts and organizations that the trust policy names: not from a stranger.
pub(super) fn known_to_the_role(accounts: &[AccountId], organizations: &[String]) -> Option<Arc<PolicyDocument>> {
    let mut conditions = Vec::new();
    if !accounts.is_empty() {
        let numbers: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
        let arns: Vec<String> = numbers.iter().map(|account| format!("arn:*:*::{account}:*")).collect();
        conditions.push(json!({ "StringEquals": { "aws:PrincipalAccount": numbers } }));
        conditions.push(json!({ "StringLike": { "aws:PrincipalArn": arns } }));
    }
    if !organizations.is_empty() {
        let paths: Vec<String> = organizations.iter().map(|id| format!("{}/*", escaped(id))).collect();
        conditions.push(json!({ "StringEquals": { "aws:PrincipalOrgID": organizations } }));
        conditions.push(json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": paths } }));
    }
    document("not a stranger", "Deny", conditions)
}
