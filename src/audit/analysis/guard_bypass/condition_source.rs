//! A condition of a guard, to be asked of the key by which its own is set.

use serde_json::{Value, json};

use crate::iam::{Condition, ConditionOperator};

/// A condition with its operator and values as the guard writes them.
pub(crate) struct WrittenCondition<'b> {
    pub condition: &'b Condition,
    operator: &'b str,
    values: &'b Value,
}

impl<'b> WrittenCondition<'b> {
    /// Looks the condition up in its block.
    pub fn find_in_block(condition: &'b Condition, block: &'b Value) -> Option<WrittenCondition<'b>> {
        let name = condition.operator_name();
        let operators = block.as_object()?.iter().filter(|(operator, _)| operator.eq_ignore_ascii_case(&name));
        let keys = operators.filter_map(|(operator, keys)| Some((operator, keys.as_object()?)));
        let mut entries =
            keys.flat_map(|(operator, keys)| keys.iter().map(move |(key, values)| (operator, key, values)));
        let (operator, _, values) = entries.find(|(_, key, _)| *key == condition.key.as_written())?;
        Some(WrittenCondition { condition, operator, values })
    }

    /// The condition alone.
    pub fn to_json(&self) -> Value {
        self.with_key(self.condition.key.as_written())
    }

    /// The same of another key.
    pub fn with_key(&self, key: &str) -> Value {
        json!({ self.operator: { key: self.values } })
    }

    /// The same of another key, each value made into another; none where one of them has no such form.
    pub fn with_key_and_values(&self, key: &str, convert: impl Fn(&str) -> Option<String>) -> Option<Value> {
        let values: Option<Vec<String>> = self.value_texts().iter().map(|text| convert(text)).collect();
        Some(json!({ self.operator: { key: values? } }))
    }

    /// Whether it holds only where its key is missing.
    pub fn requires_missing_key(&self) -> bool {
        self.condition.operator == ConditionOperator::Null
            && self.value_texts().iter().any(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A request that gives a tag a value of which the condition holds; none where no value does.
    pub fn to_tag_request(&self, tag: &str) -> Option<Value> {
        if self.requires_missing_key() {
            return None;
        }
        let mut request_condition = self.with_key(&format!("aws:RequestTag/{tag}"));
        request_condition.as_object_mut()?.extend(build_tag_keys_condition(tag).as_object()?.clone());
        Some(request_condition)
    }

    fn value_texts(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match self.values {
            Value::Array(list) => list.iter().map(text).collect(),
            single => vec![text(single)],
        }
    }
}

/// A request that names a tag: the keys of tags are the same in any case, and a Deny may know only one.
pub(crate) fn build_tag_keys_condition(tag: &str) -> Value {
    json!({ "ForAnyValue:StringEqualsIgnoreCase": { "aws:TagKeys": [tag] } })
}

/// Whether a key, without its service, is a tag of the resource.
pub(crate) fn is_resource_tag(key: &str) -> bool {
    key.get(.."resourcetag/".len()).is_some_and(|start| start.eq_ignore_ascii_case("resourcetag/"))
}
