//! Access that one statement grants beyond what is declared.

use std::collections::BTreeMap;

use serde::Serialize;

use super::action_list::{ActionAccessLevel, ActionList};
use super::granting_statement::GrantingStatement;
use super::nearest_declared::NearestDeclaredStatement;
use super::severity::Severity;
use crate::solve::Cube;

/// Access that one statement grants beyond what is declared.
#[derive(Clone, Debug)]
pub struct Excess {
    /// The granting statement.
    pub granted_by: GrantingStatement,
    /// The severity of its worst action.
    pub severity: Severity,
    /// The actions, as patterns, the most severe first.
    pub actions: ActionList,
    /// The number of actions. 0 for actions that AWS has not released.
    pub action_count: usize,
    /// The number of destructive actions among them.
    pub destructive_count: usize,
    /// The number of actions of each access level.
    pub levels: BTreeMap<ActionAccessLevel, usize>,
    /// The exact difference for the action of the witness, as disjoint sets of requests, up to a limit. Reports derive
    /// the resources and conditions of the excess from these.
    pub cubes: Vec<Cube>,
    /// Whether there are more cubes than these.
    pub more: bool,
    /// A request that is allowed and not declared. Its action is the most severe one.
    pub witness: Witness,
    /// The declared statement that comes closest to allowing the witness. None if nothing is declared.
    pub expected: Option<NearestDeclaredStatement>,
}

/// A request that proves a finding.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Witness {
    /// The action: `cloudformation:DeleteStack`.
    pub action: String,
    /// The ARN of the resource, or `*`.
    pub resource: String,
    /// The context keys of the request, with their values. Every other key is missing from the request.
    pub context: BTreeMap<String, Vec<String>>,
}

/// The size of an excess.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct ActionCounts {
    /// The number of actions.
    pub all: usize,
    /// The number of destructive actions among them.
    pub destructive: usize,
}
