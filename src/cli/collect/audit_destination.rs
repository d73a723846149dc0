//! Where an audit writes the snapshot that it collects: a directory that the user names, the user's data folder or, if that
//! cannot be used, a temporary directory.

use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;

use super::live_run::SnapshotRetention;
use super::snapshot_folder::SnapshotFolder;
use super::temporary_directory::TemporaryDirectory;
use crate::cli::terminal_output;

/// Where an audit writes the snapshot that it collects.
pub enum AuditDestination {
    /// A directory that the user names.
    Named(PathBuf),
    /// A directory of the user's data folder, of which the newest are kept.
    DataFolder {
        /// The folder.
        folder: SnapshotFolder,
        /// The directory.
        directory: PathBuf,
        /// The number of snapshots to keep.
        newest: usize,
    },
    /// A directory that is removed after the audit.
    Temporary(TemporaryDirectory),
}

impl AuditDestination {
    /// Chooses the destination. `newest` is the number of snapshots to keep in the data folder.
    ///
    /// # Errors
    /// Neither the data folder nor a temporary directory can be used.
    pub fn choose(named: Option<&Path>, newest: usize) -> anyhow::Result<AuditDestination> {
        if let Some(directory) = named {
            return Ok(AuditDestination::Named(directory.to_owned()));
        }
        if newest > 0 {
            let create = |folder: SnapshotFolder| {
                let directory = folder.create_snapshot_dir(Timestamp::now())?;
                Ok(AuditDestination::DataFolder { folder, directory, newest })
            };
            match SnapshotFolder::open().and_then(create) {
                Ok(destination) => return Ok(destination),
                Err(error) => terminal_output::print_warning(&format!(
                    "the snapshot is not kept, and the files that the report names are removed: {error}; use \
                     `--keep-snapshot DIR` to keep it"
                )),
            }
        }
        let temporary = TemporaryDirectory::create().context("cannot create a temporary directory for the snapshot")?;
        Ok(AuditDestination::Temporary(temporary))
    }

    /// The directory to write.
    pub fn directory(&self) -> &Path {
        match self {
            AuditDestination::Named(directory) | AuditDestination::DataFolder { directory, .. } => directory,
            AuditDestination::Temporary(temporary) => temporary.snapshot_path(),
        }
    }

    /// Whether the snapshot is kept.
    pub fn retention(&self) -> SnapshotRetention {
        match self {
            AuditDestination::Named(_) | AuditDestination::DataFolder { .. } => SnapshotRetention::Keep,
            AuditDestination::Temporary(_) => SnapshotRetention::Discard,
        }
    }

    /// Says on standard error where the snapshot is, and removes old ones. The snapshot was collected and read.
    pub fn finish(&self) {
        let AuditDestination::DataFolder { folder, directory, newest } = self else { return };
        terminal_output::print_status(&format!(
            "snapshot kept in {} (the newest {newest} are kept)",
            directory.display()
        ));
        if let Err(error) = folder.remove_old_snapshots(directory, *newest) {
            terminal_output::print_warning(&format!("cannot remove old snapshots: {error}"));
        }
    }
}

impl Drop for AuditDestination {
    fn drop(&mut self) {
        if let AuditDestination::DataFolder { directory, .. } = self {
            // A collection that did not begin leaves no empty directory. Other directories cannot be removed like this.
            let _ = std::fs::remove_dir(directory);
        }
    }
}
