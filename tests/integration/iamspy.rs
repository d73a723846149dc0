//! The decisions of IAMSpy's own tests (`IAMDRIFT_CORPUS`), all of them.
//!
//! IAMSpy asks its solver whether *some* context exists in which a request is allowed; in its strict mode a key
//! that is not given is missing. The first is asked of our solver, the second of our evaluator, and where every
//! key is given or none is named the two must agree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use iamdrift::access::{
    Context, KeyFact, Layers, Request, UnknownResourcePolicy, build_known_context, collect_layers, evaluate,
    find_missing_documents,
};
use iamdrift::catalog::Catalog;
use iamdrift::iam::{Interpretation, Partition};
use iamdrift::snapshot::{Account, LayerKind, Principal, Snapshot, SnapshotPaths};
use iamdrift::solve::{
    Access, ActionWorld, AnswerDetail, ContainmentVerdict, Question, Solver, build_effective_access,
};
use serde_json::{Value, json};

use crate::corpus::rcp_supported;

/// What IAMSpy's authors expect and AWS does not do, by test and position, with the rule of AWS that decides.
/// None has been found: every one of the 39 comes out as expected.
const ARGUED: [(&str, usize, &str); 0] = [];

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (the decisions of IAMSpy's tests)"]
fn all_39_decisions_come_out_as_expected() {
    let folder = crate::needs::corpus().join("decisions/iamspy");
    let cases: Value = serde_json::from_slice(&std::fs::read(folder.join("cases.json")).unwrap()).unwrap();
    let (mut decided, mut failures) = (0, Vec::new());
    for (test, list) in cases.as_object().unwrap() {
        for (index, case) in list.as_array().unwrap().iter().enumerate() {
            decided += 1;
            let world = Loaded::new(&folder.join("files"), &case["load"]);
            let got = world.answer(test, case["args"].as_array().unwrap());
            let agrees = sorted(&got) == sorted(&case["expected"]);
            let argued = ARGUED.iter().any(|(t, i, _)| (*t, *i) == (test.as_str(), index));
            if agrees == argued {
                failures.push(format!("{test}[{index}]: expected {}, got {got}", case["expected"]));
            }
        }
    }
    assert_eq!(decided, 39);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// An answer with its list, if it is one, in order.
fn sorted(answer: &Value) -> BTreeSet<String> {
    match answer {
        Value::Array(list) => list.iter().map(Value::to_string).collect(),
        other => [other.to_string()].into(),
    }
}

/// What a case loads.
struct Loaded {
    snapshot: Snapshot,
    solver: Solver<'static>,
}

impl Loaded {
    fn new(files: &Path, load: &Value) -> Loaded {
        let names = |kind: &str| -> Vec<PathBuf> {
            let list = load[kind].as_array().map(Vec::as_slice).unwrap_or_default();
            list.iter().map(|name| files.join(name.as_str().unwrap())).collect()
        };
        let read = |path: &PathBuf| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
        let directory = tempfile::tempdir().unwrap();
        let mut paths = SnapshotPaths::default();
        let [details] = names("gaads").try_into().unwrap();
        paths.snapshot = details;
        for (index, path) in names("resources").iter().enumerate() {
            let file = directory.path().join(format!("{index}.json"));
            std::fs::write(&file, resource_policies(&read(path)).to_string()).unwrap();
            paths.resource_policies.push(file);
        }
        for path in names("scps") {
            let file = directory.path().join("organization.json");
            std::fs::write(&file, organization(&read(&path)).to_string()).unwrap();
            paths.organization = Some(file);
        }
        let snapshot = Snapshot::load_with(&paths).unwrap_or_else(|error| panic!("{error}"));
        assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
        Loaded { snapshot, solver: Solver::new(Catalog::embedded()) }
    }

    fn answer(&self, test: &str, args: &[Value]) -> Value {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        // Principal first where one is asked about; then action, resource, conditions, a file of them, strictness.
        let rest = if test == "test_can_i" { &args[1..] } else { args };
        let action = text(&rest[0]);
        let mut given = Context::default();
        for condition in rest.get(2).and_then(Value::as_array).into_iter().flatten() {
            let (key, value) = condition.as_str().unwrap().split_once('=').unwrap();
            given.set(key, value);
        }
        assert!(rest.get(3).is_none_or(Value::is_null), "no case gives a file of conditions");
        let strict = rest.get(4).and_then(Value::as_bool).unwrap_or(false);
        let can = |account: &Account, principal: &Principal, resource: &str| {
            let request = Request { action: action.clone(), resource: resource.to_owned(), context: given.clone() };
            self.can(account, principal, &request, strict)
        };
        let who = |resource: &str| -> Vec<String> {
            let able = self.snapshot.principals().filter(|(account, principal)| can(account, principal, resource));
            able.map(|(_, principal)| principal.arn.to_string()).collect()
        };
        match test {
            "test_can_i" => {
                let asked = text(&args[0]);
                let found = self.snapshot.principals().find(|(_, principal)| principal.arn.as_str() == asked);
                // Someone who is not there can do nothing (`user-boundary-deny.json` holds another user).
                json!(found.is_some_and(|(account, principal)| can(account, principal, &text(&rest[1]))))
            }
            "test_who_can" => json!(who(&text(&rest[1]))),
            "test_who_can_batch_resource" => {
                let resources = rest[1].as_array().unwrap().iter().map(text);
                let pairs = resources.flat_map(|r| who(&r).into_iter().map(move |p| json!([p, r])));
                pairs.collect()
            }
            other => panic!("unknown test {other}"),
        }
    }

    fn can(&self, account: &Account, principal: &Principal, request: &Request, strict: bool) -> bool {
        let absent = find_missing_documents(&self.snapshot, account, principal);
        assert!(absent.iter().all(|document| document.layer == LayerKind::Trust), "{absent:?}");
        let mut layers = collect_layers(&self.snapshot, account, principal);
        // All resource policies are given: one that is not does not allow (*Cross-account policy evaluation logic*).
        layers.unknown_resource_policy = UnknownResourcePolicy::IsNone;
        let by_evaluator = evaluate(&layers, request, &rcp_supported, Interpretation::default()).is_allowed();
        if strict {
            return by_evaluator;
        }
        let by_solver = self.some_context_allows(&layers, principal, request);
        // A context that allows is found by the evaluator's request, too, unless a key that is not given matters.
        assert!(by_solver || !by_evaluator, "{request:?}: the evaluator allows what the solver says nobody can");
        by_solver
    }

    fn some_context_allows(&self, layers: &Layers, principal: &Principal, request: &Request) -> bool {
        let (effective, _) = build_effective_access(layers);
        let mut known = build_known_context(&self.snapshot, principal);
        for (key, value) in &request.context.0 {
            known.set(key.as_written(), KeyFact::Value(value.values()[0].clone()));
        }
        let question = Question {
            effective: &effective,
            declared: &Access::default(),
            known: &known,
            partition: Partition::parse(principal.arn.partition()),
            world: ActionWorld::Existing,
            single_request: Some((&request.action, &request.resource)),
            budget: 100_000,
            detail: AnswerDetail::Verdict,
            witness_account: None,
            replay: None,
        };
        match self.solver.solve(&question) {
            ContainmentVerdict::Broader(_) => true,
            ContainmentVerdict::Contained => false,
            ContainmentVerdict::Undecided(why) => panic!("{request:?} is undecided: {why:?}"),
        }
    }
}

/// IAMSpy's list of resources as ours. Its authors write `"Principal": "arn:…"`, which AWS takes only as
/// `{"AWS": "arn:…"}`; and policies without a statement, which say nothing.
fn resource_policies(theirs: &Value) -> Value {
    let one = |entry: &Value| {
        let mut policy = entry["Policy"].clone();
        let statements = policy["Statement"].as_array_mut().unwrap();
        for statement in statements.iter_mut() {
            if let Some(arn) = statement["Principal"].as_str().filter(|arn| *arn != "*").map(str::to_owned) {
                statement["Principal"] = json!({ "AWS": arn });
            }
        }
        let says_something = !statements.is_empty();
        let ours = json!({ "ResourceArn": entry["Resource"], "OwnerAccount": entry["Account"], "Policy": policy });
        says_something.then_some(ours)
    };
    theirs.as_array().unwrap().iter().filter_map(one).collect()
}

/// IAMSpy's tree of an organization as ours. The account in the root's ARN is the management account.
fn organization(root: &Value) -> Value {
    let arn = root["Arn"].as_str().unwrap();
    let management = arn.split(':').nth(4).unwrap();
    let id = arn.split('/').nth(1).unwrap();
    let (mut accounts, mut policies) = (Vec::new(), Vec::<Value>::new());
    let mut attach = |holder: &Value| {
        let target = holder["Id"].clone();
        for policy in holder["Policies"].as_array().unwrap() {
            match policies.iter_mut().find(|known| known["Id"] == policy["Id"]) {
                Some(known) => known["Targets"].as_array_mut().unwrap().push(target.clone()),
                None => policies.push(json!({
                    "Id": policy["Id"], "Name": policy["Name"], "Type": policy["Type"], "Content": policy["Content"],
                    "Targets": [target],
                })),
            }
        }
    };
    attach(root);
    for child in root["Children"].as_array().unwrap() {
        assert_eq!(child["Type"], "Account", "no case has an organizational unit");
        attach(child);
        accounts.push(json!({ "Id": child["Id"], "Name": child["Name"], "ParentId": root["Id"] }));
    }
    // In one case the management account is not among the children.
    if !accounts.iter().any(|account| account["Id"] == management) {
        accounts.push(json!({ "Id": management, "Name": "management", "ParentId": root["Id"] }));
    }
    json!({
        "Organization": { "Id": id, "MasterAccountId": management },
        "Roots": [{ "Id": root["Id"], "Name": root["Name"], "PolicyTypes": root["PolicyTypes"] }],
        "DelegatedAdministrators": [],
        "OrganizationalUnits": [],
        "Accounts": accounts,
        "Policies": policies,
    })
}
