//! The options of a collection.

use super::retry_policy::RetryPolicy;
use crate::iam::AccountId;

/// The options of a collection. The defaults are those of the command line.
#[derive(Clone, Debug)]
pub struct CollectOptions {
    /// The profile of the AWS configuration files. `None` to use the environment.
    pub profile: Option<String>,
    /// The region to call. `None` to use the environment or the profile.
    pub region: Option<String>,
    /// The ARN of a role to assume first. `None` to use the credentials as they are.
    pub role_arn: Option<String>,
    /// The external ID to pass to `sts:AssumeRole`.
    pub external_id: Option<String>,
    /// Accounts only, or the organization too.
    pub scope: CollectScope,
    /// The accounts to collect. Empty for the caller's account or, with the organization, all its active accounts.
    pub accounts: Vec<AccountId>,
    /// The name (with path) of the role to assume in each account other than the caller's.
    pub member_role: Option<String>,
    /// The number of accounts to read in parallel.
    pub concurrency: usize,
    /// The maximum number of requests per second, for all accounts together. Zero for no limit.
    pub requests_per_second: f64,
    /// Which resources are read, and where.
    pub resources: ResourceOptions,
    /// Timeouts and retries.
    pub retry_policy: RetryPolicy,
}

/// The resources that are read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ResourceOptions {
    /// The regions. Empty for the region of the session.
    pub regions: Vec<String>,
    /// Whether the resources of services that use roles are read.
    pub reads_service_roles: bool,
    /// Whether the accounts have no resources in other regions, as the user states.
    pub has_no_other_regions: bool,
}

/// What is collected.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum CollectScope {
    /// Accounts only.
    Accounts,
    /// The organization and its accounts.
    Organization,
}

impl Default for CollectOptions {
    fn default() -> CollectOptions {
        CollectOptions {
            profile: None,
            region: None,
            role_arn: None,
            external_id: None,
            scope: CollectScope::Accounts,
            accounts: Vec::new(),
            member_role: None,
            concurrency: 8,
            requests_per_second: 20.0,
            resources: ResourceOptions::default(),
            retry_policy: RetryPolicy::default(),
        }
    }
}
