//! `explain`, `who-can` and `audit` about assuming roles, on generated accounts: trust policies and identity policies of
//! every kind. Conditions are about the caller, so that each request is decided.

use std::collections::BTreeSet;
use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const ROLES: [&str; 4] = ["app", "ops", "bot", "deep/er/role"];
const USERS: [&str; 2] = ["ann", "bob"];

/// A pseudorandom sequence.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(limit).unwrap()).unwrap()
    }

    fn pick<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.below(list.len())]
    }

    /// A condition on the caller.
    fn condition(&mut self) -> Value {
        match self.below(9) {
            0 => json!({ "ArnLike": { "aws:PrincipalArn": format!("arn:aws:iam::{ACCOUNT}:role/*") } }),
            1 => json!({ "StringNotEquals": { "aws:PrincipalTag/team": "blue" } }),
            2 => json!({ "StringEquals": { "aws:username": self.pick(&USERS) } }),
            _ => json!({}),
        }
    }

    /// A trust policy that names callers of the account.
    fn trust(&mut self) -> Value {
        let mut statements = Vec::new();
        for index in 0..2 + self.below(2) {
            let principal = match self.below(6) {
                0 => json!({ "Service": "ec2.amazonaws.com" }),
                1 if index > 0 => json!({ "AWS": ACCOUNT }),
                2 => json!({ "AWS": format!("arn:aws:sts::{ACCOUNT}:assumed-role/app/run") }),
                _ => json!({ "AWS": [self.caller(), self.caller()] }),
            };
            let effect = if index > 0 && self.below(4) == 0 { "Deny" } else { "Allow" };
            statements.push(json!({
                "Effect": effect, "Principal": principal, "Action": "sts:AssumeRole", "Condition": self.condition(),
            }));
        }
        document(&json!(statements))
    }

    fn caller(&mut self) -> String {
        let arns = list_callers();
        self.pick(&arns).clone()
    }

    /// What a caller's own policies say about assuming roles.
    fn statements(&mut self) -> Value {
        let mut statements = Vec::new();
        for _ in 0..1 + self.below(3) {
            let resource = match self.below(4) {
                0 => "*".to_owned(),
                1 => format!("arn:aws:iam::{ACCOUNT}:role/*o*"),
                _ => role_arn(self.pick::<&str>(&ROLES)),
            };
            let effect = if self.below(5) == 0 { "Deny" } else { "Allow" };
            statements.push(json!({
                "Effect": effect, "Action": "sts:AssumeRole", "Resource": resource, "Condition": self.condition(),
            }));
        }
        json!(statements)
    }

    /// A user or role without the names of its kind.
    fn entity(&mut self) -> Value {
        let tag = json!([{ "Key": "team", "Value": *self.pick(&["blue", "red"]) }]);
        let mut entity = json!({ "Tags": tag });
        if self.below(4) == 0 {
            entity["PermissionsBoundary"] = json!({
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": format!("arn:aws:iam::{ACCOUNT}:policy/boundary"),
            });
        }
        entity
    }

    fn account(&mut self) -> Value {
        let mut page = json!({ "RoleDetailList": [], "UserDetailList": [], "GroupDetailList": [], "Policies": [{
            "Arn": format!("arn:aws:iam::{ACCOUNT}:policy/boundary"), "PolicyName": "boundary", "Path": "/",
            "DefaultVersionId": "v1", "PolicyVersionList": [{
                "VersionId": "v1", "IsDefaultVersion": true, "Document": document(&self.statements()),
            }],
        }] });
        for (index, path) in ROLES.iter().enumerate() {
            let mut role = self.entity();
            let (folder, name) = path.rsplit_once('/').map_or(("/".to_owned(), *path), |(f, n)| (format!("/{f}/"), n));
            for (key, value) in [
                ("Arn", json!(role_arn(path))),
                ("RoleName", json!(name)),
                ("Path", json!(folder)),
                ("RoleId", json!(format!("AROAEXAMPLE{index:0>9}"))),
                ("AssumeRolePolicyDocument", self.trust()),
                ("RolePolicyList", json!([{ "PolicyName": "own", "PolicyDocument": document(&self.statements()) }])),
            ] {
                role[key] = value;
            }
            page["RoleDetailList"].as_array_mut().unwrap().push(role);
        }
        for (index, name) in USERS.iter().enumerate() {
            let mut user = self.entity();
            for (key, value) in [
                ("Arn", json!(format!("arn:aws:iam::{ACCOUNT}:user/{name}"))),
                ("UserName", json!(name)),
                ("Path", json!("/")),
                ("UserId", json!(format!("AIDAEXAMPLE{index:0>9}"))),
                ("UserPolicyList", json!([{ "PolicyName": "own", "PolicyDocument": document(&self.statements()) }])),
            ] {
                user[key] = value;
            }
            page["UserDetailList"].as_array_mut().unwrap().push(user);
        }
        page
    }
}

fn role_arn(path: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{path}")
}

fn list_callers() -> Vec<String> {
    let users = USERS.iter().map(|name| format!("arn:aws:iam::{ACCOUNT}:user/{name}"));
    ROLES.iter().map(|path| role_arn(path)).chain(users).collect()
}

fn document(statements: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn run(folder: &Path, args: &[&str]) -> Value {
    let inputs = ["--snapshot", "account.json", "--format", "json"];
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .current_dir(folder)
        .args(args)
        .args(inputs)
        .output()
        .unwrap_or_else(|error| panic!("{args:?}: {error}"));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {output:?}"))
}

/// The callers that an audit reports if the ceiling allows everything but to assume one role. `assumable_by` is what the
/// role's own entry declares.
fn audit_ceiling(folder: &Path, target: &str, assumable_by: &[String]) -> BTreeSet<String> {
    let ceiling = json!([
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": target },
    ]);
    std::fs::write(folder.join("ceiling.json"), document(&ceiling).to_string()).unwrap();
    let entry = |name: &str, matched: &[String], more: &str| {
        format!(
            "[[principal]]\nname = \"{name}\"\nmatch = {matched:?}\nkind = \"workload\"\nallow = [\"ceiling.json\"]\n{more}"
        )
    };
    let others: Vec<String> = list_callers().into_iter().filter(|arn| arn != target).collect();
    let declared = if assumable_by.is_empty() { String::new() } else { format!("assumable_by = {assumable_by:?}\n") };
    let manifest =
        format!("version = 1\n{}{}", entry("others", &others, ""), entry("target", &[target.to_owned()], &declared));
    std::fs::write(folder.join("baseline.toml"), manifest).unwrap();
    let audit = run(folder, &["audit", "--baseline", "baseline.toml", "--rule", "IAM001"]);
    let findings = audit["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "IAM001");
    let principals = findings.flat_map(|finding| finding["principals"].as_array().unwrap());
    principals.map(|principal| principal["arn"].as_str().unwrap().to_owned()).collect()
}

/// The roles that name a caller of the account in a statement that allows.
fn names(page: &Value, target: &str, caller: &str) -> bool {
    let roles = page["RoleDetailList"].as_array().unwrap();
    let role = roles.iter().find(|role| role["Arn"] == target).unwrap();
    let statements = role["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
    let session = caller.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/");
    statements.iter().filter(|statement| statement["Effect"] == "Allow").any(|statement| {
        let named = statement["Principal"]["AWS"].to_string();
        named.contains(&format!("\"{caller}\"")) || named.contains(&format!("\"{session}/run\""))
    })
}

#[test]
fn commands_agree_about_generated_roles_and_callers() {
    let mut random = Random(20_261_129);
    let (mut allowed, mut by_trust_alone, mut declared_callers) = (0, 0, 0);
    for number in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let page = random.account();
        std::fs::write(folder.path().join("account.json"), page.to_string()).unwrap();
        let target = role_arn(random.pick::<&str>(&ROLES));
        let who = run(folder.path(), &["who-can", "sts:AssumeRole", &target, "--direct"]);
        assert_eq!(who["undecided"], json!([]), "{number} {page}");
        let can: BTreeSet<String> =
            who["principals"].as_array().unwrap().iter().map(|row| row["arn"].as_str().unwrap().to_owned()).collect();
        let explained: BTreeSet<String> = list_callers()
            .into_iter()
            .filter(|caller| {
                run(folder.path(), &["explain", caller, "sts:AssumeRole", &target])["decision"] == "allowed"
            })
            .collect();
        assert_eq!(explained, can, "account {number}, {target}: explain and who-can\n{page}");
        let exceeding = audit_ceiling(folder.path(), &target, &[]);
        assert_eq!(exceeding, can, "account {number}, {target}: audit and who-can\n{page}");
        // What the entry of the role declares is a part of the ceiling of the callers that the trust policy names.
        let declared: Vec<String> = can.iter().take(2).cloned().collect();
        if declared.is_empty() {
            continue;
        }
        let left = audit_ceiling(folder.path(), &target, &declared);
        let is_declared = |caller: &&String| declared.contains(*caller) && names(&page, &target, caller);
        let expected: BTreeSet<String> = can.iter().filter(|caller| !is_declared(caller)).cloned().collect();
        assert_eq!(left, expected, "account {number}, {target}, assumable by {declared:?}\n{page}");
        allowed += can.len();
        by_trust_alone += can.iter().filter(|caller| names(&page, &target, caller)).count();
        declared_callers += can.iter().filter(is_declared).count();
    }
    assert!(allowed > by_trust_alone && by_trust_alone > 0 && declared_callers > 0, "{allowed} {by_trust_alone}");
}
