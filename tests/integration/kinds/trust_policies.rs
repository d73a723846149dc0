//! 52 trust policies of others (`IAMDRIFT_CORPUS`), each with what it is for, and every miss with its argument.
//!
//! What a role is for was read in the repository that it comes from: the file, the resource's name, what is around
//! it. Many are templates. They are filled in as their stack would be, and named so that names tell nothing.

use iamdrift::baseline::PrincipalClass;
use iamdrift::classify::{InferredClass, classify_principals};
use serde_json::{Value, json};

use super::snapshot;

use InferredClass::Unknown;

const AGENT: InferredClass = InferredClass::Known(PrincipalClass::Agent);
const OPERATOR: InferredClass = InferredClass::Known(PrincipalClass::Operator);
const WORKLOAD: InferredClass = InferredClass::Known(PrincipalClass::Workload);

/// What each policy is for, in the order of the file: the end of where it stands, and the kind.
const FOR: [(&str, InferredClass); 52] = [
    ("RuntimeAgentCoreRole", AGENT),
    ("IAMRolePrimitives", AGENT),
    ("BedrockAgentCoreGatewayExecutionRole", AGENT),
    ("MCPToolFunctionRole", WORKLOAD),
    ("quickstart-browser.md", AGENT),
    ("permissions.md", AGENT),
    ("execution_role_trust_policy.json.j2", AGENT),
    ("GatewayExecutionRole", AGENT),
    // People sign in and run a coding agent's model with it; what the agent may do besides is another role.
    ("bedrock-auth-auth0.yaml DirectIAMRole", OPERATOR),
    ("CognitoAuthenticatedRole", OPERATOR),
    ("CognitoUnauthenticatedRole", Unknown),
    ("bedrock-auth-azure.yaml DirectIAMRole", OPERATOR),
    ("bedrock-auth-cognito-pool.yaml DirectIAMRole", OPERATOR),
    ("CognitoAuthenticatedRole", OPERATOR),
    ("bedrock-auth-generic.yaml DirectIAMRole", OPERATOR),
    ("bedrock-auth-google.yaml DirectIAMRole", OPERATOR),
    ("BedrockIDCRole", OPERATOR),
    ("bedrock-auth-okta.yaml DirectIAMRole", OPERATOR),
    ("BedrockAccessRole", OPERATOR),
    ("UnauthenticatedRole", Unknown),
    ("README.md", WORKLOAD),
    ("OIDCFederatedRole", WORKLOAD),
    ("iam.tf", WORKLOAD),
    ("README.md", WORKLOAD),
    ("RoleGithubActions", WORKLOAD),
    ("DEPLOYMENT.md", AGENT),
    ("SKILL.md", AGENT),
    ("knowledge-bases-setup.md", WORKLOAD),
    ("AmazonBedrockExecutionRoleForAgents", AGENT),
    ("BillingAgentBedrockAgentRole", AGENT),
    ("AgentRole", AGENT),
    ("AmazonBedrockRoleForAgentsAgentAccess", AGENT),
    ("AmazonBedrockExecutionRoleForAgentsHRAgent", AGENT),
    ("README.md", WORKLOAD),
    ("Distillation-via-S3-input.md", WORKLOAD),
    ("getting-started-bedrock-marketplace.md", WORKLOAD),
    ("KbRole", WORKLOAD),
    ("KnowledgeBaseRole", WORKLOAD),
    ("GatewayRole", AGENT),
    ("EvalExecutionRole", WORKLOAD),
    ("KBExecutionRole", WORKLOAD),
    ("ops_deployer", WORKLOAD),
    ("prod_deployer", WORKLOAD),
    ("target_role", AGENT),
    ("kb_role", WORKLOAD),
    ("code_interpreter_role", AGENT),
    ("bedrock_agent_role", AGENT),
    ("bedrock_knowledge_base_role", WORKLOAD),
    ("agent_trust", AGENT),
    ("custom_model_trust", WORKLOAD),
    ("AWSReservedSSO_AdministratorAccess_dc6414f7f2ab04fc", OPERATOR),
    ("AWSReservedSSO_ViewOnlyAccess_0ace44bbc7092ea8", OPERATOR),
];

/// Those that are taken for something else, and why that stands.
const MISSES: [(usize, InferredClass, &str); 8] = [
    (
        3,
        AGENT,
        "a function that serves tools, and AgentCore may assume its role besides: what an agent may become is an agent's",
    ),
    (
        10,
        WORKLOAD,
        "the guests of an identity pool, switched off by a Deny: no kind fits; nobody signs in, so it is not people's",
    ),
    (
        14,
        Unknown,
        "a provider of any name: nothing in the policy tells people from programs; a hint of the manifest names it",
    ),
    (19, WORKLOAD, "as 10"),
    (22, AGENT, "a knowledge base without aws:SourceArn: Bedrock may assume it for an agent as well"),
    (35, AGENT, "a marketplace endpoint without aws:SourceArn: as 22"),
    (39, AGENT, "AgentCore's evaluations, without aws:SourceArn: AgentCore may assume it for an agent as well"),
    (47, AGENT, "as 22"),
];

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (trust policies)"]
fn every_trust_policy_is_classified_and_every_miss_is_argued() {
    let file = crate::needs::corpus().join("policies/agent_and_operator_trust_policies.json");
    let policies: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(policies.len(), FOR.len());
    let roles: Vec<Value> = policies.iter().enumerate().map(|(index, policy)| as_role(index, policy)).collect();
    let snapshot = snapshot(&roles, &[]);
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    let found = classify_principals(&snapshot, None);
    let arns: Vec<&str> = snapshot.principals().map(|(_, principal)| principal.arn.as_str()).collect();
    let mut wrong = Vec::new();
    for (index, (policy, (at, purpose))) in policies.iter().zip(FOR).enumerate() {
        let place = format!("{} {}", policy["file"].as_str().unwrap(), policy["at"].as_str().unwrap());
        let place =
            place.replace("/Resources/", "").replace("/Properties/AssumeRolePolicyDocument", "").replace(" /block", "");
        assert!(place.ends_with(at), "{index}: {place}");
        let arn = roles[index]["Arn"].as_str().unwrap();
        let found = &found[arns.iter().position(|other| *other == arn).unwrap()];
        let miss = MISSES.iter().find(|(missed, ..)| *missed == index);
        let expected = miss.map_or(purpose, |(_, taken_for, _)| *taken_for);
        if found.class != expected {
            wrong.push(format!(
                "{index} {place}: {:?} for {expected:?}: {}",
                found.class,
                iamdrift::report::text::render_class_reason(&found.reason)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A miss that is one no more is to be taken out of the list.
    assert!(MISSES.iter().all(|(index, taken_for, why)| FOR[*index].1 != *taken_for && !why.is_empty()));
    // No agent goes unseen: what is missed is taken for one, or has no kind.
    assert!(MISSES.iter().all(|(index, ..)| FOR[*index].1 != AGENT));
}

/// The role that a policy is deployed with. Two stand in the account of a third, as their scenario has it.
fn as_role(index: usize, policy: &Value) -> Value {
    let at = policy["at"].as_str().unwrap();
    let arn = match index {
        41 => format!("arn:aws:iam::{OPERATIONS}:role/pl-ops-goidc-pivot-deployer-role"),
        _ if at.starts_with("arn:") => at.to_owned(),
        _ => format!("arn:aws:iam::111122223333:role/x{index}"),
    };
    let resource = arn.split_once(":role/").unwrap().1;
    let (path, name) =
        resource.rsplit_once('/').map_or(("/".to_owned(), resource), |(p, name)| (format!("/{p}/"), name));
    let document = filled_in(&policy["document"]);
    json!({
        "Arn": arn, "RoleName": name, "RoleId": format!("AROAX{index}"), "Path": path,
        "AssumeRolePolicyDocument": document, "RolePolicyList": [], "AttachedManagedPolicies": [],
    })
}

const OPERATIONS: &str = "444455556666";

/// What the stacks put in the place of what they refer to.
const REFERENCES: [(&str, &str); 8] = [
    ("Auth0OIDCProvider.Arn", "arn:aws:iam::111122223333:oidc-provider/example.us.auth0.com/"),
    ("AzureOIDCProvider.Arn", "arn:aws:iam::111122223333:oidc-provider/login.microsoftonline.com/0a1b/v2.0"),
    (
        "CognitoUserPoolOIDCProvider.Arn",
        "arn:aws:iam::111122223333:oidc-provider/cognito-idp.us-east-1.amazonaws.com/us-east-1_x",
    ),
    ("OidcProvider.Arn", "arn:aws:iam::111122223333:oidc-provider/login.example.com"),
    ("GoogleOIDCProvider.Arn", "arn:aws:iam::111122223333:oidc-provider/accounts.google.com"),
    ("OktaOIDCProvider.Arn", "arn:aws:iam::111122223333:oidc-provider/example.okta.com"),
    (
        "aws_iam_openid_connect_provider.github.arn",
        "arn:aws:iam::444455556666:oidc-provider/token.actions.githubusercontent.com",
    ),
    ("var.operations_account_id", OPERATIONS),
];

/// A document with everything filled in.
fn filled_in(value: &Value) -> Value {
    match value {
        Value::String(text) => chosen(text),
        Value::Array(list) => list.iter().map(filled_in).collect(),
        Value::Object(members) => match members.get("Fn::Sub") {
            Some(text) => filled_in(text),
            None => Value::Object(members.iter().map(|(key, value)| (key.clone(), filled_in(value))).collect()),
        },
        other => other.clone(),
    }
}

/// `${Condition,then,else}` takes the last branch, which is that of the commercial regions, or of a provider that is
/// already there; a branch may be a condition block.
fn chosen(text: &str) -> Value {
    let is_choice = text.starts_with("${IsGovCloudWest,") || text.starts_with("${CreateProvider,");
    if !is_choice {
        return json!(substituted(text));
    }
    if let Some((_, block)) = text.rsplit_once(",{") {
        let block = format!("{{{}}}", block.trim_end_matches('}')).replace('\'', "\"");
        let block: Value = serde_json::from_str(
            &block
                .replace("${CognitoIdentityPool\"", "${CognitoIdentityPool}\"")
                .replace("${BedrockIdentityPool\"", "${BedrockIdentityPool}\""),
        )
        .unwrap();
        return filled_in(&block);
    }
    let last = text.rsplit(',').next().unwrap();
    let last = if last.contains("${AWS") { last } else { last.trim_end_matches('}') };
    json!(substituted(last))
}

/// A text with each innermost `${…}` replaced, until there is none.
fn substituted(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(start) = text.rfind("${") {
        let Some(length) = text[start..].find('}') else { break };
        let name = &text[start + 2..start + length];
        let value = match REFERENCES.iter().find(|(reference, _)| *reference == name) {
            Some((_, value)) => (*value).to_owned(),
            None if name == "AWS::Partition" => "aws".to_owned(),
            None if name == "AWS::Region" => "us-east-1".to_owned(),
            None if name.to_lowercase().contains("account") => "111122223333".to_owned(),
            // A text that was marked as one with references in it.
            None if name.contains("arn:") || name.contains("repo:") => name.to_owned(),
            None => "example".to_owned(),
        };
        text.replace_range(start..=start + length, &value);
    }
    text.trim_end_matches('}').to_owned()
}
