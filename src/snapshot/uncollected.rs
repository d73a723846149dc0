//! What a collection could not read, and which verdicts rest on it (`docs/snapshot.md`, "What could not be read").

use super::format::{Part, UnreadPart};
use super::model::{Absence, LayerKind, MissingDocument, OF_RESOURCE, OF_SERVICE};
use crate::iam::AccountId;
use crate::source::Place;

/// A part that was asked for and could not be read.
#[derive(Clone, Debug)]
pub struct Uncollected {
    /// The account that it is of; none for the organization.
    pub account: Option<AccountId>,
    /// The account's name, where known.
    pub account_name: Option<String>,
    /// What, and why.
    pub unread: UnreadPart,
    /// Where the snapshot says so.
    pub place: Place,
}

impl Uncollected {
    pub(super) fn new(
        account: Option<&AccountId>,
        name: Option<&str>,
        unread: UnreadPart,
        place: Place,
    ) -> Uncollected {
        Uncollected { account: account.cloned(), account_name: name.map(str::to_owned), unread, place }
    }

    /// Whether principals may be missing from the snapshot with it.
    pub fn hides_principals(&self) -> bool {
        matches!(self.unread.part, Part::Account | Part::AuthorizationDetails)
    }

    /// Why, in words: what AWS said, and which permission would help.
    pub fn why(&self) -> String {
        match &self.unread.permission {
            Some(permission) => format!("{}; the collector needs {permission}", self.unread.error),
            None => self.unread.error.clone(),
        }
    }

    /// What of each principal's layers is not known for it; none where no verdict rests on it, or where what is
    /// missing is told one by one.
    pub(super) fn missing(&self) -> Option<MissingDocument> {
        let (layer, name) = match self.unread.part {
            // A document that allows may be in it: for principals of the owner that is all it takes.
            Part::ResourcePolicies => (LayerKind::Resource, self.resource_policies()),
            // These only deny, but what they deny is not known.
            Part::Organization => (LayerKind::ServiceControl, "the organization".to_owned()),
            Part::ServiceControlPolicies => (LayerKind::ServiceControl, self.part().to_owned()),
            Part::ResourceControlPolicies => (LayerKind::ResourceControl, self.part().to_owned()),
            Part::Account
            | Part::AuthorizationDetails
            | Part::AccountAliases
            | Part::OpenIdConnectProviders
            | Part::SamlProviders
            | Part::PermissionSets
            | Part::DelegatedAdministrators => return None,
        };
        let UnreadPart { error, permission, .. } = self.unread.clone();
        let why = Absence::Unread { error, permission };
        Some(MissingDocument { layer, name, why, place: self.place.clone() })
    }

    fn resource_policies(&self) -> String {
        match self.unread.of.as_deref() {
            Some(arn) if arn.starts_with("arn:") => format!("{OF_RESOURCE}{arn}"),
            Some(of) => format!("{OF_SERVICE}{of}"),
            None => self.part().to_owned(),
        }
    }

    fn part(&self) -> &'static str {
        match self.unread.part {
            Part::Account => "the account",
            Part::AuthorizationDetails => "some of the users, groups, roles and policies",
            Part::AccountAliases => "the alias",
            Part::OpenIdConnectProviders => "OpenID Connect providers",
            Part::SamlProviders => "SAML providers",
            Part::PermissionSets => "permission sets",
            Part::ResourcePolicies => "resource policies",
            Part::Organization => "the organization",
            Part::ServiceControlPolicies => "service control policies",
            Part::ResourceControlPolicies => "resource control policies",
            Part::DelegatedAdministrators => "delegated administrators",
        }
    }
}

impl std::fmt::Display for Uncollected {
    /// What it is: `account 111122223333 (billing)`, `permission sets of account 111122223333`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(account) = &self.account else { return f.write_str(self.part()) };
        match (self.unread.part, &self.unread.of) {
            (Part::Account, _) => {}
            (Part::ResourcePolicies, _) => write!(f, "{} in ", self.resource_policies())?,
            (_, Some(of)) => write!(f, "{} ({of}) of ", self.part())?,
            (_, None) => write!(f, "{} of ", self.part())?,
        }
        write!(f, "account {account}")?;
        self.account_name.as_ref().map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}
