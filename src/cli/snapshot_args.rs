//! The arguments of commands that read a snapshot, and loading it.

use std::path::{Path, PathBuf};

#[cfg(feature = "aws")]
use iamdrift::collect::CollectScope;
use iamdrift::snapshot::{Snapshot, SnapshotError, SnapshotPaths};

#[cfg(feature = "aws")]
use super::collect::AuditDestination;
use super::collect::{self, CollectArgs};
use super::{ExitStatus, UserError};

/// The snapshot to read.
#[derive(Debug, clap::Args)]
pub struct SnapshotArgs {
    /// A directory that `iamdrift collect` wrote, or the output of `aws iam get-account-authorization-details`; `-` reads
    /// standard input
    #[arg(long, value_name = "PATH", default_value = "snapshot")]
    snapshot: PathBuf,
    /// Organization file, if not inside the snapshot
    #[arg(long, value_name = "FILE")]
    organization: Option<PathBuf>,
    /// Resource policy file, if not inside the snapshot; can be repeated
    #[arg(long, value_name = "FILE")]
    resource_policies: Vec<PathBuf>,
    /// File of the resources that use roles, if not inside the snapshot; can be repeated
    #[arg(long, value_name = "FILE")]
    service_roles: Vec<PathBuf>,
}

impl SnapshotArgs {
    /// Loads the snapshot.
    pub fn load(&self) -> anyhow::Result<Snapshot> {
        load_snapshot(&SnapshotPaths {
            snapshot: self.snapshot.clone(),
            organization: self.organization.clone(),
            resource_policies: self.resource_policies.clone(),
            service_roles: self.service_roles.clone(),
        })
    }
}

/// The snapshot to read, or the options to collect one.
#[derive(Debug, clap::Args)]
pub struct SnapshotOrAws {
    /// A directory that `iamdrift collect` wrote, or the output of `aws iam get-account-authorization-details`; `-` reads
    /// standard input; without it, collect from AWS
    #[arg(long, value_name = "PATH", conflicts_with_all = collect::COLLECT_ONLY_ARGS)]
    snapshot: Option<PathBuf>,
    /// Organization file, if not inside the snapshot; without FILE and `--snapshot`, collect the whole organization
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    organization: Option<Option<PathBuf>>,
    /// Resource policy file, if not inside the snapshot; can be repeated
    #[arg(long, value_name = "FILE")]
    resource_policies: Vec<PathBuf>,
    /// File of the resources that use roles, if not inside the snapshot; can be repeated
    #[arg(long, value_name = "FILE")]
    service_roles: Vec<PathBuf>,
    #[command(flatten)]
    #[cfg_attr(not(feature = "aws"), allow(dead_code))]
    from: CollectArgs,
    /// Keep the collected snapshot in this directory, which must not exist yet [default: a new one in
    /// $XDG_DATA_HOME/iamdrift/snapshots, or in ~/.local/share/iamdrift/snapshots]
    #[arg(long, value_name = "DIR", conflicts_with = "snapshot", help_heading = collect::HELP_HEADING)]
    #[cfg_attr(not(feature = "aws"), allow(dead_code))]
    keep_snapshot: Option<PathBuf>,
    /// The number of snapshots to keep in the default folder, the newest; 0 keeps none
    #[arg(long, value_name = "N", default_value_t = 10, conflicts_with_all = ["snapshot", "keep_snapshot"])]
    #[arg(help_heading = collect::HELP_HEADING)]
    #[cfg_attr(not(feature = "aws"), allow(dead_code))]
    keep_newest: usize,
}

impl SnapshotOrAws {
    /// What [`load`](Self::load) did, for `--verbose`.
    pub fn step_label(&self) -> &'static str {
        if self.snapshot.is_some() { "read the snapshot" } else { "collected a snapshot and read it" }
    }

    /// Loads or collects the snapshot. The status says whether it is complete.
    pub fn load(&self) -> anyhow::Result<(Snapshot, ExitStatus)> {
        let Some(path) = &self.snapshot else { return self.collect_snapshot() };
        let organization = match &self.organization {
            Some(None) => {
                let help = "omit `--snapshot` to collect the organization from AWS";
                return Err(UserError::new("`--organization` requires FILE when `--snapshot` is used", help).into());
            }
            Some(file) => file.clone(),
            None => None,
        };
        Ok((self.read_snapshot(path, organization)?, ExitStatus::Clean))
    }

    /// Collects a snapshot from AWS and loads it.
    #[cfg(feature = "aws")]
    fn collect_snapshot(&self) -> anyhow::Result<(Snapshot, ExitStatus)> {
        let (scope, organization) = match &self.organization {
            Some(None) => (CollectScope::Organization, None),
            Some(file) => (CollectScope::Accounts, file.clone()),
            None => (CollectScope::Accounts, None),
        };
        let destination = AuditDestination::choose(self.keep_snapshot.as_deref(), self.keep_newest)?;
        let directory = destination.directory();
        let status = collect::collect_for_audit(&self.from, scope, directory, destination.retention())?;
        let snapshot = self.read_snapshot(directory, organization)?;
        destination.finish();
        Ok((snapshot, status))
    }

    #[cfg(not(feature = "aws"))]
    fn collect_snapshot(&self) -> anyhow::Result<(Snapshot, ExitStatus)> {
        Err(collect::not_built_in())
    }

    fn read_snapshot(&self, path: &Path, organization: Option<PathBuf>) -> anyhow::Result<Snapshot> {
        let (resource_policies, service_roles) = (self.resource_policies.clone(), self.service_roles.clone());
        load_snapshot(&SnapshotPaths { snapshot: path.to_owned(), organization, resource_policies, service_roles })
    }
}

/// Loads a snapshot. Errors have help lines.
pub fn load_snapshot(paths: &SnapshotPaths) -> anyhow::Result<Snapshot> {
    Snapshot::load_with(paths).map_err(|error| to_user_error(error, &paths.snapshot))
}

/// Adds a help line to an error of loading a snapshot.
pub fn to_user_error(error: SnapshotError, path: &Path) -> anyhow::Error {
    match &error {
        SnapshotError::Invalid(diagnostics) => diagnostics.clone().into(),
        SnapshotError::Io { path: unread, .. } if unread == path => {
            let help = "use `--snapshot` with a directory that `iamdrift collect` wrote, or with the output of `aws iam \
                        get-account-authorization-details`";
            UserError::new(error.to_string(), help).into()
        }
        SnapshotError::Io { .. } => UserError::new(error.to_string(), "use files that can be read").into(),
        SnapshotError::Interrupted { .. } => {
            let help = "continue the collection with `iamdrift collect --resume`";
            UserError::new(error.to_string(), help).into()
        }
        SnapshotError::MissingManifest { .. } => {
            let help = "use the complete directory with its manifest.json, or audit this file alone";
            UserError::new(error.to_string(), help).into()
        }
        SnapshotError::Damaged { .. } => {
            let help = "collect again, or restore the files as they were collected; keep your own files outside the directory \
                        (`--organization`, `--resource-policies`, `--service-roles`)";
            UserError::new(error.to_string(), help).into()
        }
        SnapshotError::Empty { .. } => {
            let help = "collect one with `iamdrift collect` or `aws iam get-account-authorization-details`";
            UserError::new(error.to_string(), help).into()
        }
    }
}
