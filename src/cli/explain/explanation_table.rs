//! Renders an explanation for people.

use iamdrift::access::Layer;
use iamdrift::report::{Layout, Paragraph};
use owo_colors::Style;

use super::explanation::{
    ContextValueSource, DecisionName, EffectName, Explanation, LayerRow, LayerVerdictName, StatementRow,
};

const PLAIN: Style = Style::new();

/// Whether lines start with symbols (`✓`, `✗`), which only a terminal shows.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum LineMarks {
    /// Symbols.
    Symbols,
    /// Words.
    Words,
}

/// Renders the explanation.
pub fn render(explanation: &Explanation, layout: Layout, marks: LineMarks) -> std::io::Result<String> {
    let mut table = ExplanationTable { layout, marks, out: Vec::new() };
    table.write_request(explanation)?;
    for layer_row in &explanation.layers {
        table.out.push(b'\n');
        table.write_layer(layer_row)?;
    }
    if !(explanation.notes.is_empty() && explanation.missing.is_empty()) {
        table.out.push(b'\n');
    }
    for note in &explanation.notes {
        let line = Paragraph::new(0, 6).add_span(0, "note:", Style::new().bold()).add_words(note);
        line.write(layout, &mut table.out)?;
    }
    for missing in &explanation.missing {
        let head = Paragraph::new(0, 9).add_span(0, "warning:", Style::new().yellow().bold());
        head.add_words(missing).add_words("and could change the decision").write(layout, &mut table.out)?;
    }
    Ok(String::from_utf8_lossy(&table.out).into_owned())
}

struct ExplanationTable {
    layout: Layout,
    marks: LineMarks,
    out: Vec<u8>,
}

impl ExplanationTable {
    fn write_request(&mut self, explanation: &Explanation) -> std::io::Result<()> {
        let because = &explanation.because;
        let head = Paragraph::new(0, 4).add_span(0, because.word, style_of_decision(explanation.decision));
        head.add_words(&because.detail).write(self.layout, &mut self.out)?;
        self.write_labelled("principal", &explanation.principal)?;
        self.write_labelled("action", &explanation.action)?;
        self.write_labelled("resource", &explanation.resource)?;
        if let Some(owner) = &explanation.resource_owner {
            self.write_labelled("owner", &format!("{owner}, another account"))?;
        }
        for entry in &explanation.context {
            let source = match entry.source {
                ContextValueSource::Given => "",
                ContextValueSource::Snapshot => " (from the snapshot)",
                ContextValueSource::Resource => " (from the resource's ARN)",
                ContextValueSource::Request => " (AWS sets it for this action and resource)",
            };
            let values: Vec<String> = entry.values.iter().map(|value| format!("\"{value}\"")).collect();
            self.write_labelled("with", &format!("{} = {}{source}", entry.key, values.join(", ")))?;
        }
        for missing_key in &explanation.lacking {
            let hint = if missing_key.every_request_has_it {
                ", which every real request contains: set it with --context"
            } else {
                ""
            };
            self.write_labelled("without", &format!("{}{hint}", missing_key.key))?;
        }
        Ok(())
    }

    fn write_labelled(&mut self, label: &str, text: &str) -> std::io::Result<()> {
        let line = Paragraph::new(2, 15).add_padded(label, 11, Style::new().dimmed()).add_words(text);
        line.write(self.layout, &mut self.out)
    }

    fn write_layer(&mut self, row: &LayerRow) -> std::io::Result<()> {
        let (mark, style) = match (row.verdict, row.layer) {
            (LayerVerdictName::Allows, _) => ("✓", Style::new().green().bold()),
            (LayerVerdictName::Denies, _) => ("✗", Style::new().red().bold()),
            (LayerVerdictName::Silent, Layer::Resource | Layer::ResourceControl(_)) => ("·", Style::new().dimmed()),
            (LayerVerdictName::Silent, _) => ("✗", Style::new().red()),
        };
        let mut line = Paragraph::new(0, 4);
        if self.marks == LineMarks::Symbols {
            line = line.add_span(0, mark, style).add_span(1, "", PLAIN);
        }
        line = line.add_span(0, &row.layer.to_string(), Style::new().bold());
        if let Some(level) = &row.level {
            line = line.add_words("at").add_words(level);
        }
        line.add_span(1, verdict_text(row), style).write(self.layout, &mut self.out)?;
        for statement_row in &row.statements {
            self.write_statement(statement_row)?;
        }
        if row.statements.is_empty() && row.hidden == 0 {
            Paragraph::new(4, 6).add_words("no statements").write(self.layout, &mut self.out)?;
        }
        if row.hidden > 0 {
            let noun = if row.hidden == 1 { "statement" } else { "statements" };
            let text = format!("{} {noun} for other services omitted (--all)", row.hidden);
            let line = Paragraph::new(4, 6).add_span(0, &text, Style::new().dimmed());
            line.write(self.layout, &mut self.out)?;
        }
        Ok(())
    }

    fn write_statement(&mut self, row: &StatementRow) -> std::io::Result<()> {
        let style = match (row.matches, row.effect) {
            (false, _) => Style::new().dimmed(),
            (true, EffectName::Deny) => Style::new().red(),
            (true, EffectName::Allow) => Style::new().green(),
        };
        let (mark, width) = match (self.marks, row.matches, row.effect) {
            (LineMarks::Symbols, true, EffectName::Deny) => ("✗", 2),
            (LineMarks::Symbols, true, EffectName::Allow) => ("✓", 2),
            (LineMarks::Symbols, false, _) => ("·", 2),
            (LineMarks::Words, true, _) => ("matches", 10),
            (LineMarks::Words, false, _) => ("no match", 10),
        };
        let effect = match row.effect {
            EffectName::Allow => "Allow",
            EffectName::Deny => "Deny",
        };
        let sid = row.sid.as_ref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
        let text = format!("{} ({}), statement {}{sid}", row.policy, row.origin, row.index + 1);
        let line = Paragraph::new(4, 4 + width).add_padded(mark, width, style).add_span(0, effect, style);
        let line = line.add_words(&text).add_span(2, &row.place.to_string(), Style::new().dimmed());
        line.write(self.layout, &mut self.out)?;
        if let Some(mismatch) = &row.fails {
            let line = Paragraph::new(4 + width, 6 + width).add_words(mismatch);
            line.write(self.layout, &mut self.out)?;
        }
        Ok(())
    }
}

fn style_of_decision(decision: DecisionName) -> Style {
    match decision {
        DecisionName::Allowed => Style::new().green().bold(),
        DecisionName::ExplicitDeny | DecisionName::ImplicitDeny => Style::new().red().bold(),
    }
}

/// What a layer decides, as the verb of a sentence whose subject is the layer.
fn verdict_text(row: &LayerRow) -> &'static str {
    let is_plural = match row.layer {
        Layer::Identity | Layer::ServiceControl(_) | Layer::ResourceControl(_) | Layer::Session => true,
        Layer::Request(_) | Layer::Partition | Layer::Boundary | Layer::Resource => false,
    };
    match (row.verdict, row.layer, is_plural) {
        (LayerVerdictName::Allows, _, true) => "allow it",
        (LayerVerdictName::Allows, _, false) => "allows it",
        (LayerVerdictName::Denies, _, true) => "deny it",
        (LayerVerdictName::Denies, _, false) => "denies it",
        (LayerVerdictName::Silent, Layer::ResourceControl(_), _) => "have no matching statement",
        (LayerVerdictName::Silent, Layer::Resource, _) => "has no matching statement",
        (LayerVerdictName::Silent, _, true) => "do not allow it",
        (LayerVerdictName::Silent, _, false) => "does not allow it",
    }
}
