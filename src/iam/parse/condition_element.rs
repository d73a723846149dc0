//! Parses the `Condition` element of a statement.

use rustc_hash::FxHashMap;

use super::DocumentParser;
use crate::iam::condition::{Condition, ConditionValue, MissingKeyRule, Quantifier};
use crate::iam::context_key::ContextKey;
use crate::iam::operator::{ConditionOperator, OperatorFamily};
use crate::iam::policy_document::Version;
use crate::iam::template::{Template, VariableScope, WildcardMode};
use crate::iam::value::TypedValue;
use crate::source::json_tree::{JsonMember, JsonNode, JsonValue};
use crate::source::{Diagnostic, Span};

impl DocumentParser<'_> {
    pub(super) fn parse_conditions(&mut self, node: &JsonNode) -> Vec<Condition> {
        if !matches!(node.value, JsonValue::Object(_)) {
            self.report_error(
                node.span,
                format!("`Condition` cannot be {}", node.describe_type()),
                "an object of operators",
            );
            return Vec::new();
        }
        let mut conditions = Vec::new();
        self.report_duplicate_members(node);
        for operator_member in node.members() {
            let Some((quantifier, operator, when_missing)) = self.parse_operator(operator_member) else { continue };
            if !matches!(operator_member.value.value, JsonValue::Object(_)) {
                self.report_error(
                    operator_member.value.span,
                    format!("`{}` cannot be {}", operator_member.name, operator_member.value.describe_type()),
                    "an object of context keys",
                );
            }
            self.report_duplicate_members(&operator_member.value);
            self.report_duplicate_keys(operator_member);
            for key_member in operator_member.value.members() {
                let key = ContextKey::new(&key_member.name);
                if key.lower().is_empty() {
                    self.report_error(
                        key_member.name_span,
                        "the context key is empty",
                        "a context key such as aws:SourceIp",
                    );
                    continue;
                }
                let values = self.parse_values(operator, &key_member.value);
                let span = Span::new(key_member.name_span.start, key_member.value.span.end);
                conditions.push(Condition { quantifier, operator, when_missing, key, values, span });
            }
        }
        conditions
    }

    /// Reports the context keys of an operator that differ in letter case only. They are one key, and AWS does not say
    /// which values count.
    fn report_duplicate_keys(&mut self, operator_member: &JsonMember) {
        let mut written_by_key: FxHashMap<String, &str> = FxHashMap::default();
        for member in operator_member.value.members() {
            let written: &str = &member.name;
            let first = *written_by_key.entry(written.to_ascii_lowercase()).or_insert(written);
            if first != written {
                let message = format!("duplicate context key `{written}`: it is `{first}` in other letter case");
                self.report_error(member.name_span, message, "each key once");
            }
        }
    }

    fn parse_operator(&mut self, member: &JsonMember) -> Option<(Quantifier, ConditionOperator, MissingKeyRule)> {
        let lower = member.name.to_ascii_lowercase();
        let (quantifier, rest) = match lower.split_once(':') {
            Some(("forallvalues", rest)) => (Quantifier::ForAllValues, rest),
            Some(("foranyvalue", rest)) => (Quantifier::ForAnyValue, rest),
            _ => (Quantifier::Plain, lower.as_str()),
        };
        let (when_missing, base) = match rest.strip_suffix("ifexists") {
            Some(base) => (MissingKeyRule::Satisfied, base),
            None => (MissingKeyRule::OperatorDefault, rest),
        };
        match ConditionOperator::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(base)) {
            Some((_, ConditionOperator::Null))
                if (quantifier, when_missing) != (Quantifier::Plain, MissingKeyRule::OperatorDefault) =>
            {
                self.report_error(
                    member.name_span,
                    format!("`Null` has no quantifier and no `IfExists`: `{}`", member.name),
                    "`Null`",
                );
                None
            }
            Some((_, operator)) => Some((quantifier, *operator, when_missing)),
            None => {
                let written = member.name.rsplit(':').next().unwrap_or(&member.name);
                self.problems.push(
                    Diagnostic::error(
                        self.source,
                        member.name_span,
                        format!("unknown operator `{}`", member.name),
                        "a condition operator such as StringEquals",
                    )
                    .with_suggestion(written, ConditionOperator::ALL.iter().map(|(name, _)| *name)),
                );
                None
            }
        }
    }

    fn parse_values(&mut self, operator: ConditionOperator, node: &JsonNode) -> Vec<ConditionValue> {
        let list = match &node.value {
            JsonValue::Array(list) => list.as_slice(),
            _ => std::slice::from_ref(node),
        };
        self.entries += list.len();
        if list.is_empty() {
            self.report_error(node.span, "the list of values is empty", "at least one value");
        }
        let mut values = Vec::with_capacity(list.len());
        for value in list {
            let text = match &value.value {
                JsonValue::String(text) | JsonValue::Number(text) => text.clone(),
                JsonValue::Bool(true) => "true".into(),
                JsonValue::Bool(false) => "false".into(),
                _ => {
                    self.report_error(
                        value.span,
                        format!("a condition value cannot be {}", value.describe_type()),
                        "a string, number or boolean",
                    );
                    continue;
                }
            };
            match operator.family() {
                OperatorFamily::String | OperatorFamily::Arn => {
                    let wildcards = if operator.has_wildcards() { WildcardMode::Active } else { WildcardMode::Literal };
                    let variables = match self.version {
                        Version::V2012 => VariableScope::Anywhere,
                        Version::V2008 => VariableScope::Nowhere,
                    };
                    values.push(ConditionValue::Text(Template::parse(&text, wildcards, variables)));
                }
                family => match TypedValue::parse(family, &text) {
                    Ok(typed) => values.push(ConditionValue::Typed(typed)),
                    Err(expected) => {
                        self.report_error(value.span, format!("`{}` cannot take `{text}`", operator.name()), expected)
                    }
                },
            }
        }
        values
    }
}
