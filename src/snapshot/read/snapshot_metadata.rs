//! Reads `snapshot.json`: when a snapshot was taken, and the account aliases.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fields::FieldReader;
use crate::iam::AccountId;
use crate::source::json_tree::JsonNode;
use crate::source::{Diagnostics, SourceFile};

const SUBJECT: &str = "snapshot.json";

/// What `snapshot.json` records.
#[derive(Default)]
pub(super) struct SnapshotMetadata {
    /// When the snapshot was taken, in RFC 3339. `None` if it is not recorded.
    pub(super) taken_at: Option<String>,
    /// The aliases, by account.
    pub(super) aliases: BTreeMap<AccountId, String>,
}

/// Reads `snapshot.json`.
///
/// # Errors
/// A field of the wrong type or form, or an unknown field.
pub(super) fn read_snapshot_metadata(
    source: &Arc<SourceFile>,
    node: &JsonNode,
) -> Result<SnapshotMetadata, Diagnostics> {
    let mut fields = FieldReader::new(source);
    let mut metadata = SnapshotMetadata::default();
    if fields.is_object(node, SUBJECT) {
        fields.reject_unknown_members(node, SUBJECT, &["TakenAt", "Aliases"]);
        if fields.optional_field(node, "TakenAt").is_some()
            && let Some((text, span)) = fields.required_text(node, "TakenAt", SUBJECT)
        {
            match text.parse::<jiff::Timestamp>() {
                Ok(_) => metadata.taken_at = Some(text.to_owned()),
                Err(_) => fields.report_error(
                    span,
                    format!("`{text}` is not a timestamp"),
                    "RFC 3339, such as 2026-11-20T06:00:00Z",
                ),
            }
        }
        if let Some(list) = fields.optional_field(node, "Aliases").filter(|list| fields.is_object(list, "`Aliases`")) {
            for member in list.members() {
                match (AccountId::parse(&member.name), member.value.as_str()) {
                    (Some(id), Some(alias)) => {
                        metadata.aliases.insert(id, alias.to_owned());
                    }
                    (None, _) => fields.report_error(member.name_span, "not an account number", "twelve digits"),
                    (_, None) => fields.report_error(member.value.span, "an alias is a string", "a string"),
                }
            }
        }
    }
    if fields.problems.is_empty() { Ok(metadata) } else { Err(Diagnostics(fields.problems)) }
}
