//! Records the resource policies that were read, and what could not be read.

use crate::collect::account_recorder::AccountRecorder;
use crate::collect::api_calls::ApiCall;
use crate::collect::call_failure::CallFailure;
use crate::collect::collect_error::CollectError;
use crate::collect::target_account::TargetAccount;
use crate::snapshot::format::{AccountPage, CollectionPart, EmbeddedDocument, ResourcePolicyEntry};

/// The error codes with which S3, Lambda, ECR and DynamoDB report that a resource has no policy.
const NO_POLICY: [&str; 4] =
    ["NoSuchBucketPolicy", "ResourceNotFoundException", "RepositoryPolicyNotFoundException", "PolicyNotFoundException"];

/// Records the resource policies of one service in one region.
pub(super) struct ResourcePolicyRecorder<'a> {
    pub(super) owner: String,
    pub(super) partition: &'static str,
    pub(super) region: String,
    /// The scope that is unread if the resources cannot be listed: `s3`, `sqs in eu-west-1`.
    listing_scope: String,
    account_recorder: &'a mut AccountRecorder,
}

impl<'a> ResourcePolicyRecorder<'a> {
    pub(super) fn new(
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
    pub(super) fn record_policy(
        &mut self,
        arn: String,
        result: Result<Option<String>, CallFailure>,
    ) -> Result<(), CollectError> {
        self.record_bucket_policy(arn, result, None)
    }

    /// Records the policy of a bucket, with its setting for object ownership. None if the setting is unknown.
    pub(super) fn record_bucket_policy(
        &mut self,
        arn: String,
        result: Result<Option<String>, CallFailure>,
        object_ownership: Option<String>,
    ) -> Result<(), CollectError> {
        match result {
            Ok(None) => Ok(()),
            Ok(Some(text)) => {
                let policy = EmbeddedDocument::decode(&text);
                let owner_account = Some(self.owner.clone());
                let entry = ResourcePolicyEntry { resource_arn: arn, owner_account, object_ownership, policy };
                self.account_recorder
                    .write_page(&AccountPage { resource_policies: vec![entry], ..AccountPage::default() })
            }
            Err(failure) if failure.code.as_deref().is_some_and(|code| NO_POLICY.contains(&code)) => Ok(()),
            Err(failure) => self.account_recorder.record_failure(CollectionPart::ResourcePolicies, Some(arn), failure),
        }
    }

    /// Records that the list of resources has an entry without its name or ARN, whose policy is unknown.
    pub(super) fn record_incomplete_entry(&mut self, call: &'static ApiCall) -> Result<(), CollectError> {
        self.record_unlisted(CallFailure::from_unexpected_answer(
            call,
            "the answer has an entry without its name or ARN",
        ))
    }

    /// Records that the resources of the service could not be listed completely.
    pub(super) fn record_unlisted(&mut self, failure: CallFailure) -> Result<(), CollectError> {
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
pub(super) use client;

/// Runs the body for each page of a list. A page that cannot be read, or a marker that repeats, is recorded and ends the
/// list.
macro_rules! each_page {
    ($recorder:expr, $call:expr, $request:expr, $marker:ident, |$page:ident| $body:block) => {
        let mut markers = $crate::collect::page_markers::PageMarkers::default();
        let mut pages = $request.into_paginator().send();
        while let Some(page) = pages.next().await {
            match page {
                Ok($page) => {
                    let advanced = markers.advance($call, $page.$marker());
                    $body;
                    if let Err(failure) = advanced {
                        return $recorder.record_unlisted(failure);
                    }
                }
                Err(error) => return $recorder.record_unlisted(CallFailure::from_sdk_error($call, &error)),
            }
        }
    };
}
pub(super) use each_page;
