//! What the exceptions of a baseline accept today, by the key of the finding.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use crate::access::{Layers, PolicyOrigin, PolicyRef};
use crate::audit::model::finding_key::{KeyPart, build_principal_key};
use crate::audit::model::principal_ref::PrincipalRef;
use crate::audit::model::rule_id::RuleId;
use crate::baseline::{Baseline, CeilingDocument, Exception};
use crate::iam::PolicyDocument;
use crate::solve::{Access, Branch};

/// The exceptions that have not expired, by the key of the finding.
pub(crate) struct AcceptedExtents<'a> {
    by_key: BTreeMap<&'a str, AcceptedFinding<'a>>,
}

/// What an exception accepts of one finding.
pub(crate) struct AcceptedFinding<'a> {
    /// The exception.
    pub exception: &'a Exception,
    /// The requests that its documents allow.
    pub requests: AcceptedRequests,
}

/// The requests that any of some documents allows. A Deny of one document does not affect another.
pub(crate) struct AcceptedRequests {
    /// For the solver: one branch for each document.
    pub access: Access,
    /// For the evaluator: one for each document.
    pub layers: Vec<Layers>,
}

impl<'a> AcceptedExtents<'a> {
    /// The exceptions of a baseline that apply on a day.
    pub fn new(baseline: &'a Baseline, today: Date) -> AcceptedExtents<'a> {
        let in_force = baseline.exceptions.iter().filter(|exception| !exception.is_expired(today));
        let to_accepted = |exception: &'a Exception| AcceptedFinding {
            exception,
            requests: AcceptedRequests::new(exception.accepts.documents.iter().map(document_of)),
        };
        AcceptedExtents { by_key: in_force.map(|e| (e.finding.value.as_str(), to_accepted(e))).collect() }
    }

    /// What is accepted of a finding. `None` if no exception applies.
    pub fn find(&self, key: &str) -> Option<&AcceptedFinding<'a>> {
        self.by_key.get(key)
    }

    /// Whether an exception is about an escalation path of a principal.
    pub fn has_path_of(&self, principal: &PrincipalRef) -> bool {
        let key = build_principal_key(RuleId::Escalation, principal, KeyPart::Only);
        !self.find_parts(&key).is_empty()
    }

    /// What is accepted of all findings whose key is this one with a further part.
    pub fn find_parts(&self, key: &str) -> Vec<&AcceptedFinding<'a>> {
        let is_part = |other: &str| other.strip_prefix(key).is_some_and(|part| part.starts_with(':'));
        self.by_key.iter().filter(|(other, _)| is_part(other)).map(|(_, accepted)| accepted).collect()
    }
}

fn document_of(document: &CeilingDocument) -> &Arc<PolicyDocument> {
    &document.document
}

impl AcceptedFinding<'_> {
    /// The documents of the exception.
    pub fn documents(&self) -> Vec<Arc<PolicyDocument>> {
        self.exception.accepts.documents.iter().map(|document| Arc::clone(&document.document)).collect()
    }

    /// Whether each of some facts is accepted.
    pub fn covers(&self, items: &BTreeMap<&'static str, BTreeSet<String>>) -> bool {
        let accepted = &self.exception.accepts.items;
        items.iter().all(|(key, values)| accepted.get(*key).is_some_and(|accepted| values.is_subset(accepted)))
    }
}

impl AcceptedRequests {
    /// The requests that any of these documents allows.
    pub fn new<'d>(documents: impl IntoIterator<Item = &'d Arc<PolicyDocument>>) -> AcceptedRequests {
        let (mut branches, mut layers) = (Vec::new(), Vec::new());
        for document in documents {
            branches.push(Branch::from_policies([(document, 0)]));
            let policy = PolicyRef::new("", PolicyOrigin::Given, Arc::clone(document));
            layers.push(Layers::from_identity(vec![policy]));
        }
        AcceptedRequests { access: Access { branches }, layers }
    }

    /// The requests of another formula, and these.
    pub fn extend(&self, access: &Access) -> Access {
        Access { branches: access.branches.iter().chain(&self.access.branches).cloned().collect() }
    }
}
