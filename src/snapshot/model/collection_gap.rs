//! The parts that the collector could not read, and the verdicts that depend on them (`docs/snapshot.md`).

use super::missing::{LayerKind, MissingDocument, MissingReason, MissingScope};
use crate::iam::AccountId;
use crate::snapshot::format::{CollectionPart, UnreadPart};
use crate::source::Place;

/// A part that the collector tried to read and could not.
#[derive(Clone, Debug)]
pub struct CollectionGap {
    /// The account that the part belongs to. `None` for the organization.
    pub account: Option<AccountId>,
    /// The account's name. `None` if unknown.
    pub account_name: Option<String>,
    /// The part, and why it could not be read.
    pub unread: UnreadPart,
    /// Where the snapshot records it.
    pub place: Place,
}

impl CollectionGap {
    pub(crate) fn new(
        account: Option<&AccountId>,
        name: Option<&str>,
        unread: UnreadPart,
        place: Place,
    ) -> CollectionGap {
        CollectionGap { account: account.cloned(), account_name: name.map(str::to_owned), unread, place }
    }

    /// Whether this gap can hide principals.
    pub fn may_hide_principals(&self) -> bool {
        matches!(self.unread.part, CollectionPart::Account | CollectionPart::AuthorizationDetails)
    }

    /// The reason, for people: AWS's error, and the permission that the collector lacks.
    pub fn reason(&self) -> String {
        match &self.unread.permission {
            Some(permission) => format!("{}; the collector needs {permission}", self.unread.error),
            None => self.unread.error.clone(),
        }
    }

    /// The documents that are unknown for every principal because of this gap. `None` if no verdict depends on the
    /// part, or if the snapshot lists each missing document by itself.
    pub(crate) fn to_missing_document(&self) -> Option<MissingDocument> {
        let layer = match self.unread.part {
            // A resource policy can allow a request by itself for principals of the account that owns the resource.
            CollectionPart::ResourcePolicies => LayerKind::Resource,
            // These policies only deny, but what they deny is unknown.
            CollectionPart::Organization | CollectionPart::ServiceControlPolicies => LayerKind::ServiceControl,
            CollectionPart::ResourceControlPolicies => LayerKind::ResourceControl,
            CollectionPart::Account
            | CollectionPart::AuthorizationDetails
            | CollectionPart::AccountAliases
            | CollectionPart::OpenIdConnectProviders
            | CollectionPart::SamlProviders
            | CollectionPart::PermissionSets
            | CollectionPart::ServiceRoles
            | CollectionPart::DelegatedAdministrators => return None,
        };
        let (name, scope) = match self.unread.part {
            CollectionPart::ResourcePolicies => (self.resource_policies_label(), self.resource_scope()),
            _ => (self.part_label().to_owned(), MissingScope::AllResources),
        };
        let reason = self.to_missing_reason();
        Some(MissingDocument { scope, ..MissingDocument::new(layer, name, reason, self.place.clone()) })
    }

    /// Why the part is missing.
    pub(crate) fn to_missing_reason(&self) -> MissingReason {
        let UnreadPart { error, permission, .. } = self.unread.clone();
        MissingReason::CollectionFailed { error, permission }
    }

    /// The resources whose policies are unknown, from the field `Of`: an ARN, or a service with or without a region
    /// (`sqs in eu-west-1`). Text of another form can mean any service.
    fn resource_scope(&self) -> MissingScope {
        let Some(scope) = self.unread.of.as_deref() else { return MissingScope::AllResources };
        if scope.starts_with("arn:") {
            return MissingScope::Resource(scope.to_owned());
        }
        let is_service = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        match scope.split_whitespace().next().filter(is_service) {
            Some(service) => MissingScope::Service(service.to_owned()),
            None => MissingScope::AllResources,
        }
    }

    fn resource_policies_label(&self) -> String {
        match self.unread.of.as_deref() {
            Some(arn) if arn.starts_with("arn:") => format!("resource policy of {arn}"),
            Some(scope) => format!("resource policies of {scope}"),
            None => self.part_label().to_owned(),
        }
    }

    fn part_label(&self) -> &'static str {
        match self.unread.part {
            CollectionPart::Account => "the account",
            CollectionPart::AuthorizationDetails => "some of the users, groups, roles and policies",
            CollectionPart::AccountAliases => "the account alias",
            CollectionPart::OpenIdConnectProviders => "OpenID Connect providers",
            CollectionPart::SamlProviders => "SAML providers",
            CollectionPart::PermissionSets => "permission sets",
            CollectionPart::ResourcePolicies => "resource policies",
            CollectionPart::ServiceRoles => "service roles",
            CollectionPart::Organization => "the organization",
            CollectionPart::ServiceControlPolicies => "service control policies",
            CollectionPart::ResourceControlPolicies => "resource control policies",
            CollectionPart::DelegatedAdministrators => "delegated administrators",
        }
    }
}

impl std::fmt::Display for CollectionGap {
    /// `account 111122223333 (billing)`, `permission sets of account 111122223333`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(account) = &self.account else { return f.write_str(self.part_label()) };
        match (self.unread.part, &self.unread.of) {
            (CollectionPart::Account, _) => {}
            (CollectionPart::ResourcePolicies, _) => write!(f, "{} in ", self.resource_policies_label())?,
            (_, Some(scope)) => write!(f, "{} ({scope}) of ", self.part_label())?,
            (_, None) => write!(f, "{} of ", self.part_label())?,
        }
        write!(f, "account {account}")?;
        self.account_name.as_ref().map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}
