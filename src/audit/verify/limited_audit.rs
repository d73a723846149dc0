//! The findings about some principals of a snapshot.

use std::collections::BTreeSet;

use crate::audit::evaluate_principals::{EvaluationTools, FindingReceiver, evaluate_principals};
use crate::audit::fold_findings::FoldMode;
use crate::audit::model::finding::Finding;
use crate::audit::model::finding_class::FindingClass;
use crate::audit::plan::{AuditInputs, AuditPlan, PrincipalFacts};

/// The findings about some principals, as in an audit of all of them.
pub(super) fn find_about(
    inputs: &AuditInputs<'_>,
    facts: &PrincipalFacts<'_>,
    mut plan: AuditPlan<'_>,
    principals: &BTreeSet<String>,
    tools: &EvaluationTools<'_>,
) -> Vec<Finding> {
    let is_wanted = |arn: &str| principals.contains(arn);
    // Agents are compared with all other principals.
    let (wanted, others) = plan.subjects.into_iter().partition(|subject| is_wanted(subject.principal.arn.as_str()));
    plan.subjects = wanted;
    plan.unselected.extend::<Vec<_>>(others);
    plan.ignored.retain(|subject| is_wanted(subject.principal.arn.as_str()));
    let mut findings = Vec::new();
    let mut receive = |classes: Vec<FindingClass>| findings.extend(classes.into_iter().map(|class| class.finding));
    evaluate_principals(
        inputs,
        facts,
        &plan,
        tools,
        FindingReceiver { mode: FoldMode::Separate, receive: &mut receive },
    );
    findings
}
