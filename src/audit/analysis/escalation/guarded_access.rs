//! What a state can do of the actions of a guard, without the condition that the guard requires of the principal.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::analysis::EscalationAnalysis;
use super::gained_access::{EndQuery, PathEnd};
use crate::access::{Layers, Request};
use crate::audit::analysis::analyzer::{Analyzer, BRIEF_DETAIL, QueryAnswer};
use crate::audit::analysis::own_access::{AllowedAccess, CeilingValues, OwnAccess};
use crate::audit::analysis::replay_decisions::ReplayDecisions;
use crate::audit::subject::accepted_extents::AcceptedRequests;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::check::Check;
use crate::iam::Interpretation;
use crate::reach::{Graph, NodeState};
use crate::solve::{Access, RenamedDocuments};

const PRINCIPAL_TAG: &str = "aws:principaltag/";

static NOTHING: Access = Access { branches: Vec::new() };

/// A guard of the principal from which a search begins.
pub(super) struct PathGuard<'s> {
    pub(super) check: &'s Arc<Check>,
    /// What satisfies the guard, and what the principal is allowed itself.
    satisfied: OwnAccess<'s>,
    /// What the principal is allowed itself.
    own: OwnAccess<'s>,
    /// The tags of the principal that the guard names, in lower case.
    tags: BTreeSet<String>,
}

/// A question about a guard at the end of a path.
pub(super) struct GuardQuestion<'q> {
    pub(super) guard: &'q PathGuard<'q>,
    /// What is allowed without a finding.
    pub(super) allowed: AllowedAccess<'q>,
    /// Whether requests that satisfy the guard count as allowed.
    pub(super) is_satisfiable: bool,
}

impl<'s> PathGuard<'s> {
    /// The guards of a principal that is allowed `own_access` itself.
    pub(super) fn of_subject(
        subject: &'s AuditedPrincipal<'_>,
        own_access: &Access,
        documents: (&'s RenamedDocuments, &'s RenamedDocuments),
    ) -> Vec<PathGuard<'s>> {
        let known = &subject.known_context;
        let to_guard = |check: &'s Arc<Check>| PathGuard {
            satisfied: OwnAccess::new(
                known,
                (&check.expected.access, CeilingValues::OfEnd),
                own_access.clone(),
                documents,
            ),
            own: OwnAccess::new(known, (&NOTHING, CeilingValues::OfEnd), own_access.clone(), documents),
            tags: list_principal_tags(check),
            check,
        };
        subject.path_guards.iter().map(to_guard).collect()
    }

    /// The question about a state that the principal at the position `start` obtains. A tag that the path has chosen does
    /// not satisfy the guard. Whether the principal can set its own tags is another question
    /// (`analysis::guard_bypass`).
    pub(super) fn question<'q>(&'q self, graph: &Graph<'_>, state: &NodeState, start: usize) -> GuardQuestion<'q>
    where
        's: 'q,
    {
        let is_chosen =
            |tag: &String| state.change.has_session_tags || state.change.tags.iter().any(|(key, _)| **key == **tag);
        let is_other = state.principal != start || state.change.created.is_some();
        let is_satisfiable = !is_other || !self.tags.iter().any(is_chosen);
        let (known_context, ..) = graph.known_context(state);
        let allowed = if is_satisfiable { &self.satisfied } else { &self.own };
        let is_other_name = state.change.renamed.is_some() && state.principal == start;
        GuardQuestion { guard: self, allowed: allowed.at_end(&known_context, is_other_name), is_satisfiable }
    }
}

impl EscalationAnalysis<'_> {
    /// The guarded requests of a state that do not satisfy the guard, and that neither the principal is allowed itself nor an
    /// exception accepts.
    pub(super) fn find_guarded_access(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        end: &PathEnd<'_>,
        (question, accepted): (&GuardQuestion<'_>, Option<&AcceptedRequests>),
    ) -> QueryAnswer {
        let GuardQuestion { guard, allowed, is_satisfiable } = question;
        let accepted_layers = accepted.map_or(&[][..], |accepted| accepted.layers.as_slice());
        let replay = |request: &Request, interpretation: Interpretation| {
            let (end_request, own_request) = allowed.split_request(request);
            let is_allowed = |layers: &Layers| analyzer.is_allowed(layers, &end_request, interpretation);
            ReplayDecisions {
                allowed: is_allowed(end.layers) && is_allowed(&guard.check.scope.layers),
                expected: (*is_satisfiable && is_allowed(&guard.check.expected.layers))
                    || analyzer.is_allowed(&subject.layers, &own_request, interpretation)
                    || accepted_layers.iter().any(is_allowed),
            }
            .check_excess(&end_request)
        };
        let query = EndQuery { analyzer, state: end.state, allowed, accepted, detail: BRIEF_DETAIL };
        self.find_excess_at_end(&query, &end.access.intersect(&guard.check.scope.access), &replay)
    }
}

/// The tags of the principal in the condition of a guard, in lower case.
fn list_principal_tags(check: &Check) -> BTreeSet<String> {
    let statements = check.expected.documents.iter().flat_map(|document| &document.document.statements);
    let keys = statements.flat_map(|statement| &statement.conditions).map(|condition| condition.key.lower());
    keys.filter_map(|key| key.strip_prefix(PRINCIPAL_TAG)).map(str::to_owned).collect()
}
