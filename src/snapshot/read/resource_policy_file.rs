//! Reads `resource-policies.json`.

use std::sync::Arc;

use super::document_interner::DocumentInterner;
use super::fields::FieldReader;
use crate::iam::{AccountId, Arn, DocumentKind};
use crate::snapshot::model::policy::ResourceWithPolicy;
use crate::source::json_tree::{JsonNode, JsonValue};
use crate::source::{Diagnostics, SourceFile, Span};

/// Reads resource policies. A policy that is not valid becomes a problem of the interner.
pub(crate) fn read_resource_policies(
    source: &Arc<SourceFile>,
    node: &JsonNode,
    interner: &mut DocumentInterner,
) -> Result<Vec<(ResourceWithPolicy, Span)>, Diagnostics> {
    let mut fields = FieldReader::new(source);
    let mut resources = Vec::new();
    match &node.value {
        JsonValue::Array(list) => resources = read_resource_policy_list(&mut fields, list, None, interner),
        _ => fields.report_error(
            super::fields::first_char_span(node.span),
            format!("the resource policies cannot be {}", node.describe_type()),
            "a list of {\"ResourceArn\", \"OwnerAccount\", \"Policy\"}",
        ),
    }
    if fields.problems.is_empty() { Ok(resources) } else { Err(Diagnostics(fields.problems)) }
}

/// Reads the elements of a list. `owner` applies to resources whose entry and ARN both name no account.
pub(crate) fn read_resource_policy_list(
    fields: &mut FieldReader<'_>,
    list: &[JsonNode],
    owner: Option<&AccountId>,
    interner: &mut DocumentInterner,
) -> Vec<(ResourceWithPolicy, Span)> {
    list.iter().filter_map(|entry| read_resource_policy(fields, entry, owner, interner)).collect()
}

fn read_resource_policy(
    fields: &mut FieldReader<'_>,
    node: &JsonNode,
    collected_from: Option<&AccountId>,
    interner: &mut DocumentInterner,
) -> Option<(ResourceWithPolicy, Span)> {
    const SUBJECT: &str = "the resource policy";
    if !fields.is_object(node, SUBJECT) {
        return None;
    }
    fields.reject_unknown_members(node, SUBJECT, &["ResourceArn", "OwnerAccount", "ObjectOwnership", "Policy"]);
    let arn = fields.required_arn(node, "ResourceArn", SUBJECT);
    let policy = fields.required_field(node, "Policy", SUBJECT);
    let (arn, arn_span) = arn?;
    if arn.as_str().contains(['*', '?']) {
        fields.report_error(arn_span, format!("`{arn}` is a pattern"), "the ARN of one resource");
        return None;
    }
    let arn_owner = AccountId::parse(arn.account());
    let owner =
        match (fields.optional_field(node, "OwnerAccount").is_some(), arn_owner.or_else(|| collected_from.cloned())) {
            (false, Some(account)) => account,
            (_, implied_owner) => {
                let (given, span) = fields.required_account_id(node, "OwnerAccount", SUBJECT)?;
                if implied_owner.is_some_and(|account| account != given) {
                    fields.report_error(span, format!("{given} does not own `{arn}`"), "the account of the ARN");
                    return None;
                }
                given
            }
        };
    let policy =
        interner.read_document(fields.source, policy?, DocumentKind::Resource, || format!("resource policy of {arn}"));
    let has_disabled_acls = read_object_ownership(fields, node, &arn);
    Some((ResourceWithPolicy { arn, owner, policy, has_disabled_acls }, arn_span))
}

/// Whether the setting for object ownership disables the access control lists of a bucket. False if it is unknown.
// AWS: Controlling ownership of objects and disabling ACLs for your bucket
fn read_object_ownership(fields: &mut FieldReader<'_>, node: &JsonNode, arn: &Arn) -> bool {
    const SETTINGS: [&str; 3] = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];
    let Some(span) = fields.optional_field(node, "ObjectOwnership").map(|field| field.span) else { return false };
    let Some(setting) = fields.optional_text(node, "ObjectOwnership") else { return false };
    if arn.service() != "s3" || !SETTINGS.contains(&setting) {
        let message = format!("`{setting}` is no setting of `{arn}`");
        fields.report_error(span, message, "BucketOwnerEnforced, BucketOwnerPreferred or ObjectWriter, of a bucket");
    }
    setting == "BucketOwnerEnforced"
}
