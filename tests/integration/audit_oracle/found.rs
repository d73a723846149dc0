//! Small cases of what the oracle found. Each keeps the fix of a fault.

use iamdrift::audit::{Audit, Finding, RuleId};
use serde_json::{Value, json};

use super::audit_run::{list_findings, run_audit};
use super::generator::Case;

const ROLE: &str = "arn:aws:iam::111122223333:role/app";

fn document(statements: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Audits a role with these statements against a ceiling.
fn audit_role(statements: &Value, ceiling: &Value, resource_policies: &Value) -> Audit {
    let trust =
        json!([{ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }]);
    let page = json!({ "RoleDetailList": [{
        "Arn": ROLE, "RoleName": "app", "RoleId": "AROAROLE00001", "Path": "/",
        "AssumeRolePolicyDocument": document(&trust),
        "RolePolicyList": [{ "PolicyName": "own", "PolicyDocument": document(statements) }],
    }] });
    let manifest = json!({
        "version": 1, "principal": [{ "name": "app", "kind": "workload", "match": ROLE, "allow": ["app.json"] }],
    });
    run_audit(&Case {
        snapshot: [
            ("accounts/111122223333.json".to_owned(), page),
            ("resource-policies.json".to_owned(), resource_policies.clone()),
        ]
        .into(),
        baseline: [("app.json".to_owned(), document(ceiling)), ("baseline.json".to_owned(), manifest)].into(),
    })
    .unwrap()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn allow_if(action: &str, condition: &Value) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition })
}

fn find(audit: &Audit, rule: RuleId) -> Option<&Finding> {
    list_findings(audit, rule, ROLE).next()
}

fn list_actions(finding: &Finding) -> Vec<&str> {
    finding.excess.iter().flat_map(|excess| excess.actions.iter()).map(|count| count.pattern.as_str()).collect()
}

#[test]
fn a_finding_lists_only_what_is_proven() {
    // Whether the key is missing or false on a direct call is open: the Deny holds only if it is missing.
    let deny = json!({
        "Effect": "Deny", "Action": ["ec2:DescribeInstances"], "Resource": "*",
        "Condition": { "BoolIfExists": { "aws:ViaAWSMCPService": "true" } },
    });
    let statements = json!([allow("ec2:DescribeInstances", "*"), allow("s3:GetObject", "*"), deny]);
    let audit = audit_role(&statements, &json!([]), &json!([]));
    assert_eq!(list_actions(find(&audit, RuleId::Broader).unwrap()), ["s3:GetObject"]);
    assert!(find(&audit, RuleId::Undecided).is_some());
    // A verdict that needs MFA in a role session, beside another one.
    let mfa = json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
    let statements = json!([allow_if("iam:DeleteUser", &mfa), allow("s3:GetObject", "*")]);
    let audit = audit_role(&statements, &json!([]), &json!([]));
    assert_eq!(list_actions(find(&audit, RuleId::Broader).unwrap()), ["s3:GetObject"]);
    assert!(find(&audit, RuleId::Undecided).is_some());
}

#[test]
fn a_witness_holds_under_every_interpretation() {
    let any_mfa = json!({ "Bool": { "aws:MultiFactorAuthPresent": ["true", "false"] } });
    let audit = audit_role(&json!([allow_if("iam:DeleteUser", &any_mfa)]), &json!([]), &json!([]));
    let witness = &find(&audit, RuleId::Broader).unwrap().excess[0].witness;
    assert_eq!(witness.context["aws:MultiFactorAuthPresent"], ["false"]);
    assert!(find(&audit, RuleId::Undecided).is_none());
    // An empty set can count as a missing key.
    let services =
        json!({ "ForAllValues:StringLike": { "aws:CalledVia": "athena.*" }, "Null": { "aws:CalledVia": "false" } });
    let audit = audit_role(&json!([allow_if("s3:GetObject", &services)]), &json!([]), &json!([]));
    let witness = &find(&audit, RuleId::Broader).unwrap().excess[0].witness;
    assert_eq!(witness.context["aws:CalledVia"].len(), 1);
}

#[test]
fn a_condition_that_lists_an_empty_string_compares_it() {
    let top = json!({ "StringLike": { "s3:prefix": [""] } });
    let audit = audit_role(&json!([allow_if("s3:ListBucket", &top)]), &json!([]), &json!([]));
    let witness = &find(&audit, RuleId::Broader).unwrap().excess[0].witness;
    assert_eq!(witness.context["s3:prefix"], [""]);
    assert!(find(&audit, RuleId::Undecided).is_none());
    // Whether the key is then present for `Null` is open.
    let present = json!({ "StringLike": { "s3:prefix": [""] }, "Null": { "s3:prefix": "false" } });
    let audit = audit_role(&json!([allow_if("s3:ListBucket", &present)]), &json!([]), &json!([]));
    assert!(find(&audit, RuleId::Broader).is_none() && find(&audit, RuleId::Undecided).is_some());
}

#[test]
fn all_actions_but_some_are_narrowed_at_once() {
    // The fix was a list of every other action, whose patterns were compared with each other.
    let statements = json!([allow("*", "*")]);
    let ceiling = json!([{ "Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*" }]);
    let start = std::time::Instant::now();
    let audit = audit_role(&statements, &ceiling, &json!([]));
    assert!(find(&audit, RuleId::Broader).is_some());
    assert!(start.elapsed() < std::time::Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn a_grant_to_one_session_is_about_that_session() {
    let queue = "arn:aws:sqs:eu-west-1:111122223333:jobs";
    let session = "arn:aws:sts::111122223333:assumed-role/app/ci";
    let grant = json!([{
        "ResourceArn": queue, "OwnerAccount": "111122223333",
        "Policy": document(&json!([{
            "Effect": "Allow", "Principal": { "AWS": session }, "Action": "sqs:SendMessage", "Resource": queue,
        }])),
    }]);
    let audit = audit_role(&json!([]), &json!([]), &grant);
    let witness = &find(&audit, RuleId::Broader).unwrap().excess[0].witness;
    assert_eq!(witness.context["aws:userid"], ["AROAROLE00001:ci"]);
    let of_session = |name: &str| allow_if("sqs:*", &json!({ "StringLike": { "aws:userid": format!("*:{name}") } }));
    assert!(find(&audit_role(&json!([]), &json!([of_session("ci")]), &grant), RuleId::Broader).is_none());
    assert!(find(&audit_role(&json!([]), &json!([of_session("other")]), &grant), RuleId::Broader).is_some());
}

#[test]
fn a_variable_before_the_fifth_colon_is_undecided() {
    let statements = json!([allow("sqs:SendMessage", "arn:aws:sqs:*:${aws:PrincipalAccount}:jobs")]);
    let audit = audit_role(&statements, &json!([]), &json!([]));
    assert!(find(&audit, RuleId::Broader).is_none() && find(&audit, RuleId::Undecided).is_some());
}

#[test]
fn an_expired_grant_allows_nothing_and_a_later_one_counts() {
    let until = |date: &str| json!([allow_if("s3:GetObject", &json!({ "DateLessThan": { "aws:CurrentTime": date } }))]);
    let from = |date: &str| json!([allow_if("s3:GetObject", &json!({ "DateGreaterThan": { "aws:EpochTime": date } }))]);
    for (statements, is_drift) in [
        (until("2026-11-01T00:00:00Z"), false),
        (until("2026-12-31T00:00:00Z"), true),
        // It begins after the audit: nothing in the account has to change for it.
        (from("1893456000"), true),
        (from("1767225600"), true),
    ] {
        let audit = audit_role(&statements, &json!([]), &json!([]));
        assert_eq!(find(&audit, RuleId::Broader).is_some(), is_drift, "{statements}");
        assert!(find(&audit, RuleId::Undecided).is_none());
    }
}

#[test]
fn an_action_without_a_resource_has_no_tags_of_one() {
    let tagged = json!({ "StringEquals": { "aws:ResourceTag/team": "logs" } });
    let statements = json!([allow_if("sqs:ListQueues", &tagged)]);
    assert!(find(&audit_role(&statements, &json!([]), &json!([])), RuleId::Broader).is_none());
    let statements = json!([allow_if("sqs:SendMessage", &tagged)]);
    assert!(find(&audit_role(&statements, &json!([]), &json!([])), RuleId::Broader).is_some());
}

#[test]
fn a_witness_has_no_empty_string_in_place_of_another_value() {
    // Whether an empty tag counts as missing is open.
    let tags = json!({ "StringLikeIfExists": { "aws:ResourceTag/team": "${aws:PrincipalTag/team}" } });
    let statements = json!([allow("sqs:DeleteMessage", "*")]);
    let audit = audit_role(&statements, &json!([allow_if("sqs:DeleteMessage", &tags)]), &json!([]));
    let finding = find(&audit, RuleId::Broader).expect("a queue with another tag");
    let values = finding.excess.iter().flat_map(|excess| excess.witness.context.values()).flatten();
    assert!(values.clone().count() > 0 && values.clone().all(|value| !value.is_empty()), "{:?}", finding.excess);
    // A tag that only an empty string does not match.
    let named = json!({ "StringLikeIfExists": { "aws:ResourceTag/team": "?*" } });
    let audit = audit_role(&statements, &json!([allow_if("sqs:DeleteMessage", &named)]), &json!([]));
    assert!(find(&audit, RuleId::Broader).is_none());
    assert!(find(&audit, RuleId::Undecided).is_some(), "it depends on what an empty tag is");
}

#[test]
fn keys_that_follow_through_a_third_one_are_linked() {
    // MFA needs temporary credentials, which have a time of issue.
    let condition = json!({
        "NumericLessThanEquals": { "aws:MultiFactorAuthAge": "60" }, "Null": { "aws:TokenIssueTime": "true" },
    });
    let audit = audit_role(&json!([allow_if("sqs:DeleteMessage", &condition)]), &json!([]), &json!([]));
    assert!(find(&audit, RuleId::Broader).is_none());
}

#[test]
fn a_key_that_the_reference_lists_for_no_action_can_be_present() {
    let key = json!({ "Null": { "sagemaker:VolumeKmsKey": "false" } });
    let audit = audit_role(&json!([allow_if("sagemaker:CreateTrainingJob", &key)]), &json!([]), &json!([]));
    let finding = find(&audit, RuleId::Broader).expect("AWS documents the key for this action");
    assert_eq!(list_actions(finding), ["sagemaker:CreateTrainingJob"]);
}
