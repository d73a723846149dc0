//! S3: the policy of each bucket, asked in the bucket's own region.

use std::collections::HashMap;

use aws_sdk_s3::Client;

use super::super::calls;
use super::super::error::CollectError;
use super::super::failure::Failure;
use super::super::session::Session;
use super::{Found, each_page};

pub(super) async fn read(session: &Session, found: &mut Found<'_>) -> Result<(), CollectError> {
    let home = session.region();
    let mut clients: HashMap<String, Client> = HashMap::new();
    let listing = client(session);
    // Asked for a number of buckets, AWS tells each one's region.
    each_page!(found, &calls::LIST_BUCKETS, listing.list_buckets().max_buckets(1000), |page| {
        for bucket in page.buckets.unwrap_or_default() {
            let Some(name) = bucket.name else { continue };
            let region = bucket.bucket_region.unwrap_or_else(|| home.clone());
            let client = clients.entry(region.clone()).or_insert_with(|| client(&session.in_region(&region)));
            let answer = client.get_bucket_policy().bucket(&name).expected_bucket_owner(&found.owner).send().await;
            let policy =
                answer.map(|answer| answer.policy).map_err(|error| Failure::of(&calls::GET_BUCKET_POLICY, &error));
            found.policy(format!("arn:{}:s3:::{name}", found.partition), policy)?;
        }
    });
    Ok(())
}

fn client(session: &Session) -> Client {
    let config = aws_sdk_s3::config::Builder::from(&session.config)
        .retry_partition(session.retries.clone())
        // Another endpoint than AWS's seldom has a host name for each bucket.
        .force_path_style(session.config.endpoint_url().is_some());
    Client::from_conf(config.build())
}
