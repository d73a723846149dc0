//! Random accounts: a snapshot in the AWS CLI's shape, with a baseline. A number always gives the same account.

use std::path::Path;

use serde_json::{Value, json};

use super::baselines::draw_baseline;
use super::principals::{ACCOUNT, Group, ManagedPolicy, draw_principals, render_group, render_principal};
use super::random::Random;
use super::statements::{build_document, draw_escalation, draw_statements};
use super::surroundings::{draw_organization, draw_resource_policies};

const OTHER_ACCOUNT: &str = "222233334444";

/// The files of one account and its baseline.
pub struct GeneratedAccount {
    /// Path below the account's folder, and content.
    files: Vec<(String, String)>,
}

impl GeneratedAccount {
    /// Writes `snapshot/` and `baseline/` into a folder.
    pub fn write_files(&self, folder: &Path) {
        for name in ["snapshot", "baseline"] {
            std::fs::create_dir(folder.join(name)).unwrap();
        }
        for (path, content) in &self.files {
            std::fs::write(folder.join(path), content).unwrap();
        }
    }
}

fn draw_managed_policies(random: &mut Random) -> Vec<ManagedPolicy> {
    let count = random.draw_between(2, 4);
    let mut policies = Vec::new();
    for number in 1..=count {
        let mut statements = draw_statements(random, 3);
        if random.draw_chance(10) {
            statements.push(draw_escalation(random));
        }
        policies.push(ManagedPolicy { name: format!("shared-{number}"), statements });
    }
    policies
}

fn draw_groups(random: &mut Random, policy_count: usize) -> Vec<Group> {
    let positions: Vec<usize> = (0..policy_count).collect();
    let count = random.draw_between(1, 2);
    let mut groups = Vec::new();
    for number in 1..=count {
        let statements = if random.draw_chance(60) { draw_statements(random, 2) } else { Vec::new() };
        let attached = if random.draw_chance(60) { random.choose_some(&positions, 2) } else { Vec::new() };
        groups.push(Group { name: format!("team-{number}"), statements, attached });
    }
    groups
}

/// Draws the statements of the two permissions boundaries.
fn draw_boundaries(random: &mut Random) -> [(&'static str, Vec<Value>); 2] {
    let everything = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let services = json!({
        "Effect": "Allow", "Resource": "*",
        "Action": ["s3:*", "sqs:*", "ce:*", "ec2:Describe*", "rds:*", "dynamodb:*", "logs:*", "lambda:*", "iam:Get*"],
    });
    let keep_boundary = json!({
        "Effect": "Deny", "Resource": "*",
        "Action": [
            "iam:Delete*PermissionsBoundary", "iam:Put*PermissionsBoundary", "iam:CreatePolicyVersion",
            "iam:SetDefaultPolicyVersion", "iam:CreateUser", "iam:CreateRole",
        ],
    });
    let agent = match random.draw_between(1, 3) {
        1 => vec![everything.clone()],
        2 => vec![services.clone()],
        _ => vec![everything, keep_boundary],
    };
    let mut team = vec![services];
    team.extend(draw_statements(random, 2));
    [("agent-boundary", agent), ("team-boundary", team)]
}

fn render_policy(arn: &str, statements: &[Value], old_statements: Option<&[Value]>) -> Value {
    let name = arn.rsplit('/').next().unwrap();
    let version = |id: &str, is_default: bool, statements: &[Value]| json!({ "VersionId": id, "IsDefaultVersion": is_default, "Document": build_document(statements) });
    let mut versions = vec![version("v2", true, statements)];
    versions.extend(old_statements.map(|statements| version("v1", false, statements)));
    json!({
        "Arn": arn, "PolicyName": name, "Path": "/", "DefaultVersionId": "v2", "IsAttachable": true,
        "PolicyVersionList": versions,
    })
}

/// The policies of AWS that generated accounts attach and generated baselines name.
fn render_aws_policies() -> Vec<Value> {
    let administrator = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let view_only = json!({
        "Effect": "Allow", "Resource": "*",
        "Action": ["s3:List*", "ec2:Describe*", "rds:Describe*", "sqs:ListQueues", "iam:List*", "cloudformation:List*"],
    });
    vec![
        render_policy("arn:aws:iam::aws:policy/AdministratorAccess", &[administrator], None),
        render_policy("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", &[view_only], None),
    ]
}

/// Draws a second account of the snapshot, with one role.
fn draw_other_account(random: &mut Random) -> Value {
    let trusted = *random.choose(&["arn:aws:iam::111122223333:root", "arn:aws:iam::222233334444:root"]);
    let statements = draw_statements(random, 2);
    json!({
        "UserDetailList": [], "GroupDetailList": [], "Policies": render_aws_policies(),
        "RoleDetailList": [{
            "Path": "/workloads/", "RoleName": "far", "RoleId": "AROAfar",
            "Arn": format!("arn:aws:iam::{OTHER_ACCOUNT}:role/workloads/far"), "AttachedManagedPolicies": [], "Tags": [],
            "RolePolicyList": [{ "PolicyName": "inline", "PolicyDocument": build_document(&statements) }],
            "AssumeRolePolicyDocument": build_document(&[json!({
                "Effect": "Allow", "Principal": { "AWS": trusted }, "Action": "sts:AssumeRole",
            })]),
        }],
    })
}

/// Draws the account of this number.
pub fn generate_account(number: usize) -> GeneratedAccount {
    let random = &mut Random::from_seed(u64::try_from(number).unwrap().wrapping_mul(0x51_7C_C1_B7));
    let policies = draw_managed_policies(random);
    let groups = draw_groups(random, policies.len());
    let principals = draw_principals(random, policies.len(), groups.len());
    let mut printed_policies = render_aws_policies();
    for policy in &policies {
        let old = random.draw_chance(10).then(|| draw_statements(random, 2));
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{}", policy.name);
        printed_policies.push(render_policy(&arn, &policy.statements, old.as_deref()));
    }
    for (name, statements) in draw_boundaries(random) {
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
        printed_policies.push(render_policy(&arn, &statements, None));
    }
    let (users, roles): (Vec<_>, Vec<_>) = principals.iter().partition(|principal| principal.purpose.is_user());
    let print = |list: &[&super::principals::Principal]| -> Vec<Value> {
        list.iter().map(|principal| render_principal(principal, &policies, &groups)).collect()
    };
    let page = json!({
        "UserDetailList": print(&users), "RoleDetailList": print(&roles), "Policies": printed_policies,
        "GroupDetailList": groups.iter().map(|group| render_group(group, &policies)).collect::<Vec<_>>(),
    });
    let mut files = vec![("snapshot/account.json".to_owned(), page.to_string())];
    let mut accounts = vec![ACCOUNT];
    if random.draw_chance(15) {
        accounts.push(OTHER_ACCOUNT);
        files.push(("snapshot/other-account.json".to_owned(), draw_other_account(random).to_string()));
    }
    if random.draw_chance(35) {
        let organization = draw_organization(random, &accounts);
        files.push(("snapshot/organization.json".to_owned(), organization.to_string()));
    }
    if random.draw_chance(30) {
        let arns: Vec<String> = principals.iter().map(super::principals::Principal::arn).collect();
        let resource_policies = draw_resource_policies(random, &arns);
        files.push(("snapshot/resource-policies.json".to_owned(), resource_policies.to_string()));
    }
    files.extend(draw_baseline(random, &principals, &policies, &groups));
    if random.draw_chance(10) {
        // The same account in the partition of China.
        files.iter_mut().for_each(|(_, content)| *content = content.replace("arn:aws:", "arn:aws-cn:"));
    }
    GeneratedAccount { files }
}
