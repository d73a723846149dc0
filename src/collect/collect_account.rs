//! One account, part by part: what cannot be read is noted beside what can.

use super::account_details::{self, CollectAbort};
use super::aws_policy_cache::AwsPolicyCache;
use super::aws_session::AwsSession;
use super::call_failure::{CallFailure, CallFailureKind};
use super::collect_error::CollectError;
use super::identity_center;
use super::observer::{AccountOutcome, CollectObserver};
use super::target_account::TargetAccount;
use crate::snapshot::format::{AccountPage, CollectionPart, UnreadPart};
use crate::snapshot::store::{AccountWriter, SnapshotWriter};

/// Reads an account and writes it.
///
/// # Errors
/// What ends the whole collection: the disk, and credentials that have expired. The account is then not finished, and
/// a run that continues this one reads it again.
pub(super) async fn collect_account(
    target: &TargetAccount,
    session: &AwsSession,
    aws_policies: &AwsPolicyCache,
    regions: &[String],
    snapshot_writer: &SnapshotWriter,
    observer: &dyn CollectObserver,
) -> Result<AccountOutcome, CollectError> {
    let client = iam::build_client(session);
    let mut account = AccountRecorder {
        account_writer: store.begin_account(&target.id, target.name.as_deref())?,
        unread_lines: Vec::new(),
    };
    let mut principals = 0;
    let on_progress = |count| {
        principals = count;
        observer.on_account_progress(&target.id, count);
    };
    match iam::write_authorization_details(&client, aws_policies, &mut account.account_writer, on_progress).await {
        Ok(()) => {}
        Err(CollectAbort::Disk(error)) => return Err(error.into()),
        Err(CollectAbort::Aws(failure)) if failure.kind == CallFailureKind::Credentials => {
            return Err(CollectError::from_failure(failure));
        }
        Err(CollectAbort::Aws(failure)) if principals == 0 => {
            drop(account.account_writer);
            let reason = failure.to_string();
            store.record_unread_account(&target.id, target.name.as_deref(), &reason, failure.permission())?;
            return Ok(AccountOutcome::Unread { reason: reason });
        }
        // What has come so far is kept; what rests on the rest is undecided.
        Err(CollectAbort::Aws(failure)) => {
            account.record_unread(failure.to_unread_part(CollectionPart::AuthorizationDetails, None))
        }
    }
    account.record_part(CollectionPart::AccountAliases, iam::read_account_aliases(&client).await)?;
    account.record_part(CollectionPart::OpenIdConnectProviders, iam::read_open_id_connect_providers(&client).await)?;
    account.record_part(CollectionPart::SamlProviders, iam::read_saml_providers(&client).await)?;
    if target.has_permission_sets {
        account.record_part(CollectionPart::PermissionSets, identity_center::read_permission_sets(session).await)?;
    }
    #[cfg(feature = "aws-resources")]
    super::resource_policies::collect_resource_policies(target, session, regions, &mut account).await?;
    #[cfg(not(feature = "aws-resources"))]
    let _ = regions;
    let AccountRecorder { account_writer: writer, unread_lines: unread } = account;
    writer.finish()?;
    Ok(if unread.is_empty() {
        AccountOutcome::Read { principals }
    } else {
        AccountOutcome::Partial { principals, unread }
    })
}

/// An account that is being written.
pub(super) struct AccountRecorder {
    account_writer: AccountWriter,
    unread_lines: Vec<String>,
}

impl AccountRecorder {
    /// Writes what a part has brought, or notes why it has brought nothing.
    pub(super) fn record_part(
        &mut self,
        part: CollectionPart,
        result: Result<AccountPage, CallFailure>,
    ) -> Result<(), CollectError> {
        match result {
            Ok(page) => self.write_page(&page),
            Err(failure) => self.record_failure(part, None, failure),
        }
    }

    /// Writes a page.
    pub(super) fn write_page(&mut self, page: &AccountPage) -> Result<(), CollectError> {
        Ok(self.account_writer.write_page(page)?)
    }

    /// Notes a failure; credentials that have expired end everything.
    pub(super) fn record_failure(
        &mut self,
        part: CollectionPart,
        scope: Option<String>,
        failure: CallFailure,
    ) -> Result<(), CollectError> {
        if failure.kind == CallFailureKind::Credentials {
            return Err(CollectError::from_failure(failure));
        }
        self.record_unread(failure.to_unread_part(part, scope));
        Ok(())
    }

    fn record_unread(&mut self, unread: UnreadPart) {
        let prefix = unread.of.as_ref().map(|of| format!("{of}: ")).unwrap_or_default();
        self.unread_lines.push(format!("{prefix}{}", unread.error));
        self.account_writer.record_unread(unread);
    }
}
