//! What `iamdrift demo` tells of it.

use std::process::Command;

use serde_json::Value;

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

#[test]
fn the_demo_tells_the_story_to_its_end() {
    let told = demo(&[]);
    let at = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text:?} is not in\n{told}"));
    // The agent and its operator come first, and each of the four facts is told of the agent.
    let agent = at("\nCRITICAL  role/agents/lantern-cost-explorer");
    let operator = at("\nCRITICAL  role/operators/cost-explorer-oncall");
    let others = at("\nCRITICAL  user/people/j.verhoeven");
    assert!(agent < operator && operator < others);
    for part in [&told[agent..operator], &told[operator..others]] {
        let facts =
            ["beyond its declared ceiling", "  IAM004  guard \"second person\" is not enforced", "  IAM005  can "];
        assert!(facts.iter().all(|fact| part.contains(fact)), "{part}");
    }
    assert!(told[agent..operator].contains("  IAM003  same "));
    // The statement to copy is whole.
    assert!(told[agent..operator].contains("\"aws:PrincipalTag/change-approval\": \"CHG-*\""));
    let ends = at("exit 3: the audit is incomplete");
    let mended = at("AFTER THE MENDS");
    let clean = at("(examples/incident/fixed/snapshot)");
    let verdict = at("No drift: no principal has more access than declared.");
    assert!(others < ends && ends < mended && mended < clean && clean < verdict);
    assert!(verdict < at("exit 0: no finding at or above low") && verdict < at("Your own account:"));
}

#[test]
fn the_demo_has_one_document_for_one_audit() {
    let parsed = |arguments: &[&str]| -> Value { serde_json::from_str(&demo(arguments)).unwrap() };
    let before = parsed(&["--format", "json"]);
    assert_eq!(before["snapshot"]["origin"], "examples/incident/snapshot");
    let after = parsed(&["--fixed", "--format", "json"]);
    assert_eq!(after["snapshot"]["origin"], "examples/incident/fixed/snapshot");
    assert_eq!(after["findings"], serde_json::json!([]));
    let alone = demo(&["--fixed"]);
    assert!(alone.contains("No drift") && !alone.contains("AFTER THE MENDS"), "{alone}");
    // The whole mended account is clean, whoever was asked for before; this one is not in it any more.
    let one = demo(&["--principal", "data-migration-2024"]);
    assert!(one.contains("IAM007") && one.contains("13 principals: 13 as declared"), "{one}");
}
