//! The status of a principal after an audit.

use serde::Serialize;

/// The status of a principal. If several apply, the first of this list.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalStatus {
    /// Its effective access exceeds its ceiling.
    Broader,
    /// It can escalate to permissions that are not declared.
    Escalatable,
    /// A principal that is not declared can assume it.
    UndeclaredTrust,
    /// No baseline entry matches it.
    Undeclared,
    /// Several baseline entries match it.
    Ambiguous,
    /// It violates a declared requirement: it is not narrower than its operator, a guard is not enforced or is
    /// ineffective, or its boundary is missing or can be bypassed.
    RequirementViolated,
    /// It could not be decided.
    Undecided,
    /// It is as declared today, but will be allowed actions that AWS has not released.
    Latent,
    /// An exception accepts every finding about it.
    Accepted,
    /// It lacks declared permissions. Reported only if IAM011 is requested.
    Narrower,
    /// It is as declared.
    AsDeclared,
    /// An `[[ignore]]` excludes it, or AWS owns it.
    Ignored,
}

impl PrincipalStatus {
    /// The name in reports, the same as in JSON.
    ///
    /// ```
    /// use iamdrift::audit::PrincipalStatus;
    ///
    /// assert_eq!(PrincipalStatus::AsDeclared.as_str(), "as-declared");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            PrincipalStatus::Broader => "broader",
            PrincipalStatus::Escalatable => "escalatable",
            PrincipalStatus::UndeclaredTrust => "undeclared-trust",
            PrincipalStatus::Undeclared => "undeclared",
            PrincipalStatus::Ambiguous => "ambiguous",
            PrincipalStatus::RequirementViolated => "requirement-violated",
            PrincipalStatus::Undecided => "undecided",
            PrincipalStatus::Latent => "latent",
            PrincipalStatus::Accepted => "accepted",
            PrincipalStatus::Narrower => "narrower",
            PrincipalStatus::AsDeclared => "as-declared",
            PrincipalStatus::Ignored => "ignored",
        }
    }
}
