//! The directory as a whole: begun, continued, finished.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::account_writer::AccountWriter;
use super::file_writer::PendingFile;
use super::journal::{Journal, JournalHeader, JournalLine};
use super::private_dir::{create_private_dir, restrict_dir_to_owner};
use super::resume;
use super::store_error::StoreError;
use super::writer_state::{CollectionProgress, WriterState};
use super::{ACCOUNTS, MANIFEST, ORGANIZATION};
use crate::iam::{AccountId, Partition};
use crate::snapshot::format::{
    AccountStatus, CallerIdentity, CollectionPart, CollectorTool, FORMAT_VERSION, ManifestAccount, OrganizationFile,
    SnapshotManifest, UnreadPart,
};

/// What a collection is, as its manifest says.
#[derive(Clone, Debug)]
pub struct CollectionHeader {
    /// With whose permissions it is collected.
    pub caller: CallerIdentity,
    /// The partition of all accounts.
    pub partition: Partition,
    /// When it began.
    pub started_at: Timestamp,
}

impl CollectionHeader {
    fn to_journal_header(&self) -> JournalHeader {
        JournalHeader {
            format_version: FORMAT_VERSION.to_owned(),
            tool: CollectorTool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            caller: self.caller.clone(),
            partition: self.partition.as_str().to_owned(),
            started_at: self.started_at.to_string(),
        }
    }
}

/// How the files of accounts and of the organization are stored.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum Compression {
    /// As JSON.
    #[default]
    None,
    /// As JSON in Zstandard frames (`.json.zst`).
    Zstd,
}

impl Compression {
    pub(super) fn file_suffix(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Zstd => ".zst",
        }
    }
}

/// Writes a snapshot directory. All methods but the last take `&self`: threads and tasks can share it.
pub struct SnapshotWriter {
    writer_state: Arc<WriterState>,
    damaged_accounts: Vec<AccountId>,
}

impl SnapshotWriter {
    /// Begins a snapshot in a directory that does not exist yet, or is empty.
    ///
    /// # Errors
    /// A directory that holds something: [`StoreError::Finished`], [`StoreError::BrokenOff`],
    /// [`StoreError::NotEmpty`]; the disk's.
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
        if directory.join(super::JOURNAL).exists() {
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

    /// Continues a run that was broken off, or a finished snapshot of which something is unread. What was finished
    /// stays; files that were not are removed.
    ///
    /// In a run that was broken off an account counts as finished when its file is there, whole and unchanged, even if
    /// parts of it could not be read; one of which nothing could be read is to be tried again. In a finished snapshot
    /// each account that was not read whole is to be tried again.
    ///
    /// # Errors
    /// [`StoreError::Complete`] where nothing is unread, [`StoreError::NothingToResume`] where nothing was begun,
    /// [`StoreError::Foreign`] where another format, partition or calling account began it, [`StoreError::InUse`],
    /// [`StoreError::Manifest`], [`StoreError::Journal`]; the disk's.
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
            Some(JournalLine::Begun(begun)) => begun,
            Some(_) => {
                let why = "it does not tell how the collection began".to_owned();
                return Err(StoreError::Journal { path: directory.join(super::JOURNAL), line: 1, why });
            }
            // It was broken off before it could write anything.
            None => {
                journal.append(&JournalLine::Begun(expected.clone()))?;
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
                JournalLine::Begun(_) => {}
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
        let writer_state = WriterState {
            root: directory.to_owned(),
            compression,
            journal_header: journal_header,
            progress: Mutex::new(progress),
        };
        Ok(SnapshotWriter { writer_state: Arc::new(writer_state), damaged_accounts: damaged })
    }

    /// Whether an account need not be read: it was, in this run or in one that this continues.
    pub fn is_finished(&self, id: &AccountId) -> bool {
        self.writer_state.lock_progress().is_finished(id)
    }

    /// The accounts that an earlier run noted as finished and whose files are missing or changed; they are not
    /// finished any more.
    pub fn damaged_accounts(&self) -> &[AccountId] {
        &self.damaged_accounts
    }

    /// Begins an account.
    ///
    /// # Errors
    /// [`StoreError::Twice`] where it is finished, or being written; the disk's.
    pub fn begin_account(&self, id: &AccountId, name: Option<&str>) -> Result<AccountWriter, StoreError> {
        AccountWriter::create(Arc::clone(&self.writer_state), id, name)
    }

    /// Notes an account of which nothing could be read.
    ///
    /// # Errors
    /// [`StoreError::Twice`] where it is finished, or being written; the disk's.
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

    /// Writes the organization, and what of it could not be read. One that an earlier run wrote is replaced.
    ///
    /// # Errors
    /// [`StoreError::Twice`] where this run has told of it; the disk's.
    pub fn write_organization(
        &self,
        organization: &OrganizationFile,
        unread: Vec<UnreadPart>,
    ) -> Result<(), StoreError> {
        self.writer_state.begin_organization()?;
        let mut file = PendingFile::create(&self.writer_state.root, ORGANIZATION, self.writer_state.compression)?;
        let result = serde_json::to_writer_pretty(&mut file, organization).map_err(io::Error::from);
        result.and_then(|()| file.write_all(b"\n")).map_err(|error| file.to_store_error(error))?;
        self.writer_state.record_organization(Some(file.finish()?), unread)
    }

    /// Notes that the organization was asked for and could not be read.
    ///
    /// # Errors
    /// [`StoreError::Twice`] where this run has told of it; the disk's.
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

    /// Writes the manifest: from now on this is a snapshot.
    ///
    /// # Errors
    /// [`StoreError::StillOpen`] where an account is still being written; the disk's.
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
        // Where it cannot be removed it does no harm: beside a manifest nothing reads it.
        let _ = progress.journal.remove();
        Ok(manifest)
    }
}
