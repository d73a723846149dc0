//! What a session has depends on how it began: by `sts:AssumeRole`, by a service to which the role is passed, or by an identity
//! provider.

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::paths::{Found, search, steps_to};
use super::{ACCOUNT, arn, document, role, snapshot, trusts, user};

const READ: &str = "s3:GetObject";

fn on(actions: Value, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn when(actions: Value, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": "*", "Condition": condition })
}

fn from_lambda() -> Value {
    json!({ "ArnLike": { "lambda:SourceFunctionArn": "arn:aws:lambda:*:*:function:*" } })
}

fn as_chief() -> Value {
    json!({ "StringEquals": { "saml:sub": "ceo" } })
}

/// What user `me` can do to a role `x` that trusts it, and what `x` may read.
fn to_x(me: &[Value], trust: &Value, condition: Value) -> Option<Vec<String>> {
    let x = role("x", &json!([when(json!(READ), condition)]), trust.clone());
    steps_to(&snapshot(&[x], &[user("me", &json!(me))], None), &arn("user", "me"), READ)
}

fn trusts_me() -> Value {
    trusts(json!({ "AWS": arn("user", "me") }))
}

/// A trust policy for `me` and for another principal.
fn trusts_me_and(other: Value, actions: Value) -> Value {
    json!([trusts_me()[0], { "Effect": "Allow", "Principal": other, "Action": actions }])
}

fn assumes() -> Vec<Value> {
    vec![on(json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]), "*")]
}

fn with(more: &[Value]) -> Vec<Value> {
    [assumes(), more.to_vec()].concat()
}

fn runs_functions() -> Value {
    on(json!(["lambda:CreateFunction", "lambda:InvokeFunction"]), "*")
}

fn rewrites_x() -> Value {
    on(json!("iam:UpdateAssumeRolePolicy"), &arn("role", "x"))
}

fn steps(of: &[&str]) -> Option<Vec<String>> {
    Some(of.iter().map(|step| (*step).to_owned()).collect())
}

#[test]
fn a_session_that_a_principal_assumes_has_no_key_of_a_service_or_provider() {
    let lambda = trusts_me_and(json!({ "Service": "lambda.amazonaws.com" }), json!("sts:AssumeRole"));
    let pass = on(json!("iam:PassRole"), &arn("role", "x"));
    assert_eq!(to_x(&assumes(), &lambda, from_lambda()), None);
    assert_eq!(to_x(&with(&[pass, runs_functions()]), &lambda, from_lambda()), steps(&["me → x: lambda-001"]));
    let saml = trusts_me_and(json!({ "Federated": arn("saml-provider", "corp") }), json!("sts:AssumeRoleWithSAML"));
    let keys = on(json!("iam:UpdateSAMLProvider"), &arn("saml-provider", "corp"));
    assert_eq!(to_x(&assumes(), &saml, as_chief()), None);
    assert_eq!(to_x(&with(&[keys]), &saml, as_chief()), steps(&["me → x: iam-saml-provider"]));
    let no_key = || json!({ "Null": { "saml:sub": "true" } });
    assert_eq!(to_x(&assumes(), &saml, no_key()), steps(&["me → x: sts-001"]));
}

#[test]
fn a_principal_chooses_tags_and_a_source_identity_only_if_the_trust_policy_admits_it() {
    let saml = |actions: Value| trusts_me_and(json!({ "Federated": arn("saml-provider", "corp") }), actions);
    let tagged = || json!({ "StringEquals": { "aws:PrincipalTag/team": "prod" } });
    let tags =
        |actions: Value| json!([{ "Effect": "Allow", "Principal": { "AWS": arn("user", "me") }, "Action": actions }]);
    assert_eq!(to_x(&assumes(), &saml(json!(["sts:AssumeRoleWithSAML", "sts:TagSession"])), tagged()), None);
    let found = steps(&["me → x: sts-001"]);
    assert_eq!(to_x(&assumes(), &tags(json!(["sts:AssumeRole", "sts:TagSession"])), tagged()), found);
    let identity = || json!({ "StringEquals": { "aws:SourceIdentity": "ceo" } });
    assert_eq!(to_x(&assumes(), &trusts_me(), identity()), None);
    assert_eq!(to_x(&assumes(), &tags(json!(["sts:AssumeRole", "sts:SetSourceIdentity"])), identity()), found);
    let missing = || json!({ "Null": { "aws:SourceIdentity": "true" } });
    assert_eq!(to_x(&assumes(), &trusts_me(), missing()), found);
}

#[test]
fn what_others_change_serves_a_session_that_began_in_one_way() {
    let x = |condition: Value| {
        let own = json!([on(json!("s3:ListAllMyBuckets"), "*"), when(json!("s3:ListBucket"), condition)]);
        role("x", &own, trusts_me())
    };
    let writes = on(json!("iam:PutRolePolicy"), &arn("role", "x"));
    let found = |me: &[Value]| {
        let identity = json!({ "StringEquals": { "aws:SourceIdentity": "ceo" } });
        steps_to(&snapshot(&[x(identity)], &[user("me", &json!(me))], None), &arn("user", "me"), READ)
    };
    assert_eq!(found(&with(&[writes])), steps(&["me → x: iam-005, sts-001"]));
    assert_eq!(found(&assumes()), None);
}

#[test]
fn a_rewritten_trust_policy_admits_a_service_or_provider() {
    let pass = on(json!("iam:PassRole"), &arn("role", "x"));
    let passed = steps(&["me → x: iam-trust-pass"]);
    assert_eq!(to_x(&with(&[rewrites_x(), pass.clone(), runs_functions()]), &trusts_me(), from_lambda()), passed);
    assert_eq!(to_x(&with(&[rewrites_x(), runs_functions()]), &trusts_me(), from_lambda()), None, "it is not passed");
    assert_eq!(to_x(&with(&[pass, runs_functions()]), &trusts_me(), from_lambda()), None, "it trusts no service");
    let creates = on(json!("iam:CreateSAMLProvider"), &arn("saml-provider", "*"));
    let own = steps(&["me → x: iam-trust-provider, iam-saml-provider-new"]);
    assert_eq!(to_x(&with(&[rewrites_x(), creates.clone()]), &trusts_me(), as_chief()), own);
    assert_eq!(to_x(&with(&[rewrites_x()]), &trusts_me(), as_chief()), None, "no provider is its own");
    assert_eq!(to_x(&with(&[creates]), &trusts_me(), as_chief()), None);
}

/// The roles that `me` can create, with an SCP and statements of a bucket policy.
fn created(me: &[Value], roles: &[Value], (scp, bucket): (&[Value], &[Value])) -> Found {
    let reader = json!({ "Arn": arn("policy", "reader"), "PolicyName": "reader", "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true,
                                "Document": document(&json!([on(json!(READ), "*")])) }] });
    let page = json!({ "RoleDetailList": roles, "UserDetailList": [user("me", &json!(me))], "Policies": [reader],
                       "GroupDetailList": [] });
    let scp: Vec<Value> = [vec![on(json!("*"), "*")], scp.to_vec()].concat();
    let policies = json!([{ "ResourceArn": "arn:aws:s3:::data", "OwnerAccount": ACCOUNT,
                            "ObjectOwnership": "BucketOwnerEnforced", "Policy": document(&json!(bucket)) }]);
    let mut sources = vec![SourceFile::new("account.json", page.to_string()), super::organization(&json!(scp))];
    if !bucket.is_empty() {
        sources.push(SourceFile::new("resource-policies.json", policies.to_string()));
    }
    let given = Snapshot::from_texts(std::path::Path::new("given"), &sources).expect("a snapshot");
    search(&given, &arn("user", "me"), (READ, Some("arn:aws:s3:::data/a")))
}

fn denies_reading_without(key: &str) -> Value {
    json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": { "Null": { key: "true" } } })
}

/// Statements to create a role that can have the policy `reader`.
fn makes_roles() -> [Value; 2] {
    let team = arn("role", "team/*");
    let reader = json!({ "ArnEquals": { "iam:PolicyARN": arn("policy", "reader") } });
    let attach = json!({ "Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": team, "Condition": reader });
    [on(json!("iam:CreateRole"), &team), attach]
}

#[test]
fn a_service_begins_the_session_of_a_new_role() {
    let pass = on(json!("iam:PassRole"), &arn("role", "team/*"));
    let found = |me: &[Value], key: &str| {
        let scp = [denies_reading_without(key)];
        let me = [makes_roles().to_vec(), me.to_vec()].concat();
        let found = created(&me, &[], (&scp, &[])).expect("decided");
        found.map(|steps| steps.join("; "))
    };
    let lambda = "lambda:SourceFunctionArn";
    let by_lambda = found(&[pass.clone(), runs_functions()], lambda).expect("a path");
    assert!(by_lambda.contains("lambda-001"), "{by_lambda}");
    assert_eq!(found(&[runs_functions()], lambda), None);
    let instances = on(json!(["ec2:RunInstances", "iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"]), "*");
    let by_ec2 = found(&[pass.clone(), instances.clone()], "ec2:SourceInstanceArn").expect("a path");
    assert!(by_ec2.contains("ec2-001"), "{by_ec2}");
    assert_eq!(found(&[pass, instances], lambda), None, "another service");
}

#[test]
fn an_identity_provider_begins_the_session_of_a_new_role() {
    let creates = |actions: &str| on(json!(actions), &arn("saml-provider", "*"));
    let read = |mut statement: Value| {
        statement["Action"] = json!(READ);
        statement["Effect"] = json!("Allow");
        statement["Resource"] = json!("arn:aws:s3:::data/*");
        [statement]
    };
    let role_alone = || on(json!("iam:CreateRole"), &arn("role", "team/*"));
    let chief = read(json!({ "Principal": "*", "Condition": as_chief() }));
    let path = created(&[role_alone(), creates("iam:CreateSAMLProvider")], &[], (&[], &chief)).expect("decided");
    let path = path.expect("a path").join("; ");
    assert!(path.ends_with("iam-create-role, iam-saml-provider-new"), "{path}");
    assert_eq!(created(&[role_alone()], &[], (&[], &chief)), Ok(None));
    let corp = read(json!({ "Principal": { "Federated": arn("saml-provider", "corp") } }));
    let path = created(&[role_alone(), creates("iam:UpdateSAMLProvider")], &[], (&[], &corp)).expect("decided");
    assert!(path.expect("a path").join("; ").ends_with("iam-create-role, iam-saml-provider"));
    assert_eq!(created(&[role_alone()], &[], (&[], &corp)), Ok(None));
}

#[test]
fn anyone_is_a_customer_of_a_shared_provider() {
    let github = arn("oidc-provider", "token.actions.githubusercontent.com");
    let ci = |provider: &str| {
        let trust = json!([{ "Effect": "Allow", "Principal": { "Federated": provider },
            "Action": "sts:AssumeRoleWithWebIdentity", "Condition": { "StringEquals": {
                "token.actions.githubusercontent.com:sub": "repo:corp/app:ref:refs/heads/main" } } }]);
        role("ci", &json!([on(json!("ec2:DescribeInstances"), "*")]), trust)
    };
    let scp = [denies_reading_without("aws:FederatedProvider")];
    let found = |provider: &str| created(&makes_roles(), &[ci(provider)], (&scp, &[])).expect("decided");
    let path = found(&github).expect("a path").join("; ");
    assert!(path.contains("sts-shared-oidc"), "{path}");
    assert_eq!(found(&arn("oidc-provider", "login.example.com")), None, "tokens of someone else");
}
