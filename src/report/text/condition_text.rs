//! The resources and conditions of an excess, from its cubes.

use crate::audit::format_count;
use crate::solve::{Cube, FieldRange};

/// The number of alternative conditions that are rendered.
const MAX_ALTERNATIVES: usize = 3;

/// The resources of a difference, as patterns. Empty if it has any resource.
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

/// The conditions of a difference, one line per condition that must be met. Empty if it is unconditional.
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
        return alternatives.into_iter().flatten().collect();
    }
    let rendered: Vec<String> =
        alternatives.iter().take(MAX_ALTERNATIVES).map(|alternative| alternative.join(" and ")).collect();
    let omitted = alternatives.len().saturating_sub(MAX_ALTERNATIVES);
    let more = if omitted > 0 { format!("; or {}", format_count(omitted, "other alternative")) } else { String::new() };
    vec![format!("{}{more}", rendered.join("; or "))]
}

/// Whether a range only says that a request comes through an AWS MCP server, and another range says that already: AWS
/// sets both keys in such requests.
fn is_implied_by_mcp_key(key: &str, range: &FieldRange, all: &[(String, FieldRange)]) -> bool {
    let is_mcp_request =
        |(key, range): &(String, FieldRange)| key.eq_ignore_ascii_case("aws:ViaAWSMCPService") && requires_true(range);
    key.eq_ignore_ascii_case("aws:CalledViaAWSMCP") && requires_presence_only(range) && all.iter().any(is_mcp_request)
}

/// Whether the key must be present and `true`.
fn requires_true(range: &FieldRange) -> bool {
    !range.may_be_missing && range.matches_any_of.iter().any(|list| matches!(list.as_slice(), [v] if v == "true"))
}

/// Whether the key must be present, with any value.
fn requires_presence_only(range: &FieldRange) -> bool {
    !range.may_be_missing
        && !range.matches_any_of.iter().any(|list| is_informative(list))
        && range.matches_none_of.is_empty()
        && range.intervals.is_empty()
        && range.other_constraints.is_empty()
}

/// Whether a list of values excludes any value: that a Boolean is true or false does not.
fn is_informative(values: &[String]) -> bool {
    !matches!(values, [yes, no] if yes == "true" && no == "false")
}

fn render_range(key: &str, range: &FieldRange) -> Option<String> {
    let mut tests: Vec<String> = range
        .matches_any_of
        .iter()
        .filter(|list| is_informative(list))
        .map(|list| format!("is {}", list.join(" or ")))
        .collect();
    if !range.matches_none_of.is_empty() {
        tests.push(format!("is not {}", range.matches_none_of.join(", ")));
    }
    if !range.intervals.is_empty() {
        tests.push(format!("is in {}", range.intervals.join(" or ")));
    }
    tests.extend(range.other_constraints.iter().map(ToString::to_string));
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
    fn alternatives_are_joined_and_an_unconditional_cube_wins() {
        let missing = Cube { resource: None, context: vec![key(true, &[])] };
        let other = Cube { resource: None, context: vec![key(false, &["CHG-*"])] };
        let mut texts = vec![render_conditions(&[missing.clone(), other])];
        assert!(render_conditions(&[missing.clone(), Cube { resource: None, context: Vec::new() }]).is_empty());
        texts.push(render_conditions(&[missing]));
        let lists = |lists: &[&[&str]]| lists.iter().map(|l| l.iter().map(|v| (*v).to_owned()).collect()).collect();
        let truth = |within: &[&[&str]]| Cube {
            resource: None,
            context: vec![(
                "k".to_owned(),
                FieldRange { may_be_present: true, matches_any_of: lists(within), ..FieldRange::default() },
            )],
        };
        texts.push(render_conditions(&[truth(&[&["true", "false"], &["true"]])]));
        texts.push(render_conditions(&[truth(&[&["true", "false"]])]));
        assert!(texts.iter().all(|lines| lines.len() == 1), "{texts:?}");
        insta::assert_snapshot!("conditions", texts.concat().join("\n"));
    }

    #[test]
    fn the_key_that_names_the_mcp_server_is_implied_only_if_any_value_will_do() {
        let value = |values: &[&str]| FieldRange {
            may_be_present: true,
            matches_any_of: if values.is_empty() {
                Vec::new()
            } else {
                vec![values.iter().map(|v| (*v).to_owned()).collect()]
            },
            ..FieldRange::default()
        };
        let conditions = |server: &[&str], via: &[&str]| {
            let context = vec![
                ("aws:CalledViaAWSMCP".to_owned(), value(server)),
                ("aws:ViaAWSMCPService".to_owned(), value(via)),
            ];
            render_conditions(&[Cube { resource: None, context }])
        };
        assert_eq!(conditions(&[], &["true"]), ["aws:ViaAWSMCPService is true"]);
        // A value that ends like a rendered test decides nothing.
        assert_eq!(conditions(&["x is present"], &["true"]).len(), 2);
        assert_eq!(conditions(&[], &["not is true"]).len(), 2);
    }
}
