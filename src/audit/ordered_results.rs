//! Hands on the results of parallel work in a fixed order, each as soon as all earlier ones are there.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Results that arrive in any order.
pub(super) struct OrderedResults<'r, T>(Mutex<Queue<'r, T>>);

struct Queue<'r, T> {
    /// The position of the next result to hand on.
    next: usize,
    /// Results that wait for an earlier one.
    waiting: BTreeMap<usize, T>,
    receive: &'r mut (dyn FnMut(T) + Send),
}

impl<'r, T> OrderedResults<'r, T> {
    /// Hands results to a function.
    pub fn new(receive: &'r mut (dyn FnMut(T) + Send)) -> OrderedResults<'r, T> {
        OrderedResults(Mutex::new(Queue { next: 0, waiting: BTreeMap::new(), receive }))
    }

    /// Adds a result. Positions begin with 0, and each has one result.
    pub fn add(&self, position: usize, result: T) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.waiting.insert(position, result);
        while let Some(result) = {
            let next = queue.next;
            queue.waiting.remove(&next)
        } {
            queue.next += 1;
            (queue.receive)(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_handed_on_in_order() {
        let mut received = Vec::new();
        let mut receive = |result: usize| received.push(result);
        let results = OrderedResults::new(&mut receive);
        [2, 0, 4, 1, 3].into_iter().for_each(|position| results.add(position, position));
        drop(results);
        assert_eq!(received, [0, 1, 2, 3, 4]);
    }
}
