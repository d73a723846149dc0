//! What only few can bring: an external id, an address, a network, an identity.

use std::net::IpAddr;

use crate::solve::{Cube, FieldRange};

/// Conditions that a stranger meets only by knowing or being somewhere. The address in a network of one's own
/// (`aws:VpcSourceIp`) is none of them: anybody's may have it.
const RESTRICTIVE_KEYS: [&str; 6] =
    ["sts:externalid", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:userid"];

/// Whether each of some requests must bring something that few have.
pub(super) fn all_require_restricted_value(cubes: &[Cube]) -> bool {
    cubes
        .iter()
        .all(|cube| cube.context.iter().any(|(key, range)| requires_restrictive_key(&key.to_ascii_lowercase(), range)))
}

fn requires_restrictive_key(key: &str, range: &FieldRange) -> bool {
    let has_specific_patterns =
        range.matches_any_of.iter().any(|globs| globs.iter().all(|glob| is_specific_pattern(key, glob)));
    let has_narrow_intervals = !range.intervals.is_empty() && is_under_half_of_addresses(&range.intervals);
    !range.may_be_missing && (has_specific_patterns || has_narrow_intervals) && RESTRICTIVE_KEYS.contains(&key)
}

/// Whether a pattern names some of what a key may hold, not all that anyone has.
fn is_specific_pattern(key: &str, glob: &str) -> bool {
    let literal_prefix = glob.split(['*', '?']).next().unwrap_or_default();
    match key {
        "aws:sourcevpc" | "aws:sourcevpce" => {
            let id = literal_prefix.strip_prefix("vpce-").or_else(|| literal_prefix.strip_prefix("vpc-"));
            id.is_some_and(|id| !id.is_empty())
        }
        // What stands before the wildcard holds the account's number.
        "aws:sourcevpcarn" => literal_prefix.split(':').nth(5).is_some(),
        // A unique id is that of one entity: `AROA…:session`, `AIDA…` (*IAM identifiers*).
        "aws:userid" => {
            let id = literal_prefix.split(':').next().unwrap_or_default();
            (id.starts_with("AROA") || id.starts_with("AIDA")) && id.len() > 16
        }
        _ => !literal_prefix.is_empty() || glob.contains('?'),
    }
}

/// Whether addresses, as `[first, last]` each, are fewer than half of those that there are.
fn is_under_half_of_addresses(intervals: &[String]) -> bool {
    let count_addresses = |text: &String| -> Option<(u128, u128)> {
        let parse_single = || text.parse::<IpAddr>().ok().map(|ip| (ip, ip));
        let parse_range = || {
            let (first, last) = text.strip_prefix('[')?.strip_suffix(']')?.split_once(", ")?;
            Some((first.parse::<IpAddr>().ok()?, last.parse::<IpAddr>().ok()?))
        };
        match parse_single().or_else(parse_range)? {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                Some((u128::from(last.to_bits().checked_sub(first.to_bits())?), 0))
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => Some((0, last.to_bits().checked_sub(first.to_bits())?)),
            _ => None,
        }
    };
    let sizes: Option<Vec<(u128, u128)>> = intervals.iter().map(count_addresses).collect();
    sizes.is_some_and(|sizes| {
        let ipv4_total = sizes.iter().fold(0_u128, |sum, (size, _)| sum.saturating_add(*size));
        let ipv6_total = sizes.iter().fold(0_u128, |sum, (_, size)| sum.saturating_add(*size));
        ipv4_total < 1 << 31 && ipv6_total < 1 << 127
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_internet_is_not_restrictive() {
        let is_narrow = |texts: &[&str]| {
            is_under_half_of_addresses(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
        };
        assert!(is_narrow(&["[203.0.113.0, 203.0.113.255]", "2001:db8::1"]));
        assert!(!is_narrow(&["[0.0.0.0, 255.255.255.255]"]));
        assert!(!is_narrow(&["[0.0.0.0, 127.255.255.255]", "[128.0.0.0, 255.255.255.255]"]));
        assert!(!is_narrow(&["(-∞, 1.2.3.4]"]));
    }

    #[test]
    fn network_patterns_must_name_an_id() {
        assert!(is_specific_pattern("aws:sourcevpce", "vpce-0a*") && !is_specific_pattern("aws:sourcevpce", "vpce-*"));
        assert!(is_specific_pattern("sts:externalid", "a*") && !is_specific_pattern("sts:externalid", "*"));
        assert!(
            is_specific_pattern("aws:userid", "AROAEXAMPLE1234567890:*")
                && is_specific_pattern("aws:userid", "AIDAEXAMPLE1234567890")
        );
        assert!(!is_specific_pattern("aws:userid", "AROA*") && !is_specific_pattern("aws:userid", "*:session"));
        let arn = |account: &str| format!("arn:aws:ec2:us-east-1:{account}:vpc/*");
        assert!(
            is_specific_pattern("aws:sourcevpcarn", &arn("111122223333"))
                && !is_specific_pattern("aws:sourcevpcarn", &arn("*"))
        );
    }
}
