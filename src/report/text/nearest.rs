//! Why the nearest declared statement does not allow a witness.

use super::counts::format_number;
use super::names::describe_statement;
use crate::audit::{MismatchReason, NearestDeclaredStatement};

/// `statement 1 allows it, but only on arn:aws:s3:::reports/*`.
///
/// ```
/// use iamdrift::audit::{MismatchReason, NearestDeclaredStatement};
/// use iamdrift::baseline::Place;
/// use iamdrift::report::text::render_nearest;
///
/// let nearest = NearestDeclaredStatement {
///     document: "operators/cost-explorer.json".to_owned(),
///     statement: 3,
///     sid: Some("WriteArtifacts".to_owned()),
///     is_only_statement: false,
///     place: Place { file: "operators/cost-explorer.json".to_owned(), line: 40, column: 5 },
///     why: MismatchReason::ResourceNotListed { listed: vec!["arn:aws:s3:::artifacts/*".to_owned()] },
/// };
/// assert!(render_nearest(&nearest).contains("arn:aws:s3:::artifacts/*"));
/// ```
pub fn render_nearest(nearest: &NearestDeclaredStatement) -> String {
    let statement = describe_statement(nearest.statement, nearest.sid.as_deref());
    match &nearest.why {
        MismatchReason::ActionNotListed => "no statement lists this action".to_owned(),
        MismatchReason::Denied => format!("{statement} denies it"),
        MismatchReason::ResourceNotListed { listed } => {
            let resources = match listed.as_slice() {
                [] => "other resources".to_owned(),
                [pattern] => pattern.clone(),
                [first, others @ ..] => format!("{first} and {} more", format_number(others.len())),
            };
            format!("{statement} allows it, but only on {resources}")
        }
        MismatchReason::ConditionFails { operator, key, required, actual } => {
            let actual = match actual {
                None => format!("{key} is missing"),
                Some(values) => format!("{key} is {}", values.join(", ")),
            };
            // A document with a single statement, such as a guard, needs no statement number.
            let subject = match nearest.is_only_statement && nearest.sid.is_none() {
                true => "it is allowed".to_owned(),
                false => format!("{statement} allows it"),
            };
            format!("{subject} only if {operator} {key} {}; {actual}", required.join(", "))
        }
    }
}
