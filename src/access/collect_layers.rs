//! Collects the layers of a principal from a snapshot (`docs/semantics.md` §4).
//!
//! INVARIANT: a document that these layers leave out is one of [`find_missing_documents`], so that a caller that asks
//! for both never treats a partial layer as complete. A boundary or SCP that is left out does not restrict: the layers
//! are an upper bound of the access that those policies allow.
//!
//! [`find_missing_documents`]: super::find_missing_documents

use std::sync::OnceLock;

use jiff::civil::Date;

use super::api_policies::{expand_short_names, find_api};
use super::known_context::KnownContext;
use super::layers::{
    Layers, PolicyConsent, PrincipalInfo, PrincipalType, ResourcePolicies, ResourcePolicy, SessionScope,
    TrustPolicyEffect, UnknownResourcePolicy,
};
use super::missing_documents::{find_binding_path, is_layer_missing};
use super::policy_ref::{OrganizationLevel, PolicyOrigin, PolicyRef};
use super::principal_context::ContextBuilder;
use super::resource_controls::ResourceControls;
use super::role_trust::{LocatedRole, RoleTrustIndex};
use super::session_providers::SessionProviders;
use crate::iam::template::VariableScope;
use crate::iam::{Arn, Effect, PolicyDocument, Template};
use crate::snapshot::{Account, IamEntityKind, OrganizationPolicyType, Principal, ResourceWithPolicy, Snapshot};

/// The layers of one principal, without the documents that the snapshot lacks. See
/// [`find_missing_documents`](super::find_missing_documents).
pub fn collect_layers(snapshot: &Snapshot, account: &Account, principal: &Principal) -> Layers {
    LayerCollector::new(snapshot).collect(account, principal)
}

/// Collects the layers and the known contexts of many principals of one snapshot. They share the resource policies and
/// what is known about resources.
pub struct LayerCollector<'s> {
    snapshot: &'s Snapshot,
    resource_policies: ResourcePolicies,
    role_trust: OnceLock<RoleTrustIndex<'s>>,
    context_builder: ContextBuilder,
    rcps: Option<ResourceControls>,
}

impl<'s> LayerCollector<'s> {
    /// A collector for a snapshot.
    pub fn new(snapshot: &'s Snapshot) -> LayerCollector<'s> {
        let resource_policies = snapshot.resource_policies.iter().filter_map(to_resource_policy).collect();
        let context_builder = ContextBuilder::new(snapshot);
        LayerCollector {
            rcps: ResourceControls::from_snapshot(snapshot, context_builder.directory()),
            snapshot,
            resource_policies,
            role_trust: OnceLock::new(),
            context_builder,
        }
    }

    /// The same collector, for requests on a day. Without it, they are made at any time.
    pub fn on_day(self, day: Date) -> LayerCollector<'s> {
        LayerCollector { context_builder: self.context_builder.on_day(day), ..self }
    }

    /// The known context of every direct request of a principal.
    pub fn build_known_context(&self, principal: &Principal) -> KnownContext {
        self.context_builder.build(principal)
    }

    /// The layers of one principal; see [`collect_layers`].
    pub fn collect(&self, account: &Account, principal: &Principal) -> Layers {
        let boundary = principal.boundary.as_ref().and_then(|boundary| boundary.policy.as_ref());
        Layers {
            principal: build_principal_info(account, principal),
            identity: principal.identity_policies.iter().map(PolicyRef::held).collect(),
            boundary: boundary.map(|boundary| vec![PolicyRef::held(boundary)]),
            scps: collect_scp_levels(self.snapshot, account, principal),
            rcps: self.rcps.clone(),
            resource_policies: self.resource_policies.clone(),
            trust_policy_effect: TrustPolicyEffect::GrantAndRestrict,
            unknown_resource_policy: UnknownResourcePolicy::MayAllow,
            resource_owner: None,
            session: None,
        }
    }
}

impl<'s> LayerCollector<'s> {
    /// The layers of one principal for an audit: with the trust policies of the roles that name it, and of those that its
    /// policies or the `compared` documents name in full.
    pub fn collect_with_role_trust<'d>(
        &self,
        account: &Account,
        principal: &'s Principal,
        compared: impl Iterator<Item = &'d PolicyDocument>,
    ) -> Layers {
        let layers = self.collect(account, principal);
        let trust_policies = self.role_trust().find_trust_policies(principal, compared);
        if trust_policies.is_empty() {
            return layers;
        }
        let resource_policies = layers.resource_policies.iter().cloned().chain(trust_policies).collect();
        Layers { resource_policies, trust_policy_effect: TrustPolicyEffect::GrantToNamed, ..layers }
    }

    /// The roles of a principal's own account whose trust policy names the principal or one of its sessions.
    pub(crate) fn find_roles_naming(&self, principal: &'s Principal) -> Vec<LocatedRole<'s>> {
        self.role_trust().find_roles_naming(principal)
    }

    fn role_trust(&self) -> &RoleTrustIndex<'s> {
        self.role_trust.get_or_init(|| RoleTrustIndex::new(self.snapshot))
    }
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
        providers: principal
            .trust_policy
            .as_ref()
            .map_or_else(SessionProviders::default, |trust| SessionProviders::from_trust_policy(&trust.document)),
    }
}

fn collect_scp_levels(snapshot: &Snapshot, account: &Account, principal: &Principal) -> Option<Vec<OrganizationLevel>> {
    let policy_type = OrganizationPolicyType::ServiceControl;
    let path = find_binding_path(snapshot, account, principal)?;
    if is_layer_missing(snapshot, policy_type) {
        // A level without policies would deny every request.
        return None;
    }
    Some(path.into_iter().map(|unit| OrganizationLevel::from_node(unit, policy_type)).collect())
}

fn to_resource_policy(resource: &ResourceWithPolicy) -> Option<ResourcePolicy> {
    let arn = resource.arn.as_str().to_owned();
    // The statements that can be read count. The others are among the missing documents.
    let document = resource.policy.readable()?;
    let api = find_api(&resource.arn, &resource.owner);
    let expanded = api.as_ref().map(|api| expand_short_names(document, api));
    Some(ResourcePolicy {
        resources: resource_patterns(api.as_ref().unwrap_or(&resource.arn), document),
        owner: resource.owner.clone(),
        policy: PolicyRef::collected(
            "resource policy",
            PolicyOrigin::Resource { arn },
            expanded.as_ref().unwrap_or(document),
            &resource.policy.places,
        ),
        consent: PolicyConsent::Required,
    })
}

/// The ARNs that a resource policy applies to: the resource, and the resources inside it.
fn resource_patterns(arn: &Arn, document: &PolicyDocument) -> Vec<Template> {
    // The suffix of the ARNs inside the resource. A service that is not listed gets both forms, since a pattern for
    // ARNs that do not exist has no effect.
    let suffixes: &[&str] = match arn.service() {
        "s3" | "s3express" | "s3-object-lambda" | "execute-api" | "es" | "dynamodb" => &["/*"],
        "sqs" | "sns" | "lambda" | "logs" => &[":*"],
        "kms" | "secretsmanager" | "ecr" | "iam" => &[],
        // One policy applies to the Data Catalog of a region, and names databases and tables by their ARNs.
        "glue" => {
            let catalog = format!("arn:{}:glue:{}:{}:*", arn.partition(), arn.region(), arn.account());
            return vec![Template::from_resource(&catalog, VariableScope::Nowhere)];
        }
        "codeartifact" | "events" | "schemas" | "kafka" => &[],
        _ => &["/*", ":*"],
    };
    let nested = list_nested_resources(arn, document);
    let nested = nested.iter().map(|pattern| {
        let pattern = format!("arn:{}:{}:{}:{}:{pattern}", arn.partition(), arn.service(), arn.region(), arn.account());
        Template::from_resource(&pattern, VariableScope::Nowhere)
    });
    std::iter::once(Template::from_literal(arn.as_str()))
        .chain(suffixes.iter().map(|suffix| Template::from_resource(&format!("{arn}{suffix}"), VariableScope::Nowhere)))
        .chain(nested)
        .collect()
}

/// The resources inside a resource whose ARNs do not begin with the ARN of the resource: the patterns after the account.
fn list_nested_resources(arn: &Arn, document: &PolicyDocument) -> Vec<String> {
    let Some((kind, name)) = arn.resource().split_once('/') else { return Vec::new() };
    match (arn.service(), kind) {
        // AWS: *Domain policies*; *Repository policies* (CodeArtifact)
        ("codeartifact", "domain") => {
            ["repository", "package", "package-group"].map(|kind| format!("{kind}/{name}/*")).into()
        }
        ("codeartifact", "repository") => vec![format!("package/{name}/*")],
        // The pattern of the rules of the default event bus also matches the rules of other buses. A Deny would then deny
        // more than AWS does.
        // AWS: *Permissions for event buses in Amazon EventBridge*
        ("events", "event-bus") if name == "default" => {
            let has_deny = document.statements.iter().any(|statement| statement.effect == Effect::Deny);
            if has_deny { Vec::new() } else { vec!["rule/*".to_owned()] }
        }
        ("events", "event-bus") => vec![format!("rule/{name}/*")],
        // AWS: *Resource-based policies for Amazon EventBridge schemas*
        ("schemas", "registry") => vec![format!("schema/{name}/*")],
        // AWS: *Actions, resources, and condition keys for Apache Kafka APIs for Amazon MSK clusters*
        ("kafka", "cluster") => ["topic", "group", "transactional-id"].map(|kind| format!("{kind}/{name}/*")).into(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::iam::DocumentKind;
    use crate::source::SourceFile;

    fn nested(arn: &str, effect: &str) -> Vec<String> {
        let text = format!(
            r#"{{"Statement": {{"Effect": "{effect}", "Principal": "*", "Action": "events:*", "Resource": "*"}}}}"#
        );
        let document = PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Resource).unwrap();
        list_nested_resources(&Arn::parse(arn).unwrap(), &document)
    }

    #[test]
    fn a_resource_policy_covers_resources_with_other_arns() {
        let at = |service: &str, resource: &str| format!("arn:aws:{service}:us-east-1:111122223333:{resource}");
        assert_eq!(nested(&at("codeartifact", "repository/d/r"), "Allow"), ["package/d/r/*"]);
        assert_eq!(nested(&at("events", "event-bus/b"), "Deny"), ["rule/b/*"]);
        assert_eq!(nested(&at("events", "event-bus/default"), "Allow"), ["rule/*"]);
        assert_eq!(nested(&at("events", "event-bus/default"), "Deny"), [] as [&str; 0]);
        assert_eq!(nested(&at("schemas", "registry/r"), "Allow"), ["schema/r/*"]);
        assert_eq!(nested(&at("sqs", "q"), "Allow"), [] as [&str; 0]);
    }
}
