//! The policies of resources, service by service. A resource whose policy cannot be read is noted by its ARN, a service
//! that cannot be listed by its name and region; the others are read all the same.

mod dynamodb;
mod ecr;
mod kms;
mod lambda;
mod s3;
mod secrets_manager;
mod sns;
mod sqs;

use super::aws_session::AwsSession;
use super::call_failure::CallFailure;
use super::collect_account::AccountRecorder;
use super::collect_error::CollectError;
use super::target_account::TargetAccount;
use crate::snapshot::format::{AccountPage, CollectionPart, EmbeddedDocument, ResourcePolicyEntry};

/// How S3, Lambda, ECR and DynamoDB say that a resource has no policy.
const NO_POLICY: [&str; 4] =
    ["NoSuchBucketPolicy", "ResourceNotFoundException", "RepositoryPolicyNotFoundException", "PolicyNotFoundException"];

/// Reads the policies of an account's resources in those regions; buckets in all regions.
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

/// Where what a service tells goes.
struct ResourcePolicyRecorder<'a> {
    owner: String,
    partition: &'static str,
    region: String,
    /// What is unread where the service cannot be listed.
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
        // Buckets are listed for all regions at once.
        let listing_scope = if service == "s3" { service.to_owned() } else { format!("{service} in {region}") };
        let (owner, partition) = (target.id.to_string(), target.partition.as_str());
        ResourcePolicyRecorder {
            owner,
            partition,
            region: region.to_owned(),
            listing_scope: listing_scope,
            account_recorder,
        }
    }

    /// A resource was asked for its policy; that it has none is an answer.
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

    /// A service could not be listed to its end.
    fn record_unlisted(&mut self, failure: CallFailure) -> Result<(), CollectError> {
        self.account_recorder.record_failure(
            CollectionPart::ResourcePolicies,
            Some(self.listing_scope.clone()),
            failure,
        )
    }
}

/// A client of a service's crate, with the session's configuration and retries.
macro_rules! client {
    ($service:ident, $session:expr) => {{
        let config = $service::config::Builder::from(&$session.config).retry_partition($session.retries.clone());
        $service::Client::from_conf(config.build())
    }};
}
use client;

/// Goes through the pages of a list; a page that cannot be read ends it, and is noted.
macro_rules! each_page {
    ($found:expr, $call:expr, $request:expr, |$page:ident| $body:block) => {
        let mut pages = $request.into_paginator().send();
        while let Some(page) = pages.next().await {
            match page {
                Ok($page) => $body,
                Err(error) => return $found.unlisted(Failure::of($call, &error)),
            }
        }
    };
}
use each_page;
