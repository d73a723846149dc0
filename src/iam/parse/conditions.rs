//! The condition block of a statement.

use super::Reader;
use crate::iam::condition::{Condition, ConditionValue, ContextKey, Family, Operator, Quantifier, WhenMissing};
use crate::iam::document::Version;
use crate::iam::template::{Template, Variables, Wildcards};
use crate::iam::value::Typed;
use crate::source::json::{Member, Node, Value};
use crate::source::{Diagnostic, Span};

impl Reader<'_> {
    pub(super) fn conditions(&mut self, node: &Node) -> Vec<Condition> {
        if !matches!(node.value, Value::Object(_)) {
            self.error(node.span, format!("`Condition` cannot be {}", node.kind()), "an object of operators");
            return Vec::new();
        }
        let mut conditions = Vec::new();
        for operator_member in node.members() {
            let Some((quantifier, operator, when_missing)) = self.operator(operator_member) else { continue };
            if !matches!(operator_member.value.value, Value::Object(_)) {
                self.error(
                    operator_member.value.span,
                    format!("`{}` cannot be {}", operator_member.name, operator_member.value.kind()),
                    "an object of context keys",
                );
            }
            for key_member in operator_member.value.members() {
                let key = ContextKey::new(&key_member.name);
                if key.lower().is_empty() {
                    self.error(key_member.name_span, "the context key is empty", "a context key such as aws:SourceIp");
                    continue;
                }
                let values = self.values(operator, &key_member.value);
                let span = Span::new(key_member.name_span.start, key_member.value.span.end);
                conditions.push(Condition { quantifier, operator, when_missing, key, values, span });
            }
        }
        conditions
    }

    fn operator(&mut self, member: &Member) -> Option<(Quantifier, Operator, WhenMissing)> {
        let lower = member.name.to_ascii_lowercase();
        let (quantifier, rest) = match lower.split_once(':') {
            Some(("forallvalues", rest)) => (Quantifier::ForAllValues, rest),
            Some(("foranyvalue", rest)) => (Quantifier::ForAnyValue, rest),
            _ => (Quantifier::Plain, lower.as_str()),
        };
        let (when_missing, base) = match rest.strip_suffix("ifexists") {
            Some(base) => (WhenMissing::Holds, base),
            None => (WhenMissing::ByOperator, rest),
        };
        match Operator::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(base)) {
            Some((_, Operator::Null)) if (quantifier, when_missing) != (Quantifier::Plain, WhenMissing::ByOperator) => {
                self.error(member.name_span, format!("`Null` stands alone, not as `{}`", member.name), "`Null`");
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
                    .with_suggestion(written, Operator::ALL.iter().map(|(name, _)| *name)),
                );
                None
            }
        }
    }

    fn values(&mut self, operator: Operator, node: &Node) -> Vec<ConditionValue> {
        let list = match &node.value {
            Value::Array(list) => list.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut values = Vec::with_capacity(list.len());
        for value in list {
            let text = match &value.value {
                Value::String(text) | Value::Number(text) => text.clone(),
                Value::Bool(true) => "true".into(),
                Value::Bool(false) => "false".into(),
                _ => {
                    self.error(
                        value.span,
                        format!("a condition value cannot be {}", value.kind()),
                        "a string, number or boolean",
                    );
                    continue;
                }
            };
            match operator.family() {
                Family::String | Family::Arn => {
                    let wildcards = if operator.has_wildcards() { Wildcards::Active } else { Wildcards::Literal };
                    let variables = match self.version {
                        Version::V2012 => Variables::Anywhere,
                        Version::V2008 => Variables::Nowhere,
                    };
                    values.push(ConditionValue::Text(Template::parse(&text, wildcards, variables)));
                }
                family => match Typed::parse(family, &text) {
                    Ok(typed) => values.push(ConditionValue::Typed(typed)),
                    Err(expected) => {
                        self.error(value.span, format!("`{}` cannot take `{text}`", operator.name()), expected)
                    }
                },
            }
        }
        values
    }
}
