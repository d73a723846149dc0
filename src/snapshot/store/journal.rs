//! The journal: one line for each finished part of a collection, so that it can be continued.
//!
//! A line is complete when its newline is on disk. Text after the last newline belongs to an interrupted write and is
//! dropped; the account of that line is collected again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::store_error::StoreError;
use crate::base::json_writer::{JsonLayout, render_json};
use crate::snapshot::file_layout::JOURNAL;
use crate::snapshot::format::{CallerIdentity, CollectorTool, ManifestAccount, ManifestOrganization};

/// The first line: the collection that the journal belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct JournalHeader {
    pub(super) format_version: String,
    pub(super) tool: CollectorTool,
    pub(super) caller: CallerIdentity,
    pub(super) partition: String,
    pub(super) started_at: String,
}

/// A line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum JournalLine {
    #[serde(rename = "Begun")]
    Header(JournalHeader),
    Account(ManifestAccount),
    Organization(ManifestOrganization),
}

/// The journal of a directory. It is locked, so that no other process can write the snapshot.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// The length of the complete lines, in bytes.
    complete_length: u64,
}

impl Journal {
    /// Creates the journal of a new snapshot.
    pub(super) fn create(root: &Path, header: JournalHeader) -> Result<Journal, StoreError> {
        let path = root.join(JOURNAL);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => StoreError::Interrupted { path: root.to_owned() },
            _ => StoreError::Io { path: path.clone(), error },
        })?;
        lock_file(root, &file)?;
        let mut journal = Journal { path, file, complete_length: 0 };
        journal.append(&JournalLine::Header(header))?;
        Ok(journal)
    }

    /// Creates the journal of a finished snapshot that is continued. It replaces a journal that the finished run could
    /// not remove.
    pub(super) fn create_or_replace(root: &Path, header: JournalHeader) -> Result<Journal, StoreError> {
        let path = root.join(JOURNAL);
        let mut options = OpenOptions::new();
        // Not truncated: another process could be using it.
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| StoreError::Io { path: path.clone(), error })?;
        lock_file(root, &file)?;
        let mut journal = Journal { path, file, complete_length: 0 };
        journal.append(&JournalLine::Header(header))?;
        Ok(journal)
    }

    /// Opens the journal of an interrupted collection and reads its lines.
    pub(super) fn reopen(root: &Path) -> Result<(Journal, Vec<JournalLine>), StoreError> {
        let path = root.join(JOURNAL);
        let io = |error| StoreError::Io { path: path.clone(), error };
        let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NothingToResume { path: root.to_owned() },
            _ => io(error),
        })?;
        lock_file(root, &file)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let complete_length = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |index| index + 1);
        bytes.truncate(complete_length);
        let length = complete_length as u64;
        file.set_len(length).map_err(io)?;
        let mut lines = Vec::new();
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let line = serde_json::from_slice(line).map_err(|error| StoreError::Journal {
                path: path.clone(),
                line: index + 1,
                reason: error.to_string(),
            })?;
            lines.push(line);
        }
        Ok((Journal { path, file, complete_length: length }, lines))
    }

    /// Appends a line and flushes it to disk.
    pub(super) fn append(&mut self, line: &JournalLine) -> Result<(), StoreError> {
        let mut write_line = || -> io::Result<u64> {
            let text = render_json(line, JsonLayout::OneLine)?;
            // Remove the remains of a failed write first, so that no line follows half of another.
            self.file.set_len(self.complete_length)?;
            self.file.seek(SeekFrom::Start(self.complete_length))?;
            self.file.write_all(text.as_bytes())?;
            self.file.sync_all()?;
            Ok(text.len() as u64)
        };
        self.complete_length += write_line().map_err(|error| StoreError::Io { path: self.path.clone(), error })?;
        Ok(())
    }

    /// Removes the journal of a finished snapshot.
    pub(super) fn remove(&self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

fn lock_file(root: &Path, file: &File) -> Result<(), StoreError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: root.to_owned() }),
        // Some file systems have no locks. There, the user must not start two collections.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}
