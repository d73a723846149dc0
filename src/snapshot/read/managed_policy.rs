//! Reads a managed policy: its default version, and the versions that `iam:SetDefaultPolicyVersion` could restore.

use super::document_interner::{DocumentInterner, compute_text_id};
use super::fields::FieldReader;
use crate::iam::{AccountId, Arn, DocumentKind};
use crate::snapshot::model::missing::{LayerKind, MissingDocument, MissingReason};
use crate::snapshot::model::policy::{CollectedDocument, ManagedPolicy, PolicyVersionDocument};
use crate::source::Span;
use crate::source::json_tree::JsonNode;

/// Reads a managed policy. `None` if an error was reported.
pub(super) fn read_managed_policy(
    fields: &mut FieldReader<'_>,
    interner: &mut DocumentInterner,
    node: &JsonNode,
) -> Option<(ManagedPolicy, Span)> {
    if !fields.is_object(node, "a managed policy") {
        return None;
    }
    let (arn, span) = fields.required_arn(node, "Arn", "the managed policy")?;
    let has_owner = arn.account() == "aws" || AccountId::parse(arn.account()).is_some();
    if arn.service() != "iam" || !has_owner || !arn.resource().starts_with("policy/") {
        let message = format!("`{arn}` is not a managed policy");
        fields.report_error(span, message, "arn:PARTITION:iam::ACCOUNT:policy/…");
        return None;
    }
    let last_segment = arn.resource().rsplit('/').next().unwrap_or_default();
    // The last segment of the ARN is the name.
    let name = fields.optional_text(node, "PolicyName").unwrap_or(last_segment).to_owned();
    let versions = fields.optional_list(node, "PolicyVersionList");
    let default_index = find_default_version(fields, node, versions);
    let default_document = default_index
        .and_then(|index| versions.get(index))
        .and_then(|version| fields.optional_field(version, "Document"));
    let document = match default_document {
        Some(document) => {
            interner.read_document(fields.source, document, DocumentKind::Identity, || format!("managed policy {arn}"))
        }
        None => CollectedDocument::missing(MissingReason::NotCollected, fields.source.place(node.span)),
    };
    let mut policy = ManagedPolicy { arn, name, document, other_versions: Vec::new(), unreadable_versions: Vec::new() };
    let other_versions = versions.iter().enumerate().filter(|(index, _)| Some(*index) != default_index);
    for (_, version) in other_versions {
        match read_other_version(fields, interner, &policy.arn, version) {
            Ok(readable) => policy.other_versions.push(readable),
            Err(missing) => policy.unreadable_versions.push(*missing),
        }
    }
    Some((policy, node.span))
}

/// The position of the default version. `None` if the page does not mark one, or if its two marks disagree, which is
/// an error.
fn find_default_version(fields: &mut FieldReader<'_>, policy: &JsonNode, versions: &[JsonNode]) -> Option<usize> {
    let default_id = fields.optional_text(policy, "DefaultVersionId");
    let mut default = None;
    for (index, version) in versions.iter().enumerate() {
        if !fields.is_object(version, "a policy version") {
            return None;
        }
        let id = fields.optional_text(version, "VersionId");
        let flag = fields.optional_bool(version, "IsDefaultVersion");
        let by_id = default_id.zip(id).map(|(default, id)| default == id);
        let is_default = match (flag, by_id) {
            (Some(flag), Some(by_id)) if flag != by_id => {
                let message = "`IsDefaultVersion` and `DefaultVersionId` disagree about the default version";
                fields.report_error(version.span, message, "the same version in both");
                return None;
            }
            (Some(is_marked_default), _) | (None, Some(is_marked_default)) => is_marked_default,
            (None, None) => versions.len() == 1,
        };
        if is_default && default.is_some() {
            fields.report_error(version.span, "a second default version", "one default version");
            return None;
        }
        if is_default {
            default = Some(index);
        }
    }
    default
}

/// A version that is not the default one: its id and document, or the missing document.
fn read_other_version(
    fields: &mut FieldReader<'_>,
    interner: &mut DocumentInterner,
    arn: &Arn,
    version: &JsonNode,
) -> Result<PolicyVersionDocument, Box<MissingDocument>> {
    let id = fields.optional_text(version, "VersionId");
    let name = match id {
        Some(id) => format!("version {id} of managed policy {arn}"),
        None => format!("a version of managed policy {arn}"),
    };
    let missing = |reason, name, place| Box::new(MissingDocument::new(LayerKind::Identity, name, reason, place));
    let place = fields.source.place(version.span);
    let Some(document) = fields.optional_field(version, "Document") else {
        return Err(missing(MissingReason::NotCollected, name, place));
    };
    let collected = interner.read_document(fields.source, document, DocumentKind::Identity, || name.clone());
    match (collected.document, id) {
        (Ok(document), Some(id)) => Ok(PolicyVersionDocument { id: id.to_owned(), document, places: collected.places }),
        (Ok(_), None) => {
            let content_id = compute_text_id(fields.source, version.span);
            Err(missing(MissingReason::Invalid { error: "it has no `VersionId`".to_owned(), content_id }, name, place))
        }
        (Err(reason), _) => Err(missing(reason, name, collected.place)),
    }
}
