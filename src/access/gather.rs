//! A principal's layers, gathered out of a snapshot (`docs/semantics.md` §4), and what of them is missing.

use std::sync::Arc;

use super::layers::{
    Layers, Level, PolicyOrigin, PolicyRef, PrincipalFacts, PrincipalType, ResourcePolicies, ResourcePolicy, Sessions,
    UnknownResourcePolicy,
};
use crate::iam::template::Variables;
use crate::iam::{Arn, Template};
use crate::snapshot::{
    Account, HeldPolicy, KnownResource, LayerKind, MissingDocument, Organization, OrganizationPolicyType, Principal,
    PrincipalKind, Snapshot, Unit,
};

/// The layers that decide a principal's requests, as far as the snapshot holds them.
///
/// A document that is missing is left out, so that what rests on these layers alone is not the truth: ask
/// [`missing`] too. A boundary whose document is missing bounds nothing here: the wider side.
pub fn gather(snapshot: &Snapshot, account: &Account, principal: &Principal) -> Layers {
    Gatherer::new(snapshot).gather(account, principal)
}

/// Gathers the layers of many principals of one snapshot; they share what decides over them all.
pub struct Gatherer<'s> {
    snapshot: &'s Snapshot,
    resource_policies: ResourcePolicies,
}

impl<'s> Gatherer<'s> {
    /// Of this snapshot.
    pub fn new(snapshot: &'s Snapshot) -> Gatherer<'s> {
        let resource_policies = snapshot.resource_policies.iter().filter_map(resource_policy).collect();
        Gatherer { snapshot, resource_policies }
    }

    /// The layers of one principal; see [`gather`].
    pub fn gather(&self, account: &Account, principal: &Principal) -> Layers {
        let boundary = principal.boundary.as_ref().and_then(|boundary| boundary.policy.as_ref());
        Layers {
            principal: facts(account, principal),
            identity: principal.identity.iter().map(policy_ref).collect(),
            boundary: boundary.map(|boundary| vec![policy_ref(boundary)]),
            scps: levels(self.snapshot, account, principal, OrganizationPolicyType::ServiceControl),
            rcps: levels(self.snapshot, account, principal, OrganizationPolicyType::ResourceControl),
            resource_policies: self.resource_policies.clone(),
            unknown_resource_policy: UnknownResourcePolicy::MayAllow,
            resource_owner: None,
            session: None,
        }
    }
}

/// Every document that decides over a principal and is not known: its own and its groups', the
/// organization's policies on its path, and the policies of resources that cannot be read.
pub fn missing(snapshot: &Snapshot, account: &Account, principal: &Principal) -> Vec<MissingDocument> {
    let mut missing = principal.missing.clone();
    let is_bound = |layer| layer == LayerKind::Resource || !principal.kind.is_service_linked();
    missing.extend(account.missing.iter().filter(|document| is_bound(document.layer)).cloned());
    for (policy_type, short) in [
        (OrganizationPolicyType::ServiceControl, "service control policy"),
        (OrganizationPolicyType::ResourceControl, "resource control policy"),
    ] {
        let layer = layer_of(policy_type);
        let Some(path) = binding_path(snapshot, account, principal, policy_type) else { continue };
        let unread = snapshot.organization.iter().flat_map(|organization| &organization.missing);
        missing.extend(unread.filter(|document| document.layer == layer).cloned());
        for policy in path.iter().flat_map(|unit| &unit.policies).filter(|policy| policy.policy_type == policy_type) {
            if let Err(why) = &policy.document.document {
                let name = format!("{short} {} ({})", policy.id, policy.name);
                let place = policy.document.place.clone();
                let document = MissingDocument { layer, name, why: why.clone(), place };
                if !missing.contains(&document) {
                    missing.push(document);
                }
            }
        }
    }
    for resource in &snapshot.resource_policies {
        if let Err(why) = &resource.policy.document {
            missing.push(MissingDocument {
                layer: LayerKind::Resource,
                name: format!("resource policy of {}", resource.arn),
                why: why.clone(),
                place: resource.policy.place.clone(),
            });
        }
    }
    missing
}

fn facts(account: &Account, principal: &Principal) -> PrincipalFacts {
    PrincipalFacts {
        arn: Some(principal.arn.clone()),
        account: Some(account.id.clone()),
        principal_type: match principal.kind {
            PrincipalKind::User => PrincipalType::User,
            PrincipalKind::Role | PrincipalKind::SsoRole => PrincipalType::Role,
            PrincipalKind::ServiceLinkedRole => PrincipalType::ServiceLinkedRole,
        },
        unique_id: principal.unique_id.clone(),
        sessions: Sessions::Any,
    }
}

fn policy_ref(held: &HeldPolicy) -> PolicyRef {
    PolicyRef {
        name: held.name.clone(),
        origin: PolicyOrigin::Held(held.holding.clone()),
        document: Arc::clone(&held.document),
    }
}

/// The path along which a type of organization policy binds the principal. For RCPs this is the path of the
/// principal's own account: they bind the resources there.
fn binding_path<'s>(
    snapshot: &'s Snapshot,
    account: &Account,
    principal: &Principal,
    policy_type: OrganizationPolicyType,
) -> Option<Vec<&'s Unit>> {
    let organization: &Organization = snapshot.organization.as_ref()?;
    let exempt = organization.management_account == account.id || principal.kind.is_service_linked();
    if exempt || !organization.in_force(policy_type, &account.id) {
        return None;
    }
    organization.path(&account.id)
}

fn levels(
    snapshot: &Snapshot,
    account: &Account,
    principal: &Principal,
    policy_type: OrganizationPolicyType,
) -> Option<Vec<Level>> {
    let path = binding_path(snapshot, account, principal, policy_type)?;
    let layer = layer_of(policy_type);
    if snapshot.organization.iter().flat_map(|organization| &organization.missing).any(|m| m.layer == layer) {
        // Levels without policies would deny everything: a layer that was not read bounds nothing here.
        return None;
    }
    Some(path.into_iter().map(|unit| level(unit, policy_type)).collect())
}

fn layer_of(policy_type: OrganizationPolicyType) -> LayerKind {
    match policy_type {
        OrganizationPolicyType::ServiceControl => LayerKind::ServiceControl,
        OrganizationPolicyType::ResourceControl => LayerKind::ResourceControl,
    }
}

fn level(unit: &Unit, policy_type: OrganizationPolicyType) -> Level {
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
    Level { name, policies }
}

fn resource_policy(resource: &KnownResource) -> Option<ResourcePolicy> {
    let arn = resource.arn.as_str().to_owned();
    Some(ResourcePolicy {
        covers: covers(&resource.arn),
        owner: resource.owner.clone(),
        policy: PolicyRef {
            name: "resource policy".to_owned(),
            origin: PolicyOrigin::Resource { arn },
            document: Arc::clone(resource.policy.document.as_ref().ok()?),
        },
    })
}

/// The ARNs that the policy of a resource speaks for: its own, and those of what is in it.
fn covers(arn: &Arn) -> Vec<Template> {
    // What a service calls the inside of the resource that carries the policy. A service that is not
    // listed gets both forms: to speak for an ARN that does not exist does no harm.
    let inside: &[&str] = match arn.service() {
        "s3" | "s3express" | "s3-object-lambda" | "execute-api" | "es" | "dynamodb" => &["/*"],
        "sqs" | "sns" | "lambda" | "logs" => &[":*"],
        "kms" | "secretsmanager" | "ecr" | "iam" => &[],
        // One policy for the whole Data Catalog of a region: it speaks for databases and tables by their own ARNs.
        "glue" => {
            let catalog = format!("arn:{}:glue:{}:{}:*", arn.partition(), arn.region(), arn.account());
            return vec![Template::resource(&catalog, Variables::Nowhere)];
        }
        _ => &["/*", ":*"],
    };
    std::iter::once(Template::literal(arn.as_str()))
        .chain(inside.iter().map(|rest| Template::resource(&format!("{arn}{rest}"), Variables::Nowhere)))
        .collect()
}
