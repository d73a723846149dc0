//! Why a snapshot cannot be written.

use std::path::PathBuf;

use crate::snapshot::SnapshotError;

/// Why a snapshot directory cannot be written, or not by this run.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or directory cannot be written or read.
    #[error("cannot write {}: {error}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        #[source]
        error: std::io::Error,
    },
    /// A new snapshot needs a new or empty directory.
    #[error("{} is not empty", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The directory contains an interrupted collection.
    #[error("{} contains an interrupted collection", path.display())]
    Interrupted {
        /// The directory.
        path: PathBuf,
    },
    /// The directory contains a finished snapshot.
    #[error("{} contains a finished snapshot", path.display())]
    Finished {
        /// The directory.
        path: PathBuf,
    },
    /// The directory contains a finished snapshot without unread parts.
    #[error("{} contains a finished snapshot without unread parts", path.display())]
    Complete {
        /// The directory.
        path: PathBuf,
    },
    /// The directory contains a snapshot whose manifest cannot be used.
    #[error("{} cannot be continued: {error}", path.display())]
    Manifest {
        /// The directory.
        path: PathBuf,
        /// The cause.
        #[source]
        error: Box<SnapshotError>,
    },
    /// The directory contains no collection to continue.
    #[error("{} contains no interrupted collection", path.display())]
    NothingToResume {
        /// The directory.
        path: PathBuf,
    },
    /// The directory contains another collection.
    #[error("{} belongs to another collection: its {property} is {existing}, but this run has {current}", path.display())]
    OtherCollection {
        /// The directory.
        path: PathBuf,
        /// What differs.
        property: &'static str,
        /// The value in the directory.
        existing: String,
        /// The value of this run.
        current: String,
    },
    /// Another process is writing there.
    #[error("another process is writing {}", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The journal is damaged before its end, which no interrupted run can cause.
    #[error("{}:{line}: not a line of a journal: {reason}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// An account or the organization is already written or being written.
    #[error("{subject} is already in the snapshot")]
    AlreadyWritten {
        /// The account or the organization.
        subject: String,
    },
    /// A snapshot was finished while accounts were still being written.
    #[error("the snapshot cannot be finished: still writing {accounts}")]
    StillOpen {
        /// Their ids.
        accounts: String,
    },
}

impl StoreError {
    /// What the user can do, in one line.
    #[doc(hidden)]
    pub fn help(&self) -> &'static str {
        match self {
            StoreError::Io { .. } => "choose a writable directory on a disk with free space",
            StoreError::NotEmpty { .. } | StoreError::Complete { .. } => "choose a directory that does not exist yet",
            StoreError::Finished { .. } => {
                "choose a directory that does not exist yet, or read the unread parts of this one with `iamdrift collect --resume`"
            }
            StoreError::Manifest { .. } => "choose a directory that does not exist yet, and collect again",
            StoreError::Interrupted { .. } => {
                "continue it with `iamdrift collect --resume`, or choose another directory"
            }
            StoreError::NothingToResume { .. } => "omit `--resume` to start a collection",
            StoreError::OtherCollection { .. } => {
                "resume with the credentials that started it, or choose another directory"
            }
            StoreError::InUse { .. } => "wait until it ends, or choose another directory",
            StoreError::Journal { .. } => "the directory was changed: remove it and collect again",
            StoreError::AlreadyWritten { .. } | StoreError::StillOpen { .. } => "internal error; please report it",
        }
    }
}
