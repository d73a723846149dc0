//! IAM002: the principal may do what AWS has not released yet.

use super::context::RuleContext;
use super::{Rule, RuleId, RuleInfo};
use crate::audit::model::finding::Finding;
use crate::base::plural::format_count;

static INFO: RuleInfo = RuleInfo {
    id: RuleId::Latent,
    title: "latent: allows actions that AWS has not released yet",
    on_by_default: true,
    explanation: "
**What it does.** Finds statements whose wildcard lets in actions that do not exist yet and that no declared pattern
would cover. Statements that already are in an IAM001 finding are left out: narrowing them comes first.

**Why is this bad?** Today the principal is as declared. The day AWS releases an action that the wildcard matches,
it is not, and no one has changed anything.

**Example.** The ceiling lists the actions of a service by name; the role's policy says `service:*`. Both allow
the same today.

**How to fix it.** Name the actions in the policy as the ceiling does, or declare the wildcard.

**How to accept it.** Declare the wildcard in the ceiling: then what AWS releases under it is expected. Or an `[[exception]]`
until the names are written out.
",
};

/// IAM002.
pub(super) struct LatentRule;

impl Rule for LatentRule {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn find_for_principal(&self, context: &RuleContext<'_>) -> Option<Finding> {
        if context.subject.entry.is_none() || context.subject.has_missing_restricting_layer() {
            return None;
        }
        let report = context.render_excess(&context.keep_proven(&context.analysis.future_excess), true);
        if report.excess.is_empty() {
            return None;
        }
        let mut patterns: Vec<&str> =
            report.excess.iter().flat_map(|e| e.actions.iter()).map(|action| action.pattern.as_str()).collect();
        patterns.sort_unstable();
        patterns.dedup();
        let title = match patterns.as_slice() {
            [pattern] => format!("may do what AWS releases under {pattern}"),
            [pattern, others @ ..] => {
                format!("may do what AWS releases under {pattern} and {}", format_count(others.len(), "other pattern"))
            }
            [] => "may do what AWS releases next".to_owned(),
        };
        let advice = report
            .excess
            .iter()
            .map(|excess| {
                let names: Vec<&str> = excess.actions.iter().take(3).map(|a| a.pattern.as_str()).collect();
                format!(
                    "in statement {} of {} name the actions instead of {}",
                    excess.granted_by.statement + 1,
                    excess.granted_by.policy,
                    names.join(", ")
                )
            })
            .collect();
        let mut finding = context.build_finding(RuleId::Latent, title, report, advice);
        finding.reasons = context.caveats();
        Some(finding)
    }
}
