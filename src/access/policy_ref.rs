//! Policies of layers, with their names and origins.

use std::sync::Arc;

use crate::iam::{Effect, PolicyDocument, Statement, StatementPlaces};
use crate::snapshot::{AttachmentKind, OrgNode, OrganizationPolicyType, PolicyAttachment};
use crate::source::Place;

/// Where a policy of a layer comes from.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum PolicyOrigin {
    /// Attached to a user or role, directly or through a group.
    Identity(AttachmentKind),
    /// An SCP or RCP, attached to a root, OU or account.
    Organization {
        /// The ID or ARN of the policy.
        id: String,
        /// The ID of the root, OU or account.
        target: String,
    },
    /// A resource policy.
    Resource {
        /// The resource's ARN.
        arn: String,
    },
    /// Passed by the caller (`simulate`, `compare`, ceilings).
    Given,
}

/// A policy document in a layer, with its display name.
#[derive(Clone, Debug)]
pub struct PolicyRef {
    /// The name of the policy.
    pub name: String,
    /// Where it comes from.
    pub origin: PolicyOrigin,
    /// The document.
    pub document: Arc<PolicyDocument>,
    /// Where the statements of this policy are. `None` if they are where the document says. Equal documents are shared,
    /// so the document's own place can be that of another policy.
    pub places: Option<StatementPlaces>,
}

impl PolicyRef {
    /// A policy whose statements are where the document says.
    pub fn new(name: impl Into<String>, origin: PolicyOrigin, document: Arc<PolicyDocument>) -> PolicyRef {
        PolicyRef { name: name.into(), origin, document, places: None }
    }

    /// A policy of a snapshot, whose statements are at these places.
    pub fn collected(
        name: impl Into<String>,
        origin: PolicyOrigin,
        document: &Arc<PolicyDocument>,
        places: &StatementPlaces,
    ) -> PolicyRef {
        PolicyRef { places: Some(places.clone()), ..PolicyRef::new(name, origin, Arc::clone(document)) }
    }

    /// A policy that a principal holds.
    pub fn held(attachment: &PolicyAttachment) -> PolicyRef {
        let origin = PolicyOrigin::Identity(attachment.kind.clone());
        PolicyRef::collected(&attachment.name, origin, &attachment.document, &attachment.places)
    }

    /// Whether a statement has an effect.
    pub fn has_effect(&self, effect: Effect) -> bool {
        self.document.statements.iter().any(|statement| statement.effect == effect)
    }

    /// The file, line and column of a statement of this policy.
    pub fn statement_place(&self, statement: &Statement) -> Place {
        let place = self.places.as_ref().and_then(|places| places.get(statement.index));
        place.unwrap_or_else(|| self.document.statement_place(statement))
    }
}

/// The policies attached to one root, OU or account. A request needs an Allow at every level.
#[derive(Clone, Debug)]
pub struct OrganizationLevel {
    /// The ID of the root, OU or account, with its name if known.
    pub name: String,
    /// The attached policies.
    pub policies: Vec<PolicyRef>,
}

impl OrganizationLevel {
    /// The policies of a type that are attached to a node, without those that cannot be read.
    pub(super) fn from_node(unit: &OrgNode, policy_type: OrganizationPolicyType) -> OrganizationLevel {
        let name = if unit.name.is_empty() { unit.id.clone() } else { format!("{} ({})", unit.id, unit.name) };
        let policies = unit
            .policies
            .iter()
            .filter(|policy| policy.policy_type == policy_type)
            .filter_map(|policy| {
                let origin = PolicyOrigin::Organization { id: policy.id.clone(), target: unit.id.clone() };
                // A document that cannot be read is a missing document of the principal (`missing_documents`), so that
                // the verdict is undecided.
                let document = policy.document.document.as_ref().ok()?;
                Some(PolicyRef::collected(&policy.name, origin, document, &policy.document.places))
            })
            .collect();
        OrganizationLevel { name, policies }
    }
}
