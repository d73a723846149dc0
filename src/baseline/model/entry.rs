//! `[settings]`, `[[principal]]` and `[[ignore]]`.

use super::assumable_by::DeclaredAssumers;
use super::ceiling::Ceiling;
use super::principal_class::PrincipalClass;
use super::selector::Selector;
use super::spanned::Spanned;
use crate::iam::ArnGlob;
use crate::source::Span;

/// `[settings]`.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Whether hints (trust, tags, names) classify undeclared principals. Default: true.
    pub agent_hints: bool,
    /// Whether to check what an agent could destroy with an operator's credentials. Default: true.
    pub through_agents: bool,
}

/// One `[[principal]]`: which principals it declares, and what it declares for them.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `name`, unique among the entries.
    pub name: Spanned<String>,
    /// `match` and `tags`.
    pub selector: Selector,
    /// `kind`.
    pub class: PrincipalClass,
    /// `owner`: the person or team to contact.
    pub owner: Option<String>,
    /// `allow`, `levels` and `resources`: their union is the ceiling.
    pub ceiling: Ceiling,
    /// `assumable_by`: who may assume the role. `None` if the entry does not restrict it.
    pub assumable_by: Option<DeclaredAssumers>,
    /// `boundary`: the permissions boundary that must be attached.
    pub boundary: Option<BoundaryRequirement>,
    /// `narrower_than`: the entry whose principals must have strictly more access than these.
    pub narrower_than: Option<Spanned<String>>,
    /// `guards`: the guards that must be enforced.
    pub guards: Vec<Spanned<String>>,
    /// `overrides`: the entries that this entry takes precedence over if both match.
    pub overrides: Vec<Spanned<String>>,
    /// Where the entry begins.
    pub span: Span,
}

/// `boundary` of an entry: the ARN of the attached permissions boundary must match one of the globs.
#[derive(Clone, Debug)]
pub struct BoundaryRequirement {
    /// The globs, in order.
    pub globs: Vec<ArnGlob>,
    /// The position of the key.
    pub span: Span,
}

/// One `[[ignore]]`: principals that are not audited, and why.
#[derive(Clone, Debug)]
pub struct Ignore {
    /// `match` and `tags`.
    pub selector: Selector,
    /// `reason`.
    pub reason: String,
    /// Where the table begins.
    pub span: Span,
}
