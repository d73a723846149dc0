//! What the policies of a snapshot name of the way in which sessions begin: keys of the sessions of some services, claims of
//! identity providers, and identity providers as principals.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashSet;

use super::attachable_policies::list_attachable_documents;
use super::node::PrincipalNode;
use super::session_start::{SessionStart, is_saml_provider};
use super::tag_index::list_resource_side_policies;
use crate::access::SessionKeySource;
use crate::iam::{ContextKey, ElementKind, PolicyDocument, PrincipalElement, PrincipalEntry, Statement};
use crate::snapshot::Snapshot;

const SOURCE_IDENTITY: &str = "aws:sourceidentity";
/// It ends in the name of the session.
const USER_ID: &str = "aws:userid";
const PRINCIPAL_TAG: &str = "aws:principaltag/";

/// What decides by the way in which a session begins.
#[derive(Default)]
pub(crate) struct SessionKeyIndex {
    /// The sessions that have a key of some policy.
    sources: BTreeSet<SessionKeySource>,
    /// The keys of policies whose values can depend on the way in which a session begins.
    keys: BTreeSet<ContextKey>,
    /// The identity providers that resource policies name as principals.
    providers: BTreeSet<String>,
}

impl SessionKeyIndex {
    pub(crate) fn new(snapshot: &Snapshot, nodes: &[PrincipalNode<'_>]) -> SessionKeyIndex {
        let mut index = SessionKeyIndex::default();
        let mut seen: FxHashSet<usize> = FxHashSet::default();
        let mut is_new = |document: &Arc<PolicyDocument>| seen.insert(Arc::as_ptr(document) as usize);
        for node in nodes {
            let own = node.own_policies().map(|policy| &policy.document);
            own.filter(|document| is_new(document)).for_each(|document| index.add(&document.statements));
            // The conditions on a token are about the request that begins a session, and not about the session.
            let trust = node.principal.trust_policy.iter().map(|trust| &trust.document);
            let statements = trust.filter(|document| is_new(document)).flat_map(|document| &document.statements);
            index.add(statements.filter(|statement| statement.principal.as_ref().is_some_and(may_name_sessions)));
        }
        // All principals of a snapshot have the same RCPs and resource policies.
        for policy in nodes.first().into_iter().flat_map(list_resource_side_policies) {
            index.add(&policy.document.statements);
            let elements = policy.document.statements.iter().filter_map(|statement| statement.principal.as_ref());
            for entry in elements.flat_map(|element| &element.entries) {
                if let PrincipalEntry::Federated(provider) = entry {
                    index.providers.insert(provider.to_string());
                }
            }
        }
        snapshot
            .accounts
            .iter()
            .flat_map(list_attachable_documents)
            .for_each(|document| index.add(&document.statements));
        index
    }

    fn add<'s>(&mut self, statements: impl IntoIterator<Item = &'s Statement>) {
        for key in statements.into_iter().flat_map(Statement::keys) {
            let source = SessionKeySource::of_key(key);
            let lower = key.lower();
            let is_chosen = lower == SOURCE_IDENTITY || lower == USER_ID || lower.starts_with(PRINCIPAL_TAG);
            if source.is_some() || is_chosen {
                self.keys.insert(key.clone());
            }
            self.sources.extend(source);
        }
    }

    /// The roles of which sessions that begin with `sts:AssumeRole` differ from others. `none`: an empty set of principals.
    pub(crate) fn find_limited(&self, nodes: &[PrincipalNode<'_>], none: FixedBitSet) -> FixedBitSet {
        let mut limited = none;
        limited.extend(nodes.iter().enumerate().filter(|(_, node)| self.limits_assumed(node)).map(|(role, _)| role));
        limited
    }

    /// Whether sessions of a role that begin with `sts:AssumeRole` differ in what policies name from others of the role.
    fn limits_assumed(&self, node: &PrincipalNode<'_>) -> bool {
        let Some(trust) = &node.principal.trust_policy else { return false };
        let entries = trust.document.statements.iter().filter_map(|statement| statement.principal.as_ref());
        let mut providers = entries.flat_map(|element| &element.entries).filter_map(|entry| match entry {
            PrincipalEntry::Federated(provider) => Some(provider.as_ref()),
            _ => None,
        });
        if providers.any(|provider: &str| self.providers.contains(provider)) {
            return true;
        }
        let mut known = node.known.clone();
        SessionStart::Assumed.set_facts(&mut known, &node.principal);
        self.keys.iter().any(|key| known.fact(key) != node.known.fact(key))
    }

    /// Whether nothing depends on the service or identity provider that begins a session.
    pub(crate) fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.providers.is_empty()
    }

    /// Whether a policy names a key of the sessions of a service, by its name.
    pub(crate) fn names_service(&self, service: &str) -> bool {
        let label = service.split('.').next().unwrap_or_default();
        self.sources.iter().any(|source| matches!(source, SessionKeySource::Service(named) if *named == label))
    }

    /// The identity providers that resource policies name as principals.
    pub(crate) fn providers(&self) -> &BTreeSet<String> {
        &self.providers
    }

    /// Whether a policy treats the sessions of an identity provider differently from others.
    pub(crate) fn names_provider(&self, arn: &str) -> bool {
        let kind = if is_saml_provider(arn) { SessionKeySource::Saml } else { SessionKeySource::Oidc };
        self.sources.contains(&kind) || self.providers.contains(arn)
    }
}

/// Whether an element of a trust policy may name users, roles or sessions, and not only services and identity providers.
fn may_name_sessions(element: &PrincipalElement) -> bool {
    let is_other = |entry: &PrincipalEntry| !matches!(entry, PrincipalEntry::Service(_) | PrincipalEntry::Federated(_));
    element.kind == ElementKind::NotList || element.entries.iter().any(is_other)
}
