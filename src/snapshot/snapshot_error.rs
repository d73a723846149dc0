//! Why a snapshot cannot be read.

use std::path::PathBuf;

use crate::source::Diagnostics;

/// Why a snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A file or directory cannot be opened or read.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        error: std::io::Error,
    },
    /// A file does not have the expected format.
    #[error("{0}")]
    Invalid(#[from] Diagnostics),
    /// The directory contains an interrupted collection.
    #[error("{} contains an interrupted collection: it has no manifest yet", path.display())]
    Interrupted {
        /// The directory.
        path: PathBuf,
    },
    /// The directory contains files of a collection without its manifest.
    #[error("{} belongs to a collection whose manifest.json is missing", path.display())]
    MissingManifest {
        /// The first such file.
        path: PathBuf,
    },
    /// Files of a collection are missing or were changed, or other files were added.
    #[error("{} was changed after it was collected: {}", path.display(), problems.join("; "))]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// What is wrong, one entry per file.
        problems: Vec<String>,
    },
    /// The snapshot contains no account.
    #[error("{} contains no account details (the output of `aws iam get-account-authorization-details`)", path.display())]
    Empty {
        /// The file or directory.
        path: PathBuf,
    },
}
