//! Fixes that were tried on a copy of the snapshot.

mod cases;
mod generated_account;
mod limited_question;

use std::path::Path;

use iamdrift::audit::{Audit, AuditOptions, Finding, RuleId, audit, verify_fixes};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

pub const ACCOUNT: &str = "111122223333";

/// A snapshot and a baseline.
pub struct Case {
    pub snapshot: Snapshot,
    pub baseline: Baseline,
}

impl Case {
    /// An account in the shape of the AWS CLI, a manifest without its first line, and its documents.
    pub fn new(account: &Value, manifest: &str, documents: &[(&str, Value)]) -> Case {
        let account = SourceFile::new("account.json", account.to_string());
        let snapshot = Snapshot::from_texts(Path::new("account.json"), &[account]).map_err(|e| e.to_string()).unwrap();
        let manifest = SourceFile::new("baseline.toml", format!("version = 1\n{manifest}"));
        let documents =
            documents.iter().map(|(name, document)| ((*name).to_owned(), SourceFile::new(*name, document.to_string())));
        let baseline = Baseline::from_texts(&manifest, documents, Catalog::embedded());
        Case { snapshot, baseline: baseline.map_err(|e| e.to_string()).unwrap() }
    }

    /// The audit without verification.
    pub fn audit(&self) -> Audit {
        audit_of(&self.snapshot, &self.baseline)
    }

    /// The audit with all fixes verified.
    pub fn verified_audit(&self) -> Audit {
        let mut audit = self.audit();
        let (catalog, options) = (Catalog::embedded(), options());
        verify_fixes(&mut audit, &self.snapshot, &self.baseline, catalog, &options, &|_| true).unwrap();
        audit
    }
}

pub fn options() -> AuditOptions {
    AuditOptions::new(jiff::civil::date(2026, 11, 27))
}

pub fn audit_of(snapshot: &Snapshot, baseline: &Baseline) -> Audit {
    audit(snapshot, baseline, Catalog::embedded(), &options()).map_err(|e| e.to_string()).unwrap()
}

/// The finding of a rule about a principal, by its name.
pub fn find<'a>(audit: &'a Audit, rule: RuleId, name: &str) -> &'a Finding {
    let is_wanted = |finding: &&Finding| {
        finding.rule == rule && finding.principal.as_ref().is_some_and(|principal| principal.name == name)
    };
    audit.findings.iter().find(is_wanted).unwrap_or_else(|| panic!("{rule} {name}: {:?}", audit.findings))
}

/// The steps of a fix, as a report shows them.
pub fn steps(finding: &Finding) -> Vec<String> {
    let class = iamdrift::audit::FindingClass::from_finding(finding);
    let steps = iamdrift::report::FindingJson::from_class(&class).fix.map_or_else(Vec::new, |fix| fix.steps);
    steps.iter().map(|step| step.to_text()).collect()
}

pub fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

pub fn allow(actions: Value, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

pub fn arn(resource: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{resource}")
}

/// A role with an inline policy, if it has statements, and with managed policies by their ARNs.
pub fn role(name: &str, statements: &[Value], attached: &[&str]) -> Value {
    let inline: Vec<Value> = match statements {
        [] => Vec::new(),
        statements => vec![json!({ "PolicyName": "own", "PolicyDocument": document(statements) })],
    };
    let trust =
        json!({ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" });
    json!({
        "Arn": arn(&format!("role/{name}")), "RoleName": name, "RoleId": format!("AROA{name}"), "Path": "/",
        "AssumeRolePolicyDocument": document(&[trust]), "RolePolicyList": inline,
        "AttachedManagedPolicies": attach(attached),
    })
}

pub fn attach(arns: &[&str]) -> Vec<Value> {
    let name = |arn: &str| arn.rsplit('/').next().unwrap().to_owned();
    arns.iter().map(|arn| json!({ "PolicyArn": arn, "PolicyName": name(arn) })).collect()
}

/// A managed policy with some older versions.
pub fn managed(arn: &str, statements: &[Value], old_versions: usize) -> Value {
    let version = |number: usize, is_default: bool| json!({ "VersionId": format!("v{number}"), "IsDefaultVersion": is_default, "Document": document(statements) });
    let old = (1..=old_versions).map(|number| version(number, false));
    let versions: Vec<Value> = old.chain([version(old_versions + 1, true)]).collect();
    json!({
        "Arn": arn, "PolicyName": arn.rsplit('/').next().unwrap(), "PolicyId": "ANPAEXAMPLE", "Path": "/",
        "DefaultVersionId": format!("v{}", old_versions + 1), "PolicyVersionList": versions,
    })
}

pub fn account(roles: &[Value], policies: &[Value]) -> Value {
    json!({ "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": policies })
}

/// An entry for one name, with its ceiling.
pub fn entry(name: &str, kind: &str, lines: &str) -> String {
    format!("[[principal]]\nname = \"{name}\"\nmatch = \"arn:*:iam::*:*/{name}*\"\nkind = \"{kind}\"\n{lines}\n")
}
