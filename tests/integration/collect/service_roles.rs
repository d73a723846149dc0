//! The resources of services that use roles, from recorded answers of the Cloud Control API.

use std::collections::BTreeSet;
use std::path::Path;

use iamdrift::collect::{CALLS, CollectionStage};
use iamdrift::snapshot::{ReadRegions, Snapshot};
use serde_json::{Value, json};

use super::answers::{Account, Aws, CALLER, READ_ONLY, role};
use super::server::{Answer, Request, Server};
use super::{ended, run};

const FUNCTION: &str = "AWS::Lambda::Function";
const MACHINE: &str = "AWS::StepFunctions::StateMachine";
const ARGUMENTS: [&str; 6] =
    ["collect", "--requests-per-second", "0", "--read-service-roles", "--resource-regions", "us-east-1,eu-west-1"];

fn function(name: &str, region: &str) -> Value {
    json!({ "FunctionName": name, "Arn": format!("arn:aws:lambda:{region}:{CALLER}:function:{name}"),
            "Role": format!("arn:aws:iam::{CALLER}:role/one"), "Environment": { "Variables": { "A": "ü" } } })
}

fn region(request: &Request) -> &'static str {
    if request.head.contains("/eu-west-1/") { "eu-west-1" } else { "us-east-1" }
}

fn description(identifier: &str, properties: &Value) -> Value {
    json!({ "Identifier": identifier, "Properties": properties.to_string() })
}

/// Two pages of functions in one region, whose list has names alone; a gateway and a state machine in the other.
fn answer(request: &Request) -> Option<Answer> {
    if !request.name().starts_with("cloudcontrolapi:") {
        return None;
    }
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let (name, region) = (body["TypeName"].as_str().unwrap(), region(request));
    let list = |descriptions: Vec<Value>, next: Value| json!({ "TypeName": name, "ResourceDescriptions": descriptions, "NextToken": next });
    let only_name = |name: &str| description(name, &json!({ "FunctionName": name }));
    let answer = match (request.operation.as_str(), name, region, body["NextToken"].as_str()) {
        ("ListResources", FUNCTION, "us-east-1", None) => list(vec![only_name("a"), only_name("b")], json!("more")),
        ("ListResources", FUNCTION, "us-east-1", _) => list(vec![only_name("c")], Value::Null),
        ("ListResources", "AWS::BedrockAgentCore::Gateway", "eu-west-1", _) => {
            let arn = format!("arn:aws:bedrock-agentcore:eu-west-1:{CALLER}:gateway/g-0123456789");
            let role = format!("arn:aws:iam::{CALLER}:role/one");
            let whole = json!({ "GatewayArn": arn, "RoleArn": role, "AuthorizerType": "CUSTOM_JWT" });
            list(vec![description("g-0123456789", &whole)], Value::Null)
        }
        ("ListResources", ..) => list(Vec::new(), Value::Null),
        ("GetResource", FUNCTION, ..) => {
            let identifier = body["Identifier"].as_str().unwrap();
            json!({ "TypeName": name, "ResourceDescription": description(identifier, &function(identifier, region)) })
        }
        other => panic!("{other:?}"),
    };
    Some(Answer::Whole { status: 200, kind: "application/x-amz-json-1.0", body: answer.to_string() })
}

fn aws() -> Aws {
    Aws::new(100).with(CALLER, Account { roles: vec![role(CALLER, "one", &[], &[READ_ONLY])], ..Account::default() })
}

fn load(folder: &Path) -> Snapshot {
    Snapshot::load(&folder.join("snapshot")).unwrap()
}

fn arns(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.service_roles.resources.iter().map(|resource| resource.arn.resource()).collect()
}

/// Where all resources of a type are known.
fn read_in(snapshot: &Snapshot, name: &str) -> Option<ReadRegions> {
    let mut entries = snapshot.service_roles.complete.iter();
    entries.find(|((_, other), _)| other == name).map(|(_, regions)| regions.clone())
}

#[test]
fn resources_are_collected_with_their_roles() {
    let aws = aws();
    let server = Server::start(move |request, _| answer(request).unwrap_or_else(|| aws.answer(request)));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(ended(&run(&server.url, folder.path(), &ARGUMENTS)), (0, String::new()));
    let snapshot = load(folder.path());
    assert_eq!(arns(&snapshot), ["gateway/g-0123456789", "function:a", "function:b", "function:c"]);
    let resources = &snapshot.service_roles.resources;
    assert!(resources.iter().all(|resource| resource.role_names().eq([(CALLER, "one")])));
    assert_eq!(resources[0].properties["AuthorizerType"], "CUSTOM_JWT");
    let both = ReadRegions::Only(["eu-west-1", "us-east-1"].map(str::to_owned).into());
    assert_eq!(snapshot.service_roles.complete.len(), 10);
    assert!(snapshot.service_roles.complete.values().all(|regions| *regions == both));
    // A list that has the properties needs no second call.
    assert_eq!(server.count("cloudcontrolapi:GetResource"), 3);
    let operations: BTreeSet<String> = server
        .seen()
        .into_iter()
        .filter(|request| request.service == "cloudcontrolapi")
        .map(|request| request.operation)
        .collect();
    let own =
        CALLS.iter().filter(|call| call.stage == CollectionStage::ServiceRoles && call.frequency != "by Cloud Control");
    assert_eq!(operations, own.map(|call| call.operation.to_owned()).collect());

    // What the user states about other regions.
    let folder = tempfile::tempdir().unwrap();
    let arguments = [&ARGUMENTS[..], &["--no-other-regions"]].concat();
    assert_eq!(ended(&run(&server.url, folder.path(), &arguments)), (0, String::new()));
    assert_eq!(read_in(&load(folder.path()), FUNCTION), Some(ReadRegions::All));

    // Without the option, nothing is asked.
    let before = server.count("cloudcontrolapi:ListResources");
    let folder = tempfile::tempdir().unwrap();
    let mut without = ARGUMENTS.to_vec();
    without.retain(|argument| *argument != "--read-service-roles");
    let (_, message) = ended(&run(&server.url, folder.path(), &without[..3]));
    assert_eq!((message, server.count("cloudcontrolapi:ListResources")), (String::new(), before));
}

#[test]
fn what_cannot_be_read_is_named_and_its_type_is_not_complete() {
    let aws = aws();
    let server = Server::start(move |request, before| {
        let is = |operation: &str, text: &str| request.operation == operation && request.body.contains(text);
        let denied = |action: &str| {
            let message =
                format!("User: arn:aws:iam::{CALLER}:role/x is not authorized to perform: {action} on resource: *");
            Answer::json_error(400, "AccessDeniedException", &message)
        };
        match () {
            // The first attempt of all is throttled, and is made again.
            () if request.operation == "ListResources" && before == 0 => {
                Answer::json_error(400, "ThrottlingException", "Rate exceeded")
            }
            () if is("ListResources", MACHINE) => denied("states:ListStateMachines"),
            () if is("ListResources", "AWS::ECS::TaskDefinition") && region(request) == "eu-west-1" => {
                Answer::json_error(
                    400,
                    "UnrecognizedClientException",
                    "The security token included in the request is invalid",
                )
            }
            () if is("ListResources", "AWS::SageMaker::NotebookInstance") && region(request) == "eu-west-1" => {
                Answer::Whole { status: 200, kind: "application/x-amz-json-1.0", body: "{}".to_owned() }
            }
            () if is("GetResource", "\"a\"") => denied("lambda:GetFunction"),
            () if is("GetResource", "\"b\"") => Answer::json_error(400, "ResourceNotFoundException", "it is gone"),
            () => answer(request).unwrap_or_else(|| aws.answer(request)),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let (status, message) = ended(&run(&server.url, folder.path(), &ARGUMENTS));
    assert_eq!(status, 3, "{message}");
    let snapshot = load(folder.path());
    assert_eq!(arns(&snapshot), ["gateway/g-0123456789", "function:c"]);
    let gaps: Vec<(Option<&str>, Option<&str>)> = snapshot
        .collection_gaps
        .iter()
        .map(|gap| (gap.unread.of.as_deref(), gap.unread.permission.as_deref()))
        .collect();
    let expected = [
        (Some("AWS::ECS::TaskDefinition in eu-west-1"), None),
        (Some("AWS::Lambda::Function a in us-east-1"), Some("lambda:GetFunction")),
        (Some("AWS::SageMaker::NotebookInstance in eu-west-1"), None),
        (Some("AWS::StepFunctions::StateMachine in eu-west-1"), Some("states:ListStateMachines")),
        (Some("AWS::StepFunctions::StateMachine in us-east-1"), Some("states:ListStateMachines")),
    ];
    assert_eq!(gaps, expected);
    let only = |region: &str| Some(ReadRegions::Only([region.to_owned()].into()));
    assert_eq!(read_in(&snapshot, FUNCTION), only("eu-west-1"));
    assert_eq!(read_in(&snapshot, "AWS::SageMaker::NotebookInstance"), only("us-east-1"));
    assert_eq!(read_in(&snapshot, "AWS::ECS::TaskDefinition"), only("us-east-1"));
    assert_eq!(read_in(&snapshot, MACHINE), None);
}
