//! Reads resource policies, service by service.
//!
//! A resource whose policy cannot be read is recorded by its ARN. A service whose resources cannot be listed is recorded
//! by its name and region. Other resources and services are still read.
//!
//! - `dynamodb.rs`, `ecr.rs`, `kms.rs`, `lambda.rs`, `s3.rs`, `secrets_manager.rs`, `sns.rs`, `sqs.rs`: one service each.

mod dynamodb;
mod ecr;
mod kms;
mod lambda;
mod s3;
mod secrets_manager;
mod sns;
mod sqs;

use super::account_recorder::AccountRecorder;
use super::aws_session::AwsSession;
use super::call_failure::CallFailure;
use super::collect_error::CollectError;
use super::target_account::TargetAccount;
use crate::snapshot::format::{AccountPage, CollectionPart, EmbeddedDocument, ResourcePolicyEntry};

/// The error codes with which S3, Lambda, ECR and DynamoDB report that a resource has no policy.
const NO_POLICY: [&str; 4] =
    ["NoSuchBucketPolicy", "ResourceNotFoundException", "RepositoryPolicyNotFoundException", "PolicyNotFoundException"];

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

/// Records the resource policies of one service in one region.
struct ResourcePolicyRecorder<'a> {
    owner: String,
    partition: &'static str,
    region: String,
    /// The scope that is unread if the resources cannot be listed: `s3`, `sqs in eu-west-1`.
    listing_scope: String,
    account_recorder: &'a mut AccountRecorder,
}

impl<'a> ResourcePolicyRecorder<'a> {
    fn new(
        target: &TargetAccount,
        service: &str,
        region: &str,
        account_recorder: &'a mut AccountRecorder,
    ) -> ResourcePolicyRecorder<'a> {
        // One call lists the buckets of all regions.
        let listing_scope = if service == "s3" { service.to_owned() } else { format!("{service} in {region}") };
        let (owner, partition) = (target.id.to_string(), target.partition.as_str());
        ResourcePolicyRecorder { owner, partition, region: region.to_owned(), listing_scope, account_recorder }
    }

    /// Records the policy of a resource, which can have none.
    fn record_policy(&mut self, arn: String, result: Result<Option<String>, CallFailure>) -> Result<(), CollectError> {
        match result {
            Ok(None) => Ok(()),
            Ok(Some(text)) => {
                let policy = EmbeddedDocument::decode(&text);
                let entry = ResourcePolicyEntry { resource_arn: arn, owner_account: Some(self.owner.clone()), policy };
                self.account_recorder
                    .write_page(&AccountPage { resource_policies: vec![entry], ..AccountPage::default() })
            }
            Err(failure) if failure.code.as_deref().is_some_and(|code| NO_POLICY.contains(&code)) => Ok(()),
            Err(failure) => self.account_recorder.record_failure(CollectionPart::ResourcePolicies, Some(arn), failure),
        }
    }

    /// Records that the resources of the service could not be listed completely.
    fn record_unlisted(&mut self, failure: CallFailure) -> Result<(), CollectError> {
        self.account_recorder.record_failure(
            CollectionPart::ResourcePolicies,
            Some(self.listing_scope.clone()),
            failure,
        )
    }
}

/// Creates a client of a service's crate with the configuration and retries of a session.
macro_rules! client {
    ($service:ident, $session:expr) => {{
        let config = $service::config::Builder::from(&$session.config).retry_partition($session.retries.clone());
        $service::Client::from_conf(config.build())
    }};
}
use client;

/// Runs the body for each page of a list. A page that cannot be read is recorded and ends the list.
macro_rules! each_page {
    ($recorder:expr, $call:expr, $request:expr, |$page:ident| $body:block) => {
        let mut pages = $request.into_paginator().send();
        while let Some(page) = pages.next().await {
            match page {
                Ok($page) => $body,
                Err(error) => return $recorder.record_unlisted(CallFailure::from_sdk_error($call, &error)),
            }
        }
    };
}
use each_page;
