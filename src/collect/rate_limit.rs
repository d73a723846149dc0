//! The HTTP client of the SDK: limits the requests per second of a whole collection, retries included, and rejects
//! answers that are not complete.
//!
//! The limiter wraps the HTTP client, below the adaptive retries of the SDK. The retries slow down one throttled account;
//! the limiter bounds all accounts together. Timeouts and retries are in `retry_policy.rs`.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, ConnectorBuilder, tls};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::time::Instant;

use super::complete_answer::{RequestSignature, read_complete_answer};

/// Assigns start times to requests.
#[derive(Debug)]
pub(super) struct RateLimiter {
    interval: Duration,
    next_start: Mutex<Option<Instant>>,
}

impl RateLimiter {
    /// At most `per_second` requests per second. Zero or less means no limit.
    pub(super) fn new(per_second: f64) -> RateLimiter {
        let interval = if per_second > 0.0 { Duration::from_secs_f64(1.0 / per_second) } else { Duration::ZERO };
        RateLimiter { interval, next_start: Mutex::new(None) }
    }

    /// Waits for the next free start time.
    async fn wait_for_turn(&self) {
        if !self.interval.is_zero() {
            tokio::time::sleep_until(self.reserve_turn(Instant::now())).await;
        }
    }

    /// The start time of a request that arrives `now`. Unused start times do not accumulate.
    fn reserve_turn(&self, now: Instant) -> Instant {
        let mut next_start = self.next_start.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next_start.map_or(now, |next| next.max(now));
        *next_start = Some(turn + self.interval);
        turn
    }
}

/// The HTTP client of the SDK with a rate limit: rustls, the system's certificates, and the proxy of the environment.
pub(super) fn build_http_client(rate_limiter: RateLimiter) -> SharedHttpClient {
    let inner = Builder::new().build_with_connector_fn(|settings, components| {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let mut connector = ConnectorBuilder::default().tls_provider(provider);
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    });
    SharedHttpClient::new(RateLimitedClient { inner, rate_limiter: Arc::new(rate_limiter) })
}

#[derive(Debug)]
struct RateLimitedClient {
    inner: SharedHttpClient,
    rate_limiter: Arc<RateLimiter>,
}

impl HttpClient for RateLimitedClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(RateLimitedConnector { inner, rate_limiter: Arc::clone(&self.rate_limiter) })
    }
}

struct RateLimitedConnector {
    inner: SharedHttpConnector,
    rate_limiter: Arc<RateLimiter>,
}

impl fmt::Debug for RateLimitedConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitedConnector").field("rate_limiter", &self.rate_limiter).finish_non_exhaustive()
    }
}

impl HttpConnector for RateLimitedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, rate_limiter) = (self.inner.clone(), Arc::clone(&self.rate_limiter));
        let signature = match request.headers().get("authorization") {
            Some(_) => RequestSignature::Signed,
            None => RequestSignature::Unsigned,
        };
        HttpConnectorFuture::new(async move {
            rate_limiter.wait_for_turn().await;
            read_complete_answer(inner.call(request).await?, signature).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The start times of requests that arrive at these times, in milliseconds.
    fn turns_in_millis(per_second: f64, request_times: &[u64]) -> Vec<u128> {
        let (rate_limiter, start) = (RateLimiter::new(per_second), Instant::now());
        let turn =
            |at: &u64| rate_limiter.reserve_turn(start + Duration::from_millis(*at)).duration_since(start).as_millis();
        request_times.iter().map(turn).collect()
    }

    #[test]
    fn requests_are_spread_over_time() {
        assert_eq!(turns_in_millis(4.0, &[0, 0, 0, 0, 0]), [0, 250, 500, 750, 1000]);
    }

    #[test]
    fn unused_start_times_do_not_accumulate() {
        assert_eq!(turns_in_millis(1.0, &[0, 60_000, 60_000, 60_500]), [0, 60_000, 61_000, 62_000]);
    }

    #[test]
    fn zero_means_no_limit() {
        assert_eq!(turns_in_millis(0.0, &[0, 0, 7]), [0, 0, 7]);
    }
}
