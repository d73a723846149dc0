//! The sections of the table that are not about the drift of one principal.

use std::io;

use owo_colors::Style;

use super::entry_section::name_entry;
use super::excess_section::ShownScopes;
use super::finding_section::{Heading, write_body, write_principal, write_title};
use super::row::{add_place, begin_field};
use super::style;
use super::writer::{TableWriter, describe_omitted};
use crate::audit::{Audit, DeclaredClass, Finding, NotExamined, Note, NoteKind, PrincipalReport, UnreadInput};
use crate::report::layout::Paragraph;
use crate::report::render_options::Verbosity;
use crate::report::text::counts::{format_count, format_number};

/// The number of notes and undecided principals that a brief report shows.
const MAX_NOTES: usize = 5;
const MAX_UNDECIDED: usize = 10;
/// The number of unread inputs outside the chosen part that a brief report shows.
const MAX_UNREAD_ELSEWHERE: usize = 3;

/// What the options left out. It comes before everything else, because the exit status says nothing about it.
pub(super) fn write_not_examined(audit: &Audit, writer: &mut TableWriter) -> io::Result<()> {
    let NotExamined { principals, rules, below_severity, unread } = &audit.not_examined;
    let mut parts = Vec::new();
    if *principals > 0 {
        let total = audit.principals.len() + principals;
        parts.push(format!("{} of {}", format_number(*principals), format_count(total, "principal")));
    }
    if !rules.is_empty() {
        let ids: Vec<&str> = rules.iter().map(|rule| rule.as_str()).collect();
        parts.push(format!("{} {}", if ids.len() == 1 { "rule" } else { "rules" }, ids.join(", ")));
    }
    if let Some(severity) = below_severity {
        parts.push(format!("findings below {severity}"));
    }
    if !unread.is_empty() {
        let inputs = format_count(unread.len(), "unread input");
        parts.push(format!("{inputs} of other principals or rules"));
    }
    if parts.is_empty() {
        return Ok(());
    }
    write_heading("NOT EXAMINED", style::PLAIN, &parts.join("; "), writer)?;
    let shown_count = writer.limit_shown(unread.len(), MAX_UNREAD_ELSEWHERE);
    for input in unread.iter().take(shown_count) {
        write_unread_input(input, writer)?;
    }
    match unread.len() - shown_count {
        0 => Ok(()),
        n => writer.write_paragraph(Paragraph::new(2, 4).add_words(&describe_omitted(n, "unread input"))),
    }
}

/// The inputs that could not be read. They come first, because all results depend on what was read.
pub(super) fn write_unread(unread: &[UnreadInput], writer: &mut TableWriter) -> io::Result<()> {
    if unread.is_empty() {
        return Ok(());
    }
    let text = match unread.len() {
        1 => "1 input could not be read; results that depend on it are missing".to_owned(),
        n => format!("{} inputs could not be read; results that depend on them are missing", format_number(n)),
    };
    write_heading("UNREAD", style::WARNING, &text, writer)?;
    unread.iter().try_for_each(|input| write_unread_input(input, writer))
}

fn write_unread_input(input: &UnreadInput, writer: &mut TableWriter) -> io::Result<()> {
    let mut line = Paragraph::new(2, 4).add_words(&format!("{}: {}", input.subject, input.reason));
    if let Some(place) = &input.place {
        line = add_place(line, place);
    }
    writer.write_paragraph(line)
}

/// The principals that could not be decided.
pub(super) fn write_undecided(findings: &[&Finding], writer: &mut TableWriter) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let text = format!("{} could not be decided", format_count(findings.len(), "principal"));
    write_heading("UNDECIDED", style::WARNING, &text, writer)?;
    let shown_count = writer.limit_shown(findings.len(), MAX_UNDECIDED);
    for finding in findings.iter().take(shown_count) {
        if let Some(principal) = &finding.principal {
            write_principal(Paragraph::new(2, 4), principal, finding.place.as_ref(), writer)?;
        }
        write_title(finding, Heading::None, writer)?;
        write_body(finding, &mut ShownScopes::default(), writer)?;
    }
    match findings.len() - shown_count {
        0 => Ok(()),
        n => writer.write_paragraph(Paragraph::new(2, 4).add_words(&describe_omitted(n, "finding"))),
    }
}

/// The findings about the baseline.
pub(super) fn write_baseline(findings: &[&Finding], writer: &mut TableWriter) -> io::Result<()> {
    for finding in findings {
        writer.write_blank_line()?;
        let word = style::severity_label(finding.severity);
        let mut line = Paragraph::new(0, 2).add_padded(&word, 10, style::severity_style(finding.severity));
        line = line.add_span(0, "baseline", style::NAME);
        if let Some(place) = &finding.place {
            line = add_place(line, place);
        }
        writer.write_paragraph(line)?;
        write_title(finding, Heading::Severity(finding.severity), writer)?;
        write_body(finding, &mut ShownScopes::default(), writer)?;
    }
    Ok(())
}

/// The findings that exceptions accept: their number, and with `--all` the findings.
pub(super) fn write_accepted(findings: &[&Finding], writer: &mut TableWriter) -> io::Result<()> {
    let accepted = findings.iter().filter_map(|finding| finding.accepted.as_ref());
    let Some(first) = accepted.map(|accepted| accepted.expires.as_str()).min() else { return Ok(()) };
    let text = format!("{}, earliest expiry {first}", format_count(findings.len(), "accepted finding"));
    if writer.verbosity == Verbosity::Brief {
        writer.has_omissions = true;
        return write_heading("ACCEPTED", style::PLAIN, &format!("{text}, --all lists them"), writer);
    }
    write_heading("ACCEPTED", style::PLAIN, &text, writer)?;
    for finding in findings {
        if let Some(principal) = &finding.principal {
            write_principal(Paragraph::new(2, 4), principal, finding.place.as_ref(), writer)?;
        }
        if !finding.principals.is_empty() {
            writer.write_paragraph(name_entry(Paragraph::new(2, 4), finding))?;
        }
        write_title(finding, Heading::None, writer)?;
        if let Some(accepted) = &finding.accepted {
            writer.write_paragraph(add_place(
                begin_field(writer, "reason").add_words(&accepted.reason),
                &accepted.place,
            ))?;
            let approvers = format!("{}, requested by {}", accepted.approved_by, accepted.requested_by);
            writer.write_paragraph(begin_field(writer, "approved by").add_words(&approvers))?;
            writer.write_paragraph(begin_field(writer, "expires").add_words(&accepted.expires))?;
        }
        writer.write_paragraph(begin_field(writer, "key").add_words(&finding.key))?;
        writer.write_paragraph(begin_field(writer, "fingerprint").add_words(&finding.fingerprint))?;
    }
    Ok(())
}

/// The principals that an `[[ignore]]` excludes. A brief report only counts them, in its header.
pub(super) fn write_ignored(principals: &[PrincipalReport], writer: &mut TableWriter) -> io::Result<()> {
    let ignored: Vec<&PrincipalReport> =
        principals.iter().filter(|principal| principal.kind == DeclaredClass::Ignored).collect();
    if ignored.is_empty() {
        return Ok(());
    }
    if writer.verbosity == Verbosity::Brief {
        writer.has_omissions = true;
        return Ok(());
    }
    let text = format!("{}; only trust in external principals is checked", format_count(ignored.len(), "principal"));
    write_heading("IGNORED", style::PLAIN, &text, writer)?;
    for principal in ignored {
        writer.write_paragraph(Paragraph::new(2, 4).add_words(&principal.arn))?;
    }
    Ok(())
}

/// What a reader must know to judge the findings.
pub(super) fn write_notes(notes: &[Note], writer: &mut TableWriter) -> io::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    write_heading("NOTES", style::PLAIN, "", writer)?;
    // Old policies name dozens of actions that AWS has removed.
    let (unknown, others): (Vec<&Note>, Vec<&Note>) = notes.iter().partition(|n| n.kind == NoteKind::UnknownAction);
    let is_condensed = unknown.len() > 1 && writer.verbosity == Verbosity::Brief;
    let listed: Vec<&Note> = if is_condensed { others } else { notes.iter().collect() };
    let shown_count = writer.limit_shown(listed.len(), MAX_NOTES);
    for note in listed.iter().take(shown_count) {
        let line = Paragraph::new(2, 4).add_words(&note.text);
        writer.write_paragraph(match &note.place {
            Some(place) => add_place(line, place),
            None => line,
        })?;
    }
    if shown_count < listed.len() {
        writer
            .write_paragraph(Paragraph::new(2, 4).add_words(&describe_omitted(listed.len() - shown_count, "note")))?;
    }
    if is_condensed {
        writer.has_omissions = true;
        let text = format!("{} in policies", format_count(unknown.len(), "unknown action"));
        writer.write_paragraph(Paragraph::new(2, 4).add_words(&format!("{text}, --all lists them")))?;
    }
    Ok(())
}

fn write_heading(word: &str, style: Style, text: &str, writer: &mut TableWriter) -> io::Result<()> {
    writer.write_blank_line()?;
    writer.write_paragraph(Paragraph::new(0, 2).add_padded(word, word.len() + 2, style).add_words(text))
}
