//! Gives the analysis of one principal to an equivalent one, with witnesses in its own account.

use super::actions::by_statement::ExcessByStatement;
use super::analysis::analyzer::Analyzer;
use super::analysis::principal_analysis::PrincipalAnalysis;
use super::subject::audited_principal::AuditedPrincipal;
use crate::access::{Layers, Request};
use crate::iam::{AccountId, Arn, Interpretation};

/// The analysis of an equivalent principal, with witnesses in its own account. `None` if a witness proves nothing there.
///
/// INVARIANT: equivalent principals differ in account and ARN only: the equivalence key has everything else that the
/// analysis depends on.
pub(super) fn transfer_analysis_to_account(
    analyzer: &Analyzer<'_>,
    from: &AuditedPrincipal<'_>,
    to: &AuditedPrincipal<'_>,
    analysis: &PrincipalAnalysis,
) -> Option<PrincipalAnalysis> {
    let mut transferred = analysis.clone();
    let (old, new) = (&from.account.id, &to.account.id);
    let allows = |layers: &Layers, request: &Request| analyzer.is_allowed(layers, request, Interpretation::default());
    for (excess, check) in transferred.check_results.iter_mut().zip(&to.checks) {
        transfer_witnesses(excess, old, new, |request| {
            allows(&to.layers, request)
                && allows(&check.scope.layers, request)
                && !allows(&check.expected.layers, request)
        })?;
    }
    let is_declared = |request: &Request| to.ceiling.allows(|layers| allows(layers, request));
    let exceeds_ceiling = |request: &Request| allows(&to.layers, request) && !is_declared(request);
    let is_not_granted = |request: &Request| !allows(&to.layers, request) && allows(&to.ceiling.layers, request);
    transfer_witnesses(&mut transferred.excess, old, new, exceeds_ceiling)?;
    transfer_witnesses(&mut transferred.future_excess, old, new, exceeds_ceiling)?;
    transfer_witnesses(&mut transferred.not_granted, old, new, is_not_granted)?;
    Some(transferred)
}

/// Moves the witnesses of an excess to another account. `None` if a witness proves nothing there.
fn transfer_witnesses(
    excess: &mut ExcessByStatement,
    old: &AccountId,
    new: &AccountId,
    is_proof: impl Fn(&Request) -> bool,
) -> Option<()> {
    for request in excess.values_mut().filter_map(|statement_excess| statement_excess.witness.as_mut()) {
        if let Some(arn) = Arn::parse(&request.resource)
            && arn.account() == old.as_str()
        {
            request.resource = format!(
                "arn:{}:{}:{}:{}:{}",
                arn.partition(),
                arn.service(),
                arn.region(),
                new.as_str(),
                arn.resource()
            );
        }
        if !is_proof(request) {
            return None;
        }
    }
    Some(())
}
