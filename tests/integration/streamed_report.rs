//! Reports that are written while the audit runs: their order, what principals share, and the budget.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use iamdrift::audit::{AuditBudget, AuditError, AuditOptions, Severity, audit, audit_into};
use iamdrift::base::json_writer::JsonLayout;
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::report::{ExitInfo, RenderOptions, ReportFormat, Verbosity};
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

const ACCOUNTS: [&str; 3] = ["111122223333", "222233334444", "333344445555"];
const ROLES: usize = 9;

const MANIFEST: &str = r#"
version = 1
[[principal]]
name  = "apps"
match = "arn:aws:iam::*:role/app-*"
kind  = "operator"
allow = ["ceiling.json"]
"#;

/// The same roles in three accounts, as a stack set creates them.
fn account(id: &str) -> Value {
    let role = |i: usize| {
        let actions = ["s3:*", "iam:CreateAccessKey", "sqs:SendMessage", "lambda:*", "*"][i % 5];
        let resource = if i.is_multiple_of(2) { "*".to_owned() } else { format!("arn:aws:s3:::data-{id}/*") };
        // One role can be assumed by another.
        let trusted = match i {
            0 => json!({ "AWS": format!("arn:aws:iam::{id}:role/app-1") }),
            _ => json!({ "Service": "ec2.amazonaws.com" }),
        };
        let statement = |effect: Value| json!({ "Version": "2012-10-17", "Statement": [effect] });
        json!({
            "Arn": format!("arn:aws:iam::{id}:role/app-{i}"), "RoleName": format!("app-{i}"), "RoleId": format!("AROA{i}"),
            "Path": "/", "AttachedManagedPolicies": [],
            "AssumeRolePolicyDocument": statement(json!({
                "Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"
            })),
            "RolePolicyList": [{
                "PolicyName": "p",
                "PolicyDocument": statement(json!({ "Effect": "Allow", "Action": actions, "Resource": resource })),
            }],
        })
    };
    json!({
        "RoleDetailList": (0..ROLES).map(role).collect::<Vec<_>>(),
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
    })
}

fn snapshot(folder: &str) -> Snapshot {
    let text = |id: &&str| SourceFile::new(format!("{folder}/{id}.json"), account(id).to_string());
    let texts: Vec<Arc<SourceFile>> = ACCOUNTS.iter().map(text).collect();
    Snapshot::from_texts(Path::new(folder), &texts).map_err(|error| error.to_string()).unwrap()
}

fn baseline(folder: &str, manifest: &str) -> Baseline {
    let ceiling = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["s3:GetObject", "sqs:*"], "Resource": "*" },
    ]});
    let manifest = SourceFile::new(format!("{folder}/baseline.toml"), manifest);
    let ceiling = SourceFile::new(format!("{folder}/ceiling.json"), ceiling.to_string());
    Baseline::from_texts(&manifest, [("ceiling.json".to_owned(), ceiling)], Catalog::embedded())
        .map_err(|error| error.to_string())
        .unwrap()
}

fn options() -> AuditOptions {
    AuditOptions::at("2026-11-27T06:00:00Z".parse().unwrap())
}

fn render_options(exit_info: ExitInfo) -> RenderOptions {
    RenderOptions { json_layout: JsonLayout::OneLine, ..RenderOptions::for_pipe(100, exit_info) }
}

/// The report of an audit that runs on some threads.
fn stream(format: ReportFormat, (snapshot, baseline): (&Snapshot, &Baseline), options: &AuditOptions) -> String {
    let mut out = Vec::new();
    let mut report = format.begin_stream(Verbosity::Brief, JsonLayout::OneLine, &mut out).unwrap();
    let audit = audit_into(snapshot, baseline, Catalog::embedded(), options, report.as_mut());
    let audit = audit.unwrap_or_else(|error| panic!("{error:?}"));
    let exit_info = ExitInfo::from_audit(&audit, Some(Severity::Low));
    report.end(&audit, &render_options(exit_info)).unwrap();
    drop(report);
    String::from_utf8(out).unwrap()
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn the_bytes_are_the_same_at_any_number_of_threads_and_of_a_report_written_at_once() {
    let (snapshot, baseline) = (snapshot("snapshot"), baseline("b", MANIFEST));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    let incident = Snapshot::load(&folder.join("snapshot")).unwrap();
    let of_incident = Baseline::load(&folder.join("baseline")).map_err(|error| error.to_string()).unwrap();
    for inputs in [(&snapshot, &baseline), (&incident, &of_incident)] {
        for format in [ReportFormat::Json, ReportFormat::Ndjson] {
            let [one, two, eight] =
                [1, 2, 8].map(|threads| with_threads(threads, || stream(format, inputs, &options())));
            assert!(one == two && two == eight, "{}", format.as_str());
            let whole = audit(inputs.0, inputs.1, Catalog::embedded(), &options()).map_err(|e| e.to_string()).unwrap();
            let exit_info = ExitInfo::from_audit(&whole, Some(Severity::Low));
            let mut written = Vec::new();
            format.write(&whole, &render_options(exit_info), &mut written).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), one, "{}", format.as_str());
        }
    }
}

#[test]
fn copies_of_a_role_share_a_finding_and_have_a_row_each() {
    let inputs = (&snapshot("snapshot"), &baseline("b", MANIFEST));
    let report: Value = serde_json::from_str(&stream(ReportFormat::Json, inputs, &options())).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let arns = |finding: &Value| -> Vec<String> {
        finding["principals"].as_array().unwrap().iter().map(|p| p["arn"].as_str().unwrap().to_owned()).collect()
    };
    let administrator = findings.iter().find(|f| f["rule"] == "IAM001" && arns(f)[0].ends_with("role/app-4")).unwrap();
    assert_eq!(arns(administrator).len(), 3, "{administrator}");
    assert_eq!(administrator["state"], "open");
    let accounts: BTreeSet<&str> =
        administrator["principals"].as_array().unwrap().iter().map(|p| p["place"]["file"].as_str().unwrap()).collect();
    assert_eq!(accounts, BTreeSet::from(["111122223333.json", "222233334444.json", "333344445555.json"]));
    // The list of what an administrator has beyond a narrow ceiling names what it has not.
    let position = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let list = &report["action_lists"][position(&administrator["excess"][0]["actions"])];
    assert_eq!(list["all_but"], true, "{list}");
    // Rows and counts have each principal.
    let rows: Vec<Value> = stream(ReportFormat::Ndjson, inputs, &options())
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let with_record = |record: &'static str| rows.iter().filter(move |row| row["record"] == record);
    let of_report: BTreeSet<String> = findings
        .iter()
        .flat_map(|finding| finding["principals"].as_array().unwrap())
        .map(|principal| principal["key"].as_str().unwrap().to_owned())
        .collect();
    let of_rows: BTreeSet<String> = with_record("finding").map(|row| row["key"].as_str().unwrap().to_owned()).collect();
    assert_eq!(of_report, of_rows);
    let by_rule: u64 = report["summary"]["by_rule"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    // The finding about the entry has one key.
    assert_eq!(by_rule, of_report.len() as u64);
    let accounts: Vec<&str> = with_record("account").map(|row| row["account"].as_str().unwrap()).collect();
    assert_eq!(accounts, ACCOUNTS);
    assert!(with_record("account").all(|row| row["status"] == "ok" && row["principals"] == ROLES));
    let last = rows.last().unwrap();
    assert_eq!((&last["record"], &last["complete"], &last["exit_status"]), (&json!("end"), &json!(true), &json!(1)));
    assert!(rows.iter().all(|row| row["run_id"] == report["run_id"]));
}

#[test]
fn principals_that_share_a_finding_have_keys_of_their_own() {
    let inputs = (&snapshot("snapshot"), &baseline("b", MANIFEST));
    let report: Value = serde_json::from_str(&stream(ReportFormat::Json, inputs, &options())).unwrap();
    for finding in report["findings"].as_array().unwrap() {
        let principals = finding["principals"].as_array().unwrap();
        if finding["key"].as_str().unwrap().starts_with("iam004/entry/") {
            // One finding about all operators of the entry.
            assert!(principals.iter().all(|principal| principal["key"] == finding["key"]));
            continue;
        }
        let keys: BTreeSet<&str> = principals.iter().map(|principal| principal["key"].as_str().unwrap()).collect();
        let prints: BTreeSet<&str> = principals.iter().map(|p| p["fingerprint"].as_str().unwrap()).collect();
        assert_eq!((keys.len(), prints.len()), (principals.len(), principals.len()), "{finding}");
        assert_eq!((&finding["key"], &finding["place"]), (&principals[0]["key"], &principals[0]["place"]));
    }
}

#[test]
fn a_report_does_not_depend_on_where_its_inputs_are() {
    let report = |snapshot_folder: &str, baseline_folder: &str| -> Value {
        let inputs = (&snapshot(snapshot_folder), &baseline(baseline_folder, MANIFEST));
        let mut report: Value = serde_json::from_str(&stream(ReportFormat::Json, inputs, &options())).unwrap();
        report["snapshot"]["origin"].take();
        report["baseline"]["path"].take();
        report
    };
    let here = report("snapshot", "b");
    assert_eq!(here, report("/somewhere/else", "/policies"));
    for id in [&here["run_id"], &here["snapshot"]["content_id"], &here["baseline"]["content_id"]] {
        assert_eq!(id.as_str().unwrap().len(), 16);
    }
    let other = baseline("b", &MANIFEST.replace("operator", "workload"));
    let inputs = (&snapshot("snapshot"), &other);
    let other: Value = serde_json::from_str(&stream(ReportFormat::Json, inputs, &options())).unwrap();
    assert_eq!(other["snapshot"]["content_id"], here["snapshot"]["content_id"]);
    assert!(other["run_id"] != here["run_id"] && other["baseline"]["content_id"] != here["baseline"]["content_id"]);
}

#[test]
fn a_principal_beyond_its_budget_is_undecided_by_name() {
    let (snapshot, baseline) = (snapshot("snapshot"), baseline("b", MANIFEST));
    let past = Instant::now();
    let no_steps = AuditBudget { principal_steps: Some(1), ..AuditBudget::default() };
    let no_time = AuditBudget { principal_time: Some(Duration::ZERO), ..AuditBudget::default() };
    let ended = AuditBudget { deadline: Some(past), ..AuditBudget::default() };
    for (budget, reason) in [
        (no_steps, "the budget for one principal is exhausted"),
        (no_time, "the budget for one principal is exhausted"),
        (ended, "the budget of the audit is exhausted"),
    ] {
        let options = AuditOptions { budget, ..options() };
        let found = audit(&snapshot, &baseline, Catalog::embedded(), &options).map_err(|e| e.to_string()).unwrap();
        assert!(found.is_incomplete());
        assert_eq!(ExitInfo::from_audit(&found, None).exit_status, 3);
        let undecided: BTreeSet<&str> = found
            .findings
            .iter()
            .filter(|finding| iamdrift::report::text::render_title(&finding.title).contains(reason))
            .map(|finding| finding.principal.as_ref().unwrap().arn.as_str())
            .collect();
        assert_eq!(undecided.len(), ACCOUNTS.len() * ROLES, "{reason}");
        let report: Value =
            serde_json::from_str(&stream(ReportFormat::Json, (&snapshot, &baseline), &options)).unwrap();
        assert_eq!(report["summary"]["complete"], false);
        assert_eq!(report["summary"]["undecided"], ACCOUNTS.len() * ROLES);
        let statuses = report["summary"]["accounts"].as_array().unwrap().iter().map(|account| &account["status"]);
        assert!(statuses.eq([&json!("incomplete"); 3]));
    }
}

#[test]
fn an_exception_is_not_stale_if_the_audit_ended_before_its_finding() {
    let exception = "\n[[exception]]\nfinding = \"iam001/111122223333/role/app-2\"\nreason = \"r\"\nrequested_by = \"a\"\n\
                     approved_by = \"b\"\nexpires = 2026-12-31\naccepts = { documents = [\"ceiling.json\"] }\n";
    let (snapshot, baseline) = (snapshot("snapshot"), baseline("b", &(MANIFEST.to_owned() + exception)));
    let stale = |budget: AuditBudget| {
        let options = AuditOptions { budget, ..options() };
        let found = audit(&snapshot, &baseline, Catalog::embedded(), &options).map_err(|e| e.to_string()).unwrap();
        found.findings.iter().filter(|finding| finding.key.starts_with("iam009/exception")).count()
    };
    assert_eq!(stale(AuditBudget::default()), 1);
    assert_eq!(stale(AuditBudget { principal_steps: Some(1), ..AuditBudget::default() }), 0);
}

/// A disk that is full after some bytes.
struct FullDisk(usize);

impl std::io::Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let (snapshot, baseline) = (snapshot("snapshot"), baseline("b", MANIFEST));
    for bytes in [0, 2_000] {
        let format = ReportFormat::Json;
        let mut report = format.begin_stream(Verbosity::Brief, JsonLayout::OneLine, FullDisk(bytes)).unwrap();
        let result = audit_into(&snapshot, &baseline, Catalog::embedded(), &options(), report.as_mut());
        assert!(matches!(result, Err(AuditError::Output(_))), "{bytes}");
    }
}

#[test]
fn the_command_takes_a_budget_and_says_what_it_left_out() {
    let run = |more: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_iamdrift"))
            .current_dir("examples/incident")
            .args(["audit", "--snapshot", "snapshot", "--baseline", "baseline"])
            .args(more)
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, table) = run(&["--budget", "0s"]);
    assert_eq!(status, 3);
    assert!(table.contains("the budget of the audit is exhausted"), "{table}");
    let (status, rows) = run(&["--budget", "0s", "--format", "ndjson"]);
    let last: Value = serde_json::from_str(rows.lines().last().unwrap()).unwrap();
    assert_eq!((status, &last["record"], &last["complete"]), (3, &json!("end"), &json!(false)));
    assert_eq!(run(&["--budget", "soon"]).0, 2);
    let (status, pretty) = run(&["--format", "json", "--pretty"]);
    let (_, compact) = run(&["--format", "json"]);
    assert_eq!((status, compact.lines().count()), (3, 1));
    assert!(pretty.lines().count() > 100);
}
