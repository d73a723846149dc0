//! Reads the resources of services that use roles, type by type, through the Cloud Control API.
//!
//! The API calls the service with the collector's credentials, so that each type has permissions of its own.
//! AWS: Discovering resources; Reading a resource's current state, Cloud Control API User Guide. The types, their properties
//! and permissions: CloudFormation resource type schemas, `handlers`.

use aws_sdk_cloudcontrol::types::ResourceDescription;
use serde_json::Value;

use super::account_recorder::AccountRecorder;
use super::api_calls::{self, ApiCall, CALLS, CollectionStage};
use super::aws_session::AwsSession;
use super::call_failure::{CallFailure, CallFailureKind};
use super::collect_error::CollectError;
use super::collect_options::ResourceOptions;
use super::page_markers::PageMarkers;
use crate::iam::{AccountId, Arn};
use crate::snapshot::format::{AccountPage, CollectionPart, CompleteTypesEntry, ServiceResourceEntry, UnreadPart};

/// The number of resources of one type and region that may fail before the others are given up.
const MAX_FAILURES: usize = 5;

/// A type of resource that uses roles, with the properties that name its ARN and its role.
struct RoleUserType {
    name: &'static str,
    arn: &'static str,
    role: &'static str,
}

const TYPES: [RoleUserType; 10] = [
    RoleUserType { name: "AWS::BedrockAgentCore::BrowserCustom", arn: "BrowserArn", role: "ExecutionRoleArn" },
    RoleUserType {
        name: "AWS::BedrockAgentCore::CodeInterpreterCustom",
        arn: "CodeInterpreterArn",
        role: "ExecutionRoleArn",
    },
    RoleUserType { name: "AWS::BedrockAgentCore::Gateway", arn: "GatewayArn", role: "RoleArn" },
    RoleUserType { name: "AWS::BedrockAgentCore::Harness", arn: "Arn", role: "ExecutionRoleArn" },
    RoleUserType { name: "AWS::BedrockAgentCore::Runtime", arn: "AgentRuntimeArn", role: "RoleArn" },
    RoleUserType { name: "AWS::CloudFormation::Stack", arn: "StackId", role: "RoleARN" },
    RoleUserType { name: "AWS::ECS::TaskDefinition", arn: "TaskDefinitionArn", role: "TaskRoleArn" },
    RoleUserType { name: "AWS::Lambda::Function", arn: "Arn", role: "Role" },
    RoleUserType { name: "AWS::SageMaker::NotebookInstance", arn: "NotebookInstanceArn", role: "RoleArn" },
    RoleUserType { name: "AWS::StepFunctions::StateMachine", arn: "Arn", role: "RoleArn" },
];

/// Reads the resources of an account in the regions of `scope`, and records which types were read completely.
pub(super) async fn collect_service_roles(
    session: &AwsSession,
    scope: &ResourceOptions,
    account: &mut AccountRecorder,
) -> Result<(), CollectError> {
    for role_user in &TYPES {
        let mut complete = Vec::new();
        for region in &scope.regions {
            let session = session.with_region(region);
            let config = aws_sdk_cloudcontrol::config::Builder::from(&session.config);
            let config = config.retry_partition(session.retries.clone()).build();
            let client = aws_sdk_cloudcontrol::Client::from_conf(config);
            let mut reader = TypeReader { client, role_user, region, account, is_complete: true, failures: 0 };
            reader.read_resources().await?;
            complete.extend(reader.is_complete.then(|| region.clone()));
        }
        if scope.has_no_other_regions && complete.len() == scope.regions.len() {
            complete = vec!["*".to_owned()];
        }
        if !complete.is_empty() {
            let entry = CompleteTypesEntry {
                account: None,
                resource_types: vec![role_user.name.to_owned()],
                regions: complete,
            };
            account.write_page(&AccountPage { complete_resource_types: vec![entry], ..AccountPage::default() })?;
        }
    }
    Ok(())
}

/// Reads the resources of one type in one region.
struct TypeReader<'a> {
    client: aws_sdk_cloudcontrol::Client,
    role_user: &'static RoleUserType,
    region: &'a str,
    account: &'a mut AccountRecorder,
    /// Whether everything was read so far.
    is_complete: bool,
    /// The number of resources that could not be read.
    failures: usize,
}

impl TypeReader<'_> {
    async fn read_resources(&mut self) -> Result<(), CollectError> {
        let mut markers = PageMarkers::default();
        let mut pages = self.client.list_resources().type_name(self.role_user.name).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    let failure = CallFailure::from_sdk_error(&api_calls::LIST_RESOURCES, &error);
                    return self.record_failure(None, &failure);
                }
            };
            // An answer about nothing is not an empty list: the type would count as read completely.
            if page.type_name() != Some(self.role_user.name) {
                let message = format!("the answer is not about `{}`", self.role_user.name);
                let failure = CallFailure::from_unexpected_answer(&api_calls::LIST_RESOURCES, message);
                return self.record_failure(None, &failure);
            }
            let advanced = markers.advance(&api_calls::LIST_RESOURCES, page.next_token());
            let mut entries = Vec::new();
            for description in page.resource_descriptions.unwrap_or_default() {
                entries.extend(self.read_resource(description).await?);
                if self.failures > MAX_FAILURES {
                    break;
                }
            }
            if !entries.is_empty() {
                self.account.write_page(&AccountPage { service_resources: entries, ..AccountPage::default() })?;
            }
            if let Err(failure) = advanced {
                return self.record_failure(None, &failure);
            }
            if self.failures > MAX_FAILURES {
                let message = format!("more than {MAX_FAILURES} resources could not be read");
                let failure = CallFailure::from_unexpected_answer(&api_calls::GET_RESOURCE, message);
                return self.record_failure(None, &failure);
            }
        }
        Ok(())
    }

    /// The entry of a listed resource. None if it does not exist any more, or could not be read, which is recorded.
    async fn read_resource(
        &mut self,
        listed: ResourceDescription,
    ) -> Result<Option<ServiceResourceEntry>, CollectError> {
        let identifier = listed.identifier.unwrap_or_default();
        let mut properties = parse_properties(listed.properties.as_deref());
        let has = |name: &str| properties.as_ref().is_ok_and(|properties| properties.get(name).is_some());
        // Some lists have the identifiers alone.
        if !has(self.role_user.role) || !has(self.role_user.arn) {
            let request = self.client.get_resource().type_name(self.role_user.name).identifier(&identifier);
            match request.send().await {
                Ok(answer) => {
                    let description = answer.resource_description.and_then(|description| description.properties);
                    properties = parse_properties(description.as_deref());
                }
                Err(error) => {
                    let failure = CallFailure::from_sdk_error(&api_calls::GET_RESOURCE, &error);
                    if failure.code.as_deref() == Some("ResourceNotFoundException") {
                        return Ok(None);
                    }
                    self.record_failure(Some(&identifier), &failure)?;
                    return Ok(None);
                }
            }
        }
        let account = self.account.account_writer.id();
        match properties.and_then(|properties| build_entry(self.role_user, &properties, account)) {
            Ok(entry) => Ok(entry),
            Err(message) => {
                let failure = CallFailure::from_unexpected_answer(&api_calls::GET_RESOURCE, message);
                self.record_failure(Some(&identifier), &failure)?;
                Ok(None)
            }
        }
    }

    /// Records that a resource, or the list, could not be read. Expired credentials end the collection.
    fn record_failure(&mut self, identifier: Option<&str>, failure: &CallFailure) -> Result<(), CollectError> {
        self.is_complete = false;
        self.failures += 1;
        if failure.kind == CallFailureKind::Credentials {
            return Err(CollectError::from_failure(failure.clone()));
        }
        let RoleUserType { name, .. } = self.role_user;
        let scope = match identifier {
            Some(identifier) => format!("{name} {identifier} in {}", self.region),
            None => format!("{name} in {}", self.region),
        };
        let unread = failure.to_unread_part(CollectionPart::ServiceRoles, Some(scope));
        let permission = find_permission(&unread.error).map(str::to_owned).or(unread.permission.clone());
        self.account.record_unread(UnreadPart { permission, ..unread });
        Ok(())
    }
}

/// The permission that an error of Cloud Control names: it can be one of the service that Cloud Control calls.
fn find_permission(error: &str) -> Option<&'static str> {
    let (_, rest) = error.split_once("not authorized to perform: ")?;
    let action = rest.split_whitespace().next()?;
    let is_named = |call: &&ApiCall| call.stage == CollectionStage::ServiceRoles && call.action == action;
    CALLS.iter().find(is_named).map(|call| call.action)
}

fn parse_properties(text: Option<&str>) -> Result<Value, String> {
    let text = text.ok_or("the answer has no properties")?;
    serde_json::from_str(text).map_err(|error| format!("the properties are not JSON: {error}"))
}

/// The entry of a resource. None if the resource does not belong to the account, but to AWS.
///
/// # Errors
/// What is unexpected about its properties.
fn build_entry(
    role_user: &RoleUserType,
    properties: &Value,
    account: &AccountId,
) -> Result<Option<ServiceResourceEntry>, String> {
    let RoleUserType { name, arn, role } = role_user;
    let text = properties.get(arn).and_then(Value::as_str);
    let parsed = text.and_then(Arn::parse).ok_or_else(|| format!("the answer has no ARN in `{arn}`"))?;
    if parsed.account() != account.as_str() {
        return Ok(None);
    }
    let roles = match properties.get(role) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if text.is_empty() => Vec::new(),
        Some(Value::String(text)) if text.starts_with("arn:") => match Arn::parse(text) {
            Some(arn) if arn.service() == "iam" && arn.resource().starts_with("role/") => vec![text.clone()],
            _ => return Err(format!("`{role}` is not the ARN of a role")),
        },
        // Some services accept the name of a role, with or without its path.
        Some(Value::String(text)) => vec![text.rsplit('/').next().unwrap_or(text).to_owned()],
        Some(_) => return Err(format!("`{role}` is not a role")),
    };
    let has_tokens = properties.pointer("/AuthorizerConfiguration/CustomJWTAuthorizer").is_some();
    let authorizer = properties.get("AuthorizerType").and_then(Value::as_str);
    let authorizer = authorizer.or(has_tokens.then_some("CUSTOM_JWT"));
    let properties = authorizer.map(|value| ("AuthorizerType".to_owned(), value.to_owned())).into_iter().collect();
    Ok(Some(ServiceResourceEntry {
        resource_type: (*name).to_owned(),
        arn: parsed.as_str().to_owned(),
        roles,
        properties,
    }))
}
