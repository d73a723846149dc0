//! The policies of resources, one of each service, put into moto and collected: what arrives is what was put in, and
//! what was called is what the table says.

use std::collections::{BTreeMap, BTreeSet};

use iamdrift::collect::CollectionStage;
use serde_json::{Value, json};

use super::moto::MANAGEMENT;
use super::moto_server::{Moto, between};
use super::server::{Answer, Request, Server, forwarded};
use super::{ended, permissions, run};

const KEY: &str = "AKIACALLER";
const REGION: &str = "us-east-1";

/// A policy for a resource, with characters beyond ASCII and a percent sign that means itself.
fn policy(action: &str, resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "One", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{MANAGEMENT}:root") },
        "Action": action, "Resource": resource,
        "Condition": { "StringEquals": { "aws:PrincipalTag/team": "bïlling 100%41" } }
    }] })
}

/// Puts one resource of each service in; gives their policies by ARN.
fn fill(moto: &Moto) -> BTreeMap<String, Value> {
    let arn = |service: &str, resource: &str| format!("arn:aws:{service}:{REGION}:{MANAGEMENT}:{resource}");
    let mut expected = BTreeMap::new();

    let bucket = "arn:aws:s3:::buero".to_owned();
    let document = policy("s3:GetObject", &format!("{bucket}/*"));
    moto.send(KEY, "s3", "PUT /buero", "", "");
    moto.send(KEY, "s3", "PUT /buero?policy", "", &document.to_string());
    moto.send(KEY, "s3", "PUT /without-a-policy", "", "");
    expected.insert(bucket, document);

    let document = policy("kms:Decrypt", "*");
    let key = moto.json("kms", "TrentService.CreateKey", json!({ "Policy": document.to_string() }));
    expected.insert(key["KeyMetadata"]["Arn"].as_str().unwrap().to_owned(), document);

    let queue = arn("sqs", "jobs");
    let document = policy("sqs:SendMessage", &queue);
    let attributes = json!({ "QueueName": "jobs", "Attributes": { "Policy": document.to_string() } });
    moto.json("sqs", "AmazonSQS.CreateQueue", attributes);
    moto.json("sqs", "AmazonSQS.CreateQueue", json!({ "QueueName": "without-a-policy" }));
    expected.insert(queue, document);

    let topic = arn("sns", "news");
    let document = policy("sns:Publish", &topic);
    moto.query(KEY, "sns", "CreateTopic", &[("Name", "news")]);
    let fields = [("TopicArn", &*topic), ("AttributeName", "Policy"), ("AttributeValue", &document.to_string())];
    moto.query(KEY, "sns", "SetTopicAttributes", &fields);
    expected.insert(topic, document);

    let document = policy("secretsmanager:GetSecretValue", "*");
    let secret = moto.json(
        "secretsmanager",
        "secretsmanager.CreateSecret",
        json!({ "Name": "key", "SecretString": "x", "ClientRequestToken": "0".repeat(32) }),
    );
    let secret = secret["ARN"].as_str().unwrap().to_owned();
    let put = json!({ "SecretId": secret, "ResourcePolicy": document.to_string() });
    moto.json("secretsmanager", "secretsmanager.PutResourcePolicy", put);
    expected.insert(secret, document);

    let document = policy("ecr:BatchGetImage", "*");
    let target = "AmazonEC2ContainerRegistry_V20150921";
    let created = moto.json("ecr", &format!("{target}.CreateRepository"), json!({ "repositoryName": "app" }));
    let put = json!({ "repositoryName": "app", "policyText": document.to_string() });
    moto.json("ecr", &format!("{target}.SetRepositoryPolicy"), put);
    expected.insert(created["repository"]["repositoryArn"].as_str().unwrap().to_owned(), document);

    let table = arn("dynamodb", "table/orders");
    let document = policy("dynamodb:GetItem", &table);
    let create = json!({
        "TableName": "orders", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }]
    });
    moto.json("dynamodb", "DynamoDB_20120810.CreateTable", create);
    let put = json!({ "ResourceArn": table, "Policy": document.to_string() });
    moto.json("dynamodb", "DynamoDB_20120810.PutResourcePolicy", put);
    expected.insert(table, document);

    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
    let role = moto.query(KEY, "iam", "CreateRole", &[("RoleName", "fn"), ("AssumeRolePolicyDocument", trust)]);
    let create = json!({
        "FunctionName": "etl", "Runtime": "python3.12", "Handler": "a.b", "Role": between(&role, "<Arn>", "</Arn>"),
        // An empty archive.
        "Code": { "ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" }
    });
    let headers = "Content-Type: application/json\r\n";
    moto.send(KEY, "lambda", "POST /2015-03-31/functions", headers, &create.to_string());
    let permission =
        json!({ "StatementId": "One", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com" });
    moto.send(KEY, "lambda", "POST /2015-03-31/functions/etl/policy", headers, &permission.to_string());
    let function = arn("lambda", "function:etl");
    // What AWS makes of a permission.
    let document = json!([{
        "Sid": "One", "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" },
        "Action": "lambda:InvokeFunction", "Resource": function
    }]);
    expected.insert(function, document);
    expected
}

/// The policies that a snapshot holds, by ARN; of a function's the statements, since moto adds an id.
fn collected(folder: &std::path::Path) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(folder.join(format!("snapshot/accounts/{MANAGEMENT}.json"))).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let pages = file["Pages"].as_array().unwrap().clone();
    let entries = pages.iter().flat_map(|page| page["ResourcePolicies"].as_array().cloned().unwrap_or_default());
    entries
        .map(|entry| {
            assert_eq!(entry["OwnerAccount"], MANAGEMENT);
            let arn = entry["ResourceArn"].as_str().unwrap().to_owned();
            let of_function = arn.contains(":lambda:");
            let policy = if of_function { entry["Policy"]["Statement"].clone() } else { entry["Policy"].clone() };
            (arn, policy)
        })
        .collect()
}

#[test]
#[ignore = "needs IAMDRIFT_MOTO (moto_server)"]
fn the_policies_of_resources_are_collected_as_they_were_put_in() {
    let moto = Moto::start();
    let expected = fill(&moto);
    let port = moto.port;
    let recorder = Server::start(move |request, _| forwarded(request, port));
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["collect", "--requests-per-second", "0", "--resource-regions", REGION];
    assert_eq!(ended(&run(&recorder.url, folder.path(), &arguments)), (0, String::new()));
    assert_eq!(collected(folder.path()), expected);
    let sent: BTreeSet<String> = recorder.seen().iter().map(Request::name).collect();
    let calls = permissions::calls(|stage| stage == CollectionStage::Resources);
    assert_eq!(sent.intersection(&calls).cloned().collect::<BTreeSet<_>>(), calls);
    iamdrift::snapshot::Snapshot::load(&folder.path().join("snapshot")).unwrap();
}

#[test]
#[ignore = "needs IAMDRIFT_MOTO (moto_server)"]
fn one_resource_or_service_that_may_not_be_read_leaves_the_others() {
    let moto = Moto::start();
    let mut expected = fill(&moto);
    let port = moto.port;
    let server = Server::start(move |request, _| match request.name().as_str() {
        "sqs:GetQueueAttributes" if request.body.contains("jobs") => {
            Answer::json_error(403, "AccessDeniedException", "not this queue")
        }
        "kms:ListKeys" => Answer::json_error(400, "AccessDeniedException", "no keys"),
        _ => forwarded(request, port),
    });
    let folder = tempfile::tempdir().unwrap();
    let (status, told) = ended(&run(&server.url, folder.path(), &["collect", "--requests-per-second", "0"]));
    assert_eq!(status, 3);
    let queue = format!("arn:aws:sqs:{REGION}:{MANAGEMENT}:jobs");
    let names = [("kms in us-east-1", "kms:ListKeys"), (queue.as_str(), "sqs:GetQueueAttributes")];
    for (of, permission) in names {
        let line = told.lines().find(|line| line.contains(of) && line.contains(permission));
        assert!(line.is_some_and(|line| line.contains("AccessDeniedException")), "{of}: {told}");
    }
    expected.retain(|arn, _| !arn.contains(":kms:") && !arn.contains(":sqs:"));
    assert_eq!(collected(folder.path()), expected);
}
