//! The time of requests: an audit asks about the day on which it runs (`docs/semantics.md` §3).

use jiff::civil::Date;

use super::request::{Context, ContextValue};
use crate::iam::ContextKey;
use crate::iam::value::{Instant, parse_instant};

/// The context keys that have the time of the request. They are one clock.
pub const CLOCK_KEYS: [&str; 2] = ["aws:CurrentTime", "aws:EpochTime"];

const NANOSECONDS_PER_SECOND: i128 = 1_000_000_000;
const NANOSECONDS_PER_DAY: i128 = 86_400 * NANOSECONDS_PER_SECOND;

/// The points in time from one on, and before another one.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub struct TimeRange {
    /// The first point in time.
    pub start: Instant,
    /// The end. It is not part of the range.
    pub end: Instant,
}

impl TimeRange {
    /// A day in UTC.
    pub fn of_day(day: Date) -> TimeRange {
        let days_since_epoch = i128::from((day - Date::constant(1970, 1, 1)).get_days());
        let start = days_since_epoch * NANOSECONDS_PER_DAY;
        TimeRange { start: Instant(start), end: Instant(start + NANOSECONDS_PER_DAY) }
    }

    /// Whether a text is a point in time of the range.
    pub fn contains(&self, text: &str) -> bool {
        parse_instant(text).is_some_and(|instant| self.start <= instant && instant < self.end)
    }
}

/// The value of a clock key at a point in time.
pub fn to_clock_value(key: &ContextKey, instant: Instant) -> String {
    match key.lower() {
        "aws:epochtime" => instant.0.div_euclid(NANOSECONDS_PER_SECOND).to_string(),
        _ => instant.to_string(),
    }
}

/// The time of a request, by one of its clock keys. None if it has neither, or if the value is no point in time.
pub fn find_time(context: &Context) -> Option<Instant> {
    let values = CLOCK_KEYS.iter().filter_map(|key| context.get(&ContextKey::new(key)));
    values.filter_map(|value| if let [text] = value.values() { parse_instant(text) } else { None }).next()
}

/// Whether a key has the time of the request.
pub fn is_clock_key(key: &ContextKey) -> bool {
    CLOCK_KEYS.iter().any(|name| name.eq_ignore_ascii_case(key.lower()))
}

/// Sets the clock key that a context lacks to the time of the other one.
pub fn complete_clock(context: &mut Context) {
    let Some(time) = find_time(context) else { return };
    for key in CLOCK_KEYS.map(ContextKey::new) {
        if context.get(&key).is_none() {
            let value = to_clock_value(&key, time);
            context.0.insert(key, ContextValue::Single(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_starts_and_ends_at_midnight() {
        let day = TimeRange::of_day(Date::constant(2026, 11, 29));
        let inside = ["2026-11-29T00:00:00Z", "2026-11-29T23:59:59Z", "2026-11-30T00:30:00+01:00", "1795910400"];
        assert!(inside.iter().all(|text| day.contains(text)), "{day:?}");
        let mut context = Context::default();
        context.set("aws:EpochTime", "1795910400");
        complete_clock(&mut context);
        let time = context.get(&ContextKey::new("aws:CurrentTime"));
        assert_eq!(time, Some(&ContextValue::Single("2026-11-29T00:00:00Z".to_owned())));
        let outside = ["2026-11-28T23:59:59Z", "2026-11-30T00:00:00Z", "x"];
        assert!(!outside.iter().any(|text| day.contains(text)));
    }
}
