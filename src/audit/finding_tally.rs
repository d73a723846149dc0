//! What an audit keeps of its findings: counts, the status of each principal, and keys. The findings themselves can be dropped.

use std::collections::{BTreeMap, BTreeSet};

use super::group_paths::OpenPath;
use super::model::audit_summary::AuditSummary;
use super::model::finding::{AcceptedException, Finding};
use super::model::finding_class::{ClassMember, FindingClass};
use super::model::principal_status::PrincipalStatus;
use super::model::reason::Reason;
use super::model::rule_id::RuleId;
use super::options::AuditOptions;
use crate::baseline::Baseline;

/// What an audit keeps of its findings.
pub(super) struct FindingTally<'a> {
    options: &'a AuditOptions,
    /// The keys of the exceptions of the baseline.
    exception_keys: BTreeSet<&'a str>,
    /// The counts of the findings that are reported.
    pub summary: AuditSummary,
    /// The worst status of each principal with findings, by ARN.
    pub statuses: BTreeMap<String, PrincipalStatus>,
    /// The keys of exceptions that a finding has, or that accept one.
    pub used_keys: BTreeSet<String>,
    /// The principals whose undecided questions (IAM010) are accepted.
    pub accepted_undecided: BTreeSet<String>,
    /// Whether a principal could not be decided within the budget.
    pub is_cut_short: bool,
    /// The escalation paths that are reported and that no exception accepts.
    pub open_paths: Vec<OpenPath>,
}

impl<'a> FindingTally<'a> {
    /// Without findings.
    pub fn new(baseline: &'a Baseline, options: &'a AuditOptions) -> FindingTally<'a> {
        FindingTally {
            options,
            exception_keys: baseline.exceptions.iter().map(|exception| exception.finding.value.as_str()).collect(),
            summary: AuditSummary::default(),
            statuses: BTreeMap::new(),
            used_keys: BTreeSet::new(),
            accepted_undecided: BTreeSet::new(),
            is_cut_short: false,
            open_paths: Vec::new(),
        }
    }

    /// Keeps what is needed of some findings. Returns whether they are reported.
    pub fn add(&mut self, class: &FindingClass) -> bool {
        let finding = &class.finding;
        let of_members = class.members.iter().flat_map(|member| [Some(&member.key), accepting_key(&member.accepted)]);
        let keys = of_members.chain([Some(&finding.key), accepting_key(&finding.accepted)]).flatten();
        self.used_keys.extend(keys.filter(|key| self.exception_keys.contains(key.as_str())).cloned());
        class.members.iter().for_each(|member| self.add_member(finding, member));
        let is_exhausted =
            |reason: &Reason| matches!(reason, Reason::Undecided(reason) if reason.is_exhausted_budget());
        self.is_cut_short |= finding.rule == RuleId::Undecided && finding.reasons.iter().any(is_exhausted);
        let is_reported = is_reported(finding, self.options);
        if is_reported {
            self.summary.add_class(class);
            self.open_paths.extend(OpenPath::list(class));
        }
        is_reported
    }

    fn add_member(&mut self, finding: &Finding, member: &ClassMember) {
        let Some(status) = finding_status(finding.rule, member.accepted.is_some()) else { return };
        let worst = self.statuses.entry(member.principal.arn.clone()).or_insert(status);
        *worst = (*worst).min(status);
        if finding.rule == RuleId::Undecided && member.accepted.is_some() {
            self.accepted_undecided.insert(member.principal.arn.clone());
        }
    }
}

/// The key that an exception was written for.
fn accepting_key(accepted: &Option<AcceptedException>) -> Option<&String> {
    accepted.as_ref().map(|accepted| &accepted.finding)
}

/// The status of a principal with this finding. `None` if the finding is about the baseline.
fn finding_status(rule: RuleId, is_accepted: bool) -> Option<PrincipalStatus> {
    if is_accepted {
        return Some(PrincipalStatus::Accepted);
    }
    match rule {
        RuleId::Broader => Some(PrincipalStatus::Broader),
        RuleId::Latent => Some(PrincipalStatus::Latent),
        RuleId::Escalation => Some(PrincipalStatus::Escalatable),
        RuleId::Trust => Some(PrincipalStatus::UndeclaredTrust),
        RuleId::Undeclared => Some(PrincipalStatus::Undeclared),
        RuleId::NotNarrower | RuleId::Unguarded | RuleId::Boundary => Some(PrincipalStatus::RequirementViolated),
        RuleId::Undecided => Some(PrincipalStatus::Undecided),
        RuleId::Narrower => Some(PrincipalStatus::Narrower),
        RuleId::Baseline => None,
    }
}

fn is_reported(finding: &Finding, options: &AuditOptions) -> bool {
    let is_severe = options.severity.is_none_or(|minimum| finding.severity >= minimum);
    // What is undecided about the chosen part is always reported.
    finding.rule == RuleId::Undecided || (options.wants_rule(finding.rule) && is_severe)
}
