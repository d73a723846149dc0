//! A second implementation of AWS's policy evaluation, on plain data. It shares no code with the library: it is written
//! from the IAM User Guide and AWS Organizations User Guide, and favors short code over fast code.
//!
//! - `pattern`: wildcards and policy variables
//! - `scalar`: numbers, dates, addresses, binary values
//! - `condition`: one condition of a statement
//! - `policy`: policy documents
//! - `principal_element`: the elements `Principal` and `NotPrincipal`
//! - `world`: accounts, organization and resource policies, read from the files of a snapshot
//! - `decision`: whether a request is allowed, layer by layer

pub mod condition;
pub mod decision;
pub mod pattern;
pub mod policy;
pub mod principal_element;
pub mod scalar;
pub mod world;

use std::collections::BTreeMap;

/// The value of a context key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    One(String),
    Many(Vec<String>),
}

impl Value {
    pub fn list(&self) -> &[String] {
        match self {
            Value::One(value) => std::slice::from_ref(value),
            Value::Many(values) => values,
        }
    }
}

/// Context keys, in lower case, with their values. A key that is not in the map is missing.
pub type Context = BTreeMap<String, Value>;

/// A request, without its principal.
#[derive(Clone, Debug)]
pub struct Request {
    pub action: String,
    pub resource: String,
    pub context: Context,
}

/// One reading of what AWS's documentation leaves open. The default is the one that the tool chooses.
#[derive(Copy, Clone, Debug, Default)]
pub struct Reading {
    /// A `*` in the middle of an ARN segment of `Resource` does not match colons.
    pub star_stays_in_segment: bool,
    /// A value that is invalid for its operator satisfies no operator, also no negated one.
    pub invalid_value_fails: bool,
    /// An empty set counts as a missing key, and so does an empty string if the condition does not compare with one.
    pub empty_is_missing: bool,
    /// A `NotResource` pattern with an unresolved variable excludes every resource.
    pub unresolved_excludes_all: bool,
    /// `ForAnyValue:…IfExists` is true if the key is missing.
    pub any_if_exists_holds: bool,
    /// A variable before the fifth colon of `Resource` is replaced with its value.
    pub early_variables: bool,
    /// The access control lists of buckets, which the snapshot does not have, grant whatever they can grant.
    pub acls_grant: bool,
    /// The same of the grants of KMS keys.
    pub key_grants_grant: bool,
}

impl Reading {
    /// Whether the request needs a grant in a document that the snapshot does not have.
    pub fn needs_unread_grants(self) -> bool {
        self.acls_grant || self.key_grants_grant
    }

    /// The default, and each reading that differs in one answer.
    pub fn list_all() -> [Reading; 9] {
        let default = Reading::default();
        [
            default,
            Reading { star_stays_in_segment: true, ..default },
            Reading { invalid_value_fails: true, ..default },
            Reading { empty_is_missing: true, ..default },
            Reading { unresolved_excludes_all: true, ..default },
            Reading { any_if_exists_holds: true, ..default },
            Reading { early_variables: true, ..default },
            Reading { acls_grant: true, ..default },
            Reading { key_grants_grant: true, ..default },
        ]
    }
}
