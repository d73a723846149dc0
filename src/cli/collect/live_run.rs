//! The collection as the command line runs it.

use std::path::Path;
use std::sync::Arc;

use iamdrift::collect::{
    CollectError, CollectObserver, CollectOptions, CollectScope, CollectionSummary, NoopObserver,
    READS_RESOURCE_POLICIES, SnapshotDestination, StartMode, collect,
};
use iamdrift::snapshot::format::UnreadPart;
use iamdrift::snapshot::store::{Compression, JOURNAL, StoreError};

use super::progress::CollectProgress;
use super::{Args, CollectArgs, dry_run};
use crate::cli::{ExitStatus, UserError, error_report, terminal_output};

/// Where the permissions stand, for whoever lacks one.
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
    let summary = collect_with_progress(&options, &destination, args.from.quiet)
        .map_err(|error| to_user_error(error, &destination, "`--resume`, and the same arguments, continue"))?;
    print_unread_parts(&summary)?;
    if !args.from.quiet {
        terminal_output::write_stdout(&render_summary(&summary, &args.output))?;
    }
    Ok(if summary.is_incomplete() { ExitStatus::Incomplete } else { ExitStatus::Clean })
}

/// Collects for an audit, into a directory that does not exist yet. Says whether everything could be read.
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
        collect_with_progress(&build_options(from, scope)?, &destination, from.quiet).map_err(
            |error| match retention {
                SnapshotRetention::Keep => {
                    let command = format!(
                        "`iamdrift collect --resume -o {}`, and the same options, continue",
                        directory.display()
                    );
                    to_user_error(error, &destination, &command)
                }
                SnapshotRetention::Discard => UserError::new(error.to_string(), error.help()).into(),
            },
        )?;
    print_unread_parts(&summary)?;
    Ok(if summary.is_incomplete() { ExitStatus::Incomplete } else { ExitStatus::Clean })
}

/// What becomes of the snapshot that an audit collects.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum SnapshotRetention {
    /// It stays, and a run that breaks off can be continued.
    Keep,
    /// It goes with the audit.
    Discard,
}

/// Collects, and shows how it goes on.
fn collect_with_progress(
    options: &CollectOptions,
    destination: &SnapshotDestination,
    quiet: bool,
) -> Result<CollectionSummary, CollectError> {
    let progress = if quiet { None } else { CollectProgress::new_for_terminal() };
    let observer: Arc<dyn CollectObserver> = match progress {
        Some(progress) => Arc::new(progress),
        None => Arc::new(NoopObserver),
    };
    let summary = collect(options, destination, &observer);
    drop(observer);
    summary
}

fn build_options(from: &CollectArgs, scope: CollectScope) -> anyhow::Result<CollectOptions> {
    if !from.resource_regions.is_empty() && !READS_RESOURCE_POLICIES {
        return Err(UserError::new(
            "`--resource-regions` needs a build that reads the policies of resources",
            "build it with `cargo install --path . --features aws-resources`",
        )
        .into());
    }
    Ok(CollectOptions {
        profile: from.profile.clone(),
        region: from.region.clone(),
        role_arn: from.role_arn.clone(),
        external_id: from.external_id.clone(),
        scope: scope,
        accounts: from.accounts.clone(),
        member_role: from.member_role.clone(),
        concurrency: usize::from(from.concurrency),
        requests_per_second: from.requests_per_second,
        resource_regions: from.resource_regions.clone(),
        ..CollectOptions::default()
    })
}

/// What to do about an error; where a collection had begun, `command` continues it.
fn to_user_error(error: CollectError, destination: &SnapshotDestination, resume_hint: &str) -> anyhow::Error {
    let is_transient = matches!(
        error,
        CollectError::Credentials(_) | CollectError::StartFailed(_) | CollectError::Store(StoreError::Io { .. })
    );
    let can_resume = is_transient && destination.directory.join(JOURNAL).exists();
    let resume_text = if can_resume { format!("; {resume_hint} what has begun") } else { String::new() };
    UserError::new(error.to_string(), error.help() + &resume_text).into()
}

/// Says on standard error what the snapshot lacks, and what to do about it.
fn print_unread_parts(summary: &CollectionSummary) -> anyhow::Result<()> {
    let mut permissions = Vec::new();
    let mut print_unread = |owner: &str, part: &UnreadPart| {
        permissions.extend(part.permission.clone());
        let scope = part.of.as_ref().map(|of| format!(" ({of})")).unwrap_or_default();
        error_report::print_warning(&format!("unread in {owner}{scope}: {}", part.error))
    };
    if let Some(organization) = &summary.manifest.organization {
        organization.unread.iter().try_for_each(|part| print_unread("the organization", part))?;
    }
    for account in &summary.manifest.accounts {
        account.unread.iter().try_for_each(|part| print_unread(&format!("account {}", account.id), part))?;
    }
    permissions.sort();
    permissions.dedup();
    if !permissions.is_empty() {
        let missing = permissions.join(", ");
        error_report::print_help(&format!(
            "grant {missing}: all that the collector needs stands in {PERMISSIONS_FILE}"
        ))?;
    }
    Ok(())
}

/// What was collected, in a line or two.
fn render_summary(summary: &CollectionSummary, directory: &Path) -> String {
    let accounts = &summary.manifest.accounts;
    let read_count = accounts.iter().filter(|account| account.stored.is_some()).count();
    let principal_count: usize = accounts.iter().map(|account| account.principals).sum();
    let mut text = format!(
        "{}: {}, {}",
        directory.display(),
        format_count(read_count, "account"),
        format_count(principal_count, "principal")
    );
    if read_count < accounts.len() {
        text += &format!("; {} unread", format_count(accounts.len() - read_count, "account"));
    }
    if !summary.skipped_accounts.is_empty() {
        let skipped: Vec<String> =
            summary.skipped_accounts.iter().map(|account| format!("{} ({})", account.id, account.status)).collect();
        text += &format!("\nskipped, since nobody can act there: {}", skipped.join(", "));
    }
    text + "\n"
}

pub(super) fn format_count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
