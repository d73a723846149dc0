//! The state that the writers of a snapshot share: finished accounts, accounts being written, and the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::compression::Compression;
use super::journal::{Journal, JournalHeader, JournalLine};
use super::store_error::StoreError;
use crate::iam::AccountId;
use crate::snapshot::format::{ManifestAccount, ManifestOrganization, StoredFile, UnreadPart};

/// The shared state of a snapshot writer and its account writers.
pub(super) struct WriterState {
    pub(super) root: PathBuf,
    pub(super) compression: Compression,
    pub(super) journal_header: JournalHeader,
    pub(super) progress: Mutex<CollectionProgress>,
}

pub(super) struct CollectionProgress {
    pub(super) journal: Journal,
    pub(super) accounts: BTreeMap<AccountId, ManifestAccount>,
    pub(super) open_accounts: BTreeSet<AccountId>,
    /// Accounts with unread parts that are not collected again yet.
    pub(super) accounts_to_reread: BTreeSet<AccountId>,
    pub(super) organization: Option<ManifestOrganization>,
    /// Whether this run (not an earlier one) recorded the organization.
    pub(super) is_organization_recorded: bool,
}

impl CollectionProgress {
    pub(super) fn new(journal: Journal) -> CollectionProgress {
        CollectionProgress {
            journal,
            accounts: BTreeMap::new(),
            open_accounts: BTreeSet::new(),
            accounts_to_reread: BTreeSet::new(),
            organization: None,
            is_organization_recorded: false,
        }
    }

    pub(super) fn is_finished(&self, id: &AccountId) -> bool {
        !self.accounts_to_reread.contains(id) && self.accounts.get(id).is_some_and(|account| account.stored.is_some())
    }
}

impl WriterState {
    /// A panic cannot leave the progress inconsistent: every change is one insertion.
    pub(super) fn lock_progress(&self) -> MutexGuard<'_, CollectionProgress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn partition(&self) -> &str {
        &self.journal_header.partition
    }

    pub(super) fn open_account(&self, id: &AccountId) -> Result<(), StoreError> {
        let mut progress = self.lock_progress();
        if progress.is_finished(id) || !progress.open_accounts.insert(id.clone()) {
            return Err(StoreError::AlreadyWritten { subject: format!("account {id}") });
        }
        Ok(())
    }

    pub(super) fn close_account(&self, id: &AccountId) {
        self.lock_progress().open_accounts.remove(id);
    }

    pub(super) fn record_account(&self, id: &AccountId, account: ManifestAccount) -> Result<(), StoreError> {
        let mut progress = self.lock_progress();
        progress.accounts_to_reread.remove(id);
        let previous_file = progress.accounts.get(id).and_then(|before| before.stored.clone());
        if previous_file.is_some() && account.stored.is_none() {
            // An incomplete file is better than none, and records what is missing.
            return Ok(());
        }
        progress.journal.append(&JournalLine::Account(account.clone()))?;
        let current_file = account.stored.clone();
        progress.accounts.insert(id.clone(), account);
        self.remove_replaced_file(previous_file, current_file.as_ref())
    }

    /// Removes a file that was replaced by one with another name.
    fn remove_replaced_file(
        &self,
        previous_file: Option<StoredFile>,
        current_file: Option<&StoredFile>,
    ) -> Result<(), StoreError> {
        if let Some(before) = previous_file.filter(|before| current_file.is_none_or(|now| now.file != before.file)) {
            let path = self.root.join(&before.file);
            fs::remove_file(&path).map_err(|error| StoreError::Io { path, error })?;
        }
        Ok(())
    }

    pub(super) fn begin_organization(&self) -> Result<(), StoreError> {
        if std::mem::replace(&mut self.lock_progress().is_organization_recorded, true) {
            return Err(StoreError::AlreadyWritten { subject: "the organization".to_owned() });
        }
        Ok(())
    }

    pub(super) fn record_organization(
        &self,
        stored: Option<StoredFile>,
        mut unread: Vec<UnreadPart>,
    ) -> Result<(), StoreError> {
        unread.sort();
        let organization = ManifestOrganization { stored, unread };
        let mut progress = self.lock_progress();
        progress.journal.append(&JournalLine::Organization(organization.clone()))?;
        let current_file = organization.stored.clone();
        let previous_file = progress.organization.replace(organization).and_then(|before| before.stored);
        self.remove_replaced_file(previous_file, current_file.as_ref())
    }
}
