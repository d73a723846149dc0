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
