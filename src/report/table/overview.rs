//! The overview: one line per principal with findings, if there are more than fit on a screen.

use std::io;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::grouping::PrincipalFindings;
use super::style;
use super::writer::TableWriter;
use crate::audit::Finding;
use crate::report::layout::display_width;
use crate::report::sanitize::sanitize;
use crate::report::text::counts::format_number;
use crate::report::text::names::shorten_arn;

/// The number of principals that fit on about one screen in full.
const MAX_WITHOUT_OVERVIEW: usize = 3;
/// The width of an owner, and the minimum width of a principal's name, on a terminal.
const OWNER_WIDTH: usize = 20;
const MIN_NAME_WIDTH: usize = 24;
/// The minimum width of a layout with owners.
const MIN_WIDTH_WITH_OWNERS: usize = 100;

/// Writes one line per principal, the worst first. The lines have no frame and are not wrapped, so that tools such as
/// `grep` and `cut` can read them.
pub(super) fn write_overview(groups: &[PrincipalFindings], writer: &mut TableWriter) -> io::Result<()> {
    if groups.len() <= MAX_WITHOUT_OVERVIEW {
        return Ok(());
    }
    let first = groups.first().map(|group| &group.principal.account);
    let visible_columns = OverviewColumns {
        has_detail: !writer.layout.is_narrow(),
        has_account: groups.iter().any(|group| Some(&group.principal.account) != first),
        has_owner: writer.layout.width() >= MIN_WIDTH_WITH_OWNERS,
        has_full_owner: !writer.layout.breaks_words(),
    };
    let lines =
        align_rows(&visible_columns.render_header(), groups.iter().map(|group| visible_columns.render_row(group)));
    let used = lines.iter().map(|line| display_width(line)).max().unwrap_or(0) + 2;
    let room = writer.layout.width().saturating_sub(used).max(MIN_NAME_WIDTH);
    writer.write_blank_line()?;
    let mut names = vec!["principal".to_owned()];
    names.extend(groups.iter().map(|group| render_name(group, room, writer)));
    for (line, name) in lines.iter().zip(names) {
        writeln!(writer.out, "{line}{:gap$}{name}", "", gap = used - display_width(line))?;
    }
    Ok(())
}

/// The columns that are shown.
struct OverviewColumns {
    has_detail: bool,
    has_account: bool,
    has_owner: bool,
    has_full_owner: bool,
}

impl OverviewColumns {
    fn render_header(&self) -> Vec<&'static str> {
        let mut header = vec!["severity", "actions"];
        if self.has_detail {
            header.extend(["destructive", "kind"]);
        }
        if self.has_owner {
            header.push("owner");
        }
        if self.has_account {
            header.push("account");
        }
        header
    }

    fn render_row(&self, group: &PrincipalFindings) -> Vec<String> {
        let principal = group.principal;
        let max_over_findings =
            |n: fn(&Finding) -> usize| group.findings.iter().map(|finding| n(finding)).max().unwrap_or(0);
        let mut row = vec![
            style::severity_label(group.max_severity()),
            format_number(max_over_findings(|finding| finding.action_count)),
        ];
        if self.has_detail {
            row.push(format_number(max_over_findings(|finding| finding.destructive_count)));
            row.push(principal.kind.as_str().to_owned());
        }
        if self.has_owner {
            let owner = sanitize(principal.owner.as_deref().unwrap_or("-")).into_owned();
            row.push(if self.has_full_owner { owner } else { shorten_middle(&owner, OWNER_WIDTH) });
        }
        if self.has_account {
            row.push(sanitize(&principal.account).into_owned());
        }
        row
    }
}

/// The rows below their header, one line each, without trailing spaces.
fn align_rows(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(NOTHING).force_no_tty().set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
        if matches!(column.index, 1 | 2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The name of the principal in its account.
fn render_name(group: &PrincipalFindings, room: usize, writer: &TableWriter) -> String {
    let name = sanitize(shorten_arn(&group.principal.arn)).into_owned();
    if writer.layout.breaks_words() { shorten_middle(&name, room) } else { name }
}

/// Shortens a text to a width. It omits the middle, because names differ at their ends.
fn shorten_middle(text: &str, room: usize) -> String {
    if display_width(text) <= room {
        return text.to_owned();
    }
    let half = room.saturating_sub(1) / 2;
    let start: String = take_fitting(text.chars(), half);
    let end: String = take_fitting(text.chars().rev(), half);
    format!("{start}…{}", end.chars().rev().collect::<String>())
}

fn take_fitting(chars: impl Iterator<Item = char>, room: usize) -> String {
    let mut taken = String::new();
    for c in chars {
        taken.push(c);
        if display_width(&taken) > room {
            taken.pop();
            break;
        }
    }
    taken
}
