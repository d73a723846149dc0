//! *Mixed*: roles of one account. Each has 1 to 4 inline policies of its own and 1 to 4 of N/10 customer managed policies;
//! 20 services; 15 % Deny, half of them with a condition; 5 % `NotAction`, in Allow and in Deny; 20 % conditions on the Region;
//! 40 % of the resources are `*`; 20 % of the roles have a boundary; 20 % trust the account.

use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::account::{self, attachment, document, managed_policy, trust_principal, trust_service};
use super::random::Random;
use super::services::SERVICES;

const ACCOUNT: &str = "111122223333";
const BOUNDARIES: usize = 5;
const SERVICE_PRINCIPALS: [&str; 4] =
    ["ec2.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com", "states.amazonaws.com"];

pub fn write(path: &Path, roles: usize, seed: u64) -> io::Result<()> {
    let shared = (roles / 10).max(1);
    let mut random = Random::new(seed);
    let policies = (0..shared).map(|number| {
        let name = format!("shared-{number}");
        let mut random = Random::new(seed ^ (number as u64) << 20);
        managed_policy(ACCOUNT, &name, &document(&statements(&mut random, ACCOUNT, &name)))
    });
    let boundaries = (0..BOUNDARIES).map(|number| {
        let name = format!("boundary-{number}");
        managed_policy(ACCOUNT, &name, &boundary(number))
    });
    let roles = (0..roles).map(|number| mixed_role(&mut random, number, shared));
    account::write(path, roles, policies.chain(boundaries))
}

fn mixed_role(random: &mut Random, number: usize, shared: usize) -> Value {
    let name = format!("service-{number}");
    let trust = match random.percent(20) {
        true => trust_principal(&format!("arn:aws:iam::{ACCOUNT}:root")),
        false => trust_service(random.pick::<&str>(&SERVICE_PRINCIPALS)),
    };
    let mut role = account::role(ACCOUNT, "/", &name, &trust);
    let inline = (0..random.up_to(4))
        .map(|i| {
            let document = document(&statements(random, ACCOUNT, &format!("{name}-{i}")));
            json!({ "PolicyName": format!("inline-{i}"), "PolicyDocument": document })
        })
        .collect::<Vec<Value>>();
    let mut attached: Vec<usize> = (0..random.up_to(4)).map(|_| random.below(shared)).collect();
    attached.sort_unstable();
    attached.dedup();
    role["RolePolicyList"] = inline.into();
    role["AttachedManagedPolicies"] =
        attached.iter().map(|number| attachment(ACCOUNT, &format!("shared-{number}"))).collect::<Vec<_>>().into();
    if random.percent(20) {
        let boundary = random.below(BOUNDARIES);
        role["PermissionsBoundary"] = json!({
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": format!("arn:aws:iam::{ACCOUNT}:policy/boundary-{boundary}"),
        });
    }
    role
}

/// The statements of one policy.
pub fn statements(random: &mut Random, account: &str, name: &str) -> Vec<Value> {
    (0..random.up_to(3)).map(|i| statement(random, account, &format!("{name}-{i}"))).collect()
}

fn statement(random: &mut Random, account: &str, name: &str) -> Value {
    let is_deny = random.percent(15);
    let mut statement = Map::new();
    statement.insert("Effect".into(), if is_deny { "Deny" } else { "Allow" }.into());
    let service = random.pick(SERVICES);
    if random.percent(5) {
        let excluded: Vec<String> =
            (0..1 + random.up_to(4)).map(|_| format!("{}:*", random.pick(SERVICES).prefix)).collect();
        statement.insert("NotAction".into(), excluded.into());
        statement.insert("Resource".into(), "*".into());
    } else {
        let mut actions: Vec<String> = (0..random.up_to(6))
            .map(|_| {
                let list = if random.percent(50) { service.read } else { service.write };
                format!("{}:{}", service.prefix, random.pick(list))
            })
            .collect();
        actions.sort_unstable();
        actions.dedup();
        if random.percent(10) {
            actions.push(format!("{}:{}*", service.prefix, random.pick(&["Get", "List", "Describe", "Put"])));
        }
        statement.insert("Action".into(), actions.into());
        let resource = match random.percent(40) {
            true => "*".to_owned(),
            false => service.arn.replace("{account}", account).replace("{name}", name),
        };
        statement.insert("Resource".into(), resource.into());
    }
    let mut conditions = Map::new();
    if random.percent(20) {
        let regions = [random.pick(&["eu-west-1", "eu-central-1"]), random.pick(&["us-east-1", "us-west-2"])];
        let operator = if is_deny { "StringNotEquals" } else { "StringEquals" };
        conditions.insert(operator.into(), json!({ "aws:RequestedRegion": regions }));
    }
    if is_deny && random.percent(50) {
        conditions.insert("Bool".into(), json!({ "aws:MultiFactorAuthPresent": "false" }));
    }
    if !conditions.is_empty() {
        statement.insert("Condition".into(), conditions.into());
    }
    statement.into()
}

fn boundary(number: usize) -> Value {
    let services: Vec<String> =
        SERVICES.iter().skip(number).step_by(2).map(|service| format!("{}:*", service.prefix)).collect();
    document(&[json!({ "Effect": "Allow", "Action": services, "Resource": "*" })])
}
