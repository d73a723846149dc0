//! IAM004: a guard is not enforced, or is ineffective.

use super::context::RuleContext;
use super::judgement::{ComparedAccess, ExtentItems, Judgement, OfferedIf};
use super::rule::{Rule, RuleInfo, RuleInput};
use std::sync::Arc;

use crate::access::{Layers, Request};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::analysis::guard_bypass::bypass::GuardBypass;
use crate::audit::analysis::guard_bypass::guard_condition::free_guard_keys;
use crate::audit::explain::deny_statement;
use crate::audit::explain::excess_report::{Actor, ExcessRenderer, ExcessReport};
use crate::audit::explain::suggest_denial::suggest_denial;
use crate::audit::model::finding::Finding;
use crate::audit::model::finding_key::KeyPart;
use crate::audit::model::remediation::{DenyScope, Remediation};
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::severity::Severity;
use crate::audit::model::title::Title;
use crate::audit::subject::check::{Check, CheckKind};
use crate::baseline::{Guard, GuardSeverity};
use crate::solve::{Access, ActionWorld};

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Unguarded,
    explanation: "
**What it does.** Checks three things:

- A `[[guard]]` that an entry names must be enforced: no request of its actions may be allowed unless its `unless` block
  is met. A request that is allowed without it is the proof.
- An enforced guard must be effective: the principal must not be able to satisfy the condition by itself. It is
  ineffective if the principal has the tag permanently, can set it (`iam:TagRole` or `iam:TagUser` on itself, or a tag of
  the resource), can federate itself with it, if callers that assume the role can set it (`sts:TagSession` or
  `sts:SetSourceIdentity` in the trust policy), if the role can rewrite its own trust policy so that they can, if it can
  change an identity provider that its trust policy names (`iam:UpdateSAMLProvider`), or if the caller chooses the value.
- For operators, the rule looks for destructive actions that an agent could perform with their credentials through an AWS
  MCP server (`aws:ViaAWSMCPService`). Requests of a persona of kind `agent` are not considered, nor requests that a
  guard covers that requires another person or excludes agents. Nobody declared this question. Its answer is therefore
  one finding for each entry, and one for all undeclared operators, with the operators and a request of the one who can
  destroy the most. Its severity is medium, or one step below the least severe guard of the entry.

`policies/` has guards and the policies that enforce them. [guards.md](guards.md) has the details.

**Why is this bad?** No approval is required: any person or program with the credentials can perform the destructive
action alone.

**Example.** The guard \"second person\" requires `aws:PrincipalTag/change-approval` for destructive actions. The role of
the operator can call `cloudformation:DeleteStack` without it. Or no such request is allowed, but the role can call
`iam:TagRole` on itself.

**How to fix it.** Attach the policies that the finding shows, or one of `policies/guards/`, to the principal or as an SCP. The
finding shows several policies if one would exceed the size that AWS allows.
If a guard is ineffective, remove the permission to set the value: let a broker or the identity provider set it. Declare
what agents can do with the credentials of an operator with a `[[persona]]`.

**How to accept it.** Remove the guard from the entry and have the change reviewed, or accept the finding for a limited
time with `iamdrift baseline accept`: requests that are accepted now stay accepted, others are reported. `through_agents = false` in `[settings]` turns the check of agents off for all operators.
",
};

/// IAM004.
pub(super) struct UnguardedRule;

impl Rule for UnguardedRule {
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding> {
        let RuleInput::Principal(context) = input else { return Vec::new() };
        if context.subject.has_missing_restricting_layer() {
            return Vec::new();
        }
        let mut findings = Vec::new();
        for (check, excess) in context.subject.checks.iter().zip(&context.analysis.check_results) {
            match check.kind {
                CheckKind::Guard(index) => {
                    findings.extend(find_unenforced_guard(context, guard_at(context, index), check, excess));
                }
                // `agent_use` reports it for all operators of an entry together.
                CheckKind::DelegatedAgent => {}
                CheckKind::Persona(_) | CheckKind::Boundary => {}
            }
        }
        for (index, bypasses) in context.guard_bypasses {
            findings.push(build_ineffective_guard_finding(context, guard_at(context, *index), bypasses));
        }
        findings
    }
}

fn guard_at<'c>(context: &RuleContext<'c>, index: usize) -> &'c Guard {
    // INVARIANT: the planner takes the index from this baseline.
    context.baseline.guards.get(index).expect("the guard of a check exists")
}

/// A guard that is not enforced.
fn find_unenforced_guard(
    context: &RuleContext<'_>,
    guard: &Guard,
    check: &Check,
    excess: &ExcessByStatement,
) -> Option<Finding> {
    if context.keep_proven(excess).is_empty() {
        return None;
    }
    let name = &guard.name.value;
    let key = context.key(RuleId::Unguarded, KeyPart::Guard(name));
    let judgement = context.judge_check((RuleId::Unguarded, key), excess, check);
    let mut report = context.report_check_excess(&judgement.excess, check, Actor::of_principal(context.subject));
    let title = Title::GuardNotEnforced { guard: name.clone(), actions: report.counts, keys: list_guard_keys(guard) };
    report.severity = rate_guard(guard);
    let denial = deny_statement::deny_unless(&report, &guard.unless)
        .and_then(|statements| suggest_denial(context.subject, DenyScope::UnlessGuard, statements));
    let remediation = denial.unwrap_or_else(|| Remediation::DenyUnlessGuard { guard: name.clone() });
    let finding = context.start_finding(RuleId::Unguarded, title, report);
    let finding = judgement.apply(finding);
    Some(finding.causes([format!("guard {name}")]).remediations([remediation]).reasons(context.caveats()).build())
}

/// A guard that the principal satisfies by itself.
fn build_ineffective_guard_finding(context: &RuleContext<'_>, guard: &Guard, bypasses: &[GuardBypass]) -> Finding {
    let no_layers = Layers::from_identity(Vec::new());
    let mut report = match bypasses.iter().find(|bypass| !bypass.proof.is_empty()) {
        Some(bypass) => {
            ExcessRenderer { policies: &bypass.policies, expected_layers: &no_layers, ..context.renderer() }
                .render(&bypass.proof)
        }
        None => ExcessReport::empty(),
    };
    report.severity = rate_guard(guard);
    let name = &guard.name.value;
    let judgement = judge_guarded_access(context, guard, bypasses);
    let causes = bypasses.iter().map(|bypass| bypass.method.to_token());
    let methods = bypasses.iter().map(|bypass| bypass.method.clone()).collect();
    let title = Title::GuardIneffective { guard: name.clone(), methods };
    judgement
        .apply(context.start_finding(RuleId::Unguarded, title, report))
        .causes(causes)
        .causes([format!("void guard {name}")])
        .remediations([Remediation::RemoveBypass, Remediation::SetValueElsewhere])
        .reasons(context.caveats())
        .build()
}

/// Compares everything that the principal is allowed among the guarded actions with what is accepted. Another way
/// to satisfy the guard is not accepted.
fn judge_guarded_access(context: &RuleContext<'_>, guard: &Guard, bypasses: &[GuardBypass]) -> Judgement<'static> {
    static NOTHING: ExcessByStatement = ExcessByStatement::new();
    let is_of_guard = |check: &&Arc<Check>| match check.kind {
        CheckKind::Guard(index) => std::ptr::eq(guard_at(context, index), guard),
        _ => false,
    };
    // INVARIANT: a bypass is found for a guard that is checked.
    let check = context.subject.checks.iter().find(is_of_guard).expect("the check of a guard exists");
    let in_scope = context.restrict_to_scope(check);
    let is_excess = |request: &Request, interpretation| {
        context.allows(&context.subject.layers, request, interpretation)
            && context.allows(&check.scope.layers, request, interpretation)
    };
    let (expected, worlds, offered) = (&Access::default(), &[ActionWorld::Existing], OfferedIf::Open);
    // The principal satisfies the guard, although its own keys do not.
    let satisfied = free_guard_keys(&context.subject.known_context, guard);
    let known = Some(&satisfied);
    let compared = ComparedAccess { allowed: &in_scope, expected, is_excess: &is_excess, known, worlds, offered };
    let key = (RuleId::Unguarded, context.key(RuleId::Unguarded, KeyPart::GuardBypass(&guard.name.value)));
    let methods = bypasses.iter().map(|bypass| bypass.method.to_token()).collect();
    context.judge(key, &NOTHING, &compared).with_items(context, ExtentItems::from([("methods", methods)]))
}

/// The context keys of a guard.
fn list_guard_keys(guard: &Guard) -> Vec<String> {
    let mut keys: Vec<String> =
        guard.unless.conditions.iter().map(|condition| condition.key.as_written().to_owned()).collect();
    keys.dedup();
    keys
}

/// The declared severity of a guard.
pub(super) fn rate_guard(guard: &Guard) -> Severity {
    match guard.severity {
        GuardSeverity::Low => Severity::Low,
        GuardSeverity::Medium => Severity::Medium,
        GuardSeverity::High => Severity::High,
        GuardSeverity::Critical => Severity::Critical,
    }
}
