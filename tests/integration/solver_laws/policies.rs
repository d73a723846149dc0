//! Small policies over a tiny alphabet, as values that proptest makes and shrinks.

use std::fmt;
use std::sync::Arc;

use iamdrift::iam::{DocumentKind, PolicyDocument};
use iamdrift::source::SourceFile;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The existing actions that patterns of the alphabet are held against: on objects, on buckets, on `*`, on
/// queues, whose ARNs tell region and account.
pub const ACTIONS: [&str; 5] =
    ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:ListAccessPoints", "sqs:SendMessage"];

/// An action that only documents know.
pub const UNKNOWN_ACTION: &str = "s3:Frobnicate";

/// A condition entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    pub operator: String,
    pub key: &'static str,
    pub values: Vec<String>,
}

/// A statement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    pub allow: bool,
    pub all_but_actions: bool,
    pub actions: Vec<String>,
    pub all_but_resources: bool,
    pub resources: Vec<String>,
    pub entries: Vec<Entry>,
}

/// A document.
#[derive(Clone, Eq, PartialEq)]
pub struct Policy(pub Vec<Rule>);

/// What may stand in a policy.
#[derive(Copy, Clone, Debug)]
pub struct Alphabet {
    /// Policy variables.
    pub variables: bool,
    /// One key compared as text and as another kind; keys that the ARN tells; letters in either case; ARNs.
    pub intricate: bool,
}

impl Rule {
    fn to_json(&self) -> Value {
        let mut conditions: Map<String, Value> = Map::new();
        for entry in &self.entries {
            let block = conditions.entry(entry.operator.clone()).or_insert_with(|| json!({}));
            block.as_object_mut().unwrap().insert(entry.key.to_owned(), json!(entry.values));
        }
        let mut rule = Map::new();
        rule.insert("Effect".to_owned(), json!(if self.allow { "Allow" } else { "Deny" }));
        rule.insert(if self.all_but_actions { "NotAction" } else { "Action" }.to_owned(), json!(self.actions));
        rule.insert(if self.all_but_resources { "NotResource" } else { "Resource" }.to_owned(), json!(self.resources));
        if !conditions.is_empty() {
            rule.insert("Condition".to_owned(), Value::Object(conditions));
        }
        Value::Object(rule)
    }
}

impl Policy {
    /// The policy as text.
    pub fn to_json(&self) -> String {
        json!({ "Version": "2012-10-17", "Statement": self.0.iter().map(Rule::to_json).collect::<Vec<_>>() })
            .to_string()
    }

    /// The policy as the product reads it.
    pub fn document(&self) -> Arc<PolicyDocument> {
        let source = SourceFile::new("generated.json", self.to_json());
        Arc::new(PolicyDocument::parse(&source, DocumentKind::Identity).unwrap_or_else(|e| panic!("{e}")))
    }

    /// The statements of both.
    pub fn and(&self, other: &Policy) -> Policy {
        Policy(self.0.iter().chain(&other.0).cloned().collect())
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

/// A policy of one to three statements.
pub fn policy(alphabet: Alphabet) -> impl Strategy<Value = Policy> + Clone {
    prop::collection::vec(rule(alphabet), 1..=3).prop_map(|mut rules| {
        // A policy without any Allow says little.
        if let Some(first) = rules.first_mut() {
            first.allow = true;
        }
        Policy(rules)
    })
}

/// A statement.
pub fn rule(alphabet: Alphabet) -> impl Strategy<Value = Rule> + Clone {
    (
        prop::bool::weighted(0.6),
        prop::bool::weighted(0.15),
        prop::collection::vec(action(), 1..=2),
        prop::bool::weighted(0.15),
        prop::collection::vec(resource(alphabet), 1..=3),
        prop::collection::vec(entry(alphabet), 0..=2),
    )
        .prop_map(|(allow, all_but_actions, actions, all_but_resources, resources, mut entries)| {
            let mut seen = Vec::new();
            entries.retain(|e| {
                let one = (e.operator.clone(), e.key.to_ascii_lowercase());
                let new = !seen.contains(&one);
                seen.push(one);
                new
            });
            Rule { allow, all_but_actions, actions, all_but_resources, resources, entries }
        })
}

fn action() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        6 => prop::sample::select(ACTIONS.to_vec()),
        4 => prop::sample::select(vec!["s3:*", "s3:Get*", "s3:*Object", "s3:List*", "sqs:*", "*", "s3:?etObject", "s*:*e*"]),
        1 => Just(UNKNOWN_ACTION),
    ]
    .prop_map(str::to_owned)
}

fn resource(alphabet: Alphabet) -> impl Strategy<Value = String> + Clone {
    let plain = prop_oneof![
        3 => Just("*".to_owned()),
        4 => "[ab*?]{1,3}".prop_map(|name| format!("arn:aws:s3:::{name}")),
        6 => ("[ab*?]{1,2}", "[ab*?]{1,3}").prop_map(|(bucket, key)| format!("arn:aws:s3:::{bucket}/{key}")),
        3 => "[ab*?]{1,3}".prop_map(|name| format!("arn:aws:sqs:us-east-1:111122223333:{name}")),
        1 => "[ab*?]{1,2}".prop_map(|name| format!("arn:*:s3:::{name}")),
        1 => prop::sample::select(vec!["arn:aws:s3", "arn:aws:sqs:*:*:a", "arn:aws:s*:::a", "arn:aws:*a", "arn:aws:sqs:us-*:111122223333:?"])
            .prop_map(str::to_owned),
    ];
    if !alphabet.variables {
        return plain.boxed();
    }
    let variable =
        prop::sample::select(vec!["${aws:username}", "${aws:username, 'a'}", "${aws:PrincipalTag/t}", "${*}"]);
    prop_oneof![
        3 => plain,
        1 => (variable, "[ab*?]{0,2}").prop_map(|(v, rest)| format!("arn:aws:s3:::a/{v}{rest}")),
    ]
    .boxed()
}

const SINGLE: [&str; 6] =
    ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists", "StringNotLikeIfExists"];
const SETS: [&str; 10] = [
    "ForAllValues:StringEquals",
    "ForAllValues:StringLike",
    "ForAllValues:StringNotEquals",
    "ForAnyValue:StringEquals",
    "ForAnyValue:StringLike",
    "ForAnyValue:StringNotEquals",
    "ForAnyValue:StringNotLike",
    "StringEquals",
    "StringNotLike",
    "ForAllValues:StringLikeIfExists",
];
const NUMBERS: [&str; 8] = [
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericLessThanIfExists",
    "NumericNotEqualsIfExists",
];
const DATES: [&str; 6] =
    ["DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "DateEquals", "DateNotEquals"];

type Choices = &'static [&'static str];

fn choose(operators: Choices, keys: Choices, values: Choices) -> BoxedStrategy<Entry> {
    let values = prop::collection::vec(prop::sample::select(values), 1..=2);
    (prop::sample::select(operators), prop::sample::select(keys), values)
        .prop_map(|(operator, key, mut values)| {
            values.dedup();
            Entry { operator: operator.to_owned(), key, values: values.into_iter().map(str::to_owned).collect() }
        })
        .boxed()
}

fn entry(alphabet: Alphabet) -> BoxedStrategy<Entry> {
    let texts: Choices = &["a", "b", "ab", "a*", "*b", "?", ""];
    let mut all = vec![
        (6, choose(&SINGLE, &["aws:PrincipalTag/t", "s3:prefix", "aws:username"], texts)),
        (4, choose(&SETS, &["aws:TagKeys"], &["a", "b", "a*", "*b"])),
        (
            2,
            choose(
                &["Bool", "BoolIfExists"],
                &["aws:SecureTransport", "aws:MultiFactorAuthPresent"],
                &["true", "false"],
            ),
        ),
        (3, choose(&NUMBERS, &["s3:max-keys"], &["1", "5", "5.5", "10"])),
        (
            2,
            choose(
                &DATES,
                &["aws:CurrentTime", "aws:TokenIssueTime", "aws:EpochTime"],
                &["2026-01-01", "2026-06-01T00:00:00Z", "1767225601"],
            ),
        ),
        (
            2,
            choose(
                &["IpAddress", "NotIpAddress", "NotIpAddressIfExists"],
                &["aws:SourceIp"],
                &["10.0.0.0/8", "10.1.0.0/16", "10.0.0.1", "2001:db8::/32", "0.0.0.0/0"],
            ),
        ),
        (
            2,
            choose(
                &["Null"],
                &["aws:PrincipalTag/t", "s3:max-keys", "aws:TagKeys", "aws:SecureTransport", "aws:SourceIp"],
                &["true", "false"],
            ),
        ),
    ];
    if alphabet.variables {
        let texts: Choices = &["${aws:username}", "${aws:username, 'a'}", "a${aws:username}", "a", "b"];
        all.push((6, choose(&SINGLE, &["aws:PrincipalTag/t", "s3:prefix"], texts)));
    }
    if alphabet.intricate {
        let arns: Choices =
            &["arn:aws:iam::111122223333:role/a", "arn:aws:iam::*:role/a*", "*", "arn:aws:iam::*:*", "arn:aws:iam:*"];
        all.extend([
            (
                2,
                choose(
                    &["StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"],
                    &["aws:PrincipalTag/t"],
                    &["a", "B", "aB", "é", "a*"],
                ),
            ),
            (3, choose(&SINGLE, &["aws:RequestedRegion"], &["us-east-1", "us-*", "eu-west-1", "*"])),
            (2, choose(&SINGLE, &["aws:ResourceAccount"], &["111122223333", "1*", "444455556666"])),
            (
                2,
                choose(
                    &["ArnLike", "ArnNotLike", "ArnEquals", "ArnEqualsIfExists", "StringLike"],
                    &["aws:PrincipalArn"],
                    arns,
                ),
            ),
            (
                2,
                choose(
                    &["StringEquals", "StringNotEquals", "StringLike"],
                    &["s3:max-keys", "aws:SourceIp"],
                    &["5", "1*", "10.0.0.1"],
                ),
            ),
            (
                1,
                choose(
                    &["NumericLessThan", "NumericNotEquals", "Bool", "DateLessThan"],
                    &["aws:PrincipalTag/t"],
                    &["2026", "5"],
                )
                .prop_map(|mut e| {
                    if e.operator == "Bool" {
                        e.values = vec!["true".to_owned()];
                    }
                    e
                })
                .boxed(),
            ),
            (
                1,
                choose(
                    &["ForAllValues:StringEquals", "ForAnyValue:StringNotEquals", "ForAnyValue:StringEqualsIfExists"],
                    &["aws:PrincipalTag/t", "aws:TagKeys"],
                    &["a", "b"],
                ),
            ),
            (
                1,
                choose(
                    &["NumericLessThan", "NumericGreaterThanEquals"],
                    &["aws:EpochTime"],
                    &["1767225600", "1780272000"],
                ),
            ),
        ]);
    }
    prop::strategy::Union::new_weighted(all)
        .prop_filter("Null has one value", |e| e.operator != "Null" || e.values.len() == 1)
        .boxed()
}
