//! What speaks for a kind.

use serde::Serialize;

use crate::baseline::{PrincipalClass, Strength};

/// What a principal is.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InferredClass {
    /// A coding agent or another tool that decides by itself.
    Agent,
    /// For emergencies, used by people and watched.
    BreakGlass,
    /// People who run something.
    Operator,
    /// A program that does what it was written to do.
    Workload,
    /// A role that an AWS service owns.
    ServiceLinked,
    /// Nothing tells.
    Unknown,
}

impl InferredClass {
    /// All of them, with their names; of hints that tell as much, the first decides.
    pub const ALL: [(&'static str, InferredClass); 6] = [
        ("agent", InferredClass::Agent),
        ("break-glass", InferredClass::BreakGlass),
        ("operator", InferredClass::Operator),
        ("workload", InferredClass::Workload),
        ("service-linked", InferredClass::ServiceLinked),
        ("unknown", InferredClass::Unknown),
    ];

    /// The name that options and reports use.
    pub fn as_str(self) -> &'static str {
        InferredClass::ALL.iter().find(|(_, who)| *who == self).map_or("", |(name, _)| name)
    }

    /// The kind that a manifest would give it; none where there is no such kind.
    pub fn to_principal_class(self) -> Option<PrincipalClass> {
        match self {
            InferredClass::Agent => Some(PrincipalClass::Agent),
            InferredClass::BreakGlass => Some(PrincipalClass::BreakGlass),
            InferredClass::Operator => Some(PrincipalClass::Operator),
            InferredClass::Workload => Some(PrincipalClass::Workload),
            InferredClass::ServiceLinked | InferredClass::Unknown => None,
        }
    }
}

impl From<PrincipalClass> for InferredClass {
    fn from(kind: PrincipalClass) -> InferredClass {
        match kind {
            PrincipalClass::Agent => InferredClass::Agent,
            PrincipalClass::BreakGlass => InferredClass::BreakGlass,
            PrincipalClass::Operator => InferredClass::Operator,
            PrincipalClass::Workload => InferredClass::Workload,
        }
    }
}

/// One thing that speaks for a kind.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Evidence {
    /// The hint's name; `path` where AWS reserves the path, `assumed-by` where the kind is that of who may assume it.
    pub hint: String,
    /// What it speaks for.
    pub kind: InferredClass,
    /// How much it tells.
    pub strength: Strength,
    /// What was found: `trusts the service lambda.amazonaws.com`.
    pub found: String,
    /// Why that speaks for the kind.
    pub because: String,
    /// Where that is documented.
    pub source: Option<String>,
}

impl Evidence {
    /// What was found and why it speaks for the kind, in one line.
    pub fn reason(&self) -> String {
        format!("{}: {}", self.found, self.because)
    }

    /// The order in which evidence is told: the strongest first, of those that are as strong by kind.
    pub(crate) fn sort_key(&self) -> (std::cmp::Reverse<Strength>, InferredClass) {
        (std::cmp::Reverse(self.strength), self.kind)
    }
}
