//! Random accounts with every layer, and baselines for them. A seed always gives the same account.

pub mod accounts;
pub mod baselines;
pub mod conditions;
pub mod random;
pub mod services;
pub mod statements;
pub mod surroundings;

use std::collections::BTreeMap;

use serde_json::Value;

use self::accounts::{draw_names, draw_page};
use self::baselines::draw_baseline;
use self::conditions::Areas;
use self::random::Dice;
use self::services::{MEMBER, OWN};
use self::statements::Topic;
use self::surroundings::{draw_organization, draw_resource_policies};

/// The files of a snapshot and of a baseline, by their names.
#[derive(Clone, Debug)]
pub struct Case {
    pub snapshot: BTreeMap<String, Value>,
    pub baseline: BTreeMap<String, Value>,
}

const SERVICES: [&str; 7] = ["s3", "sqs", "kms", "iam", "ec2", "secretsmanager", "sts"];

/// Draws the accounts of a seed.
pub fn generate_case(seed: u64, areas: Areas<'_>) -> Case {
    let dice = &mut Dice::new(seed);
    let accounts: &[&'static str] = if dice.percent(35) { &[OWN, MEMBER] } else { &[OWN] };
    let names = draw_names(dice, accounts);
    let services: Vec<&str> =
        SERVICES.into_iter().filter(|service| *service != "sts" || areas("assume-role")).collect();
    let topic = Topic {
        services: dice.pick_some(&services, 3),
        arns: names.iter().map(|name| name.arn.clone()).collect(),
        areas,
    };
    let mut snapshot = BTreeMap::new();
    let mut held = Vec::new();
    for account in accounts {
        let page = draw_page(&topic, dice, account, &names);
        snapshot.insert(format!("accounts/{account}.json"), page.page);
        held.extend(page.held);
    }
    if dice.percent(60) {
        snapshot.insert("organization.json".to_owned(), draw_organization(&topic, dice));
    }
    if dice.percent(60) {
        snapshot.insert("resource-policies.json".to_owned(), draw_resource_policies(&topic, dice));
    }
    let baseline = draw_baseline(&topic, dice, &names, &held);
    Case { snapshot, baseline }
}
