//! Edits that make the first undeclared step of an escalation path impossible.

use serde_json::{Value, json};

use super::suggest_remediation::find_location;
use crate::access::{PolicyRef, Request};
use crate::audit::model::remediation::Remediation;
use crate::iam::document_edit::{build_document, to_json};
use crate::iam::{AwsPrincipal, Effect, ElementKind, PrincipalEntry, Statement};
use crate::snapshot::Snapshot;

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// Breaks a path where a statement grants a request of a step: the statement without the action, if it lists it by its name
/// and can be changed, or a denial of the request.
pub(crate) fn suggest_break_at_policy(
    principal: &str,
    request: &Request,
    (policy, statement): (&PolicyRef, usize),
) -> Remediation {
    let location = find_location(policy).filter(|location| !location.is_aws_owned());
    match location.zip(remove_action(policy, statement, &request.action)) {
        Some((location, replacement)) => Remediation::BreakPathAtStatement {
            action: request.action.clone(),
            resource: Some(request.resource.clone()).filter(|resource| resource != "*"),
            policy: policy.name.clone(),
            location,
            statement,
            replacement,
        },
        None => deny_step(principal, &request.action, &request.resource),
    }
}

/// Breaks a path where only the trust policy of a role grants a step. `None` if the snapshot lacks the role.
pub(crate) fn suggest_break_at_trust(snapshot: &Snapshot, role: &str, assumer: &str) -> Option<Remediation> {
    let (_, target) = snapshot.principals().find(|(_, principal)| principal.arn.as_str() == role)?;
    let statements = target.trust_policy.iter().flat_map(|trust| &trust.document.statements);
    let names_assumer = |entry: &PrincipalEntry| matches!(entry, PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) if arn.as_str() == assumer);
    let is_named = statements
        .filter(|statement| statement.effect == Effect::Allow)
        .filter_map(|statement| statement.principal.as_ref().filter(|element| element.kind == ElementKind::List))
        .any(|element| element.entries.iter().any(names_assumer));
    Some(match is_named {
        true => Remediation::BreakPathAtTrust { role: role.to_owned(), assumer: assumer.to_owned() },
        false => deny_step(assumer, ASSUME_ROLE, role),
    })
}

fn deny_step(principal: &str, action: &str, resource: &str) -> Remediation {
    let statement = json!({ "Effect": "Deny", "Action": action, "Resource": resource });
    Remediation::DenyStep {
        principal: principal.to_owned(),
        action: action.to_owned(),
        policy: build_document(vec![statement]),
    }
}

/// What a statement is without an action: nothing if it has no other one. `None` if another pattern of the statement matches
/// the action, or if the document would be empty.
fn remove_action(policy: &PolicyRef, index: usize, action: &str) -> Option<Vec<Value>> {
    let statement: &Statement = policy.document.statements.get(index)?;
    let (service, name) = action.split_once(':')?;
    let (service, name) = (service.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut matching = statement.action.patterns.iter().filter(|pattern| pattern.matches(&service, &name));
    if statement.action.kind == ElementKind::NotList || !matching.all(|pattern| pattern.is_literal()) {
        return None;
    }
    let mut written = to_json(&policy.document)?.get("Statement")?.get(index)?.clone();
    let actions = written.get_mut("Action")?;
    let is_other = |value: &Value| value.as_str().is_some_and(|text| !text.trim().eq_ignore_ascii_case(action));
    let kept: Vec<Value> = match &*actions {
        Value::Array(list) => list.iter().filter(|value| is_other(value)).cloned().collect(),
        single => Some(single).filter(|value| is_other(value)).into_iter().cloned().collect(),
    };
    if kept.is_empty() {
        return (policy.document.statements.len() > 1).then(Vec::new);
    }
    *actions = Value::Array(kept);
    Some(vec![written])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::access::PolicyOrigin;
    use crate::iam::{DocumentKind, PolicyDocument};
    use crate::source::SourceFile;

    fn remove(action: &str) -> Option<String> {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":["iam:PassRole","IAM:passrole","iam:Get*"],"Resource":"*"},
            {"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}]}"#;
        let document = PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap();
        let policy = PolicyRef::new("p", PolicyOrigin::Given, Arc::new(document));
        remove_action(&policy, usize::from(action == "iam:PassRole"), action).map(|left| Value::Array(left).to_string())
    }

    #[test]
    fn an_action_is_removed_where_it_is_listed_by_its_name() {
        assert_eq!(remove("iam:PassRole").as_deref(), Some("[]"));
        assert_eq!(
            remove("iam:passrole").as_deref(),
            Some(r#"[{"Effect":"Allow","Action":["iam:Get*"],"Resource":"*"}]"#)
        );
        assert_eq!(remove("iam:GetRole"), None);
    }
}
