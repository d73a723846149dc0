//! Collects one account, part by part, and records the parts that cannot be read.

use super::account_details::{self, CollectAbort};
use super::account_recorder::AccountRecorder;
use super::aws_policy_cache::AwsPolicyCache;
use super::aws_session::AwsSession;
use super::call_failure::CallFailureKind;
use super::collect_error::CollectError;
use super::collect_options::ResourceOptions;
use super::identity_center;
use super::observer::{AccountOutcome, CollectObserver};
use super::target_account::TargetAccount;
use crate::snapshot::format::CollectionPart;
use crate::snapshot::store::SnapshotWriter;

/// Reads an account and writes its file.
///
/// # Errors
/// Errors that end the collection: I/O errors and expired credentials. The account is then unfinished, and a resumed
/// collection reads it again.
pub(super) async fn collect_account(
    target: &TargetAccount,
    session: &AwsSession,
    aws_policies: &AwsPolicyCache,
    resources: &ResourceOptions,
    snapshot_writer: &SnapshotWriter,
    observer: &dyn CollectObserver,
) -> Result<AccountOutcome, CollectError> {
    let client = account_details::build_client(session);
    let mut account = AccountRecorder {
        account_writer: snapshot_writer.begin_account(&target.id, target.name.as_deref())?,
        unread_lines: Vec::new(),
    };
    let mut principals = 0;
    let on_progress = |count| {
        principals = count;
        observer.on_account_progress(&target.id, count);
    };
    match account_details::write_authorization_details(&client, aws_policies, &mut account.account_writer, on_progress)
        .await
    {
        Ok(()) => {}
        Err(CollectAbort::Disk(error)) => return Err(error.into()),
        Err(CollectAbort::Aws(failure)) if failure.kind == CallFailureKind::Credentials => {
            return Err(CollectError::from_failure(failure));
        }
        Err(CollectAbort::Aws(failure)) if principals == 0 => {
            drop(account.account_writer);
            let reason = failure.to_string();
            snapshot_writer.record_unread_account(&target.id, target.name.as_deref(), &reason, failure.permission())?;
            return Ok(AccountOutcome::Unread { reason });
        }
        // The pages so far are kept. Verdicts that depend on the others are undecided.
        Err(CollectAbort::Aws(failure)) => {
            account.record_unread(failure.to_unread_part(CollectionPart::AuthorizationDetails, None))
        }
    }
    account.record_part(CollectionPart::AccountAliases, account_details::read_account_aliases(&client).await)?;
    account.record_part(
        CollectionPart::OpenIdConnectProviders,
        account_details::read_open_id_connect_providers(&client).await,
    )?;
    account.record_part(CollectionPart::SamlProviders, account_details::read_saml_providers(&client).await)?;
    if target.has_permission_sets {
        account.record_part(CollectionPart::PermissionSets, identity_center::read_permission_sets(session).await)?;
    }
    collect_resources(target, session, resources, &mut account).await?;
    let AccountRecorder { account_writer, unread_lines: unread } = account;
    account_writer.finish()?;
    Ok(if unread.is_empty() {
        AccountOutcome::Read { principals }
    } else {
        AccountOutcome::Partial { principals, unread }
    })
}

/// Reads the resources that this build can read.
#[cfg_attr(not(feature = "aws-resources"), allow(unused_variables))]
async fn collect_resources(
    target: &TargetAccount,
    session: &AwsSession,
    resources: &ResourceOptions,
    account: &mut AccountRecorder,
) -> Result<(), CollectError> {
    #[cfg(feature = "aws-resources")]
    super::resource_policies::collect_resource_policies(target, session, &resources.regions, account).await?;
    #[cfg(feature = "aws-service-roles")]
    if resources.reads_service_roles {
        super::service_resources::collect_service_roles(session, resources, account).await?;
    }
    Ok(())
}
