//! Whether the baseline declares a principal, and with which class.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::{Serialize, Serializer};

use crate::baseline::PrincipalClass;

/// Whether the baseline declares a principal, and with which class. Reports call it `kind`.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum DeclarationStatus {
    /// An entry declares the principal with this class.
    Declared(PrincipalClass),
    /// No baseline entry matches the principal.
    Undeclared,
    /// Several baseline entries match the principal, and none overrides the others.
    Ambiguous,
    /// An `[[ignore]]` excludes the principal.
    Ignored,
    /// A service-linked role, which AWS owns.
    ServiceLinked,
}

impl DeclarationStatus {
    /// All values, in the order of reports.
    pub const ALL: [DeclarationStatus; 8] = [
        DeclarationStatus::Declared(PrincipalClass::Agent),
        DeclarationStatus::Declared(PrincipalClass::Operator),
        DeclarationStatus::Declared(PrincipalClass::Workload),
        DeclarationStatus::Declared(PrincipalClass::BreakGlass),
        DeclarationStatus::Undeclared,
        DeclarationStatus::Ambiguous,
        DeclarationStatus::Ignored,
        DeclarationStatus::ServiceLinked,
    ];

    /// The name in options and reports: the class of a declared principal, or the status of another.
    pub fn as_str(self) -> &'static str {
        match self {
            DeclarationStatus::Declared(class) => class.as_str(),
            DeclarationStatus::Undeclared => "undeclared",
            DeclarationStatus::Ambiguous => "ambiguous",
            DeclarationStatus::Ignored => "ignored",
            DeclarationStatus::ServiceLinked => "service-linked",
        }
    }

    fn description(self) -> &'static str {
        match self {
            DeclarationStatus::Declared(PrincipalClass::Agent) => {
                "A coding agent, or another program that decides by itself what to do."
            }
            DeclarationStatus::Declared(PrincipalClass::Operator) => "People who operate something.",
            DeclarationStatus::Declared(PrincipalClass::Workload) => "A program that does what it was written to do.",
            DeclarationStatus::Declared(PrincipalClass::BreakGlass) => "Emergency access.",
            DeclarationStatus::Undeclared => "No baseline entry matches the principal.",
            DeclarationStatus::Ambiguous => {
                "Several baseline entries match the principal, and none overrides the others."
            }
            DeclarationStatus::Ignored => "An `[[ignore]]` excludes the principal.",
            DeclarationStatus::ServiceLinked => "A service-linked role, which AWS owns.",
        }
    }

    fn position(self) -> Option<usize> {
        DeclarationStatus::ALL.iter().position(|status| *status == self)
    }
}

impl PartialOrd for DeclarationStatus {
    fn partial_cmp(&self, other: &DeclarationStatus) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DeclarationStatus {
    fn cmp(&self, other: &DeclarationStatus) -> Ordering {
        self.position().cmp(&other.position())
    }
}

impl Serialize for DeclarationStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl schemars::JsonSchema for DeclarationStatus {
    fn schema_name() -> Cow<'static, str> {
        "DeclarationStatus".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let to_value = |status: DeclarationStatus| serde_json::json!({ "type": "string", "const": status.as_str(), "description": status.description() });
        schemars::json_schema!({
            "oneOf": DeclarationStatus::ALL.map(to_value),
            "description": "The class that the baseline declares for a principal, or why no class applies.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_position_and_a_name_of_its_own() {
        let mut names: Vec<&str> = DeclarationStatus::ALL.iter().map(|status| status.as_str()).collect();
        assert!(DeclarationStatus::ALL.is_sorted() && names.len() == 8);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 8);
    }
}
