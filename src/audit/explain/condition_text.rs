//! A difference in words: on what, and when.

use crate::base::plural::format_count;
use crate::solve::{Cube, FieldRange};

/// How many alternatives are told.
const MAX_ALTERNATIVES: usize = 3;

/// The resources of a difference, as patterns; empty where it is any resource.
pub fn render_resources(cubes: &[Cube]) -> Vec<String> {
    let mut rendered = Vec::new();
    for cube in cubes {
        let Some(range) = &cube.resource else { return Vec::new() };
        let mut texts = match range.matches_any_of.first() {
            Some(patterns) => patterns.clone(),
            None => vec!["*".to_owned()],
        };
        if !range.matches_none_of.is_empty() {
            let excluded = range.matches_none_of.join(", ");
            texts = texts.into_iter().map(|text| format!("{text}, but not {excluded}")).collect();
        }
        for text in texts {
            if !rendered.contains(&text) {
                rendered.push(text);
            }
        }
    }
    rendered
}

/// What must hold of the context, a line each; empty where nothing must.
pub fn render_conditions(cubes: &[Cube]) -> Vec<String> {
    let mut alternatives: Vec<Vec<String>> = Vec::new();
    for cube in cubes {
        let informative = cube.context.iter().filter(|(key, range)| !is_implied_by_mcp_key(key, range, &cube.context));
        let alternative: Vec<String> = informative.filter_map(|(key, range)| render_range(key, range)).collect();
        if alternative.is_empty() {
            return Vec::new();
        }
        if !alternatives.contains(&alternative) {
            alternatives.push(alternative);
        }
    }
    if alternatives.len() < 2 {
        return alternatives.pop().unwrap_or_default();
    }
    let rendered: Vec<String> =
        alternatives.iter().take(MAX_ALTERNATIVES).map(|alternative| alternative.join(" and ")).collect();
    let omitted = alternatives.len().saturating_sub(MAX_ALTERNATIVES);
    let more = if omitted > 0 { format!("; or in {}", format_count(omitted, "other way")) } else { String::new() };
    vec![format!("{}{more}", rendered.join("; or "))]
}

/// Whether a condition says no more than that the request comes through an MCP server of AWS's, which another says:
/// AWS puts both keys into such requests.
fn is_implied_by_mcp_key(key: &str, range: &FieldRange, all: &[(String, FieldRange)]) -> bool {
    let is_mcp_request = |(key, range): &(String, FieldRange)| {
        key.eq_ignore_ascii_case("aws:ViaAWSMCPService")
            && render_range(key, range).is_some_and(|text| text.ends_with(" is true") && !range.may_be_missing)
    };
    let is_presence_only = render_range(key, range).is_some_and(|text| text.ends_with(" is present"));
    key.eq_ignore_ascii_case("aws:CalledViaAWSMCP") && is_presence_only && all.iter().any(is_mcp_request)
}

fn render_range(key: &str, range: &FieldRange) -> Option<String> {
    // That a Boolean is true or false tells nothing.
    let is_informative = |list: &&Vec<String>| !matches!(list.as_slice(), [yes, no] if yes == "true" && no == "false");
    let mut tests: Vec<String> =
        range.matches_any_of.iter().filter(is_informative).map(|list| format!("is {}", list.join(" or "))).collect();
    if !range.matches_none_of.is_empty() {
        tests.push(format!("is not {}", range.matches_none_of.join(", ")));
    }
    if !range.intervals.is_empty() {
        tests.push(format!("lies in {}", range.intervals.join(" or ")));
    }
    tests.extend(range.other_constraints.iter().cloned());
    let present = tests.join(" and ");
    match (range.may_be_missing, range.may_be_present, tests.is_empty()) {
        (true, true, true) => None,
        (true, true, false) => Some(format!("{key} is missing, or {present}")),
        (true, false, _) => Some(format!("{key} is missing")),
        (false, _, true) => Some(format!("{key} is present")),
        (false, _, false) => Some(format!("{key} {present}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(may_be_missing: bool, outside: &[&str]) -> (String, FieldRange) {
        let outside = outside.iter().map(|o| (*o).to_owned()).collect();
        (
            "k".to_owned(),
            FieldRange {
                may_be_missing,
                may_be_present: !may_be_missing,
                matches_none_of: outside,
                ..FieldRange::default()
            },
        )
    }

    #[test]
    fn alternatives_are_joined_and_an_unconditional_cube_is_enough() {
        let missing = Cube { resource: None, context: vec![key(true, &[])] };
        let other = Cube { resource: None, context: vec![key(false, &["CHG-*"])] };
        assert_eq!(render_conditions(&[missing.clone(), other]), ["k is missing; or k is not CHG-*"]);
        assert!(render_conditions(&[missing.clone(), Cube { resource: None, context: Vec::new() }]).is_empty());
        assert_eq!(render_conditions(&[missing]), ["k is missing"]);
        let lists = |lists: &[&[&str]]| lists.iter().map(|l| l.iter().map(|v| (*v).to_owned()).collect()).collect();
        let truth = |within: &[&[&str]]| Cube {
            resource: None,
            context: vec![(
                "k".to_owned(),
                FieldRange { may_be_present: true, matches_any_of: lists(within), ..FieldRange::default() },
            )],
        };
        assert_eq!(render_conditions(&[truth(&[&["true", "false"], &["true"]])]), ["k is true"]);
        assert_eq!(render_conditions(&[truth(&[&["true", "false"]])]), ["k is present"]);
    }
}
