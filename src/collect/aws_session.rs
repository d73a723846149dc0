//! AWS sessions: credentials, profiles, regions, SSO, endpoints and FIPS, configured as for every AWS tool.

use std::time::Duration;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::retry::RetryPartition;
use aws_sdk_iam::config::{IdentityCache, SharedCredentialsProvider};

use super::api_calls;
use super::call_failure::CallFailure;
use super::collect_options::CollectOptions;
use super::profile_credentials;
use super::rate_limit::{RateLimiter, build_http_client};
use super::retry_policy::build_retry_partition;
use crate::iam::{AccountId, Arn, Partition};

/// The session name that CloudTrail records for calls with an assumed role.
const SESSION_NAME: &str = "iamdrift-collect";
/// The region if none is configured. IAM and STS need one for their endpoint only.
const FALLBACK_REGION: &str = "us-east-1";

/// An AWS configuration with credentials.
#[derive(Clone, Debug)]
pub(super) struct AwsSession {
    pub(super) config: SdkConfig,
    /// AWS throttles each account separately, so each has its own retries.
    pub(super) retries: RetryPartition,
}

/// The identity of the caller.
#[derive(Clone, Debug)]
pub(super) struct ResolvedCaller {
    pub(super) arn: String,
    pub(super) account: AccountId,
    pub(super) partition: Partition,
}

impl AwsSession {
    /// The session of the caller: environment and profile, then `--role-arn`.
    pub(super) async fn from_options(options: &CollectOptions) -> AwsSession {
        let queue_time = if options.requests_per_second > 0.0 {
            Duration::from_secs_f64(2.0 * options.concurrency as f64 / options.requests_per_second)
        } else {
            Duration::ZERO
        };
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(build_http_client(RateLimiter::new(options.requests_per_second)))
            .timeout_config(options.retry_policy.to_timeout_config(queue_time));
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
        let retries = options.retry_policy.to_retry_config(&config);
        config = config.into_builder().retry_config(retries).build();
        let session = AwsSession { config, retries: build_retry_partition("caller") };
        match &options.role_arn {
            Some(role) => session.assume_role(role, options.external_id.as_deref()).await,
            None => session,
        }
    }

    /// A session of a role. The role is assumed with the first request, and again before its credentials expire.
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

    /// The identity of the credentials.
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
                format!("the caller identity `{arn}` is not an ARN of an AWS account"),
            )),
        }
    }

    /// The region of the session.
    pub(super) fn region(&self) -> String {
        self.config.region().map_or_else(|| FALLBACK_REGION.to_owned(), ToString::to_string)
    }

    /// The same session in another region.
    #[cfg(any(feature = "aws-resources", feature = "aws-service-roles"))]
    pub(super) fn with_region(&self, region: &str) -> AwsSession {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        AwsSession { config, retries: self.retries.clone() }
    }
}
