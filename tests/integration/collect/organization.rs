//! An organization in the form in which AWS answers (the examples of the "AWS Organizations API Reference" and the
//! "IAM Identity Center API Reference"), and what goes wrong with reading one.

use serde_json::{Value, json};

use super::answers::{Account, Aws, CALLER, role};
use super::server::{Answer, Request, Server};
use super::{ended, run};

const MEMBER: &str = "111122223333";
const SUSPENDED: &str = "555555555555";
const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1/ps-1";
/// One without any policy or boundary.
const BARE: &str = "arn:aws:sso:::permissionSet/ssoins-1/ps-2";

/// What AWS answers; none where it is no matter of the organization's.
pub fn answer(request: &Request) -> Option<Answer> {
    if !["organizations", "sso"].contains(&request.service.as_str()) {
        return None;
    }
    let asked: Value = serde_json::from_str(&request.body).unwrap();
    let full = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let parent = asked["ParentId"].as_str().unwrap_or_default();
    let answer = match request.operation.as_str() {
        "DescribeOrganization" => json!({ "Organization": {
            "Id": "o-exampleorgid", "MasterAccountId": CALLER, "FeatureSet": "ALL",
            "AvailablePolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }]
        } }),
        "ListRoots" => json!({ "Roots": [{
            "Id": "r-examplerootid111", "Name": "Root",
            "PolicyTypes": [
                { "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" },
                { "Type": "RESOURCE_CONTROL_POLICY", "Status": "PENDING_DISABLE" }
            ]
        }] }),
        "ListOrganizationalUnitsForParent" => match (parent, asked["NextToken"].as_str()) {
            // A first page without entries, and where the second begins: AWS may do so.
            ("r-examplerootid111", None) => json!({ "OrganizationalUnits": [], "NextToken": "more" }),
            ("r-examplerootid111", Some("more")) => {
                json!({ "OrganizationalUnits": [{ "Id": "ou-examplerootid111-exampleouid1", "Name": "dév" }] })
            }
            _ => json!({ "OrganizationalUnits": [] }),
        },
        "ListAccountsForParent" => match parent {
            "r-examplerootid111" => json!({ "Accounts": [
                { "Id": CALLER, "Name": "management", "Status": "ACTIVE", "State": "ACTIVE" }
            ] }),
            _ => json!({ "Accounts": [
                { "Id": MEMBER, "Name": "bïlling", "State": "ACTIVE" },
                { "Id": SUSPENDED, "Name": "old", "Status": "SUSPENDED", "State": "SUSPENDED" }
            ] }),
        },
        "ListPolicies" => {
            assert_eq!(asked["Filter"], "SERVICE_CONTROL_POLICY", "RCPs are on their way out: they have no effect");
            json!({ "Policies": [{ "Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": asked["Filter"], "AwsManaged": true }] })
        }
        "DescribePolicy" => json!({ "Policy": { "Content": full, "PolicySummary": { "Id": asked["PolicyId"] } } }),
        "ListTargetsForPolicy" => {
            let ids = ["r-examplerootid111", "ou-examplerootid111-exampleouid1", CALLER, MEMBER, SUSPENDED];
            json!({ "Targets": ids.map(|id| json!({ "TargetId": id })) })
        }
        "ListDelegatedAdministrators" => json!({ "DelegatedAdministrators": [{ "Id": MEMBER }] }),
        "ListInstances" => {
            json!({ "Instances": [{ "InstanceArn": "arn:aws:sso:::instance/ssoins-1", "IdentityStoreId": "d-1" }] })
        }
        "ListPermissionSets" => json!({ "PermissionSets": [SET, BARE] }),
        "DescribePermissionSet" if asked["PermissionSetArn"] == BARE => {
            json!({ "PermissionSet": { "Name": "Bare", "PermissionSetArn": BARE } })
        }
        "GetInlinePolicyForPermissionSet" if asked["PermissionSetArn"] == BARE => json!({ "InlinePolicy": "" }),
        "ListManagedPoliciesInPermissionSet" if asked["PermissionSetArn"] == BARE => {
            json!({ "AttachedManagedPolicies": [] })
        }
        "ListCustomerManagedPolicyReferencesInPermissionSet" if asked["PermissionSetArn"] == BARE => {
            json!({ "CustomerManagedPolicyReferences": [] })
        }
        "GetPermissionsBoundaryForPermissionSet" if asked["PermissionSetArn"] == BARE => {
            return Some(no_boundary());
        }
        "GetPermissionsBoundaryForPermissionSet" => json!({ "PermissionsBoundary": {
            "CustomerManagedPolicyReference": { "Name": "ceiling", "Path": "/bounds/" }
        } }),
        "DescribePermissionSet" => json!({ "PermissionSet": { "Name": "Admins", "PermissionSetArn": SET } }),
        "GetInlinePolicyForPermissionSet" => json!({ "InlinePolicy": full }),
        "ListManagedPoliciesInPermissionSet" => {
            json!({ "AttachedManagedPolicies": [{ "Arn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }] })
        }
        "ListCustomerManagedPolicyReferencesInPermissionSet" => {
            json!({ "CustomerManagedPolicyReferences": [{ "Name": "local" }] })
        }
        name => panic!("the collector asked for {name}, which nothing here answers"),
    };
    Some(Answer::json(answer.to_string()))
}

/// What AWS answers of a permission set that has no boundary ("GetPermissionsBoundaryForPermissionSet", Errors).
pub fn no_boundary() -> Answer {
    Answer::json_error(400, "ResourceNotFoundException", "Permissions boundary is not present.")
}

/// A server for the organization and its accounts; `fault` answers first.
fn server(fault: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Server {
    let account = |id: &str| Account { roles: vec![role(id, "one", &[], &[])], ..Account::default() };
    let aws = Aws::new(100).with(CALLER, account(CALLER)).with(MEMBER, account(MEMBER));
    Server::start(move |request, _| fault(request).or_else(|| answer(request)).unwrap_or_else(|| aws.answer(request)))
}

fn read(path: std::path::PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

const COLLECT: [&str; 6] = ["collect", "--organization", "--member-role", "m", "--external-id", "7f3a"];

#[test]
fn an_organization_is_read_from_the_top_down() {
    let server = server(|_| None);
    let folder = tempfile::tempdir().unwrap();
    let output = run(&server.url, folder.path(), &COLLECT);
    assert_eq!(ended(&output), (0, String::new()));
    insta::assert_snapshot!("an_organization_that_was_collected", String::from_utf8(output.stdout).unwrap());
    let snapshot = folder.path().join("snapshot");
    let organization = read(snapshot.join("organization.json"));
    assert_eq!(organization["Organization"], json!({ "Id": "o-exampleorgid", "MasterAccountId": CALLER }));
    assert_eq!(
        organization["OrganizationalUnits"],
        json!([{ "Id": "ou-examplerootid111-exampleouid1", "Name": "dév", "ParentId": "r-examplerootid111" }])
    );
    assert_eq!(
        organization["Accounts"],
        json!([
            { "Id": MEMBER, "Name": "bïlling", "ParentId": "ou-examplerootid111-exampleouid1", "Status": "ACTIVE" },
            { "Id": SUSPENDED, "Name": "old", "ParentId": "ou-examplerootid111-exampleouid1", "Status": "SUSPENDED" },
            { "Id": CALLER, "Name": "management", "ParentId": "r-examplerootid111", "Status": "ACTIVE" }
        ])
    );
    assert_eq!(organization["Policies"][0]["Targets"].as_array().unwrap().len(), 5);
    assert_eq!(organization["DelegatedAdministrators"], json!([{ "Id": MEMBER }]));
    let own = read(snapshot.join(format!("accounts/{CALLER}.json")));
    let sets: Vec<&Value> =
        own["Pages"].as_array().unwrap().iter().filter_map(|page| page.get("PermissionSets")).collect();
    assert_eq!(
        sets,
        [&json!([{
            "PermissionSetArn": SET,
            "Name": "Admins",
            "InlinePolicy": { "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } },
            "ManagedPolicies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "CustomerManagedPolicyReferences": [{ "Name": "local", "Path": "/" }],
            "PermissionsBoundary": { "CustomerManagedPolicyReference": { "Name": "ceiling", "Path": "/bounds/" } }
        }, {
            "PermissionSetArn": BARE,
            "Name": "Bare"
        }])]
    );
    // The management account is read as the caller, the member as its role, with the external id.
    let assumed: Vec<Request> = server.seen().into_iter().filter(|r| r.name() == "sts:AssumeRole").collect();
    assert_eq!(assumed.len(), 1, "one session an account");
    assert_eq!(assumed[0].field("RoleArn").unwrap(), format!("arn:aws:iam::{MEMBER}:role/m"));
    assert_eq!(assumed[0].field("ExternalId").unwrap(), "7f3a");
    assert_eq!(assumed[0].field("RoleSessionName").unwrap(), "iamdrift-collect");
    iamdrift::snapshot::Snapshot::load(&snapshot).unwrap();
}

#[test]
fn without_the_list_of_accounts_there_is_nothing_to_collect() {
    let denied = |request: &Request| {
        (request.operation == "ListRoots").then(|| Answer::json_error(400, "AccessDeniedException", "not you"))
    };
    let server = server(denied);
    let folder = tempfile::tempdir().unwrap();
    let (status, told) = ended(&run(&server.url, folder.path(), &COLLECT));
    assert_eq!(status, 2);
    let mut texts = told;
    // Named accounts can be read all the same, and what binds them is told as unread.
    let (status, told) =
        ended(&run(&server.url, folder.path(), &[&COLLECT[..], &["--accounts", MEMBER, "-o", "named"]].concat()));
    assert_eq!(status, 3);
    texts += &told;
    insta::assert_snapshot!("an_organization_that_may_not_be_listed", texts);
    let manifest = read(folder.path().join("named/manifest.json"));
    assert_eq!(manifest["Organization"]["Unread"][0]["Permission"], "organizations:ListRoots");
    assert_eq!(manifest["Accounts"].as_array().unwrap().len(), 1);
    assert_eq!(manifest["Accounts"][0]["Status"], "read");
}

#[test]
fn an_account_without_an_organization_is_told_so() {
    let server = server(|request| {
        (request.service == "organizations").then(|| {
            let message = "Your account is not a member of an organization.";
            Answer::json_error(400, "AWSOrganizationsNotInUseException", message)
        })
    });
    let folder = tempfile::tempdir().unwrap();
    let (status, told) = ended(&run(&server.url, folder.path(), &COLLECT));
    assert_eq!(status, 2);
    insta::assert_snapshot!("an_account_without_an_organization", told);
    assert!(!folder.path().join("snapshot").exists());
}

#[test]
fn policies_that_may_not_be_read_are_told_and_the_accounts_are_collected() {
    let denied = |request: &Request| {
        ["DescribePolicy", "ListDelegatedAdministrators", "ListInstances"]
            .contains(&request.operation.as_str())
            .then(|| Answer::json_error(400, "AccessDeniedException", "not you"))
    };
    let server = server(denied);
    let folder = tempfile::tempdir().unwrap();
    let (status, told) = ended(&run(&server.url, folder.path(), &COLLECT));
    assert_eq!(status, 3);
    for permission in ["organizations:DescribePolicy", "organizations:ListDelegatedAdministrators", "sso:ListInstances"]
    {
        assert!(told.lines().last().unwrap().contains(permission), "{told}");
    }
    insta::assert_snapshot!("organization_policies_that_may_not_be_read", told);
    let manifest = read(folder.path().join("snapshot/manifest.json"));
    let parts: Vec<&Value> =
        manifest["Organization"]["Unread"].as_array().unwrap().iter().map(|unread| &unread["Part"]).collect();
    assert_eq!(parts, ["service-control-policies", "delegated-administrators"]);
    iamdrift::snapshot::Snapshot::load(&folder.path().join("snapshot")).unwrap();
}

#[test]
fn arguments_that_do_not_go_together_are_refused_before_an_account_is_read() {
    let server = server(|_| None);
    let folder = tempfile::tempdir().unwrap();
    let (status, told) = ended(&run(&server.url, folder.path(), &["collect", "--accounts", MEMBER]));
    assert_eq!(status, 2);
    assert!(told.contains("--member-role"), "{told}");
    let mut texts = told;
    for arguments in [
        ["collect", "--accounts", "123"],
        ["collect", "--member-role", "arn:aws:iam::111122223333:role/m"],
        ["collect", "--concurrency", "0"],
        ["collect", "--role-arn", "arn:aws:iam::111122223333:user/u"],
        ["collect", "--region", "EU West"],
        ["collect", "--resource-regions", "eu-west-1,"],
        ["collect", "--requests-per-second", "0.01"],
    ] {
        let (status, told) = ended(&run(&server.url, folder.path(), &arguments));
        assert_eq!(status, 2);
        assert!(told.contains(arguments[1]), "{told}");
        texts += &told;
    }
    insta::assert_snapshot!("arguments_that_are_refused", texts);
    assert!(server.seen().iter().all(|request| request.service != "iam"));
}

/// The SDK ends such a list without an error.
#[test]
fn lists_whose_markers_repeat_are_incomplete() {
    for (operation, list) in [
        ("ListPolicies", "Policies"),
        ("ListDelegatedAdministrators", "DelegatedAdministrators"),
        ("ListInstances", "Instances"),
    ] {
        let server = server(move |request| {
            let page = json!({ list: [], "NextToken": "again" });
            (request.operation == operation).then(|| Answer::json(page.to_string()))
        });
        let folder = tempfile::tempdir().unwrap();
        let (status, text) = ended(&run(&server.url, folder.path(), &COLLECT));
        assert_eq!(status, 3, "{operation}: {text}");
        assert!(text.contains(operation), "{operation}: {text}");
    }
}

#[test]
fn empty_and_truncated_json_answers_are_asked_again() {
    for body in ["", "{\"Roots\":[{\"Id\":\"r-examplerootid111\""] {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let server = server(move |request| {
            let is_first =
                request.operation == "ListRoots" && asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            is_first.then(|| Answer::json(body))
        });
        let folder = tempfile::tempdir().unwrap();
        let (status, text) = ended(&run(&server.url, folder.path(), &COLLECT));
        assert_eq!(status, 0, "{text}");
        assert_eq!(server.count("organizations:ListRoots"), 2);
    }
}
