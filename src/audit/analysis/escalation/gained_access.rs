//! What a state can do beyond a ceiling, beyond the own access of a principal, and beyond what an exception accepts.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::analysis::EscalationAnalysis;
use super::shared_excess::SharedExcess;
use crate::access::{Layers, Request};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::analysis::analyzer::{Analyzer, BRIEF_DETAIL, Query, QueryAnswer, Requester};
use crate::audit::analysis::own_access::AllowedAccess;
use crate::audit::analysis::replay_decisions::ReplayDecisions;
use crate::audit::subject::accepted_extents::AcceptedRequests;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::iam::{Ambiguity, Interpretation};
use crate::reach::NodeState;

use crate::solve::{Access, AnswerDetail, WitnessReplay};

/// The last state of a path, with its layers and its access.
pub(super) struct PathEnd<'e> {
    pub(super) state: &'e NodeState,
    pub(super) layers: &'e Layers,
    pub(super) access: &'e Access,
}

/// A question about the end of a path.
pub(super) struct EndQuery<'e> {
    pub(super) analyzer: &'e Analyzer<'e>,
    pub(super) state: &'e NodeState,
    pub(super) allowed: &'e AllowedAccess<'e>,
    /// What an exception accepts. None if there is none.
    pub(super) accepted: Option<&'e AcceptedRequests>,
    pub(super) detail: AnswerDetail,
}

impl EscalationAnalysis<'_> {
    /// The access of a state beyond the ceiling, which principals with this ceiling share. Each statement has a witness.
    pub(super) fn find_shared_excess(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        end: &PathEnd<'_>,
    ) -> SharedExcess {
        let ceiling = &subject.ceiling;
        let key = (self.graph.equivalence_class(end.state, &ceiling.access), Arc::as_ptr(ceiling) as usize);
        self.excess_cache.get_or_compute(key, || {
            let replay = |request: &Request, interpretation: Interpretation| {
                let allowed = analyzer.is_allowed(end.layers, request, interpretation);
                let expected = ceiling.allows(|layers| analyzer.is_allowed(layers, request, interpretation));
                ReplayDecisions { allowed, expected }.check_excess(request)
            };
            self.end_questions.fetch_add(1, Ordering::Relaxed);
            let (known_context, partition, account) = self.graph.known_context(end.state);
            let requester = Requester { known_context: &known_context, partition, account };
            let query = Query::new_difference(analyzer, requester, &replay).with_detail(BRIEF_DETAIL);
            let answer = query.find_excess(end.access, &ceiling.access);
            SharedExcess { is_contained: answer.is_contained(), excess: Arc::new(answer.excess) }
        })
    }

    /// The access of a state beyond a ceiling that has the values of the principal for which it is declared. Each statement
    /// has a witness.
    pub(super) fn find_excess_beyond_ceiling(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        end: &PathEnd<'_>,
        ceiling: &AllowedAccess<'_>,
    ) -> SharedExcess {
        let replay = |request: &Request, interpretation: Interpretation| {
            let (end_request, own_request) = ceiling.split_request(request);
            let is_declared = |layers: &Layers| analyzer.is_allowed(layers, &own_request, interpretation);
            ReplayDecisions {
                allowed: analyzer.is_allowed(end.layers, &end_request, interpretation),
                expected: subject.ceiling.allows(is_declared),
            }
            .check_excess(&end_request)
        };
        let query = EndQuery { analyzer, state: end.state, allowed: ceiling, accepted: None, detail: BRIEF_DETAIL };
        let answer = self.find_excess_at_end(&query, end.access, &replay);
        SharedExcess { is_contained: answer.is_contained(), excess: Arc::new(answer.excess) }
    }

    /// The access of a state that neither the ceiling nor the own access of a principal nor an exception allows.
    pub(super) fn find_gained_access(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        end: &PathEnd<'_>,
        (allowed, accepted): (&AllowedAccess<'_>, Option<&AcceptedRequests>),
    ) -> QueryAnswer {
        let accepted_layers = accepted.map_or(&[][..], |accepted| accepted.layers.as_slice());
        let replay = |request: &Request, interpretation: Interpretation| {
            let (end_request, own_request) = allowed.split_request(request);
            let is_allowed = |layers: &Layers| analyzer.is_allowed(layers, &end_request, interpretation);
            let declared_request = if allowed.has_own_ceiling() { &own_request } else { &end_request };
            let is_declared = |layers: &Layers| analyzer.is_allowed(layers, declared_request, interpretation);
            ReplayDecisions {
                allowed: is_allowed(end.layers),
                expected: subject.ceiling.allows(is_declared)
                    || analyzer.is_allowed(&subject.layers, &own_request, interpretation)
                    || accepted_layers.iter().any(is_allowed),
            }
            .check_excess(&end_request)
        };
        let query = EndQuery { analyzer, state: end.state, allowed, accepted, detail: AnswerDetail::Verdict };
        self.find_excess_at_end(&query, end.access, &replay)
    }

    /// What an access at the end of a path has beyond what is allowed and accepted.
    pub(super) fn find_excess_at_end(
        &self,
        EndQuery { analyzer, state, allowed, accepted, detail }: &EndQuery<'_>,
        access: &Access,
        replay: &WitnessReplay<'_>,
    ) -> QueryAnswer {
        self.end_questions.fetch_add(1, Ordering::Relaxed);
        let expected = accepted.map_or(Cow::Borrowed(&*allowed.access), |a| Cow::Owned(a.extend(&allowed.access)));
        let (known_context, partition, account) = self.graph.known_context(state);
        let requester = Requester { known_context: allowed.extend_context(&known_context), partition, account };
        let query = Query::new_difference(analyzer, requester, replay).with_detail(*detail);
        let mut answer = query.find_excess(access, &expected);
        allowed.strip_renamed_keys(&mut answer.excess);
        answer
    }
}

/// Whether a request is one that the policies of a principal do not allow, however an ambiguity is interpreted.
pub(super) fn is_denied_to(analyzer: &Analyzer<'_>, subject: &AuditedPrincipal<'_>, request: &Request) -> bool {
    let alternatives = Ambiguity::ALL.into_iter().map(Interpretation::with_alternative);
    let mut interpretations = std::iter::once(Interpretation::default()).chain(alternatives);
    interpretations.all(|interpretation| !analyzer.is_allowed(&subject.layers, request, interpretation))
}

/// An excess with the witnesses of the access that is gained.
pub(super) fn use_witnesses_of(excess: &ExcessByStatement, gained: ExcessByStatement) -> ExcessByStatement {
    let mut excess = excess.clone();
    for (statement_id, statement_excess) in gained {
        excess
            .entry(statement_id)
            .and_modify(|existing| existing.witness.clone_from(&statement_excess.witness))
            .or_insert(statement_excess);
    }
    excess
}
