//! The concrete decision on one request (`docs/semantics.md` §4). AWS: *How AWS enforcement code logic evaluates
//! requests* and *Cross-account policy evaluation logic*.

use super::covering_policies::{find_covering_policies, is_decided_by_policies, trace_covering_policies};
use super::layers::{
    Layers, PolicyConsent, PrincipalType, ResourcePolicy, SCP_EXEMPT_SERVICE, SessionScope, TrustPolicyEffect,
    UnknownResourcePolicy,
};
use super::pattern_match::RequestedAction;
use super::policy_ref::{OrganizationLevel, PolicyRef};
use super::principal_match::{PrincipalMatch, RequestPrincipal, find_named_sessions, is_session_of_request};
use super::request::Request;
use super::request_facts::{ALWAYS_ALLOWED_ACTION, find_impossibility, is_sts_action};
use super::resource_controls::RCP_EXEMPT_ACTION;
use super::statement_match::StatementMatcher;
use super::trace::{Layer, LayerTrace, LayerVerdict, StatementOutcome, StatementRef};
use crate::iam::{AccountId, Ambiguity, Arn, Effect, Interpretation};

/// Whether a request is allowed.
#[derive(Clone, Debug)]
pub enum Decision<'a> {
    /// It is allowed.
    Allowed,
    /// It is denied.
    Denied {
        /// The reason.
        denial: Denial<'a>,
    },
}

/// Why a request is denied.
#[derive(Clone, Debug)]
pub enum Denial<'a> {
    /// Deny statements match. At least one.
    Explicit(Vec<StatementRef<'a>>),
    /// Layers that must allow the request and do not. At least one.
    Implicit(Vec<Layer>),
}

/// A decision and its reasons.
#[derive(Clone, Debug)]
pub struct Evaluation<'a> {
    /// The decision.
    pub decision: Decision<'a>,
    /// The layers that exist and apply to the principal.
    pub layers: Vec<LayerTrace<'a>>,
    /// The account that owns the resource, if it is not the account of the principal.
    pub other_owner: Option<AccountId>,
    /// Whether AWS allows the request whatever the policies say.
    pub needs_no_permission: bool,
}

impl<'a> Evaluation<'a> {
    /// Whether the request is allowed.
    pub fn is_allowed(&self) -> bool {
        matches!(self.decision, Decision::Allowed)
    }

    /// The trace of one layer. `None` if the layer does not exist or does not apply.
    pub fn layer(&self, layer: Layer) -> Option<&LayerTrace<'a>> {
        self.layers.iter().find(|l| l.layer == layer)
    }

    /// The matching Allow statements of the identity and resource policies.
    pub fn granting_statements(&self) -> impl Iterator<Item = StatementRef<'a>> {
        self.layers
            .iter()
            .filter(|l| matches!(l.layer, Layer::Identity | Layer::Resource))
            .flat_map(|l| l.matching_statements(Effect::Allow))
    }
}

/// Decides one request. `rcp_supported` says whether RCPs apply to the service with a prefix; the catalog has this.
///
/// For a role with [`SessionScope::Any`], the request is allowed if some session is allowed: an Allow for one session
/// counts, and a Deny for one session does not apply to the others.
pub fn evaluate<'a>(
    layers: &'a Layers,
    request: &'a Request,
    rcp_supported: &dyn Fn(&str) -> bool,
    interpretation: Interpretation,
) -> Evaluation<'a> {
    let covering_policies = find_covering_policies(layers, request);
    let action = RequestedAction::parse(&request.action);
    let evaluate_session = |session| {
        let has_boundary = layers.boundary.is_some();
        let everyone = match layers.trust_policy_effect {
            TrustPolicyEffect::GrantToNamed if is_role_assumption(request) => PrincipalMatch::Account,
            TrustPolicyEffect::GrantToNamed | TrustPolicyEffect::GrantAndRestrict => PrincipalMatch::Direct,
        };
        let principal = RequestPrincipal { info: &layers.principal, session, has_boundary, everyone, interpretation };
        let matcher = StatementMatcher { principal, request, action: &action, interpretation };
        RequestEvaluator { layers, request, covering_policies: &covering_policies, matcher }.evaluate(rcp_supported)
    };
    let session = match &layers.principal.sessions {
        SessionScope::Single(session) => Some(session),
        SessionScope::Any => None,
    };
    let evaluation = evaluate_session(session);
    if session.is_some() || evaluation.is_allowed() {
        return evaluation;
    }
    find_sessions_in_policies(layers, &covering_policies)
        .filter(|session| is_session_of_request(session, request))
        .map(|session| evaluate_session(Some(session)))
        .find(Evaluation::is_allowed)
        .unwrap_or(evaluation)
}

/// The sessions of the role that the resource policies name.
fn find_sessions_in_policies<'a>(layers: &'a Layers, policies: &[&'a ResourcePolicy]) -> impl Iterator<Item = &'a Arn> {
    policies
        .iter()
        .flat_map(|policy| &policy.policy.document.statements)
        .filter_map(|statement| statement.principal.as_ref())
        .flat_map(|element| find_named_sessions(&layers.principal, element))
}

struct RequestEvaluator<'a, 'b> {
    layers: &'a Layers,
    request: &'a Request,
    covering_policies: &'b [&'a ResourcePolicy],
    matcher: StatementMatcher<'a, 'b>,
}

impl<'a> RequestEvaluator<'a, '_> {
    fn evaluate(&self, rcp_supported: &dyn Fn(&str) -> bool) -> Evaluation<'a> {
        let traces = self.trace_layers(rcp_supported);
        let other_owner = self.other_owner();
        let needs_no_permission = self.request.action.trim().eq_ignore_ascii_case(ALWAYS_ALLOWED_ACTION);
        let decision = match find_impossibility(&self.layers.principal, self.request) {
            _ if needs_no_permission => Decision::Allowed,
            Some(reason) => Decision::Denied { denial: Denial::Implicit(vec![Layer::Request(reason)]) },
            None => self.decide(&traces, other_owner.is_some()),
        };
        Evaluation { decision, layers: traces, other_owner, needs_no_permission }
    }

    /// The trace of each layer that exists and applies to the principal.
    fn trace_layers(&self, rcp_supported: &dyn Fn(&str) -> bool) -> Vec<LayerTrace<'a>> {
        let layers = self.layers;
        let principal_type = layers.principal.principal_type;
        let mut traces = Vec::new();
        let statements = |policies: &'a [PolicyRef]| self.matcher.trace_statements(policies);
        // The root user has no identity policies. Every request that is not denied is allowed.
        if principal_type != PrincipalType::Root {
            traces.push(LayerTrace::new(Layer::Identity, None, statements(&layers.identity)));
            if let Some(boundary) = &layers.boundary {
                traces.push(LayerTrace::new(Layer::Boundary, None, statements(boundary)));
            }
            // A federated user has the permissions of its session policies, and none without session policies.
            // AWS: *Permissions for GetFederationToken*.
            let session = match &layers.session {
                Some(policies) => Some(policies.as_slice()),
                None => (principal_type == PrincipalType::FederatedUser).then_some(&[][..]),
            };
            if let Some(session) = session {
                traces.push(LayerTrace::new(Layer::Session, None, statements(session)));
            }
        }
        if principal_type != PrincipalType::ServiceLinkedRole {
            let mut add_level = |layer, level: &'a OrganizationLevel| {
                traces.push(LayerTrace::new(layer, Some(&level.name), statements(&level.policies)));
            };
            let service = self.matcher.action.service();
            let is_exempt = layers.has_scp_exemption() && service.eq_ignore_ascii_case(SCP_EXEMPT_SERVICE);
            let scps = layers.scps.iter().flatten().filter(|_| !is_exempt);
            for (index, level) in scps.enumerate() {
                add_level(Layer::ServiceControl(index), level);
            }
            for (index, level) in self.find_rcp_levels(rcp_supported).enumerate() {
                add_level(Layer::ResourceControl(index), level);
            }
        }
        if !self.covering_policies.is_empty() {
            let statements = trace_covering_policies(self.covering_policies, &self.matcher);
            traces.push(LayerTrace::new(Layer::Resource, None, statements));
        }
        traces
    }

    /// The RCPs that apply to the request. `docs/semantics.md` has the reading for resources of unknown owner.
    fn find_rcp_levels(
        &self,
        rcp_supported: &dyn Fn(&str) -> bool,
    ) -> impl Iterator<Item = &'a OrganizationLevel> + use<'a> {
        let action = self.request.action.trim();
        let is_covered =
            rcp_supported(self.matcher.action.service()) && !action.eq_ignore_ascii_case(RCP_EXEMPT_ACTION);
        let default_owner = match self.matcher.interpretation.is_alternative(Ambiguity::UnknownResourceOwner) {
            true => None,
            false => self.layers.principal.account.as_ref(),
        };
        let resource = self.request.resource.as_str();
        let is_aws_key = self.matcher.interpretation.is_alternative(Ambiguity::KmsKeyManager)
            && Arn::parse(resource).is_some_and(|arn| arn.is_kms_key());
        let is_covered = is_covered && !is_aws_key;
        let any_member = self.matcher.interpretation.is_alternative(Ambiguity::OtherMemberOwner);
        let levels: Vec<&'a OrganizationLevel> = match &self.layers.rcps {
            Some(rcps) if is_covered && any_member && rcps.may_belong_to_any_member(resource) => {
                rcps.levels().iter().map(|control| &control.level).collect()
            }
            Some(rcps) if is_covered => rcps.levels_of(resource, default_owner).collect(),
            _ => Vec::new(),
        };
        levels.into_iter()
    }

    fn decide(&self, traces: &[LayerTrace<'a>], across_accounts: bool) -> Decision<'a> {
        let denials: Vec<_> = traces.iter().flat_map(|t| t.matching_statements(Effect::Deny)).collect();
        if !denials.is_empty() {
            return Decision::Denied { denial: Denial::Explicit(denials) };
        }
        let missing = if self.is_cross_partition() {
            vec![Layer::Partition]
        } else {
            self.find_missing_allows(traces, across_accounts)
        };
        if missing.is_empty() { Decision::Allowed } else { Decision::Denied { denial: Denial::Implicit(missing) } }
    }

    /// The layers that must allow the request and do not. RCPs are not among them, since `RCPFullAWSAccess` is attached
    /// to every node.
    fn find_missing_allows(&self, traces: &[LayerTrace<'a>], across_accounts: bool) -> Vec<Layer> {
        let allows = |layer| traces.iter().find(|t| t.layer == layer).is_none_or(|t| t.verdict == LayerVerdict::Allows);
        let grant = traces.iter().find(|t| t.layer == Layer::Resource).and_then(find_strongest_grant);
        let lacks_resource_allow = grant.is_none()
            && if across_accounts {
                is_decided_by_policies(self.covering_policies, self.request, self.matcher.interpretation)
                    || self.layers.unknown_resource_policy == UnknownResourcePolicy::IsNone
            } else {
                self.covering_policies.iter().any(|policy| policy.consent == PolicyConsent::Required)
                    && self.requires_resource_policy()
                    && is_decided_by_policies(self.covering_policies, self.request, self.matcher.interpretation)
            };
        let mut missing: Vec<Layer> = traces
            .iter()
            .filter(|t| matches!(t.layer, Layer::ServiceControl(_)) && t.verdict != LayerVerdict::Allows)
            .map(|t| t.layer)
            .collect();
        if lacks_resource_allow {
            missing.push(Layer::Resource);
        }
        // A resource policy of another account grants nothing by itself: the identity policies must also allow.
        let grant = if across_accounts { grant.map(|_| PrincipalMatch::Account) } else { grant };
        let needed: &[Layer] = match grant {
            // The boundary of a user limits role assumption, even if the role names the user. AWS: *Update a role trust
            // policy*. A user with session policies is a federated session.
            Some(PrincipalMatch::Direct) if self.is_user() && is_role_assumption(self.request) => {
                &[Layer::Boundary, Layer::Session]
            }
            Some(PrincipalMatch::Direct) if self.is_user() => &[Layer::Session],
            Some(PrincipalMatch::Direct) => &[],
            Some(PrincipalMatch::Entity) => &[Layer::Boundary, Layer::Session],
            Some(PrincipalMatch::Account) | None => &[Layer::Identity, Layer::Boundary, Layer::Session],
        };
        missing.extend(needed.iter().filter(|layer| !allows(**layer)));
        missing
    }

    fn is_user(&self) -> bool {
        self.layers.principal.principal_type == PrincipalType::User
    }

    /// Whether the resource policy must allow the request even within one account.
    fn requires_resource_policy(&self) -> bool {
        is_role_assumption(self.request) || Arn::parse(&self.request.resource).is_some_and(|arn| arn.is_kms_key())
    }

    /// The account that owns the resource, if it is not the principal's account. Sources, in order: the account in the
    /// ARN, the owner of the resource policy, `Layers::resource_owner`.
    fn other_owner(&self) -> Option<AccountId> {
        let principal_account = self.layers.principal.account.as_ref()?;
        let arn = Arn::parse(&self.request.resource);
        let arn_owner = arn.and_then(|arn| AccountId::parse(arn.account()));
        let policy_owner = || self.covering_policies.first().map(|policy| policy.owner.clone());
        let owner = arn_owner.or_else(policy_owner).or_else(|| self.layers.resource_owner.clone())?;
        (owner != *principal_account).then_some(owner)
    }

    fn is_cross_partition(&self) -> bool {
        let (Some(principal), Some(resource)) = (&self.layers.principal.arn, Arn::parse(&self.request.resource)) else {
            return false;
        };
        principal.partition() != resource.partition()
    }
}

/// Whether a request is about the credentials of a role.
fn is_role_assumption(request: &Request) -> bool {
    is_sts_action(&request.action) && Arn::parse(&request.resource).is_some_and(|arn| arn.is_role())
}

/// The strongest match among the matching Allow statements of the resource policy.
fn find_strongest_grant(trace: &LayerTrace<'_>) -> Option<PrincipalMatch> {
    trace
        .statements
        .iter()
        .filter(|s| s.statement.effect() == Effect::Allow)
        .filter_map(|s| match s.outcome {
            StatementOutcome::Matched(principal_match) => principal_match,
            StatementOutcome::Failed(_) => None,
        })
        .max()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::access::Context;
    use crate::access::{GovernedResources, PolicyOrigin, PrincipalInfo, ResourcePolicies};
    use crate::iam::{DocumentKind, PolicyDocument, Template};
    use crate::source::SourceFile;

    fn policy(text: &str, kind: DocumentKind) -> PolicyRef {
        let document = Arc::new(PolicyDocument::parse(&SourceFile::new("p.json", text), kind).unwrap());
        PolicyRef::new("p", PolicyOrigin::Given, document)
    }

    fn layers(principal: &str, resource_policy: &str) -> Layers {
        let principal = PrincipalInfo::from_arn(principal).unwrap();
        Layers {
            identity: Vec::new(),
            boundary: None,
            scps: None,
            rcps: None,
            resource_policies: ResourcePolicies::from_iter([ResourcePolicy {
                resources: GovernedResources::alone(vec![Template::from_literal("arn:aws:s3:::b/k")]),
                unread_grants: None,
                owner: principal.account.clone().unwrap(),
                consent: PolicyConsent::Required,
                policy: policy(resource_policy, DocumentKind::Resource),
            }]),
            trust_policy_effect: TrustPolicyEffect::GrantAndRestrict,
            unknown_resource_policy: UnknownResourcePolicy::MayAllow,
            resource_owner: None,
            session: None,
            principal,
        }
    }

    fn is_allowed(layers: &Layers, resource: &str) -> bool {
        let request =
            Request { action: "s3:GetObject".to_owned(), resource: resource.to_owned(), context: Context::default() };
        evaluate(layers, &request, &|_| true, Interpretation::default()).is_allowed()
    }

    const S1: &str = "arn:aws:sts::111122223333:assumed-role/app/s1";

    fn statement(effect: &str, principal: &str) -> String {
        format!(r#"{{"Effect":"{effect}","Principal":{{"AWS":"{principal}"}},"Action":"s3:*","Resource":"*"}}"#)
    }

    fn document(statements: &[String]) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
    }

    #[test]
    fn a_role_can_do_what_one_of_its_sessions_can_do() {
        let role = "arn:aws:iam::111122223333:role/p/app";
        let granted = document(&[statement("Allow", S1)]);
        assert!(is_allowed(&layers(role, &granted), "arn:aws:s3:::b/k"));
        assert!(!is_allowed(&layers("arn:aws:iam::111122223333:role/other", &granted), "arn:aws:s3:::b/k"));
        // A Deny for the only session with an Allow denies the request. A Deny for another session does not.
        let denied = document(&[statement("Allow", S1), statement("Deny", S1)]);
        assert!(!is_allowed(&layers(role, &denied), "arn:aws:s3:::b/k"));
        let denied_session = document(&[statement("Allow", role), statement("Deny", S1)]);
        assert!(is_allowed(&layers(role, &denied_session), "arn:aws:s3:::b/k"));
        assert!(!is_allowed(&layers(S1, &denied_session), "arn:aws:s3:::b/k"));
    }

    #[test]
    fn an_unknown_resource_policy_may_allow_across_accounts() {
        let mut layers = layers("arn:aws:iam::111122223333:role/app", &document(&[]));
        let all = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        layers.identity = vec![policy(all, DocumentKind::Identity)];
        let queue = "arn:aws:sqs:us-east-1:444455556666:q";
        assert!(is_allowed(&layers, queue));
        layers.unknown_resource_policy = UnknownResourcePolicy::IsNone;
        assert!(!is_allowed(&layers, queue));
        assert!(is_allowed(&layers, "arn:aws:s3:::b/k"));
        assert!(!is_allowed(&layers, "arn:aws-cn:s3:::b/k"));
    }
}
