//! How much work a computation may still do. One computation must not stall all others.
//!
//! The work is counted where it is done: [`spend_steps`] is called in the loops that can take long, and [`run_within`] limits what it
//! calls. When the allowance is used up, the computation is unwound to `run_within`, so that no partial result is kept: a cache
//! stores a value only when its computation returns ([`Cache`](super::cache::Cache)), and what others ask is computed again. This
//! is the cancellation of rust-analyzer's `salsa`.
//!
//! INVARIANT: a computation with an allowance stays on its thread: it starts no parallel work.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

/// A limit of a computation. `None` for no limit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Allowance {
    /// The largest number of steps.
    pub steps: Option<u64>,
    /// When it must end.
    pub deadline: Option<Instant>,
}

/// The computation has used up its allowance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct AllowanceExhausted;

thread_local! {
    /// What the current computation of this thread has left. `None` without a limit.
    static REMAINING: RefCell<Option<Allowance>> = const { RefCell::new(None) };
}

/// Runs a computation within an allowance.
///
/// # Errors
/// The allowance does not suffice. Nothing of the computation is kept.
pub(crate) fn run_within<T>(allowance: Allowance, work: impl FnOnce() -> T) -> Result<T, AllowanceExhausted> {
    let outer = REMAINING.with(|remaining| remaining.replace(Some(allowance)));
    // Caches and locks of this program hold no value that a computation has changed in part.
    let result = catch_unwind(AssertUnwindSafe(work));
    REMAINING.with(|remaining| *remaining.borrow_mut() = outer);
    result.map_err(|payload| match payload.downcast::<AllowanceExhausted>() {
        Ok(exhausted) => *exhausted,
        Err(defect) => resume_unwind(defect),
    })
}

/// Counts steps of the current computation. If its allowance does not suffice, the computation ends here.
pub(crate) fn spend_steps(steps: u64) {
    if !REMAINING.with(|remaining| deduct_steps(&mut remaining.borrow_mut(), steps)) && !std::thread::panicking() {
        resume_unwind(Box::new(AllowanceExhausted));
    }
}

/// Whether the allowance suffices.
fn deduct_steps(remaining: &mut Option<Allowance>, steps: u64) -> bool {
    let Some(allowance) = remaining else { return true };
    let has_steps = match &mut allowance.steps {
        None => true,
        Some(left) => {
            *left = left.saturating_sub(steps);
            *left > 0
        }
    };
    has_steps && allowance.deadline.is_none_or(|deadline| Instant::now() < deadline)
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::cache::Cache;

    const TEN_STEPS: Allowance = Allowance { steps: Some(10), deadline: None };

    fn spend_one_by_one(steps: u64) -> u64 {
        (0..steps).for_each(|_| spend_steps(1));
        steps
    }

    #[test]
    fn a_computation_ends_at_its_allowance() {
        assert_eq!(run_within(TEN_STEPS, || spend_one_by_one(9)), Ok(9));
        assert_eq!(run_within(TEN_STEPS, || spend_one_by_one(10)), Err(AllowanceExhausted));
        assert_eq!(run_within(Allowance::default(), || spend_one_by_one(1_000)), Ok(1_000));
        let past = Allowance { steps: None, deadline: Some(Instant::now()) };
        assert_eq!(run_within(past, || spend_one_by_one(1)), Err(AllowanceExhausted));
        let future = Allowance { steps: None, deadline: Some(Instant::now() + Duration::from_secs(600)) };
        assert_eq!(run_within(future, || spend_one_by_one(1)), Ok(1));
        // Without an allowance, there is no limit.
        assert_eq!(spend_one_by_one(100), 100);
    }

    #[test]
    fn an_inner_allowance_is_its_own() {
        let inner = || run_within(TEN_STEPS, || spend_one_by_one(50));
        let outer = || (spend_one_by_one(5), inner(), spend_one_by_one(4));
        assert_eq!(run_within(TEN_STEPS, outer), Ok((5, Err(AllowanceExhausted), 4)));
    }

    #[test]
    fn a_cache_keeps_nothing_of_a_computation_that_ended() {
        let cache: Cache<u8, u64> = Cache::default();
        let ask = |steps| cache.get_or_compute(1, || spend_one_by_one(steps));
        assert_eq!(run_within(TEN_STEPS, || ask(50)), Err(AllowanceExhausted));
        assert_eq!(ask(7), 7);
    }

    #[test]
    #[should_panic(expected = "a defect")]
    fn other_panics_go_on() {
        let _ = run_within(TEN_STEPS, || panic!("a defect"));
    }
}
