//! One principal's findings: who, what is too much, which statement grants it, what to do.

use std::io;

use super::{PrincipalFindings, TableWriter, describe_omitted, excess_section, style};
use crate::audit::{Finding, NearestDeclaredStatement, PrincipalRef, RuleId, Severity};
use crate::report::layout::Paragraph;
use crate::report::render_options::Verbosity;
use crate::report::sanitize::sanitize;
use crate::report::text::{self, format_number, shorten_arn};
use crate::source::Place;

/// How many of each a brief report shows.
const MAX_STATEMENTS: usize = 3;
const MAX_REASONS: usize = 4;
const MAX_ADVICE: usize = 3;
const MAX_SNIPPET_LINES: usize = 24;

/// Where labels begin and how wide they are, with the gap behind them.
const WIDE_INDENT: (usize, usize) = (10, 13);
/// On a narrow surface a label takes its own width, and later lines begin here.
const NARROW_INDENT: (usize, usize) = (4, 6);

/// Everything of one principal.
pub(super) fn write_group(group: &PrincipalFindings, writer: &mut TableWriter) -> io::Result<()> {
    let principal = group.principal;
    let severity = group.max_severity();
    writer.shown_statements.clear();
    writer.write_blank_line()?;
    let head = Paragraph::new(0, left_margin(writer)).add_padded(
        &style::severity_label(severity),
        WIDE_INDENT.0,
        style::severity_style(severity),
    );
    write_principal(head, principal, group.findings.iter().find_map(|finding| finding.place.as_ref()), writer)?;
    for finding in &group.findings {
        write_title(finding, Some(severity), writer)?;
        write_body(finding, writer)?;
    }
    Ok(())
}

/// A principal's name, kind and owner; below, what to search for and where it stands.
pub(super) fn write_principal(
    head: Paragraph,
    who: &PrincipalRef,
    place: Option<&Place>,
    writer: &mut TableWriter,
) -> io::Result<()> {
    let mut head = head.add_span(0, shorten_arn(&who.arn), style::NAME).add_dotted(who.kind.as_str(), style::PLAIN);
    if let Some(owner) = &who.owner {
        head = head.add_dotted(&format!("owner {owner}"), style::PLAIN);
    }
    writer.write_paragraph(head)?;
    let mut arn_line = Paragraph::new(left_margin(writer), left_margin(writer)).add_span(0, &who.arn, style::PLACE);
    if let Some(place) = place {
        arn_line = arn_line.add_span(2, &place.to_string(), style::PLACE);
    }
    writer.write_paragraph(arn_line)
}

/// The rule and what it found; its severity, too, where that is not the one of its heading.
pub(super) fn write_title(finding: &Finding, heading: Option<Severity>, writer: &mut TableWriter) -> io::Result<()> {
    let mut line =
        Paragraph::new(2, left_margin(writer)).add_padded(finding.rule.as_str(), WIDE_INDENT.0 - 2, style::RULE);
    if heading.is_some_and(|severity| severity != finding.severity) {
        line = line.add_span(0, &format!("{}:", finding.severity), style::severity_style(finding.severity));
    }
    writer.write_paragraph(line.add_words(&finding.title))
}

/// Where all that is below a heading begins.
fn left_margin(writer: &TableWriter) -> usize {
    if writer.layout.is_narrow() { NARROW_INDENT.0 } else { WIDE_INDENT.0 }
}

/// All below the title.
pub(super) fn write_body(finding: &Finding, writer: &mut TableWriter) -> io::Result<()> {
    write_path(finding, writer)?;
    write_reasons(finding, writer)?;
    let shown_count = writer.limit_shown(finding.excess.len(), MAX_STATEMENTS);
    let expected_key = |expected: &NearestDeclaredStatement| (expected.document.clone(), expected.text.clone());
    let mut previous_key = None;
    for (i, excess) in finding.excess.iter().take(shown_count).enumerate() {
        excess_section::write_excess(finding, excess, i > 0, writer)?;
        // Most statements miss the ceiling in the same way: it is told once.
        if let Some(expected) = &excess.expected
            && previous_key != Some(expected_key(expected))
        {
            let label = if finding.rule == RuleId::Narrower { "nearest" } else { "expected" };
            writer.write_paragraph(add_place(
                begin_field(writer, label).add_words(&excess_section::describe_nearest(expected)),
                &expected.place,
            ))?;
        }
        previous_key = excess.expected.as_ref().map(expected_key);
    }
    write_omitted_statements(finding, shown_count, writer)?;
    write_advice(finding, writer)?;
    let mut fingerprint_line = begin_field(writer, "fingerprint").add_span(0, &finding.fingerprint, style::PLAIN);
    if let Some(first_seen) = &finding.first_seen {
        fingerprint_line = fingerprint_line
            .add_span(1, "·", style::PLAIN)
            .add_words(&format!("first seen {}", text::format_time(first_seen)));
    }
    writer.write_paragraph(fingerprint_line)
}

/// A line with a label; what is added next stands behind it.
pub(super) fn begin_field(writer: &TableWriter, label: &str) -> Paragraph {
    if !writer.layout.is_narrow() {
        return Paragraph::new(WIDE_INDENT.0, WIDE_INDENT.0 + WIDE_INDENT.1).add_padded(
            label,
            WIDE_INDENT.1,
            style::PLAIN,
        );
    }
    match label {
        "" => Paragraph::new(NARROW_INDENT.1, NARROW_INDENT.1),
        _ => Paragraph::new(NARROW_INDENT.0, NARROW_INDENT.1).add_padded(label, label.len() + 2, style::PLAIN),
    }
}

/// A place, two columns behind what it is the place of.
pub(super) fn add_place(line: Paragraph, place: &Place) -> Paragraph {
    line.add_span(2, &place.to_string(), style::PLACE)
}

/// How the principal comes to what it can become: a line a step, and its requests.
fn write_path(finding: &Finding, writer: &mut TableWriter) -> io::Result<()> {
    for (i, step) in finding.path.iter().enumerate() {
        let line = begin_field(writer, if i == 0 { "path" } else { "" });
        let to = if step.from == step.to { "itself".to_owned() } else { text::shorten_arn(&step.to).to_owned() };
        let declared_suffix = if step.declared { ", as declared" } else { "" };
        let text = format!(
            "{}. {} → {to}: {}{declared_suffix} ({})",
            i + 1,
            text::shorten_arn(&step.from),
            step.summary,
            step.paths.join(" + ")
        );
        writer.write_paragraph(line.add_words(&text))?;
        for request in &step.witnesses {
            let indent = 2 + if writer.layout.is_narrow() { NARROW_INDENT.1 } else { WIDE_INDENT.0 + WIDE_INDENT.1 };
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

/// Why it could not be decided, or what is wrong with the baseline, where the title does not say it.
fn write_reasons(finding: &Finding, writer: &mut TableWriter) -> io::Result<()> {
    if matches!(finding.reasons.as_slice(), [reason] if *reason == finding.title) {
        return Ok(());
    }
    let shown_count = writer.limit_shown(finding.reasons.len(), MAX_REASONS);
    for reason in finding.reasons.iter().take(shown_count) {
        writer.write_paragraph(begin_field(writer, "because").add_words(reason))?;
    }
    match finding.reasons.len() - shown_count {
        0 => Ok(()),
        n => writer.write_paragraph(begin_field(writer, "").add_words(&describe_omitted(n, "reason"))),
    }
}

/// The statements that are not shown, as one line.
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

fn write_advice(finding: &Finding, writer: &mut TableWriter) -> io::Result<()> {
    let snippets = finding.advice.iter().filter(|advice| advice.contains('\n')).count();
    // What to write into a baseline is told once: the next undeclared principal needs the same with its own name.
    if writer.verbosity == Verbosity::Brief && finding.rule == RuleId::Undeclared && snippets > 0 {
        if writer.has_shown_declare_snippet {
            writer.has_omissions = true;
            let text = "delete it, declare it, or leave it out, as above; --all has the text to copy";
            return writer.write_paragraph(begin_field(writer, "do").add_words(text));
        }
        writer.has_shown_declare_snippet = true;
    }
    let shown_count = writer.limit_shown(finding.advice.len(), MAX_ADVICE);
    for advice in finding.advice.iter().take(shown_count) {
        let mut lines = advice.lines();
        let mut first = lines.next().unwrap_or("").to_owned();
        // Another principal with the same policies needs the very same text.
        if advice.contains('\n')
            && !writer.shown_snippets.insert(advice.clone())
            && writer.verbosity == Verbosity::Brief
        {
            first = format!("{}, as above", first.trim_end_matches(':'));
            lines = "".lines();
        }
        // An alternative to the step before it says so itself.
        let label = if first.starts_with("or ") { "" } else { "do" };
        writer.write_paragraph(begin_field(writer, label).add_words(&first))?;
        write_snippet(&lines.collect::<Vec<_>>(), writer)?;
    }
    match finding.advice.len() - shown_count {
        0 => Ok(()),
        n => writer.write_paragraph(begin_field(writer, "").add_words(&describe_omitted(n, "step"))),
    }
}

/// Lines to copy: neither wrapped nor broken.
fn write_snippet(lines: &[&str], writer: &mut TableWriter) -> io::Result<()> {
    let indent = if writer.layout.is_narrow() { NARROW_INDENT.1 + 2 } else { WIDE_INDENT.0 + WIDE_INDENT.1 + 2 };
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
