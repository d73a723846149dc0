//! Sets of numbers, instants or addresses, as unions of intervals.

use std::net::IpAddr;

use ipnet::IpNet;
use rust_decimal::Decimal;

use crate::iam::value::Instant;

/// A value of an ordered type.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum OrderedValue {
    /// A decimal.
    Number(Decimal),
    /// An instant, in whole nanoseconds.
    Instant(Instant),
    /// An IPv4 address.
    V4(u32),
    /// An IPv6 address.
    V6(u128),
}

impl OrderedValue {
    /// The next value. None if values are dense, or if this is the last value.
    fn successor(self) -> Option<OrderedValue> {
        match self {
            OrderedValue::Number(_) => None,
            OrderedValue::Instant(Instant(i)) => i.checked_add(1).map(|i| OrderedValue::Instant(Instant(i))),
            OrderedValue::V4(a) => Some(a.checked_add(1).map_or(OrderedValue::V6(0), OrderedValue::V4)),
            OrderedValue::V6(a) => a.checked_add(1).map(OrderedValue::V6),
        }
    }

    /// The value as a request contains it.
    pub fn to_text(self) -> String {
        match self {
            OrderedValue::Number(n) => n.normalize().to_string(),
            OrderedValue::Instant(i) => i.to_string(),
            OrderedValue::V4(a) => IpAddr::from(a.to_be_bytes()).to_string(),
            OrderedValue::V6(a) => IpAddr::from(a.to_be_bytes()).to_string(),
        }
    }
}

/// Numbers of addresses.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct AddressCounts {
    /// IPv4 addresses.
    pub ipv4: u128,
    /// IPv6 addresses.
    pub ipv6: u128,
}

/// Whether an endpoint belongs to its interval.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum EndpointKind {
    /// The endpoint belongs to the interval.
    Included,
    /// The endpoint does not belong to the interval.
    Excluded,
}

/// An end of an interval.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
enum Endpoint {
    Unbounded,
    Included(OrderedValue),
    Excluded(OrderedValue),
}

impl Endpoint {
    fn new(value: OrderedValue, kind: EndpointKind) -> Endpoint {
        match kind {
            EndpointKind::Included => Endpoint::Included(value),
            EndpointKind::Excluded => Endpoint::Excluded(value),
        }
    }
}

#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
struct Interval {
    low: Endpoint,
    high: Endpoint,
}

impl Interval {
    fn is_empty(self) -> bool {
        match (self.low, self.high) {
            (Endpoint::Unbounded, _) | (_, Endpoint::Unbounded) => false,
            (Endpoint::Included(a), Endpoint::Included(b)) => a > b,
            (Endpoint::Included(a), Endpoint::Excluded(b)) | (Endpoint::Excluded(a), Endpoint::Included(b)) => a >= b,
            (Endpoint::Excluded(a), Endpoint::Excluded(b)) => a >= b || a.successor().is_some_and(|s| s >= b),
        }
    }

    fn intersect(self, other: Interval) -> Interval {
        let low = match (self.low, other.low) {
            (Endpoint::Unbounded, end) | (end, Endpoint::Unbounded) => end,
            (a, b) => match endpoint_value(a).cmp(&endpoint_value(b)) {
                std::cmp::Ordering::Less => b,
                std::cmp::Ordering::Greater => a,
                std::cmp::Ordering::Equal if matches!(a, Endpoint::Excluded(_)) => a,
                std::cmp::Ordering::Equal => b,
            },
        };
        let high = match (self.high, other.high) {
            (Endpoint::Unbounded, end) | (end, Endpoint::Unbounded) => end,
            (a, b) => match endpoint_value(a).cmp(&endpoint_value(b)) {
                std::cmp::Ordering::Less => a,
                std::cmp::Ordering::Greater => b,
                std::cmp::Ordering::Equal if matches!(a, Endpoint::Excluded(_)) => a,
                std::cmp::Ordering::Equal => b,
            },
        };
        Interval { low, high }
    }

    /// A value of the interval: the lower end, or the next value. None if neither exists.
    fn pick(self) -> Option<OrderedValue> {
        match (self.low, self.high) {
            (Endpoint::Included(low), _) => Some(low),
            (Endpoint::Unbounded, Endpoint::Unbounded) => None,
            (Endpoint::Unbounded, Endpoint::Included(high)) => Some(high),
            (Endpoint::Unbounded, Endpoint::Excluded(high)) => match high {
                OrderedValue::Number(n) => n.checked_sub(Decimal::ONE).map(OrderedValue::Number),
                OrderedValue::Instant(Instant(i)) => i.checked_sub(1).map(|i| OrderedValue::Instant(Instant(i))),
                OrderedValue::V4(a) => a.checked_sub(1).map(OrderedValue::V4),
                OrderedValue::V6(a) => a.checked_sub(1).map(OrderedValue::V6).or(Some(OrderedValue::V4(u32::MAX))),
            },
            (Endpoint::Excluded(OrderedValue::Number(low)), high) => {
                let next = low.checked_add(Decimal::ONE);
                match (next, endpoint_value(high)) {
                    (Some(next), Some(OrderedValue::Number(high))) if next >= high => {
                        let middle = low.checked_add(high.checked_sub(low)? / Decimal::TWO)?;
                        (low < middle && middle < high).then_some(OrderedValue::Number(middle))
                    }
                    (next, _) => next.map(OrderedValue::Number),
                }
            }
            (Endpoint::Excluded(low), _) => low.successor(),
        }
    }
}

fn endpoint_value(end: Endpoint) -> Option<OrderedValue> {
    match end {
        Endpoint::Unbounded => None,
        Endpoint::Included(p) | Endpoint::Excluded(p) => Some(p),
    }
}

/// A union of intervals.
#[derive(Clone, Debug, Default, Eq, PartialEq, Hash)]
pub struct IntervalSet(Vec<Interval>);

impl IntervalSet {
    /// No value.
    pub fn empty() -> IntervalSet {
        IntervalSet(Vec::new())
    }

    /// All numbers, or all instants.
    pub fn unbounded() -> IntervalSet {
        IntervalSet(vec![Interval { low: Endpoint::Unbounded, high: Endpoint::Unbounded }])
    }

    /// All addresses.
    pub fn all_addresses() -> IntervalSet {
        IntervalSet(vec![Interval {
            low: Endpoint::Included(OrderedValue::V4(0)),
            high: Endpoint::Included(OrderedValue::V6(u128::MAX)),
        }])
    }

    /// One value.
    pub fn from_point(p: OrderedValue) -> IntervalSet {
        IntervalSet(vec![Interval { low: Endpoint::Included(p), high: Endpoint::Included(p) }])
    }

    /// The values below an endpoint.
    pub fn below(p: OrderedValue, kind: EndpointKind) -> IntervalSet {
        IntervalSet(vec![Interval { low: Endpoint::Unbounded, high: Endpoint::new(p, kind) }])
    }

    /// The values above an endpoint.
    pub fn above(p: OrderedValue, kind: EndpointKind) -> IntervalSet {
        IntervalSet(vec![Interval { low: Endpoint::new(p, kind), high: Endpoint::Unbounded }])
    }

    /// The addresses of a range.
    pub fn from_network(net: IpNet) -> IntervalSet {
        let (low, high) = match net {
            IpNet::V4(net) => (OrderedValue::V4(net.network().into()), OrderedValue::V4(net.broadcast().into())),
            IpNet::V6(net) => (OrderedValue::V6(net.network().into()), OrderedValue::V6(net.broadcast().into())),
        };
        IntervalSet(vec![Interval { low: Endpoint::Included(low), high: Endpoint::Included(high) }])
    }

    /// The union.
    pub fn unite(&self, other: &IntervalSet) -> IntervalSet {
        IntervalSet(self.0.iter().chain(&other.0).copied().collect())
    }

    /// The intersection.
    pub fn intersect(&self, other: &IntervalSet) -> IntervalSet {
        let mut out = Vec::new();
        for a in &self.0 {
            for b in &other.0 {
                let intersection = a.intersect(*b);
                if !intersection.is_empty() {
                    out.push(intersection);
                }
            }
        }
        IntervalSet(out)
    }

    /// The values that are not in `other`.
    pub fn subtract(&self, other: &IntervalSet) -> IntervalSet {
        let mut remaining = self.clone();
        for interval in &other.0 {
            let mut outside = Vec::with_capacity(2);
            match interval.low {
                Endpoint::Unbounded => {}
                Endpoint::Included(p) => {
                    outside.push(Interval { low: Endpoint::Unbounded, high: Endpoint::Excluded(p) })
                }
                Endpoint::Excluded(p) => {
                    outside.push(Interval { low: Endpoint::Unbounded, high: Endpoint::Included(p) })
                }
            }
            match interval.high {
                Endpoint::Unbounded => {}
                Endpoint::Included(p) => {
                    outside.push(Interval { low: Endpoint::Excluded(p), high: Endpoint::Unbounded })
                }
                Endpoint::Excluded(p) => {
                    outside.push(Interval { low: Endpoint::Included(p), high: Endpoint::Unbounded })
                }
            }
            remaining = remaining.intersect(&IntervalSet(outside));
        }
        remaining
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the set contains a value.
    pub fn contains(&self, p: OrderedValue) -> bool {
        !self.intersect(&IntervalSet::from_point(p)).is_empty()
    }

    /// A simple value of the set. None if the set is empty or has no bounds.
    pub fn pick(&self) -> Option<OrderedValue> {
        self.0.iter().find_map(|i| i.pick())
    }

    /// The intervals as text, for a report.
    pub fn describe(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|i| match (i.low, i.high) {
                (Endpoint::Included(a), Endpoint::Included(b)) if a == b => a.to_text(),
                (low, high) => {
                    let low = match low {
                        Endpoint::Unbounded => "(-∞".to_owned(),
                        Endpoint::Included(p) => format!("[{}", p.to_text()),
                        Endpoint::Excluded(p) => format!("({}", p.to_text()),
                    };
                    let high = match high {
                        Endpoint::Unbounded => "∞)".to_owned(),
                        Endpoint::Included(p) => format!("{}]", p.to_text()),
                        Endpoint::Excluded(p) => format!("{})", p.to_text()),
                    };
                    format!("{low}, {high}")
                }
            })
            .collect()
    }

    /// How many IPv4 and how many IPv6 addresses are in the set, at most: addresses in several of its intervals are
    /// counted once per interval, and counts saturate. `None` if the set is not one of addresses with bounds.
    pub fn count_addresses(&self) -> Option<AddressCounts> {
        let mut total = AddressCounts { ipv4: 0, ipv6: 0 };
        for interval in &self.0 {
            let first = match interval.low {
                Endpoint::Unbounded => return None,
                Endpoint::Included(value) => value,
                Endpoint::Excluded(value) => value.successor()?,
            };
            let (last, is_last_included) = match interval.high {
                Endpoint::Unbounded => return None,
                Endpoint::Included(value) => (value, true),
                Endpoint::Excluded(value) => (value, false),
            };
            // The number of values from `first` to `last`.
            let count = |first: u128, last: u128| {
                last.checked_sub(first).map_or(0, |distance| distance.saturating_add(u128::from(is_last_included)))
            };
            let (ipv4, ipv6) = match (first, last) {
                (OrderedValue::V4(first), OrderedValue::V4(last)) => (count(first.into(), last.into()), 0),
                (OrderedValue::V6(first), OrderedValue::V6(last)) => (0, count(first, last)),
                // Every IPv4 address is before every IPv6 address.
                (OrderedValue::V4(first), OrderedValue::V6(last)) => {
                    (u128::from(u32::MAX).saturating_sub(first.into()) + 1, count(0, last))
                }
                _ => return None,
            };
            total.ipv4 = total.ipv4.saturating_add(ipv4);
            total.ipv6 = total.ipv6.saturating_add(ipv6);
        }
        Some(total)
    }

    /// The endpoints of the intervals, as candidates for values.
    pub fn bounds(&self) -> impl Iterator<Item = OrderedValue> {
        self.0.iter().flat_map(|i| [endpoint_value(i.low), endpoint_value(i.high)]).flatten()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::iam::value::{parse_network, parse_number};

    fn n(text: &str) -> OrderedValue {
        OrderedValue::Number(parse_number(text).unwrap())
    }

    #[test]
    fn numbers_are_dense_and_addresses_are_not() {
        let gap = IntervalSet::above(n("1"), EndpointKind::Excluded)
            .intersect(&IntervalSet::below(n("2"), EndpointKind::Excluded));
        assert_eq!(gap.pick(), Some(n("1.5")));
        assert!(
            IntervalSet::above(n("1"), EndpointKind::Included)
                .intersect(&IntervalSet::below(n("1"), EndpointKind::Excluded))
                .is_empty()
        );
        let all = IntervalSet::all_addresses();
        let halves = IntervalSet::from_network(parse_network("0.0.0.0/1").unwrap())
            .unite(&IntervalSet::from_network(parse_network("128.0.0.0/1").unwrap()));
        let remaining = all.subtract(&halves);
        assert_eq!(remaining.pick().unwrap().to_text(), "::");
        assert!(remaining.subtract(&IntervalSet::from_network(parse_network("::/0").unwrap())).is_empty());
    }

    #[test]
    fn a_subtracted_point_is_not_contained() {
        let set = IntervalSet::unbounded().subtract(&IntervalSet::from_point(n("5")));
        assert!(!set.contains(n("5")) && set.contains(n("4.999")) && set.contains(n("6")));
        assert!(set.subtract(&set).is_empty());
    }
}
