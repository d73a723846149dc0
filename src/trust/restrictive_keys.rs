//! Conditions that few callers can satisfy: an external ID, a range of addresses, a network, an identity.

use crate::solve::{Cube, FieldRange};

/// The context keys, in lower case, whose values an unknown caller cannot choose freely. `aws:VpcSourceIp` is not among
/// them: an address inside of a VPC can occur in the VPC of any account.
const RESTRICTIVE_KEYS: [&str; 6] =
    ["sts:externalid", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:userid"];

/// Whether every request of these cubes needs a value that few callers have.
pub(super) fn all_require_restricted_value(cubes: &[Cube]) -> bool {
    cubes.iter().all(|cube| cube.context.iter().any(|(key, range)| requires_restrictive_key(key, range)))
}

fn requires_restrictive_key(key: &str, range: &FieldRange) -> bool {
    let key = key.to_ascii_lowercase();
    let has_specific_patterns =
        range.matches_any_of.iter().any(|globs| globs.iter().all(|glob| is_specific_pattern(&key, glob)));
    let is_restricted = has_specific_patterns || is_at_most_half_of_addresses(range);
    !range.may_be_missing && is_restricted && RESTRICTIVE_KEYS.contains(&key.as_str())
}

/// Whether a pattern identifies some values of a key: it does not match the value of every caller.
fn is_specific_pattern(key: &str, glob: &str) -> bool {
    // INVARIANT: `split` returns at least one part.
    let literal_prefix = glob.split(['*', '?']).next().unwrap_or(glob);
    match key {
        "aws:sourcevpc" | "aws:sourcevpce" => {
            let id = literal_prefix.strip_prefix("vpce-").or_else(|| literal_prefix.strip_prefix("vpc-"));
            id.is_some_and(|id| !id.is_empty())
        }
        // The text before the first wildcard includes the account ID.
        "aws:sourcevpcarn" => literal_prefix.split(':').nth(5).is_some(),
        // A unique ID belongs to one user or role: `AROA…:session`, `AIDA…` (AWS: IAM identifiers).
        "aws:userid" => {
            let id = literal_prefix.split_once(':').map_or(literal_prefix, |(id, _)| id);
            (id.starts_with("AROA") || id.starts_with("AIDA")) && id.len() > 16
        }
        _ => !literal_prefix.is_empty() || glob.contains('?'),
    }
}

/// Whether a range has addresses, and at most half of all addresses of each version.
fn is_at_most_half_of_addresses(range: &FieldRange) -> bool {
    !range.interval_set.is_empty()
        && range.interval_set.count_addresses().is_some_and(|counts| counts.ipv4 <= 1 << 31 && counts.ipv6 <= 1 << 127)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::iam::value::{parse_network, parse_number};
    use crate::solve::values::interval::{IntervalSet, OrderedValue};

    #[test]
    fn more_than_half_of_all_addresses_is_not_restrictive() {
        let network = |text: &str| IntervalSet::from_network(parse_network(text).unwrap());
        let is_narrow =
            |set: IntervalSet| is_at_most_half_of_addresses(&FieldRange { interval_set: set, ..FieldRange::default() });
        assert!(is_narrow(network("203.0.113.0/24").unite(&network("2001:db8::1/128"))));
        assert!(is_narrow(network("203.0.113.0/24").subtract(&network("203.0.113.7/32"))));
        assert!(is_narrow(network("0.0.0.0/1")));
        assert!(!is_narrow(network("0.0.0.0/0")));
        assert!(!is_narrow(network("0.0.0.0/1").unite(&network("128.0.0.0/1"))));
        assert!(!is_narrow(IntervalSet::all_addresses()));
        assert!(!is_narrow(IntervalSet::all_addresses().subtract(&network("10.0.0.0/8"))));
        assert!(!is_narrow(IntervalSet::unbounded()));
        assert!(!is_narrow(IntervalSet::empty()));
        assert!(!is_narrow(IntervalSet::from_point(OrderedValue::Number(parse_number("1").unwrap()))));
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
