//! What readers see, and what no reader may ever see.

use serde_json::Value;

use super::layout::columns;
use super::sanitize::is_hostile;
use super::testing::{audits, hostile, incident, json, large, options, table, terminal};
use super::{Colour, Depth, Layout, Options};

#[test]
fn on_terminals() {
    for width in [60, 80, 120, 200] {
        insta::assert_snapshot!(format!("incident_{width}"), table(&incident(), &terminal(width)));
        insta::assert_snapshot!(format!("large_{width}"), table(&large(), &terminal(width)));
    }
    for (name, audit) in audits() {
        insta::assert_snapshot!(format!("{name}_80"), table(&audit, &terminal(80)));
    }
}

#[test]
fn in_a_pipe() {
    insta::assert_snapshot!("incident_piped", table(&incident(), &options(Layout::piped(100))));
}

#[test]
fn with_all() {
    let all = Options { depth: Depth::All, ..terminal(80) };
    insta::assert_snapshot!("incident_all", table(&incident(), &all));
}

#[test]
fn as_json() {
    insta::assert_snapshot!("incident_json", json(&incident()));
}

#[test]
fn the_documented_report_is_the_real_one() {
    let page = std::fs::read_to_string("docs/report.md").unwrap();
    assert!(page.contains(&format!("```text\n{}```\n", table(&incident(), &terminal(80)))));
}

#[test]
fn nothing_hostile_is_ever_written() {
    for (name, audit) in audits() {
        for width in [10, 30, 60, 80, 120, 200, 10_000] {
            for depth in [Depth::Brief, Depth::All] {
                for layout in [Layout::terminal(width).with_colour(Colour::None), Layout::piped(width)] {
                    let text = table(&audit, &Options { depth, ..options(layout) });
                    assert!(text.lines().all(|line| !line.contains(is_hostile)), "{name} {width}\n{text}");
                    assert!(text.lines().all(|line| !line.ends_with(' ')), "{name} {width}\n{text}");
                }
            }
        }
        assert!(json(&audit).lines().all(|line| !line.contains(is_hostile)), "{name}");
    }
}

#[test]
fn lines_keep_within_the_terminal() {
    for (name, audit) in audits() {
        for width in [60, 80, 120, 200] {
            let text = table(&audit, &terminal(width));
            // Lines to copy are not broken.
            let is_snippet = |line: &str| line.starts_with(&" ".repeat(if width < 80 { 8 } else { 25 }));
            let long: Vec<&str> = text.lines().filter(|l| columns(l) > width && !is_snippet(l)).collect();
            assert_eq!(long, Vec::<&str>::new(), "{name} {width}");
        }
    }
}

#[test]
fn in_a_pipe_every_arn_and_place_can_be_searched_for() {
    for audit in [incident(), large()] {
        for width in [40, 100] {
            let all = Options { depth: Depth::All, ..options(Layout::piped(width)) };
            let text = table(&audit, &all);
            for finding in &audit.findings {
                assert!(text.contains(&finding.fingerprint));
                assert!(finding.principal.iter().all(|principal| text.contains(&principal.arn)));
                for excess in &finding.excess {
                    assert!(text.contains(&excess.granted_by.place.to_string()));
                    assert!(text.contains(&excess.witness.resource) || excess.witness.resource == "*");
                }
            }
        }
    }
}

#[test]
fn colours_add_nothing_but_colours() {
    let plain = table(&incident(), &terminal(80));
    let coloured = table(&incident(), &options(Layout::terminal(80)));
    assert!(coloured.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    // A hostile name brings no escape sequence of its own.
    let text = table(&hostile(), &options(Layout::terminal(80)));
    assert!(text.split('\u{1b}').skip(1).all(|rest| {
        let (code, _) = rest.split_once('m').unwrap();
        code.strip_prefix('[').unwrap().chars().all(|c| c.is_ascii_digit() || c == ';')
    }));
}

#[test]
fn the_order_that_findings_come_in_does_not_matter() {
    let audit = incident();
    let mut turned = audit.clone();
    turned.findings.reverse();
    turned.principals.reverse();
    assert_eq!(json(&turned), json(&audit));
    assert_eq!(table(&turned, &terminal(80)), table(&audit, &terminal(80)));
}

#[test]
fn json_means_exactly_what_was_collected() {
    let audit = hostile();
    let report: Value = serde_json::from_str(&json(&audit)).unwrap();
    assert_eq!(report["principals"][0]["arn"], audit.principals[0].arn.as_str());
    let found = serde_json::to_value(&audit.findings).unwrap();
    assert_eq!(report["findings"], found);
}

#[test]
fn no_all_clear_where_something_was_not_read() {
    let [(_, mut calm), ..] = audits();
    assert!(table(&calm, &terminal(80)).contains("No drift"));
    calm.unread = incident().unread;
    let text = table(&calm, &terminal(80));
    assert!(!text.contains("No drift") && text.contains("The audit is incomplete"), "{text}");
}
