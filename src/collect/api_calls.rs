//! The AWS operations that the collector calls, with the permission that each requires. All of them only read.
//!
//! `--dry-run` prints this table, errors name its permissions, and a test compares it with
//! `policies/collector-permissions.json`.

use crate::snapshot::format::CollectionPart;

/// When a call is made, and with which credentials.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum CollectionStage {
    /// First, as the caller.
    Start,
    /// For the organization, as the caller, with `--organization`.
    Organization,
    /// For each account, as its member role.
    Account,
    /// For each account and its resources, in a build with `aws-resources`.
    Resources,
    /// For each account, with `--read-service-roles`, in a build with `aws-service-roles`.
    ServiceRoles,
}

impl CollectionStage {
    /// Whether its calls are made in several regions.
    pub(super) fn is_regional(self) -> bool {
        matches!(self, CollectionStage::Resources | CollectionStage::ServiceRoles)
    }
}

/// An operation of an AWS API.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct ApiCall {
    /// The service, as its IAM prefix: `iam`.
    pub service: &'static str,
    /// The operation: `GetAccountAuthorizationDetails`.
    pub operation: &'static str,
    /// The IAM action that allows it (AWS: "Service Authorization Reference"). It can differ from the operation:
    /// `ListBuckets` requires `s3:ListAllMyBuckets`.
    pub action: &'static str,
    /// When it is made.
    pub stage: CollectionStage,
    /// The part of a snapshot that is unread without it.
    #[doc(hidden)]
    pub part: CollectionPart,
    /// How often it is called, as text.
    pub frequency: &'static str,
}

impl ApiCall {
    /// Whether it assumes a role.
    #[doc(hidden)]
    pub fn is_assume_role(&self) -> bool {
        *self == ASSUME_ROLE
    }
}

macro_rules! calls {
    ($($name:ident: $service:literal $operation:literal $action:literal $stage:ident $part:ident $frequency:literal;)*) => {
        $(pub(super) const $name: ApiCall = ApiCall {
            service: $service,
            operation: $operation,
            action: $action,
            stage: CollectionStage::$stage,
            part: CollectionPart::$part,
            frequency: $frequency,
        };)*
        /// Every call that the collector makes, in the order in which it makes them.
        pub const CALLS: &[ApiCall] = &[$($name),*];
    };
}

calls! {
    GET_CALLER_IDENTITY: "sts" "GetCallerIdentity" "sts:GetCallerIdentity" Start Account "once";
    ASSUME_ROLE: "sts" "AssumeRole" "sts:AssumeRole" Start Account "once, and again every hour";

    DESCRIBE_ORGANIZATION: "organizations" "DescribeOrganization" "organizations:DescribeOrganization" Organization Organization "once";
    LIST_ROOTS: "organizations" "ListRoots" "organizations:ListRoots" Organization Organization "once per page";
    LIST_UNITS: "organizations" "ListOrganizationalUnitsForParent" "organizations:ListOrganizationalUnitsForParent" Organization Organization "once per page, for the root and each unit";
    LIST_ACCOUNTS: "organizations" "ListAccountsForParent" "organizations:ListAccountsForParent" Organization Organization "once per page, for the root and each unit";
    LIST_POLICIES: "organizations" "ListPolicies" "organizations:ListPolicies" Organization Organization "once per page, for SCPs and for RCPs where enabled";
    DESCRIBE_POLICY: "organizations" "DescribePolicy" "organizations:DescribePolicy" Organization Organization "once per policy";
    LIST_TARGETS: "organizations" "ListTargetsForPolicy" "organizations:ListTargetsForPolicy" Organization Organization "once per page, for each policy";
    LIST_DELEGATED: "organizations" "ListDelegatedAdministrators" "organizations:ListDelegatedAdministrators" Organization DelegatedAdministrators "once per page";

    LIST_INSTANCES: "sso" "ListInstances" "sso:ListInstances" Organization PermissionSets "once per page";
    LIST_PERMISSION_SETS: "sso" "ListPermissionSets" "sso:ListPermissionSets" Organization PermissionSets "once per page, for each instance";
    DESCRIBE_PERMISSION_SET: "sso" "DescribePermissionSet" "sso:DescribePermissionSet" Organization PermissionSets "once per permission set";
    LIST_SET_MANAGED: "sso" "ListManagedPoliciesInPermissionSet" "sso:ListManagedPoliciesInPermissionSet" Organization PermissionSets "once per page, for each permission set";
    LIST_SET_CUSTOMER: "sso" "ListCustomerManagedPolicyReferencesInPermissionSet" "sso:ListCustomerManagedPolicyReferencesInPermissionSet" Organization PermissionSets "once per page, for each permission set";
    GET_SET_INLINE: "sso" "GetInlinePolicyForPermissionSet" "sso:GetInlinePolicyForPermissionSet" Organization PermissionSets "once per permission set";
    GET_SET_BOUNDARY: "sso" "GetPermissionsBoundaryForPermissionSet" "sso:GetPermissionsBoundaryForPermissionSet" Organization PermissionSets "once per permission set";

    GET_DETAILS: "iam" "GetAccountAuthorizationDetails" "iam:GetAccountAuthorizationDetails" Account AuthorizationDetails "once per page, for users, groups, roles and the account's own policies";
    GET_POLICY: "iam" "GetPolicy" "iam:GetPolicy" Account AuthorizationDetails "once per AWS managed policy in use or named by a condition, for all accounts together";
    GET_POLICY_VERSION: "iam" "GetPolicyVersion" "iam:GetPolicyVersion" Account AuthorizationDetails "as GetPolicy";
    LIST_ALIASES: "iam" "ListAccountAliases" "iam:ListAccountAliases" Account AccountAliases "once";
    LIST_OIDC: "iam" "ListOpenIDConnectProviders" "iam:ListOpenIDConnectProviders" Account OpenIdConnectProviders "once";
    GET_OIDC: "iam" "GetOpenIDConnectProvider" "iam:GetOpenIDConnectProvider" Account OpenIdConnectProviders "once per provider";
    LIST_SAML: "iam" "ListSAMLProviders" "iam:ListSAMLProviders" Account SamlProviders "once";

    LIST_BUCKETS: "s3" "ListBuckets" "s3:ListAllMyBuckets" Resources ResourcePolicies "once per page";
    GET_BUCKET_POLICY: "s3" "GetBucketPolicy" "s3:GetBucketPolicy" Resources ResourcePolicies "once per bucket";
    GET_BUCKET_OWNERSHIP_CONTROLS: "s3" "GetBucketOwnershipControls" "s3:GetBucketOwnershipControls" Resources ResourcePolicies "once per bucket with a policy";
    LIST_KEYS: "kms" "ListKeys" "kms:ListKeys" Resources ResourcePolicies "once per page and region";
    GET_KEY_POLICY: "kms" "GetKeyPolicy" "kms:GetKeyPolicy" Resources ResourcePolicies "once per key";
    LIST_FUNCTIONS: "lambda" "ListFunctions" "lambda:ListFunctions" Resources ResourcePolicies "once per page and region";
    GET_FUNCTION_POLICY: "lambda" "GetPolicy" "lambda:GetPolicy" Resources ResourcePolicies "once per function";
    LIST_QUEUES: "sqs" "ListQueues" "sqs:ListQueues" Resources ResourcePolicies "once per page and region";
    GET_QUEUE_ATTRIBUTES: "sqs" "GetQueueAttributes" "sqs:GetQueueAttributes" Resources ResourcePolicies "once per queue";
    LIST_TOPICS: "sns" "ListTopics" "sns:ListTopics" Resources ResourcePolicies "once per page and region";
    GET_TOPIC_ATTRIBUTES: "sns" "GetTopicAttributes" "sns:GetTopicAttributes" Resources ResourcePolicies "once per topic";
    LIST_SECRETS: "secretsmanager" "ListSecrets" "secretsmanager:ListSecrets" Resources ResourcePolicies "once per page and region";
    GET_SECRET_POLICY: "secretsmanager" "GetResourcePolicy" "secretsmanager:GetResourcePolicy" Resources ResourcePolicies "once per secret";
    DESCRIBE_REPOSITORIES: "ecr" "DescribeRepositories" "ecr:DescribeRepositories" Resources ResourcePolicies "once per page and region";
    GET_REPOSITORY_POLICY: "ecr" "GetRepositoryPolicy" "ecr:GetRepositoryPolicy" Resources ResourcePolicies "once per repository";
    LIST_TABLES: "dynamodb" "ListTables" "dynamodb:ListTables" Resources ResourcePolicies "once per page and region";
    GET_TABLE_POLICY: "dynamodb" "GetResourcePolicy" "dynamodb:GetResourcePolicy" Resources ResourcePolicies "once per table";

    // Cloud Control calls the services with the same credentials. CloudFormation resource type schemas: `handlers`.
    LIST_RESOURCES: "cloudformation" "ListResources" "cloudformation:ListResources" ServiceRoles ServiceRoles "once per page, type and region";
    GET_RESOURCE: "cloudformation" "GetResource" "cloudformation:GetResource" ServiceRoles ServiceRoles "once per resource";
    CC_LIST_BROWSERS: "bedrock-agentcore" "ListBrowsers" "bedrock-agentcore:ListBrowsers" ServiceRoles ServiceRoles "by Cloud Control";
    CC_GET_BROWSER: "bedrock-agentcore" "GetBrowser" "bedrock-agentcore:GetBrowser" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_CODE_INTERPRETERS: "bedrock-agentcore" "ListCodeInterpreters" "bedrock-agentcore:ListCodeInterpreters" ServiceRoles ServiceRoles "by Cloud Control";
    CC_GET_CODE_INTERPRETER: "bedrock-agentcore" "GetCodeInterpreter" "bedrock-agentcore:GetCodeInterpreter" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_GATEWAYS: "bedrock-agentcore" "ListGateways" "bedrock-agentcore:ListGateways" ServiceRoles ServiceRoles "by Cloud Control";
    CC_GET_GATEWAY: "bedrock-agentcore" "GetGateway" "bedrock-agentcore:GetGateway" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_HARNESSES: "bedrock-agentcore" "ListHarnesses" "bedrock-agentcore:ListHarnesses" ServiceRoles ServiceRoles "by Cloud Control";
    CC_GET_HARNESS: "bedrock-agentcore" "GetHarness" "bedrock-agentcore:GetHarness" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_RUNTIMES: "bedrock-agentcore" "ListAgentRuntimes" "bedrock-agentcore:ListAgentRuntimes" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_RUNTIME_ENDPOINTS: "bedrock-agentcore" "ListAgentRuntimeEndpoints" "bedrock-agentcore:ListAgentRuntimeEndpoints" ServiceRoles ServiceRoles "by Cloud Control";
    CC_GET_RUNTIME: "bedrock-agentcore" "GetAgentRuntime" "bedrock-agentcore:GetAgentRuntime" ServiceRoles ServiceRoles "by Cloud Control";
    CC_GET_RUNTIME_ENDPOINT: "bedrock-agentcore" "GetAgentRuntimeEndpoint" "bedrock-agentcore:GetAgentRuntimeEndpoint" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_AGENTCORE_TAGS: "bedrock-agentcore" "ListTagsForResource" "bedrock-agentcore:ListTagsForResource" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_STACKS: "cloudformation" "ListStacks" "cloudformation:ListStacks" ServiceRoles ServiceRoles "by Cloud Control";
    CC_DESCRIBE_STACKS: "cloudformation" "DescribeStacks" "cloudformation:DescribeStacks" ServiceRoles ServiceRoles "by Cloud Control";
    CC_GET_STACK_POLICY: "cloudformation" "GetStackPolicy" "cloudformation:GetStackPolicy" ServiceRoles ServiceRoles "by Cloud Control";
    CC_GET_TEMPLATE: "cloudformation" "GetTemplate" "cloudformation:GetTemplate" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_TASK_DEFINITIONS: "ecs" "ListTaskDefinitions" "ecs:ListTaskDefinitions" ServiceRoles ServiceRoles "by Cloud Control";
    CC_DESCRIBE_TASK_DEFINITION: "ecs" "DescribeTaskDefinition" "ecs:DescribeTaskDefinition" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_FUNCTIONS: "lambda" "ListFunctions" "lambda:ListFunctions" ServiceRoles ServiceRoles "by Cloud Control";
    CC_GET_FUNCTION: "lambda" "GetFunction" "lambda:GetFunction" ServiceRoles ServiceRoles "by Cloud Control";
    CC_GET_CODE_SIGNING: "lambda" "GetFunctionCodeSigningConfig" "lambda:GetFunctionCodeSigningConfig" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_NOTEBOOKS: "sagemaker" "ListNotebookInstances" "sagemaker:ListNotebookInstances" ServiceRoles ServiceRoles "by Cloud Control";
    CC_DESCRIBE_NOTEBOOK: "sagemaker" "DescribeNotebookInstance" "sagemaker:DescribeNotebookInstance" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_NOTEBOOK_TAGS: "sagemaker" "ListTags" "sagemaker:ListTags" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_STATE_MACHINES: "states" "ListStateMachines" "states:ListStateMachines" ServiceRoles ServiceRoles "by Cloud Control";
    CC_DESCRIBE_STATE_MACHINE: "states" "DescribeStateMachine" "states:DescribeStateMachine" ServiceRoles ServiceRoles "by Cloud Control";
    CC_LIST_STATE_MACHINE_TAGS: "states" "ListTagsForResource" "states:ListTagsForResource" ServiceRoles ServiceRoles "by Cloud Control";
}
