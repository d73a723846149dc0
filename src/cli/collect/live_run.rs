//! The collection as the command line runs it.

use std::path::Path;
use std::sync::Arc;

use iamdrift::audit::format_count;
use iamdrift::base::sanitize::sanitize;
use iamdrift::collect::{
    CollectError, CollectObserver, CollectOptions, CollectScope, CollectionSummary, NoopObserver,
    READS_RESOURCE_POLICIES, READS_SERVICE_ROLES, ResourceOptions, SnapshotDestination, StartMode, collect,
};
use iamdrift::snapshot::format::UnreadPart;
use iamdrift::snapshot::store::{Compression, JOURNAL, StoreError};

use super::collect_args::CollectArgs;
use super::collect_command_args::Args;
use super::dry_run;
use super::progress::CollectProgress;
use crate::cli::{ExitStatus, UserError, terminal_output};

/// The file that lists the required permissions, for help lines.
const PERMISSIONS_FILE: &str = "policies/collector-permissions.json";

pub(super) fn run_collect(args: &Args) -> anyhow::Result<ExitStatus> {
    let scope = if args.organization { CollectScope::Organization } else { CollectScope::Accounts };
    let options = build_options(&args.from, scope)?;
    if args.dry_run {
        terminal_output::write_stdout(&dry_run::render_plan(&options))?;
        return Ok(ExitStatus::Clean);
    }
    let destination = SnapshotDestination {
        directory: args.output.clone(),
        compression: if args.compress { Compression::Zstd } else { Compression::None },
        start_mode: if args.resume { StartMode::Resume } else { StartMode::New },
    };
    let summary = collect_with_progress(&options, &destination, ProgressDisplay::from_quiet_flag(args.from.quiet))
        .map_err(|error| {
            to_user_error(error, &destination, "use `--resume` with the same arguments to continue the collection")
        })?;
    print_unread_parts(&summary);
    if !args.from.quiet {
        terminal_output::write_stdout(&render_summary(&summary, &args.output))?;
    }
    Ok(if summary.is_incomplete() { ExitStatus::Incomplete } else { ExitStatus::Clean })
}

/// Collects a snapshot for an audit, into a new directory. The status says whether it is complete.
pub fn collect_for_audit(
    from: &CollectArgs,
    scope: CollectScope,
    directory: &Path,
    retention: SnapshotRetention,
) -> anyhow::Result<ExitStatus> {
    let destination = SnapshotDestination {
        directory: directory.to_owned(),
        compression: Compression::None,
        start_mode: StartMode::New,
    };
    let summary =
        collect_with_progress(&build_options(from, scope)?, &destination, ProgressDisplay::from_quiet_flag(from.quiet))
            .map_err(|error| match retention {
                SnapshotRetention::Keep => {
                    let command = format!(
                        "use `iamdrift collect --resume -o {}` with the same options to continue the collection",
                        directory.display()
                    );
                    to_user_error(error, &destination, &command)
                }
                SnapshotRetention::Discard => UserError::new(error.to_string(), error.help()).into(),
            })?;
    print_unread_parts(&summary);
    Ok(if summary.is_incomplete() { ExitStatus::Incomplete } else { ExitStatus::Clean })
}

/// Whether an audit keeps the snapshot that it collects.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum SnapshotRetention {
    /// The snapshot is kept, and an interrupted collection can be continued.
    Keep,
    /// The snapshot is removed after the audit.
    Discard,
}

/// Whether progress is shown.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum ProgressDisplay {
    /// On standard error, if it is a terminal.
    Terminal,
    Off,
}

impl ProgressDisplay {
    fn from_quiet_flag(quiet: bool) -> ProgressDisplay {
        if quiet { ProgressDisplay::Off } else { ProgressDisplay::Terminal }
    }
}

/// Collects with a progress display.
fn collect_with_progress(
    options: &CollectOptions,
    destination: &SnapshotDestination,
    progress_display: ProgressDisplay,
) -> Result<CollectionSummary, CollectError> {
    let progress = match progress_display {
        ProgressDisplay::Terminal => CollectProgress::new_for_terminal(),
        ProgressDisplay::Off => None,
    };
    let observer: Arc<dyn CollectObserver> = match progress {
        Some(progress) => Arc::new(progress),
        None => Arc::new(NoopObserver),
    };
    let summary = collect(options, destination, &observer);
    drop(observer);
    summary
}

fn build_options(from: &CollectArgs, scope: CollectScope) -> anyhow::Result<CollectOptions> {
    if from.read_service_roles && !READS_SERVICE_ROLES {
        return Err(UserError::new(
            "`--read-service-roles` requires a build that reads the resources of services",
            "build with `cargo install --path . --features aws-service-roles`",
        )
        .into());
    }
    if !from.resource_regions.is_empty() && !READS_RESOURCE_POLICIES && !from.read_service_roles {
        return Err(UserError::new(
            "`--resource-regions` requires a build that reads resource policies",
            "build with `cargo install --path . --features aws-resources`",
        )
        .into());
    }
    Ok(CollectOptions {
        profile: from.profile.clone(),
        region: from.region.clone(),
        role_arn: from.role_arn.clone(),
        external_id: from.external_id.clone(),
        scope,
        accounts: from.accounts.clone(),
        member_role: from.member_role.clone(),
        concurrency: usize::from(from.concurrency),
        requests_per_second: from.requests_per_second,
        resources: ResourceOptions {
            regions: from.resource_regions.clone(),
            reads_service_roles: from.read_service_roles,
            has_no_other_regions: from.no_other_regions,
        },
        ..CollectOptions::default()
    })
}

/// Adds a help line to an error. `resume_hint` applies if the collection had started.
fn to_user_error(error: CollectError, destination: &SnapshotDestination, resume_hint: &str) -> anyhow::Error {
    let is_transient = matches!(
        error,
        CollectError::Credentials(_) | CollectError::StartFailed(_) | CollectError::Store(StoreError::Io { .. })
    );
    let can_resume = is_transient && destination.directory.join(JOURNAL).exists();
    let resume_text = if can_resume { format!("; {resume_hint}") } else { String::new() };
    UserError::new(error.to_string(), error.help() + &resume_text).into()
}

/// Prints the unread parts of the snapshot to standard error, with a help line.
fn print_unread_parts(summary: &CollectionSummary) {
    let mut permissions = Vec::new();
    let mut print_unread = |owner: &str, part: &UnreadPart| {
        permissions.extend(part.permission.clone());
        let scope = part.of.as_ref().map(|scope| format!(" ({scope})")).unwrap_or_default();
        terminal_output::print_warning(&format!("unread in {owner}{scope}: {}", part.error));
    };
    if let Some(organization) = &summary.manifest.organization {
        organization.unread.iter().for_each(|part| print_unread("the organization", part));
    }
    for account in &summary.manifest.accounts {
        account.unread.iter().for_each(|part| print_unread(&format!("account {}", account.id), part));
    }
    permissions.sort();
    permissions.dedup();
    if !permissions.is_empty() {
        let missing = permissions.join(", ");
        terminal_output::print_help(&format!("grant {missing}; {PERMISSIONS_FILE} lists all required permissions"));
    }
}

/// Summarizes the collection in one or two lines.
fn render_summary(summary: &CollectionSummary, directory: &Path) -> String {
    let accounts = &summary.manifest.accounts;
    let read_count = accounts.iter().filter(|account| account.stored.is_some()).count();
    let principal_count: usize = accounts.iter().map(|account| account.principals).sum();
    let mut text = format!(
        "{}: {}, {}",
        sanitize(&directory.display().to_string()),
        format_count(read_count, "account"),
        format_count(principal_count, "principal")
    );
    if read_count < accounts.len() {
        text += &format!("; {} unread", format_count(accounts.len() - read_count, "account"));
    }
    if !summary.skipped_accounts.is_empty() {
        let skipped: Vec<String> = summary
            .skipped_accounts
            .iter()
            .map(|account| format!("{} ({})", sanitize(&account.id), sanitize(&account.status)))
            .collect();
        text += &format!("\nskipped (account not active): {}", skipped.join(", "));
    }
    text + "\n"
}
