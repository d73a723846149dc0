//! The exit status is the verdict: it depends neither on who reads the output nor on what was not chosen.
#![cfg(unix)]

use std::fs::File;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const ACCOUNT: &str = "111122223333";
const OTHER_ACCOUNT: &str = "444455556666";
/// Reports of as many principals are larger than the buffer of a pipe (64 KiB).
const MANY: usize = 100;

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": resource }] })
}

fn trust(principal: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal }] })
}

fn role(name: &str, document: &Value) -> Value {
    json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "RoleName": name, "RoleId": format!("AROA{name}"), "Path": "/",
        "AssumeRolePolicyDocument": trust(&json!({ "Service": "ec2.amazonaws.com" })),
        "RolePolicyList": [{ "PolicyName": "p", "PolicyDocument": document }], "AttachedManagedPolicies": [],
    })
}

/// A role with an attached policy that is not in the snapshot.
fn incomplete_role(name: &str) -> Value {
    let mut role = role(name, &allow("s3:GetObject", "*"));
    role["AttachedManagedPolicies"] =
        json!([{ "PolicyName": "x", "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/x") }]);
    role
}

fn broken_document() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Condition": { "StringLikes": { "aws:x": "y" } } }] })
}

const MANIFEST: &str =
    "version = 1\n[[principal]]\nname = \"all\"\nmatch = \"*\"\nkind = \"workload\"\nallow = [\"read.json\"]\n";

/// A directory with snapshots and a baseline.
struct Inputs(TempDir);

impl Inputs {
    fn new() -> Inputs {
        let inputs = Inputs(tempfile::tempdir().unwrap());
        inputs.write("baseline/baseline.toml", MANIFEST);
        inputs.write("baseline/read.json", &allow("s3:Get*", "*").to_string());
        let roles = |document: &Value| (0..MANY).map(|n| role(&format!("r{n}"), document)).collect::<Vec<_>>();
        inputs.write_account("clean.json", &roles(&allow("s3:GetObject", "*")));
        inputs.write_account("drift.json", &roles(&allow("s3:*", "*")));
        let mut incomplete = roles(&allow("s3:*", "*"));
        incomplete.push(incomplete_role("x"));
        inputs.write_account("incomplete.json", &incomplete);
        inputs
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn write_account(&self, name: &str, roles: &[Value]) {
        let page = json!({ "RoleDetailList": roles, "UserDetailList": [], "GroupDetailList": [], "Policies": [] });
        self.write(name, &page.to_string());
    }

    fn command(&self, arguments: &[&str]) -> Process {
        let mut command = Process::new(env!("CARGO_BIN_EXE_iamdrift"));
        command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null());
        command
    }

    fn audit(&self, snapshot: &str, more: &[&str]) -> (i32, String) {
        let arguments = [&["audit", "--baseline", "baseline", "--snapshot", snapshot], more].concat();
        let output = self.command(&arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }

    fn report(&self, snapshot: &str, more: &[&str]) -> (i32, Value) {
        let (status, text) = self.audit(snapshot, &[&["--format", "json"], more].concat());
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

/// Every command, with the status that it has.
fn commands() -> Vec<(Vec<&'static str>, i32)> {
    let audit = |snapshot: &'static str, more: &[&'static str]| {
        [&["audit", "--baseline", "baseline", "--snapshot", snapshot], more].concat()
    };
    vec![
        (audit("clean.json", &["--all"]), 0),
        (audit("clean.json", &["--format", "json"]), 0),
        (audit("drift.json", &[]), 1),
        (audit("drift.json", &["--all"]), 1),
        (audit("drift.json", &["--format", "json"]), 1),
        (audit("incomplete.json", &[]), 3),
        (audit("incomplete.json", &["--all", "--verbose"]), 3),
        (audit("incomplete.json", &["--format", "json"]), 3),
        (vec!["principals", "--snapshot", "clean.json"], 0),
        (vec!["principals", "--snapshot", "incomplete.json", "--format", "json"], 0),
        (vec!["who-can", "s3:GetObject", "--snapshot", "clean.json"], 0),
        (vec!["who-can", "s3:GetObject", "--snapshot", "incomplete.json", "--format", "json"], 3),
        (vec!["explain", "r0", "s3:GetObject", "--snapshot", "clean.json"], 0),
        (vec!["explain", "x", "s3:GetObject", "--snapshot", "incomplete.json", "--format", "json"], 3),
        (vec!["compare", "baseline/read.json", "baseline/read.json"], 0),
        (vec!["compare", "wide.json", "baseline/read.json", "--format", "json"], 1),
        (vec!["compare", "--pairs", "pairs.jsonl"], 2),
        (vec!["simulate", "--cli-input-json", "simulate.json"], 0),
        (vec!["baseline", "check", "baseline", "--snapshot", "clean.json"], 0),
        (vec!["demo", "--all"], 0),
        (vec!["demo", "--format", "json"], 0),
        (vec!["schema"], 0),
        (vec!["schema", "report"], 0),
        (vec!["completions", "zsh"], 0),
        (vec!["man"], 0),
        (vec!["--help"], 0),
        (vec!["audit", "--help"], 0),
        (vec!["--version"], 0),
    ]
}

fn inputs_of_every_command() -> Inputs {
    let inputs = Inputs::new();
    inputs.write("wide.json", &allow("*", "*").to_string());
    // Answers of more than 64 KiB, and the line that decides the status last.
    let pair = json!({ "id": "x".repeat(200), "a": allow("s3:*", "*"), "b": allow("s3:Get*", "*") }).to_string() + "\n";
    inputs.write("pairs.jsonl", &(pair.repeat(200) + "{\"id\": 1}\n"));
    let actions: Vec<String> = (0..300).map(|n| format!("s3:Get{n}")).collect();
    let simulated = json!({ "PolicyInputList": [allow("s3:*", "*").to_string()], "ActionNames": actions });
    inputs.write("simulate.json", &simulated.to_string());
    inputs
}

/// Both streams of a process whose readers have gone before it writes.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn a_closed_pipe_changes_no_status() {
    let inputs = inputs_of_every_command();
    for (arguments, expected) in commands() {
        let output = inputs.command(&arguments).stdout(closed_pipe()).output().unwrap();
        let is_quiet = output.stderr.is_empty() || arguments.contains(&"--verbose");
        assert!(is_quiet, "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}, closed at once");
        let status = inputs.command(&arguments).stdout(closed_pipe()).stderr(closed_pipe()).status().unwrap();
        assert_eq!(status.code(), Some(expected), "{arguments:?}, both closed");
        // Closed after a part of the output.
        let mut child = inputs.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        std::io::Read::read_exact(&mut stdout, &mut [0; 4]).unwrap();
        drop(stdout);
        assert_eq!(child.wait().unwrap().code(), Some(expected), "{arguments:?}, closed later");
    }
    for arguments in [&["audit", "--snapshot", "missing"][..], &["audit", "--no-such-option"], &["schema", "x"]] {
        let status = inputs.command(arguments).stdout(closed_pipe()).stderr(closed_pipe()).status().unwrap();
        assert_eq!(status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn the_reports_of_these_tests_are_larger_than_a_pipe() {
    let inputs = inputs_of_every_command();
    let large = ["audit", "principals", "who-can", "demo", "simulate", "compare"];
    for name in large {
        let outputs = commands().into_iter().filter(|(arguments, _)| arguments[0] == name);
        let sizes = outputs.map(|(arguments, _)| inputs.command(&arguments).output().unwrap().stdout.len());
        let largest = sizes.max().unwrap();
        assert!(largest > 64 << 10, "{name}: {largest}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn every_other_failed_write_is_an_error() {
    let inputs = inputs_of_every_command();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for (arguments, _) in commands() {
        let output = inputs.command(&arguments).stdout(full()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text.contains("error: cannot write to standard output"), "{arguments:?}: {text}");
        let status = inputs.command(&arguments).stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(2), "{arguments:?}");
    }
    let has_output_option = |arguments: &[&str]| matches!(arguments[0], "audit" | "principals" | "who-can" | "demo");
    for (arguments, expected) in commands().into_iter().filter(|(a, _)| has_output_option(a) && !a.contains(&"--help"))
    {
        let to = |path: &'static str| [&arguments[..], &["-o", path]].concat();
        assert_eq!(
            inputs.command(&to("/dev/full")).stderr(Stdio::null()).status().unwrap().code(),
            Some(2),
            "{arguments:?}"
        );
        assert_eq!(inputs.command(&to("no/such/file")).stderr(Stdio::null()).status().unwrap().code(), Some(2));
        // A failure of standard error is not one of the result; a pipe may be named by `-o`, too.
        let status = inputs.command(&to("report")).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(expected), "{arguments:?}");
        let status = inputs.command(&to("/dev/stdout")).stdout(closed_pipe()).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(expected), "{arguments:?}");
    }
}

/// Fifty times each, because a reader ends at another moment each time.
#[test]
fn pipelines_of_a_shell_keep_the_status() {
    let inputs = Inputs::new();
    let program = env!("CARGO_BIN_EXE_iamdrift");
    let run_script = |snapshot: &str, format: &str, expected: i32| {
        let audit = format!("'{program}' audit --baseline baseline --snapshot {snapshot} --format {format}");
        // PIPESTATUS is that of the last pipeline, and every command changes it.
        let report = "s=($? ${PIPESTATUS[0]}); echo ${s[@]}";
        let readers = ["true", "head -1 >/dev/null", "grep -q iamdrift"];
        let pipelines: Vec<String> = readers.iter().map(|reader| format!("{audit} | {reader}; {report}")).collect();
        let script = format!("set -o pipefail\nfor i in $(seq 50); do\n{}\ndone\n", pipelines.join("\n"));
        let output = Process::new("bash").args(["-c", &script]).current_dir(inputs.0.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        assert_eq!(text.lines().count(), 150);
        let wrong: Vec<&str> = text.lines().filter(|line| *line != format!("{expected} {expected}")).collect();
        assert!(wrong.is_empty(), "{snapshot} {format}: {wrong:?}");
    };
    std::thread::scope(|scope| {
        scope.spawn(|| run_script("incomplete.json", "json", 3));
        scope.spawn(|| run_script("drift.json", "table", 1));
    });
}

/// The ids of the rules of a report's findings.
fn rules(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut rules: Vec<&str> = findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

#[test]
fn the_status_is_that_of_the_chosen_principals() {
    let inputs = Inputs::new();
    let roles = [
        role("fine", &allow("s3:GetObject", "*")),
        role("broken", &broken_document()),
        incomplete_role("missing"),
        role("wide", &allow("s3:*", "*")),
    ];
    inputs.write_account("account.json", &roles);
    let run = |more: &[&str]| inputs.report("account.json", more);
    assert_eq!(run(&[]).0, 3);
    for (glob, expected) in
        [("fine", 0), ("wide", 1), ("broken", 3), ("missing", 3), ("*", 3), ("*i*", 3), ("[a-z]*", 2)]
    {
        assert_eq!(run(&["--principal", glob]).0, expected, "{glob}");
    }
    assert_eq!(run(&["--principal", &format!("arn:aws:iam::{ACCOUNT}:role/fine")]).0, 0);
    // A principal that could act as the one with the unread document: a question of IAM005.
    let actor = role("actor", &allow("sts:AssumeRole", &format!("arn:aws:iam::{ACCOUNT}:role/broken")));
    inputs.write_account("actor.json", &[actor, role("broken", &broken_document())]);
    let run_actor = |more: &[&str]| {
        let (_, report) = inputs.report("actor.json", &[&["--principal", "actor"], more].concat());
        report["unread"].as_array().unwrap().len()
    };
    assert_eq!((run_actor(&[]), run_actor(&["--rule", "IAM001"])), (1, 0));
    // What was left out is named.
    let (_, all) = run(&[]);
    assert_eq!(all["not_examined"], json!({ "principals": 0, "rules": [], "below_severity": null, "unread": [] }));
    assert_eq!(all["unread"].as_array().unwrap().len(), 1);
    let (_, report) = run(&["--principal", "fine", "--severity", "high"]);
    assert_eq!(report["unread"], json!([]));
    assert_eq!(report["not_examined"]["principals"], 3);
    assert_eq!(report["not_examined"]["below_severity"], "high");
    assert_eq!(report["not_examined"]["unread"].as_array().unwrap().len(), 1);
    let (_, report) = run(&["--principal", "broken"]);
    assert_eq!((report["unread"].as_array().unwrap().len(), &report["not_examined"]["unread"]), (1, &json!([])));
    let (status, table) = inputs.audit("account.json", &["--principal", "fine"]);
    assert_eq!(status, 0);
    insta::assert_snapshot!(
        "an_audit_of_one_principal",
        table.split("\n\nNOTES").next().unwrap().split_once("\n\n").unwrap().1
    );
}

#[test]
fn the_status_is_that_of_the_chosen_rules() {
    let inputs = Inputs::new();
    inputs.write_account("account.json", &[incomplete_role("x")]);
    let run = |rules: &[&str]| {
        let options: Vec<&str> = rules.iter().flat_map(|rule| ["--rule", *rule]).collect();
        inputs.report("account.json", &options)
    };
    // The missing policy decides what the role can do, not who can assume it, nor whether the baseline is in order.
    for (chosen, expected) in [
        (&["IAM006"][..], 0),
        (&["IAM009"], 0),
        (&["IAM006", "IAM009"], 0),
        (&["IAM001"], 3),
        (&["IAM005"], 3),
        (&["IAM007"], 3),
        (&["IAM010"], 3),
        (&["IAM006", "IAM001"], 3),
    ] {
        let (status, report) = run(chosen);
        assert_eq!(status, expected, "{chosen:?}");
        // The reason for the status is in the report.
        assert_eq!(rules(&report).contains(&"IAM010"), expected == 3, "{chosen:?}");
        assert_eq!(report["summary"]["undecided"], i32::from(expected == 3), "{chosen:?}");
        let left_out = report["not_examined"]["rules"].as_array().unwrap();
        assert!(chosen.iter().all(|rule| !left_out.contains(&json!(rule))) && !left_out.is_empty(), "{left_out:?}");
    }
    let (status, table) = inputs.audit("account.json", &["--rule", "IAM006"]);
    assert_eq!(status, 0);
    insta::assert_snapshot!(
        "an_audit_of_one_rule",
        table.split("\n\nNOTES").next().unwrap().split_once("\n\n").unwrap().1
    );
    let (status, table) = inputs.audit("account.json", &["--rule", "IAM006", "--rule", "IAM001"]);
    assert_eq!(status, 3);
    assert!(table.contains("IAM010"), "{table}");
}

/// A directory as the collector writes it, with an account that could not be read.
fn write_collected(folder: &Path, roles: &[Value]) {
    use iamdrift::iam::AccountId;
    use iamdrift::snapshot::format::{CallerIdentity, CollectionPart, UnreadPart};
    use iamdrift::snapshot::store::{CollectionHeader, Compression, SnapshotWriter};
    let header = CollectionHeader {
        caller: CallerIdentity { arn: format!("arn:aws:iam::{ACCOUNT}:user/a"), account: ACCOUNT.to_owned() },
        partition: iamdrift::iam::Partition::parse("aws").unwrap(),
        started_at: "2026-11-20T06:00:00Z".parse().unwrap(),
    };
    let writer = SnapshotWriter::create(folder, header, Compression::None).unwrap();
    let mut account = writer.begin_account(&AccountId::parse(ACCOUNT).unwrap(), None).unwrap();
    account.write_page(&serde_json::from_value(json!({ "RoleDetailList": roles })).unwrap()).unwrap();
    account.record_unread(UnreadPart {
        part: CollectionPart::AccountAliases,
        of: None,
        error: "AccessDenied".to_owned(),
        permission: None,
    });
    account.finish().unwrap();
    writer
        .record_unread_account(&AccountId::parse(OTHER_ACCOUNT).unwrap(), Some("other"), "AccessDenied: no", None)
        .unwrap();
    writer.finish("2026-11-20T06:01:00Z".parse().unwrap()).unwrap();
}

#[test]
fn an_unread_account_counts_where_the_chosen_part_depends_on_it() {
    let inputs = Inputs::new();
    let assume = |account: &str| allow("sts:AssumeRole", &format!("arn:aws:iam::{account}:role/*"));
    let roles = [
        role("fine", &allow("s3:GetObject", "*")),
        role("goes-there", &assume(OTHER_ACCOUNT)),
        role("stays-here", &assume("777788889999")),
    ];
    write_collected(&inputs.0.path().join("snapshot"), &roles);
    let arn = |account: &str, name: &str| format!("arn:aws:iam::{account}:role/{name}");
    let unread = |more: &[&str]| {
        let (_, report) = inputs.report("snapshot", &[&["--fail-on", "never"], more].concat());
        let count = |list: &Value| list.as_array().unwrap().len();
        (count(&report["unread"]), count(&report["not_examined"]["unread"]))
    };
    assert_eq!(unread(&[]), (2, 0));
    // A name could be that of a role of the account that could not be read.
    assert_eq!(unread(&["--principal", "fine"]), (2, 0));
    // An ARN cannot; the part of its own account counts.
    assert_eq!(unread(&["--principal", &arn(ACCOUNT, "fine")]), (1, 1));
    assert_eq!(unread(&["--principal", &arn(ACCOUNT, "stays-*")]), (1, 1));
    // It could escalate in the other account: a question of IAM005, not of IAM001.
    assert_eq!(unread(&["--principal", &arn(ACCOUNT, "goes-there")]), (2, 0));
    assert_eq!(unread(&["--principal", &arn(ACCOUNT, "goes-there"), "--rule", "IAM001"]), (1, 1));
    assert_eq!(inputs.report("snapshot", &["--principal", &arn(OTHER_ACCOUNT, "*")]).0, 2, "no principal to audit");
    assert_eq!(unread(&["--rule", "IAM007"]), (2, 0));
}
