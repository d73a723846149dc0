//! Policy documents and their statements.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::condition::{Condition, ConditionValue};
use super::context_key::ContextKey;
use super::element::{ActionElement, ResourceElement};
use super::principal_element::PrincipalElement;
use super::template::Template;
use crate::source::{Place, SourceFile, Span};

/// `Version` of a document.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Version {
    /// `2008-10-17`, also where none is given: no policy variables.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// What a document is attached to; it decides which elements it may have.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum DocumentKind {
    /// Identity policies, permissions boundaries, session policies: no `Principal`.
    Identity,
    /// A role's trust policy: `Principal`, no `Resource`.
    Trust,
    /// A policy on a resource: `Principal` or `NotPrincipal`.
    Resource,
    /// A service control policy: no `Principal`.
    ServiceControl,
    /// A resource control policy: `Principal` is `*`.
    ResourceControl,
}

/// `Effect` of a statement.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[allow(missing_docs)]
pub enum Effect {
    Allow,
    Deny,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Position in its document, from 0.
    pub index: usize,
    /// `Sid`, where it has one that is not empty.
    pub sid: Option<Box<str>>,
    /// Allow or deny.
    pub effect: Effect,
    /// Whom it speaks of (resource and trust policies).
    pub principal: Option<PrincipalElement>,
    /// The actions.
    pub action: ActionElement,
    /// The resources; `None` in a trust policy, where it is the role itself.
    pub resource: Option<ResourceElement>,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// Where it stands.
    pub span: Span,
}

impl Statement {
    /// The keys that it names as variables, in resources and in values of conditions.
    pub fn variables(&self) -> impl Iterator<Item = &ContextKey> {
        let resources = self.resource.iter().flat_map(|element| &element.patterns);
        let values = self.conditions.iter().flat_map(|condition| &condition.values).filter_map(|value| match value {
            ConditionValue::Text(template) => Some(template),
            ConditionValue::Typed(_) => None,
        });
        resources.chain(values).flat_map(Template::variables)
    }

    /// The keys that it names, in conditions and as variables.
    pub fn keys(&self) -> impl Iterator<Item = &ContextKey> {
        self.conditions.iter().map(|condition| &condition.key).chain(self.variables())
    }
}

/// A policy document with the text that it was read from.
#[derive(Clone, Debug)]
pub struct PolicyDocument {
    /// `Version`.
    pub version: Version,
    /// The statements, in order.
    pub statements: Vec<Statement>,
    source: Arc<SourceFile>,
    span: Span,
}

impl PolicyDocument {
    pub(super) fn new(
        version: Version,
        statements: Vec<Statement>,
        source: &Arc<SourceFile>,
        span: Span,
    ) -> PolicyDocument {
        PolicyDocument { version, statements, source: Arc::clone(source), span }
    }

    /// The text that the document was read from.
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// Where the document stands.
    pub fn place(&self) -> Place {
        self.source.place(self.span)
    }

    /// The whole document's span in [`PolicyDocument::source`].
    pub fn span(&self) -> Span {
        self.span
    }

    /// Where a statement stands.
    pub fn statement_place(&self, statement: &Statement) -> Place {
        self.source.place(statement.span)
    }
}

// Two statements are equal when they mean the same: place, position and Sid do not matter.
impl PartialEq for Statement {
    fn eq(&self, other: &Statement) -> bool {
        self.effect == other.effect
            && self.action == other.action
            && self.resource == other.resource
            && self.conditions == other.conditions
            && self.principal == other.principal
    }
}

impl Eq for Statement {}

impl Hash for Statement {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.effect, &self.action, &self.resource, &self.conditions, &self.principal).hash(state);
    }
}

// Two documents are equal when their statements and version are: this is what interning goes by.
impl PartialEq for PolicyDocument {
    fn eq(&self, other: &PolicyDocument) -> bool {
        self.version == other.version && self.statements == other.statements
    }
}

impl Eq for PolicyDocument {}

impl Hash for PolicyDocument {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.version, &self.statements).hash(state);
    }
}
