//! What a finding says to do, where it depends on how the principal comes by its policies.

use std::path::Path;

use iamdrift::audit::{AuditOptions, Finding, RuleId, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

const USER: &str = "arn:aws:iam::111122223333:user/someone";

fn document(action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] })
}

/// What a report says to do about a finding: the steps of the fix, then the other advice.
pub fn list_remedies(finding: &Finding) -> Vec<String> {
    let class = iamdrift::audit::FindingClass::from_finding(finding);
    let finding = iamdrift::report::FindingJson::from_class(&class);
    let steps = finding.fix.into_iter().flat_map(|fix| fix.steps);
    steps.chain(finding.advice).map(|advice| advice.to_text()).collect()
}

/// What IAM001 advises for a user of one group that gives these policies; `sqs:SendMessage` is declared.
fn advised(inline: &[(&str, &str)]) -> Vec<String> {
    let policies: Vec<Value> =
        inline.iter().map(|(name, action)| json!({ "PolicyName": name, "PolicyDocument": document(action) })).collect();
    let account = json!({
        "UserDetailList": [{
            "Arn": USER, "UserName": "someone", "UserId": "AIDAEXAMPLE", "Path": "/", "GroupList": ["helpers"],
            "AttachedManagedPolicies": [],
        }],
        "GroupDetailList": [{
            "Arn": "arn:aws:iam::111122223333:group/helpers", "GroupName": "helpers", "GroupId": "AGPAEXAMPLE",
            "Path": "/", "GroupPolicyList": policies, "AttachedManagedPolicies": [],
        }],
        "RoleDetailList": [], "Policies": [],
    });
    let account = SourceFile::new("account.json", account.to_string());
    let snapshot = Snapshot::from_texts(Path::new("account.json"), &[account]).map_err(|e| e.to_string()).unwrap();
    let entry = "version = 1\n[[principal]]\nname = \"u\"\nmatch = \"*\"\nkind = \"operator\"\nallow = \"a.json\"\n";
    let declared = SourceFile::new("a.json", document("sqs:SendMessage").to_string());
    let manifest = SourceFile::new("baseline.toml", entry);
    let baseline = Baseline::from_texts(&manifest, [("a.json".to_owned(), declared)], Catalog::embedded());
    let options = AuditOptions::new(jiff::civil::date(2026, 11, 20));
    let audit = audit(&snapshot, &baseline.unwrap(), Catalog::embedded(), &options).map_err(|e| e.to_string()).unwrap();
    let broader = audit.findings.into_iter().find(|finding| finding.rule == RuleId::Broader);
    list_remedies(&broader.unwrap())
}

#[test]
fn a_group_is_left_only_where_nothing_of_it_is_needed() {
    let leave = advised(&[("Keys", "iam:CreateAccessKey")]);
    assert_eq!(advised(&[("Keys", "iam:CreateAccessKey"), ("Topics", "sns:Publish")]), leave);
    let keep = advised(&[("Keys", "iam:CreateAccessKey"), ("Queues", "sqs:SendMessage")]);
    assert_eq!((leave.len(), keep.len()), (1, 1));
    // The group alone is named where it is left; the policy is where the group is kept.
    let names = |advice: &[String]| ["someone", "helpers", "Keys", "Queues"].map(|name| advice[0].contains(name));
    assert_eq!((names(&leave), names(&keep)), ([true, true, false, false], [true, true, true, false]));
    insta::assert_snapshot!("advice_about_a_group", [leave, keep].concat().join("\n"));
}
