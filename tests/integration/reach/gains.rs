//! Every gain of a principal is found, each with a path of its own that is not declared.

use iamdrift::audit::{Audit, Finding, PathFix, Reason, RuleId, Severity};
use serde_json::{Value, json};

use super::audited::{ADMIN, audited, entry};
use super::{ACCOUNT, admin, allow, arn, role, service, trusts};

fn nothing() -> Value {
    allow(json!("s3:ListAllMyBuckets"), "*")
}

fn queue() -> Value {
    allow(json!("sqs:*"), "*")
}

fn trusted_by(names: &[&str]) -> Value {
    let arns: Vec<String> = names.iter().map(|name| arn("role", name)).collect();
    trusts(json!({ "AWS": arns }))
}

/// Entries for roles: their names, and the roles that `assumable_by` lists.
fn manifest(entries: &[(&str, &[&str])]) -> String {
    let declare = |(name, assumers): &(&str, &[&str])| {
        let arns: Vec<String> = assumers.iter().map(|name| arn("role", name)).collect();
        let listed = if arns.is_empty() { String::new() } else { format!("assumable_by = {}", json!(arns)) };
        entry(name, "workload", &listed)
    };
    let ignored = "[[ignore]]\nmatch = \"arn:*:iam::*:role/ignored-*\"\nreason = \"of the platform\"\n";
    format!("{}{ADMIN}{ignored}", entries.iter().map(declare).collect::<String>())
}

/// The findings about role `r`: the last principal, and the techniques of the path.
fn ends(audit: &Audit) -> Vec<(String, Vec<String>)> {
    let mut ends: Vec<(String, Vec<String>)> = paths(audit).into_iter().map(describe).collect();
    ends.sort();
    ends
}

fn paths(audit: &Audit) -> Vec<&Finding> {
    let about = |finding: &&Finding| finding.principal.as_ref().is_some_and(|principal| principal.name == "r");
    audit.findings.iter().filter(about).filter(|finding| finding.rule == RuleId::Escalation).collect()
}

fn describe(finding: &Finding) -> (String, Vec<String>) {
    let techniques = finding.path.iter().flat_map(|step| &step.techniques).map(|technique| technique.id.clone());
    (finding.path.last().unwrap().to.rsplit('/').next().unwrap().to_owned(), techniques.collect())
}

fn end(name: &str, techniques: &[&str]) -> (String, Vec<String>) {
    (name.to_owned(), techniques.iter().map(|id| (*id).to_owned()).collect())
}

#[test]
fn a_near_gain_does_not_hide_an_administrator_behind_it() {
    let roles = [
        role("r", &nothing(), service("ec2")),
        role("ignored-near", &queue(), trusted_by(&["r"])),
        admin(trusted_by(&["ignored-near"])),
    ];
    let audit = audited(&roles, &manifest(&[("r", &[])]), &nothing());
    assert_eq!(ends(&audit), [end("admin", &["sts-001", "sts-001"])]);
    let finding = paths(&audit)[0];
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(finding.also_reaches, [arn("role", "ignored-near")]);
    // What the near role has and the far one has not is a gain of its own.
    let near = role("ignored-near", &allow(json!("sqs:ListQueues"), "*"), trusted_by(&["r"]));
    let far = role("ignored-far", &allow(json!("rds:DeleteDBInstance"), "*"), trusted_by(&["ignored-near"]));
    let audit = audited(&[roles[0].clone(), near, far], &manifest(&[("r", &[])]), &nothing());
    assert_eq!(ends(&audit), [end("ignored-far", &["sts-001", "sts-001"]), end("ignored-near", &["sts-001"])]);
    let [severe, mild] = paths(&audit)[..] else { panic!("two") };
    assert!(severe.severity > mild.severity);
}

#[test]
fn paths_with_different_first_steps_are_findings_of_their_own() {
    let roles = [
        role("r", &nothing(), service("ec2")),
        role("ignored-a", &queue(), trusted_by(&["r"])),
        role("ignored-b", &queue(), trusted_by(&["r"])),
    ];
    let audit = audited(&roles, &manifest(&[("r", &[])]), &nothing());
    assert_eq!(ends(&audit), [end("ignored-a", &["sts-001"]), end("ignored-b", &["sts-001"])]);
    // One statement grants both steps: a fix of the statement ends both.
    let assume = json!([nothing()[0], allow(json!("sts:AssumeRole"), "*")[0]]);
    let account = || trusts(json!({ "AWS": ACCOUNT }));
    let roles = [
        role("r", &assume, service("ec2")),
        role("ignored-a", &queue(), account()),
        role("ignored-b", &queue(), account()),
    ];
    let audit = audited(&roles, &manifest(&[("r", &[])]), &assume);
    assert_eq!(ends(&audit), [end("ignored-a", &["sts-001"])]);
    assert_eq!(paths(&audit)[0].also_reaches, [arn("role", "ignored-b")]);
}

#[test]
fn a_declared_path_hides_no_undeclared_one_to_another_end() {
    let roles = [
        role("r", &nothing(), service("ec2")),
        role("declared", &queue(), trusted_by(&["r"])),
        role("ignored-other", &queue(), trusted_by(&["r"])),
    ];
    let audit = audited(&roles, &manifest(&[("r", &[]), ("declared", &["r"])]), &nothing());
    assert_eq!(ends(&audit), [end("ignored-other", &["sts-001"])]);
    // The same if an administrator is declared.
    let ceiling = allow(json!("*"), "*");
    let narrow = "[[principal]]\nname = \"r\"\nmatch = \"arn:*:iam::*:role/r\"\nkind = \"workload\"\nlevels = { s3 = [\"List\"] }\n";
    let listed = format!("assumable_by = [\"{}\"]", arn("role", "r"));
    let ignored = "[[ignore]]\nmatch = \"arn:*:iam::*:role/ignored-*\"\nreason = \"of the platform\"\n";
    let manifest = format!("{narrow}{}{ignored}", entry("admin", "break-glass", &listed));
    let roles = [roles[0].clone(), admin(trusted_by(&["r"])), roles[2].clone()];
    assert_eq!(ends(&audited(&roles, &manifest, &ceiling)), [end("ignored-other", &["sts-001"])]);
}

#[test]
fn a_declared_path_hides_no_undeclared_one_to_the_same_end() {
    let declared = manifest(&[("r", &[]), ("x", &["r"]), ("b", &[])]);
    let run = json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]);
    let by_lambda = json!([nothing()[0], allow(run, "*")[0]]);
    let trust = json!([trusted_by(&["r"])[0], service("lambda")[0]]);
    let x = |trust: Value| role("x", &queue(), trust);
    // By the same principals, but not in the declared way.
    let roles = [role("r", &by_lambda, service("ec2")), x(trust)];
    assert_eq!(ends(&audited(&roles, &declared, &by_lambda)), [end("x", &["lambda-001"])]);
    let roles = [role("r", &by_lambda, service("ec2")), x(trusted_by(&["r"]))];
    assert!(ends(&audited(&roles, &declared, &by_lambda)).is_empty(), "the role trusts no service");
    // By another principal, on a longer path.
    let b = || role("b", &nothing(), trusted_by(&["r"]));
    let roles = [role("r", &nothing(), service("ec2")), x(trusted_by(&["r", "b"])), b()];
    assert_eq!(ends(&audited(&roles, &declared, &nothing())), [end("x", &["sts-001", "sts-001"])]);
    // Declared steps alone.
    let all_declared = manifest(&[("r", &[]), ("x", &["r", "b"]), ("b", &["r"])]);
    assert!(ends(&audited(&roles, &all_declared, &nothing())).is_empty());
    // A declared step after an undeclared one to a role without gain.
    let only_to_b = manifest(&[("r", &[]), ("x", &["r", "b"]), ("b", &[])]);
    assert_eq!(ends(&audited(&roles, &only_to_b, &nothing())), [end("x", &["sts-001", "sts-001"])]);
}

#[test]
fn a_way_back_is_no_other_path() {
    // `y` can assume `x` again: that `r` can assume `x` is still declared.
    let topics = allow(json!("sns:*"), "*");
    let roles = [
        role("r", &nothing(), service("ec2")),
        role("x", &queue(), trusted_by(&["r", "ignored-y"])),
        role("ignored-y", &topics, trusted_by(&["x"])),
    ];
    let audit = audited(&roles, &manifest(&[("r", &[]), ("x", &["r"])]), &nothing());
    assert_eq!(ends(&audit), [end("ignored-y", &["sts-001", "sts-001"])]);
}

#[test]
fn a_declared_step_after_a_declared_one_that_can_be_replaced() {
    // `r` to `s` to `x` is declared, and `b` can assume `s`, too, which has no gain itself.
    let roles = [
        role("r", &nothing(), service("ec2")),
        role("s", &nothing(), trusted_by(&["r", "b"])),
        role("b", &nothing(), trusted_by(&["r"])),
        role("x", &queue(), trusted_by(&["s"])),
    ];
    let declared = manifest(&[("r", &[]), ("s", &["r"]), ("x", &["s"]), ("b", &[])]);
    assert_eq!(ends(&audited(&roles, &declared, &nothing())), [end("x", &["sts-001"; 3])]);
    let all_declared = manifest(&[("r", &[]), ("s", &["r", "b"]), ("x", &["s"]), ("b", &["r"])]);
    assert!(ends(&audited(&roles, &all_declared, &nothing())).is_empty());
}

#[test]
fn a_role_that_can_be_widened_is_one_finding_with_the_worst_path() {
    let widen = json!([nothing()[0], allow(json!("iam:PutRolePolicy"), &arn("role", "ignored-x"))[0]]);
    let roles = [role("r", &widen, service("ec2")), role("ignored-x", &queue(), trusted_by(&["r"]))];
    let audit = audited(&roles, &manifest(&[("r", &[])]), &widen);
    assert_eq!(ends(&audit), [end("ignored-x", &["iam-005", "sts-001"])]);
    assert_eq!(paths(&audit)[0].severity, Severity::Critical);
}

#[test]
fn what_ends_most_paths_is_one_group() {
    let assume = json!([nothing()[0], allow(json!("sts:AssumeRole"), "*")[0]]);
    let mut roles: Vec<Value> = (0..12).map(|i| role(&format!("hub-{i}"), &assume, service("ec2"))).collect();
    roles.push(admin(trusts(json!({ "AWS": ACCOUNT }))));
    let audit = audited(&roles, &format!("{}{ADMIN}", entry("hub-*", "workload", "")), &assume);
    let [group] = audit.escalation_groups.as_slice() else { panic!("{:?}", audit.escalation_groups) };
    assert_eq!(group.fix, PathFix::Trust { role: arn("role", "admin"), account_wide: true });
    assert_eq!((group.paths, group.principals, group.keys.len()), (12, 12, 12));
    assert_eq!(group.severity, Severity::Critical);
    assert_eq!(audit.findings.iter().filter(|finding| finding.rule == RuleId::Escalation).count(), 12);
    insta::assert_snapshot!(
        "a_group_of_paths",
        iamdrift::report::text::render_escalation_group(&audit.escalation_groups[0])
    );
}

#[test]
fn beside_a_path_to_everything_few_others_are_listed() {
    let all_but_s3 = json!([{ "Effect": "Allow", "NotAction": "s3:*", "Resource": "*" }]);
    let account = trusts(json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }));
    let mut roles = vec![role("r", &all_but_s3, service("ec2"))];
    roles.extend((0..40).map(|number| {
        let bucket = format!("arn:aws:s3:::bucket-{number}/*");
        role(&format!("ignored-{number}"), &allow(json!("s3:*"), &bucket), account.clone())
    }));
    let manifest = manifest(&[("r", &[])]);
    let audit = audited(&roles, &manifest, &all_but_s3);
    let findings = paths(&audit);
    let worst = findings.iter().max_by_key(|finding| finding.action_count).unwrap();
    assert_eq!(worst.reasons, [Reason::FurtherPathsLeftOut]);
    let listed: usize = findings.iter().map(|finding| 1 + finding.also_reaches.len()).sum();
    assert!((2..=21).contains(&listed), "{listed}");
    // With fewer roles, all are listed.
    let audit = audited(&roles[..4], &manifest, &all_but_s3);
    let findings = paths(&audit);
    let listed: usize = findings.iter().map(|finding| 1 + finding.also_reaches.len()).sum();
    assert!((4..=21).contains(&listed), "{listed}");
    assert!(findings.iter().all(|finding| !finding.reasons.contains(&Reason::FurtherPathsLeftOut)));
}
