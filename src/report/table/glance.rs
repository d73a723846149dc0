//! The table of all principals with findings, where they are more than a screen holds.

use std::io;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::super::layout::columns;
use super::super::sanitize::sanitize;
use super::super::words::{number, short_name};
use super::{Group, Page, style};
use crate::audit::Finding;

/// So many principals are told in full on about one screen.
const ONE_SCREEN: usize = 3;
/// What is left of an owner's and, at least, of a principal's name on a terminal.
const OWNER: usize = 20;
const NAME: usize = 24;
/// From so many columns on there is room for owners.
const WITH_OWNERS: usize = 100;

/// Writes the table: a line for each principal, the worst first. It has no frame, and no line is wrapped, so
/// that it can be searched and cut.
pub(super) fn write(groups: &[Group], page: &mut Page) -> io::Result<()> {
    if groups.len() <= ONE_SCREEN {
        return Ok(());
    }
    let first = groups.first().map(|group| &group.principal.account);
    let shown = Columns {
        detail: !page.layout.is_narrow(),
        account: groups.iter().any(|group| Some(&group.principal.account) != first),
        owner: page.layout.width() >= WITH_OWNERS,
        long_owner: !page.layout.breaks_words(),
    };
    let lines = aligned(&shown.head(), groups.iter().map(|group| shown.row(group)));
    let used = lines.iter().map(|line| columns(line)).max().unwrap_or(0) + 2;
    let room = page.layout.width().saturating_sub(used).max(NAME);
    page.blank()?;
    let mut names = vec!["principal".to_owned()];
    names.extend(groups.iter().map(|group| name(group, room, page)));
    for (line, name) in lines.iter().zip(names) {
        writeln!(page.out, "{line}{:gap$}{name}", "", gap = used - columns(line))?;
    }
    Ok(())
}

/// Which columns there are.
struct Columns {
    detail: bool,
    account: bool,
    owner: bool,
    long_owner: bool,
}

impl Columns {
    fn head(&self) -> Vec<&'static str> {
        let mut head = vec!["severity", "actions"];
        if self.detail {
            head.extend(["destroy", "kind"]);
        }
        if self.owner {
            head.push("owner");
        }
        if self.account {
            head.push("account");
        }
        head
    }

    fn row(&self, group: &Group) -> Vec<String> {
        let principal = group.principal;
        let most = |n: fn(&Finding) -> usize| group.findings.iter().map(|finding| n(finding)).max().unwrap_or(0);
        let mut row = vec![style::word(group.severity()), number(most(|finding| finding.action_count))];
        if self.detail {
            row.push(number(most(|finding| finding.destructive_count)));
            row.push(principal.kind.as_str().to_owned());
        }
        if self.owner {
            let owner = sanitize(principal.owner.as_deref().unwrap_or("-")).into_owned();
            row.push(if self.long_owner { owner } else { shortened(&owner, OWNER) });
        }
        if self.account {
            row.push(sanitize(&principal.account).into_owned());
        }
        row
    }
}

/// The rows under their heads, a line each, without what stands at the ends of lines.
fn aligned(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(NOTHING).force_no_tty().set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head);
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

/// The principal as its account knows it.
fn name(group: &Group, room: usize, page: &Page) -> String {
    let name = sanitize(short_name(&group.principal.arn)).into_owned();
    if page.layout.breaks_words() { shortened(&name, room) } else { name }
}

/// The text within so many columns: its middle goes, since names differ at their ends.
fn shortened(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let half = room.saturating_sub(1) / 2;
    let start: String = fitting(text.chars(), half);
    let end: String = fitting(text.chars().rev(), half);
    format!("{start}…{}", end.chars().rev().collect::<String>())
}

fn fitting(chars: impl Iterator<Item = char>, room: usize) -> String {
    let mut taken = String::new();
    for c in chars {
        taken.push(c);
        if columns(&taken) > room {
            taken.pop();
            break;
        }
    }
    taken
}
