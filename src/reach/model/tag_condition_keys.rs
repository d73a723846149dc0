//! The condition keys that hold tags, in lower case.

pub(crate) const PRINCIPAL_TAG: &str = "aws:principaltag/";
pub(crate) const REQUEST_TAG: &str = "aws:requesttag/";
/// The keys of all tags in a request.
pub(crate) const TAG_KEYS: &str = "aws:tagkeys";
const RESOURCE_TAGS: [&str; 2] = ["aws:resourcetag/", "iam:resourcetag/"];

/// The tag of a key about the tags of a principal or of a resource. None for other keys.
pub(crate) fn find_decisive_tag(lower_key: &str) -> Option<&str> {
    lower_key.strip_prefix(PRINCIPAL_TAG).or_else(|| find_resource_tag(lower_key))
}

/// The tag of a key about the tags of the requested resource. None for other keys.
pub(crate) fn find_resource_tag(lower_key: &str) -> Option<&str> {
    RESOURCE_TAGS.iter().find_map(|prefix| lower_key.strip_prefix(prefix))
}

/// The tag of a key about the tags of a principal, of a resource or of a request. None for other keys.
pub(crate) fn find_compared_tag(lower_key: &str) -> Option<&str> {
    find_decisive_tag(lower_key).or_else(|| lower_key.strip_prefix(REQUEST_TAG))
}
