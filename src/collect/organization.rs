//! The organization: its roots, units and accounts from the top down, its SCPs and RCPs with what they are attached
//! to, and the delegated administrators.

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types;

use super::calls;
use super::failure::{Failure, FailureKind};
use super::session::Session;
use crate::snapshot::format::{
    AccountEntry, DelegatedAdministratorEntry, Document, OrganizationEntry, OrganizationFile, OrganizationalUnitEntry,
    Part, PolicyEntry, PolicyType, PolicyTypeEntry, PolicyTypeStatus, RootEntry, UnreadPart,
};

/// Reads the organization. Without its units nobody can tell what binds an account, so those are read whole or not at
/// all; of policies and delegated administrators what could not be read is told beside it.
pub(super) async fn read(session: &Session) -> Result<(OrganizationFile, Vec<UnreadPart>), Failure> {
    let config = aws_sdk_organizations::config::Builder::from(&session.config).retry_partition(session.retries.clone());
    let reader = Reader { client: Client::from_conf(config.build()) };
    let organization = reader.head().await?;
    let roots = reader.roots().await?;
    let mut units = Vec::new();
    let mut accounts = Vec::new();
    let mut parents: Vec<String> = roots.iter().map(|root| root.id.clone()).collect();
    while let Some(parent) = parents.pop() {
        accounts.extend(reader.accounts(&parent).await?);
        let inside = reader.units(&parent).await?;
        parents.extend(inside.iter().map(|unit| unit.id.clone()));
        units.extend(inside);
    }
    accounts.sort_by(|a, b| a.id.cmp(&b.id));
    units.sort_by(|a, b| a.id.cmp(&b.id));
    let mut unread = Vec::new();
    let mut policies = Vec::new();
    for (policy_type, part) in [
        (PolicyType::ServiceControlPolicy, Part::ServiceControlPolicies),
        (PolicyType::ResourceControlPolicy, Part::ResourceControlPolicies),
    ] {
        if roots.iter().any(|root| is_enabled(root, policy_type)) {
            policies.extend(noted(reader.policies(policy_type).await, part, &mut unread)?);
        }
    }
    let delegated = reader.delegated_administrators().await;
    let delegated_administrators = noted(delegated, Part::DelegatedAdministrators, &mut unread)?;
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

/// What was read; or nothing, and the failure noted. Credentials that have expired fail everything.
fn noted<T>(read: Result<Vec<T>, Failure>, part: Part, unread: &mut Vec<UnreadPart>) -> Result<Vec<T>, Failure> {
    match read {
        Err(failure) if failure.kind != FailureKind::Credentials => {
            unread.push(failure.unread(part, None));
            Ok(Vec::new())
        }
        read => read,
    }
}

/// Policies of a type that is not enabled have no effect, and cannot be listed everywhere.
fn is_enabled(root: &RootEntry, policy_type: PolicyType) -> bool {
    let name = wire_type(policy_type);
    root.policy_types
        .iter()
        .any(|entry| entry.policy_type == name.as_str() && entry.status != PolicyTypeStatus::PendingDisable)
}

fn wire_type(policy_type: PolicyType) -> types::PolicyType {
    match policy_type {
        PolicyType::ServiceControlPolicy => types::PolicyType::ServiceControlPolicy,
        PolicyType::ResourceControlPolicy => types::PolicyType::ResourceControlPolicy,
    }
}

struct Reader {
    client: Client,
}

impl Reader {
    async fn head(&self) -> Result<OrganizationEntry, Failure> {
        let call = &calls::DESCRIBE_ORGANIZATION;
        let answer = self.client.describe_organization().send().await.map_err(|error| Failure::of(call, &error))?;
        let organization = answer.organization.and_then(|found| found.id.zip(found.master_account_id));
        match organization {
            Some((id, master_account_id)) => Ok(OrganizationEntry { id, master_account_id }),
            None => Err(Failure::unexpected(call, "the organization came without its id or management account")),
        }
    }

    async fn roots(&self) -> Result<Vec<RootEntry>, Failure> {
        let call = &calls::LIST_ROOTS;
        let mut roots = Vec::new();
        let mut pages = self.client.list_roots().into_paginator().send();
        while let Some(page) = pages.next().await {
            for root in page.map_err(|error| Failure::of(call, &error))?.roots.unwrap_or_default() {
                let policy_types = root.policy_types.unwrap_or_default().into_iter().map(policy_type).collect();
                roots.push(RootEntry { id: id(call, root.id)?, name: root.name, policy_types });
            }
        }
        if roots.is_empty() {
            return Err(Failure::unexpected(call, "no root came"));
        }
        Ok(roots)
    }

    async fn units(&self, parent: &str) -> Result<Vec<OrganizationalUnitEntry>, Failure> {
        let call = &calls::LIST_UNITS;
        let mut units = Vec::new();
        let mut pages = self.client.list_organizational_units_for_parent().parent_id(parent).into_paginator().send();
        while let Some(page) = pages.next().await {
            for unit in page.map_err(|error| Failure::of(call, &error))?.organizational_units.unwrap_or_default() {
                let id = id(call, unit.id)?;
                units.push(OrganizationalUnitEntry { id, name: unit.name, parent_id: parent.to_owned() });
            }
        }
        Ok(units)
    }

    async fn accounts(&self, parent: &str) -> Result<Vec<AccountEntry>, Failure> {
        let call = &calls::LIST_ACCOUNTS;
        let mut accounts = Vec::new();
        let mut pages = self.client.list_accounts_for_parent().parent_id(parent).into_paginator().send();
        while let Some(page) = pages.next().await {
            for account in page.map_err(|error| Failure::of(call, &error))?.accounts.unwrap_or_default() {
                // `State` has replaced `Status`; not every partition and server returns it yet.
                #[allow(deprecated)]
                let status = account.status.map(|status| status.as_str().to_owned());
                let status = account.state.map(|state| state.as_str().to_owned()).or(status);
                let id = id(call, account.id)?;
                accounts.push(AccountEntry { id, name: account.name, parent_id: parent.to_owned(), status });
            }
        }
        Ok(accounts)
    }

    async fn policies(&self, policy_type: PolicyType) -> Result<Vec<PolicyEntry>, Failure> {
        let call = &calls::LIST_POLICIES;
        let mut policies = Vec::new();
        let mut pages = self.client.list_policies().filter(wire_type(policy_type)).into_paginator().send();
        while let Some(page) = pages.next().await {
            for summary in page.map_err(|error| Failure::of(call, &error))?.policies.unwrap_or_default() {
                let id = id(call, summary.id)?;
                let (content, targets) = (self.content(&id).await?, self.targets(&id).await?);
                let name = summary.name.unwrap_or_else(|| id.clone());
                policies.push(PolicyEntry { id, name, policy_type, content, targets });
            }
        }
        Ok(policies)
    }

    async fn content(&self, policy: &str) -> Result<Document, Failure> {
        let call = &calls::DESCRIBE_POLICY;
        let answer = self.client.describe_policy().policy_id(policy).send().await;
        let content = answer.map_err(|error| Failure::of(call, &error))?.policy.and_then(|policy| policy.content);
        match content {
            Some(content) => Ok(Document::decode(&content)),
            None => Err(Failure::unexpected(call, format!("{policy} came without its content"))),
        }
    }

    async fn targets(&self, policy: &str) -> Result<Vec<String>, Failure> {
        let call = &calls::LIST_TARGETS;
        let mut targets = Vec::new();
        let mut pages = self.client.list_targets_for_policy().policy_id(policy).into_paginator().send();
        while let Some(page) = pages.next().await {
            for target in page.map_err(|error| Failure::of(call, &error))?.targets.unwrap_or_default() {
                targets.push(id(call, target.target_id)?);
            }
        }
        Ok(targets)
    }

    async fn delegated_administrators(&self) -> Result<Vec<DelegatedAdministratorEntry>, Failure> {
        let call = &calls::LIST_DELEGATED;
        let mut administrators = Vec::new();
        let mut pages = self.client.list_delegated_administrators().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Failure::of(call, &error))?;
            for administrator in page.delegated_administrators.unwrap_or_default() {
                administrators.push(DelegatedAdministratorEntry { id: id(call, administrator.id)? });
            }
        }
        Ok(administrators)
    }
}

fn policy_type(entry: types::PolicyTypeSummary) -> PolicyTypeEntry {
    let status = match entry.status {
        Some(types::PolicyTypeStatus::Enabled) => PolicyTypeStatus::Enabled,
        Some(types::PolicyTypeStatus::PendingDisable) => PolicyTypeStatus::PendingDisable,
        // On its way, or a status that this version does not know: not yet in force.
        _ => PolicyTypeStatus::PendingEnable,
    };
    PolicyTypeEntry { policy_type: entry.r#type.map_or_else(String::new, |name| name.as_str().to_owned()), status }
}

/// An id, without which an entry would stand for nothing.
fn id(call: &'static calls::Call, id: Option<String>) -> Result<String, Failure> {
    id.ok_or_else(|| Failure::unexpected(call, "an entry came without its id"))
}
