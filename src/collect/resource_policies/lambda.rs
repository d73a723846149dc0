//! Lambda: the policy of each function; versions and aliases have others, which are not read.

use super::super::calls;
use super::super::error::CollectError;
use super::super::failure::CallFailure;
use super::super::session::AwsSession;
use super::{ResourcePolicyRecorder, client, each_page};

pub(super) async fn read_lambda_policies(
    session: &AwsSession,
    recorder: &mut ResourcePolicyRecorder<'_>,
) -> Result<(), CollectError> {
    let client = client!(aws_sdk_lambda, session);
    each_page!(found, &calls::LIST_FUNCTIONS, client.list_functions(), |page| {
        for function in page.functions.unwrap_or_default() {
            let Some(arn) = function.function_arn else { continue };
            let answer = client.get_policy().function_name(&arn).send().await;
            let policy = answer
                .map(|answer| answer.policy)
                .map_err(|error| CallFailure::from_sdk_error(&calls::GET_FUNCTION_POLICY, &error));
            found.record_policy(arn, policy)?;
        }
    });
    Ok(())
}
