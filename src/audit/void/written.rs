//! A condition of a guard, to be asked of the key by which its own is set.

use serde_json::{Value, json};

use crate::iam::{Condition, Operator};

/// A condition with its operator and values as the guard writes them.
pub(super) struct Written<'b> {
    pub condition: &'b Condition,
    operator: &'b str,
    values: &'b Value,
}

impl<'b> Written<'b> {
    /// Looks the condition up in its block.
    pub fn of(condition: &'b Condition, block: &'b Value) -> Option<Written<'b>> {
        let name = condition.operator_name();
        let operators = block.as_object()?.iter().filter(|(operator, _)| operator.eq_ignore_ascii_case(&name));
        let keys = operators.filter_map(|(operator, keys)| Some((operator, keys.as_object()?)));
        let mut entries =
            keys.flat_map(|(operator, keys)| keys.iter().map(move |(key, values)| (operator, key, values)));
        let (operator, _, values) = entries.find(|(_, key, _)| *key == condition.key.as_written())?;
        Some(Written { condition, operator, values })
    }

    /// The condition alone.
    pub fn alone(&self) -> Value {
        self.asked_of(self.condition.key.as_written())
    }

    /// The same of another key.
    pub fn asked_of(&self, key: &str) -> Value {
        json!({ self.operator: { key: self.values } })
    }

    /// The same of another key, each value made into another; none where one of them has no such form.
    pub fn asked_with(&self, key: &str, value: impl Fn(&str) -> Option<String>) -> Option<Value> {
        let values: Option<Vec<String>> = self.texts().iter().map(|text| value(text)).collect();
        Some(json!({ self.operator: { key: values? } }))
    }

    /// Whether it holds only where its key is missing.
    pub fn asks_absence(&self) -> bool {
        self.condition.operator == Operator::Null && self.texts().iter().any(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A request that gives a tag a value of which the condition holds; none where no value does.
    pub fn with_tag(&self, tag: &str) -> Option<Value> {
        if self.asks_absence() {
            return None;
        }
        let mut wanted = self.asked_of(&format!("aws:RequestTag/{tag}"));
        wanted.as_object_mut()?.extend(naming_tag(tag).as_object()?.clone());
        Some(wanted)
    }

    fn texts(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match self.values {
            Value::Array(list) => list.iter().map(text).collect(),
            one => vec![text(one)],
        }
    }
}

/// A request that names a tag: the keys of tags are the same in any case, and a Deny may know only one.
pub(super) fn naming_tag(tag: &str) -> Value {
    json!({ "ForAnyValue:StringEqualsIgnoreCase": { "aws:TagKeys": [tag] } })
}

/// Whether a key, without its service, is a tag of the resource.
pub(super) fn is_resource_tag(key: &str) -> bool {
    key.get(.."resourcetag/".len()).is_some_and(|start| start.eq_ignore_ascii_case("resourcetag/"))
}
