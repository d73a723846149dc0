//! The actions that change the tags of resources, and the resources whose tags they change.

use super::Catalog;
use super::ids::{AccessLevel, ActionId};
use super::lists::content_lines;

const TAG_ACTIONS: &str = include_str!("lists/tag_actions.txt");

/// How an action changes a tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TagChange {
    /// It sets the tag that the request names.
    Set,
    /// It removes the tag that the request names.
    Remove,
    /// It removes the tag by setting all tags, so that the request does not name the tag.
    Replace,
}

/// Where the ARN of the tagged resource is in a request that changes its tags.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum TaggedResource {
    /// It is the resource of the request.
    Requested,
    /// It is the end of the ARN of the request's resource, URL-encoded.
    UrlEncoded,
}

/// An action that changes the tags of resources.
#[derive(Clone, Debug)]
pub(crate) struct TagAction {
    pub(crate) action: ActionId,
    pub(crate) change: TagChange,
    /// The permissions, one of which it takes as well. Empty if none.
    pub(crate) required_actions: Vec<&'static str>,
    pub(crate) tagged_resource: TaggedResource,
}

/// The resources whose tags an action can change, as patterns over their ARNs.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaggableArns {
    /// Resources of the service, for requests to any service.
    pub(crate) for_any_service: Vec<String>,
    /// Resources for requests to the same service only.
    pub(crate) for_same_service: Vec<String>,
}

/// The resource types of API Gateway whose ARN contains the ARN of the tagged resource.
// AWS: Actions, resources, and condition keys for Amazon API Gateway Management
const URL_ENCODED_ARN: &str = "/tags/${UrlEncodedResourceARN}";

impl Catalog {
    /// The actions that set, or that remove, tags of resources.
    pub(crate) fn list_tag_actions(&self, change: TagChange) -> Vec<TagAction> {
        let by_level = self.actions().filter(|action| self.access_level(*action) == AccessLevel::Tagging);
        let listed = parse_tag_actions().filter_map(|line| self.find_action(line.action));
        let mut actions: Vec<ActionId> = by_level.chain(listed).collect();
        actions.sort_unstable();
        actions.dedup();
        actions.into_iter().filter_map(|action| self.find_tag_action(action, change)).collect()
    }

    fn find_tag_action(&self, action: ActionId, wanted: TagChange) -> Option<TagAction> {
        let name = self.full_name(action);
        let line = parse_tag_actions().find(|line| line.action == name);
        let by_name = || {
            let lower = self.action_lowercase_name(action);
            let is_removal = ["untag", "remove", "delete"].iter().any(|verb| lower.starts_with(verb));
            Some(if is_removal { TagChange::Remove } else { TagChange::Set })
        };
        let change = match (line.as_ref().map_or_else(by_name, |line| line.change)?, wanted) {
            (TagChange::Set | TagChange::Replace, TagChange::Set) => TagChange::Set,
            (TagChange::Set, _) | (TagChange::Remove, TagChange::Set) => return None,
            (change, _) => change,
        };
        let formats = self.resource_types(self.shape(action)).iter().flat_map(|id| self.arn_formats(*id));
        let is_url_encoded = formats.clone().any(|format| format.ends_with(URL_ENCODED_ARN));
        Some(TagAction {
            action,
            change,
            required_actions: line.map(|line| line.required_actions).unwrap_or_default(),
            tagged_resource: if is_url_encoded { TaggedResource::UrlEncoded } else { TaggedResource::Requested },
        })
    }

    /// The resources of requests for an action that changes tags. `type_names`: the types of these resources; empty for any.
    pub(crate) fn list_requested_arns(&self, tag_action: &TagAction, type_names: &[&str]) -> Vec<String> {
        let is_requested = |format: &&str| match tag_action.tagged_resource {
            TaggedResource::Requested => true,
            TaggedResource::UrlEncoded => format.ends_with(URL_ENCODED_ARN),
        };
        let types = self.resource_types(self.shape(tag_action.action)).iter();
        let named = types.filter(|id| type_names.is_empty() || type_names.contains(&self.resource_type_name(**id)));
        let formats = named.flat_map(|id| self.arn_formats(*id)).map(|format| &**format);
        formats.filter(is_requested).map(to_glob).collect()
    }

    /// The resources whose tags an action can change. `requested_arns`: the resources of its requests.
    ///
    /// The tags of a resource are those of the service in its ARN. Several actions list resources of another service that has
    /// tagging actions of its own (`ssm:AddTagsToResource` lists EC2 instances): they do not change these tags.
    // AWS: AddTagsToResource (AWS Systems Manager API Reference)
    pub(crate) fn list_taggable_arns(&self, tag_action: &TagAction, requested_arns: &[String]) -> TaggableArns {
        let prefix = self.service_prefix(self.action_service(tag_action.action));
        if tag_action.tagged_resource == TaggedResource::UrlEncoded {
            return TaggableArns { for_any_service: vec![format!("arn:*:{prefix}:*:*:*")], ..TaggableArns::default() };
        }
        let mut arns = TaggableArns::default();
        for arn in requested_arns {
            let service = arn.split(':').nth(2).unwrap_or_default();
            if service == prefix || !service.contains('*') && !self.has_tag_actions(service) {
                arns.for_any_service.push(arn.clone());
            } else if service.contains('*') {
                arns.for_same_service.push(arn.clone());
            }
        }
        if self.resource_types(self.shape(tag_action.action)).is_empty() {
            arns.for_same_service.push("*".to_owned());
        }
        arns
    }

    /// Whether a service has an action of the level Tagging.
    fn has_tag_actions(&self, prefix: &str) -> bool {
        let Some(service) = self.find_service(prefix) else { return false };
        self.actions_of(service).any(|id| self.access_level(ActionId(id)) == AccessLevel::Tagging)
    }

    /// Patterns over the ARNs of the resources that requests for an action can have.
    pub(crate) fn list_arn_globs(&self, action: ActionId) -> impl Iterator<Item = String> {
        let types = self.resource_types(self.shape(action)).iter();
        types.flat_map(|id| self.arn_formats(*id)).map(|format| to_glob(format))
    }
}

/// An ARN format with `*` for each variable.
fn to_glob(format: &str) -> String {
    let mut glob = String::new();
    let mut rest = format;
    while let Some((before, (_, after))) =
        rest.split_once("${").and_then(|(b, after)| Some((b, after.split_once('}')?)))
    {
        glob.push_str(before);
        glob.push('*');
        rest = after;
    }
    glob + rest
}

/// A line of the list.
struct TagActionLine {
    action: &'static str,
    /// `None` if it changes no tags.
    change: Option<TagChange>,
    required_actions: Vec<&'static str>,
}

fn parse_tag_actions() -> impl Iterator<Item = TagActionLine> {
    content_lines(TAG_ACTIONS).map(|line| parse_line(line).expect("a test parses the embedded list"))
}

fn parse_line(line: &'static str) -> Option<TagActionLine> {
    let mut words = line.split_whitespace();
    let action = words.next()?;
    let change = match words.next()? {
        "none" => None,
        "sets" => Some(TagChange::Set),
        "removes" => Some(TagChange::Remove),
        "replaces" => Some(TagChange::Replace),
        _ => return None,
    };
    Some(TagActionLine { action, change, required_actions: words.collect() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn find(wanted: TagChange, name: &str) -> Option<TagAction> {
        let id = Catalog::embedded().find_action(name).expect(name);
        Catalog::embedded().list_tag_actions(wanted).into_iter().find(|found| found.action == id)
    }

    #[test]
    fn each_line_names_what_the_catalog_has() {
        for line in parse_tag_actions() {
            for action in line.required_actions.iter().chain([&line.action]) {
                let id = Catalog::embedded().find_action(action).expect(action);
                assert_eq!(Catalog::embedded().full_name(id), *action);
            }
        }
    }

    /// An action of the level Tagging whose name is of another form needs a line, or a look at what it does.
    #[test]
    fn the_names_of_other_tag_actions_say_what_they_do() {
        let catalog = Catalog::embedded();
        let verbs =
            ["tag", "untag", "addtags", "removetags", "createtags", "deletetags", "createorupdatetags", "settags"];
        let reviewed = [
            "batch:SetCapacityTags",
            "route53domains:UpdateTagsForDomain",
            "s3:DeleteJobTagging",
            "s3:DeleteObjectTagging",
            "s3:DeleteObjectVersionTagging",
            "s3:DeleteStorageLensConfigurationTagging",
            "s3-object-lambda:DeleteObjectTagging",
            "s3-object-lambda:DeleteObjectVersionTagging",
            "s3-outposts:DeleteObjectTagging",
            "s3-outposts:DeleteObjectVersionTagging",
        ];
        for action in catalog.actions().filter(|action| catalog.access_level(*action) == AccessLevel::Tagging) {
            let (name, lower) = (catalog.full_name(action), catalog.action_lowercase_name(action));
            let is_listed = parse_tag_actions().any(|line| line.action == name);
            let is_clear = verbs.iter().any(|verb| lower.starts_with(verb)) || reviewed.contains(&name.as_str());
            assert!(is_listed || is_clear, "{name}");
        }
    }

    #[test]
    fn actions_set_or_remove_tags() {
        let change = |wanted, name| find(wanted, name).map(|found| found.change);
        assert_eq!(change(TagChange::Set, "sqs:TagQueue"), Some(TagChange::Set));
        assert_eq!(change(TagChange::Remove, "sqs:TagQueue"), None);
        assert_eq!(change(TagChange::Remove, "ec2:DeleteTags"), Some(TagChange::Remove));
        assert_eq!(change(TagChange::Set, "ec2:DeleteTags"), None);
        assert_eq!(change(TagChange::Set, "s3:PutObjectTagging"), Some(TagChange::Set));
        assert_eq!(change(TagChange::Remove, "s3:PutObjectTagging"), Some(TagChange::Replace));
        assert_eq!(change(TagChange::Set, "apigateway:PUT"), Some(TagChange::Set));
        assert_eq!(change(TagChange::Set, "sts:TagSession"), None);
        assert_eq!(change(TagChange::Set, "sqs:DeleteQueue"), None);
    }

    #[test]
    fn the_tags_of_a_resource_are_those_of_the_service_in_its_arn() {
        let taggable = |name: &str, types: &[&str]| {
            let found = find(TagChange::Set, name).expect(name);
            Catalog::embedded().list_taggable_arns(&found, &Catalog::embedded().list_requested_arns(&found, types))
        };
        let instance = "arn:*:ec2:*:*:instance/*".to_owned();
        assert!(taggable("ec2:CreateTags", &[]).for_any_service.contains(&instance));
        assert!(!taggable("ssm:AddTagsToResource", &[]).for_any_service.contains(&instance));
        assert!(
            taggable("ssm:AddTagsToResource", &[])
                .for_any_service
                .contains(&"arn:*:ssm:*:*:managed-instance/*".to_owned())
        );
        // The prefix of the service is not the one in its ARNs.
        assert!(taggable("es:AddTags", &[]).for_any_service.iter().any(|arn| arn.starts_with("arn:*:opensearch:")));
        assert_eq!(taggable("mgh:TagResource", &[]).for_same_service, ["*"]);
        assert_eq!(taggable("apigateway:PUT", &[]).for_any_service, ["arn:*:apigateway:*:*:*"]);
        assert_eq!(taggable("s3:TagResource", &["bucket"]).for_any_service, ["arn:*:s3:::*"]);
    }
}
