//! (in work)

use std::path::PathBuf;

/// The files that make a snapshot.
#[derive(Clone, Debug, Default)]
pub struct SnapshotPaths {
    /// Account details, or a directory of a whole snapshot.
    pub snapshot: PathBuf,
    /// An organization file that stands elsewhere.
    pub organization: Option<PathBuf>,
    /// Files of resource policies that stand elsewhere.
    pub resource_policies: Vec<PathBuf>,
}
