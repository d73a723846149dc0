//! How much an audit asks, at two sizes of generated accounts. `cargo bench --bench scale` measures time and memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use iamdrift::audit::{AuditEffort, AuditOptions, RuleId, audit, measure_effort};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::iam::PolicyDocument;
use iamdrift::snapshot::Snapshot;

#[allow(dead_code)]
#[path = "../../benches/generators/mod.rs"]
mod generators;

use generators::Kind;

struct Input {
    snapshot: Snapshot,
    baseline: Baseline,
}

fn generate(kind: Kind, size: usize) -> Input {
    let folder = tempfile::tempdir().unwrap();
    kind.write(folder.path(), size, 1, None).unwrap();
    let snapshot = Snapshot::load(&folder.path().join(kind.snapshot())).unwrap();
    let baseline = Baseline::load_with_catalog(&folder.path().join("baseline"), Catalog::embedded()).unwrap();
    Input { snapshot, baseline }
}

fn options() -> AuditOptions {
    AuditOptions { rules: vec![RuleId::Escalation], ..AuditOptions::new(jiff::civil::date(2026, 11, 30)) }
}

fn measure(Input { snapshot, baseline }: &Input) -> AuditEffort {
    measure_effort(snapshot, baseline, Catalog::embedded(), &options()).unwrap()
}

/// The statements of different documents.
fn count_statements(snapshot: &Snapshot) -> usize {
    let policies = snapshot.principals().flat_map(|(_, principal)| &principal.identity_policies);
    let mut seen: BTreeSet<*const PolicyDocument> = BTreeSet::new();
    let different = policies.filter(|policy| seen.insert(Arc::as_ptr(&policy.document)));
    different.map(|policy| policy.document.statements.len()).sum()
}

/// Twice the principals take at most so many times the questions. Some are about pairs of principals.
const LINEAR: f64 = 2.3;

#[test]
fn twice_the_principals_take_twice_the_questions() {
    for (kind, size) in [(Kind::Mixed, 100), (Kind::Dense, 100), (Kind::Chain, 50), (Kind::Copies, 2)] {
        let [small, large] = [size, 2 * size].map(|size| measure(&generate(kind, size)));
        println!("{}: {small:?}, {large:?}", kind.name());
        let growth = |small: usize, large: usize| large as f64 / small.max(20) as f64;
        assert!(growth(small.questions, large.questions) <= LINEAR, "{}: {small:?}, {large:?}", kind.name());
        assert!(growth(small.end_questions, large.end_questions) <= LINEAR, "{}: {small:?}, {large:?}", kind.name());
    }
}

#[test]
fn ends_of_paths_take_two_questions_for_each_statement() {
    for (kind, size) in [(Kind::Mixed, 100), (Kind::Dense, 100), (Kind::Chain, 100)] {
        let input = generate(kind, size);
        let effort = measure(&input);
        let statements = count_statements(&input.snapshot);
        println!("{}: {effort:?} for {statements} statements", kind.name());
        assert!(effort.end_questions <= 2 * statements, "{}: {effort:?} for {statements} statements", kind.name());
    }
}

/// Each role of a chain would have a path to each role after it. A long path lists the ends on its way, and what is further away
/// is undecided by name.
#[test]
fn roles_of_a_long_chain_have_one_finding_each() {
    let Input { snapshot, baseline } = generate(Kind::Chain, 40);
    let audit = audit(&snapshot, &baseline, Catalog::embedded(), &options()).unwrap();
    let of_first = |rule: RuleId| {
        let is_first = |name: &str| name == "worker-0";
        let findings = audit.findings.iter().filter(move |finding| finding.rule == rule);
        findings.filter(|finding| finding.principal.as_ref().is_some_and(|p| is_first(&p.name))).collect::<Vec<_>>()
    };
    let paths = of_first(RuleId::Escalation);
    assert_eq!(paths.len(), 1, "one finding");
    assert_eq!(paths[0].path.len(), 16);
    assert_eq!(paths[0].also_reaches.len(), 15);
    assert_eq!(of_first(RuleId::Undecided).len(), 1, "the roles further away are undecided");
}

/// All roles can act as each other: one finding each, about the role that is allowed more.
#[test]
fn roles_that_are_alike_have_one_finding_each() {
    let Input { snapshot, baseline } = generate(Kind::Dense, 40);
    let audit = audit(&snapshot, &baseline, Catalog::embedded(), &options()).unwrap();
    assert_eq!(audit.findings.len(), 39);
    assert!(audit.findings.iter().all(|finding| finding.key.ends_with("role/worker-39") && finding.path.len() == 1));
}

/// A role that trusts one of many equal roles: that one is not left out.
#[test]
fn a_role_that_trusts_one_of_many_equal_roles_is_found() {
    let folder = tempfile::tempdir().unwrap();
    Kind::Dense.write(folder.path(), 6, 1, None).unwrap();
    let path = folder.path().join(Kind::Dense.snapshot());
    let mut account: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let mut vault = account["RoleDetailList"][5].clone();
    vault["RoleName"] = "vault".into();
    vault["RoleId"] = "AROA0000000VAULT".into();
    vault["Arn"] = "arn:aws:iam::111122223333:role/vault".into();
    vault["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] =
        serde_json::json!({ "AWS": "arn:aws:iam::111122223333:role/worker-3" });
    account["RoleDetailList"].as_array_mut().unwrap().push(vault);
    std::fs::write(&path, account.to_string()).unwrap();
    let snapshot = Snapshot::load(&path).unwrap();
    let baseline = Baseline::load_with_catalog(&folder.path().join("baseline"), Catalog::embedded()).unwrap();
    let audit = audit(&snapshot, &baseline, Catalog::embedded(), &options()).unwrap();
    let leads_to_vault = |name: &str| {
        let of_name = |finding: &&iamdrift::audit::Finding| finding.principal.as_ref().is_some_and(|p| p.name == name);
        audit.findings.iter().filter(of_name).any(|finding| {
            finding.key.ends_with("role/vault") || finding.also_reaches.iter().any(|end| end.ends_with("role/vault"))
        })
    };
    for name in ["worker-0", "worker-3", "worker-4"] {
        assert!(leads_to_vault(name), "{name}");
    }
}
