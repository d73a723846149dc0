//! Lambda: reads the policy of each function. The policies of versions and aliases are not read.

use super::policy_recorder::{ResourcePolicyRecorder, client, each_page};
use crate::collect::api_calls;
use crate::collect::aws_session::AwsSession;
use crate::collect::call_failure::CallFailure;
use crate::collect::collect_error::CollectError;

pub(super) async fn read_lambda_policies(
    session: &AwsSession,
    recorder: &mut ResourcePolicyRecorder<'_>,
) -> Result<(), CollectError> {
    let client = client!(aws_sdk_lambda, session);
    each_page!(recorder, &api_calls::LIST_FUNCTIONS, client.list_functions(), next_marker, |page| {
        for function in page.functions.unwrap_or_default() {
            let Some(arn) = function.function_arn else {
                recorder.record_incomplete_entry(&api_calls::LIST_FUNCTIONS)?;
                continue;
            };
            let answer = client.get_policy().function_name(&arn).send().await;
            let policy = answer
                .map(|answer| answer.policy)
                .map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_FUNCTION_POLICY, &error));
            recorder.record_policy(arn, policy)?;
        }
    });
    Ok(())
}
