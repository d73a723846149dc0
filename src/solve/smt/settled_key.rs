//! Keys about which a request settles something that a script does not contain.

use crate::catalog::{Catalog, EndpointKey, ShapeId};
use crate::iam::ContextKey;

/// Keys that depend on the request or on another key, in lower case.
const SETTLED_KEYS: [&str; 13] = [
    "aws:epochtime",
    "aws:requestedregion",
    "ec2:region",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:calledviaawsmcp",
    "aws:multifactorauthage",
    "aws:tokenissuetime",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
];

/// Whether a request for an action of a shape settles something about a key.
pub(super) fn is_settled_key(catalog: &Catalog, shape: ShapeId, key: &ContextKey) -> bool {
    let lower = key.lower();
    SETTLED_KEYS.contains(&lower)
        || lower.starts_with("aws:requesttag/")
        || EndpointKey::from_lower(lower).is_some()
        || (!lower.starts_with("aws:") && depends_on_resource_type(catalog, shape, lower))
}

/// Whether requests contain a key of a service on some resource types of the action only.
fn depends_on_resource_type(catalog: &Catalog, shape: ShapeId, lower_key: &str) -> bool {
    let types = catalog.resource_types(shape).iter();
    let mut available = types.map(|resource_type| catalog.has_key_on(shape, &[*resource_type], lower_key));
    let first = available.next();
    available.any(|other| Some(other) != first)
}
