//! ECR: the policy of each repository.

use super::super::calls;
use super::super::error::CollectError;
use super::super::failure::Failure;
use super::super::session::Session;
use super::{Found, client, each_page};

pub(super) async fn read(session: &Session, found: &mut Found<'_>) -> Result<(), CollectError> {
    let client = client!(aws_sdk_ecr, session);
    each_page!(found, &calls::DESCRIBE_REPOSITORIES, client.describe_repositories(), |page| {
        for repository in page.repositories.unwrap_or_default() {
            let (Some(name), Some(arn)) = (repository.repository_name, repository.repository_arn) else { continue };
            let answer = client.get_repository_policy().repository_name(name).send().await;
            let policy = answer
                .map(|answer| answer.policy_text)
                .map_err(|error| Failure::of(&calls::GET_REPOSITORY_POLICY, &error));
            found.policy(arn, policy)?;
        }
    });
    Ok(())
}
