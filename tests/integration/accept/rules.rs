//! What an exception of each rule accepts, and what is back when an account changes.

use serde_json::{Value, json};

use super::{Workspace, account, allow, ceiling, manifest, role, trust_ec2};

/// Accepts everything that is found before a change, and returns the keys that are open after it.
fn open_after(baseline: &[(&str, String)], before: &Value, after: &Value) -> Vec<String> {
    let workspace = Workspace::new(before, baseline);
    let output = workspace.accept(&["--all"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(workspace.open_keys(), Vec::<String>::new(), "{}", workspace.manifest());
    workspace.set_account(after);
    // What no longer exists leaves an exception that the baseline does not need.
    workspace.open_keys().into_iter().filter(|key| !key.starts_with("iam009/exception/")).collect()
}

fn one_role(role: Value) -> Value {
    account(&[role], &[], &[])
}

fn simple() -> [(&'static str, String); 2] {
    [manifest(""), ceiling()]
}

fn with(mut statement: Value, key: &str, value: Value) -> Value {
    statement[key] = value;
    statement
}

fn key(rule: &str, rest: &str) -> String {
    format!("{rule}/111122223333/role/{rest}")
}

#[test]
fn excess_grows_by_a_deny_that_is_removed_and_shrinks_by_one_that_is_added() {
    let delete = || allow(json!("s3:Delete*"), json!("arn:aws:s3:::pub/*"));
    let deny = || json!({ "Effect": "Deny", "Action": "s3:DeleteObjectVersion", "Resource": "*" });
    let denied = one_role(role("r1", &[delete(), deny()], &[trust_ec2()]));
    let plain = one_role(role("r1", &[delete()], &[trust_ec2()]));
    assert_eq!(open_after(&simple(), &denied, &plain), [key("iam001", "r1")]);
    assert!(open_after(&simple(), &plain, &denied).is_empty());
}

#[test]
fn excess_grows_by_a_condition_that_is_dropped_or_widened() {
    let delete = |network: &str| {
        let condition = json!({ "IpAddress": { "aws:SourceIp": network } });
        let statement = with(allow(json!("s3:DeleteObject"), json!("*")), "Condition", condition);
        one_role(role("r1", &[statement], &[trust_ec2()]))
    };
    let unconditional = one_role(role("r1", &[allow(json!("s3:DeleteObject"), json!("*"))], &[trust_ec2()]));
    assert_eq!(open_after(&simple(), &delete("10.0.0.0/16"), &delete("10.0.0.0/8")), [key("iam001", "r1")]);
    assert_eq!(open_after(&simple(), &delete("10.0.0.0/16"), &unconditional), [key("iam001", "r1")]);
    assert!(open_after(&simple(), &delete("10.0.0.0/8"), &delete("10.0.0.0/16")).is_empty());
}

#[test]
fn excess_grows_by_a_boundary_that_is_widened() {
    let bounded = |statements: &[Value]| {
        let mut bounded = role("r1", &[allow(json!("s3:*"), json!("*"))], &[trust_ec2()]);
        let arn = "arn:aws:iam::111122223333:policy/bd";
        bounded["PermissionsBoundary"] = json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn });
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        let policy = json!({
            "Arn": arn, "PolicyName": "bd", "DefaultVersionId": "v1",
            "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document }],
        });
        account(&[bounded], &[], &[policy])
    };
    let pub_only = allow(json!("s3:*Object"), json!("arn:aws:s3:::pub/*"));
    let lists = allow(json!(["s3:ListBucket", "s3:GetBucketLocation"]), json!("*"));
    let narrow = bounded(&[pub_only.clone(), lists.clone()]);
    let wide = bounded(&[pub_only, lists, allow(json!("s3:DeleteBucket"), json!("*"))]);
    assert_eq!(open_after(&simple(), &narrow, &wide), [key("iam001", "r1")]);
    assert!(open_after(&simple(), &wide, &narrow).is_empty());
}

#[test]
fn a_tag_does_not_move_what_is_accepted() {
    let tagged = |team: &str| {
        let mut tagged = role(
            "r1",
            &[allow(json!("s3:PutObject"), json!("arn:aws:s3:::${aws:PrincipalTag/team}/*"))],
            &[trust_ec2()],
        );
        tagged["Tags"] = json!([{ "Key": "team", "Value": team }]);
        one_role(tagged)
    };
    assert_eq!(open_after(&simple(), &tagged("a"), &tagged("b")), [key("iam001", "r1")]);
    let mut untagged = tagged("a");
    untagged["RoleDetailList"][0]["Tags"] = json!([]);
    assert!(open_after(&simple(), &tagged("a"), &untagged).is_empty());
}

#[test]
fn trust_grows_by_a_condition_that_is_dropped_and_by_another_party() {
    let trust = |account: &str, external_id: Option<&str>| {
        let statement = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{account}:root") }, "Action": "sts:AssumeRole" });
        match external_id {
            Some(id) => with(statement, "Condition", json!({ "StringEquals": { "sts:ExternalId": id } })),
            None => statement,
        }
    };
    let trusting = |statements: &[Value]| one_role(role("r1", &[], statements));
    let baseline = [manifest("assumable_by = []\n"), ceiling()];
    let first = || trust("444455556666", Some("x"));
    assert_eq!(
        open_after(&baseline, &trusting(&[first()]), &trusting(&[trust("444455556666", None)])),
        [key("iam006", "r1:account/444455556666")]
    );
    assert_eq!(
        open_after(&baseline, &trusting(&[first()]), &trusting(&[first(), trust("777788889999", Some("x"))])),
        [key("iam006", "r1:account/777788889999")]
    );
    let role_arn = json!({ "AWS": "arn:aws:iam::444455556666:role/ci" });
    let narrowed = with(first(), "Principal", role_arn);
    let left = open_after(&baseline, &trusting(&[first(), trust("777788889999", None)]), &trusting(&[first()]));
    assert!(left.is_empty(), "{left:?}");
    // A role of the account is a part of what was accepted. A role without the condition is not.
    assert!(open_after(&baseline, &trusting(&[first()]), &trusting(&[narrowed])).is_empty());
    let free = with(trust("444455556666", None), "Principal", json!({ "AWS": "arn:aws:iam::444455556666:role/ci" }));
    let key = key("iam006", "r1:principal/444455556666/role/ci");
    assert_eq!(open_after(&baseline, &trusting(&[first()]), &trusting(&[free])), [key]);
}

/// The keys that are open after some statements were accepted and others replaced or joined them. All of them can be
/// accepted, too.
fn open_after_trust(before: &[Value], after: &[Value]) -> Vec<String> {
    let trusting = |statements: &[Value]| one_role(role("r1", &[], statements));
    let baseline = [manifest("assumable_by = [\"ec2.amazonaws.com\"]\n"), ceiling()];
    assert!(open_after(&baseline, &trusting(after), &trusting(before)).is_empty(), "what shrinks stays accepted");
    open_after(&baseline, &trusting(before), &trusting(after))
}

fn assumes(action: &str, principal: Value, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition })
}

#[test]
fn an_accepted_trust_in_anyone_does_not_hide_an_account_or_an_organization() {
    let anyone =
        |key: &str, value: &str| assumes("sts:AssumeRole", json!("*"), json!({ "StringEquals": { key: value } }));
    let accepted = || anyone("sts:ExternalId", "x");
    for (named, part) in [
        (anyone("aws:PrincipalAccount", "999900001111"), "account/999900001111"),
        (anyone("aws:PrincipalOrgID", "o-evilevil1"), "organization/o-evilevil1"),
    ] {
        assert_eq!(open_after_trust(&[accepted()], &[accepted(), named]), [key("iam006", &format!("r1:{part}"))]);
    }
}

#[test]
fn session_tags_that_join_accepted_trust_are_back() {
    let account = |actions: Value| {
        let principal = json!({ "AWS": "arn:aws:iam::444455556666:root" });
        json!({ "Effect": "Allow", "Principal": principal, "Action": actions })
    };
    let plain = || account(json!("sts:AssumeRole"));
    let expected = [key("iam006", "r1:account/444455556666")];
    for action in ["sts:TagSession", "sts:SetSourceIdentity"] {
        assert_eq!(open_after_trust(&[plain()], &[account(json!(["sts:AssumeRole", action]))]), expected, "{action}");
        assert_eq!(open_after_trust(&[plain()], &[plain(), account(json!(action))]), expected, "{action}");
    }
    let external = |actions: Value| {
        let mut statement = account(actions);
        statement["Condition"] = json!({ "StringEquals": { "sts:ExternalId": "s3cret" } });
        statement
    };
    let accepted = [external(json!("sts:AssumeRole"))];
    let with_tags = external(json!(["sts:AssumeRole", "sts:TagSession"]));
    assert_eq!(open_after_trust(&accepted, &[with_tags]), expected, "under the same external id");
    let other = assumes("sts:TagSession", json!({ "Service": "ec2.amazonaws.com" }), json!({}));
    assert!(open_after_trust(&[plain()], &[plain(), other]).is_empty(), "of a party that is declared");
}

#[test]
fn an_accepted_service_for_the_own_account_is_none_for_another() {
    let config = |condition: Value| assumes("sts:AssumeRole", json!({ "Service": "config.amazonaws.com" }), condition);
    let from = |accounts: Value| config(json!({ "StringEquals": { "aws:SourceAccount": accounts } }));
    let expected = [key("iam006", "r1:service-for-other-account/config.amazonaws.com")];
    assert_eq!(open_after_trust(&[from(json!("111122223333"))], &[config(json!({}))]), expected);
    let more = from(json!(["111122223333", "999900001111"]));
    assert_eq!(open_after_trust(&[from(json!("111122223333"))], &[more]), expected);
}

#[test]
fn an_accepted_customer_of_a_provider_does_not_hide_another() {
    let provider =
        json!({ "Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" });
    let subject = |subjects: Value| {
        let condition = json!({ "StringLike": { "token.actions.githubusercontent.com:sub": subjects } });
        assumes("sts:AssumeRoleWithWebIdentity", provider.clone(), condition)
    };
    let accepted = || subject(json!("repo:corp*"));
    for after in
        [vec![accepted(), subject(json!("repo:evil/app:*"))], vec![subject(json!(["repo:corp*", "repo:evil/app:*"]))]]
    {
        let open = open_after_trust(&[accepted()], &after);
        assert!(matches!(open.as_slice(), [key] if key.contains(":provider/")), "{open:?}");
    }
}

#[test]
fn a_guard_exception_accepts_the_requests_and_no_others() {
    let guard = "guards = [\"second\"]\n[[guard]]\nname = \"second\"\nactions = [\"class:destructive\"]\nunless = { StringLike = { \"aws:PrincipalTag/change\" = \"CHG-*\" } }\nseverity = \"critical\"\n";
    let baseline = [manifest(guard), ("c.json", super::document(&[allow(json!("s3:*"), json!("*"))]))];
    let one = one_role(role("r1", &[allow(json!("s3:DeleteObject"), json!("*"))], &[trust_ec2()]));
    let more = one_role(role("r1", &[allow(json!("s3:Delete*"), json!("*"))], &[trust_ec2()]));
    assert_eq!(open_after(&baseline, &one, &more), [key("iam004", "r1:guard/second")]);
    assert!(open_after(&baseline, &more, &one).is_empty());
}

#[test]
fn an_undeclared_principal_is_accepted_with_what_it_holds() {
    let baseline = [("baseline.toml", "version = 1\n".to_owned())];
    let one = one_role(role("x", &[allow(json!("s3:Get*"), json!("*"))], &[trust_ec2()]));
    let more = one_role(role("x", &[allow(json!(["s3:Get*", "s3:PutObject"]), json!("*"))], &[trust_ec2()]));
    let nothing = one_role(role("x", &[], &[trust_ec2()]));
    assert_eq!(open_after(&baseline, &one, &more), [key("iam007", "x")]);
    assert!(open_after(&baseline, &more, &one).is_empty());
    assert!(open_after(&baseline, &one, &nothing).is_empty());
    assert_eq!(open_after(&baseline, &nothing, &one), [key("iam007", "x")]);
}

#[test]
fn a_path_is_accepted_with_its_end() {
    let assume = || allow(json!("sts:AssumeRole"), json!("arn:aws:iam::111122223333:role/*"));
    let trust_r1 = || {
        let principal = json!({ "AWS": "arn:aws:iam::111122223333:role/r1" });
        json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" })
    };
    let end = |name: &str, action: &str| role(name, &[allow(json!(action), json!("*"))], &[trust_r1()]);
    let entries = "[[principal]]\nname = \"ends\"\nmatch = \"arn:*:iam::*:role/t*\"\nkind = \"workload\"\nallow = [\"all.json\"]\n";
    let all = ("all.json", super::document(&[allow(json!("*"), json!("*"))]));
    let c = ("c.json", super::document(&[assume()]));
    let baseline = [manifest(entries), c, all];
    let accounts = |ends: &[Value]| account(&[&[role("r1", &[assume()], &[trust_ec2()])], ends].concat(), &[], &[]);
    let reads = accounts(&[end("t", "s3:Get*")]);
    let to_t = key("iam005", "r1:to/111122223333/role/t");
    assert_eq!(open_after(&baseline, &reads, &accounts(&[end("t", "s3:*")])), std::slice::from_ref(&to_t));
    assert!(open_after(&baseline, &reads, &accounts(&[end("t", "s3:GetObject")])).is_empty());
    let second = open_after(&baseline, &reads, &accounts(&[end("t", "s3:Get*"), end("t2", "sqs:*")]));
    assert_eq!(second, [key("iam005", "r1:to/111122223333/role/t2")]);
    // A target that can become an administrator.
    let mut admin = end("t", "s3:Get*");
    let rewrite = allow(json!("iam:PutRolePolicy"), json!("*"));
    admin["RolePolicyList"][0]["PolicyDocument"]["Statement"].as_array_mut().unwrap().push(rewrite);
    assert!(open_after(&baseline, &reads, &accounts(&[admin])).contains(&to_t));
}

#[test]
fn an_undecided_principal_is_accepted_with_what_was_read() {
    let bounded = |action: Value| {
        let mut bounded = role("r1", &[allow(action, json!("arn:aws:s3:::pub/*"))], &[trust_ec2()]);
        let arn = "arn:aws:iam::111122223333:policy/bd";
        bounded["PermissionsBoundary"] = json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn });
        one_role(bounded)
    };
    let before = bounded(json!("s3:DeleteObject"));
    assert!(open_after(&simple(), &before, &before).is_empty());
    assert_eq!(open_after(&simple(), &before, &bounded(json!("s3:*"))), [key("iam010", "r1")]);
}

#[test]
fn findings_about_the_baseline_are_accepted_by_their_items() {
    let idle = "[[principal]]\nname = \"gone\"\nmatch = \"arn:*:iam::*:role/gone\"\nkind = \"workload\"\nallow = []\n";
    let before = one_role(role("r1", &[], &[trust_ec2()]));
    let baseline = [manifest(idle), ceiling()];
    let workspace = Workspace::new(&before, &baseline);
    assert_eq!(workspace.open_keys(), ["iam009/entry/gone"]);
    assert!(open_after(&baseline, &before, &before).is_empty());
}

#[test]
fn the_default_question_is_accepted_for_what_each_operator_holds() {
    let operator = |name: &str, actions: Value| role(name, &[allow(actions, json!("*"))], &[trust_ec2()]);
    let operators = |roles: &[Value]| account(roles, &[], &[]);
    let entry =
        "version = 1\n[[principal]]\nname = \"on call\"\nmatch = \"arn:*:iam::*:role/r*\"\nkind = \"operator\"\n";
    let baseline = [
        ("baseline.toml", format!("{entry}allow = [\"all.json\"]\n")),
        ("all.json", super::document(&[allow(json!("*"), json!("*"))])),
    ];
    let (queue, topic) = (json!("sqs:DeleteQueue"), json!("sns:DeleteTopic"));
    let before = operators(&[operator("r1", queue.clone()), operator("r2", topic.clone())]);
    let key = "iam004/entry/on%20call:agents";
    // What another operator of the entry holds is not accepted for this one.
    let both = operator("r1", json!(["sqs:DeleteQueue", "sns:DeleteTopic"]));
    let grown = operators(&[both, operator("r2", topic.clone())]);
    assert_eq!(open_after(&baseline, &before, &grown), [key]);
    let joined = operators(&[operator("r1", queue.clone()), operator("r2", topic), operator("r3", queue.clone())]);
    assert_eq!(open_after(&baseline, &before, &joined), [key]);
    assert!(open_after(&baseline, &before, &operators(&[operator("r1", queue)])).is_empty());
    // Only the operator with more is reported, and accepting that keeps what was accepted of the other.
    let workspace = Workspace::new(&before, &baseline);
    assert_eq!(workspace.accept(&["--all"]).status.code(), Some(0));
    workspace.set_account(&grown);
    let (_, report) = workspace.audit();
    let principals = report["findings"][0]["principals"].as_array().unwrap();
    assert_eq!(principals.iter().map(|p| p["name"].as_str().unwrap()).collect::<Vec<_>>(), ["r1"]);
    assert_eq!(workspace.accept(&[key]).status.code(), Some(0));
    let (status, report) = workspace.audit();
    assert_eq!((status, report["findings"][0]["principals"].as_array().unwrap().len()), (0, 2), "{report}");
}

#[test]
fn future_actions_beyond_an_accepted_excess_are_reported() {
    let put = |actions: Value| one_role(role("r1", &[allow(actions, json!("arn:aws:s3:::b/a*"))], &[trust_ec2()]));
    let named = put(json!("s3:PutObject"));
    let with_wildcard = put(json!(["s3:PutObject", "s3:PutObjectZ*"]));
    let with_unknown_service = put(json!(["s3:PutObject", "newservice:*"]));
    assert_eq!(open_after(&simple(), &named, &with_wildcard), [key("iam002", "r1")]);
    assert_eq!(open_after(&simple(), &named, &with_unknown_service), [key("iam002", "r1")]);
    assert!(open_after(&simple(), &with_wildcard, &named).is_empty());
    assert!(open_after(&simple(), &put(json!("s3:Put*")), &with_wildcard).is_empty());
    // A part of `s3:*` is declared, so that the extents of two findings accept it.
    let all = |resource: &str| one_role(role("r1", &[allow(json!("s3:*"), json!(resource))], &[trust_ec2()]));
    assert!(open_after(&simple(), &all("*"), &all("arn:aws:s3:::pub/*")).is_empty());
}

#[test]
fn future_actions_of_an_undeclared_principal_are_accepted_to_an_extent() {
    let baseline = [("baseline.toml", "version = 1\n".to_owned())];
    let statement = || allow(json!("s3:PutObject"), json!("arn:aws:s3:::b/a*"));
    let with = |actions: Value| one_role(role("x", &[statement(), allow(actions, json!("*"))], &[trust_ec2()]));
    let plain = one_role(role("x", &[statement()], &[trust_ec2()]));
    for actions in [json!("iam:Zz*"), json!("newservice:*")] {
        assert_eq!(open_after(&baseline, &plain, &with(actions.clone())), [key("iam007", "x")], "{actions}");
        assert!(open_after(&baseline, &with(actions.clone()), &with(actions.clone())).is_empty(), "{actions}");
        assert!(open_after(&baseline, &with(actions.clone()), &plain).is_empty(), "{actions}");
    }
    let workspace = Workspace::new(&plain, &baseline);
    workspace.accept(&["--all"]);
    workspace.set_account(&with(json!("iam:Zz*")));
    let (status, report) = workspace.audit();
    assert_eq!(status, 1);
    assert_eq!(
        report["findings"][0]["title"],
        "not declared in the baseline; wildcard iam:Zz* will also allow future iam actions"
    );
}

/// A role with a statement that cannot be read, for this action.
fn unread(name: &str, action: &str) -> Value {
    let condition = json!({ "StringLikes": { "aws:x": "y" } });
    role(name, &[with(allow(json!(action), json!("arn:aws:s3:::pub/*")), "Condition", condition)], &[trust_ec2()])
}

#[test]
fn an_audit_is_complete_while_what_cannot_be_read_is_accepted() {
    let workspace = Workspace::new(&one_role(unread("r1", "s3:GetObject")), &simple());
    assert_eq!(workspace.audit().0, 3);
    assert_eq!(workspace.accept(&["--all"]).status.code(), Some(0));
    let (status, report) = workspace.audit();
    assert_eq!((status, report["unread"].as_array().unwrap().len()), (0, 0), "{}", workspace.manifest());
    // Another text, another document, and the same of another role.
    workspace.set_account(&one_role(unread("r1", "s3:*")));
    assert_eq!((workspace.audit().0, workspace.open_keys()), (3, vec![key("iam010", "r1")]));
    let mut more = unread("r1", "s3:GetObject");
    let policy = unread("r1", "s3:*")["RolePolicyList"][0]["PolicyDocument"].clone();
    more["RolePolicyList"].as_array_mut().unwrap().push(json!({ "PolicyName": "q", "PolicyDocument": policy }));
    workspace.set_account(&one_role(more));
    assert_eq!(workspace.audit().0, 3);
    workspace.set_account(&account(&[unread("r1", "s3:GetObject"), unread("r2", "s3:GetObject")], &[], &[]));
    assert_eq!((workspace.audit().0, workspace.open_keys()), (3, vec![key("iam010", "r2")]));
    workspace.set_account(&one_role(unread("r1", "s3:GetObject")));
    assert_eq!(workspace.audit().0, 0);
}

#[test]
fn an_unread_trust_policy_is_accepted_with_its_text() {
    let trusting = |account: &str| {
        let condition = json!({ "StringLikes": { "aws:x": "y" } });
        let statement = json!({ "Effect": "Allow", "Principal": { "AWS": account }, "Action": "sts:AssumeRole" });
        one_role(role("r1", &[], &[with(statement, "Condition", condition)]))
    };
    let workspace = Workspace::new(&trusting("111122223333"), &simple());
    assert_eq!(workspace.accept(&["--all"]).status.code(), Some(0));
    assert_eq!(workspace.audit().0, 0, "{}", workspace.manifest());
    workspace.set_account(&trusting("444455556666"));
    assert_eq!(workspace.audit().0, 3);
}
