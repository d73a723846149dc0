//! Gives each group and principal its policies. A policy that is missing becomes a missing document of its holder.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::auth_details::{IdentityDetail, IdentityDetailKind, ManagedPolicyRef};
use crate::iam::PolicyDocument;
use crate::snapshot::model::iam_entity_kind::IamEntityKind;
use crate::snapshot::model::missing::{LayerKind, MissingDocument, MissingReason};
use crate::snapshot::model::policy::{
    AttachmentKind, CollectedDocument, ManagedPolicy, PermissionsBoundary, PolicyAttachment,
};
use crate::snapshot::model::snapshot::{IamGroup, Principal};

/// The managed policies of an account, and the documents that one holder lacks.
struct PolicyCollector<'p> {
    policies: &'p BTreeMap<String, ManagedPolicy>,
    missing: Vec<MissingDocument>,
}

/// A group with its policies.
pub(super) fn build_group(detail: IdentityDetail, policies: &BTreeMap<String, ManagedPolicy>) -> IamGroup {
    let mut collector = PolicyCollector { policies, missing: Vec::new() };
    let identity_policies = collector.collect_own_policies(&detail);
    IamGroup {
        arn: detail.arn,
        name: detail.name,
        unique_id: detail.unique_id,
        identity_policies,
        missing_documents: collector.missing,
        place: detail.location.place,
    }
}

/// A user or role with its policies, those of its groups included.
pub(super) fn build_principal(
    detail: IdentityDetail,
    groups: &[IamGroup],
    policies: &BTreeMap<String, ManagedPolicy>,
) -> Principal {
    let mut collector = PolicyCollector { policies, missing: Vec::new() };
    let mut identity_policies = collector.collect_own_policies(&detail);
    identity_policies.extend(collector.collect_group_policies(&detail, groups));
    let boundary = detail.boundary.as_ref().map(|boundary| collector.find_boundary(boundary));
    let is_role = detail.kind == IdentityDetailKind::Role;
    let trust_policy = match detail.trust_policy {
        Some(trust_policy) => collector.take_trust_policy(trust_policy, detail.arn.as_str()),
        None if is_role => {
            let (name, place) = ("trust policy".to_owned(), detail.location.place.clone());
            let reason = MissingReason::NotCollected;
            collector.missing.push(MissingDocument::new(LayerKind::Trust, name, reason, place));
            None
        }
        None => None,
    };
    let entity_kind = match is_role {
        true => IamEntityKind::of_role(&detail.arn, trust_policy.as_ref().map(|policy| &*policy.document)),
        false => IamEntityKind::User,
    };
    Principal {
        arn: detail.arn,
        name: detail.name,
        path: detail.path,
        unique_id: detail.unique_id,
        entity_kind,
        tags: detail.tags,
        group_names: detail.group_names,
        identity_policies,
        boundary,
        trust_policy,
        missing_documents: collector.missing,
        instance_profile_count: detail.instance_profile_count,
        created_at: detail.created_at,
        last_used_at: detail.last_used_at,
        place: detail.location.place,
    }
}

impl PolicyCollector<'_> {
    /// The inline and attached policies of a user, group or role.
    fn collect_own_policies(&mut self, detail: &IdentityDetail) -> Vec<PolicyAttachment> {
        let holder = detail.arn.as_str();
        let mut attachments = Vec::new();
        if !detail.has_policy_lists && detail.kind != IdentityDetailKind::Group {
            let place = detail.location.place.clone();
            let label = format!("lists of the policies of {} {}", detail.kind.name(), detail.name);
            self.missing.push(MissingDocument::new(LayerKind::Identity, label, MissingReason::NotCollected, place));
        }
        for (name, inline) in &detail.inline_policies {
            if let Err(reason) = &inline.document {
                let label = match detail.kind {
                    IdentityDetailKind::Group => format!("inline policy {name} of group {}", detail.name),
                    IdentityDetailKind::User | IdentityDetailKind::Role => format!("inline policy {name}"),
                };
                let place = inline.place.clone();
                self.missing.push(MissingDocument::new(LayerKind::Identity, label, reason.clone(), place));
            }
            if let Some(document) = inline.readable() {
                let kind = AttachmentKind::Inline { holder: holder.to_owned() };
                attachments.push(to_attachment(name, inline, document, kind));
            }
        }
        for attached in &detail.attached_policies {
            if let Some((policy, document)) = self.find_managed_policy(attached, LayerKind::Identity) {
                let kind = AttachmentKind::Attached { arn: attached.arn.clone(), holder: holder.to_owned() };
                attachments.push(to_attachment(&policy.name, &policy.document, document, kind));
            }
        }
        attachments
    }

    /// The policies of the groups of a user.
    fn collect_group_policies(&mut self, detail: &IdentityDetail, groups: &[IamGroup]) -> Vec<PolicyAttachment> {
        let mut attachments = Vec::new();
        for name in &detail.group_names {
            match groups.iter().find(|group| group.name == *name) {
                Some(group) => {
                    attachments.extend(group.identity_policies.iter().cloned());
                    self.missing.extend(group.missing_documents.iter().cloned());
                }
                None => self.missing.push(MissingDocument::new(
                    LayerKind::Identity,
                    format!("group {name}"),
                    MissingReason::NotCollected,
                    detail.location.place.clone(),
                )),
            }
        }
        attachments
    }

    fn find_boundary(&mut self, boundary: &ManagedPolicyRef) -> PermissionsBoundary {
        let arn = boundary.arn.clone();
        let policy = self.find_managed_policy(boundary, LayerKind::Boundary).map(|(policy, document)| {
            let kind = AttachmentKind::Boundary { arn: arn.clone() };
            to_attachment(&policy.name, &policy.document, document, kind)
        });
        PermissionsBoundary { arn, policy }
    }

    fn take_trust_policy(&mut self, trust_policy: CollectedDocument, role: &str) -> Option<PolicyAttachment> {
        let name = "trust policy".to_owned();
        match &trust_policy.document {
            Ok(document) => {
                let kind = AttachmentKind::Trust { holder: role.to_owned() };
                Some(to_attachment(&name, &trust_policy, document, kind))
            }
            Err(reason) => {
                self.missing.push(MissingDocument::new(LayerKind::Trust, name, reason.clone(), trust_policy.place));
                None
            }
        }
    }
}

impl<'p> PolicyCollector<'p> {
    /// The managed policy with this ARN, and its document. If it is missing, which is recorded: `None`, or the statements
    /// that can be read if the policy grants. A boundary without some of its statements would not be an upper bound.
    fn find_managed_policy(
        &mut self,
        attached: &ManagedPolicyRef,
        layer: LayerKind,
    ) -> Option<(&'p ManagedPolicy, &'p Arc<PolicyDocument>)> {
        let policy = self.policies.get(&attached.arn);
        let reason = match policy.map(|policy| (policy, &policy.document.document)) {
            Some((policy, Ok(document))) => return Some((policy, document)),
            Some((_, Err(reason))) => reason.clone(),
            None => MissingReason::NotCollected,
        };
        let readable_part = policy.filter(|_| layer == LayerKind::Identity).and_then(|policy| {
            let document = policy.document.readable_part.as_ref()?;
            Some((policy, document))
        });
        let place = attached.location.place.clone();
        self.missing.push(match layer {
            LayerKind::Boundary => {
                MissingDocument::new(layer, format!("permissions boundary {}", attached.arn), reason, place)
            }
            _ => MissingDocument::attached_policy(layer, &attached.arn, reason, place),
        });
        readable_part
    }
}

fn to_attachment(
    name: &str,
    collected: &CollectedDocument,
    document: &Arc<PolicyDocument>,
    kind: AttachmentKind,
) -> PolicyAttachment {
    let (place, places) = (collected.place.clone(), collected.places.clone());
    PolicyAttachment { name: name.to_owned(), kind, document: Arc::clone(document), place, places }
}
