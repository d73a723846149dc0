//! Policy variables whose value nobody knows: what holds whatever they are, and what one value shows.
//!
//! The cases are argued from AWS's documentation (*IAM policy elements: Variables and tags*): a variable is
//! replaced by the request's value of its key as text; where the key is missing, by its default, and without
//! one the pattern matches nothing.

use std::sync::Arc;

use iamdrift::access::{KeyFact, KnownContext};
use iamdrift::catalog::Catalog;
use iamdrift::iam::{DocumentKind, Interpretation, PolicyDocument};
use iamdrift::solve::compare::{PolicyRelation, compare_policies};
use iamdrift::solve::{Access, ActionWorld, AnswerDetail, ContainmentVerdict, Question, Solver};
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

fn policy(statements: &Value) -> Arc<PolicyDocument> {
    let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    Arc::new(PolicyDocument::parse(&SourceFile::new("policy", text), DocumentKind::Identity).unwrap())
}

fn relation(a: &Value, b: &Value) -> PolicyRelation {
    let solver = Solver::new(Catalog::embedded());
    compare_policies(&solver, &policy(a), &policy(b), &[ActionWorld::Existing, ActionWorld::Future], 4).relation
}

fn get(condition: &Value) -> Value {
    json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition }])
}

fn on(resource: &str) -> Value {
    json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": resource }])
}

#[test]
fn a_value_may_make_two_patterns_meet() {
    // With t = "bc" both tests of aws:ResourceTag/x hold.
    let a = get(&json!({
        "StringLike": { "aws:ResourceTag/x": "a${aws:PrincipalTag/t}*" },
        "StringEquals": { "aws:ResourceTag/x": "abc" },
    }));
    assert_eq!(relation(&a, &json!([])), PolicyRelation::Broader);
    // The bucket that the deny names is one of those that a tag can name.
    let mut denied = on("arn:aws:s3:::${aws:PrincipalTag/bucket}/*");
    let deny = json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::prod/*" });
    denied.as_array_mut().unwrap().push(deny);
    assert_eq!(relation(&on("arn:aws:s3:::${aws:PrincipalTag/bucket}/*"), &denied), PolicyRelation::Broader);
}

#[test]
fn letter_case_counts_for_a_variable_as_for_any_text() {
    let exactly = get(&json!({ "StringEquals": { "aws:ResourceTag/x": "${aws:PrincipalTag/t}" } }));
    let in_any_case = get(&json!({ "StringEqualsIgnoreCase": { "aws:ResourceTag/x": "${aws:PrincipalTag/t}" } }));
    assert_eq!(relation(&in_any_case, &exactly), PolicyRelation::Broader);
    assert_eq!(relation(&exactly, &in_any_case), PolicyRelation::Narrower);
}

#[test]
fn a_pattern_with_a_variable_lies_within_what_stars_cover() {
    assert_eq!(relation(&on("arn:aws:s3:::b/${aws:username}/*"), &on("arn:aws:s3:::b/*")), PolicyRelation::Narrower);
    // The value may be longer than one character, or empty.
    let relation = relation(&on("arn:aws:s3:::b/${aws:PrincipalTag/t}"), &on("arn:aws:s3:::b/?"));
    assert_eq!(relation, PolicyRelation::Incomparable);
}

#[test]
fn a_default_stands_for_a_missing_key_only() {
    let with_default = on("arn:aws:s3:::b/${aws:PrincipalTag/t, 'none'}");
    let without = on("arn:aws:s3:::b/${aws:PrincipalTag/t}");
    assert_eq!(relation(&with_default, &without), PolicyRelation::Broader);
    let mut both = without.clone();
    both[0]["Resource"] = json!(["arn:aws:s3:::b/none", "arn:aws:s3:::b/${aws:PrincipalTag/t}"]);
    assert_eq!(relation(&with_default, &both), PolicyRelation::Narrower);
}

#[test]
fn what_an_unresolved_variable_of_not_resource_excludes_is_open() {
    let all_but = |resource: &str| json!([{ "Effect": "Allow", "Action": "s3:GetObject", "NotResource": resource }]);
    let own = "arn:aws:s3:::b/${aws:PrincipalTag/t}";
    assert_eq!(relation(&all_but(own), &on("*")), PolicyRelation::Narrower);
    // What AWS does where the key is missing is not documented: this hangs on it.
    let mut without_the_tag = all_but(own);
    without_the_tag[0]["Condition"] = json!({ "Null": { "aws:PrincipalTag/t": "true" } });
    assert_eq!(relation(&without_the_tag, &json!([])), PolicyRelation::Undecided);
}

#[test]
fn an_account_in_an_arn_condition_is_one_segment() {
    let sources = |pattern: &str| get(&json!({ "ArnLike": { "aws:PrincipalArn": pattern } }));
    let own = "arn:aws:iam::${aws:PrincipalAccount}:role/*";
    assert_eq!(relation(&sources(own), &sources("arn:aws:iam::*:role/*")), PolicyRelation::Narrower);
    assert_eq!(relation(&sources(own), &sources("arn:aws:iam::${aws:PrincipalAccount}:*")), PolicyRelation::Narrower);
    // A tag may hold colons; whatever it holds, both sides hold it.
    let tagged = "arn:aws:iam::${aws:PrincipalTag/account}:role/*";
    assert_ne!(relation(&sources(tagged), &sources("arn:aws:iam::*:user/*")), PolicyRelation::Narrower);
}

#[test]
fn many_variables_in_one_policy_are_told_apart() {
    let one = |n: usize| {
        json!({
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": format!("arn:aws:s3:::b{n}/${{aws:PrincipalTag/t{n}}}/*"),
        })
    };
    let many: Vec<Value> = (0..40).map(one).collect();
    let reversed: Vec<Value> = many.iter().rev().cloned().collect();
    assert_ne!(relation(&json!(many), &json!(many[1..])), PolicyRelation::Equivalent);
    assert_ne!(relation(&json!(many), &json!(many[1..])), PolicyRelation::Narrower);
    let eight = |from: usize| json!(reversed[from..from + 8]);
    let mut turned: Vec<Value> = reversed[3..11].to_vec();
    turned.rotate_left(3);
    assert_eq!(relation(&json!(turned), &eight(3)), PolicyRelation::Equivalent);
}

#[test]
fn a_known_key_is_compared_with_the_value_of_another() {
    // The principal's tag is known; what the resource's is, nobody knows: they may be equal.
    let document = policy(&get(&json!({ "StringEquals": { "aws:PrincipalTag/team": "${aws:ResourceTag/team}" } })));
    let solver = Solver::new(Catalog::embedded());
    let effective = Access::from_policies([(&document, 0)]);
    let mut known = KnownContext::unconstrained();
    let mut ask = |value: KeyFact| {
        known.set("aws:PrincipalTag/team", value);
        let question = Question {
            effective: &effective,
            declared: &Access::default(),
            known: &known,
            partition: None,
            world: ActionWorld::Existing,
            single_request: None,
            budget: 100_000,
            detail: AnswerDetail::Verdict,
            witness_account: None,
            replay: None,
        };
        solver.solve_with_interpretation(&question, Interpretation::default())
    };
    let verdict = ask(KeyFact::Value("cost".to_owned()));
    let ContainmentVerdict::Broader(grants) = verdict else { panic!("{verdict:?}") };
    let request = grants.iter().find_map(|g| g.witness.as_ref()).unwrap();
    assert!(format!("{:?}", request.context).contains("cost"), "{request:?}");
    assert!(matches!(ask(KeyFact::Missing), ContainmentVerdict::Contained));
}
