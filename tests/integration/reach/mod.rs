//! Reach: whom a principal can become, and what closes the path.

mod account_changes;
mod across;
mod audited;
mod boundaries;
mod catalog_walk;
mod cloudsplaining;
mod each_technique;
mod existing_resources;
mod freed_boundaries;
mod gains;
mod identity_services;
mod lasting_changes;
mod limited_roles;
mod names;
mod new_principals;
mod organization_controls;
mod pathfinding;
pub mod paths;
mod permission_sets;
mod published;
mod renames;
mod request_tags;
mod rewritten_trust;
mod same_answers;
mod scp_exempt;
mod search_gaps;
mod services_in_use;
mod session_names;
mod session_starts;
mod sessions;
mod shared_changes;
mod tag_values;
mod tag_variables;
mod tags;
mod techniques_page;
mod together;
mod trusted_services;
mod unread_policies;
mod widening;

use std::path::Path;

use iamdrift::catalog::Catalog;
use iamdrift::reach::{GoalResult, Graph, NodeState, PathSoFar, ProvenStep};
use iamdrift::snapshot::Snapshot;
use iamdrift::solve::Solver;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

pub const ACCOUNT: &str = "111122223333";

/// The shortest path of a principal to what is broader than itself.
pub fn shortest(snapshot: &Snapshot, arn: &str) -> Option<Vec<ProvenStep>> {
    let solver = Solver::new(Catalog::embedded());
    let graph = Graph::new(&solver, snapshot, jiff::civil::date(2026, 11, 20));
    let from = graph.find(arn).unwrap_or_else(|| panic!("no {arn}"));
    of(&graph, from)
}

pub fn of(graph: &Graph<'_>, from: usize) -> Option<Vec<ProvenStep>> {
    let itself = NodeState::unchanged(from);
    let (_, own, _) = graph.build_layers(&itself);
    let mut goal = |way: &PathSoFar<'_>| match graph.has_excess(way.last(), &own) {
        Ok(true) => GoalResult::Met(graph.prove_steps(&way.steps()).unwrap()),
        Ok(false) => GoalResult::NotMet,
        Err(why) => panic!("undecided: {why:?}"),
    };
    let search = graph.find_shortest_path(from, &mut goal);
    assert!(search.undecided.is_empty(), "{:?}", search.undecided);
    search.found.map(|found| found.witness)
}

/// The paths that the links take.
pub fn ids(links: &[ProvenStep]) -> Vec<String> {
    links.iter().flat_map(|link| &link.techniques).map(|path| path.id.clone()).collect()
}

fn document(statements: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn allow(actions: Value, resource: &str) -> Value {
    json!([{ "Effect": "Allow", "Action": actions, "Resource": resource }])
}

fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{kind}/{name}")
}

/// A role with inline statements and a trust policy.
fn role(name: &str, statements: &Value, trust: Value) -> Value {
    json!({
        "Arn": arn("role", name), "RoleName": name, "RoleId": format!("AROAEXAMPLE{name:0>9}"), "Path": "/",
        "AssumeRolePolicyDocument": document(&trust), "InstanceProfileList": [],
        "RolePolicyList": [{ "PolicyName": "own", "PolicyDocument": document(statements) }],
    })
}

fn user(name: &str, statements: &Value) -> Value {
    json!({
        "Arn": arn("user", name), "UserName": name, "UserId": format!("AIDAEXAMPLE{name:0>9}"), "Path": "/",
        "UserPolicyList": [{ "PolicyName": "own", "PolicyDocument": document(statements) }],
    })
}

fn trusts(principal: Value) -> Value {
    json!([{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }])
}

fn service(name: &str) -> Value {
    trusts(json!({ "Service": format!("{name}.amazonaws.com") }))
}

/// An account with some roles and users, a boundary `b` that allows S3 alone, and an SCP for it if one is given.
fn snapshot(roles: &[Value], users: &[Value], scp: Option<Value>) -> Snapshot {
    snapshot_with(roles, users, scp, &[])
}

/// The same with more managed policies.
fn snapshot_with(roles: &[Value], users: &[Value], scp: Option<Value>, policies: &[Value]) -> Snapshot {
    let boundary = json!({
        "Arn": arn("policy", "b"), "PolicyName": "b", "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true,
                                "Document": document(&allow(json!(["s3:*", "iam:*"]), "*")) }],
    });
    let policies = [&[boundary], policies].concat();
    let page = json!({ "RoleDetailList": roles, "UserDetailList": users, "Policies": policies, "GroupDetailList": [] });
    let mut sources = vec![SourceFile::new("account.json", page.to_string())];
    sources.extend(scp.map(|scp| organization(&scp)));
    let snapshot = Snapshot::from_texts(Path::new("given"), &sources).expect("a snapshot");
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    snapshot
}

/// The organization of the account, with an SCP.
fn organization(scp: &Value) -> std::sync::Arc<SourceFile> {
    let organization = json!({
            "Organization": { "Id": "o-own1234567", "MasterAccountId": "999900001111" },
            "Roots": [{ "Id": "r-abcd", "Name": "Root",
                        "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }] }],
            "DelegatedAdministrators": [],
            "OrganizationalUnits": [],
            "Accounts": [{ "Id": ACCOUNT, "Name": "a", "ParentId": "r-abcd", "Status": "ACTIVE" }],
            "Policies": [
                { "Id": "p-full", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY",
                  "Content": document(&allow(json!("*"), "*")), "Targets": ["r-abcd", ACCOUNT] },
                { "Id": "p-scp", "Name": "scp", "Type": "SERVICE_CONTROL_POLICY", "Content": document(scp),
                  "Targets": [ACCOUNT] },
            ],
    });
    SourceFile::new("organization.json", organization.to_string())
}

fn admin(trust: Value) -> Value {
    role("admin", &allow(json!("*"), "*"), trust)
}

/// The paths that role `r` takes, from its statements, to an administrator with that trust policy.
fn taken(statements: Value, admins_trust: Value) -> Option<Vec<String>> {
    let roles = [role("r", &statements, service("ec2")), admin(admins_trust)];
    shortest(&snapshot(&roles, &[], None), &arn("role", "r")).map(|links| ids(&links))
}

fn path(ids: &[&str]) -> Option<Vec<String>> {
    Some(ids.iter().map(|id| (*id).to_owned()).collect())
}

#[test]
fn assuming_needs_both_sides() {
    let assume = |resource: &str| allow(json!("sts:AssumeRole"), resource);
    let nothing = || allow(json!("s3:ListAllMyBuckets"), "*");
    let account = || trusts(json!({ "AWS": ACCOUNT }));
    let me = || trusts(json!({ "AWS": arn("role", "r") }));
    assert_eq!(taken(assume("*"), account()), path(&["sts-001"]));
    assert_eq!(taken(assume(&arn("role", "ad*")), account()), path(&["sts-001"]));
    assert_eq!(taken(assume(&arn("role", "other")), account()), None, "its policy names another");
    assert_eq!(taken(nothing(), account()), None, "the account decides, and does not let it");
    assert_eq!(taken(nothing(), me()), path(&["sts-001"]), "who is named in the same account needs no policy");
    assert_eq!(taken(assume("*"), service("lambda")), None, "a service alone is let in");
    assert_eq!(taken(assume("*"), trusts(json!({ "AWS": "444455556666" }))), None, "another account");
    let denied = json!([allow(json!("sts:AssumeRole"), "*")[0], { "Effect": "Deny", "Action": "sts:*", "Resource": arn("role", "admin") }]);
    assert_eq!(taken(denied.clone(), account()), None);
    assert_eq!(taken(denied, me()), None, "a Deny binds who is named, too");
}

#[test]
fn conditions_of_both_sides_are_decided_together() {
    let when = |condition: Value| json!([{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", "Condition": condition }]);
    let trust = |condition: Value| json!([{ "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "sts:AssumeRole", "Condition": condition }]);
    let tls = |value: &str| json!({ "Bool": { "aws:SecureTransport": value } });
    assert_eq!(taken(when(tls("true")), trust(tls("true"))), path(&["sts-001"]));
    assert_eq!(taken(when(tls("true")), trust(tls("false"))), None, "no request meets both");
    let arn_like = |name: &str| json!({ "ArnLike": { "aws:PrincipalArn": arn("role", name) } });
    assert_eq!(taken(when(json!({})), trust(arn_like("r*"))), path(&["sts-001"]));
    assert_eq!(taken(when(json!({})), trust(arn_like("x*"))), None);
    // The tag of the role that is assumed: it has none.
    assert_eq!(taken(when(json!({ "StringEquals": { "aws:ResourceTag/team": "a" } })), trust(json!({}))), None);
    assert_eq!(
        taken(when(json!({ "Null": { "aws:ResourceTag/team": "true" } })), trust(json!({}))),
        path(&["sts-001"])
    );
    // Yesterday's permission is none.
    let until = |year: &str| json!({ "DateLessThan": { "aws:CurrentTime": format!("{year}-01-01T00:00:00Z") } });
    assert_eq!(taken(when(until("2026")), trust(json!({}))), None);
    assert_eq!(taken(when(until("2030")), trust(json!({}))), path(&["sts-001"]));
}

#[test]
fn chains_are_followed_and_the_shortest_is_told() {
    let hop = |name: &str, from: &str| {
        role(name, &allow(json!("s3:ListAllMyBuckets"), "*"), trusts(json!({ "AWS": arn("role", from) })))
    };
    let roles = [
        role("r", &allow(json!("s3:ListAllMyBuckets"), "*"), service("ec2")),
        hop("a", "r"),
        hop("b", "a"),
        hop("c", "b"),
        admin(trusts(json!({ "AWS": [arn("role", "b"), arn("role", "c")] }))),
    ];
    let snapshot = snapshot(&roles, &[], None);
    let links = shortest(&snapshot, &arn("role", "r")).unwrap();
    assert_eq!(ids(&links), ["sts-001"; 3]);
    for link in &links {
        let request = &link.requests[0].request;
        assert_eq!(request.action, "sts:AssumeRole");
        assert!(request.resource.starts_with("arn:aws:iam::111122223333:role/"));
    }
}

#[test]
fn boundaries_and_scps_close_paths() {
    let pass = || allow(json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]), "*");
    let bounded = |statements: &Value| {
        let mut role = role("r", statements, service("ec2"));
        role["PermissionsBoundary"] =
            json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "b") });
        role
    };
    let from = |role: Value, scp: Option<Value>| {
        let roles = [role, admin(service("lambda"))];
        shortest(&snapshot(&roles, &[], scp), &arn("role", "r")).map(|links| ids(&links))
    };
    let deny = |actions: Value| {
        Some(json!([allow(json!("*"), "*")[0], { "Effect": "Deny", "Action": actions, "Resource": "*" }]))
    };
    assert_eq!(from(role("r", &pass(), service("ec2")), None), path(&["lambda-001"]));
    assert_eq!(from(bounded(&pass()), None), None, "the boundary allows no Lambda");
    assert_eq!(from(role("r", &pass(), service("ec2")), deny(json!("iam:PassRole"))), None);
    assert_eq!(from(role("r", &pass(), service("ec2")), deny(json!("s3:*"))), path(&["lambda-001"]));
    // Whoever is named by a role is bound by its boundary all the same.
    let named = [bounded(&allow(json!("s3:ListAllMyBuckets"), "*")), admin(trusts(json!({ "AWS": arn("role", "r") })))];
    assert!(shortest(&snapshot(&named, &[], None), &arn("role", "r")).is_none());
    // A policy of its own gives it what the boundary lets it have, and it has that already.
    let writes = allow(json!(["iam:*", "s3:*"]), "*");
    let mut unbound =
        from(bounded(&writes), deny(json!(["iam:UpdateAssumeRolePolicy", "iam:CreateRole", "iam:CreateUser"])))
            .expect("it can take the boundary off and write a policy");
    unbound.sort();
    assert_eq!(unbound, ["iam-005", "iam-boundary-role"], "in whatever order");
    assert_eq!(from(bounded(&writes), None), path(&["iam-new-role"]), "a new role has no boundary");
    let narrow = allow(json!(["iam:PutRolePolicy"]), "*");
    assert_eq!(from(bounded(&narrow), None), path(&["iam-005"]), "S3, which the boundary allows");
    let kept = deny(json!([
        "iam:DeleteRolePermissionsBoundary",
        "iam:PutRolePermissionsBoundary",
        "iam:CreatePolicyVersion",
        "iam:UpdateAssumeRolePolicy",
        "iam:CreateRole",
        "iam:CreateUser",
        "s3:*"
    ]));
    assert_eq!(from(bounded(&writes), kept), None);
}

#[test]
fn passing_a_role_takes_the_service_the_role_and_the_calls() {
    let run = |extra: Value| json!([extra, allow(json!(["lambda:CreateFunction", "lambda:InvokeFunction"]), "*")[0]]);
    let pass = |resource: &str, condition: Value| {
        run(json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": resource, "Condition": condition }))
    };
    let to = |service: &str| json!({ "StringEquals": { "iam:PassedToService": service } });
    let lambda = path(&["lambda-001"]);
    assert_eq!(taken(pass("*", json!({})), service("lambda")), lambda);
    assert_eq!(taken(pass("*", to("lambda.amazonaws.com")), service("lambda")), lambda);
    assert_eq!(taken(pass("*", to("ec2.amazonaws.com")), service("lambda")), None, "another service");
    assert_eq!(taken(pass("*", json!({})), service("glue")), None, "the role trusts another service");
    assert_eq!(taken(pass(&arn("role", "x*"), json!({})), service("lambda")), None, "another role");
    assert_eq!(taken(pass("*", json!({ "StringEquals": { "iam:ResourceTag/a": "b" } })), service("lambda")), None);
    assert_eq!(taken(allow(json!("iam:PassRole"), "*"), service("lambda")), None, "nothing to run it");
    let conditional = |account: &str| {
        json!([{ "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole",
                 "Condition": { "StringEquals": { "aws:SourceAccount": account } } }])
    };
    assert_eq!(taken(pass("*", json!({})), conditional(ACCOUNT)), lambda);
    assert_eq!(taken(pass("*", json!({})), conditional("444455556666")), None, "for another account alone");
    // An instance takes an instance profile.
    let instance = allow(json!(["iam:PassRole", "ec2:RunInstances"]), "*");
    assert_eq!(taken(instance.clone(), service("ec2")), None, "the role has none");
    let makes = allow(
        json!(["iam:PassRole", "ec2:RunInstances", "iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"]),
        "*",
    );
    assert_eq!(taken(makes, service("ec2")), path(&["iam-profile-new", "ec2-001"]), "it makes one");
    let mut uses = json!(["iam:PassRole", "ec2:RunInstances", "iam:AddRoleToInstanceProfile"]);
    assert_eq!(
        taken(allow(uses.clone(), "*"), service("ec2")),
        path(&["iam-profile-add", "ec2-001"]),
        "one has no role"
    );
    uses.as_array_mut().unwrap().push(json!("iam:RemoveRoleFromInstanceProfile"));
    let freed = allow(uses, "*");
    assert_eq!(taken(freed, service("ec2")), path(&["iam-profile-replace", "ec2-001"]), "it takes one from a role");
    let swap = json!(["iam:PassRole", "iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile"]);
    assert_eq!(taken(allow(swap.clone(), "*"), service("ec2")), path(&["iam-profile-swap"]), "of a running instance");
    assert_eq!(taken(allow(swap, "*"), service("lambda")), None, "EC2 is not trusted");
    let mut target = admin(service("ec2"));
    target["InstanceProfileList"] = json!([{ "InstanceProfileName": "p" }]);
    let roles = [role("r", &instance, service("ec2")), target];
    assert_eq!(shortest(&snapshot(&roles, &[], None), &arn("role", "r")).map(|l| ids(&l)), path(&["ec2-001"]));
}

#[test]
fn code_that_runs_with_a_role_rests_on_its_being_there() {
    let roles = [
        role("r", &allow(json!(["lambda:UpdateFunctionCode", "lambda:InvokeFunction"]), "*"), service("ec2")),
        admin(service("lambda")),
    ];
    let links = shortest(&snapshot(&roles, &[], None), &arn("role", "r")).unwrap();
    assert_eq!(ids(&links), ["lambda-003"]);
    assert_eq!(links[0].assumptions.len(), 1);
    insta::assert_snapshot!("what_a_step_assumes", links[0].assumptions[0]);
}

#[test]
fn writing_policies_of_oneself_and_of_others() {
    let own = |action: &str| allow(json!(action), &arn("role", "r"));
    let nobody = || service("lambda");
    assert_eq!(taken(own("iam:PutRolePolicy"), nobody()), path(&["iam-005"]));
    assert_eq!(taken(own("iam:AttachRolePolicy"), nobody()), path(&["iam-009"]));
    assert_eq!(taken(own("iam:PutUserPolicy"), nobody()), None, "it is a role");
    let only = |policy: &str| {
        json!([{ "Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": "*",
                 "Condition": { "ArnEquals": { "iam:PolicyARN": policy } } }])
    };
    assert_eq!(taken(only("arn:aws:iam::aws:policy/AdministratorAccess"), nobody()), path(&["iam-009"]));
    assert_eq!(taken(only(&arn("policy", "absent")), nobody()), None);
    let bound = json!([{ "Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "*",
                         "Condition": { "StringEquals": { "iam:PermissionsBoundary": arn("policy", "b") } } }]);
    assert_eq!(taken(bound, nobody()), None, "it has no such boundary");
    // A role that it can assume and widen.
    let small = || role("small", &allow(json!("s3:ListAllMyBuckets"), "*"), trusts(json!({ "AWS": arn("role", "r") })));
    let both = |statements: &Value| {
        let roles = [role("r", statements, service("ec2")), small()];
        shortest(&snapshot(&roles, &[], None), &arn("role", "r")).map(|links| ids(&links))
    };
    let r_may_list = json!([allow(json!("s3:ListAllMyBuckets"), "*")[0]]);
    assert_eq!(both(&r_may_list), None);
    let widens = json!([r_may_list[0], allow(json!("iam:PutRolePolicy"), &arn("role", "small"))[0]]);
    assert_eq!(both(&widens), path(&["iam-005", "sts-001"]));
    // A trust policy that it can rewrite.
    assert_eq!(taken(allow(json!("iam:UpdateAssumeRolePolicy"), "*"), nobody()), path(&["iam-012"]));
    let barred = json!([allow(json!("iam:UpdateAssumeRolePolicy"), "*")[0], { "Effect": "Deny", "Action": "sts:*", "Resource": "*" }]);
    assert_eq!(taken(barred, nobody()), path(&["iam-trust-outside"]), "it may not assume it itself");
}

#[test]
fn credentials_of_users() {
    let from = |action: Value, resource: &str| {
        let users = [user("u", &allow(action, resource)), user("root-like", &allow(json!("*"), "*"))];
        shortest(&snapshot(&[], &users, None), &arn("user", "u")).map(|links| ids(&links))
    };
    assert_eq!(from(json!("iam:CreateAccessKey"), "*"), path(&["iam-002"]));
    assert_eq!(from(json!("iam:CreateAccessKey"), &arn("user", "${aws:username}")), None, "for itself alone");
    assert_eq!(from(json!(["iam:UpdateLoginProfile"]), &arn("user", "root-*")), path(&["iam-006"]));
    assert_eq!(from(json!(["iam:CreateLoginProfile"]), &arn("user", "x-*")), None);
}
