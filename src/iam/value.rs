//! Typed values of conditions: numbers, instants, booleans, bytes and addresses.
//!
//! The same functions parse both sides of a comparison, so that `1.0` equals `1`, and `2026-01-01` equals
//! `2026-01-01T00:00:00Z`. A `parse_*` function returns `None` for a text that has no value of its type.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use base64::Engine;
use ipnet::IpNet;
use rust_decimal::Decimal;

use super::operator::OperatorFamily;

/// Nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub struct Instant(pub i128);

/// 1970-01-01T00:00:00.
const EPOCH: jiff::civil::DateTime = jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A condition value that is not compared as text.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum TypedValue {
    /// An exact decimal.
    Number(Decimal),
    /// A point in time.
    Instant(Instant),
    /// A boolean (`Bool` and `Null`).
    Bool(bool),
    /// Bytes.
    Binary(Box<[u8]>),
    /// An address range. A single address is a range of one.
    Network(IpNet),
}

impl TypedValue {
    /// Parses a value for the operators of a family. The error says what was expected.
    pub fn parse(family: OperatorFamily, text: &str) -> Result<TypedValue, &'static str> {
        match family {
            OperatorFamily::Numeric => {
                parse_number(text).map(TypedValue::Number).ok_or("a decimal number of at most 28 digits")
            }
            OperatorFamily::Date => parse_instant(text)
                .map(TypedValue::Instant)
                .ok_or("a date such as 2026-01-31 or 2026-01-31T10:00:00Z, or epoch seconds"),
            OperatorFamily::Bool | OperatorFamily::Null => {
                parse_bool(text).map(TypedValue::Bool).ok_or("true or false")
            }
            OperatorFamily::Binary => parse_binary(text).map(TypedValue::Binary).ok_or("base64"),
            OperatorFamily::Ip => {
                parse_network(text).map(TypedValue::Network).ok_or("an IP address or a range such as 203.0.113.0/24")
            }
            OperatorFamily::String | OperatorFamily::Arn => Err("a text"),
        }
    }
}

impl fmt::Display for TypedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TypedValue::Number(n) => write!(f, "{n}"),
            TypedValue::Instant(i) => write!(f, "{i}"),
            TypedValue::Bool(b) => write!(f, "{b}"),
            TypedValue::Binary(bytes) => f.write_str(&base64::engine::general_purpose::STANDARD.encode(bytes)),
            TypedValue::Network(net) => write!(f, "{net}"),
        }
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1_000_000_000);
        let nanoseconds = i32::try_from(self.0.rem_euclid(1_000_000_000)).unwrap_or_default();
        let date_time = i64::try_from(seconds)
            .ok()
            .and_then(|seconds| EPOCH.checked_add(jiff::SignedDuration::new(seconds, nanoseconds)).ok());
        match date_time {
            Some(date_time) => write!(f, "{date_time}Z"),
            None => write!(f, "{seconds}"),
        }
    }
}

/// Parses an exact decimal, with or without an exponent. `None` if the text is not a number or has too many digits.
pub fn parse_number(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'))
    {
        return None;
    }
    let parsed = match digits.split_once(['e', 'E']) {
        // `from_scientific` rounds if there are too many digits.
        Some((mantissa, _)) => {
            Decimal::from_str_exact(mantissa).ok()?;
            Decimal::from_scientific(digits)
        }
        None => Decimal::from_str_exact(digits),
    };
    parsed.ok().map(|d| d.normalize())
}

/// Parses a point in time: a W3C date (a year, a month, a day, or a day with a time and its zone), or epoch seconds.
/// Four digits are a year. A missing month or day is the first one. A time without a zone is UTC.
pub fn parse_instant(text: &str) -> Option<Instant> {
    let is_year = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    if !is_year
        && !text.is_empty()
        && text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit() || b == b'.')
    {
        let seconds = parse_number(text)?;
        let nanoseconds = seconds.checked_mul(Decimal::from(1_000_000_000))?.trunc();
        return i128::try_from(nanoseconds).ok().map(Instant);
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut fields = date.split('-');
    let mut field = |width: usize| match fields.next() {
        Some(f) if f.len() == width && f.bytes().all(|b| b.is_ascii_digit()) => i16::from_str(f).ok().map(Some),
        Some(_) => None,
        None => Some(None),
    };
    let (year, month, day) = (field(4)??, field(2)?, field(2)?);
    if fields.next().is_some() || (time.is_some() && day.is_none()) {
        return None;
    }
    let date =
        jiff::civil::Date::new(year, month.unwrap_or(1).try_into().ok()?, day.unwrap_or(1).try_into().ok()?).ok()?;
    let (clock, offset_seconds) = match time {
        None => (jiff::civil::Time::midnight(), 0),
        Some(time) => parse_clock_and_offset(time)?,
    };
    // A `Timestamp` ends a day before the last date, because it can be shown in every time zone.
    let since_epoch = date.to_datetime(clock).duration_since(EPOCH);
    Some(Instant(since_epoch.as_nanos() - i128::from(offset_seconds) * 1_000_000_000))
}

/// Parses `hh:mm`, `hh:mm:ss` or `hh:mm:ss.s`, with `Z` or `±hh:mm`. Returns the time and the offset in seconds.
fn parse_clock_and_offset(text: &str) -> Option<(jiff::civil::Time, i32)> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        None => (text, 0),
        Some(i) => {
            let (clock, zone) = text.split_at_checked(i)?;
            let offset = match zone {
                "Z" | "z" => 0,
                _ => {
                    let sign = if zone.starts_with('-') { -1 } else { 1 };
                    let digits: String = zone.chars().skip(1).filter(|c| *c != ':').collect();
                    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                        return None;
                    }
                    let value = i32::from_str(&digits).ok()?;
                    let (hours, minutes) = (value / 100, value % 100);
                    if hours > 23 || minutes > 59 {
                        return None;
                    }
                    sign * (hours * 3600 + minutes * 60)
                }
            };
            (clock, offset)
        }
    };
    if !clock.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.')) || clock.len() < 5 {
        return None;
    }
    let clock = if clock.len() == 5 { format!("{clock}:00") } else { clock.to_owned() };
    Some((jiff::civil::Time::from_str(&clock).ok()?, offset))
}

/// Parses `true` or `false`, ignoring case.
pub fn parse_bool(text: &str) -> Option<bool> {
    match () {
        () if text.eq_ignore_ascii_case("true") => Some(true),
        () if text.eq_ignore_ascii_case("false") => Some(false),
        () => None,
    }
}

/// Parses padded base64.
pub fn parse_binary(text: &str) -> Option<Box<[u8]>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok().map(Into::into)
}

/// Parses an address or a CIDR range. Bits after the prefix are ignored.
pub fn parse_network(text: &str) -> Option<IpNet> {
    IpNet::from_str(text).map(|net| net.trunc()).or_else(|_| IpAddr::from_str(text).map(IpNet::from)).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        assert_eq!(parse_number("1.0"), parse_number("1"));
        assert_ne!(parse_number("9007199254740993"), parse_number("9007199254740992"));
        assert_eq!(parse_number("1e3"), parse_number("1000"));
        assert_eq!(parse_number("0.10"), parse_number("+.1").or(parse_number("0.1")));
        // Thirty digits, which would otherwise be rounded to one.
        assert_eq!(parse_number("1.00000000000000000000000000001e0"), None);
        for bad in ["", "abc", "1 ", "0x1", "1,5", "NaN", "99999999999999999999999999999999"] {
            assert_eq!(parse_number(bad), None, "{bad}");
        }
    }

    #[test]
    fn parses_instants_in_all_forms() {
        let new_year = parse_instant("2026-01-01T00:00:00Z").unwrap();
        for text in
            ["2026", "2026-01", "2026-01-01", "2026-01-01T00:00Z", "2026-01-01T01:00:00.000+01:00", "1767225600"]
        {
            assert_eq!(parse_instant(text), Some(new_year), "{text}");
        }
        assert_eq!(parse_instant("2026-01-01T00:00:00.5Z").unwrap().0 - new_year.0, 500_000_000);
        // All years of four digits, in every time zone.
        let second = Instant(1_000_000_000);
        let last = parse_instant("9999-12-31T23:59:59Z").unwrap();
        assert_eq!(last, Instant(253_402_300_799 * second.0));
        assert_eq!(parse_instant("9999-12-31T23:59:59-23:59").unwrap().0, last.0 + 86_340 * second.0);
        assert_eq!(parse_instant("0000-01-01T00:00:00Z"), Some(Instant(-62_167_219_200 * second.0)));
        assert!(parse_instant("9999").unwrap() < parse_instant("9999-12-31").unwrap());
        for text in ["9999-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "0001-01-01T00:00:00.5Z"] {
            assert_eq!(parse_instant(text).unwrap().to_string(), text);
        }
        // Four characters are a year only if they are digits.
        assert_eq!(parse_instant("-100"), Some(Instant(-100_000_000_000)));
        assert_eq!(parse_instant("12.5"), Some(Instant(12_500_000_000)));
        for bad in ["", "yesterday", "2026-13", "2026-1-1", "2026-01-01T25:00Z", "2026T00:00Z", "2026-01-01T00:00+9"] {
            assert_eq!(parse_instant(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_single_address_is_a_range_of_one() {
        assert_eq!(parse_network("203.0.113.7"), parse_network("203.0.113.7/32"));
        assert_eq!(parse_network("2001:db8::1"), parse_network("2001:db8::1/128"));
        assert_eq!(parse_network("203.0.113.7/24"), parse_network("203.0.113.0/24"));
        assert_eq!(parse_network("203.0.113.0/33"), None);
    }
}
