//! The normal form of a statement: the same for every way to write it.

use crate::iam::condition::ConditionValue;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{ActionPattern, Condition, ElementKind, Statement};

/// A condition entry: `StringEquals aws:ResourceTag/team a, b`.
pub fn render_condition(condition: &Condition) -> String {
    format!("{} {} {}", condition.operator_name(), condition.key, sorted_values(condition).join(", "))
}

/// The values of a condition entry, sorted and without duplicates.
pub(crate) fn sorted_values(condition: &Condition) -> Vec<String> {
    let mut values: Vec<String> = condition
        .values
        .iter()
        .map(|value| match value {
            ConditionValue::Text(template) => template.as_written().to_owned(),
            ConditionValue::Typed(typed) => typed.to_string(),
        })
        .collect();
    values.sort();
    values.dedup();
    values
}

/// The resource patterns as they are written.
pub fn list_resource_patterns(element: &ResourceElement) -> Vec<String> {
    element.patterns.iter().map(|pattern| pattern.as_written().to_owned()).collect()
}

/// A stable token for fingerprints: the action patterns that `contributes` selects, the resources and the conditions of a
/// statement. Its position, its `Sid`, and the order of its elements do not matter.
///
/// Every exception depends on this format. Do not change it.
pub(crate) fn normalize_statement(statement: &Statement, contributes: impl Fn(&ActionPattern) -> bool) -> String {
    let mut actions: Vec<String> = match statement.action.kind {
        ElementKind::List => {
            statement.action.patterns.iter().filter(|p| contributes(p)).map(to_lowercase_text).collect()
        }
        ElementKind::NotList => render_excluded_actions(&statement.action),
    };
    let mut resources: Vec<String> = statement
        .resource
        .iter()
        .flat_map(|element| {
            let not = if element.kind == ElementKind::NotList { "not " } else { "" };
            list_resource_patterns(element).into_iter().map(move |pattern| format!("{not}{pattern}"))
        })
        .collect();
    let mut conditions: Vec<String> = statement
        .conditions
        .iter()
        .map(|c| format!("{} {} {:?}", c.operator_name(), c.key.lower(), sorted_values(c)))
        .collect();
    for list in [&mut actions, &mut resources, &mut conditions] {
        list.sort();
        list.dedup();
    }
    format!("{actions:?} {resources:?} {conditions:?}")
}

fn to_lowercase_text(pattern: &ActionPattern) -> String {
    format!("{}:{}", pattern.service(), pattern.name())
}

fn render_excluded_actions(element: &ActionElement) -> Vec<String> {
    element.patterns.iter().map(|pattern| format!("not {}", to_lowercase_text(pattern))).collect()
}
