//! What AWS documents about the requests of an action in other places than the Service Authorization Reference: the only
//! endpoint of a global service, keys that an action does not support, and changes that AWS refuses.
//!
//! The data is in `lists/`: `single_endpoints.txt`, `other_regions.txt`, `no_resource_account.txt`, `vpc_endpoint_keys.txt`
//! and `fixed_resources.txt`, each with its source and date.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::lists::content_lines;
use crate::iam::Partition;

const SINGLE_ENDPOINTS: &str = include_str!("lists/single_endpoints.txt");
pub(super) const NO_RESOURCE_ACCOUNT: &str = include_str!("lists/no_resource_account.txt");
pub(super) const OTHER_REGIONS: &str = include_str!("lists/other_regions.txt");
const VPC_ENDPOINT_KEYS: &str = include_str!("lists/vpc_endpoint_keys.txt");
const FIXED_RESOURCES: &str = include_str!("lists/fixed_resources.txt");

/// Actions that only the long-term credentials of a user (or of the root user) can call. AWS: *Compare AWS STS
/// credentials* (IAM User Guide).
#[doc(hidden)]
pub const LONG_TERM_CREDENTIAL_ACTIONS: [&str; 2] = ["sts:GetFederationToken", "sts:GetSessionToken"];

/// The keys that only requests with temporary credentials have, in lower case. AWS: *AWS global condition context keys*.
const TEMPORARY_CREDENTIAL_KEYS: [&str; 3] =
    ["aws:tokenissuetime", "aws:multifactorauthpresent", "aws:multifactorauthage"];

/// What AWS documents about the requests of an action.
#[derive(Copy, Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct ActionTraits {
    /// The Region of the service's only endpoint. None if the service has several, or if that is unknown.
    pub endpoint: Option<RegionSet>,
    /// Whether the resource can be of another Region than the request.
    pub has_resources_elsewhere: bool,
    /// Whether requests lack `aws:ResourceAccount`, `aws:ResourceOrgID` and `aws:ResourceOrgPaths`.
    pub lacks_resource_account: bool,
    /// Whether requests contain `aws:RequestTag/…` and `aws:TagKeys`.
    pub tags: TagKeys,
    /// Whether requests lack `aws:ResourceTag/…`: the action takes no resource that can have tags, and creates none.
    pub lacks_resource_tags: bool,
    /// The keys of VPC endpoints that the service does not support, one bit for each [`EndpointKey`].
    pub(super) lacking_endpoint_keys: u8,
    /// The resources that the action cannot change.
    pub fixed_resources: Option<FixedResources>,
    /// Whether only long-term credentials can call the action, so that requests lack the keys of temporary ones.
    pub needs_long_term_credentials: bool,
}

/// Which of the keys about the tags of a request an action has.
#[derive(Copy, Clone, Debug, Default, Eq, Hash, PartialEq)]
pub enum TagKeys {
    /// The reference lists neither, or only `aws:RequestTag/…`.
    #[default]
    Unlisted,
    /// Only `aws:TagKeys`: the request names tags without values.
    NamesOnly,
    /// Both: each tag of the request is in both keys.
    NamesAndValues,
}

/// The Regions of the only endpoint of a service: one for each partition that the table is about.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub struct RegionSet(pub(super) u16);

/// A key about the VPC endpoint of a request that only some services support.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
#[allow(missing_docs)]
pub enum EndpointKey {
    SourceVpcArn,
    VpceAccount,
    VpceOrgId,
    VpceOrgPaths,
}

/// Resources that belong to AWS or to another account, and that an action cannot change.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub enum FixedResources {
    /// AWS managed policies.
    AwsManagedPolicies,
    /// Service-linked roles, and the roles of permission sets.
    AwsRoles,
    /// The aliases of AWS managed keys.
    AwsKeyAliases,
    /// The resources of other accounts.
    OtherAccounts,
}

/// The traits of all actions, by partition.
pub(super) type TraitTables = OnceLock<TraitTable>;

#[derive(Debug)]
pub(super) struct TraitTable {
    /// The Regions of each [`RegionSet`].
    pub(super) region_sets: Vec<Vec<&'static str>>,
    /// One list for each of [`Partition::ALL`], and one for all partitions together.
    pub(super) by_partition: Vec<Vec<ActionTraits>>,
}

impl EndpointKey {
    /// All keys.
    pub const ALL: [EndpointKey; 4] =
        [EndpointKey::SourceVpcArn, EndpointKey::VpceAccount, EndpointKey::VpceOrgId, EndpointKey::VpceOrgPaths];

    /// The name of the key.
    pub fn as_str(self) -> &'static str {
        match self {
            EndpointKey::SourceVpcArn => "aws:SourceVpcArn",
            EndpointKey::VpceAccount => "aws:VpceAccount",
            EndpointKey::VpceOrgId => "aws:VpceOrgID",
            EndpointKey::VpceOrgPaths => "aws:VpceOrgPaths",
        }
    }

    /// The key with a name in lower case.
    pub fn from_lower(name: &str) -> Option<EndpointKey> {
        EndpointKey::ALL.into_iter().find(|key| key.as_str().eq_ignore_ascii_case(name))
    }
}

impl FixedResources {
    /// The resources that an action cannot change, by its name in any case.
    pub fn of_action(name: &str) -> Option<FixedResources> {
        static BY_ACTION: OnceLock<FxHashMap<String, FixedResources>> = OnceLock::new();
        let parse_list = || parse_fixed_resources().map(|(what, action)| (action.to_ascii_lowercase(), what)).collect();
        BY_ACTION.get_or_init(parse_list).get(&name.to_ascii_lowercase()).copied()
    }

    /// Patterns over the ARNs. Empty if they depend on the principal's account.
    pub fn arn_patterns(self) -> &'static [&'static str] {
        match self {
            FixedResources::AwsManagedPolicies => &["arn:*:iam::aws:policy/*"],
            FixedResources::AwsRoles => &["arn:*:iam::*:role/aws-service-role/*", "arn:*:iam::*:role/aws-reserved/*"],
            FixedResources::AwsKeyAliases => &["arn:*:kms:*:*:alias/aws/*"],
            FixedResources::OtherAccounts => &[],
        }
    }
}

impl ActionTraits {
    /// Whether requests of the action lack a key, given in lower case, because of the credentials that it needs.
    pub fn lacks_credential_key(self, lower_key: &str) -> bool {
        self.needs_long_term_credentials && TEMPORARY_CREDENTIAL_KEYS.contains(&lower_key)
    }

    /// Whether requests of the action lack a key about the VPC endpoint, through which they are made.
    pub fn lacks_endpoint_key(self, key: EndpointKey) -> bool {
        self.lacking_endpoint_keys & (1 << key as u8) != 0
    }
}

impl ActionTraits {
    /// The same traits, without those about the keys of VPC endpoints.
    pub fn without_endpoint_keys(self) -> ActionTraits {
        ActionTraits { lacking_endpoint_keys: 0, ..self }
    }
}

pub(super) fn find_endpoint_regions(service: &str, partition: Option<Partition>) -> Vec<&'static str> {
    static BY_SERVICE: OnceLock<FxHashMap<&str, Vec<(&str, &str)>>> = OnceLock::new();
    let by_service = BY_SERVICE.get_or_init(|| {
        let mut by_service = FxHashMap::<&str, Vec<(&str, &str)>>::default();
        for (service, partition, region) in parse_single_endpoints() {
            by_service.entry(service).or_default().push((partition, region));
        }
        by_service
    });
    let endpoints = by_service.get(service).into_iter().flatten();
    let requested = endpoints.filter(|endpoint| partition.is_none_or(|partition| partition.as_str() == endpoint.0));
    requested.map(|(_, region)| *region).collect()
}

/// Service, partition and Region.
pub(super) fn parse_single_endpoints() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    content_lines(SINGLE_ENDPOINTS).map(|line| {
        let mut words = line.split_whitespace();
        let mut next_field = || words.next().expect("a test parses the embedded list");
        (next_field(), next_field(), next_field())
    })
}

/// By service, the keys that it supports, one bit for each.
pub(super) fn parse_endpoint_keys() -> FxHashMap<&'static str, u8> {
    let parse_line = |line: &'static str| {
        let mut words = line.split_whitespace();
        let service = words.next().expect("a line of a list is not empty");
        let keys = words.map(|name| EndpointKey::from_lower(name).expect("a test parses the embedded list"));
        (service, keys.fold(0, |bits, key| bits | 1 << key as u8))
    };
    content_lines(VPC_ENDPOINT_KEYS).map(parse_line).collect()
}

pub(super) fn parse_fixed_resources() -> impl Iterator<Item = (FixedResources, &'static str)> {
    content_lines(FIXED_RESOURCES).map(|line| {
        let (what, action) = line.split_once(' ').expect("a test parses the embedded list");
        let what = match what {
            "aws-managed-policies" => Some(FixedResources::AwsManagedPolicies),
            "aws-roles" => Some(FixedResources::AwsRoles),
            "aws-key-aliases" => Some(FixedResources::AwsKeyAliases),
            "own-account" => Some(FixedResources::OtherAccounts),
            _ => None,
        };
        (what.expect("a test parses the embedded list"), action.trim())
    })
}
