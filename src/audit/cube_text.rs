//! A difference in words: on what, and when.

use super::count::count;
use crate::solve::{Cube, FieldRange};

/// How many alternatives are told.
const MAX_ALTERNATIVES: usize = 3;

/// The resources of a difference, as patterns; empty where it is any resource.
pub fn resources(cubes: &[Cube]) -> Vec<String> {
    let mut told = Vec::new();
    for cube in cubes {
        let Some(range) = &cube.resource else { return Vec::new() };
        let mut texts = match range.within.first() {
            Some(patterns) => patterns.clone(),
            None => vec!["*".to_owned()],
        };
        if !range.outside.is_empty() {
            let but = range.outside.join(", ");
            texts = texts.into_iter().map(|text| format!("{text}, but not {but}")).collect();
        }
        for text in texts {
            if !told.contains(&text) {
                told.push(text);
            }
        }
    }
    told
}

/// What must hold of the context, a line each; empty where nothing must.
pub fn conditions(cubes: &[Cube]) -> Vec<String> {
    let mut ways: Vec<Vec<String>> = Vec::new();
    for cube in cubes {
        let telling = cube.context.iter().filter(|(key, range)| !goes_with(key, range, &cube.context));
        let way: Vec<String> = telling.filter_map(|(key, range)| condition(key, range)).collect();
        if way.is_empty() {
            return Vec::new();
        }
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    if ways.len() < 2 {
        return ways.pop().unwrap_or_default();
    }
    let told: Vec<String> = ways.iter().take(MAX_ALTERNATIVES).map(|way| way.join(" and ")).collect();
    let others = ways.len().saturating_sub(MAX_ALTERNATIVES);
    let more = if others > 0 { format!("; or in {}", count(others, "other way")) } else { String::new() };
    vec![format!("{}{more}", told.join("; or "))]
}

/// Whether a condition says no more than that the request comes through an MCP server of AWS's, which another says:
/// AWS puts both keys into such requests.
fn goes_with(key: &str, range: &FieldRange, all: &[(String, FieldRange)]) -> bool {
    let is_through = |(key, range): &(String, FieldRange)| {
        key.eq_ignore_ascii_case("aws:ViaAWSMCPService")
            && condition(key, range).is_some_and(|text| text.ends_with(" is true") && !range.may_be_missing)
    };
    let is_any = condition(key, range).is_some_and(|text| text.ends_with(" is present"));
    key.eq_ignore_ascii_case("aws:CalledViaAWSMCP") && is_any && all.iter().any(is_through)
}

fn condition(key: &str, range: &FieldRange) -> Option<String> {
    // That a Boolean is true or false tells nothing.
    let tells = |list: &&Vec<String>| !matches!(list.as_slice(), [yes, no] if yes == "true" && no == "false");
    let mut tests: Vec<String> =
        range.within.iter().filter(tells).map(|list| format!("is {}", list.join(" or "))).collect();
    if !range.outside.is_empty() {
        tests.push(format!("is not {}", range.outside.join(", ")));
    }
    if !range.intervals.is_empty() {
        tests.push(format!("lies in {}", range.intervals.join(" or ")));
    }
    tests.extend(range.also.iter().cloned());
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
            FieldRange { may_be_missing, may_be_present: !may_be_missing, outside, ..FieldRange::default() },
        )
    }

    #[test]
    fn ways_are_joined_and_a_free_one_is_enough() {
        let missing = Cube { resource: None, context: vec![key(true, &[])] };
        let other = Cube { resource: None, context: vec![key(false, &["CHG-*"])] };
        assert_eq!(conditions(&[missing.clone(), other]), ["k is missing; or k is not CHG-*"]);
        assert!(conditions(&[missing.clone(), Cube { resource: None, context: Vec::new() }]).is_empty());
        assert_eq!(conditions(&[missing]), ["k is missing"]);
        let lists = |lists: &[&[&str]]| lists.iter().map(|l| l.iter().map(|v| (*v).to_owned()).collect()).collect();
        let truth = |within: &[&[&str]]| Cube {
            resource: None,
            context: vec![(
                "k".to_owned(),
                FieldRange { may_be_present: true, within: lists(within), ..FieldRange::default() },
            )],
        };
        assert_eq!(conditions(&[truth(&[&["true", "false"], &["true"]])]), ["k is true"]);
        assert_eq!(conditions(&[truth(&[&["true", "false"]])]), ["k is present"]);
    }
}
