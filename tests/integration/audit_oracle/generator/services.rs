//! The few services of generated accounts: actions, the resources that they take, and their condition keys. Copied by
//! hand from the Service Authorization Reference on 2026-11-29.

use super::random::Dice;

pub const OWN: &str = "111122223333";
pub const MEMBER: &str = "222233334444";
pub const MANAGEMENT: &str = "999988887777";
pub const OUTSIDE: &str = "555566667777";
pub const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "eu-central-1"];

/// The kind of resource that an action takes.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Shape {
    /// The action takes no resource: its resource is `*`.
    Nothing,
    Bucket,
    Object,
    Queue,
    Key,
    Role,
    User,
    Instance,
    Secret,
}

/// One action.
#[derive(Debug)]
pub struct Action {
    pub name: &'static str,
    pub level: &'static str,
    pub shape: Shape,
    /// The keys of the service, in lower case, that requests can have.
    pub keys: &'static [&'static str],
    /// Whether requests can have `aws:RequestTag` and `aws:TagKeys`.
    pub sets_tags: bool,
}

const fn action(name: &'static str, level: &'static str, shape: Shape, keys: &'static [&'static str]) -> Action {
    Action { name, level, shape, keys, sets_tags: false }
}

const fn tagging(name: &'static str, shape: Shape, keys: &'static [&'static str]) -> Action {
    Action { name, level: "Tagging", shape, keys, sets_tags: true }
}

pub const ACTIONS: [Action; 26] = [
    action("s3:GetObject", "Read", Shape::Object, &["s3:authtype"]),
    action("s3:PutObject", "Write", Shape::Object, &["s3:authtype", "s3:x-amz-acl"]),
    action("s3:DeleteObject", "Write", Shape::Object, &["s3:authtype"]),
    action("s3:ListBucket", "List", Shape::Bucket, &["s3:authtype", "s3:prefix", "s3:max-keys"]),
    action("s3:DeleteBucket", "Write", Shape::Bucket, &["s3:authtype"]),
    action("s3:ListAccessPoints", "List", Shape::Nothing, &["s3:authtype"]),
    action("sqs:SendMessage", "Write", Shape::Queue, &[]),
    action("sqs:ReceiveMessage", "Read", Shape::Queue, &[]),
    action("sqs:DeleteQueue", "Write", Shape::Queue, &[]),
    action("sqs:ListQueues", "Read", Shape::Nothing, &[]),
    tagging("sqs:TagQueue", Shape::Queue, &[]),
    action("kms:Decrypt", "Write", Shape::Key, &["kms:viaservice", "kms:encryptioncontextkeys"]),
    action("kms:Encrypt", "Write", Shape::Key, &["kms:viaservice", "kms:encryptioncontextkeys"]),
    action("kms:CreateGrant", "Permissions management", Shape::Key, &["kms:viaservice", "kms:grantisforawsresource"]),
    action("kms:ListKeys", "List", Shape::Nothing, &[]),
    action("iam:GetRole", "Read", Shape::Role, &[]),
    action("iam:DeleteUser", "Write", Shape::User, &[]),
    action("iam:ListRoles", "List", Shape::Nothing, &[]),
    tagging("iam:TagRole", Shape::Role, &[]),
    action("ec2:TerminateInstances", "Write", Shape::Instance, &["ec2:region", "ec2:instancetype"]),
    action("ec2:StopInstances", "Write", Shape::Instance, &["ec2:region", "ec2:instancetype"]),
    action("ec2:DescribeInstances", "List", Shape::Nothing, &["ec2:region"]),
    action("secretsmanager:GetSecretValue", "Read", Shape::Secret, &["secretsmanager:versionstage"]),
    action("secretsmanager:DeleteSecret", "Write", Shape::Secret, &["secretsmanager:recoverywindowindays"]),
    action("secretsmanager:ListSecrets", "List", Shape::Nothing, &[]),
    action("sts:AssumeRole", "Write", Shape::Role, &["sts:externalid", "sts:rolesessionname"]),
];

pub fn find_action(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name.eq_ignore_ascii_case(name))
}

impl Action {
    pub fn service(&self) -> &'static str {
        self.name.split(':').next().unwrap()
    }

    /// Whether requests can have `aws:ResourceTag`.
    pub fn has_resource_tags(&self) -> bool {
        matches!(self.shape, Shape::Queue | Shape::Key | Shape::Role | Shape::User | Shape::Instance | Shape::Secret)
            && self.name != "s3:DeleteBucket"
    }
}

const BUCKETS: [&str; 3] = ["reports", "reports-eu", "logs"];
const OBJECTS: [&str; 4] = ["a", "team/x", "public/a.txt", "ann/private"];
const QUEUES: [&str; 3] = ["jobs", "jobs-dev", "mail"];
const KEYS: [&str; 2] = ["0a1b2c3d-0000-4000-8000-000000000001", "0a1b2c3d-0000-4000-8000-000000000002"];
const INSTANCES: [&str; 2] = ["i-0000000000000001a", "i-0000000000000002b"];
const SECRETS: [&str; 2] = ["db-AbCdEf", "api-GhIjKl"];

fn draw_account(dice: &mut Dice) -> &'static str {
    match dice.below(20) {
        0 | 1 => MEMBER,
        2 => OUTSIDE,
        3 => MANAGEMENT,
        _ => OWN,
    }
}

/// Draws the ARN of a resource. `arns` are those of the principals of the snapshot.
pub fn draw_resource(dice: &mut Dice, shape: Shape, arns: &[String]) -> String {
    let account = draw_account(dice);
    let region = *dice.pick(&REGIONS);
    let principal = |dice: &mut Dice, kind: &str| {
        let named: Vec<&String> = arns.iter().filter(|arn| arn.contains(kind)).collect();
        match named.is_empty() || dice.percent(15) {
            true => format!("arn:aws:iam::{account}{kind}nobody"),
            false => (*dice.pick(&named)).clone(),
        }
    };
    match shape {
        Shape::Nothing => "*".to_owned(),
        Shape::Bucket => format!("arn:aws:s3:::{}", dice.pick(&BUCKETS)),
        Shape::Object => format!("arn:aws:s3:::{}/{}", dice.pick(&BUCKETS), dice.pick(&OBJECTS)),
        Shape::Queue => format!("arn:aws:sqs:{region}:{account}:{}", dice.pick(&QUEUES)),
        Shape::Key => format!("arn:aws:kms:{region}:{account}:key/{}", dice.pick(&KEYS)),
        Shape::Role => principal(dice, ":role/"),
        Shape::User => principal(dice, ":user/"),
        Shape::Instance => format!("arn:aws:ec2:{region}:{account}:instance/{}", dice.pick(&INSTANCES)),
        Shape::Secret => format!("arn:aws:secretsmanager:{region}:{account}:secret:{}", dice.pick(&SECRETS)),
    }
}

/// Whether a text is the ARN of a resource of a kind.
pub fn has_shape(shape: Shape, resource: &str) -> bool {
    let segments: Vec<&str> = resource.splitn(6, ':').collect();
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let is_account = |text: &str| text.len() == 12 && text.chars().all(|c| c.is_ascii_digit());
    let [_, "aws", service, region, account, rest] = segments.as_slice() else {
        return shape == Shape::Nothing && resource == "*";
    };
    let is_regional = REGIONS.contains(region) && is_account(account);
    let is_global = region.is_empty() && is_account(account);
    let has_no_place = region.is_empty() && account.is_empty();
    let after = |prefix: &str| rest.strip_prefix(prefix).is_some_and(is_word);
    let is_path = |prefix: &str| rest.strip_prefix(prefix).is_some_and(|path| path.split('/').all(is_word));
    match (shape, *service) {
        (Shape::Bucket, "s3") => has_no_place && is_word(rest),
        (Shape::Object, "s3") => {
            has_no_place && rest.split_once('/').is_some_and(|(bucket, key)| is_word(bucket) && !key.is_empty())
        }
        (Shape::Queue, "sqs") => is_regional && is_word(rest),
        (Shape::Key, "kms") => is_regional && after("key/"),
        (Shape::Role, "iam") => is_global && is_path("role/"),
        (Shape::User, "iam") => is_global && is_path("user/"),
        (Shape::Instance, "ec2") => is_regional && after("instance/"),
        (Shape::Secret, "secretsmanager") => is_regional && after("secret:"),
        _ => false,
    }
}

/// Draws a resource pattern for an action of a service.
pub fn draw_resource_pattern(dice: &mut Dice, action: &Action, arns: &[String]) -> String {
    let general: &[&str] = match action.shape {
        Shape::Nothing => return "*".to_owned(),
        Shape::Bucket => &["arn:aws:s3:::*", "arn:aws:s3:::reports*", "arn:aws:s3:::${aws:PrincipalTag/team}"],
        Shape::Object => &[
            "arn:aws:s3:::reports/*",
            "arn:aws:s3:::reports*/team/?",
            "arn:aws:s3:::*/public/*",
            "arn:aws:s3:::reports/${aws:username}/*",
            "arn:aws:s3:::${aws:PrincipalTag/team, 'logs'}/*",
        ],
        Shape::Queue => &[
            "arn:aws:sqs:*:*:jobs*",
            "arn:aws:sqs:eu-*:111122223333:*",
            "arn:aws:sqs:*:*:jobs-*",
            "arn:aws:sqs:*:111122223333:${aws:PrincipalTag/team}",
            "arn:aws:sqs:*:${aws:PrincipalAccount}:jobs",
        ],
        Shape::Key => &["arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:eu-west-1:*:key/0a1b*"],
        Shape::Role => {
            &["arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/agents/*", "arn:aws:iam::*:role/*/app"]
        }
        Shape::User => &["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::111122223333:user/*"],
        Shape::Instance => &["arn:aws:ec2:eu-west-1:*:instance/*", "arn:aws:ec2:*:111122223333:instance/i-*1?"],
        Shape::Secret => {
            &["arn:aws:secretsmanager:*:*:secret:db-??????", "arn:aws:secretsmanager:*:111122223333:secret:*"]
        }
    };
    match dice.below(10) {
        0..=3 => "*".to_owned(),
        4..=7 => (*dice.pick(general)).to_owned(),
        _ => draw_resource(dice, action.shape, arns),
    }
}
