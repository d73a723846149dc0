//! The options of the commands that read a snapshot, and reading it.

use std::path::{Path, PathBuf};

#[cfg(feature = "aws")]
use iamdrift::collect::CollectScope;
use iamdrift::snapshot::{Snapshot, SnapshotError, SnapshotPaths};

#[cfg(feature = "aws")]
use super::collect::SnapshotRetention;
use super::collect::{self, CollectArgs};
use super::{ExitStatus, UserError};

/// Which snapshot.
#[derive(Debug, clap::Args)]
pub struct SnapshotArgs {
    /// A directory that `iamdrift collect` wrote, or the output of `aws iam get-account-authorization-details`
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
        load_snapshot(&SnapshotPaths {
            snapshot: self.snapshot.clone(),
            organization: self.organization.clone(),
            resource_policies: self.resource_policies.clone(),
        })
    }
}

/// Which snapshot; without one, what AWS says now.
#[derive(Debug, clap::Args)]
pub struct SnapshotOrAws {
    /// A directory that `iamdrift collect` wrote, or the output of `aws iam get-account-authorization-details`; without
    /// it, what AWS says now is collected and audited
    #[arg(long, value_name = "PATH", conflicts_with_all = collect::COLLECT_ONLY_ARGS)]
    snapshot: Option<PathBuf>,
    /// The organization with its policies, where it stands elsewhere; without FILE and `--snapshot`, collect the
    /// whole organization
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    organization: Option<Option<PathBuf>>,
    /// Policies of resources, where they stand elsewhere; may be given again
    #[arg(long, value_name = "FILE")]
    resource_policies: Vec<PathBuf>,
    #[command(flatten)]
    #[cfg_attr(not(feature = "aws"), allow(dead_code))]
    from: CollectArgs,
    /// Keep the snapshot that is collected, in a directory that does not exist yet
    #[arg(long, value_name = "DIR", conflicts_with = "snapshot", help_heading = collect::HELP_HEADING)]
    #[cfg_attr(not(feature = "aws"), allow(dead_code))]
    keep_snapshot: Option<PathBuf>,
}

impl SnapshotOrAws {
    /// What [`load`](Self::load) does, for `--verbose`.
    pub fn step_label(&self) -> &'static str {
        if self.snapshot.is_some() { "read the snapshot" } else { "collected a snapshot and read it" }
    }

    /// The snapshot, and the status that it alone would end with.
    pub fn load(&self) -> anyhow::Result<(Snapshot, ExitStatus)> {
        let Some(path) = &self.snapshot else { return self.collect_snapshot() };
        let organization = match &self.organization {
            Some(None) => {
                let help = "leave `--snapshot` out to collect the organization from AWS";
                return Err(UserError::new("`--organization` needs a FILE beside `--snapshot`", help).into());
            }
            Some(file) => file.clone(),
            None => None,
        };
        Ok((self.read_snapshot(path, organization)?, ExitStatus::Clean))
    }

    /// Collects what AWS says now.
    #[cfg(feature = "aws")]
    fn collect_snapshot(&self) -> anyhow::Result<(Snapshot, ExitStatus)> {
        let (scope, organization) = match &self.organization {
            Some(None) => (CollectScope::Organization, None),
            Some(file) => (CollectScope::Accounts, file.clone()),
            None => (CollectScope::Accounts, None),
        };
        // Readable by the user alone, and gone when the audit ends.
        let temporary = tempfile::tempdir()?;
        let (directory, retention) = match &self.keep_snapshot {
            Some(directory) => (directory.clone(), SnapshotRetention::Keep),
            None => (temporary.path().join("snapshot"), SnapshotRetention::Discard),
        };
        let status = collect::collect_for_audit(&self.from, scope, &directory, retention)?;
        Ok((self.read_snapshot(&directory, organization)?, status))
    }

    #[cfg(not(feature = "aws"))]
    fn collect_snapshot(&self) -> anyhow::Result<(Snapshot, ExitStatus)> {
        Err(collect::not_built_in())
    }

    fn read_snapshot(&self, path: &Path, organization: Option<PathBuf>) -> anyhow::Result<Snapshot> {
        let resource_policies = self.resource_policies.clone();
        load_snapshot(&SnapshotPaths { snapshot: path.to_owned(), organization, resource_policies })
    }
}

/// Reads a snapshot; where that fails, says what to do about it.
pub fn load_snapshot(paths: &SnapshotPaths) -> anyhow::Result<Snapshot> {
    Snapshot::load_with(paths).map_err(|error| to_user_error(error, &paths.snapshot))
}

/// A failure to read a snapshot, with what to do about it.
pub fn to_user_error(error: SnapshotError, path: &Path) -> anyhow::Error {
    match &error {
        SnapshotError::Invalid(diagnostics) => diagnostics.clone().into(),
        SnapshotError::Io { path: unread, .. } if unread == path => {
            let help = "give `--snapshot` a directory that `iamdrift collect` wrote, or the output of `aws iam \
                        get-account-authorization-details`";
            UserError::new(error.to_string(), help).into()
        }
        SnapshotError::Io { .. } => UserError::new(error.to_string(), "give files that can be read").into(),
        SnapshotError::Interrupted { .. } => {
            let help = "continue the collection with `iamdrift collect --resume`";
            UserError::new(error.to_string(), help).into()
        }
        SnapshotError::MissingManifest { .. } => {
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
