//! Context keys that depend on each other (`docs/semantics.md` §3a).
//!
//! Each link is an implication. Its reverse does not hold, unless there is a link for it.

use super::request::{Context, ContextValue, Request};
use crate::catalog::TagKeys;
use crate::iam::ContextKey;

/// A dependency between two keys.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum KeyLink {
    /// If the first key is present, the second key is present and has this value.
    Requires(&'static str, &'static str, &'static str),
    /// If the first key is present, the second key is present.
    RequiresPresence(&'static str, &'static str),
    /// The two keys are never present together.
    Excludes(&'static str, &'static str),
    /// If the first key is missing, the second key is present.
    RequiresIfMissing(&'static str, &'static str),
}

impl KeyLink {
    /// The two keys.
    pub fn keys(self) -> [&'static str; 2] {
        match self {
            KeyLink::Requires(first, second, _)
            | KeyLink::RequiresPresence(first, second)
            | KeyLink::Excludes(first, second)
            | KeyLink::RequiresIfMissing(first, second) => [first, second],
        }
    }
}

/// All links between two keys with fixed names, in lower case, with those that follow from two others: statements may name
/// only the ends of such a chain.
// AWS: AWS global condition context keys. A request has `aws:SourceIp`, except if it is made through a VPC endpoint; the keys of
// VPC endpoints are in requests through one. Some of them are in requests to listed services only.
pub const KEY_LINKS: [KeyLink; 41] = [
    KeyLink::Requires("aws:calledvia", "aws:viaawsservice", "true"),
    KeyLink::Requires("aws:calledviafirst", "aws:viaawsservice", "true"),
    KeyLink::Requires("aws:calledvialast", "aws:viaawsservice", "true"),
    KeyLink::RequiresPresence("aws:calledvia", "aws:calledviafirst"),
    KeyLink::RequiresPresence("aws:calledvia", "aws:calledvialast"),
    KeyLink::RequiresPresence("aws:calledviafirst", "aws:calledvia"),
    KeyLink::RequiresPresence("aws:calledviafirst", "aws:calledvialast"),
    KeyLink::RequiresPresence("aws:calledvialast", "aws:calledvia"),
    KeyLink::RequiresPresence("aws:calledvialast", "aws:calledviafirst"),
    KeyLink::Requires("aws:calledviaawsmcp", "aws:viaawsmcpservice", "true"),
    KeyLink::Requires("aws:multifactorauthage", "aws:multifactorauthpresent", "true"),
    KeyLink::RequiresPresence("aws:multifactorauthage", "aws:tokenissuetime"),
    KeyLink::RequiresPresence("aws:multifactorauthpresent", "aws:tokenissuetime"),
    KeyLink::Excludes("aws:sourceip", "aws:sourcevpc"),
    KeyLink::Excludes("aws:sourceip", "aws:sourcevpce"),
    KeyLink::Excludes("aws:sourceip", "aws:vpcsourceip"),
    KeyLink::Excludes("aws:sourceip", "aws:sourcevpcarn"),
    KeyLink::Excludes("aws:sourceip", "aws:vpceaccount"),
    KeyLink::Excludes("aws:sourceip", "aws:vpceorgid"),
    KeyLink::Excludes("aws:sourceip", "aws:vpceorgpaths"),
    KeyLink::RequiresIfMissing("aws:sourceip", "aws:sourcevpc"),
    KeyLink::RequiresIfMissing("aws:sourceip", "aws:sourcevpce"),
    KeyLink::RequiresIfMissing("aws:sourceip", "aws:vpcsourceip"),
    KeyLink::RequiresPresence("aws:sourcevpc", "aws:sourcevpce"),
    KeyLink::RequiresPresence("aws:sourcevpc", "aws:vpcsourceip"),
    KeyLink::RequiresPresence("aws:sourcevpce", "aws:sourcevpc"),
    KeyLink::RequiresPresence("aws:sourcevpce", "aws:vpcsourceip"),
    KeyLink::RequiresPresence("aws:vpcsourceip", "aws:sourcevpc"),
    KeyLink::RequiresPresence("aws:vpcsourceip", "aws:sourcevpce"),
    KeyLink::RequiresPresence("aws:sourcevpcarn", "aws:sourcevpc"),
    KeyLink::RequiresPresence("aws:sourcevpcarn", "aws:sourcevpce"),
    KeyLink::RequiresPresence("aws:sourcevpcarn", "aws:vpcsourceip"),
    KeyLink::RequiresPresence("aws:vpceaccount", "aws:sourcevpc"),
    KeyLink::RequiresPresence("aws:vpceaccount", "aws:sourcevpce"),
    KeyLink::RequiresPresence("aws:vpceaccount", "aws:vpcsourceip"),
    KeyLink::RequiresPresence("aws:vpceorgid", "aws:sourcevpc"),
    KeyLink::RequiresPresence("aws:vpceorgid", "aws:sourcevpce"),
    KeyLink::RequiresPresence("aws:vpceorgid", "aws:vpcsourceip"),
    KeyLink::RequiresPresence("aws:vpceorgpaths", "aws:sourcevpc"),
    KeyLink::RequiresPresence("aws:vpceorgpaths", "aws:sourcevpce"),
    KeyLink::RequiresPresence("aws:vpceorgpaths", "aws:vpcsourceip"),
];

/// The link that holds for users: their temporary credentials have both keys, long-term keys have neither.
// AWS: AWS global condition context keys.
pub const USER_KEY_LINK: KeyLink = KeyLink::RequiresPresence("aws:tokenissuetime", "aws:multifactorauthpresent");

/// Keys whose value is the first or the last value of `aws:CalledVia`, in lower case.
pub const CALLED_VIA_ENDS: [&str; 2] = ["aws:calledviafirst", "aws:calledvialast"];
/// The services of a forwarded request, in lower case.
pub const CALLED_VIA: &str = "aws:calledvia";
/// Prefix of the keys about the tags of a request, in lower case.
pub const REQUEST_TAG: &str = "aws:requesttag/";
/// Prefix of keys about the tags of the resource, in lower case.
pub const RESOURCE_TAG: &str = "aws:resourcetag/";
/// The names of the tags in a request, in lower case.
pub const TAG_KEYS: &str = "aws:tagkeys";

/// The first key of a request that breaks a link. Only the values of `keys` are known.
pub(super) fn find_broken_link(request: &Request, tags: TagKeys, keys: &[&ContextKey]) -> Option<ContextKey> {
    let context = &request.context;
    let is_known = |name: &str| keys.iter().any(|key| key.lower() == name);
    let value = |name: &str| context.get(&ContextKey::new(name));
    for link in KEY_LINKS {
        let [first, second] = link.keys();
        let applies = value(first).is_some() != matches!(link, KeyLink::RequiresIfMissing(..));
        if !(is_known(first) && is_known(second) && applies) {
            continue;
        }
        let holds = match link {
            KeyLink::Requires(_, _, expected) => value(second).is_some_and(|v| is_equal(v, expected)),
            KeyLink::RequiresPresence(..) | KeyLink::RequiresIfMissing(..) => value(second).is_some(),
            KeyLink::Excludes(..) => value(second).is_none(),
        };
        if !holds {
            return Some(ContextKey::new(first));
        }
    }
    if is_known(CALLED_VIA) {
        let services = value(CALLED_VIA).map_or(&[][..], ContextValue::values);
        let is_end = |name: &&&str| match value(name) {
            Some(end) => is_known(name) && !end.values().iter().all(|end| services.contains(end)),
            None => false,
        };
        if let Some(name) = CALLED_VIA_ENDS.iter().find(is_end) {
            return Some(ContextKey::new(name));
        }
    }
    let tag_keys = keys.iter().filter(|key| key.lower().starts_with(REQUEST_TAG));
    let links_tags = tags != TagKeys::NamesOnly && is_known(TAG_KEYS);
    tag_keys.filter(|_| links_tags).find(|key| breaks_tag_link(context, tags, key)).map(|key| (*key).clone())
}

/// An action for which neither key is listed may be one that names tags without values.
fn breaks_tag_link(context: &Context, tags: TagKeys, key: &ContextKey) -> bool {
    let name = key.lower().strip_prefix(REQUEST_TAG).unwrap_or_default();
    let names = context.get(&ContextKey::new(TAG_KEYS)).map_or(&[][..], ContextValue::values);
    let is_named = names.iter().any(|other| other.eq_ignore_ascii_case(name));
    match context.get(key).is_some() {
        true => !is_named,
        false => is_named && tags == TagKeys::NamesAndValues,
    }
}

fn is_equal(value: &ContextValue, expected: &str) -> bool {
    matches!(value.values(), [only] if only.eq_ignore_ascii_case(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key, and whether it is present.
    type Presence = (&'static str, bool);

    /// What a link says about presence, also in reverse.
    fn list_implications(link: KeyLink) -> [(Presence, Presence); 2] {
        let [first, second] = link.keys();
        let (is_first_present, is_second_present) = match link {
            KeyLink::Requires(..) | KeyLink::RequiresPresence(..) => (true, true),
            KeyLink::Excludes(..) => (true, false),
            KeyLink::RequiresIfMissing(..) => (false, true),
        };
        [
            ((first, is_first_present), (second, is_second_present)),
            ((second, !is_second_present), (first, !is_first_present)),
        ]
    }

    #[test]
    fn the_links_contain_what_follows_from_two_of_them() {
        let implications: Vec<(Presence, Presence)> = KEY_LINKS.into_iter().flat_map(list_implications).collect();
        for (cause, middle) in &implications {
            for (_, effect) in implications.iter().filter(|(cause, _)| cause == middle) {
                let follows = implications.contains(&(*cause, *effect)) || cause.0 == effect.0;
                assert!(follows, "{cause:?} implies {effect:?}");
            }
        }
    }
}
