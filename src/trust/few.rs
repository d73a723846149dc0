//! What only few can bring: an external id, an address, a network, an identity.

use std::net::IpAddr;

use crate::solve::{Cube, FieldRange};

/// Conditions that a stranger meets only by knowing or being somewhere. The address in a network of one's own
/// (`aws:VpcSourceIp`) is none of them: anybody's may have it.
const HELD_BY_FEW: [&str; 6] =
    ["sts:externalid", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:userid"];

/// Whether each of some requests must bring something that few have.
pub(super) fn held_by_few(cubes: &[Cube]) -> bool {
    cubes.iter().all(|cube| cube.context.iter().any(|(key, range)| asks(&key.to_ascii_lowercase(), range)))
}

fn asks(key: &str, range: &FieldRange) -> bool {
    let told = range.within.iter().any(|globs| globs.iter().all(|glob| tells(key, glob)));
    let at = !range.intervals.is_empty() && are_few(&range.intervals);
    !range.may_be_missing && (told || at) && HELD_BY_FEW.contains(&key)
}

/// Whether a pattern names some of what a key may hold, not all that anyone has.
fn tells(key: &str, glob: &str) -> bool {
    let fixed = glob.split(['*', '?']).next().unwrap_or_default();
    match key {
        "aws:sourcevpc" | "aws:sourcevpce" => {
            let id = fixed.strip_prefix("vpce-").or_else(|| fixed.strip_prefix("vpc-"));
            id.is_some_and(|id| !id.is_empty())
        }
        // What stands before the wildcard holds the account's number.
        "aws:sourcevpcarn" => fixed.split(':').nth(5).is_some(),
        // A unique id is that of one entity: `AROA…:session`, `AIDA…` (*IAM identifiers*).
        "aws:userid" => {
            let id = fixed.split(':').next().unwrap_or_default();
            (id.starts_with("AROA") || id.starts_with("AIDA")) && id.len() > 16
        }
        _ => !fixed.is_empty() || glob.contains('?'),
    }
}

/// Whether addresses, as `[first, last]` each, are fewer than half of those that there are.
fn are_few(intervals: &[String]) -> bool {
    let size = |text: &String| -> Option<(u128, u128)> {
        let one = || text.parse::<IpAddr>().ok().map(|ip| (ip, ip));
        let range = || {
            let (first, last) = text.strip_prefix('[')?.strip_suffix(']')?.split_once(", ")?;
            Some((first.parse::<IpAddr>().ok()?, last.parse::<IpAddr>().ok()?))
        };
        match one().or_else(range)? {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                Some((u128::from(last.to_bits().checked_sub(first.to_bits())?), 0))
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => Some((0, last.to_bits().checked_sub(first.to_bits())?)),
            _ => None,
        }
    };
    let sizes: Option<Vec<(u128, u128)>> = intervals.iter().map(size).collect();
    sizes.is_some_and(|sizes| {
        let fourth = sizes.iter().fold(0_u128, |sum, (size, _)| sum.saturating_add(*size));
        let sixth = sizes.iter().fold(0_u128, |sum, (_, size)| sum.saturating_add(*size));
        fourth < 1 << 31 && sixth < 1 << 127
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_internet_is_not_few() {
        let few = |texts: &[&str]| are_few(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert!(few(&["[203.0.113.0, 203.0.113.255]", "2001:db8::1"]));
        assert!(!few(&["[0.0.0.0, 255.255.255.255]"]));
        assert!(!few(&["[0.0.0.0, 127.255.255.255]", "[128.0.0.0, 255.255.255.255]"]));
        assert!(!few(&["(-∞, 1.2.3.4]"]));
    }

    #[test]
    fn a_network_is_named_or_anyones() {
        assert!(tells("aws:sourcevpce", "vpce-0a*") && !tells("aws:sourcevpce", "vpce-*"));
        assert!(tells("sts:externalid", "a*") && !tells("sts:externalid", "*"));
        assert!(tells("aws:userid", "AROAEXAMPLE1234567890:*") && tells("aws:userid", "AIDAEXAMPLE1234567890"));
        assert!(!tells("aws:userid", "AROA*") && !tells("aws:userid", "*:session"));
        let arn = |account: &str| format!("arn:aws:ec2:us-east-1:{account}:vpc/*");
        assert!(tells("aws:sourcevpcarn", &arn("111122223333")) && !tells("aws:sourcevpcarn", &arn("*")));
    }
}
