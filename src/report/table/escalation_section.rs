//! The escalation paths of all principals, by what ends most of them.

use std::io;

use super::style;
use super::writer::{TableWriter, describe_omitted};
use crate::audit::EscalationGroup;
use crate::report::layout::Paragraph;
use crate::report::text::counts::{format_count, format_number};
use crate::report::text::render_escalation_group;

/// The number of groups that a brief report shows.
const MAX_GROUPS: usize = 5;
/// The width of a severity, with the gap after it.
const SEVERITY_WIDTH: usize = 10;

/// Writes one line per group, if there are paths that end together. The findings about the paths are shown with their
/// principals.
pub(super) fn write_escalation_groups(groups: &[EscalationGroup], writer: &mut TableWriter) -> io::Result<()> {
    let paths: usize = groups.iter().map(|group| group.paths).sum();
    let shared: Vec<&EscalationGroup> = groups.iter().filter(|group| group.paths > 1).collect();
    if shared.is_empty() {
        return Ok(());
    }
    writer.write_blank_line()?;
    let changes = match groups.len() {
        1 => "1 change ends all of them".to_owned(),
        several => format!("{} changes end all of them", format_number(several)),
    };
    let text = format!("{}; {changes}", format_count(paths, "escalation path"));
    writer.write_paragraph(Paragraph::new(0, 2).add_padded("ESCALATION", 12, style::PLAIN).add_words(&text))?;
    let shown_count = writer.limit_shown(shared.len(), MAX_GROUPS);
    for group in shared.iter().take(shown_count) {
        let severity = style::severity_label(group.severity);
        let line = Paragraph::new(2, 2 + SEVERITY_WIDTH)
            .add_padded(&severity, SEVERITY_WIDTH, style::severity_style(group.severity))
            .add_words(&render_escalation_group(group));
        writer.write_paragraph(line)?;
    }
    if shown_count < shared.len() {
        let omitted = describe_omitted(shared.len() - shown_count, "such change");
        writer.write_paragraph(Paragraph::new(2, 4).add_words(&omitted))?;
    }
    Ok(())
}
