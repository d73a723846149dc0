//! What a manifest declares, once it has been read.

use std::sync::Arc;

use super::assumable_by::DeclaredAssumers;
use super::ceiling::Ceiling;
use super::exception::Exception;
use super::guard::Guard;
use super::hint::Hint;
use super::persona::Persona;
use super::selector::Selector;
use crate::base::glob::Glob;
use crate::source::{Place, SourceFile, Span};

/// A value and where it stands in the manifest.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A manifest that was read without an error, its documents included.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// `[settings]`.
    pub settings: Settings,
    /// `[[principal]]`, in order.
    pub entries: Vec<Entry>,
    /// `[[ignore]]`, in order.
    pub ignores: Vec<Ignore>,
    /// `[[exception]]`, in order.
    pub exceptions: Vec<Exception>,
    /// `[[persona]]`, in order.
    pub personas: Vec<Persona>,
    /// `[[guard]]`, in order.
    pub guards: Vec<Guard>,
    /// `[[hint]]`, in order: those of the manifest alone.
    pub hints: Vec<Hint>,
    pub(crate) source: Arc<SourceFile>,
    pub(crate) content_id: String,
}

/// `[settings]`.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Whether agents are recognised by trust, tags and names, too. On unless it is turned off.
    pub agent_hints: bool,
    /// Whether it is asked of operators what an agent could destroy with their credentials. On unless it is turned off.
    pub through_agents: bool,
}

/// What sort of principal an entry speaks of.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum PrincipalClass {
    /// People who run something.
    Operator,
    /// A coding agent or another tool that decides by itself.
    Agent,
    /// A program that does what it was written to do.
    Workload,
    /// For emergencies, used by people and watched.
    BreakGlass,
}

impl PrincipalClass {
    /// All kinds, with the names that the manifest uses.
    pub const ALL: [(&'static str, PrincipalClass); 4] = [
        ("operator", PrincipalClass::Operator),
        ("agent", PrincipalClass::Agent),
        ("workload", PrincipalClass::Workload),
        ("break-glass", PrincipalClass::BreakGlass),
    ];

    /// The kind's name in the manifest.
    pub fn as_str(self) -> &'static str {
        PrincipalClass::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// One `[[principal]]`: whom it binds, and to what.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `name`, unique among the entries.
    pub name: Spanned<String>,
    /// `match` and `tags`.
    pub selector: Selector,
    /// `kind`.
    pub class: PrincipalClass,
    /// `owner`: whom to ask.
    pub owner: Option<String>,
    /// `allow`, `levels` and `resources`: their union is all that the principal may do.
    pub ceiling: Ceiling,
    /// `assumable_by`: who may assume the role; none where the entry does not say.
    pub assumable_by: Option<DeclaredAssumers>,
    /// `boundary`: the permissions boundary that must be attached.
    pub boundary: Option<BoundaryRequirement>,
    /// `narrower_than`: the entry whose principals must be able to do all that these may, and more.
    pub narrower_than: Option<Spanned<String>>,
    /// `guards`: the guards that must hold.
    pub guards: Vec<Spanned<String>>,
    /// `overrides`: the entries that this one wins over where both match.
    pub overrides: Vec<Spanned<String>>,
    /// Where the entry begins.
    pub span: Span,
}

/// A duty that globs tell.
#[derive(Clone, Debug)]
pub struct BoundaryRequirement {
    /// The globs, in order.
    pub globs: Vec<Glob>,
    /// Where the duty stands.
    pub span: Span,
}

/// One `[[ignore]]`: principals that are left out of the audit, and why.
#[derive(Clone, Debug)]
pub struct Ignore {
    /// `match` and `tags`.
    pub selector: Selector,
    /// `reason`.
    pub reason: String,
    /// Where it begins.
    pub span: Span,
}

impl Baseline {
    /// The manifest's text.
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// Seven hexadecimal digits that change when the manifest or a document that it names changes.
    pub fn content_id(&self) -> &str {
        &self.content_id
    }

    /// Where something of the manifest stands.
    pub fn place(&self, span: Span) -> Place {
        self.source.place(span)
    }
}
