//! The question that a finding answers, and the same question beyond an accepted extent.

use crate::access::Request;
use crate::audit::analysis::analyzer::{Analyzer, BRIEF_DETAIL, Query, QueryAnswer, Requester};
use crate::audit::analysis::replay_decisions::ReplayDecisions;
use crate::audit::subject::accepted_extents::AcceptedRequests;
use crate::iam::Interpretation;
use crate::solve::{Access, ActionWorld};

/// Whether a request is part of a finding, by the evaluator.
pub(crate) type IsExcess<'q> = dyn Fn(&Request, Interpretation) -> bool + Sync + 'q;

/// A finding as a question: is there a request that the principal is allowed and that is not expected?
pub(crate) struct CoverageQuestion<'q> {
    /// The principal.
    pub requester: Requester<'q>,
    /// What the principal is allowed, as far as the finding is about it.
    pub allowed: &'q Access,
    /// What is expected.
    pub expected: &'q Access,
    /// The same for the evaluator: allowed and not expected.
    pub is_excess: &'q IsExcess<'q>,
    /// The actions that the finding is about.
    pub world: ActionWorld,
}

impl CoverageQuestion<'_> {
    /// What is allowed, not expected, and not accepted. Each part has a replayed witness.
    pub fn find_unaccepted(&self, analyzer: &Analyzer<'_>, accepted: &AcceptedRequests) -> QueryAnswer {
        let replay = |request: &Request, interpretation: Interpretation| {
            let is_accepted = accepted.layers.iter().any(|l| analyzer.is_allowed(l, request, interpretation));
            ReplayDecisions { allowed: (self.is_excess)(request, interpretation), expected: is_accepted }
                .check_excess(request)
        };
        let query = Query::new_difference(analyzer, self.requester, &replay).with_detail(BRIEF_DETAIL);
        query.find_excess_in(self.allowed, &accepted.extend(self.expected), self.world)
    }

    /// Whether everything that is allowed and not expected is accepted. No witness is needed.
    pub fn decide_covered(&self, analyzer: &Analyzer<'_>, accepted: &AcceptedRequests) -> QueryAnswer {
        let query = Query::new_verdict(analyzer, self.requester);
        query.find_excess_in(self.allowed, &accepted.extend(self.expected), self.world)
    }
}
