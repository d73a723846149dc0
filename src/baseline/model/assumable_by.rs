//! `assumable_by`: who may assume a role.

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
    /// `when`: the requests that may assume the role, as the `Condition` block of a policy. `None` for all requests.
    pub when: Option<serde_json::Value>,
    /// The position of the item.
    pub span: Span,
}
