//! IAM003: what `narrower_than` asks for, and what is found without it.

use iamdrift::audit::{AuditOptions, MismatchReason, RuleId, Severity, Title};
use serde_json::{Value, json};

use super::{Case, allow, arn, bounded, entry, lets, managed, role, statement, tagged, trusting, user, with};

/// An agent and its operator, whose ceilings allow everything.
fn pair(agent: Value, operator: Value) -> Case {
    let manifest = entry("op", "operator", "allow = \"all.json\"")
        + &entry("bot", "agent", "allow = \"all.json\"\nnarrower_than = \"op\"");
    Case::new(&[agent, operator], &manifest)
}

fn facts(agent: &[Value], operator: &[Value]) -> Vec<String> {
    pair(role("bot", agent), role("op", operator)).facts(RuleId::NotNarrower)
}

/// How an agent compares with an operator.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Compared {
    /// It has the same access.
    Equivalent,
    /// It has access that the operator lacks.
    Exceeds,
}

/// The only finding: how many actions, the operator that it names, and the comparison.
fn compared(case: &Case) -> Option<(usize, String, Compared)> {
    let findings = case.findings(RuleId::NotNarrower);
    let [finding] = findings.as_slice() else {
        assert!(findings.is_empty(), "{findings:?}");
        return None;
    };
    let (operator, compared) = match &finding.title {
        Title::SameAsDeclaredOperator { operator, .. } => (operator, Compared::Equivalent),
        Title::ExceedsOperator { operator, .. } => (operator, Compared::Exceeds),
        other => panic!("{other:?}"),
    };
    Some((finding.action_count, operator.rsplit(':').next().unwrap().to_owned(), compared))
}

/// What is expected of [`compared`].
fn is(count: usize, operator: &str, compared: Compared) -> Option<(usize, String, Compared)> {
    Some((count, operator.to_owned(), compared))
}

#[test]
fn the_same_access_is_not_narrower_however_it_is_written() {
    let whole = allow(json!(["sqs:SendMessage", "sqs:DeleteQueue"]));
    let parts = [allow(json!("sqs:SendMessage")), allow(json!("SQS:deletequeue"))];
    let expected = "bot 2/1 sqs:DeleteQueue sqs:SendMessage";
    assert_eq!(facts(&parts, std::slice::from_ref(&whole)), [expected]);
    let case = pair(role("bot", &parts), role("op", &[whole]));
    let finding = &case.findings(RuleId::NotNarrower)[0];
    assert_eq!(finding.severity, Severity::Critical, "it destroys, one step up for an agent");
    assert_eq!(finding.excess.len(), 2);
    assert_eq!(finding.excess[0].witness.action, "sqs:DeleteQueue");
    assert_eq!(finding.excess[0].granted_by.policy, "inline");
    assert!(finding.excess.iter().all(|excess| excess.expected.is_none()), "the operator lacks nothing of it");
    insta::assert_snapshot!("an_agent_that_is_the_same_as_its_operator", case.texts(RuleId::NotNarrower));
    // Programs of an account that nobody declared can assume it, which is worse.
    assert_eq!(case.audit().principals[0].status, iamdrift::audit::PrincipalStatus::UndeclaredTrust);
}

#[test]
fn less_is_narrower_in_actions_resources_and_conditions() {
    let send = || allow(json!("sqs:SendMessage"));
    let none: Vec<String> = Vec::new();
    assert_eq!(facts(&[send()], &[allow(json!(["sqs:SendMessage", "sqs:ReceiveMessage"]))]), none);
    let on_one = statement("Allow", json!("sqs:SendMessage"), json!("arn:aws:sqs:*:*:one"), json!({}));
    assert_eq!(facts(&[on_one], &[send()]), none);
    let with_mfa = json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
    let with_mfa = statement("Allow", json!("sqs:SendMessage"), json!("*"), with_mfa);
    assert_eq!(facts(std::slice::from_ref(&with_mfa), &[send()]), none);
    assert_eq!(facts(&[], &[send()]), none);
    // The other way round each is more than the operator may.
    let beyond = "bot 1/0 sqs:SendMessage";
    assert_eq!(facts(&[send()], &[with_mfa]), [beyond]);
    assert_eq!(facts(&[send()], &[]), [beyond]);
}

#[test]
fn what_the_operator_may_not_is_told_with_its_nearest_statement() {
    let operator = statement("Allow", json!("sqs:SendMessage"), json!("arn:aws:sqs:*:*:one"), json!({}));
    let case = pair(role("bot", &[allow(json!("sqs:SendMessage"))]), role("op", &[operator]));
    let finding = &case.findings(RuleId::NotNarrower)[0];
    let excess = &finding.excess[0];
    assert!(!excess.witness.resource.ends_with(":one"), "{:?}", excess.witness);
    let expected = excess.expected.as_ref().unwrap();
    assert_eq!(expected.statement, 0);
    assert!(matches!(expected.why, MismatchReason::ResourceNotListed { .. }), "{:?}", expected.why);
    let text =
        format!("{}nearest: {}", case.texts(RuleId::NotNarrower), iamdrift::report::text::render_nearest(expected));
    insta::assert_snapshot!("an_agent_beyond_its_operator", text);
}

/// Each is asked with its own ARN, name and tags.
#[test]
fn what_tells_principals_apart_is_each_ones_own() {
    let only = |names: Value| {
        statement("Allow", json!("sqs:SendMessage"), json!("*"), json!({ "ArnEquals": { "aws:PrincipalArn": names } }))
    };
    let shared = |one: &Value| {
        let case = pair(role("bot", std::slice::from_ref(one)), role("op", std::slice::from_ref(one)));
        compared(&case)
    };
    let both = only(json!([arn("role/bot"), arn("role/op")]));
    let (same, beyond) = (is(1, "role/op", Compared::Equivalent), is(1, "role/op", Compared::Exceeds));
    assert_eq!(shared(&both), same);
    let operators = only(json!(arn("role/op")));
    assert_eq!(shared(&operators), None);
    let agents = only(json!(arn("role/bot")));
    assert_eq!(shared(&agents), beyond);

    // A variable is the principal's own tag; the trust of these roles lets no session bring another.
    let queue = json!("arn:aws:sqs:*:*:${aws:PrincipalTag/team}");
    let own_queue = statement("Allow", json!("sqs:SendMessage"), queue, json!({}));
    let of_teams = |agent: &str, operator: &str| {
        let one = |name: &str, team: &str| tagged(role(name, std::slice::from_ref(&own_queue)), "team", team);
        compared(&pair(one("bot", agent), one("op", operator)))
    };
    assert_eq!(of_teams("a", "a"), same);
    assert_eq!(of_teams("a", "b"), beyond);

    // A user has a name, a role has none.
    let home = json!("arn:aws:s3:::home/${aws:username}/*");
    let home = || statement("Allow", json!("s3:GetObject"), home.clone(), json!({}));
    let case =
        pair(role("bot", &[home()]), role("other", &[])).users(&[user("op", &[home(), allow(json!("s3:PutObject"))])]);
    assert_eq!(compared(&case), None);
}

#[test]
fn every_layer_counts() {
    let send = || allow(json!(["sqs:SendMessage", "sqs:ReceiveMessage"]));
    let policies = [managed("limit", &[allow(json!("sqs:SendMessage"))])];
    let case = pair(bounded(role("bot", &[send()]), "limit"), role("op", &[send()])).policies(&policies);
    assert!(case.facts(RuleId::NotNarrower).is_empty(), "the boundary makes it narrower");
    let case = pair(role("bot", &[send()]), bounded(role("op", &[send()]), "limit")).policies(&policies);
    assert_eq!(compared(&case), is(1, "role/op", Compared::Exceeds));
    let deny = statement("Deny", json!("sqs:ReceiveMessage"), json!("*"), json!({}));
    assert!(facts(&[send(), deny], &[send()]).is_empty());
}

/// What destroys may be shared only where the ceiling has it.
#[test]
fn destruction_is_shared_only_where_that_is_declared() {
    let manifest = |agent: &str| {
        entry("op", "operator", "allow = \"all.json\"")
            + &entry("bot", "agent", &format!("allow = \"{agent}\"\nnarrower_than = \"op\""))
    };
    let roles =
        [role("bot", &[allow(json!(["sqs:SendMessage", "sqs:DeleteQueue"]))]), role("op", &[allow(json!("sqs:*"))])];
    let case = Case::new(&roles, &manifest("send.json")).document("send.json", &[allow(json!("sqs:SendMessage"))]);
    assert_eq!(case.facts(RuleId::NotNarrower), ["bot 1/1 sqs:DeleteQueue"]);
    let expected = case.findings(RuleId::NotNarrower)[0].excess[0].expected.clone().unwrap();
    assert_eq!((expected.document.as_str(), expected.why), ("send.json", MismatchReason::ActionNotListed));
    insta::assert_snapshot!("destruction_that_an_agent_shares_with_its_operator", case.texts(RuleId::NotNarrower));
    assert!(Case::new(&roles, &manifest("all.json")).facts(RuleId::NotNarrower).is_empty());
}

#[test]
fn several_operators_of_one_entry() {
    let manifest =
        "[[principal]]\nname = \"ops\"\nmatch = \"arn:*:iam::*:*/op-*\"\nkind = \"operator\"\nallow = \"all.json\"\n"
            .to_owned()
            + &entry("bot", "agent", "allow = \"all.json\"\nnarrower_than = \"ops\"");
    let case = |agent: &str, one: &str, two: &str| {
        let of = |name: &str, actions: &str| role(name, &[allow(json!(actions.split(' ').collect::<Vec<_>>()))]);
        compared(&Case::new(&[of("bot", agent), of("op-1", one), of("op-2", two)], &manifest))
    };
    let (a, b, c) = ("sqs:SendMessage", "sns:Publish", "ses:SendEmail");
    // Within one of them is enough; the same as one is too much.
    assert_eq!(case(a, &format!("{a} {b}"), c), None);
    assert_eq!(case(a, &format!("{a} {b}"), a), is(1, "role/op-2", Compared::Equivalent));
    // What is told is what the nearest of them may not.
    assert_eq!(case(&format!("{a} {b}"), a, c), is(1, "role/op-1", Compared::Exceeds));
}

#[test]
fn nobody_to_be_narrower_than_is_no_proof() {
    let manifest =
        entry("gone", "operator", "allow = []") + &entry("bot", "agent", "allow = []\nnarrower_than = \"gone\"");
    let case = Case::new(&[role("bot", &[])], &manifest);
    assert_eq!(case.facts(RuleId::Undecided), ["bot 0/0"]);
    let mut text = case.texts(RuleId::Undecided);
    // A document that is missing on the operator's side leaves it open, too.
    let send = || allow(json!("sqs:SendMessage"));
    let lost = json!([{ "PolicyName": "lost", "PolicyArn": arn("policy/lost") }]);
    let case = pair(role("bot", &[send()]), with(role("op", &[]), "AttachedManagedPolicies", lost));
    assert!(case.facts(RuleId::NotNarrower).is_empty());
    assert_eq!(case.facts(RuleId::Undecided), ["bot 0/0", "op 0/0"]);
    text += &case.texts(RuleId::Undecided);
    insta::assert_snapshot!("a_comparison_that_is_undecided", text);
}

#[test]
fn an_agent_that_is_the_same_as_an_operator_is_found_without_a_declaration() {
    let read = || allow(json!("sqs:ReceiveMessage"));
    let agent = || tagged(role("x", &[read()]), "agent", "kiro");
    let people = json!({ "Federated": arn("saml-provider/corp") });
    let operator = |name: &str, statements: &[Value]| {
        trusting(role(name, statements), &[lets(people.clone(), json!("sts:AssumeRoleWithSAML"))])
    };
    let expected = "x 1/0 sqs:ReceiveMessage";
    let case = Case::new(&[agent(), operator("y", &[read()])], "");
    assert_eq!(case.facts(RuleId::NotNarrower), [expected]);
    insta::assert_snapshot!("an_agent_that_is_the_same_as_some_operator", case.texts(RuleId::NotNarrower));
    let finding = &case.findings(RuleId::NotNarrower)[0];
    assert_eq!(finding.severity, Severity::High, "messages are data: medium, one step up for an agent");
    // Also where only the agent is asked for, and where the operator is declared.
    assert_eq!(Case::new(&[agent(), operator("y", &[read()])], "").only("x").facts(RuleId::NotNarrower), [expected]);
    let declared = entry("y", "operator", "allow = \"all.json\"");
    assert_eq!(Case::new(&[agent(), role("y", &[read()])], &declared).facts(RuleId::NotNarrower), [expected]);
    // Not the same; no operator; two agents; nobody may do anything.
    assert!(Case::new(&[agent(), operator("y", &[allow(json!("sqs:*"))])], "").facts(RuleId::NotNarrower).is_empty());
    assert!(Case::new(&[agent(), role("y", &[read()])], "").facts(RuleId::NotNarrower).is_empty());
    let other = tagged(role("y", &[read()]), "agent", "kiro");
    assert!(Case::new(&[agent(), other], "").facts(RuleId::NotNarrower).is_empty());
    let idle = tagged(role("x", &[]), "agent", "kiro");
    assert!(Case::new(&[idle, operator("y", &[])], "").facts(RuleId::NotNarrower).is_empty());
    // Hints of agents that are turned off find nobody.
    let off = "[settings]\nagent_hints = false\n";
    assert!(Case::new(&[agent(), operator("y", &[read()])], off).facts(RuleId::NotNarrower).is_empty());
}

#[test]
fn people_and_agents_that_share_a_role_are_found() {
    let saml = || lets(json!({ "Federated": arn("saml-provider/corp") }), json!("sts:AssumeRoleWithSAML"));
    let agents = || lets(json!({ "Service": "bedrock-agentcore.amazonaws.com" }), json!("sts:AssumeRole"));
    let programs = || lets(json!({ "Service": "lambda.amazonaws.com" }), json!("sts:AssumeRole"));
    let shared = |ways: &[Value]| Case::new(&[trusting(role("x", &[allow(json!("sqs:SendMessage"))]), ways)], "");
    let facts = |ways: &[Value]| shared(ways).facts(RuleId::NotNarrower);
    let expected = "x 1/0 sqs:SendMessage";
    assert_eq!(facts(&[saml(), agents()]), [expected]);
    insta::assert_snapshot!("a_role_of_people_and_agents", shared(&[saml(), agents()]).texts(RuleId::NotNarrower));
    assert!(facts(&[saml(), programs()]).is_empty());
    assert!(facts(&[agents(), programs()]).is_empty());
    assert!(facts(&[saml()]).is_empty());
    // By what the snapshot says of those who are named; an agent's session name makes a way in the agents'.
    let named = |condition: Value| {
        let mut way = lets(json!({ "AWS": arn("role/people") }), json!("sts:AssumeRole"));
        way["Condition"] = condition;
        let role_x = trusting(role("x", &[allow(json!("sqs:SendMessage"))]), &[agents(), way]);
        Case::new(&[role_x, trusting(role("people", &[]), &[saml()])], "").facts(RuleId::NotNarrower)
    };
    assert_eq!(named(json!({})), [expected]);
    assert!(named(json!({ "StringLike": { "sts:RoleSessionName": "kiro-*" } })).is_empty());
    assert!(named(json!({ "StringLike": { "sts:RoleSessionName": "anna-*" } })) == [expected]);
}

/// Trust in an account leaves it to the account's own policies: both of them decide.
#[test]
fn people_and_agents_of_a_trusted_account_share_a_role() {
    let root = || lets(json!({ "AWS": arn("root") }), json!("sts:AssumeRole"));
    let on = |resource: &str| statement("Allow", json!("sts:AssumeRole"), json!(resource), json!({}));
    let may = || on(&arn("role/x"));
    let agent = |statements: &[Value]| tagged(role("a", statements), "agent", "kiro");
    let people = |statements: &[Value]| {
        let saml = lets(json!({ "Federated": arn("saml-provider/corp") }), json!("sts:AssumeRoleWithSAML"));
        trusting(role("p", statements), &[saml])
    };
    let of = |ways: &[Value], a: Value, p: Value| {
        let x = trusting(role("x", &[allow(json!("sqs:SendMessage"))]), ways);
        let facts = Case::new(&[x, a, p], "").facts(RuleId::NotNarrower);
        facts.into_iter().filter(|fact| fact.starts_with("x ")).collect::<Vec<_>>()
    };
    let shared = ["x 1/0 sqs:SendMessage"];
    let none: Vec<String> = Vec::new();
    assert_eq!(of(&[root()], agent(&[may()]), people(&[may()])), shared);
    assert_eq!(of(&[root()], agent(&[on("*")]), people(&[on(&arn("role/x*"))])), shared);
    assert_eq!(of(&[root()], agent(&[may()]), people(&[])), none);
    assert_eq!(of(&[root()], agent(&[]), people(&[may()])), none);
    assert_eq!(of(&[root()], agent(&[may()]), people(&[on(&arn("role/y"))])), none);
    let deny = statement("Deny", json!("sts:*"), json!("*"), json!({}));
    assert_eq!(of(&[root()], agent(&[may(), deny.clone()]), people(&[may()])), none);
    // Administrators may assume every role that trusts their account.
    assert_eq!(of(&[root()], agent(&[may()]), people(&[allow(json!("*"))])), none);
    // Whom the trust policy names may be denied it, there or at home.
    let both = || lets(json!({ "AWS": [arn("role/a"), arn("role/p")] }), json!("sts:AssumeRole"));
    assert_eq!(of(&[both()], agent(&[]), people(&[])), shared);
    let denied = with(lets(json!({ "AWS": arn("role/a") }), json!("sts:AssumeRole")), "Effect", json!("Deny"));
    assert_eq!(of(&[both(), denied], agent(&[]), people(&[])), none);
    assert_eq!(of(&[both()], agent(&[deny]), people(&[])), none);
}

#[test]
fn the_fingerprint_stays_while_nothing_changes() {
    let send = || allow(json!("sqs:SendMessage"));
    let case = pair(role("bot", &[send()]), role("op", &[send()]));
    let fingerprint = case.findings(RuleId::NotNarrower)[0].fingerprint.clone();
    let again = pair(
        role("bot", &[send()]),
        role("op", &[statement("Allow", json!("SQS:SendMessage"), json!(["*"]), json!({}))]),
    );
    assert_eq!(again.findings(RuleId::NotNarrower)[0].fingerprint, fingerprint);
    // A rule that is not asked for asks nothing.
    let mut other = pair(role("bot", &[send()]), role("op", &[send()]));
    other.options = AuditOptions { rules: vec![RuleId::Broader], ..other.options };
    assert!(other.audit().findings.is_empty());
}
