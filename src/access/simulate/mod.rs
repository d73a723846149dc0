//! Requests and answers in the format of AWS's policy simulator (*SimulateCustomPolicy*), decided by
//! `access::evaluate`.
//!
//! - `input.rs`: JSON to layers, requests and context.
//! - `output.rs`: decisions to JSON.

mod input;
mod output;

use std::sync::Arc;

use serde::Serialize;

pub use input::SimulationInput;
pub use output::{EvaluationResult, MatchedStatement, Position, SimulationOutput};

use crate::catalog::Catalog;
use crate::source::{Diagnostics, SourceFile, json_tree};

/// The answer to a file: to one input, or to each input of a list, in the same order.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum FileAnswer {
    /// The file is one input.
    Single(SimulationOutput),
    /// The file is a list of inputs.
    List(Vec<InputAnswer>),
}

/// The answer to one input of a list.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum InputAnswer {
    /// The results.
    Results(SimulationOutput),
    /// The input is invalid.
    #[serde(rename_all = "PascalCase")]
    Invalid {
        /// The error.
        error: InputError,
    },
}

/// The errors of one input of a list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InputError {
    /// What is wrong, and what was expected; one line per error.
    pub message: String,
    /// The line of the first error, from 1.
    pub line: usize,
    /// The column of the first error in characters, from 1.
    pub column: usize,
}

/// Answers a file with one input or a list of inputs.
///
/// # Errors
/// If the file is not JSON, or if it is one invalid input. An invalid input of a list has an error as its answer.
pub fn answer_file(source: &Arc<SourceFile>, catalog: &Catalog) -> Result<FileAnswer, Diagnostics> {
    let node = json_tree::parse(source)?;
    match node.as_array() {
        None => SimulationInput::read(source, &node).map(|input| FileAnswer::Single(input.answer(catalog))),
        Some(inputs) => Ok(FileAnswer::List(
            inputs
                .iter()
                .map(|input| match SimulationInput::read(source, input) {
                    Ok(input) => InputAnswer::Results(input.answer(catalog)),
                    Err(problems) => InputAnswer::Invalid { error: InputError::new(&problems) },
                })
                .collect(),
        )),
    }
}

impl InputError {
    fn new(problems: &Diagnostics) -> InputError {
        let message = |d: &crate::source::Diagnostic| match &d.help {
            Some(help) => format!("{} ({}); {help}", d.message, d.expected),
            None => format!("{} ({})", d.message, d.expected),
        };
        let messages: Vec<String> = problems.0.iter().map(message).collect();
        let (line, column) = problems.0.first().map(|d| d.place()).map_or((1, 1), |place| (place.line, place.column));
        InputError { message: messages.join("\n"), line, column }
    }
}
