//! IAM004: guards that hold, that do not, and that mean nothing; those that are shipped.

use iamdrift::audit::{RuleId, Severity, Status};
use serde_json::{Value, json};

use super::{Case, allow, arn, bounded, entry, lets, managed, role, statement, tagged, trusting, user, with};

const SECOND_PERSON: &str = "unless = { StringLike = { \"aws:PrincipalTag/change-approval\" = \"CHG-*\" } }";
const NONE: [&str; 0] = [];

/// A guard over some actions, and an entry for the principal `bot` that names it.
fn guarded(actions: &str, unless: &str) -> String {
    entry("bot", "workload", "allow = \"all.json\"\nguards = \"g\"")
        + &format!("[[guard]]\nname = \"g\"\nactions = {actions}\n{unless}\nseverity = \"high\"\n")
}

/// A role of whose sessions nothing is fixed: an identity provider brings tags.
fn federated(statements: &[Value]) -> Value {
    let provider = json!({ "Federated": arn("saml-provider/corp") });
    trusting(role("bot", statements), &[lets(provider, json!(["sts:AssumeRoleWithSAML", "sts:TagSession"]))])
}

fn titles(principal: Value, actions: &str, unless: &str) -> Vec<String> {
    Case::new(&[principal], &guarded(actions, unless)).titles(RuleId::Unguarded)
}

fn under(condition: Value) -> Value {
    statement("Allow", json!("sqs:DeleteQueue"), json!("*"), condition)
}

fn denied(condition: Value) -> Value {
    statement("Deny", json!("sqs:DeleteQueue"), json!("*"), condition)
}

#[test]
fn a_guard_that_does_not_hold_is_proven_by_a_request() {
    let case = Case::new(&[federated(&[allow(json!("sqs:*"))])], &guarded("[\"class:destructive\"]", SECOND_PERSON));
    let findings = case.findings(RuleId::Unguarded);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert!(finding.title.starts_with("\"g\" does not hold: "), "{}", finding.title);
    assert!(finding.title.ends_with("are allowed without aws:PrincipalTag/change-approval"), "{}", finding.title);
    assert_eq!(finding.severity, Severity::High, "as the guard says");
    assert_eq!(finding.action_count, finding.destructive_count);
    let excess = &finding.excess[0];
    assert_eq!(excess.granted_by.policy, "inline");
    assert!(!excess.witness.context.contains_key("aws:PrincipalTag/change-approval"), "{:?}", excess.witness);
    let expected = excess.expected.as_ref().unwrap();
    assert_eq!((expected.document.as_str(), expected.place.file.as_str()), ("the guard \"g\"", "baseline.toml"));
    assert_eq!(expected.place.line, 11, "where the condition stands");
    let audit = case.audit();
    assert_eq!(audit.principals[0].status, Status::DutyBroken);
}

#[test]
fn a_guard_holds_by_allow_conditions_and_by_denies() {
    let approved = json!({ "StringLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
    let stricter = json!({ "StringEquals": { "aws:PrincipalTag/change-approval": ["CHG-1", "CHG-2"] } });
    let other = json!({ "StringLike": { "aws:PrincipalTag/change-approval": "*" } });
    let not = json!({ "StringNotLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
    let one = |statements: &[Value]| titles(federated(statements), "\"sqs:DeleteQueue\"", SECOND_PERSON);
    let fails =
        ["bot: \"g\" does not hold: 1 action, a destructive one, is allowed without aws:PrincipalTag/change-approval"];
    assert_eq!(one(&[under(json!({}))]), fails);
    assert_eq!(one(&[under(approved.clone())]), NONE);
    assert_eq!(one(&[under(stricter)]), NONE);
    assert_eq!(one(&[under(other)]), fails);
    assert_eq!(one(&[under(json!({})), denied(not.clone())]), NONE);
    // A Deny that a missing tag does not meet.
    let present = json!({ "StringNotLikeIfExists": { "aws:PrincipalTag/change-approval": "CHG-*" }, "Null": { "aws:PrincipalTag/change-approval": "false" } });
    assert_eq!(one(&[under(json!({})), denied(present)]), fails);
    // Actions of which the guard does not speak; none at all.
    assert_eq!(one(&[allow(json!("sqs:SendMessage"))]), NONE);
    assert_eq!(one(&[]), NONE);
    // The boundary has the Deny.
    let case =
        Case::new(&[bounded(federated(&[under(json!({}))]), "limit")], &guarded("\"sqs:DeleteQueue\"", SECOND_PERSON));
    let case = case.policies(&[managed("limit", &[allow(json!("*")), denied(not)])]);
    assert_eq!(case.titles(RuleId::Unguarded), NONE);
}

/// A missing key makes `Bool` false: a Deny on `false` alone leaves those without the key.
#[test]
fn mfa_is_asked_as_iam_reads_it() {
    let mfa = "unless = { Bool = { \"aws:MultiFactorAuthPresent\" = \"true\" } }";
    let one = |operator: &str| {
        let deny = denied(json!({ operator: { "aws:MultiFactorAuthPresent": "false" } }));
        titles(role("bot", &[under(json!({})), deny]), "\"sqs:DeleteQueue\"", mfa)
    };
    assert_eq!(one("BoolIfExists"), NONE);
    let fails =
        ["bot: \"g\" does not hold: 1 action, a destructive one, is allowed without aws:MultiFactorAuthPresent"];
    assert_eq!(one("Bool"), fails);
}

#[test]
fn all_of_unless_must_hold() {
    let both = "unless = { Bool = { \"aws:MultiFactorAuthPresent\" = \"true\" }, StringEquals = { \"aws:RequestedRegion\" = \"eu-central-1\" } }";
    let one = |condition: Value| titles(role("bot", &[under(condition)]), "\"sqs:DeleteQueue\"", both);
    let (mfa, region) =
        (json!({ "aws:MultiFactorAuthPresent": "true" }), json!({ "aws:RequestedRegion": "eu-central-1" }));
    assert_eq!(one(json!({ "Bool": mfa, "StringEquals": region })), NONE);
    for half in [json!({ "Bool": mfa }), json!({ "StringEquals": region })] {
        let expected = "allowed without aws:MultiFactorAuthPresent and aws:RequestedRegion";
        assert!(one(half)[0].ends_with(expected));
    }
    // The ARN tells the region.
    let here = statement("Allow", json!("sqs:DeleteQueue"), json!("arn:aws:sqs:eu-central-1:*:*"), json!({}));
    let fence = "unless = { StringEquals = { \"aws:RequestedRegion\" = \"eu-central-1\" } }";
    assert_eq!(titles(role("bot", &[here]), "\"sqs:*\"", fence), NONE);
}

/// What the finding shows to copy is what makes the guard hold.
#[test]
fn the_statement_that_is_shown_makes_the_guard_hold() {
    for unless in [
        SECOND_PERSON,
        "unless = { Bool = { \"aws:MultiFactorAuthPresent\" = \"true\" } }",
        "unless = { BoolIfExists = { \"aws:ViaAWSMCPService\" = \"false\" } }",
        "unless = { StringNotEquals = { \"aws:PrincipalTag/frozen\" = \"yes\" } }",
        "unless = { StringEqualsIfExists = { \"aws:PrincipalTag/team\" = \"a\" } }",
        "unless = { Null = { \"aws:SourceIdentity\" = \"false\" } }",
        "unless = { NumericLessThan = { \"aws:MultiFactorAuthAge\" = \"900\" } }",
        "unless = { NumericLessThanIfExists = { \"aws:MultiFactorAuthAge\" = \"900\" } }",
        "unless = { IpAddress = { \"aws:SourceIp\" = \"198.51.100.0/24\" }, Bool = { \"aws:SecureTransport\" = \"true\" } }",
        "unless = { DateLessThan = { \"aws:CurrentTime\" = \"2026-12-01T00:00:00Z\" } }",
    ] {
        let principal = |more: &[Value]| federated(&[&[allow(json!(["sqs:*", "sns:*"]))], more].concat());
        let case = |more: &[Value]| Case::new(&[principal(more)], &guarded("\"class:destructive\"", unless));
        let advice = case(&[]).findings(RuleId::Unguarded)[0].advice[0].clone();
        let text = advice.split_once('\n').unwrap_or_else(|| panic!("{unless}: {advice}")).1;
        let document: Value = serde_json::from_str(text).unwrap();
        let denies = document["Statement"].as_array().unwrap();
        assert_eq!(case(denies).titles(RuleId::Unguarded), NONE, "{unless}: {text}");
        assert_eq!(case(denies).titles(RuleId::Undecided), NONE, "{unless}: {text}");
        // And takes away nothing that the guard lets through: the contrary denies nothing of what holds.
        let within = denies.iter().all(|deny| deny["Effect"] == "Deny" && deny["Resource"] == "*");
        assert!(within, "{text}");
    }
}

#[test]
fn a_guard_is_void_where_the_principal_tags_itself() {
    let approved = json!({ "StringLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
    let tags =
        |action: &str, resource: &str, condition: Value| statement("Allow", json!(action), json!(resource), condition);
    let own = arn("role/bot");
    let one = |more: Value| titles(federated(&[under(approved.clone()), more]), "\"sqs:DeleteQueue\"", SECOND_PERSON);
    let void = ["bot: \"g\" is void: it may set aws:PrincipalTag/change-approval itself (iam:TagRole)"];
    assert_eq!(one(tags("iam:TagRole", "*", json!({}))), void);
    assert_eq!(one(tags("iam:Tag*", &own, json!({}))), void);
    // Another role; another tag; another value; an action that tags none.
    assert_eq!(one(tags("iam:TagRole", &arn("role/other"), json!({}))), NONE);
    let others = json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "team" } });
    assert_eq!(one(tags("iam:TagRole", "*", others)), NONE);
    let value = |text: &str| json!({ "StringEquals": { "aws:RequestTag/change-approval": text } });
    assert_eq!(one(tags("iam:TagRole", "*", value("none"))), NONE);
    assert_eq!(one(tags("iam:TagRole", "*", value("CHG-7"))), void);
    assert_eq!(one(tags("iam:TagUser", "*", json!({}))), NONE);
    // A Deny on the tag's key must know it in any case: principals' tags do not differ by case.
    let deny = |operator: &str| {
        let keys = json!({ operator: { "aws:TagKeys": "change-approval" } });
        let deny = statement("Deny", json!("iam:TagRole"), json!("*"), keys);
        titles(
            federated(&[under(approved.clone()), allow(json!("iam:TagRole")), deny]),
            "\"sqs:DeleteQueue\"",
            SECOND_PERSON,
        )
    };
    assert_eq!(deny("ForAnyValue:StringEqualsIgnoreCase"), NONE);
    assert_eq!(deny("ForAnyValue:StringEquals"), void);
    // Who needs the approval to tag does not tag alone.
    assert_eq!(one(tags("iam:TagRole", "*", approved.clone())), NONE);
    // The proof is the request.
    let manifest = guarded("\"sqs:DeleteQueue\"", SECOND_PERSON);
    let case = Case::new(&[federated(&[under(approved.clone()), tags("iam:TagRole", "*", json!({}))])], &manifest);
    let finding = &case.findings(RuleId::Unguarded)[0];
    assert_eq!(finding.severity, Severity::High);
    let witness = &finding.excess[0].witness;
    assert_eq!((witness.action.as_str(), witness.resource.as_str()), ("iam:TagRole", own.as_str()));
    assert!(witness.context["aws:RequestTag/change-approval"][0].starts_with("CHG-"), "{witness:?}");
    // A user, whose own tags decide.
    let case = Case::new(&[], &manifest);
    let both = [under(approved.clone()), tags("iam:TagUser", "*", json!({}))];
    let expected = ["bot: \"g\" is void: it may set aws:PrincipalTag/change-approval itself (iam:TagUser)"];
    assert_eq!(case.users(&[user("bot", &both)]).titles(RuleId::Unguarded), expected);
}

#[test]
fn a_guard_that_asks_for_no_tag_is_void_where_the_tag_can_be_taken_off() {
    let frozen = "unless = { StringNotEquals = { \"aws:PrincipalTag/frozen\" = \"yes\" } }";
    let thawed = json!({ "StringNotEquals": { "aws:PrincipalTag/frozen": "yes" } });
    let one = |more: Value| {
        let principal = tagged(role("bot", &[under(thawed.clone()), more]), "frozen", "yes");
        titles(principal, "\"sqs:DeleteQueue\"", frozen)
    };
    let void = ["bot: \"g\" is void: it may take aws:PrincipalTag/frozen off itself (iam:UntagRole)"];
    assert_eq!(one(statement("Allow", json!("iam:UntagRole"), json!("*"), json!({}))), void);
    assert_eq!(one(statement("Allow", json!("iam:ListRoles"), json!("*"), json!({}))), NONE);
}

#[test]
fn a_guard_is_void_where_whoever_takes_the_role_on_brings_the_value() {
    let approved = json!({ "StringLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
    let identified = json!({ "StringLike": { "aws:SourceIdentity": "CHG-*" } });
    let source_identity = "unless = { StringLike = { \"aws:SourceIdentity\" = \"CHG-*\" } }";
    let way =
        |principal: Value, actions: Value, condition: Value| with(lets(principal, actions), "Condition", condition);
    let people = || json!({ "AWS": arn("role/people") });
    let broker = || json!({ "AWS": arn("role/broker") });
    let root = || json!({ "AWS": arn("root") });
    let manifest = |unless: &str| guarded("\"sqs:DeleteQueue\"", unless) + &entry("broker", "workload", "allow = []");
    let of = |condition: &Value, unless: &str, ways: &[Value]| {
        let roles =
            [trusting(role("bot", &[under(condition.clone())]), ways), role("people", &[]), role("broker", &[])];
        Case::new(&roles, &manifest(unless)).titles(RuleId::Unguarded)
    };
    let tagging = |ways: &[Value]| of(&approved, SECOND_PERSON, ways);
    let both = || json!(["sts:AssumeRole", "sts:TagSession"]);
    let void =
        ["bot: \"g\" is void: whoever takes it on may bring aws:PrincipalTag/change-approval along (sts:TagSession)"];
    assert_eq!(tagging(&[way(people(), both(), json!({}))]), void);
    assert_eq!(tagging(&[way(root(), json!("sts:*"), json!({}))]), void);
    assert_eq!(tagging(&[way(json!("*"), both(), json!({}))]), void);
    // Someone else brings it: a broker, an identity provider.
    assert_eq!(tagging(&[way(broker(), both(), json!({}))]), NONE);
    let only_broker = json!({ "ArnEquals": { "aws:PrincipalArn": arn("role/broker") } });
    assert_eq!(tagging(&[way(root(), both(), only_broker)]), NONE);
    let provider = json!({ "Federated": arn("saml-provider/corp") });
    assert_eq!(tagging(&[way(provider, json!(["sts:AssumeRoleWithSAML", "sts:TagSession"]), json!({}))]), NONE);
    // No tags, or not this one; a Deny for everyone.
    assert_eq!(tagging(&[way(people(), json!("sts:AssumeRole"), json!({}))]), NONE);
    let other = json!({ "StringEquals": { "aws:RequestTag/change-approval": "none" } });
    assert_eq!(tagging(&[way(people(), both(), other)]), NONE);
    let mut deny = lets(json!("*"), json!("sts:TagSession"));
    deny["Effect"] = json!("Deny");
    assert_eq!(tagging(&[way(people(), both(), json!({})), deny]), NONE);

    let setting = |ways: &[Value]| of(&identified, source_identity, ways);
    let actions = || json!(["sts:AssumeRole", "sts:SetSourceIdentity"]);
    let void = ["bot: \"g\" is void: whoever takes it on may bring aws:SourceIdentity along (sts:SetSourceIdentity)"];
    assert_eq!(setting(&[way(people(), actions(), json!({}))]), void);
    assert_eq!(setting(&[way(broker(), actions(), json!({}))]), NONE);
    let own = json!({ "StringLike": { "sts:SourceIdentity": "user-*" } });
    assert_eq!(setting(&[way(people(), actions(), own)]), NONE);
    assert_eq!(setting(&[way(people(), json!("sts:AssumeRole"), json!({}))]), NONE);
}

#[test]
fn what_the_caller_writes_is_no_guard_and_half_a_way_is_none() {
    let ticket = "unless = { StringLike = { \"aws:RequestTag/ticket\" = \"*\" } }";
    let with_ticket = under(json!({ "StringLike": { "aws:RequestTag/ticket": "*" } }));
    let void = ["bot: \"g\" is void: whoever calls chooses aws:RequestTag/ticket"];
    assert_eq!(titles(role("bot", std::slice::from_ref(&with_ticket)), "\"sqs:DeleteQueue\"", ticket), void);
    let and_mfa = "unless = { StringLike = { \"aws:RequestTag/ticket\" = \"*\" }, Bool = { \"aws:MultiFactorAuthPresent\" = \"true\" } }";
    let statements = [with_ticket, denied(json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } }))];
    assert_eq!(titles(role("bot", &statements), "\"sqs:DeleteQueue\"", and_mfa), NONE);
}

#[test]
fn a_guard_that_nobody_names_is_idle() {
    let manifest = guarded("\"sqs:*\"", SECOND_PERSON).replace("guards = \"g\"", "");
    let case = Case::new(&[role("bot", &[allow(json!("sqs:*"))])], &manifest);
    assert_eq!(case.titles(RuleId::Unguarded), NONE);
    assert_eq!(case.titles(RuleId::Baseline), [": the guard \"g\" is named by no entry"]);
}

/// Each ready-made guard holds by its document, over the actions that the document speaks of, even for an
/// administrator; without the document it does not.
#[test]
fn the_shipped_guards_hold_by_their_documents() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let manifest: toml::Table = std::fs::read_to_string(folder.join("baseline.toml")).unwrap().parse().unwrap();
    let guards = manifest["guard"].as_array().unwrap();
    assert_eq!(guards.len(), std::fs::read_dir(folder.join("guards")).unwrap().count());
    for guard in guards {
        let name = guard["name"].as_str().unwrap();
        let file = folder.join("guards").join(format!("{}.json", name.to_lowercase().replace(' ', "-")));
        let document: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let denies = document["Statement"].as_array().unwrap();
        let actions = match &denies[0]["Action"] {
            Value::Array(actions) => json!(actions),
            _ => serde_json::to_value(&guard["actions"]).unwrap(),
        };
        let unless =
            toml::to_string(&toml::Table::from_iter([("unless".to_owned(), guard["unless"].clone())])).unwrap();
        let manifest = entry("bot", "workload", "allow = \"all.json\"\nguards = \"g\"")
            + &format!("[[guard]]\nname = \"g\"\nactions = {actions}\nseverity = \"high\"\n")
            + &unless.replace("[unless", "[guard.unless");
        let case = |more: &[Value]| Case::new(&[federated(&[&[allow(json!("*"))], more].concat())], &manifest);
        assert_eq!(case(denies).titles(RuleId::Unguarded), NONE, "{name}");
        assert_eq!(case(denies).titles(RuleId::Undecided), NONE, "{name}");
        assert!(!case(&[]).titles(RuleId::Unguarded).is_empty(), "{name}");
    }
}

/// Principals that hold the same policies are decided once, unless what is known of their own keys differs.
#[test]
fn the_same_policies_under_other_tags_are_another_question() {
    let holding = |name: &str| {
        let attached = json!([{ "PolicyName": "power", "PolicyArn": arn("policy/power") }]);
        with(role(name, &[]), "AttachedManagedPolicies", attached)
    };
    let roles = [
        holding("bot-1"),
        tagged(holding("bot-2"), "change-approval", "CHG-1"),
        tagged(holding("bot-3"), "change-approval", "none"),
        tagged(holding("bot-4"), "other", "x"),
    ];
    let manifest = guarded("\"sqs:DeleteQueue\"", SECOND_PERSON).replace("\"*/bot\"", "\"*/bot-*\"");
    let case = Case::new(&roles, &manifest).policies(&[managed("power", &[allow(json!("sqs:*"))])]);
    let mut found: Vec<String> = case.titles(RuleId::Unguarded).iter().map(|title| title[..5].to_owned()).collect();
    found.sort();
    assert_eq!(found, ["bot-1", "bot-3", "bot-4"]);
}
