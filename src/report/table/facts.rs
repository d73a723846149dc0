//! The first lines and the last ones: on what the report rests, how many of what, how the program ends.

use std::io;

use super::super::layout::{Paragraph, columns};
use super::super::options::Options;
use super::super::words::{count, number, status, time};
use super::{Page, style};
use crate::audit::{Audit, Severity, SnapshotFacts, Status};

/// More accounts than this are counted, not named.
const ACCOUNTS: usize = 3;

/// Which account, which snapshot, which baseline, which catalog; then the principals by what became of them.
pub(super) fn header(audit: &Audit, page: &mut Page) -> io::Result<()> {
    let taken = match &audit.snapshot.taken_at {
        Some(taken_at) => format!("snapshot {}", time(taken_at)),
        None => "snapshot of an unknown time".to_owned(),
    };
    let rests_on = [
        accounts(&audit.snapshot),
        format!("{taken} ({})", audit.snapshot.origin),
        format!("baseline {} @ {}", audit.baseline.path, audit.baseline.content_id),
        format!("catalog {} of {}", audit.catalog.version, audit.catalog.updated_at),
    ];
    let mut line = Paragraph::new(0, 2).unit(0, "iamdrift", style::NAME);
    for fact in &rests_on {
        line = line.dotted(fact, style::PLAIN);
    }
    page.write(line)?;
    page.write(summary(audit))
}

fn accounts(snapshot: &SnapshotFacts) -> String {
    let partitions = snapshot.partitions.join(", ");
    match snapshot.accounts.as_slice() {
        [] => "no account".to_owned(),
        [one] => format!("account {one} ({partitions})"),
        some if some.len() <= ACCOUNTS => format!("accounts {} ({partitions})", some.join(", ")),
        many => format!("{} ({partitions})", count(many.len(), "account")),
    }
}

fn summary(audit: &Audit) -> Paragraph {
    let of = |status| audit.summary.principals.get(&status).copied().unwrap_or(0);
    let audited = audit.summary.principals.iter().filter(|(status, _)| **status != Status::Ignored).map(|(_, n)| n);
    let mut parts: Vec<String> = audit
        .summary
        .principals
        .iter()
        .filter(|(key, n)| **n > 0 && **key != Status::Ignored)
        .map(|(key, n)| format!("{} {}", number(*n), status(*key)))
        .collect();
    let ignored = of(Status::Ignored).saturating_sub(audit.summary.service_linked);
    if ignored > 0 {
        parts.push(format!("{} left out by the baseline", number(ignored)));
    }
    if audit.summary.service_linked > 0 {
        parts.push(format!("{} AWS-owned left out", number(audit.summary.service_linked)));
    }
    let total = count(audited.sum(), "principal");
    let mut parts = parts.into_iter();
    let mut line = Paragraph::new(0, 2);
    match parts.next() {
        Some(first) => {
            line = line.unit(0, &format!("{total}:"), style::PLAIN).unit(1, &first, style::PLAIN);
            for part in parts {
                line = line.dotted(&part, style::PLAIN);
            }
            line
        }
        None => line.unit(0, &total, style::PLAIN),
    }
}

/// Where nothing is left to do, one sentence that says so, and on which condition.
pub(super) fn verdict(audit: &Audit, options: &Options, page: &mut Page) -> io::Result<()> {
    if audit.findings.iter().any(|finding| finding.accepted.is_none()) {
        return Ok(());
    }
    let audited = audit.principals.iter().any(|principal| principal.status != Status::Ignored);
    let incomplete = !audit.unread.is_empty() || options.ending.exit_status == 3;
    let text = match (audited, incomplete) {
        (_, true) => "Nothing was found in what could be read. The audit is incomplete, so this is no all-clear.",
        (false, false) => "No principal was audited.",
        (true, false) if audit.summary.accepted > 0 => "No drift beyond what is accepted for now.",
        (true, false) => "No drift: no principal may do more than is declared.",
    };
    page.blank()?;
    page.write(Paragraph::new(0, 0).words(text))
}

/// The counts by severity, and the exit status with its reason.
pub(super) fn ending(audit: &Audit, options: &Options, page: &mut Page) -> io::Result<()> {
    let summary = &audit.summary;
    let mut line = Paragraph::new(0, 0);
    let mut parts: Vec<(String, Option<Severity>)> = Vec::new();
    for (name, severity) in Severity::ALL {
        let n = summary.findings.get(&severity).copied().unwrap_or(0);
        if n > 0 || severity != Severity::Info {
            parts.push((format!("{} {name}", number(n)), (n > 0).then_some(severity)));
        }
    }
    for (n, word) in [(summary.undecided, "undecided"), (summary.accepted, "accepted")] {
        if n > 0 {
            parts.push((format!("{} {word}", number(n)), None));
        }
    }
    let mut used = 0;
    for (i, (text, severity)) in parts.iter().enumerate() {
        let colour = severity.map_or(style::PLAIN, style::severity);
        line = match i {
            0 => line.unit(0, text, colour),
            _ => line.dotted(text, colour),
        };
        used += columns(text) + if i == 0 { 0 } else { 3 };
    }
    let exit = exit(options);
    let gap = page.layout.width().saturating_sub(used + columns(&exit)).clamp(2, 8);
    page.blank()?;
    page.write(line.unit(gap, &exit, style::PLAIN))?;
    if page.held_back {
        page.write(Paragraph::new(0, 0).words("--all shows what was left out; --format json is the whole audit."))?;
    }
    Ok(())
}

fn exit(options: &Options) -> String {
    // Without a threshold nothing counts, whatever was found.
    let fail_on = options.ending.fail_on.map_or_else(|| "any severity".to_owned(), |s| s.to_string());
    let why = match options.ending.exit_status {
        0 => format!("nothing at or above {fail_on}"),
        1 => format!("drift at or above {fail_on}"),
        3 => "the audit is incomplete".to_owned(),
        _ => return format!("exit {}", options.ending.exit_status),
    };
    format!("exit {}: {why}", options.ending.exit_status)
}
