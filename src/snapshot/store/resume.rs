//! What an earlier run has left: what of it counts, what goes, and what is to be read again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::error::StoreError;
use super::journal::{Begun, Journal, Line};
use super::shared::State;
use super::stored::sync_folder;
use super::{ACCOUNTS, MANIFEST, ORGANIZATION, UNFINISHED};
use crate::iam::AccountId;
use crate::snapshot::collected::Collected;
use crate::snapshot::format::{Manifest, ManifestAccount, ManifestOrganization, StoredFile};

/// Turns a finished snapshot of which something is unread into a run that was broken off: its manifest becomes the
/// journal. The accounts that were not read whole are to be read again; until they are, what there is of them counts.
pub(super) fn reopened(root: &Path, ours: &Begun) -> Result<(Begun, State), StoreError> {
    let unusable = |error| StoreError::Manifest { path: root.to_owned(), error: Box::new(error) };
    let Some(collected) = Collected::open(root).map_err(unusable)? else {
        return Err(StoreError::NothingToResume { path: root.to_owned() });
    };
    let manifest = collected.manifest;
    if is_whole_snapshot(&manifest) {
        return Err(StoreError::Complete { path: root.to_owned() });
    }
    let begun = Begun {
        format_version: manifest.format_version,
        tool: manifest.tool,
        caller: manifest.caller,
        partition: manifest.partition,
        started_at: manifest.started_at,
    };
    same_collection(root, &begun, ours)?;
    let mut journal = Journal::begin_again(root, begun.clone())?;
    for account in &manifest.accounts {
        journal.add(&Line::Account(account.clone()))?;
    }
    if let Some(organization) = &manifest.organization {
        journal.add(&Line::Organization(organization.clone()))?;
    }
    // The journal is whole: from here on it speaks for the directory.
    let path = root.join(MANIFEST);
    fs::remove_file(&path).and_then(|()| sync_folder(root)).map_err(|error| StoreError::Io { path, error })?;
    let mut state = State::new(journal);
    state.organization = manifest.organization;
    for account in manifest.accounts {
        let Some(id) = AccountId::parse(&account.id) else { continue };
        if !account.unread.is_empty() {
            state.again.insert(id.clone());
        }
        state.accounts.insert(id, account);
    }
    Ok((begun, state))
}

fn is_whole_snapshot(manifest: &Manifest) -> bool {
    let organization = manifest.organization.iter().flat_map(|organization| &organization.unread);
    manifest.accounts.iter().flat_map(|account| &account.unread).chain(organization).next().is_none()
}

/// Whether two runs can be one collection.
pub(super) fn same_collection(root: &Path, theirs: &Begun, ours: &Begun) -> Result<(), StoreError> {
    for (what, theirs, ours) in [
        ("format version", &theirs.format_version, &ours.format_version),
        ("partition", &theirs.partition, &ours.partition),
        ("calling account", &theirs.caller.account, &ours.caller.account),
    ] {
        if theirs != ours {
            let (theirs, ours) = (theirs.clone(), ours.clone());
            return Err(StoreError::Foreign { path: root.to_owned(), what, theirs, ours });
        }
    }
    Ok(())
}

/// Forgets what is noted as finished and is not there as it was written; tells which accounts these are.
pub(super) fn drop_damaged(
    root: &Path,
    accounts: &mut BTreeMap<AccountId, ManifestAccount>,
    organization: &mut Option<ManifestOrganization>,
) -> Result<Vec<AccountId>, StoreError> {
    let mut damaged = Vec::new();
    for (id, account) in accounts.iter() {
        if let Some(stored) = &account.stored
            && !is_whole(root, stored)?
        {
            damaged.push(id.clone());
        }
    }
    for id in &damaged {
        accounts.remove(id);
    }
    let stored = organization.as_ref().and_then(|organization| organization.stored.as_ref());
    if let Some(stored) = stored
        && !is_whole(root, stored)?
    {
        *organization = None;
    }
    Ok(damaged)
}

fn is_whole(root: &Path, stored: &StoredFile) -> Result<bool, StoreError> {
    let path = root.join(&stored.file);
    let hashed = || -> io::Result<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(&path)?)?;
        Ok(hasher.finalize().to_hex().to_string())
    };
    match hashed() {
        Ok(hash) => Ok(hash == stored.blake3),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::Io { path, error }),
    }
}

/// Removes what the writer began and did not finish, and nothing that it did not write.
pub(super) fn clean(
    root: &Path,
    accounts: &BTreeMap<AccountId, ManifestAccount>,
    organization: Option<&ManifestOrganization>,
) -> Result<(), StoreError> {
    let of_accounts = accounts.values().filter_map(|account| account.stored.as_ref());
    let of_organization = organization.and_then(|organization| organization.stored.as_ref());
    let kept: BTreeSet<&str> = of_accounts.chain(of_organization).map(|stored| stored.file.as_str()).collect();
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
            let plain = name.strip_suffix(".zst").unwrap_or(&name);
            let is_account = || plain.strip_suffix(".json").and_then(AccountId::parse).is_some();
            let ours = if folder.is_empty() { plain == ORGANIZATION } else { is_account() };
            if name.starts_with(UNFINISHED) || (ours && !kept.contains(file.as_str())) {
                fs::remove_file(entry.path()).map_err(|error| StoreError::Io { path: entry.path(), error })?;
            }
        }
    }
    Ok(())
}
