//! Permissions boundaries that a principal may set within limits: it sets a wider one, writes its policy, or sets one on which a
//! condition rests.

use serde_json::{Value, json};

use super::{ACCOUNT, allow, arn, audited, document, ids, path, role, service, shortest, trusts, user};

fn on(actions: Value, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn within(mut statement: Value, operator: &str, boundary: &str) -> Value {
    statement["Condition"] = json!({ operator: { "iam:PermissionsBoundary": boundary } });
    statement
}

/// A policy below the path `bound`.
fn bound(name: &str, actions: Value) -> Value {
    json!({ "Arn": arn("policy", &format!("bound/{name}")), "PolicyName": name, "Path": "/bound/", "DefaultVersionId": "v1",
            "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true,
                                    "Document": document(&allow(actions, "*")) }] })
}

fn bounded(mut principal: Value, name: &str) -> Value {
    principal["PermissionsBoundary"] = json!({ "PermissionsBoundaryType": "Policy",
                                               "PermissionsBoundaryArn": arn("policy", &format!("bound/{name}")) });
    principal
}

/// The actions that the boundary `small` allows besides S3.
fn of_small() -> Value {
    json!([
        "s3:*",
        "iam:PutRolePermissionsBoundary",
        "iam:PutUserPermissionsBoundary",
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion"
    ])
}

fn below_bound() -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/bound/*")
}

fn taken_of(page: &Value, who: &str) -> Option<Vec<String>> {
    let source = iamdrift::source::SourceFile::new("account.json", page.to_string());
    let given = iamdrift::snapshot::Snapshot::from_texts(std::path::Path::new("given"), &[source]).unwrap();
    assert!(given.problems.is_empty(), "{:?}", given.problems);
    shortest(&given, who).map(|links| ids(&links))
}

fn page(roles: &[Value], users: &[Value], policies: &[Value]) -> Value {
    json!({ "RoleDetailList": roles, "UserDetailList": users, "GroupDetailList": [], "Policies": policies })
}

/// The path of role `r`, which is allowed EC2 beyond its boundary `small`.
fn of_role(more: &[Value], policies: &[Value]) -> Option<Vec<String>> {
    let own = [vec![on(json!(["s3:*", "ec2:*"]), "*")], more.to_vec()].concat();
    let r = bounded(role("r", &json!(own), service("ec2")), "small");
    let all = [vec![bound("small", of_small())], policies.to_vec()].concat();
    taken_of(&page(&[r], &[], &all), &arn("role", "r"))
}

#[test]
fn a_wider_boundary_within_the_pattern_is_set() {
    let put = |resource: &str| within(on(json!("iam:PutRolePermissionsBoundary"), resource), "ArnLike", &below_bound());
    let own = arn("role", "r");
    let set = path(&["iam-boundary-role-set"]);
    assert_eq!(of_role(&[put(&own)], &[bound("wide", json!("*"))]), set);
    assert_eq!(of_role(&[put(&own)], &[bound("other", json!(["s3:*", "ec2:Describe*"]))]), set);
    assert_eq!(of_role(&[put(&own)], &[bound("narrow", json!("s3:*"))]), None);
    assert_eq!(of_role(&[put(&own)], &[]), None, "it has the only one already");
    assert_eq!(of_role(&[put(&arn("role", "other"))], &[bound("wide", json!("*"))]), None, "on another role");
    let only = within(on(json!("iam:PutRolePermissionsBoundary"), &own), "StringEquals", &arn("policy", "bound/small"));
    assert_eq!(of_role(&[only], &[bound("wide", json!("*"))]), None, "the one that it has");
}

#[test]
fn a_policy_that_it_writes_becomes_the_boundary() {
    let own = arn("role", "r");
    let put = within(on(json!("iam:PutRolePermissionsBoundary"), &own), "ArnLike", &below_bound());
    let create = |policies: &str| on(json!("iam:CreatePolicy"), policies);
    assert_eq!(of_role(&[put.clone(), create(&below_bound())], &[]), path(&["iam-boundary-role-new"]));
    assert_eq!(of_role(&[put.clone(), create(&arn("policy", "other/*"))], &[]), None, "on another path");
    let rewrite = |policy: &str| on(json!("iam:CreatePolicyVersion"), &arn("policy", policy));
    let narrow = || [bound("narrow", json!("s3:*"))];
    let rewritten = path(&["iam-boundary-role-rewritten"]);
    assert_eq!(of_role(&[put.clone(), rewrite("bound/narrow")], &narrow()), rewritten);
    assert_eq!(of_role(&[rewrite("bound/narrow")], &narrow()), None, "it is not its boundary");
    assert_eq!(of_role(&[put, rewrite("other")], &narrow()), None);
    // The same of a user.
    let put = within(on(json!("iam:PutUserPermissionsBoundary"), &arn("user", "u")), "ArnLike", &below_bound());
    let u = |more: Value| bounded(user("u", &json!([on(json!(["s3:*", "ec2:*"]), "*"), put, more])), "small");
    let of_user = |more: Value, policies: &[Value]| {
        let all = [vec![bound("small", of_small())], policies.to_vec()].concat();
        taken_of(&page(&[], &[u(more)], &all), &arn("user", "u"))
    };
    let nothing = || on(json!("s3:GetObject"), "*");
    assert_eq!(of_user(nothing(), &[]), None);
    assert_eq!(of_user(nothing(), &[bound("wide", json!("*"))]), path(&["iam-boundary-user-set"]));
    assert_eq!(of_user(create(&below_bound()), &[]), path(&["iam-boundary-user-new"]));
    assert_eq!(of_user(rewrite("bound/narrow"), &narrow()), path(&["iam-boundary-user-rewritten"]));
}

#[test]
fn a_policy_that_it_writes_becomes_the_boundary_of_a_new_role() {
    let create =
        within(on(json!(["iam:CreateRole", "iam:PutRolePolicy"]), &arn("role", "team/*")), "ArnLike", &below_bound());
    let own = on(json!("s3:*"), "*");
    let with = |more: Value| {
        let r = role("r", &json!([own, create, more]), service("ec2"));
        taken_of(&page(&[r], &[], &[bound("only-s3", json!("s3:*"))]), &arn("role", "r"))
    };
    assert_eq!(with(own.clone()), None, "the only boundary allows what it has");
    assert_eq!(with(on(json!("iam:CreatePolicy"), &below_bound())), path(&["iam-new-role"]));
    assert_eq!(with(on(json!("iam:CreatePolicyVersion"), &below_bound())), path(&["iam-new-role"]));
    assert_eq!(with(on(json!("iam:CreatePolicy"), &arn("policy", "other/*"))), None);
}

#[test]
fn a_boundary_is_set_so_that_a_condition_on_it_holds() {
    let target = arn("role", "t");
    let mid = arn("policy", "bound/mid");
    let of = |action: &str| within(on(json!(action), &target), "StringEquals", &mid);
    let (put, grant) = (of("iam:PutRolePermissionsBoundary"), of("iam:PutRolePolicy"));
    let assume = on(json!("sts:AssumeRole"), &target);
    let t = || role("t", &allow(json!("s3:ListAllMyBuckets"), "*"), trusts(json!({ "AWS": ACCOUNT })));
    let nothing = || allow(json!("s3:ListAllMyBuckets"), "*");
    let with = |roles: Vec<Value>| taken_of(&page(&roles, &[], &[bound("mid", json!("ec2:*"))]), &arn("role", "r"));
    let r = |statements: &[&Value]| role("r", &json!([&[&nothing()[0]], statements].concat()), service("ec2"));
    let all = path(&["iam-boundary-role-set", "sts-001", "iam-005"]);
    assert_eq!(with(vec![r(&[&put, &grant, &assume]), t()]), all);
    assert_eq!(with(vec![r(&[&grant, &assume]), t()]), None, "the boundary is not there");
    assert_eq!(with(vec![r(&[&put, &assume]), t()]), None);
    assert_eq!(with(vec![r(&[&put, &grant]), t()]), None);
    // One session sets the boundary, another one writes the policy.
    let helper =
        |name: &str, statement: &Value| role(name, &json!([statement]), trusts(json!({ "AWS": arn("role", "r") })));
    let manifest = ["r", "t", "setter", "writer"].map(|name| audited::entry(name, "workload", "")).concat();
    let ceiling = json!([nothing()[0], put, grant, assume]);
    let is_found = |roles: &[Value]| {
        let found = audited::audited_page(&page(roles, &[], &[bound("mid", json!("ec2:*"))]), &manifest, &ceiling);
        found.findings.iter().any(|finding| finding.rule.as_str() == "IAM005")
    };
    let (setter, writer) = (helper("setter", &put), helper("writer", &grant));
    assert!(is_found(&[r(&[&assume]), t(), setter.clone(), writer.clone()]));
    assert!(!is_found(&[r(&[&assume]), t(), setter]));
    assert!(!is_found(&[r(&[&assume]), t(), writer]));
    // A boundary that must not be there is removed first.
    let unbound = json!({ "Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": target,
                          "Condition": { "Null": { "iam:PermissionsBoundary": "true" } } });
    let remove = on(json!("iam:DeleteRolePermissionsBoundary"), &target);
    let bounded_t = || bounded(t(), "mid");
    assert_eq!(with(vec![r(&[&unbound, &assume]), bounded_t()]), None);
    assert!(with(vec![r(&[&unbound, &remove, &assume]), bounded_t()]).is_some());
}

#[test]
fn one_session_sets_a_boundary_that_another_one_writes() {
    let put = within(on(json!("iam:PutRolePermissionsBoundary"), &arn("role", "r")), "ArnLike", &below_bound());
    let rewrite = on(json!("iam:CreatePolicyVersion"), &arn("policy", "bound/narrow"));
    let own = json!([on(json!(["s3:*", "ec2:*"]), "*"), put]);
    let r = bounded(role("r", &own, service("ec2")), "small");
    let writer = role("writer", &json!([rewrite]), trusts(json!({ "AWS": arn("role", "r") })));
    let small = bound("small", json!(["s3:*", "iam:*", "sts:*"]));
    let policies = [small, bound("narrow", json!("s3:*"))];
    let ceiling = json!([on(json!(["s3:*", "iam:*", "sts:*"]), "*")]);
    let manifest = ["r", "writer"].map(|name| audited::entry(name, "workload", "")).concat();
    let audit = |roles: &[Value]| audited::audited_page(&page(roles, &[], &policies), &manifest, &ceiling);
    let found = audit(&[r.clone(), writer]);
    let of_r = found.findings.iter().find(|finding| finding.rule.as_str() == "IAM005").expect("a path");
    let taken: Vec<&str> = of_r.path.iter().flat_map(|step| &step.techniques).map(|found| found.id.as_str()).collect();
    assert!(["iam-boundary-role-set", "iam-boundary-version"].iter().all(|id| taken.contains(id)), "{taken:?}");
    assert!(audit(&[r]).findings.iter().all(|finding| finding.rule.as_str() != "IAM005"));
}

#[test]
fn an_audit_reports_a_boundary_within_a_pattern() {
    let put = within(on(json!("iam:PutRolePermissionsBoundary"), &arn("role", "r")), "ArnLike", &below_bound());
    let ceiling = json!([on(of_small(), "*")]);
    let own = json!([on(json!(["s3:*", "ec2:*"]), "*"), put]);
    let mut account = page(&[bounded(role("r", &own, service("ec2")), "small")], &[], &[bound("small", of_small())]);
    let audit = |account: &Value| audited::audited_page(account, &audited::entry("r", "workload", ""), &ceiling);
    assert!(audit(&account).findings.is_empty());
    account["Policies"].as_array_mut().unwrap().push(bound("wide", json!("*")));
    let found = audit(&account);
    assert_eq!(found.findings.iter().map(|finding| finding.rule.as_str()).collect::<Vec<_>>(), ["IAM005"]);
}
