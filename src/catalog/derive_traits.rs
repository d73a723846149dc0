//! The traits of all actions of a catalog, from the reviewed lists.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Catalog;
use super::action_traits::{
    ActionTraits, FixedResources, LONG_TERM_CREDENTIAL_ACTIONS, NO_RESOURCE_ACCOUNT, OTHER_REGIONS, RegionSet, TagKeys,
    TraitTable, find_endpoint_regions, parse_endpoint_keys, parse_fixed_resources,
};
use super::ids::{ActionId, ResourceTypeId};
use super::lists::content_lines;
use crate::iam::Partition;

impl Catalog {
    /// What AWS documents about the requests of an action in a partition. `None` for any partition.
    #[doc(hidden)]
    pub fn action_traits(&self, action: ActionId, partition: Option<Partition>) -> ActionTraits {
        let table = self.action_traits.get_or_init(|| self.derive_traits());
        let position = partition.and_then(|p| Partition::ALL.iter().position(|other| *other == p));
        let traits = table.by_partition.get(position.unwrap_or(Partition::ALL.len()));
        traits.and_then(|list| list.get(action.0 as usize)).copied().unwrap_or_default()
    }

    /// The Regions of a set.
    #[doc(hidden)]
    pub fn regions(&self, set: RegionSet) -> &[&'static str] {
        let table = self.action_traits.get_or_init(|| self.derive_traits());
        table.region_sets.get(usize::from(set.0)).map_or(&[], Vec::as_slice)
    }

    /// The Regions of the only endpoint of a service, which the catalog may lack. None if it has several, or if that is
    /// unknown.
    #[doc(hidden)]
    pub fn endpoint_regions(service: &str, partition: Option<Partition>) -> Option<Vec<&'static str>> {
        let regions = find_endpoint_regions(service, partition);
        (!regions.is_empty()).then_some(regions)
    }

    fn derive_traits(&self) -> TraitTable {
        let without_account: FxHashSet<&str> = content_lines(NO_RESOURCE_ACCOUNT).collect();
        let elsewhere: FxHashSet<&str> = content_lines(OTHER_REGIONS).collect();
        let endpoint_keys = parse_endpoint_keys();
        let fixed: FxHashMap<&str, FixedResources> = parse_fixed_resources().map(|(what, name)| (name, what)).collect();
        let mut common = vec![ActionTraits::default(); self.action_count()];
        for id in self.actions() {
            let Some(traits) = common.get_mut(id.0 as usize) else { continue };
            let service = self.service_prefix(self.action_service(id));
            let name = self.full_name(id);
            traits.lacks_resource_account =
                without_account.contains(&*name) || without_account.contains(&*format!("{service}:*"));
            traits.has_resources_elsewhere = elsewhere.contains(&*name);
            traits.tags = self.derive_tag_keys(id);
            traits.lacks_resource_tags = self.lacks_resource_tags(id);
            let supported = endpoint_keys.get(service).copied().filter(|_| name != "iam:PassRole").unwrap_or(0);
            traits.lacking_endpoint_keys = !supported & 0b1111;
            traits.fixed_resources = fixed.get(&*name).copied();
            traits.needs_long_term_credentials = LONG_TERM_CREDENTIAL_ACTIONS.contains(&&*name);
        }
        // iam:PassRole is a permission that a request to another service needs, in the Region of that request.
        // AWS: Grant a user permissions to pass a role to an AWS service
        let pass_role = self.find_action("iam:PassRole").map(|id| id.0);
        let mut region_sets: Vec<Vec<&'static str>> = Vec::new();
        let partitions = Partition::ALL.iter().map(|partition| Some(*partition)).chain([None]);
        let by_partition = partitions
            .map(|partition| {
                let mut list = common.clone();
                for service in self.services() {
                    let regions = find_endpoint_regions(self.service_prefix(service), partition);
                    if regions.is_empty() {
                        continue;
                    }
                    let number = region_sets.iter().position(|set| *set == regions).unwrap_or_else(|| {
                        region_sets.push(regions);
                        region_sets.len() - 1
                    });
                    let set = u16::try_from(number).ok().map(RegionSet);
                    for action in self.actions_of(service).filter(|action| Some(*action) != pass_role) {
                        if let Some(traits) = list.get_mut(action as usize) {
                            traits.endpoint = set;
                        }
                    }
                }
                list
            })
            .collect();
        TraitTable { region_sets, by_partition }
    }

    /// Whether an action takes no resource that can have tags, and creates none with tags. AWS: *AWS global condition
    /// context keys*, `aws:ResourceTag`; *Tags for AWS Identity and Access Management resources*: a group has none.
    fn lacks_resource_tags(&self, action: ActionId) -> bool {
        let shape = self.shape(action);
        let has_key = |key: &str| self.has_key(shape, key);
        let is_iam = self.service_prefix(self.action_service(action)) == "iam";
        let has_no_tags = |resource_type: &ResourceTypeId| is_iam && self.resource_type_name(*resource_type) == "group";
        self.resource_types(shape).iter().all(has_no_tags)
            && !["aws:resourcetag/x", "aws:requesttag/x", "aws:tagkeys"].into_iter().any(has_key)
    }

    fn derive_tag_keys(&self, action: ActionId) -> TagKeys {
        let shape = self.shape(action);
        match (self.has_key(shape, "aws:tagkeys"), self.has_key(shape, "aws:requesttag/x")) {
            (true, true) => TagKeys::NamesAndValues,
            (true, false) => TagKeys::NamesOnly,
            (false, _) => TagKeys::Unlisted,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::super::action_traits::parse_single_endpoints;
    use super::*;

    fn partition(name: &str) -> Partition {
        Partition::parse(name).unwrap()
    }

    fn traits_of(action: &str, partition: Partition) -> ActionTraits {
        let catalog = Catalog::embedded();
        catalog.action_traits(catalog.find_action(action).unwrap(), Some(partition))
    }

    fn regions_of(action: &str, partition: Partition) -> Vec<&'static str> {
        let set = traits_of(action, partition).endpoint;
        set.map_or(Vec::new(), |set| Catalog::embedded().regions(set).to_vec())
    }

    #[test]
    fn global_services_have_one_region_in_each_partition() {
        assert_eq!(regions_of("iam:CreateUser", partition("aws")), ["us-east-1"]);
        assert_eq!(regions_of("iam:CreateUser", partition("aws-cn")), ["cn-north-1"]);
        assert_eq!(regions_of("devicefarm:CreateProject", partition("aws")), ["us-west-2"]);
        assert_eq!(regions_of("sts:AssumeRole", partition("aws")), [] as [&str; 0]);
        assert_eq!(regions_of("devicefarm:CreateProject", partition("aws-cn")), [] as [&str; 0]);
        let catalog = Catalog::embedded();
        let any = catalog.action_traits(catalog.find_action("iam:CreateUser").unwrap(), None).endpoint.unwrap();
        assert_eq!(
            catalog.regions(any),
            ["us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1"]
        );
    }

    #[test]
    fn listed_actions_lack_the_resource_account() {
        for (action, lacks) in [
            ("ec2:CreateVpcEndpoint", true),
            ("ebs:PutSnapshotBlock", true),
            ("route53:AssociateVPCWithHostedZone", true),
            ("ec2:RunInstances", false),
            ("s3:GetObject", false),
        ] {
            assert_eq!(traits_of(action, partition("aws")).lacks_resource_account, lacks, "{action}");
        }
    }

    #[test]
    fn tagging_actions_name_their_tags() {
        for (action, tags) in [
            ("ec2:CreateTags", TagKeys::NamesAndValues),
            ("iam:CreateUser", TagKeys::NamesAndValues),
            ("iam:UntagRole", TagKeys::NamesOnly),
            ("iam:PassRole", TagKeys::Unlisted),
        ] {
            assert_eq!(traits_of(action, partition("aws")).tags, tags, "{action}");
        }
    }

    #[test]
    fn the_lists_name_what_the_catalog_has() {
        let catalog = Catalog::embedded();
        for line in content_lines(NO_RESOURCE_ACCOUNT) {
            match line.strip_suffix(":*") {
                Some(service) => assert!(catalog.find_service(service).is_some(), "{line}"),
                None => assert_eq!(catalog.full_name(catalog.find_action(line).expect(line)), line),
            }
        }
        let actions = parse_fixed_resources().map(|(_, action)| action).chain(content_lines(OTHER_REGIONS));
        for action in actions {
            assert_eq!(catalog.full_name(catalog.find_action(action).expect(action)), action);
        }
        for (service, ..) in parse_single_endpoints() {
            assert!(catalog.find_service(service).is_some() || service == "importexport", "{service}");
        }
        for service in parse_endpoint_keys().keys() {
            assert!(catalog.find_service(service).is_some(), "{service}");
        }
    }
}
