//! One principal's findings: who, what is too much, which statement grants it, what to do.

use std::io;

use super::super::layout::Paragraph;
use super::super::options::Depth;
use super::super::sanitize::sanitize;
use super::super::words::{self, number, short_name};
use super::{Group, Page, excess, more, style};
use crate::audit::{Expected, Finding, PrincipalBrief, RuleId, Severity};
use crate::source::Place;

/// How many of each a brief report shows.
const STATEMENTS: usize = 3;
const REASONS: usize = 4;
const ADVICE: usize = 3;
const SNIPPET: usize = 24;

/// Where labels begin and how wide they are, with the gap behind them.
const WIDE: (usize, usize) = (10, 13);
/// On a narrow surface a label takes its own width, and later lines begin here.
const NARROW: (usize, usize) = (4, 6);

/// Everything of one principal.
pub(super) fn group(group: &Group, page: &mut Page) -> io::Result<()> {
    let principal = group.principal;
    let severity = group.severity();
    page.told.clear();
    page.blank()?;
    let head = Paragraph::new(0, margin(page)).padded(&style::word(severity), WIDE.0, style::severity(severity));
    who(head, principal, group.findings.iter().find_map(|finding| finding.place.as_ref()), page)?;
    for finding in &group.findings {
        title(finding, Some(severity), page)?;
        body(finding, page)?;
    }
    Ok(())
}

/// A principal's name, kind and owner; below, what to search for and where it stands.
pub(super) fn who(head: Paragraph, who: &PrincipalBrief, at: Option<&Place>, page: &mut Page) -> io::Result<()> {
    let mut head = head.unit(0, short_name(&who.arn), style::NAME).dotted(who.kind.as_str(), style::PLAIN);
    if let Some(owner) = &who.owner {
        head = head.dotted(&format!("owner {owner}"), style::PLAIN);
    }
    page.write(head)?;
    let mut whole = Paragraph::new(margin(page), margin(page)).unit(0, &who.arn, style::PLACE);
    if let Some(place) = at {
        whole = whole.unit(2, &place.to_string(), style::PLACE);
    }
    page.write(whole)
}

/// The rule and what it found; its severity, too, where that is not the one of its heading.
pub(super) fn title(finding: &Finding, heading: Option<Severity>, page: &mut Page) -> io::Result<()> {
    let mut line = Paragraph::new(2, margin(page)).padded(finding.rule.as_str(), WIDE.0 - 2, style::RULE);
    if heading.is_some_and(|severity| severity != finding.severity) {
        line = line.unit(0, &format!("{}:", finding.severity), style::severity(finding.severity));
    }
    page.write(line.words(&finding.title))
}

/// Where all that is below a heading begins.
fn margin(page: &Page) -> usize {
    if page.layout.is_narrow() { NARROW.0 } else { WIDE.0 }
}

/// All below the title.
pub(super) fn body(finding: &Finding, page: &mut Page) -> io::Result<()> {
    path(finding, page)?;
    reasons(finding, page)?;
    let shown = page.shown(finding.excess.len(), STATEMENTS);
    let told = |expected: &Expected| (expected.document.clone(), expected.text.clone());
    let mut before = None;
    for (i, one) in finding.excess.iter().take(shown).enumerate() {
        excess::write(finding, one, i > 0, page)?;
        // Most statements miss the ceiling in the same way: it is told once.
        if let Some(expected) = &one.expected
            && before != Some(told(expected))
        {
            let label = if finding.rule == RuleId::Narrower { "nearest" } else { "expected" };
            page.write(at(field(page, label).words(&excess::nearest(expected)), &expected.place))?;
        }
        before = one.expected.as_ref().map(told);
    }
    rest(finding, shown, page)?;
    advice(finding, page)?;
    let mut last = field(page, "fingerprint").unit(0, &finding.fingerprint, style::PLAIN);
    if let Some(first_seen) = &finding.first_seen {
        last = last.unit(1, "·", style::PLAIN).words(&format!("first seen {}", words::time(first_seen)));
    }
    page.write(last)
}

/// A line with a label; what is added next stands behind it.
pub(super) fn field(page: &Page, label: &str) -> Paragraph {
    if !page.layout.is_narrow() {
        return Paragraph::new(WIDE.0, WIDE.0 + WIDE.1).padded(label, WIDE.1, style::PLAIN);
    }
    match label {
        "" => Paragraph::new(NARROW.1, NARROW.1),
        _ => Paragraph::new(NARROW.0, NARROW.1).padded(label, label.len() + 2, style::PLAIN),
    }
}

/// A place, two columns behind what it is the place of.
pub(super) fn at(line: Paragraph, place: &Place) -> Paragraph {
    line.unit(2, &place.to_string(), style::PLACE)
}

/// How the principal comes to what it can become: a line a step, and its requests.
fn path(finding: &Finding, page: &mut Page) -> io::Result<()> {
    for (i, step) in finding.path.iter().enumerate() {
        let line = field(page, if i == 0 { "path" } else { "" });
        let to = if step.from == step.to { "itself".to_owned() } else { words::short_name(&step.to).to_owned() };
        let agreed = if step.declared { ", as declared" } else { "" };
        let text = format!(
            "{}. {} → {to}: {}{agreed} ({})",
            i + 1,
            words::short_name(&step.from),
            step.how,
            step.paths.join(" + ")
        );
        page.write(line.words(&text))?;
        for request in &step.requests {
            let indent = 2 + if page.layout.is_narrow() { NARROW.1 } else { WIDE.0 + WIDE.1 };
            let mut asks = Paragraph::new(indent, indent + 2).unit(0, &request.action, style::PLAIN);
            if request.resource != "*" {
                asks = asks.unit(1, "on", style::PLAIN).unit(1, &request.resource, style::PLAIN);
            }
            page.write(asks)?;
        }
    }
    Ok(())
}

/// Why it could not be decided, or what is wrong with the baseline, where the title does not say it.
fn reasons(finding: &Finding, page: &mut Page) -> io::Result<()> {
    if matches!(finding.reasons.as_slice(), [only] if *only == finding.title) {
        return Ok(());
    }
    let shown = page.shown(finding.reasons.len(), REASONS);
    for reason in finding.reasons.iter().take(shown) {
        page.write(field(page, "because").words(reason))?;
    }
    match finding.reasons.len() - shown {
        0 => Ok(()),
        n => page.write(field(page, "").words(&more(n, "reason"))),
    }
}

/// The statements that are not shown, as one line.
fn rest(finding: &Finding, shown: usize, page: &mut Page) -> io::Result<()> {
    let hidden = finding.excess.len() - shown;
    if hidden == 0 {
        return Ok(());
    }
    let worst = finding.excess.iter().skip(shown).map(|excess| excess.severity).max();
    let noun = if hidden == 1 { "statement" } else { "statements" };
    let worst = worst.map_or_else(String::new, |severity| format!(" ({severity} at worst)"));
    page.write(field(page, "").words(&format!("… {} more {noun}{worst}, --all", number(hidden))))
}

fn advice(finding: &Finding, page: &mut Page) -> io::Result<()> {
    let snippets = finding.advice.iter().filter(|advice| advice.contains('\n')).count();
    // What to write into a baseline is told once: the next undeclared principal needs the same with its own name.
    if page.depth == Depth::Brief && finding.rule == RuleId::Undeclared && snippets > 0 {
        if page.is_declaring_told {
            page.held_back = true;
            let text = "delete it, declare it, or leave it out, as above; --all has the text to copy";
            return page.write(field(page, "do").words(text));
        }
        page.is_declaring_told = true;
    }
    let shown = page.shown(finding.advice.len(), ADVICE);
    for advice in finding.advice.iter().take(shown) {
        let mut lines = advice.lines();
        let mut first = lines.next().unwrap_or("").to_owned();
        // Another principal with the same policies needs the very same text.
        if advice.contains('\n') && !page.copied.insert(advice.clone()) && page.depth == Depth::Brief {
            first = format!("{}, as above", first.trim_end_matches(':'));
            lines = "".lines();
        }
        // An alternative to the step before it says so itself.
        let label = if first.starts_with("or ") { "" } else { "do" };
        page.write(field(page, label).words(&first))?;
        snippet(&lines.collect::<Vec<_>>(), page)?;
    }
    match finding.advice.len() - shown {
        0 => Ok(()),
        n => page.write(field(page, "").words(&more(n, "step"))),
    }
}

/// Lines to copy: neither wrapped nor broken.
fn snippet(lines: &[&str], page: &mut Page) -> io::Result<()> {
    let indent = if page.layout.is_narrow() { NARROW.1 + 2 } else { WIDE.0 + WIDE.1 + 2 };
    let shown = page.shown(lines.len(), SNIPPET);
    for line in lines.iter().take(shown) {
        let line = line.replace('\t', "  ");
        writeln!(page.out, "{:indent$}{}", "", sanitize(&line).trim_end())?;
    }
    match lines.len() - shown {
        0 => Ok(()),
        n => writeln!(page.out, "{:indent$}{}", "", more(n, "line")),
    }
}
