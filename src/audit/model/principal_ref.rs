//! The principal that a finding is about.

use serde::Serialize;

use super::declared_class::DeclaredClass;

/// A principal as a finding names it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PrincipalRef {
    /// Its ARN.
    pub arn: String,
    /// Its name, without the path.
    pub name: String,
    /// Whether the baseline declares it, and with which class.
    pub kind: DeclaredClass,
    /// The owner that the baseline declares. None if it declares none.
    pub owner: Option<String>,
    /// The id of its account.
    pub account: String,
}
