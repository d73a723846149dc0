//! The command line as a whole: help, slips, pipes.

use std::io::Write;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("CLICOLOR_FORCE")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The commands that a help page lists.
fn commands(help: &str) -> Vec<&str> {
    let listed = help.split("\nCommands:\n").nth(1).unwrap_or("").lines().take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}

#[test]
fn every_commands_help_has_an_example() {
    let (status, help, _) = run(&["--help"]);
    assert_eq!(status, 0);
    let names = commands(&help);
    assert!(names.len() >= 8, "{help}");
    for name in names {
        let (status, page, _) = run(&[name, "--help"]);
        assert_eq!(status, 0);
        assert!(page.contains("Example"), "{name}: {page}");
        for inner in commands(&page) {
            let (_, page, _) = run(&[name, inner, "--help"]);
            assert!(page.contains("Example"), "{name} {inner}: {page}");
        }
    }
}

#[test]
fn a_mistyped_word_is_answered_with_what_was_meant() {
    for (arguments, meant) in [
        (&["compare", "--pair", "x"][..], "'--pairs'"),
        (&["explian"], "'explain'"),
        (&["schema", "compar"], "`compare`"),
    ] {
        let (status, out, err) = run(arguments);
        assert_eq!((status, out.as_str()), (2, ""));
        assert!(err.contains(meant), "{err}");
    }
    let (status, _, err) = run(&["compare", "a.json"]);
    assert_eq!(status, 2);
    assert!(err.contains("<B.json>"), "{err}");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = Process::new(env!("CARGO_BIN_EXE_iamdrift"))
        .args(["compare", "--pairs", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    // The answer to this line finds nobody who reads it.
    input.write_all(b"{\"id\":1,\"a\":{\"Statement\":[]},\"b\":{\"Statement\":[]}}\n").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn a_line_is_answered_before_the_next_is_written() {
    use std::io::{BufRead, BufReader};
    let mut child = Process::new(env!("CARGO_BIN_EXE_iamdrift"))
        .args(["compare", "--pairs", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for id in 0..3 {
        writeln!(input, "{{\"id\":{id}}}").unwrap();
        let answer = answers.next().unwrap().unwrap();
        assert!(answer.starts_with(&format!("{{\"id\":{id},\"error\"")), "{answer}");
    }
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn a_baseline_is_checked() {
    let (status, out, err) =
        run(&["baseline", "check", "examples/incident/baseline", "--snapshot", "examples/incident/snapshot"]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.starts_with("baseline examples/incident/baseline/baseline.toml @ "), "{out}");
    assert!(out.contains("16 principals: 13 declared, 1 undeclared, 2 AWS-owned, left out"), "{out}");
    assert!(out.contains("role/data-migration-2024"), "{out}");
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("baseline.toml"), "version = 1\n[[principl]]\n").unwrap();
    let (status, out, err) = run(&["baseline", "check", directory.path().to_str().unwrap()]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("baseline.toml:2:") && err.contains("did you mean `principal`?"), "{err}");
}

#[test]
fn schemas_completions_and_manual_pages_are_printed() {
    let (status, list, _) = run(&["schema"]);
    assert_eq!(status, 0);
    for line in list.lines() {
        let name = line.split_whitespace().next().unwrap();
        let (_, schema, _) = run(&["schema", name]);
        let published = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.schema.json"));
        assert_eq!(schema, std::fs::read_to_string(published).unwrap());
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(run(&["completions", shell]).1.contains("--pairs") || shell == "fish", "{shell}");
    }
    assert!(run(&["man"]).1.contains(".TH iamdrift 1"));
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(run(&["man", "--out", directory.path().to_str().unwrap()]).0, 0);
    let pages: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert!(pages.len() > 8, "{pages:?}");
    assert!(directory.path().join("iamdrift-compare.1").is_file(), "{pages:?}");
    let (status, _, err) = run(&["man", "--out", "no/such/directory"]);
    assert_eq!(status, 2);
    assert!(err.contains("\nhelp: "), "{err}");
}
