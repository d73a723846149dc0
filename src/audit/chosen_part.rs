//! What the options leave out, and which unread inputs concern the rest.
//!
//! The status of an audit says whether the chosen principals and rules are decided. An unread input that concerns nothing
//! else does not make the audit incomplete; the report lists it as not examined. If it is unclear what an input concerns, it
//! concerns everything.

use super::model::audit::{NotExamined, UnreadInput};
use super::model::rule_id::RuleId;
use super::model::severity::Severity;
use super::plan::{AuditInputs, AuditPlan};
use super::subject::audited_principal::AuditedPrincipal;
use super::subject::synthetic::list_class_action_names;
use crate::access::may_trust_by_name;
use crate::base::glob::Glob;
use crate::catalog::RiskClass;
use crate::iam::element::ResourceElement;
use crate::iam::{AccountId, Effect, ElementKind, Statement};
use crate::snapshot::{CollectionGap, MissingDocument, MissingReason, PrincipalSelection, SnapshotProblem};

/// How a principal of one account enters another.
const ASSUME_ROLE: &str = "sts:AssumeRole";
/// The position of the account in an ARN.
const ACCOUNT_FIELD: usize = 4;

/// The chosen principals and rules of an audit.
pub(super) struct ChosenPart<'a> {
    inputs: AuditInputs<'a>,
    /// The selected principals that are evaluated.
    subjects: &'a [AuditedPrincipal<'a>],
    /// The other principals.
    unselected: &'a [AuditedPrincipal<'a>],
    selection: PrincipalSelection<'a>,
}

impl<'a> ChosenPart<'a> {
    /// The chosen part of a plan.
    pub fn new(inputs: AuditInputs<'a>, plan: &'a AuditPlan<'a>) -> ChosenPart<'a> {
        let (snapshot, glob) = (inputs.snapshot, inputs.options.principal.as_ref());
        let selection = PrincipalSelection { snapshot, selected: &plan.selected, glob };
        ChosenPart { inputs, subjects: &plan.subjects, unselected: &plan.unselected, selection }
    }

    /// The unread inputs that concern it, and what the audit did not examine.
    pub fn divide(&self, unread: Vec<(UnreadSource<'_>, UnreadInput)>) -> (Vec<UnreadInput>, NotExamined) {
        let options = self.inputs.options;
        let (concerning, other): (Vec<_>, Vec<_>) =
            unread.into_iter().partition(|(source, _)| self.is_concerned(source));
        let list = |inputs: Vec<(UnreadSource<'_>, UnreadInput)>| inputs.into_iter().map(|(_, input)| input).collect();
        let mut concerning: Vec<UnreadInput> = list(concerning);
        if self.may_escalate() {
            concerning.extend(self.unselected.iter().flat_map(list_uncollected));
        }
        let default_rules = RuleId::ALL.iter().map(|(_, rule)| *rule).filter(|rule| rule.on_by_default());
        let not_examined = NotExamined {
            principals: self.selection.selected.iter().filter(|selected| !**selected).count(),
            // Whether the rest is decided is always reported.
            rules: default_rules.filter(|rule| *rule != RuleId::Undecided && !options.wants_rule(*rule)).collect(),
            below_severity: options.severity.filter(|severity| *severity > Severity::Info),
            unread: list(other),
        };
        (concerning, not_examined)
    }

    fn is_concerned(&self, source: &UnreadSource<'_>) -> bool {
        self.inputs.options.is_unfiltered()
            || match source {
                UnreadSource::Gap(gap) => self.is_concerned_by_gap(gap),
                UnreadSource::Problem(problem) => self.selection.is_concerned_by(problem) || self.may_escalate(),
            }
    }

    /// Whether a part of an account or of the organization that was not collected concerns it.
    fn is_concerned_by_gap(&self, gap: &CollectionGap) -> bool {
        let options = self.inputs.options;
        let Some(account) = &gap.account else { return true };
        self.selection.has_principal_in(account)
            || (gap.may_hide_principals()
                && (self.selection.may_select_in(account)
                    || (options.wants_rule(RuleId::Baseline) && options.has_all_principals())
                    || self.subjects.iter().any(|subject| self.looks_into(subject, account))))
    }

    /// Whether a chosen principal could act as another one, whose documents then concern it.
    fn may_escalate(&self) -> bool {
        if !self.inputs.options.wants_rule(RuleId::Escalation) {
            return false;
        }
        let mut names = list_class_action_names(self.inputs.catalog, RiskClass::Escalation);
        names.push(ASSUME_ROLE.to_owned());
        let is_step = |statement: &Statement| names.iter().any(|name| statement.action.lists_action(name));
        self.subjects.iter().flat_map(allowing_statements).any(is_step)
            || self.subjects.iter().any(|subject| self.may_be_admitted(subject))
    }

    /// Whether the trust policy of a role of its account could let a principal assume the role without a policy of its own.
    fn may_be_admitted(&self, subject: &AuditedPrincipal<'_>) -> bool {
        let roles = &subject.account.principals;
        let mut others = roles.iter().filter(|role| role.arn != subject.principal.arn);
        others.any(|role| may_trust_by_name(role, subject.principal))
    }

    /// Whether a chosen rule compares the principal with principals of another account.
    fn looks_into(&self, subject: &AuditedPrincipal<'_>, account: &AccountId) -> bool {
        let options = self.inputs.options;
        let is_compared = subject.narrower_than().is_some();
        (options.wants_rule(RuleId::NotNarrower) && is_compared)
            || (options.wants_rule(RuleId::Escalation) && may_assume_role_in(subject, account))
    }
}

/// Why an input is unread.
pub(super) enum UnreadSource<'a> {
    /// It was not collected.
    Gap(&'a CollectionGap),
    /// It cannot be read.
    Problem(&'a SnapshotProblem),
}

impl UnreadSource<'_> {
    /// Whether a document is missing because of this input.
    pub fn is_cause_of(&self, missing: &MissingDocument) -> bool {
        match self {
            UnreadSource::Gap(gap) => gap.to_missing_document().is_some_and(|document| document == *missing),
            UnreadSource::Problem(problem) => problem.is_cause_of(missing),
        }
    }
}

/// The documents of a principal that the snapshot refers to and does not contain. No other input replaces them.
fn list_uncollected(subject: &AuditedPrincipal<'_>) -> impl Iterator<Item = UnreadInput> {
    let arn = subject.principal.arn.as_str();
    let missing = subject.principal.missing_documents.iter();
    missing.filter(|missing| missing.reason == MissingReason::NotCollected).map(move |missing| UnreadInput {
        subject: format!("{} of {arn}", missing.name),
        place: Some(missing.place.clone()),
        reason: missing.reason.to_string(),
        account: None,
        permission: None,
    })
}

/// Whether a statement of the principal or of its ceiling could allow it to assume a role of the account. Excess over the
/// ceiling is a finding of its own. Denies and conditions are ignored.
fn may_assume_role_in(subject: &AuditedPrincipal<'_>, account: &AccountId) -> bool {
    allowing_statements(subject).any(|statement| allows_assume_role_in(statement, account))
}

/// The Allow statements of a principal and of its ceiling.
fn allowing_statements<'s>(subject: &'s AuditedPrincipal<'_>) -> impl Iterator<Item = &'s Statement> {
    let policies = subject.layers.identity.iter().chain(&subject.ceiling.layers.identity);
    let statements = policies.flat_map(|policy| &policy.document.statements);
    statements.filter(|statement| statement.effect == Effect::Allow)
}

fn allows_assume_role_in(statement: &Statement, account: &AccountId) -> bool {
    statement.action.lists_action(ASSUME_ROLE)
        && statement.resource.as_ref().is_none_or(|resource| may_match_in(resource, account))
}

/// Whether the element could match an ARN of the account.
fn may_match_in(resource: &ResourceElement, account: &AccountId) -> bool {
    let may_match = |pattern: &str| {
        let fields: Vec<&str> = pattern.splitn(6, ':').collect();
        let Some((account_field, before)) = fields.get(..=ACCOUNT_FIELD).and_then(<[_]>::split_last) else {
            return true;
        };
        // A wildcard of an earlier field can match a colon, and a variable anything.
        pattern.contains("${")
            || before.iter().any(|field| field.contains(['*', '?']))
            || Glob::new(account_field).matches(account.as_str())
    };
    resource.kind == ElementKind::NotList || resource.patterns.iter().any(|pattern| may_match(pattern.as_written()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::iam::{DocumentKind, PolicyDocument};
    use crate::source::SourceFile;

    #[test]
    fn statements_that_may_assume_a_role_of_an_account() {
        let account = AccountId::parse("111122223333").unwrap();
        for (elements, expected) in [
            (r#""Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:role/x""#, true),
            (r#""Action": "sts:AssumeRole", "Resource": "arn:aws:iam::444455556666:role/*""#, false),
            (
                r#""Action": "STS:a*", "Resource": ["arn:aws:iam::444455556666:role/x", "arn:aws:iam::1111*:role/y"]"#,
                true,
            ),
            (r#""Action": "*", "Resource": "*""#, true),
            (r#""Action": "*", "Resource": "arn:*:role/x""#, true),
            (r#""Action": "*", "Resource": "arn:aws:iam::${aws:PrincipalTag/a}:role/x""#, true),
            (r#""NotAction": "iam:*", "NotResource": "arn:aws:iam::111122223333:role/*""#, true),
            (r#""NotAction": "sts:*", "Resource": "*""#, false),
            (r#""Action": "s3:*", "Resource": "*""#, false),
        ] {
            let source = SourceFile::new("a.json", format!(r#"{{"Statement": {{"Effect": "Allow", {elements}}}}}"#));
            let document = PolicyDocument::parse(&source, DocumentKind::Identity).map_err(|e| e.to_string()).unwrap();
            assert_eq!(allows_assume_role_in(&document.statements[0], &account), expected, "{elements}");
        }
    }
}
