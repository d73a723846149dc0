//! The inputs of commands that read a snapshot: every visible file is read, or the command says that it was not.

use std::io::Write;
use std::path::Path;
use std::process::Command as Process;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

const QUIET: &str = "111122223333";
const LOUD: &str = "444455556666";

fn allow(action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] })
}

/// A page with the role `r` of an account, which may do one action.
fn page(account: &str, action: &str) -> Value {
    page_with(account, &allow(action))
}

fn page_with(account: &str, document: &Value) -> Value {
    json!({
        "UserDetailList": [], "GroupDetailList": [], "Policies": [], "IsTruncated": false,
        "RoleDetailList": [{
            "Arn": format!("arn:aws:iam::{account}:role/r"), "RoleName": "r", "RoleId": "AROAEXAMPLE", "Path": "/",
            "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "ec2.amazonaws.com" } }] },
            "RolePolicyList": [{ "PolicyName": "p", "PolicyDocument": document }],
        }],
    })
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A folder with a baseline that allows `s3:GetObject`, and with files.
fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "version = 1\n[[principal]]\nname = \"r\"\nmatch = \"arn:*:iam::*:role/r\"\nkind = \"workload\"\nallow = [\"a.json\"]\n";
    for (name, bytes) in [
        ("b/baseline.toml", manifest.as_bytes().to_vec()),
        ("b/a.json", allow("s3:GetObject").to_string().into_bytes()),
    ]
    .iter()
    .chain(files)
    {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn quiet_file() -> (&'static str, Vec<u8>) {
    ("s/1.json", page(QUIET, "s3:GetObject").to_string().into_bytes())
}

/// Runs a command with the snapshot `s`: the exit status, standard output and standard error.
fn run(folder: &Path, arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .current_dir(folder)
        .args(arguments)
        .write_stdin(input)
        .timeout(std::time::Duration::from_secs(60))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn audit(folder: &Path, snapshot: &str, input: &[u8]) -> (i32, Value) {
    let arguments = ["audit", "--snapshot", snapshot, "--baseline", "b", "--format", "json"];
    let (status, out, err) = run(folder, &arguments, input);
    (status, serde_json::from_str(&out).unwrap_or_else(|_| Value::String(err)))
}

/// The commands that read a snapshot, each with a question about the quiet account.
fn commands(snapshot: &str) -> [Vec<String>; 4] {
    let role = format!("arn:aws:iam::{QUIET}:role/r");
    [
        vec!["audit", "--baseline", "b"],
        vec!["principals"],
        vec!["explain", role.as_str(), "s3:GetObject", "arn:aws:s3:::b/k"],
        vec!["who-can", "s3:GetObject"],
    ]
    .map(|words| words.into_iter().chain(["--snapshot", snapshot]).map(str::to_owned).collect())
}

#[test]
fn json_files_are_read_in_every_form() {
    let loud = page(LOUD, "iam:*").to_string();
    let zstd = zstd::encode_all(loud.as_bytes(), 0).unwrap();
    let list = json!([page(LOUD, "iam:*")]).to_string();
    for (name, bytes) in [
        ("2.json", loud.clone().into_bytes()),
        ("2.JSON", loud.clone().into_bytes()),
        ("2.json.gz", gzip(&loud)),
        ("2.json.GZ", gzip(&loud)),
        ("2.json.zst", zstd.clone()),
        ("deep/er/2.json.gz", gzip(&loud)),
        ("2.json", list.clone().into_bytes()),
        ("2.json.gz", gzip(&list)),
        // Content that is compressed without a name that says so.
        ("2.json", gzip(&loud)),
    ] {
        let folder = folder(&[quiet_file(), (&format!("s/{name}"), bytes.clone())]);
        let (status, report) = audit(folder.path(), "s", b"");
        assert_eq!(status, 1, "{name}: {report}");
        // Alone, and through standard input.
        let path = format!("s/{name}");
        assert_eq!(audit(folder.path(), &path, b"").0, 1, "{name}");
        assert_eq!(audit(folder.path(), "-", &bytes).0, 1, "{name}");
    }
    let alone = folder(&[("account.gz", gzip(&loud))]);
    assert_eq!(audit(alone.path(), "account.gz", b"").0, 1);
}

#[test]
fn files_that_are_not_read_are_named_by_every_command() {
    let loud = page(LOUD, "iam:*").to_string();
    for name in
        ["2.yaml", "2.json.bak", "2.txt", "2", "2.json.bz2", "2.csv", "README.md", "a/b/2.toml", "2.tar.gz", "~"]
    {
        let folder = folder(&[quiet_file(), (&format!("s/{name}"), loud.clone().into_bytes())]);
        for arguments in commands("s") {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let (status, out, err) = run(folder.path(), &arguments, b"");
            assert_eq!(status, 3, "{name} {arguments:?}: {out}{err}");
            assert!(out.contains(name), "{name} {arguments:?}: {out}");
        }
    }
    // Hidden files are left out.
    let folder = folder(&[quiet_file(), ("s/.2.yaml", Vec::new()), ("s/.git/config", Vec::new())]);
    assert_eq!(audit(folder.path(), "s", b"").0, 0);
}

#[test]
fn damaged_files_are_errors() {
    let loud = page(LOUD, "iam:*").to_string();
    let compressed = gzip(&loud);
    let cut = compressed[..compressed.len() - 4].to_vec();
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let quiet = page(QUIET, "s3:GetObject");
    for (name, bytes) in [
        ("2.json.gz", cut),
        ("2.json.gz", loud.clone().into_bytes()),
        ("2.json.gz", Vec::new()),
        ("2.json", Vec::new()),
        ("2.json", b"[]".to_vec()),
        ("2.json", nested.into_bytes()),
        ("2.json", json!([quiet, 1]).to_string().into_bytes()),
        ("2.json", json!([[page(LOUD, "iam:*")]]).to_string().into_bytes()),
        ("2.json", format!("{loud}{loud}").into_bytes()),
        ("2.json", loud.replacen("\"Policies\":[]", "\"Policies\":[],\"Policies\":[]", 1).into_bytes()),
    ] {
        let folder = folder(&[quiet_file(), (&format!("s/{name}"), bytes.clone())]);
        let (status, report) = audit(folder.path(), "s", b"");
        assert_eq!(status, 2, "{name} {}: {report}", bytes.len());
        let (status, report) = audit(folder.path(), &format!("s/{name}"), b"");
        assert_eq!(status, 2, "{name} {}: {report}", bytes.len());
    }
    let folder = folder(&[]);
    for input in [&b""[..], b"{", b"[]", b"\x1f\x8b\x08"] {
        assert_eq!(audit(folder.path(), "-", input).0, 2);
    }
}

#[cfg(unix)]
#[test]
fn links_and_special_files_are_not_followed_blindly() {
    use std::os::unix::fs::symlink;
    let loud = page(LOUD, "iam:*").to_string();
    let prepare = || folder(&[quiet_file(), ("elsewhere/2.json", loud.clone().into_bytes())]);
    let outside = prepare();
    symlink("../elsewhere/2.json", outside.path().join("s/2.json")).unwrap();
    assert_eq!(audit(outside.path(), "s", b"").0, 3);
    let outside_folder = prepare();
    symlink("../elsewhere", outside_folder.path().join("s/more")).unwrap();
    assert_eq!(audit(outside_folder.path(), "s", b"").0, 3);
    let broken = prepare();
    symlink("nowhere.json", broken.path().join("s/2.json")).unwrap();
    assert_eq!(audit(broken.path(), "s", b"").0, 3);
    // A link inside of the directory, and one that goes round in circles.
    let inside = prepare();
    symlink("1.json", inside.path().join("s/2.json")).unwrap();
    symlink(".", inside.path().join("s/again")).unwrap();
    assert_eq!(audit(inside.path(), "s", b"").0, 0);
    let hidden = folder(&[quiet_file(), ("s/.data/2.json", loud.clone().into_bytes())]);
    symlink(".data/2.json", hidden.path().join("s/2.json")).unwrap();
    assert_eq!(audit(hidden.path(), "s", b"").0, 1);
    // The directory itself can be a link.
    let linked = prepare();
    symlink("s", linked.path().join("link")).unwrap();
    assert_eq!(audit(linked.path(), "link", b"").0, 0);

    let special = prepare();
    let fifo = special.path().join("s/2.json");
    assert!(Process::new("mkfifo").arg(&fifo).status().unwrap().success());
    assert_eq!(audit(special.path(), "s", b"").0, 3);
    for arguments in commands("s/2.json").into_iter().chain(commands("/dev/null")) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (status, out, err) = run(special.path(), &arguments, b"");
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains("regular file"), "{err}");
    }
}

#[test]
fn every_command_reads_standard_input() {
    let folder = folder(&[]);
    for input in [page(QUIET, "s3:GetObject").to_string().into_bytes(), gzip(&page(QUIET, "s3:GetObject").to_string())]
    {
        for arguments in commands("-") {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let (status, out, err) = run(folder.path(), &arguments, &input);
            assert_eq!(status, 0, "{arguments:?}: {out}{err}");
        }
    }
}

/// Documents that AWS may accept and this program cannot read. The other statements count.
#[test]
fn statements_that_cannot_be_read_are_undecided_and_the_others_count() {
    let odd = |name: &str, value: Value| {
        let mut statement = json!({ "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*" });
        statement[name] = value;
        statement
    };
    let condition = |value: Value| odd("Condition", value);
    for statement in [
        odd("Comment", json!("x")),
        odd("Action", json!([])),
        odd("Resource", json!([])),
        odd("Action", json!(1)),
        odd("Action", json!("s3")),
        odd("Resource", json!("bucket")),
        odd("Principal", json!("*")),
        odd("Sid", json!(1)),
        odd("Effect", json!("deny")),
        odd("NotAction", json!("s3:GetObject")),
        condition(json!([])),
        condition(json!({ "StringEqual": { "aws:username": "x" } })),
        condition(json!({ "StringEquals": { "aws:username": null } })),
        condition(json!({ "StringEquals": { "": "x" } })),
        condition(json!({ "StringEquals": { "aws:username": [] } })),
        condition(json!({ "StringEquals": { "aws:username": "x", "AWS:UserName": "y" } })),
        condition(json!({ "NumericEquals": { "s3:max-keys": "many" } })),
        condition(json!({ "DateLessThan": { "aws:CurrentTime": "soon" } })),
        condition(json!({ "Bool": { "aws:SecureTransport": "yes" } })),
        condition(json!({ "IpAddress": { "aws:SourceIp": "everywhere" } })),
        condition(json!({ "NullIfExists": { "aws:username": "true" } })),
        json!("Allow"),
        json!([]),
    ] {
        let document = |action: &str| {
            let allow = json!({ "Effect": "Allow", "Action": action, "Resource": "*" });
            json!({ "Version": "2012-10-17", "Statement": [statement, allow] })
        };
        let quiet = folder(&[("s.json", page_with(QUIET, &document("s3:GetObject")).to_string().into_bytes())]);
        let (status, report) = audit(quiet.path(), "s.json", b"");
        assert_eq!(status, 3, "{statement}: {report}");
        let loud = folder(&[("s.json", page_with(QUIET, &document("iam:CreateUser")).to_string().into_bytes())]);
        let (status, report) = audit(loud.path(), "s.json", b"");
        assert_eq!(status, 3, "{statement}: {report}");
        let found = report["findings"].as_array().unwrap();
        let broader = found.iter().find(|finding| finding["rule"] == "IAM001");
        let granted_by = &broader.unwrap_or_else(|| panic!("{statement}: {report}"))["excess"][0]["granted_by"];
        assert_eq!(granted_by["statement"], 1, "{statement}: {granted_by}");
    }
}

#[test]
fn a_duplicate_key_concerns_its_document_alone() {
    let duplicate = |text: String| text.replacen("\"Effect\":\"Deny\"", "\"Effect\":\"Deny\",\"Effect\":\"Allow\"", 1);
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*" },
        { "Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*" },
    ] });
    let as_object = duplicate(page_with(QUIET, &document).to_string());
    let as_string = page_with(QUIET, &Value::String(duplicate(document.to_string()))).to_string();
    for text in [as_object, as_string] {
        let folder = folder(&[("s.json", text.clone().into_bytes())]);
        let (status, report) = audit(folder.path(), "s.json", b"");
        assert_eq!(status, 3, "{text}: {report}");
        assert!(report["findings"].to_string().contains("IAM001"), "{report}");
        assert!(report["unread"].to_string().contains("duplicate key"), "{report}");
    }
}

#[test]
fn documents_beyond_the_limits_are_undecided_and_large_ones_are_read() {
    let statement = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*" });
    let many = |count: usize| json!({ "Version": "2012-10-17", "Statement": vec![statement.clone(); count] });
    // The shortest statement has 45 characters: a document of any of AWS's quotas has fewer than 1,000.
    for (count, expected) in [(1_000, 0), (20_001, 3)] {
        let folder = folder(&[("s.json", page_with(QUIET, &many(count)).to_string().into_bytes())]);
        let (status, report) = audit(folder.path(), "s.json", b"");
        assert_eq!(status, expected, "{count}: {report}");
    }
    let actions: Vec<String> = (0..200_001).map(|n| format!("s3:Get{n}")).collect();
    let long = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": actions, "Resource": "*" }] });
    let folder = folder(&[("s.json", page_with(QUIET, &long).to_string().into_bytes())]);
    assert_eq!(audit(folder.path(), "s.json", b"").0, 3);
}

/// A role with a boundary or an attachable policy `limit`, whose version v1 is not the default.
fn page_with_versions(role: &Value, first_version: &Value) -> Value {
    let mut page = page_with(QUIET, &role["identity"]);
    let arn = format!("arn:aws:iam::{QUIET}:policy/limit");
    if role["has_boundary"] == true {
        page["RoleDetailList"][0]["PermissionsBoundary"] =
            json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn });
    }
    page["Policies"] = json!([{
        "Arn": arn, "PolicyName": "limit", "DefaultVersionId": "v2", "PolicyVersionList": [
            { "VersionId": "v1", "IsDefaultVersion": false, "Document": first_version },
            { "VersionId": "v2", "IsDefaultVersion": true, "Document": role["default_version"] }],
    }]);
    page
}

/// A version counts wherever it could become the default: in a boundary, and in a policy that can be attached first.
#[test]
fn versions_that_could_become_the_default_count() {
    const SET_DEFAULT: &str = "iam:SetDefaultPolicyVersion";
    let allowed = |actions: Value| json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    let document = |statements: Value| json!({ "Version": "2012-10-17", "Statement": statements });
    let bounded = json!({
        "has_boundary": true,
        "identity": document(json!([allowed(json!("*"))])),
        "default_version": document(json!([allowed(json!(["s3:GetObject", SET_DEFAULT]))])),
    });
    let mut attach = allowed(json!("iam:AttachRolePolicy"));
    attach["Condition"] = json!({ "ArnEquals": { "iam:PolicyARN": format!("arn:aws:iam::{QUIET}:policy/limit") } });
    let attaching = json!({
        "identity": document(json!([allowed(json!(["s3:GetObject", SET_DEFAULT])), attach])),
        "default_version": document(json!([allowed(json!("s3:GetObject"))])),
    });
    let administrator = document(json!([allowed(json!("*"))]));
    let mut unreadable = administrator.clone();
    unreadable["Statement"][0]["Comment"] = json!("x");
    let harmless = document(json!([allowed(json!("s3:GetObject"))]));
    for role in [bounded, attaching] {
        for (first_version, expected) in [(&harmless, 0), (&administrator, 1), (&unreadable, 3)] {
            let page = page_with_versions(&role, first_version).to_string();
            let declared = document(json!([allowed(json!(["s3:GetObject", SET_DEFAULT, "iam:AttachRolePolicy"]))]));
            let folder = folder(&[("s.json", page.into_bytes()), ("b/a.json", declared.to_string().into_bytes())]);
            let (status, report) = audit(folder.path(), "s.json", b"");
            assert_eq!(status, expected, "{role} {first_version}: {report}");
        }
    }
}
