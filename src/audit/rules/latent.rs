//! IAM002: the principal may do what AWS has not released yet.

use super::judged::Judged;
use super::{About, Rule, RuleId};
use crate::audit::count::count;
use crate::audit::finding::Finding;

static ABOUT: About = About {
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
pub(super) struct Latent;

impl Rule for Latent {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn of_principal(&self, judged: &Judged<'_>) -> Option<Finding> {
        if judged.subject.entry.is_none() || judged.subject.may_be_narrower() {
            return None;
        }
        let told = judged.tell(&judged.proven(&judged.answer.latent), true);
        if told.excess.is_empty() {
            return None;
        }
        let mut patterns: Vec<&str> =
            told.excess.iter().flat_map(|e| e.actions.iter()).map(|action| action.pattern.as_str()).collect();
        patterns.sort_unstable();
        patterns.dedup();
        let title = match patterns.as_slice() {
            [one] => format!("may do what AWS releases under {one}"),
            [one, others @ ..] => {
                format!("may do what AWS releases under {one} and {}", count(others.len(), "other pattern"))
            }
            [] => "may do what AWS releases next".to_owned(),
        };
        let advice = told
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
        let mut finding = judged.finding(RuleId::Latent, title, told, advice);
        finding.reasons = judged.caveats();
        Some(finding)
    }
}
