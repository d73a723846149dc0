//! How a principal of a class can assume a role (IAM003), as data.

use crate::classify::EvidenceMatch;

/// The evidence that a human, or an agent, can assume a role. `report::text` renders it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AssumerEvidence {
    /// A grant of the trust policy.
    Trusted(EvidenceMatch),
    /// The trust policy names the account, and the policies of one of its principals allow it to assume the role.
    ByAccount {
        /// The account id.
        account: String,
        /// The ARN of the principal.
        principal: String,
    },
}
