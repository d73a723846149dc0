//! The answer for people.

use std::io::Write;

use iamdrift::audit::count;
use iamdrift::report::{Layout, Paragraph};
use owo_colors::Style;

use super::answer::{Answer, Step, Who};

/// Where a label begins, and what stands behind it.
const LABEL: usize = 2;
const TEXT: usize = 15;
/// How many conditions, resources and statements of one principal are told.
const TOLD: usize = 4;
const PLAIN: Style = Style::new();

/// Writes the answer: how many can, then a paragraph for each.
pub fn render(answer: &Answer, layout: Layout) -> std::io::Result<String> {
    let mut out = Vec::new();
    let direct = answer.principals.iter().filter(|who| who.path.is_empty()).count();
    let reaching = answer.principals.len() - direct;
    let on = answer.resource.as_deref().map_or_else(|| "anything".to_owned(), str::to_owned);
    let mut head = Paragraph::new(0, 2)
        .words(&format!("{} on {on}: of {},", answer.action, count(answer.asked, "principal")))
        .words(&format!("{direct} can"));
    if reaching > 0 {
        head = head.dotted(&format!("{reaching} can by becoming another"), PLAIN);
    }
    if !answer.undecided.is_empty() {
        head = head.dotted(&format!("{} undecided", answer.undecided.len()), Style::new().yellow());
    }
    head.write(layout, &mut out)?;
    for who in &answer.principals {
        writeln!(out)?;
        principal(who, layout, &mut out)?;
    }
    if !answer.undecided.is_empty() {
        writeln!(out)?;
    }
    for open in &answer.undecided {
        let head = Paragraph::new(0, 2).unit(0, "undecided:", Style::new().yellow().bold());
        head.unit(1, short(&open.arn), PLAIN).words(&open.why.join("; ")).write(layout, &mut out)?;
    }
    for line in answer.unread.iter().chain(&answer.notes) {
        Paragraph::new(0, 9).unit(0, "warning:", Style::new().yellow().bold()).words(line).write(layout, &mut out)?;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn principal(who: &Who, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    let head = Paragraph::new(0, 2).unit(0, short(&who.arn), Style::new().bold());
    head.dotted(&who.account, PLAIN).write(layout, out)?;
    for (i, step) in who.path.iter().enumerate() {
        field(if i == 0 { "becomes" } else { "" }).words(&described(i, step)).write(layout, out)?;
        for when in &step.conditions {
            field("").words(&format!("when {when}")).write(layout, out)?;
        }
        for what in &step.rests_on {
            field("").words(&format!("if {what}")).write(layout, out)?;
        }
    }
    if !who.actions.is_empty() {
        lines("does", &who.actions, "", layout, out)?;
    }
    lines("on", &who.resources, "any resource", layout, out)?;
    lines("when", &who.conditions, "no condition stands in the way", layout, out)?;
    for (i, by) in who.granted_by.iter().take(TOLD).enumerate() {
        let sid = by.sid.as_ref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
        let text = format!("{}, statement {}{sid}", by.policy, by.statement + 1);
        let line = field(if i == 0 { "granted by" } else { "" }).words(&text);
        line.unit(2, &by.place, Style::new().dimmed()).write(layout, out)?;
    }
    let example = field("for example").unit(0, &who.witness.action, PLAIN);
    example.unit(1, "on", PLAIN).unit(1, &who.witness.resource, PLAIN).write(layout, out)
}

fn described(index: usize, step: &Step) -> String {
    let to = if step.from == step.to { "itself, broader".to_owned() } else { short(&step.to).to_owned() };
    format!("{}. {to}: {} ({})", index + 1, step.how, step.paths.join(" + "))
}

fn lines(label: &str, told: &[String], none: &str, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    if told.is_empty() {
        return field(label).words(none).write(layout, out);
    }
    for (i, text) in told.iter().take(TOLD).enumerate() {
        field(if i == 0 { label } else { "" }).words(text).write(layout, out)?;
    }
    match told.len().saturating_sub(TOLD) {
        0 => Ok(()),
        more => field("").words(&format!("… {more} more")).write(layout, out),
    }
}

fn field(label: &str) -> Paragraph {
    Paragraph::new(LABEL, TEXT).padded(label, TEXT - LABEL, PLAIN)
}

/// The part of an ARN that tells principals of one account apart.
fn short(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}
