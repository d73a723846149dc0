//! What goes wrong on the way: each ends as `docs/collect.md` says, and nothing is lost.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iamdrift::snapshot::Snapshot;

use super::answers::{Account, Aws, CALLER, READ_ONLY, policy, role};
use super::server::{Answer, Request, Server};
use super::{ended, run, run_with, shown};

const ONE: &str = "111122223333";
const TWO: &str = "444455556666";
const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const DETAILS: &str = "iam:GetAccountAuthorizationDetails";

fn account(id: &str) -> Account {
    Account {
        roles: (0..6).map(|n| role(id, &format!("role{n}"), &[("inline", ALLOW)], &[READ_ONLY])).collect(),
        policies: vec![policy(id, "local", ALLOW)],
        ..Account::default()
    }
}

fn aws() -> Aws {
    Aws::new(2).with(CALLER, account(CALLER)).with(ONE, account(ONE)).with(TWO, account(TWO))
}

/// A server that answers as AWS would unless `fault` says otherwise.
fn server(fault: impl Fn(&Request, usize) -> Option<Answer> + Send + Sync + 'static) -> Server {
    let aws = aws();
    Server::start(move |request, before| fault(request, before).unwrap_or_else(|| aws.answer(request)))
}

fn collect(server: &Server, folder: &Path, more: &[&str]) -> (i32, String) {
    let accounts = format!("{CALLER},{ONE},{TWO}");
    let arguments = ["collect", "--accounts", &accounts, "--member-role", "m", "--requests-per-second", "0"];
    ended(&run_with(&server.url, folder, &[&arguments, more].concat(), &[]))
}

/// How many principals each account of a snapshot has.
fn principals(folder: &Path) -> Vec<(String, usize)> {
    let snapshot = Snapshot::load(&folder.join("snapshot")).unwrap();
    snapshot.accounts.iter().map(|account| (account.id.to_string(), account.principals.len())).collect()
}

fn all() -> Vec<(String, usize)> {
    [ONE, TWO, CALLER].iter().map(|id| ((*id).to_owned(), 6)).collect()
}

/// What is answered in the place of a whole answer.
type Fault = fn(&str) -> Answer;

#[test]
fn throttling_500s_and_broken_connections_are_waited_out() {
    let faults: [(&str, Fault); 8] = [
        ("throttled", |_| Answer::error(400, "Throttling", "Rate exceeded")),
        ("internal", |_| Answer::error(500, "InternalFailure", "try again")),
        ("unavailable", |_| Answer::error(503, "ServiceUnavailable", "try again")),
        ("closed", |_| Answer::Closed),
        ("broken in mid-page", |whole| Answer::Broken { kind: "text/xml", body: whole.to_owned() }),
        // A proxy that cuts an answer off states the length of what is left.
        ("cut off in mid-page", |whole| {
            let length = whole.find("</GetAccountAuthorizationDetailsResult>").unwrap();
            Answer::Whole { status: 200, kind: "text/xml", body: whole[..length].to_owned() }
        }),
        ("without a request id", |whole| {
            let body = whole.replace("<RequestId>2bd31bbd-0001</RequestId>", "");
            Answer::Whole { status: 200, kind: "text/xml", body }
        }),
        ("empty", |_| Answer::Whole { status: 200, kind: "text/xml", body: String::new() }),
    ];
    let faulty = |(name, fault): (&str, Fault)| {
        let whole = aws();
        // The second answer fails, and again when it is asked for once more; so does the eighth.
        let server = server(move |request, before| {
            let fails = request.name() == DETAILS && [1, 2, 7].contains(&before);
            let Answer::Whole { body, .. } = whole.answer(request) else { return None };
            fails.then(|| fault(&body))
        });
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(collect(&server, folder.path(), &[]), (0, String::new()), "{name}");
        assert_eq!(principals(folder.path()), all(), "{name}");
        // Three accounts of six pages, and what failed was asked again.
        assert_eq!(server.count(DETAILS), 3 * 6 + 3, "{name}");
    };
    std::thread::scope(|scope| {
        for fault in faults {
            scope.spawn(move || faulty(fault));
        }
    });
}

#[test]
fn a_service_that_never_answers_leaves_the_account_unread_and_says_so() {
    let fault = |request: &Request, _: usize| {
        (request.key == format!("ASIA{ONE}") && request.name() == DETAILS)
            .then(|| Answer::error(500, "InternalFailure", "out of order"))
    };
    let server = server(fault);
    let folder = tempfile::tempdir().unwrap();
    let accounts = format!("{CALLER},{ONE}");
    let arguments = ["collect", "--accounts", &accounts, "--member-role", "m", "--requests-per-second", "0"];
    let (status, told) = ended(&run_with(&server.url, folder.path(), &arguments, &[("AWS_MAX_ATTEMPTS", "2")]));
    assert_eq!(status, 3);
    insta::assert_snapshot!("an_account_of_a_service_that_fails", told);
    let asked = server.seen().iter().filter(|request| request.key.contains(ONE) && request.name() == DETAILS).count();
    assert_eq!(asked, 2, "AWS_MAX_ATTEMPTS is honoured");
    let manifest = manifest(folder.path());
    assert_eq!(manifest["Accounts"][0]["Status"], "unread");
    assert_eq!(manifest["Accounts"][0]["Unread"][0]["Part"], "account");
    assert_eq!(manifest["Accounts"][1]["Status"], "read");
}

/// An answer is waited for a minute, and so is this test. Which of the client's timers ends the wait depends on the
/// load of the machine; both end it in the same way.
#[test]
fn a_service_that_keeps_silent_is_not_waited_for_for_ever() {
    let server = server(|request, _| {
        (request.key == format!("ASIA{ONE}") && request.name() == DETAILS).then_some(Answer::Silent)
    });
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["collect", "--accounts", ONE, "--member-role", "m", "--requests-per-second", "0"];
    let (status, told) = ended(&run_with(&server.url, folder.path(), &arguments, &[("AWS_MAX_ATTEMPTS", "1")]));
    assert_eq!((status, told.lines().count()), (3, 1), "{told}");
    assert!(told.contains(ONE) && told.contains(DETAILS), "{told}");
    let account = manifest(folder.path())["Accounts"][0].clone();
    assert_eq!((&account["Id"], &account["Status"]), (&ONE.into(), &"unread".into()));
    assert_eq!(
        (&account["Unread"][0]["Part"], &account["Unread"][0]["Permission"]),
        (&"account".into(), &serde_json::Value::Null)
    );
}

/// However many accounts are read at a time, and retries included.
#[test]
fn requests_keep_the_pace_that_is_asked_for() {
    let server = server(|request, before| {
        (request.name() == DETAILS && before < 2).then(|| Answer::error(400, "Throttling", "Rate exceeded"))
    });
    let folder = tempfile::tempdir().unwrap();
    let accounts = format!("{CALLER},{ONE},{TWO}");
    let arguments = ["collect", "--accounts", &accounts, "--member-role", "m", "--requests-per-second", "20"];
    let started = std::time::Instant::now();
    assert_eq!(ended(&run(&server.url, folder.path(), &arguments)), (0, String::new()));
    let (took, requests) = (started.elapsed(), server.seen().len());
    assert!(requests > 30, "{requests}");
    assert!(took.as_secs_f64() >= (requests - 1) as f64 / 20.0, "{requests} requests in {took:?}");
}

fn manifest(folder: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("snapshot/manifest.json")).unwrap()).unwrap()
}

#[test]
fn an_account_that_fails_in_the_middle_keeps_what_had_come() {
    let fault = |request: &Request, _: usize| {
        let third = request.field("Marker").as_deref() == Some("4");
        (request.key == format!("ASIA{ONE}") && request.name() == DETAILS && third)
            .then(|| Answer::error(500, "InternalFailure", "out of order"))
    };
    let server = server(fault);
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["collect", "--accounts", ONE, "--member-role", "m", "--requests-per-second", "0"];
    let (status, _) = ended(&run_with(&server.url, folder.path(), &arguments, &[("AWS_MAX_ATTEMPTS", "2")]));
    assert_eq!(status, 3);
    let account = manifest(folder.path())["Accounts"][0].clone();
    assert_eq!((&account["Status"], &account["Principals"]), (&"partly".into(), &4.into()));
    assert_eq!(account["Unread"][0]["Part"], "authorization-details");
}

#[test]
fn a_missing_permission_is_named_with_the_file_that_grants_it() {
    let denied = |request: &Request, _: usize| match request.name().as_str() {
        "sts:AssumeRole" if request.field("RoleArn")?.contains(ONE) => Some(Answer::error(
            403,
            "AccessDenied",
            "User: arn:aws:iam::999988887777:user/auditor is not authorized to perform: sts:AssumeRole",
        )),
        DETAILS if request.key.contains(TWO) => Some(Answer::error(403, "AccessDenied", "not authorized")),
        "iam:ListAccountAliases" => Some(Answer::error(403, "AccessDenied", "no alias for you")),
        _ => None,
    };
    let server = server(denied);
    let folder = tempfile::tempdir().unwrap();
    let (status, told) = collect(&server, folder.path(), &[]);
    assert_eq!(status, 3, "{told}");
    insta::assert_snapshot!("permissions_that_are_missing", told);
    let manifest = manifest(folder.path());
    let statuses: Vec<_> = (0..3).map(|n| manifest["Accounts"][n]["Status"].clone()).collect();
    assert_eq!(statuses, ["unread", "unread", "partly"]);
    assert_eq!(manifest["Accounts"][0]["Unread"][0]["Permission"], "sts:AssumeRole");
    assert_eq!(manifest["Accounts"][2]["Unread"][0]["Permission"], "iam:ListAccountAliases");
    // One that is denied is not asked again and again.
    assert_eq!(server.seen().iter().filter(|r| r.key.contains(TWO) && r.name() == DETAILS).count(), 1);
}

#[test]
fn expired_credentials_end_the_run_which_can_be_resumed() {
    let expired = Arc::new(AtomicBool::new(true));
    let now = Arc::clone(&expired);
    let server = server(move |request, _| {
        let refused = now.load(Ordering::Relaxed)
            && request.name() == "sts:AssumeRole"
            && request.field("RoleArn")?.contains(TWO);
        refused.then(|| Answer::error(403, "ExpiredToken", "The security token included in the request is expired"))
    });
    let folder = tempfile::tempdir().unwrap();
    let (status, told) = collect(&server, folder.path(), &["--concurrency", "1"]);
    assert_eq!(status, 2, "{told}");
    assert!(told.contains("sts:AssumeRole") && told.contains("ExpiredToken") && told.contains("--resume"), "{told}");
    let mut texts = shown(&told, folder.path());
    assert!(!folder.path().join("snapshot/manifest.json").exists());

    // A second beginning is refused, and says how to go on.
    let (status, told) = collect(&server, folder.path(), &[]);
    assert_eq!(status, 2);
    assert!(told.contains("--resume"), "{told}");
    texts += &shown(&told, folder.path());
    insta::assert_snapshot!("credentials_that_expired", texts);

    expired.store(false, Ordering::Relaxed);
    let before = server.seen().len();
    assert_eq!(collect(&server, folder.path(), &["--resume"]), (0, String::new()));
    let again: Vec<Request> = server.seen().split_off(before);
    assert!(again.iter().all(|request| !request.key.contains(ONE)), "a finished account was read again");
    assert_eq!(principals(folder.path()), all());
}

#[test]
fn without_credentials_nothing_is_begun() {
    let server = server(|_, _| None);
    let folder = tempfile::tempdir().unwrap();
    let (status, told) = ended(&run_with(&server.url, folder.path(), &["collect"], &[("AWS_ACCESS_KEY_ID", "")]));
    assert_eq!(status, 2);
    insta::assert_snapshot!("no_credentials", told);
    assert_eq!(server.seen().len(), 0);
    assert!(!folder.path().join("snapshot").exists());
}

#[test]
fn a_server_that_goes_round_in_circles_is_no_answer() {
    let server = server(|request, _| {
        (request.name() == DETAILS && request.field("Marker").is_some()).then(|| {
            Answer::xml(
                "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult>\
                 <IsTruncated>true</IsTruncated><Marker>2</Marker></GetAccountAuthorizationDetailsResult>\
                 </GetAccountAuthorizationDetailsResponse>",
            )
        })
    });
    let folder = tempfile::tempdir().unwrap();
    let (status, told) = ended(&run(&server.url, folder.path(), &["collect"]));
    assert_eq!(status, 3);
    insta::assert_snapshot!("pages_without_an_end", told);
    let account = manifest(folder.path())["Accounts"][0].clone();
    assert_eq!(account["Unread"][0]["Part"], "authorization-details", "{account}");
}

#[test]
fn an_audit_of_what_could_not_be_read_is_incomplete() {
    let server = server(|request, _| {
        let denied = request.name() == "sts:AssumeRole" && request.field("RoleArn")?.contains(ONE);
        denied.then(|| Answer::error(403, "AccessDenied", "no"))
    });
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("policies")).unwrap();
    std::fs::write(folder.path().join("policies/baseline.toml"), "version = 1\n").unwrap();
    let accounts = format!("{CALLER},{ONE}");
    let arguments =
        ["audit", "--accounts", &accounts, "--member-role", "m", "--keep-snapshot", "kept", "--fail-on", "never"];
    let output = run(&server.url, folder.path(), &arguments);
    let (status, told) = ended(&output);
    assert_eq!(status, 3, "{told}");
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("role0") && report.contains(ONE), "{report}");
    assert!(folder.path().join("kept/manifest.json").exists());
}
