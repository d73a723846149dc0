//! Guards that a principal evades: with its own trust policy, or through another principal that it obtains.

use iamdrift::audit::{Finding, RuleId};
use serde_json::{Value, json};

use super::{ACCOUNT, Case, allow, arn, entry, lets, role, statement, trusting};

const NONE: [&str; 0] = [];
const GUARD: &str = "[[guard]]\nname = \"g\"\nactions = \"sqs:DeleteQueue\"\nunless = { StringLike = { \"aws:PrincipalTag/ok\" = \"CHG-*\" } }\nseverity = \"critical\"\n";

/// The guarded action, for a session with the tag.
fn approved() -> Value {
    let condition = json!({ "StringLike": { "aws:PrincipalTag/ok": "CHG-*" } });
    statement("Allow", json!("sqs:DeleteQueue"), json!("*"), condition)
}

fn on(action: &str, role: &str) -> Value {
    statement("Allow", json!(action), json!(arn(&format!("role/{role}"))), json!({}))
}

fn in_account() -> Value {
    lets(json!({ "AWS": ACCOUNT }), json!("sts:AssumeRole"))
}

/// Principal `bot` under the guard, and `other`, which may do everything by its ceiling.
fn manifest(of_other: &str) -> String {
    entry("bot", "workload", "allow = \"all.json\"\nguards = \"g\"")
        + &entry("other", "workload", &format!("allow = \"all.json\"\n{of_other}"))
        + GUARD
}

fn paths(case: &Case) -> Vec<String> {
    let of_bot = |finding: &Finding| finding.principal.as_ref().is_some_and(|principal| principal.name == "bot");
    let describe = |finding: &Finding| {
        let techniques = finding.path.iter().flat_map(|step| &step.techniques).map(|technique| technique.id.as_str());
        format!("{} {}", techniques.collect::<Vec<_>>().join(" "), finding.excess[0].witness.action)
    };
    case.findings(RuleId::Escalation).iter().filter(|finding| of_bot(finding)).map(describe).collect()
}

#[test]
fn an_unguarded_role_is_reported_although_it_is_within_the_ceiling() {
    let bot = |more: Value| role("bot", &[approved(), more]);
    let other = |statements: &[Value]| trusting(role("other", statements), &[in_account()]);
    let unguarded = || other(&[allow(json!("sqs:DeleteQueue"))]);
    let with = |roles: &[Value], of_other: &str| Case::new(roles, &manifest(of_other));
    let assume = on("sts:AssumeRole", "other");
    let case = with(&[bot(assume.clone()), unguarded()], "");
    assert_eq!(paths(&case), ["sts-001 sqs:DeleteQueue"]);
    assert_eq!(case.facts(RuleId::Unguarded), NONE, "the guard itself is enforced");
    insta::assert_snapshot!("a_guarded_action_through_another_role", case.texts(RuleId::Escalation));
    assert_eq!(paths(&with(&[bot(on("sts:AssumeRole", "third")), unguarded()], "")), NONE, "it cannot assume it");
    assert_eq!(paths(&with(&[bot(assume.clone()), other(&[allow(json!("sqs:SendMessage"))])], "")), NONE);
    assert_eq!(paths(&with(&[bot(assume.clone()), other(&[approved()])], "")), NONE, "someone else sets the tag");
    // A declared assumption is one that someone agreed to.
    let declared = format!("assumable_by = \"{}\"", arn("role/bot"));
    assert_eq!(paths(&with(&[bot(assume.clone()), unguarded()], &declared)), NONE);
    // Without the guard, the role is within the ceiling.
    let unbound =
        entry("bot", "workload", "allow = \"all.json\"") + &entry("other", "workload", "allow = \"all.json\"");
    assert_eq!(paths(&Case::new(&[bot(assume), unguarded()], &unbound)), NONE);
}

#[test]
fn a_guarded_role_that_it_tags_is_no_guard() {
    let bot = |more: &[Value]| role("bot", &[&[approved()], more].concat());
    let other = || trusting(role("other", &[approved()]), &[in_account()]);
    let with = |more: &[Value]| paths(&Case::new(&[bot(more), other()], &manifest("guards = \"g\"")));
    let assume = on("sts:AssumeRole", "other");
    assert_eq!(with(std::slice::from_ref(&assume)), NONE);
    assert_eq!(with(&[assume.clone(), on("iam:TagRole", "other")]), ["iam-tag-role sts-001 sqs:DeleteQueue"]);
    assert_eq!(with(&[assume.clone(), on("iam:TagRole", "third")]), NONE);
    assert_eq!(
        with(&[assume, on("iam:UpdateAssumeRolePolicy", "other")]),
        ["iam-trust-tags sqs:DeleteQueue"],
        "sessions with tags"
    );
}

#[test]
fn a_policy_that_enforces_the_guard_and_can_be_deleted_is_reported() {
    let enforced = statement(
        "Deny",
        json!("sqs:DeleteQueue"),
        json!("*"),
        json!({ "StringNotLike": { "aws:PrincipalTag/ok": "CHG-*" } }),
    );
    let bot = |more: Value| {
        let mut bot = role("bot", &[allow(json!("sqs:*")), more]);
        bot["RolePolicyList"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "PolicyName": "guard", "PolicyDocument": super::document(std::slice::from_ref(&enforced)) }));
        bot
    };
    let with = |more: Value| paths(&Case::new(&[bot(more)], &manifest("")));
    assert_eq!(with(allow(json!("s3:GetObject"))), NONE);
    assert_eq!(with(on("iam:DeleteRolePolicy", "bot")), ["iam-deny-role-delete sqs:DeleteQueue"]);
}

#[test]
fn a_guard_is_ineffective_if_the_role_can_rewrite_its_own_trust_policy() {
    let manifest = |unless: &str| {
        entry("bot", "workload", "allow = \"all.json\"\nguards = \"g\"")
            + &format!(
                "[[guard]]\nname = \"g\"\nactions = \"sqs:DeleteQueue\"\nunless = {{ {unless} }}\nseverity = \"high\"\n"
            )
    };
    let by_tag = "StringLike = { \"aws:PrincipalTag/ok\" = \"CHG-*\" }";
    let rewrite = || on("iam:UpdateAssumeRolePolicy", "bot");
    let of = |statements: &[Value], scp: &[Value]| {
        Case::new(&[role("bot", statements)], &manifest(by_tag)).scp(scp).facts(RuleId::Unguarded)
    };
    assert_eq!(of(&[approved()], &[]), NONE);
    assert_eq!(of(&[approved(), rewrite()], &[]), ["bot 1/0 iam:UpdateAssumeRolePolicy"]);
    assert_eq!(of(&[approved(), on("iam:UpdateAssumeRolePolicy", "third")], &[]), NONE);
    let with_approval = statement(
        "Allow",
        json!("iam:UpdateAssumeRolePolicy"),
        json!("*"),
        json!({ "StringLike": { "aws:PrincipalTag/ok": "CHG-*" } }),
    );
    assert_eq!(of(&[approved(), with_approval], &[]), NONE, "rewriting needs the approval itself");
    // Sessions of the account have no tags. An account outside brings them.
    let scp = [allow(json!("*")), statement("Deny", json!("sts:TagSession"), json!("*"), json!({}))];
    assert_eq!(of(&[approved(), rewrite()], &scp), ["bot 1/0 iam:UpdateAssumeRolePolicy"]);
    let by_identity = "StringLike = { \"aws:SourceIdentity\" = \"approved-*\" }";
    let identified = statement(
        "Allow",
        json!("sqs:DeleteQueue"),
        json!("*"),
        json!({ "StringLike": { "aws:SourceIdentity": "approved-*" } }),
    );
    let of_identity =
        |statements: &[Value]| Case::new(&[role("bot", statements)], &manifest(by_identity)).facts(RuleId::Unguarded);
    assert_eq!(of_identity(std::slice::from_ref(&identified)), NONE);
    assert_eq!(of_identity(&[identified, rewrite()]), ["bot 1/0 iam:UpdateAssumeRolePolicy"]);
}

#[test]
fn a_guard_is_ineffective_if_the_role_can_replace_the_saml_provider_of_its_trust_policy() {
    let manifest = entry("bot", "workload", "allow = \"all.json\"\nguards = \"g\"")
        + "[[guard]]\nname = \"g\"\nactions = \"sqs:DeleteQueue\"\nseverity = \"high\"\n"
        + "unless = { StringLike = { \"aws:PrincipalTag/ok\" = \"CHG-*\" } }\n";
    let on_provider = |name: &str| {
        statement("Allow", json!("iam:UpdateSAMLProvider"), json!(arn(&format!("saml-provider/{name}"))), json!({}))
    };
    let of = |statements: &[Value], trust_actions: Value, condition: Value| {
        let mut trust = lets(json!({ "Federated": arn("saml-provider/corp") }), trust_actions);
        trust["Condition"] = condition;
        Case::new(&[trusting(role("bot", statements), &[trust])], &manifest).facts(RuleId::Unguarded)
    };
    let tagged = || json!(["sts:AssumeRoleWithSAML", "sts:TagSession"]);
    let audience = || json!({ "StringEquals": { "SAML:aud": "https://signin.aws.amazon.com/saml" } });
    assert_eq!(of(&[approved(), on_provider("corp")], tagged(), audience()), ["bot 1/0 iam:UpdateSAMLProvider"]);
    assert_eq!(of(&[approved()], tagged(), audience()), NONE);
    assert_eq!(of(&[approved(), on_provider("other")], tagged(), audience()), NONE);
    assert_eq!(of(&[approved(), on_provider("corp")], json!("sts:AssumeRoleWithSAML"), audience()), NONE);
    let other_tag = json!({ "StringNotLike": { "aws:RequestTag/ok": "CHG-*" } });
    assert_eq!(of(&[approved(), on_provider("corp")], tagged(), other_tag), NONE);
}

#[test]
fn a_guard_is_ineffective_if_an_identity_provider_lets_the_role_choose_the_value() {
    let guard = |unless: &str| {
        entry("bot", "workload", "allow = \"all.json\"\nguards = \"g\"")
            + "[[guard]]\nname = \"g\"\nactions = \"sqs:DeleteQueue\"\nseverity = \"high\"\n"
            + &format!("unless = {{ StringLike = {{ {unless} }} }}\n")
    };
    let by_tag = guard("\"aws:PrincipalTag/ok\" = \"CHG-*\"");
    let cognito = |actions: Value| lets(json!({ "Federated": "cognito-identity.amazonaws.com" }), actions);
    let map = || allow(json!("cognito-identity:SetPrincipalTagAttributeMap"));
    let tagged = || cognito(json!(["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]));
    let of = |statements: &[Value], trust: Value, manifest: &str| {
        Case::new(&[trusting(role("bot", statements), &[trust])], manifest).facts(RuleId::Unguarded)
    };
    let found = ["bot 1/0 cognito-identity:SetPrincipalTagAttributeMap"];
    assert_eq!(of(&[approved(), map()], tagged(), &by_tag), found);
    assert_eq!(of(&[approved()], tagged(), &by_tag), NONE);
    assert_eq!(of(&[approved(), map()], cognito(json!("sts:AssumeRoleWithWebIdentity")), &by_tag), NONE);
    // The caller of sts:AssumeRoleWithWebIdentity chooses the session name.
    let by_name = guard("\"aws:userid\" = \"*:approved-*\"");
    let named = statement(
        "Allow",
        json!("sqs:DeleteQueue"),
        json!("*"),
        json!({ "StringLike": { "aws:userid": "*:approved-*" } }),
    );
    let host = "token.actions.githubusercontent.com";
    let mut github =
        lets(json!({ "Federated": arn(&format!("oidc-provider/{host}")) }), json!("sts:AssumeRoleWithWebIdentity"));
    github["Condition"] = json!({ "StringEquals": { format!("{host}:sub"): "repo:corp/app:ref:refs/heads/main" } });
    assert_eq!(of(std::slice::from_ref(&named), github.clone(), &by_name), ["bot 0/0"]);
    github["Condition"]["StringNotLike"] = json!({ "sts:RoleSessionName": "approved-*" });
    assert_eq!(of(&[named], github, &by_name), NONE);
}
