//! One account, part by part: what cannot be read is noted beside what can.

use super::error::CollectError;
use super::failure::{Failure, FailureKind};
use super::iam::{self, Stop};
use super::managed::AwsPolicies;
use super::observer::{Observer, Outcome};
use super::session::Session;
use super::{identity_center, target::Target};
use crate::snapshot::format::{AccountPage, Part, UnreadPart};
use crate::snapshot::store::{AccountWriter, SnapshotWriter};

/// Reads an account and writes it.
///
/// # Errors
/// What ends the whole collection: the disk, and credentials that have expired. The account is then not finished, and
/// a run that continues this one reads it again.
pub(super) async fn collect(
    target: &Target,
    session: &Session,
    aws_policies: &AwsPolicies,
    regions: &[String],
    store: &SnapshotWriter,
    observer: &dyn Observer,
) -> Result<Outcome, CollectError> {
    let client = iam::client(session);
    let mut account = Account { writer: store.account(&target.id, target.name.as_deref())?, unread: Vec::new() };
    let mut principals = 0;
    let told = |count| {
        principals = count;
        observer.account_grows(&target.id, count);
    };
    match iam::authorization_details(&client, aws_policies, &mut account.writer, told).await {
        Ok(()) => {}
        Err(Stop::Disk(error)) => return Err(error.into()),
        Err(Stop::Aws(failure)) if failure.kind == FailureKind::Credentials => return Err(CollectError::of(failure)),
        Err(Stop::Aws(failure)) if principals == 0 => {
            drop(account.writer);
            let why = failure.to_string();
            store.unread_account(&target.id, target.name.as_deref(), &why, failure.permission())?;
            return Ok(Outcome::Unread { why });
        }
        // What has come so far is kept; what rests on the rest is undecided.
        Err(Stop::Aws(failure)) => account.note(failure.unread(Part::AuthorizationDetails, None)),
    }
    account.part(Part::AccountAliases, iam::aliases(&client).await)?;
    account.part(Part::OpenIdConnectProviders, iam::open_id_connect_providers(&client).await)?;
    account.part(Part::SamlProviders, iam::saml_providers(&client).await)?;
    if target.has_permission_sets {
        account.part(Part::PermissionSets, identity_center::permission_sets(session).await)?;
    }
    #[cfg(feature = "aws-resources")]
    super::resource_policies::collect(target, session, regions, &mut account).await?;
    #[cfg(not(feature = "aws-resources"))]
    let _ = regions;
    let Account { writer, unread } = account;
    writer.finish()?;
    Ok(if unread.is_empty() { Outcome::Read { principals } } else { Outcome::Partly { principals, unread } })
}

/// An account that is being written.
pub(super) struct Account {
    writer: AccountWriter,
    unread: Vec<String>,
}

impl Account {
    /// Writes what a part has brought, or notes why it has brought nothing.
    pub(super) fn part(&mut self, part: Part, read: Result<AccountPage, Failure>) -> Result<(), CollectError> {
        match read {
            Ok(page) => self.page(&page),
            Err(failure) => self.failed(part, None, failure),
        }
    }

    /// Writes a page.
    pub(super) fn page(&mut self, page: &AccountPage) -> Result<(), CollectError> {
        Ok(self.writer.page(page)?)
    }

    /// Notes a failure; credentials that have expired end everything.
    pub(super) fn failed(&mut self, part: Part, of: Option<String>, failure: Failure) -> Result<(), CollectError> {
        if failure.kind == FailureKind::Credentials {
            return Err(CollectError::of(failure));
        }
        self.note(failure.unread(part, of));
        Ok(())
    }

    fn note(&mut self, unread: UnreadPart) {
        let of = unread.of.as_ref().map(|of| format!("{of}: ")).unwrap_or_default();
        self.unread.push(format!("{of}{}", unread.error));
        self.writer.unread(unread);
    }
}
