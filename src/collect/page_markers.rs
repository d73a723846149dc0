//! Checks that the pages of a list advance. The SDK ends a list without an error if a marker repeats.

use std::collections::HashSet;

use super::api_calls::ApiCall;
use super::call_failure::CallFailure;

/// The markers of one list so far.
#[derive(Default)]
pub(super) struct PageMarkers {
    seen: HashSet<String>,
}

impl PageMarkers {
    /// Records the marker of the next page. `None` or an empty marker ends the list.
    ///
    /// # Errors
    /// The marker of an earlier page: the list would never end, and its other pages are unknown.
    pub(super) fn advance(&mut self, call: &'static ApiCall, marker: Option<&str>) -> Result<(), CallFailure> {
        match marker.filter(|marker| !marker.is_empty()) {
            Some(marker) if !self.seen.insert(marker.to_owned()) => Err(CallFailure::from_unexpected_answer(
                call,
                "AWS reports that more pages follow but gives no new marker",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::api_calls::LIST_ROOTS;

    #[test]
    fn markers_must_advance() {
        let count_accepted = |markers: &[Option<&str>]| {
            let mut pages = PageMarkers::default();
            markers.iter().take_while(|marker| pages.advance(&LIST_ROOTS, **marker).is_ok()).count()
        };
        assert_eq!(count_accepted(&[Some("a"), Some("b"), None]), 3);
        assert_eq!(count_accepted(&[None, Some(""), None]), 3);
        assert_eq!(count_accepted(&[Some("a"), Some("a")]), 1);
        assert_eq!(count_accepted(&[Some("a"), Some("b"), Some("a")]), 2);
    }
}
