//! The parts of the report that are not about one principal's drift.

use std::io;

use super::super::layout::Paragraph;
use super::super::options::Depth;
use super::super::words::{count, number};
use super::finding::{at, body, field, title, who};
use super::{Page, more, style};
use crate::audit::{Finding, Note, NoteKind, Unread};

/// How many of each a brief report shows.
const NOTES: usize = 5;
const UNDECIDED: usize = 10;

/// What could not be read: before everything else, because everything else rests on the rest.
pub(super) fn unread(unread: &[Unread], page: &mut Page) -> io::Result<()> {
    if unread.is_empty() {
        return Ok(());
    }
    let text = match unread.len() {
        1 => "1 thing could not be read; what it decides is not in this report".to_owned(),
        n => format!("{} things could not be read; what they decide is not in this report", number(n)),
    };
    heading("UNREAD", &text, page)?;
    for one in unread {
        let mut line = Paragraph::new(2, 4).words(&format!("{}: {}", one.what, one.why));
        if let Some(place) = &one.place {
            line = at(line, place);
        }
        page.write(line)?;
    }
    Ok(())
}

/// Principals for which neither drift nor its absence could be proven.
pub(super) fn undecided(findings: &[&Finding], page: &mut Page) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let text = format!("{} could not be proven either way", count(findings.len(), "finding"));
    heading("UNDECIDED", &text, page)?;
    let shown = page.shown(findings.len(), UNDECIDED);
    for finding in findings.iter().take(shown) {
        if let Some(principal) = &finding.principal {
            who(Paragraph::new(2, 4), principal, finding.place.as_ref(), page)?;
        }
        title(finding, None, page)?;
        body(finding, page)?;
    }
    match findings.len() - shown {
        0 => Ok(()),
        n => page.write(Paragraph::new(2, 4).words(&more(n, "finding"))),
    }
}

/// What is wrong with the baseline itself.
pub(super) fn baseline(findings: &[&Finding], page: &mut Page) -> io::Result<()> {
    for finding in findings {
        page.blank()?;
        let word = style::word(finding.severity);
        let mut line = Paragraph::new(0, 2).padded(&word, 10, style::severity(finding.severity));
        line = line.unit(0, "the baseline", style::NAME);
        if let Some(place) = &finding.place {
            line = at(line, place);
        }
        page.write(line)?;
        title(finding, Some(finding.severity), page)?;
        body(finding, page)?;
    }
    Ok(())
}

/// What an exception accepts for now: counted, and listed where everything is asked for.
pub(super) fn accepted(findings: &[&Finding], page: &mut Page) -> io::Result<()> {
    let accepted = findings.iter().filter_map(|finding| finding.accepted.as_ref());
    let Some(first) = accepted.map(|accepted| accepted.expires.as_str()).min() else { return Ok(()) };
    let shown = page.depth.limit(0).min(findings.len());
    page.held_back |= shown == 0;
    let listed = if shown == 0 { ", --all lists them" } else { "" };
    let text = format!("{} for now, the first until {first}{listed}", count(findings.len(), "finding"));
    heading("ACCEPTED", &text, page)?;
    for finding in findings.iter().take(shown) {
        if let Some(principal) = &finding.principal {
            who(Paragraph::new(2, 4), principal, finding.place.as_ref(), page)?;
        }
        title(finding, None, page)?;
        if let Some(accepted) = &finding.accepted {
            page.write(at(field(page, "reason").words(&accepted.reason), &accepted.place))?;
            let by = format!("{}, asked for by {}", accepted.approved_by, accepted.requested_by);
            page.write(field(page, "approved by").words(&by))?;
            page.write(field(page, "until").words(&accepted.expires))?;
        }
        page.write(field(page, "fingerprint").words(&finding.fingerprint))?;
    }
    Ok(())
}

/// What a reader must know to judge the verdicts.
pub(super) fn notes(notes: &[Note], page: &mut Page) -> io::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    heading("NOTES", "", page)?;
    // Old policies name dozens of actions that AWS has withdrawn.
    let (unknown, others): (Vec<&Note>, Vec<&Note>) = notes.iter().partition(|n| n.kind == NoteKind::UnknownAction);
    let is_joined = unknown.len() > 1 && page.depth == Depth::Brief;
    let listed: Vec<&Note> = if is_joined { others } else { notes.iter().collect() };
    let shown = page.shown(listed.len(), NOTES);
    for note in listed.iter().take(shown) {
        let line = Paragraph::new(2, 4).words(&note.text);
        page.write(match &note.place {
            Some(place) => at(line, place),
            None => line,
        })?;
    }
    if shown < listed.len() {
        page.write(Paragraph::new(2, 4).words(&more(listed.len() - shown, "note")))?;
    }
    if is_joined {
        page.held_back = true;
        let text = format!("the service catalog does not know {} that policies name", count(unknown.len(), "action"));
        page.write(Paragraph::new(2, 4).words(&format!("{text}, --all lists them")))?;
    }
    Ok(())
}

fn heading(word: &str, text: &str, page: &mut Page) -> io::Result<()> {
    page.blank()?;
    let style = match word {
        "UNREAD" | "UNDECIDED" => style::WARNING,
        _ => style::PLAIN,
    };
    page.write(Paragraph::new(0, 2).padded(word, word.len() + 2, style).words(text))
}
