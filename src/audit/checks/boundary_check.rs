//! Whether a principal can bypass the declared boundary: remove or replace it, rewrite its policy, or create a principal
//! without it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::audit::subject::check::{Check, CheckKind};
use crate::audit::subject::synthetic::{build_ceiling, build_ceiling_at};
use crate::baseline::{Baseline, BoundaryRequirement};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Condition, ConditionOperator, Effect, Statement};
use crate::snapshot::{Account, Principal};

/// The actions that remove a boundary.
pub(crate) const REMOVE_BOUNDARY_ACTIONS: [&str; 2] =
    ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"];
/// The actions that replace a boundary, or create a principal with a boundary or without one.
pub(crate) const SET_BOUNDARY_ACTIONS: [&str; 4] =
    ["iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary", "iam:CreateRole", "iam:CreateUser"];
/// The actions that change the content of the boundary's policy.
pub(crate) const REWRITE_POLICY_ACTIONS: [&str; 2] = ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];
/// The action that creates another policy that matches the declared glob.
pub(crate) const CREATE_POLICY_ACTION: &str = "iam:CreatePolicy";

/// The policies that match the glob of a declared boundary, as far as they matter to a principal.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct BoundaryPolicies {
    /// The glob. The first one if the baseline declares several.
    glob: String,
    /// The ARNs of the existing policies.
    existing: Vec<String>,
    /// The ARNs of the policies that the principal must not rewrite.
    rewritable: Vec<String>,
    /// The ARN pattern of the policies that the principal must not create. `None` if it need not be denied.
    creatable: Option<String>,
}

impl BoundaryPolicies {
    /// `None` if the requirement has no glob.
    pub fn find(
        requirement: &BoundaryRequirement,
        account: &Account,
        principal: &Principal,
    ) -> Option<BoundaryPolicies> {
        let glob = requirement.globs.first()?;
        let attached = principal.boundary.as_ref().map(|boundary| &boundary.arn);
        let existing: BTreeSet<&String> =
            attached.into_iter().chain(account.policies.keys()).filter(|arn| glob.matches(arn)).collect();
        // A principal that can set a boundary whose policy it wrote itself is not bound by it.
        let can_set_boundary =
            principal.identity_policies.iter().flat_map(|policy| &policy.document.statements).any(|statement| {
                statement.effect == Effect::Allow
                    && SET_BOUNDARY_ACTIONS.iter().any(|action| statement.action.lists_action(action))
            });
        // AWS alone rewrites AWS managed policies.
        let is_rewritable =
            |arn: &&&String| (can_set_boundary || attached == Some(**arn)) && !arn.contains(":iam::aws:");
        Some(BoundaryPolicies {
            glob: glob.as_str().to_owned(),
            rewritable: existing.iter().filter(is_rewritable).map(|arn| (*arn).clone()).collect(),
            creatable: find_creatable_policy_arn(glob.as_str(), account).filter(|_| can_set_boundary),
            existing: existing.into_iter().cloned().collect(),
        })
    }
}

/// The ARN pattern of the policies of an account that match a glob and can be created. `None` if the glob matches one
/// policy, or AWS managed policies.
fn find_creatable_policy_arn(glob: &str, account: &Account) -> Option<String> {
    let name = glob.rsplit_once(":policy/").map_or(glob, |(_, name)| name);
    let is_creatable = name.contains(['*', '?']) && !glob.contains(":iam::aws:");
    is_creatable.then(|| format!("arn:{}:iam::{}:policy/{name}", account.partition.as_str(), account.id.as_str()))
}

/// The check of a declared boundary.
pub(crate) fn build_boundary_check(
    baseline: &Baseline,
    policies: &BoundaryPolicies,
    requirement: &BoundaryRequirement,
) -> Check {
    let allow = |actions: &[&str]| Statement::allow(ActionElement::listing(actions), ResourceElement::any());
    let on_boundary = |operator, values: &[String]| Condition::on_texts(operator, "iam:PermissionsBoundary", values);
    let on_glob = || on_boundary(ConditionOperator::ArnLike, std::slice::from_ref(&policies.glob));
    // In a request that removes a boundary, the value of the key is the attached boundary.
    let on_removed_boundary = match policies.existing.as_slice() {
        [] => on_glob(),
        existing => on_boundary(ConditionOperator::StringEquals, existing),
    };
    let mut scope = vec![allow(&SET_BOUNDARY_ACTIONS), allow(&REMOVE_BOUNDARY_ACTIONS).under([on_removed_boundary])];
    if !policies.rewritable.is_empty() {
        let actions = ActionElement::listing(REWRITE_POLICY_ACTIONS);
        scope.push(Statement::allow(actions, ResourceElement::listing(&policies.rewritable)));
    }
    scope.extend(
        policies.creatable.iter().map(|arn| {
            Statement::allow(ActionElement::listing([CREATE_POLICY_ACTION]), ResourceElement::listing([arn]))
        }),
    );
    let name = "declared boundary".to_owned();
    let expected = vec![allow(&SET_BOUNDARY_ACTIONS).under([on_glob()])];
    Check {
        kind: CheckKind::Boundary,
        scope: build_ceiling(&name, scope),
        expected: Arc::new(build_ceiling_at(&name, baseline.source(), requirement.span, expected)),
        name,
    }
}
