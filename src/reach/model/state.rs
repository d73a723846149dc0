//! Who a principal can be: a principal of the snapshot, as it is or after a change to what decides over it.

use std::sync::{Arc, LazyLock};

use crate::access::{KnownContext, LayerCollector, Layers, PolicyOrigin, PolicyRef, build_known_context};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Effect, ElementKind, PolicyDocument, Statement};
use crate::snapshot::{Account, AttachmentKind, IamGroup, PolicyAttachment, Principal, Snapshot};

/// A principal of the snapshot and what decides over it.
pub(crate) struct PrincipalNode<'a> {
    pub(crate) account: &'a Account,
    pub(crate) principal: &'a Principal,
    pub(crate) layers: Layers,
    pub(crate) known: KnownContext,
}

/// Someone whom a principal can be.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct NodeState {
    /// The principal, by its position in the snapshot.
    pub principal: usize,
    /// What was changed.
    pub change: StateChange,
}

/// A change to what decides over a principal.
#[derive(Clone, Debug, Default, Eq, PartialEq, Hash)]
pub struct StateChange {
    /// Its policies allow everything: boundary, organization and every Deny stay.
    pub grants_all: bool,
    /// Its permissions boundary is gone.
    pub boundary_removed: bool,
    /// It has joined a group, by the group's position among those of its account.
    pub joined_group: Option<usize>,
    /// Policies with a Deny that it has no more, by their positions among its policies, in order.
    pub removed_policies: Vec<usize>,
    /// The managed policy that was attached to it, by its ARN.
    pub attached_policy: Option<Arc<str>>,
    /// A managed policy that it has and that speaks in another version: its ARN and the version's id.
    pub policy_version: Option<(Arc<str>, Arc<str>)>,
}

impl StateChange {
    /// Whether nothing was changed.
    pub fn is_unchanged(&self) -> bool {
        *self == StateChange::default()
    }

    /// Whether who was changed so takes the steps of all of whom the same statements speak: its groups and its managed
    /// policies are those of the snapshot.
    pub(crate) fn can_share_successors(&self) -> bool {
        self.joined_group.is_none() && self.attached_policy.is_none()
    }
}

static ALLOW_ALL_POLICY: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| {
    let statement = Statement::allow(ActionElement::any(), ResourceElement::any());
    Arc::new(PolicyDocument::from_statements("a policy that it gives itself", vec![statement]))
});

impl<'a> PrincipalNode<'a> {
    pub(crate) fn collect_from(snapshot: &'a Snapshot) -> Vec<PrincipalNode<'a>> {
        let collector = LayerCollector::new(snapshot);
        let node = |(account, principal)| PrincipalNode {
            account,
            principal,
            layers: collector.collect(account, principal),
            known: build_known_context(snapshot, principal),
        };
        snapshot.principals().map(node).collect()
    }

    /// The layers after a change.
    pub(crate) fn build_layers_after(&self, change: &StateChange) -> Layers {
        let mut layers = self.layers.clone();
        if let Some((arn, version)) = &change.policy_version
            && let Some(document) = self.find_version(arn, version)
        {
            for policy in layers.identity.iter_mut().filter(|policy| is_attached(policy, arn)) {
                policy.document = Arc::clone(document);
            }
        }
        if !change.removed_policies.is_empty() {
            let mut at = 0..;
            layers.identity.retain(|_| at.next().is_none_or(|at| !change.removed_policies.contains(&at)));
        }
        if let Some(arn) = &change.attached_policy
            && let Some((name, document)) = find_attachable_policy(self.account, arn)
        {
            layers.identity.push(PolicyRef { name, origin: PolicyOrigin::Given, document });
        }
        if let Some(group) = change.joined_group.and_then(|group| self.account.groups.get(group)) {
            layers.identity.extend(group_policies(group));
        }
        if change.grants_all {
            // What else its policies allow adds nothing; whoever can write one is alike so.
            let has_deny = |policy: &PolicyRef| {
                policy.document.statements.iter().any(|statement| statement.effect == Effect::Deny)
            };
            layers.identity.retain(has_deny);
            layers.identity.push(PolicyRef {
                name: "a policy that it gives itself".to_owned(),
                origin: PolicyOrigin::Given,
                document: Arc::clone(&ALLOW_ALL_POLICY),
            });
        }
        if change.boundary_removed {
            layers.boundary = None;
        }
        layers
    }
}

impl PrincipalNode<'_> {
    fn find_version(&self, arn: &str, version: &str) -> Option<&Arc<PolicyDocument>> {
        let versions = &self.account.policies.get(arn)?.other_versions;
        versions.iter().find(|(id, _)| id == version).map(|(_, document)| document)
    }
}

fn is_attached(policy: &PolicyRef, managed: &str) -> bool {
    matches!(&policy.origin, PolicyOrigin::Identity(AttachmentKind::Attached { arn, .. }) if arn == managed)
}

/// Policies of AWS that make whoever has them broad, and that an account need not use to attach them: their names and
/// what they say, as far as it matters (*AWS Managed Policy Reference*).
const AWS_BROAD_POLICIES: [(&str, ElementKind, &[&str]); 2] = [
    ("IAMFullAccess", ElementKind::List, &["iam:*"]),
    ("PowerUserAccess", ElementKind::NotList, &["iam:*", "organizations:*", "account:*"]),
];

static AWS_POLICY_DOCUMENTS: LazyLock<Vec<(&str, Arc<PolicyDocument>)>> = LazyLock::new(|| {
    let document = |(name, kind, patterns): &(&'static str, ElementKind, &[&str])| {
        let action = ActionElement { kind: *kind, ..ActionElement::listing(*patterns) };
        let statement = Statement::allow(action, ResourceElement::any());
        (*name, Arc::new(PolicyDocument::from_statements(name, vec![statement])))
    };
    AWS_BROAD_POLICIES.iter().map(document).collect()
});

/// The managed policies that can be attached in an account and whose documents are known.
pub(crate) fn list_attachable_policies(account: &Account) -> Vec<Arc<str>> {
    let known = account.policies.values().filter(|policy| policy.document.document.is_ok());
    let mut arns: Vec<Arc<str>> = known.map(|policy| Arc::from(policy.arn.as_str())).collect();
    let aws_arns = AWS_POLICY_DOCUMENTS
        .iter()
        .map(|(name, _)| format!("arn:{}:iam::aws:policy/{name}", account.partition.as_str()));
    arns.extend(aws_arns.filter(|arn| !account.policies.contains_key(arn)).map(Arc::from));
    arns
}

fn find_attachable_policy(account: &Account, arn: &str) -> Option<(String, Arc<PolicyDocument>)> {
    match account.policies.get(arn) {
        Some(policy) => Some((policy.name.clone(), Arc::clone(policy.document.document.as_ref().ok()?))),
        None => {
            let (name, document) =
                AWS_POLICY_DOCUMENTS.iter().find(|(name, _)| arn.ends_with(&format!(":iam::aws:policy/{name}")))?;
            Some(((*name).to_owned(), Arc::clone(document)))
        }
    }
}

fn group_policies(group: &IamGroup) -> impl Iterator<Item = PolicyRef> {
    let policy = |attachment: &PolicyAttachment| PolicyRef {
        name: attachment.name.clone(),
        origin: PolicyOrigin::Identity(attachment.kind.clone()),
        document: Arc::clone(&attachment.document),
    };
    group.identity_policies.iter().map(policy)
}
