//! Many pairs, a line each: read as they come, compared on all cores, answered in order.
//!
//! A thread reads ahead; what has arrived by the time the last batch is answered is the next batch. So a
//! single line is answered at once, and a file keeps all cores busy. Documents that stand in many lines
//! are read once, by their text.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use iamdrift::iam::{DocumentKind, PolicyDocument};
use iamdrift::solve::Solver;
use iamdrift::solve::compare::Relation;
use iamdrift::source::json::{self, Node, Value};
use iamdrift::source::{Diagnostic, SourceFile};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Terms;
use super::answer::{Answer, Line, Outcome, Refusal};
use crate::cli::{ExitStatus, UserError, output};

/// How many lines are compared together at most.
const BATCH: usize = 256;
/// How much text of documents is kept, with all that was made of it, before it is started anew.
const KEPT_BYTES: usize = 64 << 20;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const MEMBERS: [&str; 3] = ["id", "a", "b"];

/// Answers the pairs of a file, or of standard input (`-`).
pub fn run(file: &str, terms: &Terms) -> anyhow::Result<ExitStatus> {
    let name = if file == "-" { "<stdin>" } else { file }.to_owned();
    let input: Box<dyn Read + Send> = match file {
        "-" => Box::new(std::io::stdin()),
        path => Box::new(std::fs::File::open(Path::new(path)).map_err(|error| cannot_read(path, &error))?),
    };
    let (sender, lines) = sync_channel(2 * BATCH);
    // The thread ends with its input, or when nobody takes its lines any more.
    std::thread::spawn(move || {
        for line in BufReader::with_capacity(1 << 20, input).split(b'\n') {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    answer(&name, &lines, terms)
}

fn cannot_read(name: &str, error: &std::io::Error) -> UserError {
    let help = "give a file with a line {\"id\": …, \"a\": …, \"b\": …} for each pair, or `-` for standard input";
    UserError::new(format!("cannot read {name}: {error}"), help)
}

fn answer(name: &str, lines: &Receiver<std::io::Result<Vec<u8>>>, terms: &Terms) -> anyhow::Result<ExitStatus> {
    let mut status = ExitStatus::Clean;
    let mut number = 0;
    let mut shared = Shared::new(terms);
    let mut out = output::stdout();
    while let Ok(first) = lines.recv() {
        let mut batch = Vec::with_capacity(BATCH);
        for line in std::iter::once(first).chain(lines.try_iter()).take(BATCH) {
            number += 1;
            let mut line = line.map_err(|error| cannot_read(name, &error))?;
            if number == 1 && line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            batch.push((number, line));
        }
        batch.retain(|(_, line)| !line.iter().all(u8::is_ascii_whitespace));
        let answers: Vec<_> = batch.par_iter().map(|(number, line)| shared.line(name, *number, line)).collect();
        for answer in answers {
            let (text, met) = answer?;
            out.write_all(&text)?;
            status = worse(status, met);
        }
        out.flush()?;
        if shared.is_full() {
            shared = Shared::new(terms);
        }
    }
    Ok(status)
}

/// A line that could not be read outweighs one that is undecided.
fn worse(one: ExitStatus, other: ExitStatus) -> ExitStatus {
    let rank = |status| match status {
        ExitStatus::Usage => 2,
        ExitStatus::Incomplete => 1,
        ExitStatus::Clean | ExitStatus::Drift => 0,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// What lines share.
struct Shared<'t> {
    terms: &'t Terms,
    solver: Solver<'static>,
    documents: Mutex<Documents>,
}

/// Documents by their text.
#[derive(Default)]
struct Documents {
    by_text: HashMap<Box<str>, Arc<PolicyDocument>>,
    bytes: usize,
}

/// A line as it should be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair<'l> {
    #[serde(borrow)]
    id: Option<&'l RawValue>,
    #[serde(borrow)]
    a: &'l RawValue,
    #[serde(borrow)]
    b: &'l RawValue,
}

impl<'t> Shared<'t> {
    fn new(terms: &'t Terms) -> Shared<'t> {
        Shared { terms, solver: terms.solver(), documents: Mutex::default() }
    }

    fn is_full(&self) -> bool {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).bytes > KEPT_BYTES
    }

    /// Answers one line, with its line break.
    fn line(&self, name: &str, number: usize, line: &[u8]) -> serde_json::Result<(Vec<u8>, ExitStatus)> {
        let (line, status) = match self.compared(line) {
            Some((id, answer)) => {
                let undecided = answer.verdict == Relation::Undecided;
                let status = if undecided { ExitStatus::Incomplete } else { ExitStatus::Clean };
                (Line { id, outcome: Outcome::Compared(answer) }, status)
            }
            None => {
                let (id, error) = refused(name, number, line);
                (Line { id, outcome: Outcome::Refused { error } }, ExitStatus::Usage)
            }
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        Ok((text, status))
    }

    /// The answer, if the line is as it should be; [`refused`] tells what is not.
    fn compared(&self, line: &[u8]) -> Option<(Box<RawValue>, Answer)> {
        let pair: Pair<'_> = serde_json::from_slice(line).ok()?;
        let (a, b) = (self.document(pair.a.get())?, self.document(pair.b.get())?);
        let by = |solver| Answer::new(&self.terms.ranks, &self.terms.compare(solver, &a, &b));
        let mut answer = by(&self.solver);
        if answer.verdict == Relation::Undecided && may_hold_more_than_ascii(line) {
            // A solver has room for so many characters outside ASCII, and other lines may have taken it.
            answer = by(&self.terms.solver());
        }
        Some((pair.id.map_or_else(null, ToOwned::to_owned), answer))
    }

    fn document(&self, text: &str) -> Option<Arc<PolicyDocument>> {
        let lock = || self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().by_text.get(text) {
            return Some(Arc::clone(known));
        }
        let source = SourceFile::new("", text);
        let node = json::parse(&source).ok()?;
        let document = Arc::new(PolicyDocument::from_node(&source, &node, DocumentKind::Identity).ok()?);
        let mut documents = lock();
        documents.bytes += text.len();
        Some(Arc::clone(documents.by_text.entry(text.into()).or_insert(document)))
    }
}

/// Whether some character outside ASCII may be written in a line, or escaped.
fn may_hold_more_than_ascii(line: &[u8]) -> bool {
    !line.is_ascii() || line.windows(2).any(|pair| pair == b"\\u")
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

/// What is wrong with a line that could not be read, and its id where that can be.
fn refused(name: &str, number: usize, line: &[u8]) -> (Box<RawValue>, Refusal) {
    let refusal = |message: String, column| Refusal { message, line: number, column };
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            let column =
                line.get(..error.valid_up_to()).map_or(1, |valid| String::from_utf8_lossy(valid).chars().count() + 1);
            return (null(), refusal("not UTF-8".to_owned(), column));
        }
    };
    let source = SourceFile::new(name, text);
    let (id, problem) = match json::parse(&source) {
        Err(problems) => (null(), problems.0.into_iter().next()),
        Ok(node) => {
            let id = node.get("id").and_then(|id| RawValue::from_string(source.slice(id.span).to_owned()).ok());
            (id.unwrap_or_else(null), wrong(&source, &node))
        }
    };
    let error = match problem {
        Some(problem) => refusal(told(&problem), problem.place().column),
        None => refusal("the pair cannot be read".to_owned(), 1),
    };
    (id, error)
}

fn told(problem: &Diagnostic) -> String {
    let expected = if problem.expected.is_empty() { String::new() } else { format!(" ({})", problem.expected) };
    let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{}{expected}{help}", problem.message)
}

/// The first thing that is wrong with a pair that is JSON.
fn wrong(source: &Arc<SourceFile>, node: &Node) -> Option<Diagnostic> {
    if !matches!(node.value, Value::Object(_)) {
        let message = format!("a pair cannot be {}", node.kind());
        return Some(Diagnostic::error(source, node.span, message, "{\"id\": …, \"a\": …, \"b\": …}"));
    }
    if let Some(member) = node.members().iter().find(|member| !MEMBERS.contains(&&*member.name)) {
        let message = format!("a pair has no `{}`", member.name);
        let expected = "`id`, `a` and `b`";
        return Some(
            Diagnostic::error(source, member.name_span, message, expected).with_suggestion(&member.name, MEMBERS),
        );
    }
    ["a", "b"].iter().find_map(|side| match node.get(side) {
        None => Some(Diagnostic::error(source, node.span, format!("the pair has no `{side}`"), "a policy document")),
        Some(document) => {
            let problems = PolicyDocument::from_node(source, document, DocumentKind::Identity).err()?;
            problems.0.into_iter().next()
        }
    })
}
