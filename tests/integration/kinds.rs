//! Who is what: hints one by one, what the manifest says against them, and `iamdrift principals`.

mod command;
mod trust_policies;

use std::path::Path;
use std::sync::Arc;

use iamdrift::baseline::{Baseline, PrincipalClass, Strength};
use iamdrift::catalog::Catalog;
use iamdrift::classify::{Classification, InferredClass, classify_principals};
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

/// A role of that path and name, with the statements of its trust policy.
fn role(name: &str, statements: Value) -> Value {
    let (path, short) =
        name.rsplit_once('/').map_or(("/".to_owned(), name), |(path, short)| (format!("/{path}/"), short));
    json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "RoleName": short, "RoleId": format!("AROA{short}"),
        "Path": path, "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": statements },
        "RolePolicyList": [], "AttachedManagedPolicies": [],
    })
}

fn user(name: &str) -> Value {
    json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"), "UserName": name, "UserId": format!("AIDA{name}"),
        "Path": "/", "GroupList": [], "AttachedManagedPolicies": [],
    })
}

fn tagged(mut principal: Value, key: &str, value: &str) -> Value {
    principal["Tags"] = json!([{ "Key": key, "Value": value }]);
    principal
}

/// A statement that lets someone assume the role.
fn lets(principal: Value, condition: Value) -> Value {
    let action = match principal.get("Federated").and_then(Value::as_str) {
        Some(provider) if provider.contains("saml-provider") => "sts:AssumeRoleWithSAML",
        Some(_) => "sts:AssumeRoleWithWebIdentity",
        None => "sts:AssumeRole",
    };
    json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition })
}

fn service(name: &str) -> Value {
    json!({ "Service": name })
}

fn oidc(provider: &str) -> Value {
    json!({ "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{provider}") })
}

fn root() -> Value {
    json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:root") })
}

fn snapshot(roles: &[Value], users: &[Value]) -> Snapshot {
    let page = json!({ "RoleDetailList": roles, "UserDetailList": users, "GroupDetailList": [], "Policies": [] });
    let text = SourceFile::new("account.json", page.to_string());
    Snapshot::from_texts(Path::new("account.json"), &[text]).map_err(|error| error.to_string()).unwrap()
}

fn baseline(manifest: &str) -> Baseline {
    let manifest = SourceFile::new("baseline.toml", manifest);
    let none: [(String, Arc<SourceFile>); 0] = [];
    Baseline::from_texts(&manifest, none, Catalog::embedded()).map_err(|problems| problems.to_string()).unwrap()
}

fn recognised_with(baseline: Option<&Baseline>, principal: &Value) -> Classification {
    let is_user = principal.get("UserName").is_some();
    let (roles, users) = if is_user { (vec![], vec![principal.clone()]) } else { (vec![principal.clone()], vec![]) };
    classify_principals(&snapshot(&roles, &users), baseline).remove(0)
}

fn recognised(principal: &Value) -> Classification {
    recognised_with(None, principal)
}

/// The kind of a role whose name tells nothing, by the statements of its trust policy.
fn by_trust(statements: Value) -> InferredClass {
    recognised(&role("x", statements)).class
}

#[test]
fn services_tell_agents_from_workloads() {
    for name in [
        "bedrock.amazonaws.com",
        "bedrock-agentcore.amazonaws.com",
        "runtime-identity.bedrock-agentcore.amazonaws.com",
        "aidevops.amazonaws.com",
        "aiops.amazonaws.com",
        "q.amazonaws.com",
        "securityagent.amazonaws.com",
        "transform-custom.amazonaws.com",
    ] {
        assert_eq!(by_trust(lets(service(name), json!({}))), InferredClass::Known(PrincipalClass::Agent), "{name}");
        // Where a program may take it on as well, an agent still may.
        assert_eq!(
            by_trust(lets(json!({ "Service": ["lambda.amazonaws.com", name] }), json!({}))),
            InferredClass::Known(PrincipalClass::Agent)
        );
    }
    for name in ["lambda.amazonaws.com", "ec2.amazonaws.com.cn", "states.us-east-1.amazonaws.com"] {
        assert_eq!(by_trust(lets(service(name), json!({}))), InferredClass::Known(PrincipalClass::Workload), "{name}");
    }
}

#[test]
fn the_resource_that_bedrock_acts_for_decides() {
    let of = |operator: &str, arns: Value| {
        by_trust(lets(service("bedrock.amazonaws.com"), json!({ operator: { "AWS:SourceArn": arns } })))
    };
    let arn = |resource: &str| format!("arn:aws:bedrock:us-east-1:{ACCOUNT}:{resource}");
    assert_eq!(of("ArnLike", json!(arn("knowledge-base/*"))), InferredClass::Known(PrincipalClass::Workload));
    assert_eq!(
        of("ArnEquals", json!([arn("model-import-job/*"), arn("knowledge-base/K1")])),
        InferredClass::Known(PrincipalClass::Workload)
    );
    assert_eq!(of("ArnLike", json!(arn("agent/A1"))), InferredClass::Known(PrincipalClass::Agent));
    // An agent may come in, too.
    assert_eq!(
        of("ArnLike", json!([arn("knowledge-base/*"), arn("agent/*")])),
        InferredClass::Known(PrincipalClass::Agent)
    );
    assert_eq!(of("ArnLike", json!(arn("*"))), InferredClass::Known(PrincipalClass::Agent));
    assert_eq!(
        of("ArnLike", json!([arn("knowledge-base/*"), arn("flow/*")])),
        InferredClass::Known(PrincipalClass::Agent)
    );
    // These do not keep an agent out.
    assert_eq!(of("ArnLikeIfExists", json!(arn("knowledge-base/*"))), InferredClass::Known(PrincipalClass::Agent));
    assert_eq!(of("ArnNotLike", json!(arn("knowledge-base/*"))), InferredClass::Known(PrincipalClass::Agent));
}

#[test]
fn providers_and_their_subjects_tell() {
    let github = "token.actions.githubusercontent.com";
    let with = |provider: &str, subjects: Value| {
        by_trust(lets(oidc(provider), json!({ "StringLike": { format!("{provider}:sub"): subjects } })))
    };
    assert_eq!(with(github, json!("repo:org/*")), InferredClass::Known(PrincipalClass::Workload));
    assert_eq!(with(github, json!("repo:org/app:environment:copilot")), InferredClass::Known(PrincipalClass::Agent));
    assert_eq!(
        with(github, json!(["repo:org/app:ref:refs/heads/main", "repo:org/app:environment:copilot"])),
        InferredClass::Known(PrincipalClass::Agent)
    );
    assert_eq!(by_trust(lets(oidc(github), json!({}))), InferredClass::Known(PrincipalClass::Workload));
    assert_eq!(with("api.cursor.com", json!("team_id:7")), InferredClass::Known(PrincipalClass::Agent));
    assert_eq!(with("auth.devin.ai", json!("org-1")), InferredClass::Known(PrincipalClass::Agent));
    assert_eq!(
        with("oidc.eks.eu-west-1.amazonaws.com/id/ABC", json!("system:serviceaccount:a:b")),
        InferredClass::Known(PrincipalClass::Workload)
    );
    assert_eq!(
        with("oidc.example.org", json!("system:serviceaccount:a:b")),
        InferredClass::Known(PrincipalClass::Workload)
    );
    assert_eq!(with("example.okta.com", json!("00u1")), InferredClass::Known(PrincipalClass::Operator));
    assert_eq!(with("sso.example.org", json!("7")), InferredClass::Unknown);
    // The condition of another provider says nothing of this one.
    let other = json!({ "StringLike": { "other.example.org:sub": "repo:org/*" } });
    assert_eq!(by_trust(lets(oidc("sso.example.org"), other)), InferredClass::Unknown);
    let pool = |amr: &str| {
        let asked = json!({ "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": amr } });
        by_trust(lets(json!({ "Federated": "cognito-identity.amazonaws.com" }), asked))
    };
    assert_eq!(
        (pool("authenticated"), pool("unauthenticated")),
        (InferredClass::Known(PrincipalClass::Operator), InferredClass::Known(PrincipalClass::Workload))
    );
}

#[test]
fn people_come_in_by_saml_by_mfa_or_by_their_session_names() {
    let saml = |name: &str| json!({ "Federated": format!("arn:aws:iam::{ACCOUNT}:saml-provider/{name}") });
    assert_eq!(by_trust(lets(saml("corp"), json!({}))), InferredClass::Known(PrincipalClass::Operator));
    let sso = role(
        "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Agents_0123456789abcdef",
        lets(saml("AWSSSO_1_DO_NOT_DELETE"), json!({})),
    );
    let found = recognised(&sso);
    assert_eq!(
        (found.class, found.evidence[0].strength),
        (InferredClass::Known(PrincipalClass::Operator), Strength::Certain)
    );
    let asking = |condition| by_trust(lets(root(), condition));
    assert_eq!(
        asking(json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } })),
        InferredClass::Known(PrincipalClass::Operator)
    );
    assert_eq!(
        asking(json!({ "NumericLessThan": { "aws:MultiFactorAuthAge": "3600" } })),
        InferredClass::Known(PrincipalClass::Operator)
    );
    assert_eq!(
        asking(json!({ "StringLike": { "sts:RoleSessionName": "${aws:username}" } })),
        InferredClass::Known(PrincipalClass::Operator)
    );
    let people = json!({ "ArnLike": { "aws:PrincipalArn": format!("arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/*") } });
    assert_eq!(asking(people), InferredClass::Known(PrincipalClass::Operator));
    // A request with keys has no such key at all, and passes.
    assert_eq!(asking(json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "true" } })), InferredClass::Unknown);
    assert_eq!(
        asking(json!({ "StringEquals": { "sts:ExternalId": "7" } })),
        InferredClass::Known(PrincipalClass::Workload)
    );
    assert_eq!(asking(json!({})), InferredClass::Unknown, "whoever the account lets");
    assert_eq!(by_trust(json!([])), InferredClass::Unknown);
}

#[test]
fn a_session_name_that_only_an_agent_bears_makes_an_agent() {
    let kiro = json!({ "StringLike": { "sts:RoleSessionName": "kiro-*" } });
    assert_eq!(by_trust(lets(root(), kiro.clone())), InferredClass::Known(PrincipalClass::Agent));
    // People sign in, and only the agent's sessions are let through.
    let saml = json!({ "Federated": format!("arn:aws:iam::{ACCOUNT}:saml-provider/corp") });
    assert_eq!(by_trust(lets(saml, kiro)), InferredClass::Known(PrincipalClass::Agent));
    assert_eq!(
        by_trust(lets(root(), json!({ "StringNotLike": { "sts:RoleSessionName": "kiro-*" } }))),
        InferredClass::Unknown
    );
}

#[test]
fn only_what_is_allowed_tells() {
    let agent = lets(service("bedrock-agentcore.amazonaws.com"), json!({}));
    let lambda = lets(service("lambda.amazonaws.com"), json!({}));
    let mut denied = agent.clone();
    denied["Effect"] = json!("Deny");
    assert_eq!(by_trust(json!([lambda, denied])), InferredClass::Known(PrincipalClass::Workload));
    let mut tags_only = agent.clone();
    tags_only["Action"] = json!("sts:TagSession");
    assert_eq!(by_trust(json!([lambda, tags_only])), InferredClass::Known(PrincipalClass::Workload));
    assert_eq!(by_trust(json!([lambda, agent])), InferredClass::Known(PrincipalClass::Agent));
}

#[test]
fn tags_tell_more_than_services_in_general_and_names_less() {
    let lambda = || lets(service("lambda.amazonaws.com"), json!({}));
    assert_eq!(
        recognised(&tagged(role("x", lambda()), "Agent", "kiro")).class,
        InferredClass::Known(PrincipalClass::Agent)
    );
    assert_eq!(
        recognised(&tagged(role("x", lambda()), "agent", "False")).class,
        InferredClass::Known(PrincipalClass::Workload)
    );
    assert_eq!(
        recognised(&tagged(role("x", lambda()), "kind", "agent")).class,
        InferredClass::Known(PrincipalClass::Agent)
    );
    let named = recognised(&role("KiroHelper", lambda()));
    assert_eq!(named.class, InferredClass::Known(PrincipalClass::Workload));
    let hints: Vec<(InferredClass, Strength)> = named.evidence.iter().map(|e| (e.kind, e.strength)).collect();
    assert_eq!(
        hints,
        [
            (InferredClass::Known(PrincipalClass::Workload), Strength::Fair),
            (InferredClass::Known(PrincipalClass::Agent), Strength::Weak)
        ]
    );
    // Nothing but the name.
    assert_eq!(
        recognised(&role("KiroHelper", lets(root(), json!({})))).class,
        InferredClass::Known(PrincipalClass::Agent)
    );
    assert_eq!(
        recognised(&role("agents/lantern", lets(root(), json!({})))).class,
        InferredClass::Known(PrincipalClass::Agent)
    );
    assert_eq!(
        recognised(&role("ssm-agent", lets(root(), json!({})))).class,
        InferredClass::Unknown,
        "agents of another sort"
    );
}

#[test]
fn access_for_emergencies_is_peoples() {
    let mfa = json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
    assert_eq!(
        recognised(&role("break-glass/admin", lets(root(), mfa.clone()))).class,
        InferredClass::Known(PrincipalClass::BreakGlass)
    );
    assert_eq!(
        recognised(&tagged(role("x", lets(root(), mfa)), "break-glass", "yes")).class,
        InferredClass::Known(PrincipalClass::BreakGlass)
    );
    let lambda = lets(service("lambda.amazonaws.com"), json!({}));
    assert_eq!(recognised(&role("emergency-mailer", lambda)).class, InferredClass::Known(PrincipalClass::Workload));
}

#[test]
fn users_are_people_unless_something_else_is_said() {
    let found = recognised(&user("j.verhoeven"));
    assert_eq!(
        (found.class, found.evidence[0].strength),
        (InferredClass::Known(PrincipalClass::Operator), Strength::Faint)
    );
    insta::assert_snapshot!("a_user_without_a_hint", iamdrift::report::text::render_class_reason(&found.reason));
    assert_eq!(recognised(&user("svc-export")).class, InferredClass::Known(PrincipalClass::Workload));
    assert_eq!(recognised(&user("kiro")).class, InferredClass::Known(PrincipalClass::Agent));
    assert_eq!(
        recognised(&user("claude.martin")).class,
        InferredClass::Known(PrincipalClass::Operator),
        "a person's name"
    );
    assert_eq!(recognised(&tagged(user("x"), "agent", "kiro")).class, InferredClass::Known(PrincipalClass::Agent));
    let mut console = user("svc-console");
    console["AttachedManagedPolicies"] = json!([{ "PolicyName": "IAMUserChangePassword", "PolicyArn": "arn:aws:iam::aws:policy/IAMUserChangePassword" }]);
    assert_eq!(
        recognised(&console).class,
        InferredClass::Known(PrincipalClass::Operator),
        "AWS gives it to those with a password"
    );
}

#[test]
fn service_linked_roles_go_by_their_path() {
    let trust = || lets(service("ops.apigateway.amazonaws.com"), json!({}));
    let path = "aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway";
    assert_eq!(recognised(&role(path, trust())).class, InferredClass::ServiceLinked);
    assert_eq!(
        recognised(&role("AWSServiceRoleForAPIGateway", trust())).class,
        InferredClass::Known(PrincipalClass::Workload)
    );
}

/// What each of several roles is, in one account.
fn together(roles: &[Value], users: &[Value]) -> Vec<(String, InferredClass)> {
    let snapshot = snapshot(roles, users);
    let found = classify_principals(&snapshot, None);
    snapshot.principals().zip(found).map(|((_, p), found)| (p.name.clone(), found.class)).collect()
}

#[test]
fn a_role_is_what_those_are_who_may_assume_it() {
    let trusts = |name: &str| lets(json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:{name}") }), json!({}));
    let by_path = json!({ "ArnLike": { "aws:PrincipalArn": format!("arn:aws:iam::{ACCOUNT}:role/b") } });
    let roles = [
        role("a", lets(service("bedrock-agentcore.amazonaws.com"), json!({}))),
        role("b", trusts("role/a")),
        role("c", trusts("role/b")),
        role("d", lets(root(), by_path)),
        // What it is by itself tells as much.
        role("e", json!([lets(service("lambda.amazonaws.com"), json!({})), trusts("role/a")])),
        // Of an agent and a person, the agent.
        role("f", json!([trusts("user/j.verhoeven"), trusts("role/a")])),
        role("g", trusts("user/j.verhoeven")),
        role("h", trusts("user/svc-export")),
        // These trust one another and nobody else.
        role("i", trusts("role/j")),
        role("j", trusts("role/i")),
        role("k", trusts("role/k")),
        role("l", trusts("role/nobody-knows")),
    ];
    let found = together(&roles, &[user("j.verhoeven"), user("svc-export")]);
    let of = |name: &str| found.iter().find(|(n, _)| n == name).unwrap().1;
    for (names, who) in [
        (&["a", "b", "c", "d", "f"][..], InferredClass::Known(PrincipalClass::Agent)),
        (&["e", "h", "svc-export"], InferredClass::Known(PrincipalClass::Workload)),
        (&["g", "j.verhoeven"], InferredClass::Known(PrincipalClass::Operator)),
        (&["i", "j", "k", "l"], InferredClass::Unknown),
    ] {
        for name in names {
            assert_eq!(of(name), who, "{name}");
        }
    }
}

#[test]
fn a_manifest_adds_hints_and_replaces_those_that_are_built_in() {
    let lambda = || role("x", lets(service("lambda.amazonaws.com"), json!({})));
    let hint = |lines: &str| baseline(&format!("version = 1\n[[hint]]\nbecause = \"ours\"\n{lines}\n"));
    let own = hint("name = \"lantern\"\nkind = \"agent\"\nwords = \"lantern\"");
    let named = role("Lantern2", lets(root(), json!({})));
    assert_eq!(recognised_with(Some(&own), &named).class, InferredClass::Known(PrincipalClass::Agent));
    assert_eq!(recognised(&named).class, InferredClass::Unknown);
    let found = recognised_with(Some(&hint("name = \"ci\"\nkind = \"agent\"\nservice = \"lambda.*\"")), &lambda());
    assert_eq!(found.class, InferredClass::Known(PrincipalClass::Agent));
    assert!(found.evidence.iter().any(|evidence| evidence.hint == "ci"), "{:?}", found.evidence);
    insta::assert_snapshot!("a_hint_of_the_manifest", iamdrift::report::text::render_class_reason(&found.reason));
    let replaced = hint("name = \"service\"\nkind = \"operator\"\nservice = \"nobody.amazonaws.com\"");
    assert_eq!(recognised_with(Some(&replaced), &lambda()).class, InferredClass::Unknown);
    let narrowed =
        hint("name = \"n\"\nkind = \"agent\"\noidc = \"sso.example.org\"\nwhen = { aud = \"agents\" }\nof = \"role\"");
    let asks = |aud: &str| {
        let condition = json!({ "StringEquals": { "sso.example.org:aud": aud } });
        recognised_with(Some(&narrowed), &role("x", lets(oidc("sso.example.org"), condition))).class
    };
    assert_eq!((asks("agents"), asks("people")), (InferredClass::Known(PrincipalClass::Agent), InferredClass::Unknown));
    let weak = hint("name = \"weak\"\nkind = \"agent\"\nservice = \"lambda.amazonaws.com\"\nstrength = \"weak\"");
    assert_eq!(recognised_with(Some(&weak), &lambda()).class, InferredClass::Known(PrincipalClass::Workload));
}

#[test]
fn agents_go_unrecognised_where_the_manifest_says_so() {
    let off = baseline("version = 1\n[settings]\nagent_hints = false\n");
    let of = |principal: &Value| recognised_with(Some(&off), principal).class;
    assert_eq!(
        of(&role("x", lets(service("bedrock-agentcore.amazonaws.com"), json!({})))),
        InferredClass::Known(PrincipalClass::Workload)
    );
    assert_eq!(of(&tagged(role("x", lets(root(), json!({}))), "agent", "kiro")), InferredClass::Unknown);
    assert_eq!(of(&user("kiro")), InferredClass::Known(PrincipalClass::Operator));
}
