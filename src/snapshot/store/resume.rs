//! Continues an earlier run: which accounts are finished, which files are removed, which accounts are collected again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::file_writer::sync_dir;
use super::journal::{Journal, JournalHeader, JournalLine};
use super::store_error::StoreError;
use super::writer_state::CollectionProgress;
use crate::iam::AccountId;
use crate::snapshot::file_layout::{ACCOUNTS, MANIFEST, ORGANIZATION, PENDING_PREFIX, ZSTD_SUFFIX};
use crate::snapshot::format::{ManifestAccount, ManifestOrganization, SnapshotManifest, StoredFile};
use crate::snapshot::read::collected_dir::CollectedDir;

/// Reopens a finished snapshot with unread parts: its manifest becomes a journal. Accounts with unread parts are
/// collected again; until then, their existing files stay valid.
pub(super) fn reopen_finished(
    root: &Path,
    expected: &JournalHeader,
) -> Result<(JournalHeader, CollectionProgress), StoreError> {
    let manifest_error = |error| StoreError::Manifest { path: root.to_owned(), error: Box::new(error) };
    let Some(collected) = CollectedDir::open(root).map_err(manifest_error)? else {
        return Err(StoreError::NothingToResume { path: root.to_owned() });
    };
    let manifest = collected.manifest;
    if is_fully_read(&manifest) {
        return Err(StoreError::Complete { path: root.to_owned() });
    }
    let header = JournalHeader {
        format_version: manifest.format_version,
        tool: manifest.tool,
        caller: manifest.caller,
        partition: manifest.partition,
        started_at: manifest.started_at,
    };
    check_same_collection(root, &header, expected)?;
    let mut journal = Journal::create_or_replace(root, header.clone())?;
    for account in &manifest.accounts {
        journal.append(&JournalLine::Account(account.clone()))?;
    }
    if let Some(organization) = &manifest.organization {
        journal.append(&JournalLine::Organization(organization.clone()))?;
    }
    // The journal is complete. From here on it replaces the manifest.
    let path = root.join(MANIFEST);
    fs::remove_file(&path).and_then(|()| sync_dir(root)).map_err(|error| StoreError::Io { path, error })?;
    let mut state = CollectionProgress::new(journal);
    state.organization = manifest.organization;
    for account in manifest.accounts {
        // INVARIANT: `CollectedDir::open` rejects a manifest with an id that is not an account number.
        let Some(id) = AccountId::parse(&account.id) else { continue };
        if !account.unread.is_empty() {
            state.accounts_to_reread.insert(id.clone());
        }
        state.accounts.insert(id, account);
    }
    Ok((header, state))
}

fn is_fully_read(manifest: &SnapshotManifest) -> bool {
    let organization = manifest.organization.iter().flat_map(|organization| &organization.unread);
    manifest.accounts.iter().flat_map(|account| &account.unread).chain(organization).next().is_none()
}

/// Checks that this run can continue a collection: same format version, partition and calling account.
pub(super) fn check_same_collection(
    root: &Path,
    existing: &JournalHeader,
    expected: &JournalHeader,
) -> Result<(), StoreError> {
    for (property, existing, current) in [
        ("format version", &existing.format_version, &expected.format_version),
        ("partition", &existing.partition, &expected.partition),
        ("calling account", &existing.caller.account, &expected.caller.account),
    ] {
        if existing != current {
            let (existing, current) = (existing.clone(), current.clone());
            return Err(StoreError::OtherCollection { path: root.to_owned(), property, existing, current });
        }
    }
    Ok(())
}

/// Removes the entries whose files are missing or changed. Returns the accounts among them.
pub(super) fn remove_damaged_entries(
    root: &Path,
    accounts: &mut BTreeMap<AccountId, ManifestAccount>,
    organization: &mut Option<ManifestOrganization>,
) -> Result<Vec<AccountId>, StoreError> {
    let mut damaged = Vec::new();
    for (id, account) in accounts.iter() {
        if let Some(stored) = &account.stored
            && !is_intact(root, stored)?
        {
            damaged.push(id.clone());
        }
    }
    for id in &damaged {
        accounts.remove(id);
    }
    let stored = organization.as_ref().and_then(|organization| organization.stored.as_ref());
    if let Some(stored) = stored
        && !is_intact(root, stored)?
    {
        *organization = None;
    }
    Ok(damaged)
}

fn is_intact(root: &Path, stored: &StoredFile) -> Result<bool, StoreError> {
    let path = root.join(&stored.file);
    let hash_file = || -> io::Result<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(&path)?)?;
        Ok(hasher.finalize().to_hex().to_string())
    };
    match hash_file() {
        Ok(hash) => Ok(hash == stored.blake3),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::Io { path, error }),
    }
}

/// Removes unfinished files of the writer, and no other files.
pub(super) fn remove_leftover_files(
    root: &Path,
    accounts: &BTreeMap<AccountId, ManifestAccount>,
    organization: Option<&ManifestOrganization>,
) -> Result<(), StoreError> {
    let account_files = accounts.values().filter_map(|account| account.stored.as_ref());
    let organization_file = organization.and_then(|organization| organization.stored.as_ref());
    let listed_files: BTreeSet<&str> =
        account_files.chain(organization_file).map(|stored| stored.file.as_str()).collect();
    for folder in ["", ACCOUNTS] {
        let path = root.join(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(StoreError::Io { path, error }),
        };
        for entry in entries {
            let entry = entry.map_err(|error| StoreError::Io { path: path.clone(), error })?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let file = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let uncompressed_name = name.strip_suffix(ZSTD_SUFFIX).unwrap_or(&name);
            let is_account = || uncompressed_name.strip_suffix(".json").and_then(AccountId::parse).is_some();
            let is_snapshot_file = if folder.is_empty() { uncompressed_name == ORGANIZATION } else { is_account() };
            if name.starts_with(PENDING_PREFIX) || (is_snapshot_file && !listed_files.contains(file.as_str())) {
                fs::remove_file(entry.path()).map_err(|error| StoreError::Io { path: entry.path(), error })?;
            }
        }
    }
    Ok(())
}
