//! Renders a comparison for people.

use iamdrift::report::text::condition_text;
use iamdrift::report::{Layout, Paragraph};
use iamdrift::solve::compare::PolicyRelation;
use owo_colors::Style;

use super::comparison_report::{
    ComparisonReport, ComparisonWitnessJson, ContextValues, DifferencePart, DirectionalDifference,
};

/// The maximum number of patterns to show per part.
const MAX_PATTERNS: usize = 12;
/// The maximum number of parts to show.
const MAX_PARTS: usize = 8;
/// The column of the text after a label.
const TEXT_COLUMN: usize = 14;

/// Renders the report. `names` are the names of the two files.
pub fn render(report: &ComparisonReport, names: (&str, &str), layout: Layout) -> std::io::Result<String> {
    let mut out = Vec::new();
    let (a, b) = names;
    let (words, style) = relation_text(report.verdict);
    let verdict = Paragraph::new(0, 4).add_span(0, a, Style::new().bold()).add_span(1, words, style);
    verdict.add_span(1, b, Style::new().bold()).write(layout, &mut out)?;
    for reason in &report.reasons {
        Paragraph::new(2, 4).add_words("undecided:").add_words(reason).write(layout, &mut out)?;
    }
    for (side, granting_name, lacking_name) in [(&report.a_not_b, a, b), (&report.b_not_a, b, a)] {
        if let Some(side) = side {
            out.push(b'\n');
            write_difference(side, (granting_name, lacking_name), layout, &mut out)?;
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn relation_text(relation: PolicyRelation) -> (&'static str, Style) {
    match relation {
        PolicyRelation::Equivalent => ("is equivalent to", Style::new().green().bold()),
        PolicyRelation::Narrower => ("is narrower than", Style::new().green().bold()),
        PolicyRelation::Broader => ("is broader than", Style::new().red().bold()),
        PolicyRelation::Incomparable => ("is incomparable with", Style::new().red().bold()),
        PolicyRelation::Undecided => ("cannot be compared with", Style::new().yellow().bold()),
    }
}

fn write_difference(
    side: &DirectionalDifference,
    names: (&str, &str),
    layout: Layout,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let (granting_name, lacking_name) = names;
    let mut extent = Vec::new();
    let actions: usize = side.difference.iter().map(|part| part.count).sum();
    if actions > 0 {
        extent.push(format!("{actions} action{}", if actions == 1 { "" } else { "s" }));
    }
    if side.difference.iter().any(|part| !part.new_actions.is_empty()) {
        extent.push("future actions".to_owned());
    }
    let head = Paragraph::new(0, 4).add_span(0, granting_name, Style::new().bold()).add_words("allows and");
    let head =
        head.add_span(1, lacking_name, Style::new().bold()).add_words("does not:").add_words(&extent.join(", and "));
    head.write(layout, out)?;
    for part in side.difference.iter().take(MAX_PARTS) {
        super::comparison_table::write_part(part, layout, out)?;
    }
    if let Some(omitted) = side.difference.len().checked_sub(MAX_PARTS).filter(|omitted| *omitted > 0) {
        let words = format!("{omitted} more parts: `--format json` shows all");
        Paragraph::new(2, 4).add_words(&words).write(layout, out)?;
    }
    if !side.principals.is_empty() {
        write_labelled("for", &side.principals.join(", "), layout, out)?;
    }
    write_witness(&side.witness, layout, out)
}

fn write_part(part: &DifferencePart, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut patterns = Paragraph::new(2, 4);
    for (i, pattern) in part.actions.iter().take(MAX_PATTERNS).enumerate() {
        let count = if pattern.pattern.contains('*') { format!(" ({})", pattern.count) } else { String::new() };
        patterns =
            patterns.add_span(if i == 0 { 0 } else { 2 }, &format!("{}{count}", pattern.pattern), Style::new().cyan());
    }
    if part.actions.len() > MAX_PATTERNS {
        let omitted: usize = part.actions.iter().skip(MAX_PATTERNS).map(|pattern| pattern.count).sum();
        patterns = patterns.add_span(2, &format!("… {omitted} more"), Style::new().dimmed());
    }
    if !part.new_actions.is_empty() {
        let future_patterns = format!("future actions matching {}", part.new_actions.join(", "));
        patterns =
            patterns.add_span(if part.actions.is_empty() { 0 } else { 2 }, &future_patterns, Style::new().cyan());
    }
    patterns.write(layout, out)?;
    let resources = condition_text::render_resources(&part.cubes);
    if !resources.is_empty() {
        write_labelled("on", &resources.join("; "), layout, out)?;
    }
    for condition in condition_text::render_conditions(&part.cubes) {
        write_labelled("when", &condition, layout, out)?;
    }
    if part.more {
        write_labelled("", "more requests: `--cubes` shows them", layout, out)?;
    }
    Ok(())
}

fn write_witness(witness: &ComparisonWitnessJson, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    write_labelled("witness", &witness.action, layout, out)?;
    write_labelled("on", &witness.resource, layout, out)?;
    for (key, values) in &witness.context {
        let value = match values {
            ContextValues::One(value) => format!("\"{value}\""),
            ContextValues::Several(values) => format!("{values:?}"),
        };
        write_labelled("with", &format!("{key} = {value}"), layout, out)?;
    }
    Ok(())
}

fn write_labelled(label: &str, text: &str, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    let right = format!("{label:>width$}", width = TEXT_COLUMN - 3);
    Paragraph::new(0, TEXT_COLUMN)
        .add_span(0, &right, Style::new().dimmed())
        .add_span(2, "", Style::new())
        .add_words(text)
        .write(layout, out)
}
