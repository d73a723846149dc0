//! A collection from beginning to end: who is asking, which accounts there are, each of them, the manifest.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::aws_policy_cache::AwsPolicyCache;
use super::aws_session::{AwsSession, ResolvedCaller};
use super::call_failure::{CallFailure, CallFailureKind};
use super::collect_account;
use super::collect_error::CollectError;
use super::collect_options::{CollectOptions, CollectScope};
use super::observer::CollectObserver;
use super::organization_client;
use super::target_account::{self, TargetAccount};
use crate::snapshot::format::{self, OrganizationFile, SnapshotManifest, UnreadPart};
use crate::snapshot::store::{CollectionHeader, Compression, SnapshotWriter};

/// Where a snapshot goes.
#[derive(Clone, Debug)]
pub struct SnapshotDestination {
    /// Its directory.
    pub directory: PathBuf,
    /// How its files are stored.
    pub compression: Compression,
    /// Whether it is begun or continued.
    pub start_mode: StartMode,
}

/// Whether a snapshot is begun or continued.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum StartMode {
    /// It is begun, in a directory that does not exist yet.
    New,
    /// A run that was broken off is continued.
    Resume,
}

/// What a collection has brought.
#[derive(Clone, Debug)]
pub struct CollectionSummary {
    /// The manifest that was written.
    pub manifest: SnapshotManifest,
    /// The accounts of the organization that were not read because nobody can act in them.
    pub skipped_accounts: Vec<SkippedAccount>,
}

impl CollectionSummary {
    /// Whether something that was asked for could not be read.
    pub fn is_incomplete(&self) -> bool {
        let organization = self.manifest.organization.iter().any(|organization| !organization.unread.is_empty());
        organization || self.manifest.accounts.iter().any(|account| !account.unread.is_empty())
    }
}

/// An account of the organization that was not read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SkippedAccount {
    /// Its number.
    pub id: String,
    /// `SUSPENDED`, `PENDING_CLOSURE`, …
    pub status: String,
}

/// Collects, and writes a snapshot.
///
/// # Errors
/// See [`CollectError`]. What was finished before it is kept: [`Beginning::Resumed`] goes on from there. An account or a
/// part that cannot be read is no error; the manifest tells of it.
pub fn collect(
    options: &CollectOptions,
    destination: &SnapshotDestination,
    observer: &Arc<dyn CollectObserver>,
) -> Result<CollectionSummary, CollectError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CollectError::Runtime)?;
    runtime.block_on(run_collection(options, destination, observer))
}

async fn run_collection(
    options: &CollectOptions,
    destination: &SnapshotDestination,
    observer: &Arc<dyn CollectObserver>,
) -> Result<CollectionSummary, CollectError> {
    let started_at = jiff::Timestamp::now();
    let session = AwsSession::from_options(options).await;
    let caller = session.get_caller().await.map_err(CollectError::from_failure)?;
    let ResolvedCaller { arn, account, partition } = caller.clone();
    let header = CollectionHeader {
        caller: format::CallerIdentity { arn, account: account.to_string() },
        partition,
        started_at,
    };
    // Whatever can end it before anything was read leaves no directory behind.
    let organization = match options.scope {
        CollectScope::Accounts => None,
        CollectScope::Organization => Some(read_organization_if_required(options, &session).await?),
    };
    let file = organization.as_ref().and_then(|read| read.as_ref().ok()).map(|(file, _)| file);
    let targets = target::select_targets(options, &caller, file)?;
    let skipped_accounts = find_skipped_accounts(options, file);
    let writer = match destination.start_mode {
        StartMode::New => SnapshotWriter::create(&destination.directory, header, destination.compression)?,
        StartMode::Resume => SnapshotWriter::resume(&destination.directory, header, destination.compression)?,
    };
    // What an earlier run had read and is damaged now is read again, or told as unread: it is never left out.
    for id in writer.damaged_accounts().iter().filter(|id| targets.iter().all(|target| target.id != **id)) {
        writer.record_unread_account(
            id,
            None,
            "its file is gone or was changed, and it was not asked for again",
            None,
        )?;
    }
    match organization {
        Some(Ok((file, unread))) => writer.write_organization(&file, unread)?,
        Some(Err(failure)) => writer.record_unread_organization(&failure.to_string(), failure.permission())?,
        None => {}
    }
    let writer = Arc::new(writer);
    collect_accounts(options, &session, targets, &writer, observer).await?;
    let store = Arc::into_inner(writer).expect("no account is being read any more");
    Ok(CollectionSummary { manifest: store.finish(jiff::Timestamp::now())?, skipped_accounts: skipped_accounts })
}

/// The organization; or why it could not be read, where the accounts were named and can be read without it.
async fn read_organization_if_required(
    options: &CollectOptions,
    session: &AwsSession,
) -> Result<Result<(OrganizationFile, Vec<UnreadPart>), CallFailure>, CollectError> {
    match organization_client::read_organization(session).await {
        Err(failure) if options.accounts.is_empty() || failure.kind == CallFailureKind::Credentials => {
            Err(CollectError::from_failure(failure))
        }
        read => Ok(read),
    }
}

/// Reads the accounts, so many at a time.
async fn collect_accounts(
    options: &CollectOptions,
    session: &AwsSession,
    targets: Vec<TargetAccount>,
    writer: &Arc<SnapshotWriter>,
    observer: &Arc<dyn CollectObserver>,
) -> Result<(), CollectError> {
    let account_count = targets.len();
    let mut waiting: VecDeque<TargetAccount> =
        targets.into_iter().filter(|target| !store.is_finished(&target.id)).collect();
    observer.on_collection_started(account_count, account_count - waiting.len());
    let aws_policies = Arc::new(AwsPolicyCache::default());
    let regions = match options.resource_regions.as_slice() {
        [] => vec![session.region()],
        regions => regions.to_vec(),
    };
    let mut running = JoinSet::new();
    loop {
        while running.len() < options.concurrency.max(1)
            && let Some(target) = waiting.pop_front()
        {
            let task = AccountTask {
                target,
                session: session.clone(),
                external_id: options.external_id.clone(),
                aws_policies: Arc::clone(&aws_policies),
                regions: regions.clone(),
                writer: Arc::clone(store),
                observer: Arc::clone(observer),
            };
            running.spawn(task.collect());
        }
        match running.join_next().await {
            None => return Ok(()),
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => {
                // Dropped, the others leave nothing half-written behind.
                running.shutdown().await;
                return Err(error);
            }
            Some(Err(join_error)) => std::panic::resume_unwind(join_error.into_panic()),
        }
    }
}

/// One account, with all that a task of its own needs.
struct AccountTask {
    target: TargetAccount,
    session: AwsSession,
    external_id: Option<String>,
    aws_policies: Arc<AwsPolicyCache>,
    regions: Vec<String>,
    writer: Arc<SnapshotWriter>,
    observer: Arc<dyn CollectObserver>,
}

impl AccountTask {
    async fn collect(self) -> Result<(), CollectError> {
        let TargetAccount { id, name, role_arn, .. } = &self.target;
        self.observer.on_account_started(id, name.as_deref());
        let session = match role_arn {
            Some(role) => self.session.assume_role(role, self.external_id.as_deref()).await,
            None => self.session,
        };
        let outcome = collect_account::collect_account(
            &self.target,
            &session,
            &self.aws_policies,
            &self.regions,
            &self.writer,
            self.observer.as_ref(),
        )
        .await?;
        self.observer.on_account_finished(id, name.as_deref(), &outcome);
        Ok(())
    }
}

/// The accounts of the organization that were left out.
fn find_skipped_accounts(options: &CollectOptions, organization: Option<&OrganizationFile>) -> Vec<SkippedAccount> {
    if !options.accounts.is_empty() {
        return Vec::new();
    }
    let accounts = organization.into_iter().flat_map(|organization| &organization.accounts);
    let inactive_accounts = accounts.filter(|account| !target::is_active_entry(account));
    inactive_accounts
        .map(|account| SkippedAccount { id: account.id.clone(), status: account.status.clone().unwrap_or_default() })
        .collect()
}
