//! A random baseline for a random account: its manifest and the documents of its ceilings.

use std::fmt::Write;

use serde_json::{Value, json};

use super::principals::{Group, ManagedPolicy, Principal, Purpose};
use super::random::Random;
use super::statements::{build_document, draw_allow, draw_deny};

/// Entries that a baseline may have: name, purpose of the principals, glob, class.
const ENTRIES: [(&str, Purpose, &str, &str); 6] = [
    ("agents", Purpose::Agent, "arn:*:iam::*:role/agents/*", "agent"),
    ("operators", Purpose::Operator, "arn:*:iam::*:role/operators/*", "operator"),
    ("workloads", Purpose::Workload, "arn:*:iam::*:role/workloads/*", "workload"),
    ("people", Purpose::Person, "arn:*:iam::*:user/people/*", "operator"),
    ("machines", Purpose::Machine, "arn:*:iam::*:user/machines/*", "workload"),
    ("emergency", Purpose::Emergency, "arn:*:iam::*:role/break-glass/*", "break-glass"),
];

/// Guards: name, actions, severity, condition; all as TOML.
const GUARDS: [(&str, &str, &str, &str); 7] = [
    (
        "second person",
        r#"["class:destructive"]"#,
        "critical",
        r#"{ StringLike = { "aws:PrincipalTag/change-approval" = "CHG-*" } }"#,
    ),
    ("MFA", r#"["class:destructive", "iam:*"]"#, "high", r#"{ Bool = { "aws:MultiFactorAuthPresent" = "true" } }"#),
    (
        "region fence",
        r#"["ec2:*", "rds:*", "lambda:*", "sqs:*"]"#,
        "medium",
        r#"{ StringEquals = { "aws:RequestedRegion" = ["eu-west-1", "eu-central-1"] } }"#,
    ),
    (
        "not through an agent",
        r#"["class:destructive"]"#,
        "high",
        r#"{ BoolIfExists = { "aws:ViaAWSMCPService" = "false" } }"#,
    ),
    (
        "own resources",
        r#"["class:data-read", "s3:Delete*"]"#,
        "low",
        r#"{ StringEquals = { "aws:ResourceTag/team" = "billing" } }"#,
    ),
    (
        "source identity",
        r#"["class:permissions-management"]"#,
        "high",
        r#"{ StringLike = { "aws:SourceIdentity" = "ops-*" } }"#,
    ),
    (
        "window",
        r#"["class:escalation"]"#,
        "medium",
        r#"{ DateLessThanEquals = { "aws:CurrentTime" = "2090-01-01T00:00:00Z" } }"#,
    ),
];

const LEVELS: [&str; 4] = [
    r#"{ s3 = ["List", "Read", "Write", "Tagging", "PermissionsManagement"] }"#,
    r#"{ sqs = ["Read", "Write", "Tagging", "PermissionsManagement"], ce = ["List", "Read"] }"#,
    r#"{ ce = ["List", "Read"], s3 = ["List"] }"#,
    r#"{ rds = ["List", "Read"], cloudformation = ["List", "Read"] }"#,
];

const ASSUMERS: [&str; 7] = [
    r#""arn:aws:iam::111122223333:role/operators/*""#,
    r#""111122223333""#,
    r#""lambda.amazonaws.com""#,
    r#""ec2.amazonaws.com""#,
    r#""arn:aws:iam::111122223333:saml-provider/corp""#,
    r#"{ principal = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com", when = { StringLike = { "token.actions.githubusercontent.com:sub" = "repo:corp/app:*" } } }"#,
    r#"{ principal = "444455556666", when = { StringEquals = { "sts:ExternalId" = "8f3a-2201" } } }"#,
];

/// Patterns of palettes, and actions that allow the same today and nothing that AWS adds later.
const NAMED_ACTIONS: [(&str, &[&str]); 3] = [
    ("s3:G*", &["s3:Get*"]),
    ("SQS:get*", &["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]),
    ("secretsmanager:List*", &["secretsmanager:ListSecrets", "secretsmanager:ListSecretVersionIds"]),
];

/// Draws a ceiling: most of what its principals have, at times wider or narrower, and something else.
fn draw_ceiling(random: &mut Random, held: &[Value]) -> Value {
    let is_exact = random.draw_chance(35);
    let mut statements = Vec::new();
    for statement in held {
        if !is_exact && !random.draw_chance(80) {
            continue;
        }
        let mut statement = statement.clone();
        let parts = statement.as_object_mut().unwrap();
        if let Some((_, named)) =
            NAMED_ACTIONS.iter().find(|(pattern, _)| parts.get("Action") == Some(&json!([pattern])))
        {
            parts.insert("Action".to_owned(), json!(named));
        }
        match random.draw_between(1, 100) {
            1..=12 if !is_exact => drop(parts.remove("Condition")),
            13..=20 if !is_exact && parts.contains_key("Resource") => {
                parts.insert("Resource".to_owned(), json!("arn:aws:s3:::reports/*"));
            }
            _ => {}
        }
        statements.push(statement);
    }
    if random.draw_chance(40) {
        statements.push(draw_allow(random));
    }
    if random.draw_chance(8) {
        statements.push(draw_deny(random));
    }
    match statements.as_slice() {
        [] => build_document(&[json!({ "Effect": "Allow", "Action": "ce:Get*", "Resource": "*" })]),
        some => build_document(some),
    }
}

fn draw_entry(random: &mut Random, entry: (&str, Purpose, &str, &str), has_operators: bool) -> String {
    let (name, purpose, glob, class) = entry;
    let mut text = format!("[[principal]]\nname = \"{name}\"\nmatch = \"{glob}\"\nkind = \"{class}\"\n");
    if random.draw_chance(50) {
        text.push_str("owner = \"cost-platform\"\n");
    }
    match random.draw_between(1, 100) {
        _ if purpose == Purpose::Emergency => text.push_str("allow = \"aws:policy/AdministratorAccess\"\n"),
        1..=4 => text.push_str("allow = []\n"),
        5..=18 => writeln!(text, "allow = [\"{name}.json\"]\nlevels = {}", random.choose(&LEVELS)).unwrap(),
        19..=26 => text.push_str(&format!("allow = [\"{name}.json\", \"aws:policy/job-function/ViewOnlyAccess\"]\n")),
        _ => writeln!(text, "allow = \"{name}.json\"").unwrap(),
    }
    if purpose == Purpose::Agent && has_operators && random.draw_chance(60) {
        text.push_str("narrower_than = \"operators\"\n");
    }
    if purpose == Purpose::Agent && random.draw_chance(35) {
        text.push_str("boundary = \"arn:*:iam::*:policy/agent-boundary\"\n");
    }
    if !purpose.is_user() && random.draw_chance(40) {
        writeln!(text, "assumable_by = [{}]", random.choose_some(&ASSUMERS, 5).join(", ")).unwrap();
    }
    if random.draw_chance(35) {
        let names: Vec<String> =
            random.choose_some(&GUARDS, 2).iter().map(|(name, ..)| format!("\"{name}\"")).collect();
        writeln!(text, "guards = [{}]", names.join(", ")).unwrap();
    }
    text + "\n"
}

/// Draws entries and ignores that overlap with others, match nothing, or leave principals out.
fn draw_other_entries(random: &mut Random, names: &[&str]) -> String {
    let mut text = String::new();
    if random.draw_chance(15) && !names.is_empty() {
        text.push_str("[[principal]]\nname = \"exporters\"\nmatch = \"arn:*:iam::*:*/export-*\"\nkind = \"workload\"\nallow = []\n");
        if random.draw_chance(50) {
            writeln!(text, "overrides = [\"{}\"]", names.join("\", \"")).unwrap();
        }
    }
    if random.draw_chance(20) && !names.is_empty() {
        text.push_str(
            "[[principal]]\nname = \"tagged\"\nmatch = \"*\"\ntags = { team = \"reports\", agent = \"*\" }\n",
        );
        writeln!(text, "kind = \"agent\"\nallow = []\noverrides = [\"{}\"]", names.join("\", \"")).unwrap();
    }
    if random.draw_chance(10) {
        text.push_str(
            "[[principal]]\nname = \"retired\"\nmatch = \"arn:*:iam::*:role/retired/*\"\nkind = \"workload\"\nallow = []\n",
        );
    }
    if random.draw_chance(40) {
        text.push_str("[[ignore]]\nmatch = \"arn:*:iam::*:role/cdk/*\"\nreason = \"made by the deployment tool\"\n");
    }
    if random.draw_chance(5) {
        text.push_str("[[ignore]]\nmatch = \"arn:*:iam::*:role/nobody/*\"\nreason = \"matches nothing\"\n");
    }
    text
}

/// Renders the guards that entries name, and at times one that no entry names.
fn draw_guards(random: &mut Random, entries: &str) -> String {
    let mut text = String::new();
    for (name, actions, severity, condition) in GUARDS {
        if !entries.contains(&format!("\"{name}\"")) && !random.draw_chance(2) {
            continue;
        }
        writeln!(text, "[[guard]]\nname = \"{name}\"\nactions = {actions}").unwrap();
        writeln!(text, "unless = {condition}\nseverity = \"{severity}\"\n").unwrap();
    }
    text
}

fn draw_settings(random: &mut Random) -> String {
    let (hints, agents) = (!random.draw_chance(15), !random.draw_chance(30));
    format!("version = 1\n[settings]\nagent_hints = {hints}\nthrough_agents = {agents}\n\n")
}

/// Draws the files of a baseline: path below the account's folder, and content.
pub fn draw_baseline(
    random: &mut Random,
    principals: &[Principal],
    policies: &[ManagedPolicy],
    groups: &[Group],
) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut manifest = draw_settings(random);
    let declares = |purpose| principals.iter().any(|principal| principal.purpose == purpose);
    let mut entries: Vec<_> = ENTRIES.iter().filter(|(_, purpose, ..)| declares(*purpose)).copied().collect();
    entries.retain(|_| random.draw_chance(88));
    let names: Vec<&str> = entries.iter().map(|(name, ..)| *name).collect();
    for entry in &entries {
        let (name, purpose, ..) = *entry;
        let bound = principals.iter().filter(|principal| principal.purpose == purpose);
        let held: Vec<Value> = bound.flat_map(|principal| principal.list_statements(policies, groups)).collect();
        files.push((format!("baseline/{name}.json"), draw_ceiling(random, &held).to_string()));
        manifest.push_str(&draw_entry(random, *entry, names.contains(&"operators")));
    }
    manifest.push_str(&draw_other_entries(random, &names));
    if names.contains(&"operators") && random.draw_chance(35) {
        files.push(("baseline/persona.json".to_owned(), build_document(&[draw_allow(random)]).to_string()));
        manifest.push_str("[[persona]]\nname = \"operators with a tool\"\nof = \"operators\"\nkind = \"agent\"\n");
        manifest.push_str("when = { Bool = { \"aws:ViaAWSMCPService\" = \"true\" } }\nallow = \"persona.json\"\n");
    }
    if random.draw_chance(15) {
        manifest
            .push_str("[[hint]]\nname = \"export\"\nkind = \"agent\"\nwords = [\"export\"]\nbecause = \"our agent\"\n");
    }
    let guards = draw_guards(random, &manifest);
    manifest.push_str(&guards);
    files.push(("baseline/baseline.toml".to_owned(), manifest));
    files
}

/// Writes an exception of a manifest for a finding. It accepts everything that documents can accept.
pub fn render_exception(key: &str, last_day: &str) -> String {
    let document = if key.starts_with("iam006/") { "anyone.json" } else { "everything.json" };
    format!(
        "\n[[exception]]\nfinding = \"{key}\"\naccepts = \"{document}\"\nreason = \"migration\"\n\
         requested_by = \"a.operator\"\napproved_by = \"s.security\"\nexpires = {last_day}\n"
    )
}
