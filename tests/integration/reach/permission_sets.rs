//! Permission sets of IAM Identity Center that a principal can change: what limits their roles ends.

use std::path::Path;

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::{allow, arn, document, ids, path, role, shortest};

const ROLE: &str = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_dev_0123456789abcdef";

fn managed(policy: &str, statements: &Value) -> Value {
    json!({ "Arn": policy, "PolicyName": "p", "DefaultVersionId": "v1",
            "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document(statements) }] })
}

/// The paths of the role of a permission set with an inline policy, a boundary, and attached policies.
fn freed(inline: &Value, boundary: Option<&Value>, attached: &[(String, Value)]) -> Option<Vec<String>> {
    let trust = json!([{ "Effect": "Allow", "Principal": { "Federated": arn("saml-provider", "AWSSSO_1a2b_DO_NOT_DELETE") },
                         "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"] }]);
    let mut own = role("AWSReservedSSO_dev_0123456789abcdef", inline, trust);
    own["Arn"] = json!(arn("role", ROLE));
    own["Path"] = json!("/aws-reserved/sso.amazonaws.com/");
    let to_attached = |(policy, _): &(String, Value)| json!({ "PolicyName": "p", "PolicyArn": policy });
    own["AttachedManagedPolicies"] = attached.iter().map(to_attached).collect();
    if boundary.is_some() {
        own["PermissionsBoundary"] =
            json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "bound") });
    }
    let mut policies: Vec<Value> = attached.iter().map(|(policy, statements)| managed(policy, statements)).collect();
    policies.extend(boundary.map(|statements| managed(&arn("policy", "bound"), statements)));
    let page = json!({ "RoleDetailList": [own], "UserDetailList": [], "Policies": policies, "GroupDetailList": [] });
    let sources = [SourceFile::new("account.json", page.to_string())];
    let snapshot = Snapshot::from_texts(Path::new("given"), &sources).unwrap();
    shortest(&snapshot, &arn("role", ROLE)).map(|links| ids(&links))
}

#[test]
fn the_boundary_of_the_permission_set_ends() {
    let bound = allow(json!(["s3:GetObject", "sso:*"]), "*");
    let by = |action: &str| freed(&allow(json!(["s3:*", action]), "*"), Some(&bound), &[]);
    assert_eq!(by("sso:DeletePermissionsBoundaryFromPermissionSet"), path(&["sso-boundary-delete"]));
    assert_eq!(by("sso:PutPermissionsBoundaryToPermissionSet"), path(&["sso-boundary-put"]));
    assert_eq!(by("sso:DescribePermissionSet"), None);
    let outside = allow(json!("s3:GetObject"), "*");
    let deletes = allow(json!(["s3:*", "sso:DeletePermissionsBoundaryFromPermissionSet"]), "*");
    assert_eq!(freed(&deletes, Some(&outside), &[]), None, "the boundary does not allow the request");
    let iam = allow(json!(["s3:*", "iam:DeleteRolePermissionsBoundary"]), "*");
    let within = allow(json!(["s3:GetObject", "iam:*"]), "*");
    assert_eq!(freed(&iam, Some(&within), &[]), None, "IAM does not change such a role");
}

#[test]
fn policies_that_deny_are_removed_from_the_permission_set() {
    let deny = || json!([{ "Effect": "Deny", "Action": "s3:Put*", "Resource": "*" }]);
    let own = |action: &str| (arn("policy", "own"), allow(json!(["s3:*", action]), "*"));
    let inline = |action: &str| freed(&deny(), None, &[own(action)]);
    assert_eq!(inline("sso:DeleteInlinePolicyFromPermissionSet"), path(&["sso-deny-inline"]));
    assert_eq!(inline("sso:DetachManagedPolicyFromPermissionSet"), None);
    assert_eq!(inline("iam:DeleteRolePolicy"), None, "IAM does not change such a role");
    let attached = |policy: String, action: &str| freed(&own(action).1, None, &[(policy, deny())]);
    let of_aws = || "arn:aws:iam::aws:policy/AWSDenyAll".to_owned();
    let (detach, detach_reference) =
        ("sso:DetachManagedPolicyFromPermissionSet", "sso:DetachCustomerManagedPolicyReferenceFromPermissionSet");
    assert_eq!(attached(of_aws(), detach), path(&["sso-deny-detach"]));
    assert_eq!(attached(of_aws(), detach_reference), None);
    assert_eq!(attached(arn("policy", "deny"), detach_reference), path(&["sso-deny-detach-customer"]));
    assert_eq!(attached(arn("policy", "deny"), detach), None, "that request is for policies of AWS");
}
