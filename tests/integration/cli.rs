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

/// What the examples of a help page say, a command line each.
fn examples(page: &str) -> Vec<String> {
    let lines = page.split("\nExample").nth(1).unwrap_or("").lines().skip(1).take_while(|line| line.starts_with("  "));
    let mut examples: Vec<String> = Vec::new();
    for line in lines {
        match examples.last_mut() {
            Some(before) if line.starts_with("    ") => *before += &format!("\n{line}"),
            _ => examples.push(line.to_owned()),
        }
    }
    examples
}

#[test]
fn the_examples_of_the_help_run() {
    let folder = tempfile::tempdir().unwrap();
    let incident = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/incident/.");
    assert!(Process::new("cp").args(["-r", incident]).arg(folder.path()).status().unwrap().success());
    let programs = Path::new(env!("CARGO_BIN_EXE_iamdrift")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut ran = 0;
    let (_, help, _) = run(&["--help"]);
    let inner = [vec!["baseline", "check"]];
    // A build without the SDK has the command, and refuses it: see below.
    let names = commands(&help).into_iter().filter(|name| cfg!(feature = "aws") || *name != "collect");
    for words in names.map(|name| vec![name]).chain(inner) {
        let (_, page, _) = run(&[&words[..], &["--help"]].concat());
        for example in examples(&page) {
            assert!(example.lines().all(|line| line.len() <= 80), "{example}");
            let shell =
                Process::new("sh").args(["-c", &example]).current_dir(&folder).env("PATH", &path).output().unwrap();
            let said = String::from_utf8_lossy(&shell.stderr);
            assert!(matches!(shell.status.code(), Some(0 | 1 | 3)) && said.is_empty(), "{example}\n{said}");
            ran += 1;
        }
    }
    assert!(ran > 12, "{ran}");
    assert!(folder.path().join("questions/a-not-b.smt2").is_file());
}

/// The options that follow those of a group are not listed as if they were of it.
#[test]
fn the_options_of_an_audit_are_listed_under_what_they_are_about() {
    let (_, page, _) = run(&["audit", "--help"]);
    let groups = page.lines().fold(Vec::<(&str, Vec<&str>)>::new(), |mut groups, line| {
        match groups.last_mut() {
            _ if line.ends_with(':') && !line.starts_with(' ') => groups.push((line, Vec::new())),
            Some((_, options)) if line.trim_start().starts_with('-') => {
                options.extend(line.split_whitespace().find(|word| word.starts_with("--")));
            }
            _ => {}
        }
        groups
    });
    let group = |option: &str| groups.iter().position(|(_, options)| options.contains(&option));
    let (audit, collecting, every) = (group("--snapshot"), group("--profile"), group("--verbose"));
    assert!(audit.is_some() && audit < collecting && collecting < every, "{groups:?}");
    for option in ["--organization", "--baseline", "--fail-on", "--format"] {
        assert_eq!(group(option), audit, "{option}: {page}");
    }
    for option in ["--member-role", "--keep-snapshot"] {
        assert_eq!(group(option), collecting, "{option}: {page}");
    }
}

#[test]
fn a_mistyped_word_is_answered_with_what_was_meant() {
    for (arguments, meant) in [
        (&["compare", "--pair", "x"][..], "--pairs"),
        (&["explian"], "explain"),
        (&["schema", "compar"], "compare"),
        (&["compare", "a.json"], "B.json"),
    ] {
        let (status, out, err) = run(arguments);
        assert_eq!((status, out.as_str()), (2, ""));
        let words: Vec<&str> = err.split(|c: char| c.is_whitespace() || "'`<>?,".contains(c)).collect();
        assert!(words.contains(&meant), "{err}");
    }
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
fn a_reader_that_has_gone_ends_every_command_quietly() {
    for arguments in [
        &["demo", "--all"][..],
        &["demo", "--format", "json"],
        &["--help"],
        &["--version"],
        &["schema", "report"],
        &["completions", "zsh"],
        &["man"],
        &["explain", "lantern-cost-explorer", "s3:GetObject", "--snapshot", "examples/incident/snapshot"],
    ] {
        let mut child = Process::new(env!("CARGO_BIN_EXE_iamdrift"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
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
    // The id follows the content of the example.
    let id = out.split_once(" @ ").and_then(|(_, rest)| rest.split(':').next()).unwrap().to_owned();
    assert_eq!(id.len(), 7, "{out}");
    insta::assert_snapshot!("a_baseline_and_whom_it_matches", out.replace(&id, "[id]"));
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("baseline.toml"), "version = 1\n[[principl]]\n").unwrap();
    let (status, out, err) = run(&["baseline", "check", directory.path().to_str().unwrap()]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("baseline.toml:2:3"), "{err}");
}

#[test]
fn what_cannot_be_read_is_told_with_its_place_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let cut = format!("{{\"{}\": [1,", "x".repeat(200));
    let contents: [(&[u8], &str); 10] = [
        (b"", "input.json"),
        (b" \n", "input.json"),
        (b"\xff\xfe{\0}\0", "input.json"),
        (b"{\x80}", "input.json"),
        (b"{\n  \"a\": 1,\n  \"a\": 2\n}", "input.json:3:3"),
        (cut.as_bytes(), "input.json:1:208"),
        (b"{} {}", "input.json:1:4"),
        (b"[1, 2]", "input.json:1:"),
        (b"\"text\"", "input.json:1:1"),
        (b"null", "input.json:1:1"),
    ];
    let file = folder.path().join("input.json");
    let name = file.to_str().unwrap();
    let good = "policies/agents/cost-explorer-readonly.json";
    let commands: [&[&str]; 5] = [
        &["audit", "--baseline", "examples/incident/baseline", "--snapshot", name],
        &[
            "audit",
            "--baseline",
            "examples/incident/baseline",
            "--snapshot",
            "examples/incident/snapshot",
            "--resource-policies",
            name,
        ],
        &["explain", "x", "s3:GetObject", "--snapshot", name],
        &["compare", name, good],
        &["compare", good, name],
    ];
    for arguments in commands {
        let mut texts = Vec::new();
        for (content, place) in contents {
            std::fs::write(&file, content).unwrap();
            let (status, out, err) = run(arguments);
            assert_eq!((status, out.as_str()), (2, ""), "{arguments:?} {content:?}: {err}");
            assert!(err.contains(place), "{arguments:?} {content:?}: {err}");
            texts.push(err);
        }
        std::fs::remove_file(&file).unwrap();
        let (status, out, err) = run(arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{err}");
        texts.push(err);
        // One command's texts stand for all.
        if arguments[..2] == ["compare", name] {
            insta::assert_snapshot!("inputs_that_cannot_be_read", texts.join("\n").replace(name, "input.json"));
        }
    }
    let (status, _, catalog) = run(&["audit", "--catalog", good]);
    assert_eq!(status, 2);
    let (status, _, twice) = run(&["compare", "-", "-"]);
    assert_eq!(status, 2);
    insta::assert_snapshot!("a_catalog_that_is_none_and_standard_input_twice", catalog + &twice);
}

#[test]
fn a_document_may_come_through_a_pipe() {
    let document = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/operators/ecs.json")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["compare", "-", "policies/operators/ecs.json", "--format", "json"])
        .write_stdin(document)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["verdict"], "equivalent");
}

#[cfg(unix)]
#[test]
fn a_report_goes_into_a_file_whole_or_not_at_all() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let to = |path: &Path| run(&["demo", "-o", path.to_str().unwrap()]);
    let file = folder.path().join("report.txt");
    assert_eq!(to(&file), (0, String::new(), String::new()));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let report = std::fs::read(&file).unwrap();
    // A link leads to the file, and stays a link.
    std::fs::write(&file, "old").unwrap();
    let link = folder.path().join("latest.txt");
    symlink(&file, &link).unwrap();
    assert_eq!(to(&link).0, 0);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read(&file).unwrap(), report);
    // What is no file is written to, never replaced.
    let pipe = folder.path().join("pipe");
    assert!(Process::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::read(pipe).unwrap())
    };
    assert_eq!(to(&pipe).0, 0);
    assert_eq!(reader.join().unwrap(), report);
    assert!(!std::fs::metadata(&pipe).unwrap().is_file());
    // Nothing is left behind where it cannot be written.
    let mut texts = String::new();
    for path in [folder.path().join("no/report.txt"), folder.path().to_owned()] {
        let (status, out, err) = to(&path);
        assert_eq!((status, out.as_str()), (2, ""));
        texts += &err;
    }
    insta::assert_snapshot!(
        "a_report_that_cannot_be_written",
        texts.replace(folder.path().to_str().unwrap(), "[folder]")
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn verbose_tells_the_steps_on_standard_error() {
    let arguments = ["audit", "--snapshot", "examples/incident/snapshot", "--baseline", "examples/incident/baseline"];
    let (_, quiet, err) = run(&arguments);
    assert_eq!(err, "");
    let (_, out, err) = run(&[&arguments[..], &["-v"]].concat());
    assert_eq!(out, quiet);
    // How long each step takes is another number each time.
    let steps: Vec<String> = err.lines().map(|line| line.chars().filter(|c| !c.is_ascii_digit()).collect()).collect();
    assert_eq!(steps.len(), 3, "{err}");
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
    insta::assert_snapshot!("manual_pages_that_cannot_be_written", err);
}

/// Without the SDK the commands are there, and say how to come by one that can.
#[cfg(not(feature = "aws"))]
#[test]
fn a_build_without_the_sdk_says_how_to_collect() {
    let mut texts = String::new();
    for arguments in [["collect", "--organization"], ["audit", "--baseline=policies"]] {
        let (status, out, err) = run(&arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{err}");
        texts += &err;
    }
    insta::assert_snapshot!("a_build_without_the_sdk", texts);
}
