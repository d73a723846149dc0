//! Reads resource policies, service by service.
//!
//! A resource whose policy cannot be read is recorded by its ARN. A service whose resources cannot be listed is recorded
//! by its name and region. Other resources and services are still read.
//!
//! - `policy_recorder.rs`: records what was read, and what could not be read.
//! - `dynamodb.rs`, `ecr.rs`, `kms.rs`, `lambda.rs`, `s3.rs`, `secrets_manager.rs`, `sns.rs`, `sqs.rs`: one service each.

mod dynamodb;
mod ecr;
mod kms;
mod lambda;
mod policy_recorder;
mod s3;
mod secrets_manager;
mod sns;
mod sqs;

use policy_recorder::ResourcePolicyRecorder;

use super::account_recorder::AccountRecorder;
use super::aws_session::AwsSession;
use super::collect_error::CollectError;
use super::target_account::TargetAccount;

/// Reads the policies of an account's resources in `regions`. Buckets are read in all regions.
pub(super) async fn collect_resource_policies(
    target: &TargetAccount,
    session: &AwsSession,
    regions: &[String],
    account: &mut AccountRecorder,
) -> Result<(), CollectError> {
    let home_region = session.region();
    s3::read_s3_policies(session, &mut ResourcePolicyRecorder::new(target, "s3", &home_region, account)).await?;
    for region in regions {
        let session = session.with_region(region);
        dynamodb::read_dynamodb_policies(
            &session,
            &mut ResourcePolicyRecorder::new(target, "dynamodb", region, account),
        )
        .await?;
        ecr::read_ecr_policies(&session, &mut ResourcePolicyRecorder::new(target, "ecr", region, account)).await?;
        kms::read_kms_policies(&session, &mut ResourcePolicyRecorder::new(target, "kms", region, account)).await?;
        lambda::read_lambda_policies(&session, &mut ResourcePolicyRecorder::new(target, "lambda", region, account))
            .await?;
        secrets_manager::read_secrets_manager_policies(
            &session,
            &mut ResourcePolicyRecorder::new(target, "secretsmanager", region, account),
        )
        .await?;
        sns::read_sns_policies(&session, &mut ResourcePolicyRecorder::new(target, "sns", region, account)).await?;
        sqs::read_sqs_policies(&session, &mut ResourcePolicyRecorder::new(target, "sqs", region, account)).await?;
    }
    Ok(())
}
