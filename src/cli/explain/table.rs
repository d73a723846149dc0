//! An explanation for people.

use iamdrift::report::{Layout, Paragraph};
use owo_colors::Style;

use super::told::{DecisionName, Explanation, LayerTold, Source, StatementTold};

const PLAIN: Style = Style::new();

/// Writes the explanation; marks stand beside the words on a terminal alone.
pub fn render(explanation: &Explanation, layout: Layout, marks: bool) -> std::io::Result<String> {
    let mut out = Vec::new();
    let (word, rest) = explanation.because.split_at_checked(7).unwrap_or((&explanation.because, ""));
    let (word, rest) = match rest.strip_prefix(':') {
        Some(rest) => (format!("{word}:"), rest),
        // `Denied:` has seven letters with its colon, `Allowed` without.
        None => (word.to_owned(), rest),
    };
    let head = Paragraph::new(0, 4).unit(0, &word, decision_style(explanation.decision));
    head.words(rest).write(layout, &mut out)?;
    labelled("principal", &explanation.principal, layout, &mut out)?;
    labelled("action", &explanation.action, layout, &mut out)?;
    labelled("resource", &explanation.resource, layout, &mut out)?;
    if let Some(owner) = &explanation.resource_owner {
        labelled("owner", &format!("{owner}, another account"), layout, &mut out)?;
    }
    for entry in &explanation.context {
        let source = match entry.source {
            Source::Given => "",
            Source::Snapshot => " (from the snapshot)",
            Source::Resource => " (from the resource's ARN)",
        };
        let values: Vec<String> = entry.values.iter().map(|value| format!("\"{value}\"")).collect();
        labelled("with", &format!("{} = {}{source}", entry.key, values.join(", ")), layout, &mut out)?;
    }
    for lacking in &explanation.lacking {
        let always =
            if lacking.every_request_has_it { ", which every real request has: give it with --context" } else { "" };
        labelled("without", &format!("{}{always}", lacking.key), layout, &mut out)?;
    }
    for told in &explanation.layers {
        out.push(b'\n');
        layer(told, layout, marks, &mut out)?;
    }
    if !(explanation.notes.is_empty() && explanation.missing.is_empty()) {
        out.push(b'\n');
    }
    for note in &explanation.notes {
        Paragraph::new(0, 6).unit(0, "note:", Style::new().bold()).words(note).write(layout, &mut out)?;
    }
    for missing in &explanation.missing {
        let head = Paragraph::new(0, 9).unit(0, "warning:", Style::new().yellow().bold());
        head.words(missing).words("— with it the decision may be another").write(layout, &mut out)?;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn decision_style(decision: DecisionName) -> Style {
    match decision {
        DecisionName::Allowed => Style::new().green().bold(),
        DecisionName::ExplicitDeny | DecisionName::ImplicitDeny => Style::new().red().bold(),
    }
}

fn labelled(label: &str, text: &str, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    Paragraph::new(2, 15).padded(label, 11, Style::new().dimmed()).words(text).write(layout, out)
}

fn layer(told: &LayerTold, layout: Layout, marks: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
    let (mark, style, says) = match told.says {
        "allows" => ("✓", Style::new().green().bold(), "allow it"),
        "denies" => ("✗", Style::new().red().bold(), "deny it"),
        _ if told.layer.starts_with("resource") => ("·", Style::new().dimmed(), "say nothing of it"),
        _ => ("✗", Style::new().red(), "do not allow it"),
    };
    let says = if told.layer.ends_with('y') { singular(says) } else { says };
    let mut line = Paragraph::new(0, 4);
    if marks {
        line = line.unit(0, mark, style).unit(1, "", PLAIN);
    }
    line = line.unit(0, &told.layer, Style::new().bold());
    if let Some(level) = &told.level {
        line = line.words("at").words(level);
    }
    line.unit(1, says, style).write(layout, out)?;
    for one in &told.statements {
        statement(one, layout, marks, out)?;
    }
    if told.statements.is_empty() && told.hidden == 0 {
        Paragraph::new(4, 6).words("there is no statement").write(layout, out)?;
    }
    if told.hidden > 0 {
        let (noun, verb) = if told.hidden == 1 { ("statement", "speaks") } else { ("statements", "speak") };
        let text = format!("{} {noun} that {verb} of other services: --all", told.hidden);
        Paragraph::new(4, 6).unit(0, &text, Style::new().dimmed()).write(layout, out)?;
    }
    Ok(())
}

fn singular(says: &str) -> &str {
    match says {
        "allow it" => "allows it",
        "deny it" => "denies it",
        "say nothing of it" => "says nothing of it",
        _ => "does not allow it",
    }
}

fn statement(one: &StatementTold, layout: Layout, marks: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
    let style = match (one.matches, one.effect) {
        (false, _) => Style::new().dimmed(),
        (true, "Deny") => Style::new().red(),
        (true, _) => Style::new().green(),
    };
    let (mark, word) = match (one.matches, marks) {
        (true, true) => (if one.effect == "Deny" { "✗" } else { "✓" }, ""),
        (false, true) => ("·", ""),
        (true, false) => ("matches", ""),
        (false, false) => ("no match", ""),
    };
    let width = if marks { 2 } else { 10 };
    let sid = one.sid.as_ref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
    let text = format!("{} ({}), statement {}{sid}{word}", one.policy, one.origin, one.index + 1);
    let line = Paragraph::new(4, 4 + width).padded(mark, width, style).unit(0, one.effect, style).words(&text);
    line.unit(2, &one.place.to_string(), Style::new().dimmed()).write(layout, out)?;
    if let Some(fails) = &one.fails {
        Paragraph::new(4 + width, 6 + width).words(fails).write(layout, out)?;
    }
    Ok(())
}
