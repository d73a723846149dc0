//! An account of 5,000 roles in pages of the service's size: memory follows a page, not the account.

use std::time::{Duration, Instant};

use super::answers::{Account, Aws, CALLER, READ_ONLY, role};
use super::server::Server;
use super::{command, ended};

const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"One","Effect":"Allow","Action":["s3:GetObject","s3:PutObject","sqs:SendMessage"],"Resource":["arn:aws:s3:::bucket/*","arn:aws:sqs:*:*:jobs"],"Condition":{"StringEquals":{"aws:PrincipalTag/team":"billing"}}}]}"#;

/// Collects an account of so many roles; gives the most memory that it took, in KB, and how long it took.
fn collected(roles: usize) -> (u64, Duration) {
    let account = Account {
        roles: (0..roles)
            .map(|n| role(CALLER, &format!("role-{n:05}"), &[("one", ALLOW), ("two", ALLOW)], &[READ_ONLY]))
            .collect(),
        ..Account::default()
    };
    // What IAM returns where nobody asks for another number.
    let aws = Aws::new(100).with(CALLER, account);
    let server = Server::start(move |request, _| aws.answer(request));
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let mut child = command(&server.url, folder.path(), &[])
        .args(["collect", "--requests-per-second", "0"])
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
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("snapshot: 1 account, {roles} principals\n"));
    (most, took)
}

/// The most memory that a process has had, in KB; none where the system does not tell.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
}

#[test]
fn memory_follows_a_page_and_not_the_account() {
    if !cfg!(target_os = "linux") {
        println!("memory_follows_a_page_and_not_the_account: only Linux tells how much memory a process has had");
        return;
    }
    let (small, _) = collected(500);
    let (large, took) = collected(5_000);
    println!("500 roles: {small} KB at most; 5,000 roles: {large} KB at most, {took:.1?}");
    // The account itself is some 12 MB; ten times the roles take a page's worth more at the most.
    assert!(large < small + 4_096, "500 roles took {small} KB, 5,000 roles {large} KB");
}
