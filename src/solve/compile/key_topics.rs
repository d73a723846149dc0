//! The context keys about which a request itself settles something, by topic. Statements that name none of them need no
//! such facts.

use std::ops::BitOr;

use crate::access::{CALLED_VIA_ENDS, KEY_LINKS, REQUEST_TAG, RESOURCE_TAG, TAG_KEYS};
use crate::catalog::{ActionTraits, EndpointKey, TagKeys};
use crate::iam::ContextKey;

/// A set of topics.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct KeyTopics(u16);

impl KeyTopics {
    /// The Region of the request.
    pub(crate) const REGION: KeyTopics = KeyTopics(1);
    /// The account that owns the resource.
    pub(crate) const OWNER: KeyTopics = KeyTopics(2);
    /// The organization of that account.
    pub(crate) const ORGANIZATION: KeyTopics = KeyTopics(4);
    /// The tags of the request.
    pub(crate) const TAGS: KeyTopics = KeyTopics(8);
    /// The owner of the VPC endpoint.
    pub(crate) const ENDPOINT: KeyTopics = KeyTopics(16);
    /// Keys that depend on another key.
    pub(crate) const LINKED: KeyTopics = KeyTopics(32);
    /// Keys of a service.
    pub(crate) const SERVICE: KeyTopics = KeyTopics(64);
    /// The resource.
    pub(crate) const RESOURCE: KeyTopics = KeyTopics(128);
    /// The tags of the resource.
    pub(crate) const RESOURCE_TAGS: KeyTopics = KeyTopics(256);

    /// The topics of a key.
    pub(crate) fn of_key(key: &ContextKey) -> KeyTopics {
        let lower = key.lower();
        match lower {
            "aws:requestedregion" => KeyTopics::REGION,
            "ec2:region" => KeyTopics::REGION | KeyTopics::SERVICE,
            "aws:resourceaccount" => KeyTopics::OWNER,
            "aws:resourceorgid" | "aws:resourceorgpaths" => KeyTopics::ORGANIZATION,
            TAG_KEYS => KeyTopics::TAGS,
            _ if lower.starts_with(REQUEST_TAG) => KeyTopics::TAGS,
            _ if lower.starts_with(RESOURCE_TAG) => KeyTopics::RESOURCE_TAGS,
            _ if !lower.starts_with("aws:") => KeyTopics::SERVICE,
            _ => {
                let is_linked = KEY_LINKS.iter().any(|link| link.keys().contains(&lower));
                let linked = if is_linked || CALLED_VIA_ENDS.contains(&lower) { KeyTopics::LINKED.0 } else { 0 };
                let endpoint = EndpointKey::from_lower(lower).map_or(0, |_| KeyTopics::ENDPOINT.0);
                KeyTopics(linked | endpoint)
            }
        }
    }

    /// Whether no statement names such a key.
    pub(crate) fn is_resource_only(self) -> bool {
        self.0 & !KeyTopics::RESOURCE.0 == 0
    }

    /// Whether some topic is in both sets.
    pub(crate) fn intersects(self, other: KeyTopics) -> bool {
        self.0 & other.0 != 0
    }

    /// The traits of an action on which statements with these topics depend.
    pub(crate) fn relevant_traits(self, traits: ActionTraits) -> ActionTraits {
        let mut relevant = traits;
        if !self.intersects(KeyTopics::REGION) {
            relevant.endpoint = None;
        }
        if !self.intersects(KeyTopics::OWNER | KeyTopics::ORGANIZATION) {
            relevant.lacks_resource_account = false;
        }
        if !self.intersects(KeyTopics::TAGS) {
            relevant.tags = TagKeys::Unlisted;
        }
        if !self.intersects(KeyTopics::LINKED) {
            relevant.needs_long_term_credentials = false;
        }
        if !self.intersects(KeyTopics::RESOURCE_TAGS) {
            relevant.lacks_resource_tags = false;
        }
        if !self.intersects(KeyTopics::ENDPOINT) {
            relevant = relevant.without_endpoint_keys();
        }
        if !self.intersects(KeyTopics::RESOURCE | KeyTopics::OWNER | KeyTopics::ORGANIZATION) {
            relevant.fixed_resources = None;
        }
        relevant
    }
}

impl BitOr for KeyTopics {
    type Output = KeyTopics;

    fn bitor(self, other: KeyTopics) -> KeyTopics {
        KeyTopics(self.0 | other.0)
    }
}
