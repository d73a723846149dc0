//! A finding in the JSON report: its data, with every sentence rendered.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::action_tables::ActionTables;
use super::advice_json::{AdviceJson, build_advice};
use crate::audit::{
    AcceptedException, ActionAccessLevel, ClassMember, DeclaredClass, EscalationStep, Excess, Finding, FindingClass,
    FindingState, FixVerification, GrantingStatement, MismatchReason, NearestDeclaredStatement, PathFix, RuleId,
    Severity, Witness,
};
use crate::report::text::{condition_text, render_nearest, render_reason, render_step, render_title};
use crate::solve::Cube;
use crate::source::Place;

/// What one rule found about principals, or about the baseline. Principals share a finding if it is the same for each but for
/// the ARN, the account and the places; the finding is then that of the first.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Finding")]
pub struct FindingJson<'a> {
    /// The rule.
    pub rule: RuleId,
    /// The severity.
    pub severity: Severity,
    /// Whether somebody must act on it.
    pub state: FindingState,
    /// What identifies the finding of the first principal for as long as it exists, whatever it grows or shrinks to:
    /// `iam001/111122223333/role/operators/x`.
    pub key: &'a str,
    /// Sixteen hexadecimal digits that identify what the finding of the first principal contains now.
    pub fingerprint: &'a str,
    /// The principals. Empty if the finding is about the baseline. If it is about several principals of an entry (IAM004: what an
    /// agent could do with their credentials), they have one key, and the worst comes first.
    pub principals: Vec<FindingPrincipalJson<'a>>,
    /// What was found, in one line: `214 actions beyond its declared ceiling (57 destructive)`.
    pub title: String,
    /// The number of actions. 0 for actions that AWS has not released.
    pub action_count: usize,
    /// The number of destructive actions among them.
    pub destructive_count: usize,
    /// The excess of the first principal by granting statement, the worst first. What it exceeds depends on the rule: the declared ceiling,
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
    pub fix: Option<FixJson<'a>>,
    /// What else can be done: changes of the baseline, and what a person must decide.
    pub advice: Vec<AdviceJson<'a>>,
    /// The exception that accepts the finding of the first principal. An accepted finding does not affect the exit status.
    pub accepted: Option<&'a AcceptedException>,
}

/// A principal of a finding.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "FindingPrincipal")]
pub struct FindingPrincipalJson<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// Its name, without the path.
    pub name: &'a str,
    /// Whether the baseline declares it, and with which class.
    pub kind: DeclaredClass,
    /// The owner that the baseline declares. None if it declares none.
    pub owner: Option<&'a str>,
    /// The name of the baseline entry that applies. None if no single entry applies.
    pub entry: Option<&'a str>,
    /// The id of its account.
    pub account: &'a str,
    /// The name of its account. None if the snapshot has none.
    pub account_name: Option<&'a str>,
    /// What identifies its finding for as long as that exists.
    pub key: &'a str,
    /// Sixteen hexadecimal digits that identify what its finding contains now.
    pub fingerprint: &'a str,
    /// Where it is in the snapshot.
    pub place: &'a Place,
    /// When an audit first found it: RFC 3339. None if the history does not say.
    pub first_seen: Option<&'a str>,
    /// The exception that accepts its finding.
    pub accepted: Option<&'a AcceptedException>,
}

/// Edits of the account.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Fix")]
pub struct FixJson<'a> {
    /// `true` if all steps together were tried on a copy of the snapshot: the finding is gone or smaller, nothing that is
    /// declared and allowed is lost, no other finding appears or grows, and the quotas of AWS hold. `"not_run"` if they were
    /// not tried.
    #[schemars(extend("enum" = [true, "not_run"]))]
    pub verified: Value,
    /// The number of actions that are left of the finding. 0 if it is gone, None if the steps were not tried.
    pub left: Option<usize>,
    /// The steps, in order. All are needed.
    pub steps: Vec<AdviceJson<'a>>,
}

/// Access that one statement grants beyond what is declared.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Excess")]
pub struct ExcessJson<'a> {
    /// The granting statement.
    pub granted_by: &'a GrantingStatement,
    /// The severity of its worst action.
    pub severity: Severity,
    /// The actions: the position of a list in `action_lists`, from 0.
    pub actions: usize,
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

impl<'a> FindingJson<'a> {
    /// The finding of a class. Its lists of actions have positions in no report.
    pub fn from_class(class: &'a FindingClass) -> FindingJson<'a> {
        FindingJson::new(class, &mut ActionTables::default())
    }

    /// The finding of a class.
    pub(super) fn new(class: &'a FindingClass, tables: &mut ActionTables) -> FindingJson<'a> {
        let finding = &class.finding;
        FindingJson {
            rule: finding.rule,
            severity: finding.severity,
            state: finding.state(),
            key: &finding.key,
            fingerprint: &finding.fingerprint,
            principals: class.members.iter().map(FindingPrincipalJson::from).collect(),
            title: render_title(&finding.title),
            action_count: finding.action_count,
            destructive_count: finding.destructive_count,
            excess: finding.excess.iter().map(|excess| ExcessJson::new(excess, tables)).collect(),
            reasons: finding.reasons.iter().map(render_reason).collect(),
            path: to_steps(&finding.path),
            other_paths: finding.other_paths.iter().map(|path| to_steps(path)).collect(),
            also_reaches: &finding.also_reaches,
            path_fixes: &finding.path_fixes,
            place: finding.place.as_ref(),
            fix: FixJson::from_finding(finding),
            advice: build_advice(finding.remediations.iter().filter(|remediation| !remediation.is_edit())),
            accepted: finding.accepted.as_ref(),
        }
    }
}

impl<'a> From<&'a ClassMember> for FindingPrincipalJson<'a> {
    fn from(member: &'a ClassMember) -> FindingPrincipalJson<'a> {
        let principal = &member.principal;
        FindingPrincipalJson {
            arn: &principal.arn,
            name: &principal.name,
            kind: principal.kind,
            owner: principal.owner.as_deref(),
            entry: principal.entry.as_deref(),
            account: &principal.account,
            account_name: principal.account_name.as_deref(),
            key: &member.key,
            fingerprint: &member.fingerprint,
            place: &principal.place,
            first_seen: member.first_seen.as_deref(),
            accepted: member.accepted.as_ref(),
        }
    }
}

impl<'a> FixJson<'a> {
    /// The fix of a finding, if it has one.
    fn from_finding(finding: &'a Finding) -> Option<FixJson<'a>> {
        let steps = build_advice(finding.remediations.iter().filter(|remediation| remediation.is_edit()));
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

impl<'a> ExcessJson<'a> {
    fn new(excess: &'a Excess, tables: &mut ActionTables) -> ExcessJson<'a> {
        ExcessJson {
            granted_by: &excess.granted_by,
            severity: excess.severity,
            actions: tables.add_list(&excess.actions),
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
