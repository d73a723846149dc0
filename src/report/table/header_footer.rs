//! The first and the last lines: what was audited, the counts, and the exit status.

use std::io;

use super::style;
use super::writer::TableWriter;
use crate::audit::{AccountInfo, Audit, DeclaredClass, PrincipalStatus, Severity, SnapshotInfo, TimeSource};
use crate::base::content_id::shorten_content_id;
use crate::report::layout::{Paragraph, display_width};
use crate::report::render_options::RenderOptions;
use crate::report::text::counts::{format_count, format_number};
use crate::report::text::names::{describe_status, format_time};

/// The number of accounts that are named. More accounts are only counted.
const MAX_NAMED_ACCOUNTS: usize = 3;

/// The account, snapshot, baseline and catalog, then the number of principals with each status.
pub(super) fn write_header(audit: &Audit, writer: &mut TableWriter) -> io::Result<()> {
    let taken = match audit.head.snapshot.taken_at_source {
        TimeSource::Snapshot => format!("snapshot {}", format_time(&audit.head.snapshot.taken_at)),
        TimeSource::Files | TimeSource::Audit => "snapshot of unknown time".to_owned(),
    };
    let inputs = [
        describe_accounts(&audit.head.snapshot),
        format!("{taken} ({})", audit.head.snapshot.origin),
        format!("baseline {} @ {}", audit.head.baseline.path, shorten_content_id(&audit.head.baseline.content_id)),
        format!("catalog {} of {}", audit.head.catalog.version, audit.head.catalog.updated_at),
    ];
    let mut line = Paragraph::new(0, 2).add_span(0, "iamdrift", style::NAME);
    for fact in &inputs {
        line = line.add_dotted(fact, style::PLAIN);
    }
    writer.write_paragraph(line)?;
    writer.write_paragraph(render_summary(audit))
}

fn describe_accounts(snapshot: &SnapshotInfo) -> String {
    let partitions = snapshot.partitions.join(", ");
    match snapshot.accounts.as_slice() {
        [] => "no account".to_owned(),
        [account] => format!("account {} ({partitions})", account.id),
        accounts if accounts.len() <= MAX_NAMED_ACCOUNTS => {
            let ids: Vec<&str> = accounts.iter().map(|account: &AccountInfo| account.id.as_str()).collect();
            format!("accounts {} ({partitions})", ids.join(", "))
        }
        accounts => format!("{} ({partitions})", format_count(accounts.len(), "account")),
    }
}

fn render_summary(audit: &Audit) -> Paragraph {
    let audited =
        audit.summary.principals.iter().filter(|(status, _)| **status != PrincipalStatus::Ignored).map(|(_, n)| n);
    let mut parts: Vec<String> = audit
        .summary
        .principals
        .iter()
        .filter(|(key, n)| **n > 0 && **key != PrincipalStatus::Ignored)
        .map(|(key, n)| format!("{} {}", format_number(*n), describe_status(*key)))
        .collect();
    // Those with a finding about trust are among them.
    let ignored = audit.principals.iter().filter(|principal| principal.kind == DeclaredClass::Ignored).count();
    if ignored > 0 {
        parts.push(format!("{} ignored by baseline", format_number(ignored)));
    }
    if audit.summary.service_linked > 0 {
        parts.push(format!("{} skipped", format_count(audit.summary.service_linked, "service-linked role")));
    }
    let total = format_count(audited.sum(), "principal");
    let mut parts = parts.into_iter();
    let mut line = Paragraph::new(0, 2);
    match parts.next() {
        Some(first) => {
            line = line.add_span(0, &format!("{total}:"), style::PLAIN).add_span(1, &first, style::PLAIN);
            for part in parts {
                line = line.add_dotted(&part, style::PLAIN);
            }
            line
        }
        None => line.add_span(0, &total, style::PLAIN),
    }
}

/// The verdict, if no finding is open.
pub(super) fn write_verdict(audit: &Audit, options: &RenderOptions, writer: &mut TableWriter) -> io::Result<()> {
    if audit.findings.iter().any(|finding| finding.accepted.is_none()) {
        return Ok(());
    }
    let audited = audit.principals.iter().any(|principal| principal.status != PrincipalStatus::Ignored);
    let incomplete = !audit.unread.is_empty() || options.exit_info.exit_status == 3;
    let text = match (audited, incomplete) {
        (_, true) => {
            "No findings in the inputs that could be read. The audit is incomplete: do not treat this as a clean result."
        }
        (false, false) => "No principal was audited.",
        (true, false) if !audit.not_examined.is_empty() => "No drift in what was examined.",
        (true, false) if audit.summary.accepted > 0 => "No drift beyond accepted findings.",
        (true, false) => "No drift: no principal has more access than declared.",
    };
    writer.write_blank_line()?;
    writer.write_paragraph(Paragraph::new(0, 0).add_words(text))
}

/// The counts by severity, and the exit status with its reason.
pub(super) fn write_footer(audit: &Audit, options: &RenderOptions, writer: &mut TableWriter) -> io::Result<()> {
    let summary = &audit.summary;
    let mut line = Paragraph::new(0, 0);
    let mut parts: Vec<(String, Option<Severity>)> = Vec::new();
    for (name, severity) in Severity::ALL {
        let n = summary.findings.get(&severity).copied().unwrap_or(0);
        if n > 0 || severity != Severity::Info {
            parts.push((format!("{} {name}", format_number(n)), (n > 0).then_some(severity)));
        }
    }
    for (n, word) in [(summary.undecided, "undecided"), (summary.accepted, "accepted")] {
        if n > 0 {
            parts.push((format!("{} {word}", format_number(n)), None));
        }
    }
    let mut used = 0;
    for (i, (text, severity)) in parts.iter().enumerate() {
        let colour = severity.map_or(style::PLAIN, style::severity_style);
        line = match i {
            0 => line.add_span(0, text, colour),
            _ => line.add_dotted(text, colour),
        };
        used += display_width(text) + if i == 0 { 0 } else { 3 };
    }
    let exit_text = describe_exit(options);
    let gap = writer.layout.width().saturating_sub(used + display_width(&exit_text)).clamp(2, 8);
    writer.write_blank_line()?;
    writer.write_paragraph(line.add_span(gap, &exit_text, style::PLAIN))?;
    if writer.has_omissions {
        writer.write_paragraph(
            Paragraph::new(0, 0).add_words("--all shows what was omitted; --format json writes the whole audit."),
        )?;
    }
    Ok(())
}

fn describe_exit(options: &RenderOptions) -> String {
    // Without a threshold, no finding affects the exit status.
    let fail_on = options.exit_info.fail_on.map_or_else(|| "any severity".to_owned(), |s| s.to_string());
    let reason = match options.exit_info.exit_status {
        0 => format!("no finding at or above {fail_on}"),
        1 => format!("drift at or above {fail_on}"),
        3 => "the audit is incomplete".to_owned(),
        _ => return format!("exit {}", options.exit_info.exit_status),
    };
    format!("exit {}: {reason}", options.exit_info.exit_status)
}
