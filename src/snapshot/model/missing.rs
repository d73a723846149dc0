//! Policy documents that decide access and are missing. A verdict that depends on one is undecided.

use schemars::JsonSchema;
use serde::Serialize;

use crate::iam::Arn;
use crate::source::Place;

/// The layer of a principal's access that a document belongs to.
#[derive(Copy, Clone, Debug, Eq, JsonSchema, PartialEq, Hash, Ord, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerKind {
    /// Inline, attached and group policies.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// The trust policy. It decides who can assume the role, not what the role can do.
    Trust,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// A resource policy.
    Resource,
}

/// Why a document is missing.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Hash, Ord, PartialOrd, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MissingReason {
    /// The snapshot does not contain it.
    NotCollected,
    /// The collector tried to read it and failed.
    CollectionFailed {
        /// The error, in AWS's words.
        error: String,
        /// The permission that the collector lacks. `None` if that is not the cause.
        permission: Option<String>,
    },
    /// It is in the snapshot and is not a valid policy.
    Invalid {
        /// The first error.
        error: String,
        /// An id of its text.
        content_id: String,
    },
}

impl std::fmt::Display for MissingReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MissingReason::NotCollected => f.write_str("is not in the snapshot"),
            MissingReason::CollectionFailed { error, .. } => write!(f, "could not be collected: {error}"),
            MissingReason::Invalid { error, .. } => write!(f, "cannot be read: {error}"),
        }
    }
}

/// The resources whose requests a missing document could decide.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum MissingScope {
    /// All resources.
    AllResources,
    /// The resource with this ARN, and everything whose ARN starts with it (the objects of a bucket).
    Resource(String),
    /// All resources of a service, as ARNs name it: `s3`.
    Service(String),
}

impl MissingScope {
    /// Whether `resource` is in this scope. Text that is not an ARN (`*`) can mean any service.
    fn contains(&self, resource: &str) -> bool {
        match self {
            MissingScope::AllResources => true,
            MissingScope::Resource(arn) => is_part_of(resource, arn.as_str()),
            MissingScope::Service(service) => Arn::parse(resource).is_none_or(|arn| arn.service() == service),
        }
    }
}

/// Whether a resource is the one with this ARN, or belongs to it: an object of a bucket, an alias of a function. The
/// bucket `logs-archive` does not belong to the bucket `logs`.
fn is_part_of(resource: &str, arn: &str) -> bool {
    resource.strip_prefix(arn).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
}

/// A document that decides a principal's access and whose content is unknown.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Hash, Serialize)]
pub struct MissingDocument {
    /// Its layer.
    pub layer: LayerKind,
    /// Its name for reports: `attached policy arn:…`, `group admins`.
    pub name: String,
    /// The ARN of the attached policy. `None` if it is not an attached policy.
    pub attached_policy_arn: Option<String>,
    /// The requests that it could decide.
    #[doc(hidden)]
    #[serde(skip)]
    pub scope: MissingScope,
    /// Why it is missing.
    pub reason: MissingReason,
    /// Where the snapshot refers to it.
    pub place: Place,
}

impl MissingDocument {
    /// A document that could decide requests on any resource.
    pub(crate) fn new(layer: LayerKind, name: String, reason: MissingReason, place: Place) -> MissingDocument {
        MissingDocument { layer, name, attached_policy_arn: None, scope: MissingScope::AllResources, reason, place }
    }

    /// An attached managed policy.
    pub(crate) fn attached_policy(layer: LayerKind, arn: &str, reason: MissingReason, place: Place) -> MissingDocument {
        let document = MissingDocument::new(layer, format!("attached policy {arn}"), reason, place);
        MissingDocument { attached_policy_arn: Some(arn.to_owned()), ..document }
    }

    /// The policy of one resource.
    pub(crate) fn resource_policy(arn: &str, reason: MissingReason, place: Place) -> MissingDocument {
        let scope = MissingScope::Resource(arn.to_owned());
        let name = format!("resource policy of {arn}");
        MissingDocument { scope, ..MissingDocument::new(LayerKind::Resource, name, reason, place) }
    }

    /// Whether it could decide requests on `resource`, an ARN or `*`.
    #[doc(hidden)]
    pub fn may_affect_resource(&self, resource: &str) -> bool {
        self.scope.contains(resource)
    }
}

impl std::fmt::Display for MissingDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_bucket_policy_does_not_affect_a_bucket_with_a_longer_name() {
        let place = Place { file: "snapshot.json".to_owned(), line: 1, column: 1 };
        let missing = MissingDocument::resource_policy("arn:aws:s3:::logs", MissingReason::NotCollected, place);
        assert!(missing.may_affect_resource("arn:aws:s3:::logs"));
        assert!(missing.may_affect_resource("arn:aws:s3:::logs/2026/a"));
        assert!(!missing.may_affect_resource("arn:aws:s3:::logs-archive"));
        assert!(!missing.may_affect_resource("arn:aws:s3:::logs-archive/a"));
    }
}
