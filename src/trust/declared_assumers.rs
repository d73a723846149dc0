//! Those who are declared to assume a role, as a policy that the solver reads.

use std::sync::Arc;

use serde_json::{Value, json};

use super::grant::TrustGrant;
use super::shared_idp::{SharedIdp, escape_wildcards};
use crate::baseline::{DeclaredAssumer, Glob};
use crate::iam::{AccountId, Arn, DocumentKind, PolicyDocument};
use crate::source::SourceFile;

/// The requests by a way that are declared: a document that allows them. With `telling`, only what tells by a
/// condition which requests it means.
pub(super) fn build_declared_document(
    grant: &TrustGrant,
    assumers: &[DeclaredAssumer],
    only_conditional: bool,
) -> Option<Arc<PolicyDocument>> {
    let statements =
        assumers.iter().filter(|assumer| !only_conditional || assumer.when.is_some()).filter_map(|assumer| {
            let mut condition = assumer.when.clone().unwrap_or_else(|| json!({}));
            match grant {
                TrustGrant::Anyone | TrustGrant::Account(_) | TrustGrant::Principal(_) => {
                    add_principal_arn_test(&mut condition, &list_principal_globs(assumer.pattern.as_str()));
                }
                _ if matches_grant(assumer, grant) => {}
                _ => return None,
            }
            Some(condition)
        });
    build_document("assumable_by", "Allow", statements)
}

/// Whether a principal is among those who are declared to assume a role, under whatever condition.
pub fn is_declared_assumer(assumers: &[DeclaredAssumer], arn: &str) -> bool {
    let globs = |assumer: &DeclaredAssumer| list_principal_globs(assumer.pattern.as_str());
    assumers.iter().flat_map(globs).any(|glob| Glob::new(&glob.replace("${$}{", "${")).matches(arn))
}

/// A document whose statements say the same of everything, each under a condition; none without statements.
pub(super) fn build_document(
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
fn matches_grant(assumer: &DeclaredAssumer, grant: &TrustGrant) -> bool {
    match grant {
        TrustGrant::Service(name) => {
            let normalized_name = crate::classify::normalize_service_name(name);
            assumer.pattern.matches(name) || assumer.pattern.matches(&normalized_name)
        }
        TrustGrant::Oidc { provider, host } => assumer.pattern.matches(provider) || assumer.pattern.matches(host),
        other_grant => assumer.pattern.matches(other_grant.as_str()),
    }
}

/// The globs over `aws:PrincipalArn` that an assumer stands for: an account is all its principals, a session its role.
fn list_principal_globs(assumer: &str) -> Vec<String> {
    let escape_variables = |glob: &str| glob.replace("${", "${$}{");
    let list_account_globs = |partition: &str, account: &str| {
        ["iam", "sts"]
            .map(|service| format!("arn:{}:{service}::{}:*", escape_variables(partition), escape_variables(account)))
            .to_vec()
    };
    if AccountId::parse(assumer).is_some() {
        return list_account_globs("*", assumer);
    }
    if let Some(arn) = Arn::parse(assumer) {
        if arn.service() == "iam" && arn.resource() == "root" {
            return list_account_globs(arn.partition(), arn.account());
        }
        if let ("sts", Some((role, _))) =
            (arn.service(), arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/')))
        {
            let (partition, account, role) =
                (escape_variables(arn.partition()), escape_variables(arn.account()), escape_variables(role));
            return vec![
                format!("arn:{partition}:iam::{account}:role/{role}"),
                format!("arn:{partition}:iam::{account}:role/*/{role}"),
            ];
        }
    }
    vec![escape_variables(assumer)]
}

/// Narrows a condition block to principals whose ARN matches. A block that tests the ARN itself keeps its test: the
/// key is never missing from these requests, so that the test with `IfExists` says the same.
fn add_principal_arn_test(condition: &mut Value, globs: &[String]) {
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
pub(super) fn allow_named_tenants(idp: &SharedIdp, restricted_policy: &PolicyDocument) -> Option<Arc<PolicyDocument>> {
    let tenant_globs = idp.collect_named_tenants(restricted_policy);
    build_document(
        "named customers",
        "Allow",
        tenant_globs.into_iter().map(|((operator, key), globs)| json!({ operator: { key: globs } })),
    )
}

/// The requests that come from accounts and organizations that the trust policy names: not from a stranger.
pub(super) fn deny_named_accounts(accounts: &[AccountId], organizations: &[String]) -> Option<Arc<PolicyDocument>> {
    let mut conditions = Vec::new();
    if !accounts.is_empty() {
        let account_ids: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
        let arns: Vec<String> = account_ids.iter().map(|account| format!("arn:*:*::{account}:*")).collect();
        conditions.push(json!({ "StringEquals": { "aws:PrincipalAccount": account_ids } }));
        conditions.push(json!({ "StringLike": { "aws:PrincipalArn": arns } }));
    }
    if !organizations.is_empty() {
        let paths: Vec<String> = organizations.iter().map(|id| format!("{}/*", escape_wildcards(id))).collect();
        conditions.push(json!({ "StringEquals": { "aws:PrincipalOrgID": organizations } }));
        conditions.push(json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": paths } }));
    }
    build_document("not a stranger", "Deny", conditions)
}
