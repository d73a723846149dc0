//! An account of 5,000 roles in pages of the service's size, and an organization's worth of accounts: memory follows a
//! page, not the account, and not how many there are.

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
    let server = Server::start(move |request, _| aws.answer(request));
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let mut child = command(&server.url, folder.path(), &[])
        .args(["collect", "--requests-per-second", "0", "--member-role", "m", "--accounts", &ids.join(",")])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(peak(child.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = started.elapsed();
    let output = child.wait_with_output().unwrap();
    assert_eq!(ended(&output), (0, String::new()));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.ends_with(&format!(", {} principals\n", accounts * roles)), "{told}");
    (most, took)
}

/// The most memory that a process has had, in KB; none where the system does not tell.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
}

fn is_measurable(test: &str) -> bool {
    if !cfg!(target_os = "linux") {
        println!("{test}: only Linux tells how much memory a process has had");
    }
    cfg!(target_os = "linux")
}

#[test]
fn memory_follows_a_page_and_not_the_account() {
    if !is_measurable("memory_follows_a_page_and_not_the_account") {
        return;
    }
    let (small, _) = collected(1, 500);
    let (large, took) = collected(1, 5_000);
    println!("500 roles: {small} KB at most; 5,000 roles: {large} KB at most, {took:.1?}");
    // The account itself is some 12 MB; ten times the roles take a page's worth more at the most.
    assert!(large < small + 4_096, "500 roles took {small} KB, 5,000 roles {large} KB");
}

#[test]
fn memory_follows_the_accounts_at_a_time_and_not_the_organization() {
    if !is_measurable("memory_follows_the_accounts_at_a_time_and_not_the_organization") {
        return;
    }
    let (few, _) = collected(20, 100);
    let (many, took) = collected(200, 100);
    println!("20 accounts: {few} KB at most; 200 accounts: {many} KB at most, {took:.1?}");
    // The accounts' details are some 45 MB. What is kept of each is its line of the manifest, and its session.
    assert!(many < few + 9_216, "20 accounts took {few} KB, 200 accounts {many} KB");
}
