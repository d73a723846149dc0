//! Merges the reviewed lists of what the reference omits into a catalog: ARN formats of resource types, resources of
//! actions, and condition keys of actions.

use rustc_hash::FxHashMap;

use super::condition_key::KeyId;
use super::ids::{ActionId, ResourceTypeId, ServiceId, ShapeId};
use super::lists::content_lines;
use super::{Catalog, ResourceType, Shape};

const ADDITIONAL_FORMATS: &str = include_str!("lists/additional_formats.txt");
const ADDITIONAL_RESOURCES: &str = include_str!("lists/additional_resources.txt");
const ADDITIONAL_KEYS: &str = include_str!("lists/additional_keys.txt");

/// The format of the resource of a request that has none: the text `*`.
const NO_RESOURCE: &str = "*";

/// What the lists add to an action.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
struct Addition {
    /// The resource types, each with the number of its set of keys.
    types: Vec<(ResourceTypeId, u32)>,
    keys: Vec<KeyId>,
}

impl Catalog {
    /// Merges the lists. A line about an action or a resource type that this catalog lacks adds nothing.
    pub(super) fn merge_additions(&mut self) -> Result<(), &'static str> {
        for line in parse_lines(ADDITIONAL_FORMATS) {
            self.add_format(line);
        }
        let mut additions: FxHashMap<ActionId, Addition> = FxHashMap::default();
        let mut created: FxHashMap<(ServiceId, &str), (ResourceTypeId, u32)> = FxHashMap::default();
        for [action, format, _] in parse_lines(ADDITIONAL_RESOURCES) {
            let Some(id) = self.find_action(action) else { continue };
            let service = self.action_service(id);
            let added = match created.get(&(service, format)) {
                Some(known) => *known,
                None => {
                    let added = (self.find_or_create_type(service, format)?, self.merge_type_keys(service)?);
                    *created.entry((service, format)).or_insert(added)
                }
            };
            additions.entry(id).or_default().types.push(added);
        }
        for [action, key, _] in parse_lines(ADDITIONAL_KEYS) {
            for id in self.list_actions_with_key(action, key) {
                additions.entry(id).or_default().keys.extend(self.keys.find_id(key));
            }
        }
        self.extend_shapes(additions)
    }

    /// An action. For `service:*`, the actions of the service for which the reference lists the key, with some resource type.
    fn list_actions_with_key(&self, action: &str, key: &str) -> Vec<ActionId> {
        let Some(service) = action.strip_suffix(":*") else { return self.find_action(action).into_iter().collect() };
        let Some(service) = self.find_service(service) else { return Vec::new() };
        let listed = self.actions_of(service).map(ActionId);
        listed.filter(|id| self.has_key(self.shape(*id), key)).collect()
    }

    fn add_format(&mut self, [service, type_name, format]: [&str; 3]) {
        let Some(service) = self.find_service(service) else { return };
        let mut types = self.resource_types_of(service);
        let found = types.find(|id| self.resource_type_name(*id).replace(' ', "_") == type_name);
        let entry = found.and_then(|id| self.resource_types.get_mut(id.0 as usize));
        if let Some(entry) = entry.filter(|entry| entry.arn_formats.iter().all(|known| &**known != format)) {
            entry.arn_formats.push(format.into());
        }
    }

    /// The resource type of a service with exactly this format; a new one if it has none.
    fn find_or_create_type(&mut self, service: ServiceId, format: &str) -> Result<ResourceTypeId, &'static str> {
        let mut types = self.resource_types_of(service);
        let has_format = |id: &ResourceTypeId| matches!(self.arn_formats(*id), [only] if **only == *format);
        match types.find(has_format) {
            Some(id) => Ok(id),
            None => self.create_type(format),
        }
    }

    /// Adds a resource type without a name, after those of all services.
    fn create_type(&mut self, format: &str) -> Result<ResourceTypeId, &'static str> {
        let id = u32::try_from(self.resource_types.len()).map_err(|_| "too many resource types")?;
        self.resource_types.push(ResourceType { name: 0..0, arn_formats: vec![format.into()] });
        Ok(ResourceTypeId(id))
    }

    /// The number of a set of all keys that requests on some resource type of a service can contain: it is unknown which
    /// of them requests on an additional resource have.
    fn merge_type_keys(&mut self, service: ServiceId) -> Result<u32, &'static str> {
        let actions = self.actions_of(service);
        let shapes = actions.filter_map(|action| self.actions.get(action as usize)).map(|action| action.shape);
        let types = shapes.flat_map(|shape| self.shape_entry(shape).types.clone());
        let groups: Vec<u32> = types.filter_map(|place| self.type_groups.get(place).copied()).collect();
        self.merge_groups(groups, &[])
    }

    /// The number of a new set of the keys of several sets and of further keys.
    fn merge_groups(&mut self, mut groups: Vec<u32>, more: &[KeyId]) -> Result<u32, &'static str> {
        groups.sort_unstable();
        groups.dedup();
        if let ([group], []) = (groups.as_slice(), more) {
            return Ok(*group);
        }
        let ranges = groups.iter().filter_map(|group| self.key_groups.get(*group as usize).cloned());
        let mut keys: Vec<KeyId> =
            ranges.filter_map(|range| self.group_keys.get(range)).flatten().chain(more).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        let first = self.group_keys.len();
        self.group_keys.extend(keys);
        self.key_groups.push(first..self.group_keys.len());
        u32::try_from(self.key_groups.len() - 1).map_err(|_| "too many sets of keys")
    }

    /// Gives the actions of the same shape with the same additions a new shape.
    fn extend_shapes(&mut self, additions: FxHashMap<ActionId, Addition>) -> Result<(), &'static str> {
        let mut additions: Vec<(ActionId, Addition)> = additions.into_iter().collect();
        additions.sort_by_key(|(action, _)| *action);
        let mut no_resource = None;
        let mut extended: FxHashMap<(ShapeId, Addition), ShapeId> = FxHashMap::default();
        for (action, mut addition) in additions {
            let shape = self.shape(action);
            let known = self.resource_types(shape);
            addition.types.retain(|(added, _)| !known.contains(added));
            if known.is_empty() && !addition.types.is_empty() {
                // A request without a resource stays possible, so that a Deny on the ARNs does not stop all requests.
                let id = if let Some(id) = no_resource { id } else { self.create_type(NO_RESOURCE)? };
                no_resource = Some(id);
                addition.types.insert(0, (id, 0));
            }
            let new_shape = match extended.get(&(shape, addition.clone())) {
                Some(known) => *known,
                None => {
                    let new_shape = self.extend_shape(shape, &addition)?;
                    *extended.entry((shape, addition)).or_insert(new_shape)
                }
            };
            if let Some(entry) = self.actions.get_mut(action.0 as usize) {
                entry.shape = new_shape;
            }
        }
        Ok(())
    }

    fn extend_shape(&mut self, shape: ShapeId, addition: &Addition) -> Result<ShapeId, &'static str> {
        let (old_types, old_keys) = (self.shape_entry(shape).types.clone(), self.shape_entry(shape).keys);
        let first = self.shape_types.len();
        for place in old_types {
            let (Some(id), Some(group)) = (self.shape_types.get(place), self.type_groups.get(place)) else { continue };
            let (id, group) = (*id, *group);
            self.shape_types.push(id);
            self.type_groups.push(group);
        }
        for (id, group) in &addition.types {
            self.shape_types.push(*id);
            self.type_groups.push(*group);
        }
        let keys = self.merge_groups(vec![old_keys], &addition.keys)?;
        let id = u32::try_from(self.shapes.len()).map_err(|_| "too many shapes")?;
        self.shapes.push(Shape { types: first..self.shape_types.len(), keys });
        Ok(ShapeId(id))
    }

    /// Whether requests for an action of this shape can lack a resource, although others name one.
    #[doc(hidden)]
    pub fn can_lack_resource(&self, shape: ShapeId) -> bool {
        self.resource_types(shape).iter().any(|id| self.matches_arn_format(*id, NO_RESOURCE))
    }
}

/// The three words of each line of a list.
fn parse_lines(list: &'static str) -> impl Iterator<Item = [&'static str; 3]> {
    content_lines(list).map(|line| {
        let mut words = line.split_whitespace();
        [(); 3].map(|()| words.next().expect("a test parses the embedded lists"))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn takes(action: &str, arn: &str) -> bool {
        let catalog = Catalog::embedded();
        let types = catalog.resource_types(catalog.shape(catalog.find_action(action).expect(action)));
        types.iter().any(|id| catalog.matches_arn_format(*id, arn))
    }

    fn has_key(action: &str, key: &str) -> bool {
        let catalog = Catalog::embedded();
        catalog.has_key(catalog.shape(catalog.find_action(action).expect(action)), key)
    }

    #[test]
    fn each_line_names_what_the_catalog_has() {
        let catalog = Catalog::embedded();
        for line in [ADDITIONAL_FORMATS, ADDITIONAL_RESOURCES, ADDITIONAL_KEYS].into_iter().flat_map(content_lines) {
            assert_eq!(line.split_whitespace().count(), 3, "{line}");
        }
        for [service, name, format] in parse_lines(ADDITIONAL_FORMATS) {
            let service = catalog.find_service(service).expect(service);
            let mut types = catalog.resource_types_of(service);
            let id = types.find(|id| catalog.resource_type_name(*id).replace(' ', "_") == name).expect(name);
            assert!(catalog.arn_formats(id).iter().any(|known| **known == *format), "{format}");
        }
        for [action, format, _] in parse_lines(ADDITIONAL_RESOURCES) {
            let id = catalog.find_action(action).expect(action);
            assert_eq!(catalog.full_name(id), action);
            let types = catalog.resource_types(catalog.shape(id)).iter();
            assert_eq!(
                types.filter(|id| catalog.arn_formats(**id).iter().any(|f| **f == *format)).count(),
                1,
                "{action}"
            );
        }
        for [action, key, _] in parse_lines(ADDITIONAL_KEYS) {
            assert!(!catalog.list_actions_with_key(action, key).is_empty(), "{action} {key}");
            assert!(action.ends_with(":*") || has_key(action, key), "{action} {key}");
        }
    }

    #[test]
    fn actions_take_the_additional_resources_and_none() {
        let anchor = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/a";
        assert!(takes("rolesanywhere:CreateTrustAnchor", anchor) && takes("rolesanywhere:CreateTrustAnchor", "*"));
        assert!(!takes("rolesanywhere:CreateProfile", anchor));
        assert!(takes("s3:ListAllMyBuckets", "arn:aws:s3:::b") && takes("s3:ListAllMyBuckets", "*"));
        // An action that the reference lists with other resources always has one.
        assert!(takes("wafv2:DisassociateWebACL", "arn:aws:wafv2:us-east-1:111122223333:global/webacl/a/1"));
        assert!(!takes("wafv2:DisassociateWebACL", "*"));
        assert!(takes("ecs:UpdateService", "arn:aws:ecs:us-east-1:111122223333:service/c/s"));
        assert!(!takes("ecs:UpdateService", "*") && takes("eks:CreateCluster", "*"));
        assert!(takes("s3:GetObject", "arn:aws:s3::111122223333:accesspoint/a.mrap/object/o"));
        assert!(takes("ssm:SendCommand", "arn:aws:ssm:us-east-1::document/AWS-RunShellScript"));
        assert!(takes("ssm:StartAutomationExecution", "arn:aws:ssm:us-east-1::automation-definition/AWS-A:1"));
        assert!(takes("ecs:UpdateService", "arn:aws:ecs:us-east-1:111122223333:service/s"));
        assert!(!takes("ecs:UpdateService", "arn:aws:ecs:us-east-1:111122223333:service/c/s/t"));
    }

    #[test]
    fn actions_have_the_additional_keys() {
        assert!(has_key("aws-marketplace:Subscribe", "aws-marketplace:ProductId"));
        assert!(has_key("iottwinmaker:CreateEntity", "iottwinmaker:linkedServices"));
        // A key of a service's resource types, on an additional resource.
        assert!(!has_key("s3:GetObject", "s3:prefix"));
    }

    #[test]
    fn a_key_that_the_catalog_lacks_can_be_present() {
        assert!(has_key("s3:GetObject", "s3:NewKey") && has_key("s3:GetObject", "newservice:Key"));
    }
}
