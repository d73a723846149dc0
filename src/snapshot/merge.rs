//! Pages put together: entities to their accounts, policies to their holders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::kind::PrincipalKind;
use super::model::{
    Absence, Account, Boundary, Group, HeldPolicy, Holding, LayerKind, ManagedPolicy, MissingDocument, Principal,
    Problem,
};
use super::page::{Attached, Entity, EntityKind, Page};
use crate::iam::{AccountId, Partition};
use crate::source::{Diagnostic, SourceFile, Span};

/// Everything read so far, by account.
#[derive(Default)]
pub(super) struct Merge {
    accounts: BTreeMap<AccountId, Parts>,
    /// Policies of AWS on pages that name no account, by folder.
    shared: Vec<Shared>,
    pages: Vec<PageNote>,
}

struct Parts {
    partition: Partition,
    /// By kind and ARN.
    entities: BTreeMap<(EntityKind, String), Entity>,
    policies: BTreeMap<String, ManagedPolicy>,
}

struct Shared {
    folder: PathBuf,
    policy: ManagedPolicy,
    conflict: Diagnostic,
}

/// What is remembered of a page, to tell whether the last one is there.
struct PageNote {
    folder: PathBuf,
    accounts: Vec<AccountId>,
    truncated: Option<Diagnostic>,
}

impl Merge {
    /// Adds an account, which may turn out to be empty.
    pub(super) fn begin(
        &mut self,
        account: &AccountId,
        partition: Partition,
        source: &Arc<SourceFile>,
        span: Span,
        errors: &mut Vec<Diagnostic>,
    ) {
        if self.parts(account, partition).is_none() {
            errors.push(two_partitions(source, span, account));
        }
    }

    /// Adds a page; the same thing told twice is fine, told differently it is an error.
    pub(super) fn add(&mut self, page: Page, source: &Arc<SourceFile>, folder: &Path, errors: &mut Vec<Diagnostic>) {
        let mut on_page: Vec<AccountId> = Vec::new();
        for entity in page.entities {
            note(&mut on_page, &entity.account);
            let conflict = || twice(source, entity.at.span, entity.arn.as_str());
            let Some(parts) = self.parts(&entity.account, entity.partition) else {
                errors.push(two_partitions(source, entity.at.span, &entity.account));
                continue;
            };
            let key = (entity.kind, entity.arn.as_str().to_owned());
            match parts.entities.get(&key) {
                Some(other) if *other != entity => errors.push(conflict()),
                Some(_) => {}
                None => {
                    parts.entities.insert(key, entity);
                }
            }
        }
        let (own, aws): (Vec<_>, Vec<_>) =
            page.policies.into_iter().partition(|(policy, _)| AccountId::parse(policy.arn.account()).is_some());
        for (policy, span) in own {
            let owner = AccountId::parse(policy.arn.account()).zip(Partition::parse(policy.arn.partition()));
            let Some((account, partition)) = owner else { continue };
            note(&mut on_page, &account);
            match self.parts(&account, partition) {
                Some(parts) => {
                    let conflict = twice(source, span, policy.arn.as_str());
                    parts.add_policy(policy, conflict, errors);
                }
                None => errors.push(two_partitions(source, span, &account)),
            }
        }
        for (policy, span) in aws {
            let conflict = twice(source, span, policy.arn.as_str());
            if on_page.is_empty() {
                self.shared.push(Shared { folder: folder.to_owned(), policy, conflict });
                continue;
            }
            for account in &on_page {
                if let Some(parts) = self.accounts.get_mut(account) {
                    parts.add_policy(policy.clone(), conflict.clone(), errors);
                }
            }
        }
        self.pages.push(PageNote { folder: folder.to_owned(), accounts: on_page, truncated: page.truncated });
    }

    /// The parts of an account; none where it was seen in another partition.
    fn parts(&mut self, account: &AccountId, partition: Partition) -> Option<&mut Parts> {
        let parts = self.accounts.entry(account.clone()).or_insert_with(|| Parts {
            partition,
            entities: BTreeMap::new(),
            policies: BTreeMap::new(),
        });
        (parts.partition == partition).then_some(parts)
    }

    /// The accounts, each principal with its policies; and the accounts whose last page is missing.
    pub(super) fn finish(mut self, errors: &mut Vec<Diagnostic>) -> (Vec<Account>, Vec<Problem>) {
        for Shared { folder, policy, conflict } in std::mem::take(&mut self.shared) {
            let mut near: Vec<AccountId> =
                self.pages.iter().filter(|page| page.folder == folder).flat_map(|page| page.accounts.clone()).collect();
            near.sort();
            near.dedup();
            let anywhere = near.is_empty();
            for (id, parts) in &mut self.accounts {
                let partition = policy.arn.partition() == parts.partition.as_str();
                if partition && (anywhere || near.contains(id)) {
                    parts.add_policy(policy.clone(), conflict.clone(), errors);
                }
            }
        }
        let problems = self.accounts.keys().filter_map(|account| self.truncation(account)).collect();
        let accounts = self.accounts.into_iter().map(|(id, parts)| parts.account(id)).collect();
        (accounts, problems)
    }

    /// Whether every page of an account says that another follows.
    fn truncation(&self, account: &AccountId) -> Option<Problem> {
        let pages: Vec<_> = self.pages.iter().filter(|page| page.accounts.contains(account)).collect();
        let closing = |page: &PageNote| {
            page.truncated.is_none() && page.accounts.is_empty() && pages.iter().any(|own| own.folder == page.folder)
        };
        if pages.iter().any(|page| page.truncated.is_none()) || self.pages.iter().any(closing) {
            return None;
        }
        let last = pages.last()?.truncated.clone()?;
        Some(Problem { what: format!("account {account}"), diagnostics: last.into() })
    }
}

impl Parts {
    fn add_policy(&mut self, policy: ManagedPolicy, conflict: Diagnostic, errors: &mut Vec<Diagnostic>) {
        let arn = policy.arn.as_str().to_owned();
        match self.policies.get_mut(&arn) {
            Some(other) if *other != policy => errors.push(conflict),
            Some(known) if known.versions.len() < policy.versions.len() => known.versions = policy.versions,
            Some(_) => {}
            None => {
                self.policies.insert(arn, policy);
            }
        }
    }

    fn account(self, id: AccountId) -> Account {
        let Parts { partition, entities, policies } = self;
        let (groups, others): (Vec<_>, Vec<_>) =
            entities.into_values().partition(|entity| entity.kind == EntityKind::Group);
        let groups: Vec<Group> = groups.into_iter().map(|entity| group(entity, &policies)).collect();
        let mut principals: Vec<Principal> =
            others.into_iter().map(|entity| principal(entity, &groups, &policies)).collect();
        principals.sort_by(|a, b| a.arn.cmp(&b.arn));
        Account { id, partition, alias: None, principals, groups, policies, missing: Vec::new() }
    }
}

fn group(entity: Entity, policies: &BTreeMap<String, ManagedPolicy>) -> Group {
    let mut missing = Vec::new();
    let identity = identity(&entity, policies, &mut missing);
    let Entity { arn, name, unique_id, at, .. } = entity;
    Group { arn, name, unique_id, identity, missing, place: at.place }
}

fn principal(entity: Entity, groups: &[Group], policies: &BTreeMap<String, ManagedPolicy>) -> Principal {
    let mut missing = Vec::new();
    let mut identity = identity(&entity, policies, &mut missing);
    for name in &entity.groups {
        match groups.iter().find(|group| group.name == *name) {
            Some(group) => {
                identity.extend(group.identity.iter().cloned());
                missing.extend(group.missing.iter().cloned());
            }
            None => missing.push(MissingDocument {
                layer: LayerKind::Identity,
                name: format!("group {name}"),
                why: Absence::NotCollected,
                place: entity.at.place.clone(),
            }),
        }
    }
    let boundary = entity.boundary.as_ref().map(|boundary| Boundary {
        arn: boundary.arn.clone(),
        policy: managed(boundary, policies, LayerKind::Boundary, &mut missing)
            .and_then(|policy| held(policy, Holding::Boundary { arn: boundary.arn.clone() })),
    });
    let trust = entity.trust.and_then(|trust| match trust.document {
        Ok(document) => {
            let holding = Holding::Trust { holder: entity.arn.as_str().to_owned() };
            Some(HeldPolicy { name: "trust policy".to_owned(), holding, document, place: trust.place })
        }
        Err(why) => {
            missing.push(MissingDocument {
                layer: LayerKind::Trust,
                name: "trust policy".to_owned(),
                why,
                place: trust.place,
            });
            None
        }
    });
    let kind = match entity.kind {
        EntityKind::Role => PrincipalKind::of_role(&entity.arn),
        EntityKind::User | EntityKind::Group => PrincipalKind::User,
    };
    Principal {
        arn: entity.arn,
        name: entity.name,
        path: entity.path,
        unique_id: entity.unique_id,
        kind,
        tags: entity.tags,
        groups: entity.groups,
        identity,
        boundary,
        trust,
        missing,
        instance_profiles: entity.instance_profiles,
        created: entity.created,
        last_used: entity.last_used,
        place: entity.at.place,
    }
}

/// The inline and attached policies of a user, group or role.
fn identity(
    entity: &Entity,
    policies: &BTreeMap<String, ManagedPolicy>,
    missing: &mut Vec<MissingDocument>,
) -> Vec<HeldPolicy> {
    let holder = entity.arn.as_str();
    let mut identity = Vec::new();
    for (name, held) in &entity.inline {
        match &held.document {
            Ok(document) => identity.push(HeldPolicy {
                name: name.clone(),
                holding: Holding::Inline { holder: holder.to_owned() },
                document: Arc::clone(document),
                place: held.place.clone(),
            }),
            Err(why) => missing.push(MissingDocument {
                layer: LayerKind::Identity,
                name: match entity.kind {
                    EntityKind::Group => format!("inline policy {name} of group {}", entity.name),
                    EntityKind::User | EntityKind::Role => format!("inline policy {name}"),
                },
                why: why.clone(),
                place: held.place.clone(),
            }),
        }
    }
    for attached in &entity.attached {
        if let Some(policy) = managed(attached, policies, LayerKind::Identity, missing) {
            let holding = Holding::Attached { arn: attached.arn.clone(), holder: holder.to_owned() };
            identity.extend(held(policy, holding));
        }
    }
    identity
}

/// The managed policy of that ARN with its document; else what is missing is noted.
fn managed<'p>(
    attached: &Attached,
    policies: &'p BTreeMap<String, ManagedPolicy>,
    layer: LayerKind,
    missing: &mut Vec<MissingDocument>,
) -> Option<&'p ManagedPolicy> {
    let policy = policies.get(&attached.arn);
    let why = match policy.map(|policy| &policy.document.document) {
        Some(Ok(_)) => return policy,
        Some(Err(why)) => why.clone(),
        None => Absence::NotCollected,
    };
    let role = if layer == LayerKind::Boundary { "permissions boundary" } else { "attached policy" };
    let place = attached.at.place.clone();
    missing.push(MissingDocument { layer, name: format!("{role} {}", attached.arn), why, place });
    None
}

fn held(policy: &ManagedPolicy, holding: Holding) -> Option<HeldPolicy> {
    let document = Arc::clone(policy.document.document.as_ref().ok()?);
    Some(HeldPolicy { name: policy.name.clone(), holding, document, place: policy.document.place.clone() })
}

fn note(accounts: &mut Vec<AccountId>, account: &AccountId) {
    if !accounts.contains(account) {
        accounts.push(account.clone());
    }
}

fn twice(source: &Arc<SourceFile>, span: Span, arn: &str) -> Diagnostic {
    let brace = super::read::first_char(span);
    Diagnostic::error(
        source,
        brace,
        format!("{arn} stands twice, with different content"),
        "the same content each time",
    )
    .with_help("keep the pages of one collection only")
}

fn two_partitions(source: &Arc<SourceFile>, span: Span, account: &AccountId) -> Diagnostic {
    let brace = super::read::first_char(span);
    Diagnostic::error(source, brace, format!("account {account} is in two partitions"), "one partition an account")
}
