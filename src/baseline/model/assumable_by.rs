//! `assumable_by`: who may assume a role.

use super::condition_block::ConditionBlock;
use crate::base::glob::Glob;
use crate::source::Span;

/// `assumable_by` of an entry.
#[derive(Clone, Debug)]
pub struct DeclaredAssumers {
    /// The declared assumers, in order. No other principal may assume the role.
    pub assumers: Vec<DeclaredAssumer>,
    /// The position of the key.
    pub span: Span,
}

/// One declared assumer of a role.
#[derive(Clone, Debug)]
pub struct DeclaredAssumer {
    /// A glob over the ARN of a user, a role or an identity provider; an account number; or the name of a service.
    pub pattern: Glob,
    /// `when`: the conditions that the request must satisfy. `None` if every request of these principals is declared.
    pub when: Option<ConditionBlock>,
    /// The position of the item.
    pub span: Span,
}
