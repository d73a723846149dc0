//! The classes of principals.

use schemars::JsonSchema;
use serde::Serialize;

/// The class of a principal, as a manifest declares it.
#[derive(Copy, Clone, Debug, Eq, JsonSchema, PartialEq, Hash, Ord, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalClass {
    /// People who operate systems.
    Operator,
    /// A coding agent or another tool that decides for itself what to do.
    Agent,
    /// A program that does what it was written to do.
    Workload,
    /// Emergency access: used by people, and monitored.
    BreakGlass,
}

impl PrincipalClass {
    /// All classes, with their names in the manifest.
    pub const ALL: [(&'static str, PrincipalClass); 4] = [
        ("operator", PrincipalClass::Operator),
        ("agent", PrincipalClass::Agent),
        ("workload", PrincipalClass::Workload),
        ("break-glass", PrincipalClass::BreakGlass),
    ];

    /// The name of the class in the manifest.
    ///
    /// ```
    /// use iamdrift::baseline::PrincipalClass;
    ///
    /// assert_eq!(PrincipalClass::BreakGlass.as_str(), "break-glass");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            PrincipalClass::Operator => "operator",
            PrincipalClass::Agent => "agent",
            PrincipalClass::Workload => "workload",
            PrincipalClass::BreakGlass => "break-glass",
        }
    }
}
