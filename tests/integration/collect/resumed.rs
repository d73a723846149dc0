//! A collection that goes on: where it was broken off, and where something could not be read.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iamdrift::snapshot::Snapshot;
use serde_json::Value;

use super::answers::{Account, Aws, CALLER, role};
use super::server::{Answer, Request, Server};
use super::{ended, run, shown};

const ONE: &str = "111122223333";
const TWO: &str = "444455556666";
const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;

/// Three accounts of five roles each; while `broken` is set, `fault` answers first.
fn server(broken: &Arc<AtomicBool>, fault: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Server {
    let account = |id: &str| Account {
        roles: (0..5).map(|n| role(id, &format!("role{n}"), &[("inline", ALLOW)], &[])).collect(),
        ..Account::default()
    };
    let aws = [CALLER, ONE, TWO].into_iter().fold(Aws::new(2), |aws, id| aws.with(id, account(id)));
    let broken = Arc::clone(broken);
    Server::start(move |request, _| {
        let answer = if broken.load(Ordering::Relaxed) { fault(request) } else { None };
        answer.unwrap_or_else(|| aws.answer(request))
    })
}

fn arguments<'a>(accounts: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["collect", "--accounts", accounts, "--member-role", "m", "--requests-per-second", "0"], more].concat()
}

fn collect(server: &Server, folder: &Path, more: &[&str]) -> (i32, String) {
    let accounts = format!("{CALLER},{ONE},{TWO}");
    ended(&run(&server.url, folder, &arguments(&accounts, more)))
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("snapshot/manifest.json")).unwrap()).unwrap()
}

fn statuses(folder: &Path) -> Vec<String> {
    let accounts = manifest(folder)["Accounts"].as_array().unwrap().clone();
    accounts.iter().map(|account| account["Status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_of_a_finished_snapshot_is_unread_is_read_again() {
    let broken = Arc::new(AtomicBool::new(true));
    let server = server(&broken, |request| match request.name().as_str() {
        "sts:AssumeRole" if request.field("RoleArn")?.contains(ONE) => {
            Some(Answer::error(403, "AccessDenied", "not yet"))
        }
        "iam:ListAccountAliases" if request.key.contains(TWO) => Some(Answer::error(403, "AccessDenied", "not yet")),
        _ => None,
    });
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(collect(&server, folder.path(), &[]).0, 3);
    assert_eq!(statuses(folder.path()), ["unread", "partly", "read"]);

    // Begun anew it is refused, with the way to go on; nothing is asked of any account.
    let (status, told) = collect(&server, folder.path(), &[]);
    assert_eq!(status, 2);
    assert!(told.contains("--resume"), "{told}");
    let mut texts = shown(&told, folder.path());

    broken.store(false, Ordering::Relaxed);
    let before = server.seen().len();
    assert_eq!(collect(&server, folder.path(), &["--resume"]), (0, String::new()));
    let again = server.seen().split_off(before);
    let asked = |id: &str| again.iter().filter(|request| request.service == "iam" && request.key.contains(id)).count();
    assert!(asked(ONE) > 0 && asked(TWO) > 0);
    assert!(again.iter().all(|request| request.service != "iam" || request.key != "AKIACALLER"), "it was read whole");
    assert_eq!(statuses(folder.path()), ["read"; 3]);
    assert_eq!(Snapshot::load(&folder.path().join("snapshot")).unwrap().principals().count(), 15);

    let (status, told) = collect(&server, folder.path(), &["--resume"]);
    assert_eq!(status, 2);
    texts += &shown(&told, folder.path());
    insta::assert_snapshot!("a_finished_snapshot_that_is_begun_or_resumed", texts);
}

#[test]
fn an_account_that_is_damaged_and_not_asked_for_again_is_told_as_unread() {
    let broken = Arc::new(AtomicBool::new(true));
    let server = server(&broken, |request| {
        let expired = request.name() == "sts:AssumeRole" && request.field("RoleArn")?.contains(TWO);
        expired.then(|| Answer::error(403, "ExpiredToken", "expired"))
    });
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(collect(&server, folder.path(), &["--concurrency", "1"]).0, 2);
    std::fs::write(folder.path().join(format!("snapshot/accounts/{ONE}.json")), "{}").unwrap();
    broken.store(false, Ordering::Relaxed);
    let (status, told) = ended(&run(&server.url, folder.path(), &arguments(TWO, &["--resume"])));
    assert_eq!(status, 3, "{told}");
    insta::assert_snapshot!("a_damaged_account_that_is_not_collected_again", told);
    let manifest = manifest(folder.path());
    let accounts = manifest["Accounts"].as_array().unwrap().iter();
    let statuses: Vec<_> = accounts.map(|account| (account["Id"].as_str().unwrap(), &account["Status"])).collect();
    assert!(statuses.contains(&(ONE, &"unread".into())), "{manifest}");
}

/// What an audit collects for itself goes with it, so that there is nothing to continue; unless it is kept.
#[test]
fn an_audit_tells_of_resuming_only_where_something_can_be_resumed() {
    let broken = Arc::new(AtomicBool::new(true));
    let server = server(&broken, |request| {
        let expired = request.name() == "sts:AssumeRole" && request.field("RoleArn")?.contains(TWO);
        expired.then(|| Answer::error(403, "ExpiredToken", "expired"))
    });
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("policies")).unwrap();
    std::fs::write(folder.path().join("policies/baseline.toml"), "version = 1\n").unwrap();
    let accounts = format!("{ONE},{TWO}");
    let audit = ["audit", "--accounts", &accounts, "--member-role", "m", "--concurrency", "1"];
    let discarded = [&audit[..], &["--keep-newest", "0"]].concat();
    let (status, told) = ended(&run(&server.url, folder.path(), &discarded));
    assert_eq!(status, 2);
    assert!(told.contains("ExpiredToken") && !told.contains("--resume"), "{told}");
    let mut texts = told;

    let kept = [&audit[..], &["--keep-snapshot", "snapshot"]].concat();
    let (status, told) = ended(&run(&server.url, folder.path(), &kept));
    assert_eq!(status, 2);
    assert!(told.contains("`iamdrift collect --resume -o snapshot`"), "{told}");
    texts += &told;
    insta::assert_snapshot!("an_audit_that_can_be_resumed_where_its_snapshot_is_kept", texts);
    // And so it does.
    broken.store(false, Ordering::Relaxed);
    assert_eq!(ended(&run(&server.url, folder.path(), &arguments(&accounts, &["--resume"]))), (0, String::new()));

    // Where nothing had begun there is nothing to continue.
    broken.store(true, Ordering::Relaxed);
    let (status, told) = ended(&run(&server.url, folder.path(), &["collect", "--accounts", TWO, "-o", "other"]));
    assert_eq!(status, 2);
    assert!(!told.contains("--resume"), "{told}");
}
