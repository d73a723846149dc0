//! Credentials and their configuration: profiles, regions, SSO, endpoints and FIPS as every AWS tool has them.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_iam::config::{IdentityCache, SharedCredentialsProvider};

use super::api_calls;
use super::call_failure::CallFailure;
use super::collect_options::CollectOptions;
use super::profile_credentials;
use super::rate_limit::{RateLimiter, build_http_client};
use crate::iam::{AccountId, Arn, Partition};

/// The name that shows up in CloudTrail for whatever is done with an assumed role.
const SESSION_NAME: &str = "iamdrift-collect";
/// IAM and STS answer for a whole partition; without any region there would be no address to ask.
const FALLBACK_REGION: &str = "us-east-1";

/// An AWS configuration with the credentials of someone.
#[derive(Clone, Debug)]
pub(super) struct AwsSession {
    pub(super) config: SdkConfig,
    /// Accounts are throttled one by one, so each has retries of its own.
    pub(super) retries: RetryPartition,
}

/// Who is asking.
#[derive(Clone, Debug)]
pub(super) struct ResolvedCaller {
    pub(super) arn: String,
    pub(super) account: AccountId,
    pub(super) partition: Partition,
}

impl AwsSession {
    /// The caller's session: what the environment and the profile say, and `--role-arn` on top of it.
    pub(super) async fn from_options(options: &CollectOptions) -> AwsSession {
        let retry_policy = options.retry_policy;
        // An attempt begins when it gets in line for its turn.
        let queue_time = if options.requests_per_second > 0.0 {
            Duration::from_secs_f64(2.0 * options.concurrency as f64 / options.requests_per_second)
        } else {
            Duration::ZERO
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(retry_policy.connect_timeout)
            .read_timeout(retry_policy.attempt_timeout)
            .operation_attempt_timeout(retry_policy.attempt_timeout + queue_time)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(build_http_client(RateLimiter::new(options.requests_per_second)))
            .timeout_config(timeouts);
        if let Ok(name) = AppName::new("iamdrift") {
            loader = loader.app_name(name);
        }
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let mut config = loader.load().await;
        if config.region().is_none() {
            config = config.into_builder().region(Region::from_static(FALLBACK_REGION)).build();
        }
        if let Some(profile) = &options.profile {
            let credentials = profile_credentials::build_profile_credentials(profile, &config);
            config = config.into_builder().credentials_provider(credentials).build();
        }
        let retries = RetryConfig::adaptive()
            .with_max_attempts(configured_max_attempts(&config).unwrap_or(retry_policy.max_attempts))
            .with_initial_backoff(retry_policy.initial_backoff)
            .with_max_backoff(retry_policy.max_backoff);
        config = config.into_builder().retry_config(retries).build();
        let session = AwsSession { config, retries: build_retry_partition("caller") };
        match &options.role_arn {
            Some(role) => session.assume_role(role, options.external_id.as_deref()).await,
            None => session,
        }
    }

    /// The session of a role that this one may assume. It is assumed with the first request, and again before its
    /// credentials expire.
    pub(super) async fn assume_role(&self, role: &str, external_id: Option<&str>) -> AwsSession {
        let mut provider = AssumeRoleProvider::builder(role).configure(&self.config).session_name(SESSION_NAME);
        if let Some(id) = external_id {
            provider = provider.external_id(id);
        }
        let provider = SharedCredentialsProvider::new(provider.build().await);
        let config = self
            .config
            .to_builder()
            .credentials_provider(provider)
            .identity_cache(IdentityCache::lazy().build())
            .build();
        AwsSession { config, retries: build_retry_partition(role) }
    }

    /// Who the credentials are.
    pub(super) async fn get_caller(&self) -> Result<ResolvedCaller, CallFailure> {
        let call = &api_calls::GET_CALLER_IDENTITY;
        let config = aws_sdk_sts::config::Builder::from(&self.config).retry_partition(self.retries.clone()).build();
        let answer = aws_sdk_sts::Client::from_conf(config)
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| CallFailure::from_sdk_error(call, &error))?;
        let arn = answer.arn.unwrap_or_default();
        let partition = Arn::parse(&arn).and_then(|arn| Partition::parse(arn.partition()));
        match answer.account.as_deref().and_then(AccountId::parse).zip(partition) {
            Some((account, partition)) => Ok(ResolvedCaller { arn, account, partition }),
            None => Err(CallFailure::from_unexpected_answer(
                call,
                format!("the caller is told as `{arn}`, which is no ARN of AWS"),
            )),
        }
    }

    /// The region that is asked.
    pub(super) fn region(&self) -> String {
        self.config.region().map_or_else(|| FALLBACK_REGION.to_owned(), ToString::to_string)
    }

    /// The same for another region.
    #[cfg(feature = "aws-resources")]
    pub(super) fn with_region(&self, region: &str) -> AwsSession {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        AwsSession { config, retries: self.retries.clone() }
    }
}

/// How many attempts AWS_MAX_ATTEMPTS or the profile's `max_attempts` ask for. The SDK does not tell its own number from
/// the same one in a profile; the variable is asked itself.
fn configured_max_attempts(config: &SdkConfig) -> Option<u32> {
    let max_attempts = config.retry_config().map(RetryConfig::max_attempts);
    let is_set = std::env::var_os("AWS_MAX_ATTEMPTS").is_some_and(|value| !value.is_empty());
    max_attempts.filter(|asked| is_set || *asked != RetryConfig::standard().max_attempts())
}

/// Retries by themselves. The number of attempts bounds them, and the adaptive rate: not a quota, which would run out
/// when a large account is throttled for long.
fn build_retry_partition(name: &str) -> RetryPartition {
    RetryPartition::custom(name.to_owned()).token_bucket(TokenBucket::unlimited()).build()
}
