//! The small types of the catalog: IDs, access levels, and the types of condition keys.

/// An action. IDs are contiguous, in the order of service prefix and lower-case name.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct ActionId(pub u32);

/// A service. IDs are in the order of the prefixes.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct ServiceId(pub u16);

/// A resource type of a service.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct ResourceTypeId(pub u32);

/// The shape of requests: actions with the same shape have the same service, resource types and condition keys.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct ShapeId(pub u32);

/// The access level of an action. AWS: *Understanding access level summaries within policy summaries*.
///
/// The package has two levels for some actions (`Tagging, Write`). The catalog keeps the narrower one.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum AccessLevel {
    /// Lists resources, without their contents.
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
    /// The name of the level in AWS's documentation.
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

/// How many values of a key a request can contain.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Multiplicity {
    /// At most one value.
    Single,
    /// A set of values.
    Multi,
}

/// The definition of a condition key.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct KeyDefinition {
    /// The type of the values.
    pub value_type: ValueType,
    /// How many values a request can contain.
    pub multiplicity: Multiplicity,
}
