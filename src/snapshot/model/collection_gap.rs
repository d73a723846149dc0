//! What a collection could not read, and which verdicts rest on it (`docs/snapshot.md`, "What could not be read").

use super::snapshot::{LayerKind, MissingDocument, MissingReason, RESOURCE_POLICY_PREFIX, SERVICE_POLICIES_PREFIX};
use crate::iam::AccountId;
use crate::snapshot::format::{CollectionPart, UnreadPart};
use crate::source::Place;

/// A part that was asked for and could not be read.
#[derive(Clone, Debug)]
pub struct CollectionGap {
    /// The account that it is of; none for the organization.
    pub account: Option<AccountId>,
    /// The account's name, where known.
    pub account_name: Option<String>,
    /// What, and why.
    pub unread: UnreadPart,
    /// Where the snapshot says so.
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

    /// Whether principals may be missing from the snapshot with it.
    pub fn may_hide_principals(&self) -> bool {
        matches!(self.unread.part, CollectionPart::Account | CollectionPart::AuthorizationDetails)
    }

    /// Why, in words: what AWS said, and which permission would help.
    pub fn reason(&self) -> String {
        match &self.unread.permission {
            Some(permission) => format!("{}; the collector needs {permission}", self.unread.error),
            None => self.unread.error.clone(),
        }
    }

    /// What of each principal's layers is not known for it; none where no verdict rests on it, or where what is
    /// missing is told one by one.
    pub(crate) fn to_missing_document(&self) -> Option<MissingDocument> {
        let (layer, name) = match self.unread.part {
            // A document that allows may be in it: for principals of the owner that is all it takes.
            CollectionPart::ResourcePolicies => (LayerKind::Resource, self.resource_policies_label()),
            // These only deny, but what they deny is not known.
            CollectionPart::Organization => (LayerKind::ServiceControl, "the organization".to_owned()),
            CollectionPart::ServiceControlPolicies => (LayerKind::ServiceControl, self.part_label().to_owned()),
            CollectionPart::ResourceControlPolicies => (LayerKind::ResourceControl, self.part_label().to_owned()),
            CollectionPart::Account
            | CollectionPart::AuthorizationDetails
            | CollectionPart::AccountAliases
            | CollectionPart::OpenIdConnectProviders
            | CollectionPart::SamlProviders
            | CollectionPart::PermissionSets
            | CollectionPart::DelegatedAdministrators => return None,
        };
        let UnreadPart { error, permission, .. } = self.unread.clone();
        let reason = MissingReason::CollectionFailed { error, permission };
        Some(MissingDocument { layer, name, attached_policy_arn: None, reason: reason, place: self.place.clone() })
    }

    fn resource_policies_label(&self) -> String {
        match self.unread.of.as_deref() {
            Some(arn) if arn.starts_with("arn:") => format!("{RESOURCE_POLICY_PREFIX}{arn}"),
            Some(scope) => format!("{SERVICE_POLICIES_PREFIX}{scope}"),
            None => self.part_label().to_owned(),
        }
    }

    fn part_label(&self) -> &'static str {
        match self.unread.part {
            CollectionPart::Account => "the account",
            CollectionPart::AuthorizationDetails => "some of the users, groups, roles and policies",
            CollectionPart::AccountAliases => "the alias",
            CollectionPart::OpenIdConnectProviders => "OpenID Connect providers",
            CollectionPart::SamlProviders => "SAML providers",
            CollectionPart::PermissionSets => "permission sets",
            CollectionPart::ResourcePolicies => "resource policies",
            CollectionPart::Organization => "the organization",
            CollectionPart::ServiceControlPolicies => "service control policies",
            CollectionPart::ResourceControlPolicies => "resource control policies",
            CollectionPart::DelegatedAdministrators => "delegated administrators",
        }
    }
}

impl std::fmt::Display for CollectionGap {
    /// What it is: `account 111122223333 (billing)`, `permission sets of account 111122223333`.
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
