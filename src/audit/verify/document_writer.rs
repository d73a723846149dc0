//! Writes policy documents into a copy of a snapshot: new policies, and other statements in all copies of a policy.

use std::sync::Arc;

use serde_json::Value;

use super::snapshot_editor::SnapshotEditor;
use crate::audit::explain::excess_report::is_group_arn;
use crate::audit::explain::policy_room::PolicyUse;
use crate::audit::model::statement_edit::{PolicyLocation, is_aws_managed_policy};
use crate::catalog::policy_quotas;
use crate::iam::document_edit::{count_characters, count_statements, from_json, replace_statement, to_json};
use crate::iam::{Arn, DocumentKind, PolicyDocument};
use crate::snapshot::{AttachmentKind, CollectedDocument, ManagedPolicy, PolicyAttachment, PolicyVersionDocument};

/// The name of a policy that an edit adds.
const OWN_POLICY: &str = "iamdrift-fix";

impl SnapshotEditor {
    /// Adds policies of one's own: managed ones, or inline ones if no more can be attached.
    pub(super) fn attach_own(&mut self, subject: &str, documents: &[Value]) -> Option<()> {
        for written in documents {
            let document = Arc::new(from_json(written, DocumentKind::Identity).ok()?);
            let size = count_characters(written);
            let account = self.find_account_mut(subject)?;
            let name = format!("{OWN_POLICY}-{}", account.policies.len() + 1);
            let arn = format!("arn:{}:iam::{}:policy/{name}", account.partition.as_str(), account.id.as_str());
            let principal = account.principals.iter_mut().find(|other| other.arn.as_str() == subject)?;
            let used = PolicyUse::of_holder(subject, &principal.identity_policies);
            if !used.has_room(subject, &[size]) {
                return None;
            }
            let attached = PolicyUse { attached: used.attached + 1, ..used };
            let quota = policy_quotas().document_size.managed_policy;
            let holder = subject.to_owned();
            // If no more can be attached, there is room for an inline policy.
            let kind = match attached.keeps_quotas(subject, used) && quota.allows(size, 0) {
                true => AttachmentKind::Attached { arn: arn.clone(), holder },
                false => AttachmentKind::Inline { holder },
            };
            principal.identity_policies.push(build_attachment(name.clone(), kind.clone(), &document));
            if let AttachmentKind::Attached { .. } = kind {
                account.policies.insert(arn.clone(), build_managed_policy(&arn, &name, &document)?);
            }
        }
        self.touched.insert(subject.to_owned());
        Some(())
    }

    pub(super) fn replace(&mut self, location: &PolicyLocation, statement: usize, replacement: &[Value]) -> Option<()> {
        match location {
            PolicyLocation::Managed { arn } => self.replace_in_managed(arn, statement, replacement),
            PolicyLocation::Inline { holder, name } => self.replace_in_inline(holder, name, statement, replacement),
        }
    }

    /// AWS: "Versioning IAM policies": an edit adds a version, and the former default version is kept.
    fn replace_in_managed(&mut self, arn: &str, statement: usize, replacement: &[Value]) -> Option<()> {
        if is_aws_managed_policy(arn) {
            return None;
        }
        let account_id = Arn::parse(arn)?.account().to_owned();
        let account = self.snapshot.accounts.iter_mut().find(|account| account.id.as_str() == account_id)?;
        let managed = account.policies.get_mut(arn)?;
        let is_new_version = self.versioned.insert(arn.to_owned());
        let former = managed.document.document.as_ref().ok()?.clone();
        let edited = edit_document(&former, DocumentKind::Identity, statement, replacement)?;
        let quotas = policy_quotas();
        let sizes = (count_characters(&to_json(&edited)?), count_characters(&to_json(&former)?));
        let versions = managed.other_version_count() + 1 + usize::from(is_new_version);
        if !quotas.document_size.managed_policy.allows(sizes.0, sizes.1)
            || !quotas.counts.policy_versions.allows(versions, 0)
        {
            return None;
        }
        let places = former.statement_places();
        if is_new_version {
            managed.other_versions.push(PolicyVersionDocument { id: "former".to_owned(), document: former, places });
        }
        managed.document.document = Ok(Arc::clone(&edited));
        managed.document.places = edited.statement_places();
        let is_copy = |kind: &AttachmentKind| match kind {
            AttachmentKind::Attached { arn: other, .. } | AttachmentKind::Boundary { arn: other } => other == arn,
            _ => false,
        };
        self.write_copies(&account_id, &edited, |policy| is_copy(&policy.kind));
        Some(())
    }

    fn replace_in_inline(&mut self, holder: &str, name: &str, statement: usize, replacement: &[Value]) -> Option<()> {
        let account_id = Arn::parse(holder)?.account().to_owned();
        let account = self.snapshot.accounts.iter().find(|account| account.id.as_str() == account_id)?;
        let policies = match is_group_arn(holder) {
            true => &account.groups.iter().find(|group| group.arn.as_str() == holder)?.identity_policies,
            false => &account.principals.iter().find(|principal| principal.arn.as_str() == holder)?.identity_policies,
        };
        let is_copy = |policy: &PolicyAttachment| {
            policy.name == name && matches!(&policy.kind, AttachmentKind::Inline { holder: other } if other == holder)
        };
        let former = policies.iter().find(|policy| is_copy(policy))?;
        let edited = edit_document(&former.document, DocumentKind::Identity, statement, replacement)?;
        let mut after = policies.clone();
        after.iter_mut().filter(|policy| is_copy(policy)).for_each(|policy| write_document(policy, &edited));
        let (before, after) = (PolicyUse::of_holder(holder, policies), PolicyUse::of_holder(holder, &after));
        if !after.keeps_quotas(holder, before) {
            return None;
        }
        self.write_copies(&account_id, &edited, is_copy);
        Some(())
    }

    /// Writes a document into all its copies in an account.
    fn write_copies(
        &mut self,
        account: &str,
        document: &Arc<PolicyDocument>,
        is_copy: impl Fn(&PolicyAttachment) -> bool,
    ) {
        for account in self.snapshot.accounts.iter_mut().filter(|other| other.id.as_str() == account) {
            let groups = account.groups.iter_mut().flat_map(|group| &mut group.identity_policies);
            groups.filter(|policy| is_copy(policy)).for_each(|policy| write_document(policy, document));
            for principal in &mut account.principals {
                let boundary = principal.boundary.as_mut().and_then(|boundary| boundary.policy.as_mut());
                for policy in principal.identity_policies.iter_mut().chain(boundary).filter(|policy| is_copy(policy)) {
                    write_document(policy, document);
                    self.touched.insert(principal.arn.as_str().to_owned());
                }
            }
        }
    }
}

/// A document with other statements in place of one. `None` if it would be empty, which AWS refuses, or is not valid.
fn edit_document(
    document: &PolicyDocument,
    kind: DocumentKind,
    statement: usize,
    replacement: &[Value],
) -> Option<Arc<PolicyDocument>> {
    let edited = replace_statement(&to_json(document)?, statement, replacement)?;
    (count_statements(&edited) > 0).then(|| from_json(&edited, kind).ok().map(Arc::new))?
}

fn write_document(policy: &mut PolicyAttachment, document: &Arc<PolicyDocument>) {
    policy.document = Arc::clone(document);
    policy.places = document.statement_places();
}

fn build_attachment(name: String, kind: AttachmentKind, document: &Arc<PolicyDocument>) -> PolicyAttachment {
    let (place, places) = (document.place(), document.statement_places());
    PolicyAttachment { name, kind, document: Arc::clone(document), place, places }
}

fn build_managed_policy(arn: &str, name: &str, document: &Arc<PolicyDocument>) -> Option<ManagedPolicy> {
    let collected = CollectedDocument {
        document: Ok(Arc::clone(document)),
        readable_part: None,
        place: document.place(),
        places: document.statement_places(),
    };
    Some(ManagedPolicy {
        arn: Arn::parse(arn)?,
        name: name.to_owned(),
        document: collected,
        other_versions: Vec::new(),
        unreadable_versions: Vec::new(),
    })
}
