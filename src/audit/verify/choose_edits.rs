//! The edits of a finding that work.

use super::try_edits::{AccountBefore, EditResult, try_edits};
use crate::audit::explain::fit_documents::fit_documents;
use crate::audit::model::finding::Finding;
use crate::audit::model::fix_verification::FixVerification;
use crate::audit::model::remediation::{PolicyRemoval, Remediation};
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::statement_edit::{PolicyLocation, StatementEdit};
use crate::catalog::policy_quotas;
use crate::iam::document_edit::{replace_statement, to_json};
use crate::snapshot::{AttachmentKind, Principal};
use serde_json::Value;

/// The number of escalation paths that one fix breaks, at most.
const MAX_PATHS: usize = 4;

/// The edits that work, and what they do. `None` if none do.
pub(super) fn choose_edits(
    before: &AccountBefore<'_>,
    finding: &Finding,
) -> Option<(Vec<Remediation>, FixVerification)> {
    let principals: Vec<&str> = finding.all_principals().map(|principal| principal.arn.as_str()).collect();
    let principal = *principals.first()?;
    let edits: Vec<Remediation> = finding.remediations.iter().filter(|edit| edit.is_edit()).cloned().collect();
    let attempt = Attempt { before, finding, principal, principals: &principals };
    attempt
        .try_all(edits.clone())
        .or_else(|| attempt.with_own_policies(&edits).and_then(|edits| attempt.try_all(edits)))
        .or_else(|| attempt.try_each(edits))
}

struct Attempt<'a> {
    before: &'a AccountBefore<'a>,
    finding: &'a Finding,
    /// The principal, or the first of several.
    principal: &'a str,
    /// All of them. The edits are for each.
    principals: &'a [&'a str],
}

type Chosen = Option<(Vec<Remediation>, FixVerification)>;

impl Attempt<'_> {
    /// All edits together. If a path is broken and there is another one, that one is broken, too.
    fn try_all(&self, mut edits: Vec<Remediation>) -> Chosen {
        for _ in 0..MAX_PATHS {
            let appeared = match self.try_edits(&edits) {
                EditResult::Works(effect) => return Some((edits, effect)),
                EditResult::Fails(appeared) => appeared,
            };
            let is_next_path = |other: &&Finding| {
                other.rule == RuleId::Escalation
                    && other.principal.as_ref().is_some_and(|principal| principal.arn == self.principal)
            };
            let next = appeared.iter().find(is_next_path).filter(|_| self.finding.rule == RuleId::Escalation)?;
            let more: Vec<Remediation> =
                next.remediations.iter().filter(|edit| edit.is_edit() && !edits.contains(edit)).cloned().collect();
            if more.is_empty() {
                return None;
            }
            edits.extend(more);
        }
        None
    }

    /// The edits that work together, chosen one after the other.
    fn try_each(&self, edits: Vec<Remediation>) -> Chosen {
        if edits.len() < 2 {
            return None;
        }
        let mut chosen: Chosen = None;
        for edit in edits {
            let mut longer = chosen.as_ref().map(|(edits, _)| edits.clone()).unwrap_or_default();
            longer.push(edit);
            if let EditResult::Works(effect) = self.try_edits(&longer) {
                chosen = Some((longer, effect));
            }
        }
        chosen
    }

    fn try_edits(&self, edits: &[Remediation]) -> EditResult {
        try_edits(self.before, self.finding, self.principals, edits)
    }

    /// The edits with policies of the principal's own in place of changes of managed policies, which others use, too. `None`
    /// if there are no such changes.
    fn with_own_policies(&self, edits: &[Remediation]) -> Option<Vec<Remediation>> {
        let (_, principal) =
            self.before.inputs.snapshot.principals().find(|(_, other)| other.arn.as_str() == self.principal)?;
        let mut replaced: Vec<&str> = Vec::new();
        let mut others: Vec<Remediation> = Vec::new();
        for edit in edits {
            match find_managed(edit) {
                Some((arn, _)) if !replaced.contains(&arn) => {
                    others.push(replace_by_own(principal, arn, edits)?);
                    replaced.push(arn);
                }
                Some(_) => {}
                None if matches!(edit, Remediation::DeleteOldVersion { .. }) => {}
                None => others.push(edit.clone()),
            }
        }
        (!replaced.is_empty()).then_some(others)
    }
}

/// The managed policy that a remediation changes, and how.
fn find_managed(edit: &Remediation) -> Option<(&str, &StatementEdit)> {
    match edit {
        Remediation::AddCondition { edit, .. }
        | Remediation::RestrictResources { edit, .. }
        | Remediation::RemoveActions { edit, .. }
        | Remediation::ListActions { edit, .. } => match &edit.policy {
            PolicyLocation::Managed { arn } => Some((arn, edit)),
            PolicyLocation::Inline { .. } => None,
        },
        _ => None,
    }
}

/// Detaches a policy, and attaches its changed document as a policy of one's own. `None` if the policy is not attached to the
/// principal itself.
fn replace_by_own(principal: &Principal, arn: &str, edits: &[Remediation]) -> Option<Remediation> {
    let is_own = |kind: &AttachmentKind| match kind {
        AttachmentKind::Attached { arn: other, holder } => {
            (other.as_str(), holder.as_str()) == (arn, principal.arn.as_str())
        }
        _ => false,
    };
    let attached = principal.identity_policies.iter().find(|policy| is_own(&policy.kind))?;
    let mut changes: Vec<&StatementEdit> =
        edits.iter().filter_map(find_managed).filter(|(other, _)| *other == arn).map(|(_, edit)| edit).collect();
    changes.sort_by_key(|edit| std::cmp::Reverse(edit.statement.statement));
    let mut document = to_json(&attached.document)?;
    for edit in changes {
        document = replace_statement(&document, edit.statement.statement, &edit.replacement)?;
    }
    let statements: Vec<Value> = document.get("Statement")?.as_array()?.clone();
    let documents = fit_documents(statements, policy_quotas().document_size.managed_policy.default)?;
    let removal = PolicyRemoval::Detach { policy: attached.name.clone(), arn: arn.to_owned() };
    Some(Remediation::ReplacePolicy { removal, is_aws_owned: false, documents })
}
