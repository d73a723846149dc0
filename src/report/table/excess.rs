//! What one statement allows beyond what is declared: which it is, what, on what, when, and a request for example.

use std::io;

use super::super::options::Depth;
use super::super::words::{self, number};
use super::finding::{at, field};
use super::{Page, more, style};
use crate::audit::{ActionPattern, Excess, Expected, Finding, Origin, RuleId};

/// How many of each a brief report shows.
const PATTERNS: usize = 6;
const RESOURCES: usize = 2;
const CONDITIONS: usize = 4;

/// Everything of one statement. One that was told of the same principal before, with the same scope, is told in short
/// where it `may_be_short`.
pub(super) fn write(finding: &Finding, excess: &Excess, may_be_short: bool, page: &mut Page) -> io::Result<()> {
    let (grants, lists) = match finding.rule {
        RuleId::Narrower => ("declared by", "lacks"),
        RuleId::Latent => ("granted by", "will allow"),
        _ => ("granted by", "allows"),
    };
    let by = &excess.granted_by;
    let scoped = format!("{} {:?} {:?}", by.place, excess.resources, excess.conditions);
    let is_short = !page.told.insert(scoped) && may_be_short && page.depth == Depth::Brief;
    page.held_back |= is_short;
    let line = field(page, grants);
    page.write(match by.origin {
        // What it would write stands nowhere yet.
        Origin::Itself => line.words(&by.policy),
        _ => {
            let line = line.words(&format!("{},", words::granted_by(by)));
            let statement = words::statement(by.statement, by.sid.as_deref());
            match is_short {
                true => line.unit(1, &format!("{statement},"), style::PLAIN).words("as above"),
                false => at(line.unit(1, &statement, style::PLAIN), &by.place),
            }
        }
    })?;

    let mut actions = field(page, lists);
    // The title has said it already where there is one statement.
    if finding.excess.len() > 1
        && let Some(extent) = words::extent(excess)
    {
        actions = match excess.severity == finding.severity {
            true => actions.words(&format!("{extent}:")),
            false => {
                let severity = format!("({}):", excess.severity);
                actions.words(&extent).unit(1, &severity, style::severity(excess.severity))
            }
        };
    }
    let is_told = finding.excess.len() > 1 && excess.action_count > 0;
    let shown = page.shown(excess.actions.len(), PATTERNS);
    for (i, action) in excess.actions.iter().take(shown).enumerate() {
        // A pattern that stands alone for all of them needs no count of its own.
        let text = if is_told && excess.actions.len() == 1 { action.pattern.clone() } else { pattern(action) };
        actions = actions.unit(if i == 0 { usize::from(is_told) } else { 2 }, &text, style::PLAIN);
    }
    let hidden: usize = excess.actions.iter().skip(shown).map(|action| action.count.max(1)).sum();
    if hidden > 0 {
        let noun = if excess.action_count > 0 { "action" } else { "pattern" };
        actions = actions.unit(2, &more(hidden, noun), style::PLAIN);
    }
    page.write(actions)?;
    if is_short {
        return Ok(());
    }
    scope(excess, page)?;

    let witness = &excess.witness;
    let mut example = field(page, "for example").unit(0, &witness.action, style::PLAIN);
    if witness.resource != "*" {
        example = example.unit(1, "on", style::PLAIN).unit(1, &witness.resource, style::PLAIN);
    }
    page.write(example)?;
    for line in words::context(witness, finding.rule == RuleId::Trust) {
        page.write(field(page, "").words(&line))?;
    }
    Ok(())
}

/// What the nearest declared statement does not meet; its document only where the place does not tell it.
pub(super) fn nearest(expected: &Expected) -> String {
    match expected.place.file.ends_with(&expected.document) {
        true => expected.text.clone(),
        false => format!("{}: {}", expected.document, expected.text),
    }
}

fn pattern(action: &ActionPattern) -> String {
    match action.count {
        0 | 1 => action.pattern.clone(),
        n => format!("{} ({})", action.pattern, number(n)),
    }
}

/// On what, and when.
fn scope(excess: &Excess, page: &mut Page) -> io::Result<()> {
    if excess.resources.is_empty() && excess.conditions.is_empty() {
        return page.write(field(page, "on").words("any resource; no condition stands in the way"));
    }
    let mut on = field(page, "on");
    let shown = page.shown(excess.resources.len(), RESOURCES);
    for (i, resource) in excess.resources.iter().take(shown).enumerate() {
        on = on.unit(if i == 0 { 0 } else { 2 }, resource, style::PLAIN);
    }
    on = match excess.resources.len() - shown {
        0 if excess.resources.is_empty() => on.words("any resource"),
        0 => on,
        n => on.unit(2, &more(n, "resource"), style::PLAIN),
    };
    page.write(on)?;
    if excess.conditions.is_empty() {
        return page.write(field(page, "when").words("no condition stands in the way"));
    }
    let shown = page.shown(excess.conditions.len(), CONDITIONS);
    for (i, condition) in excess.conditions.iter().take(shown).enumerate() {
        let line = field(page, if i == 0 { "when" } else { "" });
        page.write(line.words(&if i == 0 { condition.clone() } else { format!("and {condition}") }))?;
    }
    match excess.conditions.len() - shown {
        0 => Ok(()),
        n => page.write(field(page, "").words(&format!("and {}", more(n, "condition")))),
    }
}
