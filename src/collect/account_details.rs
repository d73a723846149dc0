//! Reads the IAM data of one account: authorization details page by page, the AWS managed policies in use, the account
//! alias and the identity providers. Memory holds one page at a time.

use std::collections::BTreeSet;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::EntityType;

use super::api_calls;
use super::aws_policy_cache::AwsPolicyCache;
use super::aws_session::AwsSession;
use super::call_failure::CallFailure;
use super::convert_details;
use super::named_policies::list_named_policies;
use super::page_markers::PageMarkers;
use crate::snapshot::format::{AccountPage, OpenIdConnectProvider, SamlProvider};
use crate::snapshot::store::{AccountWriter, StoreError};

/// Without a filter, AWS returns all AWS managed policies, attached or not.
const FILTERS: [EntityType; 4] =
    [EntityType::User, EntityType::Group, EntityType::Role, EntityType::LocalManagedPolicy];

/// The error code of IAM for something that does not exist.
const NO_SUCH_ENTITY: &str = "NoSuchEntity";

/// Why reading the details of an account stopped.
pub(super) enum CollectAbort {
    /// A call failed.
    Aws(CallFailure),
    /// The account file could not be written.
    Disk(StoreError),
}

impl From<CallFailure> for CollectAbort {
    fn from(failure: CallFailure) -> CollectAbort {
        CollectAbort::Aws(failure)
    }
}

impl From<StoreError> for CollectAbort {
    fn from(error: StoreError) -> CollectAbort {
        CollectAbort::Disk(error)
    }
}

/// Creates an IAM client.
pub(super) fn build_client(session: &AwsSession) -> Client {
    let config = aws_sdk_iam::config::Builder::from(&session.config).retry_partition(session.retries.clone());
    Client::from_conf(config.build())
}

/// Reads users, groups, roles and policies, and writes each page as it arrives. `on_progress` receives the number of
/// users and roles so far.
pub(super) async fn write_authorization_details(
    client: &Client,
    aws_policies: &AwsPolicyCache,
    writer: &mut AccountWriter,
    mut on_progress: impl FnMut(usize),
) -> Result<(), CollectAbort> {
    let mut aws_policy_arns = BTreeSet::new();
    let mut named_policies = BTreeSet::new();
    let mut principals = 0;
    for filter in FILTERS {
        let mut marker: Option<String> = None;
        let mut markers = PageMarkers::default();
        loop {
            let answer = client
                .get_account_authorization_details()
                .filter(filter.clone())
                .set_marker(marker.clone())
                .send()
                .await
                .map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_DETAILS, &error))?;
            let next = next_marker(answer.is_truncated, answer.marker.clone(), &mut markers)?;
            let page = convert_details::convert_page(answer);
            aws_policy_arns.extend(
                convert_details::attached_policy_arns(&page).filter(|arn| is_aws_managed(arn)).map(str::to_owned),
            );
            named_policies.append(&mut list_named_policies(&page));
            principals += page.user_detail_list.len() + page.role_detail_list.len();
            on_progress(principals);
            writer.write_page(&page)?;
            match next {
                Some(next) => marker = Some(next),
                None => break,
            }
        }
    }
    let named_policies = named_policies.difference(&aws_policy_arns).map(|arn| (arn, true));
    for (arn, may_be_absent) in aws_policy_arns.iter().map(|arn| (arn, false)).chain(named_policies) {
        let policy = match aws_policies.get_or_fetch(client, arn).await {
            // A condition can name a policy that does not exist. Nobody can attach that.
            Err(failure) if may_be_absent && failure.code.as_deref() == Some(NO_SUCH_ENTITY) => continue,
            answer => answer?,
        };
        writer.write_page(&AccountPage { policies: vec![policy], ..AccountPage::default() })?;
    }
    Ok(())
}

/// The marker of the next page. `None` after the last page. No marker, or one that repeats, is an error.
fn next_marker(
    is_truncated: bool,
    next: Option<String>,
    markers: &mut PageMarkers,
) -> Result<Option<String>, CallFailure> {
    if !is_truncated {
        return Ok(None);
    }
    let call = &api_calls::GET_DETAILS;
    let missing =
        || CallFailure::from_unexpected_answer(call, "AWS reports that more pages follow but gives no marker");
    let next = next.filter(|marker| !marker.is_empty()).ok_or_else(missing)?;
    markers.advance(call, Some(&next))?;
    Ok(Some(next))
}

/// Whether a policy is an AWS managed policy, in any partition.
fn is_aws_managed(arn: &str) -> bool {
    crate::iam::Arn::parse(arn).is_some_and(|arn| arn.account() == "aws")
}

/// Reads the account alias. An account has at most one.
pub(super) async fn read_account_aliases(client: &Client) -> Result<AccountPage, CallFailure> {
    let answer = client
        .list_account_aliases()
        .send()
        .await
        .map_err(|error| CallFailure::from_sdk_error(&api_calls::LIST_ALIASES, &error))?;
    Ok(AccountPage { account_aliases: answer.account_aliases, ..AccountPage::default() })
}

/// Reads the OpenID Connect providers, each with its URL and audiences.
pub(super) async fn read_open_id_connect_providers(client: &Client) -> Result<AccountPage, CallFailure> {
    let answer = client
        .list_open_id_connect_providers()
        .send()
        .await
        .map_err(|error| CallFailure::from_sdk_error(&api_calls::LIST_OIDC, &error))?;
    let mut providers = Vec::new();
    for arn in answer.open_id_connect_provider_list.unwrap_or_default().into_iter().filter_map(|entry| entry.arn) {
        let result = client.get_open_id_connect_provider().open_id_connect_provider_arn(&arn).send().await;
        let answer = result.map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_OIDC, &error))?;
        let client_ids = answer.client_id_list.unwrap_or_default();
        providers.push(OpenIdConnectProvider { arn, url: answer.url, client_ids });
    }
    Ok(AccountPage { open_id_connect_providers: providers, ..AccountPage::default() })
}

/// The SAML providers.
pub(super) async fn read_saml_providers(client: &Client) -> Result<AccountPage, CallFailure> {
    let answer = client
        .list_saml_providers()
        .send()
        .await
        .map_err(|error| CallFailure::from_sdk_error(&api_calls::LIST_SAML, &error))?;
    let providers = answer.saml_provider_list.unwrap_or_default().into_iter().map(|entry| SamlProvider {
        arn: entry.arn.unwrap_or_default(),
        valid_until: entry.valid_until.and_then(convert_details::format_time),
    });
    Ok(AccountPage { saml_providers: providers.collect(), ..AccountPage::default() })
}
