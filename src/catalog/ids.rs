//! The small types the catalog speaks in: ids, and what the reference says of actions and keys.

/// An action; ids are dense, in the order of service prefix and then name in lower case.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct ActionId(pub u32);

/// A service, by the prefix of its actions.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct ServiceId(pub u16);

/// A type of resource within a service.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct ResourceTypeId(pub u32);

/// What requests for an action look like: two actions of one shape are of the same service and
/// have the same resource types and the same condition keys.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct ShapeId(pub u32);

/// AWS's own classification of an action ("Understanding access level summaries").
///
/// The package names two levels for some actions ("Tagging, Write"); the narrower one is kept.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum AccessLevel {
    /// Sees that resources exist, not what they hold.
    List,
    /// Reads contents or attributes.
    Read,
    /// Changes only tags.
    Tagging,
    /// Creates, changes or deletes.
    Write,
    /// Grants or changes permissions.
    PermissionsManagement,
}

impl AccessLevel {
    /// The level as AWS's pages write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Tagging => "Tagging",
            Self::Write => "Write",
            Self::PermissionsManagement => "Permissions management",
        }
    }
}

/// The type of a condition key's values.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum ValueType {
    /// Any text.
    String,
    /// An Amazon Resource Name.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A decimal number.
    Numeric,
    /// A point in time.
    Date,
    /// An IPv4 or IPv6 address.
    IpAddress,
    /// Bytes, written in base64.
    Binary,
}

/// How many values of a key one request can hold.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Multiplicity {
    /// One at most.
    Single,
    /// A set.
    Multi,
}

/// What is known of a condition key's values.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct KeyDefinition {
    /// Their type.
    pub value_type: ValueType,
    /// How many of them one request can hold.
    pub multiplicity: Multiplicity,
}
