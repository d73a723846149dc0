//! What is a fix, and what is none.

use iamdrift::audit::{FixVerification, Remediation, RuleId};
use serde_json::{Value, json};

use super::{ACCOUNT, Case, account, allow, arn, attach, document, entry, find, managed, role, steps};

const READ: &str = "s3:Get*";
const AWS_POLICY: &str = "arn:aws:iam::aws:policy/PowerUserAccess";

fn own_policy() -> String {
    arn("policy/shared")
}

/// A statement of a policy, as a sentence names it.
fn names_statement_of(steps: &[String], policy: &str) -> bool {
    steps.iter().any(|step| step.contains("statement") && step.contains(&format!("of {policy}")))
}

/// The JSON documents below the first line of a step.
fn snippet(step: &str) -> Vec<Value> {
    let text = step.split_once('\n').unwrap_or_else(|| panic!("{step}")).1;
    serde_json::Deserializer::from_str(text).into_iter().map(|document| document.unwrap()).collect()
}

/// The size that AWS counts.
fn size(document: &Value) -> usize {
    document.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

#[test]
fn a_policy_of_aws_is_replaced_and_never_edited() {
    let power = json!({ "Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*" });
    let account = account(&[role("ci", &[], &[AWS_POLICY])], &[managed(AWS_POLICY, &[power], 0)]);
    let ceiling = document(&[allow(json!(READ), "*")]);
    let case = Case::new(&account, &entry("ci", "workload", "allow = [\"c.json\"]"), &[("c.json", ceiling)]);
    let audit = case.verified_audit();
    let finding = find(&audit, RuleId::Broader, "ci");
    assert_eq!(finding.fix_verification, FixVerification::Ends);
    let steps = steps(finding);
    assert!(!names_statement_of(&steps, "PowerUserAccess"), "{steps:?}");
    assert_eq!(
        snippet(&steps[0]),
        [document(&[allow(json!([READ]), "*")])].map(|mut expected| {
            expected["Statement"][0]["Resource"] = json!(["*"]);
            expected
        })
    );
    insta::assert_snapshot!("a_policy_of_aws", steps.join("\n"));
    // Nothing names a statement of it in the whole report.
    let texts = audit.findings.iter().flat_map(crate::advice::list_remedies).collect::<Vec<_>>();
    assert!(!names_statement_of(&texts, "PowerUserAccess"), "{texts:?}");
}

#[test]
fn a_policy_that_others_need_is_not_changed_for_one() {
    let statements = [allow(json!(["s3:*", "sqs:SendMessage"]), "*")];
    let shared = own_policy();
    let account =
        account(&[role("one", &[], &[&shared]), role("two", &[], &[&shared])], &[managed(&shared, &statements, 0)]);
    let manifest =
        [entry("one", "workload", "allow = [\"read.json\"]"), entry("two", "workload", "allow = [\"all.json\"]")]
            .concat();
    let documents = [("read.json", document(&[allow(json!(READ), "*")])), ("all.json", document(&statements))];
    let case = Case::new(&account, &manifest, &documents);
    // Without verification, the statement is changed.
    let audit = case.audit();
    let finding = find(&audit, RuleId::Broader, "one");
    assert_eq!(finding.fix_verification, FixVerification::NotRun);
    assert!(names_statement_of(&steps(finding), "shared"));
    // Role `two` would lose what it is declared to have.
    let audit = case.verified_audit();
    let finding = find(&audit, RuleId::Broader, "one");
    assert_eq!(finding.fix_verification, FixVerification::Ends);
    assert!(matches!(finding.remediations.as_slice(), [Remediation::ReplacePolicy { is_aws_owned: false, .. }]));
    insta::assert_snapshot!("a_policy_that_others_need", steps(finding).join("\n"));
}

#[test]
fn a_fix_that_makes_an_agent_equal_to_its_operator_is_none() {
    let roles = [
        role("op", &[allow(json!(["s3:GetObject", "sqs:SendMessage"]), "*")], &[]),
        role("bot", &[allow(json!("s3:GetObject"), "*")], &[]),
    ];
    let manifest = [
        entry("op", "operator", "allow = [\"read.json\"]"),
        entry("bot", "agent", "allow = [\"read.json\"]\nnarrower_than = \"op\""),
    ]
    .concat();
    let case =
        Case::new(&account(&roles, &[]), &manifest, &[("read.json", document(&[allow(json!("s3:GetObject"), "*")]))]);
    let audit = case.verified_audit();
    let finding = find(&audit, RuleId::Broader, "op");
    assert_eq!(finding.fix_verification, FixVerification::Failed);
    let class = iamdrift::audit::FindingClass::from_finding(finding);
    assert!(iamdrift::report::FindingJson::from_class(&class).fix.is_none());
}

#[test]
fn old_versions_make_room_for_a_new_one() {
    let shared = own_policy();
    let case = |versions: usize| {
        let policy = managed(&shared, &[allow(json!(["s3:Get*", "sqs:*"]), "*")], versions);
        let account = account(&[role("ci", &[], &[&shared])], &[policy]);
        let ceiling = document(&[allow(json!(READ), "*")]);
        Case::new(&account, &entry("ci", "workload", "allow = [\"c.json\"]"), &[("c.json", ceiling)])
    };
    for (versions, expected) in [(3, 1), (4, 2)] {
        let audit = case(versions).verified_audit();
        let finding = find(&audit, RuleId::Broader, "ci");
        assert_eq!(finding.fix_verification, FixVerification::Ends, "{versions}");
        assert_eq!(steps(finding).len(), expected, "{versions}: {:?}", steps(finding));
    }
}

const GUARD: &str = "[[guard]]\nname = \"second person\"\nactions = [\"class:destructive\"]\nseverity = \"high\"\nunless = { StringLike = { \"aws:PrincipalTag/change-approval\" = \"CHG-*\" } }\n";

/// A role whose statements list many destructive actions by name, so that no pattern is short.
fn destroyer(attached: &[&str]) -> (Value, Vec<Value>) {
    let catalog = iamdrift::catalog::Catalog::embedded();
    let names: Vec<String> = catalog
        .actions()
        .map(|action| catalog.full_name(action))
        .filter(|name| name.contains(":Delete"))
        .enumerate()
        .filter(|(index, _)| index % 4 == 0)
        .map(|(_, name)| name)
        .collect();
    let policies: Vec<Value> = names
        .chunks(600)
        .enumerate()
        .map(|(index, chunk)| managed(&arn(&format!("policy/d{index}")), &[allow(json!(chunk), "*")], 0))
        .collect();
    let arns: Vec<String> = policies.iter().map(|policy| policy["Arn"].as_str().unwrap().to_owned()).collect();
    let all: Vec<&str> = arns.iter().map(String::as_str).chain(attached.iter().copied()).collect();
    (role("ops", &[], &all), policies)
}

#[test]
fn a_denial_that_is_too_large_is_several_or_a_document_of_the_guard() {
    let (destroyer, policies) = destroyer(&[]);
    let everything = document(&[allow(json!("*"), "*")]);
    let manifest =
        format!("{}{GUARD}", entry("ops", "workload", "allow = [\"all.json\"]\nguards = [\"second person\"]"));
    let attached = destroyer["AttachedManagedPolicies"].as_array().unwrap().len();
    let case = |role: &Value, more: &[Value]| {
        let policies = [policies.as_slice(), more].concat();
        Case::new(&account(std::slice::from_ref(role), &policies), &manifest, &[("all.json", everything.clone())])
    };
    let audit = case(&destroyer, &[]).verified_audit();
    let finding = find(&audit, RuleId::Unguarded, "ops");
    let documents: Vec<Value> = steps(finding).iter().flat_map(|step| snippet(step)).collect();
    assert!(documents.len() > 1, "{:?} {:?}", finding.fix_verification, finding.remediations.len());
    assert!(
        documents.iter().all(|document| size(document) <= 6144),
        "{:?}",
        documents.iter().map(size).collect::<Vec<_>>()
    );
    assert_eq!(finding.fix_verification, FixVerification::Ends);
    // With ten managed policies, none more can be attached, and the inline policies have room for one document only.
    let fillers: Vec<Value> = (attached..10)
        .map(|i| managed(&arn(&format!("policy/f{i}")), &[allow(json!("s3:GetObject"), "*")], 0))
        .collect();
    let arns: Vec<&str> = fillers.iter().map(|policy| policy["Arn"].as_str().unwrap()).collect();
    let mut full = destroyer.clone();
    full["AttachedManagedPolicies"].as_array_mut().unwrap().extend(attach(&arns));
    let long: Vec<String> = (0..150).map(|i| format!("s3:GetObjectNumber{i:03}OfThisLongName")).collect();
    full["RolePolicyList"] = json!([{ "PolicyName": "own", "PolicyDocument": document(&[allow(json!(long), "*")]) }]);
    let audit = case(&full, &fillers).audit();
    let finding = find(&audit, RuleId::Unguarded, "ops");
    assert!(
        matches!(
            finding.remediations.as_slice(),
            [Remediation::UseGuardDocument { file: "policies/guards/second-person.json", .. }]
        ),
        "{:?}",
        finding.remediations
    );
}

#[test]
fn a_role_of_identity_center_is_changed_in_its_permission_set() {
    let path = "/aws-reserved/sso.amazonaws.com/eu-west-1/";
    let name = "AWSReservedSSO_Data_Admin_0123456789abcdef";
    let mut sso = role(name, &[allow(json!("s3:*"), "*")], &[]);
    sso["Path"] = json!(path);
    sso["Arn"] = json!(arn(&format!("role{path}{name}")));
    let ceiling = document(&[allow(json!(READ), "*")]);
    let manifest = "[[principal]]\nname = \"sso\"\nmatch = \"arn:*:iam::*:role/aws-reserved/**\"\nkind = \"operator\"\nallow = [\"c.json\"]\n";
    let case = Case::new(&account(&[sso], &[]), manifest, &[("c.json", ceiling)]);
    let audit = case.verified_audit();
    let finding = find(&audit, RuleId::Broader, name);
    assert!(steps(finding).is_empty());
    let expected = Remediation::ChangePermissionSet { permission_set: "Data_Admin".to_owned() };
    assert_eq!(finding.remediations, [expected]);
}

#[test]
fn trust_that_a_declared_assumer_needs_is_kept() {
    let trusting = |principal: Value| {
        let mut role = role("ci", &[], &[]);
        let statement = json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" });
        role["AssumeRolePolicyDocument"] = document(&[statement]);
        let manifest =
            entry("ci", "workload", "allow = []\nassumable_by = [\"arn:aws:iam::444455556666:role/deploy\"]");
        Case::new(&account(&[role], &[]), &manifest, &[]).verified_audit()
    };
    // The whole account is trusted, and one of its roles is declared.
    let audit = trusting(json!({ "AWS": "arn:aws:iam::444455556666:root" }));
    assert_eq!(find(&audit, RuleId::Trust, "ci").fix_verification, FixVerification::Failed);
    // Another account beside it is removed.
    let other = json!({ "AWS": ["arn:aws:iam::444455556666:role/deploy", "arn:aws:iam::777788889999:root"] });
    let audit = trusting(other);
    let finding = find(&audit, RuleId::Trust, "ci");
    assert_eq!(finding.fix_verification, FixVerification::Ends);
    // The only principal is denied: AWS refuses an empty trust policy.
    let audit = trusting(json!({ "AWS": "arn:aws:iam::777788889999:root" }));
    let finding = find(&audit, RuleId::Trust, "ci");
    assert_eq!(finding.fix_verification, FixVerification::Ends);
    insta::assert_snapshot!("the_only_trusted_principal", steps(finding).join("\n"));
}

#[test]
fn a_path_is_broken_at_its_statement_or_denied() {
    let pass = allow(json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]), "*");
    let mut admin = role("admin", &[allow(json!("*"), "*")], &[]);
    let trust =
        json!({ "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" });
    admin["AssumeRolePolicyDocument"] = document(&[trust]);
    let manifest = format!(
        "{}[[ignore]]\nmatch = \"arn:*:iam::{ACCOUNT}:role/admin\"\nreason = \"of the platform\"\n",
        entry("ci", "workload", "allow = [\"c.json\"]")
    );
    let ceiling = || document(&[allow(json!(["lambda:*"]), "*"), allow(json!("iam:Get*"), "*")]);
    for (statement, expected) in [
        (pass.clone(), "of own"),
        (allow(json!(["iam:Pass*", "lambda:CreateFunction", "lambda:InvokeFunction"]), "*"), "deny iam:PassRole"),
    ] {
        let roles = [role("ci", &[statement, allow(json!("iam:GetUser"), "*")], &[]), admin.clone()];
        let case = Case::new(&account(&roles, &[]), &manifest, &[("c.json", ceiling())]);
        let audit = case.verified_audit();
        let finding = find(&audit, RuleId::Escalation, "ci");
        let steps = steps(finding);
        assert_ne!(finding.fix_verification, FixVerification::NotRun);
        assert!(steps.is_empty() || steps.iter().any(|step| step.contains(expected)), "{expected}: {steps:?}");
    }
}

/// Copying the entry that a finding offers makes nothing worse.
#[test]
fn an_offered_entry_is_not_worse_than_no_entry() {
    for (actions, name) in [(json!("*"), "tmp"), (json!("s3:*"), "agent-tmp"), (json!(READ), "tmp")] {
        let mut stranger = role(name, &[allow(actions, "*")], &[]);
        stranger["Tags"] = json!([{ "Key": "agent", "Value": if name == "tmp" { "" } else { "kiro" } }]);
        let account = account(&[stranger], &[]);
        let before = Case::new(&account, "", &[]).audit();
        let undeclared = find(&before, RuleId::Undeclared, name);
        let offered = undeclared
            .remediations
            .iter()
            .find(|remediation| matches!(remediation, Remediation::DeclarePrincipal { .. }))
            .map(|remediation| iamdrift::report::text::render_remediation(remediation).snippet.unwrap());
        let after = Case::new(&account, &offered.unwrap(), &[]).audit();
        let worst = after.findings.iter().map(|finding| finding.severity).max();
        assert!(worst <= Some(undeclared.severity), "{name}: {:?}", after.findings);
    }
}
