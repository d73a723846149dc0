//! A layer that must allow a request (a boundary, an SCP level), as statements that deny every other request.

use super::negated_condition::negate_condition;
use crate::iam::element::{ActionElement, ElementKind, ResourceElement};
use crate::iam::{Condition, Effect, Statement};

/// The largest number of Deny statements for one layer.
const MAX_DENIES: usize = 64;

/// Statements that deny exactly the requests that no Allow statement of a layer matches. `None` if the policy language
/// has no such statements, or if there are too many.
pub(super) fn deny_rest_of_layer(layer: &[Statement]) -> Option<Vec<Statement>> {
    let mut denies = vec![Rest::default()];
    for statement in join_equal_scopes(layer) {
        let failures = list_failures(&statement)?;
        let pairs = denies.iter().flat_map(|rest| failures.iter().map(move |failure| rest.also(failure)));
        denies = pairs.collect::<Option<Vec<Rest>>>()?;
        if denies.len() > MAX_DENIES {
            return None;
        }
    }
    Some(denies.into_iter().map(Rest::into_deny).collect())
}

/// One way in which a statement does not match.
enum Failure {
    Action(ActionElement),
    Resource(ResourceElement),
    Conditions(Vec<Condition>),
}

/// The requests that fail one element of each of some statements.
#[derive(Clone, Default)]
struct Rest {
    action: Option<ActionElement>,
    resource: Option<ResourceElement>,
    conditions: Vec<Condition>,
}

impl Rest {
    /// The requests that also fail here. `None` if one statement cannot express that.
    fn also(&self, failure: &Failure) -> Option<Rest> {
        let mut rest = self.clone();
        match failure {
            Failure::Action(element) => match &mut rest.action {
                None => rest.action = Some(element.clone()),
                Some(joined) => {
                    if joined.kind != ElementKind::NotList || element.kind != ElementKind::NotList {
                        return (*joined == *element).then_some(rest);
                    }
                    let new: Vec<_> =
                        element.patterns.iter().filter(|p| !joined.patterns.contains(p)).cloned().collect();
                    joined.patterns.extend(new);
                }
            },
            Failure::Resource(element) => match &mut rest.resource {
                None => rest.resource = Some(element.clone()),
                Some(joined) => {
                    if joined.kind != ElementKind::NotList || element.kind != ElementKind::NotList {
                        return (*joined == *element).then_some(rest);
                    }
                    let new: Vec<_> =
                        element.patterns.iter().filter(|p| !joined.patterns.contains(p)).cloned().collect();
                    joined.patterns.extend(new);
                }
            },
            Failure::Conditions(conditions) => {
                for condition in conditions {
                    add_condition(&mut rest.conditions, condition)?;
                }
            }
        }
        Some(rest)
    }

    fn into_deny(self) -> Statement {
        Statement::deny(
            self.action.unwrap_or_else(ActionElement::any),
            self.resource.unwrap_or_else(ResourceElement::any),
        )
        .under(self.conditions)
    }
}

/// Adds a condition to a conjunction. A negated operator with several values holds if none of them matches, so that
/// equal ones join.
fn add_condition(conditions: &mut Vec<Condition>, condition: &Condition) -> Option<()> {
    let is_same_test = |other: &&mut Condition| {
        (other.operator, other.quantifier, other.when_missing, &other.key)
            == (condition.operator, condition.quantifier, condition.when_missing, &condition.key)
    };
    match conditions.iter_mut().find(is_same_test) {
        None => conditions.push(condition.clone()),
        Some(same) if same.values == condition.values => {}
        Some(same) if condition.operator.is_negated() => same.values.extend(condition.values.iter().cloned()),
        Some(_) => return None,
    }
    Some(())
}

/// The ways in which a statement does not match. Empty if it matches every request. `None` if one of them cannot be
/// expressed.
fn list_failures(statement: &Statement) -> Option<Vec<Failure>> {
    let mut failures = Vec::new();
    if !statement.action.patterns.iter().any(|p| p.service() == "*" && p.name() == "*")
        || statement.action.kind == ElementKind::NotList
    {
        failures.push(Failure::Action(opposite_actions(&statement.action)));
    }
    if let Some(element) = &statement.resource
        && (element.kind == ElementKind::NotList || !element.patterns.iter().any(|p| p.is_match_all()))
    {
        failures.push(Failure::Resource(opposite_resources(element)));
    }
    for condition in &statement.conditions {
        failures.push(Failure::Conditions(negate_condition(condition)?));
    }
    Some(failures)
}

fn opposite(kind: ElementKind) -> ElementKind {
    match kind {
        ElementKind::List => ElementKind::NotList,
        ElementKind::NotList => ElementKind::List,
    }
}

fn opposite_actions(element: &ActionElement) -> ActionElement {
    ActionElement { kind: opposite(element.kind), patterns: element.patterns.clone() }
}

fn opposite_resources(element: &ResourceElement) -> ResourceElement {
    ResourceElement { kind: opposite(element.kind), patterns: element.patterns.clone() }
}

/// The statements of a layer with those joined that differ in their actions only.
fn join_equal_scopes(layer: &[Statement]) -> Vec<Statement> {
    let mut joined: Vec<Statement> = Vec::new();
    for statement in layer.iter().filter(|statement| statement.effect == Effect::Allow) {
        let is_joinable = |other: &&mut Statement| {
            other.resource == statement.resource
                && other.conditions == statement.conditions
                && other.action.kind == ElementKind::List
                && statement.action.kind == ElementKind::List
        };
        match joined.iter_mut().find(is_joinable) {
            Some(same) => same.action.patterns.extend(statement.action.patterns.iter().cloned()),
            None => joined.push(statement.clone()),
        }
    }
    joined
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::iam::document_json::write_document;
    use crate::iam::{DocumentKind, PolicyDocument};
    use crate::source::SourceFile;

    fn deny_rest(statements: &str) -> Option<serde_json::Value> {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
        let document = PolicyDocument::parse(&SourceFile::new("test", text), DocumentKind::Identity).unwrap();
        let denies = deny_rest_of_layer(&document.statements)?;
        Some(write_document(&denies).unwrap()["Statement"].clone())
    }

    #[test]
    fn the_rest_of_a_layer_is_denied() {
        let allow_all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        assert_eq!(deny_rest(allow_all).unwrap(), serde_json::json!([]));
        let one =
            r#"[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","Action":"ce:*","Resource":"*"}]"#;
        let expected = serde_json::json!([{ "Effect": "Deny", "NotAction": ["s3:*", "ce:*"], "Resource": ["*"] }]);
        assert_eq!(deny_rest(one).unwrap(), expected);
        let two = r#"[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a"},{"Effect":"Allow","Action":"ce:*","Resource":"*"}]"#;
        let expected = serde_json::json!([
            { "Effect": "Deny", "NotAction": ["s3:*", "ce:*"], "Resource": ["*"] },
            { "Effect": "Deny", "NotAction": ["ce:*"], "NotResource": ["arn:aws:s3:::a"] },
        ]);
        assert_eq!(deny_rest(two).unwrap(), expected);
    }

    #[test]
    fn a_layer_that_one_statement_cannot_express_is_refused() {
        let not_actions = r#"[{"Effect":"Allow","NotAction":"s3:*","Resource":"*"},{"Effect":"Allow","NotAction":"ce:*","Resource":"*"}]"#;
        assert!(deny_rest(not_actions).is_none());
    }
}
