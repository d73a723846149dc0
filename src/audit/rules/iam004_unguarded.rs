//! IAM004: what is to be done under a guard only is allowed without it.

use super::context::RuleContext;
use super::{Rule, RuleId, RuleInfo};
use crate::access::Layers;
use crate::audit::analysis::guard_bypass::bypass::GuardBypass;
use crate::audit::explain::deny_statement;
use crate::audit::explain::excess_report::{ExcessRenderer, ExcessReport};
use crate::audit::model::finding::Finding;
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::audit::model::severity::Severity;
use crate::audit::subject::check::{Check, CheckKind};
use crate::base::plural::{format_count, format_destructive_share};
use crate::baseline::{Guard, GuardSeverity};

static INFO: RuleInfo = RuleInfo {
    id: RuleId::Unguarded,
    title: "destructive action without the declared guard (second person, MFA, …)",
    on_by_default: true,
    explanation: "
**What it does.** Three things. A `[[guard]]` that an entry names must hold: no request of its actions may be allowed
outside of its `unless`; a request that is, is the proof. A guard that holds must mean something: where the principal
can satisfy its condition alone, it is reported as void. It may have the tag for good, set it (`iam:TagRole` or
`iam:TagUser` on itself, a tag of the resource), federate itself with it, or whoever takes the role on may bring it
(`sts:TagSession` or `sts:SetSourceIdentity` in the trust policy); or the caller writes the value. And for operators: what
could an agent destroy that runs with their credentials, through an MCP server of AWS's (`aws:ViaAWSMCPService`), by
requests of which no persona of kind `agent` speaks, with no guard for it that asks for another person or keeps agents
out? `policies/` has guards to copy, and the policies by which they hold; all of it: [guards.md](guards.md).

**Why is this bad?** Nobody had to approve: whoever, or whatever, holds the credentials destroys on its own.

**Example.** The guard \"second person\" asks for `aws:PrincipalTag/change-approval` on what destroys. The operator's
role may `cloudformation:DeleteStack` without it. Or no such request is allowed, and the role may `iam:TagRole` itself.

**How to fix it.** Attach the statement that the finding shows, or one of `policies/guards/`, as a policy of the
principal or as an SCP. Where a guard is void, take away the way to set the value: let a broker or the identity provider
bring it. What agents may do with an operator's credentials can be declared with a `[[persona]]`.

**How to accept it.** Leave the guard off the entry, in review, or except the finding for a while with an
`[[exception]]`. `through_agents = false` in `[settings]` turns the question about agents off for all operators.
",
};

/// IAM004.
pub(super) struct UnguardedRule;

impl Rule for UnguardedRule {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn find_all_for_principal(&self, context: &RuleContext<'_>) -> Vec<Finding> {
        if context.subject.has_missing_restricting_layer() {
            return Vec::new();
        }
        let mut findings = Vec::new();
        for (check, excess) in context.subject.checks.iter().zip(&context.analysis.check_results) {
            let render = || context.render_check_excess(excess, check, context.subject.is_agent());
            match check.kind {
                CheckKind::Guard(index) => {
                    let Some(guard) = context.baseline.guards.get(index) else { continue };
                    findings.extend(find_unenforced_guard(context, guard, render()));
                }
                CheckKind::DelegatedAgent => findings.extend(find_delegated_agent_excess(context, check, render())),
                CheckKind::Persona(_) | CheckKind::Boundary => {}
            }
        }
        for (index, bypasses) in context.guard_bypasses {
            if let Some(guard) = context.baseline.guards.get(*index) {
                findings.push(build_ineffective_guard_finding(context, guard, bypasses));
            }
        }
        findings
    }
}

/// A guard that does not hold.
fn find_unenforced_guard(context: &RuleContext<'_>, guard: &Guard, mut report: ExcessReport) -> Option<Finding> {
    if report.excess.is_empty() {
        return None;
    }
    let extent = format!(
        "{}{}",
        format_count(report.action_count, "action"),
        format_destructive_share(report.destructive_count, report.action_count)
    );
    let verb = if report.action_count == 1 { "is" } else { "are" };
    let title =
        format!("\"{}\" does not hold: {extent}, {verb} allowed without {}", guard.name.value, join_guard_keys(guard));
    report.severity = rate_guard(guard);
    report.causes.push(format!("guard {}", guard.name.value));
    let advice = match deny_statement::render_deny_unless(&report, &guard.unless) {
        Some(text) => format!("deny it otherwise, in a policy of the principal or in an SCP:\n{text}"),
        None => format!("deny it where the condition of the guard \"{}\" does not hold", guard.name.value),
    };
    let mut finding = context.build_finding(RuleId::Unguarded, title, report, vec![advice]);
    finding.reasons = context.caveats();
    Some(finding)
}

/// What an agent could destroy with the credentials of an operator.
fn find_delegated_agent_excess(context: &RuleContext<'_>, check: &Check, mut report: ExcessReport) -> Option<Finding> {
    if report.excess.is_empty() {
        return None;
    }
    let title = format!(
        "an agent that runs with its credentials could do {}, and no guard stands between",
        format_count(report.destructive_count, "destructive action")
    );
    report.causes.push(check.name.clone());
    let when = serde_json::json!({ "Bool": { "aws:ViaAWSMCPService": "true" } });
    let mut advice = vec![format!(
        "deny it to agents, in a policy of the principal or in an SCP:\n{}",
        deny_statement::render_deny_where(&report, &when)
    )];
    if let Some(entry) = context.subject.entry {
        let entry_name = serde_json::Value::from(entry.name.value.as_str());
        let name = serde_json::Value::from(format!("{}, through an agent", entry.name.value));
        let when = "{ Bool = { \"aws:ViaAWSMCPService\" = \"true\" } }";
        advice.push(format!(
            "or declare what agents may do:\n[[persona]]\nname  = {name}\nof    = {entry_name}\nwhen  = {when}\nkind  = \"agent\"\nallow = []"
        ));
    }
    let mut finding = context.build_finding(RuleId::Unguarded, title, report, advice);
    finding.reasons = context.caveats();
    Some(finding)
}

/// A guard that the principal satisfies alone.
fn build_ineffective_guard_finding(context: &RuleContext<'_>, guard: &Guard, bypasses: &[GuardBypass]) -> Finding {
    let no_layers = Layers::from_identity(Vec::new());
    let proven_bypass = bypasses.iter().find(|bypass| !bypass.proof.is_empty());
    let mut report = match proven_bypass {
        Some(bypass) => ExcessRenderer {
            analyzer: context.analyzer,
            subject: context.subject,
            policies: &bypass.policies,
            expected_layers: &no_layers,
            is_future: false,
            is_agent: context.subject.is_agent(),
        }
        .render(&bypass.proof),
        None => ExcessReport::empty(),
    };
    let severity = rate_guard(guard);
    report.severity = severity;
    report.causes.extend(bypasses.iter().map(|bypass| bypass.method.to_token()));
    report.causes.push(format!("void guard {}", guard.name.value));
    let summaries: Vec<String> = bypasses.iter().map(|bypass| describe_method(&bypass.method)).collect();
    let title = format!("\"{}\" is void: {}", guard.name.value, summaries.join(", and "));
    let advice = vec![
        "take that away from the principal, and from those who take it on".to_owned(),
        "or let something bring the value that someone else decides on: an identity provider, a broker's role"
            .to_owned(),
    ];
    let mut finding = context.build_finding(RuleId::Unguarded, title, report, advice);
    finding.reasons = context.caveats();
    finding
}

fn describe_method(method: &GuardBypassMethod) -> String {
    match method {
        GuardBypassMethod::HasTag { key, value } => format!("it has {key} = \"{value}\" for good"),
        GuardBypassMethod::LacksTag { tag } => format!("it has no tag {tag}, and so is not asked for one"),
        GuardBypassMethod::SetsTag { key, action } => format!("it may set {key} itself ({action})"),
        GuardBypassMethod::RemovesTag { key, action } => format!("it may take {key} off itself ({action})"),
        GuardBypassMethod::FederatesWithTag { key, actions: [federate, tag] } => {
            format!("it may federate itself with {key} ({federate}, {tag})")
        }
        GuardBypassMethod::SetWhenAssumed { key, action } => {
            format!("whoever takes it on may bring {key} along ({action})")
        }
        GuardBypassMethod::ChosenByCaller { key } => format!("whoever calls chooses {key}"),
        GuardBypassMethod::SessionNameChosen { .. } => "whoever takes it on chooses the session's name".to_owned(),
    }
}

/// The keys that a guard asks for.
fn join_guard_keys(guard: &Guard) -> String {
    let mut keys: Vec<&str> = guard.unless.conditions.iter().map(|condition| condition.key.as_written()).collect();
    keys.dedup();
    keys.join(" and ")
}

fn rate_guard(guard: &Guard) -> Severity {
    match guard.severity {
        GuardSeverity::Low => Severity::Low,
        GuardSeverity::Medium => Severity::Medium,
        GuardSeverity::High => Severity::High,
        GuardSeverity::Critical => Severity::Critical,
    }
}
