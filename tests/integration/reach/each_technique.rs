//! Each technique in an account of its own: it is found, and with any one permission missing it is not.

use std::collections::BTreeSet;
use std::path::Path;

use iamdrift::catalog::{ActionId, Catalog};
use iamdrift::reach::{GoalResult, Graph, NodeState, PathSoFar, StateChange, Technique, TechniqueKind, techniques};
use iamdrift::snapshot::Snapshot;
use iamdrift::solve::Solver;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::{ACCOUNT, allow, arn, document, ids, organization, role, user};

/// What is allowed besides the technique, and what a boundary or a Deny statement withholds.
const WITHHELD: &str = "s3:GetObject";

/// All actions that a technique takes.
pub fn needs(technique: &Technique) -> BTreeSet<String> {
    let mut needs: BTreeSet<String> = technique.required_actions.iter().cloned().collect();
    if matches!(technique.kind, TechniqueKind::NewPassRole | TechniqueKind::PassRoleThenAssume) {
        needs.insert("iam:PassRole".to_owned());
    }
    if technique.kind == TechniqueKind::FillProfile {
        needs.extend(["iam:PassRole", "ec2:RunInstances"].map(str::to_owned));
    }
    technique.combines.iter().for_each(|id| needs.extend(self::needs(find(id))));
    needs
}

pub fn find(id: &str) -> &'static Technique {
    techniques().iter().find(|technique| technique.id == id).unwrap_or_else(|| panic!("no technique {id}"))
}

/// The statement of a trust policy that admits a service, or the identities of a provider.
fn trust(service: &str) -> Value {
    let provider = |kind: &str, name: &str| json!({ "Federated": arn(kind, name) });
    let (principal, action) = match service {
        "sso.saml" => (provider("saml-provider", "AWSSSO_1a2b_DO_NOT_DELETE"), "sts:AssumeRoleWithSAML"),
        "oidc" => (provider("oidc-provider", "idp.example.com"), "sts:AssumeRoleWithWebIdentity"),
        "saml" => (provider("saml-provider", "corp"), "sts:AssumeRoleWithSAML"),
        "tokens.sts.global.api.aws" => {
            (provider("oidc-provider", "a1.tokens.sts.global.api.aws"), "sts:AssumeRoleWithWebIdentity")
        }
        "oidc.eks" => {
            (provider("oidc-provider", "oidc.eks.us-east-1.amazonaws.com/id/A1"), "sts:AssumeRoleWithWebIdentity")
        }
        "openid-license-manager.amazonaws.com" => {
            (provider("oidc-provider", "openid-license-manager.amazonaws.com"), "sts:AssumeRoleWithWebIdentity")
        }
        "cognito-identity.amazonaws.com" => (json!({ "Federated": service }), "sts:AssumeRoleWithWebIdentity"),
        _ => (json!({ "Service": service }), "sts:AssumeRole"),
    };
    json!({ "Effect": "Allow", "Principal": principal, "Action": action })
}

/// The trust policy of the target: it admits what the technique names.
fn target_trust(technique: &Technique) -> Value {
    let mut statements: Vec<Value> = technique.services.iter().map(|service| trust(service)).collect();
    if technique.kind == TechniqueKind::FillProfile {
        statements.push(trust("ec2.amazonaws.com"));
    }
    let admits_account = matches!(technique.kind, TechniqueKind::Assume | TechniqueKind::Combined);
    let trusted = if admits_account { json!(ACCOUNT) } else { json!(arn("role", "relay")) };
    statements.push(json!({ "Effect": "Allow", "Principal": { "AWS": trusted }, "Action": "sts:AssumeRole" }));
    if ["iam-new-role-name", "iam-rename-user"].contains(&technique.id.as_str()) {
        let names = json!([arn("role", "new/*"), arn("user", "new/*")]);
        let named = json!({ "ArnLike": { "aws:PrincipalArn": names } });
        let anyone =
            json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole", "Condition": named });
        statements.push(anyone);
    }
    json!(statements)
}

fn inline(name: &str, statements: &Value) -> Value {
    json!({ "PolicyName": name, "PolicyDocument": document(statements) })
}

fn managed(name: &str, versions: &[(&str, &Value)]) -> Value {
    let version = |(at, (id, statements)): (usize, &(&str, &Value))| json!({ "VersionId": id, "IsDefaultVersion": at == 0, "Document": document(statements) });
    json!({ "Arn": arn("policy", name), "PolicyName": name, "DefaultVersionId": versions[0].0,
            "PolicyVersionList": versions.iter().enumerate().map(version).collect::<Vec<_>>() })
}

/// Role `r` and user `u`, who are allowed some actions and the withheld one, in an account with all that a technique
/// leads to. What is removed by the technique withholds the action. `service_roles`: the resources that use roles, if they
/// are known.
pub fn account(technique: &Technique, allowed: &BTreeSet<String>, service_roles: Option<&Value>) -> Snapshot {
    use TechniqueKind::{
        RemoveDenyingPolicies, RemoveRoleBoundary, RemoveUserBoundary, RewriteBoundaryPolicy, SetRoleBoundary,
        SetUserBoundary,
    };
    let removes_boundary = matches!(technique.kind, RemoveRoleBoundary | RemoveUserBoundary | RewriteBoundaryPolicy);
    let bounds = removes_boundary || matches!(technique.kind, SetRoleBoundary | SetUserBoundary);
    let denies = technique.kind == RemoveDenyingPolicies;
    let leaves = technique.kind == TechniqueKind::LeaveOrganization;
    let withheld = (bounds || denies || leaves).then(|| WITHHELD.to_owned());
    // A list of actions is never empty.
    let harmless_action = "iam:GetUser".to_owned();
    let allowed: BTreeSet<&String> = allowed.iter().chain([&harmless_action]).collect();
    let own: BTreeSet<&String> = allowed.iter().copied().chain(&withheld).collect();
    let mut r = role("r", &allow(json!(own), "*"), json!([trust("none.amazonaws.com")]));
    let mut u = user("u", &allow(json!(own), "*"));
    let everything = allow(json!("*"), "*");
    let deny = json!([{ "Effect": "Deny", "Action": WITHHELD, "Resource": "*" }]);
    let mut attached = vec!["own"];
    let (mut group_inline, mut group_attached) = (Vec::new(), Vec::new());
    let removes = technique.removes.map(|removes| format!("{removes:?}")).unwrap_or_default();
    match removes.as_str() {
        "RoleInline" | "UserInline" => {
            r["RolePolicyList"].as_array_mut().unwrap().push(inline("deny", &deny));
            u["UserPolicyList"].as_array_mut().unwrap().push(inline("deny", &deny));
        }
        "RoleAttached" | "UserAttached" | "Text" => attached.push("deny"),
        "GroupInline" | "Group" => group_inline.push(inline("deny", &deny)),
        "GroupAttached" => group_attached.push(json!({ "PolicyName": "deny", "PolicyArn": arn("policy", "deny") })),
        _ => {}
    }
    let attached: Vec<Value> =
        attached.iter().map(|name| json!({ "PolicyName": name, "PolicyArn": arn("policy", name) })).collect();
    for principal in [&mut r, &mut u] {
        principal["AttachedManagedPolicies"] = json!(attached);
        if bounds {
            let boundary = json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "b") });
            principal["PermissionsBoundary"] = boundary;
        }
    }
    u["GroupList"] = json!(["g"]);
    let mut target = role("admin", &everything, target_trust(technique));
    if technique.kind != TechniqueKind::FillProfile {
        target["InstanceProfileList"] = json!([{ "InstanceProfileName": "p" }]);
    }
    let group = |name: &str, inline: Value, attached: Value| {
        json!({ "Arn": arn("group", name), "GroupName": name, "GroupId": format!("AGPAEXAMPLE{name:0>9}"), "Path": "/",
                "GroupPolicyList": inline, "AttachedManagedPolicies": attached })
    };
    let (harmless, bound) = (allow(json!(harmless_action), "*"), allow(json!(allowed), "*"));
    let mut own_versions = vec![("v1", &harmless)];
    if technique.kind == TechniqueKind::SetDefaultVersion {
        own_versions.push(("v2", &everything));
    }
    let relay = role("relay", &json!([]), json!([trust("cloudformation.amazonaws.com")]));
    let page = json!({
        "RoleDetailList": [r, target, relay],
        "UserDetailList": [u, user("chief", &everything)],
        "GroupDetailList": [
            group("g", json!(group_inline), json!(group_attached)),
            group("admins", json!([inline("all", &everything)]), json!([])),
        ],
        "Policies": [managed("own", &own_versions), managed("deny", &[("v1", &deny)]), managed("b", &[("v1", &bound)])],
    });
    let mut sources = vec![SourceFile::new("account.json", page.to_string())];
    sources.extend(leaves.then(|| organization(&json!([everything[0], deny[0]]))));
    sources.extend(service_roles.map(|file| SourceFile::new("service-roles.json", file.to_string())));
    let snapshot = Snapshot::from_texts(Path::new("given"), &sources).unwrap();
    assert!(snapshot.problems.is_empty(), "{}: {:?}", technique.id, snapshot.problems);
    snapshot
}

/// The techniques of the shortest path of `r`, and of that of `u`, in that account.
fn taken(solver: &Solver<'_>, technique: &Technique, allowed: &BTreeSet<String>) -> [Vec<String>; 2] {
    let snapshot = account(technique, allowed, None);
    let graph = Graph::new(solver, &snapshot, jiff::civil::date(2026, 11, 20));
    [arn("role", "r"), arn("user", "u")].map(|who| {
        let from = graph.find(&who).unwrap();
        let (_, own, _) = graph.build_layers(&NodeState { principal: from, change: StateChange::default() });
        let mut goal = |path: &PathSoFar<'_>| match graph.has_excess(path.last(), &own) {
            Ok(true) => GoalResult::Met(graph.prove_steps(&path.steps()).unwrap()),
            Ok(false) => GoalResult::NotMet,
            Err(why) => panic!("{}: undecided: {why:?}", technique.id),
        };
        let search = graph.find_shortest_path(from, &mut goal);
        assert!(search.undecided.is_empty(), "{}: {:?}", technique.id, search.undecided);
        search.found.map(|found| ids(&found.witness)).unwrap_or_default()
    })
}

/// Whether a path uses a technique: itself, or its two parts.
pub fn uses(path: &[String], technique: &Technique) -> bool {
    match technique.combines.as_slice() {
        [] => path.contains(&technique.id),
        parts => parts.iter().all(|part| path.contains(part)),
    }
}

/// What is wrong with a technique, if anything is.
fn check(solver: &Solver<'_>, technique: &Technique) -> Vec<String> {
    let needed = needs(technique);
    let found = taken(solver, technique, &needed);
    // Another technique that takes no more may be found in its place.
    let takes_no_more = |path: &[String]| !path.is_empty() && path.iter().all(|id| needs(find(id)).is_subset(&needed));
    let mut wrong = Vec::new();
    if !found.iter().any(|path| uses(path, technique) || takes_no_more(path)) {
        wrong.push(format!("{} is not found: {found:?}", technique.id));
    }
    for missing in &needed {
        let mut less = needed.clone();
        less.remove(missing);
        if taken(solver, technique, &less).iter().any(|path| uses(path, technique)) {
            wrong.push(format!("{} is found without {missing}", technique.id));
        }
    }
    wrong
}

#[test]
fn each_technique_is_found_and_not_with_any_one_permission_missing() {
    let solver = Solver::new(Catalog::embedded());
    let wrong: Vec<String> = techniques().iter().flat_map(|technique| check(&solver, technique)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn techniques_are_whole() {
    use TechniqueKind::{
        ChangeProvider, Combined, ExistingPassRole, NewPassRole, PassRoleThenAssume, WebIdentityToken,
    };
    let catalog = Catalog::embedded();
    let names: Vec<String> =
        (0..catalog.action_count()).map(|id| catalog.full_name(ActionId(id.try_into().unwrap()))).collect();
    let matches = |pattern: &str, name: &str| match pattern.split_once('*') {
        Some((start, _)) => name.starts_with(start),
        None => name == pattern,
    };
    let mut ids = BTreeSet::new();
    for technique in techniques() {
        let id = &technique.id;
        assert!(ids.insert(id), "{id} stands twice");
        for action in &technique.required_actions {
            assert!(catalog.find_action(action).is_some(), "{id}: no action {action}");
        }
        let by_service = matches!(
            technique.kind,
            NewPassRole | PassRoleThenAssume | ExistingPassRole | ChangeProvider | WebIdentityToken
        );
        assert_eq!(by_service, !technique.services.is_empty(), "{id}");
        assert!(technique.kind != ExistingPassRole || technique.assumption.is_some(), "{id} rests on something");
        assert_eq!(technique.kind == Combined, !technique.combines.is_empty(), "{id}");
        assert_eq!(technique.kind == Combined, technique.required_actions.is_empty(), "{id}");
        assert!(["pathfinding.cloud ", "AWS: "].iter().any(|from| technique.source.starts_with(from)), "{id}: source");
        for pattern in &technique.limited_to {
            assert!(names.iter().any(|name| matches(pattern, name)), "{id}: no action {pattern}");
        }
    }
}
