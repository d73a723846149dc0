//! Guards on what a principal can change about the resource: its tags, whichever service sets them, and its aliases.

use iamdrift::audit::RuleId;
use serde_json::{Value, json};

use super::{Case, entry, role, statement};

const NONE: [&str; 0] = [];
const INSTANCES: &str = "arn:aws:ec2:*:*:instance/*";

/// A guard on one condition over some actions.
struct GuardCase {
    actions: &'static str,
    operator: &'static str,
    key: &'static str,
    value: &'static str,
}

impl GuardCase {
    fn new(actions: &'static str, key: &'static str) -> GuardCase {
        GuardCase { actions, operator: "StringEquals", key, value: "dev" }
    }

    fn condition(&self) -> Value {
        json!({ self.operator: { self.key: self.value } })
    }

    /// An Allow of the guarded actions that enforces the guard.
    fn guarded(&self, resource: &str) -> Value {
        statement("Allow", json!(self.actions), json!(resource), self.condition())
    }

    /// The IAM004 findings of a principal with these statements.
    fn find(&self, statements: &[Value]) -> Vec<String> {
        let manifest = entry("bot", "workload", "allow = \"all.json\"\nguards = \"g\"")
            + &format!(
                "[[guard]]\nname = \"g\"\nactions = \"{}\"\nunless = {{ \"{}\" = {{ \"{}\" = \"{}\" }} }}\nseverity = \"high\"\n",
                self.actions, self.operator, self.key, self.value
            );
        let case = Case::new(&[role("bot", statements)], &manifest);
        assert_eq!(case.facts(RuleId::Undecided), NONE);
        case.facts(RuleId::Unguarded)
    }
}

fn may(action: &str, resource: &str) -> Value {
    statement("Allow", json!(action), json!(resource), json!({}))
}

fn may_if(action: &str, resource: &str, condition: Value) -> Value {
    statement("Allow", json!(action), json!(resource), condition)
}

/// The finding of a guard that one request of an action makes ineffective.
fn by(action: &str) -> [String; 1] {
    [format!("bot 1/0 {action}")]
}

#[test]
fn the_service_of_the_resource_sets_its_tags() {
    for key in ["aws:ResourceTag/env", "ssm:resourceTag/env"] {
        let guard = GuardCase::new("ssm:StartSession", key);
        let session = guard.guarded(INSTANCES);
        assert_eq!(guard.find(&[session.clone(), may("ec2:CreateTags", INSTANCES)]), by("ec2:CreateTags"));
        assert_eq!(guard.find(std::slice::from_ref(&session)), NONE);
        assert_eq!(guard.find(&[session.clone(), may("ec2:CreateTags", "arn:aws:ec2:*:*:volume/*")]), NONE);
        // Systems Manager sets the tags of managed nodes, not of instances.
        assert_eq!(guard.find(&[session, may("ssm:AddTagsToResource", "*")]), NONE);
        let nodes = "arn:aws:ssm:*:*:managed-instance/*";
        assert_eq!(
            guard.find(&[guard.guarded(nodes), may("ssm:AddTagsToResource", nodes)]),
            by("ssm:AddTagsToResource")
        );
        assert_eq!(guard.find(&[guard.guarded(nodes), may("ec2:CreateTags", "*")]), NONE);
    }
    for (actions, key, resource, tagging) in [
        ("ec2-instance-connect:SendSSHPublicKey", "ec2:ResourceTag/env", INSTANCES, "ec2:CreateTags"),
        ("ebs:GetSnapshotBlock", "aws:ResourceTag/env", "*", "ec2:CreateTags"),
        ("sts:AssumeRole", "iam:ResourceTag/env", "arn:aws:iam::*:role/*", "iam:TagRole"),
        ("sts:AssumeRole", "aws:ResourceTag/env", "*", "iam:TagRole"),
        ("rds-data:ExecuteStatement", "aws:ResourceTag/env", "*", "rds:AddTagsToResource"),
    ] {
        let guard = GuardCase::new(actions, key);
        assert_eq!(guard.find(&[guard.guarded(resource), may(tagging, "*")]), by(tagging), "{actions}");
        assert_eq!(guard.find(&[guard.guarded(resource), may("sqs:TagQueue", "*")]), NONE, "{actions}");
        assert_eq!(guard.find(&[guard.guarded(resource), may_if(tagging, "*", guard.condition())]), NONE, "{actions}");
    }
    // Users are not assumed. A statement with several tagging actions.
    let guard = GuardCase::new("sts:AssumeRole", "iam:ResourceTag/env");
    assert_eq!(guard.find(&[guard.guarded("*"), may("iam:TagUser", "*")]), NONE);
    let several = statement("Allow", json!(["ec2:CreateTags", "iam:TagRole", "sqs:TagQueue"]), json!("*"), json!({}));
    assert_eq!(guard.find(&[guard.guarded("*"), several]).len(), 1);
    // The type of the guarded resource cannot be tagged.
    let guard = GuardCase::new("ec2:TerminateInstances", "aws:ResourceTag/env");
    let deny = statement("Deny", json!("ec2:CreateTags"), json!(INSTANCES), json!({}));
    assert_eq!(guard.find(&[guard.guarded("*"), may("ec2:CreateTags", "*"), deny]), NONE);
    // AWS alone sets tags whose keys begin with `aws:`.
    let guard = GuardCase::new("ssm:StartSession", "aws:ResourceTag/aws:autoscaling:groupName");
    assert_eq!(guard.find(&[guard.guarded(INSTANCES), may("ec2:CreateTags", "*")]), NONE);
}

#[test]
fn tagging_on_creation_tags_no_existing_resource() {
    let guard = GuardCase::new("ec2:TerminateInstances", "aws:ResourceTag/env");
    let on_creation = |condition: Value| may_if("ec2:CreateTags", "*", condition);
    let run = json!({ "StringEquals": { "ec2:CreateAction": "RunInstances" } });
    assert_eq!(guard.find(&[guard.guarded("*"), on_creation(run)]), NONE);
    assert_eq!(
        guard.find(&[guard.guarded("*"), on_creation(json!({ "Null": { "ec2:CreateAction": "false" } }))]),
        NONE
    );
    // A Deny of tagging on creation leaves the other requests.
    let deny = |condition: Value| statement("Deny", json!("ec2:CreateTags"), json!("*"), condition);
    let is_creation = deny(json!({ "Null": { "ec2:CreateAction": "false" } }));
    assert_eq!(guard.find(&[guard.guarded("*"), may("ec2:CreateTags", "*"), is_creation]), by("ec2:CreateTags"));
    let other_than_run = deny(json!({ "StringNotEquals": { "ec2:CreateAction": "RunInstances" } }));
    assert_eq!(guard.find(&[guard.guarded("*"), may("ec2:CreateTags", "*"), other_than_run]), NONE);
    let guard = GuardCase::new("ecs:DeleteCluster", "ecs:ResourceTag/env");
    let on_creation =
        may_if("ecs:TagResource", "*", json!({ "StringEquals": { "ecs:CreateAction": "CreateCluster" } }));
    assert_eq!(guard.find(&[guard.guarded("*"), on_creation]), NONE);
    assert_eq!(guard.find(&[guard.guarded("*"), may("ecs:TagResource", "*")]), by("ecs:TagResource"));
    // CloudFormation tags an existing stack by an update.
    let guard = GuardCase::new("cloudformation:DeleteStack", "aws:ResourceTag/env");
    let (tag, update) = (may("cloudformation:TagResource", "*"), may("cloudformation:UpdateStack", "*"));
    assert_eq!(guard.find(&[guard.guarded("*"), tag.clone(), update.clone()]), by("cloudformation:TagResource"));
    assert_eq!(guard.find(&[guard.guarded("*"), tag]), NONE);
    assert_eq!(guard.find(&[guard.guarded("*"), update]), NONE);
}

#[test]
fn the_keys_of_services_for_tags_are_tags() {
    let objects = "arn:aws:s3:::b/*";
    let guard = GuardCase::new("s3:GetObject", "s3:ExistingObjectTag/env");
    let read = guard.guarded(objects);
    assert_eq!(guard.find(&[read.clone(), may("s3:PutObjectTagging", objects)]), by("s3:PutObjectTagging"));
    assert_eq!(guard.find(&[read.clone(), may("s3:PutObjectTagging", "arn:aws:s3:::c/*")]), NONE);
    assert_eq!(guard.find(&[read.clone(), may("s3:PutObject", objects)]), NONE, "tags take s3:PutObjectTagging");
    assert_eq!(guard.find(&[read.clone(), may("s3:TagResource", "*")]), NONE, "the tags of buckets");
    let put = |condition: Value| may_if("s3:PutObjectTagging", objects, condition);
    let other = json!({ "StringEquals": { "s3:RequestObjectTag/env": "test" } });
    assert_eq!(guard.find(&[read.clone(), put(other)]), NONE);
    let other = json!({ "ForAllValues:StringEquals": { "s3:RequestObjectTagKeys": "team" } });
    assert_eq!(guard.find(&[read, put(other)]), NONE);

    // The tag of the bucket that contains the object.
    let guard = GuardCase::new("s3:GetObject", "s3:BucketTag/env");
    let read = guard.guarded(objects);
    assert_eq!(guard.find(&[read.clone(), may("s3:TagResource", "arn:aws:s3:::b")]), by("s3:TagResource"));
    assert_eq!(guard.find(&[read.clone(), may("s3:TagResource", "arn:aws:s3:::c")]), NONE);
    assert_eq!(guard.find(&[read.clone(), may("s3:PutObjectTagging", "*")]), NONE);
    let (put, enable) = (may("s3:PutBucketTagging", "*"), may("s3:PutBucketAbac", "*"));
    assert_eq!(guard.find(&[read.clone(), put.clone(), enable]), by("s3:PutBucketTagging"));
    assert_eq!(guard.find(&[read, put]), NONE);

    for (actions, key, resources, others) in [
        ("rds:StopDBInstance", "rds:db-tag/env", "arn:aws:rds:*:*:db:*", "arn:aws:rds:*:*:cluster:*"),
        ("rds:StopDBCluster", "rds:cluster-tag/env", "arn:aws:rds:*:*:cluster:*", "arn:aws:rds:*:*:db:*"),
    ] {
        let guard = GuardCase::new(actions, key);
        let tag = |resources: &str| may("rds:AddTagsToResource", resources);
        assert_eq!(guard.find(&[guard.guarded("*"), tag(resources)]), by("rds:AddTagsToResource"), "{key}");
        assert_eq!(guard.find(&[guard.guarded("*"), tag(others)]), NONE, "{key}");
        let other = json!({ "StringEquals": { "rds:req-tag/env": "test" } });
        assert_eq!(guard.find(&[guard.guarded("*"), may_if("rds:AddTagsToResource", "*", other)]), NONE, "{key}");
    }
}

#[test]
fn a_tag_is_removed_by_setting_the_others() {
    let guard =
        GuardCase { operator: "Null", value: "true", ..GuardCase::new("s3:GetObject", "s3:ExistingObjectTag/keep") };
    let read = guard.guarded("*");
    for action in ["s3:PutObjectTagging", "s3:DeleteObjectTagging"] {
        assert_eq!(guard.find(&[read.clone(), may(action, "*")]), by(action));
    }
    let keeps = json!({ "StringEquals": { "s3:RequestObjectTag/keep": "yes" } });
    assert_eq!(guard.find(&[read, may_if("s3:PutObjectTagging", "*", keeps)]), NONE);
}

#[test]
fn the_caller_sets_the_tags_of_its_request_in_the_keys_of_services() {
    for (actions, key) in [
        ("s3:GetObjectTagging", "s3:RequestObjectTag/env"),
        ("s3:PutObject", "s3:RequestObjectTag/env"),
        ("s3:PutObject", "s3:RequestObjectTagKeys"),
        ("rds:CreateDBInstance", "rds:req-tag/env"),
        ("elasticmapreduce:RunJobFlow", "elasticmapreduce:RequestTag/env"),
    ] {
        let guard = GuardCase::new(actions, key);
        let found = guard.find(&[guard.guarded("*")]);
        // A request that has no such key is not allowed, whatever the caller chooses.
        let expected: &[&str] = if actions == "s3:GetObjectTagging" { &[] } else { &["bot 0/0"] };
        assert_eq!(found, expected, "{actions} {key}");
    }
}

#[test]
fn api_gateway_tags_by_requests_on_tags() {
    let guard = GuardCase::new("apigateway:DELETE", "aws:ResourceTag/env");
    let tags = "arn:aws:apigateway:*::/tags/*";
    for action in ["apigateway:PUT", "apigateway:POST"] {
        let tag = |resource: &str| guard.find(&[guard.guarded("*"), may(action, resource)]);
        assert_eq!(tag(tags), by(action));
        assert_eq!(tag("arn:aws:apigateway:*::/restapis/*"), NONE);
        // The ARN of the tagged resource is a part of the ARN.
        let on_api = |api: &str| {
            format!("arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F{api}")
        };
        let delete = guard.guarded("arn:aws:apigateway:us-east-1::/restapis/a1");
        assert_eq!(guard.find(&[delete.clone(), may(action, &on_api("a1"))]), by(action));
        assert_eq!(guard.find(&[delete, may(action, &on_api("b2"))]), NONE);
    }
    let other = json!({ "StringEquals": { "aws:RequestTag/env": "test" } });
    assert_eq!(guard.find(&[guard.guarded("*"), may_if("apigateway:PUT", tags, other)]), NONE);
}

#[test]
fn who_changes_the_aliases_of_a_key_satisfies_a_guard_on_them() {
    let (alias, key) = ("arn:aws:kms:*:*:alias/dev", "arn:aws:kms:*:*:key/*");
    for name in ["kms:ResourceAliases", "kms:RequestAlias"] {
        for operator in ["ForAnyValue:StringEquals", "ForAnyValue:StringLike", "ForAnyValue:StringEqualsIgnoreCase"] {
            let guard = GuardCase { operator, value: "alias/dev", ..GuardCase::new("kms:Decrypt", name) };
            let use_key = guard.guarded(key);
            for action in ["kms:CreateAlias", "kms:UpdateAlias"] {
                let of = |more: &[Value]| guard.find(&[std::slice::from_ref(&use_key), more].concat());
                assert_eq!(of(&[may(action, "*")]), by(action), "{name} {operator}");
                assert_eq!(of(&[may(action, alias), may(action, key)]), by(&format!("{action} {action}")));
                // It takes permissions for the alias and for the key; another alias; aliases of AWS.
                assert_eq!(of(&[may(action, alias)]), NONE);
                assert_eq!(of(&[may(action, key)]), NONE);
                assert_eq!(of(&[may(action, "arn:aws:kms:*:*:alias/prod"), may(action, key)]), NONE);
                assert_eq!(of(&[may_if(action, "*", guard.condition()), may(action, alias)]), NONE);
            }
        }
    }
    let guard =
        GuardCase { operator: "ForAnyValue:StringEquals", ..GuardCase::new("kms:Decrypt", "kms:ResourceAliases") };
    assert_eq!(guard.find(&[guard.guarded(key), may("kms:CreateAlias", "*")]), NONE, "no alias has such a name");
    // Aliases that stop.
    let guard = GuardCase {
        operator: "ForAllValues:StringNotEquals",
        value: "alias/prod",
        ..GuardCase::new("kms:Decrypt", "kms:ResourceAliases")
    };
    assert_eq!(guard.find(&[guard.guarded(key), may("kms:DeleteAlias", "*")]), ["bot 1/1 kms:DeleteAlias"]);
    assert_eq!(guard.find(&[guard.guarded(key), may("kms:CreateAlias", "*")]), NONE);
}

#[test]
fn who_changes_the_setting_of_a_resource_satisfies_a_guard_on_it() {
    let guard =
        GuardCase { value: "AWS_IAM", ..GuardCase::new("lambda:InvokeFunctionUrl", "lambda:FunctionUrlAuthType") };
    let (invoke, update) = (guard.guarded("*"), "lambda:UpdateFunctionUrlConfig");
    assert_eq!(guard.find(&[invoke.clone(), may(update, "*")]), by(update));
    assert_eq!(guard.find(std::slice::from_ref(&invoke)), NONE);
    let other = json!({ "StringEquals": { "lambda:FunctionUrlAuthType": "NONE" } });
    assert_eq!(guard.find(&[invoke, may_if(update, "*", other)]), NONE);
    let function = |name: &str| format!("arn:aws:lambda:*:*:function:{name}");
    assert_eq!(guard.find(&[guard.guarded(&function("a")), may(update, &function("b"))]), NONE);
}
