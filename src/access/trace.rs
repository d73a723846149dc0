//! The reasons of a decision: the outcome of each statement, by layer.
//!
//! The trace borrows from the layers and the request.

use super::policy_ref::{PolicyOrigin, PolicyRef};
use super::principal_match::PrincipalMatch;
use super::request::ContextValue;
use super::request_facts::Impossibility;
use crate::iam::{Condition, Effect, Statement};
use crate::source::Place;

/// A layer (`docs/semantics.md` §4), with its level if it has levels.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum Layer {
    /// The request itself: AWS refuses it whatever the policies say. This layer has no policies.
    Request(Impossibility),
    /// The partition: the principal and the resource are in different ones. This layer has no policies.
    Partition,
    /// Identity policies.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// Service control policies at one level. Level 0 is the root.
    ServiceControl(usize),
    /// Resource control policies at one level. Level 0 is the root.
    ResourceControl(usize),
    /// The resource policy.
    Resource,
    /// Session policies.
    Session,
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Layer::Request(_) => "request",
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

/// A statement and its policy.
#[derive(Copy, Clone, Debug)]
pub struct StatementRef<'a> {
    /// The policy that contains the statement.
    pub policy: &'a PolicyRef,
    /// The statement.
    pub statement: &'a Statement,
}

impl<'a> StatementRef<'a> {
    /// The policy's name.
    pub fn policy_name(&self) -> &'a str {
        &self.policy.name
    }

    /// The origin of the policy.
    pub fn origin(&self) -> &'a PolicyOrigin {
        &self.policy.origin
    }

    /// The position in its document, from 0.
    pub fn index(&self) -> usize {
        self.statement.index
    }

    /// The `Sid`, if present.
    pub fn sid(&self) -> Option<&'a str> {
        self.statement.sid.as_deref()
    }

    /// Allow or deny.
    pub fn effect(&self) -> Effect {
        self.statement.effect
    }

    /// The file, line and column of the statement.
    pub fn place(&self) -> Place {
        self.policy.statement_place(self.statement)
    }
}

/// Whether a statement matches the request.
#[derive(Clone, Debug)]
pub enum StatementOutcome<'a> {
    /// It matches. The field says how its `Principal` element matches, if it has one.
    Matched(Option<PrincipalMatch>),
    /// It does not match, for this reason.
    Failed(Mismatch<'a>),
}

/// The first part of a statement that does not match the request.
#[derive(Clone, Debug)]
pub enum Mismatch<'a> {
    /// The principal is not named, or `NotPrincipal` excludes it.
    Principal,
    /// The action is not listed, or `NotAction` excludes it.
    Action,
    /// No pattern matches the resource, or `NotResource` excludes it.
    Resource,
    /// A condition does not hold.
    Condition {
        /// The condition.
        condition: &'a Condition,
        /// The value in the request. `None` if the key is missing.
        found: Option<&'a ContextValue>,
    },
}

/// A statement and its outcome.
#[derive(Clone, Debug)]
pub struct StatementTrace<'a> {
    /// The statement.
    pub statement: StatementRef<'a>,
    /// The outcome.
    pub outcome: StatementOutcome<'a>,
}

impl StatementTrace<'_> {
    /// Whether the statement matches the request.
    pub fn is_match(&self) -> bool {
        matches!(self.outcome, StatementOutcome::Matched(_))
    }
}

/// The verdict of one layer.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum LayerVerdict {
    /// A Deny statement matches.
    Denies,
    /// An Allow statement matches, and no Deny statement.
    Allows,
    /// No statement matches.
    NoMatch,
}

/// The result of one layer. A layer that does not exist or does not apply to the principal has no trace.
#[derive(Clone, Debug)]
pub struct LayerTrace<'a> {
    /// The layer.
    pub layer: Layer,
    /// The name of the level, if the layer has levels.
    pub level_name: Option<&'a str>,
    /// The verdict.
    pub verdict: LayerVerdict,
    /// The statements, in order.
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

    /// The matching statements with an effect.
    pub fn matching_statements(&self, effect: Effect) -> impl Iterator<Item = StatementRef<'a>> {
        self.statements.iter().filter(move |s| s.is_match() && s.statement.effect() == effect).map(|s| s.statement)
    }
}
