//! Tests of the rule and of the reviewed lists: the actions exist, and no line repeats the rule.

#![allow(clippy::disallowed_macros)] // a test that cannot run prints the reason
use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn risk_classes(name: &str) -> RiskClasses {
    let catalog = Catalog::embedded();
    catalog.risk_classes(catalog.find_action(name).expect(name))
}

#[test]
fn splits_names_into_words() {
    let split = |name| split_words(name).collect::<Vec<_>>();
    assert_eq!(split("BatchDeleteImage"), ["Batch", "Delete", "Image"]);
    assert_eq!(split("DELETE"), ["DELETE"]);
    assert_eq!(split("DeleteDBInstance"), ["Delete", "DBInstance"]);
    assert_eq!(split("connect"), ["connect"]);
}

#[test]
fn irreversible_actions_are_destructive() {
    for name in [
        "cloudformation:DeleteStack",
        "rds:DeleteDBInstance",
        "ec2:TerminateInstances",
        "s3:DeleteObject",
        "s3:PutObject",
        "kms:ScheduleKeyDeletion",
        "elasticbeanstalk:RebuildEnvironment",
        "elasticbeanstalk:TerminateEnvironment",
        "dynamodb:DeleteItem",
        "sqs:PurgeQueue",
        "ecr:BatchDeleteImage",
        "cognito-idp:AdminDeleteUser",
        "apigateway:DELETE",
        "cloudtrail:StopLogging",
        "iam:DeleteRole",
    ] {
        assert!(risk_classes(name).contains(RiskClass::Destructive), "{name}");
    }
    for name in [
        "ec2:StopInstances",
        "ec2:RebootInstances",
        "ec2:DeleteTags",
        "s3:GetObject",
        "kms:CancelKeyDeletion",
        "cloudformation:CreateStack",
        "autoscaling:DetachInstances",
    ] {
        assert!(!risk_classes(name).contains(RiskClass::Destructive), "{name}");
    }
}

#[test]
fn assigns_the_other_classes() {
    let get = risk_classes("s3:GetObject");
    assert_eq!(get.iter().collect::<Vec<_>>(), [RiskClass::DataRead]);
    let put = risk_classes("iam:PutRolePolicy");
    assert!(put.contains(RiskClass::PermissionsManagement));
    assert!(put.contains(RiskClass::Escalation));
    assert!(risk_classes("iam:PassRole").contains(RiskClass::Escalation));
    assert!(risk_classes("ec2:DescribeVpcs").is_empty());
    for class in RiskClass::ALL {
        assert_eq!(class.as_str().parse(), Ok(class));
    }
    assert!("harmless".parse::<RiskClass>().is_err());
}

#[test]
fn every_override_names_an_action_and_is_needed() {
    let catalog = Catalog::embedded();
    assert_eq!(
        parse_destructive_overrides().count(),
        content_lines(DESTRUCTIVE).count(),
        "every line begins with + or -"
    );
    let mut seen = BTreeSet::new();
    for DestructiveOverride { action, is_member: member } in parse_destructive_overrides() {
        let id = catalog.find_action(action).expect(action);
        assert_eq!(catalog.full_name(id), action);
        assert!(seen.insert(action), "{action} is listed twice");
        let by_rule = is_destructive_by_rule(catalog.action_name(id), catalog.access_level(id));
        assert_ne!(by_rule, member, "{action}: redundant, since the rule has the same result");
    }
}

#[test]
fn every_line_of_the_lists_has_a_reason_and_a_real_action() {
    let catalog = Catalog::embedded();
    for list in [DATA_READ, ESCALATION] {
        let mut seen = BTreeSet::new();
        for line in content_lines(list) {
            let (action, reason) = line.split_once(' ').expect(line);
            let id = catalog.find_action(action).expect(action);
            assert_eq!(catalog.full_name(id), action);
            assert!(!reason.trim().is_empty(), "{action} has no reason");
            assert!(seen.insert(action), "{action} is listed twice");
        }
    }
    for line in content_lines(DESTRUCTIVE) {
        assert!(line.split_whitespace().count() > 2, "no reason: {line}");
    }
}

/// What the paths require without it being a step: reading alone raises nobody.
const OMITTED_ACTIONS: [&str; 1] = ["ec2:DescribeInstances"];

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (the published escalation paths)"]
fn escalation_list_matches_the_known_paths() {
    let corpus = std::env::var_os("IAMDRIFT_CORPUS").expect("set IAMDRIFT_CORPUS to the directory of real inputs");
    let path = std::path::Path::new(&corpus).join("escalation/paths.json");
    let text = std::fs::read_to_string(path).unwrap();
    let paths: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut required = BTreeMap::<&str, BTreeSet<&str>>::new();
    for path in paths.as_array().unwrap() {
        for entry in path["permissions"]["required"].as_array().unwrap() {
            let permission = entry["permission"].as_str().unwrap();
            let id = path["id"].as_str().unwrap();
            required.entry(permission).or_default().insert(id);
        }
    }
    for name in OMITTED_ACTIONS {
        assert!(required.remove(name).is_some(), "{name} is required nowhere");
    }
    let listed: BTreeMap<&str, BTreeSet<&str>> = content_lines(ESCALATION)
        .map(|line| line.split_once(' ').unwrap())
        .map(|(action, paths)| (action, paths.trim().split(',').collect()))
        .collect();
    assert_eq!(listed, required);
}
