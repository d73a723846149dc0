//! Resource control policies apply by the owner of the resource: the evaluator and the solver agree on generated
//! organizations, and what a resource of unknown owner decides is undecided.

use std::path::Path;
use std::sync::Arc;

use iamdrift::access::{
    Context, KnownContext, LayerCollector, Layers, PolicyOrigin, PolicyRef, Request, build_known_context, evaluate,
};
use iamdrift::catalog::Catalog;
use iamdrift::iam::{Ambiguity, DocumentKind, Interpretation, Partition, PolicyDocument};
use iamdrift::snapshot::Snapshot;
use iamdrift::solve::{
    Access, ActionWorld, AnswerDetail, ContainmentVerdict, Question, Solver, WitnessPolicy, build_effective_access,
};
use iamdrift::source::SourceFile;
use iamdrift::trust::{TrustAnalyzer, TrustScope};
use serde_json::{Value, json};

const OWN: &str = "111122223333";
const MEMBER: &str = "444455556666";
const MANAGEMENT: &str = "999988887777";
const NODES: [&str; 6] = ["r-ab12", "ou-ab12-11111111", "ou-ab12-22222222", OWN, MEMBER, MANAGEMENT];

const REQUESTS: [(&str, &[&str]); 6] = [
    (
        "sqs:SendMessage",
        &[
            "arn:aws:sqs:us-east-1:111122223333:q",
            "arn:aws:sqs:us-east-1:444455556666:q",
            "arn:aws:sqs:us-east-1:999988887777:q",
            "arn:aws:sqs:us-east-1:777788889999:q",
        ],
    ),
    ("s3:GetObject", &["arn:aws:s3:::own/k", "arn:aws:s3:::of-member/a:b:111122223333:c", "arn:aws:s3:::unknown/k"]),
    ("s3:ListAllMyBuckets", &["*"]),
    // A service without RCPs.
    ("sns:Publish", &["arn:aws:sns:us-east-1:111122223333:t", "arn:aws:sns:us-east-1:444455556666:t"]),
    ("kms:RetireGrant", &["arn:aws:kms:us-east-1:111122223333:key/k", "arn:aws:kms:us-east-1:444455556666:key/k"]),
    ("kms:Decrypt", &["arn:aws:kms:us-east-1:111122223333:key/k", "arn:aws:kms:us-east-1:444455556666:key/k"]),
];

fn statement(effect: &str, action: &str, resource: &str, condition: Value) -> Value {
    json!({ "Effect": effect, "Action": action, "Resource": resource, "Condition": condition })
}

fn rcp(statement: Value) -> Value {
    let mut statement = statement;
    statement["Principal"] = json!("*");
    statement
}

/// An organization whose nodes have these RCPs, with one role in an account.
fn organization(rcps: &[(&str, Value)], account: &str, identity: &[Value], trust: Value) -> Snapshot {
    let policies: Vec<Value> = rcps
        .iter()
        .enumerate()
        .map(|(index, (target, statement))| {
            json!({ "Id": format!("p-rcp{index:05}"), "Name": format!("rcp{index}"), "Type": "RESOURCE_CONTROL_POLICY",
                "Content": { "Version": "2012-10-17", "Statement": statement }, "Targets": [target] })
        })
        .collect();
    let organization = json!({
        "Organization": { "Id": "o-exampleorg1", "MasterAccountId": MANAGEMENT },
        "Roots": [{ "Id": "r-ab12", "Name": "Root",
            "PolicyTypes": [{ "Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED" }] }],
        "DelegatedAdministrators": [],
        "OrganizationalUnits": [
            { "Id": NODES[1], "Name": "a", "ParentId": "r-ab12" },
            { "Id": NODES[2], "Name": "b", "ParentId": "r-ab12" },
        ],
        "Accounts": [
            { "Id": OWN, "ParentId": NODES[1] }, { "Id": MEMBER, "ParentId": NODES[2] },
            { "Id": MANAGEMENT, "ParentId": "r-ab12" },
        ],
        "Policies": policies,
    });
    let page = json!({
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [{
            "Arn": format!("arn:aws:iam::{account}:role/r"), "RoleName": "r", "RoleId": "AROAEXAMPLEEXAMPLE00", "Path": "/",
            "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": trust },
            "RolePolicyList": [{ "PolicyName": "p",
                "PolicyDocument": { "Version": "2012-10-17", "Statement": identity } }],
        }],
    });
    let open = json!({ "Statement": { "Effect": "Allow", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::own", "arn:aws:s3:::own/*", "arn:aws:s3:::of-member/*"] } });
    let resources = json!([
        { "ResourceArn": "arn:aws:s3:::own", "OwnerAccount": OWN, "Policy": open },
        { "ResourceArn": "arn:aws:s3:::of-member", "OwnerAccount": MEMBER, "Policy": open },
    ]);
    let sources = [
        SourceFile::new("account.json", page.to_string()),
        SourceFile::new("organization.json", organization.to_string()),
        SourceFile::new("resource-policies.json", resources.to_string()),
    ];
    Snapshot::from_texts(Path::new("given"), &sources).unwrap_or_else(|error| panic!("{error}"))
}

fn ec2_trust() -> Value {
    json!({ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" })
}

fn is_allowed(layers: &Layers, request: &Request, interpretation: Interpretation) -> bool {
    let catalog = Catalog::embedded();
    let supported = |service: &str| catalog.find_service(service).is_some_and(|id| catalog.supports_rcp(id));
    evaluate(layers, request, &supported, interpretation).is_allowed()
}

/// A question about requests, all or one.
struct Asked<'a> {
    single_request: Option<(&'a str, &'a str)>,
    layers: &'a Layers,
    declared: &'a Arc<PolicyDocument>,
    known: &'a KnownContext,
}

impl Asked<'_> {
    fn is_excess(&self, request: &Request, interpretation: Interpretation) -> bool {
        let declared = PolicyRef::new("c", PolicyOrigin::Given, Arc::clone(self.declared));
        is_allowed(self.layers, request, interpretation)
            && !is_allowed(&Layers::from_identity(vec![declared]), request, interpretation)
    }

    /// The verdict under one interpretation, or with all of them.
    fn verdict(&self, solver: &Solver<'_>, interpretation: Option<Interpretation>) -> ContainmentVerdict {
        let (access, _) = build_effective_access(self.layers);
        let declared = Access::from_policies([(self.declared, 0)]);
        let question = Question {
            effective: &access,
            declared: &declared,
            known: self.known,
            partition: Partition::parse("aws"),
            world: ActionWorld::Existing,
            single_request: self.single_request,
            budget: 1_000_000,
            detail: AnswerDetail::Difference { max_cubes: 2, witnesses: WitnessPolicy::PerStatement },
            witness_account: Some(OWN),
            replay: None,
        };
        match interpretation {
            Some(interpretation) => solver.solve_with_interpretation(&question, interpretation),
            None => solver.solve(&question),
        }
    }
}

/// A pseudorandom sequence.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn statement(&mut self, effect: &str) -> Value {
        let (action, resources) = REQUESTS[self.below(REQUESTS.len())];
        let service = action.split_once(':').unwrap().0;
        let action =
            [action.to_owned(), action.to_owned(), format!("{service}:*"), "*".to_owned()][self.below(4)].clone();
        let resource = [resources[self.below(resources.len())], "*"][self.below(2)];
        let condition = match self.below(5) {
            0 => json!({ "Bool": { "aws:SecureTransport": "false" } }),
            1 => json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-exampleorg1" } }),
            2 => {
                let owner = [OWN, MEMBER][self.below(2)];
                json!({ "StringEquals": { "aws:ResourceAccount": owner } })
            }
            _ => json!({}),
        };
        statement(effect, &action, resource, condition)
    }
}

#[test]
fn evaluator_and_solver_agree_on_generated_organizations() {
    let catalog = Catalog::embedded();
    let solver = Solver::new(catalog);
    let mut random = Random(20_261_129);
    let (mut excess, mut contained, mut denied_by_rcp) = (0, 0, 0);
    for round in 0..40 {
        let rcps: Vec<(&str, Value)> =
            (0..1 + random.below(3)).map(|_| (NODES[random.below(6)], rcp(random.statement("Deny")))).collect();
        let identity = [random.statement("Allow"), random.statement("Allow")];
        let account = [OWN, MEMBER, MANAGEMENT, "777788889999"][random.below(4)];
        let snapshot = organization(&rcps, account, &identity, ec2_trust());
        let (account, principal) = snapshot.principals().next().unwrap();
        let layers = LayerCollector::new(&snapshot).collect(account, principal);
        let known = build_known_context(&snapshot, principal);
        let ceiling = json!({ "Version": "2012-10-17", "Statement": [random.statement("Allow")] }).to_string();
        let declared = Arc::new(PolicyDocument::parse(&SourceFile::new("c", ceiling), DocumentKind::Identity).unwrap());
        let asked = Asked { single_request: None, layers: &layers, declared: &declared, known: &known };
        let without_rcps = Layers { rcps: None, ..layers.clone() };
        for interpretation in [
            Interpretation::default(),
            Interpretation::with_alternative(Ambiguity::UnknownResourceOwner),
            Interpretation::with_alternative(Ambiguity::KmsKeyManager),
        ] {
            let verdict = asked.verdict(&solver, Some(interpretation));
            let case = || format!("round {round} {}: {rcps:?}\n{identity:?}\n{}", account.id, declared.source().text());
            if let ContainmentVerdict::Broader(grants) = &verdict {
                excess += 1;
                for request in grants.iter().filter_map(|grant| grant.witness.as_ref()) {
                    assert!(asked.is_excess(request, interpretation), "no excess: {request:?} {}", case());
                }
            }
            contained += usize::from(matches!(verdict, ContainmentVerdict::Contained));
            for (action, resource) in REQUESTS.iter().flat_map(|(action, list)| list.iter().map(move |r| (action, r))) {
                for secure in ["true", "false"] {
                    let mut request = Request {
                        action: (*action).to_owned(),
                        resource: (*resource).to_owned(),
                        context: Context::default(),
                    };
                    request.context.set("aws:SecureTransport", secure);
                    if let iamdrift::access::KeyFact::Value(id) =
                        known.fact(&iamdrift::iam::ContextKey::new("aws:PrincipalOrgID"))
                    {
                        request.context.set("aws:PrincipalOrgID", &id);
                    }
                    if let Some(owner) = resource.split(':').nth(4).filter(|owner| !owner.is_empty()) {
                        request.context.set("aws:ResourceAccount", owner);
                    }
                    if resource.contains(":::o") {
                        let owner = if resource.contains("own") { OWN } else { MEMBER };
                        request.context.set("aws:ResourceAccount", owner);
                    }
                    let is_excess = asked.is_excess(&request, interpretation);
                    denied_by_rcp += usize::from(
                        is_allowed(&without_rcps, &request, interpretation)
                            && !is_allowed(&layers, &request, interpretation),
                    );
                    assert!(
                        !is_excess || !matches!(verdict, ContainmentVerdict::Contained),
                        "missed: {request:?} {}",
                        case()
                    );
                }
            }
        }
    }
    println!("{excess} with excess, {contained} contained, {denied_by_rcp} requests denied by an RCP");
    assert!(excess > 20 && contained > 6 && denied_by_rcp > 60, "{excess} {contained} {denied_by_rcp}");
}

/// The verdict on a role that asks for one resource, with an RCP that denies everything at a node.
fn verdict_on(node: &str, account: &str, action: &str, resource: &str) -> &'static str {
    let deny = rcp(statement("Deny", "*", "*", json!({})));
    let identity = [statement("Allow", action, resource, json!({}))];
    let snapshot = organization(&[(node, deny)], account, &identity, ec2_trust());
    let (account, principal) = snapshot.principals().next().unwrap();
    let layers = LayerCollector::new(&snapshot).collect(account, principal);
    let known = build_known_context(&snapshot, principal);
    let other =
        json!({ "Version": "2012-10-17", "Statement": [statement("Allow", "ec2:StartInstances", "*", json!({}))] });
    let other = SourceFile::new("c", other.to_string());
    let declared = Arc::new(PolicyDocument::parse(&other, DocumentKind::Identity).unwrap());
    let single_request = Some((action, resource));
    let asked = Asked { single_request, layers: &layers, declared: &declared, known: &known };
    match asked.verdict(&Solver::new(Catalog::embedded()), None) {
        ContainmentVerdict::Broader(_) => "broader",
        ContainmentVerdict::Contained => "contained",
        ContainmentVerdict::Undecided(_) => "undecided",
    }
}

#[test]
fn the_owner_of_the_resource_selects_the_policies() {
    let queue = |account: &str| format!("arn:aws:sqs:us-east-1:{account}:q");
    let bucket = |name: &str| format!("arn:aws:s3:::{name}/k");
    for (node, principal, action, resource, expected) in [
        (MEMBER, OWN, "sqs:SendMessage", queue(MEMBER), "contained"),
        (OWN, OWN, "sqs:SendMessage", queue(MEMBER), "broader"),
        ("r-ab12", OWN, "sqs:SendMessage", queue(MANAGEMENT), "broader"),
        ("r-ab12", OWN, "sqs:SendMessage", queue("777788889999"), "broader"),
        ("r-ab12", MANAGEMENT, "sqs:SendMessage", queue(MEMBER), "contained"),
        ("r-ab12", "777788889999", "sqs:SendMessage", queue(MEMBER), "contained"),
        (MANAGEMENT, OWN, "sqs:SendMessage", queue(MANAGEMENT), "broader"),
        (NODES[2], OWN, "s3:GetObject", bucket("of-member"), "contained"),
        (NODES[2], OWN, "s3:GetObject", bucket("own"), "broader"),
        ("r-ab12", OWN, "s3:GetObject", bucket("unknown"), "undecided"),
        // The bucket can be in a member account, or outside.
        ("r-ab12", MANAGEMENT, "s3:GetObject", bucket("unknown"), "undecided"),
        (MEMBER, OWN, "s3:GetObject", bucket("unknown"), "undecided"),
        (MEMBER, OWN, "s3:GetObject", bucket("own"), "broader"),
        ("r-ab12", OWN, "sns:Publish", "arn:aws:sns:us-east-1:444455556666:t".to_owned(), "broader"),
        ("r-ab12", OWN, "kms:RetireGrant", "arn:aws:kms:us-east-1:111122223333:key/k".to_owned(), "broader"),
        // AWS can manage the key.
        ("r-ab12", OWN, "kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/k".to_owned(), "undecided"),
        (MEMBER, OWN, "kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/k".to_owned(), "broader"),
    ] {
        assert_eq!(verdict_on(node, principal, action, &resource), expected, "{node} {principal} {action} {resource}");
    }
}

/// The verdict on a role that may use some resources, with an RCP that denies everything in another member account.
fn verdict_on_pattern(action: &str, resource: &str) -> &'static str {
    let deny = rcp(statement("Deny", "*", "*", json!({})));
    let identity = [statement("Allow", action, resource, json!({}))];
    let snapshot = organization(&[(MEMBER, deny)], OWN, &identity, ec2_trust());
    let (account, principal) = snapshot.principals().next().unwrap();
    let layers = LayerCollector::new(&snapshot).collect(account, principal);
    let known = build_known_context(&snapshot, principal);
    // Their policies allow everyone.
    let open = json!(["arn:aws:s3:::own/*", "arn:aws:s3:::own", "arn:aws:s3:::of-member/*", "arn:aws:s3:::of-member"]);
    let statements = [json!({ "Effect": "Allow", "Action": "s3:*", "Resource": open })];
    let ceiling = SourceFile::new("c", json!({ "Version": "2012-10-17", "Statement": statements }).to_string());
    let declared = Arc::new(PolicyDocument::parse(&ceiling, DocumentKind::Identity).unwrap());
    let asked = Asked { single_request: None, layers: &layers, declared: &declared, known: &known };
    match asked.verdict(&Solver::new(Catalog::embedded()), None) {
        ContainmentVerdict::Broader(_) => "broader",
        ContainmentVerdict::Contained => "contained",
        ContainmentVerdict::Undecided(_) => "undecided",
    }
}

#[test]
fn another_member_can_own_a_bucket_that_is_named_in_full() {
    assert_eq!(verdict_on_pattern("s3:GetObject", "arn:aws:s3:::unknown/*"), "undecided");
    assert_eq!(verdict_on_pattern("s3:GetObject", "arn:aws:s3:::unknown/logs/*"), "undecided");
    assert_eq!(verdict_on_pattern("s3:ListBucket", "arn:aws:s3:::unknown"), "undecided");
    // The principal's own account has such buckets, too.
    assert_eq!(verdict_on_pattern("s3:GetObject", "arn:aws:s3:::unknown*"), "broader");
    assert_eq!(verdict_on_pattern("s3:GetObject", "*"), "broader");
    // The ARN has the owner.
    assert_eq!(verdict_on_pattern("sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:q"), "broader");
}

/// The callers that no entry declares, of a role with a trust policy.
fn strangers(node: &str, denies: Value, trust: Value) -> Vec<TrustScope> {
    let snapshot = organization(&[(node, denies)], OWN, &[], trust);
    let solver = Solver::new(Catalog::embedded());
    let (account, role) = snapshot.principals().next().unwrap();
    let analysis = TrustAnalyzer::new(&solver, &snapshot).find_undeclared(account, role, None);
    assert!(analysis.undecided.is_empty(), "{:?}", analysis.undecided);
    analysis.undeclared.into_iter().map(|undeclared| undeclared.scope).collect()
}

#[test]
fn rcps_of_the_account_of_a_role_close_its_trust() {
    let trust = |principal: Value| json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" });
    let perimeter = |action: &str| {
        let condition = json!({ "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-exampleorg1" },
            "BoolIfExists": { "aws:PrincipalIsAWSService": "false" } });
        rcp(statement("Deny", action, "*", condition))
    };
    let partner = || json!({ "AWS": "777788889999" });
    assert_eq!(strangers("r-ab12", perimeter("sts:*"), trust(json!("*"))), []);
    assert_eq!(strangers("r-ab12", perimeter("*"), trust(partner())), []);
    assert_eq!(strangers(OWN, perimeter("sts:AssumeRole"), trust(partner())), []);
    // The RCPs of other accounts, and those about other services, do not apply.
    assert_eq!(strangers(MEMBER, perimeter("sts:*"), trust(partner())).len(), 1);
    assert_eq!(strangers("r-ab12", perimeter("s3:*"), trust(partner())).len(), 1);
    // An RCP that exempts one account leaves it.
    let condition = json!({ "StringNotEquals": { "aws:PrincipalAccount": [OWN, "777788889999"] } });
    let exempting = || rcp(statement("Deny", "sts:*", "*", condition.clone()));
    let [TrustScope::Account(account)] = &strangers("r-ab12", exempting(), trust(json!("*")))[..] else {
        panic!("an account")
    };
    assert_eq!(account.as_str(), "777788889999");
    // Tokens of other repositories.
    let github = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let web = || {
        json!({ "Effect": "Allow", "Principal": { "Federated": github }, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": { "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" } } })
    };
    let tenants = |operator: &str| {
        let condition = json!({ operator: { "token.actions.githubusercontent.com:sub": "repo:lumen-labs/*" } });
        rcp(statement("Deny", "sts:AssumeRoleWithWebIdentity", "*", condition))
    };
    assert_eq!(strangers("r-ab12", tenants("StringNotLike"), web()), []);
    assert_eq!(strangers("r-ab12", tenants("StringLike"), web()).len(), 1);
}
