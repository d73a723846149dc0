//! S3: the policy of each bucket, asked in the bucket's own region.

use std::collections::HashMap;

use aws_sdk_s3::Client;

use super::{ResourcePolicyRecorder, each_page};
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
    // Asked for a number of buckets, AWS tells each one's region.
    each_page!(found, &api_calls::LIST_BUCKETS, list_client.list_buckets().max_buckets(1000), |page| {
        for bucket in page.buckets.unwrap_or_default() {
            let Some(name) = bucket.name else { continue };
            let region = bucket.bucket_region.unwrap_or_else(|| home_region.clone());
            let client = clients.entry(region.clone()).or_insert_with(|| build_client(&session.with_region(&region)));
            let answer = client.get_bucket_policy().bucket(&name).expected_bucket_owner(&found.owner).send().await;
            let policy = answer
                .map(|answer| answer.policy)
                .map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_BUCKET_POLICY, &error));
            found.record_policy(format!("arn:{}:s3:::{name}", found.partition), policy)?;
        }
    });
    Ok(())
}

fn build_client(session: &AwsSession) -> Client {
    let config = aws_sdk_s3::config::Builder::from(&session.config)
        .retry_partition(session.retries.clone())
        // Another endpoint than AWS's seldom has a host name for each bucket.
        .force_path_style(session.config.endpoint_url().is_some());
    Client::from_conf(config.build())
}
