//! The names of a role's sessions that its trust policy admits.

use super::known_context::KeyFact;
use crate::iam::operator::OperatorFamily;
use crate::iam::{Condition, Quantifier, Statement, Template, TemplatePart};

const SESSION_NAME: &str = "sts:rolesessionname";

/// What the statements that allow to assume a role say about `aws:userid` in the sessions, which ends in their names. None if
/// one of them admits any name.
///
/// `role_id`: the unique id of the role.
// AWS: IAM and AWS STS condition context keys, sts:RoleSessionName; AssumeRole, STS API Reference: the name is required
pub(super) fn find_user_id<'s>(role_id: &str, allowing: impl Iterator<Item = &'s Statement>) -> Option<KeyFact> {
    let mut names: Vec<(String, bool)> = Vec::new();
    for statement in allowing {
        let limiting = statement.conditions.iter().find(|condition| limits_name(condition))?;
        names.extend(limiting.texts().map(|text| (find_literal_start(text), text.as_literal().is_some())));
    }
    let (first, is_whole) = names.first()?;
    if *is_whole && names.iter().all(|other| other.1 && other.0 == *first) {
        return Some(KeyFact::Value(format!("{role_id}:{first}")));
    }
    let common = names.iter().fold(first.as_str(), |common, (start, _)| find_common_start(common, start));
    (!common.is_empty()).then(|| KeyFact::StartsWith(format!("{role_id}:{common}")))
}

fn limits_name(condition: &Condition) -> bool {
    condition.key.lower() == SESSION_NAME
        && condition.quantifier == Quantifier::Plain
        && condition.operator.family() == OperatorFamily::String
        && !condition.operator.is_negated()
        && !condition.operator.ignores_case()
}

/// The text before the first wildcard or variable.
fn find_literal_start(template: &Template) -> String {
    let literal = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => Some(text.to_string()),
        TemplatePart::AnyString | TemplatePart::AnyChar | TemplatePart::Variable { .. } => None,
    };
    template.parts().iter().map_while(literal).collect()
}

fn find_common_start<'t>(first: &'t str, second: &str) -> &'t str {
    let same = first.char_indices().zip(second.chars()).take_while(|((_, a), b)| a == b);
    let length = same.last().map_or(0, |((at, c), _)| at + c.len_utf8());
    first.get(..length).unwrap_or_default()
}
