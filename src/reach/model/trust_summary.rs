//! The principals that one trust policy names, without its conditions. The solver decides the conditions.

use std::sync::Arc;

use crate::access::is_principal_specific;
use crate::iam::principal_element::{AwsPrincipal, PrincipalElement, PrincipalEntry};
use crate::iam::{AccountId, Effect, ElementKind, PolicyDocument};
use crate::solve::StatementUse;

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
            // An action pattern that this list lacks only makes the policy conditional: then the solver decides.
            let assumes = statement.action.patterns.iter().any(|pattern| {
                matches!(pattern.as_written().to_ascii_lowercase().as_str(), "sts:assumerole" | "sts:*" | "*")
            });
            let is_list = statement.action.kind == ElementKind::List;
            summary.is_unconditional &=
                statement.effect == Effect::Allow && statement.conditions.is_empty() && is_list && assumes;
            summary.is_principal_specific |= statement.principal.as_ref().is_some_and(distinguishes_principals);
            let Some(element) = statement.principal.as_ref().filter(|_| statement.effect == Effect::Allow) else {
                continue;
            };
            if element.kind == ElementKind::NotList {
                (summary.trusts_anyone, summary.is_unconditional) = (true, false);
                continue;
            }
            for entry in &element.entries {
                summary.add_entry(entry);
            }
        }
        summary
    }

    fn add_entry(&mut self, entry: &PrincipalEntry) {
        match entry {
            PrincipalEntry::Anyone => self.trusts_anyone = true,
            PrincipalEntry::Aws(AwsPrincipal::Account(account)) => self.accounts.push(account.clone()),
            PrincipalEntry::Aws(AwsPrincipal::Root(root)) => self.accounts.extend(AccountId::parse(root.account())),
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => {
                match arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/')) {
                    // The session name decides. The solver compares it.
                    Some((role, _)) if arn.service() == "sts" => {
                        self.is_unconditional = false;
                        self.sessions.push((arn.account().to_owned(), role.to_owned()));
                    }
                    _ => self.principal_arns.push(arn.as_str().to_owned()),
                }
            }
            PrincipalEntry::Aws(AwsPrincipal::UniqueId(id)) => self.unique_ids.push(id.to_string()),
            // Services and federated users are not principals of a snapshot.
            PrincipalEntry::Service(_) | PrincipalEntry::Federated(_) | PrincipalEntry::CanonicalUser(_) => {}
        }
    }
}

/// Whether the element names some principals of an account and not others.
fn distinguishes_principals(element: &PrincipalElement) -> bool {
    let is_account_wide = |entry: &PrincipalEntry| match entry {
        PrincipalEntry::Aws(AwsPrincipal::Account(_) | AwsPrincipal::Root(_)) | PrincipalEntry::Anyone => true,
        PrincipalEntry::Aws(AwsPrincipal::Arn(_) | AwsPrincipal::UniqueId(_)) => false,
        // Services and federated users are not principals of a snapshot.
        PrincipalEntry::Service(_) | PrincipalEntry::Federated(_) | PrincipalEntry::CanonicalUser(_) => true,
    };
    element.kind == ElementKind::NotList || !element.entries.iter().all(is_account_wide)
}

/// The statements with a condition or variable whose value differs between principals of one account.
pub(crate) fn find_principal_keyed_statements(document: &Arc<PolicyDocument>) -> impl Iterator<Item = StatementUse> {
    let is_principal_keyed = |statement_use: &StatementUse| {
        statement_use.statement().is_some_and(|statement| statement.keys().any(is_principal_specific))
    };
    StatementUse::from_document(document).filter(is_principal_keyed)
}
