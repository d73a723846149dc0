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

use super::account::Account;
use super::error::CollectError;
use super::failure::Failure;
use super::session::Session;
use super::target::Target;
use crate::snapshot::format::{AccountPage, Document, Part, ResourcePolicyEntry};

/// How S3, Lambda, ECR and DynamoDB say that a resource has no policy.
const NO_POLICY: [&str; 4] =
    ["NoSuchBucketPolicy", "ResourceNotFoundException", "RepositoryPolicyNotFoundException", "PolicyNotFoundException"];

/// Reads the policies of an account's resources in those regions; buckets in all regions.
pub(super) async fn collect(
    target: &Target,
    session: &Session,
    regions: &[String],
    account: &mut Account,
) -> Result<(), CollectError> {
    let home = session.region();
    s3::read(session, &mut Found::of(target, "s3", &home, account)).await?;
    for region in regions {
        let session = session.in_region(region);
        dynamodb::read(&session, &mut Found::of(target, "dynamodb", region, account)).await?;
        ecr::read(&session, &mut Found::of(target, "ecr", region, account)).await?;
        kms::read(&session, &mut Found::of(target, "kms", region, account)).await?;
        lambda::read(&session, &mut Found::of(target, "lambda", region, account)).await?;
        secrets_manager::read(&session, &mut Found::of(target, "secretsmanager", region, account)).await?;
        sns::read(&session, &mut Found::of(target, "sns", region, account)).await?;
        sqs::read(&session, &mut Found::of(target, "sqs", region, account)).await?;
    }
    Ok(())
}

/// Where what a service tells goes.
struct Found<'a> {
    owner: String,
    partition: &'static str,
    region: String,
    /// What is unread where the service cannot be listed.
    of: String,
    account: &'a mut Account,
}

impl<'a> Found<'a> {
    fn of(target: &Target, service: &str, region: &str, account: &'a mut Account) -> Found<'a> {
        // Buckets are listed for all regions at once.
        let of = if service == "s3" { service.to_owned() } else { format!("{service} in {region}") };
        let (owner, partition) = (target.id.to_string(), target.partition.as_str());
        Found { owner, partition, region: region.to_owned(), of, account }
    }

    /// A resource was asked for its policy; that it has none is an answer.
    fn policy(&mut self, arn: String, read: Result<Option<String>, Failure>) -> Result<(), CollectError> {
        match read {
            Ok(None) => Ok(()),
            Ok(Some(text)) => {
                let policy = Document::decode(&text);
                let entry = ResourcePolicyEntry { resource_arn: arn, owner_account: Some(self.owner.clone()), policy };
                self.account.page(&AccountPage { resource_policies: vec![entry], ..AccountPage::default() })
            }
            Err(failure) if failure.code.as_deref().is_some_and(|code| NO_POLICY.contains(&code)) => Ok(()),
            Err(failure) => self.account.failed(Part::ResourcePolicies, Some(arn), failure),
        }
    }

    /// A service could not be listed to its end.
    fn unlisted(&mut self, failure: Failure) -> Result<(), CollectError> {
        self.account.failed(Part::ResourcePolicies, Some(self.of.clone()), failure)
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
