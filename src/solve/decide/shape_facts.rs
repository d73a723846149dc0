//! What the action and the resource type of a set of requests settle about context keys.

use std::sync::Arc;

use crate::access::{REQUEST_TAG, RESOURCE_TAG};
use crate::catalog::{ActionTraits, Catalog, EndpointKey, ResourceTypeId, ShapeId, TagKeys};
use crate::iam::{ContextKey, Partition};
use crate::solve::actions::named_actions::ActionRef;
use crate::solve::compile::arn_segment::ArnSegment;

/// What the action and the resource type settle about context keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShapeFacts {
    traits: ActionTraits,
    /// The Regions of the only endpoint. Empty if there are several, or if that is unknown.
    regions: Vec<&'static str>,
    /// The resource types and keys. None if the catalog does not know the action.
    shape: Option<ShapeId>,
    /// The possible resource types. Empty for all types of the action.
    types: Arc<[ResourceTypeId]>,
}

impl ShapeFacts {
    /// The facts about an action on resources of some types. `types` is empty for all types.
    pub(crate) fn of_action(
        catalog: &Catalog,
        action: &ActionRef,
        types: &Arc<[ResourceTypeId]>,
        partition: Option<Partition>,
    ) -> ShapeFacts {
        let ActionRef::Known(id) = action else { return ShapeFacts::of_service(&action.service(catalog), partition) };
        let traits = catalog.action_traits(*id, partition);
        let regions = traits.endpoint.map_or(Vec::new(), |set| catalog.regions(set).to_vec());
        ShapeFacts { traits, regions, shape: Some(catalog.shape(*id)), types: Arc::clone(types) }
    }

    /// The facts about the actions of a service that the catalog does not know.
    pub(crate) fn of_service(service: &str, partition: Option<Partition>) -> ShapeFacts {
        let regions = Catalog::endpoint_regions(service, partition).unwrap_or_default();
        ShapeFacts { regions, ..ShapeFacts::default() }
    }

    /// The traits of the action.
    pub(crate) fn traits(&self) -> ActionTraits {
        self.traits
    }

    /// The Regions of the only endpoint. Empty if there are several, or if that is unknown.
    pub(crate) fn regions(&self) -> &[&'static str] {
        &self.regions
    }

    /// Whether no request contains a key.
    pub(crate) fn lacks_key(&self, catalog: &Catalog, key: &ContextKey) -> bool {
        let lower = key.lower();
        if !lower.starts_with("aws:") {
            return self.shape.is_some_and(|shape| !self.has_service_key(catalog, shape, lower));
        }
        match lower {
            "aws:resourceaccount" | "aws:resourceorgid" | "aws:resourceorgpaths" => self.traits.lacks_resource_account,
            _ if lower.starts_with(REQUEST_TAG) => self.traits.tags == TagKeys::NamesOnly,
            _ if self.traits.lacks_credential_key(lower) => true,
            _ if lower.starts_with(RESOURCE_TAG) => self.traits.lacks_resource_tags,
            _ => EndpointKey::from_lower(lower).is_some_and(|key| self.traits.lacks_endpoint_key(key)),
        }
    }

    fn has_service_key(&self, catalog: &Catalog, shape: ShapeId, lower: &str) -> bool {
        match &*self.types {
            [] => catalog.has_key(shape, lower),
            types => catalog.has_key_on(shape, types, lower),
        }
    }

    /// Whether the value of a key is the value of a segment of the ARN, if the ARN has that segment.
    pub(crate) fn repeats_segment(&self, segment: ArnSegment) -> bool {
        match segment {
            ArnSegment::Region => self.regions.is_empty() && !self.traits.has_resources_elsewhere,
            ArnSegment::Account => !self.traits.lacks_resource_account,
        }
    }

    /// Whether a key has the same value as `aws:RequestedRegion`.
    pub(crate) fn is_region_key(&self, catalog: &Catalog, key: &ContextKey) -> bool {
        key.lower() == "ec2:region" && !self.lacks_key(catalog, key)
    }
}
