//! The conditions on requests that set the key of a guard's condition.

use crate::iam::condition::ConditionValue;
use crate::iam::value::TypedValue;
use crate::iam::{Condition, ConditionOperator, Quantifier};

/// Whether a condition matches only if its key is missing.
pub(crate) fn requires_missing_key(condition: &Condition) -> bool {
    condition.operator == ConditionOperator::Null
        && condition.values.contains(&ConditionValue::Typed(TypedValue::Bool(true)))
}

/// Whether removing the tag can satisfy a condition.
pub(crate) fn can_be_met_by_removal(condition: &Condition) -> bool {
    requires_missing_key(condition) || condition.operator.is_negated()
}

/// The conditions on a request that sets a tag to a value that satisfies a condition. `None` if no value does.
pub(crate) fn build_tag_request(condition: &Condition, tag: &str) -> Option<Vec<Condition>> {
    if requires_missing_key(condition) {
        return None;
    }
    Some(vec![condition.with_key(&format!("aws:RequestTag/{tag}")), build_tag_keys_condition(tag)])
}

/// The condition on a request that names a tag. Tag keys that differ in case only are one tag, and a Deny may
/// list one spelling.
pub(crate) fn build_tag_keys_condition(tag: &str) -> Condition {
    Condition::on_texts(ConditionOperator::StringEqualsIgnoreCase, "aws:TagKeys", [tag])
        .with_quantifier(Quantifier::ForAnyValue)
}

/// The tag of a key `service:ResourceTag/tag`, without its service. `None` if the key is of another form.
pub(crate) fn resource_tag_name(key: &str) -> Option<&str> {
    const PREFIX: &str = "resourcetag/";
    let is_resource_tag = key.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    key.get(PREFIX.len()..).filter(|_| is_resource_tag)
}
