//! Whether a request lies in a cube, by nothing but what the cube tells.

use std::net::IpAddr;

use iamdrift::access::{ContextValue, Request};
use iamdrift::iam::ContextKey;
use iamdrift::solve::{Cube, FieldRange, RangeConstraint};

/// Whether a request lies in a cube.
pub fn holds(cube: &Cube, request: &Request) -> bool {
    let resource = cube.resource.as_ref().is_none_or(|range| one(range, &request.resource));
    resource
        && cube.context.iter().all(|(key, range)| match request.context.get(&ContextKey::new(key)) {
            None => range.may_be_missing,
            Some(_) if !range.may_be_present => false,
            Some(ContextValue::Single(value)) => one(range, value),
            Some(ContextValue::Set(values)) => set(range, values),
        })
}

fn one(range: &FieldRange, value: &str) -> bool {
    let within = range.matches_any_of.iter().all(|list| list.iter().any(|p| glob(p, value)));
    let ordered = range.intervals.is_empty() || range.intervals.iter().any(|i| between(i, value));
    assert!(range.other_constraints.iter().all(|also| *also == RangeConstraint::IncludesOtherStrings), "{range:?}");
    within && ordered && !range.matches_none_of.iter().any(|p| glob(p, value))
}

fn set(range: &FieldRange, values: &[String]) -> bool {
    let matched = |patterns: &[String], value: &String| patterns.iter().any(|pattern| glob(pattern, value));
    range.other_constraints.iter().all(|constraint| match constraint {
        RangeConstraint::NotEmpty => !values.is_empty(),
        RangeConstraint::EveryValueMatches(patterns) => values.iter().all(|value| matched(patterns, value)),
        RangeConstraint::NoValueMatches(patterns) => !values.iter().any(|value| matched(patterns, value)),
        // Said of sets that hold something.
        RangeConstraint::SomeValueMatches(patterns) => {
            values.is_empty() || values.iter().any(|value| matched(patterns, value))
        }
        RangeConstraint::SomeValueMatchesNone(patterns) => {
            values.is_empty() || !values.iter().all(|value| matched(patterns, value))
        }
        other => panic!("{other:?} is no constraint on a set"),
    })
}

/// The plainest matcher there is; `${*}` and `${?}` are no wildcards.
fn glob(pattern: &str, text: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("${*}") {
        return text.strip_prefix('*').is_some_and(|text| glob(rest, text));
    }
    if let Some(rest) = pattern.strip_prefix("${?}") {
        return text.strip_prefix('?').is_some_and(|text| glob(rest, text));
    }
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    match first {
        '*' => (0..=text.len()).filter(|i| text.is_char_boundary(*i)).any(|i| glob(rest, &text[i..])),
        '?' => text.chars().next().is_some_and(|c| glob(rest, &text[c.len_utf8()..])),
        c => text.strip_prefix(c).is_some_and(|text| glob(rest, text)),
    }
}

/// Whether a value lies in an interval as it is told: `5`, `[1, 5)`, `(-∞, 2026-01-01T00:00:00Z]`.
fn between(interval: &str, value: &str) -> bool {
    let value = place(value).unwrap_or_else(|| panic!("{value} is no value of an interval"));
    let Some((low, high)) = interval.split_once(", ") else { return place(interval) == Some(value) };
    let above = low == "(-∞" || {
        let bound = place(&low[1..]).unwrap();
        if low.starts_with('[') { value >= bound } else { value > bound }
    };
    let below = high == "∞)" || {
        let bound = place(&high[..high.len() - 1]).unwrap();
        if high.ends_with(']') { value <= bound } else { value < bound }
    };
    above && below
}

/// Numbers in thousandths, instants in nanoseconds, addresses with IPv4 before IPv6: all in one order.
fn place(text: &str) -> Option<(u8, u128)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(match address {
            IpAddr::V4(a) => (1, u128::from(u32::from(a))),
            IpAddr::V6(a) => (2, u128::from(a)),
        });
    }
    if text.contains('T') {
        return iamdrift::iam::value::parse_instant(text).map(|i| (0, u128::try_from(i.0).unwrap()));
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let thousandths: u128 = format!("{part:0<3}").parse().ok()?;
    Some((0, whole.parse::<u128>().ok()? * 1000 + thousandths))
}
