//! Whether an edit keeps what is declared and allowed, and gives nothing.

use std::sync::Arc;

use crate::audit::analysis::analyzer::{Analyzer, Query, Requester};
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::check::Check;
use crate::audit::subject::resolved_ceiling::ResolvedCeiling;
use crate::iam::{Effect, PolicyDocument, Statement};
use crate::solve::Access;

/// The name of documents that say what checks forbid.
const FORBIDDEN: &str = "what a check forbids";

/// Whether it is proven that a principal is allowed nothing new after an edit, and that it keeps what its ceiling allows and
/// no check forbids.
pub(super) fn is_kept(analyzer: &Analyzer<'_>, before: &AuditedPrincipal<'_>, after: &AuditedPrincipal<'_>) -> bool {
    let (access_before, _) = analyzer.compute_effective_access(&before.layers);
    let (access_after, _) = analyzer.compute_effective_access(&after.layers);
    let query = Query::new_verdict(analyzer, Requester::from_subject(before));
    if !query.find_excess(&access_after, &access_before).is_contained() {
        return false;
    }
    let declared = access_before.intersect(&before.ceiling.access);
    let mut kept_or_forbidden = access_after;
    let forbidden = before.checks.iter().filter_map(|check| list_forbidden(check));
    kept_or_forbidden.branches.extend(forbidden.flat_map(|access| access.branches));
    query.find_excess(&declared, &kept_or_forbidden).is_contained()
}

/// What a check forbids: the requests in its scope that are not expected. `None` if its documents do not allow that to be
/// written as one document.
fn list_forbidden(check: &Check) -> Option<Access> {
    let mut statements = copy_as(&check.scope, Effect::Allow)?;
    statements.extend(copy_as(&check.expected, Effect::Deny)?);
    let document = Arc::new(PolicyDocument::from_statements(FORBIDDEN, statements));
    Some(Access::from_policies([(&document, 0)]))
}

/// The statements of a ceiling, all of which allow, with an effect.
fn copy_as(ceiling: &ResolvedCeiling, effect: Effect) -> Option<Vec<Statement>> {
    // The common part of several ceilings is no list of statements.
    let is_union = ceiling.layers.scps.is_none();
    let statements = ceiling.documents.iter().flat_map(|declared| &declared.document.statements);
    let copy = |statement: &Statement| {
        (is_union && statement.effect == Effect::Allow).then(|| Statement { effect, ..statement.clone() })
    };
    statements.map(copy).collect()
}

/// Whether a role still admits the declared assumers that it admits today.
pub(super) fn is_trust_kept(
    analyzer: &Analyzer<'_>,
    before: &AuditedPrincipal<'_>,
    after: &AuditedPrincipal<'_>,
) -> bool {
    let declares_assumers = before.entries().any(|entry| entry.assumable_by.is_some());
    let Some(trust) = &after.principal.trust_policy else { return false };
    if !declares_assumers {
        return true;
    }
    let edited = [Arc::clone(&trust.document)];
    let lost = analyzer.trust_analyzer.find_unaccepted(before.account, before.principal, Some(&[]), &edited);
    let lost_and_undeclared = analyzer.analyze_trust(before, &edited);
    // What is lost must be the same whether or not something is declared.
    lost.undecided.is_empty()
        && lost_and_undeclared.undecided.is_empty()
        && lost.undeclared.iter().all(|lost| {
            let mut others = lost_and_undeclared.undeclared.iter();
            others.any(|other| lost.grant == other.grant && lost.cubes == other.cubes)
        })
}
