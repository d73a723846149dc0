//! KMS: reads the policy of each key, AWS managed keys included.

use super::policy_recorder::{ResourcePolicyRecorder, client, each_page};
use crate::collect::api_calls;
use crate::collect::aws_session::AwsSession;
use crate::collect::call_failure::CallFailure;
use crate::collect::collect_error::CollectError;

pub(super) async fn read_kms_policies(
    session: &AwsSession,
    recorder: &mut ResourcePolicyRecorder<'_>,
) -> Result<(), CollectError> {
    let client = client!(aws_sdk_kms, session);
    each_page!(recorder, &api_calls::LIST_KEYS, client.list_keys(), next_marker, |page| {
        for key in page.keys.unwrap_or_default() {
            let (Some(id), Some(arn)) = (key.key_id, key.key_arn) else {
                recorder.record_incomplete_entry(&api_calls::LIST_KEYS)?;
                continue;
            };
            let answer = client.get_key_policy().key_id(id).policy_name("default").send().await;
            let policy = answer
                .map(|answer| answer.policy)
                .map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_KEY_POLICY, &error));
            recorder.record_policy(arn, policy)?;
        }
    });
    Ok(())
}
