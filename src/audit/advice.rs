//! What to do about a finding: the smallest edit.

use super::ask::is_attachment;
use super::count::number;
use super::excess::{Told, is_group, name_of};
use super::finding::{Excess, Origin, PrincipalBrief, Why};
use super::statement_text;
use super::subject::Subject;
use crate::access::{PolicyOrigin, PolicyRef};
use crate::baseline::Kind;
use crate::kinds::Who;
use crate::snapshot::Holding;

/// How many action patterns a line of advice names.
const NAMED: usize = 5;

/// What to do about what is broader than declared: the attachments that can go (`removable`, decided by the
/// solver, all together), then the statements to narrow.
pub(super) fn narrow(subject: &Subject<'_>, policies: &[PolicyRef], told: &Told, removable: &[usize]) -> Vec<String> {
    let mut advice = Vec::new();
    for (index, policy) in removable.iter().filter_map(|i| policies.get(*i).map(|policy| (i, policy))) {
        if told.policies.contains(index) && is_attachment(policy) {
            let stays =
                |(i, other): (usize, &PolicyRef)| !removable.contains(&i) && group_of(other) == group_of(policy);
            let line = remove(subject, policy, policies.iter().enumerate().any(stays));
            // One group may give several.
            if !advice.contains(&line) {
                advice.push(line);
            }
        }
    }
    for (excess, policy) in told.excess.iter().zip(&told.policies) {
        if !removable.contains(policy) {
            advice.push(edit(excess));
        }
    }
    advice
}

/// Takes a policy away; `needs_group` says whether others of the same group must stay.
fn remove(subject: &Subject<'_>, policy: &PolicyRef, needs_group: bool) -> String {
    let name = &policy.name;
    if let Some(group) = group_of(policy).map(name_of) {
        let who = &subject.principal.name;
        return match needs_group {
            false => format!("take {who} out of the group {group}: nothing that is declared depends on it"),
            true => format!("let {who} have the group {group} without {name}: nothing that is declared depends on it"),
        };
    }
    match &policy.origin {
        PolicyOrigin::Held(Holding::Inline { .. }) => {
            format!("delete the inline policy {name}: nothing that is declared depends on it")
        }
        _ => format!("detach {name}: nothing that is declared depends on it"),
    }
}

/// The group that a policy comes from.
fn group_of(policy: &PolicyRef) -> Option<&str> {
    match &policy.origin {
        PolicyOrigin::Held(Holding::Attached { holder, .. } | Holding::Inline { holder }) => {
            Some(holder.as_str()).filter(|holder| is_group(holder))
        }
        _ => None,
    }
}

fn edit(excess: &Excess) -> String {
    let by = &excess.granted_by;
    let sid = by.sid.as_ref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
    let place = match &by.origin {
        Origin::ResourcePolicy => format!("the resource policy of {}", by.arn.as_deref().unwrap_or(&by.policy)),
        _ => by.policy.clone(),
    };
    let statement = format!("statement {}{sid} of {place}", by.statement + 1);
    match excess.expected.as_ref().map(|expected| (&expected.why, expected)) {
        Some((Why::ConditionFails { operator, key }, expected)) => {
            format!("add the condition {operator} on {key} to {statement}, as {} has it", expected.document)
        }
        Some((Why::ResourceNotListed, expected)) => {
            format!("limit the resources of {statement} to those of {}", expected.document)
        }
        _ => {
            let names: Vec<&str> = excess.actions.iter().take(NAMED).map(|a| a.pattern.as_str()).collect();
            let others = excess.actions.len().saturating_sub(NAMED);
            let more = if others > 0 { format!(" and {} more", number(others)) } else { String::new() };
            format!("take {}{more} out of {statement}", names.join(", "))
        }
    }
}

/// What to add to the baseline for a principal that no entry speaks of; `who` is what hints take it for.
pub(super) fn declare(principal: &PrincipalBrief, who: Who) -> Vec<String> {
    let text = |value: &str| serde_json::Value::from(value).to_string();
    let kind = who.kind().unwrap_or(Kind::Workload).as_str();
    vec![
        "delete it, if nobody needs it".to_owned(),
        format!(
            "or declare it:\n[[principal]]\nname  = {}\nmatch = {}\nkind  = \"{kind}\"  # operator | agent | workload | break-glass\nallow = []",
            text(&principal.name),
            text(&principal.arn),
        ),
        format!("or leave it out:\n[[ignore]]\nmatch  = {}\nreason = \"…\"", text(&principal.arn)),
    ]
}

/// The policies behind a finding, in words, for a principal that may not do all that is declared.
pub(super) fn widen(told: &Told) -> Vec<String> {
    let one = |excess: &Excess| {
        format!("take it out of {}, or grant it", statement_text::document_statement(&excess.granted_by))
    };
    told.excess.iter().map(one).collect()
}
