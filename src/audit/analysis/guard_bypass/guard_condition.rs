//! The conditions on requests that set the key of a guard's condition.

use crate::access::{KeyFact, KnownContext};
use crate::baseline::Guard;
use crate::catalog::{Catalog, TagAction, TagChange, TagKeyMeaning, list_request_keys};
use crate::iam::condition::ConditionValue;
use crate::iam::value::TypedValue;
use crate::iam::{Condition, ConditionOperator, Quantifier};

/// Whether a condition matches only if its key is missing.
pub(crate) fn requires_missing_key(condition: &Condition) -> bool {
    condition.operator == ConditionOperator::Null
        && condition.values.contains(&ConditionValue::Typed(TypedValue::Bool(true)))
}

/// What is known of requests that may have any value of the keys of a guard.
pub(crate) fn free_guard_keys(known: &KnownContext, guard: &Guard) -> KnownContext {
    let mut freed = known.clone();
    guard.unless.conditions.iter().for_each(|condition| freed.set(condition.key.as_written(), KeyFact::Free));
    freed
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

/// The conditions on a request of an action that changes a tag so that a condition matches, with the keys that such requests
/// have. Some services do not send the tag to IAM: any request of their actions may change it.
pub(crate) fn build_tag_change_conditions(
    catalog: &Catalog,
    tag_action: &TagAction,
    condition: &Condition,
    tag: &str,
) -> Vec<Condition> {
    let service = catalog.service_prefix(catalog.action_service(tag_action.action));
    let shape = catalog.shape(tag_action.action);
    let list_keys = |meaning| {
        let keys = list_request_keys(service, meaning, tag).into_iter();
        keys.filter(|key| catalog.key_definition(key).is_some() && catalog.has_key(shape, key))
    };
    let is_missing = |key: String| Condition::on_value(ConditionOperator::Null, &key, TypedValue::Bool(true));
    let mut conditions: Vec<Condition> = match tag_action.change {
        TagChange::Set => list_keys(TagKeyMeaning::Request).map(|key| condition.with_key(&key)).collect(),
        TagChange::Remove => Vec::new(),
        TagChange::Replace => list_keys(TagKeyMeaning::Request).map(is_missing).collect(),
    };
    if tag_action.change != TagChange::Replace {
        let names_tag = |key: String| build_tag_keys_condition(tag).with_key(&key);
        conditions.extend(list_keys(TagKeyMeaning::RequestNames).map(names_tag));
    }
    // AWS: Grant permission to tag Amazon EC2 resources during creation; ELB API permissions to tag resources during creation;
    // Grant permission to tag resources on creation (Amazon ECS): with the key, existing resources cannot be tagged.
    conditions.extend(list_keys(TagKeyMeaning::Creation).map(is_missing));
    conditions
}
