//! The options of the commands that read a snapshot, and reading it.

use std::path::{Path, PathBuf};

use iamdrift::snapshot::{Snapshot, SnapshotError, SnapshotPaths};

use super::UserError;

/// Which snapshot.
#[derive(Debug, clap::Args)]
pub struct SnapshotArgs {
    /// A directory with a snapshot, or the output of `aws iam get-account-authorization-details`
    #[arg(long, value_name = "PATH", default_value = "snapshot")]
    snapshot: PathBuf,
    /// The organization with its policies, where it stands elsewhere
    #[arg(long, value_name = "FILE")]
    organization: Option<PathBuf>,
    /// Policies of resources, where they stand elsewhere; may be given again
    #[arg(long, value_name = "FILE")]
    resource_policies: Vec<PathBuf>,
}

impl SnapshotArgs {
    /// Reads it.
    pub fn load(&self) -> anyhow::Result<Snapshot> {
        load(&SnapshotPaths {
            snapshot: self.snapshot.clone(),
            organization: self.organization.clone(),
            resource_policies: self.resource_policies.clone(),
        })
    }
}

/// Reads a snapshot; where that fails, says what to do about it.
pub fn load(paths: &SnapshotPaths) -> anyhow::Result<Snapshot> {
    Snapshot::load_with(paths).map_err(|error| explained(error, &paths.snapshot))
}

/// A failure to read a snapshot, with what to do about it.
pub fn explained(error: SnapshotError, path: &Path) -> anyhow::Error {
    match &error {
        SnapshotError::Invalid(diagnostics) => diagnostics.clone().into(),
        SnapshotError::Io { path: unread, .. } if unread == path => {
            let help = "give `--snapshot` a directory that `iamdrift collect` wrote, or the output of `aws iam \
                        get-account-authorization-details`";
            UserError::new(error.to_string(), help).into()
        }
        SnapshotError::Io { .. } => UserError::new(error.to_string(), "give files that can be read").into(),
        SnapshotError::BrokenOff { .. } => {
            let help = "continue the collection with `iamdrift collect --resume`";
            UserError::new(error.to_string(), help).into()
        }
        SnapshotError::NoManifest { .. } => {
            let help = "bring the whole directory, with its manifest.json; or audit this one file by itself";
            UserError::new(error.to_string(), help).into()
        }
        SnapshotError::Damaged { .. } => {
            let help = "collect again, or take the files as they were collected; files of your own belong elsewhere \
                        (`--organization`, `--resource-policies`)";
            UserError::new(error.to_string(), help).into()
        }
        SnapshotError::Empty { .. } => {
            let help = "collect one with `iamdrift collect` or `aws iam get-account-authorization-details`";
            UserError::new(error.to_string(), help).into()
        }
    }
}
