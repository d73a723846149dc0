//! A principal of the snapshot after an audit.

use serde::Serialize;

use super::declared_class::DeclaredClass;
use super::principal_status::PrincipalStatus;

/// One principal with its status.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PrincipalReport {
    /// Its ARN.
    pub arn: String,
    /// Its class, or why it has none.
    pub kind: DeclaredClass,
    /// The owner that the baseline declares. None if it declares none.
    pub owner: Option<String>,
    /// The name of the baseline entry that applies. None if no single entry applies.
    pub entry: Option<String>,
    /// The id of its account.
    pub account: String,
    /// The name of its account. None if the snapshot has none.
    pub account_name: Option<String>,
    /// Its status.
    pub status: PrincipalStatus,
}
