//! The facts that a request settles, by brute force: every request that can be made, allowed and not declared, is an excess
//! that the solver finds; and each of its witnesses is a request that can be made.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use iamdrift::access::{
    Context, ContextValue, KeyFact, KnownContext, Layers, PolicyOrigin, PolicyRef, Request, RequestFacts,
    ResourceDirectory, evaluate,
};
use iamdrift::catalog::{Catalog, Multiplicity};
use iamdrift::iam::{ContextKey, DocumentKind, Interpretation, Partition, PolicyDocument};
use iamdrift::solve::{
    Access, ActionWorld, AnswerDetail, ContainmentVerdict, Question, Solver, WitnessPolicy, build_effective_access,
};
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

/// Values of single-valued keys.
const SINGLE: [(&str, &[&str]); 13] = [
    ("aws:RequestedRegion", &["us-east-1", "eu-west-1"]),
    ("ec2:Region", &["us-east-1", "eu-west-1"]),
    ("aws:ResourceAccount", &[ACCOUNT, "444455556666"]),
    ("aws:ResourceOrgID", &["o-own", "o-other"]),
    ("aws:ViaAWSService", &["true", "false"]),
    ("aws:CalledViaFirst", &["a.amazonaws.com", "b.amazonaws.com"]),
    ("aws:SourceIp", &["10.0.0.1"]),
    ("aws:SourceVpce", &["vpce-1"]),
    ("aws:VpceAccount", &[ACCOUNT]),
    ("aws:RequestTag/team", &["a", "b"]),
    ("aws:MultiFactorAuthPresent", &["true", "false"]),
    ("aws:MultiFactorAuthAge", &["1", "7"]),
    ("ec2:InstanceType", &["t3.micro"]),
];

/// Sets of values of multi-valued keys.
const SETS: [(&str, &[&[&str]]); 3] = [
    ("aws:CalledVia", &[&["a.amazonaws.com"], &["a.amazonaws.com", "b.amazonaws.com"]]),
    ("aws:TagKeys", &[&["team"], &["Team", "x"], &["x"]]),
    ("aws:ResourceOrgPaths", &[&["o-own/r-1/"], &["o-other/r-1/"]]),
];

const REQUESTS: [(&str, &[&str]); 7] = [
    (
        "ec2:RunInstances",
        &[
            "arn:aws:ec2:us-east-1::image/ami-1",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-1",
            "arn:aws:ec2:us-east-1:444455556666:subnet/s-1",
        ],
    ),
    ("ec2:CreateVpcEndpoint", &["arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-1"]),
    ("iam:TagRole", &["arn:aws:iam::111122223333:role/r"]),
    ("iam:UntagRole", &["arn:aws:iam::111122223333:role/r", "arn:aws:iam::777788889999:role/r"]),
    ("sqs:SendMessage", &["arn:aws:sqs:us-east-1:111122223333:q", "arn:aws:sqs:eu-west-1:777788889999:q"]),
    ("s3:GetObject", &["arn:aws:s3:::own/k", "arn:aws:s3:::foreign/k", "arn:aws:s3:::unknown/k"]),
    ("glue:GetTable", &["arn:aws:glue:us-east-1:111122223333:table/d/t"]),
];

/// A pseudorandom sequence.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn choose<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    fn statement(&mut self, effect: &str) -> Value {
        let (action, resources) = *self.choose(&REQUESTS);
        let service = action.split_once(':').unwrap().0;
        let action = [action.to_owned(), format!("{service}:*"), "*".to_owned()][self.below(3)].clone();
        let resource = [*self.choose(resources), "*", "*"][self.below(3)];
        let mut conditions = serde_json::Map::new();
        for _ in 0..self.below(3) {
            let (operator, key, value) = self.condition();
            conditions.entry(operator).or_insert_with(|| json!({}))[key] = value;
        }
        json!({ "Effect": effect, "Action": action, "Resource": resource, "Condition": conditions })
    }

    fn condition(&mut self) -> (String, &'static str, Value) {
        if self.below(4) == 0 {
            let (key, sets) = *self.choose(&SETS);
            let set: &[&str] = sets[self.below(sets.len())];
            let value = set[self.below(set.len())];
            let pattern = if self.below(4) == 0 { format!("{}*", &value[..1]) } else { value.to_owned() };
            let operator =
                ["ForAnyValue:StringLike", "ForAllValues:StringLike", "ForAnyValue:StringNotLike"][self.below(3)];
            return (operator.to_owned(), key, json!(pattern));
        }
        let (key, values) = *self.choose(&SINGLE);
        let value = *self.choose(values);
        let operators = match key {
            "aws:SourceIp" => ["IpAddress", "NotIpAddress", "IpAddressIfExists", "Null"],
            "aws:MultiFactorAuthAge" => ["NumericLessThan", "NumericNotEquals", "NumericEqualsIfExists", "Null"],
            "aws:ViaAWSService" | "aws:MultiFactorAuthPresent" => ["Bool", "BoolIfExists", "Bool", "Null"],
            _ => ["StringEquals", "StringNotEquals", "StringEqualsIfExists", "Null"],
        };
        let operator = operators[self.below(4)];
        let value = if operator == "Null" { ["true", "false"][self.below(2)] } else { value };
        (operator.to_owned(), key, json!(value))
    }

    fn document(&mut self) -> Arc<PolicyDocument> {
        let mut statements = vec![self.statement("Allow"), self.statement("Allow")];
        statements.extend((0..self.below(3)).map(|_| self.statement("Deny")));
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        Arc::new(PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap())
    }

    /// A request with the values of some keys. It need not be possible.
    fn request(&mut self, facts_of: &dyn Fn(&str, &str, &mut Request)) -> Request {
        let (action, resources) = *self.choose(&REQUESTS);
        let resource = *self.choose(resources);
        let mut request =
            Request { action: action.to_owned(), resource: resource.to_owned(), context: Context::default() };
        for (key, values) in SINGLE {
            let value = *self.choose(values);
            if self.below(2) == 0 {
                request.context.set(key, value);
            }
        }
        for (key, sets) in SETS {
            let values = sets[self.below(sets.len())].iter().map(|v| (*v).to_owned()).collect();
            if self.below(2) == 0 {
                request.context.0.insert(ContextKey::new(key), ContextValue::Set(values));
            }
        }
        facts_of(action, resource, &mut request);
        request
    }
}

fn layers(document: &Arc<PolicyDocument>) -> Layers {
    let document = Arc::clone(document);
    Layers::from_identity(vec![PolicyRef::new("p", PolicyOrigin::Given, document)])
}

fn is_allowed(layers: &Layers, request: &Request) -> bool {
    evaluate(layers, request, &|_| true, Interpretation::default()).is_allowed()
}

/// The owners of two buckets, and an organization of two accounts.
fn directory() -> Arc<ResourceDirectory> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/integration/request_facts_snapshot");
    Arc::new(ResourceDirectory::from_snapshot(&iamdrift::snapshot::Snapshot::load(&folder).unwrap()))
}

fn all_keys() -> BTreeSet<ContextKey> {
    SINGLE.iter().map(|(key, _)| *key).chain(SETS.iter().map(|(key, _)| *key)).map(ContextKey::new).collect()
}

/// Whether a request has the keys that never are missing.
fn is_complete(request: &Request) -> bool {
    ["aws:RequestedRegion", "aws:ViaAWSService"].iter().all(|key| request.context.get(&ContextKey::new(key)).is_some())
}

#[test]
fn the_solver_finds_every_possible_excess() {
    let catalog = Catalog::embedded();
    for (key, _) in SETS {
        assert_eq!(catalog.key_definition(key).unwrap().multiplicity, Multiplicity::Multi);
    }
    let solver = Solver::new(catalog);
    let directory = directory();
    let partition = Partition::parse("aws");
    let known = KnownContext::unconstrained().with_directory(&directory);
    let keys = all_keys();
    let complete = |action: &str, resource: &str, request: &mut Request| {
        let facts = RequestFacts::new(catalog, &directory, action, resource, partition);
        for key in &keys {
            if facts.key_fact(key).is_some() {
                request.context.0.remove(key);
            }
        }
        facts.complete(request, &keys);
        let region = request.context.get(&ContextKey::new("aws:RequestedRegion")).cloned();
        if let (Some(region), true) = (region, action.starts_with("ec2:")) {
            request.context.0.insert(ContextKey::new("ec2:Region"), region);
        }
    };
    let mut random = Random(20_261_129);
    let (mut possible, mut excess, mut contained) = (0, 0, 0);
    // `IAMDRIFT_FACT_ROUNDS` sets another number of rounds.
    let rounds = std::env::var("IAMDRIFT_FACT_ROUNDS").map_or(80, |text| text.parse().unwrap());
    for round in 0..rounds {
        let (effective, declared) = (random.document(), random.document());
        let (effective_layers, declared_layers) = (layers(&effective), layers(&declared));
        let (effective_access, _) = build_effective_access(&effective_layers);
        let declared_access = Access::from_policies([(&declared, 0)]);
        let question = Question {
            effective: &effective_access,
            declared: &declared_access,
            known: &known,
            partition,
            world: ActionWorld::Existing,
            single_request: None,
            budget: 1_000_000,
            detail: AnswerDetail::Difference { max_cubes: 2, witnesses: WitnessPolicy::PerStatement },
            witness_account: Some(ACCOUNT),
            replay: None,
        };
        let verdict = solver.solve_with_interpretation(&question, Interpretation::default());
        if let ContainmentVerdict::Broader(grants) = &verdict {
            excess += 1;
            for request in grants.iter().filter_map(|grant| grant.witness.as_ref()) {
                let case =
                    format!("round {round}: {request:?}\n{}\n{}", effective.source().text(), declared.source().text());
                assert!(is_allowed(&effective_layers, request), "not allowed: {case}");
                assert!(!is_allowed(&declared_layers, request), "declared: {case}");
                let facts = RequestFacts::new(catalog, &directory, &request.action, &request.resource, partition);
                assert_eq!(facts.find_impossible_key(request, request.context.0.keys()), None, "impossible: {case}");
            }
        }
        contained += usize::from(matches!(verdict, ContainmentVerdict::Contained));
        for _ in 0..300 {
            let request = random.request(&complete);
            let facts = RequestFacts::new(catalog, &directory, &request.action, &request.resource, partition);
            if !is_complete(&request) || facts.find_impossible_key(&request, &keys).is_some() {
                continue;
            }
            possible += 1;
            if is_allowed(&effective_layers, &request) && !is_allowed(&declared_layers, &request) {
                let case =
                    format!("round {round}: {request:?}\n{}\n{}", effective.source().text(), declared.source().text());
                assert!(!matches!(verdict, ContainmentVerdict::Contained), "an excess was missed: {case}");
            }
        }
    }
    println!("{possible} possible requests, {excess} rounds with excess, {contained} contained");
    assert!(possible > 300 && excess > 20 && contained > 2, "{possible} {excess} {contained}");
}

#[test]
fn a_key_that_a_principal_never_has_settles_its_conditions() {
    let mut known = KnownContext::unconstrained();
    known.set("aws:PrincipalOrgID", KeyFact::NoneLike("o-own".to_owned()));
    let verdict = |condition: Value| verdict_on_statement("s3:*", condition, &known);
    let key = "aws:PrincipalOrgID";
    assert!(matches!(verdict(json!({ "StringEquals": { key: "o-own" } })), ContainmentVerdict::Contained));
    assert!(matches!(verdict(json!({ "StringEquals": { key: "o-other" } })), ContainmentVerdict::Broader(_)));
    assert!(matches!(verdict(json!({ "StringNotEquals": { key: "o-own" } })), ContainmentVerdict::Broader(_)));
    assert!(matches!(verdict(json!({ "Null": { key: "true" } })), ContainmentVerdict::Broader(_)));
}

/// The verdict on what a statement allows under a condition, against a ceiling that allows nothing.
fn verdict_on_statement(action: &str, condition: Value, known: &KnownContext) -> ContainmentVerdict {
    verdict_on(json!({ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition }), known)
}

fn verdict_on(statement: Value, known: &KnownContext) -> ContainmentVerdict {
    let text = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
    let document = PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap();
    let effective = Access::from_policies([(&Arc::new(document), 0)]);
    let question = Question {
        effective: &effective,
        declared: &Access::default(),
        known,
        partition: None,
        world: ActionWorld::Existing,
        single_request: None,
        budget: 100_000,
        detail: AnswerDetail::Verdict,
        witness_account: None,
        replay: None,
    };
    Solver::new(Catalog::embedded()).solve_with_interpretation(&question, Interpretation::default())
}

#[test]
fn a_copy_can_be_made_in_another_region_than_its_source() {
    let known = KnownContext::unconstrained();
    let of_frankfurt = "arn:aws:rds:eu-central-1:111122223333:snapshot:*";
    let in_region = |action: &str, region: &str| {
        let condition = json!({ "StringEquals": { "aws:RequestedRegion": region } });
        let statement =
            json!({ "Effect": "Allow", "Action": action, "Resource": of_frankfurt, "Condition": condition });
        verdict_on(statement, &known)
    };
    assert!(matches!(in_region("rds:CopyDBSnapshot", "us-east-1"), ContainmentVerdict::Broader(_)));
    assert!(matches!(in_region("rds:CopyDBSnapshot", "eu-central-1"), ContainmentVerdict::Broader(_)));
    assert!(matches!(in_region("rds:DeleteDBSnapshot", "us-east-1"), ContainmentVerdict::Contained));
}

#[test]
fn some_calls_of_sts_need_long_term_credentials() {
    let with_mfa = || json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
    let session = || json!({ "Null": { "aws:TokenIssueTime": "false" } });
    let known = KnownContext::unconstrained();
    let ask = |action: &str, condition: Value| verdict_on_statement(action, condition, &known);
    for action in ["sts:GetSessionToken", "sts:GetFederationToken"] {
        assert!(matches!(ask(action, with_mfa()), ContainmentVerdict::Contained), "{action}");
        assert!(matches!(ask(action, session()), ContainmentVerdict::Contained), "{action}");
        assert!(matches!(ask(action, json!({})), ContainmentVerdict::Broader(_)), "{action}");
    }
    assert!(matches!(ask("sts:AssumeRole", with_mfa()), ContainmentVerdict::Broader(_)));
}

#[test]
fn a_request_has_a_source_address_or_comes_through_a_vpc_endpoint() {
    let presence =
        |address: &str, key: &str, endpoint: &str| json!({ "Null": { "aws:SourceIp": address, key: endpoint } });
    let known = KnownContext::unconstrained();
    for key in ["aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp"] {
        for (address, endpoint, is_possible) in
            [("true", "true", false), ("false", "false", false), ("true", "false", true), ("false", "true", true)]
        {
            let verdict = verdict_on_statement("s3:GetObject", presence(address, key, endpoint), &known);
            let is_broader = matches!(verdict, ContainmentVerdict::Broader(_));
            assert_eq!(is_broader, is_possible, "{key}: address missing {address}, endpoint missing {endpoint}");
        }
    }
}
