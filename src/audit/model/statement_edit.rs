//! A statement of a policy, and the statements to write in its place.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::granting_statement::GrantingStatement;
use crate::iam::Arn;

/// Where an identity policy is.
#[derive(Clone, Debug, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PolicyLocation {
    /// An inline policy.
    Inline {
        /// The ARN of the user, role or group that embeds it.
        holder: String,
        /// Its name.
        name: String,
    },
    /// A managed policy.
    Managed {
        /// Its ARN.
        arn: String,
    },
}

impl PolicyLocation {
    /// Whether AWS owns the policy, so that nobody else can change it.
    pub(crate) fn is_aws_owned(&self) -> bool {
        matches!(self, PolicyLocation::Managed { arn } if is_aws_managed_policy(arn))
    }
}

/// A statement of an identity policy, and what is written in its place.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct StatementEdit {
    /// The statement.
    pub statement: GrantingStatement,
    /// Its policy.
    pub policy: PolicyLocation,
    /// The new statements. Empty to remove the statement.
    pub replacement: Vec<Value>,
}

/// A statement that allows only what is declared, and its document with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NarrowedStatement {
    /// The statements in its place. Empty if the ceiling declares nothing that it allows.
    pub replacement: Vec<Value>,
    /// The number of statements of the document.
    pub statement_count: usize,
    /// The size of the document, in characters.
    pub size: usize,
}

/// Whether an ARN is that of a policy of AWS. AWS: "AWS managed policies": you cannot change the permissions that are
/// defined in them.
#[doc(hidden)]
pub fn is_aws_managed_policy(arn: &str) -> bool {
    Arn::parse(arn)
        .is_some_and(|arn| (arn.service(), arn.account()) == ("iam", "aws") && arn.resource().starts_with("policy/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_of_aws_have_no_account_number() {
        for (arn, expected) in [
            ("arn:aws:iam::aws:policy/PowerUserAccess", true),
            ("arn:aws-cn:iam::aws:policy/job-function/Billing", true),
            ("arn:aws:iam::111122223333:policy/aws:policy/x", false),
            ("PowerUserAccess", false),
        ] {
            assert_eq!(is_aws_managed_policy(arn), expected, "{arn}");
        }
    }
}
