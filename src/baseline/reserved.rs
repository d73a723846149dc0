//! Parts of the format that are read and checked for shape, and refused until a later version brings them.

use super::ceiling::Ceiling;
use super::entry::{Kind, Placed};
use crate::iam::Condition;

/// One `[[persona]]`: the same credentials, used in another way.
#[derive(Clone, Debug)]
pub struct Persona {
    /// `name`, unique among the personas.
    pub name: Placed<String>,
    /// `of`: the entry whose principals it is about.
    pub of: Placed<String>,
    /// `when`: the requests that it is about.
    pub when: Vec<Condition>,
    /// `kind`.
    pub kind: Kind,
    /// `allow`, `levels` and `resources`.
    pub ceiling: Ceiling,
}

/// One `[[guard]]`: actions that are allowed only under a condition.
#[derive(Clone, Debug)]
pub struct Guard {
    /// `name`, unique among the guards.
    pub name: Placed<String>,
    /// `actions`: classes (`class:destructive`) and action globs.
    pub actions: Vec<Placed<String>>,
    /// `unless`: the only requests that may be allowed.
    pub unless: Vec<Condition>,
    /// `severity` of the finding when the guard does not hold.
    pub severity: GuardSeverity,
}

/// `severity` of a guard.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
#[allow(missing_docs)]
pub enum GuardSeverity {
    Low,
    Medium,
    High,
    Critical,
}

impl GuardSeverity {
    /// All severities, with the names that the manifest uses.
    pub const ALL: [(&'static str, GuardSeverity); 4] = [
        ("low", GuardSeverity::Low),
        ("medium", GuardSeverity::Medium),
        ("high", GuardSeverity::High),
        ("critical", GuardSeverity::Critical),
    ];
}
