//! Names of new users and roles: policies that treat some names differently.

use std::path::Path;

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::paths::steps_to;
use super::{ACCOUNT, admin, allow, arn, document, ids, organization, path, role, service, shortest, trusts, user};

fn on(actions: Value, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn when(actions: Value, resource: &str, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition })
}

fn deny(actions: Value, condition: Value) -> Value {
    json!({ "Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition })
}

fn if_arn(operator: &str, patterns: &[&str]) -> Value {
    json!({ operator: { "aws:PrincipalArn": patterns } })
}

/// An account with role `r`, the managed policy `base` and the group `devs`.
struct Account {
    own: Vec<Value>,
    base: Value,
    group: Value,
    others: Vec<Value>,
    users: Vec<Value>,
    scp: Option<Value>,
    resource_policies: Option<Value>,
}

impl Account {
    fn with(own: &[Value]) -> Account {
        let empty = || json!([]);
        let own = own.to_vec();
        Account {
            own,
            base: empty(),
            group: empty(),
            others: Vec::new(),
            users: Vec::new(),
            scp: None,
            resource_policies: None,
        }
    }

    fn snapshot(&self) -> Snapshot {
        let roles = [&[role("r", &json!(self.own), service("ec2"))], self.others.as_slice()].concat();
        let base = json!({ "Arn": arn("policy", "base"), "PolicyName": "base", "DefaultVersionId": "v1",
            "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document(&self.base) }] });
        let group = json!({ "Arn": arn("group", "devs"), "GroupName": "devs", "GroupId": "AGPAEXAMPLE00000000",
            "Path": "/", "AttachedManagedPolicies": [],
            "GroupPolicyList": [{ "PolicyName": "own", "PolicyDocument": document(&self.group) }] });
        let page = json!({ "RoleDetailList": roles, "UserDetailList": self.users, "GroupDetailList": [group],
                           "Policies": [base] });
        let mut sources = vec![SourceFile::new("account.json", page.to_string())];
        sources.extend(self.scp.as_ref().map(organization));
        let text = self.resource_policies.as_ref().map(Value::to_string);
        sources.extend(text.map(|text| SourceFile::new("resource-policies.json", text)));
        let snapshot = Snapshot::from_texts(Path::new("given"), &sources).expect("a snapshot");
        assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
        snapshot
    }

    /// The name that `r` gives to what it creates on its path to more than it has. None if there is no path.
    fn created_name(&self) -> Option<String> {
        let links = shortest(&self.snapshot(), &arn("role", "r"))?;
        let asked = links.iter().flat_map(|link| &link.requests).map(|asked| &asked.request);
        let created = asked.into_iter().find(|request| request.action.starts_with("iam:Create"))?;
        created.resource.split_once(":iam::111122223333:").map(|(_, name)| name.to_owned())
    }
}

/// It creates roles on one path, and attaches the policy `base` to them.
fn attaches_base() -> [Value; 2] {
    let base = json!({ "ArnEquals": { "iam:PolicyARN": arn("policy", "base") } });
    [
        on(json!("iam:CreateRole"), &arn("role", "app/*")),
        when(json!("iam:AttachRolePolicy"), &arn("role", "app/*"), base),
    ]
}

fn name(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn names_that_scps_exempt() {
    let with = |own: &[Value], exempt: &str| {
        let scp = deny(json!("sqs:*"), if_arn("ArnNotLike", &[&arn("role", exempt)]));
        Account { base: allow(json!("sqs:*"), "*"), scp: Some(json!([scp])), ..Account::with(own) }.created_name()
    };
    assert_eq!(with(&attaches_base(), "app/sec-*"), name("role/app/sec-example"));
    assert_eq!(with(&attaches_base(), "sec/*"), None, "another path");
    assert_eq!(with(&attaches_base()[..1], "app/sec-*"), None, "nothing is attached");
    assert_eq!(with(&attaches_base()[1..], "app/sec-*"), None, "nothing is created");
    let only_example = [on(json!("iam:CreateRole"), &arn("role", "app/example")), attaches_base()[1].clone()];
    assert_eq!(with(&only_example, "app/sec-*"), None, "another name");
}

#[test]
fn names_that_resource_policies_exempt() {
    let secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod-AbCdEf";
    let with = |exempt: &str| {
        let mut statement = deny(json!("secretsmanager:*"), if_arn("ArnNotLike", &[&arn("role", exempt)]));
        statement["Principal"] = json!("*");
        let policies = json!([{ "ResourceArn": secret, "Policy": document(&json!([statement])) }]);
        let base = allow(json!("secretsmanager:GetSecretValue"), secret);
        Account { base, resource_policies: Some(policies), ..Account::with(&attaches_base()) }.created_name()
    };
    assert_eq!(with("app/sec-*"), name("role/app/sec-example"));
    assert_eq!(with("sec/*"), None);
}

#[test]
fn names_that_trust_policies_of_other_accounts_admit() {
    let with = |pattern: &str, own: &[Value]| {
        let mut statement = trusts(json!({ "AWS": ACCOUNT }))[0].clone();
        statement["Condition"] = if_arn("ArnLike", &[&arn("role", pattern)]);
        let others = vec![admin(json!([statement]))];
        Account { base: allow(json!("sts:AssumeRole"), "*"), others, ..Account::with(own) }.created_name()
    };
    let own = [attaches_base().as_slice(), &[on(json!("sts:AssumeRole"), "*")]].concat();
    assert_eq!(with("app/deploy-*", &own), name("role/app/deploy-example"));
    assert_eq!(with("deploy-*", &own), None);
}

#[test]
fn the_first_name_does_not_decide() {
    let with = |denied: &[&str]| {
        let denied: Vec<String> = denied.iter().map(|name| arn("role", name)).collect();
        let denied: Vec<&str> = denied.iter().map(String::as_str).collect();
        let mut statement = deny(json!("sts:AssumeRole"), if_arn("ArnLike", &denied));
        statement["Principal"] = json!("*");
        statement.as_object_mut().unwrap().remove("Resource");
        let trust = json!([trusts(json!({ "AWS": ACCOUNT }))[0], statement]);
        let own = [attaches_base().as_slice(), &[on(json!("sts:AssumeRole"), "*")]].concat();
        Account { base: allow(json!("sts:AssumeRole"), "*"), others: vec![admin(trust)], ..Account::with(&own) }
            .created_name()
    };
    let found = with(&["r", "app/example"]).expect("a path");
    assert!(found.starts_with("role/app/") && found != "role/app/example", "{found}");
    assert_eq!(with(&["r", "app/*"]), None);
    // A name within a pattern, and not within a narrower one.
    let scp = deny(json!("sqs:*"), if_arn("ArnLike", &[&arn("role", "app/ops-example")]));
    let base = json!([when(json!("sqs:*"), "*", if_arn("ArnLike", &[&arn("role", "app/ops-*")]))]);
    let account = Account { base, scp: Some(json!([scp])), ..Account::with(&attaches_base()) };
    let found = account.created_name().expect("a path");
    assert!(found.starts_with("role/app/ops-") && found != "role/app/ops-example", "{found}");
}

#[test]
fn names_that_the_attached_policy_names() {
    let with = |base: Value| Account { base, ..Account::with(&attaches_base()) }.created_name();
    let ops = arn("role", "app/ops-*");
    assert_eq!(with(json!([when(json!("sqs:*"), "*", if_arn("ArnLike", &[&ops]))])), name("role/app/ops-example"));
    let unless = deny(json!("*"), if_arn("ArnNotLike", &[&ops]));
    assert_eq!(with(json!([on(json!("sqs:*"), "*"), unless])), name("role/app/ops-example"));
    assert_eq!(with(json!([when(json!("sqs:*"), "*", if_arn("ArnLike", &[&arn("role", "ops/*")]))])), None);
    let found = with(json!([when(json!("sqs:*"), "*", if_arn("StringLike", &["*role/app/ops-*"]))])).expect("a path");
    assert!(found.contains("role/app/ops-"), "{found}");
}

#[test]
fn names_within_two_patterns() {
    let with = |exempt: &str| {
        let scp = deny(json!("sqs:*"), if_arn("ArnNotLike", &[&arn("role", exempt)]));
        let base = json!([when(json!("sqs:*"), "*", if_arn("ArnLike", &[&arn("role", "app/ops-*")]))]);
        Account { base, scp: Some(json!([scp])), ..Account::with(&attaches_base()) }.created_name()
    };
    let found = with("*-trusted").expect("a path");
    assert!(found.starts_with("role/app/ops-") && found.ends_with("-trusted"), "{found}");
    assert_eq!(with("app/dev-*"), None, "no name is within both");
}

#[test]
fn names_that_a_boundary_names() {
    let bounded = |actions: Value| {
        when(
            actions,
            &arn("role", "app/*"),
            json!({ "StringEquals": { "iam:PermissionsBoundary": arn("policy", "base") } }),
        )
    };
    let with = |actions: Value, pattern: &str| {
        let base = json!([when(json!("sqs:*"), "*", if_arn("ArnLike", &[&arn("role", pattern)]))]);
        Account { base, ..Account::with(&[bounded(actions)]) }.created_name()
    };
    let both = json!(["iam:CreateRole", "iam:PutRolePolicy"]);
    assert_eq!(with(both.clone(), "app/ops-*"), name("role/app/ops-example"));
    assert_eq!(with(both, "ops/*"), None);
    assert_eq!(with(json!("iam:CreateRole"), "app/ops-*"), None);
    assert_eq!(with(json!("iam:PutRolePolicy"), "app/ops-*"), None);
}

/// It creates users on one path with access keys.
fn creates_users() -> Value {
    on(json!(["iam:CreateUser", "iam:CreateAccessKey"]), &arn("user", "app/*"))
}

#[test]
fn user_names_that_a_group_names() {
    let join = || on(json!("iam:AddUserToGroup"), &arn("group", "devs"));
    let with = |own: &[Value], group: Value| Account { group, ..Account::with(own) }.created_name();
    let by_name = || json!([when(json!("sqs:*"), "*", json!({ "StringLike": { "aws:username": "ops-*" } }))]);
    let found = with(&[creates_users(), join()], by_name()).expect("a path");
    assert!(found.starts_with("user/app/ops-"), "{found}");
    assert_eq!(with(&[creates_users()], by_name()), None, "it cannot join");
    assert_eq!(with(&[on(json!("iam:CreateUser"), &arn("user", "app/*")), join()], by_name()), None, "no credentials");
    let dev_only = on(json!(["iam:CreateUser", "iam:CreateAccessKey"]), &arn("user", "app/dev"));
    assert_eq!(with(&[dev_only, join()], by_name()), None, "other names");
    let unless = deny(json!("*"), json!({ "StringNotLike": { "aws:username": "ops-*" } }));
    let found = with(&[creates_users(), join()], json!([on(json!("sqs:*"), "*"), unless])).expect("a path");
    assert!(found.starts_with("user/app/ops-"), "{found}");
    let by_arn = json!([when(json!("sqs:*"), "*", if_arn("ArnLike", &[&arn("user", "app/ops-*")]))]);
    assert_eq!(with(&[creates_users(), join()], by_arn), name("user/app/ops-example"));
}

#[test]
fn user_names_that_a_trust_policy_names() {
    let with = |pattern: &str| {
        let mut statement = trusts(json!({ "AWS": "*" }))[0].clone();
        statement["Condition"] = json!({ "StringLike": { "aws:username": pattern },
                                         "StringEquals": { "aws:PrincipalAccount": ACCOUNT } });
        Account { others: vec![admin(json!([statement]))], ..Account::with(&[creates_users()]) }.created_name()
    };
    let found = with("ops-*").expect("a path");
    assert!(found.starts_with("user/app/ops-"), "{found}");
    assert_eq!(with("app/*"), None, "a name has no path");
}

#[test]
fn a_user_name_is_that_of_a_role() {
    let join = || on(json!("iam:AddUserToGroup"), &arn("group", "devs"));
    let with = |role_name: &str, own: &[Value]| {
        let mut deny_creator = deny(json!("sts:AssumeRole"), if_arn("ArnEquals", &[&arn("role", "r")]));
        deny_creator["Principal"] = json!("*");
        deny_creator.as_object_mut().unwrap().remove("Resource");
        let trust = json!([trusts(json!({ "AWS": ACCOUNT }))[0], deny_creator]);
        let others = vec![role(role_name, &allow(json!("*"), "*"), trust)];
        let group = allow(json!("sts:AssumeRole"), &arn("role", "dev-${aws:username}"));
        let links = shortest(&Account { others, group, ..Account::with(own) }.snapshot(), &arn("role", "r"));
        links.map(|links| ids(&links))
    };
    let own = [creates_users(), join(), on(json!("sts:AssumeRole"), &arn("role", "*"))];
    assert_eq!(with("dev-adm", &own), path(&["iam-new-user-group", "sts-001"]));
    assert_eq!(with("adm", &own), None, "the role has another name");
    assert_eq!(with("dev-adm", &[creates_users(), own[2].clone()]), None, "it cannot join");
}

#[test]
fn a_user_name_is_the_tag_of_a_user() {
    let join = || on(json!("iam:AddUserToGroup"), &arn("group", "devs"));
    let with = |tag: &str| {
        let mut boss = user("boss", &allow(json!("*"), "*"));
        boss["Tags"] = json!([{ "Key": "owner", "Value": tag }]);
        let owned = json!({ "StringEquals": { "iam:ResourceTag/owner": "team-${aws:username}" } });
        let group = json!([when(json!("iam:CreateAccessKey"), "*", owned)]);
        let keys = on(json!("iam:CreateAccessKey"), &arn("user", "app/*"));
        let own = [on(json!("iam:CreateUser"), &arn("user", "app/*")), keys, join()];
        let account = Account { group, users: vec![boss], ..Account::with(&own) };
        steps_to(&account.snapshot(), &arn("role", "r"), "sqs:SendMessage").map(|steps| steps.len())
    };
    assert_eq!(with("team-sec"), Some(2));
    assert_eq!(with("sec"), None);
}
