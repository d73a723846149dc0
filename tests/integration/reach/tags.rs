//! Tags that a principal chooses: of itself, of the principals that it acts as, and of those that it acts on.

use serde_json::{Value, json};

use super::paths::{Found, search, steps_to};
use super::{ACCOUNT, allow, arn, role, service, snapshot, trusts, user};

const GAIN: &str = "sqs:SendMessage";

fn reads() -> Value {
    allow(json!("s3:ListAllMyBuckets"), "*")[0].clone()
}

/// A statement with a condition.
fn when(actions: Value, resource: &str, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition })
}

fn equals(key: &str, value: &str) -> Value {
    json!({ "StringEquals": { key: value } })
}

fn tagged(mut entity: Value, tags: &[(&str, &str)]) -> Value {
    entity["Tags"] = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    entity
}

/// SQS where the tag is `y`.
fn gain() -> Value {
    when(json!("sqs:*"), "*", equals("aws:PrincipalTag/x", "y"))
}

fn tags_a(condition: Value) -> Value {
    when(json!("iam:TagRole"), &arn("role", "a"), condition)
}

fn a(statements: &[Value]) -> Value {
    role("a", &json!(statements), service("ec2"))
}

fn from_a(roles: &[Value]) -> Option<Vec<String>> {
    steps_to(&snapshot(roles, &[], None), &arn("role", "a"), GAIN)
}

fn steps(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

#[test]
fn a_role_tags_itself_past_its_own_condition() {
    let itself = steps(&["a → a: iam-tag-role"]);
    assert_eq!(from_a(&[a(&[gain(), tags_a(json!({}))])]), itself);
    assert_eq!(from_a(&[a(&[gain()])]), None, "it cannot set tags");
    let other = when(json!("iam:TagRole"), &arn("role", "b"), json!({}));
    assert_eq!(from_a(&[a(&[gain(), other])]), None, "it can tag another role");
    assert_eq!(from_a(&[a(&[gain(), when(json!("iam:TagUser"), "*", json!({}))])]), None, "it is no user");
    let deny = json!({ "Effect": "Deny", "Action": "iam:TagRole", "Resource": "*" });
    assert_eq!(from_a(&[a(&[gain(), tags_a(json!({})), deny])]), None);
}

#[test]
fn a_condition_on_the_request_limits_the_value() {
    let itself = steps(&["a → a: iam-tag-role"]);
    let found = |condition: Value| from_a(&[a(&[gain(), tags_a(condition)])]);
    assert_eq!(found(equals("aws:RequestTag/x", "y")), itself);
    assert_eq!(found(equals("aws:RequestTag/X", "y")), itself, "keys ignore case");
    assert_eq!(found(equals("aws:RequestTag/x", "z")), None, "another value");
    assert_eq!(found(json!({ "StringNotEquals": { "aws:RequestTag/x": "y" } })), None);
    assert_eq!(found(json!({ "StringLike": { "aws:RequestTag/x": "y*" } })), itself);
    assert_eq!(found(equals("aws:RequestTag/owner", "me")), itself, "with a second tag in the same request");
    let keys = |names: &[&str]| json!({ "ForAllValues:StringEquals": { "aws:TagKeys": names } });
    assert_eq!(found(keys(&["x"])), itself);
    assert_eq!(found(keys(&["owner"])), None, "another key");
    let owner_alone = json!({ "StringEquals": { "aws:RequestTag/owner": "me" },
                              "ForAllValues:StringEquals": { "aws:TagKeys": ["owner"] } });
    assert_eq!(found(owner_alone), None);
}

#[test]
fn a_user_tags_itself() {
    let found = |action: &str| {
        let u = user("a", &json!([gain(), when(json!(action), "*", json!({}))]));
        steps_to(&snapshot(&[], &[u], None), &arn("user", "a"), GAIN)
    };
    assert_eq!(found("iam:TagUser"), steps(&["a → a: iam-tag-user"]));
    assert_eq!(found("iam:TagRole"), None);
}

#[test]
fn a_tag_is_removed() {
    let without = |condition: Value| when(json!("sqs:*"), "*", condition);
    let found = |gain: Value, action: &str| {
        let a = a(&[gain, when(json!(action), &arn("role", "a"), json!({}))]);
        from_a(&[tagged(a, &[("x", "old")])])
    };
    let missing = || without(json!({ "Null": { "aws:PrincipalTag/x": "true" } }));
    let other = || without(json!({ "StringNotEquals": { "aws:PrincipalTag/x": "old" } }));
    assert_eq!(found(missing(), "iam:UntagRole"), steps(&["a → a: iam-untag-role"]));
    assert_eq!(found(other(), "iam:UntagRole"), steps(&["a → a: iam-untag-role"]));
    assert_eq!(found(missing(), "iam:TagRole"), None, "it can change the tag, and not remove it");
    assert_eq!(found(other(), "iam:TagRole"), steps(&["a → a: iam-tag-role"]));
    assert_eq!(found(other(), "iam:GetRole"), None);
}

#[test]
fn a_trust_policy_asks_for_a_tag() {
    let target = |condition: Value| {
        let trust = json!([{ "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "sts:AssumeRole",
                             "Condition": condition }]);
        role("z", &allow(json!("sqs:*"), "*"), trust)
    };
    let assume = || when(json!("sts:AssumeRole"), &arn("role", "z"), json!({}));
    let tag = || equals("aws:PrincipalTag/x", "y");
    let found = steps(&["a → a: iam-tag-role", "a → z: sts-001"]);
    assert_eq!(from_a(&[a(&[assume(), tags_a(json!({}))]), target(tag())]), found);
    assert_eq!(from_a(&[a(&[assume()]), target(tag())]), None);
    assert_eq!(from_a(&[a(&[tags_a(json!({}))]), target(tag())]), None, "it may not assume the role");
    let limited = tags_a(equals("aws:RequestTag/x", "n"));
    assert_eq!(from_a(&[a(&[assume(), limited]), target(tag())]), None);
    // The role's own tag, in its trust policy.
    let own = equals("aws:ResourceTag/x", "y");
    let tags_z = when(json!("iam:TagRole"), &arn("role", "z"), json!({}));
    assert_eq!(from_a(&[a(&[assume(), tags_z]), target(own.clone())]), steps(&["a → z: iam-tag-role, sts-001"]));
    assert_eq!(from_a(&[a(&[assume(), tags_a(json!({}))]), target(own)]), None);
}

#[test]
fn a_permission_rests_on_the_tag_of_the_target() {
    let z = || role("z", &allow(json!("sqs:*"), "*"), trusts(json!({ "AWS": ACCOUNT })));
    let on_tagged = |action: &str| when(json!(action), "*", equals("iam:ResourceTag/x", "y"));
    let tags_z = |condition: Value| when(json!("iam:TagRole"), &arn("role", "z"), condition);
    let assumes = || when(json!("sts:AssumeRole"), "*", equals("aws:ResourceTag/x", "y"));
    let tags_first = steps(&["a → z: iam-tag-role, sts-001"]);
    assert_eq!(from_a(&[a(&[assumes(), tags_z(json!({}))]), z()]), tags_first);
    assert_eq!(from_a(&[a(&[assumes()]), z()]), None);
    assert_eq!(from_a(&[a(&[assumes(), tags_z(equals("aws:RequestTag/x", "y"))]), z()]), tags_first);
    assert_eq!(from_a(&[a(&[assumes(), tags_z(equals("aws:RequestTag/x", "n"))]), z()]), None);
    // It can tag only roles that have another tag.
    let only = || tags_z(equals("iam:ResourceTag/team", "mine"));
    assert_eq!(from_a(&[a(&[assumes(), only()]), z()]), None);
    assert_eq!(from_a(&[a(&[assumes(), only()]), tagged(z(), &[("team", "mine")])]), tags_first);
    // A policy that it can write into a tagged role.
    let small = role("z", &json!([reads()]), trusts(json!({ "AWS": arn("role", "a") })));
    let writes = || on_tagged("iam:PutRolePolicy");
    let found = from_a(&[a(&[writes(), tags_z(json!({}))]), small.clone()]);
    assert_eq!(found, steps(&["a → z: iam-tag-role, sts-001", "z → z: iam-005 of a"]));
    assert_eq!(from_a(&[a(&[writes()]), small.clone()]), None);
    assert_eq!(from_a(&[a(&[tags_z(json!({}))]), small]), None);
    // A user whose keys it can make.
    let users = |statements: &[Value]| {
        let u = user("z", &allow(json!("sqs:*"), "*"));
        steps_to(&snapshot(&[a(statements)], &[u], None), &arn("role", "a"), GAIN)
    };
    let keys = || on_tagged("iam:CreateAccessKey");
    let tags_user = || when(json!("iam:TagUser"), "*", json!({}));
    assert_eq!(users(&[keys(), tags_user()]), steps(&["a → z: iam-tag-user, iam-002"]));
    assert_eq!(users(&[keys()]), None);
}

#[test]
fn a_tag_is_a_part_of_a_resource() {
    let team = || when(json!("sqs:*"), "arn:aws:sqs:*:*:${aws:PrincipalTag/team}-*", json!({}));
    let queue = format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:red-jobs");
    let found = |statements: &[Value]| -> Found {
        let roles = [tagged(a(statements), &[("team", "blue")])];
        search(&snapshot(&roles, &[], None), &arn("role", "a"), (GAIN, Some(&queue)))
    };
    let any_value = found(&[team(), tags_a(json!({}))]).expect_err("the solver decides one value at a time");
    assert!(any_value.iter().all(|reason| reason.contains("${aws:PrincipalTag/team}")), "{any_value:?}");
    assert_eq!(found(&[team()]), Ok(None));
    assert_eq!(found(&[team(), tags_a(equals("aws:RequestTag/team", "blue"))]), Ok(None));
    assert_eq!(found(&[team(), tags_a(equals("aws:RequestTag/team", "red"))]), Ok(steps(&["a → a: iam-tag-role"])));
    // The same tag on both sides.
    let same = when(json!("sts:AssumeRole"), "*", equals("aws:ResourceTag/team", "${aws:PrincipalTag/team}"));
    let z = tagged(role("z", &allow(json!("sqs:*"), "*"), trusts(json!({ "AWS": ACCOUNT }))), &[("team", "red")]);
    let abac = |statements: &[Value]| from_a(&[tagged(a(statements), &[("team", "blue")]), z.clone()]);
    assert_eq!(abac(&[same.clone(), tags_a(json!({}))]), steps(&["a → a: iam-tag-role", "a → z: sts-001"]));
    assert_eq!(abac(std::slice::from_ref(&same)), None);
    let tags_z = when(json!("iam:TagRole"), &arn("role", "z"), json!({}));
    assert_eq!(abac(&[same, tags_z]), steps(&["a → z: iam-tag-role, sts-001"]));
}

#[test]
fn a_sibling_session_sets_the_tag() {
    let b = |statements: &[Value]| role("b", &json!(statements), trusts(json!({ "AWS": arn("role", "a") })));
    let found = steps(&["a → b: sts-001", "a → a: iam-tag-role of b"]);
    assert_eq!(from_a(&[a(&[gain()]), b(&[tags_a(json!({}))])]), found);
    assert_eq!(from_a(&[a(&[gain()]), b(&[reads()])]), None);
    // One session sets one tag, another session the other one.
    let two =
        when(json!("sqs:*"), "*", json!({ "StringEquals": { "aws:PrincipalTag/x": "y", "aws:PrincipalTag/w": "y" } }));
    let only = |key: &str| tags_a(json!({ "ForAllValues:StringEquals": { "aws:TagKeys": [key] } }));
    let b = |statements: &[Value]| b(statements);
    let steps = from_a(&[a(&[two.clone(), only("w")]), b(&[only("x")])]).expect("both tags");
    assert_eq!(steps.first().map(String::as_str), Some("a → b: sts-001"), "{steps:?}");
    assert_eq!(from_a(&[a(&[two.clone(), only("w")]), b(&[only("w")])]), None);
    assert_eq!(from_a(&[a(&[two]), b(&[only("x")])]), None);
}

#[test]
fn too_many_values_are_undecided() {
    let values: Vec<String> = (0..40).map(|i| format!("n{i}")).collect();
    let limited = tags_a(json!({ "StringEquals": { "aws:RequestTag/x": values } }));
    let roles = [a(&[gain(), limited])];
    let found = search(&snapshot(&roles, &[], None), &arn("role", "a"), (GAIN, None));
    let why = found.expect_err("the values are too many");
    assert!(why.iter().any(|reason| reason.contains("more than 32 values of the tag x")), "{why:?}");
}

#[test]
fn a_federated_session_brings_tags() {
    let found = |gain: Value, statements: &[Value], action: &str| {
        let statements: Vec<Value> = [gain].into_iter().chain(statements.to_vec()).collect();
        steps_to(&snapshot(&[], &[user("a", &json!(statements))], None), &arn("user", "a"), action)
    };
    let may = |actions: Value| when(actions, "*", json!({}));
    let all = || [may(json!(["sts:GetFederationToken", "sts:TagSession"]))];
    let session = steps(&["a → a: sts-federate-with-tags"]);
    assert_eq!(found(gain(), &all(), GAIN), session);
    assert_eq!(found(gain(), &[may(json!("sts:GetFederationToken"))], GAIN), None);
    assert_eq!(found(gain(), &[may(json!("sts:TagSession"))], GAIN), None);
    let limited = |value: &str| {
        [may(json!("sts:GetFederationToken")), when(json!("sts:TagSession"), "*", equals("aws:RequestTag/x", value))]
    };
    assert_eq!(found(gain(), &limited("y"), GAIN), session);
    assert_eq!(found(gain(), &limited("n"), GAIN), None);
    // By API, the session calls no IAM action, and cannot assume roles.
    let tag = || equals("aws:PrincipalTag/x", "y");
    assert_eq!(found(when(json!("iam:CreateUser"), "*", tag()), &all(), "iam:CreateUser"), None);
    assert_eq!(found(when(json!("iam:PassRole"), "*", tag()), &all(), "iam:PassRole"), session);
    assert_eq!(found(when(json!("sts:AssumeRole"), "*", tag()), &all(), "sts:AssumeRole"), None);
    // It is no longer the user.
    let user_only = json!({ "StringEquals": { "aws:PrincipalTag/x": "y", "aws:username": "a" } });
    assert_eq!(found(when(json!("sqs:*"), "*", user_only), &all(), GAIN), None);
    // A role has no long-term credentials.
    assert_eq!(from_a(&[a(&[gain(), all()[0].clone()])]), None);
}

#[test]
fn values_that_cannot_follow_each_other_are_undecided() {
    // It can set the tag once. One value leads to b, which writes into a; the policy serves with another value alone.
    let assumes = when(json!("sts:AssumeRole"), &arn("role", "b"), equals("aws:PrincipalTag/x", "1"));
    let deny = |action: &str, condition: Value| json!({ "Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition });
    let all = allow(json!("*"), "*")[0].clone();
    let other = deny("sqs:*", json!({ "StringNotEquals": { "aws:PrincipalTag/x": "2" } }));
    let once = deny("iam:TagRole", json!({ "Null": { "aws:PrincipalTag/x": "false" } }));
    let writes = allow(json!("iam:PutRolePolicy"), &arn("role", "a"));
    // It creates nobody else, rewrites no trust policy, and keeps its SCPs.
    let creates = json!({
        "Effect": "Deny",
        "Action": ["iam:Create*", "iam:UpdateAssumeRolePolicy", "organizations:LeaveOrganization"],
        "Resource": "*",
    });
    // Nobody tags b.
    let only_a = json!({ "Effect": "Deny", "Action": "iam:TagRole", "NotResource": arn("role", "a") });
    let found = |scp: &[&Value], b: &Value| {
        let b = role("b", b, trusts(json!({ "AWS": ACCOUNT })));
        let roles = [a(&[tags_a(json!({})), assumes.clone()]), b];
        search(&snapshot(&roles, &[], Some(json!(scp))), &arn("role", "a"), (GAIN, None))
    };
    let why =
        found(&[&all, &other, &once, &only_a, &creates], &writes).expect_err("no order of the two values is known");
    assert!(why.iter().any(|reason| reason.contains("the tag x of")), "{why:?}");
    assert_eq!(found(&[&all, &other, &once, &only_a, &creates], &json!([reads()])), Ok(None));
    // A tag that can be changed again has both values.
    let steps = found(&[&all, &other, &creates], &writes).expect("decided").expect("a path");
    assert!(steps.iter().any(|step| step.ends_with("iam-005 of b")), "{steps:?}");
}

#[test]
fn the_documentation_lists_what_the_search_does_itself() {
    let page = std::fs::read_to_string("docs/reach.md").unwrap();
    for technique in iamdrift::reach::search_techniques() {
        assert!(page.contains(&format!("| `{}` | {} |", technique.id, technique.summary)), "{}", technique.id);
    }
}
