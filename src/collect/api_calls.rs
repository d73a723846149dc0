//! The one table of what is called: the operation, the permission it needs, and what it is for.
//!
//! `--dry-run` prints it, a refused call is explained by it, and `policies/collector-permissions.json` is held
//! to it by a test. Nothing in it changes anything.

use crate::snapshot::format::CollectionPart;

/// When a call is made, and with whose credentials.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum CollectionStage {
    /// Before anything else, as the caller.
    Start,
    /// For the organization, as the caller, where `--organization` asks for it.
    Organization,
    /// For each account, as its member role.
    Account,
    /// For each account and its resources, in a build with `aws-resources`.
    Resources,
}

/// An operation of an AWS API.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct ApiCall {
    /// Which service, as its IAM prefix: `iam`.
    pub service: &'static str,
    /// The operation's name on the wire: `GetAccountAuthorizationDetails`.
    pub operation: &'static str,
    /// The permission that it needs, as a policy names it (AWS: "Service Authorization Reference"). It differs
    /// from the operation's name where AWS named it otherwise (`ListBuckets` is `s3:ListAllMyBuckets`).
    pub action: &'static str,
    /// When it is made.
    pub stage: CollectionStage,
    /// What of a snapshot is unread without it.
    pub part: CollectionPart,
    /// How often it is called, for people.
    pub frequency: &'static str,
}

macro_rules! calls {
    ($($name:ident: $service:literal $operation:literal $action:literal $stage:ident $part:ident $often:literal;)*) => {
        $(pub(super) const $name: Call =
            Call { service: $service, operation: $operation, action: $action, stage: Stage::$stage, part: Part::$part, often: $often };)*
        /// Every call that the collector makes, in the order in which it makes them.
        pub const CALLS: &[Call] = &[$($name),*];
    };
}

calls! {
    GET_CALLER_IDENTITY: "sts" "GetCallerIdentity" "sts:GetCallerIdentity" Start Account "once";
    ASSUME_ROLE: "sts" "AssumeRole" "sts:AssumeRole" Start Account "once, and again each hour";

    DESCRIBE_ORGANIZATION: "organizations" "DescribeOrganization" "organizations:DescribeOrganization" Organization Organization "once";
    LIST_ROOTS: "organizations" "ListRoots" "organizations:ListRoots" Organization Organization "once a page";
    LIST_UNITS: "organizations" "ListOrganizationalUnitsForParent" "organizations:ListOrganizationalUnitsForParent" Organization Organization "once a page, for the root and each unit";
    LIST_ACCOUNTS: "organizations" "ListAccountsForParent" "organizations:ListAccountsForParent" Organization Organization "once a page, for the root and each unit";
    LIST_POLICIES: "organizations" "ListPolicies" "organizations:ListPolicies" Organization Organization "once a page, for SCPs and for RCPs where enabled";
    DESCRIBE_POLICY: "organizations" "DescribePolicy" "organizations:DescribePolicy" Organization Organization "once a policy";
    LIST_TARGETS: "organizations" "ListTargetsForPolicy" "organizations:ListTargetsForPolicy" Organization Organization "once a page, for each policy";
    LIST_DELEGATED: "organizations" "ListDelegatedAdministrators" "organizations:ListDelegatedAdministrators" Organization DelegatedAdministrators "once a page";

    LIST_INSTANCES: "sso" "ListInstances" "sso:ListInstances" Organization PermissionSets "once a page";
    LIST_PERMISSION_SETS: "sso" "ListPermissionSets" "sso:ListPermissionSets" Organization PermissionSets "once a page, for each instance";
    DESCRIBE_PERMISSION_SET: "sso" "DescribePermissionSet" "sso:DescribePermissionSet" Organization PermissionSets "once a permission set";
    LIST_SET_MANAGED: "sso" "ListManagedPoliciesInPermissionSet" "sso:ListManagedPoliciesInPermissionSet" Organization PermissionSets "once a page, for each permission set";
    LIST_SET_CUSTOMER: "sso" "ListCustomerManagedPolicyReferencesInPermissionSet" "sso:ListCustomerManagedPolicyReferencesInPermissionSet" Organization PermissionSets "once a page, for each permission set";
    GET_SET_INLINE: "sso" "GetInlinePolicyForPermissionSet" "sso:GetInlinePolicyForPermissionSet" Organization PermissionSets "once a permission set";
    GET_SET_BOUNDARY: "sso" "GetPermissionsBoundaryForPermissionSet" "sso:GetPermissionsBoundaryForPermissionSet" Organization PermissionSets "once a permission set";

    GET_DETAILS: "iam" "GetAccountAuthorizationDetails" "iam:GetAccountAuthorizationDetails" Account AuthorizationDetails "once a page, for users, groups, roles and the account's own policies";
    GET_POLICY: "iam" "GetPolicy" "iam:GetPolicy" Account AuthorizationDetails "once for each AWS managed policy that something holds, all accounts together";
    GET_POLICY_VERSION: "iam" "GetPolicyVersion" "iam:GetPolicyVersion" Account AuthorizationDetails "as GetPolicy";
    LIST_ALIASES: "iam" "ListAccountAliases" "iam:ListAccountAliases" Account AccountAliases "once";
    LIST_OIDC: "iam" "ListOpenIDConnectProviders" "iam:ListOpenIDConnectProviders" Account OpenIdConnectProviders "once";
    GET_OIDC: "iam" "GetOpenIDConnectProvider" "iam:GetOpenIDConnectProvider" Account OpenIdConnectProviders "once a provider";
    LIST_SAML: "iam" "ListSAMLProviders" "iam:ListSAMLProviders" Account SamlProviders "once";

    LIST_BUCKETS: "s3" "ListBuckets" "s3:ListAllMyBuckets" Resources ResourcePolicies "once a page";
    GET_BUCKET_POLICY: "s3" "GetBucketPolicy" "s3:GetBucketPolicy" Resources ResourcePolicies "once a bucket";
    LIST_KEYS: "kms" "ListKeys" "kms:ListKeys" Resources ResourcePolicies "once a page and region";
    GET_KEY_POLICY: "kms" "GetKeyPolicy" "kms:GetKeyPolicy" Resources ResourcePolicies "once a key";
    LIST_FUNCTIONS: "lambda" "ListFunctions" "lambda:ListFunctions" Resources ResourcePolicies "once a page and region";
    GET_FUNCTION_POLICY: "lambda" "GetPolicy" "lambda:GetPolicy" Resources ResourcePolicies "once a function";
    LIST_QUEUES: "sqs" "ListQueues" "sqs:ListQueues" Resources ResourcePolicies "once a page and region";
    GET_QUEUE_ATTRIBUTES: "sqs" "GetQueueAttributes" "sqs:GetQueueAttributes" Resources ResourcePolicies "once a queue";
    LIST_TOPICS: "sns" "ListTopics" "sns:ListTopics" Resources ResourcePolicies "once a page and region";
    GET_TOPIC_ATTRIBUTES: "sns" "GetTopicAttributes" "sns:GetTopicAttributes" Resources ResourcePolicies "once a topic";
    LIST_SECRETS: "secretsmanager" "ListSecrets" "secretsmanager:ListSecrets" Resources ResourcePolicies "once a page and region";
    GET_SECRET_POLICY: "secretsmanager" "GetResourcePolicy" "secretsmanager:GetResourcePolicy" Resources ResourcePolicies "once a secret";
    DESCRIBE_REPOSITORIES: "ecr" "DescribeRepositories" "ecr:DescribeRepositories" Resources ResourcePolicies "once a page and region";
    GET_REPOSITORY_POLICY: "ecr" "GetRepositoryPolicy" "ecr:GetRepositoryPolicy" Resources ResourcePolicies "once a repository";
    LIST_TABLES: "dynamodb" "ListTables" "dynamodb:ListTables" Resources ResourcePolicies "once a page and region";
    GET_TABLE_POLICY: "dynamodb" "GetResourcePolicy" "dynamodb:GetResourcePolicy" Resources ResourcePolicies "once a table";
}
