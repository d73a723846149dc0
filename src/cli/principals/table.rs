//! The list for people.

use std::io::Write;

use iamdrift::audit::count;
use iamdrift::baseline::Strength;
use iamdrift::kinds::{Coverage, Evidence, Listed, Who};
use iamdrift::report::{Layout, Paragraph};
use iamdrift::snapshot::Snapshot;
use owo_colors::Style;

/// The columns that a kind takes.
const KIND: usize = 16;
const PLAIN: Style = Style::new();

/// Writes the list: who there is in one line, then a paragraph for each.
pub fn render(snapshot: &Snapshot, listed: &[Listed<'_>], all: bool, layout: Layout) -> std::io::Result<String> {
    let mut out = Vec::new();
    summary(listed, layout, &mut out)?;
    writeln!(out)?;
    let several_accounts =
        listed.iter().any(|one| listed.first().is_some_and(|first| first.account.id != one.account.id));
    for one in listed {
        principal(one, several_accounts, all, layout, &mut out)?;
    }
    let unread = super::unread(snapshot);
    if !unread.is_empty() {
        writeln!(out)?;
    }
    for line in unread {
        warning(&line, layout, &mut out)?;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// `14 principals: 2 agents, …`, and what the baseline says of them.
fn summary(listed: &[Listed<'_>], layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    let kinds = Who::ALL.iter().filter_map(|(_, who)| {
        let n = listed.iter().filter(|one| one.who == *who).count();
        (n > 0).then(|| match who {
            Who::Agent | Who::Operator | Who::Workload => count(n, who.as_str()),
            Who::BreakGlass | Who::ServiceLinked | Who::Unknown => format!("{n} {}", who.as_str()),
        })
    });
    let mut paragraph = Paragraph::new(0, 2);
    let head = format!("{}:", count(listed.len(), "principal"));
    paragraph = paragraph.words(&format!("{head} {}", kinds.collect::<Vec<_>>().join(", ")));
    for (name, coverage) in Coverage::ALL {
        let n = listed.iter().filter(|one| one.coverage == Some(coverage)).count();
        if n > 0 {
            paragraph = paragraph.dotted(&format!("{n} {name}"), PLAIN);
        }
    }
    paragraph.write(layout, out)
}

fn principal(
    one: &Listed<'_>,
    several_accounts: bool,
    all: bool,
    layout: Layout,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let mut line = Paragraph::new(0, KIND).padded(one.who.as_str(), KIND, style(one.who));
    line = line.unit(0, one.principal.arn.resource(), Style::new().bold());
    if several_accounts {
        line = line.dotted(one.account.id.as_str(), PLAIN);
    }
    if let Some(coverage) = one.coverage {
        let covered = match coverage {
            Coverage::Declared => one.entries.join(", "),
            Coverage::Ambiguous => format!("ambiguous: {}", one.entries.join(", ")),
            Coverage::Undeclared => "undeclared".to_owned(),
            Coverage::Ignored => format!("ignored: {}", one.ignored_because.as_deref().unwrap_or_default()),
        };
        let style = match coverage {
            Coverage::Declared | Coverage::Ignored => PLAIN,
            Coverage::Ambiguous | Coverage::Undeclared => Style::new().yellow(),
        };
        line = line.dotted(&covered, style);
    }
    line.write(layout, out)?;
    let below = || Paragraph::new(KIND, KIND + 2);
    let deciding = one.recognised.evidence.first().filter(|first| first.kind == one.who);
    match (one.coverage, deciding) {
        (Some(Coverage::Declared), Some(agrees)) => {
            below().words(&format!("{}; it {}", one.reason, agrees.found)).write(layout, out)?;
        }
        _ => below().words(&one.reason).write(layout, out)?,
    }
    // What speaks for the same kind is told only where all is; what contradicts it always, unless that is all there
    // could be said of anybody, or AWS itself decides.
    let certain = deciding.is_some_and(|deciding| deciding.strength == Strength::Certain);
    let contradicts = |evidence: &Evidence| evidence.kind != one.who && evidence.strength > Strength::Faint && !certain;
    let is_told = |evidence: &&Evidence| all || contradicts(evidence);
    for evidence in one.recognised.evidence.iter().filter(|evidence| Some(*evidence) != deciding).filter(is_told) {
        let text =
            format!("hint of {} ({}): {}", evidence.kind.as_str(), evidence.strength.as_str(), evidence.reason());
        let words = text.split(' ').fold(below(), |line, word| line.unit(1, word, Style::new().dimmed()));
        words.write(layout, out)?;
    }
    if one.is_trust_missing() && !one.recognised.evidence.is_empty() {
        warning("its trust policy is missing or cannot be read", layout, out)?;
    }
    Ok(())
}

fn warning(text: &str, layout: Layout, out: &mut Vec<u8>) -> std::io::Result<()> {
    Paragraph::new(0, 9).unit(0, "warning:", Style::new().yellow().bold()).words(text).write(layout, out)
}

fn style(who: Who) -> Style {
    match who {
        Who::Agent => Style::new().magenta().bold(),
        Who::BreakGlass => Style::new().red(),
        Who::Operator => Style::new().cyan(),
        Who::Workload | Who::ServiceLinked => PLAIN,
        Who::Unknown => Style::new().yellow(),
    }
}
