//! `[[persona]]`: a second ceiling for some requests of an entry's principals.

use super::ceiling::Ceiling;
use super::condition_block::ConditionBlock;
use super::principal_class::PrincipalClass;
use super::spanned::Spanned;
use crate::source::Span;

/// One `[[persona]]`.
#[derive(Clone, Debug)]
pub struct Persona {
    /// `name`, unique among the personas.
    pub name: Spanned<String>,
    /// `of`: the name of the entry.
    pub entry: Spanned<String>,
    /// `when`: the requests that the persona applies to.
    pub when: ConditionBlock,
    /// `kind`.
    pub class: PrincipalClass,
    /// `allow`, `levels` and `resources`: the ceiling of these requests.
    pub ceiling: Ceiling,
    /// Where the table begins.
    pub span: Span,
}
