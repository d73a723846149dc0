//! The account after the mends: as declared, by nothing but what the report advised.

use std::collections::{BTreeMap, BTreeSet};

use iamdrift::audit::{PrincipalStatus, RuleId};
use serde_json::Value;

use super::{AGENT, APPROVED, OPERATOR, STACK, audited, denies, finding, folder, incident, is_allowed, snapshot};

#[test]
fn the_mended_account_is_as_declared() {
    let mended = snapshot("fixed/snapshot");
    let audit = audited(&mended, &folder("baseline"));
    assert!(audit.findings.is_empty(), "{:?}", audit.findings);
    assert!(audit.unread.is_empty() && audit.notes.is_empty(), "{:?} {:?}", audit.unread, audit.notes);
    assert!(!audit.is_incomplete());
    let of = |status: PrincipalStatus| audit.principals.iter().filter(|principal| principal.status == status).count();
    assert_eq!((of(PrincipalStatus::AsDeclared), of(PrincipalStatus::Ignored)), (13, 2));
    assert_eq!(audit.principals.len(), 15);
}

#[test]
fn what_was_meant_can_still_be_done() {
    let mended = snapshot("fixed/snapshot");
    let change = "cloudformation:ExecuteChangeSet";
    assert!(!is_allowed(&mended, OPERATOR, change, STACK, &[]), "nobody approved");
    assert!(!is_allowed(&mended, OPERATOR, change, STACK, &[(APPROVED.0, "soon")]));
    assert!(is_allowed(&mended, OPERATOR, change, STACK, &[APPROVED]));
    assert!(is_allowed(&mended, OPERATOR, "cloudformation:CreateChangeSet", STACK, &[]), "it destroys nothing");
    for who in [OPERATOR, AGENT] {
        assert!(!is_allowed(&mended, who, "cloudformation:DeleteStack", STACK, &[APPROVED]));
        assert!(is_allowed(&mended, who, "cloudformation:DescribeStacks", STACK, &[]));
    }
    let role = "arn:aws-cn:iam::111122223333:role/agents/lantern-cost-explorer";
    assert!(is_allowed(&mended, OPERATOR, "sts:AssumeRole", role, &[]));
    assert!(!is_allowed(&mended, OPERATOR, "iam:AttachRolePolicy", role, &[]));
}

/// A finding, by its rule and principal, and the names that one line of its advice has.
type Advised = (RuleId, &'static str, &'static [&'static str]);

/// Each mend: what of the account is another, and what advised it.
const MENDS: &[(&str, &[Advised])] = &[
    (
        "policy/OperatorPower: another document",
        &[
            (RuleId::Broader, OPERATOR, &["\"Deploy\"", "OperatorPower"]),
            (RuleId::Broader, OPERATOR, &["iam:AttachRolePolicy", "\"EquipAgents\"", "OperatorPower"]),
            (RuleId::Escalation, OPERATOR, &["iam:AttachRolePolicy", "OperatorPower"]),
            (RuleId::Escalation, AGENT, &["iam:AttachRolePolicy", "OperatorPower"]),
        ],
    ),
    ("policy/SecondPerson: new", &[(RuleId::Unguarded, OPERATOR, &["\"Deny\"", APPROVED.0])]),
    (
        "role/operators/cost-explorer-oncall: other AttachedManagedPolicies",
        &[(RuleId::Unguarded, OPERATOR, &["\"Deny\"", APPROVED.0])],
    ),
    ("policy/LanternCostExplorer: new", &[(RuleId::NotNarrower, AGENT, &["role/operators/cost-explorer-oncall"])]),
    (
        "role/agents/lantern-cost-explorer: other AttachedManagedPolicies",
        &[
            (RuleId::Broader, AGENT, &["OperatorPower"]),
            (RuleId::NotNarrower, AGENT, &["OperatorPower"]),
            (RuleId::NotNarrower, AGENT, &["role/operators/cost-explorer-oncall"]),
        ],
    ),
    ("user/people/j.verhoeven: other GroupList", &[(RuleId::Broader, "j.verhoeven", &["key-self-service"])]),
    ("role/data-migration-2024: gone", &[(RuleId::Undeclared, "data-migration-2024", &[])]),
    ("policy/etl-nightly: new", &[(RuleId::Undecided, "etl-nightly", &[])]),
];

#[test]
fn every_mend_was_advised_and_every_finding_is_mended() {
    let (_, audit) = incident();
    let mut found = changes();
    let (mut told, mut texts) = (BTreeSet::new(), String::new());
    for (change, advised) in MENDS {
        assert!(found.remove(*change), "{change} is no change");
        texts += &format!("{change}\n");
        for (rule, who, names) in *advised {
            let advice = crate::advice::list_remedies(finding(&audit, *rule, who));
            let step = advice.iter().find(|step| names.iter().all(|name| step.contains(name)));
            let step = step.unwrap_or_else(|| panic!("{change}: {names:?} are not in {advice:?}"));
            texts += &format!("  {rule} {who}: {}\n", step.lines().next().unwrap());
            told.insert((*rule, *who));
        }
    }
    insta::assert_snapshot!("mends_and_their_advice", texts);
    assert!(found.is_empty(), "these nobody advised: {found:?}");
    // The agent's guard holds once it has nothing left that destroys.
    told.insert((RuleId::Unguarded, AGENT));
    let all: BTreeSet<_> =
        audit.findings.iter().map(|f| (f.rule, f.principal.as_ref().unwrap().name.as_str())).collect();
    assert_eq!(told, all);
    // The README tells of each.
    let page = std::fs::read_to_string(folder("README.md")).unwrap();
    for (rule, who) in all {
        let has = |line: &&str| line.starts_with('|') && line.contains(rule.as_str()) && line.contains(who);
        assert!(page.lines().any(|line| has(&line)), "README.md lacks {} of {who}", rule.as_str());
    }
}

fn account(name: &str) -> Value {
    let text = std::fs::read_to_string(folder(name).join("account.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Users, groups, roles and policies by the ends of their ARNs.
fn entities(account: &Value) -> BTreeMap<String, Value> {
    let lists = account.as_object().unwrap().values().flat_map(|list| list.as_array().unwrap());
    let short = |entity: &Value| entity["Arn"].as_str().unwrap().splitn(6, ':').nth(5).unwrap().to_owned();
    lists.map(|entity| (short(entity), entity.clone())).collect()
}

/// The document of a managed policy that counts.
fn document(policy: &Value) -> &Value {
    let versions = policy["PolicyVersionList"].as_array().unwrap();
    &versions.iter().find(|version| version["IsDefaultVersion"] == true).unwrap()["Document"]
}

/// What differs between the two accounts, without what AWS counts and dates by itself.
fn changes() -> BTreeSet<String> {
    let (before, after) = (entities(&account("snapshot")), entities(&account("fixed/snapshot")));
    let mut found = BTreeSet::new();
    for name in before.keys().chain(after.keys()) {
        match (before.get(name), after.get(name)) {
            (Some(_), None) => drop(found.insert(format!("{name}: gone"))),
            (None, Some(_)) => drop(found.insert(format!("{name}: new"))),
            (Some(old), Some(new)) if name.starts_with("policy/") => {
                let (old, new) = (document(old), document(new));
                if old != new {
                    found.insert(format!("{name}: another document"));
                }
            }
            (Some(old), Some(new)) => {
                let (old, new) = (old.as_object().unwrap(), new.as_object().unwrap());
                for member in old.keys().chain(new.keys()).filter(|member| old.get(*member) != new.get(*member)) {
                    found.insert(format!("{name}: other {member}"));
                }
            }
            (None, None) => unreachable!(),
        }
    }
    for file in ["organization.json", "resource-policies.json"] {
        let text = |name: &str| std::fs::read_to_string(folder(name).join(file)).unwrap();
        assert_eq!(text("snapshot"), text("fixed/snapshot"), "{file}");
    }
    found
}

#[test]
fn what_is_new_is_what_the_report_says() {
    let (_, audit) = incident();
    let (before, after) = (entities(&account("snapshot")), entities(&account("fixed/snapshot")));
    // Of the policy, those statements are left that the finding does not name.
    let broader = finding(&audit, RuleId::Broader, OPERATOR);
    let named: BTreeSet<usize> = broader.excess.iter().map(|excess| excess.granted_by.statement).collect();
    let power = "policy/OperatorPower";
    let statements = |policy: &Value| document(policy)["Statement"].as_array().unwrap().clone();
    let left: Vec<Value> = statements(&before[power])
        .into_iter()
        .enumerate()
        .filter(|(i, _)| !named.contains(i))
        .map(|(_, s)| s)
        .collect();
    assert_eq!(statements(&after[power]), left);
    // What was there to copy was copied.
    assert_eq!(*document(&after["policy/SecondPerson"]), denies(finding(&audit, RuleId::Unguarded, OPERATOR)));
    let attached = |name: &str| -> Vec<String> {
        let list = after[name]["AttachedManagedPolicies"].as_array().unwrap();
        list.iter().map(|policy| policy["PolicyName"].as_str().unwrap().to_owned()).collect()
    };
    let operators = attached("role/operators/cost-explorer-oncall");
    assert_eq!(operators, ["CostExplorerObserve", "OperatorPower", "SecondPerson"]);
    assert_eq!(attached("role/agents/lantern-cost-explorer"), ["LanternCostExplorer"], "its own, and nothing else");
    assert_eq!(after["user/people/j.verhoeven"]["GroupList"], serde_json::json!(["cost-analysts"]));
}
