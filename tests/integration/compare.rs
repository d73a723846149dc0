//! `iamdrift compare`: two documents, and pairs of them as they come.

use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};

fn run(directory: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .current_dir(directory)
        .env("COLUMNS", "80")
        .env_remove("CLICOLOR_FORCE")
        .arg("compare")
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn document(action: Value, resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": resource }] })
}

fn files(a: &Value, b: &Value) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.json"), a.to_string()).unwrap();
    std::fs::write(directory.path().join("b.json"), b.to_string()).unwrap();
    directory
}

fn pairs(lines: &[String], arguments: &[&str]) -> (i32, Vec<Value>) {
    let arguments = [&["--pairs", "-"], arguments].concat();
    let (status, out, err) = run(Path::new("."), &arguments, &lines.join("\n"));
    assert_eq!(err, "");
    (status, out.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn pair(id: Value, a: &Value, b: &Value) -> String {
    json!({ "id": id, "a": a, "b": b }).to_string()
}

#[test]
fn the_difference_is_shown_with_a_witness() {
    let mut a = document(json!(["s3:GetObject", "sqs:*"]), "*");
    a["Statement"][0]["Condition"] = json!({ "StringEquals": { "aws:PrincipalTag/team": "cost" } });
    let directory = files(&a, &document(json!("sqs:SendMessage"), "*"));
    let (status, out, err) = run(directory.path(), &["a.json", "b.json", "--closed-world"], "");
    assert_eq!((status, err.as_str()), (1, ""));
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    insta::assert_snapshot!("the_difference_of_two_documents", out);
    let (status, out, _) = run(directory.path(), &["a.json", "b.json", "--closed-world", "--format", "json"], "");
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &answer["verdict"]), (1, &json!("incomparable")));
    let witness = &answer["a_not_b"];
    assert_eq!(witness["action"], "sqs:DeleteMessage");
    assert_eq!(witness["context"]["aws:PrincipalTag/team"], "cost");
    assert_eq!(answer["b_not_a"]["action"], "sqs:SendMessage");
    assert!(answer["b_not_a"]["context"].get("aws:PrincipalTag/team").is_none_or(|value| value != "cost"), "{answer}");
}

#[test]
fn the_exit_status_tells_the_verdict() {
    let (wide, narrow) = (document(json!("s3:*"), "*"), document(json!("s3:GetObject"), "arn:aws:s3:::b/*"));
    for (a, b, verdict, expected) in [
        (&wide, &wide, "equivalent", 0),
        (&narrow, &wide, "narrower", 0),
        (&wide, &narrow, "broader", 1),
        (&narrow, &document(json!("sqs:SendMessage"), "*"), "incomparable", 1),
    ] {
        let directory = files(a, b);
        let (status, out, _) = run(directory.path(), &["a.json", "b.json", "--format", "json"], "");
        let answer: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((status, answer["verdict"].as_str().unwrap()), (expected, verdict));
        assert_valid(&answer);
    }
}

#[test]
fn actions_that_do_not_exist_yet_count_unless_left_out() {
    let listed = document(json!(["sqs:Send*", "sqs:Get*"]), "*");
    let named = document(json!(["sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"]), "*");
    let line = [pair(json!(1), &listed, &named)];
    let (_, open) = pairs(&line, &[]);
    assert_eq!(open[0]["verdict"], "broader");
    assert_eq!(open[0]["a_not_b"]["difference"][0]["new_actions"], json!(["sqs:Get*", "sqs:Send*"]));
    assert_eq!(pairs(&line, &["--closed-world"]).1[0]["verdict"], "equivalent");
}

#[test]
fn the_characters_of_other_lines_do_not_matter() {
    let lines: Vec<String> = ('\u{4e00}'..)
        .take(200)
        .map(|c| {
            pair(
                json!(1),
                &document(json!("s3:GetObject"), "arn:aws:s3:::b/*"),
                &document(json!("s3:GetObject"), &format!("arn:aws:s3:::b/{c}*")),
            )
        })
        .collect();
    let (status, answers) = pairs(&lines, &[]);
    assert_eq!(status, 0);
    assert!(answers.iter().all(|answer| answer["verdict"] == "broader"));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_pair() {
    let one = document(json!("s3:GetObject"), "*");
    let (status, answers) = pairs(&[format!("\u{feff}{}", pair(json!(1), &one, &one))], &[]);
    assert_eq!((status, &answers[0]["verdict"]), (0, &json!("equivalent")));
}

#[test]
fn very_long_values_are_answered() {
    let statement = |resource: String, condition: Value| json!({ "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": resource, "Condition": condition }] });
    let every = document(json!("s3:GetObject"), "*");
    let stars = statement(format!("arn:aws:s3:::{}", "*a".repeat(200_000)), json!({}));
    let open = statement(format!("arn:aws:s3:::{}", "${".repeat(200_000)), json!({}));
    let operator = statement("*".to_owned(), json!({ "x".repeat(1_000_000): {} }));
    let lines = [&stars, &open, &operator].map(|document| pair(json!(1), document, &every));
    // If the parser were quadratic, each line would take minutes.
    let (_, answers) = pairs(&lines, &[]);
    assert_eq!(answers[1]["verdict"], "narrower");
    assert!(answers[2]["error"]["column"].is_u64() && answers[2].get("verdict").is_none(), "{}", answers[2]);
}

#[test]
fn arns_alone_are_asked_of_the_keys_of_arns() {
    let with = |operator: &str, value: &str| {
        let condition = json!({ operator: { "aws:PrincipalArn": value } });
        json!({ "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition }] })
    };
    let every = with("ArnLike", "arn:*:*:*:*:*");
    for (any, verdict) in [
        ("*", "equivalent"),
        ("*:*:*:*:*:*", "equivalent"),
        ("a?n:*:*:*:*:*", "equivalent"),
        ("b*:*:*:*:*:*", "narrower"),
    ] {
        let (_, answers) = pairs(&[pair(json!(1), &with("ArnLike", any), &every)], &[]);
        assert_eq!(answers[0]["verdict"], verdict, "{any}");
    }
    let (_, answers) = pairs(&[pair(json!(1), &with("ArnLike", "*"), &with("StringLike", "arn:aws:*:*:*:*"))], &[]);
    let shown = answers[0]["a_not_b"]["context"]["aws:PrincipalArn"].as_str().unwrap();
    assert!(shown.starts_with("arn:") && !shown.starts_with("arn:aws:"), "{shown}");
}

#[test]
fn pairs_are_answered_in_order_and_bad_ones_in_place() {
    let (wide, narrow) = (document(json!("s3:*"), "*"), document(json!("s3:GetObject"), "*"));
    let bad = document(json!("GetObject"), "*");
    let lines = [
        pair(json!("one"), &narrow, &wide),
        pair(json!({ "k": [1.5] }), &json!(wide.to_string()), &wide),
        String::new(),
        "{\"id\": 3,".to_owned(),
        format!("{{\"id\": 4, \"a\": {bad}, \"b\": {wide}}}"),
        "{\"id\": 5, \"a\": {}, \"bb\": {}}".to_owned(),
        "{\"a\": 1, \"b\": 2}".to_owned(),
        pair(json!(null), &wide, &narrow),
    ];
    let (status, answers) = pairs(&lines, &[]);
    assert_eq!(status, 2);
    answers.iter().for_each(assert_valid);
    let ids: Vec<&Value> = answers.iter().map(|answer| &answer["id"]).collect();
    assert_eq!(json!(ids), json!(["one", { "k": [1.5] }, null, 4, 5, null, null]));
    let verdicts: Vec<Option<&str>> = answers.iter().map(|answer| answer["verdict"].as_str()).collect();
    assert_eq!(verdicts, [Some("narrower"), Some("equivalent"), None, None, None, None, Some("broader")]);
    let mut texts = Vec::new();
    for (index, line, column) in [(2, 4, 9), (3, 5, 80), (4, 6, 20), (5, 7, 7)] {
        let error = &answers[index]["error"];
        assert_eq!((&error["line"], &error["column"]), (&json!(line), &json!(column)), "{error}");
        // An empty line is no pair.
        let line = lines.iter().filter(|line| !line.is_empty()).nth(index).unwrap();
        texts.push(format!("{line}\n  {}", error["message"].as_str().unwrap()));
    }
    insta::assert_snapshot!("pairs_that_cannot_be_compared", texts.join("\n"));
}

#[test]
fn many_lines_keep_their_order() {
    let wide = document(json!("s3:*"), "*");
    let one = |n: usize| {
        pair(json!(n), &document(json!("s3:*"), if n.is_multiple_of(3) { "*" } else { "arn:aws:s3:::b" }), &wide)
    };
    let lines: Vec<String> = (0..1000).map(one).collect();
    let (status, answers) = pairs(&lines, &["--closed-world"]);
    assert_eq!((status, answers.len()), (0, 1000));
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer["id"], json!(n));
        assert_eq!(answer["verdict"], if n.is_multiple_of(3) { "equivalent" } else { "narrower" });
    }
}

#[test]
fn a_document_that_cannot_be_read_is_shown_with_its_place() {
    let directory = files(&document(json!("s3:*"), "*"), &json!({}));
    std::fs::write(directory.path().join("b.json"), "{\n  \"Statement\": [{,}]\n}").unwrap();
    let (status, out, err) = run(directory.path(), &["a.json", "b.json"], "");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("b.json:2:18"), "{err}");
    let mut texts = vec![err];
    let (status, _, err) = run(directory.path(), &["a.json", "missing.json"], "");
    assert_eq!(status, 2);
    texts.push(err);
    let (status, _, err) = run(directory.path(), &["--pairs", "missing.ndjson"], "");
    assert_eq!(status, 2);
    texts.push(err);
    insta::assert_snapshot!("documents_that_cannot_be_read", texts.join("\n"));
}

fn assert_valid(answer: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/compare.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = validator.iter_errors(answer).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{answer}");
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (AWS managed policies)"]
fn every_managed_policy_is_equivalent_to_itself() {
    let path = crate::needs::corpus().join("managed-policies/aws_managed_policies_latest.json.zst");
    let text = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let policies: serde_json::Map<String, Value> = serde_json::from_slice(&text).unwrap();
    let itself = policies.iter().map(|(name, policy)| pair(json!(name), policy, &json!(policy.to_string())));
    let (status, answers) = pairs(&itself.collect::<Vec<_>>(), &[]);
    assert_eq!((status, answers.len()), (0, policies.len()));
    assert!(answers.iter().all(|answer| answer["verdict"] == "equivalent"));
    // Equal statements are equal without a search; in another order, one of them twice, they are searched.
    let reordered = policies.iter().map(|(name, policy)| pair(json!(name), policy, &shuffled(policy)));
    let (status, answers) = pairs(&reordered.collect::<Vec<_>>(), &[]);
    assert_eq!((status, answers.len()), (0, policies.len()));
    for (answer, name) in answers.iter().zip(policies.keys()) {
        assert_eq!((&answer["id"], &answer["verdict"]), (&json!(name), &json!("equivalent")));
    }
}

/// The statements of a policy in the opposite order, the last one twice.
fn shuffled(policy: &Value) -> Value {
    let mut copy = policy.clone();
    let mut statements = match &policy["Statement"] {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    statements.reverse();
    statements.extend(statements.last().cloned());
    // Each statement has a Sid of its own.
    statements.iter_mut().filter_map(Value::as_object_mut).for_each(|statement| drop(statement.remove("Sid")));
    copy["Statement"] = json!(statements);
    copy
}
