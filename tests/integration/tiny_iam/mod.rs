//! Tiny random accounts: a concrete IAM that executes every request one by one obtains what the search says, no more and no
//! less.
//!
//! `IAMDRIFT_TINY_ACCOUNTS=100000` is the number of accounts. The default is small.

mod account;
mod generate;
mod to_snapshot;

use std::collections::{HashSet, VecDeque};

use account::{Action, Principal, Request, World, is_allowed, successors};

use crate::reach::paths::{Found, search};

const DEFAULT_ACCOUNTS: u64 = 60;
/// The largest number of worlds of one account. Accounts with more are left out.
const MAX_WORLDS: usize = 30_000;

/// Whether a principal can obtain the action by some sequence of requests. None if there are too many sequences.
fn obtains(account: &[Principal], start: usize) -> Option<bool> {
    let first = World::new(account, start);
    let mut seen = HashSet::from([first.clone()]);
    let mut queue = VecDeque::from([first]);
    while let Some(world) = queue.pop_front() {
        let gains = |by: usize| {
            world.held[by] && is_allowed(account, &world, Request { by, action: Action::Gain, target: None, value: 0 })
        };
        if (0..account.len()).any(gains) {
            return Some(true);
        }
        for next in successors(account, &world) {
            if seen.len() > MAX_WORLDS {
                return None;
            }
            if seen.insert(next.clone()) {
                queue.push_back(next);
            }
        }
    }
    Some(false)
}

#[test]
fn the_search_obtains_what_a_concrete_iam_obtains() {
    let accounts = std::env::var("IAMDRIFT_TINY_ACCOUNTS").ok().map(|text| text.parse().expect("a number"));
    let (mut decided, mut undecided, mut gained) = (0_u32, 0_u32, 0_u32);
    let mut wrong = Vec::new();
    for seed in 1..=accounts.unwrap_or(DEFAULT_ACCOUNTS) {
        let account = generate::account(seed);
        let snapshot = to_snapshot::snapshot(&account);
        for start in 0..account.len() {
            let itself = Request { by: start, action: Action::Gain, target: None, value: 0 };
            if is_allowed(&account, &World::new(&account, start), itself) {
                continue;
            }
            let Some(expected) = obtains(&account, start) else { continue };
            let found: Found = search(&snapshot, &to_snapshot::arn(&account, start), ("sqs:SendMessage", Some("*")));
            match found {
                Ok(found) if found.is_some() == expected => {}
                Ok(found) => wrong.push(format!("seed {seed}, principal {start}: {found:?}\n{account:#?}")),
                Err(_) => undecided += 1,
            }
            decided += 1;
            gained += u32::from(expected);
        }
    }
    assert!(wrong.is_empty(), "{} of {decided} are wrong, the first:\n{}", wrong.len(), wrong.first().unwrap());
    println!("{decided} principals, {gained} gain, {undecided} undecided");
    assert!(gained > decided / 20 && gained < decided, "{gained} of {decided}: the accounts are too simple");
    assert!(undecided * 20 <= decided, "{undecided} of {decided} are undecided");
}
