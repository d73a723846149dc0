//! A principal's layers, gathered out of a snapshot (`docs/semantics.md` §4), and what of them is missing.

use std::sync::Arc;

use super::layers::{
    Layers, OrganizationLevel, PolicyOrigin, PolicyRef, PrincipalInfo, PrincipalType, ResourcePolicies, ResourcePolicy,
    SessionScope, UnknownResourcePolicy,
};
use crate::iam::template::VariableScope;
use crate::iam::{Arn, Template};
use crate::snapshot::{
    Account, IamEntityKind, LayerKind, MissingDocument, OrgNode, Organization, OrganizationPolicyType,
    PolicyAttachment, Principal, ResourceWithPolicy, Snapshot,
};

/// The layers that decide a principal's requests, as far as the snapshot holds them.
///
/// A document that is missing is left out, so that what rests on these layers alone is not the truth: ask
/// [`missing`] too. A boundary whose document is missing bounds nothing here: the wider side.
pub fn collect_layers(snapshot: &Snapshot, account: &Account, principal: &Principal) -> Layers {
    LayerCollector::new(snapshot).collect(account, principal)
}

/// Gathers the layers of many principals of one snapshot; they share what decides over them all.
pub struct LayerCollector<'s> {
    snapshot: &'s Snapshot,
    resource_policies: ResourcePolicies,
}

impl<'s> LayerCollector<'s> {
    /// Of this snapshot.
    pub fn new(snapshot: &'s Snapshot) -> LayerCollector<'s> {
        let resource_policies = snapshot.resource_policies.iter().filter_map(to_resource_policy).collect();
        LayerCollector { snapshot, resource_policies }
    }

    /// The layers of one principal; see [`gather`].
    pub fn collect(&self, account: &Account, principal: &Principal) -> Layers {
        let boundary = principal.boundary.as_ref().and_then(|boundary| boundary.policy.as_ref());
        Layers {
            principal: build_principal_info(account, principal),
            identity: principal.identity_policies.iter().map(to_policy_ref).collect(),
            boundary: boundary.map(|boundary| vec![to_policy_ref(boundary)]),
            scps: collect_levels(self.snapshot, account, principal, OrganizationPolicyType::ServiceControl),
            rcps: collect_levels(self.snapshot, account, principal, OrganizationPolicyType::ResourceControl),
            resource_policies: self.resource_policies.clone(),
            unknown_resource_policy: UnknownResourcePolicy::MayAllow,
            resource_owner: None,
            session: None,
        }
    }
}

/// Every document that decides over a principal and is not known: its own and its groups', the
/// organization's policies on its path, and the policies of resources that cannot be read.
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

fn build_principal_info(account: &Account, principal: &Principal) -> PrincipalInfo {
    PrincipalInfo {
        arn: Some(principal.arn.clone()),
        account: Some(account.id.clone()),
        principal_type: match principal.entity_kind {
            IamEntityKind::User => PrincipalType::User,
            IamEntityKind::Role | IamEntityKind::SsoRole => PrincipalType::Role,
            IamEntityKind::ServiceLinkedRole => PrincipalType::ServiceLinkedRole,
        },
        unique_id: principal.unique_id.clone(),
        sessions: SessionScope::Any,
    }
}

fn to_policy_ref(attachment: &PolicyAttachment) -> PolicyRef {
    PolicyRef {
        name: attachment.name.clone(),
        origin: PolicyOrigin::Identity(attachment.kind.clone()),
        document: Arc::clone(&attachment.document),
    }
}

/// The path along which a type of organization policy binds the principal. For RCPs this is the path of the
/// principal's own account: they bind the resources there.
fn find_binding_path<'s>(
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

fn collect_levels(
    snapshot: &Snapshot,
    account: &Account,
    principal: &Principal,
    policy_type: OrganizationPolicyType,
) -> Option<Vec<OrganizationLevel>> {
    let path = find_binding_path(snapshot, account, principal, policy_type)?;
    let layer = to_layer_kind(policy_type);
    if snapshot.organization.iter().flat_map(|organization| &organization.missing_documents).any(|m| m.layer == layer) {
        // Levels without policies would deny everything: a layer that was not read bounds nothing here.
        return None;
    }
    Some(path.into_iter().map(|unit| build_level(unit, policy_type)).collect())
}

fn to_layer_kind(policy_type: OrganizationPolicyType) -> LayerKind {
    match policy_type {
        OrganizationPolicyType::ServiceControl => LayerKind::ServiceControl,
        OrganizationPolicyType::ResourceControl => LayerKind::ResourceControl,
    }
}

fn build_level(unit: &OrgNode, policy_type: OrganizationPolicyType) -> OrganizationLevel {
    let name = if unit.name.is_empty() { unit.id.clone() } else { format!("{} ({})", unit.id, unit.name) };
    let policies = unit
        .policies
        .iter()
        .filter(|policy| policy.policy_type == policy_type)
        .filter_map(|policy| {
            Some(PolicyRef {
                name: policy.name.clone(),
                origin: PolicyOrigin::Organization { id: policy.id.clone(), target: unit.id.clone() },
                document: Arc::clone(policy.document.document.as_ref().ok()?),
            })
        })
        .collect();
    OrganizationLevel { name, policies }
}

fn to_resource_policy(resource: &ResourceWithPolicy) -> Option<ResourcePolicy> {
    let arn = resource.arn.as_str().to_owned();
    Some(ResourcePolicy {
        resources: resource_patterns(&resource.arn),
        owner: resource.owner.clone(),
        policy: PolicyRef {
            name: "resource policy".to_owned(),
            origin: PolicyOrigin::Resource { arn },
            document: Arc::clone(resource.policy.document.as_ref().ok()?),
        },
    })
}

/// The ARNs that the policy of a resource speaks for: its own, and those of what is in it.
fn resource_patterns(arn: &Arn) -> Vec<Template> {
    // What a service calls the inside of the resource that carries the policy. A service that is not
    // listed gets both forms: to speak for an ARN that does not exist does no harm.
    let suffixes: &[&str] = match arn.service() {
        "s3" | "s3express" | "s3-object-lambda" | "execute-api" | "es" | "dynamodb" => &["/*"],
        "sqs" | "sns" | "lambda" | "logs" => &[":*"],
        "kms" | "secretsmanager" | "ecr" | "iam" => &[],
        // One policy for the whole Data Catalog of a region: it speaks for databases and tables by their own ARNs.
        "glue" => {
            let catalog = format!("arn:{}:glue:{}:{}:*", arn.partition(), arn.region(), arn.account());
            return vec![Template::from_resource(&catalog, VariableScope::Nowhere)];
        }
        _ => &["/*", ":*"],
    };
    std::iter::once(Template::from_literal(arn.as_str()))
        .chain(suffixes.iter().map(|suffix| Template::from_resource(&format!("{arn}{suffix}"), VariableScope::Nowhere)))
        .collect()
}
