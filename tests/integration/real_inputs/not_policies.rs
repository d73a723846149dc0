//! The documents of `policies/` that are no valid policies, each with why, and where it is refused.

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

/// Name, reason, and the line and column of the first problem.
pub const NOT_POLICIES: &[(&str, Why, (usize, usize))] = &[
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/ai-powered-assistant-for-investment-research/cloudformation.yaml/Resources/AthenaKMSKey/Properties/KeyPolicy",
        Why::CloudFormation,
        (1, 150),
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/ai-powered-assistant-for-investment-research/cloudformation.yaml/Resources/FSIS3AccessPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        (1, 165),
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/ai-powered-assistant-for-investment-research/cloudformation.yaml/Resources/S3PermissionsPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        (1, 180),
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/customer-relationship-management-agent/codepipeline.yaml/Resources/StreamlitCloudformationExecutionRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        (1, 951),
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/customer-relationship-management-agent/codepipeline.yaml/Resources/StreamlitCodePipelineServiceRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        (1, 590),
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/customer-relationship-management-agent/infrastructure.yaml/Resources/LoggingBucketPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        (1, 282),
    ),
    (
        "aws-samples/amazon-bedrock-samples/agents-and-function-calling/bedrock-agents/use-case-examples/fine-grained-access-permissions-agent/kms/kms.yaml/Resources/AccessLogsKMSKey/Properties/KeyPolicy",
        Why::CloudFormation,
        (1, 115),
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/kb-role-template.template/Resources/KbRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        (1, 183),
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/kb-role-template.template/Resources/KbRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        (1, 100),
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/kb-role-template.template/Resources/KbRole/Properties/Policies/1/PolicyDocument",
        Why::CloudFormation,
        (1, 98),
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/kb-role-template.template/Resources/KbRole/Properties/Policies/2/PolicyDocument",
        Why::CloudFormation,
        (1, 197),
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/kb-role-template.template/Resources/KbRole/Properties/Policies/3/PolicyDocument",
        Why::CloudFormation,
        (1, 164),
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/oss-infra-template-tmp.template/Resources/OSSProviderRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        (1, 103),
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/features-examples/04-infrastructure/e2e-rag-using-bedrock-kb-cfn/templates/oss-infra-template-tmp.template/Resources/OpenSearchLambdaExecutionRole/Properties/Policies/3/PolicyDocument",
        Why::CloudFormation,
        (1, 129),
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/use-case-examples/agentic-rag-using-metadata-filters/templates/1-base-infra.yaml/Resources/S3BucketPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        (1, 105),
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/knowledge-bases/use-case-examples/agentic-rag-using-metadata-filters/templates/2-knowledgebase-infra.yaml/Resources/KbRole/Properties/Policies/2/PolicyDocument",
        Why::CloudFormation,
        (1, 197),
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/managed-knowledge-bases/07-IaaC/managed-kb-observability-cfn/templates/02-agentic-gateway.yaml/Resources/GatewayRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        (1, 272),
    ),
    (
        "aws-samples/amazon-bedrock-samples/rag/managed-knowledge-bases/07-IaaC/managed-kb-observability-cfn/templates/03-agent-runtime.yaml/Resources/AgentExecutionRole/Properties/Policies/0/PolicyDocument",
        Why::CloudFormation,
        (1, 1495),
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/bedrock-auth-auth0.yaml/Resources/CognitoAuthenticatedRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        (1, 305),
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/bedrock-auth-auth0.yaml/Resources/CognitoUnauthenticatedRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        (1, 305),
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/bedrock-auth-cognito-pool.yaml/Resources/CognitoAuthenticatedRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        (1, 322),
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/bedrock-auth-idc.yaml/Resources/BedrockIDCRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        (1, 164),
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/cognito-identity-pool.yaml/Resources/BedrockAccessRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        (1, 322),
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/cognito-identity-pool.yaml/Resources/UnauthenticatedRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        (1, 303),
    ),
    (
        "aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/deployment/infrastructure/landing-page-distribution.yaml/Resources/ALBLogsBucketPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        (1, 166),
    ),
    (
        "aws/agent-toolkit-for-aws/skills/specialized-skills/analytics-skills/migrate-to-msk/assets/simulation-stack.yaml/Resources/LogGroupKey/Properties/KeyPolicy",
        Why::CloudFormation,
        (1, 100),
    ),
    (
        "awslabs/mcp/src/aws-api-mcp-server/awslabs/aws_api_mcp_server/core/agent_scripts/registry/troubleshoot-permissions-with-cloudtrail-events.script.md/block",
        Why::Placeholder,
        (1, 179),
    ),
    (
        "awslabs/mcp/src/ecs-mcp-server/awslabs/ecs_mcp_server/templates/ecr_infrastructure.json/Resources/ECREncryptionKey/Properties/KeyPolicy",
        Why::CloudFormation,
        (1, 69),
    ),
    (
        "awslabs/mcp/src/ecs-mcp-server/awslabs/ecs_mcp_server/templates/ecr_infrastructure.json/Resources/ECRPushPullRole/Properties/AssumeRolePolicyDocument",
        Why::CloudFormation,
        (1, 173),
    ),
    (
        "awslabs/mcp/src/ecs-mcp-server/awslabs/ecs_mcp_server/templates/ecr_infrastructure.json/Resources/ECRRepository/Properties/RepositoryPolicyText",
        Why::CloudFormation,
        (1, 252),
    ),
    (
        "awslabs/mcp/src/ecs-mcp-server/awslabs/ecs_mcp_server/templates/ecs_infrastructure.json/Resources/ALBAccessLogsBucketPolicy/Properties/PolicyDocument",
        Why::CloudFormation,
        (1, 68),
    ),
    (
        "awslabs/mcp/src/ecs-mcp-server/awslabs/ecs_mcp_server/templates/ecs_infrastructure.json/Resources/LogsKMSKey/Properties/KeyPolicy",
        Why::CloudFormation,
        (1, 69),
    ),
    (
        "aws/agent-toolkit-for-aws/skills/specialized-skills/migration-and-modernization-skills/dms-schema-conversion/references/setup-wizard.md/block",
        Why::Placeholder,
        (1, 90),
    ),
    ("aws-samples/amazon-bedrock-samples/custom-models/import_models/README.md/block", Why::Placeholder, (1, 532)),
    ("policies/scp/data-perimeter-policy-examples__resource_perimeter_scp.json", Why::Placeholder, (43, 5)),
    ("policies/rcp/data-perimeter-policy-examples__api_gateway_policy.json", Why::Placeholder, (53, 22)),
    ("policies/rcp/data-perimeter-policy-examples__network_perimeter_sourcevpc_rcp.json", Why::Placeholder, (25, 22)),
    ("policies/rcp/data-perimeter-policy-examples__network_perimeter_vpceorgid_rcp.json", Why::Placeholder, (18, 22)),
    ("policies/rcp/data-perimeter-policy-examples__sns_topic_policy.json", Why::Placeholder, (49, 22)),
    (
        "policies/rcp/resource-control-policy-examples__S3-Prevent-long-term-presigned-url.json",
        Why::Placeholder,
        (12, 7),
    ),
    ("policies/rcp/resource-control-policy-examples__Shared-Issuers.json", Why::NoResource, (289, 3)),
    ("policies/scp/data-perimeter-policy-examples__network_perimeter_ec2_scp.json", Why::Placeholder, (30, 7)),
    ("policies/scp/data-perimeter-policy-examples__network_perimeter_glue_scp.json", Why::Placeholder, (29, 7)),
    ("policies/scp/data-perimeter-policy-examples__network_perimeter_iam_users_scp.json", Why::Placeholder, (30, 7)),
    ("policies/scp/data-perimeter-policy-examples__network_perimeter_lambda_scp.json", Why::Placeholder, (31, 7)),
    ("policies/scp/data-perimeter-policy-examples__network_perimeter_sourcevpc_scp.json", Why::Placeholder, (31, 7)),
    ("policies/scp/data-perimeter-policy-examples__network_perimeter_vpceorgid_scp.json", Why::Placeholder, (64, 7)),
    (
        "policies/scp/service-control-policy-examples__Deny-use-of-IAM-user-credentials-from-unexpected-networks.json",
        Why::Placeholder,
        (30, 7),
    ),
];
