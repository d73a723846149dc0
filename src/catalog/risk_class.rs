//! Classes over the actions: what a finding's severity and a baseline's selectors speak of.

use std::fmt;
use std::str::FromStr;

/// A kind of harm that an action can do.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum RiskClass {
    /// Deletes, terminates, purges, disables or overwrites what cannot be brought back.
    Destructive,
    /// Grants or changes permissions, by AWS's own access level.
    PermissionsManagement,
    /// A required step of a known path to higher privileges.
    Escalation,
    /// Returns what customers keep: objects, rows, messages, secrets, plain text, code.
    DataRead,
}

impl RiskClass {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Destructive, Self::PermissionsManagement, Self::Escalation, Self::DataRead];

    /// The name used in baselines and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Destructive => "destructive",
            Self::PermissionsManagement => "permissions-management",
            Self::Escalation => "escalation",
            Self::DataRead => "data-read",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::Destructive => 1,
            Self::PermissionsManagement => 2,
            Self::Escalation => 4,
            Self::DataRead => 8,
        }
    }
}

impl fmt::Display for RiskClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no class of actions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no class of actions is called \"{0}\"; there are destructive, permissions-management, \
     escalation and data-read"
)]
pub struct UnknownRiskClass(
    /// The name.
    pub String,
);

impl FromStr for RiskClass {
    type Err = UnknownRiskClass;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|class| class.as_str() == name).ok_or_else(|| UnknownRiskClass(name.to_owned()))
    }
}

/// The classes of one action.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Default)]
pub struct RiskClasses(u8);

impl RiskClasses {
    /// Whether the class is among them.
    pub fn contains(self, class: RiskClass) -> bool {
        self.0 & class.bit() != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These and one more.
    #[must_use]
    pub fn with(self, class: RiskClass) -> Self {
        Self(self.0 | class.bit())
    }

    /// These and those.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The classes, in the order of [`ActionClass::ALL`].
    pub fn iter(self) -> impl Iterator<Item = RiskClass> {
        RiskClass::ALL.into_iter().filter(move |class| self.contains(*class))
    }
}

impl FromIterator<RiskClass> for RiskClasses {
    fn from_iter<I: IntoIterator<Item = RiskClass>>(classes: I) -> Self {
        classes.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Debug for RiskClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
