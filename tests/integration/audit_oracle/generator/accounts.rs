//! Random accounts in the shape of `get-account-authorization-details`.

use serde_json::{Value, json};

use super::conditions::draw_tag_value;
use super::random::Dice;
use super::services::{MEMBER, OUTSIDE, OWN};
use super::statements::{Topic, allow_all, build_document, encode_document};

/// A user or role: its names, before its policies are drawn.
pub struct PrincipalName {
    pub arn: String,
    pub account: &'static str,
    pub name: String,
    pub unique_id: String,
    pub path: String,
    pub is_user: bool,
}

impl PrincipalName {
    fn new(account: &'static str, kind: &str, folder: &str, name: &str, number: usize) -> PrincipalName {
        let path = if folder.is_empty() { "/".to_owned() } else { format!("/{folder}/") };
        let (id, upper) = if kind == "user" { ("AIDA", "USER") } else { ("AROA", "ROLE") };
        PrincipalName {
            arn: format!("arn:aws:iam::{account}:{kind}{path}{name}"),
            account,
            name: name.to_owned(),
            unique_id: format!("{id}{upper}{number:05}"),
            path,
            is_user: kind == "user",
        }
    }
}

/// Draws the users and roles of an account, and at times of another one.
pub fn draw_names(dice: &mut Dice, accounts: &[&'static str]) -> Vec<PrincipalName> {
    let mut names = Vec::new();
    for (index, account) in accounts.iter().enumerate() {
        let roles = [("agents", "app"), ("", "ops"), ("agents", "bot"), ("teams", "app2")];
        let users = [("", "ann"), ("people", "bob")];
        let number = |names: &Vec<PrincipalName>| names.len() + 1;
        for (folder, name) in dice.pick_some(&roles, if index == 0 { 3 } else { 1 }) {
            names.push(PrincipalName::new(account, "role", folder, name, number(&names)));
        }
        if index == 0 || dice.percent(30) {
            for (folder, name) in dice.pick_some(&users, 2) {
                names.push(PrincipalName::new(account, "user", folder, name, number(&names)));
            }
        }
    }
    names
}

/// Draws the trust policy of a role.
fn draw_trust(topic: &Topic<'_>, dice: &mut Dice) -> Value {
    let mut statements = Vec::new();
    for _ in 0..1 + dice.below(2) {
        let principal = match dice.below(8) {
            0 => json!({ "Service": *dice.pick(&["ec2.amazonaws.com", "lambda.amazonaws.com"]) }),
            1 => json!({ "AWS": format!("arn:aws:iam::{OWN}:root") }),
            2 => json!({ "AWS": [MEMBER, *dice.pick(&[OUTSIDE, OWN])] }),
            3 => json!({ "AWS": "*" }),
            _ => json!({ "AWS": dice.pick_some(&topic.arns, 2) }),
        };
        let mut statement = json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" });
        if dice.percent(15) {
            statement["Action"] = json!(["sts:AssumeRole", "sts:TagSession"]);
        }
        if dice.percent(45) {
            statement["Condition"] = super::conditions::draw_conditions(dice, Some("sts"), topic.areas);
        }
        statements.push(statement);
    }
    if dice.percent(20) {
        let principal = json!({ "AWS": dice.pick_some(&topic.arns, 2) });
        let mut statement = json!({ "Effect": "Deny", "Principal": principal, "Action": "sts:AssumeRole" });
        if dice.percent(60) {
            statement["Condition"] = super::conditions::draw_conditions(dice, Some("sts"), topic.areas);
        }
        statements.push(statement);
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn draw_tags(dice: &mut Dice) -> Vec<Value> {
    let mut tags = Vec::new();
    for tag in ["team", "Level", "blob"] {
        if dice.percent(40) {
            let name = if dice.percent(15) { tag.to_uppercase() } else { tag.to_owned() };
            tags.push(json!({ "Key": name, "Value": draw_tag_value(dice, tag) }));
        }
    }
    tags
}

/// The policies of an account: their names and statements.
struct ManagedPolicies {
    account: &'static str,
    policies: Vec<(String, Vec<Value>)>,
}

impl ManagedPolicies {
    fn arn(&self, index: usize) -> String {
        format!("arn:aws:iam::{}:policy/{}", self.account, self.policies[index].0)
    }

    fn draw_attached(&self, dice: &mut Dice) -> (Value, Vec<Value>) {
        let mut references = Vec::new();
        let mut statements = Vec::new();
        for index in 0..self.policies.len() {
            if dice.percent(25) {
                references.push(json!({ "PolicyName": self.policies[index].0, "PolicyArn": self.arn(index) }));
                statements.extend(self.policies[index].1.iter().cloned());
            }
        }
        (json!(references), statements)
    }
}

/// A page of account details, and the statements that each principal holds, by ARN.
pub struct AccountPage {
    pub page: Value,
    pub held: Vec<(String, Vec<Value>)>,
}

/// Draws the page of an account.
pub fn draw_page(topic: &Topic<'_>, dice: &mut Dice, account: &'static str, names: &[PrincipalName]) -> AccountPage {
    let mut managed = ManagedPolicies { account, policies: Vec::new() };
    for number in 0..2 {
        managed.policies.push((format!("shared{number}"), topic.draw_statements(dice, 3)));
    }
    let boundary = match dice.percent(40) {
        true => vec![allow_all(), topic.draw_statement(dice, "Deny")],
        false => topic.draw_statements(dice, 3),
    };
    managed.policies.push(("boundary".to_owned(), boundary));
    let group_statements = topic.draw_statements(dice, 2);
    let (group_attached, group_held) = managed.draw_attached(dice);
    let mut page = json!({
        "UserDetailList": [], "RoleDetailList": [],
        "GroupDetailList": [{
            "GroupName": "staff", "Arn": format!("arn:aws:iam::{account}:group/staff"), "Path": "/", "GroupId": "AGPA1",
            "GroupPolicyList": [{ "PolicyName": "own", "PolicyDocument": build_document(dice, &group_statements) }],
            "AttachedManagedPolicies": group_attached,
        }],
    });
    let mut held = Vec::new();
    for name in names.iter().filter(|name| name.account == account) {
        let word = if name.is_user { "User" } else { "Role" };
        let own = topic.draw_statements(dice, 3);
        let (attached, mut statements) = managed.draw_attached(dice);
        let document = build_document(dice, &own);
        let mut entity = json!({
            "Arn": name.arn, format!("{word}Name"): name.name, format!("{word}Id"): name.unique_id, "Path": name.path,
            format!("{word}PolicyList"): [{ "PolicyName": "own", "PolicyDocument": encode_document(dice, document) }],
            "AttachedManagedPolicies": attached, "Tags": draw_tags(dice),
        });
        statements.extend(own);
        if name.is_user && dice.percent(50) {
            entity["GroupList"] = json!(["staff"]);
            statements.extend(group_statements.iter().chain(&group_held).cloned());
        }
        if dice.percent(35) {
            entity["PermissionsBoundary"] =
                json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": managed.arn(2) });
        }
        if !name.is_user {
            entity["AssumeRolePolicyDocument"] = draw_trust(topic, dice);
        }
        if dice.percent(4) {
            leave_out_document(dice, &mut entity);
        }
        page[format!("{word}DetailList")].as_array_mut().unwrap().push(entity);
        held.push((name.arn.clone(), statements));
    }
    page["Policies"] = (0..managed.policies.len()).map(|index| render_policy(dice, &managed, index)).collect();
    AccountPage { page, held }
}

/// Refers to a policy whose document is not in the snapshot.
fn leave_out_document(dice: &mut Dice, entity: &mut Value) {
    let arn = format!("arn:aws:iam::{OWN}:policy/uncollected");
    match dice.percent(50) {
        true => {
            entity["PermissionsBoundary"] =
                json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn });
        }
        false => {
            let attached = entity["AttachedManagedPolicies"].as_array_mut().unwrap();
            attached.push(json!({ "PolicyName": "uncollected", "PolicyArn": arn }));
        }
    }
}

fn render_policy(dice: &mut Dice, managed: &ManagedPolicies, index: usize) -> Value {
    let (name, statements) = &managed.policies[index];
    let document = build_document(dice, statements);
    json!({
        "Arn": managed.arn(index), "PolicyName": name, "Path": "/", "DefaultVersionId": "v2", "IsAttachable": true,
        "PolicyVersionList": [
            { "VersionId": "v2", "IsDefaultVersion": true, "Document": encode_document(dice, document) },
            { "VersionId": "v1", "IsDefaultVersion": false, "Document": build_document(dice, &[allow_all()]) },
        ],
    })
}
