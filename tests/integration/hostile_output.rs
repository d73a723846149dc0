//! No output has a raw control, direction or line-separator character: every command, every format, every error.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
/// C0, DEL, C1, a direction mark, line separators, an invisible character; and what would clear the screen, set the title of
/// a terminal, or fake a line.
const HOSTILE: &str =
    "\u{1b}[2J\u{1b}]0;x\u{7}\r\n\u{8}\u{9b}31m\u{85}\u{202e}\u{2028}\u{2029}\u{2066}\u{7f}\u{200b}error: ok";
/// The same for file names and arguments.
const HOSTILE_NAME: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\r\n\u{9b}31m\u{85}\u{202e}\u{2028}\u{2066}\u{7f}ok";

/// The text with a NUL, for JSON alone.
fn with_nul(text: &str) -> String {
    format!("{text}{HOSTILE}\0")
}

/// The first character that must not be in an output. Colors of our own are allowed.
fn find_raw(text: &str) -> Option<char> {
    let sequence = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let is_raw = |c: &char| {
        let listed = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
        (c.is_control() && *c != '\n') || listed
    };
    sequence.replace_all(text, "").chars().find(is_raw)
}

/// A directory with a hostile name, and hostile inputs in it.
struct Inputs {
    _root: tempfile::TempDir,
    folder: PathBuf,
}

impl Inputs {
    fn new() -> Inputs {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(HOSTILE_NAME);
        let inputs = Inputs { _root: root, folder };
        let statement = |action: &str| {
            json!({
                "Sid": with_nul("sid"), "Effect": "Allow", "Action": action,
                "Resource": [format!("arn:aws:s3:::{}/*", with_nul("bucket"))],
                "Condition": { "StringEquals": { format!("aws:PrincipalTag/{}", with_nul("key")): with_nul("value") } },
            })
        };
        let document = |action: &str| json!({ "Version": "2012-10-17", "Statement": [statement(action)] });
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": with_nul("trust"), "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": "444455556666" },
            "Condition": { "StringEquals": { "sts:ExternalId": with_nul("id") } },
        }] });
        let role = |name: &str, inline: Value| {
            json!({
                "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "RoleName": name, "RoleId": "AROAX", "Path": "/",
                "AssumeRolePolicyDocument": trust, "AttachedManagedPolicies": [],
                "RolePolicyList": [{ "PolicyName": with_nul("policy"), "PolicyDocument": inline }],
                "Tags": [{ "Key": with_nul("owner"), "Value": with_nul("team") }, { "Key": "agent", "Value": with_nul("kiro") }],
            })
        };
        let hostile_name = with_nul("kiro");
        let mut unread = document("s3:GetObject");
        unread["Statement"][0]["Condition"] = json!({ with_nul("StringLikes"): { "aws:x": "y" } });
        let roles = [
            role(&hostile_name, document("s3:*")),
            role("plain", document("s3:Get*")),
            role("undecided", unread),
            role("declared", document("sts:*")),
        ];
        let page = json!({ "RoleDetailList": roles, "UserDetailList": [], "GroupDetailList": [], "Policies": [] });
        inputs.write("snapshot/account.json", &page.to_string());
        inputs.write("snapshot/snapshot.json", &json!({ "Aliases": { ACCOUNT: with_nul("alias") } }).to_string());
        let resources = json!([{ "ResourceArn": format!("arn:aws:s3:::{}", with_nul("bucket")), "OwnerAccount": ACCOUNT, "Policy": {
            "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "AWS": "444455556666" },
            "Action": "s3:GetObject", "Resource": "*", "Sid": with_nul("resource") } } }]);
        inputs.write("snapshot/resource-policies.json", &resources.to_string());
        let escaped = toml_escape(HOSTILE);
        let document_name = format!("{HOSTILE_NAME}.json");
        inputs.write(&format!("baseline/{document_name}"), &document("s3:ListBucket").to_string());
        let manifest = format!(
            "version = 1\n[[principal]]\nname = \"a{escaped}\"\nowner = \"o{escaped}\"\nmatch = \"arn:*:iam::*:role/declared\"\nkind = \
             \"workload\"\nallow = [\"{}\"]\n[[principal]]\nname = \"stale{escaped}\"\nmatch = \"arn:*:iam::*:role/n{escaped}\"\nkind = \
             \"agent\"\nallow = []\n[[ignore]]\nmatch = \"arn:*:iam::*:role/plain\"\nreason = \"r{escaped}\"\n",
            toml_escape(&document_name)
        );
        inputs.write("baseline/baseline.toml", &manifest);
        inputs.write("a.json", &document("s3:*").to_string());
        inputs.write("b.json", &document("sqs:*").to_string());
        let raw = |text: &str| text.replace("\\u009b", "\u{9b}");
        // Raw characters in an id, which is written back as it is.
        let id = "{\t\"id\u{9b}\": [1.50,\t\"\u{202e}\u{2028}\u{85}\"]}";
        let pair = format!("{{\"id\": {id}, \"a\": {}, \"b\": {}}}\n", document("s3:*"), document("sqs:*"));
        let bad = format!("{{\"id\": {id}, \"a\": {{\"{HOSTILE_NAME}\": 1}}, \"b\": 1}}\n")
            .replace(['\r', '\u{1b}', '\u{7}'], "");
        inputs.write(
            "pairs.jsonl",
            &raw(&format!("{pair}{}{{\"id\": 1, \"\u{9b}\u{202e}\": 2}}\n", bad.replacen('\n', "", 1))),
        );
        let simulated = json!({
            "PolicyInputList": [document("s3:*").to_string()], "ActionNames": [with_nul("s3:Get")],
            "ResourceArns": [format!("arn:aws:s3:::{}", with_nul("bucket"))],
        });
        inputs.write("simulate.json", &json!([simulated, { with_nul("PolicyInputLists"): [] }]).to_string());
        // Inputs that are refused, with an excerpt.
        inputs.write(
            "bad.json",
            &format!("{{\"{}\": 1, \"Statement\": [{{\"Efect\u{202e}\u{9b}\": 1}}]}}", json_escape(&with_nul("x"))),
        );
        inputs.write("bad/baseline.toml", &format!("version = 1\n[[princi\u{202e}pal]]\n\"{escaped}\" = 1\n"));
        inputs.write(
            "bad2/baseline.toml",
            &format!(
                "version = 1\n\"{escaped}\" = 1\n[[principal]]\nname = \"\u{9b}\u{2028}\"\nkind = \"{escaped}\"\n"
            ),
        );
        inputs
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = Process::new(env!("CARGO_BIN_EXE_iamdrift"))
            .args(arguments)
            .current_dir(&self.folder)
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Output { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

struct Output {
    status: i32,
    out: String,
    err: String,
}

/// The text as the inside of a JSON string.
fn json_escape(text: &str) -> String {
    serde_json::to_string(text).unwrap().trim_matches('"').to_owned()
}

fn toml_escape(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c.to_string() } else { format!("\\U{:08x}", u32::from(c)) })
        .collect()
}

/// All strings and keys of a value.
fn strings<'v>(value: &'v Value, into: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
        Value::Object(members) => members.iter().for_each(|(key, member)| {
            into.push(key);
            strings(member, into);
        }),
        _ => {}
    }
}

/// Checks an output, written with colors: the program otherwise removes what looks like a color, hostile or not.
fn check(inputs: &Inputs, arguments: &[&str]) -> Output {
    let output = inputs.run(&[arguments, &["--color", "always"]].concat());
    for (name, text) in [("standard output", &output.out), ("standard error", &output.err)] {
        assert_eq!(find_raw(text), None, "{arguments:?}: {name}: {text:?}");
        assert!(!text.contains("\nerror: ok"), "{arguments:?}: a forged line: {text}");
    }
    output
}

#[test]
fn tables_and_json_of_every_command_are_harmless() {
    let inputs = Inputs::new();
    let (snapshot, baseline) = (inputs.path("snapshot"), inputs.path("baseline"));
    let (a, b) = (inputs.path("a.json"), inputs.path("b.json"));
    let (pairs, simulated, scripts) = (inputs.path("pairs.jsonl"), inputs.path("simulate.json"), inputs.path("smt"));
    let hostile_arn = format!("arn:aws:s3:::{}/x", "bucket".to_owned() + HOSTILE);
    let hostile_context = format!("aws:PrincipalTag/key{HOSTILE}=v{HOSTILE}");
    let hostile_glob = format!("*{HOSTILE}*");
    let audit = ["audit", "--snapshot", &snapshot, "--baseline", &baseline];
    // The command, whether it has `--format`, and whether a name of the snapshot is in its output.
    let commands: Vec<(Vec<&str>, bool, bool)> = vec![
        (audit.to_vec(), true, true),
        ([&audit[..], &["--all"]].concat(), true, true),
        ([&audit[..], &["--principal", &hostile_glob]].concat(), true, true),
        ([&audit[..], &["--rule", "IAM009"]].concat(), true, true),
        (vec!["principals", "--snapshot", &snapshot, "--baseline", &baseline, "--all"], true, true),
        (vec!["principals", "--snapshot", &snapshot], true, true),
        (
            vec![
                "explain",
                "plain",
                "s3:GetObject",
                &hostile_arn,
                "--context",
                &hostile_context,
                "--snapshot",
                &snapshot,
                "--all",
            ],
            true,
            true,
        ),
        (vec!["explain", "declared", "sts:GetCallerIdentity", "--snapshot", &snapshot], true, true),
        (vec!["who-can", "s3:GetObject", "--snapshot", &snapshot], true, true),
        (vec!["who-can", "s3:*", &hostile_arn, "--snapshot", &snapshot], true, true),
        (vec!["compare", &a, &b], true, true),
        (vec!["compare", &a, &b, "--smt-lib", &scripts], true, true),
        (vec!["compare", "--pairs", &pairs], false, true),
        (vec!["simulate", "--cli-input-json", &simulated], false, true),
        (vec!["baseline", "check", &baseline, "--snapshot", &snapshot], false, true),
        (vec!["schema"], false, false),
        (vec!["man"], false, false),
    ];
    for (arguments, has_formats, has_names) in commands {
        let table = check(&inputs, &arguments);
        assert!(!table.out.is_empty(), "{arguments:?}: {}", table.err);
        assert!(!has_names || table.out.contains("\\u"), "{arguments:?} shows no hostile name: {}", table.out);
        if has_formats {
            let output = check(&inputs, &[&arguments[..], &["--format", "json"]].concat());
            let value: Value =
                serde_json::from_str(&output.out).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
            let mut found = Vec::new();
            strings(&value, &mut found);
            assert!(found.iter().any(|text| text.contains('\u{9b}')), "{arguments:?}: the content is not kept");
            assert_eq!(output.status, table.status, "{arguments:?}");
        }
    }
    for name in ["a-not-b.smt2", "b-not-a.smt2"] {
        let text = std::fs::read_to_string(Path::new(&scripts).join(name)).unwrap();
        assert_eq!(find_raw(&text), None, "{name}: {text:?}");
    }
    for (format, name) in [("table", "o.txt"), ("json", "o.json")] {
        let file = inputs.path(name);
        for command in [
            &audit[..],
            &["principals", "--snapshot", &snapshot],
            &["who-can", "s3:GetObject", "--snapshot", &snapshot],
        ] {
            check(&inputs, &[command, &["--format", format, "-o", &file]].concat());
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.len() > 100 && find_raw(&text).is_none(), "{text:?}");
        }
    }
    for line in check(&inputs, &["schema"]).out.lines() {
        check(&inputs, &["schema", line.split_whitespace().next().unwrap()]);
    }
}

#[test]
fn json_lines_keep_their_ids() {
    let inputs = Inputs::new();
    let output = check(&inputs, &["compare", "--pairs", &inputs.path("pairs.jsonl")]);
    let lines: Vec<&str> = output.out.lines().collect();
    assert_eq!((output.status, lines.len()), (2, 3), "{}", output.out);
    let id = r#"{"id":{"id\u009b": [1.50,"\u202e\u2028\u0085"]},"#;
    assert!(lines[0].starts_with(id) && lines[1].starts_with(id), "{}", output.out);
}

#[test]
fn errors_of_every_command_are_harmless() {
    let inputs = Inputs::new();
    let (snapshot, baseline, bad) = (inputs.path("snapshot"), inputs.path("baseline"), inputs.path("bad.json"));
    let missing = inputs.path(&format!("missing{HOSTILE_NAME}"));
    let (bad_baseline, bad_baseline_2) = (inputs.path("bad"), inputs.path("bad2"));
    let good = inputs.path("a.json");
    let commands: Vec<Vec<&str>> = vec![
        vec!["audit", "--snapshot", &bad, "--baseline", &baseline],
        vec!["audit", "--snapshot", &missing, "--baseline", &baseline],
        vec!["audit", "--snapshot", &snapshot, "--baseline", &missing],
        vec!["audit", "--snapshot", &snapshot, "--baseline", &bad_baseline],
        vec!["audit", "--snapshot", &snapshot, "--baseline", &bad_baseline_2],
        vec!["audit", "--snapshot", &snapshot, "--baseline", &baseline, "-o", &snapshot],
        vec!["audit", "--snapshot", &snapshot, "--baseline", &baseline, "--resource-policies", &bad],
        vec!["audit", "--snapshot", &snapshot, "--baseline", &baseline, "--organization", &bad],
        vec!["audit", "--snapshot", &snapshot, "--baseline", &baseline, "--catalog", &bad],
        vec!["audit", "--snapshot", &snapshot, "--baseline", &baseline, "--principal", HOSTILE_NAME],
        vec!["principals", "--snapshot", &bad],
        vec!["principals", "--snapshot", &snapshot, "--baseline", &bad_baseline],
        vec!["explain", HOSTILE_NAME, "s3:GetObject", "--snapshot", &snapshot],
        vec!["explain", "plain", HOSTILE_NAME, "--snapshot", &snapshot],
        vec!["explain", "plain", "s3:GetObject", HOSTILE_NAME, "--snapshot", &snapshot],
        vec!["explain", "plain", "s3:GetObject", "--context", HOSTILE_NAME, "--snapshot", &snapshot],
        vec!["explain", "plain", "s3:GetObject", "--snapshot", &missing],
        vec!["who-can", HOSTILE_NAME, "--snapshot", &snapshot],
        vec!["who-can", "s3:GetObject", HOSTILE_NAME, "--snapshot", &snapshot],
        vec!["who-can", "s3:GetObject", "--principal", HOSTILE_NAME, "--snapshot", &snapshot],
        vec!["compare", &bad, &good],
        vec!["compare", &missing, &good],
        vec!["compare", "--pairs", &missing],
        vec!["compare", &good, &good, "--smt-lib", &bad],
        vec!["simulate", "--cli-input-json", &bad],
        vec!["simulate", "--cli-input-json", &missing],
        vec!["baseline", "check", &bad_baseline],
        vec!["baseline", "check", &bad_baseline_2],
        vec!["baseline", "check", &missing],
        vec!["schema", HOSTILE_NAME],
        vec!["man", "--out", &missing],
        // Clap repeats these.
        vec![HOSTILE_NAME],
        vec!["help", HOSTILE_NAME],
        vec!["completions", HOSTILE_NAME],
        vec!["audit", "--severity", HOSTILE_NAME],
        vec!["audit", "--fail-on", HOSTILE_NAME],
        vec!["audit", "--keep-snapshot", HOSTILE_NAME, "--snapshot", HOSTILE_NAME],
        vec!["audit", "--region", HOSTILE_NAME],
        vec!["audit", "--accounts", HOSTILE_NAME],
        vec!["audit", "--role-arn", HOSTILE_NAME],
        vec!["collect", "--member-role", HOSTILE_NAME],
        vec!["collect", "--requests-per-second", HOSTILE_NAME],
        vec!["compare", "--cubes", HOSTILE_NAME],
        vec!["schema", "a", HOSTILE_NAME],
    ];
    for arguments in &commands {
        let output = check(&inputs, arguments);
        assert_eq!((output.status, output.out.as_str()), (2, ""), "{arguments:?}: {}", output.err);
        assert!(output.err.starts_with("error: ") || output.err.contains("error"), "{arguments:?}: {}", output.err);
    }
    for option in ["--severity=", "--", "-", "--snapshot-"] {
        let argument = format!("{option}{HOSTILE_NAME}");
        assert_eq!(check(&inputs, &["audit", &argument]).status, 2);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn arguments_that_are_not_unicode_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let raw = std::ffi::OsStr::from_bytes(b"--x\xff\x1b[2J\xc2\x9b");
    let output =
        Process::new(env!("CARGO_BIN_EXE_iamdrift")).args(["audit", "--color", "always"]).arg(raw).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("\\u{1b}") && find_raw(&text).is_none(), "{text:?}");
}

/// The name of the program is repeated by its help.
#[cfg(unix)]
#[test]
fn a_hostile_name_of_the_program_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(HOSTILE_NAME);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_iamdrift"), &program).unwrap();
    for arguments in [&["--help"][..], &["audit", "--help"], &["--version"], &["--x"]] {
        let output = Process::new(&program).args(arguments).output().unwrap();
        for bytes in [output.stdout, output.stderr] {
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(find_raw(&text), None, "{arguments:?}: {text:?}");
        }
    }
}

/// JSON is written by one writer, which escapes.
#[test]
fn commands_and_reports_write_json_with_the_one_writer() {
    let mut files = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut count = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        // Files for tests alone.
        let is_test = path.to_str().unwrap().contains("test") || path.ends_with("published_schema.rs");
        if is_test || path.ends_with("json_writer.rs") || path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for name in ["to_string", "to_string_pretty", "to_vec", "to_vec_pretty", "to_writer", "to_writer_pretty"] {
            assert!(!code.contains(&format!("serde_json::{name}(")), "{}: serde_json::{name}", path.display());
        }
        count += 1;
    }
    assert!(count > 200, "the files were not found");
}
