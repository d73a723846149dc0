//! Requests in the shape of AWS's policy simulator (*SimulateCustomPolicy*), answered by [`super::evaluate`].

mod input;
mod output;

use std::sync::Arc;

use serde::Serialize;

pub use input::SimulationInput;
pub use output::{EvaluationResult, MatchedStatement, Position, SimulationOutput};

use crate::source::{Diagnostics, SourceFile, json_tree};

/// The answer to a file: to one input, or to a list of them in the same order.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum FileAnswer {
    /// The answer to the one input that the file is.
    Single(SimulationOutput),
    /// The answers to a list.
    List(Vec<InputAnswer>),
}

/// The answer to one input of a list.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum InputAnswer {
    /// Its results.
    Results(SimulationOutput),
    /// What is wrong with it.
    #[serde(rename_all = "PascalCase")]
    Invalid {
        /// What is wrong, and where.
        error: InputError,
    },
}

/// What is wrong with one input of a list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InputError {
    /// What is wrong and what was expected.
    pub message: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Answers a file that is one input or a list of inputs. In a list a bad input has its error for an answer;
/// a file that is no JSON, or one input that is bad, is an error.
pub fn answer_file(source: &Arc<SourceFile>, rcp_supported: &dyn Fn(&str) -> bool) -> Result<FileAnswer, Diagnostics> {
    let node = json_tree::parse(source)?;
    match node.as_array() {
        None => SimulationInput::read(source, &node).map(|input| FileAnswer::Single(input.answer(rcp_supported))),
        Some(inputs) => Ok(FileAnswer::List(
            inputs
                .iter()
                .map(|input| match SimulationInput::read(source, input) {
                    Ok(input) => InputAnswer::Results(input.answer(rcp_supported)),
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
