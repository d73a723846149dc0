//! `explain`, `who-can` and `simulate` give the oracle's answer on drawn requests.

use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::audit_run::write_case;
use super::checks::read_witness;
use super::evaluator::decision::Owner;
use super::evaluator::policy::Policy;
use super::evaluator::principal_element::Caller;
use super::evaluator::world::{PrincipalKind, World};
use super::evaluator::{Reading, Request, Value};
use super::facts;
use super::generator::conditions::Areas;
use super::generator::random::Dice;
use super::generator::{Case, generate_case};
use super::manifest::Manifest;
use super::sampler::{Pool, Sampler};
use super::tally::Tally;

/// A drawn request of one caller.
struct Question<'a> {
    caller: Caller<'a>,
    request: Request,
    owner: Owner,
    /// The oracle's answer. `None` if it depends on who owns the resource, or on what AWS leaves open.
    allowed: Option<bool>,
}

impl Question<'_> {
    fn describe(&self) -> String {
        let Request { action, resource, context } = &self.request;
        format!(
            "{} {} {action} {resource} {context:?}: oracle {:?}",
            self.caller.principal.arn, self.caller.session, self.allowed
        )
    }
}

fn draw_questions<'a>(
    world: &'a World,
    pool: &'a Pool<'a>,
    dice: &mut Dice,
    areas: Areas<'_>,
    count: usize,
) -> Vec<Question<'a>> {
    let mut questions = Vec::new();
    for principal in &world.principals {
        let caller = Caller { principal, session: *dice.pick(&["ci", "zz"]) };
        let sampler = Sampler::new(world, pool, &caller, areas);
        for _ in 0..count {
            let (request, owner) = sampler.draw(dice, &caller);
            let owners = world.list_owners(&caller, &request.resource);
            let mut answers: Vec<bool> = Vec::new();
            for owner in &owners {
                answers.extend(Reading::list_all().map(|reading| world.allows(&caller, &request, owner, reading)));
            }
            answers.dedup();
            let allowed = if let [answer] = answers.as_slice() { Some(*answer) } else { None };
            questions.push(Question { caller, request, owner, allowed });
        }
    }
    questions
}

fn run(arguments: &[String], input: Option<String>) -> Json {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iamdrift"));
    command.args(arguments);
    if let Some(input) = input {
        command.write_stdin(input);
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {errors}"))
}

fn caller_arn(caller: &Caller<'_>) -> String {
    match caller.principal.kind {
        PrincipalKind::User => caller.principal.arn.clone(),
        PrincipalKind::Role => caller.principal.session_arn(caller.session),
    }
}

/// Asks `explain`. An error if it disagrees.
fn check_explain(folder: &Path, question: &Question<'_>) -> Result<(), String> {
    let Some(allowed) = question.allowed else { return Ok(()) };
    let Request { action, resource, context } = &question.request;
    let mut arguments = ["explain", "--format", "json", "--snapshot"].map(str::to_owned).to_vec();
    arguments.push(folder.join("snapshot").display().to_string());
    for (key, value) in context {
        for value in value.list() {
            arguments.extend(["--context".to_owned(), format!("{key}={value}")]);
        }
    }
    arguments.extend([caller_arn(&question.caller), action.clone(), resource.clone()]);
    let answer = run(&arguments, None);
    match (answer["decision"] == "allowed") == allowed {
        true => Ok(()),
        false => Err(format!("explain says {}: {}", answer["decision"], question.describe())),
    }
}

/// The documents of some policies.
fn list_documents<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Vec<Json> {
    policies.into_iter().map(|policy| policy.document.clone()).collect()
}

/// The input of `simulate` for a question. `None` if the resource's policy is not known.
fn build_simulation(world: &World, question: &Question<'_>) -> Option<Json> {
    let principal = question.caller.principal;
    let Request { action, resource, context } = &question.request;
    let covering = world.resource_policies.iter().find(|policy| policy.covers(resource));
    let owner = question.owner.as_ref()?;
    let is_own = *owner == principal.account;
    if (covering.is_none() && !is_own) || super::evaluator::decision::is_role_assumption(&question.request) {
        return None;
    }
    let to_entry = |(key, value): (&String, &Value)| {
        let kind = if matches!(value, Value::One(_)) { "string" } else { "stringList" };
        json!({ "ContextKeyName": key, "ContextKeyType": kind, "ContextKeyValues": value.list() })
    };
    let mut input = json!({
        "ActionNames": [action], "ResourceArns": [resource], "CallerArn": caller_arn(&question.caller),
        "PolicyInputList": list_documents(&principal.identity),
        "ContextEntries": context.iter().map(to_entry).collect::<Vec<_>>(), "ResourceOwner": owner,
    });
    if let Some(boundary) = &principal.boundary {
        input["PermissionsBoundaryPolicyInputList"] = json!([boundary.document]);
    }
    if let Some(policy) = covering {
        input["ResourcePolicy"] = policy.policy.document.clone();
    }
    if let Some(organization) = &world.organization {
        let to_lists = |levels: Vec<Vec<&Policy>>| levels.into_iter().map(list_documents).collect::<Vec<_>>();
        let controls = organization.list_service_controls(&principal.account);
        if !controls.is_empty() {
            input["ServiceControlPolicyInputList"] = json!(to_lists(controls));
        }
        let controls = organization.list_resource_controls(owner);
        if !controls.is_empty() {
            input["ResourceControlPolicyInputList"] = json!(to_lists(controls));
        }
    }
    Some(input)
}

/// Asks `simulate` about all questions at once.
fn check_simulate(world: &World, questions: &[Question<'_>]) -> Vec<String> {
    // The unique id is not in the input.
    let names_id = |question: &&Question<'_>| {
        let policies = world.resource_policies.iter().filter(|policy| policy.covers(&question.request.resource));
        !policies.into_iter().any(|policy| policy.policy.document.to_string().contains("NotPrincipal"))
    };
    let asked: Vec<(&Question<'_>, Json)> = questions
        .iter()
        .filter(|question| question.allowed.is_some())
        .filter(names_id)
        .filter_map(|question| Some((question, build_simulation(world, question)?)))
        .collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let inputs: Vec<&Json> = asked.iter().map(|(_, input)| input).collect();
    let answer = run(&["simulate", "--cli-input-json", "-"].map(str::to_owned), Some(json!(inputs).to_string()));
    let check = |(index, (question, input)): (usize, &(&Question<'_>, Json))| {
        let decision = &answer[index]["EvaluationResults"][0]["EvalDecision"];
        let agrees = (decision == "allowed") == question.allowed.unwrap();
        (!agrees).then(|| format!("simulate says {decision}: {} {input}", question.describe()))
    };
    asked.iter().enumerate().filter_map(check).collect()
}

/// Asks `who-can` about the action and the resource of a question.
fn check_who_can(
    folder: &Path,
    world: &World,
    questions: &[Question<'_>],
    asked: &Question<'_>,
    areas: Areas<'_>,
) -> Vec<String> {
    let Request { action, resource, .. } = &asked.request;
    let mut arguments = ["who-can", "--direct", "--format", "json", "--snapshot"].map(str::to_owned).to_vec();
    arguments.extend([folder.join("snapshot").display().to_string(), action.clone(), resource.clone()]);
    let answer = run(&arguments, None);
    let mut differences = Vec::new();
    let lists = |list: &str, arn: &str| answer[list].as_array().unwrap().iter().any(|row| row["arn"] == arn);
    for question in questions.iter().filter(|q| (&q.request.action, &q.request.resource) == (action, resource)) {
        let arn = question.caller.principal.arn.as_str();
        if question.allowed == Some(true) && !lists("principals", arn) && !lists("undecided", arn) {
            differences.push(format!("who-can does not list it: {}", question.describe()));
        }
    }
    for row in answer["principals"].as_array().unwrap() {
        let principal = world.find_principal(row["arn"].as_str().unwrap()).unwrap();
        let witness = iamdrift::audit::Witness {
            action: row["witness"]["action"].as_str().unwrap().to_owned(),
            resource: row["witness"]["resource"].as_str().unwrap().to_owned(),
            context: serde_json::from_value(row["witness"]["context"].clone()).unwrap(),
        };
        let confirms = |(session, endpoint): (&str, bool)| {
            let caller = Caller { principal, session };
            let mut request = read_witness(&witness);
            request.context.remove("aws:userid");
            facts::complete(world, &caller, &mut request, endpoint);
            let owners = world.list_owners(&caller, &request.resource);
            owners.iter().any(|owner| {
                let contradictions = facts::list_contradictions(world, &caller, &request, owner);
                world.allows(&caller, &request, owner, Reading::default())
                    && !contradictions.iter().any(|(area, _)| areas(area))
            })
        };
        if ![("ci", false), ("zz", false), ("ci", true), ("zz", true)].into_iter().any(confirms) {
            differences.push(format!("who-can's witness is refuted: {} {witness:?}", principal.arn));
        }
    }
    differences
}

/// Asks all commands about the case of a seed.
pub fn check_commands(seed: u64, areas: Areas<'_>, count: usize) -> (Tally, Vec<String>) {
    let case: Case = generate_case(seed, areas);
    let folder = TempDir::new().unwrap();
    write_case(&case, folder.path());
    let (world, manifest) = (World::read(&case.snapshot), Manifest::read(&case.baseline));
    let pool = Pool::collect(&world, &manifest);
    let dice = &mut Dice::new(seed);
    let questions = draw_questions(&world, &pool, dice, areas, count);
    let mut differences = check_simulate(&world, &questions);
    let mut tally = Tally { accounts: 1, requests: questions.len(), ..Tally::default() };
    for _ in 0..2 {
        let question = dice.pick(&questions);
        differences.extend(check_explain(folder.path(), question).err());
        differences.extend(check_who_can(folder.path(), &world, &questions, question, areas));
        tally.witnesses += 1;
    }
    tally.allowed = questions.iter().filter(|question| question.allowed == Some(true)).count();
    (tally, differences.into_iter().map(|text| format!("seed {seed}: {text}")).collect())
}
