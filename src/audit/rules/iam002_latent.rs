//! IAM002: a wildcard will allow actions that AWS has not released.

use super::context::RuleContext;
use super::judgement::{ComparedAccess, OfferedIf};
use super::rule::{Rule, RuleInfo, RuleInput};
use crate::access::Request;
use crate::audit::extent::latent_access::LatentAccess;
use crate::audit::model::finding::Finding;
use crate::audit::model::finding_key::KeyPart;
use crate::audit::model::remediation::Remediation;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::title::Title;
use crate::solve::ActionWorld;

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Latent,
    explanation: "
**What it does.** Finds statements with a wildcard that will allow future actions, if no declared pattern matches those
actions. Statements that are part of an IAM001 finding are not reported again: restrict those first. If an exception accepts
the IAM001 finding, the future actions that exceed what it accepts are reported.

**Why is this bad?** Today the principal is as declared. When AWS releases an action that the wildcard matches, it no
longer is, although nobody changed anything.

**Example.** The ceiling lists the actions of a service by name. The policy of the role allows `service:*`. Both allow
the same actions today.

**How to fix it.** List the actions in the policy as the ceiling does, or declare the wildcard.

**How to accept it.** Declare the wildcard in the ceiling: future actions that it matches are then declared. Or accept
the finding with `iamdrift baseline accept` until the policy lists the actions.
",
};

/// The number of wildcards that one remediation names.
const MAX_NAMED_PATTERNS: usize = 3;

/// IAM002.
pub(super) struct LatentRule;

impl Rule for LatentRule {
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding> {
        let RuleInput::Principal(context) = input else { return Vec::new() };
        find_future_access(context).into_iter().collect()
    }
}

fn find_future_access(context: &RuleContext<'_>) -> Option<Finding> {
    if context.subject.entry.is_none() || context.subject.has_missing_restricting_layer() {
        return None;
    }
    let future_excess = &context.analysis.future_excess;
    if context.keep_proven(future_excess).is_empty() {
        return None;
    }
    let (subject, excess) = (context.subject, &context.analysis.excess);
    let latent = LatentAccess::new(subject, context.effective, excess, context.accepted_extents);
    let is_excess = |request: &Request, interpretation| latent.is_excess(context.analyzer, request, interpretation);
    let (allowed, expected, worlds) = (&latent.allowed, &latent.expected, &[ActionWorld::Future]);
    let compared =
        ComparedAccess { allowed, expected, is_excess: &is_excess, known: None, worlds, offered: OfferedIf::Open };
    let key = context.key(RuleId::Latent, KeyPart::Only);
    let judgement = context.judge((RuleId::Latent, key), future_excess, &compared);
    let report = context.report_future_excess(&judgement.excess);
    let patterns = report.list_patterns();
    let remediations = context.narrowing().suggest(&report, |excess, edit| Remediation::ListActions {
        patterns: excess.actions.iter().take(MAX_NAMED_PATTERNS).map(|a| a.pattern.clone()).collect(),
        edit,
    });
    let finding = context.start_finding(RuleId::Latent, Title::FutureActions { patterns }, report);
    Some(judgement.apply(finding).remediations(remediations).reasons(context.caveats()).build())
}
