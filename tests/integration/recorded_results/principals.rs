//! Random users and roles, and how the AWS CLI prints them.

use serde_json::{Value, json};

use super::random::Random;
use super::statements::{build_document, draw_escalation, draw_statements};
use super::trust_policies::draw_trust_policy;

pub const ACCOUNT: &str = "111122223333";

/// What a principal is for; its path says so.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Purpose {
    Agent,
    Operator,
    Workload,
    Emergency,
    /// Made by a deployment tool; baselines ignore it.
    Deployment,
    /// No baseline names it.
    Temporary,
    Person,
    Machine,
}

impl Purpose {
    pub fn is_user(self) -> bool {
        matches!(self, Purpose::Person | Purpose::Machine)
    }

    /// The folder of its ARN.
    pub fn folder(self) -> &'static str {
        match self {
            Purpose::Agent => "agents",
            Purpose::Operator => "operators",
            Purpose::Workload => "workloads",
            Purpose::Emergency => "break-glass",
            Purpose::Deployment => "cdk",
            Purpose::Temporary => "temporary",
            Purpose::Person => "people",
            Purpose::Machine => "machines",
        }
    }
}

/// A customer managed policy.
pub struct ManagedPolicy {
    pub name: String,
    pub statements: Vec<Value>,
}

/// A group of users.
pub struct Group {
    pub name: String,
    pub statements: Vec<Value>,
    /// Positions in the list of managed policies.
    pub attached: Vec<usize>,
}

/// A user or a role.
pub struct Principal {
    pub purpose: Purpose,
    pub name: String,
    pub inline: Vec<Value>,
    /// Positions in the list of managed policies.
    pub attached: Vec<usize>,
    pub is_administrator: bool,
    pub has_missing_policy: bool,
    pub has_invalid_policy: bool,
    /// Positions in the list of groups.
    pub groups: Vec<usize>,
    pub boundary: Option<&'static str>,
    pub tags: Vec<(&'static str, &'static str)>,
    pub trust: Value,
}

impl Principal {
    pub fn arn(&self) -> String {
        build_arn(self.purpose, &self.name)
    }

    /// The statements of its own policies and of its groups'.
    pub fn list_statements(&self, policies: &[ManagedPolicy], groups: &[Group]) -> Vec<Value> {
        let mut statements = self.inline.clone();
        let groups = self.groups.iter().map(|position| &groups[*position]);
        let mut attached = self.attached.clone();
        for group in groups {
            statements.extend(group.statements.iter().cloned());
            attached.extend(&group.attached);
        }
        attached.iter().for_each(|position| statements.extend(policies[*position].statements.iter().cloned()));
        statements
    }
}

fn build_arn(purpose: Purpose, name: &str) -> String {
    let resource = if purpose.is_user() { "user" } else { "role" };
    format!("arn:aws:iam::{ACCOUNT}:{resource}/{}/{name}", purpose.folder())
}

fn draw_purpose(random: &mut Random) -> Purpose {
    match random.draw_between(1, 100) {
        1..=27 => Purpose::Agent,
        28..=49 => Purpose::Operator,
        50..=65 => Purpose::Workload,
        66..=70 => Purpose::Emergency,
        71..=74 => Purpose::Deployment,
        75..=79 => Purpose::Temporary,
        80..=92 => Purpose::Person,
        _ => Purpose::Machine,
    }
}

fn draw_tags(random: &mut Random, purpose: Purpose) -> Vec<(&'static str, &'static str)> {
    let mut tags = Vec::new();
    if random.draw_chance(40) {
        tags.push(("team", *random.choose(&["billing", "reports"])));
    }
    if purpose == Purpose::Agent && random.draw_chance(50) {
        tags.push(("agent", "kiro"));
    }
    if random.draw_chance(8) {
        tags.push(("change-approval", "CHG-17"));
    }
    tags
}

fn draw_principal(random: &mut Random, purpose: Purpose, name: String, pools: (usize, usize)) -> Principal {
    let (policy_count, group_count) = pools;
    let policies: Vec<usize> = (0..policy_count).collect();
    let groups: Vec<usize> = (0..group_count).collect();
    let mut inline = if random.draw_chance(75) { draw_statements(random, 3) } else { Vec::new() };
    if random.draw_chance(13) {
        inline.push(draw_escalation(random));
    }
    let attached = if random.draw_chance(45) { random.choose_some(&policies, 2) } else { Vec::new() };
    let groups = match purpose.is_user() && random.draw_chance(60) {
        true => random.choose_some(&groups, 2),
        false => Vec::new(),
    };
    let boundary = match random.draw_chance(if purpose == Purpose::Agent { 45 } else { 8 }) {
        true => Some(*random.choose(&["agent-boundary", "agent-boundary", "team-boundary"])),
        false => None,
    };
    Principal {
        purpose,
        name,
        inline,
        attached,
        is_administrator: purpose == Purpose::Emergency || random.draw_chance(2),
        has_missing_policy: random.draw_chance(2),
        has_invalid_policy: random.draw_chance(1),
        groups,
        boundary,
        tags: draw_tags(random, purpose),
        trust: Value::Null,
    }
}

/// Draws two to eight principals, few more often than many. Some agents have the policies of an operator.
pub fn draw_principals(random: &mut Random, policy_count: usize, group_count: usize) -> Vec<Principal> {
    let count = (0..3).map(|_| random.draw_between(2, 8)).min().unwrap();
    let mut principals: Vec<Principal> = Vec::new();
    for number in 1..=count {
        let purpose = draw_purpose(random);
        let name = format!("{}-{number}", random.choose(&["kiro", "reports", "billing", "export"]));
        principals.push(draw_principal(random, purpose, name, (policy_count, group_count)));
    }
    let operator = principals.iter().find(|principal| principal.purpose == Purpose::Operator);
    let copied = operator.map(|operator| (operator.inline.clone(), operator.attached.clone()));
    if let Some((inline, attached)) = copied {
        for agent in principals.iter_mut().filter(|principal| principal.purpose == Purpose::Agent) {
            if random.draw_chance(30) {
                (agent.inline, agent.attached) = (inline.clone(), attached.clone());
            }
        }
    }
    let arns: Vec<String> = principals.iter().map(Principal::arn).collect();
    for principal in principals.iter_mut().filter(|principal| !principal.purpose.is_user()) {
        principal.trust = draw_trust_policy(random, &arns);
    }
    principals
}

fn render_attached(attached: &[usize], policies: &[ManagedPolicy]) -> Vec<Value> {
    let names = attached.iter().map(|position| &policies[*position].name);
    names
        .map(|name| json!({ "PolicyName": name, "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}") }))
        .collect()
}

fn render_inline(statements: &[Value], has_invalid_policy: bool) -> Value {
    let mut policies = Vec::new();
    if !statements.is_empty() {
        policies.push(json!({ "PolicyName": "inline", "PolicyDocument": build_document(statements) }));
    }
    if has_invalid_policy {
        let condition = json!({ "StringLikes": { "aws:PrincipalTag/team": "b*" } });
        let statement = json!({ "Effect": "Allow", "Action": "s3:Get*", "Resource": "*", "Condition": condition });
        policies.push(json!({ "PolicyName": "invalid", "PolicyDocument": build_document(&[statement]) }));
    }
    json!(policies)
}

/// Prints a group as the AWS CLI does.
pub fn render_group(group: &Group, policies: &[ManagedPolicy]) -> Value {
    json!({
        "Path": "/", "GroupName": group.name, "GroupId": format!("AGPA{}", group.name),
        "Arn": format!("arn:aws:iam::{ACCOUNT}:group/{}", group.name),
        "GroupPolicyList": render_inline(&group.statements, false),
        "AttachedManagedPolicies": render_attached(&group.attached, policies),
    })
}

/// Prints a user or a role as the AWS CLI does.
pub fn render_principal(principal: &Principal, policies: &[ManagedPolicy], groups: &[Group]) -> Value {
    let (folder, name) = (principal.purpose.folder(), &principal.name);
    let mut attached = render_attached(&principal.attached, policies);
    if principal.is_administrator {
        attached.push(json!({
            "PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
        }));
    }
    if principal.has_missing_policy {
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/not-collected");
        attached.push(json!({ "PolicyName": "not-collected", "PolicyArn": arn }));
    }
    let tags: Vec<Value> = principal.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let mut printed = json!({
        "Path": format!("/{folder}/"), "Arn": principal.arn(), "AttachedManagedPolicies": attached, "Tags": tags,
    });
    if let Some(boundary) = principal.boundary {
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{boundary}");
        printed["PermissionsBoundary"] = json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn });
    }
    if principal.purpose.is_user() {
        printed["UserName"] = json!(name);
        printed["UserId"] = json!(format!("AIDA{name}"));
        printed["UserPolicyList"] = render_inline(&principal.inline, principal.has_invalid_policy);
        printed["GroupList"] = principal.groups.iter().map(|position| json!(groups[*position].name)).collect();
        return printed;
    }
    printed["RoleName"] = json!(name);
    printed["RoleId"] = json!(format!("AROA{name}"));
    printed["RolePolicyList"] = render_inline(&principal.inline, principal.has_invalid_policy);
    printed["AssumeRolePolicyDocument"] = principal.trust.clone();
    let profile = format!("arn:aws:iam::{ACCOUNT}:instance-profile/{name}");
    printed["InstanceProfileList"] = match principal.trust.to_string().contains("ec2.amazonaws.com") {
        true => json!([{ "InstanceProfileName": name, "Arn": profile, "Path": "/", "Roles": [] }]),
        false => json!([]),
    };
    printed
}
