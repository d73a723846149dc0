//! What speaks for a kind.

use serde::Serialize;

use crate::baseline::{Kind, Strength};

/// What a principal is.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
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

impl Who {
    /// All of them, with their names; of hints that tell as much, the first decides.
    pub const ALL: [(&'static str, Who); 6] = [
        ("agent", Who::Agent),
        ("break-glass", Who::BreakGlass),
        ("operator", Who::Operator),
        ("workload", Who::Workload),
        ("service-linked", Who::ServiceLinked),
        ("unknown", Who::Unknown),
    ];

    /// The name that options and reports use.
    pub fn as_str(self) -> &'static str {
        Who::ALL.iter().find(|(_, who)| *who == self).map_or("", |(name, _)| name)
    }

    /// The kind that a manifest would give it; none where there is no such kind.
    pub fn kind(self) -> Option<Kind> {
        match self {
            Who::Agent => Some(Kind::Agent),
            Who::BreakGlass => Some(Kind::BreakGlass),
            Who::Operator => Some(Kind::Operator),
            Who::Workload => Some(Kind::Workload),
            Who::ServiceLinked | Who::Unknown => None,
        }
    }
}

impl From<Kind> for Who {
    fn from(kind: Kind) -> Who {
        match kind {
            Kind::Agent => Who::Agent,
            Kind::BreakGlass => Who::BreakGlass,
            Kind::Operator => Who::Operator,
            Kind::Workload => Who::Workload,
        }
    }
}

/// One thing that speaks for a kind.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Evidence {
    /// The hint's name; `path` where AWS reserves the path, `assumed-by` where the kind is that of who may assume it.
    pub hint: String,
    /// What it speaks for.
    pub kind: Who,
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
    pub(super) fn rank(&self) -> (std::cmp::Reverse<Strength>, Who) {
        (std::cmp::Reverse(self.strength), self.kind)
    }
}
