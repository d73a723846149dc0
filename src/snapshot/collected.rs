//! Reads a directory that the collector wrote: what its manifest says must be there, exactly that, and unchanged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::account_file::{check_version, unread_parts};
use super::error::SnapshotError;
use super::format::{AccountStatus, Manifest, ManifestAccount, StoredFile};
use super::read::{Fields, first_char};
use super::store::{self, ACCOUNTS, JOURNAL, MANIFEST, ORGANIZATION};
use super::uncollected::Uncollected;
use crate::iam::{AccountId, Partition};
use crate::source::json::{self, Node};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const WHAT: &str = "the manifest";

/// A directory with a manifest.
pub(super) struct Collected {
    root: PathBuf,
    pub(super) manifest: Manifest,
    /// What the manifest says that could not be read, beside what the accounts' own files say.
    pub(super) unread: Vec<Uncollected>,
    /// What is not as the manifest says.
    damage: Vec<String>,
}

impl Collected {
    /// Reads the manifest of a directory; none where it has none.
    ///
    /// # Errors
    /// A collection that was broken off; a manifest that is none, or was changed.
    pub(super) fn open(root: &Path) -> Result<Option<Collected>, SnapshotError> {
        let path = root.join(MANIFEST);
        if !path.exists() {
            return match root.join(JOURNAL).exists() {
                true => Err(SnapshotError::BrokenOff { path: root.to_owned() }),
                false => Ok(None),
            };
        }
        let source = SourceFile::read(&path).map_err(|error| SnapshotError::Io { path: path.clone(), error })?;
        let node = json::parse(&source)?;
        let manifest = manifest(&source, &node)?;
        let unread = unread(&source, &node)?;
        let mut collected = Collected { root: root.to_owned(), manifest, unread, damage: Vec::new() };
        collected.look_for_others()?;
        Ok(Some(collected))
    }

    /// The text of a file that the manifest names; none where it is not there as it was written, which is noted.
    pub(super) fn text(&mut self, stored: &StoredFile) -> Result<Option<Arc<SourceFile>>, SnapshotError> {
        let path = self.root.join(&stored.file);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.damage.push(format!("{} is missing", stored.file));
                return Ok(None);
            }
            Err(error) => return Err(SnapshotError::Io { path, error }),
        };
        let length = bytes.len() as u64;
        if length < stored.bytes {
            self.damage.push(format!("{} is cut off: {length} of {} bytes are there", stored.file, stored.bytes));
            return Ok(None);
        }
        if store::blake3_of(&bytes) != stored.blake3 {
            self.damage.push(format!("{} was changed", stored.file));
            return Ok(None);
        }
        let text = store::read_stored(&path, bytes).map_err(|error| SnapshotError::Io { path: path.clone(), error })?;
        Ok(Some(SourceFile::new(path.display().to_string(), text)))
    }

    /// The end of reading.
    ///
    /// # Errors
    /// Files that are missing, changed, or not of the collection.
    pub(super) fn finish(self) -> Result<(Manifest, Vec<Uncollected>), SnapshotError> {
        if self.damage.is_empty() {
            Ok((self.manifest, self.unread))
        } else {
            Err(SnapshotError::Damaged { path: self.root, damage: self.damage })
        }
    }

    /// Notes every file that the manifest does not name; what is hidden is left alone.
    fn look_for_others(&mut self) -> Result<(), SnapshotError> {
        let manifest = &self.manifest;
        let accounts = manifest.accounts.iter().filter_map(|account| account.stored.as_ref());
        let organization = manifest.organization.iter().filter_map(|organization| organization.stored.as_ref());
        let named = accounts.chain(organization).map(|stored| stored.file.as_str());
        let mut known: BTreeSet<&str> = named.collect();
        // A journal is left where the run ended between writing the manifest and removing it.
        known.extend([MANIFEST, JOURNAL, ACCOUNTS]);
        let mut others = Vec::new();
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
                    others.push(format!("{file} is not of this collection"));
                }
            }
        }
        others.sort();
        self.damage.extend(others);
        Ok(())
    }
}

fn manifest(source: &Arc<SourceFile>, node: &Node) -> Result<Manifest, Diagnostics> {
    let mut fields = Fields::new(source);
    if fields.is_object(node, WHAT) {
        check_version(&mut fields, node, WHAT);
    }
    let seal = fields.required_text(node, "Blake3", WHAT);
    if !fields.problems.is_empty() {
        return Err(Diagnostics(fields.problems));
    }
    if let Some((seal, span)) = seal
        && Manifest::with_zeros(source.text(), span.start, span.end).is_none_or(|text| Manifest::hash(&text) != seal)
    {
        let message = "the manifest was changed after it was written: this is not its hash";
        return Err(Diagnostic::error(source, span, message, "the manifest as the collector wrote it").into());
    }
    let manifest: Manifest = serde_json::from_str(source.text()).map_err(|error| {
        let message = format!("this is no manifest: {error}");
        Diagnostic::error(source, first_char(node.span), message, "what `iamdrift collect` writes")
    })?;
    let mut seen = BTreeSet::new();
    for (account, entry) in manifest.accounts.iter().zip(fields.list(node, "Accounts")) {
        if let Err(message) = check(account).and_then(|()| match seen.insert(&account.id) {
            true => Ok(()),
            false => Err(format!("account {} stands twice", account.id)),
        }) {
            fields.error(first_char(entry.span), message, "an account as the collector writes it");
        }
    }
    let organization = manifest.organization.as_ref().and_then(|organization| organization.stored.as_ref());
    if organization.is_some_and(|stored| without_compression(stored) != ORGANIZATION) {
        let span = node.get("Organization").map_or(Span::default(), |node| first_char(node.span));
        fields.error(span, "this is no place for the organization's file", ORGANIZATION);
    }
    if Partition::parse(&manifest.partition).is_none() {
        let span = node.get("Partition").map_or(Span::default(), |node| node.span);
        fields.error(span, format!("`{}` is no partition", manifest.partition), "aws, aws-cn, aws-us-gov, …");
    }
    if fields.problems.is_empty() { Ok(manifest) } else { Err(Diagnostics(fields.problems)) }
}

/// That an entry agrees with itself, and names no file elsewhere.
fn check(account: &ManifestAccount) -> Result<(), String> {
    let id = &account.id;
    if AccountId::parse(id).is_none() {
        return Err(format!("`{id}` is not an account number"));
    }
    let expected = match (&account.stored, account.unread.is_empty()) {
        (Some(_), true) => AccountStatus::Read,
        (Some(_), false) => AccountStatus::Partly,
        (None, false) => AccountStatus::Unread,
        (None, true) => return Err(format!("account {id} has neither a file nor a reason why it has none")),
    };
    if account.status != expected {
        return Err(format!("the status of account {id} is not what its other members tell"));
    }
    match &account.stored {
        Some(stored) if without_compression(stored) != format!("{ACCOUNTS}/{id}.json") => {
            Err(format!("{} is no place for the file of account {id}", stored.file))
        }
        _ => Ok(()),
    }
}

fn without_compression(stored: &StoredFile) -> &str {
    stored.file.strip_suffix(".zst").unwrap_or(&stored.file)
}

/// What could not be read of the organization, and the accounts of which nothing was. What of an account's parts was
/// not is told by its own file.
fn unread(source: &Arc<SourceFile>, node: &Node) -> Result<Vec<Uncollected>, Diagnostics> {
    let mut fields = Fields::new(source);
    let mut unread = Vec::new();
    for entry in fields.list(node, "Accounts").iter().filter(|entry| entry.get("Stored").is_none()) {
        let id = entry.get("Id").and_then(Node::as_str).and_then(AccountId::parse);
        let name = entry.get("Name").and_then(Node::as_str);
        for (part, span) in unread_parts(&mut fields, entry) {
            unread.push(Uncollected::new(id.as_ref(), name, part, source.place(span)));
        }
    }
    if let Some(organization) = fields.field(node, "Organization") {
        for (part, span) in unread_parts(&mut fields, organization) {
            unread.push(Uncollected::new(None, None, part, source.place(span)));
        }
    }
    if fields.problems.is_empty() { Ok(unread) } else { Err(Diagnostics(fields.problems)) }
}
