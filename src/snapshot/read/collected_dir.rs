//! Reads a directory that the collector wrote. It must contain exactly the files of its manifest, unchanged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::account_file::{check_version, read_unread_parts};
use super::fields::{FieldReader, first_char_span};
use crate::iam::{AccountId, Partition};
use crate::snapshot::file_layout::{self, ACCOUNTS, JOURNAL, MANIFEST, ORGANIZATION};
use crate::snapshot::format::{AccountStatus, ManifestAccount, SnapshotManifest, StoredFile};
use crate::snapshot::model::collection_gap::CollectionGap;
use crate::snapshot::snapshot_error::SnapshotError;
use crate::source::input_bytes::{self, strip_compression_suffix};
use crate::source::json_tree::{self, JsonNode};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const SUBJECT: &str = "the manifest";

/// A directory with a manifest.
pub(crate) struct CollectedDir {
    root: PathBuf,
    pub(crate) manifest: SnapshotManifest,
    /// The unread parts that the manifest records. The account files record others.
    pub(crate) collection_gaps: Vec<CollectionGap>,
    /// The differences from the manifest.
    problems: Vec<String>,
}

impl CollectedDir {
    /// Reads the manifest of a directory. `None` if it has none.
    ///
    /// # Errors
    /// An interrupted collection; a manifest that is not valid, or that was changed.
    pub(crate) fn open(root: &Path) -> Result<Option<CollectedDir>, SnapshotError> {
        let path = root.join(MANIFEST);
        if !path.exists() {
            return match root.join(JOURNAL).exists() {
                true => Err(SnapshotError::Interrupted { path: root.to_owned() }),
                false => Ok(None),
            };
        }
        let source = SourceFile::read(&path).map_err(|error| SnapshotError::Io { path: path.clone(), error })?;
        let node = json_tree::parse(&source)?;
        let manifest = read_manifest(&source, &node)?;
        let unread = read_collection_gaps(&source, &node)?;
        let mut collected_dir =
            CollectedDir { root: root.to_owned(), manifest, collection_gaps: unread, problems: Vec::new() };
        collected_dir.report_unlisted_files()?;
        Ok(Some(collected_dir))
    }

    /// The text of a file that the manifest names. `None` if the file is missing or was changed, which is recorded.
    pub(crate) fn read_file(&mut self, stored: &StoredFile) -> Result<Option<Arc<SourceFile>>, SnapshotError> {
        let path = self.root.join(&stored.file);
        let bytes = match input_bytes::read_file(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.problems.push(format!("{} is missing", stored.file));
                return Ok(None);
            }
            Err(error) => return Err(SnapshotError::Io { path, error }),
        };
        let length = bytes.len() as u64;
        if length < stored.bytes {
            self.problems.push(format!("{} is truncated: {length} of {} bytes", stored.file, stored.bytes));
            return Ok(None);
        }
        if file_layout::blake3_hex(&bytes) != stored.blake3 {
            self.problems.push(format!("{} was changed", stored.file));
            return Ok(None);
        }
        let text = input_bytes::decompress(&path, bytes)
            .and_then(input_bytes::decode_text)
            .map_err(|error| SnapshotError::Io { path: path.clone(), error })?;
        Ok(Some(SourceFile::new(path.display().to_string(), text)))
    }

    /// The manifest, after all files were read.
    ///
    /// # Errors
    /// Files that are missing, were changed, or do not belong to the collection.
    pub(crate) fn into_manifest(self) -> Result<(SnapshotManifest, Vec<CollectionGap>), SnapshotError> {
        if self.problems.is_empty() {
            Ok((self.manifest, self.collection_gaps))
        } else {
            Err(SnapshotError::Damaged { path: self.root, problems: self.problems })
        }
    }

    /// Records every file that the manifest does not name. Hidden files are ignored.
    fn report_unlisted_files(&mut self) -> Result<(), SnapshotError> {
        let manifest = &self.manifest;
        let accounts = manifest.accounts.iter().filter_map(|account| account.stored.as_ref());
        let organization = manifest.organization.iter().filter_map(|organization| organization.stored.as_ref());
        let listed_files = accounts.chain(organization).map(|stored| stored.file.as_str());
        let mut known: BTreeSet<&str> = listed_files.collect();
        // A run that ended after writing the manifest and before removing the journal leaves the journal.
        known.extend([MANIFEST, JOURNAL, ACCOUNTS]);
        let mut unlisted_files = Vec::new();
        for folder in ["", ACCOUNTS] {
            let path = self.root.join(folder);
            let io = |error| SnapshotError::Io { path: path.clone(), error };
            if !path.is_dir() {
                continue;
            }
            for entry in std::fs::read_dir(&path).map_err(io)? {
                let name = entry.map_err(io)?.file_name().to_string_lossy().into_owned();
                let file = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                if !name.starts_with('.') && !known.contains(file.as_str()) {
                    unlisted_files.push(format!("{file} does not belong to this collection"));
                }
            }
        }
        unlisted_files.sort();
        self.problems.extend(unlisted_files);
        Ok(())
    }
}

fn read_manifest(source: &Arc<SourceFile>, node: &JsonNode) -> Result<SnapshotManifest, Diagnostics> {
    let mut fields = FieldReader::new(source);
    if fields.is_object(node, SUBJECT) {
        check_version(&mut fields, node, SUBJECT);
    }
    let recorded_hash = fields.required_text(node, "Blake3", SUBJECT);
    if !fields.problems.is_empty() {
        return Err(Diagnostics(fields.problems));
    }
    if let Some((seal, span)) = recorded_hash
        && SnapshotManifest::replace_hash_with_zeros(source.text(), span.start, span.end)
            .is_none_or(|text| SnapshotManifest::compute_hash(&text) != seal)
    {
        let message = "the manifest was changed after it was written: the hash does not match";
        return Err(
            Diagnostic::error(source, span, message, "the hash of the manifest as the collector wrote it").into()
        );
    }
    let manifest: SnapshotManifest = serde_json::from_str(source.text()).map_err(|error| {
        let message = format!("not a manifest: {error}");
        Diagnostic::error(source, first_char_span(node.span), message, "a manifest written by `iamdrift collect`")
    })?;
    let mut seen_account_ids = BTreeSet::new();
    for (account, entry) in manifest.accounts.iter().zip(fields.optional_list(node, "Accounts")) {
        if let Err(message) = check_account_entry(account).and_then(|()| match seen_account_ids.insert(&account.id) {
            true => Ok(()),
            false => Err(format!("duplicate account {}", account.id)),
        }) {
            fields.report_error(first_char_span(entry.span), message, "an account entry written by the collector");
        }
    }
    let organization = manifest.organization.as_ref().and_then(|organization| organization.stored.as_ref());
    if organization.is_some_and(|stored| strip_compression_suffix(&stored.file) != ORGANIZATION) {
        let span = node.get("Organization").map_or(Span::default(), |node| first_char_span(node.span));
        fields.report_error(span, "not the path of the organization file", ORGANIZATION);
    }
    if Partition::parse(&manifest.partition).is_none() {
        let span = node.get("Partition").map_or(Span::default(), |node| node.span);
        fields.report_error(span, format!("`{}` is not a partition", manifest.partition), "aws, aws-cn, aws-us-gov, …");
    }
    if fields.problems.is_empty() { Ok(manifest) } else { Err(Diagnostics(fields.problems)) }
}

/// Checks that an entry is consistent and names its file in the directory of accounts.
fn check_account_entry(account: &ManifestAccount) -> Result<(), String> {
    let id = &account.id;
    if AccountId::parse(id).is_none() {
        return Err(format!("`{id}` is not an account number"));
    }
    let expected = match (&account.stored, account.unread.is_empty()) {
        (Some(_), true) => AccountStatus::Read,
        (Some(_), false) => AccountStatus::Partly,
        (None, false) => AccountStatus::Unread,
        (None, true) => return Err(format!("account {id} has neither a file nor an unread part")),
    };
    if account.status != expected {
        return Err(format!("the status of account {id} contradicts its other fields"));
    }
    match &account.stored {
        Some(stored) if strip_compression_suffix(&stored.file) != format!("{ACCOUNTS}/{id}.json") => {
            Err(format!("{} is not the path of the file of account {id}", stored.file))
        }
        _ => Ok(()),
    }
}

/// The unread parts of the organization, and the accounts of which nothing was read. Other accounts record their
/// unread parts in their own files.
fn read_collection_gaps(source: &Arc<SourceFile>, node: &JsonNode) -> Result<Vec<CollectionGap>, Diagnostics> {
    let mut fields = FieldReader::new(source);
    let mut collection_gaps = Vec::new();
    for entry in fields.optional_list(node, "Accounts").iter().filter(|entry| entry.get("Stored").is_none()) {
        let id = entry.get("Id").and_then(JsonNode::as_str).and_then(AccountId::parse);
        let name = entry.get("Name").and_then(JsonNode::as_str);
        for (part, span) in read_unread_parts(&mut fields, entry) {
            collection_gaps.push(CollectionGap::new(id.as_ref(), name, part, source.place(span)));
        }
    }
    if let Some(organization) = fields.optional_field(node, "Organization") {
        for (part, span) in read_unread_parts(&mut fields, organization) {
            collection_gaps.push(CollectionGap::new(None, None, part, source.place(span)));
        }
    }
    if fields.problems.is_empty() { Ok(collection_gaps) } else { Err(Diagnostics(fields.problems)) }
}
