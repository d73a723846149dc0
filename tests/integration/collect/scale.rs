//! An account of 5,000 roles in pages of the service's size, and an organization's worth of accounts: memory follows a
//! page, not the account, and not how many there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::answers::{Account, Aws, CALLER, READ_ONLY, role};
use super::server::Server;
use super::{command, ended};

const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"One","Effect":"Allow","Action":["s3:GetObject","s3:PutObject","sqs:SendMessage"],"Resource":["arn:aws:s3:::bucket/*","arn:aws:sqs:*:*:jobs"],"Condition":{"StringEquals":{"aws:PrincipalTag/team":"billing"}}}]}"#;

/// Collects so many accounts of so many roles each; gives the most memory that it took, in KB, and how long it took.
fn collected(accounts: usize, roles: usize) -> (u64, Duration) {
    // What IAM returns where nobody asks for another number.
    let mut aws = Aws::new(100);
    let mut ids: Vec<String> = (1..accounts).map(|n| format!("{n:012}")).collect();
    ids.push(CALLER.to_owned());
    for id in &ids {
        let policies = [("one", ALLOW), ("two", ALLOW)];
        let roles = (0..roles).map(|n| role(id, &format!("role-{n:05}"), &policies, &[READ_ONLY])).collect();
        aws = aws.with(id, Account { roles, ..Account::default() });
    }
    // Memory is looked at with each request, however rarely this process runs between them.
    let (process, seen) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU64::new(0)));
    let (asking, most) = (Arc::clone(&process), Arc::clone(&seen));
    let server = Server::start(move |request, _| {
        most.fetch_max(peak(asking.load(Ordering::Relaxed)).unwrap_or(0), Ordering::Relaxed);
        aws.answer(request)
    });
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let mut child = command(&server.url, folder.path(), &[])
        .args(["collect", "--requests-per-second", "0", "--member-role", "m", "--accounts", &ids.join(",")])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    process.store(child.id(), Ordering::Relaxed);
    while child.try_wait().unwrap().is_none() {
        seen.fetch_max(peak(child.id()).unwrap_or(0), Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = started.elapsed();
    let output = child.wait_with_output().unwrap();
    assert_eq!(ended(&output), (0, String::new()));
    let told = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<usize> = told.split_whitespace().filter_map(|word| word.replace(',', "").parse().ok()).collect();
    assert_eq!(numbers.last(), Some(&(accounts * roles)), "{told}");
    (seen.load(Ordering::Relaxed), took)
}

/// The most memory that a process has had, in KB; none where the system does not tell.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs Linux (which tells how much memory a process has had)")]
fn memory_follows_a_page_and_not_the_account() {
    let (small, _) = collected(1, 500);
    let (large, took) = collected(1, 5_000);
    println!("500 roles: {small} KB at most; 5,000 roles: {large} KB at most, {took:.1?}");
    // The account itself is some 12 MB; ten times the roles take a page's worth more at the most.
    assert!(large < small + 4_096, "500 roles took {small} KB, 5,000 roles {large} KB");
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs Linux (which tells how much memory a process has had)")]
fn memory_follows_the_accounts_at_a_time_and_not_the_organization() {
    let (few, _) = collected(20, 100);
    let (many, took) = collected(200, 100);
    println!("20 accounts: {few} KB at most; 200 accounts: {many} KB at most, {took:.1?}");
    // The accounts' details are some 45 MB. What is kept of each is its line of the manifest, and its session.
    assert!(many < few + 9_216, "20 accounts took {few} KB, 200 accounts {many} KB");
}
