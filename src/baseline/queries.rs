//! Questions about a baseline that an audit asks: guards by name, and which guards and exceptions are unused.

use super::assign::{StaleItem, StaleReason, StaleSubject};
use super::model::baseline::Baseline;
use super::model::guard::Guard;

impl Baseline {
    /// The guard with this name.
    pub(crate) fn find_guard(&self, name: &str) -> Option<&Guard> {
        self.guards.iter().find(|guard| guard.name.value == name)
    }

    /// The guards that no entry refers to.
    pub(crate) fn find_unused_guards(&self) -> impl Iterator<Item = &Guard> {
        let is_named = |guard: &Guard| {
            let mut names = self.entries.iter().flat_map(|entry| &entry.guards);
            names.any(|name| name.value == guard.name.value)
        };
        self.guards.iter().filter(move |guard| !is_named(guard))
    }

    /// The exceptions that match no finding. `has_finding` says whether an audit has a finding with a key.
    pub(crate) fn find_stale_exceptions(&self, has_finding: impl Fn(&str) -> bool) -> Vec<StaleItem> {
        let unused = self.exceptions.iter().enumerate().filter(|(_, e)| !has_finding(&e.finding.value));
        unused
            .map(|(index, exception)| StaleItem {
                subject: StaleSubject::Exception(index),
                reason: StaleReason::MatchesNothing,
                place: self.place(exception.finding.span),
            })
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::baseline::tests::testing::load_manifest;

    #[test]
    fn is_valid_on_its_last_day_and_can_go_stale() {
        let baseline = load_manifest(concat!(
            "version = 1\n[[exception]]\nfinding = \"iam009/entry/a\"\naccepts = {}\nreason = \"x\"\n",
            "requested_by = \"a\"\napproved_by = \"b\"\nexpires = 2026-12-31\n",
        ));
        let exception = &baseline.exceptions[0];
        assert!(!exception.is_expired(date(2026, 12, 31)));
        assert!(exception.is_expired(date(2027, 1, 1)));
        assert!(baseline.find_stale_exceptions(|key| key == "iam009/entry/a").is_empty());
        let stale = baseline.find_stale_exceptions(|_| false);
        assert_eq!((stale[0].subject, stale[0].place.line), (StaleSubject::Exception(0), 3));
    }
}
