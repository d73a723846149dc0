//! `iamdrift baseline accept`, and what exceptions accept when an account changes.

mod changes;
mod command;
mod generated_account;
mod paths;
mod rules;

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::split_findings::split_findings;

/// A day that tests do not reach.
const LAST_DAY: &str = "2999-12-31";

/// A folder with a snapshot and a baseline.
pub struct Workspace(TempDir);

impl Workspace {
    /// A workspace with this account and these files of the baseline.
    pub fn new(account: &Value, baseline: &[(&str, String)]) -> Workspace {
        let workspace = Workspace(tempfile::tempdir().unwrap());
        std::fs::create_dir(workspace.path("b")).unwrap();
        for (name, text) in baseline {
            std::fs::write(workspace.path("b").join(name), text).unwrap();
        }
        workspace.set_account(account);
        workspace
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces the account.
    pub fn set_account(&self, account: &Value) {
        std::fs::write(self.path("account.json"), account.to_string()).unwrap();
    }

    /// Runs the program with the baseline and the snapshot.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iamdrift"));
        command.current_dir(self.0.path()).args(arguments).args(["--baseline", "b", "--snapshot", "account.json"]);
        if Path::new(&self.path("organization.json")).exists() {
            command.args(["--organization", "organization.json"]);
        }
        command.output().unwrap()
    }

    /// Runs `baseline accept` with two people and a day.
    pub fn accept(&self, arguments: &[&str]) -> Output {
        let people = ["--reason", "ticket 7", "--requested-by", "a.operator", "--approved-by", "s.security"];
        self.run(&[&["baseline", "accept"], arguments, &people, &["--expires", LAST_DAY]].concat())
    }

    /// Audits, and returns exit status and report.
    pub fn audit(&self) -> (i32, Value) {
        let output = self.run(&["audit", "--format", "json"]);
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), report)
    }

    /// The keys of the findings that no exception accepts.
    pub fn open_keys(&self) -> Vec<String> {
        let (_, report) = self.audit();
        list_keys(&report, |finding| finding["accepted"].is_null())
    }

    /// The manifest.
    pub fn manifest(&self) -> String {
        std::fs::read_to_string(self.path("b/baseline.toml")).unwrap()
    }
}

/// The keys of some findings of a report.
pub fn list_keys(report: &Value, is_listed: impl Fn(&Value) -> bool) -> Vec<String> {
    let findings = split_findings(report).into_iter().filter(|finding| is_listed(finding));
    findings.map(|finding| finding["key"].as_str().unwrap().to_owned()).collect()
}

/// An account in the shape of the AWS CLI.
pub fn account(roles: &[Value], users: &[Value], policies: &[Value]) -> Value {
    json!({ "RoleDetailList": roles, "UserDetailList": users, "GroupDetailList": [], "Policies": policies })
}

/// A role with an inline policy of these statements, and statements of its trust policy.
pub fn role(name: &str, statements: &[Value], trust: &[Value]) -> Value {
    json!({
        "Arn": format!("arn:aws:iam::111122223333:role/{name}"), "RoleName": name, "RoleId": format!("AROA{name}"),
        "Path": "/", "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": trust },
        "RolePolicyList": [
            { "PolicyName": "p", "PolicyDocument": { "Version": "2012-10-17", "Statement": statements } },
        ],
        "AttachedManagedPolicies": [],
    })
}

/// A statement that lets EC2 assume a role.
pub fn trust_ec2() -> Value {
    json!({ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" })
}

/// An Allow statement.
pub fn allow(actions: Value, resource: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

/// A policy document.
pub fn document(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// A manifest with one entry for all roles with a name that starts with `r`.
pub fn manifest(lines: &str) -> (&'static str, String) {
    let entry = "version = 1\n[[principal]]\nname = \"e\"\nmatch = \"arn:*:iam::*:role/r*\"\nkind = \"workload\"\nallow = [\"c.json\"]\n";
    ("baseline.toml", format!("{entry}{lines}"))
}

/// A ceiling that allows reading one bucket.
pub fn ceiling() -> (&'static str, String) {
    ("c.json", document(&[allow(json!("s3:GetObject"), json!("arn:aws:s3:::pub/*"))]))
}
