//! What a rule is.

use super::context::{BaselineContext, RuleContext};
use crate::audit::model::finding::Finding;
use crate::audit::model::rule_id::RuleId;

/// The documentation of a rule. Its title and whether it runs by default are methods of [`RuleId`].
#[derive(Debug)]
pub struct RuleInfo {
    /// The rule.
    pub id: RuleId,
    /// What it does, why the finding matters, an example, how to fix it, and how to accept it: Markdown.
    pub explanation: &'static str,
}

/// What a rule examines.
#[derive(Clone, Copy)]
pub(in crate::audit) enum RuleInput<'a> {
    /// One principal.
    Principal(&'a RuleContext<'a>),
    /// The baseline itself.
    Baseline(&'a BaselineContext<'a>),
}

/// One rule.
pub(in crate::audit) trait Rule: Sync {
    /// The findings of the rule. A rule that does not examine this input finds nothing.
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding>;
}
