//! Tiny random accounts: a concrete IAM that executes every request one by one obtains what the search says, no more and no
//! less.
//!
//! `IAMDRIFT_TINY_ACCOUNTS=100000` is the number of accounts, and `IAMDRIFT_TINY_SEED` the seed of the first one. The default is
//! small.

mod account;
mod generate;
mod to_snapshot;

use std::collections::{BTreeSet, VecDeque};

use account::{Account, Action, Request, World, is_allowed, sessions, successors};

use iamdrift::snapshot::Snapshot;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::reach::paths::{self, Found, search};

const DEFAULT_ACCOUNTS: u64 = 60;
/// The largest number of worlds of one account. Accounts with more are left out.
const MAX_WORLDS: usize = 30_000;

/// The principals as which a principal can perform the action after some sequence of requests. None if there are too many
/// sequences.
fn find_ends(account: &Account, start: usize) -> Option<BTreeSet<usize>> {
    let first = World::new(account, start);
    let mut seen = FxHashSet::from_iter([first.number()]);
    let mut queue = VecDeque::from([first]);
    let mut ends = BTreeSet::new();
    while let Some(world) = queue.pop_front() {
        let gains = |session: &(usize, Option<usize>)| {
            let (by, session_tag) = *session;
            is_allowed(account, &world, Request { by, session_tag, action: Action::Gain, target: None, value: 0 })
        };
        ends.extend(sessions(&world).iter().filter(|session| gains(session)).map(|(by, _)| *by));
        for next in successors(account, &world) {
            if seen.len() > MAX_WORLDS {
                return None;
            }
            if seen.insert(next.number()) {
                queue.push_back(next);
            }
        }
    }
    Some(ends)
}

/// What the accounts of the test have shown.
#[derive(Default)]
struct Tally {
    decided: u32,
    gained: u32,
    undecided: u32,
    /// Principals all of whose ends are decided.
    complete: u32,
    /// What differs, with the account.
    wrong: Vec<String>,
}

impl Tally {
    fn add(mut self, other: Tally) -> Tally {
        self.decided += other.decided;
        self.gained += other.gained;
        self.undecided += other.undecided;
        self.complete += other.complete;
        self.wrong.extend(other.wrong);
        self
    }
}

/// Compares what the search says of one principal with what the concrete IAM obtains.
fn compare_principal(seed: u64, account: &Account, snapshot: &Snapshot, start: usize, tally: &mut Tally) {
    let itself = Request { by: start, session_tag: None, action: Action::Gain, target: None, value: 0 };
    if is_allowed(account, &World::new(account, start), itself) {
        return;
    }
    let Some(expected) = find_ends(account, start) else { return };
    let arn = to_snapshot::arn(account, start);
    let action = ("sqs:SendMessage", "*");
    let found: Found = search(snapshot, &arn, (action.0, Some(action.1)));
    match found {
        Ok(found) if found.is_some() != expected.is_empty() => {}
        Ok(found) => tally.wrong.push(format!("seed {seed}, principal {start}: {found:?}\n{account:#?}")),
        Err(_) => tally.undecided += 1,
    }
    // Every end, and no other. An end can be missing only if something is undecided.
    let (ends, reasons) = paths::find_ends(snapshot, &arn, action);
    let expected_arns: BTreeSet<String> = expected.iter().map(|end| to_snapshot::arn(account, *end)).collect();
    let is_right = if reasons.is_empty() { ends == expected_arns } else { ends.is_subset(&expected_arns) };
    if !is_right {
        tally.wrong.push(format!("seed {seed}, principal {start}: {ends:?}, not {expected_arns:?}\n{account:#?}"));
    }
    tally.complete += u32::from(reasons.is_empty());
    tally.decided += 1;
    tally.gained += u32::from(!expected.is_empty());
}

/// A number from the environment.
fn read_number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).unwrap_or_default();
    if text.is_empty() { default } else { text.parse().unwrap_or_else(|_| panic!("{variable} is not a number")) }
}

#[test]
fn the_search_obtains_what_a_concrete_iam_obtains() {
    let first = read_number("IAMDRIFT_TINY_SEED", 1);
    let accounts = read_number("IAMDRIFT_TINY_ACCOUNTS", DEFAULT_ACCOUNTS);
    let compare = |seed: u64| {
        let account = generate::account(seed);
        let snapshot = to_snapshot::snapshot(&account);
        let mut tally = Tally::default();
        for start in 0..account.principals.len() {
            compare_principal(seed, &account, &snapshot, start, &mut tally);
        }
        tally
    };
    let tally = (first..first + accounts).into_par_iter().map(compare).reduce(Tally::default, Tally::add);
    let Tally { decided, gained, undecided, complete, wrong } = tally;
    println!("{decided} principals, {gained} gain, {undecided} undecided, all ends of {complete} decided");
    if let Some(text) = wrong.first() {
        let others: Vec<&str> = wrong.iter().skip(1).filter_map(|text| text.lines().next()).collect();
        panic!("{} of {decided} are wrong:\n{text}\n{}", wrong.len(), others.join("\n"));
    }
    assert!(gained > decided / 20 && gained < decided, "{gained} of {decided}: the accounts are too simple");
    assert!(undecided * 20 <= decided, "{undecided} of {decided} are undecided");
    assert!(complete * 10 >= decided * 9, "all ends of {complete} of {decided} are decided");
}
