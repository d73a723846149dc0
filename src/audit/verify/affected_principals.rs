//! The principals whose findings an edit can change.
//!
//! Every accepted edit only removes access (`kept_access`), so that a finding of any other principal can only shrink.

use std::collections::BTreeSet;

use super::snapshot_editor::SnapshotEditor;
use crate::access::PolicyOrigin;
use crate::audit::model::finding::Finding;
use crate::audit::plan::PrincipalFacts;
use crate::audit::subject::audited_principal::AuditedPrincipal;

/// The principals whose findings an edit can change:
/// - those that hold an edited policy, and the roles whose trust is edited
/// - those whose class the edit changes
/// - agents that are compared with one of the first
/// - those with a finding in common with one of the first
/// - those with an escalation path through one of the first: another path can be the shortest one then
pub(super) fn find_affected(
    editor: &SnapshotEditor,
    (facts_before, facts_after): (&PrincipalFacts<'_>, &PrincipalFacts<'_>),
    subjects: &[&AuditedPrincipal<'_>],
    findings: &[Finding],
) -> BTreeSet<String> {
    let touched = &editor.touched;
    let mut affected = touched.clone();
    // INVARIANT: an edit adds and removes no principals.
    let classes = facts_before.arns().zip(facts_before.classes.iter().zip(&facts_after.classes));
    affected.extend(classes.filter(|(_, (before, after))| before != after).map(|(arn, _)| arn.to_owned()));
    let is_touched = |subject: &&&AuditedPrincipal<'_>| touched.contains(subject.principal.arn.as_str());
    let operators: Vec<&&AuditedPrincipal<'_>> = subjects.iter().filter(is_touched).collect();
    let is_compared = |agent: &AuditedPrincipal<'_>| {
        let declared = agent.narrower_than().map(|name| name.value.as_str());
        let is_declared = |operator: &AuditedPrincipal<'_>| {
            declared.is_some_and(|name| operator.entries().any(|entry| entry.name.value == name))
        };
        let is_near = |operator: &AuditedPrincipal<'_>| {
            agent.is_agent() && operator.is_human() && operator.account.id == agent.account.id
        };
        operators.iter().any(|operator| is_declared(operator) || is_near(operator))
    };
    affected.extend(subjects.iter().filter(|subject| is_compared(subject)).map(|subject| arn_of(subject)));
    let passes = |finding: &&Finding| {
        let mut steps = finding.path.iter().chain(finding.other_paths.iter().flatten());
        steps.any(|step| {
            let ends = [Some(&step.from), Some(&step.to), step.grantor.as_ref()];
            ends.into_iter().flatten().any(|arn| touched.contains(arn))
        })
    };
    let with_path = findings.iter().filter(passes).filter_map(|finding| finding.principal.as_ref());
    affected.extend(with_path.map(|principal| principal.arn.clone()));
    // A finding about several principals is asked for as a whole.
    let is_shared = |finding: &&Finding| finding.principals.iter().any(|principal| affected.contains(&principal.arn));
    let shared: Vec<&Finding> = findings.iter().filter(is_shared).collect();
    affected.extend(shared.into_iter().flat_map(|finding| &finding.principals).map(|principal| principal.arn.clone()));
    affected
}

/// The principals whose own policies name one of the roles whose trust is edited: the trust policy restricts them.
pub(super) fn find_assumers<'a>(
    editor: &SnapshotEditor,
    subjects: &[&'a AuditedPrincipal<'a>],
) -> impl Iterator<Item = &'a AuditedPrincipal<'a>> {
    let names_role = |subject: &&AuditedPrincipal<'_>| {
        subject.layers.resource_policies.iter().any(|resource| match &resource.policy.origin {
            PolicyOrigin::Resource { arn } => editor.trust_edited.contains(arn),
            _ => false,
        })
    };
    subjects.iter().copied().filter(names_role).collect::<Vec<_>>().into_iter()
}

fn arn_of(subject: &AuditedPrincipal<'_>) -> String {
    subject.principal.arn.as_str().to_owned()
}
