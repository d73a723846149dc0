//! A collected directory through the commands: what could not be collected is told first, and makes undecided
//! exactly what rests on it.

use std::collections::BTreeSet;
use std::path::Path;

use assert_cmd::Command;
use iamdrift::snapshot::format::{CollectionPart, UnreadPart};
use iamdrift::snapshot::store::{Compression, SnapshotWriter};
use serde_json::{Value, json};

use super::{BOTH, finish, fresh, header, id, number, organization, page, role, unread, written};

const MANIFEST: &str = "version = 1\n[[principal]]\nname = \"readers\"\nmatch = \"arn:*:iam::*:role/r\"\nkind = \"workload\"\nallow = [\"read.json\"]\n";

/// A baseline that declares what the role `r` has.
fn baseline(beside: &Path, manifest: &str) -> std::path::PathBuf {
    let directory = beside.with_extension("baseline");
    std::fs::create_dir_all(&directory).unwrap();
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }] });
    std::fs::write(directory.join("read.json"), document.to_string()).unwrap();
    std::fs::write(directory.join("baseline.toml"), manifest).unwrap();
    directory
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("iamdrift").unwrap().env("COLUMNS", "200").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn audit(directory: &Path, manifest: &str, more: &[&str]) -> (i32, String, String) {
    let baseline = baseline(directory, manifest);
    let (snapshot, baseline) = (directory.to_str().unwrap(), baseline.to_str().unwrap());
    run(&[&["audit", "--snapshot", snapshot, "--baseline", baseline], more].concat())
}

fn audit_json(directory: &Path) -> (i32, Value) {
    let (status, out, err) = audit(directory, MANIFEST, &["--format", "json"]);
    (status, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}")))
}

/// A text without the place of the directory, which is another each time.
fn shown(text: &str, directory: &Path) -> String {
    text.replace(directory.parent().unwrap().to_str().unwrap(), "[folder]")
}

/// The rules of a report's findings.
fn rules(report: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(report).unwrap();
    report["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
}

/// The status of each principal by its account.
fn statuses(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let principals = report["principals"].as_array().unwrap();
    principals.iter().map(|p| (text(&p["account"]), text(&p["status"]))).collect()
}

/// Two accounts with the same role, one of them with parts that could not be read.
fn two(directory: &Path, of_first: Vec<UnreadPart>) -> SnapshotWriter {
    let writer = SnapshotWriter::create(directory, header(), Compression::Zstd).unwrap();
    for (n, parts) in [of_first, Vec::new()].into_iter().enumerate() {
        let number = number(n);
        let mut account = writer.begin_account(&id(&number), Some(["billing", "web"][n])).unwrap();
        account.write_page(&page(json!({ "RoleDetailList": [role(&number, "r", "s3:GetObject")] }))).unwrap();
        parts.into_iter().for_each(|part| account.record_unread(part));
        account.finish().unwrap();
    }
    writer
}

#[test]
fn what_was_read_whole_is_audited_like_any_snapshot() {
    for compression in BOTH {
        let (_folder, directory) = fresh();
        written(&directory, compression);
        let (status, report) = audit_json(&directory);
        assert_eq!((status, &report["unread"]), (0, &json!([])), "{report}");
        assert_eq!(report["snapshot"]["taken_at"], "2026-11-20T06:00:00Z");
        assert_eq!(report["snapshot"]["organization"]["id"], "o-x");
        assert_eq!(report["summary"]["by_status"], json!({ "as-declared": 3 }));
        let arn = format!("arn:aws:iam::{}:role/r", number(1));
        let snapshot = directory.to_str().unwrap();
        let question =
            ["explain", &arn, "s3:GetObject", "arn:aws:s3:::b/k", "--snapshot", snapshot, "--format", "json"];
        let (status, out, err) = run(&question);
        assert_eq!(status, 0, "{out}{err}");
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["decision"], "allowed");
    }
}

#[test]
fn an_account_that_could_not_be_read_is_a_line_at_the_top() {
    let (_folder, directory) = fresh();
    let writer = two(&directory, Vec::new());
    writer
        .record_unread_account(&id(&number(9)), Some("old"), "AccessDenied: not authorized", Some("sts:AssumeRole"))
        .unwrap();
    finish(writer);
    let (status, report) = audit_json(&directory);
    assert_eq!(status, 3);
    assert_eq!(statuses(&report).iter().map(|(_, status)| status.as_str()).collect::<Vec<_>>(), ["as-declared"; 2]);
    let unread = &report["unread"][0];
    assert_eq!(unread["account"], "100000000009");
    assert_eq!(unread["permission"], "sts:AssumeRole");
    assert!(unread["place"]["file"].as_str().unwrap().ends_with("manifest.json"));
    let (status, out, _) = audit(&directory, MANIFEST, &[]);
    assert_eq!(status, 3);
    // The line comes before what was found.
    let line = out.lines().position(|line| line.contains("100000000009") && line.contains("AccessDenied"));
    assert!(line.unwrap() < out.lines().count() / 2, "{out}");
    let mut texts = vec![shown(&out, &directory)];
    // A list of everyone says that some may be missing.
    let (status, out, _) = run(&["principals", "--snapshot", directory.to_str().unwrap()]);
    assert_eq!(status, 3);
    assert!(out.contains("100000000009"), "{out}");
    texts.push(shown(&out, &directory));
    // Whom it may hold is not known: no entry is called stale for matching nobody.
    let idle = format!(
        "{MANIFEST}[[principal]]\nname = \"x\"\nmatch = \"arn:*:iam::*:role/gone\"\nkind = \"agent\"\nallow = [\"read.json\"]\n"
    );
    assert_eq!(rules(&audit(&directory, &idle, &["--format", "json"]).1), [""; 0]);
    let arn = format!("arn:aws:iam::{}:role/r", number(9));
    let (status, _, err) =
        run(&["explain", &arn, "s3:GetObject", "arn:aws:s3:::b/k", "--snapshot", directory.to_str().unwrap()]);
    assert_eq!(status, 2);
    assert!(err.contains("100000000009"), "{err}");
    texts.push(shown(&err, &directory));
    insta::assert_snapshot!("an_account_that_could_not_be_read", texts.join("\n----\n"));
}

#[test]
fn where_everything_is_there_an_idle_entry_is_stale() {
    let (_folder, directory) = fresh();
    finish(two(&directory, Vec::new()));
    let idle = format!(
        "{MANIFEST}[[principal]]\nname = \"x\"\nmatch = \"arn:*:iam::*:role/gone\"\nkind = \"agent\"\nallow = [\"read.json\"]\n"
    );
    assert_eq!(rules(&audit(&directory, &idle, &["--format", "json"]).1), ["IAM009"]);
}

#[test]
fn accounts_none_of_which_could_be_read_are_no_all_clear() {
    let (_folder, directory) = fresh();
    let writer = SnapshotWriter::create(&directory, header(), Compression::None).unwrap();
    writer.record_unread_account(&id(&number(0)), None, "ExpiredToken", None).unwrap();
    finish(writer);
    let (status, out, err) = audit(&directory, MANIFEST, &[]);
    assert_eq!(status, 3, "{out}{err}");
    insta::assert_snapshot!("no_account_could_be_read", shown(&out, &directory));
}

/// The table of `docs/snapshot.md`: what each part leaves undecided, in the account that it is of and in another.
#[test]
fn each_part_leaves_undecided_what_rests_on_it() {
    let mut texts = BTreeSet::new();
    for (part, of, here) in [
        (CollectionPart::ResourcePolicies, Some("s3 in eu-west-1"), "undecided"),
        (CollectionPart::ResourcePolicies, Some("arn:aws:s3:::one"), "undecided"),
        (CollectionPart::ResourcePolicies, None, "undecided"),
        (CollectionPart::AuthorizationDetails, None, "as-declared"),
        (CollectionPart::AccountAliases, None, "as-declared"),
        (CollectionPart::OpenIdConnectProviders, None, "as-declared"),
        (CollectionPart::SamlProviders, None, "as-declared"),
        (CollectionPart::PermissionSets, None, "as-declared"),
    ] {
        let (_folder, directory) = fresh();
        finish(two(&directory, vec![unread(part, of, "AccessDenied", Some("x:Get"))]));
        let (status, report) = audit_json(&directory);
        let expected = [(number(0), here.to_owned()), (number(1), "as-declared".to_owned())];
        assert_eq!((status, statuses(&report)), (3, expected.to_vec()), "{part:?} {of:?}");
        assert_eq!(report["unread"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&report["unread"][0]["account"], &report["unread"][0]["permission"]),
            (&json!(number(0)), &json!("x:Get"))
        );
        texts.insert(report["unread"][0]["subject"].as_str().unwrap().to_owned());
        if here == "undecided" {
            let finding = &report["findings"][0];
            assert_eq!(finding["rule"], "IAM010");
            let advice = finding["advice"][0]["text"].as_str().unwrap();
            assert!(advice.contains("x:Get"), "{finding}");
            texts.insert(advice.to_owned());
        }
        let alone = directory.join(format!("accounts/{}.json.zst", number(0)));
        let (status, report) = audit_json(&alone);
        assert_eq!((status, statuses(&report)), (3, expected[..1].to_vec()), "{part:?} by itself");
    }
    insta::assert_snapshot!("parts_that_could_not_be_read", texts.into_iter().collect::<Vec<_>>().join("\n"));
}

/// SCPs and RCPs bind the accounts of the organization, and not its management account.
#[test]
fn an_organization_that_could_not_be_read_leaves_undecided_whom_it_binds() {
    let allow_all = json!([{
        "Id": "p-1", "Name": "all", "Type": "SERVICE_CONTROL_POLICY", "Targets": ["r-1", "100000000000", "100000000001", "999988887777"],
        "Content": { "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } },
    }]);
    type Organization = Option<(Value, CollectionPart)>;
    let cases: [(Organization, &str, &str); 4] = [
        (None, "undecided", "undecided"),
        (Some((json!([]), CollectionPart::ServiceControlPolicies)), "undecided", "as-declared"),
        // The management account can use resources of members, to which RCPs apply.
        (Some((allow_all.clone(), CollectionPart::ResourceControlPolicies)), "undecided", "undecided"),
        (Some((allow_all, CollectionPart::DelegatedAdministrators)), "as-declared", "as-declared"),
    ];
    for (case, member, management) in cases {
        let (_folder, directory) = fresh();
        let writer = two(&directory, Vec::new());
        let head = "999988887777";
        let mut account = writer.begin_account(&id(head), None).unwrap();
        account.write_page(&page(json!({ "RoleDetailList": [role(head, "r", "s3:GetObject")] }))).unwrap();
        account.finish().unwrap();
        let what = format!("{:?}", case.as_ref().map(|(_, part)| *part));
        match case {
            None => writer.record_unread_organization("AccessDenied", None).unwrap(),
            Some((policies, part)) => {
                let file = organization(&["100000000000", "100000000001", head], policies);
                writer.write_organization(&file, vec![unread(part, None, "AccessDenied", None)]).unwrap();
            }
        }
        finish(writer);
        let (status, report) = audit_json(&directory);
        let expected = [(number(0), member), (number(1), member), (head.to_owned(), management)];
        let expected: Vec<_> = expected.into_iter().map(|(account, status)| (account, status.to_owned())).collect();
        assert_eq!((status, statuses(&report)), (3, expected), "{what}");
        assert_eq!(report["unread"].as_array().unwrap().len(), 1, "{what}");
    }
}

/// What was found on other resources is proven all the same, and told with what could not be looked at.
#[test]
fn unread_resource_policies_take_back_only_what_they_could_deny() {
    for (of, found) in [
        (Some("sqs in eu-west-1"), vec!["IAM001", "IAM010"]),
        (Some("arn:aws:s3:::some-other-bucket"), vec!["IAM001", "IAM010"]),
        (Some("s3 in eu-west-1"), vec!["IAM010"]),
        // What is neither an ARN nor a service could be of any.
        (Some("https://s3.amazonaws.com/some-other-bucket"), vec!["IAM010"]),
        (None, vec!["IAM010"]),
    ] {
        let (_folder, directory) = fresh();
        let writer = SnapshotWriter::create(&directory, header(), Compression::None).unwrap();
        let mut account = writer.begin_account(&id(&number(0)), None).unwrap();
        account.write_page(&page(json!({ "RoleDetailList": [role(&number(0), "r", "s3:PutObject")] }))).unwrap();
        account.record_unread(unread(CollectionPart::ResourcePolicies, of, "AccessDenied", None));
        account.finish().unwrap();
        finish(writer);
        let (status, report) = audit_json(&directory);
        let mut rules: Vec<&str> =
            report["findings"].as_array().unwrap().iter().filter_map(|f| f["rule"].as_str()).collect();
        rules.sort_unstable();
        assert_eq!((status, rules), (3, found), "{of:?}");
        let (arn, snapshot) = (format!("arn:aws:iam::{}:role/r", number(0)), directory.to_str().unwrap());
        let (status, out, _) = run(&["explain", &arn, "s3:PutObject", "arn:aws:s3:::b/k", "--snapshot", snapshot]);
        let decides = !report["findings"].to_string().contains("IAM001");
        assert_eq!(status, if decides { 3 } else { 0 }, "{of:?}: {out}");
    }
}

/// What is there allows too much, and an SCP that nobody could read may deny it: undecided, and told.
#[test]
fn excess_that_an_unread_policy_could_deny_is_undecided_and_told() {
    let mut reasons: Vec<Vec<Value>> = Vec::new();
    for action in ["s3:PutObject", "s3:GetObject"] {
        let (_folder, directory) = fresh();
        let writer = SnapshotWriter::create(&directory, header(), Compression::None).unwrap();
        let mut account = writer.begin_account(&id(&number(0)), None).unwrap();
        account.write_page(&page(json!({ "RoleDetailList": [role(&number(0), "r", action)] }))).unwrap();
        account.finish().unwrap();
        writer.record_unread_organization("AccessDenied", None).unwrap();
        finish(writer);
        let (status, report) = audit_json(&directory);
        let findings = report["findings"].as_array().unwrap();
        assert_eq!((status, findings.len(), &findings[0]["rule"]), (3, 1, &json!("IAM010")), "{report}");
        reasons.push(findings[0]["reasons"].as_array().unwrap().clone());
    }
    // What goes beyond the ceiling is one reason more.
    assert_eq!(reasons[0].len(), reasons[1].len() + 1, "{reasons:?}");
    assert_eq!(reasons[0][..reasons[1].len()], reasons[1][..]);
    insta::assert_snapshot!("excess_that_an_unread_policy_could_deny", reasons[0].last().unwrap().as_str().unwrap());
}

/// A snapshot that is there is not collected: what says how to collect has no meaning beside it.
#[test]
fn options_of_collecting_beside_a_snapshot_are_refused() {
    let (_folder, directory) = fresh();
    written(&directory, Compression::None);
    for option in
        [["--profile", "p"], ["--accounts", "111122223333"], ["--concurrency", "2"], ["--region", "eu-west-1"]]
    {
        let (status, _, err) = audit(&directory, MANIFEST, &option);
        assert_eq!(status, 2);
        assert!(err.contains(option[0]) && err.contains("--snapshot"), "{err}");
    }
    assert_eq!(audit(&directory, MANIFEST, &["--quiet"]).0, 0);
}

/// Policies that were not read may not count as policies that allow nothing: that would be an all-clear.
#[test]
fn unread_organization_policies_hide_no_drift() {
    let (_folder, directory) = fresh();
    let writer = SnapshotWriter::create(&directory, header(), Compression::None).unwrap();
    let mut account = writer.begin_account(&id(&number(0)), None).unwrap();
    account.write_page(&page(json!({ "RoleDetailList": [role(&number(0), "other", "s3:*")] }))).unwrap();
    account.finish().unwrap();
    let part = unread(CollectionPart::ServiceControlPolicies, None, "AccessDenied", None);
    writer.write_organization(&organization(&["100000000000"], json!([])), vec![part]).unwrap();
    finish(writer);
    let (status, report) = audit_json(&directory);
    let findings = report["findings"].as_array().unwrap();
    let undeclared = findings.iter().find(|finding| finding["rule"] == "IAM007").unwrap();
    assert_eq!(status, 3);
    assert!(undeclared["action_count"].as_u64().unwrap() > 100, "{undeclared}");
    let reasons = undeclared["reasons"].as_array().unwrap();
    insta::assert_snapshot!("a_missing_policy_that_could_deny_some", reasons.last().unwrap().as_str().unwrap());
    // An organization that is given by hand does for one that could not be read.
    let (_folder, directory) = fresh();
    let writer = two(&directory, Vec::new());
    writer.record_unread_organization("AccessDenied", None).unwrap();
    finish(writer);
    let by_hand = directory.with_extension("json");
    let scps = json!([{
        "Id": "p-1", "Name": "all", "Type": "SERVICE_CONTROL_POLICY", "Targets": ["r-1", "100000000000", "100000000001"],
        "Content": { "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } },
    }]);
    let file = organization(&["100000000000", "100000000001"], scps);
    std::fs::write(&by_hand, serde_json::to_string(&file).unwrap()).unwrap();
    let (status, out, err) = audit(&directory, MANIFEST, &["--organization", by_hand.to_str().unwrap()]);
    assert_eq!(status, 0, "{out}{err}");
}

#[test]
fn what_is_no_whole_snapshot_ends_with_2_and_says_what_to_do() {
    let (_folder, directory) = fresh();
    written(&directory, Compression::None);
    let file = directory.join(format!("accounts/{}.json", number(1)));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("s3:GetObject", "s3:DelObject")).unwrap();
    let (status, out, err) = audit(&directory, MANIFEST, &[]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("accounts/100000000001.json"), "{err}");
    let changed = shown(&err, &directory);
    std::fs::write(&file, text).unwrap();
    std::fs::rename(directory.join("manifest.json"), directory.join("journal.jsonl")).unwrap();
    let (status, _, err) = audit(&directory, MANIFEST, &[]);
    assert_eq!(status, 2);
    assert!(err.contains("`iamdrift collect --resume`"), "{err}");
    insta::assert_snapshot!("directories_that_are_no_whole_snapshot", changed + &shown(&err, &directory));
}
