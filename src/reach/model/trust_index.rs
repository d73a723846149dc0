//! An inverted index of trust policies: roles by the principals, accounts and services that they trust.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::arn_index::ArnIndex;
use super::node::PrincipalNode;
use super::source_arns::list_source_arns;
use super::technique::techniques;
use super::trust_summary::{TrustSummary, find_principal_keyed_statements};
use crate::iam::principal_element::strip_service_region;
use crate::iam::{Arn, PolicyDocument};
use crate::solve::{StatementUse, UndecidedReason};
use crate::trust::{TrustAnalyzer, TrustGrant};

/// The issuers of tokens that AWS STS makes for principals of an account.
const STS_TOKEN_ISSUERS: &str = "tokens.sts.global.api.aws";

/// The services that run something with a role in some technique.
static TECHNIQUE_SERVICES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let names = techniques().iter().flat_map(|technique| &technique.services).map(String::as_str);
    names.filter(|name| name.ends_with(".amazonaws.com")).collect()
});

/// The roles of a snapshot, by the principals that they trust.
pub(crate) struct TrustIndex {
    /// Account id and [`issuer_key`] to the roles of the account that trust the service or the identity provider.
    roles_by_service: FxHashMap<String, FxHashMap<String, ServiceRoles>>,
    /// Account id and [`issuer_key`] to why the trust of roles of the account in it could not be decided.
    undecided_issuers: FxHashMap<String, FxHashMap<String, BTreeSet<UndecidedReason>>>,
    /// The ARN of an identity provider of an account, to the roles of the account that trust it.
    roles_by_provider: BTreeMap<String, FixedBitSet>,
    /// A service, and a role that it may assume for some resources only, to patterns over their ARNs.
    source_arns: BTreeMap<(String, usize), Arc<[String]>>,
    /// Account id to the roles that trust the account as a whole.
    roles_by_account: FxHashMap<String, FixedBitSet>,
    roles_trusting_anyone: FixedBitSet,
    /// Principal to the roles that name it or one of its sessions, ascending.
    roles_by_principal: Vec<Vec<usize>>,
    /// Roles whose trust policy allows all named principals, in every request.
    unconditional_roles: FixedBitSet,
    /// Roles whose trust policy treats principals of one account differently.
    principal_specific_roles: FixedBitSet,
    /// For the other roles: statements with a principal-specific key, by the account that the trust policy names. The
    /// key is empty for policies that trust anyone.
    statements_by_account: FxHashMap<String, Vec<StatementUse>>,
    /// Statements of resource control policies with a principal-specific key. The RCPs of a role's account apply to
    /// every principal that assumes the role.
    rcp_statements: Vec<StatementUse>,
}

/// The roles that a service can assume.
struct ServiceRoles {
    roles: FixedBitSet,
    /// The service's name as written in the first of their trust policies.
    service_name: String,
}

impl TrustIndex {
    pub(crate) fn new(nodes: &[PrincipalNode<'_>], principals: &ArnIndex, trust: &TrustAnalyzer<'_>) -> TrustIndex {
        let mut builder = TrustIndexBuilder::new(nodes, principals, trust);
        builder.add_rcps(nodes);
        for (role, node) in nodes.iter().enumerate() {
            if let Some(policy) = &node.principal.trust_policy {
                builder.add_role(role, &policy.document);
                builder.add_services(role, node, &policy.document);
                let sources = list_source_arns(&policy.document).into_iter();
                builder.index.source_arns.extend(sources.map(|(service, arns)| ((service, role), arns)));
            }
        }
        builder.index
    }

    /// The roles of an account that a service can assume, and the service's name as written there. None if no
    /// role trusts it.
    pub(crate) fn find_service_roles(&self, account: &str, service: &str) -> Option<(&FixedBitSet, &str)> {
        let found = self.roles_by_service.get(account)?.get(service)?;
        Some((&found.roles, &found.service_name))
    }

    /// The identity providers of an account, with the roles of the account that trust them. `kind`: `saml` or `oidc`.
    pub(crate) fn list_providers(&self, account: &str, kind: &str) -> Vec<(&str, &FixedBitSet)> {
        let is_wanted = |arn: &str| {
            Arn::parse(arn).is_some_and(|arn| arn.account() == account) && provider_kind_of(arn) == Some(kind)
        };
        let all = self.roles_by_provider.iter().map(|(arn, roles)| (arn.as_str(), roles));
        all.filter(|(arn, _)| is_wanted(arn)).collect()
    }

    /// Why the trust in a service or an identity provider could not be decided for some roles of an account.
    pub(crate) fn find_undecided_issuers(&self, account: &str, service: &str) -> Option<&BTreeSet<UndecidedReason>> {
        self.undecided_issuers.get(account)?.get(service)
    }

    /// The roles that a service may assume for some resources only.
    pub(crate) fn roles_with_source(&self, service: &str) -> impl Iterator<Item = usize> {
        let range = (service.to_owned(), 0)..=(service.to_owned(), usize::MAX);
        self.source_arns.range(range).map(|((_, role), _)| *role)
    }

    /// Patterns over the ARNs of the resources for which a service may assume a role. None if it may for all.
    pub(crate) fn find_source_arns(&self, role: usize, service: &str) -> Option<&Arc<[String]>> {
        self.source_arns.get(&(service.to_owned(), role))
    }

    /// The roles of all accounts that trust an issuer.
    pub(crate) fn find_issuer_roles(&self, issuer: &str, mut roles: FixedBitSet) -> FixedBitSet {
        let of_issuer = self.roles_by_service.values().filter_map(|services| services.get(issuer));
        of_issuer.for_each(|found| roles.union_with(&found.roles));
        roles
    }

    /// The roles that trust an account as a whole. None if no role does.
    pub(crate) fn find_account_roles(&self, account: &str) -> Option<&FixedBitSet> {
        self.roles_by_account.get(account)
    }

    /// The roles that trust anyone.
    pub(crate) fn roles_trusting_anyone(&self) -> &FixedBitSet {
        &self.roles_trusting_anyone
    }

    /// The roles that name a principal, or one of its sessions.
    pub(crate) fn roles_naming(&self, principal: usize) -> &[usize] {
        self.roles_by_principal.get(principal).expect("a principal of the snapshot")
    }

    /// The roles that treat principals of one account differently.
    pub(crate) fn principal_specific_roles(&self) -> &FixedBitSet {
        &self.principal_specific_roles
    }

    /// The statements whose result differs between principals of an account, in the trust policies that do not name
    /// single principals.
    pub(crate) fn principal_keyed_statements(&self, account: &str) -> impl Iterator<Item = &StatementUse> {
        let trust_statements =
            [account, ""].into_iter().filter_map(|account| self.statements_by_account.get(account)).flatten();
        trust_statements.chain(&self.rcp_statements)
    }

    /// Whether the trust policy of a role allows all named principals, in every request.
    pub(crate) fn is_unconditional(&self, role: usize) -> bool {
        self.unconditional_roles.contains(role)
    }
}

/// The address of a document. INVARIANT: the snapshot owns the documents, so that addresses stay unique.
type DocumentAddress = usize;

/// The services and identity providers that a trust policy admits.
struct TrustedIssuers {
    /// Normalized names of the services and providers, with the names as written.
    names: BTreeMap<String, String>,
    /// The ARNs of identity providers that an account can change.
    providers: BTreeSet<String>,
}

struct TrustIndexBuilder<'b, 't> {
    principals: &'b ArnIndex,
    trust: &'b TrustAnalyzer<'t>,
    by_unique_id: FxHashMap<&'b str, usize>,
    /// (account id, role name) to the role.
    by_role_name: FxHashMap<(&'b str, &'b str), usize>,
    /// Many roles share one document.
    summaries: FxHashMap<DocumentAddress, Arc<TrustSummary>>,
    /// By document and account id.
    services: FxHashMap<(DocumentAddress, &'b str), Arc<TrustedIssuers>>,
    /// Which statements are in `statements_by_account`.
    recorded_statements: FxHashSet<(DocumentAddress, String)>,
    index: TrustIndex,
}

impl<'b, 't> TrustIndexBuilder<'b, 't> {
    fn new(nodes: &'b [PrincipalNode<'_>], principals: &'b ArnIndex, trust: &'b TrustAnalyzer<'t>) -> Self {
        let mut by_unique_id = FxHashMap::default();
        let mut by_role_name = FxHashMap::default();
        for (position, node) in nodes.iter().enumerate() {
            by_unique_id.extend(node.principal.unique_id.as_deref().map(|id| (id, position)));
            if node.principal.trust_policy.is_some() {
                by_role_name.insert((node.account.id.as_str(), node.principal.name.as_str()), position);
            }
        }
        let index = TrustIndex {
            roles_by_service: FxHashMap::default(),
            undecided_issuers: FxHashMap::default(),
            roles_by_provider: BTreeMap::new(),
            source_arns: BTreeMap::new(),
            roles_by_account: FxHashMap::default(),
            roles_trusting_anyone: principals.empty_set(),
            roles_by_principal: vec![Vec::new(); nodes.len()],
            unconditional_roles: principals.empty_set(),
            principal_specific_roles: principals.empty_set(),
            statements_by_account: FxHashMap::default(),
            rcp_statements: Vec::new(),
        };
        TrustIndexBuilder {
            principals,
            trust,
            by_unique_id,
            by_role_name,
            summaries: FxHashMap::default(),
            services: FxHashMap::default(),
            recorded_statements: FxHashSet::default(),
            index,
        }
    }

    fn add_rcps(&mut self, nodes: &[PrincipalNode<'_>]) {
        // All principals of a snapshot have the same RCPs.
        let controls = nodes.iter().find_map(|node| node.layers.rcps.as_ref());
        let levels = controls.into_iter().flat_map(|controls| controls.denying_levels());
        let rcps = levels.flat_map(|control| &control.level.policies);
        let mut seen: FxHashSet<DocumentAddress> = FxHashSet::default();
        for policy in rcps.filter(|policy| seen.insert(Arc::as_ptr(&policy.document) as usize)) {
            self.index.rcp_statements.extend(find_principal_keyed_statements(&policy.document));
        }
    }

    /// Adds a role by the accounts and principals that its trust policy names.
    fn add_role(&mut self, role: usize, document: &Arc<PolicyDocument>) {
        let address = Arc::as_ptr(document) as usize;
        let new_summary = || Arc::new(TrustSummary::from_document(document));
        let summary = Arc::clone(self.summaries.entry(address).or_insert_with(new_summary));
        self.index.unconditional_roles.set(role, summary.is_unconditional);
        self.index.roles_trusting_anyone.set(role, summary.trusts_anyone);
        self.index.principal_specific_roles.set(role, summary.is_principal_specific);
        if !summary.is_unconditional && !summary.is_principal_specific {
            let accounts = summary.accounts.iter().map(|account| account.as_str().to_owned());
            for account in accounts.chain(summary.trusts_anyone.then(String::new)) {
                if self.recorded_statements.insert((address, account.clone())) {
                    let statements = self.index.statements_by_account.entry(account).or_default();
                    statements.extend(find_principal_keyed_statements(document));
                }
            }
        }
        for account in &summary.accounts {
            let roles = self.index.roles_by_account.entry(account.as_str().to_owned());
            roles.or_insert_with(|| self.principals.empty_set()).insert(role);
        }
        let by_arn = summary.principal_arns.iter().filter_map(|arn| self.principals.find(arn));
        let by_unique_id = summary.unique_ids.iter().filter_map(|id| self.by_unique_id.get(id.as_str()).copied());
        let sessions = summary.sessions.iter();
        let by_session =
            sessions.filter_map(|(account, role)| self.by_role_name.get(&(account.as_str(), role.as_str())));
        for principal in by_arn.chain(by_unique_id).chain(by_session.copied()) {
            let roles = self.index.roles_by_principal.get_mut(principal).expect("a principal of the snapshot");
            if roles.last() != Some(&role) {
                roles.push(role);
            }
        }
    }

    /// Adds a role by the services that can assume it for resources of its own account.
    fn add_services(&mut self, role: usize, node: &'b PrincipalNode<'_>, document: &Arc<PolicyDocument>) {
        let account = node.account.id.as_str();
        let key = (Arc::as_ptr(document) as usize, account);
        let services = self.services.entry(key).or_insert_with(|| {
            let wanted = RefCell::new(BTreeSet::new());
            let is_wanted = |grant: &TrustGrant| {
                let keys: Vec<String> =
                    issuer_key(grant).map(|(name, _)| name).into_iter().chain(provider_key(grant)).collect();
                let is_wanted = !keys.is_empty();
                wanted.borrow_mut().extend(keys);
                is_wanted
            };
            let trusted =
                self.trust.find_trusted_issuers(node.account, &node.principal, &TECHNIQUE_SERVICES, &is_wanted);
            if !trusted.undecided.is_empty() {
                for name in wanted.into_inner() {
                    let of_account = self.index.undecided_issuers.entry(account.to_owned()).or_default();
                    let reasons = of_account.entry(name).or_default();
                    reasons.extend(trusted.undecided.iter().cloned());
                }
            }
            let grants = || trusted.undeclared.iter().map(|trust| &trust.grant);
            let is_own = |grant: &&TrustGrant| provider_key(grant).is_some();
            Arc::new(TrustedIssuers {
                names: grants().filter_map(issuer_key).collect(),
                providers: grants().filter(is_own).map(|grant| grant.as_str().to_owned()).collect(),
            })
        });
        for provider in &services.providers {
            let found = self.index.roles_by_provider.entry(provider.clone());
            found.or_insert_with(|| self.principals.empty_set()).insert(role);
        }
        for (normalized, written) in &services.names {
            let of_account = self.index.roles_by_service.entry(account.to_owned()).or_default();
            let found = of_account.entry(normalized.clone());
            let new = || ServiceRoles { roles: self.principals.empty_set(), service_name: written.clone() };
            found.or_insert_with(new).roles.insert(role);
        }
    }
}

/// The kind of the identity provider of a grant in `Technique::services`, if an account can change the provider. None for
/// other grants.
fn provider_key(grant: &TrustGrant) -> Option<String> {
    match grant {
        TrustGrant::Oidc { provider, .. } | TrustGrant::Saml { provider, .. } => {
            provider_kind_of(provider).map(str::to_owned)
        }
        _ => None,
    }
}

/// The kind of an identity provider, by its ARN: `saml` or `oidc`. None if an account cannot change it.
fn provider_kind_of(arn: &str) -> Option<&'static str> {
    let arn = Arn::parse(arn).filter(|arn| arn.service() == "iam")?;
    match arn.resource().split_once('/')? {
        // IAM Identity Center manages its provider.
        ("saml-provider", name) => (!name.starts_with("AWSSSO_")).then_some("saml"),
        ("oidc-provider", _) => Some("oidc"),
        _ => None,
    }
}

/// The name of a service or of an identity provider in `Technique::services`, and as the trust policy writes it. None for
/// other grants, and for identity providers that no technique uses.
fn issuer_key(grant: &TrustGrant) -> Option<(String, String)> {
    match grant {
        TrustGrant::Service { written, name } => match strip_service_region(name) {
            Some(global) => Some((global.clone(), global)),
            None => Some((name.clone(), written.clone())),
        },
        TrustGrant::Oidc { host, .. } => {
            let key = issuer_name(host);
            let is_used = techniques().iter().any(|technique| technique.services.iter().any(|service| service == key));
            is_used.then(|| (key.to_owned(), host.clone()))
        }
        // AWS: the roles of permission sets trust the provider `AWSSSO_<id>_DO_NOT_DELETE`.
        TrustGrant::Saml { name, .. } if name.starts_with("AWSSSO_") => Some(("sso.saml".to_owned(), name.clone())),
        TrustGrant::Saml { name, .. } => Some(("saml".to_owned(), name.clone())),
        _ => None,
    }
}

/// The part of an issuer's host that all issuers of its kind share.
fn issuer_name(host: &str) -> &str {
    // AWS: GetWebIdentityToken: the issuer of an account is `<id>.tokens.sts.global.api.aws`.
    if host.ends_with(&format!(".{STS_TOKEN_ISSUERS}")) {
        return STS_TOKEN_ISSUERS;
    }
    // AWS: IAM roles for service accounts: the issuer of a cluster is `oidc.eks.<region>.amazonaws.com/id/<id>`.
    if host.starts_with("oidc.eks.") { "oidc.eks" } else { host }
}
