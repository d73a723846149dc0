//! Which resources a resource policy governs, and what a snapshot does not say about the resources of other accounts.

use assert_cmd::Command;
use serde_json::{Value, json};

const OWN: &str = "111122223333";
const OTHER: &str = "444455556666";
const ROLE: &str = "arn:aws:iam::111122223333:role/r";
const CANONICAL_ID: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

const FOUND: i32 = 1;
const CLEAN: i32 = 0;
const UNDECIDED: i32 = 3;

fn document(statements: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn at(service: &str, account: &str, resource: &str) -> String {
    format!("arn:aws:{service}:eu-west-1:{account}:{resource}")
}

/// One role and resource policies. The baseline declares some statements.
struct TestAccount {
    identity: Value,
    declared: Value,
    resource_policies: Vec<Value>,
}

/// A role that can make one request.
fn role_with(action: &str, resource: &str) -> TestAccount {
    let identity = json!([{ "Effect": "Allow", "Action": action, "Resource": resource }]);
    TestAccount { identity, declared: json!([]), resource_policies: Vec::new() }
}

fn statement(effect: &str, principal: &Value, action: &str, resource: &Value) -> Value {
    json!({ "Effect": effect, "Principal": principal, "Action": action, "Resource": resource })
}

impl TestAccount {
    fn with_policy(self, arn: &str, statements: Value) -> TestAccount {
        let owner = arn.split(':').nth(4).filter(|account| !account.is_empty()).unwrap_or(OTHER).to_owned();
        self.with_entry(json!({ "ResourceArn": arn, "OwnerAccount": owner, "Policy": document(&statements) }))
    }

    fn with_entry(mut self, entry: Value) -> TestAccount {
        self.resource_policies.push(entry);
        self
    }

    fn declaring(self, statements: Value) -> TestAccount {
        TestAccount { declared: statements, ..self }
    }

    /// The exit status of an audit, and its report.
    fn audit(&self) -> (i32, String) {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = folder.path().join("snapshot");
        std::fs::create_dir(&snapshot).unwrap();
        let trust =
            json!([{ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }]);
        let role = json!({
            "Arn": ROLE, "RoleName": "r", "Path": "/", "RoleId": "AROAEXAMPLE00000000R", "InstanceProfileList": [],
            "AssumeRolePolicyDocument": document(&trust), "Tags": [],
            "RolePolicyList": [{ "PolicyName": "p", "PolicyDocument": document(&self.identity) }],
        });
        let page = json!({ "RoleDetailList": [role], "UserDetailList": [], "GroupDetailList": [], "Policies": [] });
        std::fs::write(snapshot.join("account.json"), page.to_string()).unwrap();
        let policies = Value::from(self.resource_policies.clone());
        std::fs::write(snapshot.join("resource-policies.json"), policies.to_string()).unwrap();
        let manifest = "version = 1\n[[principal]]\nname = \"all\"\nmatch = \"*\"\nkind = \"workload\"\nallow = [\"ceiling.json\"]\n";
        std::fs::write(folder.path().join("baseline.toml"), manifest).unwrap();
        std::fs::write(folder.path().join("ceiling.json"), document(&self.declared).to_string()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
            .current_dir(folder.path())
            .args(["audit", "--snapshot", "snapshot", "--baseline", "baseline.toml"])
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }

    #[track_caller]
    fn assert_status(&self, expected: i32) {
        let (status, report) = self.audit();
        assert_eq!(status, expected, "{:?}: {report}", self.resource_policies);
    }

    #[track_caller]
    fn assert_undecided(&self, ambiguity: &str) {
        let (status, report) = self.audit();
        assert_eq!(status, UNDECIDED, "{report}");
        assert!(report.contains(ambiguity), "{report}");
    }
}

/// Service, resource with a policy, action, resource inside with a policy of its own.
const CHILDREN: [(&str, &str, &str, &str); 6] = [
    ("lambda", "function:f", "lambda:InvokeFunction", "function:f:prod"),
    ("dynamodb", "table/t", "dynamodb:GetRecords", "table/t/stream/2026-01-01T00:00:00.000"),
    ("kinesis", "stream/s", "kinesis:SubscribeToShard", "stream/s/consumer/c:1"),
    ("s3tables", "bucket/b", "s3tables:GetTableData", "bucket/b/table/1"),
    ("codeartifact", "domain/d", "codeartifact:ReadFromRepository", "repository/d/r"),
    ("sagemaker", "model-package-group/g", "sagemaker:DescribeModelPackage", "model-package/g/1"),
];

/// A statement that grants nothing to the role.
fn grant_to_owner() -> Value {
    json!([statement("Allow", &json!({ "AWS": OTHER }), "*", &json!("*"))])
}

#[test]
fn the_policy_of_a_resource_does_not_replace_those_of_the_resources_inside() {
    for (service, parent, action, child) in CHILDREN {
        let (parent, child) = (at(service, OTHER, parent), at(service, OTHER, child));
        role_with(action, &child).with_policy(&parent, grant_to_owner()).assert_status(FOUND);
        role_with(action, &parent).with_policy(&parent, grant_to_owner()).assert_status(CLEAN);
    }
    // Both policies decide about a repository. With both, it is settled.
    for (service, parent, action, child) in CHILDREN {
        if service == "sagemaker" {
            continue;
        }
        let (parent, child) = (at(service, OTHER, parent), at(service, OTHER, child));
        let account = role_with(action, &child).with_policy(&parent, grant_to_owner());
        account.with_policy(&child, grant_to_owner()).assert_status(CLEAN);
    }
    let repository = at("codeartifact", OTHER, "repository/d/r");
    let account = role_with("codeartifact:ReadFromRepository", &repository);
    account.with_policy(&repository, grant_to_owner()).assert_status(FOUND);
}

#[test]
fn an_index_and_an_object_have_the_policy_of_the_table_and_of_the_bucket() {
    let table = at("dynamodb", OTHER, "table/t");
    let query = role_with("dynamodb:Query", &format!("{table}/index/i"));
    query.with_policy(&table, grant_to_owner()).assert_status(CLEAN);
    let entry = json!({ "ResourceArn": "arn:aws:s3:::b", "OwnerAccount": OTHER, "ObjectOwnership": "BucketOwnerEnforced",
        "Policy": document(&json!([statement("Allow", &json!({ "AWS": OTHER }), "s3:*", &json!("arn:aws:s3:::b/*"))])) });
    role_with("s3:GetObject", "arn:aws:s3:::b/*").with_entry(entry).assert_status(CLEAN);
}

#[test]
fn a_deny_on_a_resource_does_not_deny_what_has_a_policy_of_its_own() {
    let table = at("dynamodb", OWN, "table/t");
    let deny = |action: &str| json!([statement("Deny", &json!("*"), action, &json!([table, format!("{table}/*")]))]);
    let stream = role_with("dynamodb:GetRecords", &format!("{table}/stream/*"));
    stream.with_policy(&table, deny("dynamodb:*")).assert_status(FOUND);
    let index = |action| role_with("dynamodb:Query", &format!("{table}/index/*")).with_policy(&table, deny(action));
    index("dynamodb:*").assert_status(CLEAN);
    index("dynamodb:Scan").assert_status(FOUND);
    // The policy of a domain is evaluated for all resources within the domain.
    let repository = role_with("codeartifact:ReadFromRepository", &at("codeartifact", OWN, "repository/d/r"));
    let deny = json!([statement("Deny", &json!("*"), "codeartifact:*", &json!("*"))]);
    repository.with_policy(&at("codeartifact", OWN, "domain/d"), deny).assert_status(CLEAN);
}

#[test]
fn a_policy_can_grant_access_to_resources_with_other_arns() {
    let role = json!({ "AWS": ROLE });
    let unrelated = || {
        role_with("sqs:ListQueues", "*").declaring(json!([{ "Effect": "Allow", "Action": "sqs:*", "Resource": "*" }]))
    };
    let versions = json!(at("sagemaker", OWN, "model-package/g/*"));
    let grant = |action: &str| json!([statement("Allow", &role, action, &versions)]);
    let group = at("sagemaker", OWN, "model-package-group/g");
    unrelated().with_policy(&group, grant("sagemaker:UpdateModelPackage")).assert_status(FOUND);
    unrelated().with_policy(&group, grant("sagemaker:DescribeModelPackageGroup")).assert_status(CLEAN);
    let other_group = at("sagemaker", OWN, "model-package-group/h");
    unrelated().with_policy(&other_group, grant("sagemaker:UpdateModelPackage")).assert_status(CLEAN);
    // A type that is not in the list.
    let analyzer = at("access-analyzer", OWN, "analyzer/a");
    let rules = at("access-analyzer", OWN, "analyzer/b/archive-rule/*");
    let grant = json!([statement("Allow", &role, "access-analyzer:GetArchiveRule", &json!(rules))]);
    unrelated().with_policy(&analyzer, grant).assert_status(FOUND);
}

#[test]
fn a_canonical_user_id_may_be_that_of_the_account() {
    let objects = json!("arn:aws:s3:::b/*");
    let entry = |principal: &Value, effect: &str| {
        json!({ "ResourceArn": "arn:aws:s3:::b", "OwnerAccount": OTHER, "ObjectOwnership": "BucketOwnerEnforced",
            "Policy": document(&json!([statement(effect, principal, "s3:GetObject", &objects)])) })
    };
    let audit =
        |action: &str, principal: Value| role_with(action, "arn:aws:s3:::b/*").with_entry(entry(&principal, "Allow"));
    audit("s3:GetObject", json!({ "CanonicalUser": CANONICAL_ID })).assert_undecided("canonical-user");
    audit("s3:GetObject", json!({ "AWS": OWN })).assert_status(FOUND);
    audit("s3:GetObject", json!({ "Service": "s3.amazonaws.com" })).assert_status(CLEAN);
    audit("s3:PutObject", json!({ "CanonicalUser": CANONICAL_ID })).assert_status(CLEAN);
    // A Deny for the ID may deny what is otherwise proven, and one that spares the ID may spare the account.
    let grant = statement("Allow", &json!({ "AWS": OWN }), "s3:GetObject", &objects);
    let with_deny = |element: &str| {
        let deny = json!({ "Effect": "Deny", element: { "CanonicalUser": CANONICAL_ID }, "Action": "s3:*", "Resource": objects });
        let policy = document(&json!([grant, deny]));
        let entry = json!({ "ResourceArn": "arn:aws:s3:::b", "OwnerAccount": OTHER, "ObjectOwnership": "BucketOwnerEnforced", "Policy": policy });
        role_with("s3:GetObject", "arn:aws:s3:::b/*").with_entry(entry)
    };
    with_deny("Principal").assert_undecided("canonical-user");
    with_deny("NotPrincipal").assert_undecided("canonical-user");
}

#[test]
fn an_access_control_list_may_grant_access_to_a_bucket_of_another_account() {
    let bucket = |action: &str, owner: &str, ownership: Option<&str>| {
        let deny = statement("Deny", &json!("*"), "s3:PutObject", &json!("arn:aws:s3:::b/*"));
        let mut entry =
            json!({ "ResourceArn": "arn:aws:s3:::b", "OwnerAccount": owner, "Policy": document(&json!([deny])) });
        if let Some(setting) = ownership {
            entry["ObjectOwnership"] = json!(setting);
        }
        role_with(action, "arn:aws:s3:::b/*").with_entry(entry)
    };
    bucket("s3:GetObject", OTHER, None).assert_undecided("bucket-acl");
    bucket("s3:GetObject", OTHER, Some("ObjectWriter")).assert_undecided("bucket-acl");
    bucket("s3:GetObject", OTHER, Some("BucketOwnerEnforced")).assert_status(CLEAN);
    // A Deny of the bucket policy counts, no list grants this action, and nothing depends on what is declared.
    bucket("s3:PutObject", OTHER, None).assert_status(CLEAN);
    bucket("s3:PutObjectRetention", OTHER, None).assert_status(CLEAN);
    let declared = json!([{ "Effect": "Allow", "Action": "s3:Get*", "Resource": "*" }]);
    bucket("s3:GetObject", OTHER, None).declaring(declared).assert_status(CLEAN);
    bucket("s3:GetObject", OWN, None).assert_status(FOUND);
    let (status, report) = bucket("s3:GetObject", OTHER, Some("Everyone")).audit();
    assert_eq!(status, 2, "{report}");
}

#[test]
fn a_grant_may_allow_the_use_of_a_key() {
    let key = |account: &str| at("kms", account, "key/11111111-2222-3333-4444-555555555555");
    let policy = |account: &str| {
        let other = format!("arn:aws:iam::{account}:role/other");
        json!([statement("Allow", &json!({ "AWS": other }), "kms:*", &json!("*"))])
    };
    for account in [OWN, OTHER] {
        let audit = |action| role_with(action, &key(account)).with_policy(&key(account), policy(account));
        audit("kms:Decrypt").assert_undecided("kms-grant");
        audit("kms:PutKeyPolicy").assert_status(CLEAN);
        let declared = json!([{ "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*" }]);
        audit("kms:Decrypt").declaring(declared).assert_status(CLEAN);
        // The role has no permission for this key.
        let other_key = at("kms", account, "key/99999999-2222-3333-4444-555555555555");
        let account = role_with("kms:Decrypt", &key(account)).with_policy(&other_key, policy(account));
        account.declaring(json!([{ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }])).assert_status(CLEAN);
    }
}

#[test]
fn requests_through_access_points_are_left_to_their_policies() {
    let objects = "arn:aws:s3:::prod/*";
    let through = |condition: Value| {
        let mut grant = statement("Allow", &json!({ "AWS": "*" }), "s3:DeleteObject", &json!(objects));
        grant["Condition"] = condition;
        grant
    };
    let reads = || role_with("s3:GetObject", "arn:aws:s3:::b/*");
    let declared = || json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*" }]);
    let with_grant = |condition: Value| {
        let entry = json!({ "ResourceArn": "arn:aws:s3:::prod", "OwnerAccount": OWN, "Policy": document(&json!([through(condition)])) });
        reads().declaring(declared()).with_entry(entry)
    };
    let by_account = json!({ "StringEquals": { "s3:DataAccessPointAccount": OWN } });
    with_grant(by_account).assert_undecided("access-point-policy");
    with_grant(json!({ "StringEquals": { "s3:prefix": "never" } })).assert_status(CLEAN);
    // An identity policy that names the key allows requests through an access point, and a Deny may spare them.
    let mut of_identity = role_with("s3:DeleteObject", objects);
    of_identity.identity[0]["Condition"] = json!({ "StringEquals": { "s3:DataAccessPointAccount": OWN } });
    of_identity.assert_status(FOUND);
    let mut spared = role_with("s3:DeleteObject", objects);
    spared.identity.as_array_mut().unwrap().push(json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "*",
        "Condition": { "StringNotEquals": { "s3:AccessPointNetworkOrigin": "VPC" } } }));
    spared.assert_status(FOUND);
}
