//! Techniques that need an existing resource: with a list of the resources, a path rests on one of them, or is gone.

use iamdrift::reach::{ProvenStep, Technique, TechniqueKind, techniques};
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::each_technique::{account, find, needs, uses};
use super::{ACCOUNT, admin, allow, arn, ids, role, service, shortest, user};

/// An ARN of each type of resource.
const EXAMPLES: [(&str, &str); 17] = [
    ("AWS::AppRunner::Service", "apprunner:eu-west-1:111122223333:service/web/8fe1e10304f84fd2b0df550fe98a71fa"),
    ("AWS::BedrockAgentCore::BrowserCustom", "bedrock-agentcore:eu-west-1:111122223333:browser-custom/b-0123456789"),
    (
        "AWS::BedrockAgentCore::CodeInterpreterCustom",
        "bedrock-agentcore:eu-west-1:111122223333:code-interpreter-custom/c-0123456789",
    ),
    ("AWS::BedrockAgentCore::Gateway", "bedrock-agentcore:eu-west-1:111122223333:gateway/g-0123456789"),
    ("AWS::BedrockAgentCore::Harness", "bedrock-agentcore:eu-west-1:111122223333:harness/h-0123456789"),
    ("AWS::BedrockAgentCore::Runtime", "bedrock-agentcore:eu-west-1:111122223333:runtime/r-0123456789"),
    (
        "AWS::BedrockAgentCore::RuntimeEndpoint",
        "bedrock-agentcore:eu-west-1:111122223333:runtime/r-0123456789/runtime-endpoint/e",
    ),
    (
        "AWS::CloudFormation::Stack",
        "cloudformation:eu-west-1:111122223333:stack/s/8fe1e103-04f8-4fd2-b0df-550fe98a71fa",
    ),
    ("AWS::CodeBuild::Project", "codebuild:eu-west-1:111122223333:project/p"),
    (
        "AWS::Cognito::IdentityPool",
        "cognito-identity:eu-west-1:111122223333:identitypool/eu-west-1:8fe1e103-04f8-4fd2-b0df-550fe98a71fa",
    ),
    ("AWS::EC2::Instance", "ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0"),
    ("AWS::ECS::TaskDefinition", "ecs:eu-west-1:111122223333:task-definition/web:7"),
    ("AWS::Glue::DevEndpoint", "glue:eu-west-1:111122223333:devEndpoint/d"),
    ("AWS::Glue::Job", "glue:eu-west-1:111122223333:job/j"),
    ("AWS::Lambda::Function", "lambda:eu-west-1:111122223333:function:f"),
    ("AWS::SageMaker::NotebookInstance", "sagemaker:eu-west-1:111122223333:notebook-instance/n"),
    ("AWS::StepFunctions::StateMachine", "states:eu-west-1:111122223333:stateMachine:m"),
];

fn example(resource_type: &str) -> String {
    let found = EXAMPLES.iter().find(|(name, _)| *name == resource_type);
    format!("arn:aws:{}", found.unwrap_or_else(|| panic!("no example of {resource_type}")).1)
}

fn resource(resource_type: &str, arn: &str, roles: &[&str]) -> Value {
    json!({ "ResourceType": resource_type, "Arn": arn, "Roles": roles })
}

fn file(resources: &[Value], types: &[&str], regions: &[&str]) -> Value {
    let complete = match types {
        [] => json!([]),
        _ => json!([{ "Account": ACCOUNT, "ResourceTypes": types, "Regions": regions }]),
    };
    json!({ "ServiceResources": resources, "CompleteResourceTypes": complete })
}

/// The steps of `r` to `admin`, which Lambda can use, by its statements.
fn path(statements: Value, service_name: &str, service_roles: &Value) -> Option<Vec<ProvenStep>> {
    let roles = [
        role("r", &statements, service("ec2")),
        admin(service(service_name)),
        role("idle", &json!([]), service("lambda")),
    ];
    let page = json!({ "RoleDetailList": roles, "UserDetailList": [user("u", &json!([]))], "Policies": [], "GroupDetailList": [] });
    let sources = [
        SourceFile::new("account.json", page.to_string()),
        SourceFile::new("service-roles.json", service_roles.to_string()),
    ];
    let snapshot = Snapshot::from_texts(std::path::Path::new("given"), &sources).expect("a snapshot");
    shortest(&snapshot, &arn("role", "r"))
}

fn requests(steps: &[ProvenStep]) -> Vec<(&str, &str)> {
    let requests = steps.iter().flat_map(|step| &step.requests);
    requests.map(|request| (request.request.action.as_str(), request.request.resource.as_str())).collect()
}

fn assumptions(steps: &[ProvenStep]) -> Vec<&str> {
    steps.iter().flat_map(|step| &step.assumptions).map(String::as_str).collect()
}

const FUNCTION: &str = "AWS::Lambda::Function";
const F: &str = "arn:aws:lambda:eu-west-1:111122223333:function:f";
const G: &str = "arn:aws:lambda:eu-west-1:111122223333:function:g";

fn update_and_invoke(resource: &str) -> Value {
    allow(json!(["lambda:UpdateFunctionCode", "lambda:InvokeFunction"]), resource)
}

#[test]
fn a_path_rests_on_the_function_that_uses_the_role() {
    let admins = arn("role", "admin");
    let functions = [resource(FUNCTION, G, &["idle"]), resource(FUNCTION, F, &[&admins])];
    for complete in [file(&functions, &[FUNCTION], &["*"]), file(&functions, &[], &[])] {
        let steps = path(update_and_invoke("*"), "lambda", &complete).expect("a path");
        assert_eq!(ids(&steps), ["lambda-004"]);
        assert_eq!(requests(&steps), [("lambda:UpdateFunctionCode", F), ("lambda:InvokeFunction", F)]);
        assert_eq!(assumptions(&steps), [""; 0]);
    }
    let steps = path(allow(json!("lambda:UpdateFunctionCode"), "*"), "lambda", &file(&functions, &[FUNCTION], &["*"]));
    let steps = steps.expect("a path");
    assert_eq!(
        (ids(&steps), assumptions(&steps)),
        (vec!["lambda-003".into()], vec!["something invokes the Lambda function"])
    );
}

#[test]
fn without_such_a_function_there_is_no_path() {
    let admins = arn("role", "admin");
    let idle = [resource(FUNCTION, G, &["idle"])];
    let used = [resource(FUNCTION, G, &["idle"]), resource(FUNCTION, F, &[&admins])];
    let found = |statements: Value, file: &Value| path(statements, "lambda", file).map(|steps| ids(&steps));
    assert_eq!(found(update_and_invoke("*"), &file(&idle, &[FUNCTION], &["*"])), None, "no function uses the role");
    assert_eq!(found(update_and_invoke("*"), &file(&[], &[FUNCTION], &["*"])), None, "there is no function");
    let all = file(&used, &[FUNCTION], &["*"]);
    assert_eq!(found(update_and_invoke(G), &all), None, "it may change another function");
    assert!(found(update_and_invoke(F), &all).is_some());
    let one_each = json!([
        { "Effect": "Allow", "Action": "lambda:UpdateFunctionCode", "Resource": F },
        { "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": G },
    ]);
    assert_eq!(found(one_each, &all), Some(vec!["lambda-003".to_owned()]), "it may invoke another function");
    let denied = json!([update_and_invoke("*")[0], { "Effect": "Deny", "Action": "lambda:*", "Resource": F }]);
    assert_eq!(found(denied, &all), None);
}

#[test]
fn a_list_that_is_not_complete_leaves_the_assumption() {
    let idle = [resource(FUNCTION, G, &["idle"])];
    let assumed = |file: &Value| {
        let steps = path(update_and_invoke("*"), "lambda", file).expect("a path");
        assert!(requests(&steps).iter().all(|(_, resource)| *resource != G));
        assumptions(&steps).join("; ")
    };
    let as_today = "a Lambda function uses this role, and something invokes it";
    assert_eq!(assumed(&json!({})), as_today);
    assert_eq!(assumed(&file(&idle, &[], &[])), as_today);
    assert_eq!(assumed(&file(&idle, &["AWS::Glue::Job"], &["*"])), as_today);
    let regions = ["us-east-1", "eu-west-1"];
    let elsewhere = format!("{as_today}, in another region than eu-west-1, us-east-1");
    assert_eq!(assumed(&file(&idle, &[FUNCTION], &regions)), elsewhere);
    // Another account was read.
    let mut other = file(&idle, &[FUNCTION], &["*"]);
    other["CompleteResourceTypes"][0]["Account"] = json!("444455556666");
    assert_eq!(assumed(&other), as_today);
}

#[test]
fn a_role_that_is_passed_needs_some_resource() {
    const STATE_MACHINE: &str = "AWS::StepFunctions::StateMachine";
    let actions = json!(["iam:PassRole", "states:UpdateStateMachine", "states:StartExecution"]);
    let m = example(STATE_MACHINE);
    let with =
        |resources: &[Value]| path(allow(actions.clone(), "*"), "states", &file(resources, &[STATE_MACHINE], &["*"]));
    assert!(with(&[]).is_none(), "there is no state machine");
    let steps = with(&[resource(STATE_MACHINE, &m, &["idle"])]).expect("a path");
    assert_eq!((ids(&steps), assumptions(&steps)), (vec!["states-update".into()], vec![]));
    let admins = arn("role", "admin");
    let expected = [("iam:PassRole", &*admins), ("states:UpdateStateMachine", &m), ("states:StartExecution", &m)];
    assert_eq!(requests(&steps), expected);
}

#[test]
fn a_gateway_with_tokens_needs_one() {
    const GATEWAY: &str = "AWS::BedrockAgentCore::Gateway";
    let actions = || allow(json!(["bedrock-agentcore:CreateGatewayTarget", "bedrock-agentcore:InvokeGateway"]), "*");
    let (jwt, iam) = (example(GATEWAY), example(GATEWAY).replace("/g-", "/z-"));
    let mut gateways = vec![resource(GATEWAY, &jwt, &["admin"])];
    gateways[0]["Properties"] = json!({ "AuthorizerType": "CUSTOM_JWT" });
    let steps = path(actions(), "bedrock-agentcore", &file(&gateways, &[GATEWAY], &["*"])).expect("a path");
    assert_eq!(assumptions(&steps), ["the principal has a token that the AgentCore gateway accepts"]);
    gateways.push(resource(GATEWAY, &iam, &["admin"]));
    let steps = path(actions(), "bedrock-agentcore", &file(&gateways, &[GATEWAY], &["*"])).expect("a path");
    assert_eq!(assumptions(&steps), [""; 0]);
    assert!(requests(&steps).iter().all(|(_, resource)| *resource == iam));
}

/// What is wrong with a technique whose resources are listed, if anything is.
fn check(technique: &'static Technique) -> Vec<String> {
    let needed = needs(technique);
    let types: Vec<&str> = technique.resource_types.iter().map(String::as_str).collect();
    let steps_with = |resources: &[Value]| {
        let snapshot = account(technique, &needed, Some(&file(resources, &types, &["*"])));
        ["role", "user"]
            .map(|kind| if kind == "role" { arn(kind, "r") } else { arn(kind, "u") })
            .into_iter()
            .filter_map(|who| shortest(&snapshot, &who))
            .collect::<Vec<_>>()
    };
    let mut wrong = Vec::new();
    for at in 0..types.len() {
        let arns: Vec<String> = types.iter().map(|name| example(name)).collect();
        // The other types have a resource that uses another role.
        let resources: Vec<Value> = types
            .iter()
            .enumerate()
            .map(|(other, name)| resource(name, &arns[other], if other == at { &["admin"] } else { &["another"] }))
            .collect();
        let found = steps_with(&resources);
        let rests_on = |steps: &Vec<ProvenStep>| {
            let mut expected: Vec<String> = technique.remaining_assumption.iter().cloned().collect();
            if !requests(steps).iter().any(|(_, resource)| *resource == arns[at]) {
                expected.insert(0, format!("the requested resource belongs to {}", arns[at]));
            }
            uses(&ids(steps), technique) && assumptions(steps) == expected
        };
        let takes_no_more = |steps: &Vec<ProvenStep>| {
            ids(steps).iter().all(|id| *id != technique.id && needs(find(id)).is_subset(&needed))
        };
        if !found.iter().any(|steps| rests_on(steps) || takes_no_more(steps)) {
            let seen: Vec<_> = found.iter().map(|steps| (ids(steps), requests(steps), assumptions(steps))).collect();
            wrong.push(format!("{} does not rest on {}: {seen:?}", technique.id, arns[at]));
        }
    }
    let idle: Vec<Value> = match technique.kind {
        TechniqueKind::ExistingPassRole => {
            types.iter().map(|name| resource(name, &example(name), &["another"])).collect()
        }
        _ => Vec::new(),
    };
    if steps_with(&idle).iter().any(|steps| uses(&ids(steps), technique)) {
        wrong.push(format!("{} is found without a resource", technique.id));
    }
    wrong
}

#[test]
fn each_technique_rests_on_its_resource() {
    let listed = techniques().iter().filter(|technique| !technique.resource_types.is_empty());
    let wrong: Vec<String> = listed.flat_map(check).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for technique in techniques() {
        let has_types = !technique.resource_types.is_empty();
        let has_rest = technique.remaining_assumption.is_some() || !technique.property_assumptions.is_empty();
        assert!(has_types || !has_rest, "{}", technique.id);
        assert!(!has_types || technique.assumption.is_some(), "{}", technique.id);
    }
}
