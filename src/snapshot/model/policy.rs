//! Policy documents of a snapshot, and how principals hold them.

use std::sync::Arc;

use super::missing::{MissingDocument, MissingReason};
use crate::iam::{AccountId, Arn, PolicyDocument, Statement, StatementPlaces};
use crate::source::Place;

/// A policy document as one holder has it. Equal documents share their content; each has its own places.
#[derive(Clone, Debug)]
pub struct CollectedDocument {
    /// The document, or why it is missing.
    pub document: Result<Arc<PolicyDocument>, MissingReason>,
    /// The statements that can be read, if others cannot. An empty statement takes the place of each of the others. Only
    /// a policy that grants can use it, together with a missing document.
    pub readable_part: Option<Arc<PolicyDocument>>,
    /// Where this holder's copy is.
    pub place: Place,
    /// Where its statements are.
    pub places: StatementPlaces,
}

impl CollectedDocument {
    /// A document that is missing as a whole.
    pub(crate) fn missing(reason: MissingReason, place: Place) -> CollectedDocument {
        let places = StatementPlaces::default();
        CollectedDocument { document: Err(reason), readable_part: None, place, places }
    }

    /// The document, or the statements that can be read. `None` if it is missing as a whole.
    pub fn readable(&self) -> Option<&Arc<PolicyDocument>> {
        self.document.as_ref().ok().or(self.readable_part.as_ref())
    }
}

impl PartialEq for CollectedDocument {
    /// Compares the content, not the place.
    fn eq(&self, other: &CollectedDocument) -> bool {
        match (&self.document, &other.document) {
            (Ok(left_document), Ok(right_document)) => {
                Arc::ptr_eq(left_document, right_document) || left_document == right_document
            }
            (Err(left_reason), Err(right_reason)) => {
                left_reason == right_reason && self.readable_part == other.readable_part
            }
            _ => false,
        }
    }
}

/// A managed policy.
#[derive(Clone, Debug)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// Its default version.
    pub document: CollectedDocument,
    /// The other versions that can be read. `iam:SetDefaultPolicyVersion` can make one the default.
    pub other_versions: Vec<PolicyVersionDocument>,
    /// The other versions whose content is unknown.
    pub unreadable_versions: Vec<MissingDocument>,
}

/// A version of a managed policy other than the default one.
#[derive(Clone, Debug)]
pub struct PolicyVersionDocument {
    /// Its id: `v1`.
    pub id: String,
    /// Its document.
    pub document: Arc<PolicyDocument>,
    /// Where its statements are.
    pub places: StatementPlaces,
}

impl ManagedPolicy {
    /// The number of versions other than the default one.
    pub(crate) fn other_version_count(&self) -> usize {
        self.other_versions.len() + self.unreadable_versions.len()
    }
}

impl PartialEq for ManagedPolicy {
    /// Compares the default version alone: one page can list fewer versions than another.
    fn eq(&self, other: &ManagedPolicy) -> bool {
        (&self.arn, &self.name, &self.document) == (&other.arn, &other.name, &other.document)
    }
}

/// How a principal holds a policy. Holders are named by ARN.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum AttachmentKind {
    /// An inline policy.
    Inline {
        /// The user, role or group that embeds it.
        holder: String,
    },
    /// A managed policy, attached to a user, role or group.
    Attached {
        /// The policy's ARN.
        arn: String,
        /// The user, role or group.
        holder: String,
    },
    /// A managed policy, set as the permissions boundary.
    Boundary {
        /// The policy's ARN.
        arn: String,
    },
    /// A role's trust policy.
    Trust {
        /// The role.
        holder: String,
    },
}

/// A policy that a principal holds.
#[derive(Clone, Debug)]
pub struct PolicyAttachment {
    /// Its name.
    pub name: String,
    /// How the principal holds it.
    pub kind: AttachmentKind,
    /// Its document. Equal documents are shared, so the document's own place can be another holder's.
    pub document: Arc<PolicyDocument>,
    /// Where this holder's copy is. For a managed policy, where the policy is.
    pub place: Place,
    /// Where its statements are.
    pub places: StatementPlaces,
}

impl PolicyAttachment {
    /// The file, line and column of a statement of this holder's copy.
    pub fn statement_place(&self, statement: &Statement) -> Place {
        self.places.get(statement.index).unwrap_or_else(|| self.place.clone())
    }
}

/// A permissions boundary.
#[derive(Clone, Debug)]
pub struct PermissionsBoundary {
    /// The policy's ARN.
    pub arn: String,
    /// The policy. `None` if its document is missing; the principal's `missing_documents` then lists it.
    pub policy: Option<PolicyAttachment>,
}

/// A resource with its policy.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceWithPolicy {
    /// The resource.
    pub arn: Arn,
    /// The account that owns it.
    pub owner: AccountId,
    /// Its policy.
    pub policy: CollectedDocument,
    /// Whether it is a bucket whose access control lists are disabled. False if unknown.
    pub has_disabled_acls: bool,
}
