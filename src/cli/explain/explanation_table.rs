//! An explanation for people.

use iamdrift::report::{Layout, Paragraph};
use owo_colors::Style;

use super::explanation::{ContextValueSource, DecisionName, Explanation, LayerRow, StatementRow};

const PLAIN: Style = Style::new();

/// Writes the explanation; marks stand beside the words on a terminal alone.
pub fn render(explanation: &Explanation, layout: Layout, marks: bool) -> std::io::Result<String> {
    let mut out = Vec::new();
    let (word, remainder) = explanation.because.split_at_checked(7).unwrap_or((&explanation.because, ""));
    let (word, rest) = match remainder.strip_prefix(':') {
        Some(rest) => (format!("{word}:"), rest),
        // `Denied:` has seven letters with its colon, `Allowed` without.
        None => (word.to_owned(), remainder),
    };
    let head = Paragraph::new(0, 4).add_span(0, &word, style_of_decision(explanation.decision));
    head.add_words(rest).write(layout, &mut out)?;
    write_labelled("principal", &explanation.principal, layout, &mut out)?;
    write_labelled("action", &explanation.action, layout, &mut out)?;
    write_labelled("resource", &explanation.resource, layout, &mut out)?;
    if let Some(owner) = &explanation.resource_owner {
        write_labelled("owner", &format!("{owner}, another account"), layout, &mut out)?;
    }
    for entry in &explanation.context {
        let source = match entry.source {
            ContextValueSource::Given => "",
            ContextValueSource::Snapshot => " (from the snapshot)",
            ContextValueSource::Resource => " (from the resource's ARN)",
        };
        let values: Vec<String> = entry.values.iter().map(|value| format!("\"{value}\"")).collect();
        write_labelled("with", &format!("{} = {}{source}", entry.key, values.join(", ")), layout, &mut out)?;
    }
    for missing_key in &explanation.lacking {
        let always = if missing_key.every_request_has_it {
            ", which every real request has: give it with --context"
        } else {
            ""
        };
        write_labelled("without", &format!("{}{always}", missing_key.key), layout, &mut out)?;
    }
    for layer_row in &explanation.layers {
        out.push(b'\n');
        write_layer(layer_row, layout, marks, &mut out)?;
    }
    if !(explanation.notes.is_empty() && explanation.missing.is_empty()) {
        out.push(b'\n');
    }
    for note in &explanation.notes {
        Paragraph::new(0, 6).add_span(0, "note:", Style::new().bold()).add_words(note).write(layout, &mut out)?;
    }
    for missing in &explanation.missing {
        let head = Paragraph::new(0, 9).add_span(0, "warning:", Style::new().yellow().bold());
        head.add_words(missing).add_words("— with it the decision may be another").write(layout, &mut out)?;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn style_of_decision(decision: DecisionName) -> Style {
    match decision {
        DecisionName::Allowed => Style::new().green().bold(),
        DecisionName::ExplicitDeny | DecisionName::ImplicitDeny => Style::new().red().bold(),
    }
}

fn write_labelled(label: &str, text: &str, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    Paragraph::new(2, 15).add_padded(label, 11, Style::new().dimmed()).add_words(text).write(layout, out)
}

fn write_layer(layer_row: &LayerRow, layout: Layout, with_marks: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
    let (mark, style, phrase) = match layer_row.says {
        "allows" => ("✓", Style::new().green().bold(), "allow it"),
        "denies" => ("✗", Style::new().red().bold(), "deny it"),
        _ if layer_row.layer.starts_with("resource") => ("·", Style::new().dimmed(), "say nothing of it"),
        _ => ("✗", Style::new().red(), "do not allow it"),
    };
    let says = if layer_row.layer.ends_with('y') { to_singular(phrase) } else { phrase };
    let mut line = Paragraph::new(0, 4);
    if with_marks {
        line = line.add_span(0, mark, style).add_span(1, "", PLAIN);
    }
    line = line.add_span(0, &layer_row.layer, Style::new().bold());
    if let Some(level) = &layer_row.level {
        line = line.add_words("at").add_words(level);
    }
    line.add_span(1, says, style).write(layout, out)?;
    for statement_row in &layer_row.statements {
        write_statement(statement_row, layout, with_marks, out)?;
    }
    if layer_row.statements.is_empty() && layer_row.hidden == 0 {
        Paragraph::new(4, 6).add_words("there is no statement").write(layout, out)?;
    }
    if layer_row.hidden > 0 {
        let (noun, verb) = if layer_row.hidden == 1 { ("statement", "speaks") } else { ("statements", "speak") };
        let text = format!("{} {noun} that {verb} of other services: --all", layer_row.hidden);
        Paragraph::new(4, 6).add_span(0, &text, Style::new().dimmed()).write(layout, out)?;
    }
    Ok(())
}

fn to_singular(phrase: &str) -> &str {
    match phrase {
        "allow it" => "allows it",
        "deny it" => "denies it",
        "say nothing of it" => "says nothing of it",
        _ => "does not allow it",
    }
}

fn write_statement(
    statement_row: &StatementRow,
    layout: Layout,
    with_marks: bool,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let style = match (statement_row.matches, statement_row.effect) {
        (false, _) => Style::new().dimmed(),
        (true, "Deny") => Style::new().red(),
        (true, _) => Style::new().green(),
    };
    let (mark, word) = match (statement_row.matches, with_marks) {
        (true, true) => (if statement_row.effect == "Deny" { "✗" } else { "✓" }, ""),
        (false, true) => ("·", ""),
        (true, false) => ("matches", ""),
        (false, false) => ("no match", ""),
    };
    let width = if with_marks { 2 } else { 10 };
    let sid = statement_row.sid.as_ref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
    let text = format!(
        "{} ({}), statement {}{sid}{word}",
        statement_row.policy,
        statement_row.origin,
        statement_row.index + 1
    );
    let line = Paragraph::new(4, 4 + width)
        .add_padded(mark, width, style)
        .add_span(0, statement_row.effect, style)
        .add_words(&text);
    line.add_span(2, &statement_row.place.to_string(), Style::new().dimmed()).write(layout, out)?;
    if let Some(mismatch) = &statement_row.fails {
        Paragraph::new(4 + width, 6 + width).add_words(mismatch).write(layout, out)?;
    }
    Ok(())
}
