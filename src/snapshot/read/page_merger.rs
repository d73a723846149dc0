//! Pages put together: entities to their accounts, policies to their holders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::auth_details::{AuthDetailsPage, IdentityDetail, IdentityDetailKind, ManagedPolicyRef};
use crate::iam::{AccountId, Partition};
use crate::snapshot::model::iam_entity_kind::IamEntityKind;
use crate::snapshot::model::snapshot::{
    Account, AttachmentKind, IamGroup, LayerKind, ManagedPolicy, MissingDocument, MissingReason, PermissionsBoundary,
    PolicyAttachment, Principal, SnapshotProblem,
};
use crate::source::{Diagnostic, SourceFile, Span};

/// Everything read so far, by account.
#[derive(Default)]
pub(crate) struct PageMerger {
    parts_by_account: BTreeMap<AccountId, AccountParts>,
    /// Policies of AWS on pages that name no account, by folder.
    unassigned_policies: Vec<UnassignedPolicy>,
    pages: Vec<MergedPage>,
}

struct AccountParts {
    partition: Partition,
    /// By kind and ARN.
    identities: BTreeMap<(IdentityDetailKind, String), IdentityDetail>,
    policies: BTreeMap<String, ManagedPolicy>,
}

struct UnassignedPolicy {
    folder: PathBuf,
    policy: ManagedPolicy,
    conflict: Diagnostic,
}

/// What is remembered of a page, to tell whether the last one is there.
struct MergedPage {
    folder: PathBuf,
    accounts: Vec<AccountId>,
    truncation: Option<Diagnostic>,
}

impl PageMerger {
    /// Adds an account, which may turn out to be empty.
    pub(crate) fn begin_account(
        &mut self,
        account: &AccountId,
        partition: Partition,
        source: &Arc<SourceFile>,
        span: Span,
        errors: &mut Vec<Diagnostic>,
    ) {
        if self.get_or_insert_parts(account, partition).is_none() {
            errors.push(two_partitions_error(source, span, account));
        }
    }

    /// Adds a page; the same thing told twice is fine, told differently it is an error.
    pub(crate) fn add_page(
        &mut self,
        page: AuthDetailsPage,
        source: &Arc<SourceFile>,
        folder: &Path,
        errors: &mut Vec<Diagnostic>,
    ) {
        let mut page_accounts: Vec<AccountId> = Vec::new();
        for entity in page.identities {
            add_account_once(&mut page_accounts, &entity.account);
            let conflict = || conflicting_content_error(source, entity.location.span, entity.arn.as_str());
            let Some(parts) = self.get_or_insert_parts(&entity.account, entity.partition) else {
                errors.push(two_partitions_error(source, entity.location.span, &entity.account));
                continue;
            };
            let key = (entity.kind, entity.arn.as_str().to_owned());
            match parts.identities.get(&key) {
                Some(existing) if *existing != entity => errors.push(conflict()),
                Some(_) => {}
                None => {
                    parts.identities.insert(key, entity);
                }
            }
        }
        let (account_policies, aws_policies): (Vec<_>, Vec<_>) =
            page.policies.into_iter().partition(|(policy, _)| AccountId::parse(policy.arn.account()).is_some());
        for (policy, span) in account_policies {
            let owner = AccountId::parse(policy.arn.account()).zip(Partition::parse(policy.arn.partition()));
            let Some((account, partition)) = owner else { continue };
            add_account_once(&mut page_accounts, &account);
            match self.get_or_insert_parts(&account, partition) {
                Some(parts) => {
                    let conflict = conflicting_content_error(source, span, policy.arn.as_str());
                    parts.add_policy(policy, conflict, errors);
                }
                None => errors.push(two_partitions_error(source, span, &account)),
            }
        }
        for (policy, span) in aws_policies {
            let conflict = conflicting_content_error(source, span, policy.arn.as_str());
            if page_accounts.is_empty() {
                self.unassigned_policies.push(UnassignedPolicy { folder: folder.to_owned(), policy, conflict });
                continue;
            }
            for account in &page_accounts {
                if let Some(parts) = self.parts_by_account.get_mut(account) {
                    parts.add_policy(policy.clone(), conflict.clone(), errors);
                }
            }
        }
        self.pages.push(MergedPage { folder: folder.to_owned(), accounts: page_accounts, truncation: page.truncation });
    }

    /// The parts of an account; none where it was seen in another partition.
    fn get_or_insert_parts(&mut self, account: &AccountId, partition: Partition) -> Option<&mut AccountParts> {
        let parts = self.parts_by_account.entry(account.clone()).or_insert_with(|| AccountParts {
            partition,
            identities: BTreeMap::new(),
            policies: BTreeMap::new(),
        });
        (parts.partition == partition).then_some(parts)
    }

    /// The accounts, each principal with its policies; and the accounts whose last page is missing.
    pub(crate) fn into_accounts(mut self, errors: &mut Vec<Diagnostic>) -> (Vec<Account>, Vec<SnapshotProblem>) {
        for UnassignedPolicy { folder, policy, conflict } in std::mem::take(&mut self.unassigned_policies) {
            let mut folder_accounts: Vec<AccountId> =
                self.pages.iter().filter(|page| page.folder == folder).flat_map(|page| page.accounts.clone()).collect();
            folder_accounts.sort();
            folder_accounts.dedup();
            let is_folder_without_accounts = folder_accounts.is_empty();
            for (id, parts) in &mut self.parts_by_account {
                let is_same_partition = policy.arn.partition() == parts.partition.as_str();
                if is_same_partition && (is_folder_without_accounts || folder_accounts.contains(id)) {
                    parts.add_policy(policy.clone(), conflict.clone(), errors);
                }
            }
        }
        let problems = self.parts_by_account.keys().filter_map(|account| self.find_truncation(account)).collect();
        let accounts = self.parts_by_account.into_iter().map(|(id, parts)| parts.into_account(id)).collect();
        (accounts, problems)
    }

    /// Whether every page of an account says that another follows.
    fn find_truncation(&self, account: &AccountId) -> Option<SnapshotProblem> {
        let pages: Vec<_> = self.pages.iter().filter(|page| page.accounts.contains(account)).collect();
        let is_closing_page = |page: &MergedPage| {
            page.truncation.is_none()
                && page.accounts.is_empty()
                && pages.iter().any(|account_page| account_page.folder == page.folder)
        };
        if pages.iter().any(|page| page.truncation.is_none()) || self.pages.iter().any(is_closing_page) {
            return None;
        }
        let last = pages.last()?.truncation.clone()?;
        Some(SnapshotProblem { subject: format!("account {account}"), diagnostics: last.into() })
    }
}

impl AccountParts {
    fn add_policy(&mut self, policy: ManagedPolicy, conflict: Diagnostic, errors: &mut Vec<Diagnostic>) {
        let arn = policy.arn.as_str().to_owned();
        match self.policies.get_mut(&arn) {
            Some(existing) if *existing != policy => errors.push(conflict),
            Some(existing) if existing.other_versions.len() < policy.other_versions.len() => {
                existing.other_versions = policy.other_versions
            }
            Some(_) => {}
            None => {
                self.policies.insert(arn, policy);
            }
        }
    }

    fn into_account(self, id: AccountId) -> Account {
        let AccountParts { partition, identities: entities, policies } = self;
        let (groups, identities_with_access): (Vec<_>, Vec<_>) =
            entities.into_values().partition(|entity| entity.kind == IdentityDetailKind::Group);
        let groups: Vec<IamGroup> = groups.into_iter().map(|entity| build_group(entity, &policies)).collect();
        let mut principals: Vec<Principal> =
            identities_with_access.into_iter().map(|entity| build_principal(entity, &groups, &policies)).collect();
        principals.sort_by(|a, b| a.arn.cmp(&b.arn));
        Account { id, partition, alias: None, principals, groups, policies, missing_documents: Vec::new() }
    }
}

fn build_group(entity: IdentityDetail, policies: &BTreeMap<String, ManagedPolicy>) -> IamGroup {
    let mut missing = Vec::new();
    let identity = collect_identity_policies(&entity, policies, &mut missing);
    let IdentityDetail { arn, name, unique_id, location: at, .. } = entity;
    IamGroup { arn, name, unique_id, identity_policies: identity, missing_documents: missing, place: at.place }
}

fn build_principal(
    entity: IdentityDetail,
    groups: &[IamGroup],
    policies: &BTreeMap<String, ManagedPolicy>,
) -> Principal {
    let mut missing = Vec::new();
    let mut identity = collect_identity_policies(&entity, policies, &mut missing);
    for name in &entity.group_names {
        match groups.iter().find(|group| group.name == *name) {
            Some(group) => {
                identity.extend(group.identity_policies.iter().cloned());
                missing.extend(group.missing_documents.iter().cloned());
            }
            None => missing.push(MissingDocument {
                layer: LayerKind::Identity,
                name: format!("group {name}"),
                attached_policy_arn: None,
                reason: MissingReason::NotCollected,
                place: entity.location.place.clone(),
            }),
        }
    }
    let boundary = entity.boundary.as_ref().map(|boundary| PermissionsBoundary {
        arn: boundary.arn.clone(),
        policy: find_managed_policy(boundary, policies, LayerKind::Boundary, &mut missing)
            .and_then(|policy| to_attachment(policy, AttachmentKind::Boundary { arn: boundary.arn.clone() })),
    });
    let trust = entity.trust_policy.and_then(|trust| match trust.document {
        Ok(document) => {
            let holding = AttachmentKind::Trust { holder: entity.arn.as_str().to_owned() };
            Some(PolicyAttachment { name: "trust policy".to_owned(), kind: holding, document, place: trust.place })
        }
        Err(why) => {
            missing.push(MissingDocument {
                layer: LayerKind::Trust,
                name: "trust policy".to_owned(),
                attached_policy_arn: None,
                reason: why,
                place: trust.place,
            });
            None
        }
    });
    let kind = match entity.kind {
        IdentityDetailKind::Role => IamEntityKind::from_role_arn(&entity.arn),
        IdentityDetailKind::User | IdentityDetailKind::Group => IamEntityKind::User,
    };
    Principal {
        arn: entity.arn,
        name: entity.name,
        path: entity.path,
        unique_id: entity.unique_id,
        entity_kind: kind,
        tags: entity.tags,
        group_names: entity.group_names,
        identity_policies: identity,
        boundary,
        trust_policy: trust,
        missing_documents: missing,
        instance_profile_count: entity.instance_profile_count,
        created_at: entity.created_at,
        last_used_at: entity.last_used_at,
        place: entity.location.place,
    }
}

/// The inline and attached policies of a user, group or role.
fn collect_identity_policies(
    entity: &IdentityDetail,
    policies: &BTreeMap<String, ManagedPolicy>,
    missing: &mut Vec<MissingDocument>,
) -> Vec<PolicyAttachment> {
    let holder = entity.arn.as_str();
    let mut identity = Vec::new();
    for (name, inline_document) in &entity.inline_policies {
        match &inline_document.document {
            Ok(document) => identity.push(PolicyAttachment {
                name: name.clone(),
                kind: AttachmentKind::Inline { holder: holder.to_owned() },
                document: Arc::clone(document),
                place: inline_document.place.clone(),
            }),
            Err(why) => missing.push(MissingDocument {
                layer: LayerKind::Identity,
                name: match entity.kind {
                    IdentityDetailKind::Group => format!("inline policy {name} of group {}", entity.name),
                    IdentityDetailKind::User | IdentityDetailKind::Role => format!("inline policy {name}"),
                },
                attached_policy_arn: None,
                reason: why.clone(),
                place: inline_document.place.clone(),
            }),
        }
    }
    for attached in &entity.attached_policies {
        if let Some(policy) = find_managed_policy(attached, policies, LayerKind::Identity, missing) {
            let holding = AttachmentKind::Attached { arn: attached.arn.clone(), holder: holder.to_owned() };
            identity.extend(to_attachment(policy, holding));
        }
    }
    identity
}

/// The managed policy of that ARN with its document; else what is missing is noted.
fn find_managed_policy<'p>(
    attached: &ManagedPolicyRef,
    policies: &'p BTreeMap<String, ManagedPolicy>,
    layer: LayerKind,
    missing: &mut Vec<MissingDocument>,
) -> Option<&'p ManagedPolicy> {
    let policy = policies.get(&attached.arn);
    let why = match policy.map(|policy| &policy.document.document) {
        Some(Ok(_)) => return policy,
        Some(Err(why)) => why.clone(),
        None => MissingReason::NotCollected,
    };
    let label = if layer == LayerKind::Boundary { "permissions boundary" } else { "attached policy" };
    let place = attached.location.place.clone();
    let attached_policy_arn = (layer != LayerKind::Boundary).then(|| attached.arn.clone());
    let name = format!("{label} {}", attached.arn);
    missing.push(MissingDocument { layer, name, attached_policy_arn, reason: why, place });
    None
}

fn to_attachment(policy: &ManagedPolicy, holding: AttachmentKind) -> Option<PolicyAttachment> {
    let document = Arc::clone(policy.document.document.as_ref().ok()?);
    Some(PolicyAttachment { name: policy.name.clone(), kind: holding, document, place: policy.document.place.clone() })
}

fn add_account_once(accounts: &mut Vec<AccountId>, account: &AccountId) {
    if !accounts.contains(account) {
        accounts.push(account.clone());
    }
}

fn conflicting_content_error(source: &Arc<SourceFile>, span: Span, arn: &str) -> Diagnostic {
    let brace = super::fields::first_char_span(span);
    Diagnostic::error(
        source,
        brace,
        format!("{arn} stands twice, with different content"),
        "the same content each time",
    )
    .with_help("keep the pages of one collection only")
}

fn two_partitions_error(source: &Arc<SourceFile>, span: Span, account: &AccountId) -> Diagnostic {
    let brace = super::fields::first_char_span(span);
    Diagnostic::error(source, brace, format!("account {account} is in two partitions"), "one partition an account")
}
