//! Fetches each AWS managed policy once for all accounts: it is the same in the whole partition.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_iam::Client;
use tokio::sync::OnceCell;

use super::api_calls;
use super::call_failure::CallFailure;
use super::convert_details;
use crate::snapshot::format::ManagedPolicyDetail;

/// The policies that were fetched so far. If an account cannot read a policy, the next account tries again.
#[derive(Default)]
pub(super) struct AwsPolicyCache {
    policies: Mutex<HashMap<String, Arc<OnceCell<ManagedPolicyDetail>>>>,
}

impl AwsPolicyCache {
    /// The default version of the policy with this ARN.
    pub(super) async fn get_or_fetch(&self, client: &Client, arn: &str) -> Result<ManagedPolicyDetail, CallFailure> {
        let cell = {
            let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(policies.entry(arn.to_owned()).or_default())
        };
        cell.get_or_try_init(|| fetch_policy(client, arn)).await.cloned()
    }
}

async fn fetch_policy(client: &Client, arn: &str) -> Result<ManagedPolicyDetail, CallFailure> {
    let answer = client.get_policy().policy_arn(arn).send().await;
    let policy = answer.map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_POLICY, &error))?.policy;
    let version = policy.as_ref().and_then(|policy| policy.default_version_id.clone());
    let (Some(policy), Some(version)) = (policy, version) else {
        return Err(CallFailure::from_unexpected_answer(
            &api_calls::GET_POLICY,
            format!("the answer has no default version of {arn}"),
        ));
    };
    let answer = client.get_policy_version().policy_arn(arn).version_id(version).send().await;
    match answer.map_err(|error| CallFailure::from_sdk_error(&api_calls::GET_POLICY_VERSION, &error))?.policy_version {
        Some(version) => Ok(convert_details::convert_fetched_policy(policy, version)),
        None => Err(CallFailure::from_unexpected_answer(
            &api_calls::GET_POLICY_VERSION,
            format!("the answer has no version of {arn}"),
        )),
    }
}
