//! Risk classes of actions. Severities of findings and `actions` of guards use them.

use std::fmt;
use std::str::FromStr;

/// A risk of an action.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum RiskClass {
    /// Deletes, terminates, purges, disables or overwrites something that cannot be restored.
    Destructive,
    /// Grants or changes permissions, according to AWS's access level.
    PermissionsManagement,
    /// Required by a known privilege escalation technique.
    Escalation,
    /// Returns customer data: objects, rows, messages, secrets, plaintext, code.
    DataRead,
}

impl RiskClass {
    /// All classes.
    pub const ALL: [Self; 4] = [Self::Destructive, Self::PermissionsManagement, Self::Escalation, Self::DataRead];

    /// The name in manifests and reports.
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

/// An unknown name of a class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown class of actions `{0}`; the classes are destructive, permissions-management, \
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

/// A set of risk classes.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Default)]
pub struct RiskClasses(u8);

impl RiskClasses {
    /// Whether the set contains a class.
    pub fn contains(self, class: RiskClass) -> bool {
        self.0 & class.bit() != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set with one more class.
    #[must_use]
    pub fn with(self, class: RiskClass) -> Self {
        Self(self.0 | class.bit())
    }

    /// The union of two sets.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The classes, in the order of [`RiskClass::ALL`].
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
