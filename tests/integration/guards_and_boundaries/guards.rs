//! IAM004: guards that hold, that do not, and that mean nothing; those that are shipped.

use iamdrift::audit::{MismatchReason, PrincipalStatus, RuleId, Severity};
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

fn facts(principal: Value, actions: &str, unless: &str) -> Vec<String> {
    Case::new(&[principal], &guarded(actions, unless)).facts(RuleId::Unguarded)
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
    assert_eq!(finding.severity, Severity::High, "as the guard says");
    assert_eq!(finding.action_count, finding.destructive_count);
    let excess = &finding.excess[0];
    assert_eq!(excess.granted_by.policy, "inline");
    assert!(!excess.witness.context.contains_key("aws:PrincipalTag/change-approval"), "{:?}", excess.witness);
    let expected = excess.expected.as_ref().unwrap();
    assert_eq!((expected.place.file.as_str(), expected.place.line), ("baseline.toml", 11), "the guard's condition");
    let MismatchReason::ConditionFails { operator, key, .. } = &expected.why else { panic!("{:?}", expected.why) };
    assert_eq!((operator.as_str(), key.as_str()), ("StringLike", "aws:PrincipalTag/change-approval"));
    insta::assert_snapshot!("a_guard_that_does_not_hold", case.texts(RuleId::Unguarded));
    let audit = case.audit();
    assert_eq!(audit.principals[0].status, PrincipalStatus::RequirementViolated);
}

#[test]
fn a_guard_holds_by_allow_conditions_and_by_denies() {
    let approved = json!({ "StringLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
    let stricter = json!({ "StringEquals": { "aws:PrincipalTag/change-approval": ["CHG-1", "CHG-2"] } });
    let other = json!({ "StringLike": { "aws:PrincipalTag/change-approval": "*" } });
    let not = json!({ "StringNotLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
    let one = |statements: &[Value]| facts(federated(statements), "\"sqs:DeleteQueue\"", SECOND_PERSON);
    let fails = ["bot 1/1 sqs:DeleteQueue"];
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
    assert_eq!(case.facts(RuleId::Unguarded), NONE);
}

/// A missing key makes `Bool` false: a Deny on `false` alone leaves those without the key.
#[test]
fn mfa_is_asked_as_iam_reads_it() {
    let mfa = "unless = { Bool = { \"aws:MultiFactorAuthPresent\" = \"true\" } }";
    let one = |operator: &str| {
        let deny = denied(json!({ operator: { "aws:MultiFactorAuthPresent": "false" } }));
        facts(role("bot", &[under(json!({})), deny]), "\"sqs:DeleteQueue\"", mfa)
    };
    assert_eq!(one("BoolIfExists"), NONE);
    assert_eq!(one("Bool"), ["bot 1/1 sqs:DeleteQueue"]);
}

#[test]
fn all_of_unless_must_hold() {
    let both = "unless = { Bool = { \"aws:SecureTransport\" = \"true\" }, StringEquals = { \"aws:RequestedRegion\" = \"eu-central-1\" } }";
    let one = |condition: Value| facts(role("bot", &[under(condition)]), "\"sqs:DeleteQueue\"", both);
    let (tls, region) = (json!({ "aws:SecureTransport": "true" }), json!({ "aws:RequestedRegion": "eu-central-1" }));
    assert_eq!(one(json!({ "Bool": tls, "StringEquals": region })), NONE);
    for half in [json!({ "Bool": tls }), json!({ "StringEquals": region })] {
        assert_eq!(one(half), ["bot 1/1 sqs:DeleteQueue"]);
    }
    // The ARN tells the region.
    let here = statement("Allow", json!("sqs:DeleteQueue"), json!("arn:aws:sqs:eu-central-1:*:*"), json!({}));
    let fence = "unless = { StringEquals = { \"aws:RequestedRegion\" = \"eu-central-1\" } }";
    assert_eq!(facts(role("bot", &[here]), "\"sqs:*\"", fence), NONE);
}

/// What the finding shows to copy is what makes the guard hold.
#[test]
fn the_statement_that_is_shown_makes_the_guard_hold() {
    for unless in [
        SECOND_PERSON,
        "unless = { Bool = { \"aws:SecureTransport\" = \"true\" } }",
        "unless = { BoolIfExists = { \"aws:ViaAWSMCPService\" = \"false\" } }",
        "unless = { StringNotEquals = { \"aws:PrincipalTag/frozen\" = \"yes\" } }",
        "unless = { StringEqualsIfExists = { \"aws:PrincipalTag/team\" = \"a\" } }",
        "unless = { Null = { \"aws:SourceIdentity\" = \"false\" } }",
        "unless = { IpAddress = { \"aws:SourceIp\" = \"198.51.100.0/24\" }, Bool = { \"aws:SecureTransport\" = \"true\" } }",
        "unless = { DateLessThan = { \"aws:CurrentTime\" = \"2026-11-20T12:00:00Z\" } }",
    ] {
        let principal = |more: &[Value]| federated(&[&[allow(json!(["sqs:*", "sns:*"]))], more].concat());
        let case = |more: &[Value]| Case::new(&[principal(more)], &guarded("\"class:destructive\"", unless));
        let remediation = &case(&[]).findings(RuleId::Unguarded)[0].remediations[0];
        let advice = iamdrift::report::text::render_remediation(remediation).to_text();
        let text = advice.split_once('\n').unwrap_or_else(|| panic!("{unless}: {advice}")).1;
        let document: Value = serde_json::from_str(text).unwrap();
        let denies = document["Statement"].as_array().unwrap();
        assert_eq!(case(denies).facts(RuleId::Unguarded), NONE, "{unless}: {text}");
        assert_eq!(case(denies).facts(RuleId::Undecided), NONE, "{unless}: {text}");
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
    let one = |more: Value| facts(federated(&[under(approved.clone()), more]), "\"sqs:DeleteQueue\"", SECOND_PERSON);
    let void = ["bot 1/0 iam:TagRole"];
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
        facts(
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
    let case = case.users(&[user("bot", &both)]);
    assert_eq!(case.facts(RuleId::Unguarded), ["bot 1/0 iam:TagUser"]);
    insta::assert_snapshot!("a_guard_on_a_tag_that_the_user_sets", case.texts(RuleId::Unguarded));
}

/// The resource of `iam:TagRole` is the principal, so its tags are those of the resource.
#[test]
fn tagging_by_the_tags_of_the_resource_is_decided_by_its_own() {
    let approved = json!({ "StringLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
    let of = |key: &str, tags: &[(&str, &str)]| {
        let managed = json!({ "StringEquals": { (key): "bot" } });
        let tag = statement("Allow", json!("iam:TagRole"), json!("*"), managed);
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        let bot = with(federated(&[under(approved.clone()), tag]), "Tags", json!(tags));
        facts(bot, "\"sqs:DeleteQueue\"", SECOND_PERSON)
    };
    for key in ["aws:ResourceTag/managed", "iam:ResourceTag/Managed"] {
        assert_eq!(of(key, &[("managed", "bot")]).len(), 1, "{key}");
        assert_eq!(of(key, &[("managed", "other")]), NONE, "{key}");
        assert_eq!(of(key, &[]), NONE, "{key}");
    }
}

/// A tag that is there all the time asks nobody.
#[test]
fn a_guard_is_void_for_whoever_has_its_tag_for_good() {
    let approved = json!({ "StringLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
    let void = ["bot 0/0"];
    let bearing = |principal: Value| tagged(principal, "Change-Approval", "CHG-7");
    let of = |principal: Value| facts(principal, "\"sqs:DeleteQueue\"", SECOND_PERSON);
    assert_eq!(of(bearing(role("bot", &[under(approved.clone())]))), void);
    // A session to which the identity provider gives no tag has the role's.
    assert_eq!(of(bearing(federated(&[under(approved.clone())]))), void);
    let case = Case::new(&[], &guarded("\"sqs:DeleteQueue\"", SECOND_PERSON));
    let case = case.users(&[bearing(user("bot", &[under(approved.clone())]))]);
    assert_eq!(case.facts(RuleId::Unguarded), void);
    insta::assert_snapshot!("a_guard_on_a_tag_that_the_user_has", case.texts(RuleId::Unguarded));
    // Another value; nothing that is guarded is allowed at all.
    assert_eq!(of(tagged(federated(&[under(approved)]), "change-approval", "none")), NONE);
    assert_eq!(of(bearing(federated(&[allow(json!("sqs:SendMessage"))]))), NONE);
    // Where the tag is not asked of those who lack it, whoever cannot get it never is.
    for operator in ["StringLikeIfExists", "ForAllValues:StringLike"] {
        let unless = format!("unless = {{ \"{operator}\" = {{ \"aws:PrincipalTag/change-approval\" = \"CHG-*\" }} }}");
        let open = under(json!({ operator: { "aws:PrincipalTag/change-approval": "CHG-*" } }));
        let case = Case::new(&[role("bot", std::slice::from_ref(&open))], &guarded("\"sqs:DeleteQueue\"", &unless));
        assert_eq!(case.facts(RuleId::Unguarded), ["bot 0/0"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!("a_guard_that_lets_through_who_lacks_the_tag", case.texts(RuleId::Unguarded));
        }
        assert_eq!(facts(federated(&[open]), "\"sqs:DeleteQueue\"", &unless), NONE);
    }
    // A tag that stops is missing as long as nobody sets it: the guard is as it should be.
    for unless in [
        "StringNotEquals = { \"aws:PrincipalTag/frozen\" = \"yes\" }",
        "Null = { \"aws:PrincipalTag/frozen\" = \"true\" }",
    ] {
        let deny =
            statement("Deny", json!("sqs:*"), json!("*"), json!({ "Null": { "aws:PrincipalTag/frozen": "false" } }));
        let bot = role("bot", &[under(json!({})), deny]);
        assert_eq!(facts(bot, "\"sqs:DeleteQueue\"", &format!("unless = {{ {unless} }}")), NONE);
    }
}

/// "Passing session tags using GetFederationToken": a user with `sts:TagSession` gives the session what tags it likes.
#[test]
fn a_guard_is_void_where_a_user_federates_itself_with_the_tag() {
    let approved = json!({ "StringLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
    let case = |more: &[Value]| {
        let bot = user("bot", &[&[under(approved.clone())], more].concat());
        Case::new(&[], &guarded("\"sqs:DeleteQueue\"", SECOND_PERSON)).users(&[bot])
    };
    let of = |more: &[Value]| case(more).facts(RuleId::Unguarded);
    let may = |actions: &[&str], condition: Value| statement("Allow", json!(actions), json!("*"), condition);
    let (federate, tag) = ("sts:GetFederationToken", "sts:TagSession");
    let void = ["bot 1/0 sts:GetFederationToken"];
    assert_eq!(of(&[may(&[federate, tag], json!({}))]), void);
    let text = case(&[may(&[federate, tag], json!({}))]).texts(RuleId::Unguarded);
    insta::assert_snapshot!("a_guard_on_a_tag_that_the_user_gives_its_federated_session", text);
    assert_eq!(of(&[may(&["sts:*"], json!({}))]), void);
    let sessions = json!("arn:aws:sts::*:federated-user/bot-*");
    assert_eq!(of(&[statement("Allow", json!([federate, tag]), sessions, json!({}))]), void);
    // Both are needed, for that tag with that value.
    assert_eq!(of(&[may(&[federate], json!({}))]), NONE);
    assert_eq!(of(&[may(&[tag], json!({}))]), NONE);
    let other = json!({ "StringEquals": { "aws:RequestTag/change-approval": "none" } });
    assert_eq!(of(&[may(&[federate], json!({})), may(&[tag], other)]), NONE);
    let keys = json!({ "ForAnyValue:StringEqualsIgnoreCase": { "aws:TagKeys": "change-approval" } });
    let deny = statement("Deny", json!(tag), json!("*"), keys);
    assert_eq!(of(&[may(&[federate, tag], json!({})), deny]), NONE);
}

#[test]
fn a_guard_on_the_resources_tag_is_void_where_the_principal_sets_it_there() {
    let doomed = || json!({ "StringEquals": { "aws:ResourceTag/doomed": "yes" } });
    let unless = "unless = { StringEquals = { \"aws:ResourceTag/doomed\" = \"yes\" } }";
    let of = |more: &[Value]| facts(role("bot", &[&[under(doomed())], more].concat()), "\"sqs:DeleteQueue\"", unless);
    let void = ["bot 1/0 sqs:TagQueue"];
    let tag = |resource: &str, condition: Value| statement("Allow", json!("sqs:TagQueue"), json!(resource), condition);
    assert_eq!(of(&[tag("*", json!({}))]), void);
    assert_eq!(of(&[tag("arn:aws:sqs:*:*:team-*", json!({}))]), void);
    assert_eq!(of(&[]), NONE);
    // Another tag, another value, another service; what bears the tag already.
    assert_eq!(of(&[tag("*", json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "team" } }))]), NONE);
    assert_eq!(of(&[tag("*", json!({ "StringEquals": { "aws:RequestTag/doomed": "no" } }))]), NONE);
    assert_eq!(of(&[allow(json!("sns:TagResource"))]), NONE);
    assert_eq!(of(&[tag("*", doomed())]), NONE);
    // Queues that it may not delete.
    let there = statement("Allow", json!("sqs:DeleteQueue"), json!("arn:aws:sqs:*:*:a-*"), doomed());
    let elsewhere = tag("arn:aws:sqs:*:*:b-*", json!({}));
    assert_eq!(facts(role("bot", &[there.clone(), elsewhere]), "\"sqs:DeleteQueue\"", unless), NONE);
    assert_eq!(
        facts(role("bot", &[there, tag("arn:aws:sqs:*:*:a-1", json!({}))]), "\"sqs:DeleteQueue\"", unless),
        void
    );
    // A tag that protects is taken off.
    let kept = "unless = { Null = { \"aws:ResourceTag/keep\" = \"true\" } }";
    let unkept = under(json!({ "Null": { "aws:ResourceTag/keep": "true" } }));
    let bot = |action: &str| {
        Case::new(&[role("bot", &[unkept.clone(), allow(json!(action))])], &guarded("\"sqs:DeleteQueue\"", kept))
    };
    assert_eq!(bot("sqs:UntagQueue").facts(RuleId::Unguarded), ["bot 1/0 sqs:UntagQueue"]);
    assert_eq!(bot("sqs:TagQueue").facts(RuleId::Unguarded), NONE);
    let text = bot("sqs:UntagQueue").texts(RuleId::Unguarded);
    insta::assert_snapshot!("a_guard_on_a_tag_that_the_principal_takes_off_the_resource", text);
}

#[test]
fn a_guard_that_asks_for_no_tag_is_void_where_the_tag_can_be_taken_off() {
    let frozen = "unless = { StringNotEquals = { \"aws:PrincipalTag/frozen\" = \"yes\" } }";
    let thawed = json!({ "StringNotEquals": { "aws:PrincipalTag/frozen": "yes" } });
    let one = |more: Value| {
        let principal = tagged(role("bot", &[under(thawed.clone()), more]), "frozen", "yes");
        facts(principal, "\"sqs:DeleteQueue\"", frozen)
    };
    let void = ["bot 1/0 iam:UntagRole"];
    assert_eq!(one(statement("Allow", json!("iam:UntagRole"), json!("*"), json!({}))), void);
    assert_eq!(one(statement("Allow", json!("iam:ListRoles"), json!("*"), json!({}))), NONE);
    // Setting a tag takes none away.
    let absent = "unless = { Null = { \"aws:PrincipalTag/frozen\" = \"true\" } }";
    let without = under(json!({ "Null": { "aws:PrincipalTag/frozen": "true" } }));
    let of = |action: &str| {
        let bot = tagged(federated(&[without.clone(), allow(json!(action))]), "frozen", "yes");
        facts(bot, "\"sqs:DeleteQueue\"", absent)
    };
    assert_eq!(of("iam:TagRole"), NONE);
    assert_eq!(of("iam:UntagRole"), void);
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
    let case = |condition: &Value, unless: &str, ways: &[Value]| {
        let roles =
            [trusting(role("bot", &[under(condition.clone())]), ways), role("people", &[]), role("broker", &[])];
        Case::new(&roles, &manifest(unless))
    };
    let text = |case: Case| case.texts(RuleId::Unguarded);
    // Whether the request that proves it brings the key.
    let brings = |case: Case, key: &str| {
        case.findings(RuleId::Unguarded)[0].excess[0].witness.context.keys().any(|name| name.eq_ignore_ascii_case(key))
    };
    let of = |condition: &Value, unless: &str, ways: &[Value]| case(condition, unless, ways).facts(RuleId::Unguarded);
    let tagging = |ways: &[Value]| of(&approved, SECOND_PERSON, ways);
    let both = || json!(["sts:AssumeRole", "sts:TagSession"]);
    let void = ["bot 1/0 sts:AssumeRole"];
    assert_eq!(tagging(&[way(people(), both(), json!({}))]), void);
    insta::assert_snapshot!(
        "a_guard_on_a_tag_that_the_caller_gives_its_session",
        text(case(&approved, SECOND_PERSON, &[way(people(), both(), json!({}))]))
    );
    let by_people = case(&approved, SECOND_PERSON, &[way(people(), both(), json!({}))]);
    assert!(brings(by_people, "aws:RequestTag/change-approval"));
    assert_eq!(tagging(&[way(root(), json!("sts:*"), json!({}))]), void);
    assert_eq!(tagging(&[way(json!("*"), both(), json!({}))]), void);
    // Someone else brings it: a broker, an identity provider.
    assert_eq!(tagging(&[way(broker(), both(), json!({}))]), NONE);
    let only_broker = json!({ "ArnEquals": { "aws:PrincipalArn": arn("role/broker") } });
    assert_eq!(tagging(&[way(root(), both(), only_broker)]), NONE);
    let provider = json!({ "Federated": arn("saml-provider/corp") });
    assert_eq!(tagging(&[way(provider, json!(["sts:AssumeRoleWithSAML", "sts:TagSession"]), json!({}))]), NONE);
    // The role itself, whatever it is: it takes itself on once more.
    let itself = || json!({ "AWS": arn("role/bot") });
    assert_eq!(tagging(&[way(itself(), both(), json!({}))]), void);
    let only_itself = json!({ "ArnEquals": { "aws:PrincipalArn": arn("role/bot") } });
    assert_eq!(tagging(&[way(root(), both(), only_itself)]), void);
    // Who brings the tag must be let in: here the broker alone is.
    let in_by_broker =
        way(root(), json!("sts:AssumeRole"), json!({ "ArnEquals": { "aws:PrincipalArn": arn("role/broker") } }));
    assert_eq!(tagging(&[in_by_broker, way(root(), json!("sts:TagSession"), json!({}))]), NONE);
    let in_with_none = json!({ "StringEquals": { "aws:RequestTag/change-approval": "none" } });
    let in_with_none = way(people(), json!("sts:AssumeRole"), in_with_none);
    assert_eq!(tagging(&[in_with_none, way(people(), json!("sts:TagSession"), json!({}))]), NONE);
    let in_with_id = way(people(), json!("sts:AssumeRole"), json!({ "StringEquals": { "sts:ExternalId": "x" } }));
    assert_eq!(tagging(&[in_with_id, way(people(), json!("sts:TagSession"), json!({}))]), void);
    // No tags, or not this one; a Deny for everyone, or for those.
    assert_eq!(tagging(&[way(people(), json!("sts:AssumeRole"), json!({}))]), NONE);
    let other = json!({ "StringEquals": { "aws:RequestTag/change-approval": "none" } });
    assert_eq!(tagging(&[way(people(), both(), other)]), NONE);
    let mut deny = lets(json!("*"), json!("sts:TagSession"));
    deny["Effect"] = json!("Deny");
    assert_eq!(tagging(&[way(people(), both(), json!({})), deny]), NONE);
    let deny = |principal: Value| with(lets(principal, json!("sts:TagSession")), "Effect", json!("Deny"));
    for denied in [people(), root()] {
        assert_eq!(tagging(&[way(people(), both(), json!({})), deny(denied)]), NONE);
    }
    assert_eq!(tagging(&[way(root(), both(), json!({})), deny(root())]), NONE);
    assert_eq!(tagging(&[way(root(), both(), json!({})), deny(people())]), void, "of an account there are others");

    let setting = |ways: &[Value]| of(&identified, source_identity, ways);
    let actions = || json!(["sts:AssumeRole", "sts:SetSourceIdentity"]);
    assert_eq!(setting(&[way(people(), actions(), json!({}))]), ["bot 1/0 sts:AssumeRole"]);
    insta::assert_snapshot!(
        "a_guard_on_a_source_identity_that_the_caller_sets",
        text(case(&identified, source_identity, &[way(people(), actions(), json!({}))]))
    );
    let by_people = case(&identified, source_identity, &[way(people(), actions(), json!({}))]);
    assert!(brings(by_people, "sts:SourceIdentity"));
    assert_eq!(setting(&[way(broker(), actions(), json!({}))]), NONE);
    let own = json!({ "StringLike": { "sts:SourceIdentity": "user-*" } });
    assert_eq!(setting(&[way(people(), actions(), own)]), NONE);
    assert_eq!(setting(&[way(people(), json!("sts:AssumeRole"), json!({}))]), NONE);

    // The session's name, of which `aws:userid` ends.
    let named = json!({ "StringLike": { "aws:userid": "*:CHG-*" } });
    let session_name = "unless = { StringLike = { \"aws:userid\" = \"*:CHG-*\" } }";
    let naming = |ways: &[Value]| of(&named, session_name, ways);
    assert_eq!(naming(&[way(people(), json!("sts:AssumeRole"), json!({}))]), ["bot 1/0 sts:AssumeRole"]);
    insta::assert_snapshot!(
        "a_guard_on_a_session_name_that_the_caller_chooses",
        text(case(&named, session_name, &[way(people(), json!("sts:AssumeRole"), json!({}))]))
    );
    let by_people = case(&named, session_name, &[way(people(), json!("sts:AssumeRole"), json!({}))]);
    assert!(brings(by_people, "sts:RoleSessionName"));
    assert_eq!(naming(&[way(broker(), json!("sts:AssumeRole"), json!({}))]), NONE);
    let own_name = json!({ "StringEquals": { "sts:RoleSessionName": "${aws:username}" } });
    let other_name = json!({ "StringLike": { "sts:RoleSessionName": "user-*" } });
    assert_eq!(naming(&[way(people(), json!("sts:AssumeRole"), other_name)]), NONE);
    assert_eq!(naming(&[way(people(), json!("sts:AssumeRole"), own_name)]), NONE, "a role has no aws:username");
    let provider = json!({ "Federated": arn("saml-provider/corp") });
    assert_eq!(naming(&[way(provider, json!("sts:AssumeRoleWithSAML"), json!({}))]), NONE);
}

/// What the organization denies whoever takes the role on, these cannot bring.
#[test]
fn service_control_policies_keep_tags_out() {
    let approved = json!({ "StringLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
    let root = lets(json!({ "AWS": arn("root") }), json!(["sts:AssumeRole", "sts:TagSession"]));
    let roles = [trusting(role("bot", &[under(approved)]), &[root]), role("broker", &[]), role("people", &[])];
    let manifest = guarded("\"sqs:DeleteQueue\"", SECOND_PERSON) + &entry("broker", "workload", "allow = []");
    let of = |deny: Value| Case::new(&roles, &manifest).scp(&[deny]).facts(RuleId::Unguarded);
    let deny = |condition: Value| statement("Deny", json!("sts:TagSession"), json!("*"), condition);
    let void = ["bot 1/0 sts:AssumeRole"];
    let names_it = json!({ "aws:TagKeys": "change-approval" });
    assert_eq!(of(statement("Deny", json!("s3:*"), json!("*"), json!({}))), void);
    assert_eq!(of(deny(json!({}))), NONE);
    assert_eq!(of(deny(json!({ "ForAnyValue:StringEqualsIgnoreCase": names_it }))), NONE);
    // All but the broker; all but someone who is none.
    let but = |who: &str| {
        let condition = json!({ "aws:PrincipalArn": arn(&format!("role/{who}")) });
        deny(json!({ "ForAnyValue:StringEqualsIgnoreCase": names_it, "ArnNotLike": condition }))
    };
    assert_eq!(of(but("broker")), NONE);
    assert_eq!(of(but("brok*")), NONE);
    assert_eq!(of(but("people")), void);
    assert_eq!(of(but("*")), void);
}

#[test]
fn what_the_caller_writes_is_no_guard_and_half_a_way_is_none() {
    let ticket = "unless = { StringLike = { \"aws:RequestTag/ticket\" = \"*\" } }";
    let with_ticket = under(json!({ "StringLike": { "aws:RequestTag/ticket": "*" } }));
    let bot = [role("bot", std::slice::from_ref(&with_ticket))];
    let case = Case::new(&bot, &guarded("\"sqs:DeleteQueue\"", ticket));
    assert_eq!(case.facts(RuleId::Unguarded), ["bot 0/0"]);
    insta::assert_snapshot!("a_guard_on_a_key_that_the_caller_chooses", case.texts(RuleId::Unguarded));
    let and_mfa = "unless = { StringLike = { \"aws:RequestTag/ticket\" = \"*\" }, Bool = { \"aws:MultiFactorAuthPresent\" = \"true\" } }";
    let statements = [with_ticket, denied(json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } }))];
    assert_eq!(facts(role("bot", &statements), "\"sqs:DeleteQueue\"", and_mfa), NONE);
}

#[test]
fn a_guard_that_nobody_names_is_idle() {
    let manifest = guarded("\"sqs:*\"", SECOND_PERSON).replace("guards = \"g\"", "");
    let case = Case::new(&[role("bot", &[allow(json!("sqs:*"))])], &manifest);
    assert_eq!(case.facts(RuleId::Unguarded), NONE);
    let [idle] = &case.findings(RuleId::Baseline)[..] else { panic!("{:?}", case.facts(RuleId::Baseline)) };
    assert_eq!(idle.place.as_ref().map(|place| place.line), Some(8), "the guard's place");
    insta::assert_snapshot!("a_guard_that_no_entry_names", case.texts(RuleId::Baseline));
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
        assert_eq!(case(denies).facts(RuleId::Unguarded), NONE, "{name}");
        assert_eq!(case(denies).facts(RuleId::Undecided), NONE, "{name}");
        assert!(!case(&[]).facts(RuleId::Unguarded).is_empty(), "{name}");
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
    let manifest =
        guarded("\"sqs:DeleteQueue\"", SECOND_PERSON).replace("\"arn:*:iam::*:*/bot\"", "\"arn:*:iam::*:*/bot-*\"");
    let case = Case::new(&roles, &manifest).policies(&[managed("power", &[allow(json!("sqs:*"))])]);
    let mut found = case.facts(RuleId::Unguarded);
    found.sort();
    let fails = |name: &str| format!("{name} 1/1 sqs:DeleteQueue");
    assert_eq!(found, [fails("bot-1"), "bot-2 0/0".to_owned(), fails("bot-3"), fails("bot-4")]);
}
