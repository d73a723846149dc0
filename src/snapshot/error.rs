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
    /// There is nothing to audit.
    #[error("{} holds no account details (the output of `aws iam get-account-authorization-details`)", path.display())]
    Empty {
        /// The file or directory.
        path: PathBuf,
    },
}
