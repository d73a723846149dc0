//! `service-roles.json`: the resources of AWS services that use roles.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `service-roles.json`: the resources of AWS services that use roles, and where all of them are listed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[schemars(rename = "ServiceRoles")]
pub struct ServiceRolesFile {
    /// The resources.
    #[serde(default)]
    pub service_resources: Vec<ServiceResourceEntry>,
    /// The types of which the file lists all resources.
    #[serde(default)]
    pub complete_resource_types: Vec<CompleteTypesEntry>,
}

/// A resource that can use roles: a function, a stack, a notebook.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[schemars(rename = "ServiceResource")]
pub struct ServiceResourceEntry {
    /// Its type, as CloudFormation names it: `AWS::Lambda::Function`.
    #[schemars(regex(pattern = "^[A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+$"))]
    pub resource_type: String,
    /// Its ARN, which contains its account.
    #[schemars(regex(pattern = "^arn:[^:]*:[^:]*:[^:]*:[0-9]{12}:."))]
    pub arn: String,
    /// The roles that it uses: ARNs, or names of roles of its account.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Other properties that decide what can be done with it: `AuthorizerType` of an AgentCore gateway.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
}

/// Types of which all resources of an account, in some regions, are listed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[schemars(rename = "CompleteResourceTypes")]
pub struct CompleteTypesEntry {
    /// The account. The file of an account can omit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub account: Option<String>,
    /// The types, as CloudFormation names them.
    pub resource_types: Vec<String>,
    /// The regions. `*` means all regions.
    pub regions: Vec<String>,
}
