//! Tokens, identity providers, root sessions and credentials for one service: what the requests and the trust must say.

use serde_json::{Value, json};

use super::{ACCOUNT, admin, allow, arn, ids, path, role, service, shortest, snapshot, taken, user};

fn when(action: &str, condition: Value) -> Value {
    json!([{ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition }])
}

fn trusts_token(provider: &str, condition: Value) -> Value {
    json!([{ "Effect": "Allow", "Principal": { "Federated": provider }, "Action": "sts:AssumeRoleWithWebIdentity",
             "Condition": condition }])
}

#[test]
fn a_token_of_sts_names_its_principal() {
    let host = "a1b2.tokens.sts.global.api.aws";
    let provider = arn("oidc-provider", host);
    let sub =
        |name: &str| trusts_token(&provider, json!({ "StringEquals": { format!("{host}:sub"): arn("role", name) } }));
    let token = || allow(json!("sts:GetWebIdentityToken"), "*");
    assert_eq!(taken(token(), sub("r")), path(&["sts-web-identity"]));
    assert_eq!(taken(token(), sub("other")), None, "the token is about r");
    assert_eq!(taken(token(), trusts_token(&provider, json!({}))), path(&["sts-web-identity"]));
    let other = trusts_token(&arn("oidc-provider", "oidc.example.com"), json!({}));
    assert_eq!(taken(token(), other), None, "another issuer");
    assert_eq!(taken(allow(json!("sts:GetCallerIdentity"), "*"), sub("r")), None);
    // Principals with the same statements have different tokens.
    let roles = [role("q", &token(), service("ec2")), role("r", &token(), service("ec2")), admin(sub("r"))];
    let snapshot = snapshot(&roles, &[], None);
    assert!(shortest(&snapshot, &arn("role", "q")).is_none());
    assert!(shortest(&snapshot, &arn("role", "r")).is_some());
}

#[test]
fn a_root_session_is_for_one_task() {
    let task = |name: &str| {
        when(
            "sts:AssumeRoot",
            json!({ "StringEquals": { "sts:TaskPolicyArn": format!("arn:aws:iam::aws:policy/root-task/{name}") } }),
        )
    };
    assert_eq!(taken(allow(json!("sts:AssumeRoot"), "*"), service("none")), path(&["sts-assume-root"]));
    assert_eq!(taken(task("IAMCreateRootUserPassword"), service("none")), path(&["sts-assume-root"]));
    assert_eq!(taken(task("S3UnlockBucketPolicy"), service("none")), path(&["sts-assume-root-s3"]));
    assert_eq!(taken(task("IAMAuditRootUserCredentials"), service("none")), None, "it only reads");
    // The session of a task gives what the task does, and no more.
    let does = json!([task("S3UnlockBucketPolicy")[0], allow(json!("s3:*"), "*")[0]]);
    assert_eq!(taken(does, service("none")), None, "r may do that itself");
}

#[test]
fn a_credential_for_one_service_gives_that_service() {
    let of = |statements: Value, target: Value| {
        let users = [user("u", &statements), user("target", &target)];
        shortest(&snapshot(&[], &users, None), &arn("user", "u")).map(|links| ids(&links))
    };
    let create = || allow(json!("iam:CreateServiceSpecificCredential"), "*");
    assert_eq!(of(create(), allow(json!("bedrock:*"), "*")), path(&["iam-credential-bedrock"]));
    assert_eq!(of(create(), allow(json!("codecommit:GitPush"), "*")), path(&["iam-credential-codecommit"]));
    assert_eq!(of(create(), allow(json!("s3:*"), "*")), None, "no such credential opens S3");
    let only = |service: &str| {
        when(
            "iam:CreateServiceSpecificCredential",
            json!({ "StringEquals": { "iam:ServiceSpecificCredentialServiceName": service } }),
        )
    };
    let bedrock = allow(json!("bedrock:*"), "*");
    assert_eq!(of(only("bedrock.amazonaws.com"), bedrock.clone()), path(&["iam-credential-bedrock"]));
    assert_eq!(of(only("codecommit.amazonaws.com"), bedrock), None, "for another service");
}

#[test]
fn a_service_that_does_part_of_what_a_role_may_gives_that_part() {
    let budget = allow(json!(["iam:PassRole", "budgets:CreateBudgetAction", "budgets:ExecuteBudgetAction"]), "*");
    let of = |target: Value| {
        let roles = [role("r", &budget, service("ec2")), role("admin", &target, service("budgets"))];
        shortest(&snapshot(&roles, &[], None), &arn("role", "r")).map(|links| ids(&links))
    };
    assert_eq!(of(allow(json!("s3:*"), "*")), None, "a budget reads no bucket");
    assert_eq!(of(allow(json!("iam:AttachRolePolicy"), "*")), path(&["budgets"]));
    // What it gets it can use: the action attaches a policy to r itself.
    let snapshot = snapshot(
        &[
            role("r", &budget, service("ec2")),
            role("admin", &allow(json!("iam:AttachRolePolicy"), "*"), service("budgets")),
        ],
        &[],
        None,
    );
    let links = shortest(&snapshot, &arn("role", "r")).unwrap();
    assert!(links[0].assumptions.iter().any(|assumption| assumption.contains("budget")), "{:?}", links[0].assumptions);
}

#[test]
fn cognito_gives_out_roles_that_trust_it() {
    let pool = |condition: Value| trusts_token("cognito-identity.amazonaws.com", condition);
    let set = || allow(json!(["iam:PassRole", "cognito-identity:SetIdentityPoolRoles"]), "*");
    let aud = json!({ "StringEquals": { "cognito-identity.amazonaws.com:aud": "us-east-1:1111" } });
    assert_eq!(taken(set(), pool(aud)), path(&["cognitoidentity-001"]));
    assert_eq!(taken(set(), pool(json!({}))), path(&["cognitoidentity-001"]));
    let github = arn("oidc-provider", "token.actions.githubusercontent.com");
    assert_eq!(taken(set(), trusts_token(&github, json!({}))), None, "another provider");
}

#[test]
fn the_roles_of_permission_sets_belong_to_any_account() {
    let saml = |name: &str| {
        json!([{ "Effect": "Allow", "Principal": { "Federated": arn("saml-provider", name) },
                 "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"] }])
    };
    let assign = || allow(json!("sso:CreateAccountAssignment"), "*");
    assert_eq!(taken(assign(), saml("AWSSSO_1a2b_DO_NOT_DELETE")), path(&["sso-assign"]));
    assert_eq!(taken(assign(), saml("corp")), None, "a provider of the account itself");
    assert_eq!(taken(allow(json!("iam:UpdateSAMLProvider"), "*"), saml("corp")), path(&["iam-saml-provider"]));
    assert_eq!(
        taken(assign(), json!([{ "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "sts:AssumeRole" }])),
        None
    );
}

#[test]
fn who_changes_an_identity_provider_acts_as_the_roles_that_trust_it() {
    let federated = |kind: &str, name: &str, action: &str| json!([{ "Effect": "Allow", "Principal": { "Federated": arn(kind, name) }, "Action": action }]);
    let saml = || federated("saml-provider", "corp", "sts:AssumeRoleWithSAML");
    let oidc = || federated("oidc-provider", "idp.example.com", "sts:AssumeRoleWithWebIdentity");
    let of = |action: Value, provider: &str, trust: Value| taken(allow(action, provider), trust);
    let corp = arn("saml-provider", "corp");
    let other = arn("saml-provider", "other");
    let idp = arn("oidc-provider", "idp.example.com");
    for (action, id) in [
        (json!("iam:UpdateSAMLProvider"), "iam-saml-provider"),
        (json!(["iam:DeleteSAMLProvider", "iam:CreateSAMLProvider"]), "iam-saml-provider-replace"),
        (json!("iam:CreateSAMLProvider"), "iam-saml-provider-new"),
    ] {
        assert_eq!(of(action.clone(), &corp, saml()), path(&[id]));
        assert_eq!(of(action.clone(), &other, saml()), None, "a provider that the role does not trust");
        assert_eq!(of(action, "*", oidc()), None, "of another kind");
    }
    for (action, id) in [
        ("iam:AddClientIDToOpenIDConnectProvider", "iam-oidc-client"),
        ("iam:UpdateOpenIDConnectProviderThumbprint", "iam-oidc-thumbprint"),
        ("iam:CreateOpenIDConnectProvider", "iam-oidc-provider-new"),
    ] {
        assert_eq!(of(json!(action), &idp, oidc()), path(&[id]));
        assert_eq!(of(json!(action), &arn("oidc-provider", "other.example.com"), oidc()), None);
    }
}
