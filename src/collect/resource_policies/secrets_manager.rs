//! Secrets Manager: reads the policy of each secret. Secret values are never read.

use super::policy_recorder::{ResourcePolicyRecorder, client, each_page};
use crate::collect::api_calls;
use crate::collect::aws_session::AwsSession;
use crate::collect::call_failure::CallFailure;
use crate::collect::collect_error::CollectError;

pub(super) async fn read_secrets_manager_policies(
    session: &AwsSession,
    recorder: &mut ResourcePolicyRecorder<'_>,
) -> Result<(), CollectError> {
    let client = client!(aws_sdk_secretsmanager, session);
    each_page!(recorder, &api_calls::LIST_SECRETS, client.list_secrets(), next_token, |page| {
        for arn in page.secret_list.unwrap_or_default().into_iter().filter_map(|secret| secret.arn) {
            let answer = client.get_resource_policy().secret_id(&arn).send().await;
            let policy = answer
                .map(|answer| answer.resource_policy)
                .map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_SECRET_POLICY, &error));
            recorder.record_policy(arn, policy)?;
        }
    });
    Ok(())
}
