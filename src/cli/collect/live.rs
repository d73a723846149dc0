//! The collection as the command line runs it.

use std::path::Path;
use std::sync::Arc;

use iamdrift::collect::{
    Beginning, CollectError, Destination, Observer, Options, READS_RESOURCE_POLICIES, Reach, Silent, Summary, collect,
};
use iamdrift::snapshot::format::UnreadPart;
use iamdrift::snapshot::store::{Compression, JOURNAL, StoreError};

use super::super::{ExitStatus, UserError, failure, output};
use super::progress::Progress;
use super::{Args, FromAws, plan};

/// Where the permissions stand, for whoever lacks one.
const PERMISSIONS: &str = "policies/collector-permissions.json";

pub(super) fn run(args: &Args) -> anyhow::Result<ExitStatus> {
    let reach = if args.organization { Reach::Organization } else { Reach::Accounts };
    let options = options(&args.from, reach)?;
    if args.dry_run {
        output::write(&plan::plan(&options))?;
        return Ok(ExitStatus::Clean);
    }
    let destination = Destination {
        directory: args.output.clone(),
        compression: if args.compress { Compression::Zstd } else { Compression::None },
        beginning: if args.resume { Beginning::Resumed } else { Beginning::New },
    };
    let summary = collected(&options, &destination, args.from.quiet)
        .map_err(|error| explained(error, &destination, "`--resume`, and the same arguments, continue"))?;
    warn(&summary)?;
    if !args.from.quiet {
        output::write(&told(&summary, &args.output))?;
    }
    Ok(if summary.is_incomplete() { ExitStatus::Incomplete } else { ExitStatus::Clean })
}

/// Collects for an audit, into a directory that does not exist yet. Says whether everything could be read.
pub fn audited(from: &FromAws, reach: Reach, directory: &Path, keeping: Keeping) -> anyhow::Result<ExitStatus> {
    let destination =
        Destination { directory: directory.to_owned(), compression: Compression::None, beginning: Beginning::New };
    let summary = collected(&options(from, reach)?, &destination, from.quiet).map_err(|error| match keeping {
        Keeping::Kept => {
            let command =
                format!("`iamdrift collect --resume -o {}`, and the same options, continue", directory.display());
            explained(error, &destination, &command)
        }
        Keeping::Dropped => UserError::new(error.to_string(), error.help()).into(),
    })?;
    warn(&summary)?;
    Ok(if summary.is_incomplete() { ExitStatus::Incomplete } else { ExitStatus::Clean })
}

/// What becomes of the snapshot that an audit collects.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Keeping {
    /// It stays, and a run that breaks off can be continued.
    Kept,
    /// It goes with the audit.
    Dropped,
}

/// Collects, and shows how it goes on.
fn collected(options: &Options, destination: &Destination, quiet: bool) -> Result<Summary, CollectError> {
    let progress = if quiet { None } else { Progress::on_terminal() };
    let observer: Arc<dyn Observer> = match progress {
        Some(progress) => Arc::new(progress),
        None => Arc::new(Silent),
    };
    let summary = collect(options, destination, &observer);
    drop(observer);
    summary
}

fn options(from: &FromAws, reach: Reach) -> anyhow::Result<Options> {
    if !from.resource_regions.is_empty() && !READS_RESOURCE_POLICIES {
        return Err(UserError::new(
            "`--resource-regions` needs a build that reads the policies of resources",
            "build it with `cargo install --path . --features aws-resources`",
        )
        .into());
    }
    Ok(Options {
        profile: from.profile.clone(),
        region: from.region.clone(),
        role_arn: from.role_arn.clone(),
        external_id: from.external_id.clone(),
        organization: reach,
        accounts: from.accounts.clone(),
        member_role: from.member_role.clone(),
        concurrency: usize::from(from.concurrency),
        requests_per_second: from.requests_per_second,
        resource_regions: from.resource_regions.clone(),
        ..Options::default()
    })
}

/// What to do about an error; where a collection had begun, `command` continues it.
fn explained(error: CollectError, destination: &Destination, command: &str) -> anyhow::Error {
    let is_passing = matches!(
        error,
        CollectError::Credentials(_) | CollectError::Start(_) | CollectError::Store(StoreError::Io { .. })
    );
    let may_go_on = is_passing && destination.directory.join(JOURNAL).exists();
    let going_on = if may_go_on { format!("; {command} what has begun") } else { String::new() };
    UserError::new(error.to_string(), error.help() + &going_on).into()
}

/// Says on standard error what the snapshot lacks, and what to do about it.
fn warn(summary: &Summary) -> anyhow::Result<()> {
    let mut permissions = Vec::new();
    let mut line = |whose: &str, part: &UnreadPart| {
        permissions.extend(part.permission.clone());
        let of = part.of.as_ref().map(|of| format!(" ({of})")).unwrap_or_default();
        failure::warn(&format!("unread in {whose}{of}: {}", part.error))
    };
    if let Some(organization) = &summary.manifest.organization {
        organization.unread.iter().try_for_each(|part| line("the organization", part))?;
    }
    for account in &summary.manifest.accounts {
        account.unread.iter().try_for_each(|part| line(&format!("account {}", account.id), part))?;
    }
    permissions.sort();
    permissions.dedup();
    if !permissions.is_empty() {
        let missing = permissions.join(", ");
        failure::help(&format!("grant {missing}: all that the collector needs stands in {PERMISSIONS}"))?;
    }
    Ok(())
}

/// What was collected, in a line or two.
fn told(summary: &Summary, directory: &Path) -> String {
    let accounts = &summary.manifest.accounts;
    let read = accounts.iter().filter(|account| account.stored.is_some()).count();
    let principals: usize = accounts.iter().map(|account| account.principals).sum();
    let mut text = format!("{}: {}, {}", directory.display(), count(read, "account"), count(principals, "principal"));
    if read < accounts.len() {
        text += &format!("; {} unread", count(accounts.len() - read, "account"));
    }
    if !summary.skipped.is_empty() {
        let skipped: Vec<String> =
            summary.skipped.iter().map(|account| format!("{} ({})", account.id, account.status)).collect();
        text += &format!("\nskipped, since nobody can act there: {}", skipped.join(", "));
    }
    text + "\n"
}

pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
