//! What one statement grants beyond what is declared: the statement, the actions, resources and conditions, a witness.

use std::collections::BTreeSet;
use std::io;

use super::row::{add_place, begin_field};
use super::style;
use super::writer::{TableWriter, describe_omitted};
use crate::audit::{Excess, Finding, PatternCount, PolicySource, RuleId};
use crate::report::render_options::Verbosity;
use crate::report::text::condition_text::{render_conditions, render_resources};
use crate::report::text::counts::{describe_extent, format_number};
use crate::report::text::names::{ShownKeys, describe_context, describe_granting_policy, describe_statement};

/// The number of patterns, resources and conditions that a brief report shows.
const MAX_PATTERNS: usize = 6;
const MAX_RESOURCES: usize = 2;
const MAX_CONDITIONS: usize = 4;

/// How much of an excess to show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ExcessDetail {
    /// Everything.
    Full,
    /// In a brief report, only the statement and the actions if the statement was shown with the same scope before.
    ShortIfRepeated,
}

/// The statements that were shown for a principal, with their scopes.
#[derive(Default)]
pub(super) struct ShownScopes(BTreeSet<(String, Vec<String>, Vec<String>)>);

/// The resources and conditions of an excess.
struct Scope {
    resources: Vec<String>,
    conditions: Vec<String>,
}

/// The excess of one statement.
pub(super) fn write_excess(
    finding: &Finding,
    excess: &Excess,
    detail: ExcessDetail,
    shown_scopes: &mut ShownScopes,
    writer: &mut TableWriter,
) -> io::Result<()> {
    let scope = Scope { resources: render_resources(&excess.cubes), conditions: render_conditions(&excess.cubes) };
    let scope_key = (excess.granted_by.place.to_string(), scope.resources.clone(), scope.conditions.clone());
    let is_repeated = !shown_scopes.0.insert(scope_key);
    let is_short = is_repeated && detail == ExcessDetail::ShortIfRepeated && writer.verbosity == Verbosity::Brief;
    writer.has_omissions |= is_short;
    write_granting_statement(finding, excess, is_short, writer)?;
    write_actions(finding, excess, writer)?;
    if is_short {
        return Ok(());
    }
    write_scope(&scope, writer)?;
    write_witness(finding, excess, writer)
}

fn write_granting_statement(
    finding: &Finding,
    excess: &Excess,
    is_short: bool,
    writer: &mut TableWriter,
) -> io::Result<()> {
    let granting = &excess.granted_by;
    // The principal can attach this policy, but it is not written anywhere yet.
    if granting.origin == PolicySource::Itself {
        return writer.write_paragraph(begin_field(writer, "gained via").add_words("self-attached policy"));
    }
    let label = if finding.rule == RuleId::Narrower { "declared by" } else { "granted by" };
    let line = begin_field(writer, label).add_words(&format!("{},", describe_granting_policy(granting)));
    let statement = describe_statement(granting.statement, granting.sid.as_deref());
    writer.write_paragraph(match is_short {
        true => line.add_span(1, &format!("{statement},"), style::PLAIN).add_words("as above"),
        false => add_place(line.add_span(1, &statement, style::PLAIN), &granting.place),
    })
}

fn write_actions(finding: &Finding, excess: &Excess, writer: &mut TableWriter) -> io::Result<()> {
    let mut actions = begin_field(writer, "actions");
    // If there is one statement, the title has the number of actions.
    let extent = describe_extent(excess).filter(|_| finding.excess.len() > 1);
    let has_extent = extent.is_some();
    if let Some(extent) = extent {
        actions = match excess.severity == finding.severity {
            true => actions.add_words(&format!("{extent}:")),
            false => {
                let severity = format!("({}):", excess.severity);
                actions.add_words(&extent).add_span(1, &severity, style::severity_style(excess.severity))
            }
        };
    }
    let shown_count = writer.limit_shown(excess.actions.len(), MAX_PATTERNS);
    for (i, action) in excess.actions.iter().take(shown_count).enumerate() {
        // The count of a single pattern is the extent.
        let text =
            if has_extent && excess.actions.len() == 1 { action.pattern.clone() } else { render_pattern(action) };
        actions = actions.add_span(if i == 0 { usize::from(has_extent) } else { 2 }, &text, style::PLAIN);
    }
    let hidden: usize = excess.actions.iter().skip(shown_count).map(|action| action.count.max(1)).sum();
    if hidden > 0 {
        let noun = if excess.action_count > 0 { "action" } else { "pattern" };
        actions = actions.add_span(2, &describe_omitted(hidden, noun), style::PLAIN);
    }
    writer.write_paragraph(actions)
}

fn render_pattern(action: &PatternCount) -> String {
    match action.count {
        0 | 1 => action.pattern.clone(),
        n => format!("{} ({})", action.pattern, format_number(n)),
    }
}

fn write_scope(scope: &Scope, writer: &mut TableWriter) -> io::Result<()> {
    if scope.resources.is_empty() && scope.conditions.is_empty() {
        return writer.write_paragraph(begin_field(writer, "resources").add_words("any resource, unconditional"));
    }
    write_resources(&scope.resources, writer)?;
    if scope.conditions.is_empty() {
        return writer.write_paragraph(begin_field(writer, "conditions").add_words("none"));
    }
    let shown_count = writer.limit_shown(scope.conditions.len(), MAX_CONDITIONS);
    for (i, condition) in scope.conditions.iter().take(shown_count).enumerate() {
        let (label, prefix) = if i == 0 { ("conditions", "") } else { ("", "and ") };
        writer.write_paragraph(begin_field(writer, label).add_words(&format!("{prefix}{condition}")))?;
    }
    match scope.conditions.len() - shown_count {
        0 => Ok(()),
        n => writer
            .write_paragraph(begin_field(writer, "").add_words(&format!("and {}", describe_omitted(n, "condition")))),
    }
}

fn write_resources(resources: &[String], writer: &mut TableWriter) -> io::Result<()> {
    let mut line = begin_field(writer, "resources");
    if resources.is_empty() {
        return writer.write_paragraph(line.add_words("any resource"));
    }
    let shown_count = writer.limit_shown(resources.len(), MAX_RESOURCES);
    for (i, resource) in resources.iter().take(shown_count).enumerate() {
        line = line.add_span(if i == 0 { 0 } else { 2 }, resource, style::PLAIN);
    }
    writer.write_paragraph(match resources.len() - shown_count {
        0 => line,
        n => line.add_span(2, &describe_omitted(n, "resource"), style::PLAIN),
    })
}

fn write_witness(finding: &Finding, excess: &Excess, writer: &mut TableWriter) -> io::Result<()> {
    let witness = &excess.witness;
    let mut line = begin_field(writer, "witness").add_span(0, &witness.action, style::PLAIN);
    if witness.resource != "*" {
        line = line.add_span(1, "on", style::PLAIN).add_span(1, &witness.resource, style::PLAIN);
    }
    writer.write_paragraph(line)?;
    // The witness of a trust finding comes from another principal.
    let shown_keys = if finding.rule == RuleId::Trust { ShownKeys::All } else { ShownKeys::WithoutPrincipal };
    for line in describe_context(witness, shown_keys) {
        writer.write_paragraph(begin_field(writer, "").add_words(&line))?;
    }
    Ok(())
}
