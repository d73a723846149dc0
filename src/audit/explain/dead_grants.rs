//! Trust grants that admit nobody, with their places.

use crate::audit::analysis::analyzer::Analyzer;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::source::Place;
use crate::trust::{DeadGrant, TrustGrant};

/// A trust grant that admits nobody, with its role and its place.
#[derive(Clone, Debug)]
pub(crate) struct LocatedDeadGrant {
    /// The ARN of the role.
    pub role: String,
    /// The principal or provider that the statement names.
    pub grant: TrustGrant,
    /// The index of the statement in the trust policy.
    pub statement: usize,
    /// Where the statement is.
    pub place: Place,
}

/// The dead grants of a principal.
pub(crate) fn find_dead_grants(analyzer: &Analyzer<'_>, subject: &AuditedPrincipal<'_>) -> Vec<LocatedDeadGrant> {
    let dead_grants = analyzer.trust_analyzer.find_dead_grants(subject.account, subject.principal);
    let locate = |index: usize| {
        let trust = subject.principal.trust_policy.as_ref()?;
        // Equal documents share their content; each role has its own place.
        match trust.place == trust.document.place() {
            true => trust.document.statements.get(index).map(|statement| trust.document.statement_place(statement)),
            false => Some(trust.place.clone()),
        }
    };
    let to_located = |dead: DeadGrant| LocatedDeadGrant {
        role: subject.principal.arn.as_str().to_owned(),
        place: locate(dead.statement).unwrap_or_else(|| subject.principal.place.clone()),
        grant: dead.grant,
        statement: dead.statement,
    };
    dead_grants.into_iter().map(to_located).collect()
}
