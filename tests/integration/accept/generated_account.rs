//! Random accounts of two declared roles and an undeclared one, and random changes of them.

use serde_json::{Value, json};

use super::{account, allow, role, trust_ec2};
use crate::recorded_results::random::Random;

const ACTIONS: [&str; 7] =
    ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:Delete*", "sqs:SendMessage", "sqs:*", "s3:*"];
const RESOURCES: [&str; 5] = [
    "*",
    "arn:aws:s3:::pub/*",
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::${aws:PrincipalTag/team}/*",
    "arn:aws:sqs:eu-west-1:111122223333:*",
];
const CONDITIONS: [&str; 5] = [
    r#"{ "IpAddress": { "aws:SourceIp": "10.0.0.0/16" } }"#,
    r#"{ "NotIpAddress": { "aws:SourceIp": "10.0.0.0/16" } }"#,
    r#"{ "Bool": { "aws:SecureTransport": "true" } }"#,
    r#"{ "StringEquals": { "aws:RequestedRegion": ["eu-west-1", "eu-central-1"] } }"#,
    r#"{ "StringNotEquals": { "aws:PrincipalTag/team": "a" } }"#,
];

/// Whether a change can only remove access and trust.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// It can only remove.
    Shrinks,
    /// It may add.
    MayGrow,
}

/// A generated account.
#[derive(Clone, Debug)]
pub struct GeneratedAccount {
    roles: Vec<Value>,
    boundary: Vec<Value>,
    /// The statements of the SCP of the account. Empty without an organization.
    scp: Vec<Value>,
}

fn draw_statement(random: &mut Random, effect: &str) -> Value {
    let actions = random.choose_some(&ACTIONS, 2);
    let resource = *random.choose(&RESOURCES);
    let mut statement = json!({ "Effect": effect, "Action": actions, "Resource": resource });
    if random.draw_chance(40) {
        statement["Condition"] = random.choose_json(&CONDITIONS);
    }
    statement
}

fn draw_trust(random: &mut Random) -> Value {
    let mut statement =
        json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": "444455556666" } });
    if random.draw_chance(50) {
        statement["Condition"] = json!({ "StringEquals": { "sts:ExternalId": "x" } });
    }
    statement
}

impl GeneratedAccount {
    /// Draws an account.
    pub fn draw(random: &mut Random) -> GeneratedAccount {
        let mut roles = Vec::new();
        for name in ["r1", "r2", "x"] {
            let mut statements: Vec<Value> =
                (0..random.draw_between(1, 3)).map(|_| draw_statement(random, "Allow")).collect();
            if random.draw_chance(50) {
                statements.push(draw_statement(random, "Deny"));
            }
            let mut trust = vec![trust_ec2()];
            if random.draw_chance(50) {
                trust.push(draw_trust(random));
            }
            let mut drawn = role(name, &statements, &trust);
            drawn["Tags"] = json!([{ "Key": "team", "Value": random.choose(&["a", "pub"]) }]);
            if random.draw_chance(50) {
                let arn = "arn:aws:iam::111122223333:policy/bd";
                drawn["PermissionsBoundary"] =
                    json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn });
            }
            roles.push(drawn);
        }
        let boundary = (0..random.draw_between(1, 3)).map(|_| draw_statement(random, "Allow")).collect();
        let scp = match random.draw_between(1, 3) {
            1 => Vec::new(),
            2 => vec![allow(json!("*"), json!("*")), draw_statement(random, "Deny")],
            _ => vec![draw_statement(random, "Allow"), allow(json!("sqs:*"), json!("*"))],
        };
        GeneratedAccount { roles, boundary, scp }
    }

    /// The account in the shape of the AWS CLI.
    pub fn to_account(&self) -> Value {
        let document = json!({ "Version": "2012-10-17", "Statement": self.boundary });
        let policy = json!({
            "Arn": "arn:aws:iam::111122223333:policy/bd", "PolicyName": "bd", "DefaultVersionId": "v1",
            "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document }],
        });
        account(&self.roles, &[], &[policy])
    }

    /// The organization file. `None` without an organization.
    pub fn to_organization(&self) -> Option<Value> {
        if self.scp.is_empty() {
            return None;
        }
        let policy = |id: &str, statements: &[Value], targets: Value| {
            let content = json!({ "Version": "2012-10-17", "Statement": statements });
            json!({ "Id": id, "Name": id, "Type": "SERVICE_CONTROL_POLICY", "Content": content, "Targets": targets })
        };
        let everything = [allow(json!("*"), json!("*"))];
        Some(json!({
            "Organization": { "Id": "o-exampleorg1", "MasterAccountId": "999988887777" },
            "Roots": [{ "Id": "r-ab12", "Name": "Root", "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }] }],
            "DelegatedAdministrators": [],
            "OrganizationalUnits": [],
            "Accounts": [
                { "Id": "111122223333", "ParentId": "r-ab12", "Status": "ACTIVE" },
                { "Id": "999988887777", "ParentId": "r-ab12", "Status": "ACTIVE" },
            ],
            "Policies": [
                policy("p-FullAWSAccess", &everything, json!(["r-ab12", "999988887777"])),
                policy("p-fence", &self.scp, json!(["111122223333"])),
            ],
        }))
    }

    /// Changes one thing: a statement, a condition, the boundary, the SCP, the trust or a tag.
    pub fn change(&mut self, random: &mut Random) -> (String, Direction) {
        let index = random.draw_between(0, self.roles.len() - 1);
        let role = &mut self.roles[index];
        let name = role["RoleName"].as_str().unwrap().to_owned();
        let kind = random.draw_between(1, 11);
        let direction = match kind {
            1 => {
                let statement = draw_statement(random, "Allow");
                list_statements(role).push(statement);
                Direction::MayGrow
            }
            2 => {
                let statement = draw_statement(random, "Deny");
                list_statements(role).push(statement);
                Direction::Shrinks
            }
            3 => {
                list_statements(role).retain(|statement| statement["Effect"] == "Allow");
                Direction::MayGrow
            }
            4 => {
                let at = list_statements(role).iter().position(|statement| statement["Effect"] == "Allow");
                at.map(|at| list_statements(role).remove(at));
                Direction::Shrinks
            }
            5 => {
                for statement in list_statements(role).iter_mut().filter(|statement| statement["Effect"] == "Allow") {
                    statement.as_object_mut().unwrap().remove("Condition");
                }
                Direction::MayGrow
            }
            6 => {
                let statement = draw_statement(random, "Allow");
                self.boundary.push(statement);
                Direction::MayGrow
            }
            7 => {
                self.boundary.truncate(1);
                Direction::Shrinks
            }
            8 if !self.scp.is_empty() => {
                self.scp = vec![allow(json!("*"), json!("*"))];
                Direction::MayGrow
            }
            8 | 9 => {
                let trust = role["AssumeRolePolicyDocument"]["Statement"].as_array_mut().unwrap();
                for statement in trust.iter_mut() {
                    statement.as_object_mut().unwrap().remove("Condition");
                }
                Direction::MayGrow
            }
            10 => {
                role["AssumeRolePolicyDocument"]["Statement"].as_array_mut().unwrap().truncate(1);
                Direction::Shrinks
            }
            _ => {
                let other = if role["Tags"][0]["Value"] == "a" { "pub" } else { "a" };
                role["Tags"][0]["Value"] = json!(other);
                Direction::MayGrow
            }
        };
        (format!("change {kind} of {name}"), direction)
    }
}

fn list_statements(role: &mut Value) -> &mut Vec<Value> {
    role["RolePolicyList"][0]["PolicyDocument"]["Statement"].as_array_mut().unwrap()
}
