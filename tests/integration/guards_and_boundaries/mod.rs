//! What is asked of principals beside their ceilings: to be narrower than their operators, guards, personas, boundaries.

mod boundary;
mod brokers;
mod guarded_paths;
mod guarded_tags;
mod guards;
mod narrower;
mod personas;

use std::path::Path;
use std::sync::Arc;

use iamdrift::audit::{Audit, AuditOptions, Finding, RuleId, audit};
use iamdrift::baseline::{Baseline, Glob};
use iamdrift::catalog::Catalog;
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

/// An account, and what is declared of it.
struct Case {
    roles: Vec<Value>,
    users: Vec<Value>,
    policies: Vec<Value>,
    /// What a service control policy of the account says besides allowing everything.
    scp: Vec<Value>,
    manifest: String,
    documents: Vec<(String, Value)>,
    options: AuditOptions,
}

fn arn(resource: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{resource}")
}

fn statement(effect: &str, action: Value, resource: Value, condition: Value) -> Value {
    let mut statement = json!({ "Effect": effect, "Action": action, "Resource": resource });
    if condition != json!({}) {
        statement["Condition"] = condition;
    }
    statement
}

fn allow(action: Value) -> Value {
    statement("Allow", action, json!("*"), json!({}))
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A role with an inline policy; programs of a third account may assume it.
fn role(name: &str, statements: &[Value]) -> Value {
    let inline = match statements {
        [] => json!([]),
        some => json!([{ "PolicyName": "inline", "PolicyDocument": document(some) }]),
    };
    json!({
        "Arn": arn(&format!("role/{name}")), "RoleName": name, "RoleId": format!("AROA{name}"), "Path": "/",
        "AssumeRolePolicyDocument": document(&[lets(json!({ "AWS": "444455556666" }), json!("sts:AssumeRole"))]),
        "RolePolicyList": inline, "AttachedManagedPolicies": [],
    })
}

/// A statement of a trust policy.
fn lets(principal: Value, action: Value) -> Value {
    json!({ "Effect": "Allow", "Principal": principal, "Action": action })
}

fn user(name: &str, statements: &[Value]) -> Value {
    json!({
        "Arn": arn(&format!("user/{name}")), "UserName": name, "UserId": format!("AIDA{name}"), "Path": "/",
        "GroupList": [], "AttachedManagedPolicies": [],
        "UserPolicyList": [{ "PolicyName": "inline", "PolicyDocument": document(statements) }],
    })
}

fn with(mut principal: Value, key: &str, value: Value) -> Value {
    principal[key] = value;
    principal
}

fn tagged(principal: Value, key: &str, value: &str) -> Value {
    with(principal, "Tags", json!([{ "Key": key, "Value": value }]))
}

fn trusting(principal: Value, statements: &[Value]) -> Value {
    with(principal, "AssumeRolePolicyDocument", document(statements))
}

fn managed(name: &str, statements: &[Value]) -> Value {
    json!({
        "Arn": arn(&format!("policy/{name}")), "PolicyName": name, "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document(statements) }],
    })
}

fn bounded(principal: Value, policy: &str) -> Value {
    let boundary =
        json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn(&format!("policy/{policy}")) });
    with(principal, "PermissionsBoundary", boundary)
}

/// An entry for the roles of that name, with its other lines.
fn entry(name: &str, kind: &str, lines: &str) -> String {
    format!("[[principal]]\nname = \"{name}\"\nmatch = \"arn:*:iam::*:*/{name}\"\nkind = \"{kind}\"\n{lines}\n")
}

impl Case {
    fn new(roles: &[Value], manifest: &str) -> Case {
        Case {
            roles: roles.to_vec(),
            users: Vec::new(),
            policies: Vec::new(),
            scp: Vec::new(),
            manifest: format!("version = 1\n{manifest}"),
            documents: vec![("all.json".to_owned(), document(&[allow(json!("*"))]))],
            options: AuditOptions::new(jiff::civil::date(2026, 11, 20)),
        }
    }

    fn users(mut self, users: &[Value]) -> Case {
        self.users = users.to_vec();
        self
    }

    fn policies(mut self, policies: &[Value]) -> Case {
        self.policies = policies.to_vec();
        self
    }

    fn scp(mut self, statements: &[Value]) -> Case {
        self.scp = statements.to_vec();
        self
    }

    fn document(mut self, name: &str, statements: &[Value]) -> Case {
        self.documents.push((name.to_owned(), document(statements)));
        self
    }

    fn only(mut self, name: &str) -> Case {
        self.options.principal = Some(Glob::new(name));
        self
    }

    fn audit(&self) -> Audit {
        let page = json!({
            "RoleDetailList": self.roles, "UserDetailList": self.users, "GroupDetailList": [], "Policies": self.policies,
        });
        let mut texts = vec![SourceFile::new("account.json", page.to_string())];
        if !self.scp.is_empty() {
            texts.push(SourceFile::new("organization.json", self.organization().to_string()));
        }
        let snapshot = Snapshot::from_texts(Path::new("account.json"), &texts).map_err(|e| e.to_string()).unwrap();
        let documents: Vec<(String, Arc<SourceFile>)> = self
            .documents
            .iter()
            .map(|(name, document)| (name.clone(), SourceFile::new(name.clone(), document.to_string())))
            .collect();
        let manifest = SourceFile::new("baseline.toml", self.manifest.clone());
        let baseline = Baseline::from_texts(&manifest, documents, Catalog::embedded());
        let baseline = baseline.map_err(|problems| problems.to_string()).unwrap();
        audit(&snapshot, &baseline, Catalog::embedded(), &self.options).map_err(|e| e.to_string()).unwrap()
    }

    fn organization(&self) -> Value {
        let policy = |id: &str, statements: &[Value], targets: Value| json!({ "Id": id, "Name": id, "Type": "SERVICE_CONTROL_POLICY", "Content": document(statements), "Targets": targets });
        let management = "999988887777";
        json!({
            "Organization": { "Id": "o-exampleorg1", "MasterAccountId": management },
            "Roots": [{ "Id": "r-ab12", "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }] }],
            "DelegatedAdministrators": [],
            "OrganizationalUnits": [],
            "Accounts": [{ "Id": management, "ParentId": "r-ab12" }, { "Id": ACCOUNT, "ParentId": "r-ab12" }],
            "Policies": [
                policy("p-FullAWSAccess", &[allow(json!("*"))], json!(["r-ab12", management, ACCOUNT])),
                policy("p-own", &self.scp, json!([ACCOUNT])),
            ],
        })
    }

    fn findings(&self, rule: RuleId) -> Vec<Finding> {
        self.audit().findings.into_iter().filter(|finding| finding.rule == rule).collect()
    }

    /// Each finding of a rule as data: the principal, how many actions (and how many of them destructive), and the
    /// action of each witness: `bot 2/1 sqs:DeleteQueue sqs:SendMessage`.
    fn facts(&self, rule: RuleId) -> Vec<String> {
        let fact = |finding: &Finding| {
            let principal = list_names(finding);
            let counts = format!("{principal} {}/{}", finding.action_count, finding.destructive_count);
            finding.excess.iter().fold(counts, |fact, excess| format!("{fact} {}", excess.witness.action))
        };
        self.findings(rule).iter().map(fact).collect()
    }

    /// What a person reads of the findings of a rule, for a snapshot.
    fn texts(&self, rule: RuleId) -> String {
        let mut text = String::new();
        for finding in self.findings(rule) {
            let principal = list_names(&finding);
            let remedies = crate::advice::list_remedies(&finding);
            let class = iamdrift::audit::FindingClass::from_finding(&finding);
            let finding = iamdrift::report::FindingJson::from_class(&class);
            text += &format!("{principal}: {}\n", finding.title);
            finding.reasons.iter().for_each(|reason| text += &format!("reason: {reason}\n"));
            remedies.iter().for_each(|advice| text += &format!("advice: {advice}\n"));
        }
        text
    }
}

/// The names of the principals of a finding. `-` if it is about the baseline.
fn list_names(finding: &Finding) -> String {
    let names: Vec<&str> = finding.all_principals().map(|principal| principal.name.as_str()).collect();
    if names.is_empty() { "-".to_owned() } else { names.join("+") }
}
