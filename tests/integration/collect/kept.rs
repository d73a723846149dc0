//! What an audit that collects leaves: a snapshot in the user's data folder, or nothing at all.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::answers::{Account, Aws, CALLER, role};
use super::server::{Answer, Server};
use super::{command, ended, run, run_with};

const DETAILS: &str = "iam:GetAccountAuthorizationDetails";
const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
/// Hostile characters that XML can contain.
const HOSTILE: &str = "\u{9b}31m\u{85}\u{202e}\u{2028}\u{200b}x";

/// An account with one role.
fn aws(name: &str) -> Aws {
    let roles = vec![role(CALLER, name, &[("inline", ALLOW)], &[])];
    Aws::new(10).with(CALLER, Account { roles, ..Account::default() })
}

fn server() -> Server {
    let aws = aws("one");
    Server::start(move |request, _| aws.answer(request))
}

/// A home with a baseline, and an empty temporary directory.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(home.path("policies")).unwrap();
        std::fs::create_dir_all(home.path("tmp")).unwrap();
        std::fs::write(home.path("policies/baseline.toml"), "version = 1\n").unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn audit(&self, server: &Server, environment: &[(&str, &str)], more: &[&str]) -> Output {
        let temporary = self.path("tmp");
        let environment = [&[("TMPDIR", temporary.to_str().unwrap())], environment].concat();
        run_with(&server.url, self.0.path(), &[&["audit"], more].concat(), &environment)
    }

    fn is_tmp_empty(&self) -> bool {
        std::fs::read_dir(self.path("tmp")).unwrap().next().is_none()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        into.push(path.clone());
        if path.is_dir() {
            files(&path, into);
        }
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// All files that the places of a report name.
fn places(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| places(item, into)),
        Value::Object(members) => {
            into.extend(members.get("file").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| places(member, into));
        }
        _ => {}
    }
}

#[test]
fn a_snapshot_is_kept_for_its_user_alone_and_can_be_used() {
    let (server, home) = (server(), Home::new());
    let output = home.audit(&server, &[], &["--format", "json"]);
    let (status, text) = ended(&output);
    assert_eq!(status, 1, "{text}");
    let folder = home.path(".local/share/iamdrift/snapshots");
    let kept = names(&folder);
    assert_eq!(kept.len(), 1, "{kept:?}");
    let snapshot = folder.join(&kept[0]);
    assert!(text.contains(snapshot.to_str().unwrap()), "{text}");
    assert!(home.is_tmp_empty());
    let mut all = vec![folder.clone(), home.path(".local/share/iamdrift")];
    files(&folder, &mut all);
    for path in all {
        assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut named = Vec::new();
    places(&report, &mut named);
    assert!(named.len() >= 2 && named.iter().all(|file| snapshot.join(file).is_file()), "{named:?}");
    let explain = ["explain", "one", "s3:GetObject", "arn:aws:s3:::b/k", "--snapshot", snapshot.to_str().unwrap()];
    assert_eq!(ended(&run(&server.url, home.0.path(), &explain)), (0, String::new()));
    // Another folder, by the environment; a relative path there is no path.
    let data = home.path("data");
    home.audit(&server, &[("XDG_DATA_HOME", data.to_str().unwrap())], &[]);
    assert_eq!((names(&data.join("iamdrift/snapshots")).len(), names(&folder).len()), (1, 1));
    home.audit(&server, &[("XDG_DATA_HOME", "data2")], &[]);
    assert_eq!((home.path("data2").exists(), names(&folder).len()), (false, 2));
}

#[test]
fn the_newest_snapshots_are_kept() {
    let (server, home) = (server(), Home::new());
    let folder = home.path(".local/share/iamdrift/snapshots");
    for day in 10..25 {
        std::fs::create_dir_all(folder.join(format!("2020-01-{day}T00-00-00Z/accounts"))).unwrap();
    }
    home.audit(&server, &[], &[]);
    let kept = names(&folder);
    assert_eq!((kept.len(), kept[0].as_str()), (10, "2020-01-16T00-00-00Z"), "{kept:?}");
    home.audit(&server, &[], &["--keep-newest", "2"]);
    let kept = names(&folder);
    assert!(kept.len() == 2 && !kept[0].starts_with("2020"), "{kept:?}");
    let (status, text) = ended(&home.audit(&server, &[], &["--keep-newest", "0"]));
    assert_eq!((status, text.as_str()), (1, ""));
    assert_eq!((names(&folder), home.is_tmp_empty()), (kept, true));
    let named = home.audit(&server, &[], &["--keep-snapshot", "named"]);
    assert_eq!(ended(&named), (1, String::new()));
    assert!(home.path("named/manifest.json").is_file());
}

/// A file in the place of a home, a file system that is read-only, no home at all: the audit ends as it would otherwise.
#[test]
fn a_home_that_cannot_be_used_fails_no_audit() {
    let (server, home) = (server(), Home::new());
    let missing = home.path("missing");
    let file = home.path("file");
    std::fs::write(&file, "").unwrap();
    let blocked = home.path("blocked");
    std::fs::create_dir_all(blocked.join(".local")).unwrap();
    std::fs::write(blocked.join(".local/share"), "").unwrap();
    let homes = [
        ("HOME", missing.to_str().unwrap()),
        ("HOME", file.to_str().unwrap()),
        ("HOME", blocked.to_str().unwrap()),
        ("HOME", "/proc"),
        ("XDG_DATA_HOME", "/proc/x"),
        ("XDG_DATA_HOME", "/dev/null"),
        ("XDG_DATA_HOME", "/dev/null/x"),
    ];
    for variable in homes {
        let output = home.audit(&server, &[variable], &["--format", "json"]);
        let (status, text) = ended(&output);
        assert_eq!(status, 1, "{variable:?}: {text}");
        assert!(
            text.starts_with("warning: the snapshot is not kept") && text.lines().count() == 1,
            "{variable:?}: {text}"
        );
        assert!(home.is_tmp_empty(), "{variable:?}");
        assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok(), "{variable:?}");
    }
    assert!(!missing.exists());
    // Neither a home nor a temporary directory.
    let output = home.audit(&server, &[("HOME", "/proc"), ("TMPDIR", "/proc")], &[]);
    assert_eq!(ended(&output).0, 2);
}

#[test]
fn a_collection_that_does_not_begin_leaves_no_directory() {
    let home = Home::new();
    let server = Server::start(|_, _| Answer::error(403, "InvalidClientTokenId", "no"));
    let (status, text) = ended(&home.audit(&server, &[], &[]));
    assert_eq!(status, 2, "{text}");
    assert_eq!(names(&home.path(".local/share/iamdrift/snapshots")), Vec::<String>::new());
    assert!(home.is_tmp_empty());
}

/// Starts an audit that waits for an answer, with a snapshot begun. `nohup` are signals that it ignores from its start.
fn wait_in_collection(home: &Home, server: &Server, environment: &[(&str, &str)], nohup: &str) -> std::process::Child {
    let temporary = home.path("tmp");
    let program = command(&server.url, home.0.path(), environment);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("{nohup}\nexec \"$0\" audit --requests-per-second 0")]).arg(program.get_program());
    shell.current_dir(home.0.path()).env_clear();
    shell.envs(program.get_envs().filter_map(|(key, value)| Some((key, value?)))).env("TMPDIR", temporary);
    let before = server.count(DETAILS);
    let child = shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while server.count(DETAILS) == before {
        assert!(start.elapsed() < Duration::from_secs(60), "the collection does not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

fn send(signal: &str, child: &std::process::Child) {
    let status = std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Whether this process, and so each program that it starts, ignores a signal. Only Linux shows it.
fn is_ignored_here(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() >> (signal - 1) & 1 == 1)
}

#[test]
fn a_signal_leaves_nothing_in_the_temporary_directory() {
    let home = Home::new();
    let aws = aws("one");
    let server =
        Server::start(move |request, _| if request.name() == DETAILS { Answer::Silent } else { aws.answer(request) });
    let missing = home.path("missing");
    let without_home = [("HOME", missing.to_str().unwrap())];
    for (signal, number) in [
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("ABRT", 6),
        ("USR1", 10),
        ("USR2", 12),
        ("ALRM", 14),
        ("TERM", 15),
        ("XCPU", 24),
        ("VTALRM", 26),
        ("SYS", 31),
    ] {
        // A signal that is ignored from the start, as with `nohup cargo test`, does not end the program.
        if is_ignored_here(number) {
            continue;
        }
        let mut child = wait_in_collection(&home, &server, &without_home, "");
        assert!(!home.is_tmp_empty(), "{signal}: the test is about a temporary snapshot");
        send(signal, &child);
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(number), "{signal}: {status:?}");
        assert!(home.is_tmp_empty(), "{signal}: {:?}", names(&home.path("tmp")));
    }
    // Signals without a name in the list of defaults end it, too.
    let mut child = wait_in_collection(&home, &server, &without_home, "");
    send("RTMIN", &child);
    assert!(!child.wait().unwrap().success() && home.is_tmp_empty());
    // Signals that do not end it, and signals that were ignored from its start.
    let mut child = wait_in_collection(&home, &server, &without_home, "trap '' HUP QUIT");
    for signal in ["HUP", "QUIT", "PIPE", "WINCH", "CHLD", "URG", "CONT"] {
        send(signal, &child);
    }
    std::thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none() && !home.is_tmp_empty());
    send("TERM", &child);
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert!(home.is_tmp_empty());
    // With a home, nothing is written to the temporary directory in the first place, not even for a signal that cannot be
    // caught.
    for signal in ["TERM", "KILL"] {
        let mut child = wait_in_collection(&home, &server, &[], "");
        assert!(home.is_tmp_empty());
        send(signal, &child);
        child.wait().unwrap();
        assert!(home.is_tmp_empty());
    }
}

#[test]
fn texts_of_aws_are_harmless_in_every_output_and_file() {
    let home = Home::new();
    let aws = aws(&format!("role{HOSTILE}"));
    let server = Server::start(move |request, _| match request.name().as_str() {
        "iam:ListAccountAliases" => Answer::error(403, "AccessDenied", &format!("not {HOSTILE}")),
        _ => aws.answer(request),
    });
    let is_raw = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{200b}' | '\u{2028}' | '\u{202e}');
    let check = |name: &str, text: &str| assert_eq!(text.chars().find(|c| is_raw(*c)), None, "{name}: {text:?}");
    let colors = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    for format in ["table", "json"] {
        let output = home.audit(&server, &[], &["--format", format, "--color", "always", "--principal", "*"]);
        let (status, text) = ended(&output);
        assert_eq!(status, 3, "{text}");
        assert!(text.contains("not \\u{9b}31m"), "{text}");
        check("standard error", &text);
        let out = String::from_utf8(output.stdout).unwrap();
        check(format, &colors.replace_all(&out, ""));
    }
    let snapshot = home.path(".local/share/iamdrift/snapshots");
    let mut kept = Vec::new();
    files(&snapshot, &mut kept);
    let texts = kept.iter().filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).unwrap());
    let texts: Vec<String> = texts.collect();
    texts.iter().for_each(|text| check("a file of the snapshot", text));
    assert!(texts.iter().any(|text| text.contains("role\\u009b31m")), "{texts:?}");
    let failing = Server::start(|_, _| Answer::error(403, "InvalidClientTokenId", &format!("no {HOSTILE}")));
    let (status, text) = ended(&home.audit(&failing, &[], &[]));
    assert_eq!(status, 2);
    assert!(text.contains("no \\u{9b}31m"), "{text}");
    check("an error", &text);
    let hostile_profile = format!("profile{HOSTILE}\u{1b}[2J");
    for arguments in [
        &["collect", "--dry-run", "--profile", &hostile_profile][..],
        &["collect", "--profile", &hostile_profile],
        &["collect", "-o", &format!("snapshot{HOSTILE}\u{1b}[2J")],
    ] {
        let output = run(&server.url, home.0.path(), &[arguments, &["--color", "always"]].concat());
        check("collect", &String::from_utf8(output.stdout).unwrap());
        check("collect", &String::from_utf8(output.stderr).unwrap());
    }
}

#[test]
fn the_status_of_a_live_audit_does_not_depend_on_its_reader() {
    let (server, home) = (server(), Home::new());
    for (arguments, expected) in [(&["audit"][..], 1), (&["collect"], 0), (&["collect", "--dry-run"], 0)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (reader_2, writer_2) = std::io::pipe().unwrap();
        drop(reader_2);
        let mut process = command(&server.url, home.0.path(), &[]);
        let status = process.args(arguments).stdout(writer).stderr(writer_2).status().unwrap();
        assert_eq!(status.code(), Some(expected), "{arguments:?}");
    }
}
