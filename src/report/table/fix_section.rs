//! The suggested edits of a finding and the other advice, with their snippets.

use std::io;

use super::row::{begin_field, text_column};
use super::writer::{TableWriter, describe_omitted};
use crate::audit::{Finding, FixVerification, Remediation, RuleId};
use crate::report::render_options::Verbosity;
use crate::report::sanitize::sanitize;
use crate::report::text::counts::format_count;
use crate::report::text::{render_in_order, render_remediation};

/// The number of edits, and of lines of a snippet, that a brief report shows.
const MAX_EDITS: usize = 3;
const MAX_SNIPPET_LINES: usize = 24;

/// The suggested edits, then the advice.
pub(super) fn write_fixes(finding: &Finding, writer: &mut TableWriter) -> io::Result<()> {
    // A brief report shows the declaration of an undeclared principal once: the next one differs only in its name.
    if writer.verbosity == Verbosity::Brief && finding.rule == RuleId::Undeclared && has_snippet(finding) {
        if writer.has_shown_declare_snippet {
            writer.has_omissions = true;
            let text = "delete it, declare it, or ignore it, as above; --all shows the text to copy";
            return writer.write_paragraph(begin_field(writer, "advice").add_words(text));
        }
        writer.has_shown_declare_snippet = true;
    }
    let (edits, advice): (Vec<&Remediation>, Vec<&Remediation>) =
        finding.remediations.iter().partition(|remediation| remediation.is_edit());
    write_list("fix", &edits, writer)?;
    let remark = match finding.fix_verification {
        FixVerification::Reduces { left } => {
            Some(format!("… the finding gets smaller: {} left", format_count(left, "action")))
        }
        FixVerification::NotRun if !edits.is_empty() => Some("… not tried on a copy of the snapshot".to_owned()),
        _ => None,
    };
    if let Some(remark) = remark {
        writer.write_paragraph(begin_field(writer, "").add_words(&remark))?;
    }
    write_list("advice", &advice, writer)
}

/// Some remediations below one label. The sentence of an alternative begins with "or".
fn write_list(label: &str, remediations: &[&Remediation], writer: &mut TableWriter) -> io::Result<()> {
    let shown_count = writer.limit_shown(remediations.len(), MAX_EDITS);
    let rendered = render_in_order(remediations.iter().copied());
    for (remediation, rendered) in remediations.iter().zip(rendered).take(shown_count) {
        let is_first = remediations.first().is_some_and(|first| std::ptr::eq(*first, *remediation));
        let label = if remediation.is_alternative() && !is_first { "" } else { label };
        let line = begin_field(writer, label);
        let is_hidden = writer.verbosity == Verbosity::Brief && remediation.is_statement_edit();
        match rendered.snippet {
            None => writer.write_paragraph(line.add_words(&rendered.sentence))?,
            Some(_) if is_hidden => {
                writer.has_omissions = true;
                writer.write_paragraph(line.add_words(&rendered.sentence))?;
            }
            Some(snippet) if is_repeated(&snippet, writer) => {
                writer.has_omissions = true;
                writer.write_paragraph(line.add_words(&format!("{}, as above", rendered.sentence)))?;
            }
            Some(snippet) => {
                writer.write_paragraph(line.add_words(&format!("{}:", rendered.sentence)))?;
                write_snippet(&snippet, writer)?;
            }
        }
    }
    match remediations.len() - shown_count {
        0 => Ok(()),
        n => writer.write_paragraph(begin_field(writer, "").add_words(&describe_omitted(n, "step"))),
    }
}

fn has_snippet(finding: &Finding) -> bool {
    finding.remediations.iter().any(|remediation| render_remediation(remediation).snippet.is_some())
}

/// Whether a brief report has shown the snippet before.
fn is_repeated(snippet: &str, writer: &mut TableWriter) -> bool {
    !writer.shown_snippets.insert(snippet.to_owned()) && writer.verbosity == Verbosity::Brief
}

/// Lines to copy, which are never wrapped.
fn write_snippet(snippet: &str, writer: &mut TableWriter) -> io::Result<()> {
    let lines: Vec<&str> = snippet.lines().collect();
    let indent = text_column(writer) + 2;
    let shown_count = writer.limit_shown(lines.len(), MAX_SNIPPET_LINES);
    for line in lines.iter().take(shown_count) {
        let line = line.replace('\t', "  ");
        writeln!(writer.out, "{:indent$}{}", "", sanitize(&line).trim_end())?;
    }
    match lines.len() - shown_count {
        0 => Ok(()),
        n => writeln!(writer.out, "{:indent$}{}", "", describe_omitted(n, "line")),
    }
}
