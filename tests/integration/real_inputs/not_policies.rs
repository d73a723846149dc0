//! The documents of `policies/` that are no valid policies, each with why, and how the reader puts it.

/// Why a document of others is no policy.
#[derive(Debug, PartialEq)]
pub enum Why {
    /// A blank that its reader is to fill in: `<my-corporate-cidr>`.
    Placeholder,
    /// A function or an expression of CloudFormation where a policy has a string.
    CloudFormation,
    /// AWS's own sample leaves out a statement's `Resource`, which an RCP must have.
    NoResource,
}

/// Name, reason, and a part of the message.
pub const NOT_POLICIES: &[(&str, Why, &str)] = &[
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/ai-powered-assistant-for-investment-research/cloudformation.yaml/Resources/AthenaKMSKey/Properties/KeyPolicy",
        Why::CloudFormation,
        "`${arn:aws:iam::${AWS::AccountId}:root}` names no AWS principal",
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/ai-powered-assistant-for-investment-research/cloudformation.yaml/Resources/FSIS3AccessPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot hold an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/ai-powered-assistant-for-investment-research/cloudformation.yaml/Resources/S3PermissionsPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot hold an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/customer-relationship-management-agent/codepipeline.yaml/Resources/StreamlitCloudformationExecutionRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot hold a list",
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/customer-relationship-management-agent/codepipeline.yaml/Resources/StreamlitCodePipelineServiceRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot hold an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/customer-relationship-management-agent/infrastructure.yaml/Resources/LoggingBucketPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        "`AWS` cannot hold an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/fine-grained-access-permissions-agent/kms/kms.yaml/Resources/AccessLogsKMSKey/Properties/KeyPolicy",
        Why::CloudFormation,
        "`${arn:aws:iam::${AWS::AccountId}:root}` names no AWS principal",
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/kb-role-template.template/Resources/KbRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        "a condition value cannot be an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/kb-role-template.template/Resources/KbRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot be an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/kb-role-template.template/Resources/KbRole/Properties/Policies/1/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot be an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/kb-role-template.template/Resources/KbRole/Properties/Policies/2/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot be an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/kb-role-template.template/Resources/KbRole/Properties/Policies/3/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot be an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/oss-infra-template-tmp.template/Resources/OSSProviderRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot hold an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/oss-infra-template-tmp.template/Resources/OpenSearchLambdaExecutionRole/Properties/Policies/3/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot be an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/use-case-examples/agentic-rag-using-metadata-filters/templates/1-base-infra.yaml/Resources/S3BucketPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        "`${arn:aws:iam::${AWS::AccountId}:root}` names no AWS principal",
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/use-case-examples/agentic-rag-using-metadata-filters/templates/2-knowledgebase-infra.yaml/Resources/KbRole/Properties/Policies/2/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot be an object",
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/managed-knowledge-bases/07-IaaC/managed-kb-observability-cfn/templates/02-agentic-gateway.yaml/Resources/GatewayRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot hold a list",
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/managed-knowledge-bases/07-IaaC/managed-kb-observability-cfn/templates/03-agent-runtime.yaml/Resources/AgentExecutionRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        "`Resource` cannot hold a list",
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/bedrock-auth-auth0.yaml/Resources/CognitoAuthenticatedRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        "`StringEquals` cannot be a string",
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/bedrock-auth-auth0.yaml/Resources/CognitoUnauthenticatedRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        "`StringEquals` cannot be a string",
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/bedrock-auth-cognito-pool.yaml/Resources/CognitoAuthenticatedRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        "`StringEquals` cannot be a string",
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/bedrock-auth-idc.yaml/Resources/BedrockIDCRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        "`${arn:${AWS::Partition}:iam::${AWS::AccountId}:root}` names no AWS principal",
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/cognito-identity-pool.yaml/Resources/BedrockAccessRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        "`StringEquals` cannot be a string",
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/cognito-identity-pool.yaml/Resources/UnauthenticatedRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        "`StringEquals` cannot be a string",
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/landing-page-distribution.yaml/Resources/ALBLogsBucketPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        "`AWS` cannot hold an object",
    ),
    (
        "aws/agent-toolkit-for-aws/skills/specialized-skills/analytics-skills/migrate-to-msk/assets/simulation-stack.yaml/Resources/LogGroupKey/Properties/KeyPolicy",
        Why::CloudFormation,
        "`${arn:${AWS::Partition}:iam::${AWS::AccountId}:root}` names no AWS principal",
    ),
    (
        "awslabs/mcp/src/aws-api-mcp-server/awslabs/aws_api_mcp_server/core/agent_scripts/registry/troubleshoot-permissions-with-cloudtrail-events.script.md/block",
        Why::Placeholder,
        "`IpAddress` cannot take `<your-ip-address>/32`",
    ),
    (
        "awslabs/mcp/src/ecs-mcp-server/awslabs/ecs_mcp_server/templates/ecr_infrastructure.json/Resources/ECREncryptionKey/Properties/KeyPolicy",
        Why::CloudFormation,
        "`AWS` cannot be an object",
    ),
    (
        "awslabs/mcp/src/ecs-mcp-server/awslabs/ecs_mcp_server/templates/ecr_infrastructure.json/Resources/ECRPushPullRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        "`AWS` cannot be an object",
    ),
    (
        "awslabs/mcp/src/ecs-mcp-server/awslabs/ecs_mcp_server/templates/ecr_infrastructure.json/Resources/ECRRepository/Properties/RepositoryPolicyText",
        Why::CloudFormation,
        "`AWS` cannot be an object",
    ),
    (
        "awslabs/mcp/src/ecs-mcp-server/awslabs/ecs_mcp_server/templates/ecs_infrastructure.json/Resources/ALBAccessLogsBucketPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        "`AWS` cannot be an object",
    ),
    (
        "awslabs/mcp/src/ecs-mcp-server/awslabs/ecs_mcp_server/templates/ecs_infrastructure.json/Resources/LogsKMSKey/Properties/KeyPolicy",
        Why::CloudFormation,
        "`AWS` cannot be an object",
    ),
    (
        "aws/agent-toolkit-for-aws/skills/specialized-skills/migration-and-modernization-skills/dms-schema-conversion/references/setup-wizard.md/block",
        Why::Placeholder,
        "`<s3_kms_key_arn>` is not a resource",
    ),
    (
        "aws-samples/amazon-bedrock-samples/custom-models/import_models/README.md/block",
        Why::Placeholder,
        "`{IAM_ROLE_ARN}` is not a resource",
    ),
    (
        "policies/scp/data-perimeter-policy-examples__resource_perimeter_scp.json",
        Why::Placeholder,
        "`<third-party-resource>` is not a resource",
    ),
    (
        "policies/rcp/data-perimeter-policy-examples__api_gateway_policy.json",
        Why::Placeholder,
        "`NotIpAddress` cannot take `<my-corporate-cidr>`",
    ),
    (
        "policies/rcp/data-perimeter-policy-examples__network_perimeter_sourcevpc_rcp.json",
        Why::Placeholder,
        "`NotIpAddress` cannot take `<my-corporate-cidr>`",
    ),
    (
        "policies/rcp/data-perimeter-policy-examples__network_perimeter_vpceorgid_rcp.json",
        Why::Placeholder,
        "`NotIpAddress` cannot take `<my-corporate-cidr>`",
    ),
    (
        "policies/rcp/data-perimeter-policy-examples__sns_topic_policy.json",
        Why::Placeholder,
        "`NotIpAddress` cannot take `<my-corporate-cidr>`",
    ),
    (
        "policies/rcp/resource-control-policy-examples__S3-Prevent-long-term-presigned-url.json",
        Why::Placeholder,
        "`NumericGreaterThan` cannot take `[MAX_SIGNATURE_AGE_IN_MILLISECONDS]`",
    ),
    (
        "policies/rcp/resource-control-policy-examples__Shared-Issuers.json",
        Why::NoResource,
        "the statement has neither `Resource` nor `NotResource`",
    ),
    (
        "policies/scp/data-perimeter-policy-examples__network_perimeter_ec2_scp.json",
        Why::Placeholder,
        "`NotIpAddress` cannot take `<my-corporate-cidr>`",
    ),
    (
        "policies/scp/data-perimeter-policy-examples__network_perimeter_glue_scp.json",
        Why::Placeholder,
        "`NotIpAddress` cannot take `<my-corporate-cidr>`",
    ),
    (
        "policies/scp/data-perimeter-policy-examples__network_perimeter_iam_users_scp.json",
        Why::Placeholder,
        "`NotIpAddress` cannot take `<my-corporate-cidr>`",
    ),
    (
        "policies/scp/data-perimeter-policy-examples__network_perimeter_lambda_scp.json",
        Why::Placeholder,
        "`NotIpAddress` cannot take `<my-corporate-cidr>`",
    ),
    (
        "policies/scp/data-perimeter-policy-examples__network_perimeter_sourcevpc_scp.json",
        Why::Placeholder,
        "`NotIpAddress` cannot take `<my-corporate-cidr>`",
    ),
    (
        "policies/scp/data-perimeter-policy-examples__network_perimeter_vpceorgid_scp.json",
        Why::Placeholder,
        "`NotIpAddress` cannot take `<my-corporate-cidr>`",
    ),
    (
        "policies/scp/service-control-policy-examples__Deny-use-of-IAM-user-credentials-from-unexpected-networks.json",
        Why::Placeholder,
        "`NotIpAddress` cannot take `<my-corporate-cidr>`",
    ),
];
