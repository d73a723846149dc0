//! Remediations: the smallest edits that remove an excess.

use std::sync::Arc;

use serde_json::Value;

use super::excess_report::{ExcessReport, is_group_arn, last_path_segment};
use super::fit_documents::fit_documents;
use super::narrow_statement::narrow_statement;
use super::policy_room::{PolicyUse, measure};
use crate::access::{PolicyOrigin, PolicyRef};
use crate::audit::analysis::analyzer::Analyzer;
use crate::audit::model::excess::Excess;
use crate::audit::model::nearest_declared::MismatchReason;
use crate::audit::model::remediation::{PolicyRemoval, Remediation};
use crate::audit::model::statement_edit::{NarrowedStatement, PolicyLocation, StatementEdit};
use crate::audit::subject::attachment::is_attachment;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::catalog::policy_quotas;
use crate::iam::document_edit::{count_characters, count_statements, replace_statement, to_json};
use crate::iam::document_json::write_statement;
use crate::iam::{Effect, Statement};
use crate::snapshot::AttachmentKind;

/// The number of action patterns that one remediation names.
const MAX_NAMED_PATTERNS: usize = 5;

/// Suggests edits that remove the excess of one principal.
pub(crate) struct NarrowingSuggester<'a> {
    /// What the questions of the run share.
    pub analyzer: &'a Analyzer<'a>,
    /// The principal.
    pub subject: &'a AuditedPrincipal<'a>,
    /// The policies of its layers.
    pub policies: &'a [PolicyRef],
    /// The policies that no declared access depends on, as the solver decided for all of them together.
    pub removable: &'a [usize],
}

impl NarrowingSuggester<'_> {
    /// Edits that remove an excess: first the policies that can be removed, then the statements to restrict. `describe` makes
    /// the remediation of a statement.
    pub fn suggest(
        &self,
        report: &ExcessReport,
        describe: impl Fn(&Excess, StatementEdit) -> Remediation,
    ) -> Vec<Remediation> {
        let mut suggestions = self.suggest_removals(report);
        for (excess, policy_index) in report.excess.iter().zip(&report.policies) {
            let Some(policy) = self.policies.get(*policy_index) else { continue };
            if self.removable.contains(policy_index) && is_attachment(policy) {
                continue;
            }
            for suggestion in self.suggest_edits(excess, policy, &describe) {
                // The statements of one policy can have the same remediation.
                if !suggestions.contains(&suggestion) {
                    suggestions.push(suggestion);
                }
            }
        }
        suggestions
    }

    /// The policies of an excess that can be removed.
    pub fn suggest_removals(&self, report: &ExcessReport) -> Vec<Remediation> {
        let mut suggestions = Vec::new();
        for (index, policy) in self.removable.iter().filter_map(|i| self.policies.get(*i).map(|policy| (i, policy))) {
            if report.policies.contains(index) && is_attachment(policy) {
                let removal = Remediation::RemovePolicy(self.choose_removal(policy, self.removable));
                // Several policies of one group have the same removal.
                if !suggestions.contains(&removal) {
                    suggestions.push(removal);
                }
            }
        }
        suggestions
    }

    fn suggest_edits(
        &self,
        excess: &Excess,
        policy: &PolicyRef,
        describe: &impl Fn(&Excess, StatementEdit) -> Remediation,
    ) -> Vec<Remediation> {
        let by_hand = || Remediation::RestrictByHand(excess.granted_by.clone());
        let Some(location) = find_location(policy) else { return vec![by_hand()] };
        if location.is_aws_owned() {
            return vec![self.suggest_replacement(policy)];
        }
        let Some(narrowed) = self.find_narrowed(policy, excess.granted_by.statement) else { return vec![by_hand()] };
        if narrowed.statement_count == 0 {
            // AWS refuses a document without statements.
            return vec![Remediation::RemovePolicy(self.choose_removal(policy, &[]))];
        }
        if !self.is_within_quota(policy, &location, narrowed.size) {
            return vec![by_hand()];
        }
        let replacement = narrowed.replacement.clone();
        let edit = StatementEdit { statement: excess.granted_by.clone(), policy: location, replacement };
        self.suggest_old_version(&edit.policy).into_iter().chain([describe(excess, edit)]).collect()
    }

    /// What a statement would be if it allowed only what is declared. `None` if patterns cannot express that, or if the
    /// statement would be the same.
    fn find_narrowed(&self, policy: &PolicyRef, index: usize) -> Option<Arc<NarrowedStatement>> {
        let addresses = (Arc::as_ptr(&policy.document) as usize, Arc::as_ptr(&self.subject.ceiling) as usize);
        let key = (addresses.0, addresses.1, index);
        let narrowed = &self.analyzer.narrowed_statements;
        narrowed.get_or_compute(key, || self.narrow(policy, index).map(Arc::new))
    }

    fn narrow(&self, policy: &PolicyRef, index: usize) -> Option<NarrowedStatement> {
        // The common part of several ceilings is not one list of documents.
        if !self.subject.other_entries.is_empty() {
            return None;
        }
        let statement = policy.document.statements.get(index)?;
        let narrowed = self.narrow_to_ceiling(policy, statement)?;
        if narrowed.as_slice() == std::slice::from_ref(statement) {
            return None;
        }
        let mut replacement: Vec<Value> = narrowed.iter().map(write_statement).collect::<Option<_>>()?;
        if let (Some(sid), Some(Value::Object(first))) = (&statement.sid, replacement.first_mut()) {
            first.shift_insert(0, "Sid".to_owned(), Value::from(&**sid));
        }
        let edited = replace_statement(&to_json(&policy.document)?, index, &replacement)?;
        let (statement_count, size) = (count_statements(&edited), count_characters(&edited));
        Some(NarrowedStatement { replacement, statement_count, size })
    }

    fn narrow_to_ceiling(&self, policy: &PolicyRef, statement: &Statement) -> Option<Vec<Statement>> {
        narrow_statement(self.analyzer.catalog(), (&policy.document, statement), &self.subject.ceiling.documents)
    }

    /// A policy of one's own with what is declared of a policy.
    fn suggest_replacement(&self, policy: &PolicyRef) -> Remediation {
        let removal = self.choose_removal(policy, &[]);
        match self.write_declared_part(policy) {
            Some(documents) => Remediation::ReplacePolicy { removal, is_aws_owned: true, documents },
            None => Remediation::WritePolicy { removal },
        }
    }

    fn write_declared_part(&self, policy: &PolicyRef) -> Option<Vec<Value>> {
        if !self.subject.other_entries.is_empty() {
            return None;
        }
        let mut statements: Vec<Statement> = Vec::new();
        for statement in &policy.document.statements {
            let parts = match statement.effect {
                Effect::Deny => vec![statement.clone()],
                Effect::Allow => self.narrow_to_ceiling(policy, statement)?,
            };
            for part in parts {
                if !statements.contains(&part) {
                    statements.push(part);
                }
            }
        }
        let written: Vec<Value> = statements.iter().map(write_statement).collect::<Option<_>>()?;
        let documents = fit_documents(written, policy_quotas().document_size.managed_policy.default)?;
        let holder = self.subject.principal.arn.as_str();
        let used = PolicyUse::of_holder(holder, &self.subject.principal.identity_policies);
        // The policy itself makes room for one.
        let used = PolicyUse { attached: used.attached.saturating_sub(1), ..used };
        let sizes: Vec<usize> = documents.iter().map(count_characters).collect();
        used.has_room(holder, &sizes).then_some(documents)
    }

    /// Whether a policy keeps its quota with a new document of some size.
    fn is_within_quota(&self, policy: &PolicyRef, location: &PolicyLocation, size: usize) -> bool {
        let quota = policy_quotas().document_size.managed_policy;
        if matches!(location, PolicyLocation::Managed { .. }) && quota.allows(size, 0) {
            return true;
        }
        let Some(before) = measure(&policy.document) else { return false };
        match location {
            PolicyLocation::Managed { .. } => quota.allows(size, before),
            PolicyLocation::Inline { holder, .. } => {
                let used = PolicyUse::of_holder(holder, &self.subject.principal.identity_policies);
                let after = used.inline_size.map(|sum| sum.saturating_sub(before) + size);
                PolicyUse { inline_size: after, ..used }.keeps_quotas(holder, used)
            }
        }
    }

    /// The deletion of an old version, if AWS keeps no more versions of a policy.
    fn suggest_old_version(&self, location: &PolicyLocation) -> Option<Remediation> {
        let PolicyLocation::Managed { arn } = location else { return None };
        let managed = self.subject.account.policies.get(arn)?;
        let quota = policy_quotas().counts.policy_versions.default;
        let is_full = managed.other_version_count() + 1 >= quota;
        is_full.then(|| Remediation::DeleteOldVersion { policy: managed.name.clone(), quota })
    }

    /// How to remove a policy, if some others are removed, too.
    fn choose_removal(&self, policy: &PolicyRef, removed: &[usize]) -> PolicyRemoval {
        let name = policy.name.clone();
        if let Some(group_arn) = find_source_group(policy) {
            let (user, group) = (self.subject.principal.name.clone(), last_path_segment(group_arn));
            let is_kept = |(index, other): (usize, &PolicyRef)| {
                !removed.contains(&index) && !std::ptr::eq(other, policy) && find_source_group(other) == Some(group_arn)
            };
            return match self.policies.iter().enumerate().any(is_kept) {
                true => PolicyRemoval::ReplaceGroup { user, group, policy: name },
                false => PolicyRemoval::LeaveGroup { user, group },
            };
        }
        match &policy.origin {
            PolicyOrigin::Identity(AttachmentKind::Attached { arn, .. }) => {
                PolicyRemoval::Detach { policy: name, arn: arn.clone() }
            }
            _ => PolicyRemoval::DeleteInline { policy: name },
        }
    }
}

/// Where an identity policy is. `None` for any other policy.
pub(crate) fn find_location(policy: &PolicyRef) -> Option<PolicyLocation> {
    match &policy.origin {
        PolicyOrigin::Identity(AttachmentKind::Attached { arn, .. }) => {
            Some(PolicyLocation::Managed { arn: arn.clone() })
        }
        PolicyOrigin::Identity(AttachmentKind::Inline { holder }) => {
            Some(PolicyLocation::Inline { holder: holder.clone(), name: policy.name.clone() })
        }
        _ => None,
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

/// The remediation of a statement with excess: what the nearest declared statement has and it has not.
pub(crate) fn describe_narrowing(excess: &Excess, edit: StatementEdit) -> Remediation {
    match excess.expected.as_ref().map(|expected| (&expected.why, &expected.document)) {
        Some((MismatchReason::ConditionFails { operator, key, .. }, document)) if !edit.replacement.is_empty() => {
            Remediation::AddCondition { operator: operator.clone(), key: key.clone(), document: document.clone(), edit }
        }
        Some((MismatchReason::ResourceNotListed { .. }, document)) if !edit.replacement.is_empty() => {
            Remediation::RestrictResources { document: document.clone(), edit }
        }
        _ => Remediation::RemoveActions {
            patterns: excess.actions.iter().take(MAX_NAMED_PATTERNS).map(|a| a.pattern.clone()).collect(),
            omitted: excess.actions.len().saturating_sub(MAX_NAMED_PATTERNS),
            edit,
        },
    }
}
