//! IAM006: who can assume a role, against `assumable_by`.

use std::path::Path;

use iamdrift::audit::{Audit, AuditOptions, RuleId, Severity, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::snapshot::Snapshot;
use iamdrift::solve::Solver;
use iamdrift::source::SourceFile;
use iamdrift::trust::{TrustAnalyzer, TrustScope, UndeclaredTrust};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const GITHUB: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
const SUB: &str = "token.actions.githubusercontent.com:sub";

/// A snapshot of one role with this trust policy, and a manifest that declares who may assume it.
fn given(trust: &Value, assumable_by: &str, kind: &str) -> (Snapshot, Baseline) {
    let page = json!({
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [{
            "Arn": format!("arn:aws:iam::{ACCOUNT}:role/r"), "RoleName": "r", "RoleId": "AROAEXAMPLEEXAMPLE00", "Path": "/",
            "RolePolicyList": [], "AttachedManagedPolicies": [],
            "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": trust },
        }],
    });
    let organization = json!({
        "Organization": { "Id": "o-own1234567", "MasterAccountId": "999900001111" },
        "Roots": [{ "Id": "r-abcd", "Name": "Root", "PolicyTypes": [] }],
        "DelegatedAdministrators": [],
        "OrganizationalUnits": [], "Policies": [],
        "Accounts": [
            { "Id": ACCOUNT, "Name": "a", "ParentId": "r-abcd", "Status": "ACTIVE" },
            { "Id": "222233334444", "Name": "b", "ParentId": "r-abcd", "Status": "ACTIVE" },
        ],
    });
    let sources = [
        SourceFile::new("account.json", page.to_string()),
        SourceFile::new("organization.json", organization.to_string()),
    ];
    let snapshot = Snapshot::from_texts(Path::new("given"), &sources).expect("a snapshot");
    let manifest = format!(
        "version = 1\n[[principal]]\nname = \"r\"\nmatch = \"*\"\nkind = \"{kind}\"\nallow = []\n{assumable_by}\n"
    );
    let manifest = SourceFile::new("baseline.toml", manifest);
    let baseline = Baseline::from_texts(&manifest, [], Catalog::embedded()).map_err(|e| e.to_string()).unwrap();
    (snapshot, baseline)
}

fn audited(trust: &Value, assumable_by: &str, kind: &str) -> Audit {
    let (snapshot, baseline) = given(trust, assumable_by, kind);
    audit(&snapshot, &baseline, Catalog::embedded(), &AuditOptions::new(jiff::civil::date(2026, 11, 20))).unwrap()
}

/// The only finding's severity, and who comes in undeclared, the first who does; None if nothing is found.
fn found(trust: &Value, assumable_by: &str) -> Option<(Severity, String)> {
    let audit = audited(trust, assumable_by, "workload");
    let (snapshot, baseline) = given(trust, assumable_by, "workload");
    let assumers = baseline.entries[0].assumable_by.as_ref().map(|assumers| assumers.assumers.as_slice());
    let solver = Solver::new(Catalog::embedded());
    let (account, role) = snapshot.principals().next().unwrap();
    let undeclared = TrustAnalyzer::new(&solver, &snapshot).find_undeclared(account, role, assumers).undeclared;
    let [finding] = audit.findings.as_slice() else {
        assert!(audit.findings.is_empty() && undeclared.is_empty(), "{:?}\n{undeclared:?}", audit.findings);
        return None;
    };
    // A part that a wider scope contains has no excess of its own.
    assert_eq!(finding.rule, RuleId::Trust, "{finding:?}");
    assert!((1..=undeclared.len()).contains(&finding.excess.len()), "{finding:?}\n{undeclared:?}");
    let witness = &finding.excess[0].witness;
    assert_eq!(
        (witness.action.as_str(), &witness.resource),
        (undeclared[0].grant.assume_action(), &role.arn.as_str().to_owned())
    );
    Some((finding.severity, who(&undeclared[0])))
}

/// Who comes in: how far the grant reaches, and whom the trust policy names.
fn who(undeclared: &UndeclaredTrust) -> String {
    let named = undeclared.grant.as_str();
    match &undeclared.scope {
        TrustScope::Anyone => format!("world {}", undeclared.grant.assume_action()),
        TrustScope::AnyTenant(issuer) => format!("tenants {}", issuer.host),
        TrustScope::Guests(issuer) => format!("guests {}", issuer.host),
        TrustScope::Organization(id) => format!("organization {id}"),
        TrustScope::Account(id) => format!("account {id}"),
        TrustScope::Principal(arn) => format!("principal {arn}"),
        TrustScope::Provider => format!("provider {named}"),
        TrustScope::Service => format!("service {named}"),
        TrustScope::ServiceForOtherAccount => format!("service-abroad {named}"),
    }
}

fn allow(principal: Value, action: &str, condition: Value) -> Value {
    json!([{ "Effect": "Allow", "Principal": principal, "Action": format!("sts:{action}"), "Condition": condition }])
}

fn aws(principal: &str, condition: Value) -> Value {
    allow(json!({ "AWS": principal }), "AssumeRole", condition)
}

fn web(provider: &str, condition: Value) -> Value {
    allow(json!({ "Federated": provider }), "AssumeRoleWithWebIdentity", condition)
}

fn like(key: &str, value: &str) -> Value {
    json!({ "StringLike": { key: value } })
}

const NONE: &str = "";

#[test]
fn strangers_are_told_of_whatever_is_declared() {
    let anyone = "world sts:AssumeRole";
    for (trust, why) in [
        (aws("*", json!({})), "no condition"),
        (allow(json!("*"), "AssumeRole", json!({})), "the other way of saying anyone"),
        (aws("*", like("aws:PrincipalArn", "arn:aws:iam::*:role/ci")), "anyone can name a role ci"),
        (aws("*", json!({ "StringLike": { "aws:PrincipalOrgID": "o-*" } })), "every organization has such an id"),
        (
            aws("*", json!({ "StringEqualsIfExists": { "aws:PrincipalOrgID": "o-own1234567" } })),
            "who is in none comes in",
        ),
        (aws("*", json!({ "StringNotEquals": { "aws:PrincipalAccount": "222233334444" } })), "anyone but one account"),
        (aws("*", json!({ "StringEquals": { "aws:PrincipalTag/team": "x" } })), "a stranger tags itself"),
        (aws("*", json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } })), "a stranger has MFA, too"),
    ] {
        for declared in [NONE, "assumable_by = []", "assumable_by = [\"111122223333\"]"] {
            assert_eq!(found(&trust, declared), Some((Severity::Critical, anyone.to_owned())), "{why} {declared}");
        }
        assert_eq!(found(&trust, "assumable_by = [\"*\"]"), None, "declared so: {why}");
    }
    // An external id, an address, a network: whoever has it comes in, which is not anyone.
    for condition in [
        json!({ "StringEquals": { "sts:ExternalId": "0815" } }),
        json!({ "IpAddress": { "aws:SourceIp": "203.0.113.0/24" } }),
        json!({ "StringEquals": { "aws:SourceVpce": "vpce-1" } }),
    ] {
        assert_eq!(found(&aws("*", condition), NONE), Some((Severity::High, anyone.to_owned())));
    }
    // What ties them to an account or an organization.
    for condition in [
        json!({ "StringEquals": { "aws:PrincipalOrgID": "o-own1234567" } }),
        json!({ "StringEquals": { "aws:PrincipalAccount": "222233334444" } }),
        json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::222233334444:role/*" } }),
        json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-own1234567/r-abcd/*" } }),
    ] {
        assert_eq!(found(&aws("*", condition.clone()), NONE), None, "{condition}");
    }
}

#[test]
fn any_customer_of_a_shared_provider_is_a_stranger() {
    let any = "tenants token.actions.githubusercontent.com";
    let bare = format!("assumable_by = [\"{GITHUB}\"]");
    for (condition, why) in [
        (json!({}), "no condition"),
        (
            json!({ "StringEquals": { "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" } }),
            "everyone's audience",
        ),
        (like(SUB, "*"), "any subject"),
        (like(SUB, "repo:*"), "any repository"),
        (like(SUB, "repo:corp*"), "whoever registers corp-tools"),
        (like(SUB, "repo:*/app:*"), "any owner's app"),
        (
            json!({ "ForAllValues:StringLike": { "token.actions.githubusercontent.com:repository_owner": "corp" } }),
            "true of a token without the claim",
        ),
        (
            json!({ "StringLikeIfExists": { "token.actions.githubusercontent.com:repository_owner": "corp" } }),
            "if it exists",
        ),
    ] {
        let trust = web(GITHUB, condition);
        for declared in [NONE, bare.as_str()] {
            assert_eq!(found(&trust, declared), Some((Severity::Critical, any.to_owned())), "{why}");
        }
    }
    for condition in [
        like(SUB, "repo:corp/*"),
        json!({ "StringEquals": { SUB: ["repo:corp/app:ref:refs/heads/main", "repo:other/app:environment:prod"] } }),
        json!({ "StringEquals": { "token.actions.githubusercontent.com:repository": "corp/app" } }),
    ] {
        assert_eq!(found(&web(GITHUB, condition.clone()), NONE), None, "{condition}");
        assert_eq!(found(&web(GITHUB, condition.clone()), &bare), None, "declared by its name: {condition}");
    }
    // A provider of one's own vouches for one's own.
    let own = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC";
    assert_eq!(found(&web(own, json!({})), NONE), None);
    let pool = "tenants cognito-identity.amazonaws.com";
    let cognito = |condition| web("cognito-identity.amazonaws.com", condition);
    assert_eq!(found(&cognito(json!({})), NONE), Some((Severity::Critical, pool.to_owned())));
    let aud = "cognito-identity.amazonaws.com:aud";
    let of_pool = json!({ "StringEquals": { aud: "us-east-1:a" } });
    assert_eq!(
        found(&cognito(of_pool), NONE),
        Some((Severity::High, "guests cognito-identity.amazonaws.com".to_owned()))
    );
}

#[test]
fn guests_of_an_identity_pool_are_reported_unless_the_baseline_declares_them() {
    for host in ["cognito-identity.amazonaws.com", "cognito-identity-us-gov.amazonaws.com"] {
        let (aud, amr) = (format!("{host}:aud"), format!("{host}:amr"));
        let trust = |operator: &str, value: &str| {
            let mut conditions = json!({ "StringEquals": { &aud: "us-east-1:a" } });
            conditions[operator] = json!({ &amr: value });
            web(host, conditions)
        };
        let guests = Some((Severity::High, format!("guests {host}")));
        assert_eq!(found(&trust("ForAnyValue:StringLike", "unauthenticated"), NONE), guests);
        assert_eq!(found(&trust("ForAnyValue:StringNotEquals", "authenticated"), NONE), guests);
        assert_eq!(found(&trust("ForAnyValue:StringLike", "authenticated"), NONE), None, "signed in");
        let declared = format!("assumable_by = [{{ principal = \"{host}\" }}]");
        assert_eq!(found(&trust("ForAnyValue:StringLike", "unauthenticated"), &declared), None);
    }
}

#[test]
fn which_tokens_are_meant_is_compared_with_those_that_come_in() {
    let when = |sub: &str| {
        format!(
            "assumable_by = [{{ principal = \"{GITHUB}\", when = {{ StringLike = {{ \"{SUB}\" = \"{sub}\" }} }} }}]"
        )
    };
    let trust = web(GITHUB, like(SUB, "repo:corp/*"));
    assert_eq!(found(&trust, &when("repo:corp/*")), None);
    assert_eq!(found(&trust, &when("repo:*")), None, "wider");
    let provider = Some((Severity::High, format!("provider {GITHUB}")));
    assert_eq!(found(&trust, &when("repo:corp/app:*")), provider);
    // Declared with all that anyone can bring: it is said so, and by whom.
    assert_eq!(found(&web(GITHUB, like(SUB, "repo:*")), &when("repo:*")), None);
}

#[test]
fn accounts_principals_services_and_providers_against_what_is_listed() {
    let saml = "arn:aws:iam::111122223333:saml-provider/corp";
    let session = "arn:aws:sts::222233334444:assumed-role/ci/run";
    let list = |texts: &[&str]| format!("assumable_by = {texts:?}");
    let of = |account: &str| format!("account {account}");
    let one = |arn: &str| format!("principal {arn}");
    use Severity::{High, Medium};
    for (trust, declared, expected) in [
        // Accounts.
        (aws(ACCOUNT, json!({})), list(&[]), Some((Medium, of(ACCOUNT)))),
        (aws(ACCOUNT, json!({})), list(&[ACCOUNT]), None),
        (aws("arn:aws:iam::111122223333:root", json!({})), list(&[ACCOUNT]), None),
        (aws(ACCOUNT, json!({})), list(&["arn:aws:iam::111122223333:root"]), None),
        (aws(ACCOUNT, json!({})), list(&["arn:aws:iam::111122223333:role/ci"]), Some((Medium, of(ACCOUNT)))),
        (aws("222233334444", json!({})), list(&[]), Some((Medium, of("222233334444")))),
        (aws("555566667777", json!({})), list(&[ACCOUNT]), Some((High, of("555566667777")))),
        // The condition makes it one role, which is listed, or not.
        (
            aws(ACCOUNT, json!({ "ArnEquals": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/ci" } })),
            list(&["arn:aws:iam::111122223333:role/c*"]),
            None,
        ),
        (
            aws(ACCOUNT, json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/c*" } })),
            list(&["arn:aws:iam::111122223333:role/ci"]),
            Some((Medium, of(ACCOUNT))),
        ),
        // Principals, sessions.
        (aws("arn:aws:iam::222233334444:role/ci", json!({})), list(&["arn:*:iam::*:role/ci"]), None),
        (aws(session, json!({})), list(&["arn:aws:iam::222233334444:role/ci"]), None),
        (aws(session, json!({})), list(&["arn:aws:iam::222233334444:role/path/ci"]), None),
        (aws(session, json!({})), list(&[session]), None),
        (aws(session, json!({})), list(&["arn:aws:iam::222233334444:role/ci2"]), Some((Medium, one(session)))),
        (aws(session, json!({})), list(&["arn:aws:iam::222233334444:user/ci"]), Some((Medium, one(session)))),
        // The snapshot has the role of this session, with its path.
        (aws("arn:aws:sts::111122223333:assumed-role/r/s", json!({})), list(&["arn:aws:iam::111122223333:role/r"]), None),
        (aws("arn:aws:iam::555566667777:user/u", json!({})), list(&[]), Some((High, one("arn:aws:iam::555566667777:user/u")))),
        // The id of an entity that is gone.
        (aws("AROAGONEGONEGONEGONE0", json!({})), list(&[]), None),
        // Services.
        (allow(json!({ "Service": "ec2.amazonaws.com.cn" }), "AssumeRole", json!({})), list(&["ec2.amazonaws.com"]), None),
        (
            allow(json!({ "Service": "lambda.amazonaws.com" }), "AssumeRole", json!({})),
            list(&["ec2.amazonaws.com"]),
            Some((High, "service lambda.amazonaws.com".to_owned())),
        ),
        // Identity providers.
        (allow(json!({ "Federated": saml }), "AssumeRoleWithSAML", json!({})), list(&["arn:*:iam::*:saml-provider/corp"]), None),
        (
            allow(json!({ "Federated": saml }), "AssumeRoleWithSAML", json!({})),
            list(&["arn:*:iam::*:saml-provider/old"]),
            Some((High, format!("provider {saml}"))),
        ),
        // The action of another way in opens nothing.
        (allow(json!({ "Federated": saml }), "AssumeRole", json!({})), list(&[]), None),
        // The organization.
        (
            aws("*", json!({ "StringEquals": { "aws:PrincipalOrgID": "o-own1234567" } })),
            list(&["222233334444"]),
            Some((Medium, "organization o-own1234567".to_owned())),
        ),
        (
            aws("*", json!({ "StringEquals": { "aws:PrincipalOrgID": "o-own1234567" } })),
            "assumable_by = [{ principal = \"*\", when = { StringEquals = { \"aws:PrincipalOrgID\" = \"o-own1234567\" } } }]"
                .to_owned(),
            None,
        ),
    ] {
        assert_eq!(found(&trust, &declared), expected, "{trust} {declared}");
    }
}

#[test]
fn an_external_id_is_compared_and_missed() {
    let vendor = "assumable_by = [{ principal = \"555566667777\", when = { StringEquals = { \"sts:ExternalId\" = \"0815\" } } }]";
    assert_eq!(found(&aws("555566667777", json!({ "StringEquals": { "sts:ExternalId": "0815" } })), vendor), None);
    let audit = audited(&aws("555566667777", json!({})), vendor, "workload");
    let finding = &audit.findings[0];
    assert_eq!(finding.severity, Severity::High);
    let cubes = finding.excess[0].cubes.iter().flat_map(|cube| &cube.context);
    let external_id = cubes.filter(|(key, _)| key == "sts:ExternalId").any(|(_, range)| range.may_be_missing);
    assert!(external_id, "{:?}", finding.excess[0].cubes);
    let class = iamdrift::audit::FindingClass::from_finding(finding);
    let finding = iamdrift::report::FindingJson::from_class(&class);
    let texts = [&finding.excess[0].conditions[..], &finding.reasons].concat();
    insta::assert_snapshot!("an_external_id_that_is_not_required", texts.join("\n"));
}

#[test]
fn a_deny_closes_what_an_allow_opens() {
    let denied = |deny: Value| {
        let mut statements = aws("*", json!({})).as_array().unwrap().clone();
        statements.push(deny);
        found(&Value::from(statements), NONE)
    };
    let deny = |condition| json!({ "Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": condition });
    assert_eq!(denied(deny(json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-own1234567" } }))), None);
    // A negated test is true of a missing key, so that `IfExists` changes nothing.
    assert_eq!(denied(deny(json!({ "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-own1234567" } }))), None);
    let one = json!({ "Effect": "Deny", "Principal": { "AWS": "222233334444" }, "Action": "sts:AssumeRole" });
    assert_eq!(denied(one).unwrap().0, Severity::Critical);
}

#[test]
fn agents_are_one_step_worse_and_the_witness_shows_who() {
    let audit = audited(&aws(ACCOUNT, json!({})), "assumable_by = [\"arn:aws:iam::111122223333:role/ci\"]", "agent");
    let finding = &audit.findings[0];
    assert_eq!(finding.severity, Severity::High);
    let witness = &finding.excess[0].witness;
    assert_eq!(
        (witness.action.as_str(), witness.resource.as_str()),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/r")
    );
    let arn = &witness.context["aws:PrincipalArn"][0];
    assert!(arn.starts_with("arn:aws:iam::111122223333:") && !arn.ends_with(":role/ci"), "{arn}");
    assert_eq!(finding.excess[0].granted_by.place.line, 1);
}

#[test]
fn a_wildcard_lets_in_whom_any_provider_vouches_for() {
    let world = |action: &str| Some((Severity::Critical, format!("world sts:{action}")));
    for principal in [json!("*"), json!({ "Federated": "*" })] {
        let trust = |action: &str| allow(principal.clone(), action, json!({}));
        for declared in [NONE, "assumable_by = []"] {
            for action in ["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"] {
                assert_eq!(found(&trust(action), declared), world(action));
            }
        }
        assert_eq!(found(&trust("AssumeRoleWithWebIdentity"), "assumable_by = [\"*\"]"), None);
    }
}

#[test]
fn a_service_that_acts_for_another_account_is_told() {
    let lambda = |condition: Value| allow(json!({ "Service": "lambda.amazonaws.com" }), "AssumeRole", condition);
    let other = lambda(json!({ "StringEquals": { "aws:SourceAccount": "555566667777" } }));
    let abroad = "service-abroad lambda.amazonaws.com";
    assert_eq!(found(&other, "assumable_by = []"), Some((Severity::High, abroad.to_owned())));
    assert_eq!(found(&other, "assumable_by = [\"lambda.amazonaws.com\"]"), None);
    assert_eq!(found(&other, NONE), None, "where nothing is declared strangers are looked at alone");
    let here = "service lambda.amazonaws.com";
    assert_eq!(
        found(&lambda(json!({})), "assumable_by = []"),
        Some((Severity::High, here.to_owned())),
        "once, as the worst"
    );
    let own = lambda(json!({ "StringEquals": { "aws:SourceAccount": ACCOUNT } }));
    assert_eq!(found(&own, "assumable_by = []"), Some((Severity::Medium, here.to_owned())));
    let declared = "assumable_by = [{ principal = \"lambda.amazonaws.com\", when = { StringEquals = { \"aws:SourceAccount\" = \"111122223333\" } } }]";
    assert_eq!(found(&own, declared), None);
    let wider = found(&lambda(json!({})), declared);
    assert_eq!(wider, Some((Severity::High, abroad.to_owned())), "wider than what is declared");
}

#[test]
fn a_star_whose_conditions_only_services_satisfy_admits_services() {
    let own = aws("*", json!({ "StringEquals": { "aws:SourceAccount": ACCOUNT } }));
    assert_eq!(found(&own, "assumable_by = []"), Some((Severity::Medium, "service *".to_owned())));
    assert_eq!(found(&own, "assumable_by = [\"*\"]"), None);
    let other = aws("*", json!({ "StringEquals": { "aws:SourceAccount": "555566667777" } }));
    assert_eq!(found(&other, "assumable_by = []"), Some((Severity::High, "service-abroad *".to_owned())));
    let is_service = json!({ "aws:PrincipalIsAWSService": "true" });
    let one = json!({ "Bool": is_service, "StringEquals": { "aws:PrincipalServiceName": "lambda.amazonaws.com" } });
    assert_eq!(
        found(&aws("*", one.clone()), "assumable_by = []"),
        Some((Severity::High, "service *".to_owned())),
        "of any account"
    );
    assert_eq!(found(&aws("*", one.clone()), "assumable_by = [\"lambda.amazonaws.com\"]"), None);
    assert!(found(&aws("*", one), "assumable_by = [\"ec2.amazonaws.com\"]").is_some());
    let any = aws("*", json!({ "Bool": is_service }));
    assert!(found(&any, "assumable_by = [\"lambda.amazonaws.com\"]").is_some(), "other services, too");
    // Services have no account as principals.
    let members = aws("*", json!({ "StringEquals": { "aws:PrincipalAccount": ACCOUNT } }));
    assert_eq!(found(&members, "assumable_by = [\"111122223333\"]"), None);
}

#[test]
fn what_anyone_has_ties_nobody() {
    for condition in [
        json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/0" } }),
        json!({ "IpAddress": { "aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"] } }),
        json!({ "IpAddress": { "aws:VpcSourceIp": "10.0.0.0/8" } }),
        json!({ "StringLike": { "aws:SourceVpce": "vpce-*" } }),
        json!({ "StringLike": { "sts:ExternalId": "*" } }),
        json!({ "StringEqualsIfExists": { "sts:ExternalId": "0815" } }),
    ] {
        assert_eq!(found(&aws("*", condition.clone()), NONE).unwrap().0, Severity::Critical, "{condition}");
    }
}

#[test]
fn the_account_and_the_organization_of_the_role_by_a_variable() {
    let account = aws("*", json!({ "StringEquals": { "aws:PrincipalAccount": "${aws:ResourceAccount}" } }));
    let organization = aws("*", json!({ "StringEquals": { "aws:PrincipalOrgID": "${aws:ResourceOrgID}" } }));
    assert_eq!(found(&account, NONE), None);
    assert_eq!(found(&organization, NONE), None);
    let none = "assumable_by = []";
    assert_eq!(found(&account, none), Some((Severity::Medium, format!("account {ACCOUNT}"))));
    assert_eq!(found(&organization, none), Some((Severity::Medium, "organization o-own1234567".to_owned())));
}

#[test]
fn a_workflow_that_is_called_does_not_tell_who_calls_it() {
    let claim = "token.actions.githubusercontent.com:job_workflow_ref";
    let any = Some((Severity::Critical, "tenants token.actions.githubusercontent.com".to_owned()));
    let workflow = "corp/workflows/.github/workflows/deploy.yml@refs/heads/main";
    assert_eq!(found(&web(GITHUB, like(claim, workflow)), NONE), any);
    let both = json!({ "StringLike": { claim: workflow, SUB: "repo:corp/*" } });
    assert_eq!(found(&web(GITHUB, both), NONE), None);
    // In whatever letter case an owner is one.
    let exact = json!({ "StringEqualsIgnoreCase": { SUB: "repo:corp/app:ref:refs/heads/main" } });
    assert_eq!(found(&web(GITHUB, exact), NONE), None);
}

#[test]
fn what_a_person_reads_of_each() {
    let service = allow(json!({ "Service": "lambda.amazonaws.com" }), "AssumeRole", json!({}));
    let abroad = json!({ "StringEquals": { "aws:SourceAccount": "555566667777" } });
    let saml = json!({ "Federated": "arn:aws:iam::111122223333:saml-provider/corp" });
    let mut texts = Vec::new();
    for trust in [
        aws("*", json!({})),
        aws("*", json!({ "StringEquals": { "aws:PrincipalOrgID": "o-own1234567" } })),
        aws(ACCOUNT, json!({})),
        aws("arn:aws:iam::555566667777:user/u", json!({})),
        web(GITHUB, like(SUB, "repo:*")),
        web(GITHUB, like(SUB, "repo:corp/*")),
        web("cognito-identity.amazonaws.com", json!({})),
        allow(json!("*"), "AssumeRoleWithWebIdentity", json!({})),
        allow(json!("*"), "AssumeRoleWithSAML", json!({})),
        allow(saml, "AssumeRoleWithSAML", json!({})),
        allow(json!({ "Service": "lambda.amazonaws.com" }), "AssumeRole", abroad),
        service,
    ] {
        let audit = audited(&trust, "assumable_by = []", "workload");
        let remedies = crate::advice::list_remedies(&audit.findings[0]);
        let class = iamdrift::audit::FindingClass::from_finding(&audit.findings[0]);
        let finding = iamdrift::report::FindingJson::from_class(&class);
        texts.push(format!("{}\n  {}\n  {}", finding.title, finding.reasons.join("\n  "), remedies.join("\n  ")));
    }
    insta::assert_snapshot!("who_can_assume_a_role", texts.join("\n"));
}

#[test]
fn a_wildcard_for_the_account_means_the_own_accounts() {
    let declared = "assumable_by = [\"arn:*:iam::*:role/ops/*\"]";
    let arn = |partition: &str, account: &str| format!("arn:{partition}:iam::{account}:role/ops/x");
    let by_name = |account: &str| aws(account, json!({ "ArnLike": { "aws:PrincipalArn": "arn:*:iam::*:role/ops/*" } }));
    for own in [ACCOUNT, "222233334444"] {
        assert_eq!(found(&aws(&arn("aws", own), json!({})), declared), None, "{own}");
        assert_eq!(found(&by_name(own), declared), None, "{own}");
    }
    let in_organization = json!({
        "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/ops/*" },
        "StringEquals": { "aws:PrincipalOrgID": "o-own1234567" },
    });
    assert_eq!(found(&aws("*", in_organization), declared), None);

    let anyone = Some((Severity::Critical, "world sts:AssumeRole".to_owned()));
    assert_eq!(found(&by_name("*"), declared), anyone, "anyone creates a role with such a name");
    for outsider in [arn("aws", "555566667777"), arn("aws-cn", "555566667777"), arn("aws-cn", ACCOUNT)] {
        let (_, who) = found(&aws(&outsider, json!({})), declared).unwrap();
        assert_eq!(who, format!("principal {outsider}"));
    }
    let account = Some((Severity::High, "account 555566667777".to_owned()));
    assert_eq!(found(&by_name("555566667777"), declared), account);
    for list in ["arn:*:iam::5555????7777:role/ops/*", "arn:aws:iam::*:root", "arn:aws:sts::*:assumed-role/x/*"] {
        assert!(found(&aws(&arn("aws", "555566667777"), json!({})), &format!("assumable_by = [\"{list}\"]")).is_some());
    }
    let partner = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-partner1234" } });
    assert!(found(&aws("*", partner.clone()), declared).is_some());

    // An account that is named, in the pattern or by a condition.
    let vendor = aws(&arn("aws", "555566667777"), json!({}));
    assert_eq!(found(&vendor, "assumable_by = [\"arn:*:iam::555566667777:role/ops/*\"]"), None);
    let when = |condition: &str| {
        format!("assumable_by = [{{ principal = \"arn:*:iam::*:role/*\", when = {{ {condition} }} }}]")
    };
    assert_eq!(found(&vendor, &when("StringEquals = { \"aws:PrincipalAccount\" = \"555566667777\" }")), None);
    let but_another = "ArnNotLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::555566667777:role/evil\" }";
    assert!(found(&vendor, &when(but_another)).is_some(), "not named by what is excluded");
    let of_partner = when("StringEquals = { \"aws:PrincipalOrgID\" = \"o-partner1234\" }");
    let named_role =
        json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/*" }, "StringEquals": partner["StringEquals"] });
    assert_eq!(found(&aws("*", named_role), &of_partner), None);
    assert_eq!(found(&by_name("*"), "assumable_by = [\"*\"]"), None, "everyone");
}
