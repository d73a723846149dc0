//! The table for people, line by line in `docs/report.md`.
//!
//! Every text from outside goes through a `Paragraph` or the table of `overview`, which sanitize it.
//!
//! - `writer`: the output, and what was shown so far
//! - `style`, `row`: colors, labels and places
//! - `grouping`: the findings by principal and section
//! - `header_footer`: what was audited, the counts and the exit status
//! - `escalation_section`: escalation paths by what ends most of them
//! - `overview`: one line per principal, if there are many
//! - `excess_section`, `fix_section`, `finding_section`: one finding
//! - `entry_section`: the findings about several principals of an entry
//! - `sections`: unread inputs, undecided principals, the baseline, accepted findings, ignored principals, notes

mod entry_section;
mod escalation_section;
mod excess_section;
mod finding_section;
mod fix_section;
mod grouping;
mod header_footer;
mod overview;
mod row;
mod sections;
mod style;
mod writer;

use std::io::{self, Write};

use grouping::ReportSections;
use writer::TableWriter;

use super::layout::Paragraph;
use super::render_options::{RenderOptions, Verbosity};
use super::reporter::Reporter;
use super::text::counts::format_count;
use crate::audit::{Audit, Finding};

/// The number of principals that a brief report shows in full. The overview has all of them.
const MAX_PRINCIPALS: usize = 10;

/// The findings that a brief report shows in full and that can have fixes.
pub(super) fn list_shown(audit: &Audit) -> Vec<&Finding> {
    let mut sections = ReportSections::from_audit(audit);
    sections.condense(&audit.escalation_groups);
    // A brief report can show one principal more.
    let groups = sections.groups.into_iter().take(MAX_PRINCIPALS + 1).flat_map(|group| group.list_brief().0);
    groups.chain(sections.entries).chain(sections.undecided).chain(sections.baseline).collect()
}

/// The format for people.
pub(super) struct TableReporter;

impl Reporter for TableReporter {
    fn write(&self, audit: &Audit, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = TableWriter::new(options, out);
        let mut sections = ReportSections::from_audit(audit);
        let condensed_count = match options.verbosity {
            Verbosity::Brief => sections.condense(&audit.escalation_groups),
            Verbosity::All => 0,
        };
        header_footer::write_header(audit, &mut writer)?;
        sections::write_not_examined(audit, &mut writer)?;
        sections::write_unread(&audit.unread, &mut writer)?;
        escalation_section::write_escalation_groups(&audit.escalation_groups, &mut writer)?;
        overview::write_overview(&sections.groups, &mut writer)?;
        let shown_count = writer.limit_shown(sections.groups.len(), MAX_PRINCIPALS);
        for group in sections.groups.iter().take(shown_count) {
            finding_section::write_group(group, &mut writer)?;
        }
        if shown_count < sections.groups.len() {
            writer.write_blank_line()?;
            let omitted = format_count(sections.groups.len() - shown_count, "principal");
            let text = format!("… {omitted} of the table above in full, --all");
            writer.write_paragraph(Paragraph::new(0, 2).add_words(&text))?;
        }
        if condensed_count > 0 {
            writer.has_omissions = true;
            writer.write_blank_line()?;
            let omitted = format_count(condensed_count, "principal");
            let text = format!("… {omitted} with no other findings than escalation paths that end together, --all");
            writer.write_paragraph(Paragraph::new(0, 2).add_words(&text))?;
        }
        entry_section::write_entries(&sections.entries, &mut writer)?;
        sections::write_undecided(&sections.undecided, &mut writer)?;
        sections::write_baseline(&sections.baseline, &mut writer)?;
        sections::write_accepted(&sections.accepted, &mut writer)?;
        sections::write_ignored(&audit.principals, &mut writer)?;
        sections::write_notes(&audit.notes, &mut writer)?;
        header_footer::write_verdict(audit, options, &mut writer)?;
        header_footer::write_footer(audit, options, &mut writer)
    }
}
