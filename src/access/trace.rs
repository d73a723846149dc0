//! Why a request was decided as it was: per layer, what each statement made of it.
//!
//! Everything borrows from the layers and the request that were evaluated; nothing is copied.

use super::layers::{PolicyOrigin, PolicyRef};
use super::principal_match::PrincipalMatch;
use super::request::ContextValue;
use crate::iam::{Condition, Effect, Statement};
use crate::source::Place;

/// A kind of layer (`docs/semantics.md` §4), with the level where it has levels.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum Layer {
    /// The principal's partition, which is not the resource's: there are no policies in it.
    Partition,
    /// Identity policies.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// Service control policies at one level, root first, from 0.
    ServiceControl(usize),
    /// Resource control policies at one level, root first, from 0.
    ResourceControl(usize),
    /// The policies of the resource.
    Resource,
    /// Session policies.
    Session,
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Layer::Partition => "partition",
            Layer::Identity => "identity policies",
            Layer::Boundary => "permissions boundary",
            Layer::ServiceControl(_) => "service control policies",
            Layer::ResourceControl(_) => "resource control policies",
            Layer::Resource => "resource policy",
            Layer::Session => "session policies",
        })
    }
}

/// A statement in its policy.
#[derive(Copy, Clone, Debug)]
pub struct StatementRef<'a> {
    /// The policy that holds it.
    pub policy: &'a PolicyRef,
    /// The statement.
    pub statement: &'a Statement,
}

impl<'a> StatementRef<'a> {
    /// The policy's name.
    pub fn policy_name(&self) -> &'a str {
        &self.policy.name
    }

    /// Where the policy comes from.
    pub fn origin(&self) -> &'a PolicyOrigin {
        &self.policy.origin
    }

    /// Position in its document, from 0.
    pub fn index(&self) -> usize {
        self.statement.index
    }

    /// Its `Sid`.
    pub fn sid(&self) -> Option<&'a str> {
        self.statement.sid.as_deref()
    }

    /// Allow or deny.
    pub fn effect(&self) -> Effect {
        self.statement.effect
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        self.policy.document.statement_place(self.statement)
    }
}

/// What a statement made of the request.
#[derive(Clone, Debug)]
pub enum StatementOutcome<'a> {
    /// It matches; how it names the principal, where it names one.
    Matched(Option<PrincipalMatch>),
    /// It does not; the first thing that fails.
    Failed(Mismatch<'a>),
}

/// The first thing about a statement that the request does not meet.
#[derive(Clone, Debug)]
pub enum Mismatch<'a> {
    /// It speaks of others.
    Principal,
    /// The action is not listed, or is excepted by `NotAction`.
    Action,
    /// No pattern matches the resource, or `NotResource` excepts it.
    Resource,
    /// A condition entry does not hold.
    Condition {
        /// The entry: operator, key and the policy's values.
        condition: &'a Condition,
        /// The request's value; none where the key is missing.
        found: Option<&'a ContextValue>,
    },
}

/// A statement and what it made of the request.
#[derive(Clone, Debug)]
pub struct StatementTrace<'a> {
    /// The statement.
    pub statement: StatementRef<'a>,
    /// What it made of the request.
    pub outcome: StatementOutcome<'a>,
}

impl StatementTrace<'_> {
    /// Whether it matches the request.
    pub fn is_match(&self) -> bool {
        matches!(self.outcome, StatementOutcome::Matched(_))
    }
}

/// What a layer says to the request.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum LayerVerdict {
    /// A Deny matches.
    Denies,
    /// An Allow matches, and no Deny.
    Allows,
    /// Neither matches.
    NoMatch,
}

/// One layer's part in the decision. A layer that does not exist, or does not bind the principal, has none.
#[derive(Clone, Debug)]
pub struct LayerTrace<'a> {
    /// Which layer.
    pub layer: Layer,
    /// The level's name, where the layer has levels.
    pub level_name: Option<&'a str>,
    /// What it says.
    pub verdict: LayerVerdict,
    /// Its statements, in order.
    pub statements: Vec<StatementTrace<'a>>,
}

impl<'a> LayerTrace<'a> {
    pub(super) fn new(
        layer: Layer,
        level_name: Option<&'a str>,
        statements: Vec<StatementTrace<'a>>,
    ) -> LayerTrace<'a> {
        let has_match = |effect| statements.iter().any(|s| s.is_match() && s.statement.effect() == effect);
        let verdict = match (has_match(Effect::Deny), has_match(Effect::Allow)) {
            (true, _) => LayerVerdict::Denies,
            (false, true) => LayerVerdict::Allows,
            (false, false) => LayerVerdict::NoMatch,
        };
        LayerTrace { layer, level_name, verdict, statements }
    }

    /// The statements of that effect that match.
    pub fn matching_statements(&self, effect: Effect) -> impl Iterator<Item = StatementRef<'a>> {
        self.statements.iter().filter(move |s| s.is_match() && s.statement.effect() == effect).map(|s| s.statement)
    }
}
