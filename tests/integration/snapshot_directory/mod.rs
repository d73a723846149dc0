//! The directory that a collection writes: what goes in comes out, and nothing that was broken passes for whole.

mod audited;
mod broken_off;
mod round_trip;
mod tampering;
mod topped_up;

use std::path::{Path, PathBuf};

use iamdrift::iam::{AccountId, Partition};
use iamdrift::snapshot::format::{AccountPage, CallerIdentity, CollectionPart, OrganizationFile, UnreadPart};
use iamdrift::snapshot::store::{CollectionHeader, Compression, SnapshotWriter};
use iamdrift::snapshot::{Snapshot, SnapshotError};
use serde_json::{Value, json};

const BOTH: [Compression; 2] = [Compression::None, Compression::Zstd];

fn header() -> CollectionHeader {
    CollectionHeader {
        caller: CallerIdentity { arn: "arn:aws:iam::999988887777:role/auditor".into(), account: "999988887777".into() },
        partition: Partition::parse("aws").unwrap(),
        started_at: "2026-11-20T06:00:00Z".parse().unwrap(),
    }
}

fn finish(writer: SnapshotWriter) {
    writer.finish("2026-11-20T06:05:00Z".parse().unwrap()).unwrap();
}

fn id(number: &str) -> AccountId {
    AccountId::parse(number).unwrap()
}

/// The `n`th account's number.
fn number(n: usize) -> String {
    format!("{:012}", 100_000_000_000 + n)
}

fn unread(part: CollectionPart, of: Option<&str>, error: &str, permission: Option<&str>) -> UnreadPart {
    UnreadPart { part, of: of.map(str::to_owned), error: error.to_owned(), permission: permission.map(str::to_owned) }
}

fn page(value: Value) -> AccountPage {
    serde_json::from_value(value).unwrap()
}

fn role(account: &str, name: &str, action: &str) -> Value {
    json!({
        "Arn": format!("arn:aws:iam::{account}:role/{name}"), "RoleName": name, "RoleId": format!("AROA{name}"), "Path": "/",
        "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": account } }] },
        "RolePolicyList": [{ "PolicyName": "inline", "PolicyDocument": { "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": action, "Resource": "*" }] } }],
    })
}

fn organization(accounts: &[&str], policies: Value) -> OrganizationFile {
    let accounts: Vec<Value> = accounts.iter().map(|id| json!({ "Id": id, "ParentId": "r-1" })).collect();
    serde_json::from_value(json!({
        "Organization": { "Id": "o-x", "MasterAccountId": "999988887777" },
        "Roots": [{ "Id": "r-1", "PolicyTypes": [
            { "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" },
            { "Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED" }] }],
        "DelegatedAdministrators": [],
        "OrganizationalUnits": [], "Accounts": accounts, "Policies": policies,
    }))
    .unwrap()
}

/// A directory of three accounts and an organization.
fn written(directory: &Path, compression: Compression) {
    let writer = SnapshotWriter::create(directory, header(), compression).unwrap();
    let numbers: Vec<String> = (0..3).map(number).collect();
    let scp = json!([{
        "Id": "p-1", "Name": "all", "Type": "SERVICE_CONTROL_POLICY", "Targets": ["r-1", numbers[0], numbers[1], numbers[2]],
        "Content": { "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } },
    }]);
    let accounts: Vec<&str> = numbers.iter().map(String::as_str).collect();
    writer.write_organization(&organization(&accounts, scp), Vec::new()).unwrap();
    for number in &numbers {
        let mut account = writer.begin_account(&id(number), None).unwrap();
        account.write_page(&page(json!({ "RoleDetailList": [role(number, "r", "s3:GetObject")] }))).unwrap();
        account.finish().unwrap();
    }
    finish(writer);
}

/// Every file of a directory by its path in it, hidden ones among them.
fn files(directory: &Path) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(directory, directory, &mut found);
    found.sort();
    found
}

fn load(directory: &Path) -> Snapshot {
    Snapshot::load(directory).unwrap_or_else(|error| panic!("{error}"))
}

/// Why a snapshot cannot be loaded.
fn refused(directory: &Path) -> SnapshotError {
    Snapshot::load(directory).map(|_| ()).unwrap_err()
}

/// The same as a person reads it, without the directory's own path.
fn text(error: &SnapshotError, directory: &Path) -> String {
    error.to_string().replace(&format!("{}/", directory.display()), "").replace(&directory.display().to_string(), ".")
}

fn fresh() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("parent/snapshot");
    (folder, directory)
}
