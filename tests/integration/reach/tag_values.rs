//! Values of tags that patterns and variables ask for, if policies limit which values can be set.

use serde_json::{Value, json};

use super::paths::{Found, search};
use super::{ACCOUNT, allow, arn, role, snapshot, trusts, user};

const GAIN: &str = "sqs:SendMessage";

fn when(action: &str, resource: &str, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition })
}

fn equals(key: &str, value: &str) -> Value {
    json!({ "StringEquals": { key: value } })
}

fn like(key: &str, pattern: &str) -> Value {
    json!({ "StringLike": { key: pattern } })
}

fn tagged(mut entity: Value, tags: &[(&str, &str)]) -> Value {
    entity["Tags"] = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    entity
}

/// A role that every principal of the account may assume under a condition.
fn admin(condition: Value) -> Value {
    let trust = json!([{ "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "sts:AssumeRole",
                         "Condition": condition }]);
    role("admin", &allow(json!("*"), "*"), trust)
}

fn assumes() -> Value {
    json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn("role", "admin") })
}

/// It may give itself a tag under a condition.
fn tags_itself(condition: Value) -> Value {
    when("iam:TagUser", &arn("user", "u"), condition)
}

fn found_by(statements: &[Value], roles: &[Value], users: &[Value]) -> Found {
    let users = [&[user("u", &json!(statements))], users].concat();
    search(&snapshot(roles, &users, None), &arn("user", "u"), (GAIN, None))
}

/// The number of steps of user `u` to the permissions of `admin`. None if there is no path.
fn steps_of(statements: &[Value], roles: &[Value], users: &[Value]) -> Option<usize> {
    let found = found_by(statements, roles, users).unwrap_or_else(|why| panic!("undecided: {why:?}"));
    found.map(|steps| steps.len())
}

/// The same, if it may tag itself with what one condition admits, and the role trusts what another one admits.
fn tags_and_assumes(request: Value, trust: Value) -> Option<usize> {
    let roles = [admin(trust)];
    assert_eq!(steps_of(&[tags_itself(request.clone())], &roles, &[]), None, "it may not assume the role");
    assert_eq!(steps_of(&[assumes()], &roles, &[]), None, "it has no tag");
    steps_of(&[tags_itself(request), assumes()], &roles, &[])
}

#[test]
fn one_value_is_within_several_patterns() {
    let (request, tag) = ("aws:RequestTag/team", "aws:PrincipalTag/team");
    assert_eq!(tags_and_assumes(like(request, "ops-*"), like(tag, "ops-*")), Some(2));
    assert_eq!(tags_and_assumes(like(request, "ops-*"), like(tag, "*-admin")), Some(2));
    assert_eq!(tags_and_assumes(like(request, "ops-*"), like(tag, "dev-*")), None);
    assert_eq!(tags_and_assumes(like(request, "?x"), like(tag, "o*")), Some(2));
    assert_eq!(tags_and_assumes(like(request, "?x"), like(tag, "o?y*")), None);
    // The policy of the user asks for a third pattern.
    let three = |third: &str| {
        let mut assumes = assumes();
        assumes["Condition"] = like(tag, third);
        steps_of(&[tags_itself(like(request, "a*")), assumes], &[admin(like(tag, "*b*"))], &[])
    };
    assert_eq!(three("*c"), Some(2));
    assert_eq!(three("x*"), None);
    // Letters of either case.
    let any_case = json!({ "StringEqualsIgnoreCase": { tag: "ops-one" } });
    assert_eq!(tags_and_assumes(like(request, "OPS-*"), any_case.clone()), Some(2));
    assert_eq!(tags_and_assumes(like(request, "DEV-*"), any_case), None);
    // What IAM does not accept as the value of a tag.
    assert_eq!(tags_and_assumes(like(request, "ops-*"), like(tag, "*#admin")), None);
}

#[test]
fn one_value_is_within_a_pattern_and_outside_of_others() {
    let (request, tag) = ("aws:RequestTag/team", "aws:PrincipalTag/team");
    let not = |excluded: &[&str]| json!({ "StringLike": { tag: "t-*" }, "StringNotLike": { tag: excluded } });
    assert_eq!(tags_and_assumes(like(request, "t-*"), not(&["t-", "t-a*"])), Some(2));
    assert_eq!(tags_and_assumes(like(request, "t-a*"), not(&["t-", "t-a*"])), None);
    // Any value, but one.
    let deny = json!({ "Effect": "Deny", "Action": "iam:TagUser", "Resource": "*",
                       "Condition": equals(request, "admin") });
    let present = json!({ "Null": { tag: "false" } });
    let found = |trust: Value| steps_of(&[tags_itself(json!({})), assumes(), deny.clone()], &[admin(trust)], &[]);
    assert_eq!(found(present), Some(2));
    assert_eq!(found(equals(tag, "admin")), None);
}

#[test]
fn one_value_is_within_two_numbers() {
    let (request, tag) = ("aws:RequestTag/level", "aws:PrincipalTag/level");
    let at_most = |most: &str| json!({ "NumericLessThanEquals": { request: most } });
    let at_least = |least: &str| json!({ "NumericGreaterThanEquals": { tag: least } });
    assert_eq!(tags_and_assumes(at_most("5"), at_least("3")), Some(2));
    assert_eq!(tags_and_assumes(at_most("2"), at_least("3")), None);
    let above = json!({ "NumericGreaterThan": { tag: "4" } });
    let below = json!({ "NumericLessThan": { request: "5" } });
    assert_eq!(tags_and_assumes(below, above), Some(2));
}

#[test]
fn the_value_of_a_variable_is_that_of_the_target() {
    // The trust policy asks for a value that is different for each caller. `u` tags `v` and makes keys for it.
    let found = |pattern: &str, variable: &str, more: &[Value]| {
        let tags = when("iam:TagUser", &arn("user", "v"), like("aws:RequestTag/name", pattern));
        let roles = [admin(equals("aws:PrincipalTag/name", variable))];
        steps_of(&[&[tags], more].concat(), &roles, &[user("v", &json!([assumes()]))])
    };
    let keys = || json!({ "Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": arn("user", "v") });
    assert!(found("v*", "${aws:username}", &[keys()]).is_some());
    assert!(found("w*", "${aws:username}", &[keys()]).is_none());
    assert!(found("v*", "${aws:username}", &[]).is_none(), "it may not be v");
    assert!(found("x-*", "x-${aws:username}-y", &[keys()]).is_some());
    assert!(found("AIDA*", "${aws:userid}", &[keys()]).is_some());
    assert!(found("1*", "${aws:PrincipalAccount}", &[keys()]).is_some());
    assert!(found("2*", "${aws:PrincipalAccount}", &[keys()]).is_none());
}

#[test]
fn the_value_of_a_variable_is_a_tag_with_another_key() {
    let trust = || equals("aws:PrincipalTag/team", "${aws:ResourceTag/project}");
    let found = |pattern: &str| {
        let roles = [tagged(admin(trust()), &[("project", "alpha")])];
        let tags = tags_itself(like("aws:RequestTag/team", pattern));
        steps_of(&[tags, assumes()], &roles, &[])
    };
    assert_eq!(found("a*"), Some(2));
    assert_eq!(found("b*"), None);
    // The tag of the user is fixed, and that of the role limited.
    let on_role = |pattern: &str| {
        let own = |statements: &[Value]| tagged(user("u", &json!(statements)), &[("team", "alpha")]);
        let tags = when("iam:TagRole", &arn("role", "admin"), like("aws:RequestTag/project", pattern));
        let users = [own(&[tags, assumes()])];
        let found = search(&snapshot(&[admin(trust())], &users, None), &arn("user", "u"), (GAIN, None));
        found.expect("decided").map(|steps| steps.len())
    };
    assert_eq!(on_role("a*"), Some(1));
    assert_eq!(on_role("b*"), None);
    // Both tags are limited.
    let both = |own: &str, of_role: &str| {
        let tags = when("iam:TagRole", &arn("role", "admin"), like("aws:RequestTag/project", of_role));
        let tags_itself = tags_itself(like("aws:RequestTag/team", own));
        found_by(&[tags, tags_itself, assumes()], &[admin(trust())], &[]).map(|steps| steps.is_some())
    };
    let why = both("a*", "*b").expect_err("the order of the two changes");
    assert!(why.iter().any(|reason| reason.contains("one after the other")), "{why:?}");
    assert_eq!(both("a*", "b*"), Ok(false));
}

#[test]
fn the_request_is_limited_by_a_variable() {
    let found = |trust: &str| {
        let tags = tags_itself(like("aws:RequestTag/team", "${aws:username}-*"));
        steps_of(&[tags, assumes()], &[admin(like("aws:PrincipalTag/team", trust))], &[])
    };
    assert_eq!(found("*-admin"), Some(2));
    assert_eq!(found("v-*"), None);
    // Of the target, in the policy of the user.
    let opens = |pattern: &str, wanted: &str| {
        let tags = when("iam:TagUser", &arn("user", "boss"), like("aws:RequestTag/owner", pattern));
        let keys = when("iam:CreateAccessKey", "*", like("iam:ResourceTag/owner", wanted));
        steps_of(&[tags, keys], &[], &[user("boss", &allow(json!("*"), "*"))])
    };
    assert_eq!(opens("ops-*", "*-${aws:username}"), Some(1));
    assert_eq!(opens("ops-?", "*-${aws:username}"), Some(1));
    assert_eq!(opens("ops-??", "*-${aws:username}"), Some(1), "`-` before the name, and another character");
    assert_eq!(opens("ops-*", "dev-${aws:username}"), None);
}

#[test]
fn sessions_and_new_principals_have_such_values() {
    // A federated session.
    let found = |request: &str, wanted: &str| {
        let federate = json!({ "Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*" });
        let tags = when("sts:TagSession", "*", like("aws:RequestTag/team", request));
        let gain = when("sqs:*", "*", like("aws:PrincipalTag/team", wanted));
        steps_of(&[federate, tags, gain], &[], &[])
    };
    assert_eq!(found("ops-*", "*-admin"), Some(1));
    assert_eq!(found("ops-*", "dev-*"), None);
    // A new user.
    let creates = |request: &str, wanted: &str| {
        let new = arn("user", "new/*");
        let create = json!({ "Effect": "Allow", "Action": ["iam:CreateUser", "iam:CreateAccessKey"], "Resource": new });
        let tags = when("iam:TagUser", &new, like("aws:RequestTag/team", request));
        let mut trust = admin(json!({}));
        trust["AssumeRolePolicyDocument"]["Statement"] = json!([{ "Effect": "Allow", "Principal": { "AWS": "*" },
            "Action": "sts:AssumeRole", "Condition": {
                "StringLike": { "aws:PrincipalTag/team": wanted },
                "StringEquals": { "aws:PrincipalAccount": ACCOUNT },
                "ArnLike": { "aws:PrincipalArn": new } } }]);
        steps_of(&[create, tags], &[trust], &[])
    };
    assert!(creates("ops-*", "*-admin").is_some());
    // A role that another role tags.
    let b = |pattern: &str| {
        let tags = when("iam:TagUser", &arn("user", "u"), like("aws:RequestTag/team", pattern));
        role("b", &json!([tags]), trusts(json!({ "AWS": arn("user", "u") })))
    };
    let by_b =
        |pattern: &str| steps_of(&[assumes()], &[b(pattern), admin(like("aws:PrincipalTag/team", "*-admin"))], &[]);
    assert_eq!(by_b("ops-*"), Some(3));
    assert_eq!(by_b("*-dev"), None);
}

#[test]
fn a_resource_has_the_value_in_its_name() {
    // It may assume the role of its team.
    let found = |request: &str, name: &str| {
        let team = json!({ "Effect": "Allow", "Action": "sts:AssumeRole",
                           "Resource": arn("role", "${aws:PrincipalTag/team}-admin") });
        let admin = role(name, &allow(json!("*"), "*"), trusts(json!({ "AWS": ACCOUNT })));
        steps_of(&[tags_itself(like("aws:RequestTag/team", request)), team], &[admin], &[])
    };
    assert_eq!(found("a*", "alpha-admin"), Some(2));
    assert_eq!(found("b*", "alpha-admin"), None);
    assert_eq!(found("a*", "alpha-ops"), None);
    // The variable is a part of a value.
    let owned = |request: &str| {
        let keys = when("iam:CreateAccessKey", "*", equals("iam:ResourceTag/owner", "team-${aws:PrincipalTag/team}"));
        let boss = tagged(user("boss", &allow(json!("*"), "*")), &[("owner", "team-alpha")]);
        steps_of(&[tags_itself(like("aws:RequestTag/team", request)), keys], &[], &[boss])
    };
    assert_eq!(owned("a*"), Some(2));
    assert_eq!(owned("team-*"), None);
}

#[test]
fn a_policy_that_is_attached_names_the_tag() {
    let gain = when("sqs:*", "*", equals("aws:PrincipalTag/team", "ops"));
    let policy = json!({ "Arn": arn("policy", "p"), "PolicyName": "p", "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true,
                                "Document": { "Version": "2012-10-17", "Statement": [gain] } }] });
    let attach = || when("iam:AttachUserPolicy", "*", json!({ "ArnEquals": { "iam:PolicyARN": arn("policy", "p") } }));
    let found = |statements: &[Value]| {
        let page = json!({ "RoleDetailList": [], "UserDetailList": [user("u", &json!(statements))],
                           "GroupDetailList": [], "Policies": [policy] });
        let source = iamdrift::source::SourceFile::new("account.json", page.to_string());
        let given = iamdrift::snapshot::Snapshot::from_texts(std::path::Path::new("given"), &[source]).unwrap();
        search(&given, &arn("user", "u"), (GAIN, None)).map(|steps| steps.is_some())
    };
    assert_eq!(found(&[attach(), tags_itself(json!({}))]), Ok(true));
    assert_eq!(found(&[attach(), tags_itself(equals("aws:RequestTag/team", "ops"))]), Ok(true));
    assert_eq!(found(&[attach(), tags_itself(equals("aws:RequestTag/team", "dev"))]), Ok(false));
    assert_eq!(found(&[attach()]), Ok(false));
    assert_eq!(found(&[tags_itself(json!({}))]), Ok(false));
}
