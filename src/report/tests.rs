//! Snapshots of the reports, and properties of every report.

use serde_json::Value;

use super::finding_order::sort_findings;
use super::layout::display_width;
use super::sanitize::is_hostile;
use super::testing::{
    all_audits, hostile, incident, large, render_json, render_ndjson, render_options, render_table, terminal_options,
};
use super::{Colour, FindingJson, Layout, RenderOptions, Verbosity};
use crate::audit::FindingClass;

#[test]
fn table_at_terminal_widths() {
    for width in [60, 80, 120, 200] {
        insta::assert_snapshot!(format!("incident_{width}"), render_table(&incident(), &terminal_options(width)));
        insta::assert_snapshot!(format!("large_{width}"), render_table(&large(), &terminal_options(width)));
    }
    for (name, audit) in all_audits() {
        insta::assert_snapshot!(format!("{name}_80"), render_table(&audit, &terminal_options(80)));
    }
}

#[test]
fn table_in_a_pipe() {
    insta::assert_snapshot!("incident_piped", render_table(&incident(), &render_options(Layout::for_pipe(100))));
}

#[test]
fn table_with_all() {
    let all = RenderOptions { verbosity: Verbosity::All, ..terminal_options(80) };
    insta::assert_snapshot!("incident_all", render_table(&incident(), &all));
}

#[test]
fn json_report() {
    insta::assert_snapshot!("incident_json", render_json(&incident()));
}

#[test]
fn ndjson_report() {
    insta::assert_snapshot!("incident_ndjson", render_ndjson(&incident()));
}

#[test]
fn documented_report_is_the_real_report() {
    let example = format!("<!-- report -->\n```text\n{}```\n", render_table(&incident(), &terminal_options(80)));
    let page = std::fs::read_to_string("docs/report.md").unwrap();
    // `IAMDRIFT_UPDATE=1` rewrites the example.
    if std::env::var_os("IAMDRIFT_UPDATE").is_some() {
        let (before, rest) = page.split_once("<!-- report -->\n```text\n").unwrap();
        let (_, after) = rest.split_once("```\n").unwrap();
        return std::fs::write("docs/report.md", format!("{before}{example}{after}")).unwrap();
    }
    assert!(page.contains(&example));
}

#[test]
fn no_report_contains_a_hostile_character() {
    for (name, audit) in all_audits() {
        for width in [10, 30, 60, 80, 120, 200, 10_000] {
            for verbosity in [Verbosity::Brief, Verbosity::All] {
                for layout in [Layout::for_terminal(width).with_colour(Colour::None), Layout::for_pipe(width)] {
                    let text = render_table(&audit, &RenderOptions { verbosity, ..render_options(layout) });
                    assert!(text.lines().all(|line| !line.contains(is_hostile)), "{name} {width}\n{text}");
                    assert!(text.lines().all(|line| !line.ends_with(' ')), "{name} {width}\n{text}");
                }
            }
        }
        assert!(render_json(&audit).lines().all(|line| !line.contains(is_hostile)), "{name}");
        assert!(render_ndjson(&audit).lines().all(|line| !line.contains(is_hostile)), "{name}");
    }
}

#[test]
fn lines_fit_the_terminal() {
    for (name, audit) in all_audits() {
        for width in [60, 80, 120, 200] {
            let text = render_table(&audit, &terminal_options(width));
            // Snippets are not wrapped.
            let is_snippet = |line: &str| line.starts_with(&" ".repeat(if width < 80 { 8 } else { 25 }));
            let long: Vec<&str> = text.lines().filter(|l| display_width(l) > width && !is_snippet(l)).collect();
            assert_eq!(long, Vec::<&str>::new(), "{name} {width}");
        }
    }
}

#[test]
fn a_pipe_keeps_every_arn_and_place_on_one_line() {
    for audit in [incident(), large()] {
        for width in [40, 100] {
            let all = RenderOptions { verbosity: Verbosity::All, ..render_options(Layout::for_pipe(width)) };
            let text = render_table(&audit, &all);
            for finding in &audit.findings {
                assert!(text.contains(&finding.fingerprint));
                assert!(finding.all_principals().all(|principal| text.contains(&principal.arn)));
                for excess in &finding.excess {
                    assert!(text.contains(&excess.granted_by.place.to_string()));
                    assert!(text.contains(&excess.witness.resource) || excess.witness.resource == "*");
                }
            }
        }
    }
}

#[test]
fn colors_change_nothing_else() {
    let plain = render_table(&incident(), &terminal_options(80));
    let coloured = render_table(&incident(), &render_options(Layout::for_terminal(80)));
    assert!(coloured.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    // A hostile name does not add an escape sequence.
    let text = render_table(&hostile(), &render_options(Layout::for_terminal(80)));
    assert!(text.split('\u{1b}').skip(1).all(|rest| {
        let (code, _) = rest.split_once('m').unwrap();
        code.strip_prefix('[').unwrap().chars().all(|c| c.is_ascii_digit() || c == ';')
    }));
}

#[test]
fn order_of_findings_does_not_matter() {
    let audit = incident();
    let mut reversed = audit.clone();
    reversed.findings.reverse();
    reversed.principals.reverse();
    assert_eq!(render_json(&reversed), render_json(&audit));
    assert_eq!(render_ndjson(&reversed), render_ndjson(&audit));
    assert_eq!(render_table(&reversed, &terminal_options(80)), render_table(&audit, &terminal_options(80)));
}

#[test]
fn json_has_the_exact_strings_of_the_audit() {
    let audit = hostile();
    let report: Value = serde_json::from_str(&render_json(&audit)).unwrap();
    assert_eq!(report["principals"][0]["arn"], audit.principals[0].arn.as_str());
    let classes: Vec<FindingClass> =
        sort_findings(&audit.findings).into_iter().map(FindingClass::from_finding).collect();
    let texts = |finding: &Value| [finding["title"].clone(), finding["reasons"].clone(), finding["advice"].clone()];
    let expected = classes.iter().map(|class| serde_json::to_value(FindingJson::from_class(class)).unwrap());
    let expected: Vec<[Value; 3]> = expected.map(|finding| texts(&finding)).collect();
    assert_eq!(report["findings"].as_array().unwrap().iter().map(texts).collect::<Vec<_>>(), expected);
}

/// `calm_80` shows the all-clear above its last line; it is not to appear here.
#[test]
fn an_incomplete_audit_is_not_reported_as_clean() {
    let [(_, mut calm), ..] = all_audits();
    let all_clear = render_table(&calm, &terminal_options(80));
    calm.unread = incident().unread;
    let text = render_table(&calm, &terminal_options(80));
    let verdict = all_clear.lines().filter(|line| !line.trim().is_empty()).nth_back(1).unwrap();
    assert!(!text.contains(verdict), "{text}");
    insta::assert_snapshot!("incomplete_80", text);
}
