//! Timeouts and retries of AWS calls. [`super::rate_limit`] limits the request rate.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_iam::config::retry::{RetryPartition, TokenBucket};

/// Timeouts and retries of AWS calls.
#[derive(Copy, Clone, Debug)]
pub struct RetryPolicy {
    /// The timeout of a connection.
    pub connect_timeout: Duration,
    /// The timeout of one attempt.
    pub attempt_timeout: Duration,
    /// The maximum number of attempts per call.
    pub max_attempts: u32,
    /// The upper bound of the pause after the first attempt. It doubles with each attempt, up to
    /// [`RetryPolicy::max_backoff`]; each pause is a random fraction of its bound.
    pub initial_backoff: Duration,
    /// The upper bound of all pauses.
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

impl RetryPolicy {
    /// The timeouts of calls. An attempt starts when it enters the queue of the rate limiter, so `queue_time` is added.
    pub(super) fn to_timeout_config(self, queue_time: Duration) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.attempt_timeout)
            .operation_attempt_timeout(self.attempt_timeout + queue_time)
            .build()
    }

    /// The retries of calls. A number of attempts that the user configured for the SDK takes precedence.
    pub(super) fn to_retry_config(self, config: &SdkConfig) -> RetryConfig {
        RetryConfig::adaptive()
            .with_max_attempts(find_configured_max_attempts(config).unwrap_or(self.max_attempts))
            .with_initial_backoff(self.initial_backoff)
            .with_max_backoff(self.max_backoff)
    }
}

/// The number of attempts that `AWS_MAX_ATTEMPTS` or the profile's `max_attempts` sets. `None` if neither is set. The
/// SDK does not distinguish its default from the same number in a profile, so the variable is read here.
fn find_configured_max_attempts(config: &SdkConfig) -> Option<u32> {
    let max_attempts = config.retry_config().map(RetryConfig::max_attempts);
    let is_set = std::env::var_os("AWS_MAX_ATTEMPTS").is_some_and(|value| !value.is_empty());
    max_attempts.filter(|configured| is_set || *configured != RetryConfig::standard().max_attempts())
}

/// The retries of one account. AWS throttles each account separately. The number of attempts and the adaptive rate limit
/// retries; a retry quota would run out if a large account is throttled for a long time.
pub(super) fn build_retry_partition(name: &str) -> RetryPartition {
    RetryPartition::custom(name.to_owned()).token_bucket(TokenBucket::unlimited()).build()
}
