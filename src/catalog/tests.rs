//! Compares the embedded catalog with facts copied by hand from the AWS Service Authorization Reference, and tests that
//! invalid files are rejected.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;

use super::*;

fn catalog() -> &'static Catalog {
    Catalog::embedded()
}

fn action(name: &str) -> ActionId {
    catalog().find_action(name).expect(name)
}

fn resource_type_names(name: &str) -> Vec<&'static str> {
    let shape = catalog().shape(action(name));
    let types = catalog().resource_types(shape);
    types.iter().map(|id| catalog().resource_type_name(*id)).collect()
}

fn resource_type(service: &str, name: &str) -> ResourceTypeId {
    let service = catalog().find_service(service).expect(service);
    catalog().resource_types_of(service).find(|id| catalog().resource_type_name(*id) == name).expect(name)
}

fn has_key(name: &str, key: &str) -> bool {
    catalog().has_key(catalog().shape(action(name)), key)
}

#[test]
fn embedded_catalog_is_complete() {
    assert!(catalog().version().starts_with("0.1."));
    assert_eq!(catalog().updated_at().len(), "2026-10-27".len());
    assert!(catalog().services().count() > 450);
    assert!(catalog().action_count() > 22_000);
    assert!(catalog().resource_types.len() > 2_300);
    assert!(catalog().keys.len() > 1_600);
    let rcp = catalog().services().filter(|id| catalog().supports_rcp(*id));
    assert!(rcp.count() > 50);
}

#[test]
fn ids_are_dense_and_in_order() {
    let mut next = 0;
    for service in catalog().services() {
        let actions = catalog().actions_of(service);
        assert_eq!(actions.start, next);
        next = actions.end;
        for id in actions.map(ActionId) {
            assert_eq!(catalog().action_service(id), service);
        }
    }
    assert_eq!(next as usize, catalog().action_count());
    for id in catalog().actions() {
        assert_eq!(catalog().find_action(&catalog().full_name(id)), Some(id));
    }
}

#[test]
fn names_are_found_in_any_case() {
    assert_eq!(catalog().find_action("S3:GETOBJECT"), Some(action("s3:GetObject")));
    assert_eq!(catalog().action_name(action("s3:getobject")), "GetObject");
    assert_eq!(catalog().action_lowercase_name(action("s3:getobject")), "getobject");
    assert_eq!(catalog().find_action("s3:GetNothing"), None);
    assert_eq!(catalog().find_action("s3"), None);
    assert_eq!(catalog().find_action("nosuch:Action"), None);
    assert_eq!(catalog().find_service("EC2"), catalog().find_service("ec2"));
}

#[test]
fn actions_match_the_reference() {
    use AccessLevel::{List, PermissionsManagement, Read, Tagging, Write};
    let facts: &[(&str, AccessLevel, &[&str])] = &[
        ("s3:GetObject", Read, &["accesspointobject", "object"]),
        ("s3:ListAccessPoints", List, &[]),
        ("s3:PutBucketPolicy", PermissionsManagement, &["bucket"]),
        ("iam:PassRole", Write, &["role"]),
        ("iam:CreatePolicyVersion", PermissionsManagement, &["policy"]),
        ("ec2:TerminateInstances", Write, &["instance"]),
        ("sts:GetCallerIdentity", Read, &[]),
        ("dynamodb:Query", Read, &["index", "table"]),
        ("lambda:InvokeFunction", Write, &["function"]),
        ("sqs:TagQueue", Tagging, &["queue"]),
    ];
    for (name, level, resource_types) in facts {
        assert_eq!(catalog().access_level(action(name)), *level, "{name}");
        assert_eq!(resource_type_names(name), *resource_types, "{name}");
    }
    let formats = |service, name| catalog().arn_formats(resource_type(service, name));
    assert_eq!(&*formats("s3", "bucket")[0], "arn:${Partition}:s3:::${BucketName}");
    assert_eq!(&*formats("iam", "role")[0], "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}");
    assert_eq!(formats("lex", "bot").len(), 2);
    for id in (0..).map(ResourceTypeId).take(catalog().resource_types.len()) {
        for format in catalog().arn_formats(id) {
            // `*`: a request without a resource, of an action that can also have one.
            assert!(&**format == "*" || format.starts_with("arn:") && !format.contains(' '), "{format}");
        }
    }
}

#[test]
fn knows_services_that_support_rcps() {
    let supports = |name| catalog().supports_rcp(catalog().find_service(name).unwrap());
    assert!(supports("s3") && supports("sts") && supports("kms") && supports("sqs"));
    assert!(!supports("ec2") && !supports("iam"));
    // AWS: *Resource control policies*, "List of AWS services that support RCPs", of 2026-09-26: 62 prefixes.
    assert!(supports("opensearch") && supports("aoss") && !supports("es"));
    assert_eq!(catalog().services().filter(|id| catalog().supports_rcp(*id)).count(), 62);
}

#[test]
fn keys_are_available_for_their_actions() {
    assert!(has_key("s3:ListBucket", "s3:prefix"));
    assert!(has_key("s3:listbucket", "S3:Prefix"));
    assert!(!has_key("s3:GetObject", "s3:prefix"));
    assert!(has_key("iam:PassRole", "iam:PassedToService"));
    assert!(!has_key("iam:GetRole", "iam:PassedToService"));
    // Listed for the resource type, or as a template.
    assert!(has_key("ec2:TerminateInstances", "ec2:InstanceType"));
    assert!(has_key("ec2:TerminateInstances", "ec2:ResourceTag/Team"));
    assert!(has_key("s3:GetObject", "s3:ExistingObjectTag/secret level"));
    assert!(!has_key("s3:GetObject", "s3:ExistingObjectTag/"));
    assert!(has_key("rds:DeleteDBInstance", "aws:ResourceTag/Team"));
    assert!(has_key("codebuild:CreateProject", "codebuild:secondarySources/main.location"));
    assert!(has_key("kms:Decrypt", "kms:EncryptionContext:aws:s3:arn"));
    // Cross-service keys and claims of a provider are available in any request.
    assert!(has_key("s3:GetObject", "lambda:SourceFunctionArn"));
    assert!(has_key("sts:AssumeRoleWithWebIdentity", "oidc.example.com/id/1:sub"));
    assert!(has_key("sts:AssumeRoleWithSAML", "SAML:aud"));
    assert!(!has_key("s3:GetObject", "saml:aud"));
}

#[test]
fn key_definitions_match_the_reference() {
    use Multiplicity::{Multi, Single};
    use ValueType::{Arn, Bool, Date, IpAddress, Numeric, String};
    for (key, value_type, multiplicity) in [
        ("s3:prefix", String, Single),
        ("s3:max-keys", Numeric, Single),
        ("dynamodb:LeadingKeys", String, Multi),
        ("kms:EncryptionContextKeys", String, Multi),
        ("kms:EncryptionContext:app", String, Single),
        ("s3:ExistingObjectTag/team", String, Single),
        ("iam:PermissionsBoundary", Arn, Single),
        ("route53:VPCs", String, Multi),
        ("identitystore:UserId", String, Single),
        ("saml:cn", String, Multi),
        ("cognito-identity.amazonaws.com:amr", String, Multi),
        ("token.actions.githubusercontent.com:sub", String, Single),
        ("aws:PrincipalArn", Arn, Single),
        ("AWS:principaltag/Team", String, Single),
        ("aws:TagKeys", String, Multi),
        ("aws:CalledVia", String, Multi),
        ("aws:PrincipalOrgPaths", String, Multi),
        ("aws:SourceIp", IpAddress, Single),
        ("aws:CurrentTime", Date, Single),
        ("aws:MultiFactorAuthAge", Numeric, Single),
        ("aws:SecureTransport", Bool, Single),
    ] {
        let expected = KeyDefinition { value_type, multiplicity };
        assert_eq!(catalog().key_definition(key), Some(expected), "{key}");
    }
    assert_eq!(catalog().key_definition("aws:NoSuchKey"), None);
    assert_eq!(catalog().key_definition("s3:nosuchkey"), None);
}

#[test]
fn no_key_is_listed_twice() {
    let mut table = condition_key::KeyTable::default();
    table.insert_listed_keys();
    assert_eq!(table.len(), condition_key::parse_listed_keys().count());
}

#[test]
fn plain_names_name_real_variables() {
    for line in plain_name::parse_plain_names() {
        let service = catalog().find_service(line.service).expect(line.service);
        let wanted = line.resource_type.replace('_', " ");
        let id = catalog()
            .resource_types_of(service)
            .find(|id| catalog().resource_type_name(*id) == wanted)
            .unwrap_or_else(|| panic!("no type {} in {}", wanted, line.service));
        let variable = format!("${{{}}}", line.variable);
        let formats = catalog().arn_formats(id);
        assert!(formats.iter().any(|format| format.contains(&variable)), "{variable} is not in {formats:?}");
        assert!(["/", ":", ":/"].contains(&line.excluded), "{line:?}");
        assert_eq!(catalog().excluded_characters(id, line.variable), line.excluded);
    }
    let excludes = |service, name, variable| catalog().excluded_characters(resource_type(service, name), variable);
    assert_eq!(excludes("s3", "object", "BucketName"), ":/");
    assert_eq!(excludes("s3", "object", "ObjectName"), "");
    assert_eq!(excludes("iam", "role", "RoleNameWithPath"), "");
    assert_eq!(excludes("lambda", "code signing config", "CodeSigningConfigId"), ":/");
}

#[test]
fn keys_depend_on_the_resource_type() {
    let shape = catalog().shape(catalog().find_action("ec2:RunInstances").unwrap());
    let has_key = |name, key| catalog().has_key_on(shape, &[resource_type("ec2", name)], key);
    assert!(has_key("instance", "ec2:InstanceType") && has_key("image", "ec2:Owner") && has_key("subnet", "ec2:Vpc"));
    assert!(!has_key("image", "ec2:InstanceType") && !has_key("subnet", "ec2:Owner"));
    assert!(catalog().has_key(shape, "ec2:InstanceType") && catalog().has_key(shape, "ec2:Owner"));
    // A key that is listed for the action, without a resource type.
    assert!(has_key("image", "ec2:Region") && has_key("subnet", "ec2:Region"));
}

#[test]
fn a_placeholder_without_braces_is_a_placeholder() {
    let has_key = |action, key| catalog().has_key(catalog().shape(catalog().find_action(action).unwrap()), key);
    assert!(has_key("secretsmanager:GetSecretValue", "secretsmanager:ResourceTag/team"));
    assert!(has_key("ssm:PutParameter", "ssm:resourceTag/team"));
    assert!(!has_key("ssm:DescribeParameters", "ssm:resourceTag/team"));
}

#[test]
fn shapes_are_distinct() {
    let mut seen = BTreeMap::new();
    for id in catalog().actions() {
        let shape = catalog().shape_entry(catalog().shape(id));
        let content = (
            catalog().action_service(id),
            &catalog().shape_types[shape.types.clone()],
            (&catalog().type_groups[shape.types.clone()], shape.keys),
        );
        let known = seen.entry(content).or_insert(catalog().shape(id));
        assert_eq!(*known, catalog().shape(id));
    }
}

#[test]
fn plain_and_compressed_files_give_the_same_catalog() {
    let text = "iamdrift-catalog 2 9.9 2030-01-02\nk s+ a:K/${T}\ns a rcp\nr t|arn:x|arn:y\n\
                g 0\nh 0 0:1\nh 0 -\na W 0 Do\na L 1 List\n";
    let small = Catalog::from_bytes(text.as_bytes()).unwrap();
    assert_eq!((small.version(), small.updated_at()), ("9.9", "2030-01-02"));
    let shape = small.shape(small.find_action("A:DO").unwrap());
    assert_eq!(small.resource_types(shape).len(), 1);
    assert_eq!(small.arn_formats(ResourceTypeId(0)).len(), 2);
    assert!(small.has_key(shape, "a:k/1") && small.has_key_on(shape, &[ResourceTypeId(0)], "a:k/1"));
    assert!(!small.has_key_on(shape, &[], "a:k/1"));
    assert!(small.key_definition("aws:SourceIp").is_some());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog.zst");
    std::fs::write(&file, zstd::bulk::compress(text.as_bytes(), 3).unwrap()).unwrap();
    assert_eq!(Catalog::load(&file).unwrap().action_count(), 2);
}

#[test]
fn rejects_invalid_catalogs_with_the_line() {
    let load_error = |text: &str| Catalog::from_bytes(text.as_bytes()).map(|_| ()).unwrap_err().to_string();
    let head = "iamdrift-catalog 2 9.9 2030-01-02\n";
    let line = |rest: &str| load_error(&format!("{head}{rest}\n"));
    insta::assert_snapshot!(
        "no_catalog",
        [
            load_error("{}"),
            load_error("iamdrift-catalog 2\n"),
            line("z 1"),
            line("s"),
            line("a W 0 Do"),
            line("s a\na W 0 Do"),
            line("s a\nh 0 0"),
            line("s a\ng 0"),
            line("s a\nh 1 -"),
            line("s a\nr t|arn\nh 0 0:1"),
            line("s a\nh 0 x"),
            line("k s a:K"),
            line("s a\nh 0 -\na X 0 Do"),
            line("s a\nh 0 -\na W 0 Up\na W 0 Do"),
        ]
        .join("\n")
    );
    let missing = Catalog::load(std::path::Path::new("no/such/file")).map(|_| ()).unwrap_err();
    assert!(matches!(&missing, CatalogError::Unreadable { path, .. } if path.ends_with("no/such/file")), "{missing:?}");
}
