//! Tiny random accounts: a concrete IAM that executes every request one by one obtains what the search says, no more and no
//! less.
//!
//! `IAMDRIFT_TINY_ACCOUNTS=100000` is the number of accounts. The default is small.

mod account;
mod generate;
mod to_snapshot;

use std::collections::{BTreeSet, HashSet, VecDeque};

use account::{Account, Action, Request, World, is_allowed, sessions, successors};

use crate::reach::paths::{self, Found, search};

const DEFAULT_ACCOUNTS: u64 = 60;
/// The largest number of worlds of one account. Accounts with more are left out.
const MAX_WORLDS: usize = 30_000;

/// The principals as which a principal can perform the action after some sequence of requests. None if there are too many
/// sequences.
fn find_ends(account: &Account, start: usize) -> Option<BTreeSet<usize>> {
    let first = World::new(account, start);
    let mut seen = HashSet::from([first.clone()]);
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
            if seen.insert(next.clone()) {
                queue.push_back(next);
            }
        }
    }
    Some(ends)
}

#[test]
fn the_search_obtains_what_a_concrete_iam_obtains() {
    let accounts = std::env::var("IAMDRIFT_TINY_ACCOUNTS").ok().map(|text| text.parse().expect("a number"));
    let (mut decided, mut undecided, mut gained, mut complete) = (0_u32, 0_u32, 0_u32, 0_u32);
    let mut wrong = Vec::new();
    for seed in 1..=accounts.unwrap_or(DEFAULT_ACCOUNTS) {
        let account = generate::account(seed);
        let snapshot = to_snapshot::snapshot(&account);
        for start in 0..account.principals.len() {
            let itself = Request { by: start, session_tag: None, action: Action::Gain, target: None, value: 0 };
            if is_allowed(&account, &World::new(&account, start), itself) {
                continue;
            }
            let Some(expected) = find_ends(&account, start) else { continue };
            let arn = to_snapshot::arn(&account, start);
            let action = ("sqs:SendMessage", "*");
            let found: Found = search(&snapshot, &arn, (action.0, Some(action.1)));
            match found {
                Ok(found) if found.is_some() != expected.is_empty() => {}
                Ok(found) => wrong.push(format!("seed {seed}, principal {start}: {found:?}\n{account:#?}")),
                Err(_) => undecided += 1,
            }
            // Every end, and no other. An end can be missing only if something is undecided.
            let (ends, reasons) = paths::find_ends(&snapshot, &arn, action);
            let expected_arns: BTreeSet<String> = expected.iter().map(|end| to_snapshot::arn(&account, *end)).collect();
            let is_right = if reasons.is_empty() { ends == expected_arns } else { ends.is_subset(&expected_arns) };
            if !is_right {
                wrong.push(format!("seed {seed}, principal {start}: {ends:?}, not {expected_arns:?}\n{account:#?}"));
            }
            complete += u32::from(reasons.is_empty());
            decided += 1;
            gained += u32::from(!expected.is_empty());
        }
    }
    assert!(wrong.is_empty(), "{} of {decided} are wrong, the first:\n{}", wrong.len(), wrong.first().unwrap());
    println!("{decided} principals, {gained} gain, {undecided} undecided, all ends of {complete} decided");
    assert!(gained > decided / 20 && gained < decided, "{gained} of {decided}: the accounts are too simple");
    assert!(undecided * 20 <= decided, "{undecided} of {decided} are undecided");
    assert!(complete * 10 >= decided * 9, "all ends of {complete} of {decided} are decided");
}
