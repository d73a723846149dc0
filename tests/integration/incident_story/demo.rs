//! What `iamdrift demo` tells of it.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::split_findings::split_findings;

fn demo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("COLUMNS", "100")
        .arg("demo")
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The rules of each principal with findings, in the order of the report.
fn found(report: &Value) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for finding in split_findings(report) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (who, rule) = (text(&finding["principals"][0]["name"]), text(&finding["rule"]));
        match found.iter_mut().find(|(other, _)| *other == who) {
            Some((_, rules)) => rules.push(rule),
            None => found.push((who, vec![rule])),
        }
    }
    found.iter_mut().for_each(|(_, rules)| rules.sort_unstable());
    found
}

#[test]
fn the_demo_tells_the_story_to_its_end() {
    let report: Value = serde_json::from_str(&demo(&["--format", "json"])).unwrap();
    // Each of the four facts is told of the agent; its operator has nobody to be narrower than.
    let found: BTreeMap<String, Vec<String>> = found(&report).into_iter().collect();
    assert_eq!(found["lantern-cost-explorer"], ["IAM001", "IAM003", "IAM004", "IAM005", "IAM005"]);
    assert_eq!(found["cost-explorer-oncall"], ["IAM001", "IAM004", "IAM005", "IAM005"]);
    // The agent and its operator come first, and the account after the mends is shown after the first report.
    let text = demo(&[]);
    let at = |text_part: &str| text.find(text_part).unwrap_or_else(|| panic!("{text_part:?} is not in\n{text}"));
    let agent = at("\nCRITICAL  role/agents/lantern-cost-explorer");
    let (operator, others) =
        (at("\nCRITICAL  role/operators/cost-explorer-oncall"), at("\nMEDIUM    user/people/j.verhoeven"));
    assert!(agent < operator && operator < others && others < at("examples/incident/fixed/snapshot"));
    // The statement to copy is whole.
    assert!(text[agent..operator].contains("\"aws:PrincipalTag/change-approval\": \"CHG-*\""));
    insta::assert_snapshot!("demo", text);
}

#[test]
fn the_demo_has_one_document_for_one_audit() {
    let parsed = |arguments: &[&str]| -> Value { serde_json::from_str(&demo(arguments)).unwrap() };
    let before = parsed(&["--format", "json"]);
    assert_eq!(before["snapshot"]["origin"], "examples/incident/snapshot");
    let after = parsed(&["--fixed", "--format", "json"]);
    assert_eq!(after["snapshot"]["origin"], "examples/incident/fixed/snapshot");
    assert_eq!(after["findings"], serde_json::json!([]));
    assert_eq!(after["summary"]["by_status"]["as-declared"], 13);
    // The mended account is one document, too: the report of the demonstration ends with the same lines.
    let (whole, alone) = (demo(&[]), demo(&["--fixed"]));
    let verdict = alone.lines().filter(|line| !line.is_empty()).nth(1).unwrap();
    assert!(whole.contains(verdict) && alone.lines().count() * 2 < whole.lines().count(), "{alone}");
    // The whole mended account is clean, whoever was asked for before; this one is not in it any more.
    let who = ["--principal", "data-migration-2024"];
    let one = parsed(&[&who[..], &["--format", "json"]].concat());
    assert_eq!(found(&one), [("data-migration-2024".to_owned(), vec!["IAM007".to_owned()])]);
    assert!(demo(&who).contains(verdict));
}
