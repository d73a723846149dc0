//! Renders the list for people.

use std::io::Write;

use iamdrift::audit::format_count;
use iamdrift::baseline::{PrincipalClass, Strength};
use iamdrift::classify::{DeclarationStatus, Evidence, InferredClass, InventoryRow};
use iamdrift::report::text::{render_class_reason, render_evidence, render_match};
use iamdrift::report::{Layout, Paragraph, Verbosity};
use owo_colors::Style;

use super::principal_list::PrincipalList;

/// The width of the class column.
const CLASS_COLUMN: usize = 16;
const PLAIN: Style = Style::new();

/// Renders a summary line, then a paragraph per principal.
pub fn render(list: &PrincipalList<'_>, verbosity: Verbosity, layout: Layout) -> std::io::Result<String> {
    let mut out = Vec::new();
    let rows = list.rows;
    write_summary(list, layout, &mut out)?;
    writeln!(out)?;
    let several_accounts = rows.iter().any(|row| rows.first().is_some_and(|first| first.account.id != row.account.id));
    for row in rows {
        write_principal(row, several_accounts, verbosity, layout, &mut out)?;
    }
    if !list.unread.is_empty() {
        writeln!(out)?;
    }
    for line in &list.unread {
        write_warning(line, layout, &mut out)?;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// `14 principals: 2 agents, …`, the number per declaration status, and how many the filters leave out.
fn write_summary(list: &PrincipalList<'_>, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    let rows = list.rows;
    let class_counts = InferredClass::ALL.iter().filter_map(|(_, class)| {
        let count_of_class = rows.iter().filter(|row| row.class == *class).count();
        (count_of_class > 0).then(|| match class {
            InferredClass::Known(PrincipalClass::Agent | PrincipalClass::Operator | PrincipalClass::Workload) => {
                format_count(count_of_class, class.as_str())
            }
            InferredClass::Known(PrincipalClass::BreakGlass)
            | InferredClass::ServiceLinked
            | InferredClass::Unknown => {
                format!("{count_of_class} {}", class.as_str())
            }
        })
    });
    let mut paragraph = Paragraph::new(0, 2);
    let head = format!("{}:", format_count(rows.len(), "principal"));
    paragraph = paragraph.add_words(&format!("{head} {}", class_counts.collect::<Vec<_>>().join(", ")));
    for (name, status) in DeclarationStatus::ALL {
        let count_of_status = rows.iter().filter(|row| row.declaration == Some(status)).count();
        if count_of_status > 0 {
            paragraph = paragraph.add_dotted(&format!("{count_of_status} {name}"), PLAIN);
        }
    }
    if list.total > rows.len() {
        paragraph = paragraph.add_dotted(&format!("{} not listed", list.total - rows.len()), PLAIN);
    }
    paragraph.write(layout, out)
}

fn write_principal(
    row: &InventoryRow<'_>,
    several_accounts: bool,
    verbosity: Verbosity,
    layout: Layout,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let mut line = Paragraph::new(0, CLASS_COLUMN).add_padded(row.class.as_str(), CLASS_COLUMN, class_style(row.class));
    line = line.add_span(0, row.principal.arn.resource(), Style::new().bold());
    if several_accounts {
        line = line.add_dotted(row.account.id.as_str(), PLAIN);
    }
    if let Some(status) = row.declaration {
        let status_text = match status {
            DeclarationStatus::Declared => row.entries.join(", "),
            DeclarationStatus::Ambiguous => format!("ambiguous: {}", row.entries.join(", ")),
            DeclarationStatus::Undeclared => "undeclared".to_owned(),
            DeclarationStatus::Ignored => format!("ignored: {}", row.ignore_reason.as_deref().unwrap_or_default()),
        };
        let style = match status {
            DeclarationStatus::Declared | DeclarationStatus::Ignored => PLAIN,
            DeclarationStatus::Ambiguous | DeclarationStatus::Undeclared => Style::new().yellow(),
        };
        line = line.add_dotted(&status_text, style);
    }
    line.write(layout, out)?;
    let continuation = || Paragraph::new(CLASS_COLUMN, CLASS_COLUMN + 2);
    let reason = render_class_reason(&row.reason);
    let deciding = row.classification.evidence.first().filter(|first| first.kind == row.class);
    match (row.declaration, deciding) {
        (Some(DeclarationStatus::Declared), Some(evidence)) => {
            continuation().add_words(&format!("{reason}; it {}", render_match(&evidence.found))).write(layout, out)?;
        }
        _ => continuation().add_words(&reason).write(layout, out)?,
    }
    // Evidence for the same class is shown with `--all` only. Contradicting evidence is always shown, unless it is
    // faint or the class is certain.
    let is_certain = deciding.is_some_and(|deciding| deciding.strength == Strength::Certain);
    let contradicts =
        |evidence: &Evidence| evidence.kind != row.class && evidence.strength > Strength::Faint && !is_certain;
    let is_shown = |evidence: &&Evidence| verbosity == Verbosity::All || contradicts(evidence);
    for evidence in row.classification.evidence.iter().filter(|evidence| Some(*evidence) != deciding).filter(is_shown) {
        let text = format!(
            "hint of {} ({}): {}",
            evidence.kind.as_str(),
            evidence.strength.as_str(),
            render_evidence(evidence)
        );
        let words = text.split(' ').fold(continuation(), |line, word| line.add_span(1, word, Style::new().dimmed()));
        words.write(layout, out)?;
    }
    if row.is_trust_missing() && !row.classification.evidence.is_empty() {
        write_warning("its trust policy is missing or cannot be read", layout, out)?;
    }
    Ok(())
}

fn write_warning(text: &str, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    Paragraph::new(0, 9).add_span(0, "warning:", Style::new().yellow().bold()).add_words(text).write(layout, out)
}

fn class_style(class: InferredClass) -> Style {
    match class {
        InferredClass::Known(PrincipalClass::Agent) => Style::new().magenta().bold(),
        InferredClass::Known(PrincipalClass::BreakGlass) => Style::new().red(),
        InferredClass::Known(PrincipalClass::Operator) => Style::new().cyan(),
        InferredClass::Known(PrincipalClass::Workload) | InferredClass::ServiceLinked => PLAIN,
        InferredClass::Unknown => Style::new().yellow(),
    }
}
