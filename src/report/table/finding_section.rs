//! The findings about one principal: the principal, the excess, the granting statements, and the suggested edits.

use std::io;

use super::excess_section::{ExcessDetail, ShownScopes, write_excess};
use super::fix_section::write_fixes;
use super::grouping::PrincipalFindings;
use super::row::{WIDE_INDENT, add_place, begin_field, left_margin, text_column};
use super::style;
use super::writer::{TableWriter, describe_omitted};
use crate::audit::{EscalationStep, Finding, NearestDeclaredStatement, PrincipalRef, RuleId, Severity, Title};
use crate::report::layout::Paragraph;
use crate::report::render_options::Verbosity;
use crate::report::text::counts::format_number;
use crate::report::text::names::{format_time, shorten_arn};
use crate::report::text::{render_nearest, render_reason, render_step, render_title};
use crate::source::Place;

/// The number of statements and reasons that a brief report shows.
const MAX_STATEMENTS: usize = 3;
const MAX_REASONS: usize = 4;
/// The number of principals that a brief report names that the same first step leads to.
const MAX_ALSO_REACHED: usize = 3;

/// The severity in the heading above a finding.
#[derive(Clone, Copy)]
pub(super) enum Heading {
    /// The heading shows this severity.
    Severity(Severity),
    /// The heading shows no severity.
    None,
}

/// All findings about one principal.
pub(super) fn write_group(group: &PrincipalFindings, writer: &mut TableWriter) -> io::Result<()> {
    let severity = group.max_severity();
    writer.write_blank_line()?;
    let head = Paragraph::new(0, left_margin(writer)).add_padded(
        &style::severity_label(severity),
        WIDE_INDENT.0,
        style::severity_style(severity),
    );
    let place = group.findings.iter().find_map(|finding| finding.place.as_ref());
    write_principal(head, group.principal, place, writer)?;
    let mut shown_scopes = ShownScopes::default();
    let (shown, omitted_paths) = match writer.verbosity {
        Verbosity::Brief => group.list_brief(),
        Verbosity::All => (group.findings.clone(), 0),
    };
    for finding in shown {
        write_title(finding, Heading::Severity(severity), writer)?;
        write_body(finding, &mut shown_scopes, writer)?;
    }
    if omitted_paths > 0 {
        writer.has_omissions = true;
        let margin = left_margin(writer);
        let text = describe_omitted(omitted_paths, "escalation path");
        writer.write_paragraph(Paragraph::new(margin, margin + 2).add_words(&text))?;
    }
    Ok(())
}

/// The name, class and owner of a principal, and below them its ARN and place.
pub(super) fn write_principal(
    head: Paragraph,
    principal: &PrincipalRef,
    place: Option<&Place>,
    writer: &mut TableWriter,
) -> io::Result<()> {
    let mut head =
        head.add_span(0, shorten_arn(&principal.arn), style::NAME).add_dotted(principal.kind.as_str(), style::PLAIN);
    if let Some(owner) = &principal.owner {
        head = head.add_dotted(&format!("owner {owner}"), style::PLAIN);
    }
    writer.write_paragraph(head)?;
    let margin = left_margin(writer);
    let mut arn_line = Paragraph::new(margin, margin).add_span(0, &principal.arn, style::PLACE);
    if let Some(place) = place {
        arn_line = add_place(arn_line, place);
    }
    writer.write_paragraph(arn_line)
}

/// The rule and the title. The severity is shown if it differs from that of the heading.
pub(super) fn write_title(finding: &Finding, heading: Heading, writer: &mut TableWriter) -> io::Result<()> {
    let mut line =
        Paragraph::new(2, left_margin(writer)).add_padded(finding.rule.as_str(), WIDE_INDENT.0 - 2, style::RULE);
    if let Heading::Severity(severity) = heading
        && severity != finding.severity
    {
        line = line.add_span(0, &format!("{}:", finding.severity), style::severity_style(finding.severity));
    }
    writer.write_paragraph(line.add_words(&render_title(&finding.title)))
}

/// Everything below the title.
pub(super) fn write_body(
    finding: &Finding,
    shown_scopes: &mut ShownScopes,
    writer: &mut TableWriter,
) -> io::Result<()> {
    write_path("path", &finding.path, writer)?;
    finding.other_paths.iter().try_for_each(|path| write_path("or path", path, writer))?;
    write_also_reached(finding, writer)?;
    write_reasons(finding, writer)?;
    let shown_count = writer.limit_shown(finding.excess.len(), MAX_STATEMENTS);
    let mut previous: Option<&NearestDeclaredStatement> = None;
    for (i, excess) in finding.excess.iter().take(shown_count).enumerate() {
        let detail = if i == 0 { ExcessDetail::Full } else { ExcessDetail::ShortIfRepeated };
        write_excess(finding, excess, detail, shown_scopes, writer)?;
        // Most statements differ from the ceiling in the same way, which is shown once.
        if let Some(nearest) = &excess.expected
            && previous.is_none_or(|previous| !has_same_mismatch(previous, nearest))
        {
            let label = if finding.rule == RuleId::Narrower { "nearest" } else { "declared" };
            let line = begin_field(writer, label).add_words(&describe_nearest(nearest));
            writer.write_paragraph(add_place(line, &nearest.place))?;
        }
        previous = excess.expected.as_ref();
    }
    write_omitted_statements(finding, shown_count, writer)?;
    write_fixes(finding, writer)?;
    writer.write_paragraph(begin_field(writer, "key").add_span(0, &finding.key, style::PLAIN))?;
    let mut fingerprint_line = begin_field(writer, "fingerprint").add_span(0, &finding.fingerprint, style::PLAIN);
    if let Some(first_seen) = &finding.first_seen {
        fingerprint_line = fingerprint_line
            .add_span(1, "·", style::PLAIN)
            .add_words(&format!("first seen {}", format_time(first_seen)));
    }
    writer.write_paragraph(fingerprint_line)
}

/// Whether two witnesses fail at the same declared document for the same reason.
fn has_same_mismatch(a: &NearestDeclaredStatement, b: &NearestDeclaredStatement) -> bool {
    a.document == b.document && render_nearest(a) == render_nearest(b)
}

/// Why the nearest declared statement does not allow the witness. The document is named unless its file follows.
fn describe_nearest(nearest: &NearestDeclaredStatement) -> String {
    let text = render_nearest(nearest);
    match is_file_of_document(&nearest.place.file, &nearest.document) {
        true => text,
        false => format!("{}: {text}", nearest.document),
    }
}

/// Whether a path is the file of a document: the same path, or that path in a folder. `x-agent.json` is not the file of
/// the document `agent.json`.
fn is_file_of_document(file: &str, document: &str) -> bool {
    file.strip_suffix(document).is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
}

/// The escalation path: one line per step, and its requests.
fn write_path(label: &str, path: &[EscalationStep], writer: &mut TableWriter) -> io::Result<()> {
    for (i, step) in path.iter().enumerate() {
        let line = begin_field(writer, if i == 0 { label } else { "" });
        let to = if step.from == step.to { "itself" } else { shorten_arn(&step.to) };
        let declared_suffix = if step.declared { ", as declared" } else { "" };
        let ids: Vec<&str> = step.techniques.iter().map(|technique| technique.id.as_str()).collect();
        let text = format!(
            "{}. {} → {to}: {}{declared_suffix} ({})",
            i + 1,
            shorten_arn(&step.from),
            render_step(step),
            ids.join(" + ")
        );
        writer.write_paragraph(line.add_words(&text))?;
        for request in &step.witnesses {
            let indent = text_column(writer) + 2;
            let mut request_line = Paragraph::new(indent, indent + 2).add_span(0, &request.action, style::PLAIN);
            if request.resource != "*" {
                request_line =
                    request_line.add_span(1, "on", style::PLAIN).add_span(1, &request.resource, style::PLAIN);
            }
            writer.write_paragraph(request_line)?;
        }
    }
    Ok(())
}

/// The principals that the same first step leads to, without more access.
fn write_also_reached(finding: &Finding, writer: &mut TableWriter) -> io::Result<()> {
    let total = finding.also_reaches.len();
    if total == 0 {
        return Ok(());
    }
    let shown_count = writer.limit_shown(total, MAX_ALSO_REACHED);
    let names: Vec<&str> = finding.also_reaches.iter().take(shown_count).map(|arn| shorten_arn(arn)).collect();
    let omitted = match total - shown_count {
        0 => String::new(),
        n => format!(", {}", describe_omitted(n, "principal")),
    };
    let text = format!("leads to {} with no further access{omitted}", names.join(", "));
    writer.write_paragraph(begin_field(writer, "also").add_words(&text))
}

/// The facts to judge the finding by.
fn write_reasons(finding: &Finding, writer: &mut TableWriter) -> io::Result<()> {
    // The title has the reason already.
    if let (Title::UndecidedBecause(title), [reason]) = (&finding.title, finding.reasons.as_slice())
        && title == reason
    {
        return Ok(());
    }
    let shown_count = writer.limit_shown(finding.reasons.len(), MAX_REASONS);
    for reason in finding.reasons.iter().take(shown_count) {
        writer.write_paragraph(begin_field(writer, "reason").add_words(&render_reason(reason)))?;
    }
    match finding.reasons.len() - shown_count {
        0 => Ok(()),
        n => writer.write_paragraph(begin_field(writer, "").add_words(&describe_omitted(n, "reason"))),
    }
}

/// One line for the statements that are not shown.
fn write_omitted_statements(finding: &Finding, shown_count: usize, writer: &mut TableWriter) -> io::Result<()> {
    let hidden = finding.excess.len() - shown_count;
    if hidden == 0 {
        return Ok(());
    }
    let worst = finding.excess.iter().skip(shown_count).map(|excess| excess.severity).max();
    let noun = if hidden == 1 { "statement" } else { "statements" };
    let worst = worst.map_or_else(String::new, |severity| format!(" ({severity} at worst)"));
    writer.write_paragraph(
        begin_field(writer, "").add_words(&format!("… {} more {noun}{worst}, --all", format_number(hidden))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_recognized_by_its_whole_path() {
        assert!(is_file_of_document("policies/agents/x.json", "agents/x.json"));
        assert!(is_file_of_document("agents/x.json", "agents/x.json"));
        assert!(!is_file_of_document("policies/human-agents/x.json", "agents/x.json"));
        assert!(!is_file_of_document("policies/x.json", "agents/x.json"));
    }
}
