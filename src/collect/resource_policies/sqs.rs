//! SQS: reads the policy of each queue.

use aws_sdk_sqs::types::QueueAttributeName;

use super::policy_recorder::{ResourcePolicyRecorder, client, each_page};
use crate::collect::api_calls;
use crate::collect::aws_session::AwsSession;
use crate::collect::call_failure::CallFailure;
use crate::collect::collect_error::CollectError;

pub(super) async fn read_sqs_policies(
    session: &AwsSession,
    recorder: &mut ResourcePolicyRecorder<'_>,
) -> Result<(), CollectError> {
    let client = client!(aws_sdk_sqs, session);
    // Without a page size, AWS returns the first 1,000 queues and no token for the rest.
    each_page!(recorder, &api_calls::LIST_QUEUES, client.list_queues().max_results(1000), next_token, |page| {
        for url in page.queue_urls.unwrap_or_default() {
            let request = client
                .get_queue_attributes()
                .queue_url(&url)
                .attribute_names(QueueAttributeName::QueueArn)
                .attribute_names(QueueAttributeName::Policy);
            match request
                .send()
                .await
                .map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_QUEUE_ATTRIBUTES, &error))
            {
                Ok(answer) => {
                    let mut attributes = answer.attributes.unwrap_or_default();
                    // AWS returns the ARN. If it did not, the URL would be an error when the snapshot is read.
                    let arn = attributes.remove(&QueueAttributeName::QueueArn).unwrap_or(url);
                    recorder.record_policy(arn, Ok(attributes.remove(&QueueAttributeName::Policy)))?;
                }
                // What rests on it is recorder by its ARN, which the URL ends like.
                Err(failure) => {
                    let name = url.rsplit('/').next().unwrap_or(&url);
                    recorder.record_policy(
                        format!("arn:{}:sqs:{}:{}:{name}", recorder.partition, recorder.region, recorder.owner),
                        Err(failure),
                    )?;
                }
            }
        }
    });
    Ok(())
}
