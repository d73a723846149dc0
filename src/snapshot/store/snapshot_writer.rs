//! Creates, continues and finishes a snapshot directory.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::account_writer::AccountWriter;
use super::collection_header::CollectionHeader;
use super::compression::Compression;
use super::file_writer::PendingFile;
use super::journal::{Journal, JournalHeader, JournalLine};
use super::private_dir::{create_private_dir, restrict_dir_to_owner};
use super::resume;
use super::store_error::StoreError;
use super::writer_state::{CollectionProgress, WriterState};
use crate::base::json_writer::{JsonLayout, write_json};
use crate::iam::AccountId;
use crate::snapshot::file_layout::{ACCOUNTS, JOURNAL, MANIFEST, ORGANIZATION};
use crate::snapshot::format::{
    AccountStatus, CollectionPart, ManifestAccount, OrganizationFile, SnapshotManifest, UnreadPart,
};

/// Writes a snapshot directory. Threads and tasks can share it: all methods except `finish` take `&self`.
pub struct SnapshotWriter {
    writer_state: Arc<WriterState>,
    damaged_accounts: Vec<AccountId>,
}

impl SnapshotWriter {
    /// Creates a snapshot in a directory that does not exist yet or is empty.
    ///
    /// # Errors
    /// A directory that is not empty ([`StoreError::Finished`], [`StoreError::Interrupted`], [`StoreError::NotEmpty`]);
    /// I/O errors.
    pub fn create(
        directory: &Path,
        header: CollectionHeader,
        compression: Compression,
    ) -> Result<SnapshotWriter, StoreError> {
        let io = |error| StoreError::Io { path: directory.to_owned(), error };
        create_private_dir(directory).map_err(io)?;
        if directory.join(MANIFEST).exists() {
            return Err(StoreError::Finished { path: directory.to_owned() });
        }
        if directory.join(JOURNAL).exists() {
            return Err(StoreError::Interrupted { path: directory.to_owned() });
        }
        if fs::read_dir(directory).map_err(io)?.next().is_some() {
            return Err(StoreError::NotEmpty { path: directory.to_owned() });
        }
        restrict_dir_to_owner(directory).map_err(io)?;
        let journal_header = header.to_journal_header();
        let journal = Journal::create(directory, journal_header.clone())?;
        let state = CollectionProgress::new(journal);
        SnapshotWriter::from_progress(directory, compression, journal_header, state, Vec::new())
    }

    /// Continues an interrupted collection, or a finished snapshot with unread parts. Finished files are kept;
    /// unfinished files are removed.
    ///
    /// In an interrupted collection, an account is finished if its file is complete and unchanged, even if parts could
    /// not be read. An account of which nothing could be read is collected again. In a finished snapshot, every
    /// account with unread parts is collected again.
    ///
    /// # Errors
    /// [`StoreError::Complete`] if nothing is unread, [`StoreError::NothingToResume`] without a collection,
    /// [`StoreError::OtherCollection`] if another format, partition or calling account started it,
    /// [`StoreError::InUse`], [`StoreError::Manifest`], [`StoreError::Journal`]; I/O errors.
    pub fn resume(
        directory: &Path,
        header: CollectionHeader,
        compression: Compression,
    ) -> Result<SnapshotWriter, StoreError> {
        let expected = header.to_journal_header();
        let (journal_header, state) = match directory.join(MANIFEST).exists() {
            true => resume::reopen_finished(directory, &expected)?,
            false => SnapshotWriter::reopen_interrupted(directory, expected)?,
        };
        SnapshotWriter::continue_collection(directory, compression, journal_header, state)
    }

    fn reopen_interrupted(
        directory: &Path,
        expected: JournalHeader,
    ) -> Result<(JournalHeader, CollectionProgress), StoreError> {
        let (mut journal, lines) = Journal::reopen(directory)?;
        let mut lines = lines.into_iter();
        let journal_header = match lines.next() {
            Some(JournalLine::Header(header)) => header,
            Some(_) => {
                let reason = "it is not the header of a collection".to_owned();
                return Err(StoreError::Journal { path: directory.join(JOURNAL), line: 1, reason });
            }
            // The collection ended before it wrote anything.
            None => {
                journal.append(&JournalLine::Header(expected.clone()))?;
                expected.clone()
            }
        };
        resume::check_same_collection(directory, &journal_header, &expected)?;
        let mut state = CollectionProgress::new(journal);
        for line in lines {
            match line {
                JournalLine::Account(account) => {
                    if let Some(id) = AccountId::parse(&account.id) {
                        state.accounts.insert(id, account);
                    }
                }
                JournalLine::Organization(organization) => state.organization = Some(organization),
                JournalLine::Header(_) => {}
            }
        }
        Ok((journal_header, state))
    }

    fn continue_collection(
        directory: &Path,
        compression: Compression,
        journal_header: JournalHeader,
        mut progress: CollectionProgress,
    ) -> Result<SnapshotWriter, StoreError> {
        let damaged = resume::remove_damaged_entries(directory, &mut progress.accounts, &mut progress.organization)?;
        resume::remove_leftover_files(directory, &progress.accounts, progress.organization.as_ref())?;
        SnapshotWriter::from_progress(directory, compression, journal_header, progress, damaged)
    }

    fn from_progress(
        directory: &Path,
        compression: Compression,
        journal_header: JournalHeader,
        progress: CollectionProgress,
        damaged: Vec<AccountId>,
    ) -> Result<SnapshotWriter, StoreError> {
        let accounts = directory.join(ACCOUNTS);
        create_private_dir(&accounts).map_err(|error| StoreError::Io { path: accounts, error })?;
        let writer_state =
            WriterState { root: directory.to_owned(), compression, journal_header, progress: Mutex::new(progress) };
        Ok(SnapshotWriter { writer_state: Arc::new(writer_state), damaged_accounts: damaged })
    }

    /// Whether an account was already collected, in this run or in the one that it continues.
    pub fn is_finished(&self, id: &AccountId) -> bool {
        self.writer_state.lock_progress().is_finished(id)
    }

    /// The accounts that an earlier run finished and whose files are now missing or changed. They count as unfinished.
    pub fn damaged_accounts(&self) -> &[AccountId] {
        &self.damaged_accounts
    }

    /// Starts an account.
    ///
    /// # Errors
    /// [`StoreError::AlreadyWritten`] if the account is finished or being written; I/O errors.
    pub fn begin_account(&self, id: &AccountId, name: Option<&str>) -> Result<AccountWriter, StoreError> {
        AccountWriter::create(Arc::clone(&self.writer_state), id, name)
    }

    /// Records an account of which nothing could be read.
    ///
    /// # Errors
    /// [`StoreError::AlreadyWritten`] if the account is finished or being written; I/O errors.
    pub fn record_unread_account(
        &self,
        id: &AccountId,
        name: Option<&str>,
        error: &str,
        permission: Option<&str>,
    ) -> Result<(), StoreError> {
        self.writer_state.open_account(id)?;
        let part = UnreadPart {
            part: CollectionPart::Account,
            of: None,
            error: error.to_owned(),
            permission: permission.map(str::to_owned),
        };
        let account = ManifestAccount {
            id: id.to_string(),
            name: name.map(str::to_owned),
            status: AccountStatus::Unread,
            stored: None,
            principals: 0,
            unread: vec![part],
        };
        let result = self.writer_state.record_account(id, account);
        self.writer_state.close_account(id);
        result
    }

    /// Writes the organization and its unread parts. It replaces the organization of an earlier run.
    ///
    /// # Errors
    /// [`StoreError::AlreadyWritten`] if this run recorded the organization before; I/O errors.
    pub fn write_organization(
        &self,
        organization: &OrganizationFile,
        unread: Vec<UnreadPart>,
    ) -> Result<(), StoreError> {
        self.writer_state.begin_organization()?;
        let mut file = PendingFile::create(&self.writer_state.root, ORGANIZATION, self.writer_state.compression)?;
        let result = write_json(organization, JsonLayout::Indented, &mut file);
        result.and_then(|()| file.write_all(b"\n")).map_err(|error| file.to_store_error(error))?;
        self.writer_state.record_organization(Some(file.finish()?), unread)
    }

    /// Records that the organization could not be read.
    ///
    /// # Errors
    /// [`StoreError::AlreadyWritten`] if this run recorded the organization before; I/O errors.
    pub fn record_unread_organization(&self, error: &str, permission: Option<&str>) -> Result<(), StoreError> {
        self.writer_state.begin_organization()?;
        let part = UnreadPart {
            part: CollectionPart::Organization,
            of: None,
            error: error.to_owned(),
            permission: permission.map(str::to_owned),
        };
        self.writer_state.record_organization(None, vec![part])
    }

    /// Writes the manifest, which makes the directory a finished snapshot.
    ///
    /// # Errors
    /// [`StoreError::StillOpen`] if an account is still being written; I/O errors.
    pub fn finish(self, finished_at: Timestamp) -> Result<SnapshotManifest, StoreError> {
        let writer_state = &self.writer_state;
        let progress = writer_state.lock_progress();
        if !progress.open_accounts.is_empty() {
            let accounts: Vec<String> = progress.open_accounts.iter().map(ToString::to_string).collect();
            return Err(StoreError::StillOpen { accounts: accounts.join(", ") });
        }
        let JournalHeader { format_version, tool, caller, partition, started_at } = writer_state.journal_header.clone();
        let (manifest, text) = SnapshotManifest {
            format_version,
            tool,
            caller,
            partition,
            started_at,
            finished_at: finished_at.to_string(),
            accounts: progress.accounts.values().cloned().collect(),
            organization: progress.organization.clone(),
            blake3: String::new(),
        }
        .seal();
        let mut file = PendingFile::create(&writer_state.root, MANIFEST, Compression::None)?;
        file.write_all(text.as_bytes()).map_err(|error| file.to_store_error(error))?;
        file.finish()?;
        // A journal that cannot be removed is harmless: nothing reads it if there is a manifest.
        let _ = progress.journal.remove();
        Ok(manifest)
    }
}
