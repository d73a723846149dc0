//! What to collect, and how.

use std::time::Duration;

use crate::iam::AccountId;

/// What to collect, and how; the defaults are those of the command line.
#[derive(Clone, Debug)]
pub struct CollectOptions {
    /// The profile of the AWS configuration files; none for what the environment says.
    pub profile: Option<String>,
    /// The region that is asked; none for what the environment or the profile says.
    pub region: Option<String>,
    /// A role to assume before anything else, by its ARN.
    pub role_arn: Option<String>,
    /// The external id that is told whenever a role is assumed.
    pub external_id: Option<String>,
    /// Whether the organization is read, and its accounts are collected.
    pub scope: CollectScope,
    /// The accounts to collect; empty for the caller's own, or for all of the organization.
    pub accounts: Vec<AccountId>,
    /// The name, with its path, of the role that is assumed in each account but the caller's own.
    pub member_role: Option<String>,
    /// How many accounts are read at a time.
    pub concurrency: usize,
    /// How many requests a second there are at most, all accounts together; zero for no bound.
    pub requests_per_second: f64,
    /// The regions whose resources' policies are read; empty for the one region that is asked.
    pub resource_regions: Vec<String>,
    /// How long to wait.
    pub retry_policy: RetryPolicy,
}

/// Whether the organization is read.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum CollectScope {
    /// Accounts only.
    Accounts,
    /// The organization, too.
    Organization,
}

/// How long to wait for what.
#[derive(Copy, Clone, Debug)]
pub struct RetryPolicy {
    /// For a connection.
    pub connect_timeout: Duration,
    /// For the answer to one attempt.
    pub attempt_timeout: Duration,
    /// How many attempts a call gets.
    pub max_attempts: u32,
    /// The scale of the pause after the first attempt; it doubles from attempt to attempt, up to
    /// [`Patience::longest_pause`], and each pause is a random part of it.
    pub initial_backoff: Duration,
    /// The longest pause.
    pub max_backoff: Duration,
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy {
            connect_timeout: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(60),
            max_attempts: 12,
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(20),
        }
    }
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
            resource_regions: Vec::new(),
            retry_policy: RetryPolicy::default(),
        }
    }
}
