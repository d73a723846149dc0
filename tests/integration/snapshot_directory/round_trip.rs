//! What the writer writes of an account is what the AWS CLI's dump of it says, once both are read.

use std::sync::Arc;

use iamdrift::iam::PolicyDocument;
use iamdrift::snapshot::format::{
    AccountPage, CollectionPart, EmbeddedDocument, OpenIdConnectProvider, PermissionSet, SamlProvider,
};
use iamdrift::snapshot::store::{Compression, SnapshotWriter};
use iamdrift::snapshot::{Account, AttachmentKind, PolicyAttachment, Snapshot, SnapshotError};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{BOTH, finish, fresh, header, id, load, number, organization, page, role, unread};

const ACCOUNT: &str = "111122223333";

type Policies = Vec<(String, AttachmentKind, Arc<PolicyDocument>)>;

/// ARN, name, path, unique id, kind; tags; groups; when it was created and last used.
type Facts = ([Option<String>; 5], Vec<(String, String)>, Vec<String>, [Option<String>; 2]);

/// What of a snapshot does not depend on the files that it came from.
#[derive(Debug, PartialEq)]
struct Told {
    principals: Vec<Facts>,
    policies: Vec<Policies>,
    missing: Vec<Vec<String>>,
    groups: Vec<(String, String, Policies)>,
    managed: Vec<(String, String, String, Option<Arc<PolicyDocument>>)>,
    problems: Vec<String>,
}

fn policies<'a>(held: impl IntoIterator<Item = &'a PolicyAttachment>) -> Policies {
    held.into_iter().map(|p| (p.name.clone(), p.kind.clone(), Arc::clone(&p.document))).collect()
}

/// The reason without its place.
fn without_place(text: &str) -> String {
    text.split(": ").filter(|part| !part.contains(".json")).collect::<Vec<_>>().join(": ")
}

fn told(snapshot: &Snapshot) -> Told {
    let accounts = || snapshot.accounts.iter();
    let principals = || accounts().flat_map(|account| &account.principals);
    let mut problems: Vec<String> = snapshot.problems.iter().map(|problem| problem.subject.clone()).collect();
    problems.sort();
    Told {
        principals: principals()
            .map(|p| {
                let (arn, kind) = (p.arn.as_str().to_owned(), format!("{:?}", p.entity_kind));
                let facts = [Some(arn), Some(p.name.clone()), Some(p.path.clone()), p.unique_id.clone(), Some(kind)];
                (facts, p.tags.clone(), p.group_names.clone(), [p.created_at.clone(), p.last_used_at.clone()])
            })
            .collect(),
        policies: principals()
            .map(|p| {
                policies(
                    p.identity_policies.iter().chain(p.boundary.iter().flat_map(|b| &b.policy)).chain(&p.trust_policy),
                )
            })
            .collect(),
        missing: principals()
            .map(|p| p.missing_documents.iter().map(|missing| without_place(&missing.to_string())).collect())
            .collect(),
        groups: accounts()
            .flat_map(|account| &account.groups)
            .map(|group| (group.arn.as_str().to_owned(), group.name.clone(), policies(&group.identity_policies)))
            .collect(),
        managed: accounts()
            .flat_map(|account: &Account| account.policies.iter().map(move |(arn, policy)| (account, arn, policy)))
            .map(|(account, arn, policy)| {
                let document = policy.document.document.as_ref().ok().cloned();
                (account.id.to_string(), arn.clone(), policy.name.clone(), document)
            })
            .collect(),
        problems,
    }
}

/// Text with everything that goes wrong when something is decoded once too often, or not at all.
fn text() -> impl Strategy<Value = String> {
    let pieces = ["a", "%", "%41", "%25", "%E9", "é", "日本", "😀", "+", " ", "\"", "\\", "\n", "\u{7f}", "&lt;", "z"];
    prop::collection::vec(select(pieces.to_vec()), 0..6).prop_map(|pieces| pieces.concat())
}

fn document() -> impl Strategy<Value = Value> {
    let one = (text(), text(), select(vec!["Allow", "Deny"]), any::<u32>()).prop_map(|(prefix, value, effect, n)| {
        json!({
            "Effect": effect, "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::b/{prefix}*"),
            "Condition": { "StringEquals": { "aws:PrincipalTag/é%20": value }, "NumericLessThan": { "s3:max-keys": n } },
        })
    });
    prop::collection::vec(one, 1..3).prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// One user, role, group or managed policy, in the AWS CLI's shape: its list, and itself.
fn entity(n: usize) -> impl Strategy<Value = (&'static str, Value)> {
    let trust = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "ec2.amazonaws.com" } } });
    let attached = json!([{ "PolicyName": "m0", "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/m0") }]);
    (document(), text(), text(), 0..4_usize).prop_map(move |(document, key, value, kind)| {
        let inline = json!([{ "PolicyName": "in%20line", "PolicyDocument": document }]);
        let tags = json!([{ "Key": format!("k{key}"), "Value": value }]);
        let arn = |kind: &str| format!("arn:aws:iam::{ACCOUNT}:{kind}");
        let created = "2026-01-02T03:04:05+00:00";
        match kind {
            0 => ("UserDetailList", json!({
                "Path": "/é/", "UserName": format!("u{n}"), "UserId": format!("AIDA{n}"), "Arn": arn(&format!("user/é/u{n}")),
                "CreateDate": created, "UserPolicyList": inline, "GroupList": ["g0"], "AttachedManagedPolicies": attached,
                "Tags": tags, "PermissionsBoundary": { "PermissionsBoundaryType": "Policy",
                    "PermissionsBoundaryArn": arn("policy/m0") } })),
            1 => ("RoleDetailList", json!({
                "Path": "/", "RoleName": format!("r{n}"), "RoleId": format!("AROA{n}"), "Arn": arn(&format!("role/r{n}")),
                "CreateDate": created, "AssumeRolePolicyDocument": trust, "InstanceProfileList": [],
                "RolePolicyList": inline, "AttachedManagedPolicies": attached, "Tags": tags,
                "RoleLastUsed": { "LastUsedDate": created, "Region": "eu-west-1" } })),
            2 => ("GroupDetailList", json!({
                "Path": "/", "GroupName": format!("g{n}"), "GroupId": format!("AGPA{n}"), "Arn": arn(&format!("group/g{n}")),
                "CreateDate": created, "GroupPolicyList": inline, "AttachedManagedPolicies": [] })),
            _ => ("Policies", json!({
                "PolicyName": format!("m{n}"), "PolicyId": format!("ANPA{n}"), "Arn": arn(&format!("policy/m{n}")),
                "Path": "/", "DefaultVersionId": "v2", "AttachmentCount": 1, "IsAttachable": true,
                "PolicyVersionList": [{ "Document": document, "VersionId": "v2", "IsDefaultVersion": true }] })),
        }
    })
}

fn entities() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    (1..8_usize).prop_flat_map(|count| (0..count).map(entity).collect::<Vec<_>>())
}

const LISTS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];

fn dump(entities: &[(&str, Value)]) -> Value {
    let mut page = json!({});
    for list in LISTS {
        page[list] = entities.iter().filter(|(of, _)| *of == list).map(|(_, entity)| entity.clone()).collect();
    }
    page
}

/// The same with each document as the API returns it: URL-encoded by RFC 3986, every byte that is not unreserved.
fn as_the_api_answers(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if ["PolicyDocument", "AssumeRolePolicyDocument", "Document"].contains(&name.as_str()) {
                    let encode = |byte: u8| match byte {
                        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                            (byte as char).to_string()
                        }
                        _ => format!("%{byte:02X}"),
                    };
                    *member = member.to_string().bytes().map(encode).collect::<String>().into();
                } else {
                    as_the_api_answers(member);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(as_the_api_answers),
        _ => {}
    }
}

/// What a collector makes of an answer: every document decoded by [`Document::decode`].
fn decoded(mut answer: Value) -> AccountPage {
    fn decode(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        Value::String(text) if name.ends_with("Document") => {
                            *member = serde_json::to_value(EmbeddedDocument::decode(text)).unwrap();
                        }
                        _ => decode(member),
                    }
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(decode),
            _ => {}
        }
    }
    decode(&mut answer);
    page(answer)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_account_loads_as_the_cli_dump_of_it(entities in entities(), splits in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
        let (folder, directory) = fresh();
        let file = folder.path().join("dump.json");
        std::fs::write(&file, dump(&entities).to_string()).unwrap();
        let expected = Snapshot::load(&file);
        let mut at: Vec<usize> = splits.iter().map(|split| split.index(entities.len() + 1)).collect();
        at.extend([0, entities.len()]);
        at.sort_unstable();
        for compression in BOTH {
            let directory = directory.join(format!("{compression:?}"));
            let writer = SnapshotWriter::create(&directory, header(), compression).unwrap();
            let mut account = writer.begin_account(&id(ACCOUNT), Some("é %41")).unwrap();
            for part in at.windows(2) {
                let mut answer = dump(&entities[part[0]..part[1]]);
                as_the_api_answers(&mut answer);
                account.write_page(&decoded(answer)).unwrap();
            }
            account.finish().unwrap();
            finish(writer);
            let snapshot = load(&directory);
            match &expected {
                Ok(expected) => prop_assert_eq!(told(&snapshot), told(expected)),
                Err(error) => prop_assert!(false, "{}", error),
            }
            // The account's file by itself is as good as the AWS CLI's.
            let ending = if compression == Compression::Zstd { ".zst" } else { "" };
            let alone = load(&directory.join(format!("accounts/{ACCOUNT}.json{ending}")));
            prop_assert_eq!(told(&alone), told(&snapshot));
        }
    }
}

/// Dumps that others made, through the writer's types and back.
#[test]
#[ignore = "needs IAMDRIFT_CORPUS (account details)"]
fn real_dumps_come_back() {
    let mut read = 0;
    for entry in std::fs::read_dir(crate::needs::corpus().join("accounts")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(expected) = Snapshot::load(&path) else { continue };
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let dump: Value = serde_json::from_str(&text).unwrap();
        // The writer's names are AWS's own, and a directory has one file an account.
        let [account] = expected.accounts.as_slice() else { continue };
        if LISTS.iter().all(|list| dump.get(list).is_none()) || dump["IsTruncated"] == true {
            continue;
        }
        for compression in BOTH {
            let (_folder, directory) = fresh();
            let writer = SnapshotWriter::create(&directory, header(), compression).unwrap();
            let mut file = writer.begin_account(&account.id, None).unwrap();
            file.write_page(&page(dump.clone())).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            file.finish().unwrap();
            finish(writer);
            assert_eq!(told(&load(&directory)), told(&expected), "{}", path.display());
        }
        read += 1;
    }
    assert!(read > 0, "no dump of the corpus was read");
}

#[test]
fn what_stands_beside_the_details_is_read() {
    for compression in BOTH {
        let (_folder, directory) = fresh();
        let writer = SnapshotWriter::create(&directory, header(), compression).unwrap();
        let mut account = writer.begin_account(&id(ACCOUNT), Some("billing")).unwrap();
        let secure = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::exports/100%","Condition":{"Bool":{"aws:SecureTransport":"false"}}}}"#;
        account.write_page(&page(json!({
            "AccountAliases": ["the-billing"],
            // A bucket's ARN does not tell its owner; the file does.
            "ResourcePolicies": [{ "ResourceArn": "arn:aws:s3:::exports", "Policy": serde_json::from_str::<Value>(secure).unwrap() }],
        }))).unwrap();
        account
            .write_page(&AccountPage {
                open_id_connect_providers: vec![OpenIdConnectProvider {
                    arn: "arn:aws:iam::111122223333:oidc-provider/é".into(),
                    ..Default::default()
                }],
                saml_providers: vec![SamlProvider {
                    arn: "arn:aws:iam::111122223333:saml-provider/s".into(),
                    ..Default::default()
                }],
                permission_sets: vec![PermissionSet { name: "Admin".into(), ..Default::default() }],
                ..Default::default()
            })
            .unwrap();
        account.finish().unwrap();
        // An account without users and roles is an account all the same.
        writer.begin_account(&id(&number(7)), None).unwrap().finish().unwrap();
        finish(writer);
        let snapshot = load(&directory);
        assert_eq!(snapshot.taken_at.as_deref(), Some("2026-11-20T06:00:00Z"));
        let accounts: Vec<_> = snapshot.accounts.iter().map(|a| (a.id.as_str(), a.alias.as_deref())).collect();
        assert_eq!(accounts, [("100000000007", None), (ACCOUNT, Some("the-billing"))]);
        let [resource] = snapshot.resource_policies.as_slice() else { panic!("{:?}", snapshot.resource_policies) };
        assert_eq!(resource.owner.as_str(), ACCOUNT);
        let statement = &resource.policy.document.as_ref().unwrap().statements[0];
        let written: Vec<&str> = statement.resource.iter().flat_map(|r| &r.patterns).map(|p| p.as_written()).collect();
        assert_eq!(written, ["arn:aws:s3:::exports/100%"]);
    }
}

#[test]
fn what_is_written_meets_the_published_schemas() {
    let (_folder, directory) = fresh();
    let writer = SnapshotWriter::create(&directory, header(), Compression::None).unwrap();
    let denied = |part| unread(part, Some("s3 in eu-west-1"), "AccessDenied", Some("s3:GetBucketPolicy"));
    let mut account = writer.begin_account(&id(ACCOUNT), Some("billing")).unwrap();
    account
        .write_page(&page(json!({ "RoleDetailList": [role(ACCOUNT, "r", "s3:GetObject")], "Policies": [] })))
        .unwrap();
    account.write_page(&AccountPage { account_aliases: vec!["b".into()], ..Default::default() }).unwrap();
    account.record_unread(denied(CollectionPart::ResourcePolicies));
    account.finish().unwrap();
    writer.record_unread_account(&id(&number(1)), None, "timeout", None).unwrap();
    writer
        .write_organization(&organization(&[ACCOUNT], json!([])), vec![denied(CollectionPart::ServiceControlPolicies)])
        .unwrap();
    finish(writer);
    load(&directory);
    for (file, schema) in [
        ("manifest.json".to_owned(), "manifest"),
        (format!("accounts/{ACCOUNT}.json"), "account"),
        ("organization.json".to_owned(), "organization"),
    ] {
        let read = |path: &std::path::Path| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
        let schemas = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let validator = jsonschema::validator_for(&read(&schemas.join(format!("{schema}.schema.json")))).unwrap();
        let value = read(&directory.join(&file));
        let wrong: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{file}");
    }
}

#[test]
fn a_file_holds_its_own_account_only() {
    let (_folder, directory) = fresh();
    let writer = SnapshotWriter::create(&directory, header(), Compression::None).unwrap();
    let mut account = writer.begin_account(&id(ACCOUNT), None).unwrap();
    account.write_page(&page(json!({ "RoleDetailList": [role(&number(1), "r", "s3:GetObject")] }))).unwrap();
    account.finish().unwrap();
    finish(writer);
    let SnapshotError::Invalid(diagnostics) = super::refused(&directory) else { panic!("it is another error") };
    let place = diagnostics.0[0].place();
    assert!(place.file.ends_with("accounts/111122223333.json"), "{place}");
    assert_eq!((place.line, diagnostics.0.len()), (8, 1));
    insta::assert_snapshot!("a_role_in_the_file_of_another_account", diagnostics.0[0].message);
}
