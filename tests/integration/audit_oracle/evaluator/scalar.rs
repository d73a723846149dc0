//! The values that condition operators compare: exact decimals, instants, addresses and bytes.

use std::net::IpAddr;

/// A decimal in billionths. `None` if the text is not a number.
pub fn parse_number(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(sign * (whole * 1_000_000_000 + fraction))
}

/// Nanoseconds after 1970. Reads the forms `2026-11-29`, `2026-11-29T06:00:00Z`, and seconds; the last two with a fraction.
pub fn parse_instant(text: &str) -> Option<i128> {
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text.trim_end_matches('Z'), ""), |(whole, rest)| (whole, rest.trim_end_matches('Z')));
    let seconds = parse_seconds(whole)?;
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(i128::from(seconds) * 1_000_000_000 + fraction)
}

/// Seconds after 1970, without the zone.
fn parse_seconds(text: &str) -> Option<i64> {
    let is_number = text.len() > 4 && text.chars().all(|c| c.is_ascii_digit());
    if is_number {
        return text.parse().ok();
    }
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let mut fields = date.split('-').map(|field| field.parse::<i64>().ok());
    let (year, month, day) = (fields.next()??, fields.next().unwrap_or(Some(1))?, fields.next().unwrap_or(Some(1))?);
    let mut fields = time.split(':').map(|field| field.parse::<i64>().ok());
    let (hour, minute, second) = (fields.next()??, fields.next()??, fields.next().unwrap_or(Some(0))?);
    Some(count_days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Nanoseconds after 1970 as seconds.
pub fn format_epoch(instant: i128) -> String {
    let (seconds, fraction) = (instant / 1_000_000_000, instant % 1_000_000_000);
    if fraction == 0 { seconds.to_string() } else { format!("{seconds}.{fraction:09}") }
}

/// Days from 1970-01-01 in the Gregorian calendar.
fn count_days(year: i64, month: i64, day: i64) -> i64 {
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let years: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let years = years - (year..1970).map(|year| if is_leap(year) { 366 } else { 365 }).sum::<i64>();
    years + lengths.iter().take(usize::try_from(month - 1).unwrap()).sum::<i64>() + day - 1
}

/// Whether an address is in a range. `None` if the address is not one.
pub fn is_in_range(address: &str, range: &str) -> Option<bool> {
    let to_bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32, true),
        IpAddr::V6(v6) => (u128::from(v6), 128, false),
    };
    let (bits, _, is_v4) = to_bits(address.parse().ok()?);
    let (network, length) = range.split_once('/').map_or((range, None), |(n, length)| (n, Some(length)));
    let (network_bits, width, network_is_v4) = to_bits(network.parse().unwrap());
    let length: u32 = length.map_or(width, |length| length.parse().unwrap());
    let mask = if length == 0 { 0 } else { u128::MAX << (128 - length) };
    Some(is_v4 == network_is_v4 && (bits & mask) == (network_bits & mask))
}

/// The bytes of a base64 text. `None` if it is not base64.
pub fn parse_base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    if !text.len().is_multiple_of(4) {
        return None;
    }
    for c in text.trim_end_matches('=').chars() {
        bits = (bits << 6 | u32::try_from(ALPHABET.find(c)?).unwrap()) & 0xFF_FFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).unwrap());
        }
    }
    Some(bytes)
}

#[test]
fn scalars_are_parsed() {
    assert_eq!(parse_number("10.50"), parse_number("10.5"));
    assert!(parse_number("-1") < parse_number(".5") && parse_number("abc").is_none() && parse_number("").is_none());
    assert_eq!(parse_instant("2026-11-29T06:00:00Z"), Some(1_795_932_000_000_000_000));
    assert_eq!(parse_instant("2000-03-01"), parse_instant("951868800"));
    assert_eq!(is_in_range("10.1.2.3", "10.0.0.0/8"), Some(true));
    assert_eq!(is_in_range("2001:db8::1", "10.0.0.0/8"), Some(false));
    assert_eq!(parse_base64("YWI="), Some(b"ab".to_vec()));
}
