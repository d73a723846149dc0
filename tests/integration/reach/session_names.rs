//! Names of sessions that the trust policy of a role limits.

use serde_json::{Value, json};

use super::paths::steps_to;
use super::{arn, role, snapshot, user};

const GAIN: &str = "sqs:SendMessage";

/// Whether user `u` obtains what role `r` is allowed if the name of the session matches a pattern. `names`: the conditions of
/// the statements of its trust policy.
fn is_found(names: &[Value], wanted: &str) -> bool {
    let wanted = format!("AROAEXAMPLE00000000r:{wanted}");
    let statement = |condition: &Value| {
        json!({ "Effect": "Allow", "Principal": { "AWS": arn("user", "u") }, "Action": "sts:AssumeRole",
                "Condition": condition })
    };
    let trust: Vec<Value> = names.iter().map(statement).collect();
    let gain = json!([{ "Effect": "Allow", "Action": "sqs:*", "Resource": "*",
                        "Condition": { "StringLike": { "aws:userid": wanted } } }]);
    let given = snapshot(&[role("r", &gain, json!(trust))], &[user("u", &json!([]))], None);
    steps_to(&given, &arn("user", "u"), GAIN).is_some()
}

fn named(operator: &str, names: Value) -> Value {
    json!({ operator: { "sts:RoleSessionName": names } })
}

#[test]
fn a_session_has_a_name_that_the_trust_policy_admits() {
    let equals = |names: Value| named("StringEquals", names);
    assert!(is_found(&[json!({})], "admin"), "any name");
    assert!(is_found(&[equals(json!("admin"))], "admin"));
    assert!(!is_found(&[equals(json!("ci"))], "admin"));
    assert!(is_found(&[equals(json!("ci")), equals(json!("admin"))], "admin"), "one of two statements");
    assert!(is_found(&[equals(json!("ci")), json!({})], "admin"));
    assert!(is_found(&[equals(json!(["ci", "admin"]))], "admin"), "one of two names");
    assert!(!is_found(&[equals(json!(["ci-1", "ci-2"]))], "admin"), "both names begin with ci-");
    let like = |names: Value| named("StringLike", names);
    assert!(is_found(&[like(json!("adm*"))], "admin"));
    assert!(!is_found(&[like(json!("ci-*"))], "admin"));
    assert!(is_found(&[like(json!("*-admin"))], "ci-admin"));
    assert!(is_found(&[like(json!("ci-*"))], "*-admin"));
    assert!(!is_found(&[named("StringLike", json!("ci-${aws:username}"))], "admin"));
    assert!(is_found(&[named("StringNotEquals", json!("ci"))], "admin"));
    assert!(is_found(&[named("StringEqualsIgnoreCase", json!("ADMIN"))], "admin"));
}
