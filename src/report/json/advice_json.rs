//! What can be done about a finding: data, with a sentence.

use serde::Serialize;

use crate::audit::Remediation;
use crate::report::text::{RenderedRemediation, render_in_order};

/// What can be done about a finding. `kind` and `data` say what; their fields can change with the rules.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Advice")]
pub struct AdviceJson<'a> {
    /// What to do.
    #[serde(flatten)]
    remediation: &'a Remediation,
    /// The same as a sentence. It begins with "or" if it is an alternative to the advice before it.
    text: String,
    /// The text to copy, if it is not a policy document, which `data` contains.
    snippet: Option<String>,
    #[serde(skip)]
    rendered: RenderedRemediation,
}

impl AdviceJson<'_> {
    /// The sentence, and below it the text to copy.
    pub fn to_text(&self) -> String {
        self.rendered.to_text()
    }
}

/// Some remediations in order.
pub(super) fn build_advice<'r>(remediations: impl Iterator<Item = &'r Remediation> + Clone) -> Vec<AdviceJson<'r>> {
    let rendered = render_in_order(remediations.clone());
    remediations.zip(rendered).map(|(remediation, rendered)| to_advice(remediation, rendered)).collect()
}

fn to_advice(remediation: &Remediation, rendered: RenderedRemediation) -> AdviceJson<'_> {
    let has_document = matches!(
        remediation,
        Remediation::Deny { .. } | Remediation::DenyStep { .. } | Remediation::ReplacePolicy { .. }
    ) || remediation.is_statement_edit();
    AdviceJson {
        remediation,
        text: rendered.sentence.clone(),
        snippet: rendered.snippet.clone().filter(|_| !has_document),
        rendered,
    }
}
