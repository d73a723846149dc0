//! IAM008: the declared permissions boundary is missing, or the principal can bypass it.

use super::context::RuleContext;
use super::judgement::{ExtentItems, single_item};
use super::rule::{Rule, RuleInfo, RuleInput};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::checks::boundary_check::{CREATE_POLICY_ACTION, REMOVE_BOUNDARY_ACTIONS, REWRITE_POLICY_ACTIONS};
use crate::audit::explain::excess_report::Actor;
use crate::audit::model::finding::{Finding, FindingBuilder};
use crate::audit::model::finding_key::KeyPart;
use crate::audit::model::reason::Reason;
use crate::audit::model::remediation::Remediation;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::severity::Severity;
use crate::audit::model::title::{BoundaryCapability, Title};
use crate::audit::subject::accepted_extents::AcceptedFinding;
use crate::audit::subject::check::{Check, CheckKind};
use crate::baseline::Entry;
use crate::catalog::Catalog;
use crate::iam::ActionPattern;

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Boundary,
    explanation: "
**What it does.** If an entry declares a `boundary`, each of its principals must have a permissions boundary that the glob
matches, and must not be able to bypass it:

- remove a boundary or replace it (`iam:DeleteRolePermissionsBoundary`, `iam:PutRolePermissionsBoundary`, and the actions
  for users)
- change the content of the boundary policy (`iam:CreatePolicyVersion`, `iam:SetDefaultPolicyVersion`)
- create a user or role without the boundary (`iam:CreateUser`, `iam:CreateRole` if `iam:PermissionsBoundary` is missing
  or has another value)
- create another policy that the glob matches (`iam:CreatePolicy`), if the glob can match several policies and the
  principal can set a boundary

The rule evaluates effective access: the boundary itself, denies, conditions and SCPs count. AWS does not allow deleting a
policy that is used as a boundary, nor its default version, so these actions are not a bypass. Existing principals without
the boundary that the principal can escalate to are reported by IAM005.

**Why is this bad?** A boundary lets a team or an agent manage roles without becoming an administrator. A principal that
can remove its boundary has none.

**Example.** `agents/builder` has the boundary `agent-boundary`, whose policy allows `iam:*` on roles of its own path. It
creates a role, removes the boundary of that role, and assumes it.

**How to fix it.** Attach the boundary. Deny the four kinds of requests in the policy of the boundary: removal for every
principal, changes of the policy by its ARN, setting and creating unless `iam:PermissionsBoundary` is the boundary. If the
glob matches several policies, also deny `iam:CreatePolicy` for such names.

**How to accept it.** Remove `boundary` from the entry and have the change reviewed, or accept the finding for a limited
time with `iamdrift baseline accept`.
",
};

/// Replaces a boundary, and creates a principal: the parts of `SET_BOUNDARY_ACTIONS`.
const REPLACE_BOUNDARY_ACTIONS: [&str; 2] = ["iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary"];
const CREATE_PRINCIPAL_ACTIONS: [&str; 2] = ["iam:CreateRole", "iam:CreateUser"];

/// The accepted fact that no boundary is attached.
const NO_BOUNDARY: &str = "none";

/// IAM008.
pub(super) struct BoundaryRule;

impl Rule for BoundaryRule {
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding> {
        let RuleInput::Principal(context) = input else { return Vec::new() };
        let missing = context.subject.entries().filter_map(|entry| find_missing_boundary(context, entry));
        missing.chain(find_boundary_bypasses(context)).collect()
    }
}

fn find_missing_boundary(context: &RuleContext<'_>, entry: &Entry) -> Option<Finding> {
    let subject = context.subject;
    let requirement = entry.boundary.as_ref()?;
    let declared = requirement.globs.first()?.as_str().to_owned();
    let attached = subject.principal.boundary.as_ref().map(|boundary| boundary.arn.as_str());
    if attached.is_some_and(|arn| requirement.globs.iter().any(|glob| glob.matches(arn))) {
        return None;
    }
    // No boundary is attached, or another one.
    let cause = format!("boundary {} declared {declared}", attached.unwrap_or("missing"));
    let title = match attached {
        Some(attached) => Title::WrongBoundary { attached: attached.to_owned(), declared: declared.clone() },
        None => Title::BoundaryMissing { declared: declared.clone() },
    };
    let severity = if subject.is_agent() { Severity::High.raise_one_step() } else { Severity::High };
    let (principal, place) = (subject.principal_ref.clone(), subject.principal.place.clone());
    let declaration =
        Reason::BoundaryDeclared { entry: entry.name.value.clone(), place: context.baseline.place(requirement.span) };
    let items = ExtentItems::from([
        ("declared", single_item(&declared)),
        ("attached", single_item(attached.unwrap_or(NO_BOUNDARY))),
    ]);
    let finding = FindingBuilder::for_principal(RuleId::Boundary, severity, title, principal, place);
    // If a missing boundary is accepted, so is any other one.
    let is_covered = |accepted: &AcceptedFinding<'_>| {
        let without_boundary =
            ExtentItems::from([("declared", single_item(&declared)), ("attached", single_item(NO_BOUNDARY))]);
        accepted.covers(&items) || accepted.covers(&without_boundary)
    };
    let key = context.key(RuleId::Boundary, KeyPart::BoundaryMissing);
    let finding = context
        .judge_items(finding, key, items.clone(), is_covered)
        .causes([cause])
        .reasons([declaration])
        .remediations([Remediation::SetBoundary { declared: declared.clone() }]);
    Some(finding.build())
}

fn find_boundary_bypasses(context: &RuleContext<'_>) -> Vec<Finding> {
    let subject = context.subject;
    if subject.has_missing_restricting_layer() {
        return Vec::new();
    }
    let checks = subject.checks.iter().zip(&context.analysis.check_results);
    let boundary_checks = checks.filter(|(check, _)| check.kind == CheckKind::Boundary);
    boundary_checks.filter_map(|(check, excess)| find_boundary_bypass(context, check, excess)).collect()
}

fn find_boundary_bypass(context: &RuleContext<'_>, check: &Check, excess: &ExcessByStatement) -> Option<Finding> {
    let subject = context.subject;
    if context.keep_proven(excess).is_empty() {
        return None;
    }
    let key = context.key(RuleId::Boundary, KeyPart::BoundaryBypass);
    let judgement = context.judge_check((RuleId::Boundary, key), excess, check);
    let report = context.report_check_excess(&judgement.excess, check, Actor::of_principal(subject));
    let title = Title::BoundaryBypass(list_capabilities(&judgement.excess, context.analyzer.catalog()));
    let remediation = Remediation::DenyInBoundary { count: report.counts.all };
    let finding = context.start_finding(RuleId::Boundary, title, report);
    Some(judgement.apply(finding).remediations([remediation]).reasons(context.caveats()).build())
}

fn list_capabilities(excess: &ExcessByStatement, catalog: &Catalog) -> Vec<BoundaryCapability> {
    let allows_any = |names: &[&str]| {
        names.iter().any(|name| {
            // INVARIANT: the constants of the planner are action names.
            let pattern = ActionPattern::parse(name).expect("a constant is an action name");
            excess.values().any(|statement_excess| statement_excess.actions.matches_pattern(catalog, &pattern))
        })
    };
    let actions_by_capability: [(&[&str], BoundaryCapability); 5] = [
        (&REMOVE_BOUNDARY_ACTIONS, BoundaryCapability::Remove),
        (&REPLACE_BOUNDARY_ACTIONS, BoundaryCapability::Replace),
        (&REWRITE_POLICY_ACTIONS, BoundaryCapability::RewritePolicy),
        (&[CREATE_POLICY_ACTION], BoundaryCapability::CreateMatchingPolicy),
        (&CREATE_PRINCIPAL_ACTIONS, BoundaryCapability::CreatePrincipal),
    ];
    actions_by_capability
        .into_iter()
        .filter(|(actions, _)| allows_any(actions))
        .map(|(_, capability)| capability)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::boundary_check::SET_BOUNDARY_ACTIONS;

    #[test]
    fn every_checked_action_belongs_to_a_capability() {
        let parts = REPLACE_BOUNDARY_ACTIONS.iter().chain(&CREATE_PRINCIPAL_ACTIONS);
        assert!(parts.eq(&SET_BOUNDARY_ACTIONS));
    }
}
