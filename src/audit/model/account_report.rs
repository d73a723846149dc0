//! An account after an audit.

use serde::Serialize;

/// An account with its status.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AccountReport {
    /// Its id.
    pub id: String,
    /// Its name, or its alias. None if the snapshot has neither.
    pub name: Option<String>,
    /// Whether everything about it was read and decided.
    pub status: AccountCompleteness,
    /// The number of its principals in the report.
    pub principals: usize,
    /// The number of findings about its principals that no exception accepts. One about several principals counts once for
    /// each account.
    pub findings: usize,
}

/// Whether everything about an account was read and decided.
#[derive(Copy, Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountCompleteness {
    /// Everything was read and decided.
    Ok,
    /// An input could not be read, or a principal is undecided.
    Incomplete,
    /// Its principals could not be read.
    Unread,
}
