//! Trust policies as resource policies: `sts:AssumeRole` on a role needs the consent of its trust policy
//! (`docs/semantics.md` §4).

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::layers::{PolicyConsent, ResourcePolicies, ResourcePolicy};
use super::pattern_match::{MidSegmentStar, match_resource};
use super::request::Context;
use crate::iam::{Arn, AwsPrincipal, Effect, ElementKind, PolicyDocument, PrincipalEntry, Statement, Template};
use crate::snapshot::{Account, LayerKind, Principal, Snapshot};

/// The actions on a role that a caller with AWS credentials uses to assume it.
const ASSUME_ROLE_ACTIONS: [&str; 4] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"];

/// A role of a snapshot, with its account.
pub(crate) type LocatedRole<'s> = (&'s Account, &'s Principal);

/// The roles of a snapshot that have a trust policy.
pub(super) struct RoleTrustIndex<'s> {
    by_arn: FxHashMap<&'s str, LocatedRole<'s>>,
    /// By each name of a caller in an Allow statement, the roles.
    by_caller: FxHashMap<CallerName<'s>, Vec<LocatedRole<'s>>>,
}

/// How a trust policy names a user or role.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum CallerName<'s> {
    Arn(&'s str),
    UniqueId(&'s str),
    /// A session of the role with this name. The ARN of a session does not have the path of the role.
    SessionOf {
        account: &'s str,
        role: &'s str,
    },
}

impl<'s> RoleTrustIndex<'s> {
    pub fn new(snapshot: &'s Snapshot) -> RoleTrustIndex<'s> {
        let mut index = RoleTrustIndex { by_arn: FxHashMap::default(), by_caller: FxHashMap::default() };
        for (account, role) in snapshot.principals() {
            let Some(trust) = &role.trust_policy else { continue };
            index.by_arn.insert(role.arn.as_str(), (account, role));
            let names: Vec<CallerName<'s>> = trust.document.statements.iter().flat_map(list_caller_names).collect();
            for name in names {
                index.by_caller.entry(name).or_default().push((account, role));
            }
        }
        index
    }

    /// The roles of a principal's own account whose trust policy names the principal or one of its sessions, without
    /// duplicates, by ARN. Such a trust policy can allow the principal to assume the role without an identity policy.
    pub fn find_roles_naming(&self, principal: &'s Principal) -> Vec<LocatedRole<'s>> {
        let (arn, account) = (principal.arn.as_str(), principal.arn.account());
        let names = [
            Some(CallerName::Arn(arn)),
            principal.unique_id.as_deref().map(CallerName::UniqueId),
            Some(CallerName::SessionOf { account, role: principal.name.as_str() })
                .filter(|_| principal.trust_policy.is_some()),
        ];
        let named = names.into_iter().flatten().filter_map(|name| self.by_caller.get(&name)).flatten();
        let mut roles: Vec<LocatedRole<'s>> =
            named.filter(|(owner, _)| owner.id.as_str() == account).copied().collect();
        roles.sort_by_key(|(_, role)| role.arn.as_str());
        roles.dedup_by_key(|(_, role)| role.arn.as_str());
        roles
    }

    /// The trust policies that decide whether a principal can assume roles: those of the roles that its policies name in full,
    /// and those of the roles that its policies match and one of the `compared` documents names in full. Those that name the
    /// principal also grant. For any other role that a pattern matches, consent is assumed, which allows more: the pattern also matches
    /// roles that the snapshot does not have, and the documents treat all of them the same.
    pub fn find_trust_policies<'d>(
        &self,
        principal: &'s Principal,
        compared: impl Iterator<Item = &'d PolicyDocument>,
    ) -> Vec<ResourcePolicy> {
        let naming = self.find_roles_naming(principal);
        let mut arns: BTreeSet<&'s str> = BTreeSet::new();
        let statements = || principal.identity_policies.iter().flat_map(|policy| &policy.document.statements);
        let assuming: Vec<&Statement> = statements().filter(|statement| allows_assuming(statement)).collect();
        if !assuming.is_empty() {
            let own = assuming.iter().flat_map(|statement| self.list_named_roles(statement));
            arns.extend(own);
            // A Deny statement of its own can leave one role of those that a pattern matches.
            let denying = statements().filter(|statement| statement.effect == Effect::Deny);
            let compared = compared.flat_map(|document| &document.statements).chain(denying);
            let named = compared.flat_map(|statement| self.list_named_roles(statement));
            arns.extend(named.filter(|arn| assuming.iter().any(|statement| may_match(statement, arn))));
        }
        let by_name = naming.iter().filter(|(_, role)| !arns.contains(role.arn.as_str()));
        let assumed = by_name.filter_map(|(account, role)| ResourcePolicy::from_trust_policy(account, role));
        let assumed = assumed.map(|policy| ResourcePolicy { consent: PolicyConsent::Assumed, ..policy });
        let roles = arns.iter().filter_map(|arn| self.by_arn.get(arn));
        let required = roles.filter_map(|(account, role)| ResourcePolicy::from_trust_policy(account, role));
        required.chain(assumed).collect()
    }

    /// The roles that a statement names in full, in its resources or in those that it excludes.
    fn list_named_roles(&self, statement: &Statement) -> impl Iterator<Item = &'s str> {
        let patterns = statement.resource.iter().flat_map(|element| &element.patterns);
        let roles = patterns.filter_map(|pattern| self.by_arn.get(pattern.as_written()));
        roles.map(|(_, role)| role.arn.as_str()).collect::<Vec<_>>().into_iter()
    }
}

/// The names of users, roles and sessions in an Allow statement of a trust policy.
fn list_caller_names(statement: &Statement) -> Vec<CallerName<'_>> {
    let element = statement.principal.as_ref().filter(|element| element.kind == ElementKind::List);
    let entries = element.filter(|_| statement.effect == Effect::Allow).into_iter().flat_map(|e| &e.entries);
    let mut names = Vec::new();
    for entry in entries {
        match entry {
            PrincipalEntry::Aws(AwsPrincipal::UniqueId(id)) => names.push(CallerName::UniqueId(id)),
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => names.push(name_of_arn(arn)),
            _ => {}
        }
    }
    names
}

fn name_of_arn(arn: &Arn) -> CallerName<'_> {
    let session = arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/'));
    match session {
        Some((role, _)) => CallerName::SessionOf { account: arn.account(), role },
        None => CallerName::Arn(arn.as_str()),
    }
}

/// Whether the trust policy of a role could let a principal of its account assume the role without an identity policy: it
/// names the principal, one of its sessions or everyone, or it cannot be read. Conditions are ignored.
pub(crate) fn may_trust_by_name(role: &Principal, caller: &Principal) -> bool {
    let is_unread = role.missing_documents.iter().any(|missing| missing.layer == LayerKind::Trust);
    let statements = role.trust_policy.iter().flat_map(|trust| &trust.document.statements);
    is_unread || statements.filter(|s| s.effect == Effect::Allow).any(|s| may_name(s, caller))
}

fn may_name(statement: &Statement, caller: &Principal) -> bool {
    let Some(element) = &statement.principal else { return false };
    let is_caller = |name: CallerName<'_>| match name {
        CallerName::Arn(arn) => arn == caller.arn.as_str(),
        CallerName::UniqueId(id) => caller.unique_id.as_deref().is_none_or(|unique_id| unique_id == id),
        CallerName::SessionOf { account, role } => account == caller.arn.account() && role == caller.name,
    };
    element.kind == ElementKind::NotList
        || element.entries.contains(&PrincipalEntry::Anyone)
        || list_caller_names(statement).into_iter().any(is_caller)
}

fn allows_assuming(statement: &Statement) -> bool {
    statement.effect == Effect::Allow && ASSUME_ROLE_ACTIONS.iter().any(|action| statement.action.lists_action(action))
}

/// Whether a statement may match a role. A pattern with a variable counts as no match.
fn may_match(statement: &Statement, arn: &str) -> bool {
    let context = Context::default();
    let matches = |pattern: &Template| match_resource(pattern, arn, &context, MidSegmentStar::CrossesColons).is_ok();
    statement
        .resource
        .as_ref()
        .is_none_or(|element| element.kind == ElementKind::NotList || element.patterns.iter().any(matches))
}

/// The resource policies of a snapshot with the trust policy of the role that a request is about. The same policies if
/// the resource is not a role of the snapshot with a trust policy.
pub fn add_role_trust(snapshot: &Snapshot, resource: &str, policies: &ResourcePolicies) -> ResourcePolicies {
    let role = snapshot.principals().find(|(_, principal)| principal.arn.as_str() == resource);
    match role.and_then(|(account, role)| ResourcePolicy::from_trust_policy(account, role)) {
        Some(trust) => policies.iter().cloned().chain([trust]).collect(),
        None => policies.clone(),
    }
}
