//! The effective access of a principal: its layers as a union of branches (`docs/semantics.md` §4).
//!
//! Without resource policies there is one branch: identity policies, permissions boundary, session policies, every SCP
//! level, and no Deny statement. A resource policy adds branches for its own grants and for grants together with
//! identity policies. If its consent is required, its resource is excluded from the first branch.

use std::sync::{Arc, LazyLock};

use super::formula::{
    Access, Branch, ControlledResources, PolicyIndex, ResourceScope, StatementUse, StatementValidity,
};
use super::named_sessions::{list_federated_sessions, list_named_sessions};
use super::resource_policy_use::{
    find_covered_arn, find_restricted_service, find_scope, is_trust_policy, list_unread_grants,
    match_by_interpretation, requires_resource_grant,
};
use super::scp_exempt::build_exempt_layer;
use super::session_id::restrict_to_session;
use crate::access::{
    Layers, PolicyRef, PrincipalMatch, PrincipalType, ResourceControls, ResourceOwner, ResourceOwners, ResourcePolicy,
    SessionScope, TrustPolicyEffect, UnknownResourcePolicy, is_left_to_access_points, match_principal,
};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Ambiguity, Arn, Effect, ElementKind, PolicyDocument, Statement, Template};

/// The access formula of a principal's layers, and its policies. The policy index of a statement is the position in this
/// list.
pub fn build_effective_access(layers: &Layers) -> (Access, Vec<PolicyRef>) {
    let mut builder = AccessBuilder { layers, policies: Vec::new() };
    let layer_lists = builder.collect_layer_statements();
    if let SessionScope::Single(session) = &layers.principal.sessions {
        let branches = builder.build_session_branches(Some(session), &layer_lists);
        return (Access { branches }, builder.policies);
    }
    let named = list_named_sessions(layers);
    let mut branches = Vec::new();
    for session in std::iter::once(None).chain(named.iter().copied().map(Some)) {
        let mut of_session = builder.build_session_branches(session, &layer_lists);
        restrict_to_session(&mut of_session, session, &named);
        branches.extend(of_session);
    }
    for session in list_federated_sessions(layers) {
        let mut of_session = builder.build_session_branches(Some(session), &layer_lists);
        restrict_to_session(&mut of_session, Some(session), &[]);
        // The first branch is that of the identity policies, which the user's own branches contain.
        branches.extend(of_session.into_iter().skip(1).map(restrict_to_federated_sessions));
    }
    (Access { branches }, builder.policies)
}

/// The branch of a grant to a federated session, which the user makes use of only in such a session.
fn restrict_to_federated_sessions(mut branch: Branch) -> Branch {
    let validity = StatementValidity::OnlyUnder(Ambiguity::FederatedSession);
    branch.allow_layers.iter_mut().take(1).flatten().for_each(|granting| granting.validity = validity);
    branch
}

/// The statements of the layers that apply to every request.
struct LayerStatements {
    /// For a root user, a statement that allows everything: a root user has no identity policies.
    identity: Vec<StatementUse>,
    boundary: Option<Vec<StatementUse>>,
    session: Option<Vec<StatementUse>>,
    scp_levels: Vec<Vec<StatementUse>>,
    scp_denies: Vec<StatementUse>,
    deny_statements: Vec<StatementUse>,
}

/// What limits the grants of a resource policy, beside SCPs and Deny statements.
#[derive(Copy, Clone, Eq, PartialEq)]
enum GrantLimits {
    /// Identity policies, permissions boundary and session policies.
    IdentityAndAll,
    /// Permissions boundary and session policies.
    All,
    /// Session policies.
    Session,
    None,
}

impl GrantLimits {
    fn granting_layers(self, lists: &LayerStatements, grants: Vec<StatementUse>) -> Vec<Vec<StatementUse>> {
        match self {
            GrantLimits::IdentityAndAll => vec![lists.identity.clone(), grants],
            GrantLimits::All | GrantLimits::Session | GrantLimits::None => vec![grants],
        }
    }

    fn layers(self) -> &'static [LimitingLayer] {
        match self {
            GrantLimits::IdentityAndAll | GrantLimits::All => &[LimitingLayer::Boundary, LimitingLayer::Session],
            GrantLimits::Session => &[LimitingLayer::Session],
            GrantLimits::None => &[],
        }
    }
}

struct AccessBuilder<'l> {
    layers: &'l Layers,
    policies: Vec<PolicyRef>,
}

impl AccessBuilder<'_> {
    /// Adds policies to the list, and returns their Allow and their Deny statements.
    fn split_by_effect(&mut self, policies: &[PolicyRef]) -> (Vec<StatementUse>, Vec<StatementUse>) {
        let (mut allows, mut denies) = (Vec::new(), Vec::new());
        for policy in policies {
            let policy_index = PolicyIndex::from_position(self.policies.len());
            self.policies.push(policy.clone());
            for statement in &policy.document.statements {
                let statement_use = StatementUse {
                    document: Arc::clone(&policy.document),
                    statement_index: statement.index,
                    resource_scope: None,
                    controlled_resources: None,
                    validity: StatementValidity::Always,
                    policy_index,
                };
                match statement.effect {
                    Effect::Allow => allows.push(statement_use),
                    Effect::Deny => denies.push(statement_use),
                }
            }
        }
        (allows, denies)
    }

    fn collect_layer_statements(&mut self) -> LayerStatements {
        let layers = self.layers;
        let principal_type = layers.principal.principal_type;
        let mut lists = LayerStatements {
            identity: Vec::new(),
            boundary: None,
            session: None,
            scp_levels: Vec::new(),
            scp_denies: Vec::new(),
            deny_statements: Vec::new(),
        };
        if principal_type == PrincipalType::Root {
            lists.identity = build_allow_all();
        } else {
            let (allows, denies) = self.split_by_effect(&layers.identity);
            lists.identity = allows;
            lists.deny_statements.extend(denies);
            if let Some(boundary) = &layers.boundary {
                let (allows, denies) = self.split_by_effect(boundary);
                lists.boundary = Some(allows);
                lists.deny_statements.extend(denies);
            }
            let session = match &layers.session {
                Some(policies) => Some(policies.as_slice()),
                // A federated user has no access without session policies.
                None => (principal_type == PrincipalType::FederatedUser).then_some(&[][..]),
            };
            if let Some(session) = session {
                let (allows, denies) = self.split_by_effect(session);
                lists.session = Some(allows);
                lists.deny_statements.extend(denies);
            }
        }
        if principal_type != PrincipalType::ServiceLinkedRole {
            for level in layers.scps.iter().flatten() {
                let (allows, denies) = self.split_by_effect(&level.policies);
                lists.scp_levels.push(allows);
                lists.scp_denies.extend(denies);
            }
            if let Some(rcps) = &layers.rcps {
                lists.deny_statements.extend(self.list_rcp_denies(rcps));
            }
        }
        lists
    }

    /// The Deny statements of RCPs, once for the resources of known and once for those of unknown owner.
    fn list_rcp_denies(&mut self, rcps: &ResourceControls) -> Vec<StatementUse> {
        let principal_account = self.layers.principal.account.as_ref();
        let mut denies = Vec::new();
        for control in rcps.denying_levels() {
            let statements = self.split_by_effect(&control.level.policies).1;
            let mut scopes = Vec::new();
            match &control.owners {
                ResourceOwners::Everyone => scopes.push(ControlledResources::Every),
                ResourceOwners::Accounts { arn_patterns, .. } => {
                    scopes.push(ControlledResources::Matching(Arc::clone(arn_patterns)));
                    if control.owners.include(&ResourceOwner::Unknown, principal_account) {
                        let known = Arc::clone(rcps.known_owner_patterns());
                        scopes.push(ControlledResources::OfUnknownOwner(known));
                    }
                }
            }
            denies.extend(scopes.iter().flat_map(|scope| {
                let scoped = |statement: &StatementUse| StatementUse {
                    controlled_resources: Some(scope.clone()),
                    ..statement.clone()
                };
                statements.iter().map(scoped)
            }));
        }
        denies
    }

    /// The branches of one session. `None` means that no resource policy distinguishes the sessions.
    fn build_session_branches(&mut self, session: Option<&Arn>, lists: &LayerStatements) -> Vec<Branch> {
        let layers = self.layers;
        let has_boundary = layers.boundary.is_some();
        let mut deny_statements = [&lists.deny_statements[..], &lists.scp_denies].concat();
        // Grants with the same limits are one branch. The cases of a negated access are a product over its branches.
        let mut grants: Vec<(GrantLimits, Vec<StatementUse>)> = Vec::new();
        for policy in &layers.resource_policies {
            let policy_index = PolicyIndex::from_position(self.policies.len());
            self.policies.push(policy.policy.clone());
            let [allowed, denied] = [Effect::Allow, Effect::Deny].map(|effect| Arc::new(find_scope(policy, effect)));
            let everyone = self.match_everyone(policy);
            for statement in &policy.policy.document.statements {
                let Some(element) = statement.principal.as_ref().map(|element| (element, statement.effect)) else {
                    continue;
                };
                let find_match = |under| match is_left_to_access_points(statement, under) {
                    true => None,
                    false => match_principal(&layers.principal, session, has_boundary, everyone, element, under),
                };
                let Some((principal_match, validity)) = match_by_interpretation(find_match) else { continue };
                let scope = if statement.effect == Effect::Allow { &allowed } else { &denied };
                let statement_use = StatementUse {
                    document: Arc::clone(&policy.policy.document),
                    statement_index: statement.index,
                    resource_scope: Some(Arc::clone(scope)),
                    controlled_resources: None,
                    validity,
                    policy_index,
                };
                if statement.effect == Effect::Deny {
                    deny_statements.push(statement_use);
                    continue;
                }
                if let Some(limits) = self.find_grant_limits(policy, principal_match) {
                    add_grants(&mut grants, limits, [statement_use]);
                }
            }
        }
        add_grants(
            &mut grants,
            GrantLimits::IdentityAndAll,
            list_unread_grants(self.list_deciding_policies(), &lists.identity),
        );
        let mut identity = self.build_branch(
            lists,
            &deny_statements,
            vec![lists.identity.clone()],
            &[LimitingLayer::Boundary, LimitingLayer::Session],
        );
        identity.scope_exclusions.extend(self.list_excluded_scopes());
        if layers.unknown_resource_policy == UnknownResourcePolicy::IsNone {
            identity.deny_statements.extend(self.deny_other_accounts());
        }
        let mut branches = vec![identity];
        branches.extend(grants.into_iter().map(|(limits, list)| {
            self.build_branch(lists, &deny_statements, limits.granting_layers(lists, list), limits.layers())
        }));
        branches.extend(build_exempt_branch(lists).filter(|_| layers.has_scp_exemption()));
        branches
    }

    /// The resources on which the identity policies alone allow nothing.
    fn list_excluded_scopes(&self) -> impl Iterator<Item = ResourceScope> {
        self.list_deciding_policies().map(|policy| ResourceScope {
            service: find_restricted_service(policy),
            resources: policy.resources.alone.clone().into(),
        })
    }

    /// The policies without whose consent identity policies allow nothing on the resource.
    fn list_deciding_policies(&self) -> impl Iterator<Item = &ResourcePolicy> {
        let policies = self.layers.resource_policies.iter().filter(|policy| !policy.resources.alone.is_empty());
        policies.filter(|policy| self.is_in_other_account(policy) || requires_resource_grant(policy))
    }

    /// What limits the grants of a resource policy. None if they add nothing to the first branch.
    fn find_grant_limits(&self, policy: &ResourcePolicy, principal_match: PrincipalMatch) -> Option<GrantLimits> {
        let is_user = self.layers.principal.principal_type == PrincipalType::User;
        Some(match principal_match {
            _ if self.is_in_other_account(policy) => GrantLimits::IdentityAndAll,
            // A grant to the account delegates to identity policies, which already suffice.
            PrincipalMatch::Account if !requires_resource_grant(policy) => return None,
            PrincipalMatch::Account => GrantLimits::IdentityAndAll,
            // A permissions boundary limits the roles that a user can assume, even if the trust policy names the user.
            PrincipalMatch::Direct if is_user && is_trust_policy(policy) => GrantLimits::All,
            PrincipalMatch::Direct if is_user => GrantLimits::Session,
            PrincipalMatch::Direct => GrantLimits::None,
            PrincipalMatch::Entity => GrantLimits::All,
        })
    }

    /// A branch of granting layers, the limiting layers that apply, SCPs and Deny statements.
    fn build_branch(
        &self,
        lists: &LayerStatements,
        deny_statements: &[StatementUse],
        grant_layers: Vec<Vec<StatementUse>>,
        limits: &[LimitingLayer],
    ) -> Branch {
        let mut allow_layers = grant_layers;
        for limit in limits {
            allow_layers.extend(match limit {
                LimitingLayer::Boundary => lists.boundary.clone(),
                LimitingLayer::Session => lists.session.clone(),
            });
        }
        allow_layers.extend(lists.scp_levels.iter().cloned());
        Branch { allow_layers, deny_statements: deny_statements.to_vec(), scope_exclusions: Vec::new() }
    }

    /// How a statement for everyone matches the principal.
    fn match_everyone(&self, policy: &ResourcePolicy) -> PrincipalMatch {
        match self.layers.trust_policy_effect {
            TrustPolicyEffect::GrantToNamed if is_trust_policy(policy) => PrincipalMatch::Account,
            TrustPolicyEffect::GrantToNamed | TrustPolicyEffect::GrantAndRestrict => PrincipalMatch::Direct,
        }
    }

    /// Whether the resource belongs to another account.
    fn is_in_other_account(&self, policy: &ResourcePolicy) -> bool {
        let arn_account = find_covered_arn(policy).map(|a| a.account().to_owned()).filter(|a| !a.is_empty());
        // The ARN of a bucket has no account. The snapshot has the owner.
        let owner = arn_account.unwrap_or_else(|| policy.owner.as_str().to_owned());
        self.layers.principal.account.as_ref().is_some_and(|account| account.as_str() != owner)
    }

    /// Denies access to the resources of other accounts.
    fn deny_other_accounts(&self) -> Vec<StatementUse> {
        let Some(account) = &self.layers.principal.account else { return Vec::new() };
        let has_other_owner = self.layers.resource_owner.as_ref().is_some_and(|owner| owner != account);
        let mut own_resources = ResourceElement::listing([format!("arn:*:*:*:{account}:*")]);
        if !has_other_owner {
            own_resources.patterns.extend(ResourceElement::listing(["arn:*:*:*::*"]).patterns);
            // A request without a resource has the literal text `*`, which no pattern matches alone.
            own_resources.patterns.push(Template::from_literal("*"));
        }
        let resource = ResourceElement { kind: ElementKind::NotList, ..own_resources };
        let statement = Statement::deny(ActionElement::any(), resource);
        let document = PolicyDocument::from_statements("resources of other accounts", vec![statement]);
        StatementUse::from_document(&Arc::new(document)).collect()
    }
}

/// The branch of what SCPs do not restrict.
fn build_exempt_branch(lists: &LayerStatements) -> Option<Branch> {
    let exempt = build_exempt_layer(&lists.identity, (&lists.scp_levels, &lists.scp_denies))?;
    let limits = [&lists.boundary, &lists.session].into_iter().flatten().cloned();
    let allow_layers = [lists.identity.clone(), exempt].into_iter().chain(limits).collect();
    Some(Branch { allow_layers, deny_statements: lists.deny_statements.clone(), scope_exclusions: Vec::new() })
}

/// Adds grants to those with the same limits.
fn add_grants(
    grants: &mut Vec<(GrantLimits, Vec<StatementUse>)>,
    limits: GrantLimits,
    added: impl IntoIterator<Item = StatementUse>,
) {
    let mut added = added.into_iter().peekable();
    match grants.iter_mut().find(|(other, _)| *other == limits) {
        Some((_, list)) => list.extend(added),
        None if added.peek().is_some() => grants.push((limits, added.collect())),
        None => {}
    }
}

/// The layers that may limit the grants of a resource policy.
enum LimitingLayer {
    Boundary,
    Session,
}

static ALLOW_ALL_DOCUMENT: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| {
    let statement = Statement::allow(ActionElement::any(), ResourceElement::any());
    Arc::new(PolicyDocument::from_statements("everything", vec![statement]))
});

/// Statements that allow every request.
pub fn build_allow_all() -> Vec<StatementUse> {
    StatementUse::from_document(&ALLOW_ALL_DOCUMENT).collect()
}
