//! Reads the organization: roots, organizational units and accounts from the top down, SCPs and RCPs with their targets,
//! and delegated administrators.

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types;

use super::api_calls;
use super::aws_session::AwsSession;
use super::call_failure::{CallFailure, CallFailureKind};
use super::page_markers::PageMarkers;
use crate::snapshot::format::{
    AccountEntry, CollectionPart, DelegatedAdministratorEntry, EmbeddedDocument, OrganizationEntry, OrganizationFile,
    OrganizationalUnitEntry, PolicyEntry, PolicyType, PolicyTypeEntry, PolicyTypeStatus, RootEntry, UnreadPart,
};

/// Reads the organization and returns the parts that could not be read. Without all organizational units, the policies
/// of an account are unknown, so a failure there fails the whole. Policies and delegated administrators can be unread.
pub(super) async fn read_organization(
    session: &AwsSession,
) -> Result<(OrganizationFile, Vec<UnreadPart>), CallFailure> {
    let config = aws_sdk_organizations::config::Builder::from(&session.config).retry_partition(session.retries.clone());
    let reader = OrganizationClient { client: Client::from_conf(config.build()) };
    let organization = reader.describe_organization().await?;
    let mut unread = Vec::new();
    let roots = reader.list_roots(&mut unread).await?;
    let mut units = Vec::new();
    let mut accounts = Vec::new();
    let mut parents: Vec<String> = roots.iter().map(|root| root.id.clone()).collect();
    while let Some(parent) = parents.pop() {
        accounts.extend(reader.list_accounts(&parent).await?);
        let child_units = reader.list_units(&parent).await?;
        parents.extend(child_units.iter().map(|unit| unit.id.clone()));
        units.extend(child_units);
    }
    accounts.sort_by(|a, b| a.id.cmp(&b.id));
    units.sort_by(|a, b| a.id.cmp(&b.id));
    let mut policies = Vec::new();
    for (policy_type, part) in [
        (PolicyType::ServiceControlPolicy, CollectionPart::ServiceControlPolicies),
        (PolicyType::ResourceControlPolicy, CollectionPart::ResourceControlPolicies),
    ] {
        if roots.iter().any(|root| is_policy_type_enabled(root, policy_type)) {
            policies.extend(take_or_record_failure(reader.list_policies(policy_type).await, part, &mut unread)?);
        }
    }
    let delegated = reader.list_delegated_administrators().await;
    let delegated_administrators =
        take_or_record_failure(delegated, CollectionPart::DelegatedAdministrators, &mut unread)?;
    let file = OrganizationFile {
        organization,
        roots,
        organizational_units: units,
        accounts,
        policies,
        delegated_administrators,
    };
    Ok((file, unread))
}

/// The list, or an empty one if the failure is recorded as unread. Expired credentials remain an error.
fn take_or_record_failure<T>(
    result: Result<Vec<T>, CallFailure>,
    part: CollectionPart,
    unread: &mut Vec<UnreadPart>,
) -> Result<Vec<T>, CallFailure> {
    match result {
        Err(failure) if failure.kind != CallFailureKind::Credentials => {
            unread.push(failure.to_unread_part(part, None));
            Ok(Vec::new())
        }
        read => read,
    }
}

/// Whether policies of this type must be listed. Policies of a disabled type have no effect.
fn is_policy_type_enabled(root: &RootEntry, policy_type: PolicyType) -> bool {
    let name = to_sdk_policy_type(policy_type);
    root.policy_types
        .iter()
        .any(|entry| entry.policy_type == name.as_str() && entry.status != PolicyTypeStatus::PendingDisable)
}

fn to_sdk_policy_type(policy_type: PolicyType) -> types::PolicyType {
    match policy_type {
        PolicyType::ServiceControlPolicy => types::PolicyType::ServiceControlPolicy,
        PolicyType::ResourceControlPolicy => types::PolicyType::ResourceControlPolicy,
    }
}

struct OrganizationClient {
    client: Client,
}

impl OrganizationClient {
    async fn describe_organization(&self) -> Result<OrganizationEntry, CallFailure> {
        let call = &api_calls::DESCRIBE_ORGANIZATION;
        let answer = self
            .client
            .describe_organization()
            .send()
            .await
            .map_err(|error| CallFailure::from_sdk_error(call, &error))?;
        let organization = answer.organization.and_then(|entry| entry.id.zip(entry.master_account_id));
        match organization {
            Some((id, master_account_id)) => Ok(OrganizationEntry { id, master_account_id }),
            None => Err(CallFailure::from_unexpected_answer(
                call,
                "the answer lacks the id or the management account of the organization",
            )),
        }
    }

    /// Lists the roots. A policy type whose status is unknown is recorded as unread.
    async fn list_roots(&self, unread: &mut Vec<UnreadPart>) -> Result<Vec<RootEntry>, CallFailure> {
        let call = &api_calls::LIST_ROOTS;
        let mut roots = Vec::new();
        let mut pages = self.client.list_roots().into_paginator().send();
        let mut markers = PageMarkers::default();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallFailure::from_sdk_error(call, &error))?;
            markers.advance(call, page.next_token())?;
            for root in page.roots.unwrap_or_default() {
                // Here and below: AWS can leave out an empty list. The SDK then has `None`.
                let policy_types = root.policy_types.unwrap_or_default();
                unread.extend(policy_types.iter().filter_map(find_unknown_status));
                let policy_types = policy_types.into_iter().map(convert_policy_type).collect();
                roots.push(RootEntry { id: require_id(call, root.id)?, name: root.name, policy_types });
            }
        }
        if roots.is_empty() {
            return Err(CallFailure::from_unexpected_answer(call, "the answer has no root"));
        }
        Ok(roots)
    }

    async fn list_units(&self, parent: &str) -> Result<Vec<OrganizationalUnitEntry>, CallFailure> {
        let call = &api_calls::LIST_UNITS;
        let mut units = Vec::new();
        let mut pages = self.client.list_organizational_units_for_parent().parent_id(parent).into_paginator().send();
        let mut markers = PageMarkers::default();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallFailure::from_sdk_error(call, &error))?;
            markers.advance(call, page.next_token())?;
            for unit in page.organizational_units.unwrap_or_default() {
                let id = require_id(call, unit.id)?;
                units.push(OrganizationalUnitEntry { id, name: unit.name, parent_id: parent.to_owned() });
            }
        }
        Ok(units)
    }

    async fn list_accounts(&self, parent: &str) -> Result<Vec<AccountEntry>, CallFailure> {
        let call = &api_calls::LIST_ACCOUNTS;
        let mut accounts = Vec::new();
        let mut pages = self.client.list_accounts_for_parent().parent_id(parent).into_paginator().send();
        let mut markers = PageMarkers::default();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallFailure::from_sdk_error(call, &error))?;
            markers.advance(call, page.next_token())?;
            for account in page.accounts.unwrap_or_default() {
                // AWS replaced `Status` with `State`. Some partitions and servers return only `Status`.
                #[allow(deprecated)]
                let status = account.status.map(|status| status.as_str().to_owned());
                let status = account.state.map(|state| state.as_str().to_owned()).or(status);
                let id = require_id(call, account.id)?;
                accounts.push(AccountEntry { id, name: account.name, parent_id: parent.to_owned(), status });
            }
        }
        Ok(accounts)
    }

    async fn list_policies(&self, policy_type: PolicyType) -> Result<Vec<PolicyEntry>, CallFailure> {
        let call = &api_calls::LIST_POLICIES;
        let mut policies = Vec::new();
        let mut pages = self.client.list_policies().filter(to_sdk_policy_type(policy_type)).into_paginator().send();
        let mut markers = PageMarkers::default();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallFailure::from_sdk_error(call, &error))?;
            markers.advance(call, page.next_token())?;
            for summary in page.policies.unwrap_or_default() {
                let id = require_id(call, summary.id)?;
                let (content, targets) = (self.read_policy_content(&id).await?, self.list_policy_targets(&id).await?);
                let name = summary.name.unwrap_or_else(|| id.clone());
                policies.push(PolicyEntry { id, name, policy_type, content, targets });
            }
        }
        Ok(policies)
    }

    async fn read_policy_content(&self, policy: &str) -> Result<EmbeddedDocument, CallFailure> {
        let call = &api_calls::DESCRIBE_POLICY;
        let answer = self.client.describe_policy().policy_id(policy).send().await;
        let content =
            answer.map_err(|error| CallFailure::from_sdk_error(call, &error))?.policy.and_then(|policy| policy.content);
        match content {
            Some(content) => Ok(EmbeddedDocument::decode(&content)),
            None => Err(CallFailure::from_unexpected_answer(call, format!("the answer has no content for {policy}"))),
        }
    }

    async fn list_policy_targets(&self, policy: &str) -> Result<Vec<String>, CallFailure> {
        let call = &api_calls::LIST_TARGETS;
        let mut targets = Vec::new();
        let mut pages = self.client.list_targets_for_policy().policy_id(policy).into_paginator().send();
        let mut markers = PageMarkers::default();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallFailure::from_sdk_error(call, &error))?;
            markers.advance(call, page.next_token())?;
            for target in page.targets.unwrap_or_default() {
                targets.push(require_id(call, target.target_id)?);
            }
        }
        Ok(targets)
    }

    async fn list_delegated_administrators(&self) -> Result<Vec<DelegatedAdministratorEntry>, CallFailure> {
        let call = &api_calls::LIST_DELEGATED;
        let mut administrators = Vec::new();
        let mut pages = self.client.list_delegated_administrators().into_paginator().send();
        let mut markers = PageMarkers::default();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallFailure::from_sdk_error(call, &error))?;
            markers.advance(call, page.next_token())?;
            for administrator in page.delegated_administrators.unwrap_or_default() {
                administrators.push(DelegatedAdministratorEntry { id: require_id(call, administrator.id)? });
            }
        }
        Ok(administrators)
    }
}

/// The unread part if the status of a policy type that limits permissions is missing or unknown to this version.
fn find_unknown_status(entry: &types::PolicyTypeSummary) -> Option<UnreadPart> {
    let part = match entry.r#type.as_ref()? {
        types::PolicyType::ServiceControlPolicy => CollectionPart::ServiceControlPolicies,
        types::PolicyType::ResourceControlPolicy => CollectionPart::ResourceControlPolicies,
        _ => return None,
    };
    let message = match &entry.status {
        Some(
            types::PolicyTypeStatus::Enabled
            | types::PolicyTypeStatus::PendingEnable
            | types::PolicyTypeStatus::PendingDisable,
        ) => return None,
        Some(status) => format!("the policy type has the unknown status `{}`", status.as_str()),
        None => "the policy type has no status".to_owned(),
    };
    Some(CallFailure::from_unexpected_answer(&api_calls::LIST_ROOTS, message).to_unread_part(part, None))
}

fn convert_policy_type(entry: types::PolicyTypeSummary) -> PolicyTypeEntry {
    let status = match entry.status {
        Some(types::PolicyTypeStatus::Enabled) => PolicyTypeStatus::Enabled,
        Some(types::PolicyTypeStatus::PendingDisable) => PolicyTypeStatus::PendingDisable,
        // Not in effect yet. An unknown status is recorded as unread (`find_unknown_status`).
        _ => PolicyTypeStatus::PendingEnable,
    };
    PolicyTypeEntry { policy_type: entry.r#type.map_or_else(String::new, |name| name.as_str().to_owned()), status }
}

/// The id of an entry, which AWS always returns.
fn require_id(call: &'static api_calls::ApiCall, id: Option<String>) -> Result<String, CallFailure> {
    id.ok_or_else(|| CallFailure::from_unexpected_answer(call, "the answer has an entry without an id"))
}
