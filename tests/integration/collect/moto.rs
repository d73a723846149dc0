//! An organization put into moto by its own wire protocol, collected, audited, and equal to what was put in.
//! Needs `IAMDRIFT_MOTO`, the `moto_server` of the packages of `.ci/requirements.txt`.

use std::collections::BTreeMap;

use iamdrift::iam::AccountId;
use iamdrift::snapshot::{IamEntityKind, Snapshot};
use serde_json::{Value, json};

use super::contents::{AWS_MANAGED, INTRICATE, READS, contents, fill, found, json};
use super::moto_server::Moto;
use super::organization::no_boundary;
use super::server::{Server, forwarded};
use super::{ended, run};

const DENIES: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"KeepStacks","Effect":"Deny","Action":"cloudformation:DeleteStack","Resource":"*","Condition":{"StringNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/été-100%"}}}]}"#;

/// The organization that is put in: three levels of units, and what is attached to which.
struct Ids {
    root: String,
    units: [String; 3],
    development: String,
    production: String,
    closed: String,
}

pub const MANAGEMENT: &str = "123456789012";

fn organization(moto: &Moto) -> Ids {
    moto.organizations("CreateOrganization", json!({ "FeatureSet": "ALL" }));
    let root = moto.organizations("ListRoots", json!({}))["Roots"][0]["Id"].as_str().unwrap().to_owned();
    for policy_type in ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"] {
        moto.organizations("EnablePolicyType", json!({ "RootId": root, "PolicyType": policy_type }));
    }
    let mut parent = root.clone();
    let units = ["infra", "équipes", "payments"].map(|name| {
        let unit = moto.organizations("CreateOrganizationalUnit", json!({ "ParentId": parent, "Name": name }));
        parent = unit["OrganizationalUnit"]["Id"].as_str().unwrap().to_owned();
        parent.clone()
    });
    let [development, production, closed] =
        [("development", 1), ("prodüction", 2), ("closed", 0)].map(|(name, unit)| {
            let email = format!("{}@example.org", unit);
            let created = moto.organizations("CreateAccount", json!({ "AccountName": name, "Email": email }));
            let id = created["CreateAccountStatus"]["AccountId"].as_str().unwrap().to_owned();
            let to = json!({ "AccountId": id, "SourceParentId": root, "DestinationParentId": units[unit] });
            moto.organizations("MoveAccount", to);
            id
        });
    moto.organizations("CloseAccount", json!({ "AccountId": closed }));
    let rcp = DENIES
        .replace("\"Effect\":\"Deny\"", "\"Effect\":\"Deny\",\"Principal\":\"*\"")
        .replace("cloudformation:DeleteStack", "s3:DeleteBucket");
    for (policy_type, name, content, target) in [
        ("SERVICE_CONTROL_POLICY", "KeepStacks", DENIES, &units[0]),
        ("RESOURCE_CONTROL_POLICY", "KeepBuckets", rcp.as_str(), &units[2]),
    ] {
        let policy = json!({ "Name": name, "Description": "", "Type": policy_type, "Content": content });
        let created = moto.organizations("CreatePolicy", policy);
        let id = created["Policy"]["PolicySummary"]["Id"].clone();
        moto.organizations("AttachPolicy", json!({ "PolicyId": id, "TargetId": target }));
    }
    let delegate = json!({ "AccountId": development, "ServicePrincipal": "ssm.amazonaws.com" });
    moto.organizations("RegisterDelegatedAdministrator", delegate);
    let instance = moto.sso("ListInstances", json!({}))["Instances"][0]["InstanceArn"].clone();
    let set = moto
        .sso("CreatePermissionSet", json!({ "InstanceArn": instance, "Name": "Admins", "SessionDuration": "PT1H" }));
    let set = set["PermissionSet"]["PermissionSetArn"].clone();
    moto.sso(
        "PutInlinePolicyToPermissionSet",
        json!({ "InstanceArn": instance, "PermissionSetArn": set, "InlinePolicy": INTRICATE }),
    );
    Ids { root, units, development, production, closed }
}

fn read(path: std::path::PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// All entries of a list of an account's pages.
fn entries(account: &Value, list: &str) -> Vec<Value> {
    let pages = account["Pages"].as_array().unwrap();
    pages.iter().flat_map(|page| page[list].as_array().cloned().unwrap_or_default()).collect()
}

#[test]
#[ignore = "needs IAMDRIFT_MOTO (moto_server)"]
fn an_organization_is_collected_and_audited_as_it_was_put_in() {
    let moto = Moto::start();
    let ids = organization(&moto);
    for (account, alias) in [(MANAGEMENT, "management"), (&ids.development, "dev"), (&ids.production, "prod")] {
        fill(&moto, account, alias);
    }
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["collect", "--organization", "--member-role", "m", "--requests-per-second", "0"];
    // moto knows permission sets, and not their boundaries: that one call is answered as AWS does.
    let port = moto.port;
    let front = Server::start(move |request, _| match request.name().as_str() {
        "sso:GetPermissionsBoundaryForPermissionSet" => no_boundary(),
        _ => forwarded(request, port),
    });
    let output = run(&front.url, folder.path(), &arguments);
    assert_eq!(ended(&output), (0, String::new()));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(&ids.closed), "{told}");

    let snapshot = folder.path().join("snapshot");
    assert_eq!(Snapshot::load(&snapshot).unwrap().principals().count(), 17);
    for account in [MANAGEMENT, &ids.development, &ids.production] {
        is_as_put_in(&read(snapshot.join(format!("accounts/{account}.json"))), account);
    }
    organization_is_as_put_in(&read(snapshot.join("organization.json")), &ids);
    is_loaded_as_put_in(&Snapshot::load(&snapshot).unwrap(), &ids);
    is_audited(&front, folder.path(), &ids);
}

fn is_as_put_in(file: &Value, account: &str) {
    let (puts, policies) = contents(account);
    let mut expected: BTreeMap<String, Value> =
        puts.iter().map(|put| (format!("{} {}", put.kind, put.name), put.told())).collect();
    for kind in ["User", "Group", "Role"] {
        for entry in entries(file, &format!("{kind}DetailList")) {
            let name = format!("{kind} {}", entry[format!("{kind}Name")].as_str().unwrap());
            // As AWS does, moto puts this one into each account that it creates.
            if name == "Role OrganizationAccountAccessRole" && account != MANAGEMENT {
                continue;
            }
            let put = expected.remove(&name).unwrap_or_else(|| panic!("{name} was not put in"));
            assert_eq!(found(kind, &entry), put, "{name} of {account}");
        }
    }
    assert!(expected.is_empty(), "{account} lacks {:?}", expected.keys());
    let mut documents: BTreeMap<String, Value> = BTreeMap::new();
    for policy in entries(file, "Policies") {
        let versions = policy["PolicyVersionList"].as_array().unwrap();
        let default = versions.iter().find(|version| version["IsDefaultVersion"] == true).unwrap();
        assert_eq!(default["VersionId"], policy["DefaultVersionId"]);
        documents.insert(policy["Arn"].as_str().unwrap().to_owned(), default["Document"].clone());
    }
    for (name, document) in policies {
        let arn = format!("arn:aws:iam::{account}:policy/{name}");
        assert_eq!(documents.remove(&arn), Some(json(document)), "{arn}");
    }
    // Of AWS's own, what is attached or a boundary, and nothing else of the catalogue.
    let aws: Vec<&str> = documents.keys().map(String::as_str).collect();
    assert_eq!(aws, [AWS_MANAGED, "arn:aws:iam::aws:policy/PowerUserAccess"]);
    assert!(documents.values().all(|document| document["Statement"].is_array()));
    let provider = format!("arn:aws:iam::{account}:oidc-provider/token.actions.example.org");
    assert_eq!(
        entries(file, "OpenIDConnectProviderList"),
        [json!({ "Arn": provider, "Url": "token.actions.example.org", "ClientIDList": ["sts.amazonaws.com"] })]
    );
    let saml = entries(file, "SAMLProviderList");
    assert_eq!(saml.len(), 1);
    assert_eq!(saml[0]["Arn"], format!("arn:aws:iam::{account}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"));
    let sets = entries(file, "PermissionSets");
    assert_eq!(sets.len(), usize::from(account == MANAGEMENT));
    for set in sets {
        assert_eq!((&set["Name"], &set["InlinePolicy"]), (&json!("Admins"), &json(INTRICATE)));
    }
}

fn organization_is_as_put_in(file: &Value, ids: &Ids) {
    let parents = |list: &str| -> BTreeMap<String, (String, String)> {
        let list = file[list].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        list.map(|entry| (text(&entry["Id"]), (text(&entry["Name"]), text(&entry["ParentId"])))).collect()
    };
    let [first, second, third] = &ids.units;
    let entry = |id: &str, name: &str, parent: &str| (id.to_owned(), (name.to_owned(), parent.to_owned()));
    assert_eq!(
        parents("OrganizationalUnits"),
        BTreeMap::from([
            entry(first, "infra", &ids.root),
            entry(second, "équipes", first),
            entry(third, "payments", second)
        ])
    );
    let accounts = parents("Accounts");
    assert_eq!(accounts[&ids.development], ("development".to_owned(), second.clone()));
    assert_eq!(accounts[&ids.production], ("prodüction".to_owned(), third.clone()));
    assert_eq!(accounts[MANAGEMENT].1, ids.root);
    assert_eq!(accounts.len(), 4);
    let policies: BTreeMap<&str, &Value> =
        file["Policies"].as_array().unwrap().iter().map(|policy| (policy["Name"].as_str().unwrap(), policy)).collect();
    assert_eq!(policies["KeepStacks"]["Content"], json(DENIES));
    assert_eq!(policies["KeepStacks"]["Targets"], json!([first]));
    assert_eq!(policies["KeepStacks"]["Type"], "SERVICE_CONTROL_POLICY");
    assert_eq!(policies["KeepBuckets"]["Targets"], json!([third]));
    assert_eq!(policies["KeepBuckets"]["Type"], "RESOURCE_CONTROL_POLICY");
    let everywhere = policies["FullAWSAccess"]["Targets"].as_array().unwrap();
    assert_eq!(everywhere.len(), 8, "a root, three units, four accounts");
    assert_eq!(file["DelegatedAdministrators"], json!([{ "Id": ids.development }]));
    assert_eq!(file["Organization"]["MasterAccountId"], MANAGEMENT);
}

fn is_loaded_as_put_in(snapshot: &Snapshot, ids: &Ids) {
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    assert_eq!(snapshot.accounts.len(), 3);
    let account = snapshot.account(&AccountId::parse(&ids.production).unwrap()).unwrap();
    assert_eq!(account.alias.as_deref(), Some("prod"));
    let one = |name: &str| account.principals.iter().find(|principal| principal.name == name).unwrap();
    assert!(account.principals.iter().all(|principal| principal.missing_documents.is_empty()));
    assert_eq!(one("AWSReservedSSO_Admins_0123456789abcdef").entity_kind, IamEntityKind::SsoRole);
    // Her own, and those of her groups.
    assert_eq!(one("ann").identity_policies.len(), 4);
    assert_eq!(one("app").boundary.as_ref().unwrap().policy.as_ref().unwrap().name, "boundary");
}

/// An audit that collects for itself finds the same, and what one role may do beyond its declaration.
fn is_audited(aws: &Server, folder: &std::path::Path, ids: &Ids) {
    let baseline = folder.join("policies");
    std::fs::create_dir(&baseline).unwrap();
    std::fs::write(baseline.join("deploy.json"), READS.replace("s3:Get*", "s3:GetObject")).unwrap();
    let manifest = format!(
        "version = 1\n[[principal]]\nname = \"deployers\"\nmatch = \"arn:aws:iam::{}:role/ci/deploy\"\nkind = \"workload\"\nallow = [\"deploy.json\"]\n",
        ids.production
    );
    std::fs::write(baseline.join("baseline.toml"), manifest).unwrap();
    let arguments = [
        "audit",
        "--organization",
        "--member-role",
        "m",
        "--requests-per-second",
        "0",
        "--format",
        "json",
        "--principal",
        "*:role/ci/deploy",
        "--rule",
        "IAM001",
    ];
    let output = run(&aws.url, folder, &arguments);
    let (status, told) = ended(&output);
    assert_eq!(status, 1, "{told}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{report:#}");
    assert_eq!(findings[0]["principals"][0]["arn"], format!("arn:aws:iam::{}:role/ci/deploy", ids.production));
    let excess = findings[0].to_string();
    assert!(excess.contains("s3:GetBucket") || excess.contains("s3:Get"), "{excess}");
    // Audited from the snapshot that was collected before, it is the same.
    let arguments =
        ["audit", "--snapshot", "snapshot", "--format", "json", "--principal", "*:role/ci/deploy", "--rule", "IAM001"];
    let again: Value = serde_json::from_slice(&run(&aws.url, folder, &arguments).stdout).unwrap();
    let prints = |report: &Value| report["findings"][0]["fingerprint"].clone();
    assert!(prints(&again).is_string());
    assert_eq!(prints(&again), prints(&report));
}
