//! A finding in the JSON report: its data, with every sentence rendered.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::text::{
    RenderedRemediation, condition_text, render_in_order, render_nearest, render_reason, render_step, render_title,
};
use crate::audit::{
    AcceptedException, ActionAccessLevel, ActionList, EscalationStep, Excess, Finding, FixVerification,
    GrantingStatement, MismatchReason, NearestDeclaredStatement, PathFix, PrincipalRef, Remediation, RuleId, Severity,
    Witness,
};
use crate::solve::Cube;
use crate::source::Place;

/// What one rule found about one principal, or about the baseline.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Finding")]
pub struct FindingJson<'a> {
    /// The rule.
    pub rule: RuleId,
    /// The severity.
    pub severity: Severity,
    /// What identifies the finding for as long as it exists, whatever it grows or shrinks to:
    /// `iam001/111122223333/role/operators/x`.
    pub key: &'a str,
    /// Sixteen hexadecimal digits that identify what the finding contains now.
    pub fingerprint: &'a str,
    /// The principal. None if the finding is about the baseline or about several principals.
    pub principal: Option<&'a PrincipalRef>,
    /// The principals of a finding about several, the worst first: what an agent could do with the credentials of operators
    /// (IAM004). The excess is that of the first. Empty for other findings.
    pub principals: &'a [PrincipalRef],
    /// The entry of these principals. None if they are undeclared, and for other findings.
    pub entry: Option<&'a str>,
    /// What was found, in one line: `214 actions beyond its declared ceiling (57 destructive)`.
    pub title: String,
    /// The number of actions. 0 for actions that AWS has not released.
    pub action_count: usize,
    /// The number of destructive actions among them.
    pub destructive_count: usize,
    /// The excess by granting statement, the worst first. What it exceeds depends on the rule: the declared ceiling,
    /// or for IAM003 the access of the operator, for IAM004 and IAM008 the declared requirement. For IAM011 it is what
    /// is declared and not granted, by declaring statement.
    pub excess: Vec<ExcessJson<'a>>,
    /// Facts to judge the finding by, one sentence each.
    pub reasons: Vec<String>,
    /// The escalation path (IAM005), in order. Empty for other rules.
    pub path: Vec<EscalationStepJson<'a>>,
    /// Paths to further access at the same end (IAM005). Empty for other rules.
    pub other_paths: Vec<Vec<EscalationStepJson<'a>>>,
    /// The ARNs of further principals that the principal can escalate to in the same first step, with no access beyond that at
    /// the end of the path. Each would be a finding of its own if this one were accepted. Empty for other rules.
    pub also_reaches: &'a [String],
    /// What ends the path: the statement or the trust policy that grants each step, the first step first. Empty for other
    /// rules.
    pub path_fixes: &'a [PathFix],
    /// Where to look: the principal in the snapshot, or the place in the baseline.
    pub place: Option<&'a Place>,
    /// Edits of the account that end the finding or make it smaller. None if there are none, or if they failed when they were
    /// tried.
    pub fix: Option<FixJson>,
    /// What else can be done: changes of the baseline, and what a person must decide. A text can contain a snippet of
    /// several lines.
    pub advice: Vec<String>,
    /// When an audit first found it: RFC 3339. None if the history does not say.
    pub first_seen: Option<&'a str>,
    /// The exception that accepts it. An accepted finding does not affect the exit status.
    pub accepted: Option<&'a AcceptedException>,
}

/// Edits of the account.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Fix")]
pub struct FixJson {
    /// `true` if all steps together were tried on a copy of the snapshot: the finding is gone or smaller, nothing that is
    /// declared and allowed is lost, no other finding appears or grows, and the quotas of AWS hold. `"not_run"` if they were
    /// not tried.
    #[schemars(extend("enum" = [true, "not_run"]))]
    pub verified: Value,
    /// The number of actions that are left of the finding. 0 if it is gone, None if the steps were not tried.
    pub left: Option<usize>,
    /// The steps, one text each. A text can contain a snippet of several lines.
    pub steps: Vec<String>,
}

/// Access that one statement grants beyond what is declared.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Excess")]
pub struct ExcessJson<'a> {
    /// The granting statement.
    pub granted_by: &'a GrantingStatement,
    /// The severity of its worst action.
    pub severity: Severity,
    /// The actions, as patterns, the most severe first.
    pub actions: &'a ActionList,
    /// The number of actions. 0 for actions that AWS has not released.
    pub action_count: usize,
    /// The number of destructive actions among them.
    pub destructive_count: usize,
    /// The number of actions of each access level.
    pub levels: &'a BTreeMap<ActionAccessLevel, usize>,
    /// The resource patterns of the excess. Empty if it has any resource.
    pub resources: Vec<String>,
    /// The conditions that must be met, one line each. Empty if it is unconditional.
    pub conditions: Vec<String>,
    /// The exact difference for the action of the witness, as disjoint sets of requests, up to a limit.
    pub cubes: &'a [Cube],
    /// Whether there are more cubes than these.
    pub more: bool,
    /// A request that is allowed and not declared. Its action is the most severe one.
    pub witness: &'a Witness,
    /// The declared statement that comes closest to allowing the witness. None if nothing is declared.
    pub expected: Option<NearestDeclaredJson<'a>>,
}

/// The declared statement that comes closest to allowing the witness.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "NearestDeclaredStatement")]
pub struct NearestDeclaredJson<'a> {
    /// The document of the ceiling, as the baseline names it.
    pub document: &'a str,
    /// The position of the statement in the document, from 0.
    pub statement: usize,
    /// Its `Sid`. None if it has none.
    pub sid: Option<&'a str>,
    /// Where the statement is.
    pub place: &'a Place,
    /// Why it does not allow the witness.
    pub why: &'a MismatchReason,
    /// The same as a sentence: `no statement lists this action`.
    pub text: String,
}

/// One step by which a principal becomes another principal, or grants itself permissions.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "EscalationStep")]
pub struct EscalationStepJson<'a> {
    /// The ARN of the principal that takes the step.
    pub from: &'a str,
    /// The ARN of the principal that it becomes. The same as `from` if it grants itself permissions.
    pub to: &'a str,
    /// What it does: `creates a Lambda function with this role and invokes it`.
    pub summary: String,
    /// The ids of its techniques (`docs/reach.md`), in order.
    pub paths: Vec<&'a str>,
    /// The requests of the step, in order. Each is allowed.
    pub witnesses: &'a [Witness],
    /// The facts that the step depends on and that the snapshot cannot confirm.
    pub assumptions: &'a [String],
    /// Whether the role that is assumed lists the principal in `assumable_by`.
    pub declared: bool,
}

impl<'a> From<&'a Finding> for FindingJson<'a> {
    fn from(finding: &'a Finding) -> FindingJson<'a> {
        FindingJson {
            rule: finding.rule,
            severity: finding.severity,
            key: &finding.key,
            fingerprint: &finding.fingerprint,
            principal: finding.principal.as_ref(),
            principals: &finding.principals,
            entry: finding.entry.as_deref(),
            title: render_title(&finding.title),
            action_count: finding.action_count,
            destructive_count: finding.destructive_count,
            excess: finding.excess.iter().map(ExcessJson::from).collect(),
            reasons: finding.reasons.iter().map(render_reason).collect(),
            path: to_steps(&finding.path),
            other_paths: finding.other_paths.iter().map(|path| to_steps(path)).collect(),
            also_reaches: &finding.also_reaches,
            path_fixes: &finding.path_fixes,
            place: finding.place.as_ref(),
            fix: FixJson::from_finding(finding),
            advice: to_texts(finding.remediations.iter().filter(|remediation| !remediation.is_edit())),
            first_seen: finding.first_seen.as_deref(),
            accepted: finding.accepted.as_ref(),
        }
    }
}

impl FixJson {
    fn from_finding(finding: &Finding) -> Option<FixJson> {
        let steps = to_texts(finding.remediations.iter().filter(|remediation| remediation.is_edit()));
        let (verified, left) = match finding.fix_verification {
            FixVerification::NotRun => (json!("not_run"), None),
            FixVerification::Ends => (json!(true), Some(0)),
            FixVerification::Reduces { left } => (json!(true), Some(left)),
            FixVerification::Failed => return None,
        };
        (!steps.is_empty()).then_some(FixJson { verified, left, steps })
    }
}

fn to_steps(path: &[EscalationStep]) -> Vec<EscalationStepJson<'_>> {
    path.iter().map(EscalationStepJson::from).collect()
}

fn to_texts<'r>(remediations: impl IntoIterator<Item = &'r Remediation>) -> Vec<String> {
    render_in_order(remediations).iter().map(RenderedRemediation::to_text).collect()
}

impl<'a> From<&'a Excess> for ExcessJson<'a> {
    fn from(excess: &'a Excess) -> ExcessJson<'a> {
        ExcessJson {
            granted_by: &excess.granted_by,
            severity: excess.severity,
            actions: &excess.actions,
            action_count: excess.action_count,
            destructive_count: excess.destructive_count,
            levels: &excess.levels,
            resources: condition_text::render_resources(&excess.cubes),
            conditions: condition_text::render_conditions(&excess.cubes),
            cubes: &excess.cubes,
            more: excess.more,
            witness: &excess.witness,
            expected: excess.expected.as_ref().map(NearestDeclaredJson::from),
        }
    }
}

impl<'a> From<&'a NearestDeclaredStatement> for NearestDeclaredJson<'a> {
    fn from(nearest: &'a NearestDeclaredStatement) -> NearestDeclaredJson<'a> {
        NearestDeclaredJson {
            document: &nearest.document,
            statement: nearest.statement,
            sid: nearest.sid.as_deref(),
            place: &nearest.place,
            why: &nearest.why,
            text: render_nearest(nearest),
        }
    }
}

impl<'a> From<&'a EscalationStep> for EscalationStepJson<'a> {
    fn from(step: &'a EscalationStep) -> EscalationStepJson<'a> {
        EscalationStepJson {
            from: &step.from,
            to: &step.to,
            summary: render_step(step),
            paths: step.techniques.iter().map(|technique| technique.id.as_str()).collect(),
            witnesses: &step.witnesses,
            assumptions: &step.assumptions,
            declared: step.declared,
        }
    }
}
