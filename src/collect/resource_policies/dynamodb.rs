//! DynamoDB: the policy of each table; streams and indexes have none that is read.

use super::super::calls;
use super::super::error::CollectError;
use super::super::failure::CallFailure;
use super::super::session::AwsSession;
use super::{ResourcePolicyRecorder, client, each_page};

pub(super) async fn read_dynamodb_policies(
    session: &AwsSession,
    recorder: &mut ResourcePolicyRecorder<'_>,
) -> Result<(), CollectError> {
    let client = client!(aws_sdk_dynamodb, session);
    each_page!(found, &calls::LIST_TABLES, client.list_tables(), |page| {
        for name in page.table_names.unwrap_or_default() {
            let arn = format!("arn:{}:dynamodb:{}:{}:table/{name}", found.partition, found.region, found.owner);
            let answer = client.get_resource_policy().resource_arn(&arn).send().await;
            let policy = answer
                .map(|answer| answer.policy)
                .map_err(|error| CallFailure::from_sdk_error(&calls::GET_TABLE_POLICY, &error));
            found.record_policy(arn, policy)?;
        }
    });
    Ok(())
}
