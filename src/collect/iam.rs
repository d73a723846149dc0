//! One account's IAM: its details page by page, the AWS managed policies that something holds, its alias and its
//! identity providers. No more than one page is held at a time.

use std::collections::BTreeSet;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::EntityType;

use super::calls;
use super::details;
use super::failure::Failure;
use super::managed::AwsPolicies;
use super::session::Session;
use crate::snapshot::format::{AccountPage, OpenIdConnectProvider, SamlProvider};
use crate::snapshot::store::{AccountWriter, StoreError};

/// Without a filter the answer would hold the whole catalogue of AWS's managed policies, attached or not.
const FILTERS: [EntityType; 4] =
    [EntityType::User, EntityType::Group, EntityType::Role, EntityType::LocalManagedPolicy];

/// What stopped an account: AWS, or the disk.
pub(super) enum Stop {
    Aws(Failure),
    Disk(StoreError),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Aws(failure)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Disk(error)
    }
}

/// A client for IAM.
pub(super) fn client(session: &Session) -> Client {
    let config = aws_sdk_iam::config::Builder::from(&session.config).retry_partition(session.retries.clone());
    Client::from_conf(config.build())
}

/// Reads users, groups, roles and policies, and writes each page when it comes. `told` hears how many users and
/// roles there are so far.
pub(super) async fn authorization_details(
    client: &Client,
    aws_policies: &AwsPolicies,
    writer: &mut AccountWriter,
    mut told: impl FnMut(usize),
) -> Result<(), Stop> {
    let mut held = BTreeSet::new();
    let mut principals = 0;
    for filter in FILTERS {
        let mut marker: Option<String> = None;
        loop {
            let answer = client
                .get_account_authorization_details()
                .filter(filter.clone())
                .set_marker(marker.clone())
                .send()
                .await
                .map_err(|error| Failure::of(&calls::GET_DETAILS, &error))?;
            let next = next_page(answer.is_truncated, answer.marker.clone(), marker.as_ref())?;
            let page = details::page(answer);
            held.extend(details::held(&page).filter(|arn| is_of_aws(arn)).map(str::to_owned));
            principals += page.user_detail_list.len() + page.role_detail_list.len();
            told(principals);
            writer.page(&page)?;
            match next {
                Some(next) => marker = Some(next),
                None => break,
            }
        }
    }
    for arn in held {
        let policy = aws_policies.get(client, &arn).await?;
        writer.page(&AccountPage { policies: vec![policy], ..AccountPage::default() })?;
    }
    Ok(())
}

/// Where the next page begins; none after the last. A server that goes round in circles is no answer.
fn next_page(more: bool, next: Option<String>, this: Option<&String>) -> Result<Option<String>, Failure> {
    match next {
        _ if !more => Ok(None),
        Some(next) if this != Some(&next) => Ok(Some(next)),
        _ => Err(Failure::unexpected(&calls::GET_DETAILS, "AWS says that more pages follow, and not where")),
    }
}

/// Whether a managed policy is one of AWS's own, in any partition.
fn is_of_aws(arn: &str) -> bool {
    crate::iam::Arn::parse(arn).is_some_and(|arn| arn.account() == "aws")
}

/// The account's alias; it has one at most.
pub(super) async fn aliases(client: &Client) -> Result<AccountPage, Failure> {
    let answer =
        client.list_account_aliases().send().await.map_err(|error| Failure::of(&calls::LIST_ALIASES, &error))?;
    Ok(AccountPage { account_aliases: answer.account_aliases, ..AccountPage::default() })
}

/// The OpenID Connect providers, each with its address and audiences.
pub(super) async fn open_id_connect_providers(client: &Client) -> Result<AccountPage, Failure> {
    let answer =
        client.list_open_id_connect_providers().send().await.map_err(|error| Failure::of(&calls::LIST_OIDC, &error))?;
    let mut providers = Vec::new();
    for arn in answer.open_id_connect_provider_list.unwrap_or_default().into_iter().filter_map(|entry| entry.arn) {
        let asked = client.get_open_id_connect_provider().open_id_connect_provider_arn(&arn).send().await;
        let answer = asked.map_err(|error| Failure::of(&calls::GET_OIDC, &error))?;
        let client_ids = answer.client_id_list.unwrap_or_default();
        providers.push(OpenIdConnectProvider { arn, url: answer.url, client_ids });
    }
    Ok(AccountPage { open_id_connect_providers: providers, ..AccountPage::default() })
}

/// The SAML providers.
pub(super) async fn saml_providers(client: &Client) -> Result<AccountPage, Failure> {
    let answer = client.list_saml_providers().send().await.map_err(|error| Failure::of(&calls::LIST_SAML, &error))?;
    let providers = answer.saml_provider_list.unwrap_or_default().into_iter().map(|entry| SamlProvider {
        arn: entry.arn.unwrap_or_default(),
        valid_until: entry.valid_until.and_then(details::time),
    });
    Ok(AccountPage { saml_providers: providers.collect(), ..AccountPage::default() })
}
