//! IAM008: the declared boundary is missing, or the principal can change it.

use super::context::RuleContext;
use super::{Rule, RuleId, RuleInfo};
use crate::audit::checks::boundary_check::{
    CREATE_POLICY_ACTION, REMOVE_BOUNDARY_ACTIONS, REWRITE_POLICY_ACTIONS, SET_BOUNDARY_ACTIONS,
};
use crate::audit::model::finding::Finding;
use crate::audit::model::fingerprint::compute_fingerprint;
use crate::audit::model::severity::Severity;
use crate::audit::subject::check::CheckKind;
use crate::base::plural::format_count;
use crate::iam::ActionPattern;

static INFO: RuleInfo = RuleInfo {
    id: RuleId::Boundary,
    title: "declared boundary missing, or changeable by the principal itself",
    on_by_default: true,
    explanation: "
**What it does.** Where an entry declares a `boundary`, each of its principals must have a permissions boundary that the
glob matches. And it must not be able to get past it: to take a boundary off or to set another one
(`iam:DeleteRolePermissionsBoundary`, `iam:PutRolePermissionsBoundary`, the same of users), to give the boundary's policy
another content (`iam:CreatePolicyVersion`, `iam:SetDefaultPolicyVersion`), or to make a user or role without it
(`iam:CreateUser`, `iam:CreateRole` where `iam:PermissionsBoundary` is missing or another). Where the glob leaves room for
several policies and the principal may set one, it must not be able to write such a policy either (`iam:CreatePolicy`).
Decided over effective access: the boundary itself, denies, conditions and SCPs count. A boundary that is in use cannot be
deleted, nor the version of its policy that is in force, so that is no way past it. What others there already are without
the boundary, and can be become, is reach (IAM005).

**Why is this bad?** A boundary is what lets a team, or an agent, manage roles without becoming an administrator. Whoever
can lift it has no boundary.

**Example.** `agents/builder` has the boundary `agent-boundary`, whose policy allows `iam:*` on roles of its own path: it
takes the boundary off a role that it has made, and is what that role is.

**How to fix it.** Attach the boundary. Deny the four kinds of requests in the boundary's own policy: taking off on
everything, rewriting on the policy's ARN, setting and making unless `iam:PermissionsBoundary` is the boundary. Where the
glob is about several policies, deny `iam:CreatePolicy` on such names, too.

**How to accept it.** Leave `boundary` out of the entry, in review, or except the finding for a while with an
`[[exception]]`.
",
};

/// IAM008.
pub(super) struct BoundaryRule;

impl Rule for BoundaryRule {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn find_all_for_principal(&self, context: &RuleContext<'_>) -> Vec<Finding> {
        [find_missing_boundary(context), find_changeable_boundary(context)].into_iter().flatten().collect()
    }
}

fn find_missing_boundary(context: &RuleContext<'_>) -> Option<Finding> {
    let subject = context.subject;
    let requirement = subject.entry?.boundary.as_ref()?;
    let declared_glob = requirement.globs.first()?.as_str();
    let attached_arn = subject.principal.boundary.as_ref().map(|boundary| boundary.arn.as_str());
    if attached_arn.is_some_and(|arn| requirement.globs.iter().any(|glob| glob.matches(arn))) {
        return None;
    }
    let title = match attached_arn {
        Some(attached_arn) => format!("its boundary is {attached_arn}, and not {declared_glob}"),
        None => format!("its declared boundary {declared_glob} is not attached"),
    };
    let severity = if subject.is_agent() { Severity::High.raise_one_step() } else { Severity::High };
    let arn = subject.principal.arn.as_str();
    Some(Finding {
        rule: RuleId::Boundary,
        severity,
        fingerprint: compute_fingerprint(RuleId::Boundary, arn, severity, [title.clone()]),
        principal: Some(subject.principal_ref.clone()),
        title,
        action_count: 0,
        destructive_count: 0,
        excess: Vec::new(),
        reasons: vec![format!(
            "\"{}\" declares it: {}",
            subject.entry?.name.value,
            context.baseline.place(requirement.span)
        )],
        path: Vec::new(),
        place: Some(subject.principal.place.clone()),
        advice: vec![format!("set {declared_glob} as its permissions boundary")],
        first_seen: None,
        accepted: None,
    })
}

fn find_changeable_boundary(context: &RuleContext<'_>) -> Option<Finding> {
    let subject = context.subject;
    if subject.has_missing_restricting_layer() {
        return None;
    }
    let mut checks = subject.checks.iter().zip(&context.analysis.check_results);
    let (check, excess) = checks.find(|(topic, _)| topic.kind == CheckKind::Boundary)?;
    let report = context.render_check_excess(excess, check, subject.is_agent());
    if report.excess.is_empty() {
        return None;
    }
    let catalog = context.analyzer.catalog();
    let allows_any = |names: &[&str]| {
        let patterns: Vec<ActionPattern> = names.iter().filter_map(|name| ActionPattern::parse(name)).collect();
        excess.values().any(|statement_excess| {
            patterns.iter().any(|pattern| statement_excess.actions.matches_pattern(catalog, pattern))
        })
    };
    let [put_role, put_user, create_role, create_user] = SET_BOUNDARY_ACTIONS;
    let capabilities = [
        (allows_any(&REMOVE_BOUNDARY_ACTIONS), "take a boundary off"),
        (allows_any(&[put_role, put_user]), "set another one"),
        (allows_any(&REWRITE_POLICY_ACTIONS), "rewrite it"),
        (allows_any(&[CREATE_POLICY_ACTION]), "make another one of such a name"),
        (allows_any(&[create_role, create_user]), "make a principal without it"),
    ];
    let phrases: Vec<&str> = capabilities.iter().filter(|(may, _)| *may).map(|(_, words)| *words).collect();
    let title = format!("can get past its boundary: it may {}", phrases.join(", "));
    let advice = vec![format!(
        "deny {} in the boundary's own policy, as IAM008 in docs/rules.md tells",
        if report.action_count == 1 {
            "that".to_owned()
        } else {
            format!("these {}", format_count(report.action_count, "action"))
        }
    )];
    let mut finding = context.build_finding(RuleId::Boundary, title, report, advice);
    finding.reasons = context.caveats();
    Some(finding)
}
