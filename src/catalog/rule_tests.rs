//! The classes of actions: the rule, and that the reviewed lists name real actions and say
//! something that the rule does not.

#![allow(clippy::disallowed_macros)] // a test that cannot run says so
use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn classes(name: &str) -> ActionClasses {
    let catalog = Catalog::embedded();
    catalog.classes(catalog.find_action(name).expect(name))
}

#[test]
fn names_fall_into_words() {
    let split = |name| words(name).collect::<Vec<_>>();
    assert_eq!(split("BatchDeleteImage"), ["Batch", "Delete", "Image"]);
    assert_eq!(split("DELETE"), ["DELETE"]);
    assert_eq!(split("DeleteDBInstance"), ["Delete", "DBInstance"]);
    assert_eq!(split("connect"), ["connect"]);
}

#[test]
fn what_is_gone_is_destructive() {
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
        assert!(classes(name).contains(ActionClass::Destructive), "{name}");
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
        assert!(!classes(name).contains(ActionClass::Destructive), "{name}");
    }
}

#[test]
fn the_other_classes() {
    let get = classes("s3:GetObject");
    assert_eq!(get.iter().collect::<Vec<_>>(), [ActionClass::DataRead]);
    let put = classes("iam:PutRolePolicy");
    assert!(put.contains(ActionClass::PermissionsManagement));
    assert!(put.contains(ActionClass::Escalation));
    assert!(classes("iam:PassRole").contains(ActionClass::Escalation));
    assert!(classes("ec2:DescribeVpcs").is_empty());
    for class in ActionClass::ALL {
        assert_eq!(class.as_str().parse(), Ok(class));
    }
    assert!("harmless".parse::<ActionClass>().is_err());
}

#[test]
fn every_exception_names_an_action_and_is_needed() {
    let catalog = Catalog::embedded();
    assert_eq!(destructive_exceptions().count(), list_lines(DESTRUCTIVE).count(), "every line begins with + or -");
    let mut seen = BTreeSet::new();
    for Exception { action, member } in destructive_exceptions() {
        let id = catalog.find_action(action).expect(action);
        assert_eq!(catalog.full_name(id), action);
        assert!(seen.insert(action), "{action} is listed twice");
        let by_rule = is_destructive_by_rule(catalog.action_name(id), catalog.access_level(id));
        assert_ne!(by_rule, member, "{action}: the rule says so already");
    }
}

#[test]
fn every_line_of_the_lists_has_a_reason_and_a_real_action() {
    let catalog = Catalog::embedded();
    for list in [DATA_READ, ESCALATION] {
        let mut seen = BTreeSet::new();
        for line in list_lines(list) {
            let (action, why) = line.split_once(' ').expect(line);
            let id = catalog.find_action(action).expect(action);
            assert_eq!(catalog.full_name(id), action);
            assert!(!why.trim().is_empty(), "{action} has no reason");
            assert!(seen.insert(action), "{action} is listed twice");
        }
    }
    for line in list_lines(DESTRUCTIVE) {
        assert!(line.split_whitespace().count() > 2, "no reason: {line}");
    }
}

/// What the paths require without it being a step: reading alone raises nobody.
const LEFT_OUT: [&str; 1] = ["ec2:DescribeInstances"];

#[test]
fn the_escalation_list_is_that_of_the_known_paths() {
    let Some(corpus) = std::env::var_os("IAMDRIFT_CORPUS") else {
        eprintln!("skipped: IAMDRIFT_CORPUS is not set");
        return;
    };
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
    for name in LEFT_OUT {
        assert!(required.remove(name).is_some(), "{name} is required nowhere");
    }
    let listed: BTreeMap<&str, BTreeSet<&str>> = list_lines(ESCALATION)
        .map(|line| line.split_once(' ').unwrap())
        .map(|(action, paths)| (action, paths.trim().split(',').collect()))
        .collect();
    assert_eq!(listed, required);
}
