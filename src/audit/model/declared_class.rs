//! Whether the baseline declares a principal, and with which class.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::{Serialize, Serializer};

use crate::baseline::PrincipalClass;

/// Whether the baseline declares a principal, and with which class. Reports call it `kind`.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum DeclaredClass {
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

impl DeclaredClass {
    /// All values, in the order of reports.
    pub const ALL: [DeclaredClass; 8] = [
        DeclaredClass::Declared(PrincipalClass::Agent),
        DeclaredClass::Declared(PrincipalClass::Operator),
        DeclaredClass::Declared(PrincipalClass::Workload),
        DeclaredClass::Declared(PrincipalClass::BreakGlass),
        DeclaredClass::Undeclared,
        DeclaredClass::Ambiguous,
        DeclaredClass::Ignored,
        DeclaredClass::ServiceLinked,
    ];

    /// The name in options and reports: the class of a declared principal, or the status of another.
    ///
    /// ```
    /// use iamdrift::audit::DeclaredClass;
    /// use iamdrift::baseline::PrincipalClass;
    ///
    /// assert_eq!(DeclaredClass::Declared(PrincipalClass::Agent).as_str(), "agent");
    /// assert_eq!(DeclaredClass::Undeclared.as_str(), "undeclared");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            DeclaredClass::Declared(class) => class.as_str(),
            DeclaredClass::Undeclared => "undeclared",
            DeclaredClass::Ambiguous => "ambiguous",
            DeclaredClass::Ignored => "ignored",
            DeclaredClass::ServiceLinked => "service-linked",
        }
    }

    fn description(self) -> &'static str {
        match self {
            DeclaredClass::Declared(PrincipalClass::Agent) => {
                "A coding agent, or another program that decides by itself what to do."
            }
            DeclaredClass::Declared(PrincipalClass::Operator) => "People who operate something.",
            DeclaredClass::Declared(PrincipalClass::Workload) => "A program that does what it was written to do.",
            DeclaredClass::Declared(PrincipalClass::BreakGlass) => "Emergency access.",
            DeclaredClass::Undeclared => "No baseline entry matches the principal.",
            DeclaredClass::Ambiguous => "Several baseline entries match the principal, and none overrides the others.",
            DeclaredClass::Ignored => "An `[[ignore]]` excludes the principal.",
            DeclaredClass::ServiceLinked => "A service-linked role, which AWS owns.",
        }
    }

    fn position(self) -> Option<usize> {
        DeclaredClass::ALL.iter().position(|status| *status == self)
    }
}

impl PartialOrd for DeclaredClass {
    fn partial_cmp(&self, other: &DeclaredClass) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DeclaredClass {
    fn cmp(&self, other: &DeclaredClass) -> Ordering {
        self.position().cmp(&other.position())
    }
}

impl Serialize for DeclaredClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl schemars::JsonSchema for DeclaredClass {
    fn schema_name() -> Cow<'static, str> {
        "DeclaredClass".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let to_value = |status: DeclaredClass| serde_json::json!({ "type": "string", "const": status.as_str(), "description": status.description() });
        schemars::json_schema!({
            "oneOf": DeclaredClass::ALL.map(to_value),
            "description": "The class that the baseline declares for a principal, or why no class applies.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_position_and_a_name_of_its_own() {
        let mut names: Vec<&str> = DeclaredClass::ALL.iter().map(|status| status.as_str()).collect();
        assert!(DeclaredClass::ALL.is_sorted() && names.len() == 8);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 8);
    }
}
