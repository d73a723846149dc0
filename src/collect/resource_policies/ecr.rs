//! ECR: reads the policy of each repository.

use super::policy_recorder::{ResourcePolicyRecorder, client, each_page};
use crate::collect::api_calls;
use crate::collect::aws_session::AwsSession;
use crate::collect::call_failure::CallFailure;
use crate::collect::collect_error::CollectError;

pub(super) async fn read_ecr_policies(
    session: &AwsSession,
    recorder: &mut ResourcePolicyRecorder<'_>,
) -> Result<(), CollectError> {
    let client = client!(aws_sdk_ecr, session);
    each_page!(recorder, &api_calls::DESCRIBE_REPOSITORIES, client.describe_repositories(), next_token, |page| {
        for repository in page.repositories.unwrap_or_default() {
            let (Some(name), Some(arn)) = (repository.repository_name, repository.repository_arn) else {
                recorder.record_incomplete_entry(&api_calls::DESCRIBE_REPOSITORIES)?;
                continue;
            };
            let answer = client.get_repository_policy().repository_name(name).send().await;
            let policy = answer
                .map(|answer| answer.policy_text)
                .map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_REPOSITORY_POLICY, &error));
            recorder.record_policy(arn, policy)?;
        }
    });
    Ok(())
}
