//! Reads `resource-policies.json`, and `snapshot.json`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document_interner::DocumentInterner;
use super::fields::FieldReader;
use super::organization_file::reject_unknown_members;
use crate::iam::{AccountId, DocumentKind};
use crate::snapshot::model::snapshot::ResourceWithPolicy;
use crate::source::json_tree::{JsonNode, JsonValue};
use crate::source::{Diagnostics, SourceFile, Span};

/// Reads the policies of resources; one that is no policy goes to the interner's problems.
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

/// Reads the elements of a list; `owner` is whose they are where neither they nor their ARNs tell.
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
    reject_unknown_members(fields, node, SUBJECT, &["ResourceArn", "OwnerAccount", "Policy"]);
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
                if implied_owner.is_some_and(|told| told != given) {
                    fields.report_error(span, format!("{given} does not own `{arn}`"), "the account of the ARN");
                    return None;
                }
                given
            }
        };
    let policy =
        interner.read_document(fields.source, policy?, DocumentKind::Resource, || format!("resource policy of {arn}"));
    Some((ResourceWithPolicy { arn, owner, policy }, arn_span))
}

/// What `snapshot.json` says: when it was taken, and the accounts' aliases.
pub(crate) fn read_snapshot_metadata(
    source: &Arc<SourceFile>,
    node: &JsonNode,
) -> Result<(Option<String>, BTreeMap<AccountId, String>), Diagnostics> {
    let mut fields = FieldReader::new(source);
    let mut aliases = BTreeMap::new();
    let mut taken_at = None;
    if fields.is_object(node, "snapshot.json") {
        reject_unknown_members(&mut fields, node, "snapshot.json", &["TakenAt", "Aliases"]);
        if let Some((text, span)) =
            fields.optional_field(node, "TakenAt").and_then(|_| fields.required_text(node, "TakenAt", ""))
        {
            match text.parse::<jiff::Timestamp>() {
                Ok(_) => taken_at = Some(text.to_owned()),
                Err(_) => fields.report_error(
                    span,
                    format!("`{text}` is no instant"),
                    "RFC 3339, such as 2026-11-20T06:00:00Z",
                ),
            }
        }
        if let Some(list) = fields.optional_field(node, "Aliases").filter(|list| fields.is_object(list, "`Aliases`")) {
            for member in list.members() {
                match (AccountId::parse(&member.name), member.value.as_str()) {
                    (Some(id), Some(alias)) => {
                        aliases.insert(id, alias.to_owned());
                    }
                    (None, _) => fields.report_error(member.name_span, "not an account number", "twelve digits"),
                    (_, None) => fields.report_error(member.value.span, "an alias is a string", "a string"),
                }
            }
        }
    }
    if fields.problems.is_empty() { Ok((taken_at, aliases)) } else { Err(Diagnostics(fields.problems)) }
}
