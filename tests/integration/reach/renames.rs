//! Users and groups that a principal renames, and names that it frees: what names grant is what it obtains.

use iamdrift::audit::{AuditOptions, RuleId, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::{ACCOUNT, admin, allow, arn, document, ids, path, role, service, shortest, snapshot, trusts, user};

fn on(actions: &str, resource: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

/// The techniques of the path of user `u` beside some roles and users.
fn taken(statements: &[Value], roles: &[Value], users: &[Value]) -> Option<Vec<String>> {
    let users = [&[user("u", &json!(statements))], users].concat();
    shortest(&snapshot(roles, &users, None), &arn("user", "u")).map(|links| ids(&links))
}

/// The requests of the path of role `r` beside some roles.
fn requests_of_role(statements: &[Value], others: &[Value]) -> Option<Vec<String>> {
    let own = role("r", &json!(statements), service("ec2"));
    let links = shortest(&snapshot(&[&[own], others].concat(), &[], None), &arn("role", "r"))?;
    let asked = links.iter().flat_map(|link| &link.requests);
    Some(asked.map(|asked| format!("{} {}", asked.request.action, asked.request.resource)).collect())
}

fn if_named(pattern: &str) -> Value {
    json!([{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole",
             "Condition": { "ArnLike": { "aws:PrincipalArn": pattern } } }])
}

#[test]
fn a_user_takes_a_name_that_a_trust_policy_admits() {
    let assume = || on("sts:AssumeRole", json!("*"));
    let admins = || [admin(if_named(&arn("user", "admins/*")))];
    let renamed = path(&["iam-rename-user", "sts-001"]);
    let update = |resource: Value| on("iam:UpdateUser", resource);
    assert_eq!(taken(&[assume(), update(json!("*"))], &admins(), &[]), renamed);
    let both = json!([arn("user", "u"), arn("user", "admins/*")]);
    assert_eq!(taken(&[assume(), update(both)], &admins(), &[]), renamed);
    assert_eq!(taken(&[assume(), update(json!(arn("user", "u")))], &admins(), &[]), None, "its own ARN alone");
    assert_eq!(taken(&[assume(), update(json!(arn("user", "admins/*")))], &admins(), &[]), None, "not its own");
    assert_eq!(taken(&[assume(), update(json!(arn("user", "team/*")))], &admins(), &[]), None, "another path");
    // The same name on another path.
    let exact = [admin(if_named(&arn("user", "admins/u")))];
    assert_eq!(taken(&[assume(), update(json!("*"))], &exact, &[]), renamed);
    let by_name = json!([{ "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "sts:AssumeRole",
                           "Condition": { "StringLike": { "aws:username": "adm-*" } } }]);
    assert_eq!(taken(&[assume(), update(json!("*"))], &[admin(by_name)], &[]), renamed);
    // A name in the policy of the user.
    let own_role = || on("sts:AssumeRole", json!(arn("role", "${aws:username}-role")));
    let ops = [role("ops-role", &allow(json!("*"), "*"), trusts(json!({ "AWS": ACCOUNT })))];
    assert_eq!(taken(&[own_role()], &ops, &[]), None);
    assert_eq!(taken(&[own_role(), update(json!("*"))], &ops, &[]), renamed);
}

#[test]
fn a_name_in_use_is_freed() {
    let assume = || on("sts:AssumeRole", json!("*"));
    let boss = || [user("boss", &json!([]))];
    let of_boss = || [admin(if_named(&arn("user", "boss")))];
    let update = |resource: Value| on("iam:UpdateUser", resource);
    let renamed = path(&["iam-rename-user", "sts-001"]);
    assert_eq!(taken(&[assume(), update(json!("*"))], &of_boss(), &boss()), renamed, "both are renamed");
    let names = json!([arn("user", "u"), arn("user", "boss")]);
    assert_eq!(taken(&[assume(), update(names.clone())], &of_boss(), &boss()), None, "the name stays in use");
    let delete = on("iam:DeleteUser", json!(arn("user", "boss")));
    let empties = on("iam:DeleteUserPolicy", json!("*"));
    assert_eq!(taken(&[assume(), update(names.clone()), delete.clone()], &of_boss(), &boss()), None, "it has a policy");
    assert_eq!(taken(&[assume(), update(names), delete, empties], &of_boss(), &boss()), renamed);
}

#[test]
fn a_role_is_created_again_for_what_its_name_grants() {
    let prod = || role("prod", &json!([]), service("ec2"));
    let named = || admin(if_named(&arn("role", "prod")));
    let on_prod = |action: &str| on(action, json!(arn("role", "prod")));
    let create = || on_prod("iam:CreateRole");
    let attach = || json!({ "Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": arn("role", "prod") });
    assert_eq!(
        requests_of_role(&[create(), attach()], &[named()]).map(|asked| asked[0].clone()),
        Some(format!("iam:CreateRole {}", arn("role", "prod"))),
        "the name is free"
    );
    // With an empty policy of its own, the role can be assumed by nobody that `r` can be.
    let mut empty = prod();
    empty["RolePolicyList"] = json!([]);
    assert_eq!(requests_of_role(&[create()], &[named(), empty.clone()]), None, "the role exists");
    let asked = requests_of_role(&[create(), on_prod("iam:DeleteRole")], &[named(), empty.clone()]).unwrap();
    let prod_arn = arn("role", "prod");
    assert_eq!(asked[..2], [format!("iam:DeleteRole {prod_arn}"), format!("iam:CreateRole {prod_arn}")]);
    assert_eq!(asked.last(), Some(&format!("sts:AssumeRole {}", arn("role", "admin"))));
    assert_eq!(requests_of_role(&[create(), on_prod("iam:DeleteRole")], &[named(), prod()]), None, "it has a policy");
    let empties = on_prod("iam:DeleteRolePolicy");
    assert!(requests_of_role(&[create(), on_prod("iam:DeleteRole"), empties], &[named(), prod()]).is_some());
    // A trust policy that names the role as its principal names the deleted one.
    let by_principal = admin(trusts(json!({ "AWS": arn("role", "prod") })));
    assert_eq!(requests_of_role(&[create(), on_prod("iam:DeleteRole")], &[by_principal, empty]), None);
}

#[test]
fn what_is_renamed_can_be_changed_under_its_new_name() {
    let chief = || [user("chief", &allow(json!("*"), "*"))];
    let team = json!(arn("user", "team/*"));
    let keys = || on("iam:CreateAccessKey", team.clone());
    assert_eq!(taken(&[keys()], &[], &chief()), None);
    assert_eq!(taken(&[keys(), on("iam:UpdateUser", team.clone())], &[], &chief()), None, "not under its old name");
    assert_eq!(taken(&[keys(), on("iam:UpdateUser", json!("*"))], &[], &chief()), path(&["iam-002"]));
    let own = user("u", &json!([keys(), on("iam:UpdateUser", json!("*"))]));
    let links = shortest(&snapshot(&[], &[own, chief()[0].clone()], None), &arn("user", "u")).unwrap();
    let asked: Vec<&str> = links[0].requests.iter().map(|asked| asked.request.action.as_str()).collect();
    assert_eq!(asked, ["iam:UpdateUser", "iam:UpdateUser", "iam:CreateAccessKey"]);
    // A group.
    let join = on("iam:AddUserToGroup", json!(arn("group", "team/*")));
    let in_group = |more: &[Value]| {
        let statements = [std::slice::from_ref(&join), more].concat();
        let group = json!({ "Arn": arn("group", "admins"), "GroupName": "admins", "GroupId": "AGPAEXAMPLE00000000",
            "Path": "/", "AttachedManagedPolicies": [],
            "GroupPolicyList": [{ "PolicyName": "all", "PolicyDocument": document(&allow(json!("*"), "*")) }] });
        let page = json!({ "RoleDetailList": [], "UserDetailList": [user("u", &json!(statements))],
                           "GroupDetailList": [group], "Policies": [] });
        let source = SourceFile::new("account.json", page.to_string());
        let given = iamdrift::snapshot::Snapshot::from_texts(std::path::Path::new("given"), &[source]).unwrap();
        shortest(&given, &arn("user", "u")).map(|links| ids(&links))
    };
    assert_eq!(in_group(&[]), None);
    assert_eq!(in_group(&[on("iam:UpdateGroup", json!("*"))]), path(&["iam-013"]));
    assert_eq!(in_group(&[on("iam:UpdateGroup", json!(arn("group", "admins")))]), None);
}

/// Whether user `u` escalates, if its own policies are declared.
fn escalates(statements: &Value) -> bool {
    let manifest = "version = 1\n[[principal]]\nname = \"u\"\nmatch = \"arn:aws:iam::*:user/u\"\nkind = \"workload\"\nallow = [\"own.json\"]\n";
    let own = SourceFile::new("own.json", document(statements).to_string());
    let manifest = SourceFile::new("baseline.toml", manifest.to_owned());
    let catalog = Catalog::embedded();
    let baseline = Baseline::from_texts(&manifest, [("own.json".to_owned(), own)], catalog)
        .map_err(|problems| problems.to_string())
        .unwrap();
    let options = AuditOptions::new(jiff::civil::date(2026, 11, 20));
    let audit = audit(&snapshot(&[], &[user("u", statements)], None), &baseline, catalog, &options).unwrap();
    assert!(audit.findings.iter().all(|finding| finding.rule != RuleId::Undecided), "{:?}", audit.findings);
    audit.findings.iter().any(|finding| finding.rule == RuleId::Escalation)
}

#[test]
fn what_is_declared_is_declared_for_the_name() {
    let update = || on("iam:UpdateUser", json!(arn("user", "*")));
    let buckets = on("s3:GetObject", json!("arn:aws:s3:::logs/*"));
    let denied = json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "*",
                         "Condition": { "ArnLike": { "aws:PrincipalArn": arn("user", "u") } } });
    assert!(escalates(&json!([update(), buckets, denied])), "the Deny ends");
    assert!(!escalates(&json!([buckets, denied])));
    let home = on("s3:GetObject", json!("arn:aws:s3:::home/${aws:username}/*"));
    assert!(escalates(&json!([update(), home])), "the home of another name");
    let own = on("iam:UpdateUser", json!(arn("user", "${aws:username}")));
    assert!(!escalates(&json!([own, home])), "it keeps its name");
    assert!(!escalates(&json!([update(), buckets])), "names decide nothing");
}

/// The statements that allow one action each on groups or users of a path.
fn each_on(kind: &str, actions: &[(&str, &str)]) -> Vec<Value> {
    actions.iter().map(|(action, path)| on(action, json!(arn(kind, &format!("{path}/*"))))).collect()
}

#[test]
fn a_new_group_is_renamed_between_the_requests() {
    let filled = |renames: &str, last: &str| {
        let actions = [
            ("iam:CreateGroup", "a"),
            ("iam:PutGroupPolicy", "a"),
            ("iam:AddUserToGroup", last),
            ("iam:UpdateGroup", renames),
        ];
        taken(&each_on("group", &actions), &[], &[])
    };
    assert_eq!(filled("none", "a"), path(&["iam-new-group"]));
    assert_eq!(filled("none", "b"), None);
    assert_eq!(filled("a", "b"), None, "not under the new name");
    assert_eq!(filled("b", "b"), None, "not under the old name");
    assert_eq!(filled("*", "b"), path(&["iam-new-group"]));
    // A name for each request.
    let three = |missing: &str| {
        let all = [
            ("iam:CreateGroup", "a"),
            ("iam:PutGroupPolicy", "b"),
            ("iam:AddUserToGroup", "c"),
            ("iam:UpdateGroup", "*"),
        ];
        let left: Vec<(&str, &str)> = all.into_iter().filter(|(action, _)| *action != missing).collect();
        each_on("group", &left)
    };
    assert_eq!(taken(&three("none"), &[], &[]), path(&["iam-new-group"]));
    for missing in ["iam:CreateGroup", "iam:PutGroupPolicy", "iam:AddUserToGroup", "iam:UpdateGroup"] {
        assert_eq!(taken(&three(missing), &[], &[]), None, "{missing}");
    }
    let own = user("u", &json!(three("none")));
    let links = shortest(&snapshot(&[], &[own], None), &arn("user", "u")).unwrap();
    let asked: Vec<&str> = links[0].requests.iter().map(|asked| asked.request.action.as_str()).collect();
    let rename = ["iam:UpdateGroup"; 2];
    let expected =
        [&["iam:CreateGroup"][..], &rename, &["iam:PutGroupPolicy"], &rename, &["iam:AddUserToGroup"]].concat();
    assert_eq!(asked, expected);
    // With a policy that is attached.
    let attached = [
        ("iam:CreateGroup", "a"),
        ("iam:AttachGroupPolicy", "b"),
        ("iam:AddUserToGroup", "a"),
        ("iam:UpdateGroup", "*"),
    ];
    assert_eq!(taken(&each_on("group", &attached), &[], &[]), path(&["iam-new-group-attach"]));
}

#[test]
fn a_new_user_is_renamed_between_the_requests() {
    let all = [
        ("iam:CreateUser", "a"),
        ("iam:PutUserPolicy", "b"),
        ("iam:CreateAccessKey", "c"),
        ("iam:UpdateUser", "a"),
        ("iam:UpdateUser", "b"),
        ("iam:UpdateUser", "c"),
    ];
    assert!(taken(&each_on("user", &all), &[], &[]).is_some());
    for missing in 0..all.len() {
        let left: Vec<(&str, &str)> =
            all.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, one)| *one).collect();
        assert_eq!(taken(&each_on("user", &left), &[], &[]), None, "{:?}", all[missing]);
    }
    // A name that can be renamed is one of those that can be created.
    let crossing = |renamed: &str| {
        let statements = [
            on("iam:CreateUser", json!(arn("user", "*-x"))),
            on("iam:UpdateUser", json!([arn("user", renamed), arn("user", "b-y")])),
            on("iam:PutUserPolicy", json!(arn("user", "b-y"))),
            on("iam:CreateAccessKey", json!(arn("user", "b-y"))),
        ];
        taken(&statements, &[], &[])
    };
    assert!(crossing("a-*").is_some());
    assert_eq!(crossing("*-z"), None);
}

#[test]
fn a_new_user_takes_a_name_that_a_trust_policy_admits() {
    let admins = [admin(if_named(&arn("user", "admins/*")))];
    let all = |renames: &str, keys: &str| {
        let actions = [("iam:CreateUser", "new"), ("iam:CreateAccessKey", keys), ("iam:UpdateUser", renames)];
        taken(&each_on("user", &actions), &admins, &[])
    };
    assert!(all("*", "new").is_some());
    assert!(all("*", "admins").is_some());
    assert_eq!(all("new", "new"), None, "it keeps its path");
    assert_eq!(all("admins", "new"), None, "not under its old name");
    assert!(all("*", "other").is_some(), "it has a third name for the keys");
    let two_names = [
        on("iam:CreateUser", json!(arn("user", "new/*"))),
        on("iam:UpdateUser", json!([arn("user", "new/*"), arn("user", "admins/*")])),
        on("iam:CreateAccessKey", json!(arn("user", "other/*"))),
    ];
    assert_eq!(taken(&two_names, &admins, &[]), None, "it never has that name");
}
