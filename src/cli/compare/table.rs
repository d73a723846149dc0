//! A comparison for people.

use iamdrift::audit::cube_text;
use iamdrift::report::{Layout, Paragraph};
use iamdrift::solve::compare::Relation;
use owo_colors::Style;

use super::answer::{Answer, Part, Side, Values, Witness};

/// How many patterns of one part are told.
const PATTERNS: usize = 12;
/// How many parts are told.
const PARTS: usize = 8;
/// Where what stands behind a label begins.
const LABEL: usize = 14;

/// Writes the answer; `names` are those of the two files.
pub fn render(answer: &Answer, names: (&str, &str), layout: Layout) -> std::io::Result<String> {
    let mut out = Vec::new();
    let (a, b) = names;
    let (words, style) = relation(answer.verdict);
    let verdict = Paragraph::new(0, 4).unit(0, a, Style::new().bold()).unit(1, words, style);
    verdict.unit(1, b, Style::new().bold()).write(layout, &mut out)?;
    for reason in &answer.reasons {
        Paragraph::new(2, 4).words("because").words(reason).write(layout, &mut out)?;
    }
    for (side, allows, not) in [(&answer.a_not_b, a, b), (&answer.b_not_a, b, a)] {
        if let Some(side) = side {
            out.push(b'\n');
            difference(side, (allows, not), layout, &mut out)?;
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn relation(relation: Relation) -> (&'static str, Style) {
    match relation {
        Relation::Equivalent => ("is equivalent to", Style::new().green().bold()),
        Relation::Narrower => ("is narrower than", Style::new().green().bold()),
        Relation::Broader => ("is broader than", Style::new().red().bold()),
        Relation::Incomparable => ("is incomparable with", Style::new().red().bold()),
        Relation::Undecided => ("cannot be compared with", Style::new().yellow().bold()),
    }
}

fn difference(side: &Side, names: (&str, &str), layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    let (allows, not) = names;
    let mut extent = Vec::new();
    let actions: usize = side.difference.iter().map(|part| part.count).sum();
    if actions > 0 {
        extent.push(format!("{actions} action{}", if actions == 1 { "" } else { "s" }));
    }
    if side.difference.iter().any(|part| !part.new_actions.is_empty()) {
        extent.push("actions that do not exist yet".to_owned());
    }
    let head = Paragraph::new(0, 4).unit(0, allows, Style::new().bold()).words("allows,");
    let head = head.unit(1, not, Style::new().bold()).words("does not:").words(&extent.join(", and "));
    head.write(layout, out)?;
    for part in side.difference.iter().take(PARTS) {
        self::part(part, layout, out)?;
    }
    if let Some(others) = side.difference.len().checked_sub(PARTS).filter(|others| *others > 0) {
        let words = format!("and {others} more parts: `--format json` tells them all");
        Paragraph::new(2, 4).words(&words).write(layout, out)?;
    }
    witness(&side.witness, layout, out)
}

fn part(part: &Part, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut patterns = Paragraph::new(2, 4);
    for (i, pattern) in part.actions.iter().take(PATTERNS).enumerate() {
        let count = if pattern.pattern.contains('*') { format!(" ({})", pattern.count) } else { String::new() };
        patterns =
            patterns.unit(if i == 0 { 0 } else { 2 }, &format!("{}{count}", pattern.pattern), Style::new().cyan());
    }
    if part.actions.len() > PATTERNS {
        let others: usize = part.actions.iter().skip(PATTERNS).map(|pattern| pattern.count).sum();
        patterns = patterns.unit(2, &format!("… {others} more"), Style::new().dimmed());
    }
    if !part.new_actions.is_empty() {
        let new = format!("new actions by {}", part.new_actions.join(", "));
        patterns = patterns.unit(if part.actions.is_empty() { 0 } else { 2 }, &new, Style::new().cyan());
    }
    patterns.write(layout, out)?;
    let resources = cube_text::resources(&part.cubes);
    if !resources.is_empty() {
        labelled("on", &resources.join("; "), layout, out)?;
    }
    for condition in cube_text::conditions(&part.cubes) {
        labelled("when", &condition, layout, out)?;
    }
    if part.more {
        labelled("", "and in more ways: `--cubes` tells them", layout, out)?;
    }
    Ok(())
}

fn witness(witness: &Witness, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    labelled("for example", &witness.action, layout, out)?;
    labelled("on", &witness.resource, layout, out)?;
    for (key, values) in &witness.context {
        let value = match values {
            Values::One(value) => format!("\"{value}\""),
            Values::Several(values) => format!("{values:?}"),
        };
        labelled("with", &format!("{key} = {value}"), layout, out)?;
    }
    Ok(())
}

fn labelled(label: &str, text: &str, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    let right = format!("{label:>width$}", width = LABEL - 3);
    Paragraph::new(0, LABEL)
        .unit(0, &right, Style::new().dimmed())
        .unit(2, "", Style::new())
        .words(text)
        .write(layout, out)
}
