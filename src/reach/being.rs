//! Who a principal can be: a principal of the snapshot, as it is or after a change to what decides over it.

use std::sync::{Arc, LazyLock};

use crate::access::{Gatherer, KnownContext, Layers, PolicyOrigin, PolicyRef, known_context};
use crate::iam::{DocumentKind, Effect, PolicyDocument};
use crate::snapshot::{Account, Group, HeldPolicy, Holding, Principal, Snapshot};
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
    /// Policies with a Deny that it has no more, by their positions among its policies, in order.
    pub dropped: Vec<usize>,
    /// The managed policy that was attached to it, by its ARN.
    pub attached: Option<Arc<str>>,
    /// A managed policy that it has and that speaks in another version: its ARN and the version's id.
    pub version: Option<(Arc<str>, Arc<str>)>,
}

impl Change {
    /// Whether nothing was changed.
    pub fn is_none(&self) -> bool {
        *self == Change::default()
    }

    /// Whether who was changed so takes the steps of all of whom the same statements speak: its groups and its managed
    /// policies are those of the snapshot.
    pub(super) fn is_shareable(&self) -> bool {
        self.joined.is_none() && self.attached.is_none()
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
        if let Some((arn, version)) = &change.version
            && let Some(document) = self.version(arn, version)
        {
            for policy in layers.identity.iter_mut().filter(|policy| is_attached(policy, arn)) {
                policy.document = Arc::clone(document);
            }
        }
        if !change.dropped.is_empty() {
            let mut at = 0..;
            layers.identity.retain(|_| at.next().is_none_or(|at| !change.dropped.contains(&at)));
        }
        if let Some(arn) = &change.attached
            && let Some((name, document)) = attachable(self.account, arn)
        {
            layers.identity.push(PolicyRef { name, origin: PolicyOrigin::Given, document });
        }
        if let Some(group) = change.joined.and_then(|group| self.account.groups.get(group)) {
            layers.identity.extend(policies_of(group));
        }
        if change.widened {
            // What else its policies allow adds nothing; whoever can write one is alike so.
            let denies = |policy: &PolicyRef| policy.document.statements.iter().any(|one| one.effect == Effect::Deny);
            layers.identity.retain(denies);
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

impl Node<'_> {
    fn version(&self, arn: &str, version: &str) -> Option<&Arc<PolicyDocument>> {
        let versions = &self.account.policies.get(arn)?.versions;
        versions.iter().find(|(id, _)| id == version).map(|(_, document)| document)
    }
}

fn is_attached(policy: &PolicyRef, managed: &str) -> bool {
    matches!(&policy.origin, PolicyOrigin::Held(Holding::Attached { arn, .. }) if arn == managed)
}

/// Policies of AWS that make whoever has them broad, and that an account need not use to attach them: their names and
/// what they say, as far as it matters (*AWS Managed Policy Reference*).
const BROAD: [(&str, &str); 2] = [
    ("IAMFullAccess", r#""Action":"iam:*""#),
    ("PowerUserAccess", r#""NotAction":["iam:*","organizations:*","account:*"]"#),
];

static OF_AWS: LazyLock<Vec<(&str, Arc<PolicyDocument>)>> = LazyLock::new(|| {
    let document = |(name, says): &(&'static str, &str)| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{says},"Resource":"*"}}]}}"#);
        let document = PolicyDocument::parse(&SourceFile::new(*name, text), DocumentKind::Identity);
        (*name, Arc::new(document.expect("a valid document")))
    };
    BROAD.iter().map(document).collect()
});

/// The managed policies that can be attached in an account and whose documents are known.
pub(super) fn attachables(account: &Account) -> Vec<Arc<str>> {
    let known = account.policies.values().filter(|policy| policy.document.document.is_ok());
    let mut arns: Vec<Arc<str>> = known.map(|policy| Arc::from(policy.arn.as_str())).collect();
    let of_aws = OF_AWS.iter().map(|(name, _)| format!("arn:{}:iam::aws:policy/{name}", account.partition.as_str()));
    arns.extend(of_aws.filter(|arn| !account.policies.contains_key(arn)).map(Arc::from));
    arns
}

fn attachable(account: &Account, arn: &str) -> Option<(String, Arc<PolicyDocument>)> {
    match account.policies.get(arn) {
        Some(policy) => Some((policy.name.clone(), Arc::clone(policy.document.document.as_ref().ok()?))),
        None => {
            let (name, document) =
                OF_AWS.iter().find(|(name, _)| arn.ends_with(&format!(":iam::aws:policy/{name}")))?;
            Some(((*name).to_owned(), Arc::clone(document)))
        }
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
