//! The directory as a whole: begun, continued, finished.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::account::AccountWriter;
use super::error::StoreError;
use super::folder::{make_private, private_folder};
use super::journal::{Begun, Journal, Line};
use super::resume;
use super::shared::{Shared, State};
use super::stored::Unfinished;
use super::{ACCOUNTS, MANIFEST, ORGANIZATION};
use crate::iam::{AccountId, Partition};
use crate::snapshot::format::{
    AccountStatus, Caller, FORMAT_VERSION, Manifest, ManifestAccount, OrganizationFile, Part, Tool, UnreadPart,
};

/// What a collection is, as its manifest says.
#[derive(Clone, Debug)]
pub struct Header {
    /// With whose permissions it is collected.
    pub caller: Caller,
    /// The partition of all accounts.
    pub partition: Partition,
    /// When it began.
    pub started_at: Timestamp,
}

impl Header {
    fn begun(&self) -> Begun {
        Begun {
            format_version: FORMAT_VERSION.to_owned(),
            tool: Tool { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
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
    pub(super) fn ending(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Zstd => ".zst",
        }
    }
}

/// Writes a snapshot directory. All methods but the last take `&self`: threads and tasks can share it.
pub struct SnapshotWriter {
    shared: Arc<Shared>,
    damaged: Vec<AccountId>,
}

impl SnapshotWriter {
    /// Begins a snapshot in a directory that does not exist yet, or is empty.
    ///
    /// # Errors
    /// A directory that holds something: [`StoreError::Finished`], [`StoreError::BrokenOff`],
    /// [`StoreError::NotEmpty`]; the disk's.
    pub fn create(directory: &Path, header: Header, compression: Compression) -> Result<SnapshotWriter, StoreError> {
        let io = |error| StoreError::Io { path: directory.to_owned(), error };
        private_folder(directory).map_err(io)?;
        if directory.join(MANIFEST).exists() {
            return Err(StoreError::Finished { path: directory.to_owned() });
        }
        if directory.join(super::JOURNAL).exists() {
            return Err(StoreError::BrokenOff { path: directory.to_owned() });
        }
        if fs::read_dir(directory).map_err(io)?.next().is_some() {
            return Err(StoreError::NotEmpty { path: directory.to_owned() });
        }
        make_private(directory).map_err(io)?;
        let begun = header.begun();
        let journal = Journal::begin(directory, begun.clone())?;
        let state = State::new(journal);
        SnapshotWriter::with(directory, compression, begun, state, Vec::new())
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
    pub fn resume(directory: &Path, header: Header, compression: Compression) -> Result<SnapshotWriter, StoreError> {
        let ours = header.begun();
        let (begun, state) = match directory.join(MANIFEST).exists() {
            true => resume::reopened(directory, &ours)?,
            false => SnapshotWriter::broken_off(directory, ours)?,
        };
        SnapshotWriter::go_on(directory, compression, begun, state)
    }

    fn broken_off(directory: &Path, ours: Begun) -> Result<(Begun, State), StoreError> {
        let (mut journal, lines) = Journal::open(directory)?;
        let mut lines = lines.into_iter();
        let begun = match lines.next() {
            Some(Line::Begun(begun)) => begun,
            Some(_) => {
                let why = "it does not tell how the collection began".to_owned();
                return Err(StoreError::Journal { path: directory.join(super::JOURNAL), line: 1, why });
            }
            // It was broken off before it could write anything.
            None => {
                journal.add(&Line::Begun(ours.clone()))?;
                ours.clone()
            }
        };
        resume::same_collection(directory, &begun, &ours)?;
        let mut state = State::new(journal);
        for line in lines {
            match line {
                Line::Account(account) => {
                    if let Some(id) = AccountId::parse(&account.id) {
                        state.accounts.insert(id, account);
                    }
                }
                Line::Organization(organization) => state.organization = Some(organization),
                Line::Begun(_) => {}
            }
        }
        Ok((begun, state))
    }

    fn go_on(
        directory: &Path,
        compression: Compression,
        begun: Begun,
        mut state: State,
    ) -> Result<SnapshotWriter, StoreError> {
        let damaged = resume::drop_damaged(directory, &mut state.accounts, &mut state.organization)?;
        resume::clean(directory, &state.accounts, state.organization.as_ref())?;
        SnapshotWriter::with(directory, compression, begun, state, damaged)
    }

    fn with(
        directory: &Path,
        compression: Compression,
        begun: Begun,
        state: State,
        damaged: Vec<AccountId>,
    ) -> Result<SnapshotWriter, StoreError> {
        let accounts = directory.join(ACCOUNTS);
        private_folder(&accounts).map_err(|error| StoreError::Io { path: accounts, error })?;
        let shared = Shared { root: directory.to_owned(), compression, begun, state: Mutex::new(state) };
        Ok(SnapshotWriter { shared: Arc::new(shared), damaged })
    }

    /// Whether an account need not be read: it was, in this run or in one that this continues.
    pub fn is_finished(&self, id: &AccountId) -> bool {
        self.shared.state().is_finished(id)
    }

    /// The accounts that an earlier run noted as finished and whose files are missing or changed; they are not
    /// finished any more.
    pub fn damaged(&self) -> &[AccountId] {
        &self.damaged
    }

    /// Begins an account.
    ///
    /// # Errors
    /// [`StoreError::Twice`] where it is finished, or being written; the disk's.
    pub fn account(&self, id: &AccountId, name: Option<&str>) -> Result<AccountWriter, StoreError> {
        AccountWriter::begin(Arc::clone(&self.shared), id, name)
    }

    /// Notes an account of which nothing could be read.
    ///
    /// # Errors
    /// [`StoreError::Twice`] where it is finished, or being written; the disk's.
    pub fn unread_account(
        &self,
        id: &AccountId,
        name: Option<&str>,
        error: &str,
        permission: Option<&str>,
    ) -> Result<(), StoreError> {
        self.shared.open(id)?;
        let part = UnreadPart {
            part: Part::Account,
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
        let noted = self.shared.note_account(id, account);
        self.shared.close(id);
        noted
    }

    /// Writes the organization, and what of it could not be read. One that an earlier run wrote is replaced.
    ///
    /// # Errors
    /// [`StoreError::Twice`] where this run has told of it; the disk's.
    pub fn organization(&self, organization: &OrganizationFile, unread: Vec<UnreadPart>) -> Result<(), StoreError> {
        self.shared.begin_organization()?;
        let mut file = Unfinished::begin(&self.shared.root, ORGANIZATION, self.shared.compression)?;
        let written = serde_json::to_writer_pretty(&mut file, organization).map_err(io::Error::from);
        written.and_then(|()| file.write_all(b"\n")).map_err(|error| file.error(error))?;
        self.shared.note_organization(Some(file.finish()?), unread)
    }

    /// Notes that the organization was asked for and could not be read.
    ///
    /// # Errors
    /// [`StoreError::Twice`] where this run has told of it; the disk's.
    pub fn unread_organization(&self, error: &str, permission: Option<&str>) -> Result<(), StoreError> {
        self.shared.begin_organization()?;
        let part = UnreadPart {
            part: Part::Organization,
            of: None,
            error: error.to_owned(),
            permission: permission.map(str::to_owned),
        };
        self.shared.note_organization(None, vec![part])
    }

    /// Writes the manifest: from now on this is a snapshot.
    ///
    /// # Errors
    /// [`StoreError::StillOpen`] where an account is still being written; the disk's.
    pub fn finish(self, finished_at: Timestamp) -> Result<Manifest, StoreError> {
        let shared = &self.shared;
        let state = shared.state();
        if !state.open.is_empty() {
            let accounts: Vec<String> = state.open.iter().map(ToString::to_string).collect();
            return Err(StoreError::StillOpen { accounts: accounts.join(", ") });
        }
        let Begun { format_version, tool, caller, partition, started_at } = shared.begun.clone();
        let (manifest, text) = Manifest {
            format_version,
            tool,
            caller,
            partition,
            started_at,
            finished_at: finished_at.to_string(),
            accounts: state.accounts.values().cloned().collect(),
            organization: state.organization.clone(),
            blake3: String::new(),
        }
        .sealed();
        let mut file = Unfinished::begin(&shared.root, MANIFEST, Compression::None)?;
        file.write_all(text.as_bytes()).map_err(|error| file.error(error))?;
        file.finish()?;
        // Where it cannot be removed it does no harm: beside a manifest nothing reads it.
        let _ = state.journal.remove();
        Ok(manifest)
    }
}
