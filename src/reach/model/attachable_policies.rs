//! Managed policies that can be attached to a principal of an account, with their documents.

use std::sync::{Arc, LazyLock};

use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{ElementKind, PolicyDocument, Statement};
use crate::snapshot::{Account, ManagedPolicy};

/// AWS managed policies with broad permissions, by name, with the action element of their statement. They can
/// be attached in every account, even if the snapshot does not contain them. AWS: AWS Managed Policy Reference.
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

/// A managed policy that can be attached.
pub(crate) struct AttachablePolicy {
    pub(crate) arn: Arc<str>,
    pub(crate) name: String,
    /// None if the document cannot be read.
    pub(crate) document: Option<Arc<PolicyDocument>>,
}

/// Whether one of these policies is a broad policy of AWS.
pub(crate) fn has_broad_policy<'p>(mut arns: impl Iterator<Item = &'p str>) -> bool {
    arns.any(|arn| AWS_BROAD_POLICIES.iter().any(|(name, ..)| arn.ends_with(&format!(":iam::aws:policy/{name}"))))
}

/// The managed policies of an account, and the broad policies of AWS.
pub(crate) fn list_attachable_policies(account: &Account) -> Vec<AttachablePolicy> {
    let customer_policies = account.policies.values().map(to_attachable);
    // A document in the snapshot takes precedence.
    let is_not_in_snapshot = |policy: &AttachablePolicy| !account.policies.contains_key(policy.arn.as_ref());
    customer_policies.chain(list_aws_policies(account).filter(is_not_in_snapshot)).collect()
}

/// The attachable policy with this ARN. None if it is not in [`list_attachable_policies`].
pub(crate) fn find_attachable_policy(account: &Account, arn: &str) -> Option<AttachablePolicy> {
    match account.policies.get(arn) {
        Some(policy) => Some(to_attachable(policy)),
        None => list_aws_policies(account).find(|policy| policy.arn.as_ref() == arn),
    }
}

/// The documents that principals of an account can have attached: those of its groups, and each version of its managed policies.
pub(crate) fn list_attachable_documents(account: &Account) -> impl Iterator<Item = &Arc<PolicyDocument>> {
    let of_groups = account.groups.iter().flat_map(|group| &group.identity_policies).map(|policy| &policy.document);
    let of_policies = account.policies.values().flat_map(|policy| {
        // A policy without a readable document is undecided if it is attached (`UnreadablePolicy`).
        policy.document.document.iter().chain(policy.other_versions.iter().map(|version| &version.document))
    });
    of_groups.chain(of_policies)
}

fn list_aws_policies(account: &Account) -> impl Iterator<Item = AttachablePolicy> {
    AWS_POLICY_DOCUMENTS.iter().map(|(name, document)| AttachablePolicy {
        arn: Arc::from(format!("arn:{}:iam::aws:policy/{name}", account.partition.as_str())),
        name: (*name).to_owned(),
        document: Some(Arc::clone(document)),
    })
}

fn to_attachable(policy: &ManagedPolicy) -> AttachablePolicy {
    // Who attaches a policy without a document is undecided (`UndecidedReason::UnreadablePolicy`).
    let document = policy.document.document.as_ref().ok().map(Arc::clone);
    AttachablePolicy { arn: Arc::from(policy.arn.as_str()), name: policy.name.clone(), document }
}
