//! Why a snapshot cannot be written.

use std::path::PathBuf;

use crate::snapshot::SnapshotError;

/// A snapshot directory that cannot be written, or not by this run.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or directory cannot be written or read.
    #[error("cannot write {}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// A new snapshot wants a new or empty directory.
    #[error("{} is not empty", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The directory holds what a run that was broken off has left.
    #[error("{} holds a collection that was broken off", path.display())]
    Interrupted {
        /// The directory.
        path: PathBuf,
    },
    /// The directory holds a snapshot.
    #[error("{} holds a finished snapshot", path.display())]
    Finished {
        /// The directory.
        path: PathBuf,
    },
    /// The directory holds a snapshot, and there is nothing in it to be read again.
    #[error("{} holds a finished snapshot, and nothing of it is unread", path.display())]
    Complete {
        /// The directory.
        path: PathBuf,
    },
    /// The directory holds a snapshot whose manifest cannot be used.
    #[error("{} cannot be continued: {error}", path.display())]
    Manifest {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        error: Box<SnapshotError>,
    },
    /// There is no broken run to continue.
    #[error("{} holds no collection that was broken off", path.display())]
    NothingToResume {
        /// The directory.
        path: PathBuf,
    },
    /// The broken run was another one.
    #[error("{} is of another collection: its {what} is {theirs}, this one's is {ours}", path.display())]
    OtherCollection {
        /// The directory.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// In the directory.
        theirs: String,
        /// In this run.
        ours: String,
    },
    /// Another process is writing there.
    #[error("another process is writing {}", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The journal is damaged before its end, where no broken run can damage it.
    #[error("{}:{line}: this is no line of a journal: {why}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// An account, or the organization, was written before or is being written.
    #[error("{what} stands in the snapshot already")]
    AlreadyWritten {
        /// What.
        what: String,
    },
    /// A snapshot was finished while accounts were still being written.
    #[error("the snapshot cannot be finished: {accounts} is still being written")]
    StillOpen {
        /// Their numbers.
        accounts: String,
    },
}

impl StoreError {
    /// What to do about it, in one line.
    pub fn help(&self) -> &'static str {
        match self {
            StoreError::Io { .. } => "give a directory that you can write to, on a disk with room",
            StoreError::NotEmpty { .. } | StoreError::Complete { .. } => "give a directory that does not exist yet",
            StoreError::Finished { .. } => {
                "give a directory that does not exist yet; what is unread in this one `iamdrift collect --resume` reads"
            }
            StoreError::Manifest { .. } => "give a directory that does not exist yet, and collect again",
            StoreError::Interrupted { .. } => "continue it with `iamdrift collect --resume`, or give another directory",
            StoreError::NothingToResume { .. } => "leave `--resume` out to begin a collection",
            StoreError::OtherCollection { .. } => {
                "resume with the credentials that began it, or give another directory"
            }
            StoreError::InUse { .. } => "wait for it to end, or give another directory",
            StoreError::Journal { .. } => "the directory was changed: remove it, and collect again",
            StoreError::AlreadyWritten { .. } | StoreError::StillOpen { .. } => {
                "this is a mistake of the program: report it"
            }
        }
    }
}
