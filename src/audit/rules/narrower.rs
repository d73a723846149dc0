//! IAM011: the principal may not do all that is declared.

use super::judged::Judged;
use super::{About, Rule, RuleId};
use crate::access::{PolicyOrigin, PolicyRef};
use crate::audit::advice;
use crate::audit::count::count;
use crate::audit::excess::Telling;
use crate::audit::finding::Finding;
use crate::audit::severity::Severity;

static ABOUT: About = About {
    id: RuleId::Narrower,
    title: "narrower than declared",
    on_by_default: false,
    explanation: "
**What it does.** Finds principals that may not do all that their ceiling allows, by declaring statement.

**Why is this bad?** It is no drift. But a ceiling with room lets permissions grow unseen up to it, and work that
was agreed on may fail.

**Example.** The ceiling allows `s3:*` on the reports bucket; the role reads it and has never written.

**How to fix it.** Narrow the ceiling to what is needed. Where the permission is needed, grant it.

**How to accept it.** It is information, and does not count for the exit status. Leave the rule off.
",
};

/// IAM011.
pub(super) struct Narrower;

impl Rule for Narrower {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn of_principal(&self, judged: &Judged<'_>) -> Option<Finding> {
        let subject = judged.subject;
        // With something missing it may do more than the layers at hand say.
        if subject.entry.is_none() || !subject.missing.is_empty() {
            return None;
        }
        let policy = |d: &crate::baseline::CeilingDocument| PolicyRef {
            name: d.name.clone(),
            origin: PolicyOrigin::Given,
            document: d.document.clone(),
        };
        let policies: Vec<PolicyRef> = subject.declared.documents.iter().map(policy).collect();
        let (asker, other) = (judged.asker, &subject.layers);
        let telling = Telling { asker, subject, policies: &policies, other, latent: false, is_agent: false };
        let mut told = telling.tell(&judged.answer.narrower);
        if told.excess.is_empty() {
            return None;
        }
        told.severity = Severity::Info;
        told.excess.iter_mut().for_each(|excess| excess.severity = Severity::Info);
        let title = format!("may not do {} that its ceiling allows", count(told.action_count, "action"));
        let advice = advice::widen(&told);
        Some(judged.finding(RuleId::Narrower, title, told, advice))
    }
}
