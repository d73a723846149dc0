//! A tiny account as a snapshot.

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::account::{Account, Action, Condition, Statement, VALUES};

const ACCOUNT: &str = "111122223333";

pub fn arn(account: &Account, principal: usize) -> String {
    let kind = if account.principals[principal].is_user { "user" } else { "role" };
    format!("arn:aws:iam::{ACCOUNT}:{kind}/p{principal}")
}

fn group_arn(group: usize) -> String {
    format!("arn:aws:iam::{ACCOUNT}:group/g{group}")
}

/// The actions on users, roles and groups.
fn names(action: Action) -> Vec<&'static str> {
    match action {
        Action::Assume => vec!["sts:AssumeRole"],
        Action::PutPolicy => vec!["iam:PutRolePolicy", "iam:PutUserPolicy"],
        Action::MakeKeys => vec!["iam:CreateAccessKey"],
        Action::Tag => vec!["iam:TagRole", "iam:TagUser"],
        Action::Untag => vec!["iam:UntagRole", "iam:UntagUser"],
        Action::DropBoundary => vec!["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"],
        Action::RewriteTrust => vec!["iam:UpdateAssumeRolePolicy"],
        Action::JoinGroup => vec!["iam:AddUserToGroup"],
        Action::LeaveGroup => vec!["iam:RemoveUserFromGroup"],
        Action::PutGroupPolicy => vec!["iam:PutGroupPolicy"],
        Action::Gain => vec!["sqs:SendMessage"],
    }
}

fn condition(condition: Condition) -> Value {
    let compare = |key: &str, value: usize| match VALUES[value] {
        Some(text) => json!({ "StringEquals": { key: text } }),
        None => json!({ "Null": { key: "true" } }),
    };
    match condition {
        Condition::Always => json!({}),
        Condition::OwnTag(value) => compare("aws:PrincipalTag/x", value),
        Condition::TargetTag(value) => compare("aws:ResourceTag/x", value),
        Condition::NewTag(value) => compare("aws:RequestTag/x", value),
    }
}

fn statement(account: &Account, statement: &Statement) -> Value {
    let resource = |target: usize| match statement.action.is_about_groups() {
        true => group_arn(target),
        false => arn(account, target),
    };
    json!({
        "Effect": if statement.is_deny { "Deny" } else { "Allow" },
        "Action": names(statement.action),
        "Resource": statement.target.map_or_else(|| "*".to_owned(), resource),
        "Condition": condition(statement.condition),
    })
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// An SCP that allows actions of the tiny account alone: a principal with all permissions has no others.
fn organization(allowed: &[Action]) -> String {
    let all: Vec<&str> = allowed.iter().flat_map(|action| names(*action)).collect();
    let policy = |id: &str, actions: Value, target: &str| {
        json!({ "Id": id, "Name": id, "Type": "SERVICE_CONTROL_POLICY", "Targets": [target],
                "Content": document(&[json!({ "Effect": "Allow", "Action": actions, "Resource": "*" })]) })
    };
    json!({
        "Organization": { "Id": "o-own1234567", "MasterAccountId": "999900001111" },
        "Roots": [{ "Id": "r-abcd", "Name": "Root",
                    "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }] }],
        "DelegatedAdministrators": [],
        "OrganizationalUnits": [],
        "Accounts": [{ "Id": ACCOUNT, "Name": "a", "ParentId": "r-abcd", "Status": "ACTIVE" }],
        "Policies": [policy("p-full", json!("*"), "r-abcd"), policy("p-scp", json!(all), ACCOUNT)],
    })
    .to_string()
}

pub fn snapshot(account: &Account) -> Snapshot {
    let (mut users, mut roles, mut policies) = (Vec::new(), Vec::new(), Vec::new());
    for (position, principal) in account.principals.iter().enumerate() {
        let statements: Vec<Value> = principal.statements.iter().map(|s| statement(account, s)).collect();
        let policy = json!([{ "PolicyName": "own", "PolicyDocument": document(&statements) }]);
        let tags: Vec<Value> =
            VALUES[principal.tag].map(|text| json!({ "Key": "x", "Value": text })).into_iter().collect();
        let mut entity = json!({ "Path": "/", "Arn": arn(account, position), "Tags": tags });
        let name = format!("p{position}");
        if let Some(actions) = &principal.boundary {
            let boundary = format!("arn:aws:iam::{ACCOUNT}:policy/boundary-{position}");
            let all: Vec<&str> = actions.iter().flat_map(|action| names(*action)).collect();
            let allow = json!({ "Effect": "Allow", "Action": all, "Resource": "*" });
            let nothing = json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "*" });
            policies.push(json!({
                "Arn": boundary, "PolicyName": format!("boundary-{position}"), "DefaultVersionId": "v1",
                "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true,
                    "Document": document(&[if all.is_empty() { nothing } else { allow }]) }],
            }));
            entity["PermissionsBoundary"] =
                json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary });
        }
        if principal.is_user {
            entity["UserName"] = json!(name);
            entity["UserId"] = json!(format!("AIDAEXAMPLE{position:09}"));
            entity["UserPolicyList"] = policy;
            let groups: Vec<String> = principal.groups.iter().map(|group| format!("g{group}")).collect();
            entity["GroupList"] = json!(groups);
            users.push(entity);
        } else {
            let trust: Vec<Value> = principal
                .trust
                .iter()
                .map(|trust| {
                    let named = trust.named.map_or_else(|| ACCOUNT.to_owned(), |named| arn(account, named));
                    json!({ "Effect": "Allow", "Principal": { "AWS": named }, "Action": "sts:AssumeRole",
                            "Condition": condition(trust.condition) })
                })
                .collect();
            entity["RoleName"] = json!(name);
            entity["RoleId"] = json!(format!("AROAEXAMPLE{position:09}"));
            entity["RolePolicyList"] = policy;
            entity["AssumeRolePolicyDocument"] = document(&trust);
            entity["InstanceProfileList"] = json!([]);
            roles.push(entity);
        }
    }
    let groups: Vec<Value> = account
        .groups
        .iter()
        .enumerate()
        .map(|(position, statements)| {
            let statements: Vec<Value> = statements.iter().map(|s| statement(account, s)).collect();
            json!({ "Path": "/", "GroupName": format!("g{position}"), "GroupId": format!("AGPAEXAMPLE{position:09}"),
                    "Arn": group_arn(position), "AttachedManagedPolicies": [],
                    "GroupPolicyList": [{ "PolicyName": "own", "PolicyDocument": document(&statements) }] })
        })
        .collect();
    let page =
        json!({ "RoleDetailList": roles, "UserDetailList": users, "Policies": policies, "GroupDetailList": groups });
    let sources = [
        SourceFile::new("account.json", page.to_string()),
        SourceFile::new("organization.json", organization(&account.allowed_by_scp)),
    ];
    let snapshot = Snapshot::from_texts(std::path::Path::new("given"), &sources).expect("a snapshot");
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    snapshot
}
