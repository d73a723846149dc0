//! What the condition keys about tags mean.

use std::sync::OnceLock;

use super::condition_key::to_lowercase;
use super::lists::content_lines;

const TAG_KEYS: &str = include_str!("lists/tag_keys.txt");

/// What a condition key about tags means. `lists/tag_keys.txt` explains each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TagKeyMeaning {
    /// A tag of the requested resource.
    Resource,
    /// A tag of a resource that contains the requested resource, or is it.
    Container,
    /// A tag in the request.
    Request,
    /// The keys of the tags in the request.
    RequestNames,
    /// The operation that creates a resource and tags it. Missing if a request tags an existing resource.
    Creation,
    /// Nothing that a caller can set with a tag.
    Other,
}

/// A condition key about tags.
pub(crate) struct TagKey<'k> {
    pub(crate) meaning: TagKeyMeaning,
    /// The names of the resource types that have the tag. Empty for any.
    pub(crate) resource_types: &'static [&'static str],
    /// The key of the tag, as written. Empty if the name of the condition key has none.
    pub(crate) tag: &'k str,
}

/// A line of the list.
pub(super) struct TagKeyLine {
    /// The key, without the placeholder for the key of a tag.
    name: &'static str,
    has_placeholder: bool,
    meaning: TagKeyMeaning,
    resource_types: Vec<&'static str>,
}

/// The meaning of a condition key. `None` if it is not about tags.
pub(crate) fn find_tag_key(key: &str) -> Option<TagKey<'_>> {
    let listed = list_tag_keys().iter().find_map(|line| {
        let (start, tag) = key.split_at_checked(line.name.len())?;
        let is_match = start.eq_ignore_ascii_case(line.name) && tag.is_empty() != line.has_placeholder;
        is_match.then_some(TagKey { meaning: line.meaning, resource_types: &line.resource_types, tag })
    });
    listed.or_else(|| {
        let (_, name) = key.split_once(':')?;
        let (kind, tag) = name.split_once('/').map_or((name, ""), |(kind, tag)| (kind, tag));
        let meaning = match (&*to_lowercase(kind), tag.is_empty()) {
            ("resourcetag", false) => TagKeyMeaning::Resource,
            ("requesttag", false) => TagKeyMeaning::Request,
            ("tagkeys", true) => TagKeyMeaning::RequestNames,
            ("createaction", true) => TagKeyMeaning::Creation,
            _ => return None,
        };
        Some(TagKey { meaning, resource_types: &[], tag })
    })
}

/// The condition keys of a service, and the global ones, with which its requests name a tag, with this meaning.
pub(crate) fn list_request_keys(service: &str, meaning: TagKeyMeaning, tag: &str) -> Vec<String> {
    let global = match meaning {
        TagKeyMeaning::Request => vec![format!("aws:RequestTag/{tag}"), format!("{service}:RequestTag/{tag}")],
        TagKeyMeaning::RequestNames => vec!["aws:TagKeys".to_owned()],
        TagKeyMeaning::Creation => vec![format!("{service}:CreateAction")],
        TagKeyMeaning::Resource | TagKeyMeaning::Container | TagKeyMeaning::Other => Vec::new(),
    };
    let is_of_service = |line: &&TagKeyLine| line.name.split(':').next() == Some(service);
    let listed = list_tag_keys().iter().filter(is_of_service).filter(|line| line.meaning == meaning);
    let with_tag = listed.map(|line| format!("{}{}", line.name, if line.has_placeholder { tag } else { "" }));
    let is_meant = |key: &String| find_tag_key(key).is_some_and(|found| found.meaning == meaning);
    global.into_iter().chain(with_tag).filter(is_meant).collect()
}

/// The lines of the list.
pub(super) fn list_tag_keys() -> &'static [TagKeyLine] {
    static LINES: OnceLock<Vec<TagKeyLine>> = OnceLock::new();
    LINES.get_or_init(|| {
        content_lines(TAG_KEYS).map(|line| parse_line(line).expect("a test parses the embedded list")).collect()
    })
}

fn parse_line(line: &'static str) -> Option<TagKeyLine> {
    let mut words = line.split_whitespace();
    let key = words.next()?;
    let meaning = match words.next()? {
        "resource" => TagKeyMeaning::Resource,
        "container" => TagKeyMeaning::Container,
        "request" => TagKeyMeaning::Request,
        "request-names" => TagKeyMeaning::RequestNames,
        "creation" => TagKeyMeaning::Creation,
        "other" => TagKeyMeaning::Other,
        _ => return None,
    };
    let name = key.split_once("${").map_or(key, |(name, _)| name);
    Some(TagKeyLine { name, has_placeholder: name != key, meaning, resource_types: words.collect() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    /// The condition keys of the catalog, as the reference writes them.
    fn list_key_names() -> impl Iterator<Item = &'static str> {
        let lines = Catalog::embedded().text.lines().filter_map(|line| line.strip_prefix("k "));
        lines.filter_map(|line| line.split_whitespace().last())
    }

    /// The words of a name: `InstanceMetadataTags` is `instance`, `metadata` and `tags`.
    fn split_words(name: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        for c in name.chars() {
            if c.is_ascii_uppercase() || !c.is_ascii_alphanumeric() {
                words.push(String::new());
            }
            if c.is_ascii_alphanumeric() {
                words.last_mut().unwrap().push(c.to_ascii_lowercase());
            }
        }
        words
    }

    #[test]
    fn every_key_about_tags_has_a_meaning() {
        let mut count = 0;
        for key in list_key_names() {
            let name = key.split_once(':').map_or("", |(_, name)| name);
            let is_about_tags =
                split_words(name).iter().any(|word| matches!(word.as_str(), "tag" | "tags" | "tagging"));
            // Two keys of the reference lack the placeholder, `sagemaker:ResourceTag/`.
            if is_about_tags && !name.ends_with('/') && !name.starts_with("PrincipalTag/") {
                assert!(find_tag_key(key).is_some(), "{key}");
                count += 1;
            }
        }
        assert!(count > 60, "{count}");
    }

    #[test]
    fn each_line_names_what_the_catalog_has() {
        let names: Vec<&str> = list_key_names().collect();
        for line in list_tag_keys() {
            let has_name = |key: &&str| key.split_once("${").map_or(*key, |(name, _)| name) == line.name;
            assert!(names.iter().any(has_name), "{}", line.name);
            let service = Catalog::embedded().find_service(line.name.split(':').next().unwrap()).unwrap();
            for name in &line.resource_types {
                let mut types = Catalog::embedded().resource_types_of(service);
                assert!(types.any(|id| Catalog::embedded().resource_type_name(id) == *name), "{} {name}", line.name);
            }
        }
    }

    #[test]
    fn keys_are_found_by_name_in_any_case() {
        let meaning = |key: &str| find_tag_key(key).map(|found| (found.meaning, found.tag.to_owned()));
        let found = |meaning, tag: &str| Some((meaning, tag.to_owned()));
        assert_eq!(meaning("AWS:resourcetag/Team"), found(TagKeyMeaning::Resource, "Team"));
        assert_eq!(meaning("ssm:resourceTag/Team"), found(TagKeyMeaning::Resource, "Team"));
        assert_eq!(meaning("S3:BucketTag/a/b"), found(TagKeyMeaning::Container, "a/b"));
        assert_eq!(meaning("rds:req-tag/env"), found(TagKeyMeaning::Request, "env"));
        assert_eq!(meaning("aws:TagKeys"), found(TagKeyMeaning::RequestNames, ""));
        assert_eq!(meaning("ec2:CreateAction"), found(TagKeyMeaning::Creation, ""));
        assert_eq!(meaning("cloudformation:CreateAction"), found(TagKeyMeaning::Other, ""));
        assert_eq!(meaning("s3:BucketTag/"), None);
        assert_eq!(meaning("aws:PrincipalTag/Team"), None);
        assert_eq!(meaning("s3:prefix"), None);
    }

    #[test]
    fn requests_name_a_tag_with_the_keys_of_their_service() {
        let keys = |service: &str, meaning| list_request_keys(service, meaning, "env");
        assert!(keys("rds", TagKeyMeaning::Request).contains(&"rds:req-tag/env".to_owned()));
        assert!(!keys("ec2", TagKeyMeaning::Request).contains(&"rds:req-tag/env".to_owned()));
        assert_eq!(keys("s3", TagKeyMeaning::RequestNames), ["aws:TagKeys", "s3:RequestObjectTagKeys"]);
        assert_eq!(keys("ec2", TagKeyMeaning::Creation), ["ec2:CreateAction"]);
        assert_eq!(keys("cloudformation", TagKeyMeaning::Creation), [""; 0]);
    }
}
