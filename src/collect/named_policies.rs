//! The AWS managed policies that the conditions of policies name. A principal can be allowed to attach them
//! (`iam:PolicyARN`) or to set them as a boundary (`iam:PermissionsBoundary`), so that the audit needs their documents.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::iam::Arn;
use crate::snapshot::format::{AccountPage, EmbeddedDocument};

/// The ARNs of the AWS managed policies that the documents of a page name in full.
pub(super) fn list_named_policies(page: &AccountPage) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for document in list_documents(page) {
        // A document that is no JSON object names nothing. Reading the snapshot reports it.
        if let Ok(json) = serde_json::from_str::<Value>(document.as_json()) {
            let statements = json.get("Statement").into_iter().flat_map(as_list);
            statements.filter_map(|statement| statement.get("Condition")).for_each(|conditions| {
                add_policy_arns(conditions, &mut found);
            });
        }
    }
    found
}

fn list_documents(page: &AccountPage) -> impl Iterator<Item = &EmbeddedDocument> {
    let users = page.user_detail_list.iter().map(|user| &user.user_policy_list);
    let groups = page.group_detail_list.iter().map(|group| &group.group_policy_list);
    let roles = page.role_detail_list.iter().map(|role| &role.role_policy_list);
    let inline = users.chain(groups).chain(roles).flatten().map(|policy| &policy.policy_document);
    let versions = page.policies.iter().flat_map(|policy| &policy.policy_version_list);
    inline.chain(versions.map(|version| &version.document))
}

/// A single value means the same as a list of one.
fn as_list(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn add_policy_arns(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_aws_policy(text) => drop(found.insert(text.clone())),
        Value::Array(values) => values.iter().for_each(|value| add_policy_arns(value, found)),
        Value::Object(members) => members.values().for_each(|value| add_policy_arns(value, found)),
        _ => {}
    }
}

fn is_aws_policy(text: &str) -> bool {
    let is_name = |resource: &str| resource.starts_with("policy/") && !resource.contains(['*', '?', '$']);
    Arn::parse(text).is_some_and(|arn| arn.service() == "iam" && arn.account() == "aws" && is_name(arn.resource()))
}
