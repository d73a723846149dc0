//! Remediations: the smallest edits that remove an excess.

use super::excess_report::{ExcessReport, is_group_arn, last_path_segment};
use crate::access::{PolicyOrigin, PolicyRef};
use crate::audit::model::excess::Excess;
use crate::audit::model::nearest_declared::MismatchReason;
use crate::audit::model::principal_ref::PrincipalRef;
use crate::audit::model::remediation::{PolicyRemoval, Remediation};
use crate::audit::subject::attachment::is_attachment;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::baseline::PrincipalClass;
use crate::classify::InferredClass;
use crate::snapshot::AttachmentKind;

/// The number of action patterns that one remediation names.
const MAX_NAMED_PATTERNS: usize = 5;

/// Edits that remove an excess: first the policies that can be removed, then the statements to restrict.
///
/// `removable` are the indices of the policies that no declared access depends on, as the solver decided for all of them
/// together.
pub(crate) fn suggest_narrowing(
    subject: &AuditedPrincipal<'_>,
    policies: &[PolicyRef],
    report: &ExcessReport,
    removable: &[usize],
) -> Vec<Remediation> {
    let mut suggestions = suggest_removals(subject, policies, report, removable);
    for (excess, policy) in report.excess.iter().zip(&report.policies) {
        if !removable.contains(policy) {
            suggestions.push(suggest_statement_edit(excess));
        }
    }
    suggestions
}

/// The policies of an excess that can be removed.
pub(crate) fn suggest_removals(
    subject: &AuditedPrincipal<'_>,
    policies: &[PolicyRef],
    report: &ExcessReport,
    removable: &[usize],
) -> Vec<Remediation> {
    let mut suggestions = Vec::new();
    for (index, policy) in removable.iter().filter_map(|i| policies.get(*i).map(|policy| (i, policy))) {
        if report.policies.contains(index) && is_attachment(policy) {
            let remaining: Vec<&PolicyRef> =
                policies.iter().enumerate().filter(|(i, _)| !removable.contains(i)).map(|(_, policy)| policy).collect();
            let removal = Remediation::RemovePolicy(choose_removal(subject, policy, &remaining));
            // Several policies of one group have the same removal.
            if !suggestions.contains(&removal) {
                suggestions.push(removal);
            }
        }
    }
    suggestions
}

/// How to remove a policy. `remaining` are the policies that the principal must keep.
fn choose_removal(subject: &AuditedPrincipal<'_>, policy: &PolicyRef, remaining: &[&PolicyRef]) -> PolicyRemoval {
    let name = policy.name.clone();
    if let Some(group_arn) = find_source_group(policy) {
        let (user, group) = (subject.principal.name.clone(), last_path_segment(group_arn));
        return match remaining.iter().any(|other| find_source_group(other) == Some(group_arn)) {
            true => PolicyRemoval::ReplaceGroup { user, group, policy: name },
            false => PolicyRemoval::LeaveGroup { user, group },
        };
    }
    match &policy.origin {
        PolicyOrigin::Identity(AttachmentKind::Inline { .. }) => PolicyRemoval::DeleteInline { policy: name },
        _ => PolicyRemoval::Detach { policy: name },
    }
}

/// The ARN of the group that has the policy. None if the policy is not a group's.
fn find_source_group(policy: &PolicyRef) -> Option<&str> {
    match &policy.origin {
        PolicyOrigin::Identity(AttachmentKind::Attached { holder, .. } | AttachmentKind::Inline { holder }) => {
            Some(holder.as_str()).filter(|holder| is_group_arn(holder))
        }
        _ => None,
    }
}

fn suggest_statement_edit(excess: &Excess) -> Remediation {
    let statement = excess.granted_by.clone();
    match excess.expected.as_ref().map(|expected| (&expected.why, &expected.document)) {
        Some((MismatchReason::ConditionFails { operator, key, .. }, document)) => Remediation::AddCondition {
            operator: operator.clone(),
            key: key.clone(),
            statement,
            document: document.clone(),
        },
        Some((MismatchReason::ResourceNotListed { .. }, document)) => {
            Remediation::RestrictResources { statement, document: document.clone() }
        }
        _ => Remediation::RemoveActions {
            patterns: excess.actions.iter().take(MAX_NAMED_PATTERNS).map(|a| a.pattern.clone()).collect(),
            omitted: excess.actions.len().saturating_sub(MAX_NAMED_PATTERNS),
            statement,
        },
    }
}

/// Edits for a principal that no baseline entry matches. `class` is the inferred class.
pub(crate) fn suggest_declaration(principal: &PrincipalRef, class: InferredClass) -> Vec<Remediation> {
    vec![
        Remediation::DeletePrincipal,
        Remediation::DeclarePrincipal {
            name: principal.name.clone(),
            arn: principal.arn.clone(),
            class: class.to_principal_class().unwrap_or(PrincipalClass::Workload),
        },
        Remediation::IgnorePrincipal { arn: principal.arn.clone() },
    ]
}
