//! The findings about several principals of an entry: the principals, and the access of the first.

use std::io;

use super::excess_section::ShownScopes;
use super::finding_section::{Heading, write_body, write_title};
use super::row::{add_place, begin_field};
use super::style;
use super::writer::{TableWriter, describe_omitted};
use crate::audit::Finding;
use crate::report::layout::Paragraph;

/// The number of findings, and of principals of each, that a brief report shows.
const MAX_ENTRIES: usize = 10;
const MAX_PRINCIPALS: usize = 3;

/// The findings about entries.
pub(super) fn write_entries(findings: &[&Finding], writer: &mut TableWriter) -> io::Result<()> {
    let shown_count = writer.limit_shown(findings.len(), MAX_ENTRIES);
    for finding in findings.iter().take(shown_count) {
        writer.write_blank_line()?;
        let word = style::severity_label(finding.severity);
        let line = Paragraph::new(0, 2).add_padded(&word, 10, style::severity_style(finding.severity));
        writer.write_paragraph(name_entry(line, finding))?;
        write_title(finding, Heading::Severity(finding.severity), writer)?;
        write_principals(finding, writer)?;
        write_body(finding, &mut ShownScopes::default(), writer)?;
    }
    match findings.len() - shown_count {
        0 => Ok(()),
        n => {
            writer.write_blank_line()?;
            writer.write_paragraph(Paragraph::new(0, 2).add_words(&describe_omitted(n, "finding")))
        }
    }
}

/// The entry of a finding, and where it is declared.
pub(super) fn name_entry(line: Paragraph, finding: &Finding) -> Paragraph {
    let name = match &finding.entry {
        Some(entry) => format!("entry \"{entry}\""),
        None => "undeclared principals".to_owned(),
    };
    let line = line.add_span(0, &name, style::NAME);
    match &finding.place {
        Some(place) => add_place(line, place),
        None => line,
    }
}

fn write_principals(finding: &Finding, writer: &mut TableWriter) -> io::Result<()> {
    let shown_count = writer.limit_shown(finding.principals.len(), MAX_PRINCIPALS);
    for (i, principal) in finding.principals.iter().take(shown_count).enumerate() {
        let line = begin_field(writer, if i == 0 { "principals" } else { "" });
        let mut line = line.add_span(0, &principal.arn, style::PLAIN);
        if i == 0 && finding.principals.len() > 1 {
            line = line.add_dotted("shown below", style::PLAIN);
        }
        writer.write_paragraph(line)?;
    }
    match finding.principals.len() - shown_count {
        0 => Ok(()),
        n => writer.write_paragraph(begin_field(writer, "").add_words(&describe_omitted(n, "principal"))),
    }
}
