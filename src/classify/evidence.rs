//! The evidence for the class of a principal.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};

use serde::{Serialize, Serializer};

use crate::baseline::{PrincipalClass, Strength};
use crate::snapshot::MissingDocument;
use crate::trust::TrustGrant;

/// The class of a principal: the class that its manifest entry declares, or the class that hints infer.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum InferredClass {
    /// This class.
    Known(PrincipalClass),
    /// None of the classes: a service-linked role, which belongs to an AWS service.
    ServiceLinked,
    /// Unknown: evidence is missing.
    Unknown,
}

#[doc(hidden)]
impl InferredClass {
    /// All classes with their names. If evidence for several classes has the same strength, the first class applies.
    pub const ALL: [(&'static str, InferredClass); 6] = [
        ("agent", InferredClass::Known(PrincipalClass::Agent)),
        ("break-glass", InferredClass::Known(PrincipalClass::BreakGlass)),
        ("operator", InferredClass::Known(PrincipalClass::Operator)),
        ("workload", InferredClass::Known(PrincipalClass::Workload)),
        ("service-linked", InferredClass::ServiceLinked),
        ("unknown", InferredClass::Unknown),
    ];

    /// The name in options and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            InferredClass::Known(class) => class.as_str(),
            InferredClass::ServiceLinked => "service-linked",
            InferredClass::Unknown => "unknown",
        }
    }

    /// The class that a manifest entry can declare. `None` if the principal has none of them.
    pub fn to_principal_class(self) -> Option<PrincipalClass> {
        match self {
            InferredClass::Known(class) => Some(class),
            InferredClass::ServiceLinked | InferredClass::Unknown => None,
        }
    }

    /// Whether this is the class.
    pub fn is(self, class: PrincipalClass) -> bool {
        self.to_principal_class() == Some(class)
    }

    /// The position in [`InferredClass::ALL`].
    fn precedence(self) -> u8 {
        match self {
            InferredClass::Known(PrincipalClass::Agent) => 0,
            InferredClass::Known(PrincipalClass::BreakGlass) => 1,
            InferredClass::Known(PrincipalClass::Operator) => 2,
            InferredClass::Known(PrincipalClass::Workload) => 3,
            InferredClass::ServiceLinked => 4,
            InferredClass::Unknown => 5,
        }
    }
}

impl From<PrincipalClass> for InferredClass {
    fn from(class: PrincipalClass) -> InferredClass {
        InferredClass::Known(class)
    }
}

impl Ord for InferredClass {
    fn cmp(&self, other: &InferredClass) -> Ordering {
        self.precedence().cmp(&other.precedence())
    }
}

impl PartialOrd for InferredClass {
    fn partial_cmp(&self, other: &InferredClass) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for InferredClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl schemars::JsonSchema for InferredClass {
    fn schema_name() -> Cow<'static, str> {
        "InferredClass".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = InferredClass::ALL.map(|(name, _)| name);
        schemars::json_schema!({
            "description": "The class of a principal. `service-linked`: a role that belongs to an AWS service. `unknown`: evidence is missing.",
            "type": "string",
            "enum": names,
        })
    }
}

/// A match of a hint. `report::text` renders it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Evidence {
    /// The name of the hint; `path` if AWS reserves the path of the principal; `assumed-by` if the class is that of a
    /// principal that can assume the role.
    pub hint: String,
    /// The class that it suggests.
    pub kind: InferredClass,
    /// How reliable it is.
    pub strength: Strength,
    /// What matched.
    pub found: EvidenceMatch,
    /// Why this suggests the class.
    pub because: EvidenceBasis,
    /// The URL of the documentation.
    pub source: Option<String>,
}

/// What a hint matched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EvidenceMatch {
    /// A grant of the trust policy.
    Trust(TrustMatch),
    /// A required session name with words of the hint.
    SessionName(String),
    /// The words in the name of the principal.
    Name(String),
    /// The words in its path.
    Path(String),
    /// Its tags: keys and values.
    Tags(Vec<(String, String)>),
    /// The ARN of an attached policy.
    Policy(String),
    /// A glob over its ARN.
    Arn(String),
    /// It is a user.
    User,
    /// It is a role.
    Role,
    /// A path that AWS reserves.
    ReservedPath(&'static str),
}

/// What a hint matched in one grant of a trust policy.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TrustMatch {
    /// The grant. `None` if the hint is about conditions only.
    pub grant: Option<TrustGrant>,
    /// The principal that the conditions require.
    pub principal: Option<String>,
    /// The session name that the conditions require.
    pub session_name: Option<String>,
    /// The context keys that the hint is about, each with a value that the conditions require.
    pub required_values: Vec<(String, String)>,
}

impl TrustMatch {
    /// A grant, under any condition.
    pub(super) fn from_grant(grant: TrustGrant) -> TrustMatch {
        TrustMatch { grant: Some(grant), ..TrustMatch::default() }
    }
}

/// Why a match suggests a class.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EvidenceBasis {
    /// The reason that the hint gives.
    Hint(String),
    /// AWS owns service-linked roles.
    OwnedByAws,
    /// People sign in to roles of IAM Identity Center.
    IdentityCenter,
    /// The class of a principal that can assume the role.
    AssumerClass(PrincipalClass),
}

/// Why a principal has its class. `report::text` renders it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClassReason {
    /// An entry of the manifest declares it.
    Declared,
    /// This evidence decides.
    Evidence(Box<Evidence>),
    /// The class is unknown: the trust policy is missing.
    MissingTrust(Box<MissingDocument>),
    /// The class is unknown: no hint matches the grants of the trust policy. Without a grant, no principal can assume the
    /// role, or the principal is a user.
    NoMatch(Vec<TrustGrant>),
}

/// Sorts evidence: the decisive item is first. Items of the same strength and class keep the order of the hints.
pub(super) fn sort_evidence(evidence: &mut [Evidence]) {
    evidence.sort_by_key(|item| (Reverse(item.strength), item.kind));
    // Humans use break-glass access. So evidence for it refines stronger evidence for an operator.
    if evidence.first().is_some_and(|first| first.kind.is(PrincipalClass::Operator))
        && let Some(break_glass_index) = evidence.iter().position(|item| item.kind.is(PrincipalClass::BreakGlass))
        && let Some(leading) = evidence.get_mut(..=break_glass_index)
    {
        leading.rotate_right(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_their_names_and_order() {
        assert!(InferredClass::ALL.iter().all(|(name, class)| class.as_str() == *name));
        assert!(InferredClass::ALL.is_sorted_by_key(|(_, class)| *class));
    }
}
