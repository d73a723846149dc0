//! What the policies of a snapshot name of the way in which sessions begin: keys of the sessions of some services, claims of
//! identity providers, and identity providers as principals.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::attachable_policies::list_attachable_documents;
use super::node::PrincipalNode;
use super::session_start::is_saml_provider;
use super::tag_index::list_resource_side_policies;
use crate::access::SessionKeySource;
use crate::iam::{ElementKind, PolicyDocument, PrincipalElement, PrincipalEntry, Statement};
use crate::snapshot::Snapshot;

/// What decides by the way in which a session begins.
#[derive(Default)]
pub(crate) struct SessionKeyIndex {
    /// The sessions that have a key of some policy.
    sources: BTreeSet<SessionKeySource>,
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
        snapshot.accounts.iter().flat_map(list_attachable_documents).for_each(|document| index.add(&document.statements));
        index
    }

    fn add<'s>(&mut self, statements: impl IntoIterator<Item = &'s Statement>) {
        let keys = statements.into_iter().flat_map(Statement::keys);
        self.sources.extend(keys.filter_map(SessionKeySource::of_key));
    }

    /// Whether nothing depends on the way in which a session begins.
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
