//! *Copies*: N accounts with 100 roles each. 90 % are copies of 100 templates with the account number filled in; 10 % also have
//! an inline policy of their own. 10 organizational units with SCPs. One hub role, which every account trusts.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::account::{self, document, trust_principal, trust_service};
use super::mixed::statements;
use super::random::Random;

const TEMPLATES: usize = 100;
const UNITS: usize = 10;
const HUB_ACCOUNT: &str = "100000000000";

pub fn write(directory: &Path, accounts: usize, seed: u64) -> io::Result<()> {
    fs::create_dir_all(directory.join("accounts"))?;
    let ids: Vec<String> = (0..accounts).map(|number| (100_000_000_000 + number as u64).to_string()).collect();
    fs::write(directory.join("organization.json"), organization(&ids).to_string())?;
    for (number, id) in ids.iter().enumerate() {
        let mut random = Random::new(seed ^ (number as u64) << 24);
        let roles = (0..TEMPLATES).map(|template| copied_role(&mut random, id, template, seed));
        let hub = (id == HUB_ACCOUNT).then(hub_role);
        account::write(&directory.join(format!("accounts/{id}.json")), roles.chain(hub), std::iter::empty())?;
    }
    Ok(())
}

fn copied_role(random: &mut Random, account: &str, template: usize, seed: u64) -> Value {
    let trust = match template % 10 {
        0 => trust_principal(&format!("arn:aws:iam::{HUB_ACCOUNT}:role/hub")),
        1 => trust_principal(&format!("arn:aws:iam::{account}:root")),
        _ => trust_service("lambda.amazonaws.com"),
    };
    let name = format!("template-{template}");
    let mut of_template = Random::new(seed ^ template as u64);
    let mut role = account::role(account, "/stacksets/", &name, &trust);
    let mut policies = vec![
        json!({ "PolicyName": "stackset", "PolicyDocument": document(&statements(&mut of_template, account, &name)) }),
    ];
    if random.percent(10) {
        let own = statements(random, account, &format!("{name}-{account}"));
        policies.push(json!({ "PolicyName": "own", "PolicyDocument": document(&own) }));
    }
    role["RolePolicyList"] = policies.into();
    role
}

fn hub_role() -> Value {
    let mut role = account::role(HUB_ACCOUNT, "/", "hub", &trust_service("codebuild.amazonaws.com"));
    let assume =
        json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/stacksets/*" });
    role["RolePolicyList"] = json!([{ "PolicyName": "hub", "PolicyDocument": document(&[assume]) }]);
    role
}

fn organization(ids: &[String]) -> Value {
    let unit = |number: usize| format!("ou-abcd-{number:08}");
    let full = document(&[json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })]);
    let regions = |number: usize| {
        let region =
            ["eu-west-1", "eu-central-1", "us-east-1", "us-west-2"].into_iter().cycle().nth(number).unwrap_or_default();
        document(&[
            json!({ "Effect": "Deny", "Action": ["organizations:*", "account:*"], "Resource": "*" }),
            json!({ "Effect": "Deny", "NotAction": ["iam:*", "sts:*", "s3:*"], "Resource": "*",
                "Condition": { "StringNotEquals": { "aws:RequestedRegion": [region] } } }),
        ])
    };
    let service_control = "SERVICE_CONTROL_POLICY";
    let units: Vec<Value> = (0..UNITS)
        .map(|number| json!({ "Id": unit(number), "Name": format!("Unit {number}"), "ParentId": "r-abcd" }))
        .collect();
    let accounts: Vec<Value> = ids
        .iter()
        .enumerate()
        .map(|(number, id)| json!({ "Id": id, "Name": format!("account {number}"), "ParentId": unit(number % UNITS), "Status": "ACTIVE" }))
        .collect();
    let everything: Vec<String> =
        std::iter::once("r-abcd".to_owned()).chain((0..UNITS).map(unit)).chain(ids.iter().cloned()).collect();
    let mut policies = vec![json!({ "Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": service_control,
        "Content": full, "Targets": everything })];
    policies.extend((0..UNITS).map(|number| {
        json!({ "Id": format!("p-region{number:04}"), "Name": format!("Regions {number}"), "Type": service_control,
            "Content": regions(number), "Targets": [unit(number)] })
    }));
    json!({
        "Organization": { "Id": "o-example1234", "MasterAccountId": "999999999999" },
        "Roots": [{ "Id": "r-abcd", "Name": "Root", "PolicyTypes": [{ "Type": service_control, "Status": "ENABLED" }] }],
        "OrganizationalUnits": units,
        "Accounts": accounts,
        "Policies": policies,
    })
}
