//! S3: reads the policy of each bucket, in the region of the bucket, and whether its access control lists are disabled.

use std::collections::HashMap;

use aws_sdk_s3::Client;

use super::policy_recorder::{ResourcePolicyRecorder, each_page};
use crate::collect::api_calls;
use crate::collect::aws_session::AwsSession;
use crate::collect::call_failure::CallFailure;
use crate::collect::collect_error::CollectError;

pub(super) async fn read_s3_policies(
    session: &AwsSession,
    recorder: &mut ResourcePolicyRecorder<'_>,
) -> Result<(), CollectError> {
    let home_region = session.region();
    let mut clients: HashMap<String, Client> = HashMap::new();
    let list_client = build_client(session);
    // AWS returns the region of each bucket only if the request sets a page size.
    each_page!(
        recorder,
        &api_calls::LIST_BUCKETS,
        list_client.list_buckets().max_buckets(1000),
        continuation_token,
        |page| {
            for bucket in page.buckets.unwrap_or_default() {
                let Some(name) = bucket.name else {
                    recorder.record_incomplete_entry(&api_calls::LIST_BUCKETS)?;
                    continue;
                };
                let region = bucket.bucket_region.unwrap_or_else(|| home_region.clone());
                let client =
                    clients.entry(region.clone()).or_insert_with(|| build_client(&session.with_region(&region)));
                let answer =
                    client.get_bucket_policy().bucket(&name).expected_bucket_owner(&recorder.owner).send().await;
                let policy = answer
                    .map(|answer| answer.policy)
                    .map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_BUCKET_POLICY, &error));
                let object_ownership = match policy {
                    Ok(Some(_)) => read_object_ownership(client, &name, &recorder.owner).await,
                    Ok(None) | Err(_) => None,
                };
                let arn = format!("arn:{}:s3:::{name}", recorder.partition);
                recorder.record_bucket_policy(arn, policy, object_ownership)?;
            }
        }
    );
    Ok(())
}

/// The setting of a bucket for object ownership. None if it has none, or if it cannot be read: then it is unknown whether its
/// access control lists grant access.
async fn read_object_ownership(client: &Client, bucket: &str, owner: &str) -> Option<String> {
    let request = client.get_bucket_ownership_controls().bucket(bucket).expected_bucket_owner(owner);
    let rules = request.send().await.ok()?.ownership_controls?.rules;
    Some(rules.first()?.object_ownership.as_str().to_owned())
}

fn build_client(session: &AwsSession) -> Client {
    let config = aws_sdk_s3::config::Builder::from(&session.config)
        .retry_partition(session.retries.clone())
        // Custom endpoints rarely have a host name per bucket.
        .force_path_style(session.config.endpoint_url().is_some());
    Client::from_conf(config.build())
}
