//! The declared statement that comes closest to allowing a witness.

use serde::Serialize;

use crate::source::Place;

/// The declared statement that comes closest to allowing the witness.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NearestDeclaredStatement {
    /// The document of the ceiling, as the baseline names it.
    pub document: String,
    /// The position of the statement in the document, from 0.
    pub statement: usize,
    /// Its `Sid`. None if it has none.
    pub sid: Option<String>,
    /// Whether the document has only this statement.
    pub is_only_statement: bool,
    /// Where the statement is.
    pub place: Place,
    /// Why it does not allow the witness.
    pub why: MismatchReason,
}

/// Why a declared statement does not allow a witness.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum MismatchReason {
    /// No statement lists the action.
    ActionNotListed,
    /// The statement lists the action, but not the resource.
    ResourceNotListed {
        /// The resource patterns that it lists.
        #[serde(skip)]
        listed: Vec<String>,
    },
    /// The statement lists the action and the resource, but a condition is not met.
    ConditionFails {
        /// The condition operator, with its prefix and suffix.
        operator: String,
        /// The context key.
        key: String,
        /// The values that the condition compares the key with, sorted.
        #[serde(skip)]
        required: Vec<String>,
        /// The values of the key in the witness. None if the key is missing.
        #[serde(skip)]
        actual: Option<Vec<String>>,
    },
    /// The statement denies the witness.
    Denied,
}
