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
use super::failure::{Failure, FailureKind};
use super::session::Session;
use super::target::Target;
use crate::snapshot::format::{AccountPage, Document, Part, ResourcePolicyEntry};

/// Reads the policies of an account's resources in those regions; buckets in all regions.
pub(super) async fn collect(
    target: &Target,
    session: &Session,
    regions: &[String],
    account: &mut Account,
) -> Result<(), CollectError> {
    let mut of = |service: &'static str, region: &str| Found {
        owner: target.id.to_string(),
        partition: target.partition.as_str(),
        region: region.to_owned(),
        of: if service == "s3" { "s3".to_owned() } else { format!("{service} in {region}") },
        account: &mut *account,
    };
    s3::read(session, &mut of("s3", &session.region())).await?;
    for region in regions {
        let session = session.in_region(region);
        dynamodb::read(&session, &mut of("dynamodb", region)).await?;
        ecr::read(&session, &mut of("ecr", region)).await?;
        kms::read(&session, &mut of("kms", region)).await?;
        lambda::read(&session, &mut of("lambda", region)).await?;
        secrets_manager::read(&session, &mut of("secretsmanager", region)).await?;
        sns::read(&session, &mut of("sns", region)).await?;
        sqs::read(&session, &mut of("sqs", region)).await?;
    }
    Ok(())
}

/// Where what a service tells goes.
struct Found<'a> {
    owner: String,
    partition: &'static str,
    region: String,
    of: String,
    account: &'a mut Account,
}

impl Found<'_> {
    /// A resource was asked for its policy; that it has none is an answer.
    fn policy(&mut self, arn: String, read: Result<Option<String>, Failure>) -> Result<(), CollectError> {
        match read {
            Ok(None) => Ok(()),
            Ok(Some(text)) => {
                let policy = Document::decode(&text);
                let entry = ResourcePolicyEntry { resource_arn: arn, owner_account: Some(self.owner.clone()), policy };
                self.account.page(&AccountPage { resource_policies: vec![entry], ..AccountPage::default() })
            }
            // Without a policy, or gone since it was listed.
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(()),
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
