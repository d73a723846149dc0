//! What the writer and those of its accounts share: what is finished, what is being written, and the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::StoreError;
use super::journal::{Begun, Journal, Line};
use super::writer::Compression;
use crate::iam::AccountId;
use crate::snapshot::format::{ManifestAccount, ManifestOrganization, StoredFile, UnreadPart};

/// What the writer shares with those of its accounts.
pub(super) struct Shared {
    pub(super) root: PathBuf,
    pub(super) compression: Compression,
    pub(super) begun: Begun,
    pub(super) state: Mutex<State>,
}

pub(super) struct State {
    pub(super) journal: Journal,
    pub(super) accounts: BTreeMap<AccountId, ManifestAccount>,
    pub(super) open: BTreeSet<AccountId>,
    /// Accounts of a finished snapshot that were not read whole, and were not read again yet.
    pub(super) again: BTreeSet<AccountId>,
    pub(super) organization: Option<ManifestOrganization>,
    /// Whether this run has told of the organization, and not only one before it.
    pub(super) organization_told: bool,
}

impl State {
    pub(super) fn new(journal: Journal) -> State {
        State {
            journal,
            accounts: BTreeMap::new(),
            open: BTreeSet::new(),
            again: BTreeSet::new(),
            organization: None,
            organization_told: false,
        }
    }

    pub(super) fn is_finished(&self, id: &AccountId) -> bool {
        !self.again.contains(id) && self.accounts.get(id).is_some_and(|account| account.stored.is_some())
    }
}

impl Shared {
    /// A thread that panicked left nothing half-changed: every change is one insertion.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn partition(&self) -> &str {
        &self.begun.partition
    }

    pub(super) fn open(&self, id: &AccountId) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.is_finished(id) || !state.open.insert(id.clone()) {
            return Err(StoreError::Twice { what: format!("account {id}") });
        }
        Ok(())
    }

    pub(super) fn close(&self, id: &AccountId) {
        self.state().open.remove(id);
    }

    pub(super) fn note_account(&self, id: &AccountId, account: ManifestAccount) -> Result<(), StoreError> {
        let mut state = self.state();
        state.again.remove(id);
        let before = state.accounts.get(id).and_then(|before| before.stored.clone());
        if before.is_some() && account.stored.is_none() {
            // A part of it is better than nothing, and says what is missing.
            return Ok(());
        }
        state.journal.add(&Line::Account(account.clone()))?;
        let now = account.stored.clone();
        state.accounts.insert(id.clone(), account);
        self.remove_replaced(before, now.as_ref())
    }

    /// Removes the file that another has taken the place of, under another name.
    fn remove_replaced(&self, before: Option<StoredFile>, now: Option<&StoredFile>) -> Result<(), StoreError> {
        if let Some(before) = before.filter(|before| now.is_none_or(|now| now.file != before.file)) {
            let path = self.root.join(&before.file);
            fs::remove_file(&path).map_err(|error| StoreError::Io { path, error })?;
        }
        Ok(())
    }

    pub(super) fn begin_organization(&self) -> Result<(), StoreError> {
        if std::mem::replace(&mut self.state().organization_told, true) {
            return Err(StoreError::Twice { what: "the organization".to_owned() });
        }
        Ok(())
    }

    pub(super) fn note_organization(
        &self,
        stored: Option<StoredFile>,
        mut unread: Vec<UnreadPart>,
    ) -> Result<(), StoreError> {
        unread.sort();
        let organization = ManifestOrganization { stored, unread };
        let mut state = self.state();
        state.journal.add(&Line::Organization(organization.clone()))?;
        let now = organization.stored.clone();
        let before = state.organization.replace(organization).and_then(|before| before.stored);
        self.remove_replaced(before, now.as_ref())
    }
}
