//! Policies that deny the access of a finding, as AWS accepts them.

use serde_json::Value;

use super::fit_documents::fit_documents;
use super::policy_room::PolicyUse;
use crate::audit::model::remediation::{DenyScope, Remediation};
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::catalog::policy_quotas;
use crate::iam::document_edit::count_characters;

/// The documents of `policies/guards/` that deny under a condition.
const GUARD_DOCUMENTS: [(&str, &str); 3] = [
    ("policies/guards/second-person.json", include_str!("../../../policies/guards/second-person.json")),
    ("policies/guards/mfa.json", include_str!("../../../policies/guards/mfa.json")),
    ("policies/guards/not-through-an-agent.json", include_str!("../../../policies/guards/not-through-an-agent.json")),
];

/// A policy of these statements, or several if one would be too large. If the principal cannot have so many, a document of
/// `policies/guards/` with the same condition. `None` if there is none.
pub(crate) fn suggest_denial(
    subject: &AuditedPrincipal<'_>,
    scope: DenyScope,
    statements: Vec<Value>,
) -> Option<Remediation> {
    let holder = subject.principal.arn.as_str();
    let used = PolicyUse::of_holder(holder, &subject.principal.identity_policies);
    suggest_common_denial(&[(holder, used)], scope, statements)
}

/// The same for several principals, each with what it has of what AWS limits.
pub(crate) fn suggest_common_denial(
    holders: &[(&str, PolicyUse)],
    scope: DenyScope,
    statements: Vec<Value>,
) -> Option<Remediation> {
    let has_room = |documents: &[Value]| {
        let sizes: Vec<usize> = documents.iter().map(count_characters).collect();
        holders.iter().all(|(holder, used)| used.has_room(holder, &sizes))
    };
    let guard = find_guard_document(&statements);
    let documents = fit_documents(statements, policy_quotas().document_size.managed_policy.default);
    if let Some(policies) = documents.filter(|documents| has_room(documents)) {
        return Some(Remediation::Deny { scope, policies });
    }
    let (file, document) = guard?;
    has_room(std::slice::from_ref(&document)).then_some(Remediation::UseGuardDocument { file, document })
}

/// The document of `policies/guards/` whose first statement has the condition of the statements.
fn find_guard_document(statements: &[Value]) -> Option<(&'static str, Value)> {
    let [statement] = statements else { return None };
    let condition = statement.get("Condition")?;
    GUARD_DOCUMENTS.iter().find_map(|(file, text)| {
        // INVARIANT: a test parses the embedded documents.
        let document: Value = serde_json::from_str(text).expect("a guard document is JSON");
        let is_alike = document.pointer("/Statement/0/Condition") == Some(condition);
        is_alike.then_some((*file, document))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_guard_document_is_found_by_its_condition() {
        let find = |condition: Value| find_guard_document(&[json!({ "Effect": "Deny", "Condition": condition })]);
        for (condition, expected) in [
            (
                json!({ "StringNotLike": { "aws:PrincipalTag/change-approval": "CHG-*" } }),
                "policies/guards/second-person.json",
            ),
            (json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } }), "policies/guards/mfa.json"),
            (json!({ "Bool": { "aws:ViaAWSMCPService": "true" } }), "policies/guards/not-through-an-agent.json"),
        ] {
            assert_eq!(find(condition).map(|(file, _)| file), Some(expected));
        }
        assert!(find(json!({ "Bool": { "aws:SecureTransport": "false" } })).is_none());
        for (_, text) in GUARD_DOCUMENTS {
            let document: Value = serde_json::from_str(text).unwrap();
            assert!(count_characters(&document) <= policy_quotas().document_size.managed_policy.default);
        }
    }
}
