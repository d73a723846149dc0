//! Undeclared trust by the party that a finding names.

use indexmap::IndexMap;

use super::context::RuleContext;
use crate::audit::model::finding_key::KeyPart;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::severity::Severity;
use crate::audit::model::trusted_party::TrustedParty;
use crate::trust::{TrustScope, UndeclaredTrust};

/// Undeclared trust with its severity.
pub(super) type RatedTrust<'t> = (Severity, &'t UndeclaredTrust);

/// The trust by the key of the trusted party, the worst first.
///
/// A statement that admits anyone admits each account, too. This is a part of the finding about anyone, unless an
/// exception is about the account. It is shown there if it is worse.
pub(super) fn group_by_party<'t>(
    context: &RuleContext<'_>,
    undeclared: &'t [UndeclaredTrust],
) -> IndexMap<String, Vec<RatedTrust<'t>>> {
    let to_key = |trust: &UndeclaredTrust| context.key(RuleId::Trust, KeyPart::Trusted(&to_party(trust)));
    // A part follows the wider trust.
    let rank = |wider: &UndeclaredTrust| {
        let parts = undeclared.iter().filter(|trust| includes(wider, trust));
        parts.map(|part| rate_severity(context, part)).fold(rate_severity(context, wider), Severity::max)
    };
    let mut trusts: Vec<(String, Severity, RatedTrust<'_>)> = Vec::new();
    for trust in undeclared {
        let severity = rate_severity(context, trust);
        let own_key = to_key(trust);
        let wider = undeclared.iter().find(|wider| includes(wider, trust));
        match wider.filter(|_| context.find_accepted(&own_key).is_none()) {
            None => trusts.push((own_key, rank(trust), (severity, trust))),
            Some(wider) if severity > rate_severity(context, wider) => {
                trusts.push((to_key(wider), rank(wider), (severity, trust)));
            }
            Some(_) => {}
        }
    }
    trusts.sort_by(|(_, a, (_, first)), (_, b, (_, second))| {
        b.cmp(a).then_with(|| first.statement.cmp(&second.statement))
    });
    let mut by_party: IndexMap<String, Vec<RatedTrust<'t>>> = IndexMap::new();
    for (key, _, rated) in trusts {
        by_party.entry(key).or_default().push(rated);
    }
    by_party
}

/// Whether a finding about trust also covers other trust.
fn includes(wider: &UndeclaredTrust, trust: &UndeclaredTrust) -> bool {
    wider.grant == trust.grant && wider.statement == trust.statement && wider.scope.implies(&trust.scope)
}

/// Who can assume the role, as the finding names it.
pub(super) fn to_party(undeclared_trust: &UndeclaredTrust) -> TrustedParty {
    TrustedParty { grant: undeclared_trust.grant.clone(), scope: undeclared_trust.scope.clone() }
}

fn rate_severity(context: &RuleContext<'_>, undeclared_trust: &UndeclaredTrust) -> Severity {
    let is_own_account = |account: &str| context.analyzer.is_own_account(account);
    let external_severity =
        if undeclared_trust.requires_restricted_value() { Severity::Medium } else { Severity::High };
    let base_severity = match &undeclared_trust.scope {
        TrustScope::Anyone | TrustScope::AnyTenant(_) if undeclared_trust.requires_restricted_value() => Severity::High,
        TrustScope::Anyone | TrustScope::AnyTenant(_) => Severity::Critical,
        // Everybody can find the id of a pool in the application.
        TrustScope::Guests(_) => external_severity,
        // If the organization of the snapshot is not known, it can be this one.
        TrustScope::Organization(id)
            if context.analyzer.is_own_organization(id) || !context.analyzer.has_organization() =>
        {
            Severity::Medium
        }
        TrustScope::Account(account) if is_own_account(account.as_str()) => Severity::Medium,
        TrustScope::Principal(arn) if is_own_account(arn.account()) => Severity::Medium,
        TrustScope::Service => Severity::Medium,
        TrustScope::Organization(_) | TrustScope::Account(_) | TrustScope::Principal(_) => external_severity,
        TrustScope::ServiceForOtherAccount | TrustScope::Provider => Severity::High,
    };
    if context.subject.is_agent() { base_severity.raise_one_step() } else { base_severity }
}
