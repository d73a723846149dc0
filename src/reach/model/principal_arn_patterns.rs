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
const USER_NAME: &str = "aws:username";

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

/// The patterns over the ARN of the principal in one document. A condition on the name of a user is one, too.
pub(crate) fn list_patterns(document: &PolicyDocument) -> impl Iterator<Item = String> {
    let conditions = document.statements.iter().flat_map(|statement| &statement.conditions);
    let about_name = conditions.filter(|condition| matches!(condition.key.lower(), PRINCIPAL_ARN | USER_NAME));
    let with_values =
        about_name.flat_map(|condition| condition.values.iter().map(|value| (condition.key.lower(), value)));
    with_values.filter_map(|(key, value)| match value {
        ConditionValue::Text(name) if key == USER_NAME => Some(format!("arn:*:iam::*:user/{}", name.as_written())),
        ConditionValue::Text(pattern) => Some(pattern.as_written().to_owned()),
        ConditionValue::Typed(_) => None,
    })
}
