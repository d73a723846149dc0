//! A collection from beginning to end: who is asking, which accounts there are, each of them, the manifest.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::account;
use super::error::CollectError;
use super::failure::{Failure, FailureKind};
use super::managed::AwsPolicies;
use super::observer::Observer;
use super::options::{Options, Reach};
use super::organization;
use super::session::{Caller, Session};
use super::target::{self, Target};
use crate::snapshot::format::{self, Manifest, OrganizationFile, UnreadPart};
use crate::snapshot::store::{Compression, Header, SnapshotWriter};

/// Where a snapshot goes.
#[derive(Clone, Debug)]
pub struct Destination {
    /// Its directory.
    pub directory: PathBuf,
    /// How its files are stored.
    pub compression: Compression,
    /// Whether it is begun or continued.
    pub beginning: Beginning,
}

/// Whether a snapshot is begun or continued.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Beginning {
    /// It is begun, in a directory that does not exist yet.
    New,
    /// A run that was broken off is continued.
    Resumed,
}

/// What a collection has brought.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The manifest that was written.
    pub manifest: Manifest,
    /// The accounts of the organization that were not read because nobody can act in them.
    pub skipped: Vec<Skipped>,
}

impl Summary {
    /// Whether something that was asked for could not be read.
    pub fn is_incomplete(&self) -> bool {
        let organization = self.manifest.organization.iter().any(|organization| !organization.unread.is_empty());
        organization || self.manifest.accounts.iter().any(|account| !account.unread.is_empty())
    }
}

/// An account of the organization that was not read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Skipped {
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
    options: &Options,
    destination: &Destination,
    observer: &Arc<dyn Observer>,
) -> Result<Summary, CollectError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CollectError::Runtime)?;
    runtime.block_on(run(options, destination, observer))
}

async fn run(
    options: &Options,
    destination: &Destination,
    observer: &Arc<dyn Observer>,
) -> Result<Summary, CollectError> {
    let started_at = jiff::Timestamp::now();
    let session = Session::start(options).await;
    let caller = session.caller().await.map_err(CollectError::of)?;
    let Caller { arn, account, partition } = caller.clone();
    let header = Header { caller: format::Caller { arn, account: account.to_string() }, partition, started_at };
    // Whatever can end it before anything was read leaves no directory behind.
    let organization = match options.organization {
        Reach::Accounts => None,
        Reach::Organization => Some(read_organization(options, &session).await?),
    };
    let file = organization.as_ref().and_then(|read| read.as_ref().ok()).map(|(file, _)| file);
    let targets = target::targets(options, &caller, file)?;
    let skipped = skipped(options, file);
    let store = match destination.beginning {
        Beginning::New => SnapshotWriter::create(&destination.directory, header, destination.compression)?,
        Beginning::Resumed => SnapshotWriter::resume(&destination.directory, header, destination.compression)?,
    };
    // What an earlier run had read and is damaged now is read again, or told as unread: it is never left out.
    for id in store.damaged().iter().filter(|id| targets.iter().all(|target| target.id != **id)) {
        store.unread_account(id, None, "its file is gone or was changed, and it was not asked for again", None)?;
    }
    match organization {
        Some(Ok((file, unread))) => store.organization(&file, unread)?,
        Some(Err(failure)) => store.unread_organization(&failure.to_string(), failure.permission())?,
        None => {}
    }
    let store = Arc::new(store);
    each(options, &session, targets, &store, observer).await?;
    let store = Arc::into_inner(store).expect("no account is being read any more");
    Ok(Summary { manifest: store.finish(jiff::Timestamp::now())?, skipped })
}

/// The organization; or why it could not be read, where the accounts were named and can be read without it.
async fn read_organization(
    options: &Options,
    session: &Session,
) -> Result<Result<(OrganizationFile, Vec<UnreadPart>), Failure>, CollectError> {
    match organization::read(session).await {
        Err(failure) if options.accounts.is_empty() || failure.kind == FailureKind::Credentials => {
            Err(CollectError::of(failure))
        }
        read => Ok(read),
    }
}

/// Reads the accounts, so many at a time.
async fn each(
    options: &Options,
    session: &Session,
    targets: Vec<Target>,
    store: &Arc<SnapshotWriter>,
    observer: &Arc<dyn Observer>,
) -> Result<(), CollectError> {
    let all = targets.len();
    let mut waiting: VecDeque<Target> = targets.into_iter().filter(|target| !store.is_finished(&target.id)).collect();
    observer.begins(all, all - waiting.len());
    let aws_policies = Arc::new(AwsPolicies::default());
    let regions = match options.resource_regions.as_slice() {
        [] => vec![session.region()],
        regions => regions.to_vec(),
    };
    let mut running = JoinSet::new();
    loop {
        while running.len() < options.concurrency.max(1)
            && let Some(target) = waiting.pop_front()
        {
            let one = One {
                target,
                session: session.clone(),
                external_id: options.external_id.clone(),
                aws_policies: Arc::clone(&aws_policies),
                regions: regions.clone(),
                store: Arc::clone(store),
                observer: Arc::clone(observer),
            };
            running.spawn(one.collect());
        }
        match running.join_next().await {
            None => return Ok(()),
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => {
                // Dropped, the others leave nothing half-written behind.
                running.shutdown().await;
                return Err(error);
            }
            Some(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
        }
    }
}

/// One account, with all that a task of its own needs.
struct One {
    target: Target,
    session: Session,
    external_id: Option<String>,
    aws_policies: Arc<AwsPolicies>,
    regions: Vec<String>,
    store: Arc<SnapshotWriter>,
    observer: Arc<dyn Observer>,
}

impl One {
    async fn collect(self) -> Result<(), CollectError> {
        let Target { id, name, role_arn, .. } = &self.target;
        self.observer.account_begins(id, name.as_deref());
        let session = match role_arn {
            Some(role) => self.session.assume(role, self.external_id.as_deref()).await,
            None => self.session,
        };
        let outcome = account::collect(
            &self.target,
            &session,
            &self.aws_policies,
            &self.regions,
            &self.store,
            self.observer.as_ref(),
        )
        .await?;
        self.observer.account_ends(id, name.as_deref(), &outcome);
        Ok(())
    }
}

/// The accounts of the organization that were left out.
fn skipped(options: &Options, organization: Option<&OrganizationFile>) -> Vec<Skipped> {
    if !options.accounts.is_empty() {
        return Vec::new();
    }
    let accounts = organization.into_iter().flat_map(|organization| &organization.accounts);
    let left_out = accounts.filter(|account| !target::is_active(account));
    left_out
        .map(|account| Skipped { id: account.id.clone(), status: account.status.clone().unwrap_or_default() })
        .collect()
}
