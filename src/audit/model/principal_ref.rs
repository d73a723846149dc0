//! The principal that a finding is about.

use serde::Serialize;

use super::declared_class::DeclaredClass;
use crate::source::Place;

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
    /// The name of the baseline entry that applies. None if no single entry applies.
    pub entry: Option<String>,
    /// The id of its account.
    pub account: String,
    /// The name of its account. None if the snapshot has none.
    pub account_name: Option<String>,
    /// Where it is in the snapshot.
    pub place: Place,
}

#[cfg(test)]
impl PrincipalRef {
    /// A principal of the account of its ARN, without owner and entry.
    pub(crate) fn for_test(arn: &str, name: &str, kind: DeclaredClass) -> PrincipalRef {
        PrincipalRef {
            arn: arn.to_owned(),
            name: name.to_owned(),
            kind,
            owner: None,
            entry: None,
            account: arn.split(':').nth(4).unwrap_or_default().to_owned(),
            account_name: None,
            place: Place { file: "account.json".to_owned(), line: 12, column: 9 },
        }
    }
}
