//! Why a snapshot cannot be read at all.

use std::path::PathBuf;

use crate::source::Diagnostics;

/// A snapshot that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A file or directory cannot be opened or read.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{0}")]
    Invalid(#[from] Diagnostics),
    /// The directory is of a collection that did not come to its end.
    #[error("{} holds a collection that was broken off: it has no manifest yet", path.display())]
    Interrupted {
        /// The directory.
        path: PathBuf,
    },
    /// The directory has files of a collection, and no manifest that says what else belongs to it.
    #[error("{} is the file of a collection whose manifest.json is missing", path.display())]
    MissingManifest {
        /// The first such file.
        path: PathBuf,
    },
    /// Files of a collection are missing, or were changed, or are none of it.
    #[error("{} is not as it was collected: {}", path.display(), damage.join("; "))]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// Each file, and what is wrong with it.
        damage: Vec<String>,
    },
    /// There is nothing to audit.
    #[error("{} holds no account details (the output of `aws iam get-account-authorization-details`)", path.display())]
    Empty {
        /// The file or directory.
        path: PathBuf,
    },
}
