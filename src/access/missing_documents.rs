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
    if let Some(path) = find_binding_path(snapshot, account, principal) {
        add_organization_policies(snapshot, path, OrganizationPolicyType::ServiceControl, &mut missing);
    }
    // A principal can ask for resources of every account.
    if let Some(organization) = &snapshot.organization
        && !principal.entity_kind.is_service_linked()
    {
        let nodes = list_nodes_with_rcps(organization);
        add_organization_policies(snapshot, nodes, OrganizationPolicyType::ResourceControl, &mut missing);
    }
    for resource in &snapshot.resource_policies {
        if let Err(reason) = &resource.policy.document {
            let place = resource.policy.place.clone();
            missing.push(MissingDocument::resource_policy(resource.arn.as_str(), reason.clone(), place));
        }
    }
    missing
}

/// Adds the policies of a type that could not be read, of some organization nodes or all.
fn add_organization_policies<'s>(
    snapshot: &'s Snapshot,
    nodes: impl IntoIterator<Item = &'s OrgNode>,
    policy_type: OrganizationPolicyType,
    missing: &mut Vec<MissingDocument>,
) {
    let (layer, type_name) = match policy_type {
        OrganizationPolicyType::ServiceControl => (LayerKind::ServiceControl, "service control policy"),
        OrganizationPolicyType::ResourceControl => (LayerKind::ResourceControl, "resource control policy"),
    };
    let unread = snapshot.organization.iter().flat_map(|organization| &organization.missing_documents);
    missing.extend(unread.filter(|document| document.layer == layer).cloned());
    let policies = nodes.into_iter().flat_map(|unit| &unit.policies).filter(|policy| policy.policy_type == policy_type);
    for policy in policies {
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

/// The organization nodes, root first, whose SCPs apply to the principal. `None` if no SCP applies.
pub(super) fn find_binding_path<'s>(
    snapshot: &'s Snapshot,
    account: &Account,
    principal: &Principal,
) -> Option<Vec<&'s OrgNode>> {
    let organization: &Organization = snapshot.organization.as_ref()?;
    let is_bound = organization.is_bound(OrganizationPolicyType::ServiceControl, &account.id);
    let is_exempt = !is_bound || principal.entity_kind.is_service_linked();
    if is_exempt { None } else { organization.path_from_root(&account.id) }
}

/// The organization nodes below the roots that enable RCPs, without the management account.
fn list_nodes_with_rcps(organization: &Organization) -> impl Iterator<Item = &OrgNode> {
    let is_enabled = |node: &&OrgNode| {
        let mut root = *node;
        while let Some(parent) = root.parent.as_ref().and_then(|id| organization.nodes.get(id)) {
            root = parent;
        }
        root.enabled_policy_types.contains(&OrganizationPolicyType::ResourceControl)
            && node.id != organization.management_account.as_str()
    };
    organization.nodes.values().filter(is_enabled)
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
