//! What an exception accepts of a finding, or why it accepts nothing.

use super::counts::format_count;
use crate::audit::{Extent, ExtentRefusal};

/// `1 policy document with 3 statements`.
pub fn render_extent(extent: &Extent) -> String {
    let statements = |document: &serde_json::Value| match document.get("Statement") {
        Some(serde_json::Value::Array(statements)) => statements.len(),
        Some(_) => 1,
        None => 0,
    };
    let documents = match extent.documents.as_slice() {
        [] => None,
        documents => Some(format!(
            "{} with {}",
            format_count(documents.len(), "document"),
            format_count(documents.iter().map(statements).sum(), "statement")
        )),
    };
    let items = extent.items.iter().map(|(key, values)| {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        format!("{key}: {}", if values.is_empty() { "nothing".to_owned() } else { values.join(", ") })
    });
    let parts: Vec<String> = documents.into_iter().chain(items).collect();
    if parts.is_empty() { "no access".to_owned() } else { parts.join("; ") }
}

/// Why a finding cannot be accepted.
pub fn render_refusal(refusal: &ExtentRefusal) -> String {
    match refusal {
        ExtentRefusal::NotAccepted => "the rule has no exceptions: resolve the finding".to_owned(),
        ExtentRefusal::NotExpressible => {
            "the limits of this access cannot be written as policy documents, so that no document would accept exactly what \
             the principal holds"
                .to_owned()
        }
        ExtentRefusal::NotExact => {
            "no policy document was found that accepts exactly what the principal holds".to_owned()
        }
        ExtentRefusal::Undecided(reasons) => {
            let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            format!("whether a document accepts exactly what the principal holds is undecided: {}", reasons.join("; "))
        }
    }
}
