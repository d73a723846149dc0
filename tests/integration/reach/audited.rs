//! IAM005 in an audit: what is told, what is agreed to, and what is no news.

use iamdrift::audit::{Audit, AuditOptions, Finding, PolicySource, RuleId, Severity, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::{ACCOUNT, admin, allow, arn, role, service, snapshot, trusts};

pub(super) fn audited(roles: &[Value], manifest: &str, ceiling: &Value) -> Audit {
    audited_snapshot(&snapshot(roles, &[], None), manifest, ceiling)
}

/// The audit of the authorization details of an account.
pub(super) fn audited_page(page: &Value, manifest: &str, ceiling: &Value) -> Audit {
    let source = SourceFile::new("account.json", page.to_string());
    let given = Snapshot::from_texts(std::path::Path::new("given"), &[source]).unwrap();
    assert!(given.problems.is_empty(), "{:?}", given.problems);
    audited_snapshot(&given, manifest, ceiling)
}

fn audited_snapshot(given: &Snapshot, manifest: &str, ceiling: &Value) -> Audit {
    let manifest = SourceFile::new("baseline.toml", format!("version = 1\n{manifest}"));
    let ceiling = SourceFile::new("ceiling.json", json!({ "Version": "2012-10-17", "Statement": ceiling }).to_string());
    let catalog = Catalog::embedded();
    let baseline = Baseline::from_texts(&manifest, [("ceiling.json".to_owned(), ceiling)], catalog)
        .map_err(|problems| problems.to_string())
        .unwrap();
    let options = AuditOptions::new(jiff::civil::date(2026, 11, 20));
    audit(given, &baseline, catalog, &options).unwrap()
}

pub(super) fn entry(name: &str, kind: &str, more: &str) -> String {
    format!(
        "[[principal]]\nname = \"{name}\"\nmatch = \"arn:*:iam::*:role/{name}\"\nkind = \"{kind}\"\nallow = [\"ceiling.json\"]\n{more}\n"
    )
}

fn of<'a>(audit: &'a Audit, name: &str) -> Option<&'a Finding> {
    let about = |finding: &&Finding| finding.principal.as_ref().is_some_and(|principal| principal.name == name);
    audit.findings.iter().filter(about).find(|finding| finding.rule == RuleId::Escalation)
}

/// What a person reads of a finding: its title, the steps and the advice.
fn text(finding: &Finding) -> String {
    let steps = finding.path.iter().map(iamdrift::report::text::render_step);
    let title = [iamdrift::report::text::render_title(&finding.title)];
    title.into_iter().chain(steps).chain(advice(finding)).collect::<Vec<_>>().join("\n")
}

pub(super) const ADMIN: &str = "[[ignore]]\nmatch = \"arn:*:iam::*:role/admin\"\nreason = \"of the platform\"\n";

#[test]
fn the_path_its_requests_and_the_first_link_to_cut() {
    let lambda = json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]);
    let declared = allow(lambda, "*");
    let roles = [role("r", &declared, service("ec2")), admin(service("lambda"))];
    let audit = audited(&roles, &format!("{}{ADMIN}", entry("r", "workload", "")), &declared);
    let finding = of(&audit, "r").expect("the ceiling itself leads to an administrator");
    assert_eq!(finding.severity, Severity::Critical);
    let [step] = finding.path.as_slice() else { panic!("{:?}", finding.path) };
    assert_eq!((step.from.as_str(), step.to.as_str()), (arn("role", "r").as_str(), arn("role", "admin").as_str()));
    assert_eq!(step.techniques.iter().map(|technique| technique.id.as_str()).collect::<Vec<_>>(), ["lambda-001"]);
    let asked: Vec<&str> = step.witnesses.iter().map(|request| request.action.as_str()).collect();
    assert_eq!(asked, ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]);
    assert_eq!(step.witnesses[0].resource, arn("role", "admin"));
    assert_eq!(step.witnesses[0].context["iam:PassedToService"], ["lambda.amazonaws.com"]);
    insta::assert_snapshot!("a_path_to_an_administrator", text(finding));
    assert!(finding.excess.iter().any(|excess| excess.action_count > 10_000), "what stands at the end");
    let report = audit.principals.iter().find(|principal| principal.arn == arn("role", "r")).unwrap();
    assert_eq!(report.status.as_str(), "escalatable");
    assert_eq!(audit.findings.iter().filter(|finding| finding.rule == RuleId::Undecided).count(), 0);
    // The same next week.
    let again = audited(&roles, &format!("{}{ADMIN}", entry("r", "workload", "")), &declared);
    assert_eq!(of(&again, "r").unwrap().fingerprint, finding.fingerprint);
}

#[test]
fn agreed_steps_are_no_finding_and_what_lies_behind_them_is() {
    let nothing = || allow(json!("s3:ListAllMyBuckets"), "*");
    let queue = allow(json!("sqs:*"), "*");
    let worker = |trust: Value| role("worker", &queue, trust);
    let roles = [role("r", &nothing(), service("ec2")), worker(trusts(json!({ "AWS": arn("role", "r") })))];
    let wide = json!([nothing()[0], queue[0]]);
    let listed = format!("assumable_by = [\"{}\"]", arn("role", "r"));
    let manifest = |of_worker: &str| {
        let narrow = "[[principal]]\nname = \"r\"\nmatch = \"arn:*:iam::*:role/r\"\nkind = \"workload\"\nlevels = { s3 = [\"List\"] }\n";
        format!("{narrow}{}", entry("worker", "workload", of_worker))
    };
    let audit = audited(&roles, &manifest(""), &wide);
    let finding = of(&audit, "r").expect("nobody agreed to it");
    insta::assert_snapshot!("a_path_that_nobody_agreed_to", text(finding));
    let agreed = audited(&roles, &manifest(&listed), &wide);
    assert!(of(&agreed, "r").is_none(), "{:?}", of(&agreed, "r").map(|f| &f.title));
    assert!(agreed.findings.iter().all(|finding| finding.rule != RuleId::Trust));
    // Behind the agreed step stands an administrator: the step to it is the one to cut.
    let behind = [roles[0].clone(), roles[1].clone(), admin(trusts(json!({ "AWS": arn("role", "worker") })))];
    let audit = audited(&behind, &format!("{}{ADMIN}", manifest(&listed)), &wide);
    let finding = of(&audit, "r").unwrap();
    assert_eq!(finding.path.last().unwrap().to, arn("role", "admin"));
    assert_eq!(finding.path.iter().map(|step| step.declared).collect::<Vec<_>>(), [true, false]);
    insta::assert_snapshot!("a_path_behind_an_agreed_step", text(finding));
    assert!(of(&audit, "worker").is_some());
}

#[test]
fn a_step_is_declared_only_as_far_as_its_conditions_say() {
    let assume = allow(json!("sts:AssumeRole"), &arn("role", "worker"));
    let queue = json!([assume[0], allow(json!("sqs:*"), "*")[0]]);
    let external_id = json!({ "StringEquals": { "sts:ExternalId": "e" } });
    let trust = |condition: Value| json!([{ "Effect": "Allow", "Principal": { "AWS": arn("role", "r") }, "Action": "sts:AssumeRole", "Condition": condition }]);
    let found = |trust: Value, when: &str| {
        let roles = [role("r", &assume, service("ec2")), role("worker", &queue, trust)];
        let listed = format!("assumable_by = [{{ principal = \"{}\", when = {{ {when} }} }}]", arn("role", "r"));
        let narrow = "[[principal]]\nname = \"r\"\nmatch = \"arn:*:iam::*:role/r\"\nkind = \"workload\"\nlevels = { sts = [\"Write\"] }\n";
        let audit = audited(&roles, &format!("{narrow}{}", entry("worker", "workload", &listed)), &queue);
        of(&audit, "r").map(|finding| finding.path[0].witnesses[0].context.get("sts:ExternalId").cloned())
    };
    let when = "StringEquals = { \"sts:ExternalId\" = \"e\" }";
    assert_eq!(found(trust(external_id.clone()), when), None);
    assert_eq!(
        found(trust(json!({ "StringLike": { "sts:ExternalId": "e*" } })), when)
            .map(|id| id != Some(vec!["e".to_owned()])),
        Some(true)
    );
    assert!(found(trust(json!({})), when).is_some(), "the trust policy does not require what `when` says");
    assert_eq!(found(trust(external_id), "StringLike = { \"sts:ExternalId\" = \"*\" }"), None, "wider");
}

#[test]
fn what_is_no_broader_is_no_news() {
    let everything = allow(json!("*"), "*");
    let roles = [role("r", &everything, service("ec2")), admin(trusts(json!({ "AWS": ACCOUNT })))];
    let audit = audited(&roles, &format!("{}{ADMIN}", entry("r", "workload", "")), &allow(json!("s3:*"), "*"));
    assert!(of(&audit, "r").is_none(), "IAM001 says all of it");
    assert!(audit.findings.iter().any(|finding| finding.rule == RuleId::Broader));
}

#[test]
fn an_agent_that_writes_its_own_policy_is_critical_and_told_so() {
    let own = json!([{ "Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": arn("role", "r") }]);
    let audit = audited(&[role("r", &own, service("bedrock"))], &entry("r", "agent", ""), &own);
    let finding = of(&audit, "r").unwrap();
    assert_eq!(finding.severity, Severity::Critical);
    assert!(
        finding.path.iter().all(|step| step.from == arn("role", "r") && step.to == step.from),
        "{:?}",
        finding.path
    );
    assert_eq!(finding.excess[0].granted_by.origin, PolicySource::Itself);
    insta::assert_snapshot!("a_policy_that_an_agent_writes_itself", text(finding));
}

#[test]
fn a_path_over_something_that_is_missing_is_undecided() {
    let mut bounded = admin(trusts(json!({ "AWS": ACCOUNT })));
    bounded["PermissionsBoundary"] =
        json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "gone") });
    let roles = [role("r", &allow(json!("sts:AssumeRole"), "*"), service("ec2")), bounded];
    let manifest = format!("{}{ADMIN}", entry("r", "workload", ""));
    let audit = audited(&roles, &manifest, &allow(json!("sts:AssumeRole"), "*"));
    assert!(of(&audit, "r").is_none());
    let undecided = audit.findings.iter().find(|finding| finding.rule == RuleId::Undecided).unwrap();
    assert!(
        undecided.reasons.iter().any(|reason| iamdrift::report::text::render_reason(reason).contains("policy/gone")),
        "{:?}",
        undecided.reasons
    );
}

fn advice(finding: &iamdrift::audit::Finding) -> Vec<String> {
    crate::advice::list_remedies(finding)
}

#[test]
fn a_statement_that_only_the_end_satisfies_hides_no_gain() {
    let statements = |condition: Value| {
        json!([
            { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn("role", "t") },
            { "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition },
        ])
    };
    let target = || role("t", &allow(json!("s3:*"), "*"), trusts(json!({ "AWS": arn("role", "r") })));
    let manifest =
        format!("{}[[ignore]]\nmatch = \"arn:*:iam::*:role/t\"\nreason = \"x\"\n", entry("r", "workload", ""));
    let ceiling = allow(json!("sts:AssumeRole"), "*");
    let of_role = |name: &str| json!({ "ArnLike": { "aws:PrincipalArn": arn("role", name) } });
    let of_session = |name: &str| json!({ "StringLike": { "aws:userid": format!("AROAEXAMPLE{name:0>9}:*") } });
    for (condition, is_gain) in
        [(of_role("t"), true), (of_session("t"), true), (of_role("r"), false), (of_session("r"), false)]
    {
        let roles = [role("r", &statements(condition.clone()), service("ec2")), target()];
        let audit = audited(&roles, &manifest, &ceiling);
        assert_eq!(of(&audit, "r").is_some(), is_gain, "{condition}");
        let broader = audit.findings.iter().any(|finding| finding.rule == RuleId::Broader);
        assert_eq!(broader, !is_gain, "{condition}");
    }
}
