//! The statement that grants something, and how the principal gets its policy.

use serde::Serialize;

use crate::source::Place;

/// The statement that allows an excess.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct GrantingStatement {
    /// The name of the policy, or of a document of the ceiling (IAM011).
    pub policy: String,
    /// The ARN of the managed policy, or of the resource that has the policy. None for other policies.
    pub arn: Option<String>,
    /// How the principal gets the policy.
    pub origin: PolicySource,
    /// The position of the statement in its document, from 0. Reports for people count from 1.
    pub statement: usize,
    /// The `Sid` of the statement. None if it has none.
    pub sid: Option<String>,
    /// Where the statement is.
    pub place: Place,
}

/// How a principal gets a policy.
#[derive(Clone, Debug, Eq, PartialEq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum PolicySource {
    /// An inline policy of the principal.
    Inline,
    /// A managed policy attached to the principal.
    Attached,
    /// An inline policy of the group with this name.
    InlineOfGroup(String),
    /// A managed policy attached to the group with this name.
    AttachedToGroup(String),
    /// The policy of a resource.
    ResourcePolicy,
    /// A permissions boundary.
    Boundary,
    /// The trust policy of a role.
    Trust,
    /// A policy that the principal can attach to itself (IAM005).
    Itself,
    /// A policy of the organization.
    Organization,
    /// A document of the declared ceiling (IAM011).
    Ceiling,
}
