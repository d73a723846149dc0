//! Values of tags that are policy variables, and which roles have sessions with other tags than their own.

use serde_json::{Value, json};

use super::paths::{search, steps_to};
use super::{ACCOUNT, allow, arn, role, service, snapshot, user};

const GAIN: &str = "sqs:SendMessage";

fn when(action: &str, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition })
}

fn equals(key: &str, value: &str) -> Value {
    json!({ "StringEquals": { key: value } })
}

fn tagged(mut entity: Value, tags: &[(&str, &str)]) -> Value {
    entity["Tags"] = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    entity
}

fn boss() -> Value {
    user("boss", &allow(json!("*"), "*"))
}

/// The number of steps of user `u`, which has a tag, to the administrator `boss`. None if there is no path.
fn steps_of(statements: &[Value]) -> Option<usize> {
    let own = tagged(user("u", &json!(statements)), &[("team", "dev")]);
    steps_to(&snapshot(&[], &[own, boss()], None), &arn("user", "u"), GAIN).map(|steps| steps.len())
}

#[test]
fn the_value_is_that_of_the_session() {
    // It cannot tag itself.
    let tags_boss = |value: &str| {
        let mut statement = when("iam:TagUser", equals("aws:RequestTag/owner", value));
        statement["Resource"] = json!(arn("user", "boss"));
        statement
    };
    for variable in [
        "${aws:username}",
        "${aws:PrincipalTag/team}",
        "${aws:userid}",
        "${aws:PrincipalAccount}",
        "x-${aws:username}-${aws:PrincipalTag/none, 'y'}",
    ] {
        let tags = || tags_boss(variable);
        let uses = |value: &str| when("iam:CreateAccessKey", equals("iam:ResourceTag/owner", value));
        assert_eq!(steps_of(&[tags(), uses(variable)]), Some(1), "{variable}");
        assert_eq!(steps_of(&[tags()]), None, "{variable}: no keys");
        assert_eq!(steps_of(&[uses(variable)]), None, "{variable}: no tags");
        assert_eq!(steps_of(&[tags(), uses("other")]), None, "{variable}: another value");
        assert_eq!(steps_of(&[tags_boss("other"), uses(variable)]), None, "{variable}: it can set another value");
    }
    let missing = "${aws:PrincipalTag/none}";
    assert_eq!(
        steps_of(&[tags_boss(missing), when("iam:CreateAccessKey", equals("iam:ResourceTag/owner", missing))]),
        None
    );
}

#[test]
fn one_session_sets_the_value_for_another_one() {
    let found = |tag: &str| {
        let assume = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn("role", "tagger") });
        let uses = when("iam:CreateAccessKey", equals("iam:ResourceTag/owner", "${aws:username}"));
        let tags = when("iam:TagUser", json!({ "StringLike": { "aws:RequestTag/owner": tag } }));
        let trust =
            json!([{ "Effect": "Allow", "Principal": { "AWS": arn("user", "u") }, "Action": "sts:AssumeRole" }]);
        let own = user("u", &json!([assume, uses]));
        let roles = [role("tagger", &json!([tags]), trust)];
        steps_to(&snapshot(&roles, &[own, boss()], None), &arn("user", "u"), GAIN).map(|steps| steps.len())
    };
    assert_eq!(found("u*"), Some(2));
    assert_eq!(found("v*"), None);
}

#[test]
fn a_condition_on_the_presence_of_a_tag_limits_no_value() {
    let present = when("iam:TagUser", json!({ "Null": { "aws:RequestTag/owner": "false" } }));
    let uses = when("iam:CreateAccessKey", equals("iam:ResourceTag/owner", "${aws:username}"));
    assert_eq!(steps_of(&[present, uses.clone()]), Some(1));
    let absent = when("iam:TagUser", json!({ "Null": { "aws:RequestTag/owner": "true" } }));
    assert_eq!(steps_of(&[absent, uses]), None);
}

#[test]
fn session_tags_need_their_action_in_the_trust_policy() {
    let by = |actions: Value| {
        json!([{ "Effect": "Allow", "Action": actions,
                 "Principal": { "Federated": format!("arn:aws:iam::{ACCOUNT}:saml-provider/corp") } }])
    };
    let found = |trust: Value| {
        let assumes = when("sts:AssumeRole", equals("iam:ResourceTag/owner", "${aws:PrincipalTag/owner}"));
        let own = tagged(role("r", &json!([assumes]), trust), &[("owner", "dev")]);
        let admin = role(
            "admin",
            &allow(json!("*"), "*"),
            json!([{ "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") } }]),
        );
        let admin = tagged(admin, &[("owner", "sec")]);
        search(&snapshot(&[own, admin], &[], None), &arn("role", "r"), (GAIN, None))
    };
    assert_eq!(found(by(json!("sts:AssumeRoleWithSAML"))), Ok(None));
    assert_eq!(found(by(json!("sts:AssumeRoleWithWebIdentity"))), Ok(None));
    assert_eq!(found(service("ec2")), Ok(None));
    let tagged = found(by(json!(["sts:AssumeRoleWithSAML", "sts:TagSession"]))).expect("decided");
    assert_eq!(tagged.map(|steps| steps.len()), Some(1));
}
