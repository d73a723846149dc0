//! The documents that affect a principal's access and that the snapshot lacks.

use crate::snapshot::{
    Account, LayerKind, MissingDocument, OrgNode, Organization, OrganizationPolicyType, Principal, Snapshot,
};

/// Every document that affects a principal's access and that the snapshot lacks: its own policies and those of its
/// groups, the organization policies on its path, and the resource policies that could not be read.
pub fn find_missing_documents(snapshot: &Snapshot, account: &Account, principal: &Principal) -> Vec<MissingDocument> {
    let mut missing = principal.missing_documents.clone();
    let is_bound = |layer| layer == LayerKind::Resource || !principal.entity_kind.is_service_linked();
    missing.extend(account.missing_documents.iter().filter(|document| is_bound(document.layer)).cloned());
    for (policy_type, type_name) in [
        (OrganizationPolicyType::ServiceControl, "service control policy"),
        (OrganizationPolicyType::ResourceControl, "resource control policy"),
    ] {
        let layer = to_layer_kind(policy_type);
        let Some(path) = find_binding_path(snapshot, account, principal, policy_type) else { continue };
        let unread = snapshot.organization.iter().flat_map(|organization| &organization.missing_documents);
        missing.extend(unread.filter(|document| document.layer == layer).cloned());
        for policy in path.iter().flat_map(|unit| &unit.policies).filter(|policy| policy.policy_type == policy_type) {
            if let Err(reason) = &policy.document.document {
                let name = format!("{type_name} {} ({})", policy.id, policy.name);
                let place = policy.document.place.clone();
                let document = MissingDocument::new(layer, name, reason.clone(), place);
                if !missing.contains(&document) {
                    missing.push(document);
                }
            }
        }
    }
    for resource in &snapshot.resource_policies {
        if let Err(reason) = &resource.policy.document {
            let place = resource.policy.place.clone();
            missing.push(MissingDocument::resource_policy(resource.arn.as_str(), reason.clone(), place));
        }
    }
    missing
}

/// The organization nodes, root first, whose policies of a type apply to the principal. `None` if no policy of the type
/// applies. For RCPs, these are the nodes of the principal's account: RCPs apply to the resources there.
pub(super) fn find_binding_path<'s>(
    snapshot: &'s Snapshot,
    account: &Account,
    principal: &Principal,
    policy_type: OrganizationPolicyType,
) -> Option<Vec<&'s OrgNode>> {
    let organization: &Organization = snapshot.organization.as_ref()?;
    let is_exempt = organization.management_account == account.id || principal.entity_kind.is_service_linked();
    if is_exempt || !organization.is_policy_type_enabled(policy_type, &account.id) {
        return None;
    }
    organization.path_from_root(&account.id)
}

/// Whether the policies of a type could not be listed at all.
pub(super) fn is_layer_missing(snapshot: &Snapshot, policy_type: OrganizationPolicyType) -> bool {
    let layer = to_layer_kind(policy_type);
    snapshot.organization.iter().flat_map(|organization| &organization.missing_documents).any(|m| m.layer == layer)
}

fn to_layer_kind(policy_type: OrganizationPolicyType) -> LayerKind {
    match policy_type {
        OrganizationPolicyType::ServiceControl => LayerKind::ServiceControl,
        OrganizationPolicyType::ResourceControl => LayerKind::ResourceControl,
    }
}
