//! Sets of ordered values as intervals: numbers, instants, addresses.

use std::net::IpAddr;

use ipnet::IpNet;
use rust_decimal::Decimal;

use crate::iam::value::Instant;

/// A value that can be ordered.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum Point {
    /// A decimal.
    Number(Decimal),
    /// An instant, of whole nanoseconds.
    Instant(Instant),
    /// An IPv4 address.
    V4(u32),
    /// An IPv6 address.
    V6(u128),
}

impl Point {
    /// The next value, where values are discrete.
    fn successor(self) -> Option<Point> {
        match self {
            Point::Number(_) => None,
            Point::Instant(Instant(i)) => i.checked_add(1).map(|i| Point::Instant(Instant(i))),
            Point::V4(a) => Some(a.checked_add(1).map_or(Point::V6(0), Point::V4)),
            Point::V6(a) => a.checked_add(1).map(Point::V6),
        }
    }

    /// The value as a request would give it.
    pub fn to_text(self) -> String {
        match self {
            Point::Number(n) => n.normalize().to_string(),
            Point::Instant(i) => i.to_string(),
            Point::V4(a) => IpAddr::from(a.to_be_bytes()).to_string(),
            Point::V6(a) => IpAddr::from(a.to_be_bytes()).to_string(),
        }
    }
}

/// An end of an interval.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
enum End {
    Open,
    Included(Point),
    Excluded(Point),
}

#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
struct Interval {
    low: End,
    high: End,
}

impl Interval {
    fn is_empty(self) -> bool {
        match (self.low, self.high) {
            (End::Open, _) | (_, End::Open) => false,
            (End::Included(a), End::Included(b)) => a > b,
            (End::Included(a), End::Excluded(b)) | (End::Excluded(a), End::Included(b)) => a >= b,
            (End::Excluded(a), End::Excluded(b)) => a >= b || a.successor().is_some_and(|s| s >= b),
        }
    }

    fn meet(self, other: Interval) -> Interval {
        let low = match (self.low, other.low) {
            (End::Open, end) | (end, End::Open) => end,
            (a, b) => match value(a).cmp(&value(b)) {
                std::cmp::Ordering::Less => b,
                std::cmp::Ordering::Greater => a,
                std::cmp::Ordering::Equal if matches!(a, End::Excluded(_)) => a,
                std::cmp::Ordering::Equal => b,
            },
        };
        let high = match (self.high, other.high) {
            (End::Open, end) | (end, End::Open) => end,
            (a, b) => match value(a).cmp(&value(b)) {
                std::cmp::Ordering::Less => a,
                std::cmp::Ordering::Greater => b,
                std::cmp::Ordering::Equal if matches!(a, End::Excluded(_)) => a,
                std::cmp::Ordering::Equal => b,
            },
        };
        Interval { low, high }
    }

    /// A value of it: its lower end, or what comes next, if that can be told.
    fn pick(self) -> Option<Point> {
        match (self.low, self.high) {
            (End::Included(low), _) => Some(low),
            (End::Open, End::Open) => None,
            (End::Open, End::Included(high)) => Some(high),
            (End::Open, End::Excluded(high)) => match high {
                Point::Number(n) => n.checked_sub(Decimal::ONE).map(Point::Number),
                Point::Instant(Instant(i)) => i.checked_sub(1).map(|i| Point::Instant(Instant(i))),
                Point::V4(a) => a.checked_sub(1).map(Point::V4),
                Point::V6(a) => a.checked_sub(1).map(Point::V6).or(Some(Point::V4(u32::MAX))),
            },
            (End::Excluded(Point::Number(low)), high) => {
                let next = low.checked_add(Decimal::ONE);
                match (next, value(high)) {
                    (Some(next), Some(Point::Number(high))) if next >= high => {
                        let middle = low.checked_add(high.checked_sub(low)? / Decimal::TWO)?;
                        (low < middle && middle < high).then_some(Point::Number(middle))
                    }
                    (next, _) => next.map(Point::Number),
                }
            }
            (End::Excluded(low), _) => low.successor(),
        }
    }
}

fn value(end: End) -> Option<Point> {
    match end {
        End::Open => None,
        End::Included(p) | End::Excluded(p) => Some(p),
    }
}

/// A union of intervals.
#[derive(Clone, Debug, Default, Eq, PartialEq, Hash)]
pub struct Intervals(Vec<Interval>);

impl Intervals {
    /// No value.
    pub fn none() -> Intervals {
        Intervals(Vec::new())
    }

    /// Every number, or every instant.
    pub fn all() -> Intervals {
        Intervals(vec![Interval { low: End::Open, high: End::Open }])
    }

    /// Every address.
    pub fn all_addresses() -> Intervals {
        Intervals(vec![Interval { low: End::Included(Point::V4(0)), high: End::Included(Point::V6(u128::MAX)) }])
    }

    /// One value.
    pub fn one(p: Point) -> Intervals {
        Intervals(vec![Interval { low: End::Included(p), high: End::Included(p) }])
    }

    /// The values below a bound.
    pub fn below(p: Point, included: bool) -> Intervals {
        Intervals(vec![Interval { low: End::Open, high: if included { End::Included(p) } else { End::Excluded(p) } }])
    }

    /// The values above a bound.
    pub fn above(p: Point, included: bool) -> Intervals {
        Intervals(vec![Interval { low: if included { End::Included(p) } else { End::Excluded(p) }, high: End::Open }])
    }

    /// The addresses of a range.
    pub fn network(net: IpNet) -> Intervals {
        let (low, high) = match net {
            IpNet::V4(net) => (Point::V4(net.network().into()), Point::V4(net.broadcast().into())),
            IpNet::V6(net) => (Point::V6(net.network().into()), Point::V6(net.broadcast().into())),
        };
        Intervals(vec![Interval { low: End::Included(low), high: End::Included(high) }])
    }

    /// The values of either.
    pub fn or(&self, other: &Intervals) -> Intervals {
        Intervals(self.0.iter().chain(&other.0).copied().collect())
    }

    /// The values of both.
    pub fn and(&self, other: &Intervals) -> Intervals {
        let mut out = Vec::new();
        for a in &self.0 {
            for b in &other.0 {
                let meet = a.meet(*b);
                if !meet.is_empty() {
                    out.push(meet);
                }
            }
        }
        Intervals(out)
    }

    /// The values that are not in `other`.
    pub fn minus(&self, other: &Intervals) -> Intervals {
        let mut left = self.clone();
        for interval in &other.0 {
            let mut outside = Vec::with_capacity(2);
            match interval.low {
                End::Open => {}
                End::Included(p) => outside.push(Interval { low: End::Open, high: End::Excluded(p) }),
                End::Excluded(p) => outside.push(Interval { low: End::Open, high: End::Included(p) }),
            }
            match interval.high {
                End::Open => {}
                End::Included(p) => outside.push(Interval { low: End::Excluded(p), high: End::Open }),
                End::Excluded(p) => outside.push(Interval { low: End::Included(p), high: End::Open }),
            }
            left = left.and(&Intervals(outside));
        }
        left
    }

    /// Whether there is no value in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a value is in it.
    pub fn has(&self, p: Point) -> bool {
        !self.and(&Intervals::one(p)).is_empty()
    }

    /// A value of it, the plainest that there is; none if it is empty or without bounds.
    pub fn pick(&self) -> Option<Point> {
        self.0.iter().find_map(|i| i.pick())
    }

    /// The intervals in words, for a report.
    pub fn describe(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|i| match (i.low, i.high) {
                (End::Included(a), End::Included(b)) if a == b => a.to_text(),
                (low, high) => {
                    let low = match low {
                        End::Open => "(-∞".to_owned(),
                        End::Included(p) => format!("[{}", p.to_text()),
                        End::Excluded(p) => format!("({}", p.to_text()),
                    };
                    let high = match high {
                        End::Open => "∞)".to_owned(),
                        End::Included(p) => format!("{}]", p.to_text()),
                        End::Excluded(p) => format!("{})", p.to_text()),
                    };
                    format!("{low}, {high}")
                }
            })
            .collect()
    }

    /// The bounds that stand in it, as candidates for values.
    pub fn bounds(&self) -> impl Iterator<Item = Point> {
        self.0.iter().flat_map(|i| [value(i.low), value(i.high)]).flatten()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::iam::value::{network, number};

    fn n(text: &str) -> Point {
        Point::Number(number(text).unwrap())
    }

    #[test]
    fn numbers_are_dense_and_addresses_are_not() {
        let gap = Intervals::above(n("1"), false).and(&Intervals::below(n("2"), false));
        assert_eq!(gap.pick(), Some(n("1.5")));
        assert!(Intervals::above(n("1"), true).and(&Intervals::below(n("1"), false)).is_empty());
        let all = Intervals::all_addresses();
        let halves =
            Intervals::network(network("0.0.0.0/1").unwrap()).or(&Intervals::network(network("128.0.0.0/1").unwrap()));
        let left = all.minus(&halves);
        assert_eq!(left.pick().unwrap().to_text(), "::");
        assert!(left.minus(&Intervals::network(network("::/0").unwrap())).is_empty());
    }

    #[test]
    fn minus_and_membership() {
        let set = Intervals::all().minus(&Intervals::one(n("5")));
        assert!(!set.has(n("5")) && set.has(n("4.999")) && set.has(n("6")));
        assert!(set.minus(&set).is_empty());
    }
}
