//! A finding: one rule, one principal, and the proof.
//!
//! Names and texts that came from an account are kept as they came: the reports sanitise them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::action_list::{ActionAccessLevel, ActionList};
use super::declaration_status::DeclarationStatus;
use super::severity::Severity;
use crate::audit::rules::RuleId;
use crate::solve::Cube;
use crate::source::Place;

/// What one rule found of one principal, or of the baseline.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// How bad it is.
    pub severity: Severity,
    /// Sixteen hexadecimal digits that stay the same from week to week for the same finding.
    pub fingerprint: String,
    /// The principal; none where the finding is about the baseline.
    pub principal: Option<PrincipalRef>,
    /// What was found, in one line: `may do 214 actions beyond its ceiling, 57 of them destructive`.
    pub title: String,
    /// How many actions are concerned; for actions that do not exist yet, 0.
    pub action_count: usize,
    /// How many of them destroy.
    pub destructive_count: usize,
    /// What is allowed and not declared, by granting statement, the worst first. For IAM003, what an agent shares with
    /// its operator, or may beyond it; for IAM004 and IAM008, what is allowed against the duty, or makes it void. For
    /// IAM011, what is declared and not allowed, by declaring statement.
    pub excess: Vec<Excess>,
    /// Why it could not be decided (IAM010), or what is wrong with the baseline (IAM009), a line each.
    pub reasons: Vec<String>,
    /// How the principal comes to what it can become (IAM005), one step after the other.
    pub path: Vec<EscalationStep>,
    /// Where to look: the principal in the snapshot, or the place in the baseline.
    pub place: Option<Place>,
    /// What to do, the smallest edit first, a line each; a line may hold a snippet of several lines.
    pub advice: Vec<String>,
    /// When an audit first found it, where the history tells: RFC 3339.
    pub first_seen: Option<String>,
    /// The exception that accepts it for now. An accepted finding does not count for the exit status.
    pub accepted: Option<AcceptedException>,
}

/// A principal as a finding names it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PrincipalRef {
    /// Its ARN.
    pub arn: String,
    /// Its name, without its path.
    pub name: String,
    /// Whether the baseline declares it, and with which class.
    pub kind: DeclarationStatus,
    /// Whom to ask, where the baseline says so.
    pub owner: Option<String>,
    /// The number of its account.
    pub account: String,
}

/// What one statement allows beyond what is declared.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Excess {
    /// The statement.
    pub granted_by: GrantingStatement,
    /// How bad this part is.
    pub severity: Severity,
    /// The actions as a person would write them, the most alarming first. No pattern covers more than what is
    /// in excess.
    pub actions: ActionList,
    /// How many actions these are.
    pub action_count: usize,
    /// How many of them destroy.
    pub destructive_count: usize,
    /// How many there are of each access level.
    pub levels: BTreeMap<ActionAccessLevel, usize>,
    /// On what: the resource patterns of the excess; empty where it is any resource of these actions.
    pub resources: Vec<String>,
    /// When: a line for each condition that must hold; empty where no condition stands in the way.
    pub conditions: Vec<String>,
    /// The exact difference for the witness's action, as disjoint sets of requests, up to a limit.
    pub cubes: Vec<Cube>,
    /// Whether there are more of them.
    pub more: bool,
    /// A request that is allowed and not declared; its action is the most alarming one.
    pub witness: Witness,
    /// What was declared, as near as it comes to the witness; none where the ceiling is empty.
    pub expected: Option<NearestDeclaredStatement>,
}

/// The statement that allows an excess.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct GrantingStatement {
    /// The policy's name, or a ceiling's document (IAM011).
    pub policy: String,
    /// The ARN of a managed policy, or of the resource whose policy it is.
    pub arn: Option<String>,
    /// How the principal comes by it.
    pub origin: PolicySource,
    /// The statement's position in its document, from 0. Reports for people count from 1.
    pub statement: usize,
    /// The statement's `Sid`.
    pub sid: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// How a principal comes by a policy.
#[derive(Clone, Debug, Eq, PartialEq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum PolicySource {
    /// Written into the principal.
    Inline,
    /// A managed policy attached to it.
    Attached,
    /// Written into a group of that name.
    InlineOfGroup(String),
    /// Attached to a group of that name.
    AttachedToGroup(String),
    /// The policy of a resource.
    ResourcePolicy,
    /// A permissions boundary.
    Boundary,
    /// A role's trust policy.
    Trust,
    /// A policy that the principal can give itself (IAM005).
    Itself,
    /// A policy of the organization.
    Organization,
    /// The baseline's ceiling (IAM011).
    Ceiling,
}

impl std::fmt::Display for PolicySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PolicySource::Inline => f.write_str("inline"),
            PolicySource::Attached => f.write_str("attached"),
            PolicySource::InlineOfGroup(group) => write!(f, "inline of group {group}"),
            PolicySource::AttachedToGroup(group) => write!(f, "attached to group {group}"),
            PolicySource::ResourcePolicy => f.write_str("resource policy"),
            PolicySource::Itself => f.write_str("given by itself"),
            PolicySource::Trust => f.write_str("of the role"),
            PolicySource::Boundary => f.write_str("permissions boundary"),
            PolicySource::Organization => f.write_str("organization"),
            PolicySource::Ceiling => f.write_str("ceiling"),
        }
    }
}

/// A request that proves the finding.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Witness {
    /// The action: `cloudformation:DeleteStack`.
    pub action: String,
    /// The ARN of the resource, or `*`.
    pub resource: String,
    /// Every context key that the request needs, with its values; a key that is not here is missing.
    pub context: BTreeMap<String, Vec<String>>,
}

/// One step by which a principal becomes another, or makes itself broader.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EscalationStep {
    /// The ARN of who takes it.
    pub from: String,
    /// The ARN of whom that makes of it; the same where it makes itself broader.
    pub to: String,
    /// What it does: `passes it to a new Lambda function and invokes that`.
    pub summary: String,
    /// The ids of the paths that it takes (`docs/reach.md`): one, or one that widens the target and one that becomes it.
    pub paths: Vec<String>,
    /// The requests that it takes, in order; each is allowed.
    pub witnesses: Vec<Witness>,
    /// What it rests on and the snapshot does not tell.
    pub assumptions: Vec<String>,
    /// Whether the role that is assumed lists it in `assumable_by`.
    pub declared: bool,
}

/// The declared statement that comes nearest to the witness.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct NearestDeclaredStatement {
    /// The ceiling's document, as the baseline names it.
    pub document: String,
    /// The statement's position in it, from 0.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// What of it the witness does not meet.
    pub why: MismatchReason,
    /// The same in words: `action not listed by any statement`.
    pub text: String,
}

/// What of a declared statement a witness does not meet.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum MismatchReason {
    /// No statement lists the action.
    ActionNotListed,
    /// The statement lists the action, on other resources.
    ResourceNotListed,
    /// The statement lists action and resource, under a condition that does not hold.
    ConditionFails {
        /// The operator, with its prefix and suffix.
        operator: String,
        /// The context key.
        key: String,
    },
    /// The statement denies it.
    Denied,
}

/// An exception that accepts a finding.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AcceptedException {
    /// Why.
    pub reason: String,
    /// Who asked.
    pub requested_by: String,
    /// Who agreed.
    pub approved_by: String,
    /// The last day on which it holds: `2026-12-31`.
    pub expires: String,
    /// Where the baseline says so.
    pub place: Place,
}
