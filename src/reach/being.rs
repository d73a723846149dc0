//! Who a principal can be: a principal of the snapshot, as it is or after a change to what decides over it.

use std::sync::{Arc, LazyLock};

use crate::access::{Gatherer, KnownContext, Layers, PolicyOrigin, PolicyRef, known_context};
use crate::iam::{DocumentKind, PolicyDocument};
use crate::snapshot::{Account, Group, HeldPolicy, Principal, Snapshot};
use crate::source::SourceFile;

/// A principal of the snapshot and what decides over it.
pub(super) struct Node<'a> {
    pub(super) account: &'a Account,
    pub(super) principal: &'a Principal,
    pub(super) layers: Layers,
    pub(super) known: KnownContext,
}

/// Someone whom a principal can be.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Being {
    /// The principal, by its position in the snapshot.
    pub principal: usize,
    /// What was changed.
    pub change: Change,
}

/// A change to what decides over a principal.
#[derive(Clone, Debug, Default, Eq, PartialEq, Hash)]
pub struct Change {
    /// Its policies allow everything: boundary, organization and every Deny stay.
    pub widened: bool,
    /// Its permissions boundary is gone.
    pub unbound: bool,
    /// It has joined a group, by the group's position among those of its account.
    pub joined: Option<usize>,
}

impl Change {
    /// Whether nothing was changed.
    pub fn is_none(&self) -> bool {
        *self == Change::default()
    }
}

static EVERYTHING: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let source = SourceFile::new("a policy that it gives itself", text);
    Arc::new(PolicyDocument::parse(&source, DocumentKind::Identity).expect("a valid document"))
});

impl<'a> Node<'a> {
    pub(super) fn all(snapshot: &'a Snapshot) -> Vec<Node<'a>> {
        let gatherer = Gatherer::new(snapshot);
        let node = |(account, principal)| Node {
            account,
            principal,
            layers: gatherer.gather(account, principal),
            known: known_context(snapshot, principal),
        };
        snapshot.principals().map(node).collect()
    }

    /// The layers after a change.
    pub(super) fn layers_after(&self, change: &Change) -> Layers {
        let mut layers = self.layers.clone();
        if let Some(group) = change.joined.and_then(|group| self.account.groups.get(group)) {
            layers.identity.extend(policies_of(group));
        }
        if change.widened {
            layers.identity.push(PolicyRef {
                name: "a policy that it gives itself".to_owned(),
                origin: PolicyOrigin::Given,
                document: Arc::clone(&EVERYTHING),
            });
        }
        if change.unbound {
            layers.boundary = None;
        }
        layers
    }
}

fn policies_of(group: &Group) -> impl Iterator<Item = PolicyRef> {
    let policy = |held: &HeldPolicy| PolicyRef {
        name: held.name.clone(),
        origin: PolicyOrigin::Held(held.holding.clone()),
        document: Arc::clone(&held.document),
    };
    group.identity.iter().map(policy)
}
