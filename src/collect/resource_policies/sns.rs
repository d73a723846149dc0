//! SNS: reads the policy of each topic.

use super::policy_recorder::{ResourcePolicyRecorder, client, each_page};
use crate::collect::api_calls;
use crate::collect::aws_session::AwsSession;
use crate::collect::call_failure::CallFailure;
use crate::collect::collect_error::CollectError;

pub(super) async fn read_sns_policies(
    session: &AwsSession,
    recorder: &mut ResourcePolicyRecorder<'_>,
) -> Result<(), CollectError> {
    let client = client!(aws_sdk_sns, session);
    each_page!(recorder, &api_calls::LIST_TOPICS, client.list_topics(), next_token, |page| {
        for arn in page.topics.unwrap_or_default().into_iter().filter_map(|topic| topic.topic_arn) {
            let answer = client.get_topic_attributes().topic_arn(&arn).send().await;
            let policy = answer
                .map(|answer| answer.attributes.unwrap_or_default().remove("Policy"))
                .map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_TOPIC_ATTRIBUTES, &error));
            recorder.record_policy(arn, policy)?;
        }
    });
    Ok(())
}
