//! Values that a caller sets when it assumes the role, if the trust policy lets humans or agents do so: session tags, the
//! source identity, the session name.

use std::collections::BTreeSet;

use super::bypass::GuardBypass;
use super::finder::BypassFinder;
use super::guard_condition::{build_tag_request, requires_missing_key};
use super::replaced_action::{replace_action, replace_action_in_scps};
use crate::access::{KeyFact, KnownContext, Layers, PolicyRef, Request};
use crate::audit::analysis::analyzer::{Query, QueryAnswer, Requester};
use crate::audit::analysis::replay_decisions::ReplayDecisions;
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::audit::subject::resolved_ceiling::ResolvedCeiling;
use crate::audit::subject::synthetic::build_ceiling;
use crate::base::glob::Glob;
use crate::baseline::PrincipalClass;
use crate::classify::InferredClass;
use crate::iam::condition::ConditionValue;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Arn, Condition, ConditionOperator, ElementKind, PolicyDocument, Statement};
use crate::solve::Access;
use crate::trust::{TrustGrant, list_conditional_grants, parse_principal_element};

pub(super) const ASSUME_ROLE: &str = "sts:AssumeRole";
pub(super) const TAG_SESSION: &str = "sts:TagSession";
pub(super) const SET_SOURCE_IDENTITY: &str = "sts:SetSourceIdentity";

/// A call that assumes the role and sets a value.
pub(super) struct SessionCall {
    /// The action that the call needs in addition to `sts:AssumeRole`. It is `sts:AssumeRole` for the session name.
    pub(super) action: &'static str,
    /// The trust policy.
    pub(super) trust_policy: PolicyRef,
    /// The calls that set a value that satisfies the condition.
    pub(super) requests: ResolvedCeiling,
}

impl BypassFinder<'_> {
    /// A caller can set the tag as a session tag.
    pub(crate) fn find_session_tag(&mut self, condition: &Condition, tag: &str) -> Option<GuardBypass> {
        let key = condition.key.as_written().to_owned();
        let method = GuardBypassMethod::SetWhenAssumed { key, action: TAG_SESSION };
        self.find_session_value(TAG_SESSION, build_tag_request(condition, tag)?, method)
    }

    /// A caller can set the source identity.
    pub(crate) fn find_source_identity(&mut self, condition: &Condition) -> Option<GuardBypass> {
        if requires_missing_key(condition) {
            return None;
        }
        let key = condition.key.as_written().to_owned();
        let method = GuardBypassMethod::SetWhenAssumed { key, action: SET_SOURCE_IDENTITY };
        self.find_session_value(SET_SOURCE_IDENTITY, vec![condition.with_key("sts:SourceIdentity")], method)
    }

    /// A caller chooses the session name, which follows the unique id of the role in `aws:userid`.
    pub(crate) fn find_session_name(&mut self, condition: &Condition) -> Option<GuardBypass> {
        let request_condition = build_session_name_condition(condition)?;
        let method = GuardBypassMethod::SessionNameChosen { key: condition.key.as_written().to_owned() };
        self.find_session_value(ASSUME_ROLE, vec![request_condition.clone()], method)
            .or_else(|| self.find_token_session_name(condition, &request_condition))
    }

    /// A caller can assume the role in a call that needs `action` and matches some conditions.
    fn find_session_value(
        &mut self,
        action: &'static str,
        mut request_conditions: Vec<Condition>,
        method: GuardBypassMethod,
    ) -> Option<GuardBypass> {
        let trust = self.subject.principal.trust_policy.as_ref()?;
        let mut callers = self.list_callers(&trust.document, action);
        callers.dedup();
        if callers.is_empty() {
            return None;
        }
        let brokers = self.list_broker_patterns(&trust.document);
        if !brokers.is_empty() {
            request_conditions.push(Condition::on_texts(ConditionOperator::ArnNotLike, "aws:PrincipalArn", &brokers));
        }
        let this_role = ResourceElement::listing([self.subject.principal.arn.as_str()]);
        let statement = Statement::allow(ActionElement::listing([ASSUME_ROLE]), this_role).under(request_conditions);
        let trust_policy = PolicyRef::held(trust);
        let requests = build_ceiling("calls that set the value", vec![statement]);
        let call = SessionCall { action, trust_policy, requests };
        let mut undecided = BTreeSet::new();
        for caller in &callers {
            let proof = self.query_caller(caller, &call).collect_into(&mut undecided);
            if !proof.is_empty() {
                return Some(GuardBypass { method, proof, policies: vec![call.trust_policy] });
            }
        }
        self.undecided.extend(undecided);
        None
    }

    /// The calls that a caller may send.
    pub(super) fn query_caller(&self, caller: &TrustGrant, call: &SessionCall) -> QueryAnswer {
        let value_layers = self.build_call_layers(caller, call, call.action);
        let assume_layers = self.build_call_layers(caller, call, ASSUME_ROLE);
        let (value_access, _) = self.analyzer.compute_effective_access(&value_layers);
        let (assume_access, _) = self.analyzer.compute_effective_access(&assume_layers);
        let replay = |request: &Request, interpretation| {
            let required_layers = [&value_layers, &assume_layers, &call.requests.layers];
            let mut decisions =
                required_layers.iter().map(|layers| self.analyzer.is_allowed(layers, request, interpretation));
            ReplayDecisions { allowed: decisions.all(|allowed| allowed), expected: false }.check_excess(request)
        };
        let known = build_caller_context(caller);
        let requester = Requester::from_subject(self.subject).with_context(&known);
        let session_access = value_access.intersect(&assume_access).intersect(&call.requests.access);
        Query::new_difference(self.analyzer, requester, &replay).find_excess(&session_access, &Access::default())
    }

    /// What the trust policy, and the SCPs if the caller is in the account of the role, allow a caller for one of the
    /// actions of the call, as an access to `sts:AssumeRole`.
    fn build_call_layers(&self, caller: &TrustGrant, call: &SessionCall, action: &str) -> Layers {
        let mut document = PolicyDocument::clone(&call.trust_policy.document);
        for statement in &mut document.statements {
            if !applies_to_caller(statement, caller) {
                statement.action = ActionElement { kind: ElementKind::List, patterns: Vec::new() };
            }
            // The caller is fixed: the query is about the other elements.
            statement.principal = None;
        }
        let is_same_account = caller.account_id().as_ref() == Some(&self.subject.account.id);
        let scps = match is_same_account {
            true => replace_action_in_scps(&self.subject.layers, action, ASSUME_ROLE),
            false => None,
        };
        let document = replace_action(&document, action, ASSUME_ROLE);
        Layers { scps, ..Layers::from_identity(vec![PolicyRef { document, ..call.trust_policy.clone() }]) }
    }

    /// The AWS principals that the trust policy allows to perform an action and that are not brokers. A broker is controlled
    /// by someone else, as is an identity provider.
    fn list_callers(&self, trust: &PolicyDocument, action: &str) -> Vec<TrustGrant> {
        let is_caller = |grant: &TrustGrant| match grant {
            TrustGrant::Anyone | TrustGrant::Account(_) | TrustGrant::UniqueId(_) => true,
            TrustGrant::Principal(arn) => !self.is_broker(arn.as_str()),
            // AWS rejects `NotPrincipal` in trust policies.
            TrustGrant::AnyoneExcept(_)
            | TrustGrant::AnyOidcProvider
            | TrustGrant::AnySamlProvider
            | TrustGrant::Service { .. }
            | TrustGrant::Saml { .. }
            | TrustGrant::Oidc { .. }
            | TrustGrant::Other(_) => false,
        };
        let grants = list_conditional_grants(trust).into_iter();
        let for_action = grants.filter(|conditional| conditional.statement.action.lists_action(action));
        for_action.map(|conditional| conditional.grant).filter(is_caller).collect()
    }

    /// The patterns over callers in the trust policy and in the SCPs that match brokers only. Someone else controls the
    /// values that these callers set.
    fn list_broker_patterns(&self, trust: &PolicyDocument) -> BTreeSet<String> {
        let levels = self.subject.layers.scps.iter().flatten().flat_map(|level| &level.policies);
        let documents = levels.map(|policy| &*policy.document).chain([trust]);
        let conditions = documents.flat_map(|document| &document.statements).flat_map(|s| &s.conditions);
        let caller_conditions = conditions.filter(|condition| condition.key.lower() == "aws:principalarn");
        let to_pattern = |value: &ConditionValue| match value {
            ConditionValue::Text(template) => Some(template.as_written().to_owned()),
            // A condition on an ARN with a typed operator, such as `Null`, has no pattern.
            ConditionValue::Typed(_) => None,
        };
        let matches_only_brokers = |pattern: &String| {
            let glob = Glob::new(pattern);
            let mut matching_arns = self.callers.keys().filter(|arn| glob.matches(arn)).peekable();
            matching_arns.peek().is_some() && matching_arns.all(|arn| self.is_broker(arn))
        };
        let values = caller_conditions.flat_map(|condition| &condition.values);
        values.filter_map(to_pattern).filter(matches_only_brokers).collect()
    }

    /// Whether an ARN is that of a broker, or of a session of one: a workload that the guard does not bind. What the guard
    /// binds, the role itself included, cannot be the second person.
    fn is_broker(&self, arn: &str) -> bool {
        let is_unbound_workload = |arn: &str| {
            arn != self.subject.principal.arn.as_str()
                && self.callers.get(arn).is_some_and(|caller| {
                    caller.class == InferredClass::Known(PrincipalClass::Workload)
                        && !caller.guards.contains(&self.guard.name.value.as_str())
                })
        };
        is_unbound_workload(arn) || self.find_session_role(arn).is_some_and(is_unbound_workload)
    }

    /// The role of a session. The ARN of a session lacks the path of its role. `None` if the ARN is not that of a session, or
    /// if the snapshot does not have the role.
    fn find_session_role(&self, session_arn: &str) -> Option<&str> {
        let session = Arn::parse(session_arn)?;
        let role_name = session.resource().strip_prefix("assumed-role/")?.split('/').next()?;
        let is_role_of_session = |role_arn: &str| {
            Arn::parse(role_arn).is_some_and(|role| {
                role.account() == session.account()
                    && role.resource().starts_with("role/")
                    && role.resource().rsplit('/').next() == Some(role_name)
            })
        };
        self.callers.keys().copied().find(|arn| is_role_of_session(arn))
    }
}

/// The condition on the session name for a condition on `aws:userid`. `None` if no session name matters.
pub(super) fn build_session_name_condition(condition: &Condition) -> Option<Condition> {
    let session_name = |user_id: &str| match user_id.split_once(':') {
        Some((_, name)) => Some(name.to_owned()),
        None => user_id.starts_with('*').then(|| user_id.to_owned()),
    };
    condition.with_key("sts:RoleSessionName").with_values(session_name)
}

/// Whether a statement of the trust policy applies to a caller.
fn applies_to_caller(statement: &Statement, caller: &TrustGrant) -> bool {
    let element = statement.principal.as_ref().filter(|element| element.kind == ElementKind::List);
    element.is_some_and(|element| parse_principal_element(element).iter().any(|grant| grant.includes(caller)))
}

/// The context facts of a caller.
fn build_caller_context(caller: &TrustGrant) -> KnownContext {
    let mut known = KnownContext::unconstrained();
    if let Some(account) = caller.account_id() {
        known.set("aws:PrincipalAccount", KeyFact::Value(account.as_str().to_owned()));
    }
    if let TrustGrant::Principal(arn) = caller
        && arn.service() == "iam"
    {
        known.set("aws:PrincipalArn", KeyFact::Value(arn.as_str().to_owned()));
        let user = arn.resource().strip_prefix("user/").and_then(|path| path.rsplit('/').next());
        known.set("aws:username", user.map_or(KeyFact::Missing, |name| KeyFact::Value(name.to_owned())));
    }
    known
}
