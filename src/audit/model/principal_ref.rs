//! The principal that a finding is about, and its class.

use serde::Serialize;

/// A principal as a finding names it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PrincipalRef {
    /// Its ARN.
    pub arn: String,
    /// Its name, without the path.
    pub name: String,
    /// Its class, or why it has none.
    pub kind: ReportedClass,
    /// The owner that the baseline declares. None if it declares none.
    pub owner: Option<String>,
    /// The id of its account.
    pub account: String,
}

/// The class that the baseline declares for a principal, or why no class applies.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReportedClass {
    /// A coding agent, or another program that decides by itself what to do.
    Agent,
    /// People who operate something.
    Operator,
    /// A program that does what it was written to do.
    Workload,
    /// Emergency access.
    BreakGlass,
    /// No baseline entry matches the principal.
    Undeclared,
    /// Several baseline entries match the principal, and none overrides the others.
    Ambiguous,
    /// An `[[ignore]]` excludes the principal.
    Ignored,
    /// A service-linked role, which AWS owns.
    ServiceLinked,
}

impl ReportedClass {
    /// The name in options and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            ReportedClass::Agent => "agent",
            ReportedClass::Operator => "operator",
            ReportedClass::Workload => "workload",
            ReportedClass::BreakGlass => "break-glass",
            ReportedClass::Undeclared => "undeclared",
            ReportedClass::Ambiguous => "ambiguous",
            ReportedClass::Ignored => "ignored",
            ReportedClass::ServiceLinked => "service-linked",
        }
    }
}
