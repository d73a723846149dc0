//! Small snapshots, valid and invalid.

use std::path::Path;

use super::model::missing::MissingScope;
use super::*;
use crate::iam::AccountId;

const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}}"#;

fn create_directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

fn load_files(files: &[(&str, &str)]) -> Snapshot {
    Snapshot::load(create_directory(files).path()).unwrap_or_else(|error| panic!("{error}"))
}

fn load_error(files: &[(&str, &str)]) -> SnapshotError {
    Snapshot::load(create_directory(files).path()).map(|_| ()).unwrap_err()
}

/// Where an input is invalid, and the sentences about it. The files' directory is left out of both.
fn invalid_input(files: &[(&str, &str)]) -> (String, String) {
    let directory = create_directory(files);
    let prefix = format!("{}/", directory.path().display());
    let SnapshotError::Invalid(diagnostics) = Snapshot::load(directory.path()).map(|_| ()).unwrap_err() else {
        panic!("the input is not invalid")
    };
    (diagnostics.0[0].place().to_string().replace(&prefix, ""), diagnostics.to_string().replace(&prefix, ""))
}

fn role_page(name: &str, more: &str) -> String {
    format!(
        r#"{{"RoleDetailList":[{{"Arn":"arn:aws:iam::111122223333:role/{name}","AssumeRolePolicyDocument":{TRUST}{more}}}]}}"#
    )
}

fn user_page(more: &str) -> String {
    format!(
        r#"{{"UserDetailList":[{{"Arn":"arn:aws:iam::111122223333:user/staff/alice","UserId":"AIDA","GroupList":["admins"]{more}}}]}}"#
    )
}

fn group_page(more: &str) -> String {
    format!(r#"{{"GroupDetailList":[{{"Arn":"arn:aws:iam::111122223333:group/admins"{more}}}]}}"#)
}

fn policy_page(arn: &str, document: &str) -> String {
    format!(
        r#"{{"Policies":[{{"Arn":"{arn}","DefaultVersionId":"v2","PolicyVersionList":[
            {{"VersionId":"v1","IsDefaultVersion":false}},
            {{"VersionId":"v2","IsDefaultVersion":true,"Document":{document}}}]}}]}}"#
    )
}

fn first_principal(snapshot: &Snapshot) -> &Principal {
    &snapshot.accounts[0].principals[0]
}

/// The layer of each missing document, the ARN or name at the end of its label, and the reason.
fn missing_documents(principal: &Principal) -> Vec<(LayerKind, &str, &MissingReason)> {
    principal
        .missing_documents
        .iter()
        .map(|document| (document.layer, document.name.rsplit(' ').next().unwrap(), &document.reason))
        .collect()
}

#[test]
fn pages_are_merged() {
    let attached = r#","AttachedManagedPolicies":[{"PolicyArn":"arn:aws:iam::aws:policy/P"}]"#;
    let inline = format!(r#","GroupPolicyList":[{{"PolicyName":"g","PolicyDocument":{ALLOW}}}]"#);
    let snapshot = load_files(&[
        ("1.json", &user_page(attached)),
        ("2.json", &group_page(&inline)),
        ("3.json", &policy_page("arn:aws:iam::aws:policy/P", ALLOW)),
        ("README.md", "left alone"),
    ]);
    let alice = first_principal(&snapshot);
    assert_eq!((alice.name.as_str(), alice.path.as_str()), ("alice", "/staff/"));
    assert_eq!(missing_documents(alice), []);
    let attachments: Vec<_> = alice.identity_policies.iter().map(|p| (p.name.as_str(), &p.kind)).collect();
    let (user_arn, group_arn) = (alice.arn.as_str().to_owned(), "arn:aws:iam::111122223333:group/admins".to_owned());
    assert_eq!(
        attachments,
        [
            ("P", &AttachmentKind::Attached { arn: "arn:aws:iam::aws:policy/P".to_owned(), holder: user_arn }),
            ("g", &AttachmentKind::Inline { holder: group_arn })
        ]
    );
    assert!(
        std::sync::Arc::ptr_eq(&alice.identity_policies[0].document, &alice.identity_policies[1].document),
        "equal documents are one"
    );
    assert!(alice.identity_policies[0].place.file.ends_with("3.json"));
    assert_eq!(alice.identity_policies[0].place.line, 3);
    assert!(alice.identity_policies[1].place.file.ends_with("2.json"));
}

#[test]
fn missing_documents_are_reported() {
    let more = r#","AttachedManagedPolicies":[{"PolicyArn":"arn:aws:iam::aws:policy/P"}],
        "PermissionsBoundary":{"PermissionsBoundaryType":"Policy","PermissionsBoundaryArn":"arn:aws:iam::111122223333:policy/b"}"#;
    let snapshot = load_files(&[("1.json", &user_page(more))]);
    assert_eq!(
        missing_documents(first_principal(&snapshot)),
        [
            (LayerKind::Identity, "arn:aws:iam::aws:policy/P", &MissingReason::NotCollected),
            (LayerKind::Identity, "admins", &MissingReason::NotCollected),
            (LayerKind::Boundary, "arn:aws:iam::111122223333:policy/b", &MissingReason::NotCollected),
        ]
    );
    let texts: Vec<String> = first_principal(&snapshot).missing_documents.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("missing_documents", texts.join("\n"));
    let boundary = first_principal(&snapshot).boundary.as_ref().unwrap();
    assert!(boundary.policy.is_none());
}

#[test]
fn invalid_document_is_reported_for_each_holder() {
    let bad = r#"{"Statement":{"Effect":"Allow","Actoin":"s3:*","Resource":"*"}}"#;
    let inline = format!(
        r#","RolePolicyList":[{{"PolicyName":"bad","PolicyDocument":{bad}}},{{"PolicyName":"good","PolicyDocument":{ALLOW}}}]"#
    );
    let snapshot = load_files(&[("1.json", &role_page("r", &inline))]);
    assert_eq!(snapshot.problems.len(), 1);
    let place = snapshot.problems[0].diagnostics.0[0].place();
    assert_eq!((place.line, place.column > 100), (1, true));
    assert_eq!(first_principal(&snapshot).identity_policies.len(), 1);
    let missing_documents = &first_principal(&snapshot).missing_documents;
    assert_eq!(missing_documents.len(), 1);
    assert_eq!(missing_documents[0].layer, LayerKind::Identity);
    assert!(matches!(missing_documents[0].reason, MissingReason::Invalid { .. }), "{:?}", missing_documents[0].reason);
    let message = &snapshot.problems[0].diagnostics.0[0].message;
    insta::assert_snapshot!("a_document_that_is_no_policy", format!("{}\n{message}", snapshot.problems[0].subject));
}

#[test]
fn unreadable_versions_of_a_managed_policy_are_kept() {
    let page = format!(
        r#"{{"Policies":[{{"Arn":"arn:aws:iam::111122223333:policy/p","PolicyVersionList":[
            {{"VersionId":"v4","IsDefaultVersion":true,"Document":{ALLOW}}},
            {{"VersionId":"v3","IsDefaultVersion":false,"Document":{ALLOW}}},
            {{"VersionId":"v2","IsDefaultVersion":false,"Document":"not a policy"}},
            {{"VersionId":"v1","IsDefaultVersion":false}}]}}]}}"#
    );
    let snapshot = load_files(&[("1.json", &page), ("2.json", &role_page("r", ""))]);
    let policy = &snapshot.accounts[0].policies["arn:aws:iam::111122223333:policy/p"];
    let readable: Vec<&str> = policy.other_versions.iter().map(|version| version.id.as_str()).collect();
    assert_eq!(readable, ["v3"]);
    let reasons: Vec<&MissingReason> = policy.unreadable_versions.iter().map(|version| &version.reason).collect();
    assert!(matches!(reasons.as_slice(), [MissingReason::Invalid { .. }, MissingReason::NotCollected]), "{reasons:?}");
    let problems: Vec<&str> = snapshot.problems.iter().map(|problem| problem.subject.as_str()).collect();
    assert_eq!(problems, ["version v2 of managed policy arn:aws:iam::111122223333:policy/p"]);
}

#[test]
fn a_missing_resource_policy_affects_its_resource_only() {
    let place = first_principal(&load_files(&[("1.json", &role_page("r", ""))])).place.clone();
    let missing = MissingDocument::resource_policy("arn:aws:s3:::logs", MissingReason::NotCollected, place);
    for (resource, is_affected) in [("arn:aws:s3:::logs/key", true), ("arn:aws:s3:::other", false), ("*", false)] {
        assert_eq!(missing.may_affect_resource(resource), is_affected, "{resource}");
    }
    let missing = MissingDocument { scope: MissingScope::Service("s3".to_owned()), ..missing };
    for (resource, is_affected) in [("arn:aws:s3:::other", true), ("arn:aws:sqs:eu-west-1:1:q", false), ("*", true)] {
        assert_eq!(missing.may_affect_resource(resource), is_affected, "{resource}");
    }
}

#[test]
fn documents_are_shared_across_encodings() {
    let text = serde_json::to_string(ALLOW).unwrap();
    let encoded = percent_encoding::utf8_percent_encode(ALLOW, percent_encoding::NON_ALPHANUMERIC).to_string();
    let inline = format!(
        r#","RolePolicyList":[{{"PolicyName":"a","PolicyDocument":{ALLOW}}},{{"PolicyName":"b","PolicyDocument":{text}}},{{"PolicyName":"c","PolicyDocument":"{encoded}"}}]"#
    );
    let snapshot = load_files(&[("1.json", &role_page("r", &inline))]);
    let documents: Vec<_> =
        first_principal(&snapshot).identity_policies.iter().map(|p| std::sync::Arc::as_ptr(&p.document)).collect();
    assert_eq!(documents, [documents[0]; 3]);
    let columns: Vec<_> = first_principal(&snapshot).identity_policies.iter().map(|p| p.place.column).collect();
    assert!(columns[0] < columns[1] && columns[1] < columns[2], "each keeps its place");
}

#[test]
fn accounts_are_distinguished_by_their_arns() {
    let other = role_page("r", "").replace("111122223333", "444455556666");
    let snapshot = load_files(&[
        ("a/1.json", &role_page("r", "")),
        ("b/1.json", &other),
        ("b/2.json", &policy_page("arn:aws:iam::aws:policy/P", ALLOW)),
    ]);
    let policies: Vec<_> = snapshot.accounts.iter().map(|a| (a.id.as_str(), a.policies.len())).collect();
    assert_eq!(policies, [("111122223333", 0), ("444455556666", 1)]);
    let china = role_page("r", "").replace("arn:aws:", "arn:aws-cn:");
    assert_eq!(load_files(&[("1.json", &china)]).accounts[0].partition.as_str(), "aws-cn");
}

#[test]
fn duplicates_must_have_equal_content() {
    load_files(&[("1.json", &role_page("r", "")), ("2.json", &role_page("r", ""))]);
    let (place, text) =
        invalid_input(&[("1.json", &role_page("r", "")), ("2.json", &role_page("r", r#","Path":"/x/""#))]);
    assert_eq!(place, "2.json:1:20");
    insta::assert_snapshot!("a_principal_with_two_contents", text);
}

#[test]
fn a_missing_last_page_is_a_problem() {
    let first = role_page("r", "").replacen('{', r#"{"IsTruncated":true,"Marker":"m","#, 1);
    let last = r#"{"IsTruncated":false,"Policies":[]}"#;
    let snapshot = load_files(&[("1.json", &first)]);
    assert_eq!(snapshot.problems.len(), 1);
    assert!(snapshot.problems[0].subject.contains("111122223333"));
    assert!(load_files(&[("1.json", &first), ("2.json", last)]).problems.is_empty());
    // The AWS CLI with --max-items.
    let first = role_page("r", "").replacen('{', r#"{"NextToken":"t","#, 1);
    assert_eq!(load_files(&[("1.json", &first)]).problems.len(), 1);
    assert!(load_files(&[("1.json", &first), ("2.json", &role_page("s", ""))]).problems.is_empty());
    let marked = role_page("r", "").replacen('{', r#"{"Marker":"m","#, 1);
    assert_eq!(load_files(&[("1.json", &marked)]).problems.len(), 1, "a marker without the flag");
    let whole = role_page("r", "").replacen('{', r#"{"NextToken":null,"#, 1);
    assert!(load_files(&[("1.json", &whole)]).problems.is_empty());
}

#[test]
fn errors_name_their_place() {
    assert!(matches!(load_error(&[]), SnapshotError::Empty { .. }));
    assert!(matches!(invalid_input(&[("1.json", "{")]), (place, _) if place.starts_with("1.json:1:")));
    let mut texts = Vec::new();
    for (file, page, place) in [
        ("1.json", r#"{"x": 1}"#, "1.json:1:1"),
        ("a/organization.json", "{}", "a/organization.json:1:1"),
        ("1.json", r#"{"RoleDetailList":{}}"#, "1.json:1:19"),
        ("1.json", r#"{"RoleDetailList":[{"RoleName":"r"}]}"#, "1.json:1:20"),
        ("1.json", r#"{"RoleDetailList":[{"Arn":"r"}]}"#, "1.json:1:27"),
        ("1.json", r#"{"RoleDetailList":[{"Arn":"arn:aws:iam::111122223333:user/u"}]}"#, "1.json:1:27"),
        ("1.json", r#"{"RoleDetailList":[{"Arn":"arn:aws:iam::1:role/u"}]}"#, "1.json:1:27"),
        (
            "1.json",
            r#"{"RoleDetailList":[{"Arn":"arn:aws:iam::111122223333:role/u","Tags":[{"Key":1}]}]}"#,
            "1.json:1:77",
        ),
        (
            "1.json",
            r#"{"Policies":[{"Arn":"arn:aws:iam::aws:policy/P","DefaultVersionId":"v1","PolicyVersionList":[{"VersionId":"v2","IsDefaultVersion":true}]}]}"#,
            "1.json:1:94",
        ),
    ] {
        let (found, text) = invalid_input(&[(file, page)]);
        assert_eq!(found, place, "{page}");
        texts.push(format!("{page}\n  {text}"));
    }
    insta::assert_snapshot!("account_details_that_cannot_be_used", texts.join("\n"));
}

fn organization_json(units: &str, accounts: &str, policies: &str) -> String {
    format!(
        r#"{{"Organization":{{"Id":"o-x","MasterAccountId":"999988887777"}},
        "Roots":[{{"Id":"r-1","PolicyTypes":[{{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"}},{{"Type":"TAG_POLICY","Status":"ENABLED"}}]}}],
        "OrganizationalUnits":[{units}],
        "Accounts":[{accounts}],
        "Policies":[{policies}]}}"#
    )
}

#[test]
fn inconsistent_organizations_are_rejected() {
    let scp = |targets: &str| {
        format!(r#"{{"Id":"p-1","Name":"n","Type":"SERVICE_CONTROL_POLICY","Content":{ALLOW},"Targets":[{targets}]}}"#)
    };
    let account = r#"{"Id":"111122223333","ParentId":"r-1"}"#;
    let page = role_page("r", "");
    let valid_file = organization_json("", account, &scp(r#""r-1","111122223333""#));
    let snapshot = load_files(&[("1.json", &page), ("organization.json", &valid_file)]);
    let id = AccountId::parse("111122223333").unwrap();
    let parsed_organization = snapshot.organization.unwrap();
    assert_eq!(parsed_organization.principal_org_path(&id).unwrap(), "o-x/r-1/");
    assert!(parsed_organization.is_policy_type_enabled(OrganizationPolicyType::ServiceControl, &id));
    assert!(!parsed_organization.is_policy_type_enabled(OrganizationPolicyType::ResourceControl, &id));

    let cycle = r#"{"Id":"ou-1","ParentId":"ou-2"},{"Id":"ou-2","ParentId":"ou-1"}"#;
    let mut texts = Vec::new();
    for (subject, file, place) in [
        ("units inside each other", organization_json(cycle, "", &scp("")), "3:56"),
        ("a parent that does not exist", organization_json("", r#"{"Id":"111122223333","ParentId":"ou-9"}"#, ""), "4:"),
        ("the same account twice", organization_json("", &format!("{account},{account}"), ""), "4:"),
        ("a target that does not exist", organization_json("", account, &scp(r#""r-2""#)), "5:"),
        ("the same target twice", organization_json("", account, &scp(r#""r-1","r-1""#)), "5:"),
        ("an account without an SCP", organization_json("", account, &scp(r#""r-1""#)), "1:1"),
        (
            "a policy of another type",
            organization_json("", account, &scp("").replace("SERVICE_CONTROL_POLICY", "TAG_POLICY")),
            "5:",
        ),
        ("a mistyped list", valid_file.replace("\"Policies\"", "\"Polices\""), "5:"),
        ("a mistyped field of a policy", valid_file.replace("\"Targets\"", "\"Target\""), "5:"),
    ] {
        let (found, text) = invalid_input(&[("1.json", &page), ("organization.json", &file)]);
        assert!(found.starts_with(&format!("organization.json:{place}")), "{subject}: {found}");
        texts.push(format!("{subject}\n  {text}"));
    }
    insta::assert_snapshot!("organizations_that_do_not_hang_together", texts.join("\n"));
}

/// The examples of `docs/snapshot.md`, by file name.
fn read_documented_examples() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/snapshot.md")).unwrap();
    let mut examples = Vec::new();
    for section in page.split("<!-- example: ").skip(1) {
        let (name, rest) = section.split_once(" -->\n```json\n").unwrap();
        examples.push((name.to_owned(), rest.split_once("\n```").unwrap().0.to_owned()));
    }
    examples
}

#[test]
fn the_documented_examples_are_read_and_meet_their_schemas() {
    let examples = read_documented_examples();
    assert_eq!(examples.len(), 4);
    let page = role_page("r", "");
    let mut files: Vec<(&str, &str)> = examples.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("accounts/1.json", &page));
    let snapshot = load_files(&files);
    assert!(snapshot.problems.is_empty());
    assert_eq!(snapshot.taken_at.as_deref(), Some("2026-11-20T06:00:00Z"));
    assert_eq!(snapshot.accounts[0].alias.as_deref(), Some("billing"));
    assert_eq!(snapshot.resource_policies.len(), 2);
    assert_eq!((snapshot.service_roles.resources.len(), snapshot.service_roles.complete.len()), (1, 2));
    for (name, text) in &examples {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let schema_name = name.replace(".json", ".schema.json");
        let (_, schema) = format::schemas().into_iter().find(|(other, _)| *other == schema_name).unwrap();
        let validator = jsonschema::validator_for(schema.as_value()).unwrap();
        assert!(validator.is_valid(&value), "{name}: {:?}", validator.iter_errors(&value).collect::<Vec<_>>());
    }
    // What the collector writes from these types is read back unchanged.
    let (_, text) = &examples[0];
    let file: format::OrganizationFile = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(file).unwrap(), serde_json::from_str::<serde_json::Value>(text).unwrap());
}

/// `IAMDRIFT_UPDATE=1 cargo test` updates the files.
#[test]
fn the_published_schemas_are_those_of_the_types() {
    for (name, schema) in format::schemas() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("IAMDRIFT_UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{name}");
    }
}
