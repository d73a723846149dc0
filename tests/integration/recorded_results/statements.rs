//! Random policy statements: actions, resources and conditions of the kinds that the analysis decides.

use serde_json::{Value, json};

use super::random::Random;

/// What statements about one service are made of.
struct ServicePalette {
    actions: &'static [&'static str],
    patterns: &'static [&'static str],
    resources: &'static [&'static str],
}

const PALETTES: [ServicePalette; 12] = [
    ServicePalette {
        actions: &["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:DeleteBucket"],
        patterns: &["s3:Get*", "s3:*", "s3:G*", "s3:*Object", "s3:PutObject*"],
        resources: &[
            "arn:aws:s3:::reports",
            "arn:aws:s3:::reports/*",
            "arn:aws:s3:::reports/${aws:username}/*",
            "arn:aws:s3:::${aws:PrincipalTag/team}-data/*",
            "arn:aws:s3:::reports-20??/*",
        ],
    },
    ServicePalette {
        actions: &["ec2:DescribeInstances", "ec2:RunInstances", "ec2:TerminateInstances", "ec2:CreateTags"],
        patterns: &["ec2:Describe*", "ec2:*Instances", "ec2:*"],
        resources: &["arn:aws:ec2:*:111122223333:instance/*", "arn:aws:ec2:eu-west-1:111122223333:volume/*"],
    },
    ServicePalette {
        actions: &["rds:DescribeDBInstances", "rds:DeleteDBInstance", "rds:StopDBInstance", "rds:AddTagsToResource"],
        patterns: &["rds:Describe*", "rds:Delete*", "rds:*"],
        resources: &["arn:aws:rds:*:*:db:report-*", "arn:aws:rds:eu-west-1:111122223333:db:main"],
    },
    ServicePalette {
        actions: &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteTable", "dynamodb:Query"],
        patterns: &["dynamodb:*Item", "dynamodb:Delete*", "dynamodb:*"],
        resources: &[
            "arn:aws:dynamodb:*:111122223333:table/jobs",
            "arn:aws:dynamodb:eu-west-1:*:table/${aws:username}",
        ],
    },
    ServicePalette {
        actions: &["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteQueue", "sqs:PurgeQueue"],
        patterns: &["sqs:*Message", "sqs:*", "SQS:get*"],
        resources: &["arn:aws:sqs:eu-west-1:111122223333:jobs", "arn:aws:sqs:*:*:jobs-*"],
    },
    ServicePalette {
        actions: &["cloudformation:DescribeStacks", "cloudformation:UpdateStack", "cloudformation:DeleteStack"],
        patterns: &["cloudformation:*Stack", "cloudformation:List*", "cloudformation:*"],
        resources: &["arn:aws:cloudformation:*:111122223333:stack/reports-*/*"],
    },
    ServicePalette {
        actions: &["lambda:InvokeFunction", "lambda:GetFunction", "lambda:DeleteFunction"],
        patterns: &["lambda:Get*", "lambda:List*", "lambda:*"],
        resources: &["arn:aws:lambda:*:111122223333:function:report-*"],
    },
    ServicePalette {
        actions: &["kms:Decrypt", "kms:Encrypt", "kms:ScheduleKeyDeletion", "kms:CreateGrant"],
        patterns: &["kms:*crypt", "kms:Describe*", "kms:*"],
        resources: &["arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000001"],
    },
    ServicePalette {
        actions: &["ce:GetCostAndUsage", "ce:DeleteAnomalyMonitor", "ce:ListTagsForResource"],
        patterns: &["ce:Get*", "ce:*"],
        resources: &["*"],
    },
    ServicePalette {
        actions: &["secretsmanager:GetSecretValue", "secretsmanager:DeleteSecret", "secretsmanager:TagResource"],
        patterns: &["secretsmanager:*Secret*", "secretsmanager:List*"],
        resources: &["arn:aws:secretsmanager:*:111122223333:secret:${aws:PrincipalTag/team}/*"],
    },
    ServicePalette {
        actions: &["iam:GetRole", "iam:ListRoles", "iam:DeleteRole", "iam:TagRole", "iam:TagUser", "iam:UntagRole"],
        patterns: &["iam:Get*", "iam:List*", "iam:Tag*", "iam:*User"],
        resources: &["arn:aws:iam::111122223333:role/workloads/*", "arn:aws:iam::*:user/${aws:username}"],
    },
    ServicePalette {
        actions: &["logs:GetLogEvents", "logs:DeleteLogGroup", "logs:PutLogEvents", "logs:FutureAction"],
        patterns: &["logs:*", "logs:Describe*", "cloudtrail:*Logging"],
        resources: &["arn:aws:logs:*:111122223333:log-group:/reports/*"],
    },
];

/// Condition blocks, as JSON.
const CONDITIONS: [&str; 27] = [
    r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
    r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#,
    r#"{"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}"#,
    r#"{"StringEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1"]}}"#,
    r#"{"StringNotEquals":{"aws:RequestedRegion":"us-east-1"}}"#,
    r#"{"StringLike":{"aws:PrincipalTag/change-approval":"CHG-*"}}"#,
    r#"{"StringEquals":{"aws:PrincipalTag/team":"billing"}}"#,
    r#"{"StringEqualsIgnoreCase":{"aws:PrincipalTag/Team":"BILLING"}}"#,
    r#"{"StringNotLike":{"aws:PrincipalTag/team":"b*"}}"#,
    r#"{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}"#,
    r#"{"StringEqualsIfExists":{"aws:ResourceTag/env":"dev"}}"#,
    r#"{"Null":{"aws:TokenIssueTime":"false"}}"#,
    r#"{"Null":{"aws:PrincipalTag/team":"true"}}"#,
    r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.0/24"]}}"#,
    r#"{"NotIpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}}"#,
    r#"{"DateGreaterThan":{"aws:CurrentTime":"2001-01-01T00:00:00Z"}}"#,
    r#"{"DateLessThan":{"aws:CurrentTime":"2090-01-01T00:00:00Z"}}"#,
    r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["team","env"]}}"#,
    r#"{"ForAnyValue:StringLike":{"aws:CalledVia":"cloudformation.*"}}"#,
    r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/operators/*"}}"#,
    r#"{"ArnNotLikeIfExists":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}}"#,
    r#"{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}"#,
    r#"{"Bool":{"aws:SecureTransport":"true"}}"#,
    r#"{"Bool":{"aws:ViaAWSService":"false"}}"#,
    r#"{"BoolIfExists":{"aws:ViaAWSMCPService":"false"}}"#,
    r#"{"StringLike":{"s3:prefix":["${aws:username}/*","public/*"]}}"#,
    r#"{"StringEquals":{"aws:ResourceAccount":"111122223333"},"NumericLessThanEquals":{"s3:max-keys":"10"}}"#,
];

/// Actions that together let a principal become another one or change its own permissions.
const ESCALATIONS: [&[&str]; 14] = [
    &["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"],
    &["iam:PassRole", "ec2:RunInstances"],
    &["iam:PassRole", "cloudformation:CreateStack"],
    &["lambda:UpdateFunctionCode"],
    &["iam:PutRolePolicy", "iam:PutUserPolicy"],
    &["iam:AttachRolePolicy", "iam:AttachUserPolicy"],
    &["iam:CreatePolicyVersion"],
    &["iam:SetDefaultPolicyVersion"],
    &["iam:UpdateAssumeRolePolicy"],
    &["iam:CreateAccessKey"],
    &["iam:AddUserToGroup"],
    &["sts:AssumeRole"],
    &["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"],
    &["iam:CreateRole", "iam:CreateUser", "iam:PutRolePermissionsBoundary"],
];

/// Draws a condition block; now and then one of two operators.
pub fn draw_condition(random: &mut Random) -> Value {
    let mut condition = random.choose_json(&CONDITIONS);
    if random.draw_chance(20) {
        let other = random.choose_json(&CONDITIONS);
        for (operator, keys) in other.as_object().unwrap() {
            condition[operator] = keys.clone();
        }
    }
    condition
}

fn draw_actions(random: &mut Random, palette: &ServicePalette) -> Vec<&'static str> {
    if random.draw_chance(45) {
        return vec![*random.choose(palette.patterns)];
    }
    random.choose_some(palette.actions, 3)
}

fn draw_resource(random: &mut Random, palette: &ServicePalette) -> Value {
    if random.draw_chance(50) {
        return json!("*");
    }
    json!(random.choose_some(palette.resources, 2))
}

/// Draws a statement that allows something.
pub fn draw_allow(random: &mut Random) -> Value {
    let palette = random.choose(&PALETTES);
    let mut statement = json!({ "Effect": "Allow" });
    match random.draw_between(1, 100) {
        1..=4 => {
            statement["NotAction"] = json!(["iam:*", "sts:*", "organizations:*", *random.choose(palette.patterns)])
        }
        5..=6 => statement["Action"] = json!("*"),
        _ => statement["Action"] = json!(draw_actions(random, palette)),
    }
    let resource = if random.draw_chance(6) { "NotResource" } else { "Resource" };
    statement[resource] = match resource {
        "NotResource" => json!(random.choose_some(palette.resources, 2)),
        _ => draw_resource(random, palette),
    };
    if random.draw_chance(35) {
        statement["Condition"] = draw_condition(random);
    }
    if random.draw_chance(30) {
        statement["Sid"] = json!(format!("Allow{}", random.draw_between(1, 99)));
    }
    statement
}

/// Draws a statement that denies something.
pub fn draw_deny(random: &mut Random) -> Value {
    let palette = random.choose(&PALETTES);
    let mut statement = json!({ "Effect": "Deny", "Resource": draw_resource(random, palette) });
    match random.draw_chance(10) {
        true => statement["NotAction"] = json!(["s3:*", "sqs:*", "ce:*", "ec2:*", "iam:*", "sts:*"]),
        false => statement["Action"] = json!(draw_actions(random, palette)),
    }
    if random.draw_chance(60) {
        statement["Condition"] = draw_condition(random);
    }
    statement
}

/// Draws a statement that lets its principal become another one or change its own permissions.
pub fn draw_escalation(random: &mut Random) -> Value {
    let actions = *random.choose(&ESCALATIONS);
    let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    if random.draw_chance(20) {
        statement["Condition"] = draw_condition(random);
    }
    statement
}

/// Draws statements that are mostly allowances.
pub fn draw_statements(random: &mut Random, most: usize) -> Vec<Value> {
    let count = random.draw_between(1, most);
    (0..count).map(|_| if random.draw_chance(15) { draw_deny(random) } else { draw_allow(random) }).collect()
}

/// Puts statements into a policy document.
pub fn build_document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}
