//! The principals that one trust policy names, without its conditions. The solver decides the conditions.

use std::sync::Arc;

use crate::access::is_principal_specific;
use crate::iam::{AccountId, ContextKey, Effect, ElementKind, PolicyDocument, PrincipalElement};
use crate::solve::StatementUse;
use crate::trust::{TrustGrant, list_conditional_grants, parse_principal_element};

/// The principals that one trust policy names.
pub(crate) struct TrustSummary {
    /// Accounts named as a whole.
    pub(crate) accounts: Vec<AccountId>,
    /// Whether it names anyone: `*` or `NotPrincipal`.
    pub(crate) trusts_anyone: bool,
    /// ARNs of users and roles.
    pub(crate) principal_arns: Vec<String>,
    /// Unique ids of users and roles.
    pub(crate) unique_ids: Vec<String>,
    /// Role sessions: account and role name.
    pub(crate) sessions: Vec<(String, String)>,
    /// Whether every named principal is allowed to assume the role, in every request.
    pub(crate) is_unconditional: bool,
    /// Whether it treats principals of one account differently.
    pub(crate) is_principal_specific: bool,
}

impl TrustSummary {
    pub(crate) fn from_document(document: &PolicyDocument) -> TrustSummary {
        let mut summary = TrustSummary {
            accounts: Vec::new(),
            trusts_anyone: false,
            principal_arns: Vec::new(),
            unique_ids: Vec::new(),
            sessions: Vec::new(),
            is_unconditional: true,
            is_principal_specific: false,
        };
        for statement in &document.statements {
            summary.is_unconditional &= statement.effect == Effect::Allow
                && statement.conditions.is_empty()
                && statement.action.lists_action("sts:AssumeRole");
            // A role is never asked whether it can assume itself, so that an undecided condition on MFA must not be shared
            // with the role.
            summary.is_principal_specific |=
                statement.principal.as_ref().is_some_and(distinguishes_principals) || statement.keys().any(is_mfa_key);
        }
        for conditional in list_conditional_grants(document) {
            summary.add_grant(conditional.grant);
        }
        summary
    }

    fn add_grant(&mut self, grant: TrustGrant) {
        match grant {
            TrustGrant::Anyone => self.trusts_anyone = true,
            TrustGrant::AnyoneExcept(_) => (self.trusts_anyone, self.is_unconditional) = (true, false),
            TrustGrant::Account(account) => self.accounts.push(account),
            TrustGrant::Principal(arn) => {
                match arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/')) {
                    // The session name decides. The solver compares it.
                    Some((role, _)) if arn.service() == "sts" => {
                        self.is_unconditional = false;
                        self.sessions.push((arn.account().to_owned(), role.to_owned()));
                    }
                    _ => self.principal_arns.push(arn.as_str().to_owned()),
                }
            }
            TrustGrant::UniqueId(id) => self.unique_ids.push(id),
            // Services and federated identities are not principals of a snapshot.
            TrustGrant::Service { .. }
            | TrustGrant::Oidc { .. }
            | TrustGrant::Saml { .. }
            | TrustGrant::AnyOidcProvider
            | TrustGrant::AnySamlProvider
            | TrustGrant::Other(_) => {}
        }
    }
}

/// Whether a role session may have the key is undecided (`docs/semantics.md`).
fn is_mfa_key(key: &ContextKey) -> bool {
    key.lower().starts_with("aws:multifactorauth")
}

/// Whether the element names some principals of an account and not others.
fn distinguishes_principals(element: &PrincipalElement) -> bool {
    let is_one_principal = |grant: &TrustGrant| matches!(grant, TrustGrant::Principal(_) | TrustGrant::UniqueId(_));
    element.kind == ElementKind::NotList || parse_principal_element(element).iter().any(is_one_principal)
}

/// The statements with a condition or variable whose value differs between principals of one account.
pub(crate) fn find_principal_keyed_statements(document: &Arc<PolicyDocument>) -> impl Iterator<Item = StatementUse> {
    let is_principal_keyed = |statement_use: &StatementUse| {
        let statement = statement_use.statement();
        statement.keys().any(is_principal_specific) && statement.principal.as_ref().is_some_and(may_name_principals)
    };
    StatementUse::from_document(document).filter(is_principal_keyed)
}

/// Whether the element may name users or roles, and not only services and identity providers.
fn may_name_principals(element: &PrincipalElement) -> bool {
    let is_federated = |grant: &TrustGrant| {
        matches!(
            grant,
            TrustGrant::Service { .. }
                | TrustGrant::Oidc { .. }
                | TrustGrant::Saml { .. }
                | TrustGrant::AnyOidcProvider
                | TrustGrant::AnySamlProvider
        )
    };
    element.kind == ElementKind::NotList || !parse_principal_element(element).iter().all(is_federated)
}
