//! Policy documents and their statements.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::condition::Condition;
use super::context_key::ContextKey;
use super::element::{ActionElement, ElementKind, ResourceElement};
use super::principal_element::PrincipalElement;
use super::template::{Template, VariableScope};
use crate::source::{Place, SourceFile, Span};

/// The `Version` of a document.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Version {
    /// `2008-10-17`, the default: without policy variables.
    V2008,
    /// `2012-10-17`: with policy variables.
    V2012,
}

impl Version {
    /// The positions of variables in the resources of a document of this version.
    pub(crate) fn resource_variables(self) -> VariableScope {
        match self {
            Version::V2012 => VariableScope::AfterFifthColon,
            Version::V2008 => VariableScope::Nowhere,
        }
    }
}

/// The kind of policy. It determines which elements a statement can have.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum DocumentKind {
    /// Identity policies, permissions boundaries, session policies: no `Principal`.
    Identity,
    /// A role's trust policy: `Principal`, no `Resource`.
    Trust,
    /// A resource policy: `Principal` or `NotPrincipal`.
    Resource,
    /// A service control policy: no `Principal`.
    ServiceControl,
    /// A resource control policy: `Principal` must be `*`.
    ResourceControl,
}

/// The `Effect` of a statement.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[allow(missing_docs)]
pub enum Effect {
    Allow,
    Deny,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The position in its document, from 0.
    pub index: usize,
    /// The `Sid`. `None` if it is missing or empty.
    pub sid: Option<Box<str>>,
    /// Allow or deny.
    pub effect: Effect,
    /// The principals that the statement applies to. `None` in identity policies and SCPs.
    pub principal: Option<PrincipalElement>,
    /// The actions.
    pub action: ActionElement,
    /// The resources. `None` in trust policies, whose resource is the role, and in resource policies without `Resource`.
    pub resource: Option<ResourceElement>,
    /// The conditions; all must hold.
    pub conditions: Vec<Condition>,
    /// The position of the statement.
    pub span: Span,
}

impl Statement {
    /// Whether it allows every action on every resource, under no condition.
    pub(crate) fn allows_everything(&self) -> bool {
        let lists_all = |action: &ActionElement| action.patterns.iter().any(|pattern| pattern.as_written() == "*");
        self.effect == Effect::Allow
            && self.conditions.is_empty()
            && self.action.kind == ElementKind::List
            && lists_all(&self.action)
            && self.resource.as_ref().is_some_and(|resource| {
                resource.kind == ElementKind::List && resource.patterns.iter().any(Template::is_match_all)
            })
    }

    /// A statement that matches no request, in place of one that cannot be read.
    pub(super) fn empty(index: usize, span: Span) -> Statement {
        Statement {
            index,
            sid: None,
            effect: Effect::Deny,
            principal: None,
            action: ActionElement { kind: ElementKind::List, patterns: Vec::new() },
            resource: None,
            conditions: Vec::new(),
            span,
        }
    }

    /// The keys of the policy variables in resources and condition values.
    pub fn variables(&self) -> impl Iterator<Item = &ContextKey> {
        let resources = self.resource.iter().flat_map(|element| &element.patterns);
        let values = self.conditions.iter().flat_map(Condition::texts);
        resources.chain(values).flat_map(Template::all_variables)
    }

    /// The keys of conditions and policy variables.
    pub fn keys(&self) -> impl Iterator<Item = &ContextKey> {
        self.conditions.iter().map(|condition| &condition.key).chain(self.variables())
    }
}

/// A policy document with its source text.
#[derive(Clone, Debug)]
pub struct PolicyDocument {
    /// The `Version`.
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

    /// The file or string that contains the document.
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// The file, line and column of the document.
    pub fn place(&self) -> Place {
        self.source.place(self.span)
    }

    /// The span of the whole document in [`PolicyDocument::source`].
    pub fn span(&self) -> Span {
        self.span
    }

    /// The places of all statements.
    pub fn statement_places(&self) -> StatementPlaces {
        let positions = self.statements.iter().map(|statement| self.source.position(statement.span)).collect();
        StatementPlaces { file: self.source.name().into(), positions }
    }

    /// The file, line and column of a statement.
    pub fn statement_place(&self, statement: &Statement) -> Place {
        self.source.place(statement.span)
    }
}

/// The places of the statements of one copy of a document. Equal documents are stored once, and each copy is written at
/// its own place.
#[derive(Clone, Debug, Default)]
pub struct StatementPlaces {
    file: Arc<str>,
    /// Line and column, by the index of the statement.
    positions: Arc<[(usize, usize)]>,
}

impl StatementPlaces {
    /// The place of the statement with this index. `None` if the document has no such statement.
    pub fn get(&self, index: usize) -> Option<Place> {
        let (line, column) = *self.positions.get(index)?;
        Some(Place { file: self.file.to_string(), line, column })
    }
}

// Equality ignores the position, the index and the `Sid`.
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

// Documents are equal if version and statements are equal. Interning uses this.
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
