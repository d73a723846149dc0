//! What IAM002 compares: the wildcards of a principal with what is declared, and with what the exception of IAM001 accepts.

use crate::access::{Layers, Request};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::analysis::analyzer::{Analyzer, QueryAnswer, Requester};
use crate::audit::extent::coverage_question::CoverageQuestion;
use crate::audit::model::finding_key::{KeyPart, build_principal_key};
use crate::audit::model::rule_id::RuleId;
use crate::audit::subject::accepted_extents::{AcceptedExtents, AcceptedRequests};
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::iam::Interpretation;
use crate::solve::{Access, ActionWorld};

/// The wildcards of a principal, and what may match future actions.
pub(crate) struct LatentAccess<'l> {
    subject: &'l AuditedPrincipal<'l>,
    /// What the exception of IAM001 accepts. `None` if there is none.
    broader: Option<&'l AcceptedRequests>,
    /// The statements whose wildcards are compared.
    pub allowed: Access,
    /// What is declared or accepted.
    pub expected: Access,
    /// The wildcards of the statements with excess.
    of_excess: Access,
}

impl<'l> LatentAccess<'l> {
    /// The wildcards of a principal. Those of statements with excess belong to its IAM001 finding, unless an exception
    /// accepts it: to an extent, so that what they match beyond it is reported here.
    pub fn new(
        subject: &'l AuditedPrincipal<'l>,
        effective: &Access,
        excess: &ExcessByStatement,
        accepted: &'l AcceptedExtents<'_>,
    ) -> LatentAccess<'l> {
        let key = build_principal_key(RuleId::Broader, &subject.principal_ref, KeyPart::Only);
        let broader = accepted.find(&key).map(|accepted| &accepted.requests);
        let declared = &subject.ceiling.access;
        LatentAccess {
            subject,
            broader,
            allowed: effective.wildcard_grants(|id| broader.is_some() || !excess.contains_key(&id)),
            of_excess: effective.wildcard_grants(|id| excess.contains_key(&id)),
            expected: broader.map_or_else(|| declared.clone(), |requests| requests.extend(declared)),
        }
    }

    /// Whether a request is allowed, not declared and not accepted, by the evaluator.
    pub fn is_excess(&self, analyzer: &Analyzer<'_>, request: &Request, interpretation: Interpretation) -> bool {
        let allows = |layers: &Layers| analyzer.is_allowed(layers, request, interpretation);
        let accepted = self.broader.iter().flat_map(|requests| &requests.layers);
        allows(&self.subject.layers) && !self.subject.ceiling.allows(allows) && !accepted.into_iter().any(allows)
    }

    /// What future actions exceed by the statements with excess, if an exception accepts it. `None` if none does. The
    /// analysis has the answer for the other statements.
    pub fn find_beyond_accepted(&self, analyzer: &Analyzer<'_>) -> Option<QueryAnswer> {
        self.broader?;
        let is_excess = |request: &Request, interpretation| self.is_excess(analyzer, request, interpretation);
        let question = CoverageQuestion {
            requester: Requester::from_subject(self.subject),
            allowed: &self.of_excess,
            expected: &self.expected,
            is_excess: &is_excess,
            world: ActionWorld::Future,
        };
        Some(question.find_unaccepted(analyzer, &AcceptedRequests::new([])))
    }
}
