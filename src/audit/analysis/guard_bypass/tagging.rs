//! The actions that change a tag of the resources of guarded requests.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::actions::by_statement::ExcessByStatement;
use crate::base::glob::globs_overlap;
use crate::catalog::{Catalog, TagAction, TagKey, TagKeyMeaning, TaggedResource};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{ElementKind, Partition, Statement};

/// The resources of the guarded requests that a principal may send.
pub(super) struct GuardedResources {
    /// Patterns over their ARNs, by the service in the ARN.
    arns: BTreeMap<String, BTreeSet<String>>,
    /// The prefixes of the services of the requests.
    services: BTreeSet<String>,
    partition: Partition,
}

impl GuardedResources {
    /// The resources of the actions in an answer.
    pub(super) fn from_excess(catalog: &Catalog, excess: &ExcessByStatement, partition: Partition) -> GuardedResources {
        let mut resources = GuardedResources { arns: BTreeMap::new(), services: BTreeSet::new(), partition };
        for action in excess.values().flat_map(|statement_excess| statement_excess.actions.known_ids()) {
            resources.services.insert(catalog.service_prefix(catalog.action_service(action)).to_owned());
            for arn in catalog.list_arn_globs(action) {
                let service = arn.split(':').nth(2).unwrap_or_default().to_owned();
                resources.arns.entry(service).or_default().insert(arn);
            }
        }
        resources
    }

    /// Whether some of the resources may match a pattern.
    fn overlap(&self, pattern: &str) -> bool {
        let service = pattern.split(':').nth(2).unwrap_or_default();
        let same_service = self.arns.iter().filter(|(other, _)| other.contains('*') || *other == service);
        same_service.flat_map(|(_, arns)| arns).any(|arn| arns_overlap(arn, pattern))
    }
}

/// Which resources have a tag that an action changes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum TagBearer {
    /// The resource of the request.
    Requested,
    /// The resource of the request, and those that it contains.
    Container,
    /// The resource whose ARN is in the ARN of the request's resource.
    UrlEncoded,
}

/// An action that changes the tag of resources of guarded requests.
pub(super) struct Tagging {
    pub(super) tag_action: TagAction,
    pub(super) bearer: TagBearer,
    /// The resources of its requests.
    pub(super) requested: ResourceElement,
    /// The requests on resources with the tag.
    pub(super) tagged_requests: Vec<Statement>,
}

impl Tagging {
    /// `None` if the action does not change the tags of guarded resources.
    pub(super) fn new(
        catalog: &Catalog,
        tag_action: TagAction,
        tag_key: &TagKey<'_>,
        guarded: &GuardedResources,
    ) -> Option<Tagging> {
        let prefix = catalog.service_prefix(catalog.action_service(tag_action.action)).to_owned();
        let bearer = match (tag_action.tagged_resource, tag_key.meaning) {
            (TaggedResource::UrlEncoded, _) => TagBearer::UrlEncoded,
            (TaggedResource::Requested, TagKeyMeaning::Container) => TagBearer::Container,
            (TaggedResource::Requested, _) => TagBearer::Requested,
        };
        let extend = |arn: &String| match bearer {
            TagBearer::Container => vec![arn.clone(), format!("{arn}/*")],
            TagBearer::Requested | TagBearer::UrlEncoded => vec![arn.clone()],
        };
        let is_guarded = |arn: &String| extend(arn).iter().any(|arn| guarded.overlap(arn));
        let mut requested = catalog.list_requested_arns(&tag_action, tag_key.resource_types);
        if requested.is_empty() && !tag_key.resource_types.is_empty() {
            return None;
        }
        let taggable = catalog.list_taggable_arns(&tag_action, &requested);
        let for_any: Vec<String> =
            taggable.for_any_service.iter().filter(|arn| is_guarded(arn)).flat_map(extend).collect();
        let is_same_service = guarded.services.contains(&prefix);
        let for_same: Vec<String> = taggable.for_same_service.into_iter().filter(|_| is_same_service).collect();
        if bearer != TagBearer::UrlEncoded {
            requested.retain(|arn| for_any.contains(arn) || for_same.contains(arn));
        }
        // A star in place of the partition could match the service, too.
        let partition = format!("arn:{}:", guarded.partition.as_str());
        let list =
            |arns: &[String]| ResourceElement::listing(arns.iter().map(|arn| arn.replacen("arn:*:", &partition, 1)));
        let allow = |action: String, arns: Vec<String>| {
            let statement = || Statement::allow(ActionElement::listing([action]), list(&arns));
            (!arns.is_empty()).then(statement)
        };
        let tagged_requests: Vec<Statement> =
            [allow("*".to_owned(), for_any), allow(format!("{prefix}:*"), for_same)].into_iter().flatten().collect();
        let requested = if requested.is_empty() { ResourceElement::any() } else { list(&requested) };
        (!tagged_requests.is_empty()).then_some(Tagging { tag_action, bearer, requested, tagged_requests })
    }

    /// The resources that have the tag after requests on the resources of a statement.
    pub(super) fn list_tagged_resources(&self, requested: Option<&ResourceElement>) -> ResourceElement {
        // With `NotResource`, any resource: the question is about more resources, and a bypass is not missed.
        let Some(requested) = requested.filter(|element| element.kind == ElementKind::List) else {
            return ResourceElement::any();
        };
        let patterns = requested.patterns.iter().map(|pattern| pattern.as_written());
        match self.bearer {
            TagBearer::Requested => requested.clone(),
            TagBearer::Container => {
                ResourceElement::listing(patterns.flat_map(|arn| [arn.to_owned(), format!("{arn}/*")]))
            }
            TagBearer::UrlEncoded => {
                ResourceElement::listing(patterns.filter(|arn| may_be_tags(arn)).map(decode_tagged_arn))
            }
        }
    }
}

/// Whether two patterns match some ARN both. Each segment is compared on its own: a star for an account matches no colon.
fn arns_overlap(a: &str, b: &str) -> bool {
    a.splitn(6, ':').count() == b.splitn(6, ':').count()
        && a.splitn(6, ':').zip(b.splitn(6, ':')).all(|(a, b)| globs_overlap(a, b))
}

/// Whether a pattern may match the ARN of tags, which ends with a path that begins with `/tags/`.
fn may_be_tags(pattern: &str) -> bool {
    pattern.splitn(6, ':').nth(5).is_none_or(|path| globs_overlap(path, "/tags/*"))
}

/// The ARN at the end of `arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3A…`. Any if the pattern leaves it open.
fn decode_tagged_arn(pattern: &str) -> String {
    let encoded = pattern.split_once("/tags/").map_or("*", |(_, encoded)| encoded);
    let decoded = encoded.replace("%3A", ":").replace("%3a", ":").replace("%2F", "/").replace("%2f", "/");
    // A wildcard can be a part of an encoded character.
    if decoded.starts_with("arn:") && !decoded.contains('%') { decoded } else { "*".to_owned() }
}
