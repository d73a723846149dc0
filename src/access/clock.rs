//! The time of requests: an audit asks about the day on which it runs, and all later ones (`docs/semantics.md` §3).

use jiff::civil::Date;

use super::request::{Context, ContextValue};
use crate::iam::ContextKey;
use crate::iam::value::{Instant, parse_instant};

/// The context keys that have the time of the request. They are one clock.
pub const CLOCK_KEYS: [&str; 2] = ["aws:CurrentTime", "aws:EpochTime"];

const NANOSECONDS_PER_SECOND: i128 = 1_000_000_000;
const NANOSECONDS_PER_DAY: i128 = 86_400 * NANOSECONDS_PER_SECOND;

/// The first moment of a day in UTC.
pub fn find_day_start(day: Date) -> Instant {
    let days_since_epoch = i128::from((day - Date::constant(1970, 1, 1)).get_days());
    Instant(days_since_epoch * NANOSECONDS_PER_DAY)
}

/// Whether a text is a point in time from another one on.
pub fn is_not_before(text: &str, start: Instant) -> bool {
    parse_instant(text).is_some_and(|instant| instant >= start)
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
    fn a_day_starts_at_midnight() {
        let start = find_day_start(Date::constant(2026, 11, 29));
        let later = ["2026-11-29T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-29T00:30:00-01:00", "1795910400"];
        assert!(later.iter().all(|text| is_not_before(text, start)), "{start:?}");
        let mut context = Context::default();
        context.set("aws:EpochTime", "1795910400");
        complete_clock(&mut context);
        let time = context.get(&ContextKey::new("aws:CurrentTime"));
        assert_eq!(time, Some(&ContextValue::Single("2026-11-29T00:00:00Z".to_owned())));
        let earlier = ["2026-11-28T23:59:59Z", "2026-11-29T00:30:00+01:00", "x"];
        assert!(!earlier.iter().any(|text| is_not_before(text, start)));
    }
}
