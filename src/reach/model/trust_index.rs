//! Whom the trust policies of all roles name: services, accounts, principals.

use std::collections::BTreeMap;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::arn_index::ArnIndex;
use super::state::PrincipalNode;
use crate::access::is_principal_specific;
use crate::iam::{AccountId, Effect, ElementKind, PolicyDocument, PrincipalElement};
use crate::solve::StatementUse;
use crate::trust::{TrustAnalyzer, TrustGrant, list_conditional_grants, parse_principal_element};

/// The roles of a snapshot by whom they trust.
pub(crate) struct TrustIndex {
    /// The roles of an account, by its number, that a service may assume, with the name that they give it.
    roles_by_service: FxHashMap<(String, String), (FixedBitSet, String)>,
    /// The roles that name an account.
    roles_by_account: FxHashMap<String, FixedBitSet>,
    /// The roles that name anyone.
    roles_trusting_anyone: FixedBitSet,
    /// The roles that name each principal, or a session of it.
    roles_by_principal: Vec<Vec<usize>>,
    /// The roles whose trust policy lets in all whom it names, whatever the request.
    unconditional_roles: FixedBitSet,
    /// The roles whose trust policy tells some principals of an account apart from others.
    principal_specific_roles: FixedBitSet,
    /// Of the others, the statements that ask who comes in: by the account that they name, or by no number where they
    /// name anyone.
    statements_by_account: FxHashMap<String, Vec<StatementUse>>,
    /// The statements of resource control policies that ask so: those of a role's account bind whoever comes.
    rcp_statements: Vec<StatementUse>,
}

/// What one trust policy says.
struct TrustSummary {
    accounts: Vec<AccountId>,
    trusts_anyone: bool,
    principal_arns: Vec<String>,
    unique_ids: Vec<String>,
    sessions: Vec<(String, String)>,
    is_unconditional: bool,
    is_principal_specific: bool,
}

impl TrustIndex {
    pub(crate) fn new(nodes: &[PrincipalNode<'_>], principals: &ArnIndex, trust: &TrustAnalyzer<'_>) -> TrustIndex {
        let mut by_id: FxHashMap<&str, usize> = FxHashMap::default();
        let mut by_role: FxHashMap<(&str, &str), usize> = FxHashMap::default();
        for (index, node) in nodes.iter().enumerate() {
            by_id.extend(node.principal.unique_id.as_deref().map(|id| (id, index)));
            if node.principal.trust_policy.is_some() {
                by_role.insert((node.account.id.as_str(), node.principal.name.as_str()), index);
            }
        }
        let mut trust_index = TrustIndex {
            roles_by_service: FxHashMap::default(),
            roles_by_account: FxHashMap::default(),
            roles_trusting_anyone: principals.empty_set(),
            roles_by_principal: vec![Vec::new(); nodes.len()],
            unconditional_roles: principals.empty_set(),
            principal_specific_roles: principals.empty_set(),
            statements_by_account: FxHashMap::default(),
            rcp_statements: Vec::new(),
        };
        let rcps = nodes.iter().flat_map(|node| node.layers.rcps.iter().flatten()).flat_map(|level| &level.policies);
        let mut seen_rcps: FxHashSet<usize> = FxHashSet::default();
        for policy in rcps.filter(|policy| seen_rcps.insert(Arc::as_ptr(&policy.document) as usize)) {
            trust_index.rcp_statements.extend(find_principal_keyed_statements(&policy.document));
        }
        let mut recorded: FxHashSet<(usize, String)> = FxHashSet::default();
        let mut summaries: FxHashMap<usize, TrustSummary> = FxHashMap::default();
        let mut services: FxHashMap<(usize, &str), Arc<BTreeMap<String, String>>> = FxHashMap::default();
        for (index, node) in nodes.iter().enumerate() {
            let Some(policy) = &node.principal.trust_policy else { continue };
            let document = Arc::as_ptr(&policy.document) as usize;
            let summary = summaries.entry(document).or_insert_with(|| TrustSummary::from_document(&policy.document));
            trust_index.unconditional_roles.set(index, summary.is_unconditional);
            trust_index.roles_trusting_anyone.set(index, summary.trusts_anyone);
            trust_index.principal_specific_roles.set(index, summary.is_principal_specific);
            if !summary.is_unconditional && !summary.is_principal_specific {
                let accounts = summary.accounts.iter().map(|account| account.as_str().to_owned());
                for account in accounts.chain(summary.trusts_anyone.then(String::new)) {
                    if recorded.insert((document, account.clone())) {
                        trust_index
                            .statements_by_account
                            .entry(account)
                            .or_default()
                            .extend(find_principal_keyed_statements(&policy.document));
                    }
                }
            }
            for account in &summary.accounts {
                let roles = trust_index
                    .roles_by_account
                    .entry(account.as_str().to_owned())
                    .or_insert_with(|| principals.empty_set());
                roles.insert(index);
            }
            let by_arn = summary.principal_arns.iter().filter_map(|arn| principals.find(arn));
            let by_unique_id = summary.unique_ids.iter().filter_map(|id| by_id.get(id.as_str()).copied());
            let sessions = summary.sessions.iter();
            let by_session = sessions.filter_map(|(a, role)| by_role.get(&(a.as_str(), role.as_str())).copied());
            for principal in by_arn.chain(by_unique_id).chain(by_session) {
                if let Some(roles) = trust_index.roles_by_principal.get_mut(principal)
                    && roles.last() != Some(&index)
                {
                    roles.push(index);
                }
            }
            let trusted_services = services.entry((document, node.account.id.as_str())).or_insert_with(|| {
                let grants = trust.find_trusted_services(node.account, node.principal).undeclared.into_iter();
                Arc::new(
                    grants
                        .filter_map(|undeclared| match undeclared.grant {
                            TrustGrant::Service { written, name } => Some((name, written)),
                            _ => None,
                        })
                        .collect(),
                )
            });
            for (plain, written) in trusted_services.iter() {
                let key = (node.account.id.as_str().to_owned(), plain.clone());
                let (roles, _) = trust_index
                    .roles_by_service
                    .entry(key)
                    .or_insert_with(|| (principals.empty_set(), written.clone()));
                roles.insert(index);
            }
        }
        trust_index
    }

    /// The roles of an account that a service may assume, and what they call it.
    pub(crate) fn find_service_roles(&self, account: &str, service: &str) -> Option<(&FixedBitSet, &str)> {
        let (roles, written) = self.roles_by_service.get(&(account.to_owned(), service.to_owned()))?;
        Some((roles, written))
    }

    /// The roles that name an account.
    pub(crate) fn find_account_roles(&self, account: &str) -> Option<&FixedBitSet> {
        self.roles_by_account.get(account)
    }

    /// The roles that name anyone.
    pub(crate) fn roles_trusting_anyone(&self) -> &FixedBitSet {
        &self.roles_trusting_anyone
    }

    /// The roles that name a principal, or a session of it.
    pub(crate) fn roles_naming(&self, principal: usize) -> &[usize] {
        self.roles_by_principal.get(principal).map_or(&[], Vec::as_slice)
    }

    /// The roles that tell some principals of an account apart from others.
    pub(crate) fn principal_specific_roles(&self) -> &FixedBitSet {
        &self.principal_specific_roles
    }

    /// The statements that decide whether someone of an account comes into roles that tell nobody apart.
    pub(crate) fn principal_keyed_statements(&self, account: &str) -> impl Iterator<Item = &StatementUse> {
        let trust_statements =
            [account, ""].into_iter().filter_map(|account| self.statements_by_account.get(account)).flatten();
        trust_statements.chain(&self.rcp_statements)
    }

    /// Whether a role lets in all whom it names, whatever the request.
    pub(crate) fn is_unconditional(&self, role: usize) -> bool {
        self.unconditional_roles.contains(role)
    }
}

impl TrustSummary {
    fn from_document(document: &PolicyDocument) -> TrustSummary {
        let mut summary = TrustSummary {
            accounts: Vec::new(),
            trusts_anyone: false,
            principal_arns: Vec::new(),
            unique_ids: Vec::new(),
            sessions: Vec::new(),
            is_unconditional: true,
            is_principal_specific: false,
        };
        for statement in &document.statements {
            summary.is_unconditional &= statement.effect == Effect::Allow
                && statement.conditions.is_empty()
                && statement.action.lists_action("sts:AssumeRole");
            summary.is_principal_specific |= statement.principal.as_ref().is_some_and(distinguishes_principals);
        }
        for conditional in list_conditional_grants(document) {
            summary.add_grant(conditional.grant);
        }
        summary
    }

    fn add_grant(&mut self, grant: TrustGrant) {
        match grant {
            TrustGrant::Anyone => self.trusts_anyone = true,
            TrustGrant::AnyoneExcept(_) => (self.trusts_anyone, self.is_unconditional) = (true, false),
            TrustGrant::Account(account) => self.accounts.push(account),
            TrustGrant::Principal(arn) => {
                match arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/')) {
                    // The name of the session decides, so the solver is asked.
                    Some((role, _)) if arn.service() == "sts" => {
                        self.is_unconditional = false;
                        self.sessions.push((arn.account().to_owned(), role.to_owned()));
                    }
                    _ => self.principal_arns.push(arn.as_str().to_owned()),
                }
            }
            TrustGrant::UniqueId(id) => self.unique_ids.push(id),
            // Services and federated identities are not principals of a snapshot.
            TrustGrant::Service { .. }
            | TrustGrant::Oidc { .. }
            | TrustGrant::Saml { .. }
            | TrustGrant::AnyOidcProvider
            | TrustGrant::AnySamlProvider
            | TrustGrant::Other(_) => {}
        }
    }
}

/// Whether some principals of an account are named and others are not.
fn distinguishes_principals(element: &PrincipalElement) -> bool {
    let is_one_principal = |grant: &TrustGrant| matches!(grant, TrustGrant::Principal(_) | TrustGrant::UniqueId(_));
    element.kind == ElementKind::NotList || parse_principal_element(element).iter().any(is_one_principal)
}

/// The statements that ask who comes in.
fn find_principal_keyed_statements(document: &Arc<PolicyDocument>) -> impl Iterator<Item = StatementUse> {
    let is_principal_keyed = |statement_use: &StatementUse| statement_use.statement().keys().any(is_principal_specific);
    StatementUse::from_document(document).filter(is_principal_keyed)
}
