//! The resource policies that decide about the resource of a request.

use super::layers::{Layers, ResourcePolicy};
use super::pattern_match::{MidSegmentStar, match_resource};
use super::request::{Context, Request};
use super::statement_match::StatementMatcher;
use super::trace::StatementTrace;
use super::unread_grants::UnreadGrants;
use crate::iam::{Effect, Interpretation, Template};

/// The known policies with statements that apply to the requested resource.
pub(super) fn find_covering_policies<'a>(layers: &'a Layers, request: &Request) -> Vec<&'a ResourcePolicy> {
    let covers = |policy: &&ResourcePolicy| matches_any(policy.resources.of_effect(Effect::Allow), request);
    layers.resource_policies.iter().filter(covers).collect()
}

/// The outcome of the statements of the policies: of all, or of the Allow statements if it is unknown whether a policy governs
/// the resource.
pub(super) fn trace_covering_policies<'a>(
    policies: &[&'a ResourcePolicy],
    matcher: &StatementMatcher<'a, '_>,
) -> Vec<StatementTrace<'a>> {
    let trace_policy = |covering: &&'a ResourcePolicy| {
        let governs = matches_any(covering.resources.of_effect(Effect::Deny), matcher.request);
        let counts = move |trace: &StatementTrace<'a>| governs || trace.statement.effect() == Effect::Allow;
        matcher.trace_statements([&covering.policy]).into_iter().filter(counts)
    };
    policies.iter().flat_map(trace_policy).collect()
}

/// Whether what the policies do not allow is denied: one of them alone decides about the resource, and no grants that the
/// snapshot lacks allow the request.
pub(super) fn is_decided_by_policies(
    policies: &[&ResourcePolicy],
    request: &Request,
    interpretation: Interpretation,
) -> bool {
    let may_be_granted =
        |kind: UnreadGrants| interpretation.is_alternative(kind.ambiguity()) && kind.can_allow(request.action.trim());
    let decides = |policy: &&&ResourcePolicy| matches_any(&policy.resources.alone, request);
    let mut deciding = policies.iter().filter(decides).peekable();
    deciding.peek().is_some() && !deciding.any(|policy| policy.unread_grants.is_some_and(may_be_granted))
}

fn matches_any<'p>(patterns: impl IntoIterator<Item = &'p Template>, request: &Request) -> bool {
    let context = Context::default();
    let matches = |pattern: &Template| {
        match_resource(pattern, &request.resource, &context, MidSegmentStar::CrossesColons).is_ok()
    };
    patterns.into_iter().any(matches)
}
