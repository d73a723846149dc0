//! The resources of services that use roles, by account and type.

use rustc_hash::FxHashMap;

use super::arn_index::ArnIndex;
use super::node::PrincipalNode;
use super::technique::Technique;
use crate::snapshot::{IamEntityKind, ReadRegions, ServiceResource, ServiceResources};

/// The resources of all accounts.
pub(crate) struct ServiceIndex {
    by_type: FxHashMap<(String, String), TypeResources>,
}

/// The resources of one type in one account.
pub(crate) struct TypeResources {
    pub(crate) arns: ArnIndex,
    /// By the position of the ARN.
    resources: Vec<IndexedResource>,
    /// Where all resources of the type are known. None if the type was not read.
    pub(crate) read_in: Option<ReadRegions>,
}

/// A resource with the positions of the roles that it uses.
struct IndexedResource {
    roles: Vec<usize>,
    /// `Name=value`
    properties: Vec<String>,
}

impl ServiceIndex {
    pub(crate) fn new(service_roles: &ServiceResources, nodes: &[PrincipalNode<'_>]) -> ServiceIndex {
        let is_role = |node: &PrincipalNode<'_>| node.principal.entity_kind != IamEntityKind::User;
        let roles: FxHashMap<(&str, String), usize> = nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| is_role(node))
            .map(|(index, node)| ((node.account.id.as_str(), node.principal.name.to_lowercase()), index))
            .collect();
        let mut grouped: FxHashMap<(String, String), Vec<&ServiceResource>> = FxHashMap::default();
        for (account, name) in service_roles.complete.keys() {
            grouped.entry((account.as_str().to_owned(), name.clone())).or_default();
        }
        for resource in &service_roles.resources {
            let key = (resource.account.as_str().to_owned(), resource.resource_type.clone());
            grouped.entry(key).or_default().push(resource);
        }
        let mut by_type = FxHashMap::default();
        for (key, resources) in grouped {
            let complete =
                service_roles.complete.iter().find(|((account, name), _)| account.as_str() == key.0 && *name == key.1);
            let arns = ArnIndex::new(resources.iter().map(|resource| resource.arn.as_str().to_owned()).collect());
            let read_in = complete.map(|(_, regions)| regions.clone());
            let resources = resources.iter().map(|resource| IndexedResource::new(resource, &roles)).collect();
            by_type.insert(key, TypeResources { arns, resources, read_in });
        }
        ServiceIndex { by_type }
    }

    /// The resources of the types that a technique needs. Types without any information are left out.
    pub(crate) fn find_types<'i>(
        &'i self,
        account: &str,
        technique: &Technique,
    ) -> impl Iterator<Item = &'i TypeResources> {
        let keys = technique.resource_types.iter().map(|name| (account.to_owned(), name.clone()));
        keys.filter_map(|key| self.by_type.get(&key)).collect::<Vec<_>>().into_iter()
    }

    /// Whether all resources that a technique needs are known: those of each type, in all regions.
    pub(crate) fn is_complete(&self, account: &str, technique: &Technique) -> bool {
        let complete =
            self.find_types(account, technique).filter(|resources| resources.read_in == Some(ReadRegions::All));
        !technique.resource_types.is_empty() && complete.count() == technique.resource_types.len()
    }

    /// The regions in which all resources that a technique needs are known. Empty if there are none.
    pub(crate) fn list_read_regions(&self, account: &str, technique: &Technique) -> Vec<&str> {
        let types: Vec<&TypeResources> = self.find_types(account, technique).collect();
        let reads = |resources: &TypeResources, region: &String| match &resources.read_in {
            Some(ReadRegions::Only(regions)) => regions.contains(region),
            Some(ReadRegions::All) => true,
            None => false,
        };
        let named = types.iter().filter_map(|resources| match &resources.read_in {
            Some(ReadRegions::Only(regions)) if types.len() == technique.resource_types.len() => Some(regions),
            _ => None,
        });
        let mut regions: Vec<&str> = named
            .flatten()
            .filter(|region| types.iter().all(|resources| reads(resources, region)))
            .map(String::as_str)
            .collect();
        regions.sort_unstable();
        regions.dedup();
        regions
    }
}

impl TypeResources {
    /// The positions of the roles that a resource uses.
    pub(crate) fn roles_of(&self, resource: usize) -> &[usize] {
        self.resources.get(resource).map_or(&[], |resource| resource.roles.as_slice())
    }

    /// What a technique assumes of a resource besides that it exists and uses the role.
    pub(crate) fn list_assumptions(&self, resource: usize, technique: &Technique) -> Vec<String> {
        let properties = self.resources.get(resource).map_or(&[][..], |resource| resource.properties.as_slice());
        let by_property = properties.iter().filter_map(|property| technique.property_assumptions.get(property));
        technique.remaining_assumption.iter().chain(by_property).cloned().collect()
    }
}

impl IndexedResource {
    fn new(resource: &ServiceResource, roles: &FxHashMap<(&str, String), usize>) -> IndexedResource {
        let names = resource.role_names().map(|(account, name)| (account, name.to_lowercase()));
        IndexedResource {
            roles: names.filter_map(|key| roles.get(&key).copied()).collect(),
            properties: resource.properties.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        }
    }
}
