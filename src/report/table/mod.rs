//! The report for people, from the top: on what it rests, what could not be read, what was found by
//! principal, what is undecided, notes, and the counts with the exit status.
//!
//! Line by line in `docs/report.md`. Every text that came from outside goes through a [`Paragraph`] or the
//! table of [`glance`], which sanitise it.

mod excess_section;
mod finding_section;
mod header_footer;
mod overview;
mod sections;
mod style;

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::json_report::sort_findings;
use super::layout::{Layout, Paragraph};
use super::render_options::{RenderOptions, Verbosity};
use super::{Reporter, text};
use crate::audit::{Audit, Finding, PrincipalRef, RuleId, Severity};

/// So many principals a brief report tells in full; all are in the table.
const MAX_PRINCIPALS: usize = 10;

/// The format for people.
pub(super) struct TableReporter;

impl Reporter for TableReporter {
    fn write(&self, audit: &Audit, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = TableWriter {
            layout: options.layout,
            verbosity: options.verbosity,
            out,
            has_omissions: false,
            has_shown_declare_snippet: false,
            shown_statements: BTreeSet::new(),
            shown_snippets: BTreeSet::new(),
        };
        let sections = ReportSections::from_audit(audit);
        header_footer::write_header(audit, &mut writer)?;
        sections::write_unread(&audit.unread, &mut writer)?;
        overview::write_overview(&sections.groups, &mut writer)?;
        let shown_count = writer.limit_shown(sections.groups.len(), MAX_PRINCIPALS);
        for group in sections.groups.iter().take(shown_count) {
            finding_section::write_group(group, &mut writer)?;
        }
        if shown_count < sections.groups.len() {
            writer.write_blank_line()?;
            let omitted = text::format_count(sections.groups.len() - shown_count, "principal");
            writer.write_paragraph(
                Paragraph::new(0, 2).add_words(&format!("… {omitted} of the table above in full, --all")),
            )?;
        }
        sections::write_undecided(&sections.undecided, &mut writer)?;
        sections::write_baseline(&sections.baseline, &mut writer)?;
        sections::write_accepted(&sections.accepted, &mut writer)?;
        sections::write_notes(&audit.notes, &mut writer)?;
        header_footer::write_verdict(audit, options, &mut writer)?;
        header_footer::write_footer(audit, options, &mut writer)
    }
}

/// Where a report is written to.
struct TableWriter<'a> {
    layout: Layout,
    verbosity: Verbosity,
    out: &'a mut dyn Write,
    /// Whether something was left out that `--all` would show.
    has_omissions: bool,
    /// Whether it was told how to declare a principal.
    has_shown_declare_snippet: bool,
    /// The statements, with their scope, that were told of the principal at hand.
    shown_statements: BTreeSet<String>,
    /// The advice with text to copy that was told.
    shown_snippets: BTreeSet<String>,
}

impl TableWriter<'_> {
    fn write_blank_line(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    fn write_paragraph(&mut self, paragraph: Paragraph) -> io::Result<()> {
        paragraph.write(self.layout, self.out)
    }

    /// How many of `total` things are shown, of which a brief report shows `brief`. One more than that is
    /// shown, too: the line that says so would take its place.
    fn limit_shown(&mut self, total: usize, brief: usize) -> usize {
        let limit = self.verbosity.limit_items(brief);
        if total <= limit.saturating_add(1) {
            return total;
        }
        self.has_omissions = true;
        limit
    }
}

/// The findings of one principal, the worst first.
struct PrincipalFindings<'a> {
    principal: &'a PrincipalRef,
    findings: Vec<&'a Finding>,
}

impl PrincipalFindings<'_> {
    fn max_severity(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Info)
    }
}

/// The findings, by the part of the report that they stand in.
struct ReportSections<'a> {
    groups: Vec<PrincipalFindings<'a>>,
    undecided: Vec<&'a Finding>,
    baseline: Vec<&'a Finding>,
    accepted: Vec<&'a Finding>,
}

impl<'a> ReportSections<'a> {
    fn from_audit(audit: &'a Audit) -> ReportSections<'a> {
        let mut sections =
            ReportSections { groups: Vec::new(), undecided: Vec::new(), baseline: Vec::new(), accepted: Vec::new() };
        for finding in sort_findings(&audit.findings) {
            match (&finding.accepted, finding.rule, &finding.principal) {
                (Some(_), _, _) => sections.accepted.push(finding),
                (None, RuleId::Undecided, _) => sections.undecided.push(finding),
                (None, _, None) => sections.baseline.push(finding),
                (None, _, Some(principal)) => sections.add_finding(principal, finding),
            }
        }
        // Of those that are equally bad, whoever can do more harm; else they stay as they came, by ARN.
        sections.groups.sort_by_key(|group| {
            let destroys = group.findings.iter().map(|finding| finding.destructive_count).max();
            let actions = group.findings.iter().map(|finding| finding.action_count).max();
            std::cmp::Reverse((group.max_severity(), destroys, actions))
        });
        sections
    }

    fn add_finding(&mut self, principal: &'a PrincipalRef, finding: &'a Finding) {
        match self.groups.iter_mut().find(|group| group.principal.arn == principal.arn) {
            Some(group) => group.findings.push(finding),
            None => self.groups.push(PrincipalFindings { principal, findings: vec![finding] }),
        }
    }
}

/// What is left out, and how to see it: `… 194 more actions, --all`.
fn describe_omitted(n: usize, noun: &str) -> String {
    format!("… {} more {noun}{}, --all", text::format_number(n), if n == 1 { "" } else { "s" })
}
