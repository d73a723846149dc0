//! Which actions reach only the credentials of the principal's own user: they give nobody more access than the user has.

use std::collections::BTreeSet;

use super::analyzer::{Analyzer, OUTLINE_DETAIL, Query, Requester};
use crate::audit::actions::named_action_set::NamedActionSet;
use crate::audit::actions::ranking::ActionRanking;
use crate::audit::model::severity::Severity;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::synthetic::build_ceiling;
use crate::catalog::ActionId;
use crate::iam::Statement;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::snapshot::IamEntityKind;
use crate::solve::Access;

/// The actions on the credentials of a user. A principal that performs one obtains, or removes, the access of that user and no
/// other access.
// AWS: Actions, resources, and condition keys for AWS Identity and Access Management (IAM);
// AWS: Allows IAM users to manage their own credentials on the Security credentials page
const USER_CREDENTIAL_ACTIONS: [&str; 20] = [
    "iam:ChangePassword",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreateServiceSpecificCredential",
    "iam:DeactivateMFADevice",
    "iam:DeleteAccessKey",
    "iam:DeleteLoginProfile",
    "iam:DeleteServiceSpecificCredential",
    "iam:DeleteSigningCertificate",
    "iam:DeleteSSHPublicKey",
    "iam:EnableMFADevice",
    "iam:ResetServiceSpecificCredential",
    "iam:ResyncMFADevice",
    "iam:UpdateAccessKey",
    "iam:UpdateLoginProfile",
    "iam:UpdateServiceSpecificCredential",
    "iam:UpdateSigningCertificate",
    "iam:UpdateSSHPublicKey",
    "iam:UploadSigningCertificate",
    "iam:UploadSSHPublicKey",
];

/// The severity of an action that reaches only the principal's own credentials, at most.
const OWN_CREDENTIAL_SEVERITY: Severity = Severity::Medium;

/// The actions of a principal that reach only the credentials of its own user.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnCredentials {
    actions: BTreeSet<ActionId>,
}

impl OwnCredentials {
    /// No action: the principal is not a user, or the actions are those of another principal.
    pub const NONE: &'static OwnCredentials = &OwnCredentials { actions: BTreeSet::new() };

    /// Asks the solver which credential actions a principal with this access is allowed on no other user. If that is
    /// undecided, none of them counts as limited to its own user.
    pub fn find(analyzer: &Analyzer<'_>, subject: &AuditedPrincipal<'_>, effective: &Access) -> OwnCredentials {
        if subject.principal.entity_kind != IamEntityKind::User {
            return OwnCredentials::default();
        }
        let of_all_users = ActionElement::listing(USER_CREDENTIAL_ACTIONS);
        let scope = build_ceiling("credentials", vec![Statement::allow(of_all_users, ResourceElement::any())]).access;
        let allowed = analyzer.solver.restrict_to_actions_of(effective, &scope).intersect(&scope);
        let own = build_ceiling("own credentials", vec![allow_own_credentials(&subject.principal.name)]).access;
        let query = Query::new_verdict(analyzer, Requester::from_subject(subject)).with_detail(OUTLINE_DETAIL);
        let others = query.find_excess(&allowed, &own);
        if !others.undecided.is_empty() {
            return OwnCredentials::default();
        }
        let reaches_others = |id: &ActionId| others.excess.values().any(|e| e.actions.contains(*id));
        let listed = USER_CREDENTIAL_ACTIONS.iter().filter_map(|name| analyzer.catalog().find_action(name));
        OwnCredentials { actions: listed.filter(|id| !reaches_others(id)).collect() }
    }

    /// The severity of a set of actions of the principal: that of the worst one. `None` if no action is limited to its own
    /// credentials.
    pub fn rate(&self, ranking: &ActionRanking<'_>, actions: &NamedActionSet) -> Option<Severity> {
        let is_own = |id: ActionId| self.actions.contains(&id);
        if !actions.known_ids().any(is_own) {
            return None;
        }
        let rate_known = |id: ActionId| {
            let severity = ranking.rank_of(id).severity();
            if is_own(id) { severity.min(OWN_CREDENTIAL_SEVERITY) } else { severity }
        };
        let known = actions.known_ids().map(rate_known);
        known.chain(actions.unknown_names().map(|name| ranking.rank_of_name(name).severity())).max()
    }
}

/// A statement that allows everything on the credentials of the user of this name. The name is unique in the account, whatever
/// the path, and requests to IAM concern the account of the caller.
// AWS: CreateUser (IAM API Reference): names must be unique within the account
fn allow_own_credentials(name: &str) -> Statement {
    let arns = [format!("arn:*:iam::*:user/{name}"), format!("arn:*:iam::*:user/*/{name}")];
    Statement::allow(ActionElement::listing(USER_CREDENTIAL_ACTIONS), ResourceElement::listing(arns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, RiskClass};

    #[test]
    fn listed_actions_exist_and_change_no_policy() {
        let catalog = Catalog::embedded();
        for name in USER_CREDENTIAL_ACTIONS {
            let classes = catalog.find_action(name).map(|id| catalog.risk_classes(id));
            assert!(classes.is_some_and(|c| !c.contains(RiskClass::PermissionsManagement)), "{name}");
        }
    }
}
