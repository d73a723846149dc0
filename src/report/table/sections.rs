//! The parts of the report that are not about one principal's drift.

use std::io;

use super::super::layout::Paragraph;
use super::finding_section::{add_place, begin_field, write_body, write_principal, write_title};
use super::{TableWriter, describe_omitted, style};
use crate::audit::{Finding, Note, NoteKind, UnreadInput};
use crate::report::render_options::Verbosity;
use crate::report::text::{format_count, format_number};

/// How many of each a brief report shows.
const MAX_NOTES: usize = 5;
const MAX_UNDECIDED: usize = 10;

/// What could not be read: before everything else, because everything else rests on the rest.
pub(super) fn write_unread(unread: &[UnreadInput], writer: &mut TableWriter) -> io::Result<()> {
    if unread.is_empty() {
        return Ok(());
    }
    let text = match unread.len() {
        1 => "1 thing could not be read; what it decides is not in this report".to_owned(),
        n => format!("{} things could not be read; what they decide is not in this report", format_number(n)),
    };
    write_heading("UNREAD", &text, writer)?;
    for input in unread {
        let mut line = Paragraph::new(2, 4).add_words(&format!("{}: {}", input.subject, input.reason));
        if let Some(place) = &input.place {
            line = add_place(line, place);
        }
        writer.write_paragraph(line)?;
    }
    Ok(())
}

/// Principals for which neither drift nor its absence could be proven.
pub(super) fn write_undecided(findings: &[&Finding], writer: &mut TableWriter) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let text = format!("{} could not be proven either way", format_count(findings.len(), "finding"));
    write_heading("UNDECIDED", &text, writer)?;
    let shown_count = writer.limit_shown(findings.len(), MAX_UNDECIDED);
    for finding in findings.iter().take(shown_count) {
        if let Some(principal) = &finding.principal {
            write_principal(Paragraph::new(2, 4), principal, finding.place.as_ref(), writer)?;
        }
        write_title(finding, None, writer)?;
        write_body(finding, writer)?;
    }
    match findings.len() - shown_count {
        0 => Ok(()),
        n => writer.write_paragraph(Paragraph::new(2, 4).add_words(&describe_omitted(n, "finding"))),
    }
}

/// What is wrong with the baseline itself.
pub(super) fn write_baseline(findings: &[&Finding], writer: &mut TableWriter) -> io::Result<()> {
    for finding in findings {
        writer.write_blank_line()?;
        let word = style::severity_label(finding.severity);
        let mut line = Paragraph::new(0, 2).add_padded(&word, 10, style::severity_style(finding.severity));
        line = line.add_span(0, "the baseline", style::NAME);
        if let Some(place) = &finding.place {
            line = add_place(line, place);
        }
        writer.write_paragraph(line)?;
        write_title(finding, Some(finding.severity), writer)?;
        write_body(finding, writer)?;
    }
    Ok(())
}

/// What an exception accepts for now: counted, and listed where everything is asked for.
pub(super) fn write_accepted(findings: &[&Finding], writer: &mut TableWriter) -> io::Result<()> {
    let accepted = findings.iter().filter_map(|finding| finding.accepted.as_ref());
    let Some(first) = accepted.map(|accepted| accepted.expires.as_str()).min() else { return Ok(()) };
    let shown_count = writer.verbosity.limit_items(0).min(findings.len());
    writer.has_omissions |= shown_count == 0;
    let listed = if shown_count == 0 { ", --all lists them" } else { "" };
    let text = format!("{} for now, the first until {first}{listed}", format_count(findings.len(), "finding"));
    write_heading("ACCEPTED", &text, writer)?;
    for finding in findings.iter().take(shown_count) {
        if let Some(principal) = &finding.principal {
            write_principal(Paragraph::new(2, 4), principal, finding.place.as_ref(), writer)?;
        }
        write_title(finding, None, writer)?;
        if let Some(accepted) = &finding.accepted {
            writer.write_paragraph(add_place(
                begin_field(writer, "reason").add_words(&accepted.reason),
                &accepted.place,
            ))?;
            let approvers = format!("{}, asked for by {}", accepted.approved_by, accepted.requested_by);
            writer.write_paragraph(begin_field(writer, "approved by").add_words(&approvers))?;
            writer.write_paragraph(begin_field(writer, "until").add_words(&accepted.expires))?;
        }
        writer.write_paragraph(begin_field(writer, "fingerprint").add_words(&finding.fingerprint))?;
    }
    Ok(())
}

/// What a reader must know to judge the verdicts.
pub(super) fn write_notes(notes: &[Note], writer: &mut TableWriter) -> io::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    write_heading("NOTES", "", writer)?;
    // Old policies name dozens of actions that AWS has withdrawn.
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
        let text =
            format!("the service catalog does not know {} that policies name", format_count(unknown.len(), "action"));
        writer.write_paragraph(Paragraph::new(2, 4).add_words(&format!("{text}, --all lists them")))?;
    }
    Ok(())
}

fn write_heading(word: &str, text: &str, writer: &mut TableWriter) -> io::Result<()> {
    writer.write_blank_line()?;
    let style = match word {
        "UNREAD" | "UNDECIDED" => style::WARNING,
        _ => style::PLAIN,
    };
    writer.write_paragraph(Paragraph::new(0, 2).add_padded(word, word.len() + 2, style).add_words(text))
}
