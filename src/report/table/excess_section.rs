//! What one statement allows beyond what is declared: which it is, what, on what, when, and a request for example.

use std::io;

use super::finding_section::{add_place, begin_field};
use super::{TableWriter, describe_omitted, style};
use crate::audit::{Excess, Finding, NearestDeclaredStatement, PatternCount, PolicySource, RuleId};
use crate::report::render_options::Verbosity;
use crate::report::text::{self, format_number};

/// How many of each a brief report shows.
const MAX_PATTERNS: usize = 6;
const MAX_RESOURCES: usize = 2;
const MAX_CONDITIONS: usize = 4;

/// Everything of one statement. One that was told of the same principal before, with the same scope, is told in short
/// where it `may_be_short`.
pub(super) fn write_excess(
    finding: &Finding,
    excess: &Excess,
    can_abbreviate: bool,
    writer: &mut TableWriter,
) -> io::Result<()> {
    let (grant_label, actions_label) = match finding.rule {
        RuleId::Narrower => ("declared by", "lacks"),
        RuleId::Latent => ("granted by", "will allow"),
        _ => ("granted by", "allows"),
    };
    let granting = &excess.granted_by;
    let scope_key = format!("{} {:?} {:?}", granting.place, excess.resources, excess.conditions);
    let is_abbreviated =
        !writer.shown_statements.insert(scope_key) && can_abbreviate && writer.verbosity == Verbosity::Brief;
    writer.has_omissions |= is_abbreviated;
    let line = begin_field(writer, grant_label);
    writer.write_paragraph(match granting.origin {
        // What it would write stands nowhere yet.
        PolicySource::Itself => line.add_words(&granting.policy),
        _ => {
            let line = line.add_words(&format!("{},", text::describe_granting_statement(granting)));
            let statement = text::describe_statement(granting.statement, granting.sid.as_deref());
            match is_abbreviated {
                true => line.add_span(1, &format!("{statement},"), style::PLAIN).add_words("as above"),
                false => add_place(line.add_span(1, &statement, style::PLAIN), &granting.place),
            }
        }
    })?;

    let mut actions = begin_field(writer, actions_label);
    // The title has said it already where there is one statement.
    if finding.excess.len() > 1
        && let Some(extent) = text::describe_extent(excess)
    {
        actions = match excess.severity == finding.severity {
            true => actions.add_words(&format!("{extent}:")),
            false => {
                let severity = format!("({}):", excess.severity);
                actions.add_words(&extent).add_span(1, &severity, style::severity_style(excess.severity))
            }
        };
    }
    let has_extent = finding.excess.len() > 1 && excess.action_count > 0;
    let shown_count = writer.limit_shown(excess.actions.len(), MAX_PATTERNS);
    for (i, action) in excess.actions.iter().take(shown_count).enumerate() {
        // A pattern that stands alone for all of them needs no count of its own.
        let text =
            if has_extent && excess.actions.len() == 1 { action.pattern.clone() } else { render_pattern(action) };
        actions = actions.add_span(if i == 0 { usize::from(has_extent) } else { 2 }, &text, style::PLAIN);
    }
    let hidden: usize = excess.actions.iter().skip(shown_count).map(|action| action.count.max(1)).sum();
    if hidden > 0 {
        let noun = if excess.action_count > 0 { "action" } else { "pattern" };
        actions = actions.add_span(2, &describe_omitted(hidden, noun), style::PLAIN);
    }
    writer.write_paragraph(actions)?;
    if is_abbreviated {
        return Ok(());
    }
    write_scope(excess, writer)?;

    let witness = &excess.witness;
    let mut example = begin_field(writer, "for example").add_span(0, &witness.action, style::PLAIN);
    if witness.resource != "*" {
        example = example.add_span(1, "on", style::PLAIN).add_span(1, &witness.resource, style::PLAIN);
    }
    writer.write_paragraph(example)?;
    for line in text::describe_context(witness, finding.rule == RuleId::Trust) {
        writer.write_paragraph(begin_field(writer, "").add_words(&line))?;
    }
    Ok(())
}

/// What the nearest declared statement does not meet; its document only where the place does not tell it.
pub(super) fn describe_nearest(expected: &NearestDeclaredStatement) -> String {
    match expected.place.file.ends_with(&expected.document) {
        true => expected.text.clone(),
        false => format!("{}: {}", expected.document, expected.text),
    }
}

fn render_pattern(action: &PatternCount) -> String {
    match action.count {
        0 | 1 => action.pattern.clone(),
        n => format!("{} ({})", action.pattern, format_number(n)),
    }
}

/// On what, and when.
fn write_scope(excess: &Excess, writer: &mut TableWriter) -> io::Result<()> {
    if excess.resources.is_empty() && excess.conditions.is_empty() {
        return writer
            .write_paragraph(begin_field(writer, "on").add_words("any resource; no condition stands in the way"));
    }
    let mut resources_line = begin_field(writer, "on");
    let shown_count = writer.limit_shown(excess.resources.len(), MAX_RESOURCES);
    for (i, resource) in excess.resources.iter().take(shown_count).enumerate() {
        resources_line = resources_line.add_span(if i == 0 { 0 } else { 2 }, resource, style::PLAIN);
    }
    resources_line = match excess.resources.len() - shown_count {
        0 if excess.resources.is_empty() => resources_line.add_words("any resource"),
        0 => resources_line,
        n => resources_line.add_span(2, &describe_omitted(n, "resource"), style::PLAIN),
    };
    writer.write_paragraph(resources_line)?;
    if excess.conditions.is_empty() {
        return writer.write_paragraph(begin_field(writer, "when").add_words("no condition stands in the way"));
    }
    let shown_count = writer.limit_shown(excess.conditions.len(), MAX_CONDITIONS);
    for (i, condition) in excess.conditions.iter().take(shown_count).enumerate() {
        let line = begin_field(writer, if i == 0 { "when" } else { "" });
        writer.write_paragraph(line.add_words(&if i == 0 { condition.clone() } else { format!("and {condition}") }))?;
    }
    match excess.conditions.len() - shown_count {
        0 => Ok(()),
        n => writer
            .write_paragraph(begin_field(writer, "").add_words(&format!("and {}", describe_omitted(n, "condition")))),
    }
}
