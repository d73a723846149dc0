//! `iamdrift audit` and `iamdrift demo`: what is found, and how they end.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

const ACCOUNT: &str = "111122223333";

/// A directory with a snapshot and a baseline.
struct Case(TempDir);

fn allow(actions: Value, resource: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": resource }] })
}

/// A role with inline policies, each a document, and attached policies by name.
fn role(name: &str, inline: &[Value], attached: &[&str]) -> Value {
    let inline: Vec<Value> = inline
        .iter()
        .enumerate()
        .map(|(i, document)| json!({ "PolicyName": format!("p{i}"), "PolicyDocument": document }))
        .collect();
    let attached: Vec<Value> = attached
        .iter()
        .map(|name| json!({ "PolicyName": name, "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}") }))
        .collect();
    json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "RoleName": name, "RoleId": format!("AROA{name}"), "Path": "/",
        "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": ACCOUNT } }] },
        "RolePolicyList": inline, "AttachedManagedPolicies": attached,
    })
}

fn policy(name: &str, document: Value) -> Value {
    json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}"), "PolicyName": name, "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document }],
    })
}

const MANIFEST: &str = "version = 1\n[[principal]]\nname = \"readers\"\nmatch = \"arn:*:iam::*:role/r-*\"\nkind = \"workload\"\nallow = [\"read.json\"]\n";

impl Case {
    fn new(roles: &[Value], policies: &[Value]) -> Case {
        let case = Case(tempfile::tempdir().unwrap());
        std::fs::create_dir(case.path("b")).unwrap();
        let page =
            json!({ "RoleDetailList": roles, "UserDetailList": [], "GroupDetailList": [], "Policies": policies });
        std::fs::write(case.path("account.json"), page.to_string()).unwrap();
        std::fs::write(case.path("b/read.json"), allow(json!("s3:Get*"), json!("*")).to_string()).unwrap();
        case.manifest(MANIFEST)
    }

    fn manifest(self, text: &str) -> Case {
        std::fs::write(self.path("b/baseline.toml"), text).unwrap();
        self
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, more: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
            .current_dir(self.0.path())
            .args(["audit", "--snapshot", "account.json", "--baseline", "b", "--format", "json"])
            .args(more)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn audit(&self, more: &[&str]) -> (i32, Value) {
        let (status, out, err) = self.run(more);
        assert_eq!(err, "", "{status}");
        (status, serde_json::from_str(&out).unwrap())
    }
}

/// The actions of an excess: the list of the report that it names.
fn patterns<'a>(audit: &'a Value, excess: &Value) -> Vec<&'a Value> {
    let position = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let list = &audit["action_lists"][position(&excess["actions"])];
    assert_eq!(list["all_but"], false);
    list["patterns"].as_array().unwrap().iter().map(|p| &audit["action_patterns"][position(p)]).collect()
}

/// The texts of a list, a line each.
fn lines(list: &Value) -> String {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The steps of the fix of a finding, a line each.
fn steps(finding: &Value) -> String {
    let steps = finding["fix"]["steps"].as_array().unwrap().iter();
    steps.map(|step| step["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The manifest entry that a finding about an undeclared principal proposes, below the first line of its advice.
fn declared_by_advice(finding: &Value) -> toml::Table {
    let advice = &finding["advice"][1];
    assert_eq!(advice["kind"], "declare-principal");
    advice["snippet"].as_str().unwrap().parse().unwrap_or_else(|error| panic!("{advice}: {error}"))
}

fn rules(audit: &Value) -> Vec<&str> {
    audit["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect()
}

#[test]
fn as_declared_ends_with_0() {
    let case = Case::new(&[role("r-1", &[allow(json!("s3:GetObject"), json!("*"))], &[])], &[]);
    let (status, audit) = case.audit(&[]);
    assert_eq!((status, rules(&audit)), (0, vec![]));
    assert_eq!(audit["principals"][0]["status"], "as-declared");
}

#[test]
fn broader_ends_with_1_and_is_one_finding() {
    let mine = allow(json!(["s3:Get*", "s3:DeleteBucket", "s3:ListBucket"]), json!("*"));
    let case = Case::new(&[role("r-1", &[mine], &["power"])], &[policy("power", allow(json!("sqs:*"), json!("*")))]);
    let (status, audit) = case.audit(&[]);
    assert_eq!((status, rules(&audit)), (1, vec!["IAM001"]));
    let finding = &audit["findings"][0];
    assert_eq!(finding["severity"], "high");
    let excess = finding["excess"].as_array().unwrap();
    let sqs = excess.iter().find(|e| e["granted_by"]["policy"] == "power").unwrap();
    assert_eq!(patterns(&audit, sqs)[0]["pattern"], "sqs:*");
    let s3 = excess.iter().find(|e| e["granted_by"]["policy"] == "p0").unwrap();
    assert_eq!(s3["witness"]["action"], "s3:DeleteBucket");
    assert_eq!(s3["expected"]["why"]["kind"], "action-not-listed");
    assert_eq!(s3["conditions"], json!([]));
    insta::assert_snapshot!("advice_to_detach_and_to_take_out", steps(finding));
    // Thresholds and filters.
    assert_eq!(case.audit(&["--fail-on", "critical"]).0, 0);
    assert_eq!(case.audit(&["--fail-on", "never"]).0, 0);
    assert_eq!(case.audit(&["--severity", "critical"]).0, 0);
    assert_eq!(case.audit(&["--rule", "IAM007"]).0, 0);
    assert_eq!(case.audit(&["--principal", "r-*", "--kind", "workload"]).0, 1);
    assert_eq!(case.run(&["--kind", "agent"]).0, 2);
    assert_eq!(case.run(&["--rule", "IAM999"]).0, 2);
}

#[test]
fn two_attachments_that_grant_the_declared_cannot_both_go() {
    let power = || allow(json!("s3:*"), json!("*"));
    let case = Case::new(&[role("r-1", &[], &["one", "two"])], &[policy("one", power()), policy("two", power())]);
    let (_, audit) = case.audit(&[]);
    let finding = &audit["findings"][0];
    assert_eq!(finding["excess"].as_array().unwrap().len(), 2, "{finding}");
    // One is detached, the other keeps what is declared.
    assert_eq!(finding["fix"]["steps"].as_array().unwrap().len(), 2, "{finding}");
    insta::assert_snapshot!("advice_for_two_attachments_that_grant_the_same", steps(finding));
}

#[test]
fn a_policy_that_was_not_collected_is_undecided_by_name_and_ends_with_3() {
    let case = Case::new(&[role("r-1", &[], &["etl"]), role("r-2", &[allow(json!("sqs:*"), json!("*"))], &[])], &[]);
    let (status, audit) = case.audit(&[]);
    assert_eq!(status, 3);
    // In the order of the principals.
    assert_eq!(rules(&audit), ["IAM010", "IAM001"]);
    let undecided = &audit["findings"][0];
    assert_eq!((&undecided["severity"], &undecided["principals"][0]["name"]), (&json!("medium"), &json!("r-1")));
    insta::assert_snapshot!("an_attached_policy_that_was_not_collected", undecided["title"].as_str().unwrap());
    assert_eq!(audit["principals"][0]["status"], "undecided");
    assert_eq!(case.audit(&["--fail-on", "never"]).0, 3);
    assert_eq!(case.audit(&["--principal", "r-2"]).0, 1);
}

#[test]
fn undeclared_principals_weigh_what_they_may_do() {
    let case = Case::new(&[role("tmp", &[allow(json!("*"), json!("*"))], &[]), role("r-1", &[], &[])], &[]);
    let (status, audit) = case.audit(&[]);
    assert_eq!((status, rules(&audit)), (1, vec!["IAM007"]));
    let finding = &audit["findings"][0];
    assert_eq!(finding["severity"], "critical");
    assert_eq!(patterns(&audit, &finding["excess"][0])[0]["pattern"], "*");
    assert_eq!(declared_by_advice(finding)["principal"][0]["name"].as_str(), Some("tmp"));
}

#[test]
fn an_undeclared_principal_is_told_by_what_hints_take_it_for() {
    let roles = || {
        let mut agent = role("tmp", &[allow(json!("sqs:SendMessage"), json!("*"))], &[]);
        agent["Tags"] = json!([{ "Key": "agent", "Value": "kiro" }]);
        [agent, role("r-1", &[], &[])]
    };
    let undeclared = |case: &Case| case.audit(&[]).1["findings"][0].clone();
    let agent = undeclared(&Case::new(&roles(), &[]));
    assert_eq!(agent["severity"], "high", "writing data, one step up for an agent");
    assert_eq!(declared_by_advice(&agent)["principal"][0]["kind"].as_str(), Some("agent"));
    let off = MANIFEST.replace("version = 1\n", "version = 1\n[settings]\nagent_hints = false\n");
    let unknown = undeclared(&Case::new(&roles(), &[]).manifest(&off));
    assert_eq!(unknown["severity"], "medium");
    assert_eq!(declared_by_advice(&unknown)["principal"][0]["kind"].as_str(), Some("workload"));
    let reasons = format!("{}\n{}", lines(&agent["reasons"]), lines(&unknown["reasons"]));
    insta::assert_snapshot!("what_hints_say_of_undeclared_principals", reasons);
}

#[test]
fn latent_and_narrower() {
    // Every read action that exists, by name, against the wildcard, and the other way round.
    let case = Case::new(&[role("r-1", &[allow(json!("s3:G*"), json!("*"))], &[])], &[]);
    let (status, audit) = case.audit(&[]);
    assert_eq!((status, rules(&audit)), (1, vec!["IAM002"]), "{audit}");
    assert_eq!(patterns(&audit, &audit["findings"][0]["excess"][0])[0]["pattern"], "s3:G*");
    let case = Case::new(&[role("r-1", &[allow(json!("s3:GetObject"), json!("*"))], &[])], &[]);
    let (status, audit) = case.audit(&["--rule", "IAM011"]);
    assert_eq!((status, rules(&audit)), (0, vec!["IAM011"]));
    assert_eq!(audit["findings"][0]["severity"], "info");
    assert_eq!(audit["principals"][0]["status"], "narrower");
}

/// What nothing is known of is asked in the principal's own partition, since no other lets it in.
#[test]
fn an_action_to_come_is_shown_in_the_principal_s_partition() {
    let conditions = [json!({}), json!({ "StringEquals": { "aws:ResourceAccount": ACCOUNT } })];
    for (condition, resource) in conditions.iter().flat_map(|c| ["*", "arn:*:s3:*:*:a/*"].map(|resource| (c, resource)))
    {
        let statement = json!({ "Effect": "Allow", "Action": "s3:G*", "Resource": resource, "Condition": condition });
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
        let (status, audit) = Case::new(&[role("r-1", &[document], &[])], &[]).audit(&[]);
        assert_eq!((status, rules(&audit)), (1, vec!["IAM002"]), "{audit}");
        let witness = audit["findings"][0]["excess"][0]["witness"]["resource"].as_str().unwrap();
        assert!(witness == "*" || witness.starts_with("arn:aws:"), "{witness}");
    }
}

fn exception(key: &str, expires: &str) -> String {
    format!(
        "{MANIFEST}[[exception]]\nfinding = \"{key}\"\naccepts = \"queues.json\"\nreason = \"migration\"\nrequested_by = \"a\"\napproved_by = \"b\"\nexpires = {expires}\n"
    )
}

#[test]
fn an_exception_accepts_until_its_day() {
    let case = Case::new(&[role("r-1", &[allow(json!("sqs:*"), json!("*"))], &[])], &[]);
    let (_, audit) = case.audit(&[]);
    let key = audit["findings"][0]["key"].as_str().unwrap().to_owned();
    assert_eq!(key, format!("iam001/{ACCOUNT}/role/r-1"));
    std::fs::write(case.path("b/queues.json"), allow(json!("sqs:*"), json!("*")).to_string()).unwrap();
    let case = case.manifest(&exception(&key, "2999-12-31"));
    let (status, audit) = case.audit(&[]);
    assert_eq!((status, rules(&audit)), (0, vec!["IAM001"]));
    assert_eq!(audit["findings"][0]["accepted"]["reason"], "migration");
    assert_eq!(audit["summary"]["accepted"], 1);
    assert_eq!(audit["principals"][0]["status"], "accepted");
    let case = case.manifest(&exception(&key, "2001-01-01"));
    let (status, audit) = case.audit(&[]);
    assert_eq!((status, rules(&audit)), (1, vec!["IAM001", "IAM009"]));
    let case = case.manifest(&exception("iam001/0/role/x", "2999-12-31"));
    assert_eq!(rules(&case.audit(&[]).1), ["IAM001", "IAM009"]);
}

#[test]
fn fingerprints_survive_reordering_and_not_widening() {
    let of = |roles: &[Value]| {
        let (_, audit) = Case::new(roles, &[]).audit(&[]);
        audit["findings"][0]["fingerprint"].as_str().unwrap().to_owned()
    };
    let statement = |action: &str| json!({ "Effect": "Allow", "Action": action, "Resource": "*" });
    let document = |statements: Vec<Value>| json!({ "Version": "2012-10-17", "Statement": statements });
    let (a, b) = (statement("sqs:Send*"), statement("s3:PutObject"));
    let before = of(&[role("r-1", &[document(vec![a.clone(), b.clone()])], &[])]);
    let mut named = b.clone();
    named["Sid"] = json!("Named");
    assert_eq!(of(&[role("r-1", &[document(vec![named, a.clone()])], &[])]), before);
    assert_eq!(of(&[role("r-1", &[document(vec![b.clone()]), document(vec![a])], &[])]), before);
    assert_ne!(of(&[role("r-1", &[document(vec![b, statement("sqs:*")])], &[])]), before);
}

#[test]
fn idle_and_ambiguous_entries() {
    let second = "[[principal]]\nname = \"NAME\"\nmatch = \"MATCH\"\nkind = \"agent\"\nallow = []\n";
    let manifest = |name: &str, glob: &str| MANIFEST.to_owned() + &second.replace("NAME", name).replace("MATCH", glob);
    let case = Case::new(&[role("r-1", &[], &[])], &[]).manifest(&manifest("gone", "arn:*:iam::*:role/gone"));
    let (status, audit) = case.audit(&[]);
    assert_eq!((status, rules(&audit)), (1, vec!["IAM009"]));
    let stale = &audit["findings"][0];
    assert_eq!((&stale["principals"], &stale["place"]["line"]), (&json!([]), &json!(8)));
    let mut titles = vec![stale["title"].clone()];
    let case = case.manifest(&manifest("all", "*"));
    let (status, audit) = case.audit(&["--principal", "r-1"]);
    assert_eq!(status, 1);
    assert_eq!(rules(&audit), ["IAM009"]);
    assert_eq!(audit["principals"][0]["status"], "ambiguous");
    titles.push(audit["findings"][0]["title"].clone());
    insta::assert_snapshot!("idle_and_ambiguous_entries", lines(&json!(titles)));
}

#[test]
fn what_cannot_be_used_ends_with_2() {
    let case = Case::new(&[role("r-1", &[], &[])], &[]).manifest(&MANIFEST.replace("kind", "kid"));
    let (status, out, err) = case.run(&[]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("b/baseline.toml:5:"), "{err}");
    let mut texts = vec![err];
    let case = case.manifest(&MANIFEST.replace("read.json", "aws:policy/ReadOnlyAccess"));
    let (status, _, err) = case.run(&[]);
    assert_eq!(status, 2);
    assert!(err.contains("b/baseline.toml:6:"), "{err}");
    texts.push(err);
    assert_eq!(case.run(&["--snapshot", "nowhere.json"]).0, 2, "given twice");
    std::fs::remove_file(case.path("account.json")).unwrap();
    let (status, _, err) = case.manifest(MANIFEST).run(&[]);
    assert_eq!(status, 2);
    texts.push(err);
    insta::assert_snapshot!("an_audit_that_cannot_start", texts.join("\n"));
}

#[test]
fn a_report_in_a_file_is_for_its_owner_alone() {
    let case = Case::new(&[role("r-1", &[], &[])], &[]);
    let (status, out, _) = case.run(&["-o", "report.json"]);
    assert_eq!((status, out.as_str()), (0, ""));
    let mode = std::fs::metadata(case.path("report.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(case.run(&["-o", "no/such/report.json"]).0, 2);
}

#[test]
fn the_demo_is_the_audit_of_the_example() {
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(args)
            .args(["--format", "json"])
            .output()
            .unwrap();
        let audit: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), audit)
    };
    let (status, demo) = run(&["demo"]);
    assert_eq!(status, 0);
    let incident = |name: &str| Path::new("examples/incident").join(name).display().to_string();
    let (status, audit) = run(&["audit", "--snapshot", &incident("snapshot"), "--baseline", &incident("baseline")]);
    assert_eq!(status, 3, "a document was not collected");
    assert_eq!(demo["findings"], audit["findings"]);
    assert_eq!(demo["baseline"], audit["baseline"]);
    let found: Vec<String> = demo["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| format!("{} {}", f["rule"].as_str().unwrap(), f["principals"][0]["name"].as_str().unwrap_or("")))
        .collect();
    for expected in [
        "IAM001 cost-explorer-oncall",
        "IAM001 lantern-cost-explorer",
        "IAM001 j.verhoeven",
        "IAM003 lantern-cost-explorer",
        "IAM004 cost-explorer-oncall",
        "IAM004 lantern-cost-explorer",
        "IAM005 cost-explorer-oncall",
        "IAM005 lantern-cost-explorer",
        "IAM007 data-migration-2024",
        "IAM010 etl-nightly",
    ] {
        assert!(found.iter().any(|f| f == expected), "{expected}: {found:?}");
    }
    assert_eq!(found.len(), 12, "{found:?}");
    assert_eq!(demo["summary"]["by_status"]["as-declared"], 9, "{found:?}");
    assert_eq!(demo["summary"]["by_status"]["ignored"], 2);
}
