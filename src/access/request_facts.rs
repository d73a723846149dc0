//! The facts that a request itself settles about its context keys: its action, and its resource (`docs/semantics.md` §3a).
//!
//! Every question uses this file. The solver applies the same facts to sets of requests (`src/solve/decide/key_facts.rs`),
//! and each of its witnesses is checked against this file.

use std::collections::BTreeSet;

use super::key_links::{REQUEST_TAG, RESOURCE_TAG, find_broken_link};
use super::known_context::{KeyFact, KnownContext};
use super::layers::{PrincipalInfo, PrincipalType};
use super::request::{ContextValue, Request};
use super::resource_directory::{OrganizationMembership, ResourceDirectory};
use crate::base::glob::matches_glob;
use crate::catalog::{
    ActionId, ActionTraits, Catalog, EndpointKey, FixedResources, LONG_TERM_CREDENTIAL_ACTIONS, TagKeys,
};
use crate::iam::{Arn, ContextKey, Partition};

/// The action that needs no permission, and that no Deny stops. AWS: *GetCallerIdentity* (STS API Reference).
pub const ALWAYS_ALLOWED_ACTION: &str = "sts:GetCallerIdentity";

/// The facts about requests for an action on a resource.
pub struct RequestFacts<'a> {
    catalog: &'a Catalog,
    directory: &'a ResourceDirectory,
    action: Option<ActionId>,
    service: &'a str,
    traits: ActionTraits,
    partition: Option<Partition>,
    arn: Option<Arn>,
}

impl<'a> RequestFacts<'a> {
    /// The facts about requests for `action` on `resource`, an ARN or `*`. `partition` is that of the principal.
    pub fn new(
        catalog: &'a Catalog,
        directory: &'a ResourceDirectory,
        action: &'a str,
        resource: &str,
        partition: Option<Partition>,
    ) -> RequestFacts<'a> {
        let action = action.trim();
        let id = catalog.find_action(action);
        let arn = Arn::parse(resource);
        let partition = arn.as_ref().and_then(|arn| Partition::parse(arn.partition())).or(partition);
        RequestFacts {
            catalog,
            directory,
            action: id,
            service: action.split_once(':').map_or("", |(service, _)| service),
            traits: id.map(|id| catalog.action_traits(id, partition)).unwrap_or_default(),
            partition,
            arn,
        }
    }

    /// The fact about a key. None if the request does not settle it.
    pub fn key_fact(&self, key: &ContextKey) -> Option<KeyFact> {
        let lower = key.lower();
        match lower {
            "aws:requestedregion" => self.region().map(KeyFact::Value),
            "ec2:region" if self.has_service_key(lower) != Some(false) => self.region().map(KeyFact::Value),
            "aws:resourceaccount" | "aws:resourceorgid" | "aws:resourceorgpaths" => self.resource_owner_fact(lower),
            _ if lower.starts_with(REQUEST_TAG) => (self.traits.tags == TagKeys::NamesOnly).then_some(KeyFact::Missing),
            _ if self.traits.lacks_credential_key(lower) => Some(KeyFact::Missing),
            _ if lower.starts_with(RESOURCE_TAG) => self.traits.lacks_resource_tags.then_some(KeyFact::Missing),
            _ if lower.starts_with("aws:") => {
                let key = EndpointKey::from_lower(lower)?;
                (self.action.is_some() && self.traits.lacks_endpoint_key(key)).then_some(KeyFact::Missing)
            }
            _ => (self.has_service_key(lower) == Some(false)).then_some(KeyFact::Missing),
        }
    }

    /// The Region of the request. None if there are several.
    fn region(&self) -> Option<String> {
        let regions = match self.action {
            Some(_) => self.traits.endpoint.map(|set| self.catalog.regions(set).to_vec()),
            None => Catalog::endpoint_regions(&self.service.to_ascii_lowercase(), self.partition),
        };
        match regions.as_deref() {
            Some([region]) => Some((*region).to_owned()),
            Some(_) => None,
            None if self.traits.has_resources_elsewhere => None,
            None => self.arn.as_ref().map(|arn| arn.region().to_owned()).filter(|region| !region.is_empty()),
        }
    }

    fn resource_owner_fact(&self, lower_key: &str) -> Option<KeyFact> {
        if self.traits.lacks_resource_account {
            return Some(KeyFact::Missing);
        }
        let arn = self.arn.as_ref()?;
        if lower_key == "aws:resourceaccount" && !arn.account().is_empty() {
            return Some(KeyFact::Value(arn.account().to_owned()));
        }
        let owner = self.directory.owner_account(arn)?;
        match lower_key {
            "aws:resourceaccount" => Some(KeyFact::Value(owner.as_str().to_owned())),
            "aws:resourceorgid" => organization_facts(self.directory.membership(owner.as_str())).map(|(id, _)| id),
            _ => organization_facts(self.directory.membership(owner.as_str())).map(|(_, paths)| paths),
        }
    }

    /// Whether requests can contain a service's own key. None if the catalog does not know the action.
    fn has_service_key(&self, lower_key: &str) -> Option<bool> {
        let shape = self.catalog.shape(self.action?);
        let all = self.catalog.resource_types(shape);
        let matching: Vec<_> = match &self.arn {
            Some(arn) => all.iter().copied().filter(|t| self.catalog.matches_arn_format(*t, arn.as_str())).collect(),
            None => all.iter().copied().filter(|t| self.catalog.matches_arn_format(*t, "*")).collect(),
        };
        let types = if matching.is_empty() { all } else { &matching };
        Some(self.catalog.has_key_on(shape, types, lower_key))
    }

    /// Sets the keys that the request settles, and that it lacks. Returns those that it set.
    pub fn complete<'k>(
        &self,
        request: &mut Request,
        keys: impl IntoIterator<Item = &'k ContextKey>,
    ) -> BTreeSet<ContextKey> {
        let mut added = BTreeSet::new();
        for key in keys {
            if request.context.get(key).is_some() {
                continue;
            }
            let value = match self.key_fact(key) {
                Some(KeyFact::Value(value)) => ContextValue::Single(value),
                Some(KeyFact::Set(values)) => ContextValue::Set(values),
                _ => continue,
            };
            request.context.0.insert(key.clone(), value);
            added.insert(key.clone());
        }
        added
    }

    /// The first key, in order, whose value AWS never sends with this request. `keys` are the keys that policies name: the
    /// request has the values of all of them.
    pub fn find_impossible_key<'k>(
        &self,
        request: &Request,
        keys: impl IntoIterator<Item = &'k ContextKey>,
    ) -> Option<&'k ContextKey> {
        let keys: Vec<&ContextKey> = keys.into_iter().collect();
        let contradicts = |key: &&&ContextKey| {
            let value = request.context.get(key);
            self.key_fact(key).is_some_and(|fact| !fact.is_consistent(value))
        };
        keys.iter()
            .find(contradicts)
            .or_else(|| {
                let broken = find_broken_link(request, self.traits.tags, &keys)?;
                keys.iter().find(|key| key.lower() == broken.lower())
            })
            .copied()
    }
}

/// The facts about `aws:ResourceOrgID` and `aws:ResourceOrgPaths` (or the keys of the principal) for an account. None if
/// its organization is unknown.
pub fn organization_facts(membership: OrganizationMembership<'_>) -> Option<(KeyFact, KeyFact)> {
    match membership {
        OrganizationMembership::Member { id, path } => {
            Some((KeyFact::Value(id.to_owned()), KeyFact::Set(vec![path.to_owned()])))
        }
        OrganizationMembership::Outside { id } => {
            Some((KeyFact::NoneLike(id.to_owned()), KeyFact::NoneLike(format!("{id}/*"))))
        }
        OrganizationMembership::Unknown => None,
    }
}

/// Why AWS refuses a request whatever the policies say.
#[derive(Copy, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Impossibility {
    /// The action requires the long-term credentials of a user.
    NeedsLongTermCredentials,
    /// A federated user session cannot call AWS STS.
    FederatedUserSession,
    /// The resource belongs to AWS.
    OwnedByAws,
    /// The action takes resources of the principal's account only.
    OtherAccount,
}

/// Whether an action is one of AWS STS.
pub(in crate::access) fn is_sts_action(action: &str) -> bool {
    action.trim().get(..4).is_some_and(|service| service.eq_ignore_ascii_case("sts:"))
}

/// Why AWS refuses a request of a principal whatever the policies say. None if the policies decide.
pub fn find_impossibility(principal: &PrincipalInfo, request: &Request) -> Option<Impossibility> {
    let action = request.action.trim();
    let is_session =
        !matches!(principal.principal_type, PrincipalType::User | PrincipalType::Root) && principal.arn.is_some();
    if is_session && LONG_TERM_CREDENTIAL_ACTIONS.iter().any(|name| name.eq_ignore_ascii_case(action)) {
        return Some(Impossibility::NeedsLongTermCredentials);
    }
    // AWS: *Compare AWS STS credentials*: the only call is `GetCallerIdentity`, which the evaluator always allows.
    if principal.principal_type == PrincipalType::FederatedUser && is_sts_action(action) {
        return Some(Impossibility::FederatedUserSession);
    }
    let fixed = FixedResources::of_action(action)?;
    match fixed {
        FixedResources::OtherAccounts => {
            let owner = Arn::parse(&request.resource)?;
            let is_other = principal.account.as_ref().is_some_and(|own| own.as_str() != owner.account());
            is_other.then_some(Impossibility::OtherAccount)
        }
        FixedResources::AwsManagedPolicies | FixedResources::AwsRoles | FixedResources::AwsKeyAliases => {
            let mut patterns = fixed.arn_patterns().iter();
            patterns.any(|pattern| matches_glob(pattern, &request.resource)).then_some(Impossibility::OwnedByAws)
        }
    }
}

/// Whether no principal with this known context can call an action.
pub fn is_action_impossible(action: &str, known: &KnownContext) -> bool {
    let is_role = known.fact(&ContextKey::new("aws:PrincipalType")) == KeyFact::Value("AssumedRole".to_owned());
    is_role && LONG_TERM_CREDENTIAL_ACTIONS.iter().any(|name| name.eq_ignore_ascii_case(action))
}
