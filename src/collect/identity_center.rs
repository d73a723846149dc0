//! Reads the permission sets of IAM Identity Center. Each account's details contain the roles created from them; the
//! permission sets record their origin.

use aws_sdk_ssoadmin::Client;

use super::api_calls;
use super::aws_session::AwsSession;
use super::call_failure::CallFailure;
use super::page_markers::PageMarkers;
use crate::snapshot::format::{
    AccountPage, EmbeddedDocument, ManagedPolicyReference, PermissionSet, PermissionSetBoundary,
};

/// Reads the permission sets of every instance in the region of the session.
pub(super) async fn read_permission_sets(session: &AwsSession) -> Result<AccountPage, CallFailure> {
    let config = aws_sdk_ssoadmin::config::Builder::from(&session.config).retry_partition(session.retries.clone());
    let client = Client::from_conf(config.build());
    let mut sets = Vec::new();
    let mut pages = client.list_instances().into_paginator().send();
    let mut markers = PageMarkers::default();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallFailure::from_sdk_error(&api_calls::LIST_INSTANCES, &error))?;
        markers.advance(&api_calls::LIST_INSTANCES, page.next_token())?;
        // Permission sets are kept for reference: no verdict depends on them. The roles that they provision decide.
        for instance in page.instances.unwrap_or_default().into_iter().filter_map(|entry| entry.instance_arn) {
            let mut pages = client.list_permission_sets().instance_arn(&instance).into_paginator().send();
            let mut markers = PageMarkers::default();
            while let Some(page) = pages.next().await {
                let page =
                    page.map_err(|error| CallFailure::from_sdk_error(&api_calls::LIST_PERMISSION_SETS, &error))?;
                markers.advance(&api_calls::LIST_PERMISSION_SETS, page.next_token())?;
                for arn in page.permission_sets.unwrap_or_default() {
                    sets.push(read_permission_set(&client, &instance, arn).await?);
                }
            }
        }
    }
    Ok(AccountPage { permission_sets: sets, ..AccountPage::default() })
}

async fn read_permission_set(client: &Client, instance: &str, arn: String) -> Result<PermissionSet, CallFailure> {
    let answer = client.describe_permission_set().instance_arn(instance).permission_set_arn(&arn).send().await;
    let description = answer
        .map_err(|error| CallFailure::from_sdk_error(&api_calls::DESCRIBE_PERMISSION_SET, &error))?
        .permission_set;
    let name = description.and_then(|set| set.name).unwrap_or_default();

    let answer =
        client.get_inline_policy_for_permission_set().instance_arn(instance).permission_set_arn(&arn).send().await;
    let inline = answer.map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_SET_INLINE, &error))?.inline_policy;

    let mut managed_policies = Vec::new();
    let request = client.list_managed_policies_in_permission_set().instance_arn(instance).permission_set_arn(&arn);
    let mut pages = request.into_paginator().send();
    let mut markers = PageMarkers::default();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallFailure::from_sdk_error(&api_calls::LIST_SET_MANAGED, &error))?;
        markers.advance(&api_calls::LIST_SET_MANAGED, page.next_token())?;
        managed_policies.extend(page.attached_managed_policies.unwrap_or_default().into_iter().filter_map(|p| p.arn));
    }

    let mut references = Vec::new();
    let request = client
        .list_customer_managed_policy_references_in_permission_set()
        .instance_arn(instance)
        .permission_set_arn(&arn);
    let mut pages = request.into_paginator().send();
    let mut markers = PageMarkers::default();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallFailure::from_sdk_error(&api_calls::LIST_SET_CUSTOMER, &error))?;
        markers.advance(&api_calls::LIST_SET_CUSTOMER, page.next_token())?;
        references
            .extend(page.customer_managed_policy_references.unwrap_or_default().into_iter().map(convert_reference));
    }

    let permissions_boundary = read_boundary(client, instance, &arn).await?;
    Ok(PermissionSet {
        permission_set_arn: arn,
        name,
        // AWS returns an empty string for a permission set without inline policy.
        inline_policy: inline.filter(|text| !text.is_empty()).as_deref().map(EmbeddedDocument::decode),
        managed_policies,
        customer_managed_policy_references: references,
        permissions_boundary,
    })
}

async fn read_boundary(
    client: &Client,
    instance: &str,
    arn: &str,
) -> Result<Option<PermissionSetBoundary>, CallFailure> {
    let request = client.get_permissions_boundary_for_permission_set().instance_arn(instance).permission_set_arn(arn);
    let answer = match request.send().await {
        Ok(answer) => answer,
        // The permission set exists, since it was described above. Its boundary does not.
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
            return Ok(None);
        }
        Err(error) => return Err(CallFailure::from_sdk_error(&api_calls::GET_SET_BOUNDARY, &error)),
    };
    Ok(answer.permissions_boundary.map(|boundary| PermissionSetBoundary {
        managed_policy_arn: boundary.managed_policy_arn,
        customer_managed_policy_reference: boundary.customer_managed_policy_reference.map(convert_reference),
    }))
}

fn convert_reference(reference: aws_sdk_ssoadmin::types::CustomerManagedPolicyReference) -> ManagedPolicyReference {
    ManagedPolicyReference { name: reference.name, path: reference.path.unwrap_or_else(|| "/".to_owned()) }
}
