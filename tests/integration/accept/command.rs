//! `iamdrift baseline accept`: what it writes, and what it refuses.

use serde_json::{Value, json};

use super::{Workspace, account, allow, ceiling, list_keys, manifest, role, trust_ec2};

const KEY: &str = "iam001/111122223333/role/r1";

fn workspace(lines: &str) -> Workspace {
    let statements = [allow(json!(["s3:GetObject", "s3:DeleteObject"]), json!("arn:aws:s3:::pub/*"))];
    Workspace::new(&account(&[role("r1", &statements, &[trust_ec2()])], &[], &[]), &[manifest(lines), ceiling()])
}

fn error_of(workspace: &Workspace, arguments: &[&str]) -> String {
    let output = workspace.accept(arguments);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_exception_is_appended_and_nothing_else_changes() {
    for (lines, line_end) in
        [("# a comment  without end", "\n"), ("\n\n# odd   spaces = 1\n", "\n"), ("# windows\r\n", "\r\n")]
    {
        let workspace = workspace(lines);
        let before = workspace.manifest();
        let output = workspace.accept(&[KEY]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let after = workspace.manifest();
        assert!(after.starts_with(&before), "{after}");
        assert!(after.ends_with(&format!("expires      = {}{line_end}", super::LAST_DAY)), "{after:?}");
        assert_eq!(workspace.audit().0, 0);
        let documents: Vec<_> = std::fs::read_dir(workspace.path("b/exceptions")).unwrap().collect();
        assert_eq!(documents.len(), 1);
        let path = documents[0].as_ref().unwrap().path();
        let written: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let expected =
            json!([{ "Effect": "Allow", "Action": ["s3:DeleteObject"], "Resource": ["arn:aws:s3:::pub/*"] }]);
        assert_eq!(written["Statement"], expected);
    }
}

/// The exception of IAM001 lists the actions of today, so that IAM002 is then also about the wildcard of its statement.
#[test]
fn a_finding_that_another_exception_extends_is_offered_again() {
    let queue = allow(json!("sqs:*"), json!("arn:aws:sqs:eu-west-1:111122223333:q"));
    let future_only = allow(json!("sqs:*"), json!("arn:aws:s3:::pub/*"));
    let account = account(&[role("r1", &[queue, future_only], &[trust_ec2()])], &[], &[]);
    let keys = [KEY, "iam002/111122223333/role/r1"];
    for arguments in [&["--all"][..], &keys] {
        let workspace = Workspace::new(&account, &[manifest("assumable_by = [\"ec2.amazonaws.com\"]\n"), ceiling()]);
        assert_eq!(workspace.open_keys(), keys);
        let output = workspace.accept(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(workspace.audit().0, 0, "{arguments:?}");
    }
}

#[test]
fn the_requester_cannot_approve_in_another_spelling() {
    let workspace = workspace("");
    let before = workspace.manifest();
    for (requester, approver) in
        [("a", "a"), ("a.person", "A. Person"), ("a.person", "\u{430}.person"), ("paul", "pau1")]
    {
        let people = ["--reason", "x", "--requested-by", requester, "--approved-by", approver];
        let output =
            workspace.run(&[&["baseline", "accept", "--all"], &people[..], &["--expires", super::LAST_DAY]].concat());
        assert_eq!(output.status.code(), Some(2), "{requester} {approver}");
    }
    assert_eq!(workspace.manifest(), before);
}

#[test]
fn an_unknown_key_is_refused_with_a_similar_one() {
    let workspace = workspace("");
    let before = workspace.manifest();
    assert!(error_of(&workspace, &["iam001/111122223333/role/r2"]).contains(KEY));
    // Nothing is written if one of several is wrong.
    error_of(&workspace, &[KEY, "iam001/111122223333/role/other"]);
    assert_eq!(workspace.manifest(), before);
    assert!(!workspace.path("b/exceptions").exists());
}

#[test]
fn an_accepted_finding_is_not_accepted_twice() {
    let workspace = workspace("");
    assert_eq!(workspace.accept(&[KEY]).status.code(), Some(0));
    let once = workspace.manifest();
    error_of(&workspace, &[KEY]);
    assert_eq!(workspace.accept(&["--all"]).status.code(), Some(0));
    assert_eq!(workspace.manifest(), once);
}

#[test]
fn an_expired_exception_is_replaced() {
    let workspace = workspace("");
    assert_eq!(workspace.accept(&[KEY]).status.code(), Some(0));
    let expired = workspace.manifest().replace(super::LAST_DAY, "2001-01-01") + "\n[settings]\nagent_hints = true\n";
    std::fs::write(workspace.path("b/baseline.toml"), &expired).unwrap();
    let (status, report) = workspace.audit();
    assert_eq!(status, 1);
    let expired_key = "iam009/expired/iam001%2F111122223333%2Frole%2Fr1";
    assert_eq!(list_keys(&report, |_| true), [KEY, expired_key]);
    assert_eq!(workspace.accept(&[KEY]).status.code(), Some(0));
    assert_eq!(workspace.audit().0, 0);
    let renewed = workspace.manifest();
    assert_eq!(renewed.matches("[[exception]]").count(), 1, "{renewed}");
    assert!(renewed.contains("[settings]\nagent_hints = true\n"), "{renewed}");
    assert_eq!(std::fs::read_dir(workspace.path("b/exceptions")).unwrap().count(), 1);
}

#[test]
fn the_old_form_is_refused_with_the_command_that_renews_it() {
    let old = "[[exception]]\nfingerprint = \"4f1c2aa04f1c2aa0\"\nreason = \"ticket 7\"\nrequested_by = \"a\"\napproved_by = \"b\"\nexpires = 2026-12-31\n";
    let workspace = workspace(old);
    let error = error_of(&workspace, &[KEY]);
    for part in ["old form", "iamdrift baseline accept KEY", "--reason 'ticket 7'", "--expires 2026-12-31"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_manifest_with_an_inline_list_is_refused_and_unchanged() {
    let workspace = workspace("");
    let inline = format!("exception = []\n{}", workspace.manifest());
    std::fs::write(workspace.path("b/baseline.toml"), &inline).unwrap();
    error_of(&workspace, &[KEY]);
    assert_eq!(workspace.manifest(), inline);
}

#[test]
fn characters_that_mislead_a_reader_are_escaped_in_all_files() {
    let hostile = "arn:aws:s3:::b/\u{202e}\u{2066}\u{200b}\u{2028}*";
    let mut bounded = role("r1", &[allow(json!("s3:PutObject"), json!(hostile))], &[trust_ec2()]);
    let arn = "arn:aws:iam::111122223333:policy/a";
    bounded["PermissionsBoundary"] = json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn });
    bounded["AttachedManagedPolicies"] =
        json!([{ "PolicyName": "x", "PolicyArn": "arn:aws:iam::111122223333:policy/\u{202e}x" }]);
    let unbounded = role("r2", &[allow(json!("s3:PutObject"), json!(hostile))], &[trust_ec2()]);
    let files = [manifest(""), ceiling()];
    let workspace = Workspace::new(&account(&[bounded, unbounded], &[], &[]), &files);
    assert_eq!(workspace.accept(&["--all"]).status.code(), Some(0));
    let folder = std::fs::read_dir(workspace.path("b/exceptions")).unwrap();
    let documents: Vec<String> = folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert!(documents.iter().any(|text| text.contains(r"b/\u202e\u2066\u200b\u2028*")), "{documents:?}");
    assert!(workspace.manifest().contains(r"policy/\u202Ex"), "{}", workspace.manifest());
    for text in documents.iter().chain([&workspace.manifest()]) {
        assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{2028}']), "{text}");
    }
    assert_eq!(workspace.audit().0, 0);
}

#[test]
fn names_that_differ_in_a_separator_have_documents_of_their_own() {
    let of = |name: &str, action: &str| role(name, &[allow(json!(action), json!("*"))], &[trust_ec2()]);
    let roles = [of("r/a-b", "s3:PutObject"), of("r/a/b", "s3:DeleteObject")];
    let workspace = Workspace::new(&account(&roles, &[], &[]), &[manifest(""), ceiling()]);
    assert_eq!(workspace.accept(&["--all"]).status.code(), Some(0));
    assert_eq!(workspace.audit().0, 0);
    let names: Vec<String> = std::fs::read_dir(workspace.path("b/exceptions"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    for slug in ["iam001~111122223333~role~r~a-b.", "iam001~111122223333~role~r~a~b."] {
        assert_eq!(names.iter().filter(|name| name.starts_with(slug)).count(), 1, "{names:?}");
    }
    assert_eq!(workspace.path("b").read_dir().unwrap().count(), 3, "no other file is left");
}

#[test]
fn a_document_that_exists_is_not_overwritten() {
    let workspace = workspace("");
    let before = workspace.manifest();
    assert_eq!(workspace.accept(&[KEY]).status.code(), Some(0));
    let folder = workspace.path("b/exceptions");
    let first = folder.read_dir().unwrap().next().unwrap().unwrap().path();
    std::fs::write(&first, "kept").unwrap();
    std::fs::write(workspace.path("b/baseline.toml"), before).unwrap();
    assert_eq!(workspace.accept(&[KEY]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&first).unwrap(), "kept");
    assert_eq!(folder.read_dir().unwrap().count(), 2);
    assert_eq!(workspace.audit().0, 0);
}
