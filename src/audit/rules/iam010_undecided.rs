//! IAM010: the principal could not be decided.

use super::context::RuleContext;
use super::judgement::{ExtentItems, single_item};
use super::rule::{Rule, RuleInfo, RuleInput};
use crate::audit::analysis::operator_comparison::candidates::ComparisonResult;
use crate::audit::model::finding::{Finding, FindingBuilder};
use crate::audit::model::finding_key::KeyPart;
use crate::audit::model::reason::Reason;
use crate::audit::model::remediation::Remediation;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::severity::Severity;
use crate::audit::model::title::Title;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::content_digest::compute_content_digest;
use crate::solve::UndecidedReason;

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Undecided,
    explanation: "
**What it does.** Reports principals for which a document that decides is missing from the snapshot or cannot be read, and
principals for which the analysis ended without a proof, each with the reason. An audit with such a finding ends with exit
status 3, regardless of its other findings.

**Why is this bad?** Without it, \"No drift\" would depend on something that was never examined.

**Example.** A role has the attached policy `arn:aws:iam::111122223333:policy/etl`, whose document was not collected.

**How to fix it.** Collect the missing documents, with the permissions to read them. Correct a document that AWS would
reject. If the result depends on a policy variable, or on behavior that AWS does not document, write the statement without
it, or accept the finding until a date.

**How to accept it.** Run `iamdrift baseline accept` with the key: the audit then counts as complete although the
principal is undecided, for as long as no other document is missing and what was read is unchanged. The reason of the exception should say how the principal was reviewed instead.
",
};

/// IAM010.
pub(super) struct UndecidedRule;

impl Rule for UndecidedRule {
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding> {
        let RuleInput::Principal(context) = input else { return Vec::new() };
        find_undecided(context).into_iter().collect()
    }
}

fn find_undecided(context: &RuleContext<'_>) -> Option<Finding> {
    if !context.is_undecided() {
        return None;
    }
    let subject = context.subject;
    let missing = subject.missing_documents.iter().cloned().map(Reason::MissingDocument);
    let reasons: Vec<Reason> = missing.chain(context.undecided().cloned().map(Reason::Undecided)).collect();
    let title = match reasons.as_slice() {
        [] => return None,
        [reason] => Title::UndecidedBecause(reason.clone()),
        several => Title::UndecidedForReasons { count: several.len() },
    };
    let severity = if subject.is_agent() { Severity::High } else { Severity::Medium };
    let place = subject.missing_documents.first().map_or(&subject.principal.place, |missing| &missing.place).clone();
    let finding =
        FindingBuilder::for_principal(RuleId::Undecided, severity, title, subject.principal_ref.clone(), place);
    let items = list_items(context);
    let key = context.key(RuleId::Undecided, KeyPart::Only);
    let finding = context
        .judge_items(finding, key, items.clone(), |accepted| accepted.covers(&items))
        .causes(list_causes(context))
        .reasons(reasons)
        .reasons(find_unproven_excess(context))
        .remediations(suggest_remediations(context));
    Some(finding.build())
}

/// The finding about a principal that could not be decided within its budget, or that of the audit. No exception accepts it.
pub(in crate::audit) fn build_exhausted_finding(subject: &AuditedPrincipal<'_>, reason: UndecidedReason) -> Finding {
    let token = to_token(&reason);
    let reason = Reason::Undecided(reason);
    let severity = if subject.is_agent() { Severity::High } else { Severity::Medium };
    let (principal, place) = (subject.principal_ref.clone(), subject.principal.place.clone());
    let missing = subject.missing_documents.iter().cloned().map(Reason::MissingDocument);
    let title = Title::UndecidedBecause(reason.clone());
    FindingBuilder::for_principal(RuleId::Undecided, severity, title, principal, place)
        .causes([token])
        .reasons(missing)
        .reasons([reason])
        .build()
}

fn suggest_remediations(context: &RuleContext<'_>) -> Vec<Remediation> {
    let documents = context.subject.missing_documents.iter().cloned().map(Remediation::ProvideDocument);
    let statements = context.undecided().filter_map(|reason| match reason {
        UndecidedReason::Variable(key) => Some(Remediation::AvoidVariable(key.clone())),
        UndecidedReason::Ambiguity(name) => Some(Remediation::AvoidAmbiguity((*name).to_owned())),
        UndecidedReason::Budget
        | UndecidedReason::PrincipalBudget
        | UndecidedReason::AuditBudget
        | UndecidedReason::LimitExceeded
        | UndecidedReason::Condition(_)
        | UndecidedReason::WitnessRefuted(_)
        | UndecidedReason::MissingDocument { .. }
        | UndecidedReason::MissingDocumentOf { .. }
        | UndecidedReason::UnreadablePolicy { .. }
        | UndecidedReason::SearchLimit { .. }
        | UndecidedReason::TagValueLimit { .. }
        | UndecidedReason::TagCombinationLimit { .. }
        | UndecidedReason::TooMany { .. }
        | UndecidedReason::Uncombined { .. }
        | UndecidedReason::TagOrder { .. }
        | UndecidedReason::AccountOfRole { .. }
        | UndecidedReason::NoOperator { .. }
        | UndecidedReason::Check { .. }
        | UndecidedReason::GuardEffect { .. } => None,
    });
    documents.chain(statements).collect()
}

/// The access that the collected policies grant beyond the ceiling, if a missing document could deny all of that access.
/// This is not a finding yet, but it must not be hidden.
fn find_unproven_excess(context: &RuleContext<'_>) -> Option<Reason> {
    if context.subject.entry.is_none() || !context.subject.has_missing_restricting_layer() {
        return None;
    }
    let counts = context.report_unproven_excess(&context.analysis.excess).counts;
    (counts.all > 0).then_some(Reason::UnprovenExcess(counts))
}

/// What identifies the finding in every audit: the missing documents, without their places, and the solver's reasons.
fn list_causes(context: &RuleContext<'_>) -> Vec<String> {
    let missing = context.subject.missing_documents.iter().map(|missing| format!("missing {}", missing.name));
    missing.chain(context.undecided().map(to_token)).collect()
}

/// What an exception accepts: the missing documents, the other reasons, and the content of everything that was read.
fn list_items(context: &RuleContext<'_>) -> ExtentItems {
    let missing = context.subject.missing_documents.iter().map(|missing| missing.name.clone()).collect();
    let undecided = context.undecided().map(to_token).collect();
    // Paths and operators are about other principals, too.
    let is_comparison_undecided =
        context.comparison.is_some_and(|comparison| matches!(comparison.result(), ComparisonResult::Undecided(_)));
    let depends_on_others = is_comparison_undecided || !context.escalation.undecided.is_empty();
    let others = depends_on_others.then(|| context.analyzer.snapshot_digest());
    let content_id = single_item(&compute_content_digest(context.subject, others));
    ExtentItems::from([("missing", missing), ("undecided", undecided), ("content_id", content_id)])
}

fn to_token(reason: &UndecidedReason) -> String {
    match reason {
        UndecidedReason::Budget => "budget".to_owned(),
        UndecidedReason::PrincipalBudget => "budget of the principal".to_owned(),
        UndecidedReason::AuditBudget => "budget of the audit".to_owned(),
        UndecidedReason::LimitExceeded => "limit exceeded".to_owned(),
        UndecidedReason::Variable(key) => format!("variable {key}"),
        UndecidedReason::Condition(key) => format!("condition {key}"),
        UndecidedReason::Ambiguity(name) => format!("ambiguity {name}"),
        UndecidedReason::WitnessRefuted(_) => "witness refuted".to_owned(),
        // Earlier versions used the sentences of the report. The fingerprints stay the same.
        UndecidedReason::MissingDocument { .. }
        | UndecidedReason::MissingDocumentOf { .. }
        | UndecidedReason::UnreadablePolicy { .. }
        | UndecidedReason::SearchLimit { .. }
        | UndecidedReason::TagValueLimit { .. }
        | UndecidedReason::TagCombinationLimit { .. }
        | UndecidedReason::TooMany { .. }
        | UndecidedReason::Uncombined { .. }
        | UndecidedReason::TagOrder { .. }
        | UndecidedReason::AccountOfRole { .. }
        | UndecidedReason::NoOperator { .. }
        | UndecidedReason::Check { .. }
        | UndecidedReason::GuardEffect { .. } => format!("unread {reason}"),
    }
}
