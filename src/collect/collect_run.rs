//! Runs a collection: identifies the caller, lists the accounts, collects each, and writes the manifest.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::aws_policy_cache::AwsPolicyCache;
use super::aws_session::{AwsSession, ResolvedCaller};
use super::call_failure::{CallFailure, CallFailureKind};
use super::collect_account::collect_account;
use super::collect_error::CollectError;
use super::collect_options::{CollectOptions, CollectScope, ResourceOptions};
use super::observer::CollectObserver;
use super::organization_client;
use super::target_account::{self, TargetAccount};
use crate::snapshot::format::{self, OrganizationFile, SnapshotManifest, UnreadPart};
use crate::snapshot::store::{CollectionHeader, Compression, SnapshotWriter};

/// Where a snapshot is written.
#[derive(Clone, Debug)]
pub struct SnapshotDestination {
    /// Its directory.
    pub directory: PathBuf,
    /// How its files are compressed.
    pub compression: Compression,
    /// Whether it is created or continued.
    pub start_mode: StartMode,
}

/// Whether a snapshot is created or continued.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum StartMode {
    /// It is created, in a directory that does not exist yet.
    New,
    /// An interrupted collection, or a finished one with unread parts, is continued.
    Resume,
}

/// The result of a collection.
#[derive(Clone, Debug)]
pub struct CollectionSummary {
    /// The manifest that was written.
    #[doc(hidden)]
    pub manifest: SnapshotManifest,
    /// The accounts of the organization that were skipped because they are not active.
    pub skipped_accounts: Vec<SkippedAccount>,
}

impl CollectionSummary {
    /// Whether a requested part could not be read.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    ///
    /// use iamdrift::collect::{CollectObserver, CollectOptions, NoopObserver, SnapshotDestination, StartMode, collect};
    /// use iamdrift::snapshot::Compression;
    ///
    /// let destination = SnapshotDestination {
    ///     directory: "snapshot".into(),
    ///     compression: Compression::Zstd,
    ///     start_mode: StartMode::New,
    /// };
    /// let observer: Arc<dyn CollectObserver> = Arc::new(NoopObserver);
    /// let mut summary = collect(&CollectOptions::default(), &destination, &observer)?;
    /// if summary.is_incomplete() {
    ///     // Try the parts that could not be read once more.
    ///     let destination = SnapshotDestination { start_mode: StartMode::Resume, ..destination };
    ///     summary = collect(&CollectOptions::default(), &destination, &observer)?;
    /// }
    /// # let _ = summary;
    /// # Ok::<(), iamdrift::collect::CollectError>(())
    /// ```
    pub fn is_incomplete(&self) -> bool {
        let organization = self.manifest.organization.iter().any(|organization| !organization.unread.is_empty());
        organization || self.manifest.accounts.iter().any(|account| !account.unread.is_empty())
    }
}

/// An account of the organization that was skipped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SkippedAccount {
    /// Its id.
    pub id: String,
    /// `SUSPENDED`, `PENDING_CLOSURE`, …
    pub status: String,
}

/// Collects accounts and writes a snapshot.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use iamdrift::collect::{
///     CollectObserver, CollectOptions, CollectScope, NoopObserver, SnapshotDestination, StartMode, collect,
/// };
/// use iamdrift::snapshot::{Compression, Snapshot};
///
/// let options = CollectOptions {
///     profile: Some("auditor".to_owned()),
///     scope: CollectScope::Organization,
///     member_role: Some("iamdrift-collector".to_owned()),
///     ..CollectOptions::default()
/// };
/// let destination = SnapshotDestination {
///     directory: "snapshot".into(),
///     compression: Compression::Zstd,
///     start_mode: StartMode::New,
/// };
/// let observer: Arc<dyn CollectObserver> = Arc::new(NoopObserver);
/// collect(&options, &destination, &observer)?;
/// let snapshot = Snapshot::load(&destination.directory)?;
/// # let _ = snapshot;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// See [`CollectError`]. Finished accounts are kept, and [`StartMode::Resume`] continues from there. An account or a
/// part that cannot be read is not an error: the manifest records it.
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
    // A failure up to here leaves no directory.
    let organization = match options.scope {
        CollectScope::Accounts => None,
        CollectScope::Organization => Some(read_organization_if_required(options, &session).await?),
    };
    let file = match &organization {
        Some(OrganizationRead::Read(file, _)) => Some(file),
        Some(OrganizationRead::Unread(_)) | None => None,
    };
    let targets = target_account::select_targets(options, &caller, file)?;
    let skipped_accounts = find_skipped_accounts(options, file);
    let writer = match destination.start_mode {
        StartMode::New => SnapshotWriter::create(&destination.directory, header, destination.compression)?,
        StartMode::Resume => SnapshotWriter::resume(&destination.directory, header, destination.compression)?,
    };
    // An account of an earlier run whose file is damaged is read again or, if it is not requested, recorded as unread.
    for id in writer.damaged_accounts().iter().filter(|id| targets.iter().all(|target| target.id != **id)) {
        writer.record_unread_account(
            id,
            None,
            "its file is missing or was changed, and this run did not request the account",
            None,
        )?;
    }
    match organization {
        Some(OrganizationRead::Read(file, unread)) => writer.write_organization(&file, unread)?,
        Some(OrganizationRead::Unread(failure)) => {
            writer.record_unread_organization(&failure.to_string(), failure.permission())?
        }
        None => {}
    }
    let writer = Arc::new(writer);
    collect_accounts(options, &session, targets, &writer, observer).await?;
    let writer = Arc::into_inner(writer).expect("all account tasks have ended");
    Ok(CollectionSummary { manifest: writer.finish(jiff::Timestamp::now())?, skipped_accounts })
}

/// The organization, or why it could not be read.
enum OrganizationRead {
    Read(OrganizationFile, Vec<UnreadPart>),
    Unread(CallFailure),
}

/// Reads the organization. A failure is an error unless the options name the accounts, which can be read without it.
async fn read_organization_if_required(
    options: &CollectOptions,
    session: &AwsSession,
) -> Result<OrganizationRead, CollectError> {
    match organization_client::read_organization(session).await {
        Err(failure) if options.accounts.is_empty() || failure.kind == CallFailureKind::Credentials => {
            Err(CollectError::from_failure(failure))
        }
        Err(failure) => Ok(OrganizationRead::Unread(failure)),
        Ok((file, unread)) => Ok(OrganizationRead::Read(file, unread)),
    }
}

/// Collects the accounts, at most `concurrency` at a time.
async fn collect_accounts(
    options: &CollectOptions,
    session: &AwsSession,
    targets: Vec<TargetAccount>,
    writer: &Arc<SnapshotWriter>,
    observer: &Arc<dyn CollectObserver>,
) -> Result<(), CollectError> {
    let account_count = targets.len();
    let mut waiting: VecDeque<TargetAccount> =
        targets.into_iter().filter(|target| !writer.is_finished(&target.id)).collect();
    observer.on_collection_started(account_count, account_count - waiting.len());
    let aws_policies = Arc::new(AwsPolicyCache::default());
    let mut resources = options.resources.clone();
    if resources.regions.is_empty() {
        resources.regions.push(session.region());
    }
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
                resources: resources.clone(),
                writer: Arc::clone(writer),
                observer: Arc::clone(observer),
            };
            running.spawn(task.collect());
        }
        match running.join_next().await {
            None => return Ok(()),
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => {
                // The other tasks are dropped and leave no unfinished file.
                running.shutdown().await;
                return Err(error);
            }
            Some(Err(join_error)) => std::panic::resume_unwind(join_error.into_panic()),
        }
    }
}

/// One account with everything that its task needs.
struct AccountTask {
    target: TargetAccount,
    session: AwsSession,
    external_id: Option<String>,
    aws_policies: Arc<AwsPolicyCache>,
    resources: ResourceOptions,
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
        let outcome = collect_account(
            &self.target,
            &session,
            &self.aws_policies,
            &self.resources,
            &self.writer,
            self.observer.as_ref(),
        )
        .await?;
        self.observer.on_account_finished(id, name.as_deref(), &outcome);
        Ok(())
    }
}

/// The accounts of the organization that are skipped.
fn find_skipped_accounts(options: &CollectOptions, organization: Option<&OrganizationFile>) -> Vec<SkippedAccount> {
    if !options.accounts.is_empty() {
        return Vec::new();
    }
    let accounts = organization.into_iter().flat_map(|organization| &organization.accounts);
    let inactive_accounts = accounts.filter(|account| !target_account::is_active_entry(account));
    inactive_accounts
        .map(|account| SkippedAccount { id: account.id.clone(), status: account.status.clone().unwrap_or_default() })
        .collect()
}
