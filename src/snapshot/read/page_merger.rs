//! Merges pages into accounts, and detects accounts whose last page is missing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::attachments::{build_group, build_principal};
use super::auth_details::{AuthDetailsPage, IdentityDetail, IdentityDetailKind};
use crate::iam::{AccountId, Partition};
use crate::snapshot::model::policy::ManagedPolicy;
use crate::snapshot::model::snapshot::{Account, IamGroup, Principal, ProblemExtent, SnapshotProblem};
use crate::source::{Diagnostic, SourceFile, Span};

/// Everything read so far, by account.
#[derive(Default)]
pub(crate) struct PageMerger {
    parts_by_account: BTreeMap<AccountId, AccountParts>,
    /// AWS managed policies of pages that name no account, with the folder of the page.
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

/// What is kept of a page to find accounts whose last page is missing.
struct MergedPage {
    folder: PathBuf,
    accounts: Vec<AccountId>,
    truncation: Option<Diagnostic>,
}

impl PageMerger {
    /// Adds an account, which may be empty.
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

    /// Adds a page. The same entity or policy may appear twice with equal content; different content is an error.
    pub(crate) fn add_page(
        &mut self,
        page: AuthDetailsPage,
        source: &Arc<SourceFile>,
        folder: &Path,
        errors: &mut Vec<Diagnostic>,
    ) {
        let mut page_accounts: Vec<AccountId> = Vec::new();
        for identity in page.identities {
            add_account_once(&mut page_accounts, &identity.account);
            let conflict = || conflicting_content_error(source, identity.location.span, identity.arn.as_str());
            let Some(parts) = self.get_or_insert_parts(&identity.account, identity.partition) else {
                errors.push(two_partitions_error(source, identity.location.span, &identity.account));
                continue;
            };
            let key = (identity.kind, identity.arn.as_str().to_owned());
            match parts.identities.get(&key) {
                Some(existing) if *existing != identity => errors.push(conflict()),
                Some(_) => {}
                None => {
                    parts.identities.insert(key, identity);
                }
            }
        }
        let (account_policies, aws_policies): (Vec<_>, Vec<_>) =
            page.policies.into_iter().partition(|(policy, _)| AccountId::parse(policy.arn.account()).is_some());
        for (policy, span) in account_policies {
            // The account was parsed above; the partition of an ARN that does not parse is reported here.
            let owner = AccountId::parse(policy.arn.account()).zip(Partition::parse(policy.arn.partition()));
            let Some((account, partition)) = owner else {
                let brace = super::fields::first_char_span(span);
                let message = format!("`{}` is not an ARN of an AWS partition", policy.arn);
                errors.push(Diagnostic::error(source, brace, message, "arn:aws:…, arn:aws-cn:…, arn:aws-us-gov:…"));
                continue;
            };
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

    /// The parts of an account. `None` if it was seen in another partition before.
    fn get_or_insert_parts(&mut self, account: &AccountId, partition: Partition) -> Option<&mut AccountParts> {
        let parts = self.parts_by_account.entry(account.clone()).or_insert_with(|| AccountParts {
            partition,
            identities: BTreeMap::new(),
            policies: BTreeMap::new(),
        });
        (parts.partition == partition).then_some(parts)
    }

    /// The accounts, each principal with its policies, and a problem for each account whose last page is missing.
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

    /// The problem of an account whose pages all say that another page follows. `None` if its last page is there.
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
        let subject = format!("account {account}");
        Some(SnapshotProblem { subject, extent: ProblemExtent::Account, diagnostics: last.into() })
    }
}

impl AccountParts {
    fn add_policy(&mut self, policy: ManagedPolicy, conflict: Diagnostic, errors: &mut Vec<Diagnostic>) {
        let arn = policy.arn.as_str().to_owned();
        match self.policies.get_mut(&arn) {
            Some(existing) if *existing != policy => errors.push(conflict),
            Some(existing) if existing.other_version_count() < policy.other_version_count() => *existing = policy,
            Some(_) => {}
            None => {
                self.policies.insert(arn, policy);
            }
        }
    }

    fn into_account(self, id: AccountId) -> Account {
        let AccountParts { partition, identities, policies } = self;
        let (groups, users_and_roles): (Vec<_>, Vec<_>) =
            identities.into_values().partition(|identity| identity.kind == IdentityDetailKind::Group);
        let groups: Vec<IamGroup> = groups.into_iter().map(|group| build_group(group, &policies)).collect();
        let mut principals: Vec<Principal> =
            users_and_roles.into_iter().map(|identity| build_principal(identity, &groups, &policies)).collect();
        principals.sort_by(|a, b| a.arn.cmp(&b.arn));
        Account { id, partition, alias: None, principals, groups, policies, missing_documents: Vec::new() }
    }
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
        format!("{arn} appears twice with different content"),
        "the same content each time",
    )
    .with_help("keep the pages of one collection only")
}

fn two_partitions_error(source: &Arc<SourceFile>, span: Span, account: &AccountId) -> Diagnostic {
    let brace = super::fields::first_char_span(span);
    Diagnostic::error(source, brace, format!("account {account} is in two partitions"), "one partition per account")
}
