//! Personas, and what an agent could destroy with an operator's credentials.

use iamdrift::audit::{RuleId, Severity};
use serde_json::{Value, json};

use super::{Case, allow, arn, entry, lets, role, statement, trusting};

const NONE: [&str; 0] = [];

fn through_mcp(value: &str) -> Value {
    json!({ "Bool": { "aws:ViaAWSMCPService": value } })
}

/// An operator whose ceiling allows everything, with a persona for what comes through an agent.
fn persona(statements: &[Value], allowed: &[Value]) -> Case {
    let manifest = entry("op", "operator", "allow = \"all.json\"")
        + "[[persona]]\nname = \"by agent\"\nof = \"op\"\nwhen = { Bool = { \"aws:ViaAWSMCPService\" = \"true\" } }\n\
           kind = \"agent\"\nallow = \"agent.json\"\n";
    Case::new(&[role("op", statements)], &manifest).document("agent.json", allowed)
}

#[test]
fn a_persona_has_a_ceiling_of_its_own() {
    let queue = || allow(json!(["sqs:SendMessage", "sqs:DeleteQueue"]));
    let send = || allow(json!("sqs:SendMessage"));
    let case = persona(&[queue()], &[send()]);
    assert_eq!(case.facts(RuleId::Broader), ["op 1/1 sqs:DeleteQueue"]);
    insta::assert_snapshot!("a_persona_beyond_its_ceiling", case.texts(RuleId::Broader));
    let finding = &case.findings(RuleId::Broader)[0];
    assert_eq!(finding.severity, Severity::Critical, "it destroys, one step up for an agent");
    let witness = &finding.excess[0].witness;
    assert_eq!(witness.action, "sqs:DeleteQueue");
    assert_eq!(witness.context["aws:ViaAWSMCPService"], ["true"]);
    assert_eq!(finding.excess[0].expected.as_ref().unwrap().document, "agent.json");
    // The statement that is shown ends it.
    let deny: Value = serde_json::from_str(
        iamdrift::report::text::render_remediation(&finding.remediations[0]).to_text().split_once('\n').unwrap().1,
    )
    .unwrap();
    let deny = deny["Statement"][0].clone();
    assert_eq!(persona(&[queue(), deny], &[send()]).facts(RuleId::Broader), NONE);
    // What is allowed to people only, or declared for the persona, is none.
    let only_people = statement("Deny", json!("sqs:DeleteQueue"), json!("*"), through_mcp("true"));
    assert_eq!(persona(&[queue(), only_people], &[send()]).facts(RuleId::Broader), NONE);
    let when_direct = statement("Allow", json!("sqs:DeleteQueue"), json!("*"), through_mcp("false"));
    assert_eq!(persona(&[send(), when_direct], &[send()]).facts(RuleId::Broader), NONE);
    assert_eq!(persona(&[queue()], &[queue()]).facts(RuleId::Broader), NONE);
    assert_eq!(persona(&[], &[]).facts(RuleId::Broader), NONE);
}

#[test]
fn the_entrys_own_finding_stands_beside_that_of_its_persona() {
    let mut case = persona(&[allow(json!(["sqs:SendMessage", "sns:Publish"]))], &[]);
    case.manifest = case.manifest.replace("allow = \"all.json\"", "allow = \"send.json\"");
    let case = case.document("send.json", &[allow(json!("sqs:SendMessage"))]);
    let mut found = case.facts(RuleId::Broader);
    found.sort();
    assert_eq!(found, ["op 1/0 sns:Publish", "op 2/0 sns:Publish"]);
}

/// An operator that is asked about agents, with other lines in its entry.
fn operator(statements: &[Value], lines: &str, more: &str) -> Vec<String> {
    let manifest = entry("op", "operator", &format!("allow = \"all.json\"\n{lines}")) + more;
    Case::new(&[role("op", statements)], &manifest).facts(RuleId::Unguarded)
}

const COULD: &str = "op 1/1 sqs:DeleteQueue";

#[test]
fn an_operator_whose_credentials_destroy_is_found() {
    let destroy = || allow(json!(["sqs:DeleteQueue", "sqs:SendMessage"]));
    assert_eq!(operator(&[destroy()], "", ""), [COULD]);
    let case = Case::new(&[role("op", &[destroy()])], &entry("op", "operator", "allow = \"all.json\""));
    let finding = &case.findings(RuleId::Unguarded)[0];
    assert_eq!((finding.severity, finding.action_count), (Severity::Medium, 1));
    insta::assert_snapshot!("an_operator_whose_credentials_destroy", case.texts(RuleId::Unguarded));
    let excess = &finding.excess[0];
    assert_eq!(excess.witness.context["aws:ViaAWSMCPService"], ["true"]);
    // AWS puts the server's name beside it: that of its own server is what people know, and goes without saying.
    assert_eq!(excess.witness.context["aws:CalledViaAWSMCP"], ["aws-mcp.amazonaws.com"]);
    assert_eq!(excess.cubes.len(), 1, "{:?}", excess.cubes);
    let via = excess.cubes[0].context.iter().find(|(key, _)| key == "aws:ViaAWSMCPService");
    assert!(via.unwrap().1.matches_any_of.contains(&vec!["true".to_owned()]), "{via:?}");
    // What only writes; nothing at all.
    assert_eq!(operator(&[allow(json!("sqs:SendMessage"))], "", ""), NONE);
    assert_eq!(operator(&[], "", ""), NONE);
    // Denied to agents, by either key.
    let deny = |condition: Value| statement("Deny", json!("*"), json!("*"), condition);
    assert_eq!(operator(&[destroy(), deny(through_mcp("true"))], "", ""), NONE);
    let any_server = json!({ "Null": { "aws:CalledViaAWSMCP": "false" } });
    assert_eq!(operator(&[destroy(), deny(any_server)], "", ""), NONE);
    let one_server = json!({ "StringEquals": { "aws:CalledViaAWSMCP": "aws-mcp.amazonaws.com" } });
    assert_eq!(operator(&[destroy(), deny(one_server.clone())], "", ""), [COULD]);
    let other =
        Case::new(&[role("op", &[destroy(), deny(one_server)])], &entry("op", "operator", "allow = \"all.json\""));
    let other = &other.findings(RuleId::Unguarded)[0].excess[0];
    assert_ne!(other.witness.context["aws:CalledViaAWSMCP"], ["aws-mcp.amazonaws.com"]);
    let server = other.cubes.iter().flat_map(|cube| &cube.context).find(|(key, _)| key == "aws:CalledViaAWSMCP");
    assert_eq!(server.unwrap().1.matches_none_of, ["aws-mcp.amazonaws.com"]);
    // The statement that is shown ends it.
    let text = iamdrift::report::text::render_remediation(&finding.remediations[0]).snippet.unwrap();
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(operator(&[destroy(), shown["Statement"][0].clone()], "", ""), NONE);
}

#[test]
fn a_guard_or_a_persona_stands_between() {
    let destroy = || allow(json!("sqs:DeleteQueue"));
    let guard = |actions: &str, unless: &str| {
        format!("[[guard]]\nname = \"g\"\nactions = \"{actions}\"\nunless = {unless}\nseverity = \"high\"\n")
    };
    let approval = "{ StringLike = { \"aws:PrincipalTag/approval\" = \"*\" } }";
    // Whether the guard holds is its own finding.
    let manifest =
        entry("op", "operator", "allow = \"all.json\"\nguards = \"g\"") + &guard("class:destructive", approval);
    let case = Case::new(&[role("op", &[destroy()])], &manifest);
    assert_eq!(case.facts(RuleId::Unguarded), [COULD]);
    let witness = &case.findings(RuleId::Unguarded)[0].excess[0].witness;
    assert!(!witness.context.contains_key("aws:ViaAWSMCPService"), "{witness:?}");
    let provider = json!({ "Federated": arn("saml-provider/corp") });
    let approved = json!({ "StringLike": { "aws:PrincipalTag/approval": "*" } });
    let approved = statement("Allow", json!("sqs:DeleteQueue"), json!("*"), approved);
    let held =
        trusting(role("op", &[approved]), &[lets(provider, json!(["sts:AssumeRoleWithSAML", "sts:TagSession"]))]);
    assert_eq!(Case::new(&[held], &manifest).facts(RuleId::Unguarded), NONE);
    // One over other actions, or that a session hands to its agent, does not.
    assert_eq!(operator(&[destroy()], "guards = \"g\"", &guard("sns:*", approval)), [COULD]);
    let tls = "{ Bool = { \"aws:SecureTransport\" = \"true\" } }";
    let with_tls = json!({ "Bool": { "aws:SecureTransport": "true" } });
    let with_tls = statement("Allow", json!("sqs:DeleteQueue"), json!("*"), with_tls);
    assert_eq!(operator(&[with_tls], "guards = \"g\"", &guard("class:destructive", tls)), [COULD]);
    // A persona of an agent decides instead.
    assert_eq!(persona(&[destroy()], &[destroy()]).facts(RuleId::Unguarded), NONE);
}

/// A guard that lets agents' requests through, or that holds without anything, is none against agents.
#[test]
fn what_lets_agents_through_does_not_stand_between() {
    let of = |condition: Value, unless: &str| {
        let guard = format!(
            "[[guard]]\nname = \"g\"\nactions = \"class:destructive\"\nunless = {unless}\nseverity = \"high\"\n"
        );
        let destroy = statement("Allow", json!("sqs:DeleteQueue"), json!("*"), condition);
        operator(&[destroy], "guards = \"g\"", &guard)
    };
    let through = json!({ "Bool": { "aws:ViaAWSMCPService": "true" } });
    assert_eq!(of(through, "{ Bool = { \"aws:ViaAWSMCPService\" = \"true\" } }"), [COULD]);
    let another = json!({ "StringNotEquals": { "aws:CalledViaAWSMCP": "eks-mcp.amazonaws.com" } });
    assert_eq!(of(another, "{ StringNotEquals = { \"aws:CalledViaAWSMCP\" = \"eks-mcp.amazonaws.com\" } }"), [COULD]);
    let free = json!({ "StringNotEquals": { "aws:SourceIdentity": "x" } });
    assert_eq!(of(free, "{ StringNotEquals = { \"aws:SourceIdentity\" = \"x\" } }"), [COULD]);
    // These do: nothing comes through.
    for condition in [
        json!({ "BoolIfExists": { "aws:ViaAWSMCPService": "false" } }),
        json!({ "Null": { "aws:CalledViaAWSMCP": "true" } }),
    ] {
        let unless = toml::Value::try_from(&condition).unwrap().to_string();
        assert_eq!(of(condition, &unless), NONE);
    }
}

/// A persona decides over the requests that it speaks of, and no others.
#[test]
fn what_no_persona_speaks_of_is_asked_for() {
    let of = |whens: &[&str], statements: &[Value]| {
        let personas: Vec<String> = whens
            .iter()
            .enumerate()
            .map(|(at, when)| format!("[[persona]]\nname = \"p{at}\"\nof = \"op\"\nwhen = {when}\nkind = \"agent\"\nallow = \"all.json\"\n"))
            .collect();
        operator(statements, "", &personas.concat())
    };
    let destroy = allow(json!("sqs:DeleteQueue"));
    let all = "{ Bool = { \"aws:ViaAWSMCPService\" = \"true\" } }";
    let one = "{ StringEquals = { \"aws:CalledViaAWSMCP\" = \"eks-mcp.amazonaws.com\" } }";
    let others = "{ StringNotEquals = { \"aws:CalledViaAWSMCP\" = \"eks-mcp.amazonaws.com\" } }";
    let here = "{ StringEquals = { \"aws:RequestedRegion\" = \"eu-central-1\" } }";
    let destroy = std::slice::from_ref(&destroy);
    assert_eq!(of(&[all], destroy), NONE);
    assert_eq!(of(&[one], destroy), [COULD]);
    assert_eq!(of(&[one, others], destroy), NONE);
    assert_eq!(of(&[here], destroy), [COULD]);
    // No other server's requests are allowed.
    let by_one = json!({ "StringEquals": { "aws:CalledViaAWSMCP": "eks-mcp.amazonaws.com" } });
    assert_eq!(of(&[one], &[statement("Allow", json!("sqs:DeleteQueue"), json!("*"), by_one)]), NONE);
}

#[test]
fn it_is_asked_of_operators_and_can_be_turned_off() {
    let destroy = || allow(json!("sqs:DeleteQueue"));
    for kind in ["agent", "workload", "break-glass"] {
        let case = Case::new(&[role("op", &[destroy()])], &entry("op", kind, "allow = \"all.json\""));
        assert_eq!(case.facts(RuleId::Unguarded), NONE, "{kind}");
    }
    assert_eq!(operator(&[destroy()], "", "[settings]\nthrough_agents = false\n"), NONE);
    // Undeclared people, as hints have it.
    let people = lets(json!({ "Federated": arn("saml-provider/corp") }), json!("sts:AssumeRoleWithSAML"));
    let case = Case::new(&[trusting(role("op", &[destroy()]), &[people]), role("x", &[destroy()])], "");
    assert_eq!(case.facts(RuleId::Unguarded), [COULD]);
}

/// An entry for the roles `op-…`, and what is declared of them.
fn operators(roles: &[Value], lines: &str, more: &str) -> Case {
    let entry = "[[principal]]\nname = \"on call\"\nmatch = \"arn:*:iam::*:role/op-*\"\nkind = \"operator\"\n\
                 assumable_by = \"444455556666\"\n";
    Case::new(roles, &format!("{entry}{lines}\n{more}"))
}

const ALL: &str = "allow = \"all.json\"";

#[test]
fn operators_of_one_entry_have_one_finding() {
    let roles = [
        role("op-a", &[allow(json!("sqs:DeleteQueue"))]),
        role("op-b", &[allow(json!(["sqs:DeleteQueue", "sns:DeleteTopic"]))]),
        role("op-c", &[allow(json!("sqs:SendMessage"))]),
    ];
    let case = operators(&roles, ALL, "");
    let audit = case.audit();
    let [finding] = audit.findings.as_slice() else { panic!("{:?}", audit.findings) };
    assert_eq!(finding.key, "iam004/entry/on%20call:agents");
    assert_eq!((finding.entry.as_deref(), &finding.principal), (Some("on call"), &None));
    // The worst is first. Its access is shown.
    let arns: Vec<&str> = finding.principals.iter().map(|principal| principal.arn.as_str()).collect();
    assert_eq!(arns, [arn("role/op-b"), arn("role/op-a")]);
    assert_eq!((finding.action_count, finding.destructive_count, finding.excess.len()), (2, 2, 1));
    assert_eq!(finding.excess[0].action_count, 2);
    insta::assert_snapshot!("operators_of_one_entry", case.texts(RuleId::Unguarded));
    // Each of them violates a requirement.
    use iamdrift::audit::PrincipalStatus::{AsDeclared, RequirementViolated};
    let statuses: Vec<_> = audit.principals.iter().map(|principal| principal.status).collect();
    assert_eq!(statuses, [RequirementViolated, RequirementViolated, AsDeclared]);
    // One of them alone, and other contents.
    let one = operators(&roles, ALL, "").only("op-a").audit();
    let of_one = one.findings.iter().find(|finding| finding.rule == RuleId::Unguarded).unwrap();
    assert_eq!((&of_one.key, of_one.principals.len(), of_one.action_count), (&finding.key, 1, 1));
    assert_ne!(of_one.fingerprint, finding.fingerprint);
    // The policy that is shown ends it for all of them.
    let text = iamdrift::report::text::render_remediation(&finding.remediations[0]).snippet.unwrap();
    let shown: Value = serde_json::from_str(&text).unwrap();
    let denied = roles.map(|role| {
        let policy = json!({ "PolicyName": "no-agents", "PolicyDocument": shown });
        let mut policies = role["RolePolicyList"].as_array().unwrap().clone();
        policies.push(policy);
        super::with(role, "RolePolicyList", json!(policies))
    });
    assert_eq!(operators(&denied, ALL, "").facts(RuleId::Unguarded), NONE);
}

#[test]
fn the_default_question_ranks_below_what_is_declared() {
    let roles = [role("op-a", &[allow(json!(["sqs:DeleteQueue", "sns:DeleteTopic"]))])];
    let rank = |severity: &str| {
        let guard = format!(
            "[[guard]]\nname = \"g\"\nactions = \"sqs:DeleteQueue\"\nseverity = \"{severity}\"\n\
             unless = {{ StringLike = {{ \"aws:PrincipalTag/approval\" = \"*\" }} }}\n"
        );
        let findings = operators(&roles, &format!("{ALL}\nguards = \"g\""), &guard).findings(RuleId::Unguarded);
        let severity_of = |is_default: bool| {
            findings.iter().find(|finding| finding.principals.is_empty() != is_default).map(|f| f.severity)
        };
        (severity_of(false).unwrap(), severity_of(true).unwrap())
    };
    assert_eq!(rank("critical"), (Severity::Critical, Severity::Medium));
    assert_eq!(rank("high"), (Severity::High, Severity::Medium));
    assert_eq!(rank("medium"), (Severity::Medium, Severity::Low));
    assert_eq!(rank("low"), (Severity::Low, Severity::Low));
}

/// The `[[persona]]` that a finding offers.
fn offered_persona(case: &Case) -> Option<String> {
    let findings = case.findings(RuleId::Unguarded);
    let rendered = findings[0].remediations.iter().map(iamdrift::report::text::render_remediation);
    rendered.filter_map(|remediation| remediation.snippet).find(|snippet| snippet.starts_with("[[persona]]"))
}

#[test]
fn a_persona_is_offered_if_copying_it_reports_nothing_new() {
    let destroy = role("op-a", &[allow(json!("sqs:DeleteQueue"))]);
    let lines = "allow = [\"queues.json\"]\nlevels = { sns = [\"List\", \"Permissions management\"] }\nresources = \"arn:aws:sns:*\"";
    let declare = |roles: &[Value], more: &str| {
        operators(roles, lines, more).document("queues.json", &[allow(json!(["sqs:DeleteQueue", "sqs:SendMessage"]))])
    };
    let block = offered_persona(&declare(std::slice::from_ref(&destroy), "")).unwrap();
    insta::assert_snapshot!("a_persona_with_the_ceiling_of_its_entry", block);
    let findings = declare(std::slice::from_ref(&destroy), &block).audit().findings;
    assert!(findings.is_empty(), "{findings:?}");
    // Another persona has its name already.
    let named = "[[persona]]\nname = \"on call, through an agent\"\nof = \"on call\"\nkind = \"operator\"\n\
                 when = { Bool = { \"aws:SecureTransport\" = \"false\" } }\nallow = \"all.json\"\n";
    let second = offered_persona(&declare(std::slice::from_ref(&destroy), named)).unwrap();
    let findings = declare(std::slice::from_ref(&destroy), &format!("{named}{second}")).audit().findings;
    assert!(findings.is_empty(), "{findings:?}");
    // A principal of the entry exceeds the ceiling, even if it can destroy nothing, or is not examined.
    let broader = role("op-b", &[allow(json!("sns:Publish"))]);
    assert_eq!(offered_persona(&declare(&[destroy.clone(), broader.clone()], "")), None);
    assert_eq!(offered_persona(&declare(&[destroy, broader], "").only("op-a")), None);
}
