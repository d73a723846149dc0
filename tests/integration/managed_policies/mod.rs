//! The managed policies of AWS (`IAMDRIFT_CORPUS`): AWS writes no statements that grant nothing, with few exceptions. Each
//! action that a policy names in full must be allowed in some request, or be in `unmatched.txt`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use iamdrift::catalog::Catalog;
use iamdrift::iam::{DocumentKind, PolicyDocument};
use iamdrift::solve::compare::compare_policies;
use iamdrift::solve::{ActionWorld, ContainmentVerdict, Solver};
use iamdrift::source::SourceFile;
use serde_json::{Map, Value, json};

/// Actions that some managed policy allows in no request, with the policy and the reason. The list only gets shorter, unless
/// the policies are newer.
const UNMATCHED: &str = include_str!("unmatched.txt");

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (AWS managed policies)"]
fn every_managed_policy_grants_each_action_that_it_names() {
    let path = crate::needs::corpus().join("managed-policies/aws_managed_policies_latest.json.zst");
    let text = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let policies: Map<String, Value> = serde_json::from_slice(&text).unwrap();
    let solver = Solver::new(Catalog::embedded());
    let mut decided: BTreeMap<String, bool> = BTreeMap::new();
    let mut unmatched: BTreeSet<String> = BTreeSet::new();
    for (name, policy) in &policies {
        let statements = list(&policy["Statement"]);
        let allows: Vec<&Value> =
            statements.iter().copied().filter(|s| s["Effect"] == "Allow" && s.get("Action").is_some()).collect();
        let named: BTreeSet<&str> = allows
            .iter()
            .flat_map(|s| list(&s["Action"]))
            .filter_map(Value::as_str)
            .filter(|a| !a.contains('*'))
            .collect();
        for action in named {
            // `sts:GetCallerIdentity` needs no permission.
            let needs_none = action.eq_ignore_ascii_case(iamdrift::access::ALWAYS_ALLOWED_ACTION);
            if needs_none || Catalog::embedded().find_action(action).is_none() {
                continue;
            }
            let grant = grant_of(action, &allows);
            let grants = *decided.entry(grant.clone()).or_insert_with(|| grants_anything(&solver, &grant, name));
            if !grants {
                unmatched.insert(format!("{action} {name}"));
            }
        }
    }
    assert!(decided.len() > 10_000, "{}", decided.len());
    let listed: BTreeSet<String> = UNMATCHED
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let words: Vec<&str> = line.splitn(3, ' ').collect();
            assert!(words.len() == 3, "no reason: {line}");
            words[..2].join(" ")
        })
        .collect();
    let new: Vec<&String> = unmatched.difference(&listed).collect();
    assert!(new.is_empty(), "{} granted in no request:\n{}", new.len(), join(&new));
    let matched: Vec<&String> = listed.difference(&unmatched).collect();
    assert!(matched.is_empty(), "to be taken out of the list:\n{}", join(&matched));
}

#[test]
fn grants_that_the_reference_omits_are_grants() {
    let solver = Solver::new(Catalog::embedded());
    let grants = |action: &str, resource: &str, condition: Value| {
        let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition });
        grants_anything(&solver, &json!({ "Version": "2012-10-17", "Statement": statement }).to_string(), action)
    };
    let none = || json!({});
    for (action, resource) in [
        ("rolesanywhere:CreateTrustAnchor", "arn:aws:rolesanywhere:*:*:trust-anchor/*"),
        ("s3:GetObject", "arn:aws:s3::111122223333:accesspoint/a.mrap/object/*"),
        ("ssm:StartAutomationExecution", "arn:aws:ssm:us-east-1::automation-definition/AWS-TerminateEC2Instance:*"),
        ("ecs:UpdateService", "arn:aws:ecs:us-east-1:111122223333:service/web"),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::*"),
        ("rolesanywhere:CreateTrustAnchor", "*"),
    ] {
        assert!(grants(action, resource, none()), "{action} {resource}");
    }
    // A limit: the reference has no resource types, and no list adds any.
    assert!(!grants("ec2:DescribeInstances", "arn:aws:ec2:*:*:instance/*", none()));
    let key = |name: &str| json!({ "StringEquals": { name: "a" } });
    assert!(grants("aws-marketplace:Subscribe", "*", key("aws-marketplace:ProductId")));
    assert!(grants("s3:GetObject", "*", key("s3:KeyOfTomorrow")));
    assert!(!grants("s3:GetObject", "*", key("s3:prefix")));
}

fn join(lines: &[&String]) -> String {
    lines.iter().map(|line| line.as_str()).collect::<Vec<_>>().join("\n")
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

/// The statements of a policy that allow an action, reduced to this action.
fn grant_of(action: &str, allows: &[&Value]) -> String {
    let lower = action.to_lowercase();
    let covers =
        |pattern: &Value| iamdrift::base::glob::matches_glob(&pattern.as_str().unwrap().to_lowercase(), &lower);
    let mut statements = Vec::new();
    for statement in allows.iter().filter(|s| list(&s["Action"]).into_iter().any(covers)) {
        let mut reduced = (*statement).clone();
        reduced["Action"] = json!(action);
        drop(reduced.as_object_mut().unwrap().remove("Sid"));
        statements.push(reduced);
    }
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// Whether a policy allows any request.
fn grants_anything(solver: &Solver<'_>, policy: &str, name: &str) -> bool {
    let parse =
        |text: &str| Arc::new(PolicyDocument::parse(&SourceFile::new(name, text), DocumentKind::Identity).unwrap());
    let nothing = parse(r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#);
    let verdict = compare_policies(solver, &parse(policy), &nothing, &[ActionWorld::Existing], 1).a_not_b;
    !matches!(verdict, ContainmentVerdict::Contained)
}
