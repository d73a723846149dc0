//! The four facts, each by its rule, its principal and its action.

use std::path::Path;

use iamdrift::audit::{MismatchReason, RuleId, Severity, Title};

use super::{AGENT, APPROVED, OPERATOR, audited, denies, finding, folder, incident, is_allowed};

#[test]
fn the_operator_is_broader_than_declared() {
    let (snapshot, audit) = incident();
    let broader = finding(&audit, RuleId::Broader, OPERATOR);
    let worst = &broader.excess[0];
    assert_eq!(worst.granted_by.sid.as_deref(), Some("Deploy"));
    assert_eq!(worst.witness.action, "cloudformation:DeleteStack");
    assert!(is_allowed(&snapshot, OPERATOR, &worst.witness.action, &worst.witness.resource, &[]));
    let expected = worst.expected.as_ref().unwrap();
    assert_eq!(expected.document, "operators/cost-explorer.json");
}

#[test]
fn the_agent_is_equal_to_its_operator() {
    let (_, audit) = incident();
    let equal = finding(&audit, RuleId::NotNarrower, AGENT);
    // Its operator has all of it, and is named.
    assert!(equal.excess.iter().all(|excess| excess.expected.is_none()), "{:?}", equal.excess);
    let Title::SameAsDeclaredOperator { operator, .. } = &equal.title else { panic!("{:?}", equal.title) };
    assert!(operator.ends_with(OPERATOR), "{operator}");
    assert_eq!(equal.excess[0].witness.action, "cloudformation:DeleteStack");
    assert_eq!(equal.severity, Severity::Critical);
}

#[test]
fn nobody_had_to_approve_that_a_stack_is_deleted() {
    let (snapshot, audit) = incident();
    for who in [OPERATOR, AGENT] {
        let unguarded = finding(&audit, RuleId::Unguarded, who);
        let why = &unguarded.excess[0].expected.as_ref().unwrap().why;
        let MismatchReason::ConditionFails { operator, key, .. } = why else { panic!("{why:?}") };
        assert_eq!((operator.as_str(), key.as_str()), ("StringLike", APPROVED.0));
        let witness = &unguarded.excess[0].witness;
        assert_eq!(witness.action, "cloudformation:DeleteStack");
        assert!(!witness.context.keys().any(|key| key.eq_ignore_ascii_case(APPROVED.0)), "{:?}", witness.context);
        assert!(is_allowed(&snapshot, who, &witness.action, &witness.resource, &[]));
        // What there is to copy denies just that, unless it is approved.
        let statement = &denies(unguarded)["Statement"][0];
        assert_eq!(statement["Effect"], "Deny");
        assert_eq!(statement["Condition"]["StringNotLike"][APPROVED.0], "CHG-*");
        let actions = statement["Action"].as_array().unwrap();
        assert!(actions.iter().any(|pattern| pattern == "cloudformation:Delete*"), "{actions:?}");
    }
}

#[test]
fn the_path_leads_through_the_agents_own_role() {
    let (_, audit) = incident();
    let agent = "arn:aws-cn:iam::111122223333:role/agents/lantern-cost-explorer";
    let mut texts = Vec::new();
    for (who, asks) in [(AGENT, &["iam:AttachRolePolicy"][..]), (OPERATOR, &["iam:AttachRolePolicy", "sts:AssumeRole"])]
    {
        let reach = finding(&audit, RuleId::Escalation, who);
        let [step] = reach.path.as_slice() else { panic!("{who}: {:?}", reach.path) };
        assert_eq!(step.to, agent);
        assert!(step.from.ends_with(who));
        assert_eq!(step.witnesses.iter().map(|request| request.action.as_str()).collect::<Vec<_>>(), asks);
        assert!(step.witnesses.iter().all(|request| request.resource == agent));
        // No policy of the two says so, and yet they may do what nobody of them may.
        assert!(reach.excess.iter().any(|excess| excess.actions.iter().any(|action| action.pattern == "iam:*")));
        let remedies = crate::advice::list_remedies(reach).join("\n");
        texts.push(format!("{who}: {}\n{remedies}", iamdrift::report::text::render_title(&reach.title)));
    }
    insta::assert_snapshot!("the_path_and_what_to_do_about_it", texts.join("\n\n"));
}

#[test]
fn who_takes_an_agent_on_is_declared_and_else_a_path() {
    let (snapshot, _) = incident();
    let copy = tempfile::tempdir().unwrap();
    copied(&folder("baseline"), copy.path());
    let manifest = copy.path().join("baseline.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let line = "assumable_by = [\"arn:*:iam::*:role/operators/database-*\"]\n";
    assert!(text.contains(line));
    std::fs::write(&manifest, text.replace(line, "")).unwrap();
    let audit = audited(&snapshot, copy.path());
    let reach = finding(&audit, RuleId::Escalation, "database-oncall");
    assert_eq!(reach.excess[0].witness.action, "logs:FilterLogEvents");
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copied(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}
