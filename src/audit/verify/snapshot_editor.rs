//! Applies suggested edits to a copy of a snapshot. An edit that AWS would refuse is not applied.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::trust_edit::{deny_statement, remove_trusted};
use crate::audit::explain::policy_room::PolicyUse;
use crate::audit::model::remediation::{PolicyRemoval, Remediation, TrustChange};
use crate::audit::model::statement_edit::is_aws_managed_policy;
use crate::catalog::policy_quotas;
use crate::iam::DocumentKind;
use crate::iam::document_edit::{count_characters, from_json, to_json};
use crate::snapshot::{Account, AttachmentKind, PermissionsBoundary, PolicyAttachment, Principal, Snapshot};

/// A copy of a snapshot, with edits.
pub(super) struct SnapshotEditor {
    /// The copy.
    pub snapshot: Snapshot,
    /// The ARNs of the principals whose policies or trust policies have changed.
    pub touched: BTreeSet<String>,
    /// The ARNs of the roles whose trust policies have changed.
    pub trust_edited: BTreeSet<String>,
    /// The ARNs of the managed policies that have a new version.
    pub(super) versioned: BTreeSet<String>,
}

impl SnapshotEditor {
    /// A copy with the edits of a finding, each for all of its principals. `None` if one of them cannot be applied: AWS would refuse it, or
    /// it does not fit the snapshot.
    pub fn apply(snapshot: &Snapshot, principals: &[&str], edits: &[Remediation]) -> Option<SnapshotEditor> {
        let mut editor = SnapshotEditor {
            snapshot: snapshot.clone(),
            touched: BTreeSet::new(),
            trust_edited: BTreeSet::new(),
            versioned: BTreeSet::new(),
        };
        // Old versions are deleted first. Statements of one document are replaced from the last to the first, so that their
        // positions stay the same.
        let mut ordered: Vec<&Remediation> = edits.iter().collect();
        ordered.sort_by_key(|edit| {
            let deletes_version = matches!(edit, Remediation::DeleteOldVersion { .. });
            (!deletes_version, std::cmp::Reverse(edit.edited_statement()))
        });
        for edit in ordered {
            for principal in principals {
                editor.apply_one(principal, edit)?;
            }
        }
        Some(editor)
    }

    fn apply_one(&mut self, subject: &str, edit: &Remediation) -> Option<()> {
        match edit {
            Remediation::RemovePolicy(removal) => self.remove(subject, removal),
            Remediation::ReplacePolicy { removal, documents, .. } => {
                self.remove(subject, removal)?;
                self.attach_own(subject, documents)
            }
            Remediation::AddCondition { edit, .. }
            | Remediation::RestrictResources { edit, .. }
            | Remediation::RemoveActions { edit, .. }
            | Remediation::ListActions { edit, .. } => {
                self.replace(&edit.policy, edit.statement.statement, &edit.replacement)
            }
            Remediation::BreakPathAtStatement { location, statement, replacement, .. } => {
                self.replace(location, *statement, replacement)
            }
            Remediation::Deny { policies, .. } => self.attach_own(subject, policies),
            Remediation::UseGuardDocument { document, .. } => self.attach_own(subject, std::slice::from_ref(document)),
            Remediation::DenyStep { principal, policy, .. } => self.attach_own(principal, std::slice::from_ref(policy)),
            Remediation::BreakPathAtTrust { role, assumer } => {
                self.edit_trust(role, |document| remove_trusted(document, None, assumer))
            }
            Remediation::RestrictTrust { statement, change: TrustChange::Remove { principal } } => {
                self.edit_trust(subject, |document| remove_trusted(document, Some(*statement), principal))
            }
            Remediation::RestrictTrust { statement, change: TrustChange::Deny { .. } } => {
                self.edit_trust(subject, |document| deny_statement(document, *statement))
            }
            Remediation::SetBoundary { declared } => self.set_boundary(subject, declared),
            Remediation::DeleteOldVersion { policy, .. } => self.delete_old_version(subject, policy),
            _ => None,
        }
    }

    fn remove(&mut self, subject: &str, removal: &PolicyRemoval) -> Option<()> {
        let (account, principal) = self.find(subject)?;
        let group_arn = |name: &str| {
            account.groups.iter().find(|group| group.name == name).map(|group| group.arn.as_str().to_owned())
        };
        let mut policies = principal.identity_policies.clone();
        let count = policies.len();
        let mut left_group = None;
        match removal {
            PolicyRemoval::Detach { arn, .. } => policies.retain(|policy| {
                !matches!(&policy.kind, AttachmentKind::Attached { arn: other, holder } if (other, holder.as_str()) == (arn, subject))
            }),
            PolicyRemoval::DeleteInline { policy: name } => policies.retain(|policy| {
                policy.name != *name || !matches!(&policy.kind, AttachmentKind::Inline { holder } if holder == subject)
            }),
            PolicyRemoval::LeaveGroup { group, .. } => {
                let arn = group_arn(group)?;
                policies.retain(|policy| find_holder(policy) != Some(arn.as_str()));
                left_group = Some(group.clone());
            }
            PolicyRemoval::ReplaceGroup { group, policy: name, .. } => {
                let arn = group_arn(group)?;
                policies.retain(|policy| policy.name != *name || find_holder(policy) != Some(arn.as_str()));
                policies.iter_mut().for_each(|policy| move_to_holder(policy, &arn, subject));
                left_group = Some(group.clone());
            }
        }
        if policies.len() == count {
            return None;
        }
        let before = PolicyUse::of_holder(subject, &principal.identity_policies);
        if !PolicyUse::of_holder(subject, &policies).keeps_quotas(subject, before) {
            return None;
        }
        let principal = self.find_principal_mut(subject)?;
        principal.identity_policies = policies;
        principal.group_names.retain(|name| Some(name) != left_group.as_ref());
        self.touched.insert(subject.to_owned());
        Some(())
    }

    fn edit_trust(&mut self, role: &str, edit: impl Fn(&Value) -> Option<Value>) -> Option<()> {
        let trust = self.find_principal_mut(role)?.trust_policy.as_mut()?;
        let former = to_json(&trust.document)?;
        let written = edit(&former)?;
        let quota = policy_quotas().document_size.trust_policy;
        if !quota.allows(count_characters(&written), count_characters(&former)) {
            return None;
        }
        let document = Arc::new(from_json(&written, DocumentKind::Trust).ok()?);
        trust.places = document.statement_places();
        trust.document = document;
        self.touched.insert(role.to_owned());
        self.trust_edited.insert(role.to_owned());
        Some(())
    }

    fn set_boundary(&mut self, subject: &str, arn: &str) -> Option<()> {
        let (account, _) = self.find(subject)?;
        let managed = account.policies.get(arn)?;
        let document = managed.document.document.as_ref().ok()?;
        let policy = PolicyAttachment {
            name: managed.name.clone(),
            kind: AttachmentKind::Boundary { arn: arn.to_owned() },
            document: Arc::clone(document),
            place: managed.document.place.clone(),
            places: managed.document.places.clone(),
        };
        let boundary = PermissionsBoundary { arn: arn.to_owned(), policy: Some(policy) };
        self.find_principal_mut(subject)?.boundary = Some(boundary);
        self.touched.insert(subject.to_owned());
        Some(())
    }

    fn delete_old_version(&mut self, subject: &str, name: &str) -> Option<()> {
        let account = self.find_account_mut(subject)?;
        let mut named = account.policies.values_mut().filter(|policy| policy.name == name);
        let managed = named.find(|policy| !is_aws_managed_policy(policy.arn.as_str()))?;
        match managed.other_versions.is_empty() {
            true => drop(managed.unreadable_versions.pop()?),
            false => drop(managed.other_versions.remove(0)),
        }
        Some(())
    }

    fn find(&self, principal: &str) -> Option<(&Account, &Principal)> {
        self.snapshot.principals().find(|(_, other)| other.arn.as_str() == principal)
    }

    fn find_principal_mut(&mut self, principal: &str) -> Option<&mut Principal> {
        let mut principals = self.snapshot.accounts.iter_mut().flat_map(|account| &mut account.principals);
        principals.find(|other| other.arn.as_str() == principal)
    }

    /// The account of a principal.
    pub(super) fn find_account_mut(&mut self, principal: &str) -> Option<&mut Account> {
        let is_member = |other: &Principal| other.arn.as_str() == principal;
        self.snapshot.accounts.iter_mut().find(|account| account.principals.iter().any(is_member))
    }
}

/// The user, role or group that has an identity policy.
fn find_holder(policy: &PolicyAttachment) -> Option<&str> {
    match &policy.kind {
        AttachmentKind::Attached { holder, .. } | AttachmentKind::Inline { holder } => Some(holder),
        AttachmentKind::Boundary { .. } | AttachmentKind::Trust { .. } => None,
    }
}

fn move_to_holder(policy: &mut PolicyAttachment, from: &str, to: &str) {
    if let AttachmentKind::Attached { holder, .. } | AttachmentKind::Inline { holder } = &mut policy.kind
        && holder == from
    {
        *holder = to.to_owned();
    }
}
