//! DynamoDB: reads the policy of each table. The policies of streams are not read.

use super::policy_recorder::{ResourcePolicyRecorder, client, each_page};
use crate::collect::api_calls;
use crate::collect::aws_session::AwsSession;
use crate::collect::call_failure::CallFailure;
use crate::collect::collect_error::CollectError;

pub(super) async fn read_dynamodb_policies(
    session: &AwsSession,
    recorder: &mut ResourcePolicyRecorder<'_>,
) -> Result<(), CollectError> {
    let client = client!(aws_sdk_dynamodb, session);
    each_page!(recorder, &api_calls::LIST_TABLES, client.list_tables(), last_evaluated_table_name, |page| {
        for name in page.table_names.unwrap_or_default() {
            let arn =
                format!("arn:{}:dynamodb:{}:{}:table/{name}", recorder.partition, recorder.region, recorder.owner);
            let answer = client.get_resource_policy().resource_arn(&arn).send().await;
            let policy = answer
                .map(|answer| answer.policy)
                .map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_TABLE_POLICY, &error));
            recorder.record_policy(arn, policy)?;
        }
    });
    Ok(())
}
