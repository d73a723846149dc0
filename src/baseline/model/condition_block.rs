//! An IAM condition block.

use crate::iam::Condition;
use crate::source::Span;

/// A condition block; all its conditions must hold.
#[derive(Clone, Debug)]
pub struct ConditionBlock {
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The same block as the `Condition` element of a policy.
    pub json: serde_json::Value,
    /// The position of the block in the manifest.
    pub span: Span,
}
