//! A finding: one rule, one principal or the baseline, and the proof.
//!
//! Names and texts that came from an account are unchanged. The reports sanitize them.

use serde::Serialize;

use super::escalation_step::EscalationStep;
use super::excess::{ActionCounts, Excess};
use super::extent::ExtentOffer;
use super::finding_key::{KeyPart, build_agent_use_key, build_principal_key};
use super::fingerprint::compute_fingerprint;
use super::fix_verification::FixVerification;
use super::path_fix::PathFix;
use super::principal_ref::PrincipalRef;
use super::reason::Reason;
use super::remediation::Remediation;
use super::rule_id::RuleId;
use super::severity::Severity;
use super::title::Title;
use crate::source::Place;

/// What one rule found about one principal, or about the baseline.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// The severity.
    pub severity: Severity,
    /// What identifies the finding for as long as it exists: `iam001/111122223333/role/operators/x`.
    pub key: String,
    /// Sixteen hexadecimal digits that identify what the finding contains now.
    pub fingerprint: String,
    /// The principal. None if the finding is about the baseline or about several principals.
    pub principal: Option<PrincipalRef>,
    /// The principals of a finding about several, the worst first: what an agent could do with the credentials of operators
    /// (IAM004). The excess is that of the first. Empty for other findings.
    pub principals: Vec<PrincipalRef>,
    /// The entry of these principals. None if they are undeclared, and for other findings.
    pub entry: Option<String>,
    /// What was found.
    pub title: Title,
    /// The number of actions. 0 for actions that AWS has not released.
    pub action_count: usize,
    /// The number of destructive actions among them.
    pub destructive_count: usize,
    /// The excess by granting statement, the worst first. What it exceeds depends on the rule: the declared ceiling,
    /// or for IAM003 the access of the operator, for IAM004 and IAM008 the declared requirement. For IAM011 it is what
    /// is declared and not granted, by declaring statement.
    pub excess: Vec<Excess>,
    /// Facts to judge the finding by.
    pub reasons: Vec<Reason>,
    /// The escalation path (IAM005), in order: that to the worst access at its end. Empty for other rules.
    pub path: Vec<EscalationStep>,
    /// Paths to further access at the same end, which other changes of the end give. Empty for other rules.
    pub other_paths: Vec<Vec<EscalationStep>>,
    /// The ARNs of the principals at the ends of other paths that begin with the same step and lead to no access that this
    /// path does not lead to. Each would be a finding of its own if this one were accepted. Empty for other rules.
    pub also_reaches: Vec<String>,
    /// What ends the path: what grants each step that is not declared, the first step first. Empty for other rules.
    pub path_fixes: Vec<PathFix>,
    /// Where to look: the principal in the snapshot, or the place in the baseline.
    pub place: Option<Place>,
    /// Suggested edits, the smallest first, and other advice.
    pub remediations: Vec<Remediation>,
    /// Whether the edits were tried.
    pub fix_verification: FixVerification,
    /// When an audit first found it: RFC 3339. None if the history does not say.
    pub first_seen: Option<String>,
    /// The exception that accepts it. An accepted finding does not affect the exit status.
    pub accepted: Option<AcceptedException>,
    /// What an exception would accept. None if the audit was not asked for it.
    pub extent: Option<ExtentOffer>,
    /// Which findings were made before it.
    #[doc(hidden)]
    pub order: FindingOrder,
}

/// Which findings an audit made before another one. Reports that are written while the audit runs have this order.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct FindingOrder {
    /// The number of groups of equivalent principals before its own.
    pub group: usize,
    /// The number of findings before it in its group.
    pub position: usize,
}

impl Finding {
    /// The principals that the finding is about, the worst first. None if it is about the baseline.
    ///
    /// ```
    /// use iamdrift::audit::{AuditOptions, RuleId, audit};
    /// # use iamdrift::{baseline::Baseline, catalog::Catalog, snapshot::Snapshot};
    /// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    /// # let snapshot = Snapshot::load(&folder.join("snapshot"))?;
    /// # let baseline = Baseline::load(&folder.join("baseline"))?;
    /// # let options = AuditOptions::new(jiff::civil::date(2026, 11, 27));
    ///
    /// let audit = audit(&snapshot, &baseline, Catalog::embedded(), &options)?;
    /// let is_about_principals = |rule| rule != RuleId::Baseline;
    /// for finding in audit.findings.iter().filter(|finding| is_about_principals(finding.rule)) {
    ///     assert!(finding.all_principals().count() > 0);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn all_principals(&self) -> impl Iterator<Item = &PrincipalRef> {
        self.principal.iter().chain(&self.principals)
    }
}

/// An exception that accepts a finding.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AcceptedException {
    /// The key of the finding that it was written for. It differs from that of a finding that is a part of that one.
    pub finding: String,
    /// Why.
    pub reason: String,
    /// Who requested it.
    pub requested_by: String,
    /// Who approved it.
    pub approved_by: String,
    /// The last day on which it applies: `2026-12-31`.
    pub expires: String,
    /// Where the baseline declares it.
    pub place: Place,
}

#[cfg(test)]
impl AcceptedException {
    /// One with a key, for tests of what is accepted.
    pub(in crate::audit) fn example() -> AcceptedException {
        AcceptedException {
            finding: "a".to_owned(),
            reason: String::new(),
            requested_by: String::new(),
            approved_by: String::new(),
            expires: "2026-12-31".to_owned(),
            place: Place { file: "baseline.toml".into(), line: 1, column: 1 },
        }
    }
}

/// Builds a finding. Parts that are not set stay empty.
pub(crate) struct FindingBuilder {
    finding: Finding,
    causes: Vec<String>,
}

impl FindingBuilder {
    /// A finding about a principal.
    pub(crate) fn for_principal(
        rule: RuleId,
        severity: Severity,
        title: Title,
        principal: PrincipalRef,
        place: Place,
    ) -> FindingBuilder {
        let key = build_principal_key(rule, &principal, KeyPart::Only);
        FindingBuilder::new(rule, severity, title, Some(principal), place).key(key)
    }

    /// A finding about the baseline, with its key.
    pub(crate) fn for_baseline(severity: Severity, title: Title, place: Place, key: String) -> FindingBuilder {
        FindingBuilder::new(RuleId::Baseline, severity, title, None, place).key(key)
    }

    /// A finding of IAM004 about several operators of an entry, the worst first, or about undeclared ones.
    pub(crate) fn for_entry(
        severity: Severity,
        title: Title,
        (entry, principals): (Option<String>, Vec<PrincipalRef>),
        place: Place,
    ) -> FindingBuilder {
        let key = build_agent_use_key(entry.as_deref());
        let mut builder = FindingBuilder::new(RuleId::Unguarded, severity, title, None, place).key(key);
        (builder.finding.entry, builder.finding.principals) = (entry, principals);
        builder
    }

    /// Sets the key.
    pub(crate) fn key(mut self, key: String) -> FindingBuilder {
        self.finding.key = key;
        self
    }

    fn new(
        rule: RuleId,
        severity: Severity,
        title: Title,
        principal: Option<PrincipalRef>,
        place: Place,
    ) -> FindingBuilder {
        let finding = Finding {
            rule,
            severity,
            key: String::new(),
            fingerprint: String::new(),
            principal,
            principals: Vec::new(),
            entry: None,
            title,
            action_count: 0,
            destructive_count: 0,
            excess: Vec::new(),
            reasons: Vec::new(),
            path: Vec::new(),
            other_paths: Vec::new(),
            also_reaches: Vec::new(),
            path_fixes: Vec::new(),
            place: Some(place),
            remediations: Vec::new(),
            fix_verification: FixVerification::NotRun,
            first_seen: None,
            accepted: None,
            extent: None,
            order: FindingOrder::default(),
        };
        FindingBuilder { finding, causes: Vec::new() }
    }

    /// Adds to what the finding contains: stable tokens, never rendered sentences.
    pub(crate) fn causes(mut self, causes: impl IntoIterator<Item = String>) -> FindingBuilder {
        self.causes.extend(causes);
        self
    }

    pub(crate) fn excess(mut self, excess: Vec<Excess>, counts: ActionCounts) -> FindingBuilder {
        self.finding.excess = excess;
        (self.finding.action_count, self.finding.destructive_count) = (counts.all, counts.destructive);
        self
    }

    pub(crate) fn reasons(mut self, reasons: impl IntoIterator<Item = Reason>) -> FindingBuilder {
        self.finding.reasons.extend(reasons);
        self
    }

    pub(crate) fn path(mut self, path: Vec<EscalationStep>) -> FindingBuilder {
        self.finding.path = path;
        self
    }

    pub(crate) fn other_paths(mut self, paths: Vec<Vec<EscalationStep>>) -> FindingBuilder {
        self.finding.other_paths = paths;
        self
    }

    pub(crate) fn also_reaches(mut self, arns: Vec<String>) -> FindingBuilder {
        self.finding.also_reaches = arns;
        self
    }

    pub(crate) fn path_fixes(mut self, fixes: Vec<PathFix>) -> FindingBuilder {
        self.finding.path_fixes = fixes;
        self
    }

    pub(crate) fn remediations(mut self, remediations: impl IntoIterator<Item = Remediation>) -> FindingBuilder {
        self.finding.remediations.extend(remediations);
        self
    }

    pub(crate) fn accepted(mut self, exception: Option<AcceptedException>) -> FindingBuilder {
        self.finding.accepted = exception;
        self
    }

    pub(crate) fn extent(mut self, offer: Option<ExtentOffer>) -> FindingBuilder {
        self.finding.extent = offer;
        self
    }

    /// The finding, with its fingerprint.
    pub(crate) fn build(mut self) -> Finding {
        let finding = &mut self.finding;
        self.causes.extend(finding.excess.iter().flat_map(list_request_tokens));
        let actions = finding.excess.iter().flat_map(|excess| excess.actions.tokens());
        let causes = self.causes.iter().chain(actions).map(String::as_str).collect();
        finding.fingerprint = compute_fingerprint(&finding.key, finding.severity, causes);
        self.finding
    }
}

/// What an excess contains, as tokens: its actions, and the requests for its worst action.
pub(crate) fn list_excess_tokens(excess: &Excess) -> impl Iterator<Item = String> {
    excess.actions.tokens().iter().cloned().chain(list_request_tokens(excess))
}

/// The requests for the worst action of an excess, as tokens.
fn list_request_tokens(excess: &Excess) -> impl Iterator<Item = String> {
    excess.cubes.iter().map(|cube| format!("requests {cube:?}"))
}
