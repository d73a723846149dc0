//! The patterns over the ARN of the principal in trust policies, resource policies, SCPs and RCPs. They can treat users
//! and roles of other names differently.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::node::PrincipalNode;
use super::tag_index::list_resource_side_policies;
use crate::iam::PolicyDocument;
use crate::iam::condition::ConditionValue;

const PRINCIPAL_ARN: &str = "aws:principalarn";

/// The patterns, as the policies write them.
pub(crate) fn list_principal_arn_patterns(nodes: &[PrincipalNode<'_>]) -> BTreeSet<String> {
    let mut seen: FxHashSet<usize> = FxHashSet::default();
    let mut patterns = BTreeSet::new();
    let mut add = |document: &Arc<PolicyDocument>| {
        if seen.insert(Arc::as_ptr(document) as usize) {
            patterns.extend(list_patterns(document));
        }
    };
    for node in nodes {
        node.principal.trust_policy.iter().for_each(|trust| add(&trust.document));
        let levels = node.layers.scps.iter().flatten().flat_map(|level| &level.policies);
        levels.for_each(|policy| add(&policy.document));
    }
    // All principals of a snapshot have the same RCPs and resource policies.
    nodes.first().into_iter().flat_map(list_resource_side_policies).for_each(|policy| add(&policy.document));
    patterns
}

fn list_patterns(document: &PolicyDocument) -> impl Iterator<Item = String> {
    let conditions = document.statements.iter().flat_map(|statement| &statement.conditions);
    let about_arn = conditions.filter(|condition| condition.key.lower() == PRINCIPAL_ARN);
    about_arn.flat_map(|condition| &condition.values).filter_map(|value| match value {
        ConditionValue::Text(template) => Some(template.as_written().to_owned()),
        ConditionValue::Typed(_) => None,
    })
}
