//! What to do about a finding: the smallest edit.

use super::excess_report::{ExcessReport, is_group_arn, last_path_segment};
use super::statement_text;
use crate::access::{PolicyOrigin, PolicyRef};
use crate::audit::model::finding::{Excess, MismatchReason, PolicySource, PrincipalRef};
use crate::audit::subject::attachment::is_attachment;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::base::plural::format_number;
use crate::baseline::PrincipalClass;
use crate::classify::InferredClass;
use crate::snapshot::AttachmentKind;

/// How many action patterns a line of advice names.
const MAX_NAMED_PATTERNS: usize = 5;

/// What to do about what is broader than declared: the attachments that can go (`removable`, decided by the
/// solver, all together), then the statements to narrow.
pub(crate) fn suggest_narrowing(
    subject: &AuditedPrincipal<'_>,
    policies: &[PolicyRef],
    report: &ExcessReport,
    removable: &[usize],
) -> Vec<String> {
    let mut suggestions = Vec::new();
    for (index, policy) in removable.iter().filter_map(|i| policies.get(*i).map(|policy| (i, policy))) {
        if report.policies.contains(index) && is_attachment(policy) {
            let remains_in_group = |(i, other): (usize, &PolicyRef)| {
                !removable.contains(&i) && find_source_group(other) == find_source_group(policy)
            };
            let line = render_policy_removal(subject, policy, policies.iter().enumerate().any(remains_in_group));
            // One group may give several.
            if !suggestions.contains(&line) {
                suggestions.push(line);
            }
        }
    }
    for (excess, policy) in report.excess.iter().zip(&report.policies) {
        if !removable.contains(policy) {
            suggestions.push(suggest_statement_edit(excess));
        }
    }
    suggestions
}

/// Takes a policy away; `needs_group` says whether others of the same group must stay.
fn render_policy_removal(subject: &AuditedPrincipal<'_>, policy: &PolicyRef, needs_group: bool) -> String {
    let name = &policy.name;
    if let Some(group) = find_source_group(policy).map(last_path_segment) {
        let principal_name = &subject.principal.name;
        return match needs_group {
            false => format!("take {principal_name} out of the group {group}: nothing that is declared depends on it"),
            true => format!(
                "let {principal_name} have the group {group} without {name}: nothing that is declared depends on it"
            ),
        };
    }
    match &policy.origin {
        PolicyOrigin::Identity(AttachmentKind::Inline { .. }) => {
            format!("delete the inline policy {name}: nothing that is declared depends on it")
        }
        _ => format!("detach {name}: nothing that is declared depends on it"),
    }
}

/// The group that a policy comes from.
fn find_source_group(policy: &PolicyRef) -> Option<&str> {
    match &policy.origin {
        PolicyOrigin::Identity(AttachmentKind::Attached { holder, .. } | AttachmentKind::Inline { holder }) => {
            Some(holder.as_str()).filter(|holder| is_group_arn(holder))
        }
        _ => None,
    }
}

fn suggest_statement_edit(excess: &Excess) -> String {
    let granting_statement = &excess.granted_by;
    let sid = granting_statement.sid.as_ref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
    let policy_name = match &granting_statement.origin {
        PolicySource::ResourcePolicy => format!(
            "the resource policy of {}",
            granting_statement.arn.as_deref().unwrap_or(&granting_statement.policy)
        ),
        _ => granting_statement.policy.clone(),
    };
    let statement = format!("statement {}{sid} of {policy_name}", granting_statement.statement + 1);
    match excess.expected.as_ref().map(|expected| (&expected.why, expected)) {
        Some((MismatchReason::ConditionFails { operator, key }, expected)) => {
            format!("add the condition {operator} on {key} to {statement}, as {} has it", expected.document)
        }
        Some((MismatchReason::ResourceNotListed, expected)) => {
            format!("limit the resources of {statement} to those of {}", expected.document)
        }
        _ => {
            let names: Vec<&str> = excess.actions.iter().take(MAX_NAMED_PATTERNS).map(|a| a.pattern.as_str()).collect();
            let remaining = excess.actions.len().saturating_sub(MAX_NAMED_PATTERNS);
            let more = if remaining > 0 { format!(" and {} more", format_number(remaining)) } else { String::new() };
            format!("take {}{more} out of {statement}", names.join(", "))
        }
    }
}

/// What to add to the baseline for a principal that no entry speaks of; `who` is what hints take it for.
pub(crate) fn suggest_declaration(principal: &PrincipalRef, class: InferredClass) -> Vec<String> {
    let to_toml_string = |value: &str| serde_json::Value::from(value).to_string();
    let kind = class.to_principal_class().unwrap_or(PrincipalClass::Workload).as_str();
    vec![
        "delete it, if nobody needs it".to_owned(),
        format!(
            "or declare it:\n[[principal]]\nname  = {}\nmatch = {}\nkind  = \"{kind}\"  # operator | agent | workload | break-glass\nallow = []",
            to_toml_string(&principal.name),
            to_toml_string(&principal.arn),
        ),
        format!("or leave it out:\n[[ignore]]\nmatch  = {}\nreason = \"…\"", to_toml_string(&principal.arn)),
    ]
}

/// The policies behind a finding, in words, for a principal that may not do all that is declared.
pub(crate) fn suggest_granting(report: &ExcessReport) -> Vec<String> {
    let suggest = |excess: &Excess| {
        format!("take it out of {}, or grant it", statement_text::render_statement_reference(&excess.granted_by))
    };
    report.excess.iter().map(suggest).collect()
}
