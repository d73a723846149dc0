//! Random conditions of all families of operators.

use serde_json::{Value, json};

use super::random::Dice;
use super::services::{MANAGEMENT, MEMBER, OUTSIDE, OWN};

/// What a condition key holds.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Kind {
    Text,
    Arn,
    Number,
    Date,
    Bool,
    Address,
    Binary,
}

struct Key {
    name: &'static str,
    kind: Kind,
    /// Whether requests have a set of values.
    is_set: bool,
    values: &'static [&'static str],
    /// The area of the oracle that must be decided for the key to be used.
    area: &'static str,
}

const fn key(name: &'static str, kind: Kind, values: &'static [&'static str]) -> Key {
    Key { name, kind, is_set: false, values, area: "" }
}

const fn set(name: &'static str, values: &'static [&'static str]) -> Key {
    Key { name, kind: Kind::Text, is_set: true, values, area: "" }
}

const fn within(area: &'static str, key: Key) -> Key {
    Key { name: key.name, kind: key.kind, is_set: key.is_set, values: key.values, area }
}

const ACCOUNTS: [&str; 4] = [OWN, MEMBER, MANAGEMENT, OUTSIDE];
const INSTANTS: [&str; 3] = ["2001-01-01T00:00:00Z", "2090-01-01T00:00:00Z", "2025-06-01"];

/// Keys that any statement can name.
const GLOBAL_KEYS: [Key; 31] = [
    key("aws:PrincipalTag/team", Kind::Text, &["logs", "jobs", "reports", "LOGS"]),
    key("aws:PrincipalTag/Level", Kind::Number, &["1", "2", "2.50", "10"]),
    key("aws:PrincipalTag/blob", Kind::Binary, &["YQ==", "YWI="]),
    key("aws:PrincipalArn", Kind::Arn, &["arn:aws:iam::*:role/agents/*", "arn:aws:iam::111122223333:user/*"]),
    key("aws:PrincipalAccount", Kind::Text, &ACCOUNTS),
    key("aws:PrincipalType", Kind::Text, &["User", "AssumedRole"]),
    key("aws:PrincipalOrgID", Kind::Text, &["o-exampleorg1", "o-otherorg22"]),
    set("aws:PrincipalOrgPaths", &["o-exampleorg1/*", "o-exampleorg1/r-ab12/ou-ab12-11111111/"]),
    key("aws:username", Kind::Text, &["ann", "bob", "${aws:PrincipalTag/team}"]),
    key("aws:userid", Kind::Text, &["AROAROLE00001:*", "*:ci", "AIDAUSER00001"]),
    within("resource-tag", key("aws:ResourceTag/team", Kind::Text, &["logs", "jobs", "${aws:PrincipalTag/team}"])),
    within("linked-keys", key("aws:RequestTag/team", Kind::Text, &["logs", "jobs"])),
    within("linked-keys", set("aws:TagKeys", &["team", "Level", "t*"])),
    key("aws:SourceIp", Kind::Address, &["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]),
    within("network", key("aws:SourceVpce", Kind::Text, &["vpce-1", "vpce-2"])),
    key("aws:SecureTransport", Kind::Bool, &["true", "false"]),
    key("aws:RequestedRegion", Kind::Text, &["eu-west-1", "us-east-1", "eu-*"]),
    within("clock", key("aws:CurrentTime", Kind::Date, &INSTANTS)),
    within("clock", key("aws:EpochTime", Kind::Date, &["1000000000", "3800000000"])),
    within("session", key("aws:TokenIssueTime", Kind::Date, &["2025-06-01T00:00:00Z", "2001-01-01"])),
    within("mfa", key("aws:MultiFactorAuthPresent", Kind::Bool, &["true", "false"])),
    within("mfa", key("aws:MultiFactorAuthAge", Kind::Number, &["3600", "60"])),
    within("via", key("aws:ViaAWSService", Kind::Bool, &["true", "false"])),
    within("via", set("aws:CalledVia", &["cloudformation.amazonaws.com", "athena.*"])),
    within("via", key("aws:ViaAWSMCPService", Kind::Bool, &["true"])),
    within("resource-account", key("aws:ResourceAccount", Kind::Text, &ACCOUNTS)),
    within("resource-org", key("aws:ResourceOrgID", Kind::Text, &["o-exampleorg1", "o-otherorg22"])),
    key("aws:SourceArn", Kind::Arn, &["arn:aws:s3:::reports", "arn:aws:sns:*:111122223333:*"]),
    key("aws:SourceAccount", Kind::Text, &ACCOUNTS),
    within("session", key("aws:SourceIdentity", Kind::Text, &["ann", "b*"])),
    key("aws:UserAgent", Kind::Text, &["*cli*", "curl"]),
];

/// Keys of services.
const SERVICE_KEYS: [Key; 11] = [
    key("s3:prefix", Kind::Text, &["public/*", "${aws:username}/*", ""]),
    key("s3:max-keys", Kind::Number, &["10", "100"]),
    key("s3:x-amz-acl", Kind::Text, &["private", "public-read"]),
    key("kms:ViaService", Kind::Text, &["s3.eu-west-1.amazonaws.com", "s3.*.amazonaws.com"]),
    key("kms:GrantIsForAWSResource", Kind::Bool, &["true"]),
    set("kms:EncryptionContextKeys", &["app", "stage"]),
    within("linked-keys", key("ec2:Region", Kind::Text, &["eu-west-1", "us-*"])),
    key("ec2:InstanceType", Kind::Text, &["t3.*", "m5.large"]),
    key("secretsmanager:RecoveryWindowInDays", Kind::Number, &["7", "30"]),
    key("sts:ExternalId", Kind::Text, &["x-17"]),
    key("sts:RoleSessionName", Kind::Text, &["ci", "${aws:username}"]),
];

/// What a generated account may contain: areas in which a known difference is open are left out.
pub type Areas<'a> = &'a dyn Fn(&str) -> bool;

fn draw_operator(dice: &mut Dice, key: &Key) -> String {
    if dice.percent(8) {
        return "Null".to_owned();
    }
    let orders = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];
    let base = match key.kind {
        Kind::Text => *dice.pick(&[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
        ]),
        Kind::Arn => *dice.pick(&["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals", "StringLike", "StringNotLike"]),
        Kind::Number => &format!("Numeric{}", dice.pick(&orders)),
        Kind::Date => &format!("Date{}", dice.pick(&orders)),
        Kind::Bool => "Bool",
        Kind::Binary => "BinaryEquals",
        Kind::Address => *dice.pick(&["IpAddress", "NotIpAddress"]),
    };
    let suffix = if dice.percent(25) { "IfExists" } else { "" };
    let quantifier = match key.is_set || dice.percent(4) {
        true => *dice.pick(&["ForAllValues:", "ForAnyValue:"]),
        false => "",
    };
    // On a missing key these are a question that AWS leaves open.
    let suffix = if quantifier.is_empty() { suffix } else { "" };
    format!("{quantifier}{base}{suffix}")
}

fn add_condition(dice: &mut Dice, block: &mut Value, key: &Key) {
    let operator = draw_operator(dice, key);
    let values = match operator.as_str() {
        "Null" => json!(*dice.pick(&["true", "false"])),
        _ if dice.percent(60) => json!(*dice.pick(key.values)),
        _ => json!(dice.pick_some(key.values, 3)),
    };
    let lower = key.name.to_lowercase();
    let name = if dice.percent(8) { lower.clone() } else { key.name.to_owned() };
    // A key in other letter case is the same key, which can be there once.
    if let Some(keys) = block[&operator].as_object_mut() {
        keys.retain(|other, _| other.to_lowercase() != lower);
    }
    block[operator][name] = values;
}

/// Draws a condition block for statements about a service.
pub fn draw_conditions(dice: &mut Dice, service: Option<&str>, areas: Areas<'_>) -> Value {
    let is_wanted = |key: &&Key| key.area.is_empty() || areas(key.area);
    let global: Vec<&Key> = GLOBAL_KEYS.iter().filter(is_wanted).collect();
    let own: Vec<&Key> = SERVICE_KEYS
        .iter()
        .filter(is_wanted)
        .filter(|key| service.is_none_or(|service| key.name.starts_with(&format!("{service}:"))))
        .collect();
    let mut block = json!({});
    for _ in 0..1 + usize::from(dice.percent(25)) {
        let key = match own.is_empty() || dice.percent(70) {
            true => dice.pick(&global),
            false => dice.pick(&own),
        };
        add_condition(dice, &mut block, key);
    }
    block
}

/// Draws the value that principals have for a tag.
pub fn draw_tag_value(dice: &mut Dice, tag: &str) -> &'static str {
    let key = GLOBAL_KEYS.iter().find(|key| key.name == format!("aws:PrincipalTag/{tag}")).unwrap();
    let value: &&str = dice.pick(key.values);
    value
}
