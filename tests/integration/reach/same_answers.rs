//! Which roles a principal can assume is worked out for many at once: each answer is that of a question by itself.

use std::collections::BTreeSet;

use iamdrift::catalog::Catalog;
use iamdrift::iam::Arn;
use iamdrift::reach::{GoalResult, Graph, NodeState, PathSoFar, WhoCanQuery};
use iamdrift::snapshot::Snapshot;
use iamdrift::solve::Solver;
use serde_json::{Value, json};

use super::{ACCOUNT, allow, arn, role, service, snapshot, trusts, user};

/// Holds the roles that every `step`th principal can assume against a question for each pair.
fn hold(snapshot: &Snapshot, step: usize) -> usize {
    let catalog = Catalog::embedded();
    let solver = Solver::new(catalog);
    let graph = Graph::new(&solver, snapshot, jiff::civil::date(2026, 11, 20));
    let roles: Vec<&Arn> = snapshot
        .principals()
        .filter(|(_, principal)| principal.trust_policy.is_some() && !principal.entity_kind.is_service_linked())
        .map(|(_, principal)| &principal.arn)
        .collect();
    let any = WhoCanQuery::new(catalog, "sts:AssumeRole", None);
    let mut pairs = 0;
    for from in (0..graph.len()).step_by(step) {
        let being = NodeState::unchanged(from);
        let at_once = graph.answer_who_can(&being, &any).unwrap().map(|can| can.assumable_roles).unwrap_or_default();
        for role in roles.iter().filter(|role| role.as_str() != graph.arn(from)) {
            let one = WhoCanQuery::new(catalog, "sts:AssumeRole", Some(role.as_str()));
            let can = graph.answer_who_can(&being, &one).unwrap().is_some();
            assert_eq!(at_once.iter().any(|arn| arn == role.as_str()), can, "{} → {role}", graph.arn(from));
            pairs += usize::from(can);
        }
    }
    pairs
}

/// Holds the first steps of everyone, of which those who are alike share some, against a question for each pair; nobody
/// becomes another by other means than to assume a role.
pub fn hold_steps(snapshot: &Snapshot) {
    let catalog = Catalog::embedded();
    let solver = Solver::new(catalog);
    let graph = Graph::new(&solver, snapshot, jiff::civil::date(2026, 11, 20));
    for from in 0..graph.len() {
        let mut steps = BTreeSet::new();
        let mut goal = |way: &PathSoFar<'_>| {
            if way.states().len() == 2 && way.last().change.is_unchanged() {
                steps.insert(graph.arn(way.last().principal).to_owned());
            }
            GoalResult::<()>::NotMet
        };
        graph.find_shortest_path(from, &mut goal);
        let being = NodeState::unchanged(from);
        let can = |arn: &String| {
            let one = WhoCanQuery::new(catalog, "sts:AssumeRole", Some(arn));
            graph.answer_who_can(&being, &one).unwrap().is_some()
        };
        let roles = snapshot.principals().filter(|(_, principal)| principal.trust_policy.is_some());
        let others = roles.map(|(_, role)| role.arn.as_str().to_owned()).filter(|arn| arn != graph.arn(from));
        assert_eq!(steps, others.filter(can).collect(), "{}", graph.arn(from));
    }
}

#[test]
fn the_roles_that_a_principal_assumes_are_those_that_it_assumes_one_by_one() {
    let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/named/work");
    let when = |principal: Value, condition: Value| json!([{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition }]);
    let bounded = |mut entity: Value| {
        entity["PermissionsBoundary"] =
            json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "b") });
        entity
    };
    let except = |principal: Value| {
        let deny = json!({ "Effect": "Deny", "Principal": principal, "Action": "sts:AssumeRole" });
        json!([trusts(json!({ "AWS": ACCOUNT }))[0], deny])
    };
    let trusted = [
        trusts(json!("*")),
        trusts(json!({ "AWS": ACCOUNT })),
        trusts(json!({ "AWS": arn("role", "named") })),
        trusts(json!({ "AWS": session })),
        trusts(json!({ "AWS": arn("user", "u") })),
        trusts(json!({ "AWS": ["444455556666", arn("role", "bounded")] })),
        service("ec2"),
        when(json!({ "AWS": ACCOUNT }), json!({ "StringEquals": { "sts:ExternalId": "x" } })),
        when(json!("*"), json!({ "ArnLike": { "aws:PrincipalArn": arn("role", "*d") } })),
        when(
            json!({ "AWS": ACCOUNT }),
            json!({ "StringEquals": { "aws:PrincipalTag/team": "${aws:ResourceTag/team}" } }),
        ),
        when(json!("*"), json!({ "Bool": { "aws:SecureTransport": "false" } })),
        except(json!({ "AWS": arn("role", "named") })),
        except(json!({ "AWS": session })),
        when(json!("*"), json!({ "StringEquals": { "aws:PrincipalOrgID": "o-another123" } })),
    ];
    let mut roles: Vec<Value> = trusted
        .iter()
        .enumerate()
        .map(|(i, trust)| {
            let mut target = role(&format!("t{i}"), &allow(json!("s3:ListAllMyBuckets"), "*"), trust.clone());
            target["Tags"] = if i % 2 == 0 { json!([]) } else { json!([{ "Key": "team", "Value": "a" }]) };
            target
        })
        .collect();
    let assume = allow(json!("sts:AssumeRole"), "*");
    let tagged = json!([{ "Effect": "Allow", "Action": "sts:*", "Resource": arn("role", "t*"),
                          "Condition": { "StringEquals": { "aws:ResourceTag/team": "a" } } }]);
    let barred = json!([assume[0], { "Effect": "Deny", "Action": "sts:AssumeRole", "NotResource": [arn("role", "t0"), arn("role", "t3")] }]);
    let mfa = json!([{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*",
                       "Condition": { "Bool": { "aws:SecureTransport": "true" } } }]);
    let nothing = allow(json!("s3:ListAllMyBuckets"), "*");
    for (name, statements) in
        [("named", &nothing), ("wide", &assume), ("tagged", &tagged), ("barred", &barred), ("mfa", &mfa)]
    {
        roles.push(role(name, statements, service("ec2")));
    }
    roles.push(bounded(role("bounded", &assume, service("ec2"))));
    let users =
        [user("u", &nothing), bounded(user("b", &assume)), user("w", &assume), bounded(user("limited", &tagged))];
    // Some are alike and still told apart, by a role or by what is known of them.
    for i in 0..3 {
        roles.push(role(&format!("alike{i}"), &assume, service("ec2")));
        roles.push(role(&format!("aliked{i}d"), &assume, service("ec2")));
    }
    roles.push(role("t14", &nothing, trusts(json!({ "AWS": [ACCOUNT, arn("role", "alike1")] }))));
    roles.push(role("t15", &nothing, trusts(json!({ "AWS": arn("role", "alike2") }))));
    assert!(hold(&snapshot(&roles, &users, None), 1) > 30);
    hold_steps(&snapshot(&roles, &users, None));
    let scp = json!([allow(json!("*"), "*")[0], { "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": arn("role", "t1*") }]);
    assert!(hold(&snapshot(&roles, &users, Some(scp.clone())), 1) > 10);
    hold_steps(&snapshot(&roles, &users, Some(scp)));
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (account details)"]
fn the_same_of_accounts_that_others_made() {
    let corpus = crate::needs::corpus();
    let snapshot = Snapshot::load(&corpus.join("accounts/cloudsplaining__example.json")).unwrap();
    // Some for speed; the one that a role names is among them.
    let named = snapshot.principals().position(|(_, one)| one.name == "privesc-AssumeRole-starting-role").unwrap();
    assert!(hold(&snapshot, named) > 0);
}
