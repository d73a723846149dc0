//! What surrounds a random account: its organization with the policies of that, and policies of resources.

use serde_json::{Value, json};

use super::random::Random;
use super::statements::{build_document, draw_condition, draw_deny};

const MANAGEMENT: &str = "999988887777";
const UNIT: &str = "ou-ab12-11111111";

fn build_policy(id: &str, kind: &str, statements: &[Value], targets: Value) -> Value {
    json!({ "Id": id, "Name": id, "Type": kind, "Content": build_document(statements), "Targets": targets })
}

fn draw_control_statements(random: &mut Random) -> Vec<Value> {
    match random.draw_between(1, 4) {
        1 => {
            vec![json!({ "Effect": "Deny", "Action": ["cloudtrail:StopLogging", "organizations:*"], "Resource": "*" })]
        }
        2 => vec![json!({
            "Effect": "Deny", "NotAction": ["iam:*", "sts:*", "organizations:*", "ce:*"], "Resource": "*",
            "Condition": { "StringNotEquals": { "aws:RequestedRegion": ["eu-west-1", "eu-central-1"] } },
        })],
        3 => vec![json!({
            "Effect": "Deny", "Action": ["rds:Delete*", "cloudformation:DeleteStack", "s3:Delete*"], "Resource": "*",
            "Condition": { "StringNotLike": { "aws:PrincipalTag/change-approval": "CHG-*" } },
        })],
        _ => vec![draw_deny(random), draw_deny(random)],
    }
}

/// Draws an organization with one unit, service control policies and at times resource control policies.
pub fn draw_organization(random: &mut Random, accounts: &[&str]) -> Value {
    let has_rcps = random.draw_chance(40);
    let everywhere: Vec<&str> = ["r-ab12", UNIT, MANAGEMENT].iter().chain(accounts).copied().collect();
    let allow_all = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let mut policies = vec![build_policy("p-FullAWSAccess", "SERVICE_CONTROL_POLICY", &[allow_all], json!(everywhere))];
    let target = *random.choose(&["r-ab12", UNIT, "111122223333"]);
    policies.push(build_policy("p-fence", "SERVICE_CONTROL_POLICY", &draw_control_statements(random), json!([target])));
    let mut types = vec![json!({ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" })];
    if has_rcps {
        types.push(json!({ "Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED" }));
        let open = json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" });
        policies.push(build_policy("p-RCPFullAWSAccess", "RESOURCE_CONTROL_POLICY", &[open], json!(everywhere)));
        let denial = json!({
            "Effect": "Deny", "Principal": "*", "Action": ["s3:*", "sqs:*", "kms:*"], "Resource": "*",
            "Condition": draw_condition(random),
        });
        policies.push(build_policy("p-perimeter", "RESOURCE_CONTROL_POLICY", &[denial], json!([UNIT])));
    }
    let members = accounts.iter().map(|id| json!({ "Id": id, "ParentId": UNIT, "Status": "ACTIVE" }));
    let management = json!({ "Id": MANAGEMENT, "ParentId": "r-ab12", "Status": "ACTIVE" });
    json!({
        "Organization": { "Id": "o-exampleorg1", "MasterAccountId": MANAGEMENT },
        "Roots": [{ "Id": "r-ab12", "Name": "Root", "PolicyTypes": types }],
        "DelegatedAdministrators": [],
        "OrganizationalUnits": [{ "Id": UNIT, "Name": "production", "ParentId": "r-ab12" }],
        "Accounts": members.chain([management]).collect::<Vec<_>>(),
        "Policies": policies,
    })
}

/// Resources that have policies: ARN, what statements name as their resource, actions.
const RESOURCES: [(&str, &str, &[&str]); 3] = [
    ("arn:aws:s3:::reports", "arn:aws:s3:::reports/*", &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]),
    (
        "arn:aws:sqs:eu-west-1:111122223333:jobs",
        "arn:aws:sqs:eu-west-1:111122223333:jobs",
        &["sqs:SendMessage", "sqs:PurgeQueue", "sqs:ReceiveMessage"],
    ),
    (
        "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000001",
        "*",
        &["kms:Decrypt", "kms:ScheduleKeyDeletion", "kms:CreateGrant"],
    ),
];

/// Draws policies of one or two resources. `principals` are ARNs that they may name.
pub fn draw_resource_policies(random: &mut Random, principals: &[String]) -> Value {
    let mut policies = Vec::new();
    for (arn, pattern, actions) in random.choose_some(&RESOURCES, 2) {
        let principal = match random.draw_between(1, 5) {
            1..=3 => json!({ "AWS": random.choose_some(principals, 2) }),
            4 => json!({ "AWS": "arn:aws:iam::111122223333:root" }),
            _ => json!({ "AWS": "444455556666" }),
        };
        let actions = random.choose_some(actions, 2);
        let mut allow = json!({ "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": pattern });
        if random.draw_chance(30) {
            allow["Condition"] = draw_condition(random);
        }
        let mut statements = vec![allow];
        if random.draw_chance(50) {
            statements.push(json!({
                "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": pattern,
                "Condition": draw_condition(random),
            }));
        }
        policies.push(json!({
            "ResourceArn": arn, "OwnerAccount": "111122223333", "Policy": build_document(&statements),
        }));
    }
    json!(policies)
}
