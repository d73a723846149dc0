//! What must hold of the solver, whatever the policies are: it agrees with brute force over a tiny alphabet,
//! and containment is an order that statements, their order and their Denys move as they should.
//!
//! Seeds are fixed; every case that ever failed is kept in `solver_laws.proptest-regressions`.
//! `IAMDRIFT_LAW_CASES` asks for more cases, `IAMDRIFT_LAW_SEED` for others.

mod cubes;
pub mod policies;
mod requests;

use std::cell::Cell;
use std::sync::Arc;

use iamdrift::access::{KnownContext, Layers, PolicyOrigin, PolicyRef, Request, evaluate};
use iamdrift::catalog::Catalog;
use iamdrift::iam::{Ambiguity, Interpretation, PolicyDocument};
use iamdrift::solve::{
    Access, ActionWorld, AnswerDetail, ContainmentVerdict, Question, Solver, UndecidedReason, WitnessPolicy,
};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed, TestCaseResult, TestRunner};

use self::policies::{Alphabet, Policy, policy, rule};
use self::requests::{is_possible, requests};

const PLAIN: Alphabet = Alphabet { variables: false, intricate: false };
const INTRICATE: Alphabet = Alphabet { variables: false, intricate: true };
const VARIABLES: Alphabet = Alphabet { variables: true, intricate: false };

/// A policy that can be asked of both engines.
pub struct Asked {
    document: Arc<PolicyDocument>,
    layers: Layers,
}

impl Asked {
    pub fn of(policy: &Policy) -> Asked {
        let document = policy.document();
        let origin = PolicyOrigin::Given;
        let one = PolicyRef::new("", origin, Arc::clone(&document));
        Asked { layers: Layers::from_identity(vec![one]), document }
    }

    fn allows(&self, request: &Request, readings: Interpretation) -> bool {
        evaluate(&self.layers, request, &|_| true, readings).is_allowed()
    }
}

/// What `a` allows and `b` does not, under one reading.
fn difference(
    solver: &Solver<'_>,
    a: &Asked,
    b: &Asked,
    readings: Interpretation,
    world: ActionWorld,
    cubes: usize,
) -> ContainmentVerdict {
    let confirm = |request: &Request, readings| {
        if world == ActionWorld::Existing {
            is_possible(request)?;
        }
        match (a.allows(request, readings), b.allows(request, readings)) {
            (true, false) => Ok(()),
            found => Err(format!("{found:?} {request:?}")),
        }
    };
    let known = KnownContext::unconstrained();
    let (effective, declared) = (Access::from_policies([(&a.document, 0)]), Access::from_policies([(&b.document, 0)]));
    let question = Question {
        effective: &effective,
        declared: &declared,
        known: &known,
        partition: None,
        world,
        single_request: None,
        budget: 2_000_000,
        detail: AnswerDetail::Difference { max_cubes: cubes, witnesses: WitnessPolicy::PerStatement },
        witness_account: None,
        replay: Some(&confirm),
    };
    solver.solve_with_interpretation(&question, readings)
}

/// Runs a law over generated cases.
fn law<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value) -> TestCaseResult) {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u32>().ok());
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/solver_laws.proptest-regressions");
    let config = ProptestConfig {
        cases: number("IAMDRIFT_LAW_CASES").unwrap_or(cases),
        rng_seed: RngSeed::Fixed(u64::from(number("IAMDRIFT_LAW_SEED").unwrap_or(20_260))),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(kept))),
        max_shrink_iters: 4000,
        max_global_rejects: 100_000,
        ..ProptestConfig::default()
    };
    if let Err(error) = TestRunner::new(config).run(strategy, test) {
        panic!("{error}");
    }
}

/// How often a verdict was what.
#[derive(Default)]
struct Tally {
    contained: Cell<usize>,
    broader: Cell<usize>,
    undecided: Cell<usize>,
}

impl Tally {
    fn count(&self, verdict: &ContainmentVerdict) {
        let of = match verdict {
            ContainmentVerdict::Contained => &self.contained,
            ContainmentVerdict::Broader(_) => &self.broader,
            ContainmentVerdict::Undecided(_) => &self.undecided,
        };
        of.set(of.get() + 1);
    }

    fn share_undecided(&self, what: &str) -> f64 {
        let (c, b, u) = (self.contained.get(), self.broader.get(), self.undecided.get());
        println!("{what}: {c} contained, {b} broader, {u} undecided");
        u as f64 / (c + b + u).max(1) as f64
    }
}

/// The verdict against the requests: a difference that brute force finds is never called contained, and a
/// witness is never refuted.
fn holds_against_brute_force(
    solver: &Solver<'_>,
    a: &Policy,
    b: &Policy,
    readings: Interpretation,
    tally: &Tally,
) -> TestCaseResult {
    let (asked_a, asked_b) = (Asked::of(a), Asked::of(b));
    let verdict = difference(solver, &asked_a, &asked_b, readings, ActionWorld::Existing, 4);
    tally.count(&verdict);
    match &verdict {
        ContainmentVerdict::Contained => {
            let excess = requests(&[a, b], 12, 16)
                .into_iter()
                .find(|r| asked_a.allows(r, readings) && !asked_b.allows(r, readings));
            prop_assert!(excess.is_none(), "called contained, and yet {excess:?}\n  under {readings:?}");
        }
        ContainmentVerdict::Broader(grants) => {
            let witnessed = grants.iter().any(|g| g.witness.is_some());
            prop_assert!(witnessed, "broader without any witness");
        }
        ContainmentVerdict::Undecided(why) => {
            let refuted = why.iter().find(|w| matches!(w, UndecidedReason::WitnessRefuted(_)));
            prop_assert!(refuted.is_none(), "{refuted:?}\n  under {readings:?}");
            if std::env::var_os("IAMDRIFT_LAW_SHOW").is_some() {
                println!("{why:?}\n  {a:?}\n  {b:?}");
            }
        }
    }
    Ok(())
}

fn brute_force(cases: u32, alphabet: Alphabet, readings: Interpretation, undecided: f64) {
    let solver = Solver::new(Catalog::embedded());
    let tally = Tally::default();
    law(cases, &(policy(alphabet), policy(alphabet)), |(a, b)| {
        // As they are; and with the second enlarged by the first less a little, which often contains it.
        holds_against_brute_force(&solver, &a, &b, readings, &tally)?;
        let mut near = a.clone();
        near.0.extend(b.0.iter().filter(|r| r.allow).cloned());
        if let Some(first) = near.0.first_mut() {
            first.entries.pop();
            first.resources.pop();
            if first.resources.is_empty() {
                first.resources.push(b.0[0].resources[0].clone());
            }
        }
        holds_against_brute_force(&solver, &a, &near, readings, &tally)
    });
    let share = tally.share_undecided(&format!("{alphabet:?} {readings:?}"));
    assert!(share <= undecided, "{share} are undecided");
}

#[test]
fn brute_force_agrees_on_plain_policies() {
    brute_force(160, PLAIN, Interpretation::default(), 0.0);
}

#[test]
fn brute_force_agrees_on_intricate_policies() {
    brute_force(200, INTRICATE, Interpretation::default(), 0.01);
}

#[test]
fn brute_force_agrees_on_policies_with_variables() {
    brute_force(120, VARIABLES, Interpretation::default(), 0.05);
}

#[test]
fn brute_force_agrees_under_every_other_reading() {
    for choice in Ambiguity::ALL {
        brute_force(30, INTRICATE, Interpretation::with_alternative(choice), 0.01);
        brute_force(20, VARIABLES, Interpretation::with_alternative(choice), 0.05);
    }
}

/// That one is contained in the other, or at least not shown to be broader.
fn is_within(solver: &Solver<'_>, a: &Policy, b: &Policy, tally: &Tally) -> TestCaseResult {
    let verdict = difference(solver, &Asked::of(a), &Asked::of(b), Interpretation::default(), ActionWorld::Existing, 1);
    tally.count(&verdict);
    prop_assert!(!matches!(verdict, ContainmentVerdict::Broader(_)), "not within: {verdict:?}\n  {a:?}\n  {b:?}");
    Ok(())
}

#[test]
fn containment_moves_as_statements_do() {
    let solver = Solver::new(Catalog::embedded());
    let tally = Tally::default();
    let strategy = (policy(INTRICATE), policy(INTRICATE), rule(INTRICATE));
    law(60, &strategy, |(a, b, mut more)| {
        is_within(&solver, &a, &a, &tally)?;
        // A union holds its parts, but for what the other part denies.
        let allows = Policy(b.0.iter().filter(|r| r.allow).cloned().collect());
        is_within(&solver, &a, &a.and(&allows), &tally)?;
        is_within(&solver, &a.and(&b), &a.and(&allows), &tally)?;
        // One more Deny takes away, and never gives.
        more.allow = false;
        let less = a.and(&Policy(vec![more]));
        is_within(&solver, &less, &a, &tally)?;
        // The order of statements says nothing.
        let backwards = Policy(a.0.iter().rev().cloned().collect());
        is_within(&solver, &a, &backwards, &tally)?;
        is_within(&solver, &backwards, &a, &tally)?;
        // A statement is the same as one statement for each of its actions, or of its resources.
        let apart = Policy(a.0.iter().flat_map(split).collect());
        is_within(&solver, &a, &apart, &tally)?;
        is_within(&solver, &apart, &a, &tally)
    });
    let share = tally.share_undecided("laws");
    assert!(share <= 0.01, "{share} are undecided");
}

/// One statement for each action and resource.
fn split(rule: &policies::Rule) -> Vec<policies::Rule> {
    let by_action: Vec<policies::Rule> = match rule.all_but_actions {
        true => vec![rule.clone()],
        false => rule.actions.iter().map(|a| policies::Rule { actions: vec![a.clone()], ..rule.clone() }).collect(),
    };
    let by_resource = |one: policies::Rule| match one.all_but_resources {
        true => vec![one],
        false => one.resources.iter().map(|r| policies::Rule { resources: vec![r.clone()], ..one.clone() }).collect(),
    };
    by_action.into_iter().flat_map(by_resource).collect()
}

#[test]
fn containment_is_transitive() {
    let solver = Solver::new(Catalog::embedded());
    let chains = Cell::new(0);
    let strategy = (policy(PLAIN), policy(PLAIN), policy(PLAIN), any::<bool>());
    law(80, &strategy, |(a, b, c, related)| {
        // Chains are rare among strangers: every second triple is made to be related.
        let (b, c) =
            if related { (a.and(&Policy(b.0.into_iter().filter(|r| r.allow).collect())), a.and(&c)) } else { (b, c) };
        let [a, b, c] = [&a, &b, &c].map(Asked::of);
        let within = |x: &Asked, y: &Asked| {
            matches!(
                difference(&solver, x, y, Interpretation::default(), ActionWorld::Existing, 1),
                ContainmentVerdict::Contained
            )
        };
        for (x, y, z) in [(&a, &b, &c), (&a, &c, &b), (&c, &a, &b), (&b, &a, &c), (&b, &c, &a), (&c, &b, &a)] {
            if within(x, y) && within(y, z) {
                chains.set(chains.get() + 1);
                prop_assert!(within(x, z), "not transitive");
            }
        }
        Ok(())
    });
    println!("{} chains", chains.get());
    assert!(chains.get() > 10);
}

#[test]
fn cubes_are_the_difference() {
    let solver = Solver::new(Catalog::embedded());
    let (told, held) = (Cell::new(0), Cell::new(0));
    law(50, &(policy(PLAIN), policy(PLAIN)), |(a, b)| {
        let (asked_a, asked_b) = (Asked::of(&a), Asked::of(&b));
        let readings = Interpretation::default();
        let ContainmentVerdict::Broader(grants) =
            difference(&solver, &asked_a, &asked_b, readings, ActionWorld::Existing, 40)
        else {
            return Ok(());
        };
        told.set(told.get() + grants.iter().map(|g| g.cubes.len()).sum::<usize>());
        let catalog = Catalog::embedded();
        let more = grants.iter().any(|g| g.has_more_cubes);
        let names: Vec<Vec<String>> = grants
            .iter()
            .map(|g| {
                g.actions.names(catalog).into_iter().filter(|n| n.starts_with("s3:") || n.starts_with("sqs:")).collect()
            })
            .collect();
        for request in requests(&[&a, &b], 10, 12) {
            let mut holding = 0;
            for (grant, names) in grants.iter().zip(&names) {
                if !names.iter().any(|name| name.eq_ignore_ascii_case(&request.action)) {
                    continue;
                }
                let count = grant.cubes.iter().filter(|cube| cubes::holds(cube, &request)).count();
                prop_assert!(count <= 1, "{count} cubes of one grant hold {request:?}\n  {:?}", grant.cubes);
                holding += count;
            }
            let excess = asked_a.allows(&request, readings) && !asked_b.allows(&request, readings);
            prop_assert!(excess || holding == 0, "a cube holds {request:?}, which is no difference\n  {grants:?}");
            prop_assert!(!excess || holding > 0 || more, "no cube holds {request:?}\n  {grants:?}");
            held.set(held.get() + usize::from(excess));
        }
        Ok(())
    });
    println!("{} cubes, {} requests of the difference", told.get(), held.get());
    assert!(told.get() > 1000 && held.get() > 1000);
}

#[test]
fn actions_that_do_not_exist_yet() {
    let catalog = Catalog::embedded();
    let solver = Solver::new(catalog);
    let s3 = catalog.find_service("s3").unwrap();
    let names = catalog.actions_of(s3).map(|id| catalog.full_name(iamdrift::catalog::ActionId(id)));
    let rule = |actions: Vec<String>| policies::Rule {
        allow: true,
        all_but_actions: false,
        actions,
        all_but_resources: false,
        resources: vec!["*".to_owned()],
        entries: Vec::new(),
    };
    let all = Asked::of(&Policy(vec![rule(vec!["s3:*".to_owned()])]));
    let listed = Asked::of(&Policy(vec![rule(names.collect())]));
    let ask = |a: &Asked, b: &Asked, world| difference(&solver, a, b, Interpretation::default(), world, 4);
    assert!(matches!(ask(&all, &listed, ActionWorld::Existing), ContainmentVerdict::Contained));
    let ContainmentVerdict::Broader(grants) = ask(&all, &listed, ActionWorld::Future) else {
        panic!("a new action is not seen")
    };
    let witness = grants[0].witness.as_ref().unwrap();
    assert!(witness.action.starts_with("s3:") && catalog.find_action(&witness.action).is_none(), "{witness:?}");
    assert!(matches!(ask(&listed, &all, ActionWorld::Existing), ContainmentVerdict::Contained));
    assert!(matches!(ask(&listed, &all, ActionWorld::Future), ContainmentVerdict::Contained));
    // In the open world a policy is within itself too.
    law(60, &policy(INTRICATE), |a| {
        let asked = Asked::of(&a);
        let verdict = difference(&solver, &asked, &asked, Interpretation::default(), ActionWorld::Future, 1);
        prop_assert!(matches!(verdict, ContainmentVerdict::Contained), "{verdict:?}");
        Ok(())
    });
    let tally = Tally::default();
    law(80, &(policy(INTRICATE), policy(INTRICATE)), |(a, b)| {
        let verdict =
            difference(&solver, &Asked::of(&a), &Asked::of(&b), Interpretation::default(), ActionWorld::Future, 2);
        tally.count(&verdict);
        if let ContainmentVerdict::Undecided(why) = &verdict {
            prop_assert!(!why.iter().any(|w| matches!(w, UndecidedReason::WitnessRefuted(_))), "{why:?}");
        }
        Ok(())
    });
    assert!(tally.share_undecided("open world") <= 0.02);
}

/// Minimised cases of what was wrong once.
#[test]
fn what_failed_once() {
    let solver = Solver::new(Catalog::embedded());
    let plain = |allow: bool, action: &str, resource: &str| policies::Rule {
        allow,
        all_but_actions: false,
        actions: vec![action.to_owned()],
        all_but_resources: false,
        resources: vec![resource.to_owned()],
        entries: Vec::new(),
    };
    let get = Policy(vec![plain(true, "s3:GetObject", "*")]);
    // The vendor in the ARN format of a recovery point held colons: asked on `arn:aws:s3:::x::x:/`.
    let others = policies::Rule { all_but_actions: true, ..plain(true, "s3:*", "arn:aws:s3:::*/*") };
    // The region of the witness was not the ARN's, for an action that only documents know.
    let queue = plain(true, policies::UNKNOWN_ACTION, "arn:aws:sqs:us-east-1:111122223333:*");
    let region = policies::Entry {
        operator: "StringEquals".to_owned(),
        key: "aws:RequestedRegion",
        values: vec!["us-east-1".to_owned()],
    };
    let elsewhere = policies::Rule { entries: vec![region], ..plain(false, "s3:GetObject", "*") };
    for policy in [Policy(vec![others]), Policy(vec![queue, elsewhere])] {
        holds_against_brute_force(&solver, &policy, &get, Interpretation::default(), &Tally::default()).unwrap();
    }
}
