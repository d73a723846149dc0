//! The report for people, from the top: on what it rests, what could not be read, what was found by
//! principal, what is undecided, notes, and the counts with the exit status.
//!
//! Line by line in `docs/report.md`. Every text that came from outside goes through a [`Paragraph`] or the
//! table of [`glance`], which sanitise it.

mod excess;
mod facts;
mod finding;
mod glance;
mod sections;
mod style;

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::json::in_order;
use super::layout::{Layout, Paragraph};
use super::options::{Depth, Options};
use super::{Reporter, words};
use crate::audit::{Audit, Finding, PrincipalBrief, RuleId, Severity};

/// So many principals a brief report tells in full; all are in the table.
const PRINCIPALS: usize = 10;

/// The format for people.
pub(super) struct Table;

impl Reporter for Table {
    fn write(&self, audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        let mut page = Page {
            layout: options.layout,
            depth: options.depth,
            out,
            held_back: false,
            is_declaring_told: false,
            told: BTreeSet::new(),
            copied: BTreeSet::new(),
        };
        let found = Found::of(audit);
        facts::header(audit, &mut page)?;
        sections::unread(&audit.unread, &mut page)?;
        glance::write(&found.groups, &mut page)?;
        let shown = page.shown(found.groups.len(), PRINCIPALS);
        for group in found.groups.iter().take(shown) {
            finding::group(group, &mut page)?;
        }
        if shown < found.groups.len() {
            page.blank()?;
            let rest = words::count(found.groups.len() - shown, "principal");
            page.write(Paragraph::new(0, 2).words(&format!("… {rest} of the table above in full, --all")))?;
        }
        sections::undecided(&found.undecided, &mut page)?;
        sections::baseline(&found.baseline, &mut page)?;
        sections::accepted(&found.accepted, &mut page)?;
        sections::notes(&audit.notes, &mut page)?;
        facts::verdict(audit, options, &mut page)?;
        facts::ending(audit, options, &mut page)
    }
}

/// Where a report is written to.
struct Page<'a> {
    layout: Layout,
    depth: Depth,
    out: &'a mut dyn Write,
    /// Whether something was left out that `--all` would show.
    held_back: bool,
    /// Whether it was told how to declare a principal.
    is_declaring_told: bool,
    /// The statements, with their scope, that were told of the principal at hand.
    told: BTreeSet<String>,
    /// The advice with text to copy that was told.
    copied: BTreeSet<String>,
}

impl Page<'_> {
    fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    fn write(&mut self, paragraph: Paragraph) -> io::Result<()> {
        paragraph.write(self.layout, self.out)
    }

    /// How many of `total` things are shown, of which a brief report shows `brief`. One more than that is
    /// shown, too: the line that says so would take its place.
    fn shown(&mut self, total: usize, brief: usize) -> usize {
        let limit = self.depth.limit(brief);
        if total <= limit.saturating_add(1) {
            return total;
        }
        self.held_back = true;
        limit
    }
}

/// The findings of one principal, the worst first.
struct Group<'a> {
    principal: &'a PrincipalBrief,
    findings: Vec<&'a Finding>,
}

impl Group<'_> {
    fn severity(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Info)
    }
}

/// The findings, by the part of the report that they stand in.
struct Found<'a> {
    groups: Vec<Group<'a>>,
    undecided: Vec<&'a Finding>,
    baseline: Vec<&'a Finding>,
    accepted: Vec<&'a Finding>,
}

impl<'a> Found<'a> {
    fn of(audit: &'a Audit) -> Found<'a> {
        let mut found = Found { groups: Vec::new(), undecided: Vec::new(), baseline: Vec::new(), accepted: Vec::new() };
        for finding in in_order(&audit.findings) {
            match (&finding.accepted, finding.rule, &finding.principal) {
                (Some(_), _, _) => found.accepted.push(finding),
                (None, RuleId::Undecided, _) => found.undecided.push(finding),
                (None, _, None) => found.baseline.push(finding),
                (None, _, Some(principal)) => found.add(principal, finding),
            }
        }
        // Of those that are equally bad, whoever can do more harm; else they stay as they came, by ARN.
        found.groups.sort_by_key(|group| {
            let destroys = group.findings.iter().map(|finding| finding.destructive_count).max();
            let actions = group.findings.iter().map(|finding| finding.action_count).max();
            std::cmp::Reverse((group.severity(), destroys, actions))
        });
        found
    }

    fn add(&mut self, principal: &'a PrincipalBrief, finding: &'a Finding) {
        match self.groups.iter_mut().find(|group| group.principal.arn == principal.arn) {
            Some(group) => group.findings.push(finding),
            None => self.groups.push(Group { principal, findings: vec![finding] }),
        }
    }
}

/// What is left out, and how to see it: `… 194 more actions, --all`.
fn more(n: usize, noun: &str) -> String {
    format!("… {} more {noun}{}, --all", words::number(n), if n == 1 { "" } else { "s" })
}
