//! Account details, written entry by entry: memory holds one role.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Value, json};

/// Writes account details with these roles and managed policies.
pub fn write(path: &Path, roles: impl Iterator<Item = Value>, policies: impl Iterator<Item = Value>) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(br#"{"UserDetailList":[],"GroupDetailList":[],"RoleDetailList":["#)?;
    write_list(&mut file, roles)?;
    file.write_all(br#"],"Policies":["#)?;
    write_list(&mut file, policies)?;
    file.write_all(b"]}\n")?;
    file.flush()
}

fn write_list(file: &mut impl Write, items: impl Iterator<Item = Value>) -> io::Result<()> {
    for (number, item) in items.enumerate() {
        if number > 0 {
            file.write_all(b",\n")?;
        }
        serde_json::to_writer(&mut *file, &item)?;
    }
    Ok(())
}

pub fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A role without permissions.
pub fn role(account: &str, path: &str, name: &str, trust: &Value) -> Value {
    json!({
        "Path": path,
        "RoleName": name,
        "RoleId": format!("AROA{name:0>12}"),
        "Arn": format!("arn:aws:iam::{account}:role{path}{name}"),
        "CreateDate": "2025-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": document(std::slice::from_ref(trust)),
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        "Tags": [],
    })
}

pub fn managed_policy(account: &str, name: &str, document: &Value) -> Value {
    json!({
        "PolicyName": name,
        "Arn": format!("arn:aws:iam::{account}:policy/{name}"),
        "Path": "/",
        "DefaultVersionId": "v1",
        "IsAttachable": true,
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document }],
    })
}

pub fn attachment(account: &str, name: &str) -> Value {
    json!({ "PolicyName": name, "PolicyArn": format!("arn:aws:iam::{account}:policy/{name}") })
}

/// A statement that trusts a service.
pub fn trust_service(service: &str) -> Value {
    json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" })
}

/// A statement that trusts AWS principals.
pub fn trust_principal(arn: &str) -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": arn }, "Action": "sts:AssumeRole" })
}
