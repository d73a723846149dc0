//! Each technique in an account of its own: it is found, and with any one permission missing it is not.

use std::collections::BTreeSet;
use std::path::Path;

use iamdrift::catalog::{ActionId, Catalog};
use iamdrift::reach::{ControlChange, GoalResult, Graph, NodeState, PathSoFar, Technique, TechniqueKind, techniques};
use iamdrift::snapshot::Snapshot;
use iamdrift::solve::Solver;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::{ACCOUNT, allow, arn, document, ids, organization, role, user};

/// What is allowed besides the technique, and what a boundary or a Deny statement withholds.
const WITHHELD: &str = "s3:GetObject";

/// A managed policy of AWS that denies something.
const AWS_DENY: &str = "arn:aws:iam::aws:policy/AWSDenyAll";

/// A member account of the organization that the account manages.
const MEMBER: &str = "444455556666";

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
    let trusted = if admits_account { json!(ACCOUNT) } else { json!(arn("role", relay_name(technique))) };
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

/// The name of the role that can assume the target.
fn relay_name(technique: &Technique) -> &str {
    technique.service_role.as_deref().unwrap_or("relay")
}

/// The role whose paths are searched.
fn start_role(technique: &Technique) -> String {
    use TechniqueKind::{RemovePermissionSetBoundary, RemovePermissionSetPolicies};
    match technique.kind {
        RemovePermissionSetBoundary | RemovePermissionSetPolicies => arn("role", "aws-reserved/sso.amazonaws.com/r"),
        _ => arn("role", "r"),
    }
}

/// Whether a technique is about SCPs or RCPs of another account.
fn frees_member(technique: &Technique) -> bool {
    matches!(technique.kind, TechniqueKind::LiftControls | TechniqueKind::RemoveFromOrganization)
}

/// Whether a technique is about RCPs.
fn lifts_resource_controls(technique: &Technique) -> bool {
    technique.context.values().any(|value| value == "RESOURCE_CONTROL_POLICY")
}

/// A role of the member account, which anyone of the account may assume.
fn member_role() -> Value {
    let statements = allow(json!(["iam:GetUser", WITHHELD]), "*");
    let mut member = role(
        "member",
        &statements,
        json!([{ "Effect": "Allow", "Principal": { "AWS": [arn("role", "r"), arn("user", "u")] }, "Action": "sts:AssumeRole" }]),
    );
    member["Arn"] = json!(member_arn());
    member
}

fn member_arn() -> String {
    arn("role", "member").replace(ACCOUNT, MEMBER)
}

/// The organization that the account manages. An SCP or RCP withholds an action in an organizational unit of the member
/// account.
fn managed_organization(technique: &Technique) -> Value {
    let resource_controls = lifts_resource_controls(technique);
    let kind = if resource_controls { "RESOURCE_CONTROL_POLICY" } else { "SERVICE_CONTROL_POLICY" };
    let everything = || document(&allow(json!("*"), "*"));
    let withholding = match technique.lifts {
        Some(ControlChange::Attach) => allow(json!("iam:*"), "*"),
        _ => {
            let deny = json!({ "Effect": "Deny", "Action": WITHHELD, "Resource": "*" });
            match resource_controls {
                true => json!([{ "Effect": "Deny", "Principal": "*", "Action": WITHHELD, "Resource": "*" }]),
                false => json!([deny]),
            }
        }
    };
    let in_unit = if technique.lifts == Some(ControlChange::Attach) { json!([]) } else { json!(["ou-abcd-11111111"]) };
    let mut full_targets = json!(["r-abcd", ACCOUNT, MEMBER]);
    full_targets.as_array_mut().unwrap().extend(in_unit.as_array().unwrap().iter().cloned());
    json!({
        "Organization": { "Id": "o-own1234567", "MasterAccountId": ACCOUNT },
        "Roots": [{ "Id": "r-abcd", "Name": "Root", "PolicyTypes": [
            { "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" },
            { "Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED" },
        ] }],
        "DelegatedAdministrators": [],
        "OrganizationalUnits": [{ "Id": "ou-abcd-11111111", "Name": "unit", "ParentId": "r-abcd" }],
        "Accounts": [
            { "Id": ACCOUNT, "Name": "a", "ParentId": "r-abcd", "Status": "ACTIVE" },
            { "Id": MEMBER, "Name": "m", "ParentId": "ou-abcd-11111111", "Status": "ACTIVE" },
        ],
        "Policies": [
            { "Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY",
              "Content": everything(), "Targets": full_targets },
            { "Id": "p-control1", "Name": "control", "Type": kind, "Content": document(&withholding),
              "Targets": ["ou-abcd-11111111"] },
        ],
    })
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
        RemoveDenyingPolicies, RemovePermissionSetBoundary, RemovePermissionSetPolicies, RemoveRoleBoundary,
        RemoveUserBoundary, RewriteBoundaryPolicy, SetRoleBoundary, SetUserBoundary,
    };
    let removes_boundary = matches!(
        technique.kind,
        RemoveRoleBoundary | RemoveUserBoundary | RewriteBoundaryPolicy | RemovePermissionSetBoundary
    );
    let bounds = removes_boundary || matches!(technique.kind, SetRoleBoundary | SetUserBoundary);
    let denies = matches!(technique.kind, RemoveDenyingPolicies | RemovePermissionSetPolicies);
    let leaves = technique.kind == TechniqueKind::LeaveOrganization;
    let withheld = (bounds || denies || leaves || lifts_resource_controls(technique)).then(|| WITHHELD.to_owned());
    // A list of actions is never empty.
    let harmless_action = "iam:GetUser".to_owned();
    let allowed: BTreeSet<&String> = allowed.iter().chain([&harmless_action]).collect();
    let own: BTreeSet<&String> = allowed.iter().copied().chain(&withheld).collect();
    let mut statements = allow(json!(own), "*");
    if frees_member(technique) {
        statements.as_array_mut().unwrap().push(allow(json!("sts:AssumeRole"), &member_arn())[0].clone());
    }
    let mut r = role("r", &statements, json!([trust("none.amazonaws.com")]));
    if matches!(technique.kind, RemovePermissionSetBoundary | RemovePermissionSetPolicies) {
        r["Path"] = json!("/aws-reserved/sso.amazonaws.com/");
        r["Arn"] = json!(start_role(technique));
        r["AssumeRolePolicyDocument"] = document(&json!([trust("sso.saml")]));
    }
    let mut u = user("u", &statements);
    let everything = allow(json!("*"), "*");
    let deny = json!([{ "Effect": "Deny", "Action": WITHHELD, "Resource": "*" }]);
    let mut attached = vec![arn("policy", "own")];
    let (mut group_inline, mut group_attached) = (Vec::new(), Vec::new());
    let removes = technique.removes.map(|removes| format!("{removes:?}")).unwrap_or_default();
    match removes.as_str() {
        "RoleInline" | "UserInline" | "PermissionSetInline" => {
            r["RolePolicyList"].as_array_mut().unwrap().push(inline("deny", &deny));
            u["UserPolicyList"].as_array_mut().unwrap().push(inline("deny", &deny));
        }
        "RoleAttached" | "UserAttached" | "PermissionSetCustomer" | "Text" => attached.push(arn("policy", "deny")),
        "PermissionSetAws" => attached.push(AWS_DENY.to_owned()),
        "GroupInline" | "Group" => group_inline.push(inline("deny", &deny)),
        "GroupAttached" => group_attached.push(json!({ "PolicyName": "deny", "PolicyArn": arn("policy", "deny") })),
        _ => {}
    }
    let attached: Vec<Value> = attached.iter().map(|arn| json!({ "PolicyName": "p", "PolicyArn": arn })).collect();
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
    let relay = role(relay_name(technique), &json!([]), json!([trust("cloudformation.amazonaws.com")]));
    let mut aws_deny = managed("AWSDenyAll", &[("v1", &deny)]);
    aws_deny["Arn"] = json!(AWS_DENY);
    let mut roles = vec![r, target, relay];
    roles.extend(frees_member(technique).then(member_role));
    let page = json!({
        "RoleDetailList": roles,
        "UserDetailList": [u, user("chief", &everything)],
        "GroupDetailList": [
            group("g", json!(group_inline), json!(group_attached)),
            group("admins", json!([inline("all", &everything)]), json!([])),
        ],
        "Policies": [managed("own", &own_versions), managed("deny", &[("v1", &deny)]), managed("b", &[("v1", &bound)]), aws_deny],
    });
    let mut sources = vec![SourceFile::new("account.json", page.to_string())];
    let organization_file = || SourceFile::new("organization.json", managed_organization(technique).to_string());
    sources.extend(technique.organization_account.map(|_| organization_file()));
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
    [start_role(technique), arn("user", "u")].map(|who| {
        let from = graph.find(&who).unwrap();
        let (_, own, _) = graph.build_layers(&NodeState::unchanged(from));
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
        ChangeProvider, Combined, ExistingPassRole, NamedRoleThenAssume, NewPassRole, PassRoleThenAssume,
        WebIdentityToken,
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
            NewPassRole
                | PassRoleThenAssume
                | NamedRoleThenAssume
                | ExistingPassRole
                | ChangeProvider
                | WebIdentityToken
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
