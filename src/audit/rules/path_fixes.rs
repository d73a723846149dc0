//! What ends an escalation path: the statements and trust policies that grant its steps.

use crate::access::{PolicyOrigin, PolicyRef};
use crate::audit::analysis::escalation::analysis::EscalationAnalysis;
use crate::audit::analysis::escalation::broader_path::BroaderPath;
use crate::audit::model::path_fix::PathFix;
use crate::iam::Arn;
use crate::reach::ProvenStep;
use crate::snapshot::AttachmentKind;

/// What grants each step of a path that is not declared, the first step first. Each of them ends the path.
pub(super) fn list_path_fixes(path: &BroaderPath, analysis: &EscalationAnalysis<'_>) -> Vec<PathFix> {
    let mut fixes: Vec<PathFix> = Vec::new();
    for step in path.steps.iter().filter(|step| !analysis.is_declared_assumption(step)) {
        let granted_by = step.requests.iter().filter_map(|request| request.granted_by.as_ref());
        let statements = granted_by.filter_map(|(policy, statement)| to_statement_fix(policy, *statement));
        for fix in statements.chain(find_trust_fix(step, analysis)) {
            if !fixes.contains(&fix) {
                fixes.push(fix);
            }
        }
    }
    fixes
}

/// None for a policy that a former step grants: that step ends the path.
fn to_statement_fix(policy: &PolicyRef, statement: usize) -> Option<PathFix> {
    let owner = match &policy.origin {
        PolicyOrigin::Identity(AttachmentKind::Attached { arn, .. } | AttachmentKind::Boundary { arn })
        | PolicyOrigin::Resource { arn } => arn,
        PolicyOrigin::Identity(AttachmentKind::Inline { holder } | AttachmentKind::Trust { holder }) => holder,
        PolicyOrigin::Organization { .. } | PolicyOrigin::Given => return None,
    };
    Some(PathFix::Statement { policy: policy.name.clone(), owner: owner.clone(), statement })
}

/// The trust policy of a role that is assumed.
fn find_trust_fix(step: &ProvenStep, analysis: &EscalationAnalysis<'_>) -> Option<PathFix> {
    if !step.is_role_assumption() {
        return None;
    }
    let [from, to] = [&step.from, &step.to].map(|state| analysis.graph.arn(state.principal));
    let account = |arn: &str| Arn::parse(arn).map(|arn| arn.account().to_owned());
    // A principal that the trust policy names needs no statement of its own in the same account.
    let needs_statement = step.requests.iter().all(|request| request.granted_by.is_some());
    Some(PathFix::Trust { role: to.to_owned(), account_wide: needs_statement && account(from) == account(to) })
}
