//! Renders the report for people.

use std::io::Write;

use iamdrift::audit::format_count;
use iamdrift::report::{Layout, Paragraph};
use owo_colors::Style;

use super::allowed_requests::AllowedRequestsJson;
use super::who_can_report::{PathStepJson, PrincipalRow, WhoCanReport};

/// The columns of labels and of the text after them.
const LABEL_COLUMN: usize = 2;
const TEXT_COLUMN: usize = 15;
/// The maximum number of conditions, resources and statements to show per principal.
const MAX_LINES: usize = 4;
/// The maximum number of rows of allowed requests to show per principal.
const MAX_ROWS: usize = 4;
const PLAIN: Style = Style::new();

/// Renders a summary line, then a paragraph per principal.
pub fn render(report: &WhoCanReport, layout: Layout) -> std::io::Result<String> {
    let mut out = Vec::new();
    let (direct_count, indirect_count) = (report.principals.len(), report.escalating.len());
    let resource = report.resource.as_deref().map_or_else(|| "any resource".to_owned(), str::to_owned);
    let mut head = Paragraph::new(0, 2)
        .add_words(&format!("{} on {resource}: of {},", report.action, format_count(report.asked, "principal")))
        .add_words(&format!("{direct_count} can directly"));
    if indirect_count > 0 {
        head = head.add_dotted(&format!("{indirect_count} can through escalation"), PLAIN);
    }
    if !report.undecided.is_empty() {
        head = head.add_dotted(&format!("{} undecided", report.undecided.len()), Style::new().yellow());
    }
    head.write(layout, &mut out)?;
    let is_action_pattern = report.action.contains(['*', '?']);
    for row in report.principals.iter().chain(&report.escalating) {
        writeln!(out)?;
        write_principal(row, is_action_pattern, layout, &mut out)?;
    }
    if !report.undecided.is_empty() {
        writeln!(out)?;
    }
    for undecided in &report.undecided {
        let head = Paragraph::new(0, 2).add_span(0, "undecided:", Style::new().yellow().bold());
        head.add_span(1, short_arn(&undecided.arn), PLAIN)
            .add_words(&undecided.why.join("; "))
            .write(layout, &mut out)?;
    }
    for line in report.unread.iter().chain(&report.notes) {
        Paragraph::new(0, 9)
            .add_span(0, "warning:", Style::new().yellow().bold())
            .add_words(line)
            .write(layout, &mut out)?;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn write_principal(
    row: &PrincipalRow,
    is_action_pattern: bool,
    layout: Layout,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let head = Paragraph::new(0, 2).add_span(0, short_arn(&row.arn), Style::new().bold());
    head.add_dotted(&row.account, PLAIN).write(layout, out)?;
    for (i, step) in row.path.iter().enumerate() {
        label_paragraph(if i == 0 { "escalates" } else { "" }).add_words(&describe_step(i, step)).write(layout, out)?;
        for condition in &step.conditions {
            label_paragraph("").add_words(&format!("when {condition}")).write(layout, out)?;
        }
        for assumption in &step.rests_on {
            label_paragraph("").add_words(&format!("assumes {assumption}")).write(layout, out)?;
        }
    }
    for allowed in row.allowed.iter().take(MAX_ROWS) {
        write_allowed(allowed, is_action_pattern, layout, out)?;
    }
    if row.more || row.allowed.len() > MAX_ROWS {
        label_paragraph("").add_words("… more under other conditions; --format json lists them").write(layout, out)?;
    }
    for (i, statement) in row.granted_by.iter().take(MAX_LINES).enumerate() {
        let sid = statement.sid.as_ref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
        let text = format!("{}, statement {}{sid}", statement.policy, statement.statement + 1);
        let line = label_paragraph(if i == 0 { "granted by" } else { "" }).add_words(&text);
        line.add_span(2, &statement.place, Style::new().dimmed()).write(layout, out)?;
    }
    let witness = label_paragraph("witness").add_span(0, &row.witness.action, PLAIN);
    witness.add_span(1, "on", PLAIN).add_span(1, &row.witness.resource, PLAIN).write(layout, out)
}

/// Writes resources with the conditions that apply to them, and the actions if the request has a pattern of actions.
fn write_allowed(
    allowed: &AllowedRequestsJson,
    is_action_pattern: bool,
    layout: Layout,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    if is_action_pattern {
        write_lines("actions", &allowed.actions, "", layout, out)?;
    }
    write_lines("resources", &allowed.resources, "any resource", layout, out)?;
    write_lines("conditions", &allowed.conditions, "none", layout, out)
}

fn describe_step(index: usize, step: &PathStepJson) -> String {
    let to = if step.from == step.to { "itself".to_owned() } else { short_arn(&step.to).to_owned() };
    format!("{}. {to}: {} ({})", index + 1, step.how, step.paths.join(" + "))
}

fn write_lines(
    label: &str,
    texts: &[String],
    empty_text: &str,
    layout: Layout,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    if texts.is_empty() {
        return label_paragraph(label).add_words(empty_text).write(layout, out);
    }
    for (i, text) in texts.iter().take(MAX_LINES).enumerate() {
        label_paragraph(if i == 0 { label } else { "" }).add_words(text).write(layout, out)?;
    }
    match texts.len().saturating_sub(MAX_LINES) {
        0 => Ok(()),
        omitted => label_paragraph("").add_words(&format!("… {omitted} more")).write(layout, out),
    }
}

fn label_paragraph(label: &str) -> Paragraph {
    Paragraph::new(LABEL_COLUMN, TEXT_COLUMN).add_padded(label, TEXT_COLUMN - LABEL_COLUMN, PLAIN)
}

/// The part of an ARN after the account.
fn short_arn(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}
