//! Reads `resource-policies.json`, and `snapshot.json`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::intern::Interner;
use super::model::KnownResource;
use super::organization_file::only_members;
use super::read::Fields;
use crate::iam::{AccountId, DocumentKind};
use crate::source::json::{Node, Value};
use crate::source::{Diagnostics, SourceFile, Span};

/// Reads the policies of resources; one that is no policy goes to the interner's problems.
pub(super) fn read(
    source: &Arc<SourceFile>,
    node: &Node,
    interner: &mut Interner,
) -> Result<Vec<(KnownResource, Span)>, Diagnostics> {
    let mut fields = Fields::new(source);
    let mut resources = Vec::new();
    match &node.value {
        Value::Array(list) => resources = read_list(&mut fields, list, None, interner),
        _ => fields.error(
            super::read::first_char(node.span),
            format!("the resource policies cannot be {}", node.kind()),
            "a list of {\"ResourceArn\", \"OwnerAccount\", \"Policy\"}",
        ),
    }
    if fields.problems.is_empty() { Ok(resources) } else { Err(Diagnostics(fields.problems)) }
}

/// Reads the elements of a list; `owner` is whose they are where neither they nor their ARNs tell.
pub(super) fn read_list(
    fields: &mut Fields<'_>,
    list: &[Node],
    owner: Option<&AccountId>,
    interner: &mut Interner,
) -> Vec<(KnownResource, Span)> {
    list.iter().filter_map(|entry| resource(fields, entry, owner, interner)).collect()
}

fn resource(
    fields: &mut Fields<'_>,
    node: &Node,
    collected_from: Option<&AccountId>,
    interner: &mut Interner,
) -> Option<(KnownResource, Span)> {
    const WHAT: &str = "the resource policy";
    if !fields.is_object(node, WHAT) {
        return None;
    }
    only_members(fields, node, WHAT, &["ResourceArn", "OwnerAccount", "Policy"]);
    let arn = fields.required_arn(node, "ResourceArn", WHAT);
    let policy = fields.required(node, "Policy", WHAT);
    let (arn, arn_span) = arn?;
    if arn.as_str().contains(['*', '?']) {
        fields.error(arn_span, format!("`{arn}` is a pattern"), "the ARN of one resource");
        return None;
    }
    let told = AccountId::parse(arn.account());
    let owner = match (fields.field(node, "OwnerAccount").is_some(), told.or_else(|| collected_from.cloned())) {
        (false, Some(account)) => account,
        (_, told) => {
            let (given, span) = fields.required_account(node, "OwnerAccount", WHAT)?;
            if told.is_some_and(|told| told != given) {
                fields.error(span, format!("{given} does not own `{arn}`"), "the account of the ARN");
                return None;
            }
            given
        }
    };
    let policy = interner.read(fields.source, policy?, DocumentKind::Resource, || format!("resource policy of {arn}"));
    Some((KnownResource { arn, owner, policy }, arn_span))
}

/// What `snapshot.json` says: when it was taken, and the accounts' aliases.
pub(super) fn read_about(
    source: &Arc<SourceFile>,
    node: &Node,
) -> Result<(Option<String>, BTreeMap<AccountId, String>), Diagnostics> {
    let mut fields = Fields::new(source);
    let mut aliases = BTreeMap::new();
    let mut taken_at = None;
    if fields.is_object(node, "snapshot.json") {
        only_members(&mut fields, node, "snapshot.json", &["TakenAt", "Aliases"]);
        if let Some((text, span)) =
            fields.field(node, "TakenAt").and_then(|_| fields.required_text(node, "TakenAt", ""))
        {
            match text.parse::<jiff::Timestamp>() {
                Ok(_) => taken_at = Some(text.to_owned()),
                Err(_) => {
                    fields.error(span, format!("`{text}` is no instant"), "RFC 3339, such as 2026-11-20T06:00:00Z")
                }
            }
        }
        if let Some(list) = fields.field(node, "Aliases").filter(|list| fields.is_object(list, "`Aliases`")) {
            for member in list.members() {
                match (AccountId::parse(&member.name), member.value.as_str()) {
                    (Some(id), Some(alias)) => {
                        aliases.insert(id, alias.to_owned());
                    }
                    (None, _) => fields.error(member.name_span, "not an account number", "twelve digits"),
                    (_, None) => fields.error(member.value.span, "an alias is a string", "a string"),
                }
            }
        }
    }
    if fields.problems.is_empty() { Ok((taken_at, aliases)) } else { Err(Diagnostics(fields.problems)) }
}
