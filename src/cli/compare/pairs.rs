//! Compares many pairs, one per line: reads lines as they arrive, compares them on all cores, and answers in order.
//!
//! A thread reads ahead. The lines that arrived while a batch was compared form the next batch. So a single line is
//! answered at once, and a file keeps all cores busy. Documents that occur in several lines are parsed once.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use iamdrift::base::json_writer::{JsonLayout, render_json};
use iamdrift::solve::Solver;
use iamdrift::solve::compare::PolicyRelation;
use iamdrift::source::json_tree::{self, JsonNode, JsonValue};
use iamdrift::source::{Diagnostic, SourceFile};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::comparison_input::{ComparedDocument, ComparisonSettings, DocumentPair};
use super::comparison_report::{ComparisonReport, InvalidPair, PairOutcome, PairResultLine};
use crate::cli::terminal_output::StandardOutput;
use crate::cli::{ExitStatus, UserError};

/// The maximum number of lines of a batch.
const BATCH: usize = 256;
/// The maximum size of the cached document texts, in bytes. Beyond it, the caches are dropped.
const MAX_CACHED_BYTES: usize = 64 << 20;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const MEMBERS: [&str; 3] = ["id", "a", "b"];

/// Compares the pairs of a file or of standard input (`-`).
pub fn answer_pairs(file: &str, settings: &ComparisonSettings) -> anyhow::Result<ExitStatus> {
    let name = if file == "-" { "<stdin>" } else { file }.to_owned();
    let input: Box<dyn Read + Send> = match file {
        "-" => Box::new(std::io::stdin()),
        path => Box::new(std::fs::File::open(Path::new(path)).map_err(|error| to_user_error(path, &error))?),
    };
    let (sender, lines) = sync_channel(2 * BATCH);
    // The thread ends with its input, or when the receiver is dropped.
    std::thread::spawn(move || {
        for line in BufReader::with_capacity(1 << 20, input).split(b'\n') {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    answer_lines(&name, &lines, settings)
}

fn to_user_error(name: &str, error: &std::io::Error) -> UserError {
    let help = "use a file with one line {\"id\": …, \"a\": …, \"b\": …} per pair, or `-` for standard input";
    UserError::new(format!("cannot read {name}: {error}"), help)
}

fn answer_lines(
    name: &str,
    lines: &Receiver<std::io::Result<Vec<u8>>>,
    settings: &ComparisonSettings,
) -> anyhow::Result<ExitStatus> {
    let mut status = ExitStatus::Clean;
    let mut number = 0;
    let mut comparer = PairComparer::new(settings);
    let mut output = StandardOutput::new();
    while let Ok(first) = lines.recv() {
        let mut batch = Vec::with_capacity(BATCH);
        for line in std::iter::once(first).chain(lines.try_iter()).take(BATCH) {
            number += 1;
            let mut line = line.map_err(|error| to_user_error(name, &error))?;
            if number == 1 && line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            batch.push((number, line));
        }
        batch.retain(|(_, line)| !line.iter().all(u8::is_ascii_whitespace));
        let answers: Vec<_> =
            batch.par_iter().map(|(number, line)| comparer.answer_line(name, *number, line)).collect();
        let mut text = String::new();
        for answer in answers {
            let (line, line_status) = answer?;
            text.push_str(&line);
            status = worse_status(status, line_status);
        }
        output.write_text(&text)?;
        if comparer.is_full() {
            comparer = PairComparer::new(settings);
        }
    }
    Ok(status)
}

/// An invalid line takes precedence over an undecided one.
fn worse_status(current: ExitStatus, candidate: ExitStatus) -> ExitStatus {
    let rank = |status| match status {
        ExitStatus::Usage => 2,
        ExitStatus::Incomplete => 1,
        ExitStatus::Clean | ExitStatus::Drift => 0,
    };
    if rank(candidate) > rank(current) { candidate } else { current }
}

/// The state that all lines share.
struct PairComparer<'t> {
    settings: &'t ComparisonSettings,
    solver: Solver<'static>,
    documents: Mutex<DocumentCache>,
}

/// Parsed documents by text.
#[derive(Default)]
struct DocumentCache {
    by_text: HashMap<Box<str>, ComparedDocument>,
    bytes: usize,
}

/// A valid line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyPair<'l> {
    #[serde(borrow)]
    id: Option<&'l RawValue>,
    #[serde(borrow)]
    a: &'l RawValue,
    #[serde(borrow)]
    b: &'l RawValue,
}

impl<'t> PairComparer<'t> {
    fn new(settings: &'t ComparisonSettings) -> PairComparer<'t> {
        PairComparer { settings, solver: settings.solver(), documents: Mutex::default() }
    }

    fn is_full(&self) -> bool {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).bytes > MAX_CACHED_BYTES
    }

    /// The output for one line, with its line break.
    fn answer_line(&self, name: &str, number: usize, line: &[u8]) -> std::io::Result<(String, ExitStatus)> {
        let (result, status) = match self.compare_line(line) {
            Ok((id, answer)) => {
                let undecided = answer.verdict == PolicyRelation::Undecided;
                let status = if undecided { ExitStatus::Incomplete } else { ExitStatus::Clean };
                (PairResultLine { id, outcome: PairOutcome::Compared(Box::new(answer)) }, status)
            }
            Err(reason) => {
                let (id, error) = find_invalid_pair(name, number, line, reason);
                (PairResultLine { id, outcome: PairOutcome::Invalid { error } }, ExitStatus::Usage)
            }
        };
        Ok((render_json(&result, JsonLayout::OneLine)?, status))
    }

    /// The id of the pair, and its comparison.
    ///
    /// # Errors
    /// The line is invalid. [`find_invalid_pair`] finds the place of the error.
    fn compare_line(&self, line: &[u8]) -> Result<(Box<RawValue>, ComparisonReport), String> {
        let pair: PolicyPair<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let documents = DocumentPair::new(self.read_document(pair.a.get())?, self.read_document(pair.b.get())?)?;
        let compare_with = |solver| self.settings.compare(solver, &documents);
        let mut answer = compare_with(&self.solver);
        if answer.verdict == PolicyRelation::Undecided && may_contain_non_ascii(line) {
            // The alphabet of a solver has a limited number of non-ASCII characters, which other lines may have used up.
            answer = compare_with(&self.settings.solver());
        }
        Ok((pair.id.map_or_else(null_id, ToOwned::to_owned), answer))
    }

    fn read_document(&self, text: &str) -> Result<ComparedDocument, String> {
        let lock = || self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = lock().by_text.get(text) {
            return Ok(cached.clone());
        }
        let source = SourceFile::new("", text);
        let node = json_tree::parse(&source).map_err(|error| error.to_string())?;
        let document = ComparedDocument::parse(&source, &node).map_err(|error| error.to_string())?;
        let mut documents = lock();
        documents.bytes += text.len();
        Ok(documents.by_text.entry(text.into()).or_insert(document).clone())
    }
}

/// Whether a line can contain a non-ASCII character, written or escaped.
fn may_contain_non_ascii(line: &[u8]) -> bool {
    !line.is_ascii() || line.windows(2).any(|pair| pair == b"\\u")
}

fn null_id() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

/// The error of an invalid line with its place, and the id of the pair if it can be read. `reason` is the error of the
/// parser that rejected the line; it applies if no place is found.
fn find_invalid_pair(name: &str, number: usize, line: &[u8], reason: String) -> (Box<RawValue>, InvalidPair) {
    let invalid_pair = |message: String, column| InvalidPair { message, line: number, column };
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            let column =
                line.get(..error.valid_up_to()).map_or(1, |valid| String::from_utf8_lossy(valid).chars().count() + 1);
            return (null_id(), invalid_pair("not UTF-8".to_owned(), column));
        }
    };
    let source = SourceFile::new(name, text);
    let (id, problem) = match json_tree::parse(&source) {
        Err(problems) => (null_id(), problems.0.into_iter().next()),
        Ok(node) => {
            let id = node.get("id").and_then(|id| RawValue::from_string(source.slice(id.span).to_owned()).ok());
            (id.unwrap_or_else(null_id), find_problem(&source, &node))
        }
    };
    let error = match problem {
        Some(problem) => invalid_pair(describe_problem(&problem), problem.place().column),
        None => invalid_pair(reason, 1),
    };
    (id, error)
}

fn describe_problem(problem: &Diagnostic) -> String {
    let expected = if problem.expected.is_empty() { String::new() } else { format!(" ({})", problem.expected) };
    let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{}{expected}{help}", problem.message)
}

/// The first error of a pair that is valid JSON.
fn find_problem(source: &Arc<SourceFile>, node: &JsonNode) -> Option<Diagnostic> {
    if !matches!(node.value, JsonValue::Object(_)) {
        let message = format!("a pair cannot be {}", node.describe_type());
        return Some(Diagnostic::error(source, node.span, message, "{\"id\": …, \"a\": …, \"b\": …}"));
    }
    if let Some(member) = node.members().iter().find(|member| !MEMBERS.contains(&&*member.name)) {
        let message = format!("a pair has no field `{}`", member.name);
        let expected = "`id`, `a` and `b`";
        return Some(
            Diagnostic::error(source, member.name_span, message, expected).with_suggestion(&member.name, MEMBERS),
        );
    }
    ["a", "b"].iter().find_map(|side| match node.get(side) {
        None => Some(Diagnostic::error(source, node.span, format!("the pair has no `{side}`"), "a policy document")),
        Some(document) => {
            let problems = ComparedDocument::parse(source, document).err()?;
            problems.0.into_iter().next()
        }
    })
}
