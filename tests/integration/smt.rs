//! "Contained" and "broader" against z3 and cvc5, on the SMT-LIB that the product writes.
//! Needs `IAMDRIFT_SMT_PYTHON`, a Python with the packages of `.ci/requirements.txt`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use iamdrift::access::KnownContext;
use iamdrift::catalog::Catalog;
use iamdrift::iam::{DocumentKind, Interpretation, PolicyDocument};
use iamdrift::solve::{
    Access, ActionWorld, AnswerDetail, ContainmentVerdict, Question, Solver, WitnessPolicy, render_smt_query,
};
use iamdrift::source::{SourceFile, json_tree};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::solver_laws::policies::{ACTIONS, Alphabet, policy};

type Document = Arc<PolicyDocument>;

/// Whether `a` allows more of an action than `b`; none where that is undecided.
fn is_broader(solver: &Solver<'_>, a: &Document, b: &Document, action: &str) -> Option<bool> {
    let (effective, declared) = (Access::from_policies([(a, 0)]), Access::from_policies([(b, 0)]));
    let known = KnownContext::unconstrained();
    let question = Question {
        effective: &effective,
        declared: &declared,
        known: &known,
        partition: None,
        world: ActionWorld::Existing,
        single_request: None,
        budget: 2_000_000,
        detail: AnswerDetail::Difference { max_cubes: 1, witnesses: WitnessPolicy::PerStatement },
        witness_account: None,
        replay: None,
    };
    match solver.solve_with_interpretation(&question, Interpretation::default()) {
        ContainmentVerdict::Contained => Some(false),
        ContainmentVerdict::Undecided(_) => None,
        ContainmentVerdict::Broader(grants) => Some(
            grants.iter().flat_map(|g| g.actions.names(solver.catalog)).any(|name| name.eq_ignore_ascii_case(action)),
        ),
    }
}

fn generated(pairs: usize) -> Vec<(Document, Document)> {
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(7), ..Config::default() });
    let strategy = policy(Alphabet { variables: false, intricate: false });
    let mut one = || strategy.new_tree(&mut runner).unwrap().current();
    (0..pairs)
        .map(|i| {
            let (a, b) = (one(), one());
            // Strangers are seldom contained: every second pair is a policy and more.
            let b = if i % 2 == 0 { b } else { a.and(&b) };
            (a.document(), b.document())
        })
        .collect()
}

/// AWS managed policies that come after one another by name, which are often kin.
fn managed(count: usize) -> Vec<(Document, Document)> {
    let packed = crate::needs::corpus().join("managed-policies/aws_managed_policies_latest.json.zst");
    let packed = std::fs::read(packed).unwrap();
    let source =
        SourceFile::new("managed.json", String::from_utf8(zstd::decode_all(packed.as_slice()).unwrap()).unwrap());
    let node = json_tree::parse(&source).unwrap();
    let parse = |m: &json_tree::JsonMember| {
        Arc::new(PolicyDocument::from_node(&source, &m.value, DocumentKind::Identity).unwrap())
    };
    let documents: Vec<Document> = node.members().iter().map(parse).collect();
    let step = (documents.len() / count).max(1);
    documents.windows(2).step_by(step).map(|pair| (Arc::clone(&pair[0]), Arc::clone(&pair[1]))).collect()
}

#[test]
#[ignore = "needs IAMDRIFT_SMT_PYTHON (z3 and cvc5) and IAMDRIFT_CORPUS (AWS managed policies)"]
fn other_solvers_agree() {
    let python = crate::needs::solvers();
    let solver = Solver::new(Catalog::embedded());
    let folder = tempfile::tempdir().unwrap();
    let mut expected: BTreeMap<String, bool> = BTreeMap::new();
    let (mut unsupported, mut undecided) = (0, 0);
    let pairs: Vec<_> = generated(150).into_iter().chain(managed(150)).collect();
    for (number, (a, b)) in pairs.iter().enumerate() {
        let actions = if number < 150 { ACTIONS.map(str::to_owned).to_vec() } else { actions_of(a) };
        for action in actions {
            let Ok(text) = render_smt_query(a, b, &action, solver.catalog) else {
                unsupported += 1;
                continue;
            };
            let Some(broader) = is_broader(&solver, a, b, &action) else {
                undecided += 1;
                continue;
            };
            let name = format!("{number:04}-{}", action.replace(':', "-"));
            std::fs::write(folder.path().join(format!("{name}.smt2")), text).unwrap();
            expected.insert(name, broader);
        }
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/smt.py");
    let output = Command::new(python).arg(script).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut agree, mut unknown, mut answered, mut wrong) = ([0, 0], [0, 0], 0, Vec::new());
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        answered += 1;
        for (which, answer) in words[1..3].iter().enumerate() {
            match (*answer, expected[words[0]]) {
                ("sat", true) | ("unsat", false) => agree[which] += 1,
                ("unknown", _) => unknown[which] += 1,
                (answer, broader) => {
                    let file = std::fs::read_to_string(folder.path().join(format!("{}.smt2", words[0]))).unwrap();
                    let number: usize = words[0][..4].parse().unwrap();
                    let (a, b) = &pairs[number];
                    wrong.push(format!(
                        "{} {answer}, and broader is {broader}\n{}\n{}\n{file}",
                        words[0],
                        a.source().text(),
                        if number < 150 { b.source().text() } else { "" }
                    ));
                }
            }
        }
    }
    println!("z3 agrees on {}, {} unknown; cvc5 agrees on {}, {} unknown", agree[0], unknown[0], agree[1], unknown[1]);
    println!("{unsupported} not written, {undecided} undecided");
    assert_eq!(answered, expected.len());
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong[..wrong.len().min(2)].join("\n\n"));
    assert!(agree[0] > 300 && agree[1] > 300);
}

/// A few of the existing actions that a document names.
fn actions_of(document: &PolicyDocument) -> Vec<String> {
    let catalog = Catalog::embedded();
    let named = document.statements.iter().flat_map(|s| &s.action.patterns).filter(|p| p.is_literal());
    let known = named.filter_map(|p| catalog.find_action(&format!("{}:{}", p.service(), p.name())));
    known.step_by(5).take(3).map(|id| catalog.full_name(id)).collect()
}

/// What `compare --smt-lib` writes for two documents, and what `compare` itself says.
fn scripts(folder: &Path, a: &str, b: &str) -> (serde_json::Value, [String; 2], String) {
    let (a_file, b_file, questions) = (folder.join("a.json"), folder.join("b.json"), folder.join("questions"));
    std::fs::write(&a_file, a).unwrap();
    std::fs::write(&b_file, b).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .args(["compare", "--closed-world", "--format", "json", "--smt-lib"])
        .args([&questions, &a_file, &b_file])
        .output()
        .unwrap();
    let answer = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let script = |name: &str| std::fs::read_to_string(questions.join(name)).unwrap();
    (answer, [script("a-not-b.smt2"), script("b-not-a.smt2")], String::from_utf8(output.stderr).unwrap())
}

const READS: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:Get*", "s3:ListBucket"], "Resource": "arn:aws:s3:::reports*"}]}"#;
const LESS: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*",
     "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]}"#;
const OTHER: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"},
    {"Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "arn:aws:sqs:*:*:prod-*"}]}"#;

#[test]
fn the_scripts_of_a_comparison_ask_about_every_action_that_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let (_, [forth, back], said) = scripts(folder.path(), READS, LESS);
    assert_eq!(said, "");
    for name in ["s3:GetObject", "s3:ListBucket"] {
        assert!(forth.contains(&format!("(echo \"{name}\")")), "{name}\n{forth}");
    }
    assert_eq!(back.matches("(check-sat)").count(), 1, "{back}");
    assert_eq!(forth.matches("(check-sat)").count(), forth.matches("(reset)").count());
    let variable = LESS.replace("reports/*", "reports/${aws:username}/*");
    let (_, [_, back], said) = scripts(folder.path(), READS, &variable);
    assert_eq!(back.matches("(check-sat)").count(), 0);
    assert!(said.contains("b-not-a.smt2"), "{said}");
    insta::assert_snapshot!(
        "a_script_that_lacks_a_question",
        said.replace(folder.path().to_str().unwrap(), "[folder]")
    );
}

#[test]
#[ignore = "needs IAMDRIFT_SMT_PYTHON (z3 and cvc5)"]
fn other_solvers_run_the_scripts_of_a_comparison() {
    let python = crate::needs::solvers();
    for (a, b) in [(READS, LESS), (LESS, READS), (READS, READS), (READS, OTHER), (OTHER, OTHER)] {
        let folder = tempfile::tempdir().unwrap();
        let (answer, _, _) = scripts(folder.path(), a, b);
        for (name, side) in [("a-not-b", "a_not_b"), ("b-not-a", "b_not_a")] {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/smt.py");
            let file = folder.path().join(format!("questions/{name}.smt2"));
            let output = Command::new(&python).arg(script).arg(file).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(!said.is_empty());
            for column in [1, 2] {
                let answers: Vec<&str> = said.lines().map(|line| line.split(' ').nth(column).unwrap()).collect();
                assert!(answers.iter().all(|answer| matches!(*answer, "sat" | "unsat")), "{said}");
                assert_eq!(
                    answers.contains(&"sat"),
                    !answer[side].is_null(),
                    "{name} of {a} and {b}: {said}\n{answer}"
                );
            }
        }
    }
}
